/* The bounded cursor through which every parser reads, and big-endian numbers. */
#include "codec/cursor.h"

ms_status ms_cursor_take(ms_cursor *cursor, ms_span *bytes, size_t size, ms_error *err)
{
    *bytes = (ms_span){0};
    if (ms_cursor_left(cursor) < size) {
        ms_status status = ms_fail(err, MS_MALFORMED, "truncated",
                "%zu bytes are due at offset %zu, %zu are left", size, cursor->position,
                ms_cursor_left(cursor));

        ms_error_set_offset(err, cursor->position);
        return status;
    }
    if (cursor->data != NULL)
        *bytes = ms_span_of(cursor->data + cursor->position, size);
    cursor->position += size;
    return MS_OK;
}

static ms_status take_be(ms_cursor *cursor, uint64_t *value, size_t size, ms_error *err)
{
    ms_span bytes;
    ms_status status = ms_cursor_take(cursor, &bytes, size, err);

    *value = 0;
    for (size_t i = 0; i < bytes.size; i++)
        *value = *value << 8 | bytes.data[i];
    return status;
}

ms_status ms_cursor_byte(ms_cursor *cursor, uint8_t *byte, ms_error *err)
{
    uint64_t value;
    ms_status status = take_be(cursor, &value, 1, err);

    *byte = (uint8_t)value;
    return status;
}

ms_status ms_cursor_u16_be(ms_cursor *cursor, uint16_t *value, ms_error *err)
{
    uint64_t wide;
    ms_status status = take_be(cursor, &wide, 2, err);

    *value = (uint16_t)wide;
    return status;
}

ms_status ms_cursor_u32_be(ms_cursor *cursor, uint32_t *value, ms_error *err)
{
    uint64_t wide;
    ms_status status = take_be(cursor, &wide, 4, err);

    *value = (uint32_t)wide;
    return status;
}

ms_status ms_cursor_u64_be(ms_cursor *cursor, uint64_t *value, ms_error *err)
{
    return take_be(cursor, value, 8, err);
}

void ms_write_u32_be(uint8_t out[4], uint32_t value)
{
    for (unsigned i = 0; i < 4; i++)
        out[i] = (uint8_t)(value >> (24 - 8 * i));
}

void ms_write_u64_be(uint8_t out[8], uint64_t value)
{
    for (unsigned i = 0; i < 8; i++)
        out[i] = (uint8_t)(value >> (56 - 8 * i));
}
