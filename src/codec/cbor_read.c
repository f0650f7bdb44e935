/* Reading canonical dag-cbor: every second spelling of a value is refused at its first byte, so two
 * different inputs never decode to the same value. */
#include "codec/cbor.h"

#include <string.h>

#include "base/checked.h"
#include "codec/text.h"

/* Major types, RFC 8949 section 3.1. */
enum { MAJOR_UNSIGNED, MAJOR_NEGATIVE, MAJOR_BYTES, MAJOR_TEXT, MAJOR_ARRAY, MAJOR_MAP, MAJOR_TAG };

#define TAG_LINK 42
#define SIMPLE_FALSE 20
#define SIMPLE_TRUE 21
#define SIMPLE_NULL 22
#define SIMPLE_FLOAT64 27

static ms_status refuse(
        ms_status status, size_t offset, const char *reason, const char *what, ms_error *err)
{
    (void)ms_fail(err, status, reason, "The item at offset %zu %s", offset, what);
    ms_error_set_offset(err, offset);
    return status;
}

static ms_status malformed(size_t offset, const char *reason, const char *what, ms_error *err)
{
    return refuse(MS_MALFORMED, offset, reason, what, err);
}

/* The argument of a head whose low five bits are info: itself, or the 1, 2, 4 or 8 bytes after it.
 */
static ms_status read_argument(
        ms_cursor *cursor, unsigned info, uint64_t *value, size_t offset, ms_error *err)
{
    static const uint64_t least[] = {24, 0x100, 0x10000, 0x100000000};
    ms_span bytes;
    ms_status status;

    *value = info;
    if (info < 24)
        return MS_OK;
    if (info == 31)
        return malformed(offset, "cbor_indefinite", "has no definite length", err);
    if (info > 27)
        return malformed(offset, "cbor_reserved", "begins with a reserved byte", err);
    status = ms_cursor_take(cursor, &bytes, (size_t)1 << (info - 24), err);
    if (status != MS_OK)
        return status;
    *value = 0;
    for (size_t i = 0; i < bytes.size; i++)
        *value = *value << 8 | bytes.data[i];
    if (*value < least[info - 24])
        return malformed(offset, "cbor_not_minimal", "is longer than its number needs", err);
    return MS_OK;
}

/* Numbers of major type 7 that dag-cbor knows: false, true, null and 64-bit floats. */
static ms_status read_simple(
        ms_cursor *cursor, unsigned info, ms_cbor_item *item, size_t offset, ms_error *err)
{
    ms_status status;

    switch (info) {
    case SIMPLE_FALSE:
        item->kind = MS_CBOR_FALSE;
        return MS_OK;
    case SIMPLE_TRUE:
        item->kind = MS_CBOR_TRUE;
        return MS_OK;
    case SIMPLE_NULL:
        item->kind = MS_CBOR_NULL;
        return MS_OK;
    case SIMPLE_FLOAT64:
        item->kind = MS_CBOR_FLOAT;
        status = ms_cursor_u64_be(cursor, &item->value, err);
        if (status == MS_OK && !ms_cbor_float_is_number(item->value))
            return malformed(offset, "cbor_float", "is NaN or infinite", err);
        return status;
    case 25:
    case 26:
        return malformed(offset, "cbor_float", "is a float of less than 64 bits", err);
    case 31:
        return malformed(offset, "cbor_indefinite", "ends something that never began", err);
    default:
        return malformed(offset, "cbor_simple", "is a simple value that dag-cbor has not", err);
    }
}

/* A size that no address space holds is cut to one that is never left either. */
static ms_status take(ms_cursor *cursor, ms_span *bytes, uint64_t size, ms_error *err)
{
    return ms_cursor_take(cursor, bytes, (size_t)MS_MIN(size, (uint64_t)SIZE_MAX), err);
}

/* What follows tag 42: a byte string of 0x00 and the binary CID. */
static ms_status read_link(ms_cursor *cursor, ms_cbor_item *item, size_t offset, ms_error *err)
{
    ms_span bytes;
    uint64_t size;
    uint8_t head;
    ms_status status = ms_cursor_byte(cursor, &head, err);

    if (status != MS_OK)
        return status;
    if (head >> 5 != MAJOR_BYTES)
        return malformed(offset, "cbor_link", "is a link without a byte string", err);
    status = read_argument(cursor, head & 31, &size, offset, err);
    if (status == MS_OK)
        status = take(cursor, &bytes, size, err);
    if (status != MS_OK)
        return status;
    if (bytes.size < 2 || bytes.data[0] != 0)
        return malformed(offset, "cbor_link", "is a link that does not begin with 0x00", err);
    item->kind = MS_CBOR_LINK;
    item->bytes = ms_span_of(bytes.data + 1, bytes.size - 1);
    return MS_OK;
}

static ms_status read_string(
        ms_cursor *cursor, ms_cbor_kind kind, ms_cbor_item *item, uint64_t size, ms_error *err)
{
    ms_status status = take(cursor, &item->bytes, size, err);
    size_t bad;

    item->kind = kind;
    if (status != MS_OK || kind == MS_CBOR_BYTES)
        return status;
    if (!ms_utf8_is_valid((const char *)item->bytes.data, item->bytes.size, &bad))
        return malformed(cursor->position - item->bytes.size + bad, "cbor_text",
                "belongs to a text that is not UTF-8", err);
    return MS_OK;
}

/* Each of count members takes at least member_size bytes; more cannot follow. */
static ms_status read_count(const ms_cursor *cursor, ms_cbor_item *item, ms_cbor_kind kind,
        uint64_t count, size_t member_size, ms_error *err)
{
    item->kind = kind;
    item->value = count;
    if (count > ms_cursor_left(cursor) / member_size)
        return malformed(item->offset, "truncated", "has more members than bytes follow", err);
    return MS_OK;
}

static ms_status read_item(ms_cursor *cursor, ms_cbor_item *item, ms_error *err)
{
    size_t offset = item->offset;
    uint64_t argument;
    uint8_t head;
    ms_status status = ms_cursor_byte(cursor, &head, err);

    if (status != MS_OK)
        return status;
    if (head >> 5 > MAJOR_TAG)
        return read_simple(cursor, head & 31, item, offset, err);
    status = read_argument(cursor, head & 31, &argument, offset, err);
    if (status != MS_OK)
        return status;
    switch (head >> 5) {
    case MAJOR_UNSIGNED:
        item->kind = MS_CBOR_UNSIGNED;
        item->value = argument;
        return MS_OK;
    case MAJOR_NEGATIVE:
        item->kind = MS_CBOR_NEGATIVE;
        item->value = argument;
        return MS_OK;
    case MAJOR_BYTES:
        return read_string(cursor, MS_CBOR_BYTES, item, argument, err);
    case MAJOR_TEXT:
        return read_string(cursor, MS_CBOR_TEXT, item, argument, err);
    case MAJOR_ARRAY:
        return read_count(cursor, item, MS_CBOR_ARRAY, argument, 1, err);
    case MAJOR_MAP:
        return read_count(cursor, item, MS_CBOR_MAP, argument, 2, err);
    default:
        if (argument != TAG_LINK)
            return malformed(offset, "cbor_tag", "has a tag other than that of a link", err);
        return read_link(cursor, item, offset, err);
    }
}

ms_status ms_cbor_read(ms_cursor *cursor, ms_cbor_item *item, ms_error *err)
{
    ms_cursor start = *cursor;
    ms_status status;

    *item = (ms_cbor_item){.kind = MS_CBOR_NULL, .offset = cursor->position};
    status = read_item(cursor, item, err);
    if (status != MS_OK) {
        *cursor = start;
        *item = (ms_cbor_item){.kind = MS_CBOR_NULL, .offset = start.position};
    }
    return status;
}

static const char *kind_name(ms_cbor_kind kind)
{
    static const char *const names[] = {[MS_CBOR_UNSIGNED] = "an unsigned number",
            [MS_CBOR_NEGATIVE] = "a negative number",
            [MS_CBOR_BYTES] = "a byte string",
            [MS_CBOR_TEXT] = "a text",
            [MS_CBOR_ARRAY] = "an array",
            [MS_CBOR_MAP] = "a map",
            [MS_CBOR_LINK] = "a link",
            [MS_CBOR_FALSE] = "false",
            [MS_CBOR_TRUE] = "true",
            [MS_CBOR_NULL] = "null",
            [MS_CBOR_FLOAT] = "a float"};

    return (size_t)kind < MS_ARRAY_COUNT(names) ? names[kind] : "of no kind";
}

ms_status ms_cbor_expect(ms_cursor *cursor, ms_cbor_item *item, ms_cbor_kind kind, ms_error *err)
{
    ms_cursor start = *cursor;
    ms_cbor_kind found;
    ms_status status = ms_cbor_read(cursor, item, err);

    if (status != MS_OK || item->kind == kind)
        return status;
    found = item->kind;
    *cursor = start;
    *item = (ms_cbor_item){.kind = MS_CBOR_NULL, .offset = start.position};
    (void)ms_fail(err, MS_MALFORMED, "cbor_kind", "The item at offset %zu is %s and should be %s",
            start.position, kind_name(found), kind_name(kind));
    ms_error_set_offset(err, start.position);
    return MS_MALFORMED;
}

int ms_cbor_key_compare(ms_span a, ms_span b)
{
    if (a.size != b.size)
        return a.size < b.size ? -1 : 1;
    return a.size == 0 ? 0 : memcmp(a.data, b.data, a.size);
}

ms_status ms_cbor_key(ms_cursor *cursor, ms_span *previous, ms_span *key, ms_error *err)
{
    ms_cursor start = *cursor;
    ms_cbor_item item;
    ms_status status = ms_cbor_expect(cursor, &item, MS_CBOR_TEXT, err);
    int order;

    *key = (ms_span){0};
    if (status != MS_OK)
        return status;
    /* Only a key that was read has a place in the input, so an empty one can follow nothing but
     * this empty span. */
    order = previous->data == NULL ? 1 : ms_cbor_key_compare(item.bytes, *previous);
    if (order <= 0) {
        *cursor = start;
        return order == 0 ? malformed(item.offset, "cbor_duplicate_key", "is a key twice", err)
                          : malformed(item.offset, "cbor_key_order", "is a key out of order", err);
    }
    *key = item.bytes;
    *previous = item.bytes;
    return MS_OK;
}

static ms_status skip(ms_cursor *cursor, unsigned depth, ms_error *err)
{
    ms_span previous = {0};
    ms_span key;
    ms_cbor_item item;
    ms_status status = ms_cbor_read(cursor, &item, err);

    if (status != MS_OK || (item.kind != MS_CBOR_ARRAY && item.kind != MS_CBOR_MAP))
        return status;
    if (depth == MS_CBOR_DEPTH_MAX)
        return refuse(MS_LIMIT, item.offset, "cbor_depth", "stands in too many others", err);
    for (uint64_t i = 0; i < item.value && status == MS_OK; i++) {
        if (item.kind == MS_CBOR_MAP)
            status = ms_cbor_key(cursor, &previous, &key, err);
        if (status == MS_OK)
            status = skip(cursor, depth + 1, err);
    }
    return status;
}

ms_status ms_cbor_skip(ms_cursor *cursor, ms_error *err)
{
    ms_cursor start = *cursor;
    ms_status status = skip(cursor, 0, err);

    if (status != MS_OK)
        *cursor = start;
    return status;
}

ms_status ms_cbor_end(const ms_cursor *cursor, ms_error *err)
{
    ms_status status;

    if (ms_cursor_left(cursor) == 0)
        return MS_OK;
    status = ms_fail(err, MS_MALFORMED, "trailing_bytes", "%zu bytes follow the end at offset %zu",
            ms_cursor_left(cursor), cursor->position);
    ms_error_set_offset(err, cursor->position);
    return status;
}
