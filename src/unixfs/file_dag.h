/* The balanced DAG of one file, built while its chunks go by: memory is one open node a level.
 * Source: IPIP-0499, profile unixfs-v1-2025; the root is the one that ipfs add gives. */
#ifndef MS_UNIXFS_FILE_DAG_H
#define MS_UNIXFS_FILE_DAG_H

#include "cid/block.h"

#define MS_FILE_DAG_WIDTH 1024     /* links of a full node in the profile */
#define MS_FILE_DAG_WIDTH_MAX 8192 /* so that a full node stays below 1 MiB */
#define MS_FILE_DAG_LEVELS_MAX 63  /* enough for 2^62 leaves at width 2 */

typedef struct ms_file_dag_level ms_file_dag_level;

/** Owned by whoever initialised it; for one thread. */
typedef struct ms_file_dag {
    ms_block_sink sink;
    uint32_t width;
    unsigned level_count;
    ms_file_dag_level *levels[MS_FILE_DAG_LEVELS_MAX]; /* 0 = parents of leaves */
    ms_buffer block;
} ms_file_dag;

/** width is 2 .. MS_FILE_DAG_WIDTH_MAX (asserted). Allocates nothing. */
void ms_file_dag_init(ms_file_dag *dag, uint32_t width, ms_block_sink sink);
void ms_file_dag_release(ms_file_dag *dag);
/** Append the next leaf: a raw block of size bytes, which the caller stores. MS_LIMIT "file_size"
 *  beyond 2^63-1 bytes, MS_NO_MEMORY, and whatever the sink returns; a dag that failed is good for
 *  release only. */
MS_MUST_CHECK ms_status ms_file_dag_add(
        ms_file_dag *dag, const ms_cid *leaf, uint64_t size, ms_error *err);
/** Put the nodes that are still open and set *root. One leaf: that leaf is the root. An empty file
 *  is one leaf of 0 bytes, which the caller adds; no leaf at all is MS_USAGE "file_dag_empty". The
 *  dag can take the next file after success. */
MS_MUST_CHECK ms_status ms_file_dag_finish(ms_file_dag *dag, ms_dag_entry *root, ms_error *err);

#endif
