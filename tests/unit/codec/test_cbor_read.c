/* dag-cbor in: the published fixtures, every second spelling refused by name, cuts everywhere. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>

#include "base/checked.h"
#include "codec/text.h"
#include "doubles/cbor_copy.h"

#define CID_HEX "015512202cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"

static const struct refused {
    const char *hex;
    const char *reason;
    size_t offset;
} refused[] = {
        {"", "truncated", 0},
        {"c100", "cbor_tag", 0},
        {"d9d9f700", "cbor_tag", 0}, /* self-described CBOR */
        {"d82b4100", "cbor_tag", 0},
        {"d82a", "truncated", 2},
        {"d82a00", "cbor_link", 0},
        {"d82a40", "cbor_link", 0},
        {"d82a4100", "cbor_link", 0},
        {"d82a5824" CID_HEX, "cbor_link", 0},
        {"d82a582501" CID_HEX, "cbor_link", 0},
        {"d9002a582500" CID_HEX, "cbor_not_minimal", 0},
        {"d82a59002500" CID_HEX, "cbor_not_minimal", 0},
        {"1800", "cbor_not_minimal", 0},
        {"1817", "cbor_not_minimal", 0},
        {"1900ff", "cbor_not_minimal", 0},
        {"1a0000ffff", "cbor_not_minimal", 0},
        {"1b00000000ffffffff", "cbor_not_minimal", 0},
        {"3817", "cbor_not_minimal", 0},
        {"5801ff", "cbor_not_minimal", 0},
        {"780161", "cbor_not_minimal", 0},
        {"980100", "cbor_not_minimal", 0},
        {"b8016100f6", "cbor_not_minimal", 0},
        {"1c", "cbor_reserved", 0},
        {"1d", "cbor_reserved", 0},
        {"1e", "cbor_reserved", 0},
        {"1f", "cbor_indefinite", 0},
        {"5f4100ff", "cbor_indefinite", 0},
        {"7f6161ff", "cbor_indefinite", 0},
        {"9f00ff", "cbor_indefinite", 0},
        {"bf616100ff", "cbor_indefinite", 0},
        {"ff", "cbor_indefinite", 0},
        {"f93c00", "cbor_float", 0},
        {"fa3f800000", "cbor_float", 0},
        {"fb7ff8000000000000", "cbor_float", 0},
        {"fb7ff0000000000000", "cbor_float", 0},
        {"fbfff0000000000000", "cbor_float", 0},
        {"fb7ff0000000000001", "cbor_float", 0},
        {"f7", "cbor_simple", 0}, /* undefined */
        {"e0", "cbor_simple", 0},
        {"f8ff", "cbor_simple", 0},
        {"fc", "cbor_simple", 0},
        {"62c328", "cbor_text", 1},
        {"63616180", "cbor_text", 3},
        {"a2616201616101", "cbor_key_order", 4},
        {"a262616101616201", "cbor_key_order", 5}, /* the shorter key goes first */
        {"a2616101616101", "cbor_duplicate_key", 4},
        {"a260016002", "cbor_duplicate_key", 3},
        {"a3636261720363666f6f0163666f6f02", "cbor_duplicate_key", 11},
        {"a10001", "cbor_kind", 1},
        {"a1416101", "cbor_kind", 1},
        {"5b7fffffffffffffff", "truncated", 9},
        {"7b7fffffffffffffff", "truncated", 9},
        {"9b7fffffffffffffff", "truncated", 0},
        {"bb7fffffffffffffff", "truncated", 0},
        {"5bffffffffffffffff", "truncated", 9},
        {"8200", "truncated", 0},
        {"a2616100", "truncated", 0},
};

static size_t decode_hex(uint8_t *out, const char *hex)
{
    size_t size = strlen(hex) / 2;

    assert_int_equal(ms_hex_decode(out, size, hex, 2 * size, NULL), MS_OK);
    return size;
}

static void test_second_spellings_are_refused_by_name(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(refused); i++) {
        uint8_t bytes[128];
        size_t size = decode_hex(bytes, refused[i].hex);
        ms_cursor cursor = ms_cursor_of(ms_span_of(bytes, size));
        ms_error err = MS_ERROR_INIT;
        ms_status status = ms_cbor_skip(&cursor, &err);

        if (status != MS_MALFORMED || strcmp(err.reason, refused[i].reason) != 0 ||
                err.offset != (int64_t)refused[i].offset)
            print_message("%s: %d %s %d\n", refused[i].hex, status, err.reason, (int)err.offset);
        assert_int_equal(status, MS_MALFORMED);
        assert_string_equal(err.reason, refused[i].reason);
        assert_int_equal(err.offset, refused[i].offset);
        assert_int_equal(cursor.position, 0);
    }
}

static void test_published_duplicate_keys_are_refused(void **state)
{
    char json[1024] = "";
    FILE *file = fopen(MS_TEST_VECTORS "/ipld/negative/dag-cbor/duplicate-keys.json", "r");
    uint8_t bytes[128];
    unsigned count = 0;

    (void)state;
    assert_non_null(file);
    assert_true(fread(json, 1, sizeof(json) - 1, file) > 0);
    assert_int_equal(fclose(file), 0);
    for (const char *at = json; (at = strstr(at, "\"hex\": \"")) != NULL; count++) {
        char hex[256];
        ms_cursor cursor;
        ms_error err = MS_ERROR_INIT;

        at += strlen("\"hex\": \"");
        (void)snprintf(hex, sizeof(hex), "%.*s", (int)strcspn(at, "\""), at);
        cursor = ms_cursor_of(ms_span_of(bytes, decode_hex(bytes, hex)));
        assert_int_equal(ms_cbor_skip(&cursor, &err), MS_MALFORMED);
        assert_string_equal(err.reason, "cbor_duplicate_key");
    }
    assert_true(count > 0);
}

static void test_published_fixtures_are_read_and_written_again(void **state)
{
    static uint8_t car[400000];
    FILE *file = fopen(MS_TEST_VECTORS "/ipld/fixtures.car", "rb");
    ms_cursor cursor;
    ms_span header;
    uint64_t size;
    unsigned count = 0;

    (void)state;
    assert_non_null(file);
    cursor = ms_cursor_of(ms_span_of(car, fread(car, 1, sizeof(car), file)));
    assert_int_equal(fclose(file), 0);
    assert_int_equal(ms_cursor_varint(&cursor, &size, NULL), MS_OK);
    assert_int_equal(ms_cursor_take(&cursor, &header, size, NULL), MS_OK);
    while (ms_cursor_left(&cursor) > 0) {
        static const uint8_t prefix[] = {0x01, 0x71, 0x12, 0x20}; /* CIDv1, dag-cbor, sha2-256 */
        ms_span section;
        ms_cursor block;
        ms_buffer again;

        assert_int_equal(ms_cursor_varint(&cursor, &size, NULL), MS_OK);
        assert_int_equal(ms_cursor_take(&cursor, &section, size, NULL), MS_OK);
        if (section.size < 36 || memcmp(section.data, prefix, sizeof(prefix)) != 0)
            continue;
        block = ms_cursor_of(ms_span_of(section.data + 36, section.size - 36));
        ms_buffer_init(&again, block.size);
        assert_int_equal(ms_cbor_skip(&block, NULL), MS_OK);
        assert_int_equal(ms_cbor_end(&block, NULL), MS_OK);
        block.position = 0;
        assert_int_equal(cbor_copy(&block, &again, 0), MS_OK);
        assert_int_equal(again.size, block.size);
        assert_memory_equal(again.data, block.data, block.size);
        ms_buffer_release(&again);
        count++;
    }
    assert_int_equal(count, 128);
}

static void test_items_of_every_kind(void **state)
{
    uint8_t bytes[128];
    size_t size = decode_hex(bytes, "00"
                                    "1bffffffffffffffff"
                                    "20"
                                    "3bffffffffffffffff"
                                    "43010203"
                                    "63e282ac"
                                    "80"
                                    "a0"
                                    "d82a582500" CID_HEX "f4f5f6fb3ff8000000000000");
    static const struct {
        ms_cbor_kind kind;
        uint64_t value;
        size_t bytes;
        size_t offset;
    } expected[] = {
            {MS_CBOR_UNSIGNED, 0, 0, 0},
            {MS_CBOR_UNSIGNED, UINT64_MAX, 0, 1},
            {MS_CBOR_NEGATIVE, 0, 0, 10},
            {MS_CBOR_NEGATIVE, UINT64_MAX, 0, 11},
            {MS_CBOR_BYTES, 0, 3, 20},
            {MS_CBOR_TEXT, 0, 3, 24},
            {MS_CBOR_ARRAY, 0, 0, 28},
            {MS_CBOR_MAP, 0, 0, 29},
            {MS_CBOR_LINK, 0, 36, 30},
            {MS_CBOR_FALSE, 0, 0, 71},
            {MS_CBOR_TRUE, 0, 0, 72},
            {MS_CBOR_NULL, 0, 0, 73},
            {MS_CBOR_FLOAT, 0x3ff8000000000000, 0, 74},
    };
    ms_cursor cursor = ms_cursor_of(ms_span_of(bytes, size));

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(expected); i++) {
        ms_error err = MS_ERROR_INIT;
        ms_cbor_item item;
        ms_cbor_kind wrong = expected[i].kind == MS_CBOR_MAP ? MS_CBOR_ARRAY : MS_CBOR_MAP;

        assert_int_equal(ms_cbor_expect(&cursor, &item, wrong, &err), MS_MALFORMED);
        assert_string_equal(err.reason, "cbor_kind");
        assert_int_equal(err.offset, expected[i].offset);
        assert_int_equal(cursor.position, expected[i].offset);
        assert_int_equal(ms_cbor_expect(&cursor, &item, expected[i].kind, &err), MS_OK);
        assert_int_equal(item.kind, expected[i].kind);
        assert_true(item.value == expected[i].value);
        assert_int_equal(item.bytes.size, expected[i].bytes);
        assert_int_equal(item.offset, expected[i].offset);
        if (item.kind == MS_CBOR_LINK)
            assert_memory_equal(item.bytes.data, "\x01\x55\x12\x20", 4);
    }
    assert_int_equal(ms_cbor_end(&cursor, NULL), MS_OK);
}

static void test_a_document_cut_at_every_length_is_refused(void **state)
{
    uint8_t bytes[128];
    size_t size = decode_hex(bytes, "a6"
                                    "6161182a"
                                    "6162430102ff"
                                    "616383f4f5f6"
                                    "6164a26178216179fb3ff8000000000000"
                                    "6165d82a582500" CID_HEX "62616178"
                                    "18e282ace282ace282ace282ace282ace282ace282ace282ac");

    (void)state;
    for (size_t length = 0; length <= size; length++) {
        ms_cursor cursor = ms_cursor_of(ms_span_of(bytes, length));
        ms_error err = MS_ERROR_INIT;

        if (length == size) {
            assert_int_equal(ms_cbor_skip(&cursor, &err), MS_OK);
            assert_int_equal(ms_cbor_end(&cursor, &err), MS_OK);
        } else {
            assert_int_equal(ms_cbor_skip(&cursor, &err), MS_MALFORMED);
            assert_string_equal(err.reason, "truncated");
            assert_true(err.offset >= 0 && (size_t)err.offset <= length);
            assert_int_equal(cursor.position, 0);
        }
    }
}

static void test_depth_is_bounded(void **state)
{
    uint8_t bytes[1000];

    (void)state;
    for (unsigned kind = 0; kind < 2; kind++) {
        for (size_t depth = 63; depth <= 66; depth++) {
            size_t size = 0;
            ms_cursor cursor;
            ms_error err = MS_ERROR_INIT;

            for (size_t i = 0; i < depth; i++) {
                bytes[size++] = kind == 0 ? 0x81 : 0xa1;
                if (kind == 1)
                    bytes[size++] = 0x60; /* the empty key */
            }
            bytes[size++] = 0x00;
            cursor = ms_cursor_of(ms_span_of(bytes, size));
            assert_int_equal(
                    ms_cbor_skip(&cursor, &err), depth <= MS_CBOR_DEPTH_MAX ? MS_OK : MS_LIMIT);
            if (depth > MS_CBOR_DEPTH_MAX)
                assert_string_equal(err.reason, "cbor_depth");
        }
    }
}

static void test_trailing_bytes_are_refused(void **state)
{
    static const uint8_t bytes[] = {0x00, 0x00};
    ms_cursor cursor = ms_cursor_of(ms_span_of(bytes, sizeof(bytes)));
    ms_error err = MS_ERROR_INIT;

    (void)state;
    assert_int_equal(ms_cbor_skip(&cursor, &err), MS_OK);
    assert_int_equal(ms_cbor_end(&cursor, &err), MS_MALFORMED);
    assert_string_equal(err.reason, "trailing_bytes");
    assert_int_equal(err.offset, 1);
}

static void test_keys_are_ordered_by_length_then_bytes(void **state)
{
    static const char *const keys[] = {"", "a", "b", "\xc3\xa9", "aa", "ab", "aaa"};

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(keys); i++) {
        for (size_t j = 0; j < MS_ARRAY_COUNT(keys); j++) {
            /* "é" is two bytes and greater than "ab". */
            static const int place[] = {0, 1, 2, 5, 3, 4, 6};
            int order = ms_cbor_key_compare(
                    ms_span_of(keys[i], strlen(keys[i])), ms_span_of(keys[j], strlen(keys[j])));

            assert_int_equal(order < 0, place[i] < place[j]);
            assert_int_equal(order > 0, place[i] > place[j]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_second_spellings_are_refused_by_name),
            cmocka_unit_test(test_published_duplicate_keys_are_refused),
            cmocka_unit_test(test_published_fixtures_are_read_and_written_again),
            cmocka_unit_test(test_items_of_every_kind),
            cmocka_unit_test(test_a_document_cut_at_every_length_is_refused),
            cmocka_unit_test(test_depth_is_bounded),
            cmocka_unit_test(test_trailing_bytes_are_refused),
            cmocka_unit_test(test_keys_are_ordered_by_length_then_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
