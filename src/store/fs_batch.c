/* A batch: blocks under temporary names that are made durable and visible together. The order is the
 * promise: bytes are synced before a final name points to them, names before anybody is told. */
#include "store/fs_batch_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "platform/folder.h"

ms_status ms_fs_batch_init(ms_fs_batch *batch, ms_fs_store *store, int folder_fd, ms_error *err)
{
    *batch = (ms_fs_batch){.store = store, .folder_fd = folder_fd, .journal_fd = -1};
    batch->files = ms_calloc(MS_FS_BATCH_FILES_MAX, sizeof(*batch->files));
    if (batch->files != NULL)
        return MS_OK;
    ms_file_close(folder_fd);
    batch->folder_fd = -1;
    return ms_fail_memory(err, MS_FS_BATCH_FILES_MAX * sizeof(*batch->files));
}

static void close_files(ms_fs_batch *batch)
{
    for (size_t i = 0; i < batch->count; i++) {
        ms_file_close(batch->files[i].fd);
        batch->files[i].fd = -1;
    }
    batch->open_count = 0;
}

void ms_fs_batch_release(ms_fs_batch *batch)
{
    if (batch->files == NULL)
        return;
    close_files(batch);
    ms_file_close(batch->journal_fd);
    ms_file_close(batch->folder_fd);
    ms_free(batch->files);
    *batch = (ms_fs_batch){.folder_fd = -1, .journal_fd = -1};
}

void ms_fs_batch_add(ms_fs_batch *batch, const uint8_t digest[MS_SHA2_256_SIZE], int fd)
{
    ms_fs_batch_file *file = &batch->files[batch->count++];

    memcpy(file->digest, digest, MS_SHA2_256_SIZE);
    file->fd = fd;
    batch->open_count += fd >= 0;
}

void ms_fs_batch_add_hit(ms_fs_batch *batch, const uint8_t digest[MS_SHA2_256_SIZE])
{
    if (batch->hit_count < MS_FS_SYNC_EACH_MAX)
        memcpy(batch->hits[batch->hit_count], digest, MS_SHA2_256_SIZE);
    batch->hit_count++;
    ms_fs_shards_add(&batch->shards, digest);
}

/* The journal is found again by its name, in the session's folder, in tmp/. */
static ms_status sync_journal(ms_fs_batch *batch, ms_error *err)
{
    ms_status status;

    if (batch->journal_fd < 0)
        return MS_OK;
    status = ms_file_sync(batch->journal_fd, err);
    if (status != MS_OK || batch->journal_is_named)
        return status;
    status = ms_folder_sync(batch->folder_fd, ".", err);
    if (status == MS_OK)
        status = ms_folder_sync(batch->store->home_fd, MS_FS_TMP, err);
    batch->journal_is_named = status == MS_OK;
    return status;
}

ms_status ms_fs_batch_sync_files(ms_fs_batch *batch, ms_error *err)
{
    ms_status status = MS_OK;

    if (batch->count == 0)
        return MS_OK;
    if (batch->count > MS_FS_SYNC_EACH_MAX || batch->open_count < batch->count) {
        status = ms_filesystem_sync(batch->folder_fd, err);
    } else {
        for (size_t i = 0; status == MS_OK && i < batch->count; i++)
            status = ms_file_sync(batch->files[i].fd, err);
        if (status == MS_OK)
            status = sync_journal(batch, err);
    }
    close_files(batch);
    return status;
}

/* Somebody else gave the name to a file of theirs since we looked. Theirs stays if it has the bytes. */
static ms_status settle_with_other(
        ms_fs_batch *batch, const uint8_t *digest, const char *key, const char *name, ms_error *err)
{
    ms_fs_scratch ours = {0};
    ms_fs_scratch theirs = {0};
    ms_fs_found found;
    ms_status status;
    bool existed;
    size_t size;

    status = ms_fs_scratch_need(&ours, MS_BLOCK_SIZE_IN_MAX, err);
    if (status == MS_OK)
        status = ms_fs_block_read(
                batch->folder_fd, key, MS_FS_READ_CACHED, ours.data, MS_BLOCK_SIZE_IN_MAX, &size, err);
    if (status == MS_OK)
        status = ms_fs_block_compare(batch->store, batch->store->blocks_fd, name,
                ms_span_of(ours.data, size), &theirs, &found, err);
    if (status != MS_OK)
        goto done;
    if (found == MS_FS_FOUND_SAME) {
        ms_fs_batch_add_hit(batch, digest);
        status = ms_file_remove(batch->folder_fd, key, err);
        goto done;
    }
    status = ms_fs_home_quarantine(batch->store, digest, err);
    if (status == MS_OK)
        status = ms_file_rename(
                batch->folder_fd, key, batch->store->blocks_fd, name, false, &existed, err);
    if (status == MS_OK && existed)
        status = ms_fail(err, MS_LOCKED, "block_contested", "Another process keeps writing block %s", key);
done:
    ms_fs_scratch_release(&ours);
    ms_fs_scratch_release(&theirs);
    return status;
}

static ms_status fail_vanished(ms_error *err, const char *name)
{
    return ms_fail(err, MS_IO, "block_vanished",
            "The file of block %s was removed by somebody else before it was durable", name);
}

static ms_status publish_file(ms_fs_batch *batch, const uint8_t *digest, ms_error *err)
{
    char key[MS_FS_KEY_SIZE];
    char name[MS_FS_NAME_SIZE];
    char shard[MS_FS_SHARD_NAME_SIZE];
    ms_error failure = MS_ERROR_INIT;
    int blocks_fd = batch->store->blocks_fd;
    bool existed = false;
    ms_status status;

    ms_fs_key(key, digest);
    ms_fs_block_name(name, digest);
    status = ms_file_rename(batch->folder_fd, key, blocks_fd, name, false, &existed, &failure);
    if (status == MS_NOT_FOUND) {
        ms_fs_shard_name(shard, ms_fs_shard_index(digest));
        status = ms_folder_make(blocks_fd, shard, 0700, NULL, err);
        if (status != MS_OK)
            return status;
        status = ms_file_rename(batch->folder_fd, key, blocks_fd, name, false, &existed, &failure);
    }
    if (status == MS_NOT_FOUND)
        return fail_vanished(err, name);
    if (status != MS_OK) {
        ms_error_copy(err, &failure);
        return status;
    }
    ms_fs_shards_add(&batch->shards, digest);
    return existed ? settle_with_other(batch, digest, key, name, err) : MS_OK;
}

/* A block that was there before: its bytes. */
static ms_status sync_hit(ms_fs_batch *batch, const uint8_t *digest, ms_error *err)
{
    char name[MS_FS_NAME_SIZE];
    ms_status status;
    int fd;

    ms_fs_block_name(name, digest);
    status = ms_file_open(&fd, batch->store->blocks_fd, name,
            MS_OPEN_READ | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR, 0, err);
    if (status == MS_NOT_FOUND)
        return fail_vanished(err, name);
    if (status != MS_OK)
        return status;
    status = ms_file_sync(fd, err);
    ms_file_close(fd);
    return status;
}

static ms_status sync_each(ms_fs_batch *batch, ms_error *err)
{
    ms_status status = MS_OK;

    for (size_t i = 0; status == MS_OK && i < batch->hit_count; i++)
        status = sync_hit(batch, batch->hits[i], err);
    return status == MS_OK ? ms_fs_shards_sync_each(&batch->shards, batch->store->blocks_fd, err) : status;
}

ms_status ms_fs_batch_publish(ms_fs_batch *batch, ms_error *err)
{
    ms_status status = MS_OK;
    size_t shard_count;

    for (size_t i = 0; status == MS_OK && i < batch->count; i++)
        status = publish_file(batch, batch->files[i].digest, err);
    if (status != MS_OK)
        return status;
    shard_count = ms_fs_shards_count(&batch->shards);
    if (shard_count == 0)
        return MS_OK;
    if (shard_count <= MS_FS_SYNC_EACH_MAX && batch->hit_count <= MS_FS_SYNC_EACH_MAX)
        status = sync_each(batch, err);
    else
        status = ms_filesystem_sync(batch->folder_fd, err);
    if (status != MS_OK)
        return status;
    batch->shards = (ms_fs_shards){0};
    batch->hit_count = 0;
    batch->count = 0;
    return MS_OK;
}
