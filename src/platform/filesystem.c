/* File systems as a whole: syncing one, the space that is left on it. */
#include "platform/file.h"

#include <errno.h>

#include "base/checked.h"
#include "platform/sys.h"

ms_status ms_filesystem_sync(int fd, ms_error *err)
{
    int result = ms_sys_syncfs(fd);

    if (result != 0 && errno == ENOSYS)
        result = ms_sys_fsync(fd);
    if (result != 0)
        return ms_fail_errno(err, errno, "sync_failed", "The disk did not take what was written");
    return MS_OK;
}

ms_status ms_filesystem_free(int fd, uint64_t *bytes, ms_error *err)
{
    struct statvfs status;

    *bytes = 0;
    if (ms_sys_fstatvfs(fd, &status) != 0)
        return ms_fail_errno(
                err, errno, "space_unknown", "Cannot ask for the space on a file system");
    if (!ms_mul_u64(bytes, status.f_bavail, status.f_frsize))
        *bytes = UINT64_MAX;
    return MS_OK;
}
