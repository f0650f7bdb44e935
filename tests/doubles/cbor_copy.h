/* Reads dag-cbor item by item and writes the same value again: the oracle that there is one
 * encoding of each value. Header only. */
#ifndef MS_DOUBLES_CBOR_COPY_H
#define MS_DOUBLES_CBOR_COPY_H

#include <assert.h>

#include "codec/cbor.h"

static inline ms_status cbor_copy_scalar(const ms_cbor_item *item, ms_buffer *out)
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

/** One value at the cursor, which stands in depth arrays and maps. */
static inline ms_status cbor_copy(ms_cursor *cursor, ms_buffer *out, unsigned depth)
{
    ms_span previous = {0};
    ms_cbor_item item;
    ms_status status = ms_cbor_read(cursor, &item, NULL);
    bool is_map = item.kind == MS_CBOR_MAP;

    if (status != MS_OK)
        return status;
    if (item.kind != MS_CBOR_ARRAY && !is_map)
        return cbor_copy_scalar(&item, out);
    if (depth == MS_CBOR_DEPTH_MAX)
        return MS_LIMIT;
    status = is_map ? ms_cbor_write_map(out, item.value, NULL)
                    : ms_cbor_write_array(out, item.value, NULL);
    for (uint64_t i = 0; i < item.value && status == MS_OK; i++) {
        ms_span key;

        if (is_map)
            status = ms_cbor_key(cursor, &previous, &key, NULL);
        if (is_map && status == MS_OK)
            status = ms_cbor_write_text(out, key, NULL);
        if (status == MS_OK)
            status = cbor_copy(cursor, out, depth + 1);
    }
    return status;
}

#endif
