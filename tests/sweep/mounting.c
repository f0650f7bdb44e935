#include "mounting.h"

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

#include "scenario_priv.h"

#define CASE_SECONDS_MAX 120
#define EXT4_SIZE ((off_t)64 << 20)
/* The least that their mkfs takes. */
#define XFS_SIZE ((off_t)300 << 20)
#define BTRFS_SIZE ((off_t)128 << 20)

static char base[TREE_PATH_SIZE]; /* of all mounts, itself a tmpfs */

const char *mounting_folder(const char *name)
{
    const char *path = scenario_path(base, name);
    EXPECT(mkdir(path, 0755) == 0 || errno == EEXIST, "%s cannot be made: %s", path,
            strerror(errno));
    return path;
}

bool mount_tmpfs(const char *folder, const char *options)
{
    return mount("tmpfs", folder, "tmpfs", 0, options) == 0;
}

bool mount_overlay(const char *folder)
{
    char options[4 * TREE_PATH_SIZE];
    const char *lower = mounting_folder("lower");
    const char *upper = mounting_folder("upper");
    const char *work = mounting_folder("work");
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

bool mount_ext4(const char *folder)
{
    return mount_image(folder, "ext4", "mkfs.ext4 -q -F", EXT4_SIZE);
}

bool mount_xfs(const char *folder)
{
    return mount_image(folder, "xfs", "mkfs.xfs -q -f -m reflink=1", XFS_SIZE);
}

bool mount_btrfs(const char *folder)
{
    return mount_image(folder, "btrfs", "mkfs.btrfs -q -f", BTRFS_SIZE);
}

void mounting_run_case(const char *name, void (*test)(const char *folder))
{
    int status = 0;
    pid_t child = fork();
    if (child == 0) {
        alarm(CASE_SECONDS_MAX);
        char folder[TREE_PATH_SIZE];
        snprintf(folder, sizeof(folder), "%s", mounting_folder(name)); /* for longer than the next paths */
        test(folder);
        _exit(0);
    }
    const bool good = child > 0 && waitpid(child, &status, 0) == child && WIFEXITED(status) &&
                      WEXITSTATUS(status) == 0;
    harness_tell(good, name);
    umount2(scenario_path(base, name), MNT_DETACH);
}

bool mounting_begin(const char *kind)
{
    harness_begin(kind);
    snprintf(base, sizeof(base), "%s/mounts", harness_folder());
    EXPECT(mkdir(base, 0755) == 0, "%s cannot be made", base);
    /* EINVAL: the root folder is no mount point, as below chroot, and what is mounted in it is nobody else's then. */
    if (geteuid() == 0 && unshare(CLONE_NEWNS) == 0 &&
            (mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0 || errno == EINVAL) &&
            mount_tmpfs(base, "size=512m"))
        return true;
    printf("# NOTHING IS SHOWN about file systems: this user may not mount (%s)\n", strerror(errno));
    harness_tell(true, "mounts # SKIP no permission to mount");
    return false;
}

int mounting_end(void)
{
    umount2(base, MNT_DETACH);
    return harness_end();
}
