/* Lock files between processes: open-file-description locks on empty files that are never deleted.
 */
#include "platform/lock.h"

#include <errno.h>

#include "base/checked.h"
#include "platform/clock.h"
#include "platform/path_error.h"
#include "platform/sys.h"

/* There is no waiting for these locks that a cancel could end, so they are polled. */
#define POLL_FIRST_MS UINT64_C(1)
#define POLL_MAX_MS UINT64_C(50)

static struct flock describe(int type, uint64_t offset, uint64_t size)
{
    return (struct flock){
            .l_type = (short)type,
            .l_whence = SEEK_SET,
            .l_start = (off_t)offset,
            .l_len = (off_t)size, /* 0 = to the end, wherever that is */
            .l_pid = 0,           /* asked for by open-file-description locks */
    };
}

bool ms_lock_range(int fd, int type, uint64_t offset, uint64_t size)
{
    struct flock lock = describe(type, offset, size);

    return ms_sys_fcntl_lock(fd, MS_SYS_LOCK_SET, &lock) == 0;
}

bool ms_lock_range_is_held(int fd, uint64_t offset, uint64_t size, bool *held)
{
    struct flock lock = describe(F_WRLCK, offset, size);

    *held = false;
    if (ms_sys_fcntl_lock(fd, MS_SYS_LOCK_GET, &lock) != 0)
        return false;
    *held = lock.l_type != F_UNLCK;
    return true;
}

/* A shared lock needs no more than reading, so a store without write permission can be locked too.
 */
static ms_status open_lock_file(
        int *fd, int dirfd, const char *path, ms_lock_mode mode, ms_error *err)
{
    int common = MS_OPEN_READ | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR;
    ms_error first = MS_ERROR_INIT;
    ms_status status =
            ms_file_open(fd, dirfd, path, common | MS_OPEN_WRITE | MS_OPEN_CREATE, 0600, &first);
    bool refused = first.os_errno == EACCES || first.os_errno == EROFS || first.os_errno == EPERM;

    if (status != MS_OK && mode == MS_LOCK_SHARED && refused &&
            ms_file_open(fd, dirfd, path, common, 0, NULL) == MS_OK)
        return MS_OK;
    if (status != MS_OK)
        ms_error_copy(err, &first);
    return status;
}

static ms_status fail_locked(ms_error *err, const char *path)
{
    ms_status status = ms_fail(err, MS_LOCKED, "lock_held", "Another process is using '%s'", path);
    ms_error_set_path(err, path);
    ms_error_set_hint(err, "Wait until it has finished; the lock goes away with that process");
    return status;
}

/* Poll until the lock is had, refused for another reason than being held, timed out or cancelled.
 */
static ms_status take(int fd, const char *path, ms_lock_mode mode, int64_t timeout_ms,
        ms_lock_waiting_fn waiting, void *payload, ms_error *err)
{
    int type = mode == MS_LOCK_SHARED ? F_RDLCK : F_WRLCK;
    uint64_t start_ms = ms_clock_monotonic_ms();
    uint64_t pause_ms = POLL_FIRST_MS;
    bool was_long = false;

    for (;;) {
        uint64_t passed_ms;
        bool is_long;
        if (ms_lock_range(fd, type, 0, 0))
            return MS_OK;
        if (errno != EAGAIN && errno != EACCES)
            return ms_path_fail(err, errno, "lock_failed", "lock", path);
        passed_ms = ms_clock_monotonic_ms() - start_ms;
        is_long = passed_ms >= MS_LOCK_LONG_WAIT_MS;
        if (waiting != NULL && waiting(payload, path, is_long && !was_long))
            return ms_fail(
                    err, MS_INTERRUPTED, "cancelled", "Cancelled while waiting for '%s'", path);
        was_long = is_long;
        if (timeout_ms >= 0 && passed_ms >= (uint64_t)timeout_ms)
            return fail_locked(err, path);
        if (timeout_ms >= 0)
            pause_ms = MS_MIN(pause_ms, (uint64_t)timeout_ms - passed_ms);
        ms_clock_sleep_ms(pause_ms);
        pause_ms = MS_MIN(pause_ms * 2, POLL_MAX_MS);
    }
}

ms_status ms_lock_acquire(int *fd, int dirfd, const char *path, ms_lock_mode mode,
        int64_t timeout_ms, ms_lock_waiting_fn waiting, void *payload, ms_error *err)
{
    ms_status status = open_lock_file(fd, dirfd, path, mode, err);

    if (status != MS_OK)
        return status;
    status = take(*fd, path, mode, timeout_ms, waiting, payload, err);
    if (status != MS_OK) {
        ms_file_close(*fd);
        *fd = -1;
    }
    return status;
}

void ms_lock_release(int fd)
{
    if (fd < 0)
        return;
    /* A child of a fork may hold the description too: closing alone would leave the lock with it.
     */
    (void)ms_lock_range(fd, F_UNLCK, 0, 0);
    ms_file_close(fd);
}
