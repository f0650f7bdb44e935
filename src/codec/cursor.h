/* The bounded cursor through which every parser reads, and varints of the multiformats kind. */
#ifndef MS_CODEC_CURSOR_H
#define MS_CODEC_CURSOR_H

#include "base/buffer.h"

typedef struct ms_cursor {
    const uint8_t *data;
    size_t size;
    size_t position; /* offset of the next byte, at most size */
} ms_cursor;

static inline ms_cursor ms_cursor_of(ms_span span)
{
    return (ms_cursor){.data = span.data, .size = span.size, .position = 0};
}
static inline size_t ms_cursor_left(const ms_cursor *cursor)
{
    return cursor->size - cursor->position;
}
/** The next size bytes without copying (they live as long as the input); MS_MALFORMED "truncated"
 *  with the offset when fewer are left. The position moves only on success. */
MS_MUST_CHECK ms_status ms_cursor_take(
        ms_cursor *cursor, ms_span *bytes, size_t size, ms_error *err);
MS_MUST_CHECK ms_status ms_cursor_byte(ms_cursor *cursor, uint8_t *byte, ms_error *err);
MS_MUST_CHECK ms_status ms_cursor_u16_be(ms_cursor *cursor, uint16_t *value, ms_error *err);
MS_MUST_CHECK ms_status ms_cursor_u32_be(ms_cursor *cursor, uint32_t *value, ms_error *err);
MS_MUST_CHECK ms_status ms_cursor_u64_be(ms_cursor *cursor, uint64_t *value, ms_error *err);

#define MS_VARINT_SIZE_MAX 9
/** Unsigned LEB128, minimal, at most 9 bytes (63 bits): multiformats unsigned-varint. */
MS_MUST_CHECK ms_status ms_cursor_varint(ms_cursor *cursor, uint64_t *value, ms_error *err);
/** Bytes that value (below 2^63) takes, and writing it; returns the size written. */
size_t ms_varint_size(uint64_t value);
size_t ms_varint_write(uint8_t out[MS_VARINT_SIZE_MAX], uint64_t value);

void ms_write_u32_be(uint8_t out[4], uint32_t value);
void ms_write_u64_be(uint8_t out[8], uint64_t value);

#endif
