/* Filling ms_error: one call where a failure is noticed, one more where its place is known. */
#ifndef MS_BASE_ERROR_H
#define MS_BASE_ERROR_H

#include <stdarg.h>
#include "model_storage/status.h"

#if defined(__GNUC__)
#define MS_PRINTF(format_index, first_index)                                                       \
    __attribute__((format(printf, format_index, first_index)))
#else
#define MS_PRINTF(format_index, first_index)
#endif

/** Write status, reason and message into err (which may be NULL) and forget whatever stood there.
 *  reason is a stable lower_case id; format gives one sentence without a final full stop.
 *  Returns status, so that a failure is one statement: return ms_fail(err, MS_LIMIT, ...). */
ms_status ms_fail(ms_error *err, ms_status status, const char *reason, const char *format, ...)
        MS_PRINTF(4, 5);

/** Like ms_fail for a failed system call: appends the text of os_errno, keeps the number, and picks
 *  the status: ENOMEM -> MS_NO_MEMORY, EINTR after a cancel is the caller's business, every other
 *  MS_IO. Adds the usual hint for ENOSPC, EDQUOT, EACCES, EROFS, EMFILE. */
ms_status ms_fail_errno(ms_error *err, int os_errno, const char *reason, const char *format, ...)
        MS_PRINTF(4, 5);

/** MS_NO_MEMORY with the size that could not be had; needs no memory itself. */
ms_status ms_fail_memory(ms_error *err, size_t size);

/** Add details to an error that was filled before; err may be NULL, earlier details are replaced.
 */
void ms_error_set_hint(ms_error *err, const char *format, ...) MS_PRINTF(2, 3);
void ms_error_set_path(ms_error *err, const char *path);
void ms_error_set_cid(ms_error *err, const char *cid_text);
/** url without credentials and without a signed query: the caller removes them first. */
void ms_error_set_url(ms_error *err, const char *url);
void ms_error_set_http_status(ms_error *err, int http_status);
void ms_error_set_rpc_code(ms_error *err, int rpc_code);
void ms_error_set_offset(ms_error *err, uint64_t offset);
void ms_error_set_chunk(ms_error *err, uint64_t chunk_index);

/** Copy as much of from as to's declared size holds; either may be NULL. */
void ms_error_copy(ms_error *to, const ms_error *from);

/* An analyzer that reads one source file at a time has to be told that a failure is never MS_OK: otherwise it follows
 * callers into a success without outputs. The compiler is not told, so that nothing depends on it. */
#ifdef MS_ANALYSIS
#define MS_NEVER_OK(call)                                                                          \
    __extension__({                                                                                \
        const ms_status never_ok = (call);                                                         \
        if (never_ok == MS_OK)                                                                     \
            __builtin_unreachable();                                                               \
        never_ok;                                                                                  \
    })
#define ms_fail(...) MS_NEVER_OK(ms_fail(__VA_ARGS__))
#define ms_fail_errno(...) MS_NEVER_OK(ms_fail_errno(__VA_ARGS__))
#define ms_fail_memory(...) MS_NEVER_OK(ms_fail_memory(__VA_ARGS__))
#endif

#endif
