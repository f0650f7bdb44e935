/* Failures that the command line notices itself, in the library's own error struct. */
#ifndef CLI_FAILURE_H
#define CLI_FAILURE_H

#include "model_storage/status.h"
#include "text.h"

/** Fill err and return status. reason is a stable id; the sentence has no final full stop. */
ms_status cli_fail(ms_error *err, ms_status status, const char *reason, const char *format, ...)
        CLI_PRINTF(4, 5);
/** The same for a failed system call, MS_IO with the text of os_errno. */
ms_status cli_fail_errno(ms_error *err, int os_errno, const char *reason, const char *format, ...)
        CLI_PRINTF(4, 5);
void cli_set_hint(ms_error *err, const char *format, ...) CLI_PRINTF(2, 3);
void cli_set_path(ms_error *err, const char *path);

#endif
