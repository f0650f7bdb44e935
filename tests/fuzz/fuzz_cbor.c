/* dag-cbor: whatever is accepted is the one encoding of its value, so writing it again gives the
 * same bytes; and reading item by item accepts exactly what skipping accepts. */
#include <assert.h>
#include <string.h>

#include "codec/cbor.h"

static ms_status copy_value(ms_cursor *cursor, ms_buffer *out, unsigned depth);

static ms_status copy_scalar(const ms_cbor_item *item, ms_buffer *out)
{
    switch (item->kind) {
    case MS_CBOR_UNSIGNED:
        return ms_cbor_write_unsigned(out, item->value, NULL);
    case MS_CBOR_NEGATIVE:
        return ms_cbor_write_negative(out, item->value, NULL);
    case MS_CBOR_BYTES:
        return ms_cbor_write_bytes(out, item->bytes, NULL);
    case MS_CBOR_TEXT:
        return ms_cbor_write_text(out, item->bytes, NULL);
    case MS_CBOR_LINK:
        return ms_cbor_write_link(out, item->bytes, NULL);
    case MS_CBOR_FALSE:
    case MS_CBOR_TRUE:
        return ms_cbor_write_bool(out, item->kind == MS_CBOR_TRUE, NULL);
    case MS_CBOR_NULL:
        return ms_cbor_write_null(out, NULL);
    case MS_CBOR_FLOAT:
        return ms_cbor_write_float(out, item->value, NULL);
    case MS_CBOR_ARRAY:
    case MS_CBOR_MAP:
        break;
    }
    assert(false);
    return MS_INTERNAL;
}

static ms_status copy_members(
        ms_cursor *cursor, const ms_cbor_item *item, ms_buffer *out, unsigned depth)
{
    bool is_map = item->kind == MS_CBOR_MAP;
    ms_span previous = {0};
    ms_span key;
    ms_status status = is_map ? ms_cbor_write_map(out, item->value, NULL)
                              : ms_cbor_write_array(out, item->value, NULL);

    for (uint64_t i = 0; i < item->value && status == MS_OK; i++) {
        if (is_map)
            status = ms_cbor_key(cursor, &previous, &key, NULL);
        if (is_map && status == MS_OK)
            status = ms_cbor_write_text(out, key, NULL);
        if (status == MS_OK)
            status = copy_value(cursor, out, depth + 1);
    }
    return status;
}

static ms_status copy_value(ms_cursor *cursor, ms_buffer *out, unsigned depth)
{
    ms_cbor_item item;
    ms_status status = ms_cbor_read(cursor, &item, NULL);

    if (status != MS_OK)
        return status;
    if (item.kind != MS_CBOR_ARRAY && item.kind != MS_CBOR_MAP)
        return copy_scalar(&item, out);
    return depth < MS_CBOR_DEPTH_MAX ? copy_members(cursor, &item, out, depth) : MS_LIMIT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    ms_cursor skipping = ms_cursor_of(ms_span_of(data, size));
    ms_cursor reading = skipping;
    ms_error err = MS_ERROR_INIT;
    ms_status skipped = ms_cbor_skip(&skipping, &err);
    ms_buffer out;

    ms_buffer_init(&out, size);
    assert(copy_value(&reading, &out, 0) == skipped);
    if (skipped == MS_OK) {
        assert(reading.position == skipping.position && out.size == skipping.position);
        assert(out.size > 0 && memcmp(out.data, data, out.size) == 0);
    } else {
        assert(skipping.position == 0);
        assert(err.reason[0] != '\0' && err.offset >= 0 && (size_t)err.offset <= size);
    }
    ms_buffer_release(&out);
    return 0;
}
