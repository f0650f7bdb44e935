/* Varints of the multiformats kind: little-endian base 128, minimal, at most 9 bytes. */
#include "codec/cursor.h"

#include <assert.h>

static ms_status refuse(
        const ms_cursor *cursor, const char *reason, const char *what, ms_error *err)
{
    ms_status status = ms_fail(
            err, MS_MALFORMED, reason, "The varint at offset %zu %s", cursor->position, what);

    ms_error_set_offset(err, cursor->position);
    return status;
}

ms_status ms_cursor_varint(ms_cursor *cursor, uint64_t *value, ms_error *err)
{
    uint64_t sum = 0;

    *value = 0;
    for (size_t i = 0; i < MS_VARINT_SIZE_MAX; i++) {
        uint8_t byte;

        if (i >= ms_cursor_left(cursor))
            return refuse(cursor, "truncated", "is cut off", err);
        byte = cursor->data[cursor->position + i];
        sum |= (uint64_t)(byte & 0x7f) << (7 * i);
        if ((byte & 0x80) != 0)
            continue;
        if (byte == 0 && i > 0)
            return refuse(cursor, "varint_not_minimal", "is longer than its value needs", err);
        cursor->position += i + 1;
        *value = sum;
        return MS_OK;
    }
    return refuse(cursor, "varint_too_long", "has more than 9 bytes", err);
}

size_t ms_varint_size(uint64_t value)
{
    size_t size = 1;

    while (value >= 0x80) {
        value >>= 7;
        size++;
    }
    return size;
}

size_t ms_varint_write(uint8_t out[MS_VARINT_SIZE_MAX], uint64_t value)
{
    size_t size = 0;

    assert(value <= INT64_MAX); /* 63 bits: more would need a tenth byte */
    while (value >= 0x80) {
        out[size++] = (uint8_t)(value | 0x80);
        value >>= 7;
    }
    out[size++] = (uint8_t)value;
    return size;
}
