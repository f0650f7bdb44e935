/* Failures that the command line notices itself. */
#include "failure.h"

#include <stdio.h>
#include <string.h>

static void copy(char *out, size_t out_size, const char *text)
{
    size_t size = strnlen(text, out_size - 1);

    /* Not in the middle of a character. */
    if (text[size] != '\0') {
        while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80)
            size--;
    }
    memcpy(out, text, size);
    out[size] = '\0';
}

static ms_status fill(ms_error *err, ms_status status, const char *reason, const cli_text *message)
{
    *err = (ms_error)MS_ERROR_INIT;
    err->status = status;
    copy(err->reason, sizeof(err->reason), reason);
    copy(err->message, sizeof(err->message), cli_text_get(message));
    return status;
}

ms_status cli_fail(ms_error *err, ms_status status, const char *reason, const char *format, ...)
{
    cli_text message = {0};
    va_list arguments;

    va_start(arguments, format);
    cli_text_vprintf(&message, format, arguments);
    va_end(arguments);
    (void)fill(err, status, reason, &message);
    cli_text_release(&message);
    return status;
}

ms_status cli_fail_errno(ms_error *err, int os_errno, const char *reason, const char *format, ...)
{
    cli_text message = {0};
    va_list arguments;

    va_start(arguments, format);
    cli_text_vprintf(&message, format, arguments);
    va_end(arguments);
    cli_text_printf(&message, ": %s", strerror(os_errno));
    (void)fill(err, MS_IO, reason, &message);
    err->os_errno = os_errno;
    cli_text_release(&message);
    return MS_IO;
}

void cli_set_hint(ms_error *err, const char *format, ...)
{
    cli_text hint = {0};
    va_list arguments;

    va_start(arguments, format);
    cli_text_vprintf(&hint, format, arguments);
    va_end(arguments);
    copy(err->hint, sizeof(err->hint), cli_text_get(&hint));
    cli_text_release(&hint);
}

void cli_set_path(ms_error *err, const char *path)
{
    copy(err->path, sizeof(err->path), path);
}
