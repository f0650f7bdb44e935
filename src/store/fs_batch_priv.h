/* A batch: blocks under temporary names that are made durable and visible together. Used by sessions
 * and by the adoption of what dead sessions left. */
#ifndef MS_STORE_FS_BATCH_PRIV_H
#define MS_STORE_FS_BATCH_PRIV_H

#include "store/fs_block_priv.h"
#include "platform/file.h"
#include "store/fs_shards_priv.h"

#define MS_FS_BATCH_FILES_MAX 4096u

typedef struct ms_fs_batch_file {
    uint8_t digest[MS_SHA2_256_SIZE];
    int fd; /* open until the sync, or -1 */
} ms_fs_batch_file;

/** For one thread at a time. */
typedef struct ms_fs_batch {
    ms_fs_store *store;
    int folder_fd;           /* holds the temporary files; opened before the first of them was written */
    int journal_fd;          /* -1 until it is needed */
    bool journal_is_named;   /* its name is durable */
    ms_fs_batch_file *files; /* MS_FS_BATCH_FILES_MAX of them */
    size_t count;
    size_t open_count; /* files with a descriptor */
    /* Blocks that were there already, since the last sync: whoever wrote them may not have synced
     * them. Beyond the array only their number is known. */
    uint8_t hits[MS_FS_SYNC_EACH_MAX][MS_SHA2_256_SIZE];
    size_t hit_count;
    ms_fs_shards shards; /* of new names and of hits, since the last sync */
} ms_fs_batch;

/** Takes folder_fd, on failure too. */
MS_MUST_CHECK ms_status ms_fs_batch_init(
        ms_fs_batch *batch, ms_fs_store *store, int folder_fd, ms_error *err);
void ms_fs_batch_release(ms_fs_batch *batch);

/** Add a file that was written below folder_fd under its key; there is room. fd (may be -1) is taken. */
void ms_fs_batch_add(ms_fs_batch *batch, const uint8_t digest[MS_SHA2_256_SIZE], int fd);
/** Note a block that was there already. */
void ms_fs_batch_add_hit(ms_fs_batch *batch, const uint8_t digest[MS_SHA2_256_SIZE]);

/** Sync the files (and the journal, where there is one). After a failure they must not be published:
 *  the kernel may have dropped their bytes. */
MS_MUST_CHECK ms_status ms_fs_batch_sync_files(ms_fs_batch *batch, ms_error *err);
/** Give the files their final names, then sync names and hits. Afterwards the batch is empty. */
MS_MUST_CHECK ms_status ms_fs_batch_publish(ms_fs_batch *batch, ms_error *err);

#endif
