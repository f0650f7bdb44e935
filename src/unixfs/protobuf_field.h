/* The two kinds of protobuf fields that dag-pb and UnixFS have: numbers, and bytes with their size
 * before them. Source: protobuf encoding, wire types 0 and 2. */
#ifndef MS_UNIXFS_PROTOBUF_FIELD_H
#define MS_UNIXFS_PROTOBUF_FIELD_H

#include "codec/cursor.h"

/** What follows the tag of a field of bytes: *field is a cursor over these bytes alone whose offsets are
 *  those of cursor, which moves behind them. MS_MALFORMED "truncated" at the size, or varint_*. */
MS_MUST_CHECK ms_status ms_protobuf_read_bytes(
        ms_cursor *cursor, ms_cursor *field, ms_error *err);
/** What is left of a field. */
static inline ms_span ms_protobuf_rest(const ms_cursor *field)
{
    return ms_span_of(field->data + field->position, ms_cursor_left(field));
}

/** A field with its tag; nothing of it on failure. */
MS_MUST_CHECK ms_status ms_protobuf_append_number(
        ms_buffer *out, uint8_t tag, uint64_t value, ms_error *err);
MS_MUST_CHECK ms_status ms_protobuf_append_bytes(
        ms_buffer *out, uint8_t tag, ms_span bytes, ms_error *err);

#endif
