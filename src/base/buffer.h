/* Growable byte buffer that is born with its maximum, and spans (pointer and length, not owned). */
#ifndef MS_BASE_BUFFER_H
#define MS_BASE_BUFFER_H

#include "base/error.h"

typedef struct ms_span {
    const uint8_t *data; /* may be NULL only if size is 0 */
    size_t size;         /* bytes */
} ms_span;

static inline ms_span ms_span_of(const void *data, size_t size)
{
    return (ms_span){.data = (const uint8_t *)data, .size = size};
}
bool ms_span_equal(ms_span a, ms_span b);

/** Owned by whoever initialised it. data is not NUL terminated unless ms_buffer_text was called. */
typedef struct ms_buffer {
    uint8_t *data;
    size_t size;     /* bytes in use */
    size_t capacity; /* bytes allocated */
    size_t size_max; /* growing beyond is MS_LIMIT */
} ms_buffer;

void ms_buffer_init(ms_buffer *buffer, size_t size_max);
void ms_buffer_release(ms_buffer *buffer);
/** Forget the content, keep the memory. */
void ms_buffer_clear(ms_buffer *buffer);
/** Make room for more bytes after the present ones. MS_LIMIT, MS_NO_MEMORY; unchanged on failure.
 */
MS_MUST_CHECK ms_status ms_buffer_reserve(ms_buffer *buffer, size_t more, ms_error *err);
MS_MUST_CHECK ms_status ms_buffer_append(
        ms_buffer *buffer, const void *data, size_t size, ms_error *err);
MS_MUST_CHECK ms_status ms_buffer_append_byte(ms_buffer *buffer, uint8_t byte, ms_error *err);
MS_MUST_CHECK ms_status ms_buffer_append_text(ms_buffer *buffer, const char *text, ms_error *err);
MS_MUST_CHECK ms_status ms_buffer_printf(ms_buffer *buffer, ms_error *err, const char *format, ...)
        MS_PRINTF(3, 4);
/** The content as NUL-terminated text owned by the buffer, valid until the next change; NULL when
 *  memory is short. The NUL is not part of size. */
const char *ms_buffer_text(ms_buffer *buffer);
/** Move the memory out; the buffer is empty afterwards. Freed by the caller with ms_free. */
uint8_t *ms_buffer_detach(ms_buffer *buffer, size_t *size);
static inline ms_span ms_buffer_span(const ms_buffer *buffer)
{
    return ms_span_of(buffer->data, buffer->size);
}

#endif
