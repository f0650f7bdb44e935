/* RFC 9162 tree, grown like a binary counter: a full subtree for each set bit of the count. */
#include "manifest/chunk_tree.h"

#include <string.h>

#include "codec/cursor.h"
#include "crypto/sha256.h"

#define PREFIX_LEAF 0x00
#define PREFIX_NODE 0x01
#define PREFIX_COUNT 0x02

static void hash_leaf(uint8_t out[32], const uint8_t digest[32])
{
    uint8_t input[33] = {PREFIX_LEAF};

    memcpy(input + 1, digest, 32);
    ms_sha256(out, input, sizeof input);
}

/* out may be left or right. */
static void hash_node(uint8_t out[32], const uint8_t left[32], const uint8_t right[32])
{
    uint8_t input[65] = {PREFIX_NODE};

    memcpy(input + 1, left, 32);
    memcpy(input + 33, right, 32);
    ms_sha256(out, input, sizeof input);
}

static void bind_count(uint8_t out[32], uint64_t count, const uint8_t root[32])
{
    uint8_t input[41] = {PREFIX_COUNT};

    ms_write_u64_be(input + 1, count);
    memcpy(input + 9, root, 32);
    ms_sha256(out, input, sizeof input);
}

void ms_chunk_tree_init(ms_chunk_tree *tree)
{
    *tree = (ms_chunk_tree){0};
}

static unsigned node_count(const ms_chunk_tree *tree)
{
    return (unsigned)__builtin_popcountll(tree->count);
}

void ms_chunk_tree_add(ms_chunk_tree *tree, const uint8_t digest[32])
{
    unsigned top = node_count(tree);
    uint8_t node[32];

    hash_leaf(node, digest);
    for (uint64_t carry = tree->count; (carry & 1) != 0; carry >>= 1)
        hash_node(node, tree->nodes[--top], node);
    memcpy(tree->nodes[top], node, 32);
    tree->count++;
}

ms_status ms_chunk_tree_root(const ms_chunk_tree *tree, uint8_t chunk_root[32], ms_error *err)
{
    unsigned top = node_count(tree);
    uint8_t node[32];

    memset(chunk_root, 0, 32);
    if (tree->count == 0)
        return ms_fail(err, MS_USAGE, "chunk_tree_empty",
                "A model has at least one chunk; an empty file is one of 0 bytes");
    memcpy(node, tree->nodes[--top], 32);
    while (top > 0)
        hash_node(node, tree->nodes[--top], node);
    bind_count(chunk_root, tree->count, node);
    return MS_OK;
}

/* RFC 9162, 2.1.3.2: first and last are the numbers of our node and of the last node of its level.
 * */
static bool climb(uint8_t node[32], uint64_t first, uint64_t last, const uint8_t (*path)[32],
        size_t path_size)
{
    for (size_t i = 0; i < path_size; i++) {
        if (last == 0)
            return false;
        if ((first & 1) != 0 || first == last) {
            hash_node(node, path[i], node);
            while ((first & 1) == 0 && first != 0) {
                first >>= 1;
                last >>= 1;
            }
        } else {
            hash_node(node, node, path[i]);
        }
        first >>= 1;
        last >>= 1;
    }
    return last == 0;
}

ms_status ms_chunk_tree_check(const uint8_t chunk_root[32], uint64_t index, uint64_t count,
        const uint8_t digest[32], const uint8_t (*path)[32], size_t path_size, ms_error *err)
{
    uint8_t node[32];
    bool shown = false;

    if (index < count && path_size <= MS_CHUNK_TREE_DEPTH_MAX) {
        hash_leaf(node, digest);
        shown = climb(node, index, count - 1, path, path_size);
        bind_count(node, count, node);
        shown = shown && memcmp(node, chunk_root, 32) == 0;
    }
    if (shown)
        return MS_OK;
    ms_fail(err, MS_INTEGRITY, "chunk_proof",
            "The proof does not show that the chunk is number %llu of %llu",
            (unsigned long long)index, (unsigned long long)count);
    ms_error_set_chunk(err, index);
    return MS_INTEGRITY;
}
