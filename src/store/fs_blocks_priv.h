/* Finding, reading, listing and deleting the blocks of the embedded store. */
#ifndef MS_STORE_FS_BLOCKS_PRIV_H
#define MS_STORE_FS_BLOCKS_PRIV_H

#include "store/fs_home_priv.h"

/** Blocks that are delivered together, so that the front hashes them side by side. */
#define MS_FS_GET_GROUP 16u

/* Functions of the backend's table; self is a ms_fs_store. */
ms_status ms_fs_has_many(void *self, const ms_cid *cids, const uint64_t *sizes, size_t count,
        bool *present, ms_error *err);
ms_status ms_fs_get_many(void *self, ms_block_get *gets, size_t count, ms_block_done_fn done,
        void *payload, ms_error *err);
ms_file_cloned ms_fs_clone(void *self, const ms_cid *cid, uint64_t size, int fd, uint64_t offset);
ms_status ms_fs_each(void *self, ms_block_listed_fn listed, void *payload, ms_error *err);
ms_status ms_fs_each_unclaimed(void *self, ms_block_listed_fn listed, void *payload, ms_error *err);

ms_status ms_fs_read_begin(void *self, ms_task *task, void **lock, ms_error *err);
void ms_fs_read_end(void *self, void *lock);
ms_status ms_fs_prune_begin(
        void *self, bool dry_run, int64_t wait_ms, ms_task *task, void **lock, ms_error *err);
void ms_fs_prune_end(void *self, void *lock);
ms_status ms_fs_remove_many(
        void *self, const ms_cid *cids, size_t count, ms_store_removed *removed, ms_error *err);
bool ms_fs_is_shared_with_others(void *self);

#endif
