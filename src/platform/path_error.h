/* Errors about paths, worded alike in all of platform. Internal to platform. */
#ifndef MS_PLATFORM_PATH_ERROR_H
#define MS_PLATFORM_PATH_ERROR_H

#include "base/error.h"

/** Fill err with "Cannot <doing> '<path>'", path and os_errno. ENOENT becomes MS_NOT_FOUND, the
 * rest what ms_fail_errno says. */
ms_status ms_path_fail(
        ms_error *err, int os_errno, const char *reason, const char *doing, const char *path);

#endif
