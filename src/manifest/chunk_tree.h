/* The Merkle tree over the digests of all chunks, bound to their number: chunkRoot of a manifest.
 * chunkRoot = SHA-256(0x02 || count as 8 bytes big-endian || root as in RFC 9162, section 2.1). */
#ifndef MS_MANIFEST_CHUNK_TREE_H
#define MS_MANIFEST_CHUNK_TREE_H

#include "base/error.h"

#define MS_CHUNK_TREE_DEPTH_MAX 64

/** Plain value: copies and needs no release. Memory does not grow with the number of chunks. */
typedef struct ms_chunk_tree {
    uint64_t count;
    /* Roots of full subtrees, largest first: one for each set bit of count. */
    uint8_t nodes[MS_CHUNK_TREE_DEPTH_MAX][32];
} ms_chunk_tree;

void ms_chunk_tree_init(ms_chunk_tree *tree);
/** Append the SHA-256 of the next chunk. */
void ms_chunk_tree_add(ms_chunk_tree *tree, const uint8_t digest[32]);
/** The chunkRoot of what was added so far; more may be added after. MS_USAGE "chunk_tree_empty". */
MS_MUST_CHECK ms_status ms_chunk_tree_root(
        const ms_chunk_tree *tree, uint8_t chunk_root[32], ms_error *err);

/** Check that digest is chunk index of count under chunk_root; path has path_size siblings, lowest
 *  first. MS_INTEGRITY "chunk_proof" (chunk_index set) when it is not, or is not shown.
 *  Source: RFC 9162, section 2.1.3.2. */
MS_MUST_CHECK ms_status ms_chunk_tree_check(const uint8_t chunk_root[32], uint64_t index,
        uint64_t count, const uint8_t digest[32], const uint8_t (*path)[32], size_t path_size,
        ms_error *err);

#endif
