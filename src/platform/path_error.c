/* Errors about paths, worded alike in all of platform. */
#include "platform/path_error.h"

#include <errno.h>

ms_status ms_path_fail(
        ms_error *err, int os_errno, const char *reason, const char *doing, const char *path)
{
    ms_status status = ms_fail_errno(err, os_errno, reason, "Cannot %s '%s'", doing, path);
    if (os_errno == ENOENT) {
        status = MS_NOT_FOUND;
        if (err != NULL)
            err->status = status;
    }
    ms_error_set_path(err, path);
    return status;
}
