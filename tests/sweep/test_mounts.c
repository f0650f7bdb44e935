/* Scenarios on file systems of their own: tmpfs, overlayfs, ext4; a disk without a free byte, one
 * that is read-only, one that is gone; and as a user who is not root. */
#include "mounting.h"
#include "scenario_priv.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <unistd.h>

#define KILLS 2
#define NOBODY 65534

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
        harness_kill_some(&on, KILLS, &sum);
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
    int fd = open(scenario_path(folder, "filler"), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
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
    /* What was freed is taken by others. */
    fill(folder);
    ms_remove_options remove = MS_REMOVE_OPTIONS_INIT;
    remove.ref = "second";
    status = scenario_remove(&run, &remove, &err);
    EXPECT(status == MS_OK, "a remove on a full disk: %s", err.message);
    status = prune->run(&run, &err);
    EXPECT(status == MS_OK, "the next prune on a full disk: %s", err.message);
    tree_remove(scenario_path(folder, "filler"));
    store.path = scenario_path(folder, "third.bin");
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

static void run_file_system(const char *kind, bool (*make)(const char *folder))
{
    const char *folder = mounting_folder(kind);
    if (!make(folder)) {
        printf("# %s cannot be mounted although this is root: %s\n", kind, strerror(errno));
        harness_tell(false, kind);
        return;
    }
    sweep_file_system(kind, folder);
    umount2(folder, MNT_DETACH);
}

static bool make_tmpfs(const char *folder)
{
    return mount_tmpfs(folder, "size=256m");
}

int main(void)
{
    if (!mounting_begin("mounts"))
        return harness_end();
    run_file_system("tmpfs", make_tmpfs);
    run_file_system("overlay", mount_overlay);
    run_file_system("ext4", mount_ext4);
    mounting_run_case("full", test_full);
    mounting_run_case("read-only", test_read_only);
    mounting_run_case("gone", test_gone);
    mounting_run_case("nobody", test_nobody);
    return mounting_end();
}
