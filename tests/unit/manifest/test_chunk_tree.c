/* The chunk tree against published roots, and against the recursive definition of the RFC. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/cursor.h"
#include "codec/text.h"
#include "crypto/sha256.h"
#include "manifest/chunk_tree.h"

#define COUNT_MAX 70

static void hash_two(uint8_t out[32], const uint8_t left[32], const uint8_t right[32])
{
    uint8_t input[65] = {1};

    memcpy(input + 1, left, 32);
    memcpy(input + 33, right, 32);
    ms_sha256(out, input, sizeof input);
}

static uint64_t split_of(uint64_t count)
{
    uint64_t split = 1;

    while (split * 2 < count)
        split *= 2;
    return split;
}

/* RFC 9162, 2.1.1: the tree over leaf hashes, as it is defined. */
static void tree_hash(uint8_t out[32], uint8_t (*leaves)[32], uint64_t count)
{
    uint64_t split = split_of(count);
    uint8_t left[32];
    uint8_t right[32];

    if (count == 1) {
        memcpy(out, leaves[0], 32);
        return;
    }
    tree_hash(left, leaves, split);
    tree_hash(right, leaves + split, count - split);
    hash_two(out, left, right);
}

/* RFC 9162, 2.1.3.1: the path of a leaf, lowest sibling first. Returns its length. */
static size_t path_of(uint8_t (*path)[32], uint64_t index, uint8_t (*leaves)[32], uint64_t count)
{
    uint64_t split = split_of(count);
    size_t size;

    if (count == 1)
        return 0;
    if (index < split) {
        size = path_of(path, index, leaves, split);
        tree_hash(path[size], leaves + split, count - split);
    } else {
        size = path_of(path, index - split, leaves + split, count - split);
        tree_hash(path[size], leaves, split);
    }
    return size + 1;
}

static void bound(uint8_t out[32], uint64_t count, const uint8_t root[32])
{
    uint8_t input[41] = {2};

    ms_write_u64_be(input + 1, count);
    memcpy(input + 9, root, 32);
    ms_sha256(out, input, sizeof input);
}

static void digest_of(uint8_t out[32], uint64_t i)
{
    uint8_t byte = (uint8_t)i;

    ms_sha256(out, &byte, 1);
}

/* The published roots are those of the tree alone, so they are bound to the count here. Chunk i is
 * the single byte i. */
static void test_published_roots(void **state)
{
    static const struct {
        uint64_t count;
        const char *root;
    } rows[] = {
            {1, "d9de27625445003d8a9739a851e3ff8d41c0683630b4d63a88327a6aaa37c409"},
            {2, "604d540f09268b91672ab011394d5266ccd7d4484d0d109411a55848126a1b2c"},
            {3, "d1f13800048f5909d4043fc0c152f6643280cba608b672715e56ce159a20629f"},
            {5, "6b313b611b40676b9e1dfd70c4503f2379f88f0f1c2740fb7e1cacc32c113465"},
            {7, "bee2275db16667589a4515f63e0d053a2fa602c1d9f9703e98920a5bdad59baf"},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_chunk_tree tree;
        uint8_t expected[32];
        uint8_t actual[32];

        ms_chunk_tree_init(&tree);
        for (uint64_t k = 0; k < rows[i].count; k++) {
            uint8_t digest[32];

            digest_of(digest, k);
            ms_chunk_tree_add(&tree, digest);
        }
        assert_int_equal(ms_hex_decode(expected, 32, rows[i].root, 64, NULL), MS_OK);
        bound(expected, rows[i].count, expected);
        assert_int_equal(ms_chunk_tree_root(&tree, actual, NULL), MS_OK);
        assert_memory_equal(actual, expected, 32);
    }
}

static void fill(uint8_t (*digests)[32], uint8_t (*leaves)[32])
{
    for (uint64_t i = 0; i < COUNT_MAX; i++) {
        uint8_t input[33] = {0};

        digest_of(digests[i], i * 3);
        memcpy(input + 1, digests[i], 32);
        ms_sha256(leaves[i], input, sizeof input);
    }
}

static void test_every_small_tree_is_the_one_of_the_rfc(void **state)
{
    uint8_t digests[COUNT_MAX][32];
    uint8_t leaves[COUNT_MAX][32];
    ms_chunk_tree tree;

    (void)state;
    fill(digests, leaves);
    ms_chunk_tree_init(&tree);
    for (uint64_t count = 1; count <= COUNT_MAX; count++) {
        uint8_t expected[32];
        uint8_t actual[32];

        ms_chunk_tree_add(&tree, digests[count - 1]);
        assert_int_equal(tree.count, count);
        tree_hash(expected, leaves, count);
        bound(expected, count, expected);
        assert_int_equal(ms_chunk_tree_root(&tree, actual, NULL), MS_OK);
        assert_memory_equal(actual, expected, 32);
    }
}

/* Every chunk of every tree is shown by its own path, and by nothing else. */
static void test_a_proof_shows_one_chunk_in_one_place(void **state)
{
    uint8_t digests[COUNT_MAX][32];
    uint8_t leaves[COUNT_MAX][32];

    (void)state;
    fill(digests, leaves);
    for (uint64_t count = 1; count <= 20; count++) {
        uint8_t root[32];

        tree_hash(root, leaves, count);
        bound(root, count, root);
        for (uint64_t index = 0; index < count; index++) {
            uint8_t path[MS_CHUNK_TREE_DEPTH_MAX + 1][32] = {{0}};
            size_t size = path_of(path, index, leaves, count);
            const uint8_t(*proof)[32] = (const uint8_t(*)[32])path;

            assert_int_equal(
                    ms_chunk_tree_check(root, index, count, digests[index], proof, size, NULL),
                    MS_OK);
            for (uint64_t other = 0; other < count + 2; other++) {
                if (other != index)
                    assert_int_equal(ms_chunk_tree_check(
                                             root, other, count, digests[index], proof, size, NULL),
                            MS_INTEGRITY);
            }
            assert_int_equal(
                    ms_chunk_tree_check(root, index, count + 1, digests[index], proof, size, NULL),
                    MS_INTEGRITY);
            assert_int_equal(
                    ms_chunk_tree_check(root, index, count, digests[index + 1], proof, size, NULL),
                    MS_INTEGRITY);
            assert_int_equal(
                    ms_chunk_tree_check(root, index, count, digests[index], proof, size + 1, NULL),
                    MS_INTEGRITY);
            for (size_t i = 0; i < size; i++) {
                path[i][i % 32] ^= 1;
                assert_int_equal(
                        ms_chunk_tree_check(root, index, count, digests[index], proof, size, NULL),
                        MS_INTEGRITY);
                path[i][i % 32] ^= 1;
                assert_int_equal(
                        ms_chunk_tree_check(root, index, count, digests[index], proof, i, NULL),
                        MS_INTEGRITY);
            }
        }
    }
}

static void test_a_refused_proof_names_the_chunk(void **state)
{
    ms_error err = MS_ERROR_INIT;
    uint8_t zeros[32] = {0};

    (void)state;
    assert_int_equal(ms_chunk_tree_check(zeros, 3, 7, zeros, NULL, 0, &err), MS_INTEGRITY);
    assert_string_equal(err.reason, "chunk_proof");
    assert_int_equal(err.chunk_index, 3);
    assert_int_equal(ms_chunk_tree_check(zeros, 0, 0, zeros, NULL, 0, &err), MS_INTEGRITY);
    assert_int_equal(
            ms_chunk_tree_check(zeros, UINT64_MAX, UINT64_MAX, zeros, NULL, 0, &err), MS_INTEGRITY);
}

static void test_a_tree_without_chunks_has_no_root(void **state)
{
    ms_error err = MS_ERROR_INIT;
    ms_chunk_tree tree;
    uint8_t root[32];

    (void)state;
    ms_chunk_tree_init(&tree);
    assert_int_equal(ms_chunk_tree_root(&tree, root, &err), MS_USAGE);
    assert_string_equal(err.reason, "chunk_tree_empty");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_published_roots),
            cmocka_unit_test(test_every_small_tree_is_the_one_of_the_rfc),
            cmocka_unit_test(test_a_proof_shows_one_chunk_in_one_place),
            cmocka_unit_test(test_a_refused_proof_names_the_chunk),
            cmocka_unit_test(test_a_tree_without_chunks_has_no_root),
    };

    return cmocka_run_group_tests_name("manifest/chunk_tree", tests, NULL, NULL);
}
