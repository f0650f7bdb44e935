/* Filling ms_error. Every write of a field is guarded by the size that the caller declared: a
 * program compiled against an older, shorter struct is never written past its end. */
#undef MS_ANALYSIS /* what it is about stands here */
#include "base/error.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "base/bounded.h"
#include "base/checked.h"

#define HAS_FIELD(err, field)                                                                      \
    ((err) != NULL && (err)->size >= offsetof(ms_error, field) + sizeof((err)->field))
#define SET_FIELD(err, field, value)                                                               \
    do {                                                                                           \
        if (HAS_FIELD(err, field))                                                                 \
            (err)->field = (value);                                                                \
    } while (0)
#define SET_TEXT(err, field, text)                                                                 \
    do {                                                                                           \
        if (HAS_FIELD(err, field))                                                                 \
            (void)ms_bounded_copy((err)->field, sizeof((err)->field), (text));                     \
    } while (0)

static void reset(ms_error *err)
{
    SET_FIELD(err, status, MS_OK);
    SET_FIELD(err, os_errno, 0);
    SET_FIELD(err, http_status, 0);
    SET_FIELD(err, rpc_code, 0);
    SET_FIELD(err, chunk_index, -1);
    SET_FIELD(err, offset, -1);
    SET_TEXT(err, reason, "");
    SET_TEXT(err, message, "");
    SET_TEXT(err, hint, "");
    SET_TEXT(err, cid, "");
    SET_TEXT(err, path, "");
    SET_TEXT(err, url, "");
}

/* reason and message may come from err itself: they are copied before anything is forgotten. */
static ms_status fail(ms_error *err, ms_status status, const char *reason, const char *message)
{
    char reason_copy[MS_ERROR_REASON_SIZE];

    (void)ms_bounded_copy(reason_copy, sizeof(reason_copy), reason);
    reset(err);
    SET_FIELD(err, status, status);
    SET_TEXT(err, reason, reason_copy);
    SET_TEXT(err, message, message);
    return status;
}

ms_status ms_fail(ms_error *err, ms_status status, const char *reason, const char *format, ...)
{
    char message[MS_ERROR_MESSAGE_SIZE];
    va_list arguments;

    if (err == NULL)
        return status;
    va_start(arguments, format);
    (void)ms_bounded_vprintf(message, sizeof(message), format, arguments); /* long ones are cut */
    va_end(arguments);
    return fail(err, status, reason, message);
}

static const char *errno_hint(int os_errno)
{
    switch (os_errno) {
    case ENOSPC:
        return "Free some space on this file system, or choose a folder on another one";
    case EDQUOT:
        return "The disk quota is used up: free some space, or ask for a larger quota";
    case EACCES:
    case EPERM:
        return "Check who owns this path and its permissions, and those of the folders above it";
    case EROFS:
        return "This file system is mounted read only: choose a folder on another one";
    case EMFILE:
        return "Raise the limit of open files (ulimit -n)";
    case ENFILE:
        return "The whole system has too many open files: close some programs";
    default:
        return "";
    }
}

ms_status ms_fail_errno(ms_error *err, int os_errno, const char *reason, const char *format, ...)
{
    ms_status status = os_errno == ENOMEM ? MS_NO_MEMORY : MS_IO;
    char message[MS_ERROR_MESSAGE_SIZE];
    char explanation[128];
    size_t used;
    va_list arguments;

    if (err == NULL)
        return status;
    if (strerror_r(os_errno, explanation, sizeof(explanation)) != 0)
        (void)ms_bounded_printf(explanation, sizeof(explanation), "error %d", os_errno);
    /* A long path must not push the explanation out: it keeps its room at the end. */
    va_start(arguments, format);
    (void)ms_bounded_vprintf(message, sizeof(message) - strlen(explanation) - 2, format, arguments);
    va_end(arguments);
    used = strlen(message);
    (void)ms_bounded_printf(message + used, sizeof(message) - used, ": %s", explanation);
    (void)fail(err, status, reason, message);
    SET_FIELD(err, os_errno, os_errno);
    SET_TEXT(err, hint, errno_hint(os_errno));
    return status;
}

ms_status ms_fail_memory(ms_error *err, size_t size)
{
    return ms_fail(err, MS_NO_MEMORY, "no_memory", "No memory for %zu more bytes", size);
}

void ms_error_set_hint(ms_error *err, const char *format, ...)
{
    char hint[MS_ERROR_HINT_SIZE];
    va_list arguments;

    if (err == NULL)
        return;
    va_start(arguments, format);
    (void)ms_bounded_vprintf(hint, sizeof(hint), format, arguments); /* long ones are cut */
    va_end(arguments);
    SET_TEXT(err, hint, hint);
}

void ms_error_set_path(ms_error *err, const char *path)
{
    SET_TEXT(err, path, path);
}

void ms_error_set_cid(ms_error *err, const char *cid_text)
{
    SET_TEXT(err, cid, cid_text);
}

void ms_error_set_url(ms_error *err, const char *url)
{
    SET_TEXT(err, url, url);
}

void ms_error_set_http_status(ms_error *err, int http_status)
{
    SET_FIELD(err, http_status, http_status);
}

void ms_error_set_rpc_code(ms_error *err, int rpc_code)
{
    SET_FIELD(err, rpc_code, rpc_code);
}

void ms_error_set_offset(ms_error *err, uint64_t offset)
{
    SET_FIELD(err, offset, (int64_t)MS_MIN(offset, (uint64_t)INT64_MAX));
}

void ms_error_set_chunk(ms_error *err, uint64_t chunk_index)
{
    SET_FIELD(err, chunk_index, (int64_t)MS_MIN(chunk_index, (uint64_t)INT64_MAX));
}

void ms_error_copy(ms_error *to, const ms_error *from)
{
    if (to == NULL || from == NULL || to == from)
        return;
    reset(to);
#define COPY_FIELD(field)                                                                          \
    do {                                                                                           \
        if (HAS_FIELD(from, field))                                                                \
            SET_FIELD(to, field, from->field);                                                     \
    } while (0)
#define COPY_TEXT(field)                                                                           \
    do {                                                                                           \
        if (HAS_FIELD(from, field))                                                                \
            SET_TEXT(to, field, from->field);                                                      \
    } while (0)
    COPY_FIELD(status);
    COPY_FIELD(os_errno);
    COPY_FIELD(http_status);
    COPY_FIELD(rpc_code);
    COPY_FIELD(chunk_index);
    COPY_FIELD(offset);
    COPY_TEXT(reason);
    COPY_TEXT(message);
    COPY_TEXT(hint);
    COPY_TEXT(cid);
    COPY_TEXT(path);
    COPY_TEXT(url);
#undef COPY_FIELD
#undef COPY_TEXT
}
