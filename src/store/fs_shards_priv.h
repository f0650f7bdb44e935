/* A set of shard folders whose names have to be made durable. */
#ifndef MS_STORE_FS_SHARDS_PRIV_H
#define MS_STORE_FS_SHARDS_PRIV_H

#include "store/fs_layout_priv.h"

/** Up to this many files or folders are synced one by one; beyond, the file system as a whole. */
#define MS_FS_SYNC_EACH_MAX 16u

/** All zero is the empty set. */
typedef struct ms_fs_shards {
    uint64_t bits[MS_FS_SHARD_COUNT / 64];
} ms_fs_shards;

/** Add the shard of digest. */
void ms_fs_shards_add(ms_fs_shards *shards, const uint8_t digest[MS_SHA2_256_SIZE]);
size_t ms_fs_shards_count(const ms_fs_shards *shards);
/** Sync each folder, and blocks/ itself: also when no shard is new, because who made it may not have
 *  come to its sync. */
MS_MUST_CHECK ms_status ms_fs_shards_sync_each(const ms_fs_shards *shards, int blocks_fd, ms_error *err);

#endif
