/* Metadata: pairs of text in, JSON of anything out. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/text.h"
#include "manifest/manifest_metadata.h"

static ms_span text(const char *value)
{
    return ms_span_of(value, strlen(value));
}

static ms_status append(void *payload, const char *piece, size_t size, ms_error *err)
{
    return ms_buffer_append(payload, piece, size, err);
}

static ms_status write_json(ms_span metadata, ms_buffer *out, ms_error *err)
{
    static ms_json_writer json;
    ms_status status;

    ms_json_init(&json, append, out, false);
    status = ms_manifest_metadata_write_json(metadata, &json, err);
    return status == MS_OK ? ms_json_flush(&json, err) : status;
}

static void test_every_kind_of_value_is_shown(void **state)
{
    static const struct {
        const char *value; /* hex, of the key "k" */
        const char *json;
    } rows[] = {
            {"00", "0"},
            {"1bffffffffffffffff", "18446744073709551615"},
            {"1b0020000000000001", "9007199254740993"},
            {"20", "-1"},
            {"3b7fffffffffffffff", "-9223372036854775808"},
            {"3b8000000000000000", "-9223372036854775809"},
            {"3bfffffffffffffffe", "-18446744073709551615"},
            {"3bffffffffffffffff", "-18446744073709551616"},
            {"f4", "false"},
            {"f5", "true"},
            {"f6", "null"},
            {"6122", "\"\\\"\""},
            {"6101", "\"\\u0001\""},
            {"62c3a9", "\"\xc3\xa9\""},
            {"60", "\"\""},
            {"fb3ff8000000000000", "1.5"},
            {"fb0000000000000000", "0.0"},
            {"fb8000000000000000", "-0.0"},
            {"fb4000000000000000", "2.0"},
            {"fb3fb999999999999a", "0.1"},
            {"fb3fd5555555555555", "0.3333333333333333"},
            {"fb7fefffffffffffff", "1.7976931348623157e+308"},
            {"fb0000000000000001", "5e-324"},
            {"40", "{\"/\":{\"bytes\":\"\"}}"},
            {"4168", "{\"/\":{\"bytes\":\"aA\"}}"},
            {"426865", "{\"/\":{\"bytes\":\"aGU\"}}"},
            {"4368656c", "{\"/\":{\"bytes\":\"aGVs\"}}"},
            {"4568656c6c6f", "{\"/\":{\"bytes\":\"aGVsbG8\"}}"},
            {"43fffefb", "{\"/\":{\"bytes\":\"//77\"}}"},
            {"d82a58250001551220"
             "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
                    "{\"/\":\"bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq\"}"},
            {"80", "[]"},
            {"a0", "{}"},
            {"830102f6", "[1,2,null]"},
            {"a2616101616281a0", "{\"a\":1,\"b\":[{}]}"},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        uint8_t bytes[128] = {0xa1, 0x61, 'k'};
        size_t size = strlen(rows[i].value) / 2;
        ms_error err = MS_ERROR_INIT;
        char expected[256];
        ms_buffer out;

        assert_int_equal(ms_hex_decode(bytes + 3, size, rows[i].value, size * 2, NULL), MS_OK);
        ms_buffer_init(&out, 4096);
        if (write_json(ms_span_of(bytes, size + 3), &out, &err) != MS_OK)
            fail_msg("%s: %s", rows[i].value, err.message);
        (void)snprintf(expected, sizeof expected, "{\"k\":%s}", rows[i].json);
        assert_string_equal(ms_buffer_text(&out), expected);
        ms_buffer_release(&out);
    }
}

static void test_nothing_is_the_empty_object(void **state)
{
    ms_buffer out;

    (void)state;
    ms_buffer_init(&out, 16);
    assert_int_equal(write_json(ms_span_of(NULL, 0), &out, NULL), MS_OK);
    assert_string_equal(ms_buffer_text(&out), "{}");
    ms_buffer_release(&out);
}

/* The deepest that is accepted, in a document that is itself as deep as callers may be. */
static void test_depth_ends_at_its_limit(void **state)
{
    static ms_json_writer json;
    ms_error err = MS_ERROR_INIT;
    uint8_t deep[32] = {0xa1, 0x61, 'k', 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x81, 0x41, 'x'};
    ms_buffer out;

    (void)state;
    ms_buffer_init(&out, 4096);
    ms_json_init(&json, append, &out, false);
    for (unsigned i = 0; i < MS_JSON_DEPTH_MAX - MS_MANIFEST_METADATA_DEPTH_MAX - 2; i++)
        ms_json_begin_array(&json);
    assert_int_equal(ms_manifest_metadata_write_json(ms_span_of(deep, 12), &json, &err), MS_OK);
    for (unsigned i = 0; i < MS_JSON_DEPTH_MAX - MS_MANIFEST_METADATA_DEPTH_MAX - 2; i++)
        ms_json_end_array(&json);
    assert_int_equal(ms_json_flush(&json, NULL), MS_OK);
    deep[10] = 0x81;
    deep[11] = 0x41;
    deep[12] = 'x';
    ms_buffer_clear(&out);
    assert_int_equal(write_json(ms_span_of(deep, 13), &out, &err), MS_LIMIT);
    assert_string_equal(err.reason, "metadata_depth");
    ms_buffer_release(&out);
}

static void test_pairs_are_written_in_canonical_order(void **state)
{
    ms_manifest_metadata metadata;
    ms_buffer out;

    (void)state;
    ms_manifest_metadata_init(&metadata);
    ms_buffer_init(&out, 256);
    assert_int_equal(ms_manifest_metadata_add(&metadata, text("bb"), text("1"), NULL), MS_OK);
    assert_int_equal(ms_manifest_metadata_add(&metadata, text("c"), text(""), NULL), MS_OK);
    assert_int_equal(
            ms_manifest_metadata_add(&metadata, text("aa"), text("\xc3\xa9"), NULL), MS_OK);
    assert_int_equal(ms_manifest_metadata_write(&metadata, &out, NULL), MS_OK);
    assert_int_equal(out.size, 15);
    assert_memory_equal(
            out.data, "\xa3\x61\x63\x60\x62\x61\x61\x62\xc3\xa9\x62\x62\x62\x61\x31", 15);
    ms_buffer_release(&out);
    ms_manifest_metadata_release(&metadata);
}

static void test_bad_pairs_are_refused(void **state)
{
    static char long_text[MS_MANIFEST_METADATA_VALUE_SIZE_MAX + 1];
    ms_manifest_metadata metadata;
    ms_error err = MS_ERROR_INIT;
    ms_buffer out;

    (void)state;
    memset(long_text, 'x', sizeof long_text);
    ms_manifest_metadata_init(&metadata);
    assert_int_equal(ms_manifest_metadata_add(&metadata, text(""), text("1"), &err), MS_USAGE);
    assert_string_equal(err.reason, "metadata_key");
    assert_int_equal(ms_manifest_metadata_add(&metadata, text("a\xff"), text("1"), &err), MS_USAGE);
    assert_string_equal(err.reason, "metadata_text");
    assert_int_equal(
            ms_manifest_metadata_add(&metadata, text("a"), text("\xc0\x80"), &err), MS_USAGE);
    assert_int_equal(
            ms_manifest_metadata_add(&metadata, ms_span_of(long_text, 256), text("1"), &err),
            MS_LIMIT);
    assert_int_equal(ms_manifest_metadata_add(
                             &metadata, text("a"), ms_span_of(long_text, sizeof long_text), &err),
            MS_LIMIT);
    assert_string_equal(err.reason, "metadata_size");
    assert_int_equal(metadata.count, 0);
    assert_int_equal(ms_manifest_metadata_add(&metadata, text("a\x1b"), text("1"), NULL), MS_OK);
    assert_int_equal(ms_manifest_metadata_add(&metadata, text("b"), text("1"), NULL), MS_OK);
    assert_int_equal(ms_manifest_metadata_add(&metadata, text("a\x1b"), text("2"), NULL), MS_OK);
    ms_buffer_init(&out, 256);
    assert_int_equal(ms_manifest_metadata_write(&metadata, &out, &err), MS_USAGE);
    assert_string_equal(err.reason, "metadata_repeated");
    assert_non_null(strstr(err.message, "\"a\\x1b\""));
    assert_int_equal(out.size, 0);
    ms_buffer_release(&out);
    ms_manifest_metadata_release(&metadata);
}

static void test_the_number_of_pairs_has_a_limit(void **state)
{
    ms_manifest_metadata metadata;
    ms_error err = MS_ERROR_INIT;

    (void)state;
    ms_manifest_metadata_init(&metadata);
    for (unsigned i = 0; i < MS_MANIFEST_METADATA_PAIRS_MAX; i++)
        assert_int_equal(ms_manifest_metadata_add(&metadata, text("k"), text("v"), NULL), MS_OK);
    assert_int_equal(ms_manifest_metadata_add(&metadata, text("k"), text("v"), &err), MS_LIMIT);
    assert_string_equal(err.reason, "metadata_pairs");
    ms_manifest_metadata_release(&metadata);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_every_kind_of_value_is_shown),
            cmocka_unit_test(test_nothing_is_the_empty_object),
            cmocka_unit_test(test_depth_ends_at_its_limit),
            cmocka_unit_test(test_pairs_are_written_in_canonical_order),
            cmocka_unit_test(test_bad_pairs_are_refused),
            cmocka_unit_test(test_the_number_of_pairs_has_a_limit),
    };

    return cmocka_run_group_tests_name("manifest/manifest_metadata", tests, NULL, NULL);
}
