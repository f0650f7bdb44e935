/* Metadata: writing of text pairs, checking, and JSON. Recursion is counted and ends at a depth of
 * MS_MANIFEST_METADATA_DEPTH_MAX, so that a stranger's manifest decides neither stack nor output.
 * */
#include "manifest/manifest_metadata.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "cid/cid.h"
#include "codec/cbor.h"
#include "codec/text.h"

/* All pairs together cannot make a block of more than 1 MiB; the arena adds its rounding. */
#define ARENA_SIZE_MAX ((size_t)4 << 20)
#define FLOAT_TEXT_SIZE 40
#define FLOAT_DIGITS_MAX 17 /* always enough to read a double back */

struct ms_manifest_metadata_pair {
    ms_span key;
    ms_span value;
};

void ms_manifest_metadata_init(ms_manifest_metadata *metadata)
{
    *metadata = (ms_manifest_metadata){0};
    ms_arena_init(&metadata->arena, ARENA_SIZE_MAX);
}

void ms_manifest_metadata_release(ms_manifest_metadata *metadata)
{
    ms_free(metadata->pairs);
    ms_arena_release(&metadata->arena);
    metadata->pairs = NULL;
    metadata->count = 0;
    metadata->capacity = 0;
}

static ms_status check_pair(ms_span key, ms_span value, ms_error *err)
{
    if (key.size == 0)
        return ms_fail(err, MS_USAGE, "metadata_key", "A key of metadata is empty");
    if (key.size > MS_MANIFEST_METADATA_KEY_SIZE_MAX ||
            value.size > MS_MANIFEST_METADATA_VALUE_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "metadata_size",
                "A key of metadata has at most %d bytes, its value %d",
                MS_MANIFEST_METADATA_KEY_SIZE_MAX, MS_MANIFEST_METADATA_VALUE_SIZE_MAX);
    if (!ms_utf8_is_valid((const char *)key.data, key.size, NULL) ||
            !ms_utf8_is_valid((const char *)value.data, value.size, NULL))
        return ms_fail(err, MS_USAGE, "metadata_text", "A key or value of metadata is not UTF-8");
    return MS_OK;
}

static ms_status reserve_pair(ms_manifest_metadata *metadata, ms_error *err)
{
    size_t capacity = metadata->capacity == 0 ? 8 : metadata->capacity * 2;
    ms_manifest_metadata_pair *pairs;

    if (metadata->count == MS_MANIFEST_METADATA_PAIRS_MAX)
        return ms_fail(err, MS_LIMIT, "metadata_pairs", "Metadata has more than %d keys",
                MS_MANIFEST_METADATA_PAIRS_MAX);
    if (metadata->count < metadata->capacity)
        return MS_OK;
    pairs = ms_realloc_array(metadata->pairs, capacity, sizeof *pairs);
    if (pairs == NULL)
        return ms_fail_memory(err, capacity * sizeof *pairs);
    metadata->pairs = pairs;
    metadata->capacity = capacity;
    return MS_OK;
}

ms_status ms_manifest_metadata_add(
        ms_manifest_metadata *metadata, ms_span key, ms_span value, ms_error *err)
{
    ms_status status = check_pair(key, value, err);
    uint8_t *copy;

    if (status == MS_OK)
        status = reserve_pair(metadata, err);
    if (status != MS_OK)
        return status;
    if (key.size + value.size > ARENA_SIZE_MAX - metadata->arena.size)
        return ms_fail(err, MS_LIMIT, "metadata_size", "Metadata has more than 1 MiB");
    copy = ms_arena_alloc(&metadata->arena, key.size + value.size);
    if (copy == NULL)
        return ms_fail_memory(err, key.size + value.size);
    memcpy(copy, key.data, key.size);
    if (value.size > 0)
        memcpy(copy + key.size, value.data, value.size);
    metadata->pairs[metadata->count++] = (ms_manifest_metadata_pair){
            .key = ms_span_of(copy, key.size), .value = ms_span_of(copy + key.size, value.size)};
    return MS_OK;
}

static int compare_pairs(const void *left, const void *right)
{
    return ms_cbor_key_compare(((const ms_manifest_metadata_pair *)left)->key,
            ((const ms_manifest_metadata_pair *)right)->key);
}

static ms_status refuse_repeated(ms_span key, ms_error *err)
{
    ms_buffer quote;

    ms_buffer_init(&quote, (size_t)MS_MANIFEST_METADATA_KEY_SIZE_MAX * 8);
    if (ms_text_append_escaped(&quote, (const char *)key.data, key.size, NULL) != MS_OK)
        ms_buffer_clear(&quote);
    (void)ms_fail(err, MS_USAGE, "metadata_repeated", "The key \"%.*s\" of metadata is given twice",
            (int)quote.size, quote.data == NULL ? "" : (const char *)quote.data);
    ms_buffer_release(&quote);
    return MS_USAGE;
}

ms_status ms_manifest_metadata_write(ms_manifest_metadata *metadata, ms_buffer *out, ms_error *err)
{
    size_t before = out->size;
    ms_status status;

    if (metadata->count > 1)
        qsort(metadata->pairs, metadata->count, sizeof *metadata->pairs, compare_pairs);
    for (size_t i = 1; i < metadata->count; i++) {
        if (ms_span_equal(metadata->pairs[i - 1].key, metadata->pairs[i].key))
            return refuse_repeated(metadata->pairs[i].key, err);
    }
    status = ms_cbor_write_map(out, metadata->count, err);
    for (size_t i = 0; i < metadata->count && status == MS_OK; i++) {
        status = ms_cbor_write_text(out, metadata->pairs[i].key, err);
        if (status == MS_OK)
            status = ms_cbor_write_text(out, metadata->pairs[i].value, err);
    }
    if (status != MS_OK)
        out->size = before;
    return status;
}

/* JSON. A NULL writer makes the same pass check only. */

static void write_negative(ms_json_writer *json, uint64_t value)
{
    char text[32];
    int size;

    /* The number is -1 - value; 2^64 is the one magnitude that 64 bits cannot hold. */
    if (value == UINT64_MAX)
        size = snprintf(text, sizeof text, "-18446744073709551616");
    else
        size = snprintf(text, sizeof text, "-%" PRIu64, value + 1);
    ms_json_raw(json, ms_span_of(text, (size_t)size));
}

/* The shortest text that reads back as the same bits. printf takes the decimal point from the
 * locale, so whatever stands in its place is put right. */
static void write_float(ms_json_writer *json, uint64_t bits)
{
    char text[FLOAT_TEXT_SIZE];
    double value;
    int size = 0;

    memcpy(&value, &bits, sizeof value);
    for (int digits = 1; digits <= FLOAT_DIGITS_MAX; digits++) {
        size = snprintf(text, sizeof text - 3, "%.*g", digits, value);
        if (strtod(text, NULL) == value)
            break;
    }
    for (int i = 0; i < size; i++) {
        if (strchr("0123456789+-e", text[i]) == NULL)
            text[i] = '.';
    }
    if (strpbrk(text, ".e") == NULL) {
        memcpy(text + size, ".0", 3);
        size += 2;
    }
    ms_json_raw(json, ms_span_of(text, (size_t)size));
}

static void write_link(ms_json_writer *json, const ms_cid *cid)
{
    char text[MS_CID_TEXT_SIZE];

    ms_cid_format(cid, text);
    ms_json_begin_object(json);
    ms_json_key(json, "/");
    ms_json_text(json, text);
    ms_json_end_object(json);
}

/* Base64 without padding, as dag-json wants it. */
static void encode_base64(char *out, ms_span bytes)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    uint32_t pending = 0;
    unsigned bits = 0;

    for (size_t i = 0; i < bytes.size; i++) {
        pending = pending << 8 | bytes.data[i];
        for (bits += 8; bits >= 6; bits -= 6)
            *out++ = digits[pending >> (bits - 6) & 63];
    }
    if (bits > 0)
        *out++ = digits[pending << (6 - bits) & 63];
    *out = '\0';
}

static ms_status write_bytes(ms_json_writer *json, ms_span bytes, ms_error *err)
{
    size_t size = bytes.size / 3 * 4 + 8;
    char *text = ms_alloc(size);

    if (text == NULL)
        return ms_fail_memory(err, size);
    encode_base64(text, bytes);
    ms_json_begin_object(json);
    ms_json_key(json, "/");
    ms_json_begin_object(json);
    ms_json_key(json, "bytes");
    ms_json_text(json, text);
    ms_json_end_object(json);
    ms_json_end_object(json);
    ms_free(text);
    return MS_OK;
}

static ms_status write_scalar(const ms_cbor_item *item, ms_json_writer *json, ms_error *err)
{
    ms_cid cid;
    ms_status status = MS_OK;

    if (item->kind == MS_CBOR_LINK)
        status = ms_cid_decode(&cid, item->bytes, err);
    if (status != MS_OK || json == NULL)
        return status;
    switch (item->kind) {
    case MS_CBOR_UNSIGNED:
        ms_json_u64(json, item->value);
        break;
    case MS_CBOR_NEGATIVE:
        write_negative(json, item->value);
        break;
    case MS_CBOR_BYTES:
        return write_bytes(json, item->bytes, err);
    case MS_CBOR_TEXT:
        ms_json_string(json, item->bytes);
        break;
    case MS_CBOR_LINK:
        write_link(json, &cid);
        break;
    case MS_CBOR_FALSE:
    case MS_CBOR_TRUE:
        ms_json_bool(json, item->kind == MS_CBOR_TRUE);
        break;
    case MS_CBOR_FLOAT:
        write_float(json, item->value);
        break;
    case MS_CBOR_NULL:
    case MS_CBOR_ARRAY:
    case MS_CBOR_MAP:
        ms_json_null(json);
        break;
    }
    return MS_OK;
}

static ms_status write_value(
        ms_cursor *cursor, ms_json_writer *json, unsigned depth, ms_error *err);

static ms_status write_array(
        ms_cursor *cursor, uint64_t count, ms_json_writer *json, unsigned depth, ms_error *err)
{
    if (json != NULL)
        ms_json_begin_array(json);
    for (uint64_t i = 0; i < count; i++) {
        ms_status status = write_value(cursor, json, depth, err);

        if (status != MS_OK)
            return status;
    }
    if (json != NULL)
        ms_json_end_array(json);
    return MS_OK;
}

static ms_status write_map(
        ms_cursor *cursor, uint64_t count, ms_json_writer *json, unsigned depth, ms_error *err)
{
    ms_span previous = {0};

    if (json != NULL)
        ms_json_begin_object(json);
    for (uint64_t i = 0; i < count; i++) {
        ms_span key;
        ms_status status = ms_cbor_key(cursor, &previous, &key, err);

        if (status != MS_OK)
            return status;
        if (json != NULL)
            ms_json_key_span(json, key);
        status = write_value(cursor, json, depth, err);
        if (status != MS_OK)
            return status;
    }
    if (json != NULL)
        ms_json_end_object(json);
    return MS_OK;
}

/* depth counts the maps and lists around the value. */
static ms_status write_value(ms_cursor *cursor, ms_json_writer *json, unsigned depth, ms_error *err)
{
    ms_cbor_item item;
    ms_status status = ms_cbor_read(cursor, &item, err);

    if (status != MS_OK)
        return status;
    if (item.kind != MS_CBOR_ARRAY && item.kind != MS_CBOR_MAP)
        return write_scalar(&item, json, err);
    if (depth == MS_MANIFEST_METADATA_DEPTH_MAX)
        return ms_fail(err, MS_LIMIT, "metadata_depth", "Metadata is nested more than %d deep",
                MS_MANIFEST_METADATA_DEPTH_MAX);
    if (item.kind == MS_CBOR_MAP)
        return write_map(cursor, item.value, json, depth + 1, err);
    return write_array(cursor, item.value, json, depth + 1, err);
}

static ms_status write_whole(ms_cursor *cursor, ms_json_writer *json, ms_error *err)
{
    ms_cursor ahead = *cursor;
    ms_cbor_item item;
    ms_status status = ms_cbor_read(&ahead, &item, err);

    if (status != MS_OK)
        return status;
    if (item.kind == MS_CBOR_MAP)
        return write_value(cursor, json, 0, err);
    (void)ms_fail(err, MS_MALFORMED, "metadata_map", "Metadata is not a map");
    ms_error_set_offset(err, item.offset);
    return MS_MALFORMED;
}

ms_status ms_manifest_metadata_skip(ms_cursor *cursor, ms_error *err)
{
    return write_whole(cursor, NULL, err);
}

ms_status ms_manifest_metadata_write_json(ms_span metadata, ms_json_writer *json, ms_error *err)
{
    ms_cursor cursor = ms_cursor_of(metadata);
    ms_cursor ahead = cursor;
    ms_status status;

    assert(json->depth + MS_MANIFEST_METADATA_DEPTH_MAX + 2 <= MS_JSON_DEPTH_MAX);
    if (metadata.size == 0) {
        ms_json_begin_object(json);
        ms_json_end_object(json);
        return MS_OK;
    }
    /* Checked as a whole first: a document is never left half written. */
    status = write_whole(&ahead, NULL, err);
    if (status == MS_OK)
        status = ms_cbor_end(&ahead, err);
    if (status == MS_OK)
        status = write_whole(&cursor, json, err);
    return status;
}
