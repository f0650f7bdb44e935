/* The head: a map whose keys, kinds and order are all fixed, read and checked in one pass. */
#include "manifest/manifest_head.h"

#include <string.h>

#include "base/checked.h"
#include "codec/cbor.h"
#include "codec/text.h"

#define KEY_QUOTE_MAX 40

/* In canonical order: shorter keys first, then by bytes. */
typedef enum head_key {
    KEY_V,
    KEY_CT,
    KEY_EXT,
    KEY_INFO,
    KEY_ROOT,
    KEY_SIZE,
    KEY_COUNT,
    KEYS
} head_key;

static const char *const key_names[KEYS] = {"v", "ct", "ext", "info", "root", "size", "count"};

static ms_span key_span(head_key key)
{
    return ms_span_of(key_names[key], strlen(key_names[key]));
}

static head_key find_key(ms_span key)
{
    for (int i = 0; i < KEYS; i++) {
        if (ms_span_equal(key, key_span((head_key)i)))
            return (head_key)i;
    }
    return KEYS;
}

/* Rules that reading and writing share */

static bool is_link_to(const ms_cid *cid, uint32_t codec)
{
    return cid->version == 1 && cid->hash == MS_HASH_SHA2_256 && cid->codec == codec;
}

static ms_status check_head(const ms_manifest_head *head, ms_status status, ms_error *err)
{
    uint64_t room = 0;

    if (!is_link_to(&head->info, MS_CODEC_DAG_CBOR) ||
            (head->has_ext && !is_link_to(&head->ext, MS_CODEC_DAG_CBOR)))
        return ms_fail(err, status, "manifest_link",
                "The links info and ext of a manifest are CIDv1 of dag-cbor with SHA-256");
    if (!is_link_to(&head->root, MS_CODEC_RAW) && !is_link_to(&head->root, MS_CODEC_DAG_PB))
        return ms_fail(err, status, "manifest_link",
                "The link root of a manifest is a CIDv1 of raw or dag-pb with SHA-256");
    if (head->count == 0 || head->count > INT64_MAX)
        return ms_fail(err, status, "manifest_count", "A manifest has 1 to 2^63-1 chunks");
    if (head->size > INT64_MAX)
        return ms_fail(err, status, "manifest_size", "A manifest has a size of 2^63 or more");
    if (ms_mul_u64(&room, head->count, MS_MANIFEST_CHUNK_SIZE_MAX) && head->size > room)
        return ms_fail(err, status, "manifest_size",
                "A manifest says more bytes than its chunks can hold");
    return MS_OK;
}

/* Writing */

static ms_status write_link(ms_buffer *out, head_key key, const ms_cid *cid, ms_error *err)
{
    uint8_t binary[MS_CID_BINARY_SIZE_MAX];
    size_t size = ms_cid_encode(cid, binary);
    ms_status status = ms_cbor_write_text(out, key_span(key), err);

    return status == MS_OK ? ms_cbor_write_link(out, ms_span_of(binary, size), err) : status;
}

static ms_status write_number(ms_buffer *out, head_key key, uint64_t value, ms_error *err)
{
    ms_status status = ms_cbor_write_text(out, key_span(key), err);

    return status == MS_OK ? ms_cbor_write_unsigned(out, value, err) : status;
}

static ms_status write_head(const ms_manifest_head *head, ms_buffer *out, ms_error *err)
{
    ms_status status = ms_cbor_write_map(out, head->has_ext ? KEYS : KEYS - 1, err);

    if (status == MS_OK)
        status = write_number(out, KEY_V, MS_MANIFEST_VERSION, err);
    if (status == MS_OK)
        status = ms_cbor_write_text(out, key_span(KEY_CT), err);
    if (status == MS_OK)
        status = ms_cbor_write_bytes(
                out, ms_span_of(head->chunk_root, sizeof head->chunk_root), err);
    if (status == MS_OK && head->has_ext)
        status = write_link(out, KEY_EXT, &head->ext, err);
    if (status == MS_OK)
        status = write_link(out, KEY_INFO, &head->info, err);
    if (status == MS_OK)
        status = write_link(out, KEY_ROOT, &head->root, err);
    if (status == MS_OK)
        status = write_number(out, KEY_SIZE, head->size, err);
    if (status == MS_OK)
        status = write_number(out, KEY_COUNT, head->count, err);
    return status;
}

ms_status ms_manifest_head_encode(const ms_manifest_head *head, ms_buffer *out, ms_error *err)
{
    size_t before = out->size;
    ms_status status = check_head(head, MS_USAGE, err);

    if (status == MS_OK)
        status = write_head(head, out, err);
    if (status != MS_OK)
        out->size = before;
    return status;
}

/* Reading */

static ms_status refuse_at(ms_error *err, const char *reason, size_t offset, const char *sentence)
{
    (void)ms_fail(err, MS_MALFORMED, reason, "%s", sentence);
    ms_error_set_offset(err, offset);
    return MS_MALFORMED;
}

static ms_status refuse_key(ms_span key, size_t offset, ms_error *err)
{
    size_t size = MS_MIN(key.size, (size_t)KEY_QUOTE_MAX);
    ms_buffer quote;

    ms_buffer_init(&quote, (size_t)KEY_QUOTE_MAX * 8);
    if (ms_text_append_escaped(&quote, (const char *)key.data, size, NULL) != MS_OK)
        ms_buffer_clear(&quote);
    (void)ms_fail(err, MS_MALFORMED, "manifest_key",
            "A manifest has the key \"%.*s%s\", which version 1 does not know", (int)quote.size,
            quote.data == NULL ? "" : (const char *)quote.data, size < key.size ? "..." : "");
    ms_error_set_hint(err, "A newer model-storage may have written it.");
    ms_error_set_offset(err, offset);
    ms_buffer_release(&quote);
    return MS_MALFORMED;
}

static ms_status read_version(ms_cursor *cursor, ms_error *err)
{
    ms_cbor_item item;
    ms_status status = ms_cbor_read(cursor, &item, err);

    if (status != MS_OK)
        return status;
    if (item.kind == MS_CBOR_UNSIGNED && item.value == MS_MANIFEST_VERSION)
        return MS_OK;
    status = refuse_at(err, "manifest_version", item.offset,
            "A manifest is of a version that this program does not know");
    ms_error_set_hint(err, "A newer model-storage may have written it.");
    return status;
}

static ms_status read_chunk_root(ms_cursor *cursor, ms_manifest_head *head, ms_error *err)
{
    ms_cbor_item item;
    ms_status status = ms_cbor_expect(cursor, &item, MS_CBOR_BYTES, err);

    if (status != MS_OK)
        return status;
    if (item.bytes.size != sizeof head->chunk_root)
        return refuse_at(err, "manifest_root_size", item.offset,
                "A manifest has a chunk root that is not 32 bytes");
    memcpy(head->chunk_root, item.bytes.data, sizeof head->chunk_root);
    return MS_OK;
}

static ms_status read_link(ms_cursor *cursor, ms_cid *cid, ms_error *err)
{
    ms_cbor_item item;
    ms_status status = ms_cbor_expect(cursor, &item, MS_CBOR_LINK, err);

    if (status == MS_OK)
        status = ms_cid_decode(cid, item.bytes, err);
    return status;
}

static ms_status read_number(ms_cursor *cursor, uint64_t *value, ms_error *err)
{
    ms_cbor_item item;
    ms_status status = ms_cbor_expect(cursor, &item, MS_CBOR_UNSIGNED, err);

    if (status == MS_OK)
        *value = item.value;
    return status;
}

static ms_status read_value(ms_cursor *cursor, head_key key, ms_manifest_head *head, ms_error *err)
{
    switch (key) {
    case KEY_V:
        return read_version(cursor, err);
    case KEY_CT:
        return read_chunk_root(cursor, head, err);
    case KEY_EXT:
        head->has_ext = true;
        return read_link(cursor, &head->ext, err);
    case KEY_INFO:
        return read_link(cursor, &head->info, err);
    case KEY_ROOT:
        return read_link(cursor, &head->root, err);
    case KEY_SIZE:
        return read_number(cursor, &head->size, err);
    case KEY_COUNT:
        return read_number(cursor, &head->count, err);
    case KEYS:
        break;
    }
    return MS_INTERNAL;
}

/* Canonical order makes v the first of the known keys, so another version is noticed before
 * whatever else that version may have changed. */
static ms_status read_pairs(
        ms_cursor *cursor, uint64_t pairs, ms_manifest_head *head, ms_error *err)
{
    bool seen[KEYS] = {false};
    ms_span previous = {0};

    for (uint64_t i = 0; i < pairs; i++) {
        size_t offset = cursor->position;
        ms_span text;
        head_key key;
        ms_status status = ms_cbor_key(cursor, &previous, &text, err);

        if (status != MS_OK)
            return status;
        key = find_key(text);
        if (key == KEYS)
            return refuse_key(text, offset, err);
        seen[key] = true;
        status = read_value(cursor, key, head, err);
        if (status != MS_OK)
            return status;
    }
    for (int key = 0; key < KEYS; key++) {
        if (key != KEY_EXT && !seen[key])
            return ms_fail(err, MS_MALFORMED, "manifest_missing", "A manifest lacks the key \"%s\"",
                    key_names[key]);
    }
    return MS_OK;
}

ms_status ms_manifest_head_decode(ms_manifest_head *head, ms_span block, ms_error *err)
{
    ms_cursor cursor = ms_cursor_of(block);
    ms_cbor_item map;
    ms_status status;

    *head = (ms_manifest_head){0};
    if (block.size > MS_MANIFEST_HEAD_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "manifest_size_max", "A manifest has %zu bytes, more than %d",
                block.size, MS_MANIFEST_HEAD_SIZE_MAX);
    status = ms_cbor_expect(&cursor, &map, MS_CBOR_MAP, err);
    if (status == MS_OK)
        status = read_pairs(&cursor, map.value, head, err);
    if (status == MS_OK)
        status = ms_cbor_end(&cursor, err);
    if (status == MS_OK)
        status = check_head(head, MS_MALFORMED, err);
    if (status != MS_OK)
        *head = (ms_manifest_head){0};
    return status;
}
