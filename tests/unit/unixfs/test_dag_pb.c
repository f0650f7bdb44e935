/* dag-pb: what is refused, what is accepted, and that writing gives the bytes that were read. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/checked.h"
#include "codec/text.h"
#include "crypto/sha256.h"
#include "unixfs/dag_pb.h"

/* A CID in 36 bytes and its length as a field of a link: 0a 24 01 55 12 20 and 32 zeros. */
#define ZEROS_32 "0000000000000000000000000000000000000000000000000000000000000000"
#define HASH                                                                                       \
    "0a24"                                                                                         \
    "01551220" ZEROS_32

static size_t bytes_of(const char *hex, uint8_t *out, size_t out_max)
{
    size_t size = strlen(hex) / 2;

    assert_true(size <= out_max);
    assert_int_equal(ms_hex_decode(out, size, hex, size * 2, NULL), MS_OK);
    return size;
}

static void test_every_bad_node_is_refused_with_its_reason(void **state)
{
    static const struct {
        const char *hex;
        const char *reason;
    } rows[] = {
            {"1200", "dag_pb_link"}, {"12000a050001020304", "dag_pb_link"},
            {"12020a00", "truncated"}, {"12021200", "dag_pb_link"},
            {"120b1209736f6d65206e616d65", "dag_pb_link"}, {"12021800", "dag_pb_link"},
            {"120318f207", "dag_pb_link"},
            {"1226" HASH "0a0101"
             "1226" HASH,
                    "dag_pb_order"}, /* Data between links */
            {"0a0101"
             "0a0101",
                    "dag_pb_repeated"}, /* Data twice */
            {"0a0101"
             "1226" HASH "0a0101",
                    "dag_pb_repeated"},
            {"1228"
             "1200" HASH,
                    "dag_pb_link"}, /* Name before Hash */
            {"122a" HASH "1800"
             "1200",
                    "dag_pb_order"}, /* Tsize before Name */
            {"124c" HASH HASH, "dag_pb_repeated"},
            {"122a" HASH "1200"
             "1200",
                    "dag_pb_repeated"},
            {"122a" HASH "1800"
             "1800",
                    "dag_pb_repeated"},
            {"1228" HASH "2000", "dag_pb_field"}, /* unknown field of a link */
            {"1a00", "dag_pb_field"},             /* unknown field of a node */
            {"0801", "dag_pb_field"},             /* Data as a number */
            {"1001", "dag_pb_field"},             /* link as a number */
            {"8a0000", "dag_pb_field"},           /* tag in two bytes */
            {"0a05ffff", "truncated"}, {"1227" HASH, "truncated"}, {"0a", "truncated"},
            {"0affffffffffffffff7f", "truncated"},         /* 2^63-1 bytes */
            {"0a80808080808080808001", "varint_too_long"}, /* 2^63 bytes */
            {"0a8000", "varint_not_minimal"}, {"1229" HASH "1201ff", "dag_pb_name"},
            {"122a" HASH "1202c080", "dag_pb_name"},
            {"120a"
             "0a08"
             "0155000400010203",
                    "cid_hash"}, /* identity */
            {"1225"
             "0a23"
             "01551220"
             "00000000000000000000000000000000000000000000000000000000000000",
                    "truncated"},
            {"1227"
             "0a25"
             "01551220" ZEROS_32 "00",
                    "trailing_bytes"},
            {"1224"
             "0a22"
             "1220" ZEROS_32 "1200",
                    "dag_pb_link"}, /* bytes after the link */
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error err = MS_ERROR_INIT;
        uint8_t block[256];
        size_t size = bytes_of(rows[i].hex, block, sizeof block);
        ms_dag_pb node;
        ms_status status = ms_dag_pb_decode(&node, ms_span_of(block, size), &err);

        if (status != MS_MALFORMED || strcmp(err.reason, rows[i].reason) != 0)
            fail_msg("%s: %d %s instead of %s", rows[i].hex, status, err.reason, rows[i].reason);
        assert_int_equal(node.link_count, 0);
        assert_true(err.offset >= 0 && (size_t)err.offset <= size);
    }
}

static void test_forms_that_others_write_are_accepted(void **state)
{
    static const struct {
        const char *hex;
        uint32_t links;
        size_t data; /* bytes; SIZE_MAX: no Data */
    } rows[] = {
            {"", 0, SIZE_MAX}, {"0a00", 0, 0}, {"0a020801", 0, 2}, {"1226" HASH "0a020801", 1, 2},
            {"0a020801"
             "1226" HASH "1226" HASH,
                    2, 2}, /* Data first */
            {"1226" HASH, 1, SIZE_MAX}, {"1228" HASH "1200", 1, SIZE_MAX},
            {"1228" HASH "1800", 1, SIZE_MAX},
            {"122b" HASH "120161"
             "1805",
                    1, SIZE_MAX},
            {"1224"
             "0a22"
             "1220" ZEROS_32,
                    1, SIZE_MAX}, /* CIDv0 */
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error err = MS_ERROR_INIT;
        uint8_t block[256];
        size_t size = bytes_of(rows[i].hex, block, sizeof block);
        ms_dag_pb node;

        if (ms_dag_pb_decode(&node, ms_span_of(block, size), &err) != MS_OK)
            fail_msg("%s: %s", rows[i].hex, err.message);
        assert_int_equal(node.link_count, rows[i].links);
        assert_int_equal(node.has_data, rows[i].data != SIZE_MAX);
        if (node.has_data)
            assert_int_equal(node.data.size, rows[i].data);
    }
}

static void test_the_refused_fixtures_of_ipld_are_refused(void **state)
{
    json_t *file = json_load_file(MS_TEST_VECTORS "/ipld-dag-pb/edges.json", 0, NULL);
    json_t *row;
    size_t i;

    (void)state;
    assert_true(json_array_size(file) > 5);
    json_array_foreach(file, i, row)
    {
        uint8_t block[512];
        size_t size = bytes_of(json_string_value(json_object_get(row, "hex")), block, sizeof block);
        ms_dag_pb node;

        assert_int_equal(ms_dag_pb_decode(&node, ms_span_of(block, size), NULL), MS_MALFORMED);
    }
    json_decref(file);
}

/* The fixtures whose links carry data inside identity CIDs fall to our list of hashes; the others
 * are read, and written again when they have all fields of ours. */
static void test_the_accepted_fixtures_of_ipld_are_accepted(void **state)
{
    json_t *file = json_load_file(MS_TEST_VECTORS "/ipld-dag-pb/blocks.json", 0, NULL);
    size_t accepted = 0;
    json_t *row;
    size_t i;

    (void)state;
    json_array_foreach(file, i, row)
    {
        ms_error err = MS_ERROR_INIT;
        uint8_t block[512];
        uint8_t digest[MS_SHA256_SIZE];
        size_t size = bytes_of(json_string_value(json_object_get(row, "hex")), block, sizeof block);
        const char *text = json_string_value(json_object_get(row, "cid"));
        ms_dag_pb node;
        ms_cid cid;

        ms_sha256(digest, block, size);
        assert_int_equal(ms_cid_parse(&cid, text, strlen(text), NULL), MS_OK);
        assert_memory_equal(cid.digest, digest, sizeof digest);
        if (ms_dag_pb_decode(&node, ms_span_of(block, size), &err) == MS_OK)
            accepted++;
        else
            assert_string_equal(err.reason, "cid_hash");
    }
    assert_true(accepted >= 6);
    json_decref(file);
}

/* The root of 1 MiB and one byte of zeros, as every implementation writes it. */
static const char two_chunks[] =
        "122c0a240155122030e14955ebf1352266dc2ff8067e68104607e750abb9d3b36582b8af909fcb581200188080"
        "40"
        "122a0a24015512206e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d12001801"
        "0a0c080218818040208080402001";

static void test_reading_and_writing_give_the_same_bytes(void **state)
{
    uint8_t block[256];
    size_t size = bytes_of(two_chunks, block, sizeof block);
    ms_dag_pb_links links;
    ms_dag_pb_link link;
    ms_dag_pb node;
    ms_buffer out;
    size_t sizes = 0;

    (void)state;
    ms_buffer_init(&out, 256);
    assert_int_equal(ms_dag_pb_decode(&node, ms_span_of(block, size), NULL), MS_OK);
    links = ms_dag_pb_links_of(&node);
    while (ms_dag_pb_next(&links, &link)) {
        assert_true(link.has_name && link.has_tsize && link.name.size == 0);
        sizes += ms_dag_pb_link_size(&link.cid, 0, link.tsize);
        assert_int_equal(ms_dag_pb_write_link(&out, &link.cid, link.name, link.tsize, NULL), MS_OK);
        assert_int_equal(out.size, sizes);
    }
    assert_int_equal(ms_dag_pb_write_data(&out, node.data, NULL), MS_OK);
    assert_int_equal(out.size, 104);
    assert_memory_equal(out.data, block, size);
    ms_buffer_release(&out);
}

/* Cut anywhere, the block is refused or has fewer fields; nothing beyond the cut is read. */
static void test_a_block_cut_anywhere_is_never_read_further(void **state)
{
    uint8_t whole[256];
    size_t size = bytes_of(two_chunks, whole, sizeof whole);
    size_t accepted = 0;

    (void)state;
    for (size_t cut = 0; cut < size; cut++) {
        uint8_t *block = malloc(cut + 1);
        ms_dag_pb node;

        assert_non_null(block);
        memcpy(block, whole, cut);
        /* The byte after the cut is poison for the address sanitizer only when it is not ours. */
        block = realloc(block, cut > 0 ? cut : 1);
        if (ms_dag_pb_decode(&node, ms_span_of(block, cut), NULL) == MS_OK) {
            accepted++;
            assert_true(cut == 0 || cut == 46 || cut == 90);
        }
        free(block);
    }
    assert_int_equal(accepted, 3);
}

static void test_links_and_bytes_have_limits(void **state)
{
    static const char link[] = "1226" HASH;
    ms_error err = MS_ERROR_INIT;
    uint8_t one[64];
    size_t size = bytes_of(link, one, sizeof one);
    size_t count = MS_DAG_PB_LINKS_MAX + 1;
    uint8_t *block = malloc(MS_DAG_BLOCK_SIZE_MAX + 1);
    ms_dag_pb node;

    (void)state;
    assert_non_null(block);
    memset(block, 0, MS_DAG_BLOCK_SIZE_MAX + 1);
    assert_int_equal(
            ms_dag_pb_decode(&node, ms_span_of(block, MS_DAG_BLOCK_SIZE_MAX + 1), &err), MS_LIMIT);
    assert_string_equal(err.reason, "dag_pb_size");
    /* A link of 40 bytes is as short as SHA-256 allows, so the limit on bytes comes first. */
    assert_true(count * size > MS_DAG_BLOCK_SIZE_MAX);
    for (size_t i = 0; (i + 1) * size <= MS_DAG_BLOCK_SIZE_MAX; i++)
        memcpy(block + i * size, one, size);
    size = MS_DAG_BLOCK_SIZE_MAX / size * size;
    assert_int_equal(ms_dag_pb_decode(&node, ms_span_of(block, size), &err), MS_OK);
    assert_int_equal(node.link_count, size / 40);
    free(block);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_every_bad_node_is_refused_with_its_reason),
            cmocka_unit_test(test_forms_that_others_write_are_accepted),
            cmocka_unit_test(test_the_refused_fixtures_of_ipld_are_refused),
            cmocka_unit_test(test_the_accepted_fixtures_of_ipld_are_accepted),
            cmocka_unit_test(test_reading_and_writing_give_the_same_bytes),
            cmocka_unit_test(test_a_block_cut_anywhere_is_never_read_further),
            cmocka_unit_test(test_links_and_bytes_have_limits),
    };

    return cmocka_run_group_tests_name("unixfs/dag_pb", tests, NULL, NULL);
}
