/* The entries of one folder, gathered from its node or from all shards of its HAMT, checked as a
 * whole and put in the order of their names' bytes. Private to unixfs; walk.h is the way in. */
#ifndef MS_UNIXFS_FOLDER_READER_H
#define MS_UNIXFS_FOLDER_READER_H

#include "base/arena.h"
#include "cid/block.h"
#include "unixfs/dag_pb.h"
#include "unixfs/unixfs_node.h"

typedef struct ms_folder_entry {
    ms_span name;
    ms_cid cid;
    uint64_t tsize; /* a claim */
} ms_folder_entry;

typedef struct ms_folder_shard ms_folder_shard;

/** Owned by whoever initialised it. Memory: entries of the folder, and shards not yet read. */
typedef struct ms_folder {
    ms_folder_entry *entries;
    size_t count;
    size_t capacity;
    size_t entries_max;
    ms_folder_shard *shards; /* stack of those that still have to be read */
    size_t shard_count;
    size_t shard_capacity;
    uint32_t fanout; /* 0: a plain folder */
    ms_arena names;
} ms_folder;

void ms_folder_init(ms_folder *folder, size_t entries_max);
void ms_folder_release(ms_folder *folder);
/** Take in the folder's own node, which is of type DIRECTORY or SHARD. Names are copied. */
MS_MUST_CHECK ms_status ms_folder_start(
        ms_folder *folder, const ms_dag_pb *node, const ms_unixfs_node *unixfs, ms_error *err);
/** The shard to be read next; shard_count is not 0. Valid until the next call that changes folder.
 */
const ms_cid *ms_folder_next_shard(const ms_folder *folder);
/** Copy the CIDs of the shards to be read soon, each once in its life and at most count in a call,
 *  in the order in which they will be read. Returns how many: 0 as long as the next one was given
 *  before. */
size_t ms_folder_hint_shards(ms_folder *folder, ms_cid *cids, size_t count);
/** Take in the node of the shard to be read next. */
MS_MUST_CHECK ms_status ms_folder_take_shard(
        ms_folder *folder, const ms_dag_pb *node, const ms_unixfs_node *unixfs, ms_error *err);
/** No shard is left: sort, refuse repeated names and twins. */
MS_MUST_CHECK ms_status ms_folder_sort(ms_folder *folder, ms_error *err);

#endif
