/* Canonical dag-cbor: reader that refuses every second spelling, writer that knows only the first.
 * Source: IPLD dag-cbor specification, strictness section; RFC 8949. */
#ifndef MS_CODEC_CBOR_H
#define MS_CODEC_CBOR_H

#include "codec/cursor.h"

#define MS_CBOR_DEPTH_MAX 64

typedef enum ms_cbor_kind {
    MS_CBOR_UNSIGNED,
    MS_CBOR_NEGATIVE,
    MS_CBOR_BYTES,
    MS_CBOR_TEXT,
    MS_CBOR_ARRAY, /* value = number of items that follow */
    MS_CBOR_MAP,   /* value = number of pairs that follow */
    MS_CBOR_LINK,  /* tag 42: bytes = binary CID without the 0x00 prefix */
    MS_CBOR_FALSE,
    MS_CBOR_TRUE,
    MS_CBOR_NULL,
    MS_CBOR_FLOAT /* 64 bits, bits in value; never NaN or infinite */
} ms_cbor_kind;

typedef struct ms_cbor_item {
    ms_cbor_kind kind;
    uint64_t value; /* UNSIGNED, ARRAY, MAP, FLOAT; NEGATIVE stands for -1 - value */
    ms_span bytes;  /* BYTES, TEXT (valid UTF-8), LINK: lives as long as the input */
    size_t offset;  /* of the item's first byte in the input */
} ms_cbor_item;

/** The next item head. Non-minimal, indefinite, reserved, other tags, NaN: MS_MALFORMED with
 * offset. Counts of arrays and maps are checked against the bytes that are left. After a failure of
 * any function here the cursor stands where it stood. */
MS_MUST_CHECK ms_status ms_cbor_read(ms_cursor *cursor, ms_cbor_item *item, ms_error *err);
/** Read an item that must be of kind. */
MS_MUST_CHECK ms_status ms_cbor_expect(
        ms_cursor *cursor, ms_cbor_item *item, ms_cbor_kind kind, ms_error *err);
/** Read a map key: text greater than previous in canonical order (length, then bytes); previous is
 *  updated; start with an empty span. */
MS_MUST_CHECK ms_status ms_cbor_key(
        ms_cursor *cursor, ms_span *previous, ms_span *key, ms_error *err);
/** Skip one whole value, checking all of it (order and duplicates of keys too). MS_LIMIT
 * "cbor_depth" when arrays and maps stand in each other more than MS_CBOR_DEPTH_MAX deep. */
MS_MUST_CHECK ms_status ms_cbor_skip(ms_cursor *cursor, ms_error *err);
/** MS_MALFORMED "trailing_bytes" unless everything was read. */
MS_MUST_CHECK ms_status ms_cbor_end(const ms_cursor *cursor, ms_error *err);

/** The writer knows only the first spelling; order of map keys is the caller's
 * (ms_cbor_key_compare). Text that is not UTF-8, an empty link and floats that are no numbers are
 * MS_USAGE. */
MS_MUST_CHECK ms_status ms_cbor_write_unsigned(ms_buffer *out, uint64_t value, ms_error *err);
MS_MUST_CHECK ms_status ms_cbor_write_bytes(ms_buffer *out, ms_span bytes, ms_error *err);
MS_MUST_CHECK ms_status ms_cbor_write_text(ms_buffer *out, ms_span text, ms_error *err);
MS_MUST_CHECK ms_status ms_cbor_write_array(ms_buffer *out, uint64_t count, ms_error *err);
MS_MUST_CHECK ms_status ms_cbor_write_map(ms_buffer *out, uint64_t count, ms_error *err);
/** cid is the binary CID without prefix. */
MS_MUST_CHECK ms_status ms_cbor_write_link(ms_buffer *out, ms_span cid, ms_error *err);
MS_MUST_CHECK ms_status ms_cbor_write_bool(ms_buffer *out, bool value, ms_error *err);
/** -1 - value. */
MS_MUST_CHECK ms_status ms_cbor_write_negative(ms_buffer *out, uint64_t value, ms_error *err);
MS_MUST_CHECK ms_status ms_cbor_write_null(ms_buffer *out, ms_error *err);
/** bits of an IEEE 754 double that is neither NaN nor infinite. */
MS_MUST_CHECK ms_status ms_cbor_write_float(ms_buffer *out, uint64_t bits, ms_error *err);
/** Whether the bits of an IEEE 754 double are neither NaN nor infinite. */
static inline bool ms_cbor_float_is_number(uint64_t bits)
{
    return (bits >> 52 & 0x7ff) != 0x7ff;
}
/** Order of two keys: negative, 0, positive. */
int ms_cbor_key_compare(ms_span a, ms_span b);

#endif
