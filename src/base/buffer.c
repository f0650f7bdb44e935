/* Growable byte buffer that is born with its maximum, and spans. */
#include "base/buffer.h"

#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

#define BUFFER_CAPACITY_MIN ((size_t)64)

bool ms_span_equal(ms_span a, ms_span b)
{
    return a.size == b.size && (a.size == 0 || memcmp(a.data, b.data, a.size) == 0);
}

void ms_buffer_init(ms_buffer *buffer, size_t size_max)
{
    *buffer = (ms_buffer){.size_max = size_max};
}

void ms_buffer_release(ms_buffer *buffer)
{
    ms_free(buffer->data);
    ms_buffer_init(buffer, buffer->size_max);
}

void ms_buffer_clear(ms_buffer *buffer)
{
    buffer->size = 0;
}

/* Doubling keeps appending linear; the maximum is never allocated before it is needed, except that
 * one byte beyond it may be taken for the NUL of text. */
static bool grow(ms_buffer *buffer, size_t needed)
{
    size_t capacity;
    uint8_t *data;

    if (needed <= buffer->capacity)
        return true;
    if (!ms_mul_size(&capacity, buffer->capacity, 2))
        capacity = needed;
    capacity = MS_MAX(
            MS_MIN(capacity, buffer->size_max), MS_MIN(BUFFER_CAPACITY_MIN, buffer->size_max));
    capacity = MS_MAX(capacity, needed);
    data = ms_realloc(buffer->data, capacity);
    if (data == NULL)
        return false;
    buffer->data = data;
    buffer->capacity = capacity;
    return true;
}

ms_status ms_buffer_reserve(ms_buffer *buffer, size_t more, ms_error *err)
{
    size_t needed;

    if (!ms_add_size(&needed, buffer->size, more) || needed > buffer->size_max)
        return ms_fail(err, MS_LIMIT, "buffer_full",
                "More than the %zu bytes that may be held here", buffer->size_max);
    return grow(buffer, needed) ? MS_OK : ms_fail_memory(err, needed);
}

ms_status ms_buffer_append(ms_buffer *buffer, const void *data, size_t size, ms_error *err)
{
    ms_status status = ms_buffer_reserve(buffer, size, err);

    if (status != MS_OK || size == 0)
        return status;
    memcpy(buffer->data + buffer->size, data, size);
    buffer->size += size;
    return MS_OK;
}

ms_status ms_buffer_append_byte(ms_buffer *buffer, uint8_t byte, ms_error *err)
{
    return ms_buffer_append(buffer, &byte, 1, err);
}

ms_status ms_buffer_append_text(ms_buffer *buffer, const char *text, ms_error *err)
{
    return ms_buffer_append(buffer, text, strlen(text), err);
}

ms_status ms_buffer_printf(ms_buffer *buffer, ms_error *err, const char *format, ...)
{
    va_list arguments;
    ms_status status;
    size_t needed;
    int length;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        return ms_fail(err, MS_INTERNAL, "format_failed", "Text cannot be formatted");
    status = ms_buffer_reserve(buffer, (size_t)length, err);
    if (status != MS_OK)
        return status;
    /* vsnprintf writes a NUL as well. */
    if (!ms_add_size(&needed, buffer->size + (size_t)length, 1) || !grow(buffer, needed))
        return ms_fail_memory(err, (size_t)length);
    va_start(arguments, format);
    (void)vsnprintf((char *)buffer->data + buffer->size, (size_t)length + 1, format, arguments);
    va_end(arguments);
    buffer->size += (size_t)length;
    return MS_OK;
}

const char *ms_buffer_text(ms_buffer *buffer)
{
    size_t needed;

    if (!ms_add_size(&needed, buffer->size, 1) || !grow(buffer, needed))
        return NULL;
    buffer->data[buffer->size] = 0;
    return (const char *)buffer->data;
}

uint8_t *ms_buffer_detach(ms_buffer *buffer, size_t *size)
{
    uint8_t *data = buffer->data;

    *size = buffer->size;
    ms_buffer_init(buffer, buffer->size_max);
    return data;
}
