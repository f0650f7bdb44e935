/* The info block: known keys by name, unknown ones carried along as they stand. */
#include "manifest/manifest_info.h"

#include <string.h>

#include "base/checked.h"
#include "codec/cbor.h"
#include "codec/path.h"
#include "codec/text.h"

/* In canonical order: shorter keys first, then by bytes. */
typedef enum info_key {
    KEY_NAME,
    KEY_CHUNKER,
    KEY_METADATA,
    KEY_STORED_NAME,
    KEY_DESCRIPTION,
    KEYS
} info_key;

static const char *const key_names[KEYS] = {
        "name", "chunker", "metadata", "storedName", "description"};

static ms_span key_span(info_key key)
{
    return ms_span_of(key_names[key], strlen(key_names[key]));
}

static info_key find_key(ms_span key)
{
    for (int i = 0; i < KEYS; i++) {
        if (ms_span_equal(key, key_span((info_key)i)))
            return (info_key)i;
    }
    return KEYS;
}

/* Rules that reading and writing share */

static ms_status check_text(ms_span text, size_t size_max, info_key key, ms_error *err)
{
    if (text.size > size_max)
        return ms_fail(err, MS_LIMIT, "info_text_size",
                "The text \"%s\" of a manifest has more than %zu bytes", key_names[key], size_max);
    if (!ms_utf8_is_valid((const char *)text.data, text.size, NULL))
        return ms_fail(err, MS_MALFORMED, "cbor_text", "The text \"%s\" of a manifest is not UTF-8",
                key_names[key]);
    /* Whoever takes the text for one that ends at a NUL sees another text. */
    if (text.size > 0 && memchr(text.data, 0, text.size) != NULL)
        return ms_fail(err, MS_MALFORMED, "info_text_nul",
                "The text \"%s\" of a manifest holds a NUL", key_names[key]);
    return MS_OK;
}

static ms_status check_info(const ms_manifest_info *info, ms_error *err)
{
    ms_status status = check_text(info->name, MS_MANIFEST_NAME_SIZE_MAX, KEY_NAME, err);

    if (status == MS_OK)
        status = check_text(info->chunker, MS_MANIFEST_CHUNKER_SIZE_MAX, KEY_CHUNKER, err);
    if (status == MS_OK)
        status = check_text(
                info->description, MS_MANIFEST_DESCRIPTION_SIZE_MAX, KEY_DESCRIPTION, err);
    if (status == MS_OK)
        status = ms_path_check_name(info->stored_name, err);
    return status;
}

/* Reading */

static ms_status read_text(ms_cursor *cursor, ms_span *text, ms_error *err)
{
    ms_cbor_item item;
    ms_status status = ms_cbor_expect(cursor, &item, MS_CBOR_TEXT, err);

    if (status == MS_OK)
        *text = item.bytes;
    return status;
}

static ms_status read_value(ms_cursor *cursor, info_key key, ms_manifest_info *info, ms_error *err)
{
    size_t start = cursor->position;
    ms_status status;

    switch (key) {
    case KEY_NAME:
        return read_text(cursor, &info->name, err);
    case KEY_CHUNKER:
        return read_text(cursor, &info->chunker, err);
    case KEY_METADATA:
        status = ms_manifest_metadata_skip(cursor, err);
        info->metadata = ms_span_of(cursor->data + start, cursor->position - start);
        return status;
    case KEY_STORED_NAME:
        return read_text(cursor, &info->stored_name, err);
    case KEY_DESCRIPTION:
        info->has_description = true;
        return read_text(cursor, &info->description, err);
    case KEYS:
        break;
    }
    return ms_cbor_skip(cursor, err);
}

static ms_status read_pairs(
        ms_cursor *cursor, uint64_t pairs, ms_manifest_info *info, ms_error *err)
{
    bool seen[KEYS + 1] = {false};
    ms_span previous = {0};

    for (uint64_t i = 0; i < pairs; i++) {
        ms_span text;
        info_key key;
        ms_status status = ms_cbor_key(cursor, &previous, &text, err);

        if (status != MS_OK)
            return status;
        key = find_key(text);
        seen[key] = true;
        status = read_value(cursor, key, info, err);
        if (status != MS_OK)
            return status;
    }
    for (int key = 0; key < KEYS; key++) {
        if (key != KEY_DESCRIPTION && !seen[key])
            return ms_fail(err, MS_MALFORMED, "info_missing",
                    "The info block of a manifest lacks the key \"%s\"", key_names[key]);
    }
    return MS_OK;
}

ms_status ms_manifest_info_decode(ms_manifest_info *info, ms_span block, ms_error *err)
{
    ms_cursor cursor = ms_cursor_of(block);
    ms_cbor_item map;
    ms_status status;

    *info = (ms_manifest_info){0};
    if (block.size > MS_MANIFEST_INFO_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "info_size_max",
                "The info block of a manifest has %zu bytes, more than %zu", block.size,
                MS_MANIFEST_INFO_SIZE_MAX);
    status = ms_cbor_expect(&cursor, &map, MS_CBOR_MAP, err);
    if (status == MS_OK)
        status = read_pairs(&cursor, map.value, info, err);
    if (status == MS_OK)
        status = ms_cbor_end(&cursor, err);
    if (status == MS_OK)
        status = check_info(info, err);
    info->unknown_from = block;
    if (status != MS_OK)
        *info = (ms_manifest_info){0};
    return status;
}

/* Writing: two sorted lists of pairs, ours and the unknown ones, are merged. */

/* Unknown pairs of an older block, in order. */
typedef struct unknown_pairs {
    ms_cursor cursor;
    uint64_t left; /* pairs that were not looked at */
    ms_span previous;
    ms_span key; /* of the present pair; data is NULL when there is none */
    ms_span value;
} unknown_pairs;

static ms_status next_unknown(unknown_pairs *unknown, ms_error *err)
{
    ms_cursor *cursor = &unknown->cursor;

    unknown->key = ms_span_of(NULL, 0);
    while (unknown->left > 0) {
        ms_span key;
        size_t start;
        ms_status status = ms_cbor_key(cursor, &unknown->previous, &key, err);

        start = cursor->position;
        if (status == MS_OK)
            status = ms_cbor_skip(cursor, err);
        if (status != MS_OK)
            return status;
        unknown->left--;
        if (find_key(key) != KEYS)
            continue;
        unknown->key = key;
        unknown->value = ms_span_of(cursor->data + start, cursor->position - start);
        return MS_OK;
    }
    return MS_OK;
}

static ms_status begin_unknown(unknown_pairs *unknown, ms_span block, ms_error *err)
{
    ms_cbor_item map;
    ms_status status;

    *unknown = (unknown_pairs){.cursor = ms_cursor_of(block)};
    if (block.size == 0)
        return MS_OK;
    status = ms_cbor_expect(&unknown->cursor, &map, MS_CBOR_MAP, err);
    if (status != MS_OK)
        return status;
    unknown->left = map.value;
    return next_unknown(unknown, err);
}

static ms_status count_unknown(ms_span block, uint64_t *count, ms_error *err)
{
    unknown_pairs unknown;
    ms_status status = begin_unknown(&unknown, block, err);

    *count = 0;
    while (status == MS_OK && unknown.key.data != NULL) {
        (*count)++;
        status = next_unknown(&unknown, err);
    }
    return status;
}

static ms_status write_unknown_before(
        unknown_pairs *unknown, ms_span key, ms_buffer *out, ms_error *err)
{
    ms_status status = MS_OK;

    while (status == MS_OK && unknown->key.data != NULL &&
            (key.data == NULL || ms_cbor_key_compare(unknown->key, key) < 0)) {
        status = ms_cbor_write_text(out, unknown->key, err);
        if (status == MS_OK)
            status = ms_buffer_append(out, unknown->value.data, unknown->value.size, err);
        if (status == MS_OK)
            status = next_unknown(unknown, err);
    }
    return status;
}

static ms_status write_metadata(ms_span metadata, ms_buffer *out, ms_error *err)
{
    ms_cursor cursor = ms_cursor_of(metadata);
    ms_status status;

    if (metadata.size == 0)
        return ms_cbor_write_map(out, 0, err);
    status = ms_manifest_metadata_skip(&cursor, err);
    if (status == MS_OK)
        status = ms_cbor_end(&cursor, err);
    if (status == MS_OK)
        status = ms_buffer_append(out, metadata.data, metadata.size, err);
    return status;
}

static ms_status write_value(
        const ms_manifest_info *info, info_key key, ms_buffer *out, ms_error *err)
{
    const ms_span texts[KEYS] = {[KEY_NAME] = info->name,
            [KEY_CHUNKER] = info->chunker,
            [KEY_STORED_NAME] = info->stored_name,
            [KEY_DESCRIPTION] = info->description};

    return key == KEY_METADATA ? write_metadata(info->metadata, out, err)
                               : ms_cbor_write_text(out, texts[key], err);
}

static ms_status write_info(const ms_manifest_info *info, ms_buffer *out, ms_error *err)
{
    unknown_pairs unknown;
    uint64_t count = 0;
    ms_status status = count_unknown(info->unknown_from, &count, err);

    if (status == MS_OK)
        status = ms_cbor_write_map(out, count + (info->has_description ? KEYS : KEYS - 1), err);
    if (status == MS_OK)
        status = begin_unknown(&unknown, info->unknown_from, err);
    for (int key = 0; key < KEYS && status == MS_OK; key++) {
        if (key == KEY_DESCRIPTION && !info->has_description)
            continue;
        status = write_unknown_before(&unknown, key_span((info_key)key), out, err);
        if (status == MS_OK)
            status = ms_cbor_write_text(out, key_span((info_key)key), err);
        if (status == MS_OK)
            status = write_value(info, (info_key)key, out, err);
    }
    if (status == MS_OK)
        status = write_unknown_before(&unknown, ms_span_of(NULL, 0), out, err);
    return status;
}

ms_status ms_manifest_info_encode(const ms_manifest_info *info, ms_buffer *out, ms_error *err)
{
    size_t before = out->size;
    ms_status status = check_info(info, err);

    if (status == MS_OK)
        status = write_info(info, out, err);
    if (status == MS_OK && out->size - before > MS_MANIFEST_INFO_SIZE_MAX)
        status = ms_fail(err, MS_LIMIT, "info_size_max",
                "The info block of a manifest would have more than %zu bytes",
                MS_MANIFEST_INFO_SIZE_MAX);
    if (status != MS_OK)
        out->size = before;
    return status;
}
