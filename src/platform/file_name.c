/* Names of files: what stands there, renaming, linking, removing. */
#include "platform/file.h"

#include <errno.h>
#include <limits.h>
#include <string.h>

#include "platform/path_error.h"
#include "platform/sys.h"

#define NS_PER_SECOND INT64_C(1000000000)

static int64_t in_ns(struct timespec time)
{
    int64_t ns;
    if (__builtin_mul_overflow((int64_t)time.tv_sec, NS_PER_SECOND, &ns) ||
            __builtin_add_overflow(ns, (int64_t)time.tv_nsec, &ns))
        return time.tv_sec < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

static ms_file_kind kind_of(mode_t mode)
{
    if (S_ISREG(mode))
        return MS_FILE_REGULAR;
    if (S_ISDIR(mode))
        return MS_FILE_DIRECTORY;
    return S_ISLNK(mode) ? MS_FILE_LINK : MS_FILE_OTHER;
}

static void describe(ms_file_status *status, const struct stat *native)
{
    *status = (ms_file_status){
            .kind = kind_of(native->st_mode),
            .mode = (uint32_t)native->st_mode & 07777U,
            .owner = (uint32_t)native->st_uid,
            .links = (uint64_t)native->st_nlink,
            .size = native->st_size > 0 ? (uint64_t)native->st_size : 0,
            .device = (uint64_t)native->st_dev,
            .inode = (uint64_t)native->st_ino,
#ifdef __APPLE__
            .modified_ns = in_ns(native->st_mtimespec),
            .changed_ns = in_ns(native->st_ctimespec),
#else
            .modified_ns = in_ns(native->st_mtim),
            .changed_ns = in_ns(native->st_ctim),
#endif
    };
}

ms_status ms_file_status_of(int fd, ms_file_status *status, ms_error *err)
{
    struct stat native;

    *status = (ms_file_status){.kind = MS_FILE_OTHER};
    if (ms_sys_fstat(fd, &native) != 0)
        return ms_fail_errno(err, errno, "status_failed", "Cannot ask for the status of a file");
    describe(status, &native);
    return MS_OK;
}

ms_status ms_file_status_at(
        int dirfd, const char *path, bool follow, ms_file_status *status, ms_error *err)
{
    struct stat native;

    *status = (ms_file_status){.kind = MS_FILE_OTHER};
    if (ms_sys_fstatat(dirfd, path, &native, follow ? 0 : AT_SYMLINK_NOFOLLOW) != 0)
        return ms_path_fail(err, errno, "status_failed", "look at", path);
    describe(status, &native);
    return MS_OK;
}

/* Whether a call failed for what the file system, or this kind of file, has not: some say so by one number, some by another. */
static bool is_refused(int os_errno)
{
    /* NOLINTNEXTLINE(misc-redundant-expression): two of them are one number on Linux only */
    return os_errno == EINVAL || os_errno == ENOSYS || os_errno == ENOTSUP || os_errno == EOPNOTSUPP;
}

/* Somebody may make the name between the look and the rename, and a file of theirs is then replaced. No process of ours does: the
 * names of blocks say what is in them, and what gets any other name is made under a lock. A folder replaces nothing but an empty
 * folder. */
static int move_when_free(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
    struct stat native;

    if (ms_sys_fstatat(to_dirfd, to, &native, AT_SYMLINK_NOFOLLOW) == 0) {
        errno = EEXIST;
        return -1;
    }
    return errno == ENOENT ? ms_sys_renameat(from_dirfd, from, to_dirfd, to) : -1;
}

/* For file systems and kernels that know no RENAME_NOREPLACE. A kill between link and removal leaves both names for the same
 * content. Folders have one name, and so have files where there are no hard links. */
static int move_keeping(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
    if (ms_sys_linkat(from_dirfd, from, to_dirfd, to, 0) == 0)
        return ms_sys_unlinkat(from_dirfd, from, 0);
    if (errno == EPERM || errno == EMLINK || is_refused(errno))
        return move_when_free(from_dirfd, from, to_dirfd, to);
    return -1;
}

ms_status ms_file_rename(int from_dirfd, const char *from, int to_dirfd, const char *to,
        bool replace, bool *existed, ms_error *err)
{
    int result;

    if (existed != NULL)
        *existed = false;
    if (replace) {
        result = ms_sys_renameat(from_dirfd, from, to_dirfd, to);
    } else {
        result = ms_sys_renameat2(from_dirfd, from, to_dirfd, to, MS_SYS_RENAME_NOREPLACE);
        if (result != 0 && is_refused(errno))
            result = move_keeping(from_dirfd, from, to_dirfd, to);
        if (result != 0 && errno == EEXIST && existed != NULL) {
            *existed = true;
            return MS_OK;
        }
    }
    if (result != 0)
        return ms_path_fail(err, errno, "rename_failed", "rename to", to);
    return MS_OK;
}

ms_status ms_file_exchange(int dirfd_a, const char *a, int dirfd_b, const char *b, ms_error *err)
{
    if (ms_sys_renameat2(dirfd_a, a, dirfd_b, b, MS_SYS_RENAME_EXCHANGE) != 0)
        return ms_path_fail(err, errno, "exchange_failed", "exchange", b);
    return MS_OK;
}

bool ms_file_link(int from_dirfd, const char *from, int to_dirfd, const char *to)
{
    return ms_sys_linkat(from_dirfd, from, to_dirfd, to, 0) == 0;
}

ms_status ms_file_remove(int dirfd, const char *path, ms_error *err)
{
    if (ms_sys_unlinkat(dirfd, path, 0) != 0 && errno != ENOENT)
        return ms_path_fail(err, errno, "remove_failed", "remove", path);
    return MS_OK;
}

ms_status ms_file_real_path(char *real, size_t real_size, const char *path, ms_error *err)
{
    char resolved[PATH_MAX];

    real[0] = '\0';
    if (ms_sys_realpath(path, resolved) != 0)
        return ms_path_fail(err, errno, "realpath_failed", "resolve", path);
    if (strlen(resolved) >= real_size)
        return ms_fail(err, MS_LIMIT, "path_too_long", "The real path of '%s' is too long", path);
    memcpy(real, resolved, strlen(resolved) + 1);
    return MS_OK;
}

ms_status ms_link_target(int dirfd, const char *path, char *target, size_t size, ms_error *err)
{
    ssize_t length = -1;

    if (size > 0) {
        target[0] = '\0';
        length = ms_sys_readlinkat(dirfd, path, target, size);
        if (length < 0) {
            target[0] = '\0';
            return ms_path_fail(err, errno, "link_failed", "read the link", path);
        }
    }
    if (length < 0 || (size_t)length >= size) {
        ms_status status = ms_fail(
                err, MS_LIMIT, "link_too_long", "The target of the link '%s' is too long", path);
        ms_error_set_path(err, path);
        if (size > 0)
            target[0] = '\0';
        return status;
    }
    target[length] = '\0';
    return MS_OK;
}
