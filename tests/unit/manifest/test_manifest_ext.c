/* Digests of whole files: written in blocks, found by the index of the file. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/cbor.h"
#include "codec/cursor.h"
#include "codec/text.h"
#include "doubles/memory_blocks.h"
#include "doubles/short_memory.h"
#include "manifest/manifest_ext.h"

static void digest_of(uint8_t digest[32], uint64_t index)
{
    uint8_t number[8];

    ms_write_u64_be(number, index);
    ms_sha256(digest, number, sizeof number);
}

static ms_cid write_digests(memory_blocks *blocks, uint64_t count)
{
    ms_manifest_ext_writer writer;
    ms_cid cid;

    ms_manifest_ext_writer_init(&writer, memory_blocks_sink(blocks));
    for (uint64_t i = 0; i < count; i++) {
        uint8_t digest[32];

        digest_of(digest, i);
        assert_int_equal(ms_manifest_ext_writer_add(&writer, digest, NULL), MS_OK);
    }
    assert_int_equal(ms_manifest_ext_writer_finish(&writer, &cid, NULL), MS_OK);
    ms_manifest_ext_writer_release(&writer);
    return cid;
}

static void test_every_digest_is_found_by_its_index(void **state)
{
    static const uint64_t counts[] = {1, 2, 32767, 32768, 32769, 65536, MS_MODEL_FILES_MAX};

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(counts); i++) {
        memory_blocks blocks;
        ms_block_source source;
        ms_error err = MS_ERROR_INIT;
        ms_manifest_ext ext;
        uint8_t expected[32];
        uint8_t actual[32];
        ms_cid cid;

        memory_blocks_init(&blocks);
        source = memory_blocks_source(&blocks);
        cid = write_digests(&blocks, counts[i]);
        assert_int_equal(cid.codec, MS_CODEC_DAG_CBOR);
        assert_int_equal(ms_manifest_ext_open(&ext, &cid, &source, NULL), MS_OK);
        assert_int_equal(ext.block_count, (counts[i] + 32767) / 32768);
        for (uint64_t k = 0; k < counts[i]; k = k + 1021 < counts[i] ? k + 1021
                                                : k < counts[i] - 1  ? counts[i] - 1
                                                                     : counts[i]) {
            digest_of(expected, k);
            assert_int_equal(ms_manifest_ext_digest(&ext, k, actual, NULL), MS_OK);
            assert_memory_equal(actual, expected, 32);
        }
        /* The ext block, and each block of digests once. */
        assert_int_equal(blocks.gets, 1 + ext.block_count);
        assert_int_equal(ms_manifest_ext_digest(&ext, counts[i], actual, &err), MS_NOT_FOUND);
        assert_string_equal(err.reason, "ext_no_digests");
        assert_int_equal(ms_manifest_ext_digest(&ext, UINT64_MAX, actual, &err), MS_NOT_FOUND);
        ms_manifest_ext_release(&ext);
        memory_blocks_release(&blocks);
    }
}

static void test_a_writer_without_digests_is_refused(void **state)
{
    ms_manifest_ext_writer writer;
    ms_error err = MS_ERROR_INIT;
    memory_blocks blocks;
    ms_cid cid;

    (void)state;
    memory_blocks_init(&blocks);
    ms_manifest_ext_writer_init(&writer, memory_blocks_sink(&blocks));
    assert_int_equal(ms_manifest_ext_writer_finish(&writer, &cid, &err), MS_USAGE);
    assert_string_equal(err.reason, "ext_empty");
    ms_manifest_ext_writer_release(&writer);
    memory_blocks_release(&blocks);
}

static void test_more_digests_than_files_are_refused(void **state)
{
    ms_manifest_ext_writer writer;
    ms_error err = MS_ERROR_INIT;
    memory_blocks blocks;
    uint8_t digest[32] = {0};

    (void)state;
    memory_blocks_init(&blocks);
    ms_manifest_ext_writer_init(&writer, memory_blocks_sink(&blocks));
    for (unsigned i = 0; i < MS_MODEL_FILES_MAX; i++)
        assert_int_equal(ms_manifest_ext_writer_add(&writer, digest, NULL), MS_OK);
    assert_int_equal(ms_manifest_ext_writer_add(&writer, digest, &err), MS_LIMIT);
    assert_string_equal(err.reason, "model_files");
    ms_manifest_ext_writer_release(&writer);
    memory_blocks_release(&blocks);
}

#define D32 "1111111111111111111111111111111111111111111111111111111111111111"
#define KEY "6b66696c6544696765737473"
#define LINK(codec)                                                                                \
    "d82a582500"                                                                                   \
    "01" codec "1220" D32

static ms_status open_hex(const char *hex, ms_manifest_ext *ext, ms_error *err)
{
    memory_blocks blocks;
    ms_block_source source;
    uint8_t bytes[1024];
    size_t size = strlen(hex) / 2;
    ms_status status;
    ms_cid cid;

    assert_true(size <= sizeof bytes);
    assert_int_equal(ms_hex_decode(bytes, size, hex, size * 2, NULL), MS_OK);
    memory_blocks_init(&blocks);
    cid = memory_blocks_add(&blocks, MS_CODEC_DAG_CBOR, bytes, size);
    source = memory_blocks_source(&blocks);
    status = ms_manifest_ext_open(ext, &cid, &source, err);
    ms_manifest_ext_release(ext);
    memory_blocks_release(&blocks);
    return status;
}

static void test_bad_ext_blocks_are_refused(void **state)
{
    static const struct {
        const char *hex;
        const char *reason; /* NULL: any */
        ms_status status;
    } rows[] = {
            {"", "truncated", MS_MALFORMED},
            {"80", NULL, MS_MALFORMED},
            {"a1" KEY "00", NULL, MS_MALFORMED},
            {"a1" KEY "8100", NULL, MS_MALFORMED},
            {"a1" KEY "81" LINK("70"), "ext_link", MS_MALFORMED},
            {"a1" KEY "81"
             "d82a582300"
             "1220" D32,
                    "ext_link", MS_MALFORMED},
            {"a1" KEY "85" LINK("55") LINK("55") LINK("55") LINK("55") LINK("55"), "ext_blocks",
                    MS_LIMIT},
            {"a1" KEY "82" LINK("55"), "truncated", MS_MALFORMED},
            {"a1" KEY "80"
             "00",
                    "trailing_bytes", MS_MALFORMED},
            {"a2" KEY "80" KEY "80", "cbor_duplicate_key", MS_MALFORMED},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error err = MS_ERROR_INIT;
        ms_manifest_ext ext;
        ms_status status = open_hex(rows[i].hex, &ext, &err);

        if (status != rows[i].status ||
                (rows[i].reason != NULL && strcmp(err.reason, rows[i].reason) != 0))
            fail_msg("row %zu: %d %s instead of %s", i, status, err.reason, rows[i].reason);
    }
}

static void test_unknown_keys_are_passed_over(void **state)
{
    ms_manifest_ext ext;
    uint8_t digest[32];

    (void)state;
    assert_int_equal(open_hex("a2"
                              "6161"
                              "8101" KEY "84" LINK("55") LINK("55") LINK("55") LINK("55"),
                             &ext, NULL),
            MS_OK);
    assert_true(ext.has_digests);
    assert_int_equal(ext.block_count, 4);
    assert_int_equal(open_hex("a1"
                              "677465"
                              "6e736f7273"
                              "f6",
                             &ext, NULL),
            MS_OK);
    assert_false(ext.has_digests);
    assert_int_equal(ms_manifest_ext_digest(&ext, 0, digest, NULL), MS_NOT_FOUND);
}

static void test_blocks_of_a_wrong_size_are_refused(void **state)
{
    static const size_t sizes[] = {0, 31, 33, 65};

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(sizes); i++) {
        memory_blocks blocks;
        ms_block_source source;
        ms_error err = MS_ERROR_INIT;
        ms_manifest_ext ext;
        uint8_t data[128] = {0};
        uint8_t digest[32];
        ms_cid cid;

        memory_blocks_init(&blocks);
        source = memory_blocks_source(&blocks);
        cid = write_digests(&blocks, 1);
        assert_int_equal(ms_manifest_ext_open(&ext, &cid, &source, NULL), MS_OK);
        ext.blocks[0] = memory_blocks_add(&blocks, MS_CODEC_RAW, data, sizes[i]);
        assert_int_equal(ms_manifest_ext_digest(&ext, 0, digest, &err), MS_MALFORMED);
        assert_string_equal(err.reason, "ext_digests");
        /* And again: a block that was refused is not at hand. */
        assert_int_equal(ms_manifest_ext_digest(&ext, 0, digest, &err), MS_MALFORMED);
        ms_manifest_ext_release(&ext);
        memory_blocks_release(&blocks);
    }
}

/* A block that is not the last and not full would shift every later file. */
static void test_a_short_block_before_the_last_is_refused(void **state)
{
    memory_blocks blocks;
    ms_block_source source;
    ms_error err = MS_ERROR_INIT;
    ms_manifest_ext ext;
    uint8_t data[64] = {0};
    uint8_t digest[32];
    ms_cid cid;

    (void)state;
    memory_blocks_init(&blocks);
    source = memory_blocks_source(&blocks);
    cid = write_digests(&blocks, 32769);
    assert_int_equal(ms_manifest_ext_open(&ext, &cid, &source, NULL), MS_OK);
    ext.blocks[0] = memory_blocks_add(&blocks, MS_CODEC_RAW, data, sizeof data);
    assert_int_equal(ms_manifest_ext_digest(&ext, 0, digest, &err), MS_MALFORMED);
    assert_int_equal(ms_manifest_ext_digest(&ext, 32768, digest, &err), MS_OK);
    ms_manifest_ext_release(&ext);
    memory_blocks_release(&blocks);
}

static void test_a_failed_read_can_be_tried_again(void **state)
{
    memory_blocks blocks;
    ms_block_source source;
    ms_manifest_ext ext;
    uint8_t digest[32];
    ms_cid cid;

    (void)state;
    memory_blocks_init(&blocks);
    source = memory_blocks_source(&blocks);
    cid = write_digests(&blocks, 3);
    blocks.fail_after = 0;
    assert_int_equal(ms_manifest_ext_open(&ext, &cid, &source, NULL), MS_NETWORK);
    ms_manifest_ext_release(&ext);
    assert_int_equal(ms_manifest_ext_open(&ext, &cid, &source, NULL), MS_OK);
    blocks.fail_after = 0;
    assert_int_equal(ms_manifest_ext_digest(&ext, 2, digest, NULL), MS_NETWORK);
    assert_int_equal(ms_manifest_ext_digest(&ext, 2, digest, NULL), MS_OK);
    ms_manifest_ext_release(&ext);
    memory_blocks_release(&blocks);
}

static ms_status write_and_read(memory_blocks *blocks)
{
    ms_block_source source = memory_blocks_source(blocks);
    ms_manifest_ext_writer writer;
    ms_manifest_ext ext = {0};
    uint8_t digest[32] = {1};
    ms_status status;
    ms_cid cid;

    ms_manifest_ext_writer_init(&writer, memory_blocks_sink(blocks));
    status = ms_manifest_ext_writer_add(&writer, digest, NULL);
    if (status == MS_OK)
        status = ms_manifest_ext_writer_finish(&writer, &cid, NULL);
    if (status == MS_OK)
        status = ms_manifest_ext_open(&ext, &cid, &source, NULL);
    if (status == MS_OK)
        status = ms_manifest_ext_digest(&ext, 0, digest, NULL);
    ms_manifest_ext_release(&ext);
    ms_manifest_ext_writer_release(&writer);
    return status;
}

static void test_every_allocation_may_fail(void **state)
{
    size_t fail_at = 0;
    ms_status status;

    (void)state;
    do {
        memory_blocks blocks;
        size_t left;

        memory_blocks_init(&blocks);
        short_memory_begin(++fail_at);
        status = write_and_read(&blocks);
        left = short_memory_end();
        assert_true(status == MS_OK || status == MS_NO_MEMORY);
        assert_int_equal(left, 0);
        memory_blocks_release(&blocks);
    } while (status != MS_OK);
    assert_true(fail_at > 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_every_digest_is_found_by_its_index),
            cmocka_unit_test(test_a_writer_without_digests_is_refused),
            cmocka_unit_test(test_more_digests_than_files_are_refused),
            cmocka_unit_test(test_bad_ext_blocks_are_refused),
            cmocka_unit_test(test_unknown_keys_are_passed_over),
            cmocka_unit_test(test_blocks_of_a_wrong_size_are_refused),
            cmocka_unit_test(test_a_short_block_before_the_last_is_refused),
            cmocka_unit_test(test_a_failed_read_can_be_tried_again),
            cmocka_unit_test(test_every_allocation_may_fail),
    };

    return cmocka_run_group_tests_name("manifest/manifest_ext", tests, NULL, NULL);
}
