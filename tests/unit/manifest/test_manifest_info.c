/* Info blocks: known texts, kept unknown keys, and what is refused. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/cbor.h"
#include "codec/text.h"
#include "doubles/short_memory.h"
#include "manifest/manifest_info.h"

/* Parts of an info block in hex. */
#define NAME                                                                                       \
    "646e616d65"                                                                                   \
    "624d79" /* "My" */
#define CHUNKER                                                                                    \
    "676368756e6b6572"                                                                             \
    "6473697a65" /* "size" */
#define METADATA                                                                                   \
    "686d65746164617461"                                                                           \
    "a161616178" /* a: x */
#define STORED                                                                                     \
    "6a73746f7265644e616d65"                                                                       \
    "616d" /* "m" */
#define DESCRIPTION                                                                                \
    "6b6465736372697074696f6e"                                                                     \
    "6164" /* "d" */
#define INFO "a4" NAME CHUNKER METADATA STORED
#define NESTED_8                                                                                   \
    "a1"                                                                                           \
    "6161"                                                                                         \
    "81818181818181" /* a map and seven lists */

static ms_span block_of(const char *hex, uint8_t *out, size_t out_max)
{
    size_t size = strlen(hex) / 2;

    assert_true(size <= out_max);
    assert_int_equal(ms_hex_decode(out, size, hex, size * 2, NULL), MS_OK);
    return ms_span_of(out, size);
}

static ms_span text(const char *value)
{
    return ms_span_of(value, strlen(value));
}

static void test_every_bad_block_is_refused_with_its_reason(void **state)
{
    static const struct {
        const char *hex;
        const char *reason; /* NULL: any */
        ms_status status;
    } rows[] = {
            {"", "truncated", MS_MALFORMED}, {"80", NULL, MS_MALFORMED},
            {"a0", "info_missing", MS_MALFORMED},
            {"a3" CHUNKER METADATA STORED, "info_missing", MS_MALFORMED},
            {"a3" NAME METADATA STORED, "info_missing", MS_MALFORMED},
            {"a3" NAME CHUNKER STORED, "info_missing", MS_MALFORMED},
            {"a3" NAME CHUNKER METADATA, "info_missing", MS_MALFORMED},
            {INFO "00", "trailing_bytes", MS_MALFORMED},
            {"a4" CHUNKER NAME METADATA STORED, "cbor_key_order", MS_MALFORMED},
            {"a5" NAME NAME CHUNKER METADATA STORED, "cbor_duplicate_key", MS_MALFORMED},
            {"a4"
             "646e616d65"
             "424d79" CHUNKER METADATA STORED,
                    NULL, MS_MALFORMED}, /* name as bytes */
            {"a4"
             "646e616d65"
             "61ff" CHUNKER METADATA STORED,
                    "cbor_text", MS_MALFORMED},
            {"a4" NAME CHUNKER "686d65746164617461"
             "80" STORED,
                    "metadata_map", MS_MALFORMED},
            {"a4" NAME CHUNKER "686d65746164617461"
             "a2616201616101" STORED,
                    "cbor_key_order", MS_MALFORMED},
            {"a4" NAME CHUNKER "686d65746164617461"
             "a20101"
             "0202" STORED,
                    NULL, MS_MALFORMED}, /* keys are numbers */
            {"a4" NAME CHUNKER "686d65746164617461"
             "a16161"
             "fb7ff8000000000000" STORED,
                    "cbor_float", MS_MALFORMED},
            {"a4" NAME CHUNKER "686d65746164617461"
             "a16161"
             "d82a4100" STORED,
                    NULL, MS_MALFORMED}, /* no CID */
            {"a4" NAME CHUNKER "686d65746164617461" NESTED_8 "81"
             "80" STORED,
                    "metadata_depth", MS_LIMIT},
            {"a4" NAME CHUNKER METADATA "6a73746f7265644e616d65"
             "622e2e",
                    "path_dotdot", MS_MALFORMED},
            {"a4" NAME CHUNKER METADATA "6a73746f7265644e616d65"
             "63612f62",
                    "path_slash", MS_MALFORMED},
            {"a4" NAME CHUNKER METADATA "6a73746f7265644e616d65"
             "60",
                    "path_empty_part", MS_MALFORMED},
            {"a5"
             "6161"
             "ff" NAME CHUNKER METADATA STORED,
                    "cbor_indefinite", MS_MALFORMED}, /* inside an unknown key */
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error err = MS_ERROR_INIT;
        uint8_t bytes[512];
        ms_manifest_info info;
        ms_status status =
                ms_manifest_info_decode(&info, block_of(rows[i].hex, bytes, sizeof bytes), &err);

        if (status != rows[i].status ||
                (rows[i].reason != NULL && strcmp(err.reason, rows[i].reason) != 0))
            fail_msg("row %zu: %d %s instead of %s", i, status, err.reason, rows[i].reason);
        assert_int_equal(info.name.size + info.unknown_from.size, 0);
    }
}

static void test_texts_of_a_block_are_found(void **state)
{
    ms_error err = MS_ERROR_INIT;
    uint8_t bytes[512];
    ms_manifest_info info;

    (void)state;
    assert_int_equal(
            ms_manifest_info_decode(&info, block_of(INFO, bytes, sizeof bytes), &err), MS_OK);
    assert_true(ms_span_equal(info.name, text("My")));
    assert_true(ms_span_equal(info.chunker, text("size")));
    assert_true(ms_span_equal(info.stored_name, text("m")));
    assert_int_equal(info.metadata.size, 5);
    assert_false(info.has_description);
    assert_int_equal(
            ms_manifest_info_decode(&info,
                    block_of("a5" NAME CHUNKER METADATA STORED DESCRIPTION, bytes, sizeof bytes),
                    &err),
            MS_OK);
    assert_true(info.has_description && ms_span_equal(info.description, text("d")));
    assert_int_equal(ms_manifest_info_decode(&info,
                             block_of("a4" NAME CHUNKER "686d65746164617461" NESTED_8 "80" STORED,
                                     bytes, sizeof bytes),
                             &err),
            MS_LIMIT);
    assert_int_equal(ms_manifest_info_decode(&info,
                             block_of("a4" NAME CHUNKER "686d65746164617461" NESTED_8 "f6" STORED,
                                     bytes, sizeof bytes),
                             &err),
            MS_OK);
}

/* Unknown keys before, between and after ours come back where they were, values as they stand. */
static void test_unknown_keys_are_kept(void **state)
{
    static const char *const blocks[] = {
            INFO,
            "a5" NAME CHUNKER METADATA STORED DESCRIPTION,
            "a5"
            "6161"
            "01" NAME CHUNKER METADATA STORED,
            "a5" NAME "657a7a7a7a7a"
            "fb3ff8000000000000" CHUNKER METADATA STORED,
            "a6" NAME CHUNKER METADATA "697a7a7a7a7a7a7a7a7a"
            "a1616181f6" STORED "6c616161616161616161616161"
            "6178",
            "a7"
            "60"
            "f6" NAME CHUNKER METADATA STORED DESCRIPTION "6c7a7a7a7a7a7a7a7a7a7a7a7a"
            "4101",
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(blocks); i++) {
        ms_error err = MS_ERROR_INIT;
        uint8_t bytes[512];
        ms_span block = block_of(blocks[i], bytes, sizeof bytes);
        ms_manifest_info info;
        ms_buffer out;

        ms_buffer_init(&out, MS_MANIFEST_INFO_SIZE_MAX);
        if (ms_manifest_info_decode(&info, block, &err) != MS_OK ||
                ms_manifest_info_encode(&info, &out, &err) != MS_OK)
            fail_msg("block %zu: %s", i, err.message);
        assert_int_equal(out.size, block.size);
        assert_memory_equal(out.data, block.data, block.size);
        ms_buffer_release(&out);
    }
}

static void test_a_changed_text_leaves_unknown_keys_alone(void **state)
{
    ms_manifest_info again;
    ms_manifest_info info;
    uint8_t bytes[512];
    ms_buffer out;

    (void)state;
    ms_buffer_init(&out, MS_MANIFEST_INFO_SIZE_MAX);
    assert_int_equal(ms_manifest_info_decode(&info,
                             block_of("a5"
                                      "6161"
                                      "01" NAME CHUNKER METADATA STORED,
                                     bytes, sizeof bytes),
                             NULL),
            MS_OK);
    info.name = text("Another");
    info.has_description = true;
    info.description = text("");
    info.metadata = ms_span_of(NULL, 0);
    assert_int_equal(ms_manifest_info_encode(&info, &out, NULL), MS_OK);
    assert_memory_equal(out.data, "\xa6\x61\x61\x01", 4);
    assert_int_equal(ms_manifest_info_decode(&again, ms_buffer_span(&out), NULL), MS_OK);
    assert_true(ms_span_equal(again.name, text("Another")));
    assert_int_equal(again.metadata.size, 1);
    assert_true(again.has_description && again.description.size == 0);
    ms_buffer_release(&out);
}

static void test_what_readers_refuse_is_not_written(void **state)
{
    static char long_text[MS_MANIFEST_DESCRIPTION_SIZE_MAX + 1];
    const ms_manifest_info good = {
            .name = text("n"), .chunker = text("size-1048576"), .stored_name = text("s")};
    ms_manifest_info info;
    ms_buffer out;

    (void)state;
    memset(long_text, 'x', sizeof long_text);
    ms_buffer_init(&out, MS_MANIFEST_INFO_SIZE_MAX * 2);
    info = good;
    info.stored_name = text("a/b");
    assert_int_equal(ms_manifest_info_encode(&info, &out, NULL), MS_MALFORMED);
    info = good;
    info.name = ms_span_of(long_text, MS_MANIFEST_NAME_SIZE_MAX + 1);
    assert_int_equal(ms_manifest_info_encode(&info, &out, NULL), MS_LIMIT);
    info = good;
    info.has_description = true;
    info.description = ms_span_of(long_text, sizeof long_text);
    assert_int_equal(ms_manifest_info_encode(&info, &out, NULL), MS_LIMIT);
    info = good;
    info.name = text("\xff");
    assert_int_equal(ms_manifest_info_encode(&info, &out, NULL), MS_MALFORMED);
    info = good;
    info.name = ms_span_of("good\0evil", 9);
    assert_int_equal(ms_manifest_info_encode(&info, &out, NULL), MS_MALFORMED);
    info = good;
    info.metadata = text("\x80");
    assert_int_equal(ms_manifest_info_encode(&info, &out, NULL), MS_MALFORMED);
    info = good;
    info.metadata = text("\xa1\x61\x61\x01\x01");
    assert_int_equal(ms_manifest_info_encode(&info, &out, NULL), MS_MALFORMED);
    assert_int_equal(out.size, 0);
    assert_int_equal(ms_manifest_info_encode(&good, &out, NULL), MS_OK);
    ms_buffer_release(&out);
}

static void test_a_block_ends_at_one_mebibyte(void **state)
{
    ms_manifest_info info = {.name = text("n"), .chunker = text("c"), .stored_name = text("s")};
    uint8_t *large = calloc(1, MS_MANIFEST_INFO_SIZE_MAX + 1);
    ms_error err = MS_ERROR_INIT;
    ms_manifest_info again;
    ms_buffer metadata;
    ms_buffer out;

    (void)state;
    assert_non_null(large);
    assert_int_equal(
            ms_manifest_info_decode(&again, ms_span_of(large, MS_MANIFEST_INFO_SIZE_MAX + 1), &err),
            MS_LIMIT);
    assert_string_equal(err.reason, "info_size_max");
    ms_buffer_init(&metadata, MS_MANIFEST_INFO_SIZE_MAX * 2);
    ms_buffer_init(&out, MS_MANIFEST_INFO_SIZE_MAX * 2);
    assert_int_equal(ms_cbor_write_map(&metadata, 1, NULL), MS_OK);
    assert_int_equal(ms_cbor_write_text(&metadata, text("k"), NULL), MS_OK);
    assert_int_equal(
            ms_cbor_write_bytes(&metadata, ms_span_of(large, MS_MANIFEST_INFO_SIZE_MAX), NULL),
            MS_OK);
    info.metadata = ms_buffer_span(&metadata);
    assert_int_equal(ms_manifest_info_encode(&info, &out, &err), MS_LIMIT);
    assert_string_equal(err.reason, "info_size_max");
    assert_int_equal(out.size, 0);
    ms_buffer_release(&out);
    ms_buffer_release(&metadata);
    free(large);
}

static void test_a_block_cut_anywhere_is_refused(void **state)
{
    uint8_t whole[512];
    ms_span block = block_of("a6"
                             "6161"
                             "01" NAME CHUNKER METADATA STORED DESCRIPTION,
            whole, sizeof whole);

    (void)state;
    for (size_t cut = 0; cut < block.size; cut++) {
        uint8_t *bytes = malloc(cut > 0 ? cut : 1);
        ms_manifest_info info;

        assert_non_null(bytes);
        memcpy(bytes, whole, cut);
        assert_int_equal(
                ms_manifest_info_decode(&info, ms_span_of(bytes, cut), NULL), MS_MALFORMED);
        free(bytes);
    }
}

static ms_status write_all(ms_buffer *out)
{
    ms_manifest_info info = {.name = text("n"), .chunker = text("c"), .stored_name = text("s")};
    ms_manifest_metadata metadata;
    ms_buffer pairs;
    ms_status status = MS_OK;

    ms_buffer_init(&pairs, 4096);
    ms_manifest_metadata_init(&metadata);
    for (char key[2] = "a"; key[0] < 'u' && status == MS_OK; key[0]++)
        status = ms_manifest_metadata_add(&metadata, text(key), text("value"), NULL);
    if (status == MS_OK)
        status = ms_manifest_metadata_write(&metadata, &pairs, NULL);
    info.metadata = ms_buffer_span(&pairs);
    if (status == MS_OK)
        status = ms_manifest_info_encode(&info, out, NULL);
    ms_manifest_metadata_release(&metadata);
    ms_buffer_release(&pairs);
    return status;
}

static void test_every_allocation_may_fail(void **state)
{
    size_t fail_at = 0;
    ms_status status;

    (void)state;
    do {
        ms_buffer out;
        size_t left;

        ms_buffer_init(&out, MS_MANIFEST_INFO_SIZE_MAX);
        short_memory_begin(++fail_at);
        status = write_all(&out);
        assert_true(status == MS_OK || (status == MS_NO_MEMORY && out.size == 0));
        ms_buffer_release(&out);
        left = short_memory_end();
        assert_int_equal(left, 0);
    } while (status != MS_OK);
    assert_true(fail_at > 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_every_bad_block_is_refused_with_its_reason),
            cmocka_unit_test(test_texts_of_a_block_are_found),
            cmocka_unit_test(test_unknown_keys_are_kept),
            cmocka_unit_test(test_a_changed_text_leaves_unknown_keys_alone),
            cmocka_unit_test(test_what_readers_refuse_is_not_written),
            cmocka_unit_test(test_a_block_ends_at_one_mebibyte),
            cmocka_unit_test(test_a_block_cut_anywhere_is_refused),
            cmocka_unit_test(test_every_allocation_may_fail),
    };

    return cmocka_run_group_tests_name("manifest/manifest_info", tests, NULL, NULL);
}
