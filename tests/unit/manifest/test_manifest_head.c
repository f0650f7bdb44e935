/* Manifest heads: one spelling, every other one refused with its reason. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/text.h"
#include "manifest/manifest_head.h"

/* Parts of a head in hex. */
#define D32 "1111111111111111111111111111111111111111111111111111111111111111"
#define V1 "617601"
#define CT                                                                                         \
    "626374"                                                                                       \
    "5820" D32
#define LINK(codec)                                                                                \
    "d82a582500"                                                                                   \
    "01" codec "1220" D32
#define EXT "63657874" LINK("71")
#define INFO "64696e666f" LINK("71")
#define ROOT "64726f6f74" LINK("70")
#define RAW_ROOT "64726f6f74" LINK("55")
#define SIZE                                                                                       \
    "6473697a65"                                                                                   \
    "05"
#define COUNT                                                                                      \
    "65636f756e74"                                                                                 \
    "01"
#define HEAD "a6" V1 CT INFO ROOT SIZE COUNT
#define HEAD_WITH_EXT "a7" V1 CT EXT INFO ROOT SIZE COUNT

static ms_span block_of(const char *hex, uint8_t *out, size_t out_max)
{
    size_t size = strlen(hex) / 2;

    assert_true(size <= out_max);
    assert_int_equal(ms_hex_decode(out, size, hex, size * 2, NULL), MS_OK);
    return ms_span_of(out, size);
}

static void test_every_bad_head_is_refused_with_its_reason(void **state)
{
    static const struct {
        const char *hex;
        const char *reason;
    } rows[] = {
            {"", "truncated"},
            {"a0", "manifest_missing"},
            {"efbbbf" HEAD, NULL}, /* byte order mark */
            {HEAD "00", "trailing_bytes"},
            {"a6"
             "617602" CT INFO ROOT SIZE COUNT,
                    "manifest_version"},
            {"a1"
             "617602",
                    "manifest_version"}, /* of which nothing else is known */
            {"a2"
             "617602"
             "6378797a"
             "00",
                    "manifest_version"},
            {"a6"
             "617600" CT INFO ROOT SIZE COUNT,
                    "manifest_version"},
            {"a6"
             "61766131" CT INFO ROOT SIZE COUNT,
                    "manifest_version"}, /* "1" as text */
            {"a6"
             "6176f93c00" CT INFO ROOT SIZE COUNT,
                    "cbor_float"},
            {"a7" V1 CT INFO ROOT SIZE "6474657374"
             "00" COUNT,
                    "manifest_key"},
            {"a7"
             "616101" V1 CT INFO ROOT SIZE COUNT,
                    "manifest_key"}, /* before v */
            {"a7" V1 CT INFO ROOT SIZE COUNT "6966757475726573"
             "00",
                    NULL},
            {"a7" V1 CT INFO ROOT SIZE COUNT "6866757475726573"
             "00",
                    "manifest_key"},
            {"a5" CT INFO ROOT SIZE COUNT, "manifest_missing"},
            {"a5" V1 INFO ROOT SIZE COUNT, "manifest_missing"},
            {"a5" V1 CT ROOT SIZE COUNT, "manifest_missing"},
            {"a5" V1 CT INFO SIZE COUNT, "manifest_missing"},
            {"a5" V1 CT INFO ROOT COUNT, "manifest_missing"},
            {"a5" V1 CT INFO ROOT SIZE, "manifest_missing"},
            {"a7" V1 V1 CT INFO ROOT SIZE COUNT, "cbor_duplicate_key"},
            {"a6" CT V1 INFO ROOT SIZE COUNT, "cbor_key_order"},
            {"a6" V1 CT ROOT INFO SIZE COUNT, "cbor_key_order"},
            {"bf" V1 CT INFO ROOT SIZE COUNT "ff", "cbor_indefinite"},
            {"b806" V1 CT INFO ROOT SIZE COUNT, "cbor_not_minimal"},
            {"a6"
             "617601"
             "626374"
             "581f"
             "11111111111111111111111111111111111111111111111111111111111111" INFO ROOT SIZE COUNT,
                    "manifest_root_size"},
            {"a6" V1 "626374"
             "5821" D32 "11" INFO ROOT SIZE COUNT,
                    "manifest_root_size"},
            {"a6" V1 CT "64696e666f" LINK("55") ROOT SIZE COUNT, "manifest_link"}, /* info is raw */
            {"a6" V1 CT INFO "64726f6f74" LINK("71") SIZE COUNT,
                    "manifest_link"}, /* root is dag-cbor */
            {"a7" V1 CT "63657874" LINK("70") INFO ROOT SIZE COUNT, "manifest_link"},
            {"a6" V1 CT INFO "64726f6f74"
             "d82a582300"
             "1220" D32 SIZE COUNT,
                    "manifest_link"}, /* CIDv0 */
            {"a6" V1 CT INFO "64726f6f74"
             "d82a584500"
             "01701340" D32 D32 SIZE COUNT,
                    "manifest_link"}, /* SHA-512 */
            {"a6" V1 CT INFO "64726f6f74"
             "5824"
             "01701220" D32 SIZE COUNT,
                    NULL}, /* bytes, not a link */
            {"a6" V1 CT INFO "64726f6f74"
             "d82a5824"
             "01701220" D32 SIZE COUNT,
                    "cbor_link"}, /* no 0x00 */
            {"a6" V1 CT INFO "64726f6f74"
             "c2582500"
             "01701220" D32 SIZE COUNT,
                    "cbor_tag"},
            {"a6" V1 CT INFO ROOT "6473697a65"
             "20" COUNT,
                    NULL}, /* -1 */
            {"a6" V1 CT INFO ROOT "6473697a65"
             "fb3ff8000000000000" COUNT,
                    NULL}, /* 1.5 */
            {"a6" V1 CT INFO ROOT "6473697a65"
             "623132" COUNT,
                    NULL}, /* "12" */
            {"a6" V1 CT INFO ROOT "6473697a65"
             "1805" COUNT,
                    "cbor_not_minimal"},
            {"a6" V1 CT INFO ROOT "6473697a65"
             "1b8000000000000000"
             "65636f756e74"
             "1b7fffffffffffffff",
                    "manifest_size"},
            {"a6" V1 CT INFO ROOT "6473697a65"
             "1a00100001" COUNT,
                    "manifest_size"}, /* 1 MiB + 1 in one chunk */
            {"a6" V1 CT INFO ROOT SIZE "65636f756e74"
             "00",
                    "manifest_count"},
            {"a6" V1 CT INFO ROOT SIZE "65636f756e74"
             "1b8000000000000000",
                    "manifest_count"},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error err = MS_ERROR_INIT;
        uint8_t bytes[1024];
        ms_manifest_head head;
        ms_status status =
                ms_manifest_head_decode(&head, block_of(rows[i].hex, bytes, sizeof bytes), &err);

        if (status != MS_MALFORMED ||
                (rows[i].reason != NULL && strcmp(err.reason, rows[i].reason) != 0))
            fail_msg("row %zu: %d %s instead of %s", i, status, err.reason, rows[i].reason);
        assert_int_equal(head.count, 0);
    }
}

static void test_an_unknown_key_is_named(void **state)
{
    ms_error err = MS_ERROR_INIT;
    uint8_t bytes[512];
    ms_manifest_head head;

    (void)state;
    assert_int_equal(ms_manifest_head_decode(&head,
                             block_of("a7" V1 CT INFO ROOT SIZE COUNT "676761"
                                      "1b"
                                      "6d617073"
                                      "00",
                                     bytes, sizeof bytes),
                             &err),
            MS_MALFORMED);
    assert_string_equal(err.reason, "manifest_key");
    assert_non_null(strstr(err.message, "\"ga\\x1bmaps\""));
    assert_true(err.hint[0] != '\0');
}

static void test_good_heads_come_back_as_they_were(void **state)
{
    static const struct {
        const char *hex;
        uint64_t size;
        uint64_t count;
        bool has_ext;
        uint32_t root_codec;
    } rows[] = {
            {HEAD, 5, 1, false, MS_CODEC_DAG_PB},
            {HEAD_WITH_EXT, 5, 1, true, MS_CODEC_DAG_PB},
            {"a6" V1 CT INFO RAW_ROOT "6473697a65"
             "00" COUNT,
                    0, 1, false, MS_CODEC_RAW},
            {"a6" V1 CT INFO ROOT "6473697a65"
             "1a00100000" COUNT,
                    1 << 20, 1, false, MS_CODEC_DAG_PB},
            {"a6" V1 CT INFO ROOT "6473697a65"
             "1b0020000000000001"
             "65636f756e74"
             "1b0000000200000001",
                    (UINT64_C(1) << 53) + 1, (UINT64_C(1) << 33) + 1, false, MS_CODEC_DAG_PB},
            {"a6" V1 CT INFO ROOT "6473697a65"
             "1b7fffffffffffffff"
             "65636f756e74"
             "1b7fffffffffffffff",
                    INT64_MAX, INT64_MAX, false, MS_CODEC_DAG_PB},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error err = MS_ERROR_INIT;
        uint8_t bytes[1024];
        ms_span block = block_of(rows[i].hex, bytes, sizeof bytes);
        ms_manifest_head head;
        ms_buffer out;

        if (ms_manifest_head_decode(&head, block, &err) != MS_OK)
            fail_msg("row %zu: %s", i, err.message);
        assert_int_equal(head.size, rows[i].size);
        assert_int_equal(head.count, rows[i].count);
        assert_int_equal(head.has_ext, rows[i].has_ext);
        assert_int_equal(head.root.codec, rows[i].root_codec);
        assert_int_equal(head.info.codec, MS_CODEC_DAG_CBOR);
        assert_int_equal(head.chunk_root[31], 0x11);
        ms_buffer_init(&out, MS_MANIFEST_HEAD_SIZE_MAX);
        assert_int_equal(ms_manifest_head_encode(&head, &out, NULL), MS_OK);
        assert_int_equal(out.size, block.size);
        assert_memory_equal(out.data, block.data, block.size);
        ms_buffer_release(&out);
    }
}

/* The contract reads the chunk root at a fixed place. */
static void test_a_head_begins_as_the_contract_expects(void **state)
{
    ms_manifest_head head;
    uint8_t bytes[512];
    ms_buffer out;

    (void)state;
    ms_buffer_init(&out, MS_MANIFEST_HEAD_SIZE_MAX);
    assert_int_equal(
            ms_manifest_head_decode(&head, block_of(HEAD_WITH_EXT, bytes, sizeof bytes), NULL),
            MS_OK);
    assert_int_equal(ms_manifest_head_encode(&head, &out, NULL), MS_OK);
    assert_true(out.data[0] >= 0xa0 && out.data[0] <= 0xb7);
    assert_memory_equal(out.data + 1, "\x61\x76\x01\x62\x63\x74\x58\x20", 8);
    assert_memory_equal(out.data + 9, head.chunk_root, 32);
    ms_buffer_release(&out);
}

static void test_a_head_that_readers_refuse_is_not_written(void **state)
{
    ms_error err = MS_ERROR_INIT;
    uint8_t bytes[512];
    ms_manifest_head good;
    ms_manifest_head head;
    ms_buffer out;

    (void)state;
    ms_buffer_init(&out, MS_MANIFEST_HEAD_SIZE_MAX);
    assert_int_equal(
            ms_manifest_head_decode(&good, block_of(HEAD, bytes, sizeof bytes), NULL), MS_OK);
    head = good;
    head.count = 0;
    assert_int_equal(ms_manifest_head_encode(&head, &out, &err), MS_USAGE);
    head = good;
    head.size = MS_MANIFEST_CHUNK_SIZE_MAX + 1;
    assert_int_equal(ms_manifest_head_encode(&head, &out, &err), MS_USAGE);
    head = good;
    head.info = (ms_cid){0};
    assert_int_equal(ms_manifest_head_encode(&head, &out, &err), MS_USAGE);
    head = good;
    head.has_ext = true;
    assert_int_equal(ms_manifest_head_encode(&head, &out, &err), MS_USAGE);
    assert_string_equal(err.reason, "manifest_link");
    assert_int_equal(out.size, 0);
    ms_buffer_release(&out);
}

static void test_a_head_cut_anywhere_is_refused(void **state)
{
    uint8_t whole[512];
    ms_span block = block_of(HEAD_WITH_EXT, whole, sizeof whole);

    (void)state;
    for (size_t cut = 0; cut < block.size; cut++) {
        uint8_t *bytes = malloc(cut > 0 ? cut : 1);
        ms_manifest_head head;

        assert_non_null(bytes);
        memcpy(bytes, whole, cut);
        assert_int_equal(
                ms_manifest_head_decode(&head, ms_span_of(bytes, cut), NULL), MS_MALFORMED);
        free(bytes);
    }
}

static void test_a_head_of_more_than_1024_bytes_is_refused(void **state)
{
    ms_error err = MS_ERROR_INIT;
    uint8_t bytes[MS_MANIFEST_HEAD_SIZE_MAX + 1] = {0};
    ms_manifest_head head;

    (void)state;
    assert_int_equal(
            ms_manifest_head_decode(&head, ms_span_of(bytes, sizeof bytes), &err), MS_LIMIT);
    assert_string_equal(err.reason, "manifest_size_max");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_every_bad_head_is_refused_with_its_reason),
            cmocka_unit_test(test_an_unknown_key_is_named),
            cmocka_unit_test(test_good_heads_come_back_as_they_were),
            cmocka_unit_test(test_a_head_begins_as_the_contract_expects),
            cmocka_unit_test(test_a_head_that_readers_refuse_is_not_written),
            cmocka_unit_test(test_a_head_cut_anywhere_is_refused),
            cmocka_unit_test(test_a_head_of_more_than_1024_bytes_is_refused),
    };

    return cmocka_run_group_tests_name("manifest/manifest_head", tests, NULL, NULL);
}
