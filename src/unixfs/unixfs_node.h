/* The UnixFS message in the Data field of a dag-pb node: strict reading, and writing of the forms
 * we make (file node, folder, shard). Source: UnixFS specification of ipfs/specs. */
#ifndef MS_UNIXFS_UNIXFS_NODE_H
#define MS_UNIXFS_UNIXFS_NODE_H

#include "codec/cursor.h"

#define MS_UNIXFS_FANOUT 256 /* of the shards we write */
#define MS_UNIXFS_FANOUT_MAX 1024
#define MS_UNIXFS_BITFIELD_SIZE_MAX (MS_UNIXFS_FANOUT_MAX / 8)
#define MS_UNIXFS_HASH_MURMUR3 0x22

typedef enum ms_unixfs_type {
    MS_UNIXFS_RAW = 0, /* legacy leaf */
    MS_UNIXFS_DIRECTORY = 1,
    MS_UNIXFS_FILE = 2,
    MS_UNIXFS_SYMLINK = 4,
    MS_UNIXFS_SHARD = 5
} ms_unixfs_type;

/** A checked message; points into the bytes it was read from. */
typedef struct ms_unixfs_node {
    ms_unixfs_type type;
    ms_span data;       /* inline file bytes, target of a link, or bitfield of a shard */
    uint64_t file_size; /* RAW and FILE: data.size + all block sizes; otherwise 0 */
    uint32_t block_size_count;
    ms_span block_sizes; /* their fields, one after the other */
    uint32_t fanout;     /* SHARD: a power of two, 8 .. MS_UNIXFS_FANOUT_MAX */
} ms_unixfs_node;

typedef struct ms_unixfs_sizes {
    ms_cursor cursor;
} ms_unixfs_sizes;

/** Check a whole message of a node that has link_count links. Fields in ascending order, each once
 *  (block sizes often, never packed); mode and time are read over. MS_MALFORMED with offset and a
 *  reason: unixfs_type (missing, unknown, metadata), unixfs_field, unixfs_order, unixfs_block_count
 *  (sizes unlike links), unixfs_size (sum unlike filesize), unixfs_symlink (with links),
 *  unixfs_hash, unixfs_fanout, unixfs_bitfield, truncated, varint_*. */
MS_MUST_CHECK ms_status ms_unixfs_node_decode(
        ms_unixfs_node *node, ms_span message, uint32_t link_count, ms_error *err);
ms_unixfs_sizes ms_unixfs_sizes_of(const ms_unixfs_node *node);
/** The next block size of a decoded node; false after the last. */
bool ms_unixfs_sizes_next(ms_unixfs_sizes *sizes, uint64_t *size);
/** Whether the bitfield of a shard says that bucket is used. */
bool ms_unixfs_bit(const ms_unixfs_node *node, uint32_t bucket);

/** Append a file node's message but for its block sizes, which follow with the next function. */
MS_MUST_CHECK ms_status ms_unixfs_write_file(ms_buffer *out, uint64_t file_size, ms_error *err);
MS_MUST_CHECK ms_status ms_unixfs_write_block_size(ms_buffer *out, uint64_t size, ms_error *err);
MS_MUST_CHECK ms_status ms_unixfs_write_directory(ms_buffer *out, ms_error *err);
/** used[i] says whether bucket i has a link. */
MS_MUST_CHECK ms_status ms_unixfs_write_shard(
        ms_buffer *out, const bool used[MS_UNIXFS_FANOUT], ms_error *err);

#endif
