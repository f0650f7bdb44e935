/* The two kinds of protobuf fields that dag-pb and UnixFS have. */
#include "unixfs/protobuf_field.h"

ms_status ms_protobuf_read_bytes(ms_cursor *cursor, ms_cursor *field, ms_error *err)
{
    const size_t start = cursor->position;
    uint64_t size = 0;
    ms_status status = ms_cursor_varint(cursor, &size, err);

    *field = *cursor;
    if (status != MS_OK)
        return status;
    if (size > ms_cursor_left(cursor)) {
        (void)ms_fail(err, MS_MALFORMED, "truncated",
                "The field at offset %zu has %llu bytes, %zu are left", start,
                (unsigned long long)size, ms_cursor_left(cursor));
        ms_error_set_offset(err, start);
        return MS_MALFORMED;
    }
    field->size = cursor->position + (size_t)size;
    cursor->position = field->size;
    return MS_OK;
}

ms_status ms_protobuf_append_number(ms_buffer *out, uint8_t tag, uint64_t value, ms_error *err)
{
    uint8_t field[1 + MS_VARINT_SIZE_MAX];

    field[0] = tag;
    return ms_buffer_append(out, field, 1 + ms_varint_write(field + 1, value), err);
}

ms_status ms_protobuf_append_bytes(ms_buffer *out, uint8_t tag, ms_span bytes, ms_error *err)
{
    const size_t before = out->size;
    ms_status status = ms_protobuf_append_number(out, tag, bytes.size, err);

    if (status == MS_OK)
        status = ms_buffer_append(out, bytes.data, bytes.size, err);
    if (status != MS_OK)
        out->size = before;
    return status;
}
