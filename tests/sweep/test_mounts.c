/* Scenarios on file systems of their own: tmpfs, overlayfs, ext4; XFS and btrfs, which share extents; a disk without a free byte, one
 * that is read-only, one that is gone; and as a user who is not root. Mounts are made in a name
 * space of this process and end with it. Where the system allows none, the cases say so and are
 * counted as skipped. */
#include "harness.h"

#include "scenario_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/loop.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define KILLS 2
#define NOBODY 65534
#define EXT4_SIZE ((off_t)64 << 20)
/* The least that their mkfs takes. */
#define XFS_SIZE ((off_t)300 << 20)
#define BTRFS_SIZE ((off_t)128 << 20)

static char base[TREE_PATH_SIZE]; /* of all mounts, itself a tmpfs */

static const char *in_base(const char *name)
{
    const char *path = scenario_path(base, name);
    EXPECT(mkdir(path, 0755) == 0 || errno == EEXIST, "%s cannot be made: %s", path,
            strerror(errno));
    return path;
}

static bool mount_tmpfs(const char *folder, const char *options)
{
    return mount("tmpfs", folder, "tmpfs", 0, options) == 0;
}

static bool mount_overlay(const char *folder)
{
    char options[4 * TREE_PATH_SIZE];
    const char *lower = in_base("lower");
    const char *upper = in_base("upper");
    const char *work = in_base("work");
    snprintf(options, sizeof(options), "lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work);
    return mount("overlay", folder, "overlay", 0, options) == 0;
}

/* An image in memory behind a loop device that goes with its last user. */
static bool mount_image(const char *folder, const char *kind, const char *mkfs, off_t size)
{
    char command[2 * TREE_PATH_SIZE];
    char device[64];
    const char *image = scenario_path(base, "image");
    int fd = open(image, O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);
    int control = open("/dev/loop-control", O_RDWR | O_CLOEXEC);
    int number = control < 0 ? -1 : ioctl(control, LOOP_CTL_GET_FREE);
    bool mounted = false;
    snprintf(command, sizeof(command),
            "PATH=$PATH:/sbin:/usr/sbin %s %s >/dev/null 2>&1", mkfs, image);
    snprintf(device, sizeof(device), "/dev/loop%d", number);
    int loop = number < 0 ? -1 : open(device, O_RDWR | O_CLOEXEC);
    if (fd >= 0 && loop >= 0 && ftruncate(fd, size) == 0 &&
            WEXITSTATUS(system(command)) == 0 && ioctl(loop, LOOP_SET_FD, fd) == 0) {
        const struct loop_info64 info = {.lo_flags = LO_FLAGS_AUTOCLEAR};
        mounted = ioctl(loop, LOOP_SET_STATUS64, &info) == 0 &&
                  mount(device, folder, kind, 0, "") == 0;
        if (!mounted)
            ioctl(loop, LOOP_CLR_FD, 0);
    }
    close(loop);
    close(control);
    close(fd);
    return mounted;
}

static bool mount_ext4(const char *folder)
{
    return mount_image(folder, "ext4", "mkfs.ext4 -q -F", EXT4_SIZE);
}

static bool mount_xfs(const char *folder)
{
    return mount_image(folder, "xfs", "mkfs.xfs -q -f -m reflink=1", XFS_SIZE);
}

static bool mount_btrfs(const char *folder)
{
    return mount_image(folder, "btrfs", "mkfs.btrfs -q -f", BTRFS_SIZE);
}

/* Every scenario once without a fault and with a few kills. */
static void sweep_file_system(const char *kind, const char *folder)
{
    const scenario *what;
    tally sum = {.kind = "kill"};
    harness_use(folder);
    for (size_t i = 0; (what = scenario_at(i)) != NULL; i++) {
        stage on;
        if (!stage_open(&on, what, 2)) {
            tally_fail(&sum, &on, "fails without a fault");
            stage_close(&on);
            continue;
        }
        sum.faults_found += on.calls;
        for (unsigned k = 0; k < KILLS; k++) {
            const fault hit = {
                    .arm = harness_arm_kill, .nth = 1 + (unsigned)(harness_random() % on.calls)};
            stage_renew(&on);
            if (stage_hit(&on, &hit) != HIT_KILLED)
                continue;
            const scenario_outcome outcome = harness_shared_memory()->outcome;
            sum.injected++;
            sum.succeeded += outcome.acknowledged;
            if (stage_prove(&on, &outcome))
                sum.recovered++;
            else
                tally_fail(&sum, &on, "killed before call %u", hit.nth);
        }
        stage_close(&on);
    }
    tally_tell(&sum, kind);
}

static void arm_refusal(const fault *hit)
{
    faulty_fail(FAULTY_clone_range, hit->nth, hit->os_errno);
}

static void refuse_clone(tally *sum, stage *on, unsigned nth)
{
    static const int errnos[] = {EOPNOTSUPP, EXDEV, EINVAL, ENOSPC, EIO};
    const fault hit = {.arm = arm_refusal, .nth = nth, .os_errno = errnos[nth % (sizeof(errnos) / sizeof(errnos[0]))]};
    stage_renew(on);
    const hit_end end = stage_hit(on, &hit);
    const scenario_outcome outcome = harness_shared_memory()->outcome;
    sum->injected++;
    sum->succeeded += outcome.acknowledged;
    if (end == HIT_ENDED && outcome.acknowledged && stage_prove(on, &outcome))
        sum->recovered++;
    else
        tally_fail(sum, on, "errno %d of clone %u: %s", hit.os_errno, nth, outcome.message);
}

/* A file system that shares extents: that is done, and each time it is refused the bytes come another way. */
static void sweep_sharing(const char *kind)
{
    const scenario *what;
    tally sum = {.kind = "refused clones on"};
    for (size_t i = 0; (what = scenario_at(i)) != NULL; i++) {
        stage on;
        unsigned clones = 0;
        if (!scenario_shares(what))
            continue;
        if (!stage_open(&on, what, 1))
            tally_fail(&sum, &on, "fails without a fault");
        for (unsigned call = 0; call < on.calls; call++)
            clones += on.trace[call] == FAULTY_clone_range;
        for (unsigned nth = 1; nth <= clones; nth++)
            refuse_clone(&sum, &on, nth);
        if (clones == 0)
            tally_fail(&sum, &on, "shares nothing");
        sum.faults_found += clones;
        stage_close(&on);
    }
    tally_tell(&sum, kind);
}

/* The rest runs in a child each, which says what is wrong and ends with 1. */

static scenario_outcome outcome;

static scenario_run run_in(const char *folder)
{
    outcome = (scenario_outcome){0};
    return (scenario_run){.folder = folder, .jobs = 1, .outcome = &outcome};
}

static void fill(const char *folder)
{
    static char piece[4096];
    int fd = open(scenario_path(folder, "filler"), O_WRONLY | O_CREAT | O_CLOEXEC, 0600);
    EXPECT(fd >= 0, "the disk cannot be filled: %s", strerror(errno));
    for (size_t size = sizeof(piece); size > 0;) {
        ssize_t written = write(fd, piece, size);
        if (written < 0)
            size /= 2;
    }
    close(fd);
}

static void test_full(const char *folder)
{
    ms_error err = MS_ERROR_INIT;
    const scenario *prune = scenario_find("prune");
    EXPECT(mount_tmpfs(folder, "size=4m"), "no tmpfs: %s", strerror(errno));
    const scenario_run run = run_in(folder);
    prune->prepare(&run);
    tree_write(folder, "third.bin", 9, 100000);
    fill(folder);
    ms_store_options store = MS_STORE_OPTIONS_INIT;
    store.path = scenario_path(folder, "third.bin");
    store.model_id = "third";
    ms_status status = scenario_store(&run, &store, &err);
    EXPECT(status == MS_IO && err.os_errno == ENOSPC,
            "a store on a full disk ended with %d, %s: %s", (int)status, err.reason, err.message);
    scenario_expect_whole(&run, "second");
    status = prune->run(&run, &err);
    EXPECT(status == MS_OK, "a prune on a full disk: %s", err.message);
    scenario_expect_whole(&run, "second");
    tree_remove(scenario_path(folder, "filler"));
    EXPECT(scenario_store(&run, &store, &err) == MS_OK, "the next store: %s", err.message);
    scenario_expect_whole(&run, "third");
}

static void test_read_only(const char *folder)
{
    ms_error err = MS_ERROR_INIT;
    ms_check_options check = MS_CHECK_OPTIONS_INIT;
    EXPECT(mount_tmpfs(folder, "size=16m"), "no tmpfs: %s", strerror(errno));
    const scenario_run run = run_in(folder);
    scenario_find("prune")->prepare(&run);
    EXPECT(mount(NULL, folder, NULL, MS_REMOUNT | MS_RDONLY, NULL) == 0, "no remount: %s",
            strerror(errno));
    ms_store_options store = MS_STORE_OPTIONS_INIT;
    store.path = scenario_path(folder, "first.bin");
    store.model_id = "again";
    ms_status status = scenario_store(&run, &store, &err);
    EXPECT(status == MS_IO, "a store into a read-only home ended with %d, %s: %s", (int)status,
            err.reason, err.message);
    status = scenario_find("prune")->run(&run, &err);
    EXPECT(status == MS_IO, "a prune of a read-only home ended with %d, %s: %s", (int)status,
            err.reason, err.message);
    check.read_data = true;
    status = scenario_check(&run, &check, &err);
    EXPECT(status == MS_OK || status == MS_IO, "a check of a read-only home ended with %d, %s: %s",
            (int)status, err.reason, err.message);
    EXPECT(mount(NULL, folder, NULL, MS_REMOUNT, NULL) == 0, "no remount: %s", strerror(errno));
    EXPECT(scenario_store(&run, &store, &err) == MS_OK, "the next store: %s", err.message);
    scenario_expect_whole(&run, "again");
}

/* The disk goes while a storage is open; nothing that is not there is called stored or found. */
static void test_gone(const char *folder)
{
    ms_error err = MS_ERROR_INIT;
    ms_storage *storage = NULL;
    ms_operation *operation = NULL;
    ms_retrieve_options retrieve = MS_RETRIEVE_OPTIONS_INIT;
    EXPECT(mount_tmpfs(folder, "size=16m"), "no tmpfs: %s", strerror(errno));
    const scenario_run run = run_in(folder);
    scenario_find("retrieve_folder")->prepare(&run);
    EXPECT(scenario_open(&storage, &run, &err) == MS_OK, "%s", err.message);
    EXPECT(umount2(folder, MNT_DETACH) == 0, "no umount: %s", strerror(errno));
    retrieve.ref = "folder";
    retrieve.output = scenario_path(folder, "out");
    ms_status status = ms_model_retrieve(&operation, storage, &retrieve, NULL, &err);
    EXPECT(status == MS_IO || status == MS_NOT_FOUND,
            "a retrieve from a home that is gone ended with %d", (int)status);
    EXPECT(!tree_exists(retrieve.output), "an output came from a home that is gone");
    ms_operation_free(operation);
    ms_storage_close(storage);
}

static void test_nobody(const char *folder)
{
    ms_error err = MS_ERROR_INIT;
    const scenario *store = scenario_find("store_file");
    EXPECT(mount_tmpfs(folder, "size=16m,mode=0777"), "no tmpfs: %s", strerror(errno));
    EXPECT(chmod(harness_folder(), 0711) == 0, "%s", strerror(errno));
    EXPECT(setgid(NOBODY) == 0 && setuid(NOBODY) == 0, "no other user: %s", strerror(errno));
    const scenario_run run = run_in(folder);
    store->prepare(&run);
    EXPECT(store->run(&run, &err) == MS_OK, "a store as nobody: %s", err.message);
    scenario_expect_whole(&run, "file");
    EXPECT(chmod(scenario_path(folder, "home/blocks"), 0) == 0, "%s", strerror(errno));
    ms_status status = store->run(&run, &err);
    EXPECT(status == MS_IO, "a store into blocks that may not be used ended with %d, %s",
            (int)status, err.reason);
    EXPECT(chmod(scenario_path(folder, "home/blocks"), 0700) == 0, "%s", strerror(errno));
    EXPECT(store->run(&run, &err) == MS_OK, "the next store: %s", err.message);
    scenario_expect_whole(&run, "file");
}

static void run_case(const char *name, void (*test)(const char *folder))
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        alarm(120);
        test(in_base(name));
        _exit(0);
    }
    const bool good = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
                      WEXITSTATUS(status) == 0;
    harness_tell(good, name);
    umount2(scenario_path(base, name), MNT_DETACH);
}

static void run_file_system(const char *kind, bool (*make)(const char *folder), bool shares)
{
    const char *folder = in_base(kind);
    if (!make(folder)) {
        printf("# %s cannot be mounted although this is root: %s\n", kind, strerror(errno));
        harness_tell(false, kind);
        return;
    }
    scenario_chunk_size = shares ? SCENARIO_SHARED_CHUNK_SIZE : 4096;
    sweep_file_system(kind, folder);
    if (shares)
        sweep_sharing(kind);
    scenario_chunk_size = 4096;
    umount2(folder, MNT_DETACH);
}

static bool make_tmpfs(const char *folder)
{
    return mount_tmpfs(folder, "size=256m");
}

int main(void)
{
    harness_begin("mounts");
    snprintf(base, sizeof(base), "%s/mounts", harness_folder());
    EXPECT(mkdir(base, 0755) == 0, "%s cannot be made", base);
    /* EINVAL: the root folder is no mount point, as below chroot, and what is mounted in it is nobody else's then. */
    if (geteuid() != 0 || unshare(CLONE_NEWNS) != 0 ||
            (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) != 0 && errno != EINVAL) ||
            !mount_tmpfs(base, "size=512m")) {
        printf("# NOTHING IS SHOWN about file systems: this user may not mount (%s)\n",
                strerror(errno));
        harness_tell(true, "mounts # SKIP no permission to mount");
        return harness_end();
    }
    run_file_system("tmpfs", make_tmpfs, false);
    run_file_system("overlay", mount_overlay, false);
    run_file_system("ext4", mount_ext4, false);
    run_file_system("xfs", mount_xfs, true);
    run_file_system("btrfs", mount_btrfs, true);
    run_case("full", test_full);
    run_case("read-only", test_read_only);
    run_case("gone", test_gone);
    run_case("nobody", test_nobody);
    umount2(base, MNT_DETACH);
    return harness_end();
}
