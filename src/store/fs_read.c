/* Finding, reading and listing the blocks of the embedded store. */
#include "store/fs_blocks_priv.h"

#include "base/checked.h"
#include "platform/folder.h"
#include "store/fs_block_priv.h"
#include "store/fs_layout_priv.h"
#include "store/fs_session_priv.h"

/* The size of a block's file; MS_NOT_FOUND also for what is no regular file. */
static ms_status find_block(ms_fs_store *store, const uint8_t *digest, uint64_t *size, ms_error *err)
{
    char name[MS_FS_NAME_SIZE];
    ms_file_status file;
    ms_status status;

    ms_fs_block_name(name, digest);
    status = ms_file_status_at(store->blocks_fd, name, false, &file, err);
    *size = file.size;
    if (status == MS_OK && file.kind != MS_FILE_REGULAR)
        return ms_fail(err, MS_NOT_FOUND, "block_no_file", "'%s' is no regular file", name);
    return status;
}

ms_status ms_fs_has_many(void *self, const ms_cid *cids, const uint64_t *sizes, size_t count,
        bool *present, ms_error *err)
{
    ms_fs_store *store = self;
    ms_error failure = MS_ERROR_INIT;
    ms_status status;
    bool exists;

    for (size_t i = 0; i < count; i++)
        present[i] = false;
    status = ms_fs_home_find(store, &exists, err);
    if (status != MS_OK || !exists)
        return status;
    for (size_t i = 0; i < count; i++) {
        uint64_t size;
        status = find_block(store, cids[i].digest, &size, &failure);
        if (status == MS_OK)
            present[i] = sizes == NULL || sizes[i] == size;
        else if (status != MS_NOT_FOUND) {
            ms_error_copy(err, &failure);
            return status;
        }
    }
    return MS_OK;
}

static ms_fs_reading reading_of(const ms_fs_store *store)
{
    if (store->direct_io == MS_DIRECT_IO_OFF)
        return MS_FS_READ_CACHED;
    return store->direct_io == MS_DIRECT_IO_ON ? MS_FS_READ_DISK : MS_FS_READ_AROUND;
}

/* What it finds stands in get; it fails where it could not look. */
static ms_status get_one(ms_fs_store *store, bool exists, ms_block_get *get, ms_error *err)
{
    ms_error failure = MS_ERROR_INIT;
    char name[MS_FS_NAME_SIZE];

    get->status = MS_NOT_FOUND;
    get->size = 0;
    get->os_errno = 0;
    if (!exists)
        return MS_OK;
    ms_fs_block_name(name, get->cid.digest);
    get->status = ms_fs_block_read(store->blocks_fd, name, reading_of(store), get->buffer, get->buffer_size, &get->size, &failure);
    if (get->status == MS_OK)
        return MS_OK;
    get->os_errno = failure.os_errno;
    if (get->status != MS_IO || ms_fs_block_is_unusable(&failure))
        return MS_OK;
    ms_error_copy(err, &failure);
    return get->status;
}

ms_status ms_fs_get_many(void *self, ms_block_get *gets, size_t count, ms_block_done_fn done,
        void *payload, ms_error *err)
{
    ms_block_get *group[MS_FS_GET_GROUP];
    ms_fs_store *store = self;
    size_t filled = 0;
    ms_status status;
    bool exists;

    status = ms_fs_home_find(store, &exists, err);
    for (size_t i = 0; status == MS_OK && i < count; i++) {
        status = get_one(store, exists, &gets[i], err);
        if (status != MS_OK)
            break;
        group[filled++] = &gets[i];
        if (filled < MS_FS_GET_GROUP && i + 1 < count)
            continue;
        status = done(payload, group, filled, err);
        filled = 0;
    }
    return status;
}

ms_file_cloned ms_fs_clone(void *self, const ms_cid *cid, uint64_t size, int fd, uint64_t offset)
{
    ms_fs_store *store = self;
    ms_file_cloned cloned = MS_FILE_NOT_CLONED;
    char name[MS_FS_NAME_SIZE];
    ms_file_status file;
    int block = -1;
    bool exists;

    if (ms_fs_home_find(store, &exists, NULL) != MS_OK || !exists)
        return cloned;
    ms_fs_block_name(name, cid->digest);
    if (ms_file_open(&block, store->blocks_fd, name,
                MS_OPEN_READ | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR, 0, NULL) != MS_OK)
        return cloned;
    if (ms_file_status_of(block, &file, NULL) == MS_OK && file.size == size)
        cloned = ms_file_clone_range(fd, offset, block, 0, size);
    ms_file_close(block);
    return cloned;
}

/* One file of a shard; what is no block of ours is passed over, and what vanished meanwhile too. */
static ms_status list_file(ms_folder *folder, const char *shard, const char *name, ms_block_listed_fn listed,
        void *payload, ms_error *err)
{
    ms_error failure = MS_ERROR_INIT;
    uint8_t digest[MS_SHA2_256_SIZE];
    ms_file_status file;
    ms_status status;
    ms_cid cid;

    if (!ms_fs_file_digest(digest, shard, name))
        return MS_OK;
    status = ms_file_status_at(ms_folder_fd(folder), name, false, &file, &failure);
    if (status == MS_NOT_FOUND || (status == MS_OK && file.kind != MS_FILE_REGULAR))
        return MS_OK;
    if (status != MS_OK) {
        ms_error_copy(err, &failure);
        return status;
    }
    cid = ms_cid_sha256(MS_CODEC_RAW, digest);
    return listed(payload, &cid, file.size, err);
}

static ms_status list_shard(
        ms_fs_store *store, const char *shard, ms_block_listed_fn listed, void *payload, ms_error *err)
{
    ms_folder *folder = NULL;
    const char *name;
    ms_status status = ms_folder_open(&folder, store->blocks_fd, shard, err);

    while (status == MS_OK) {
        status = ms_folder_next(folder, &name, NULL, err);
        if (status != MS_OK || name == NULL)
            break;
        status = list_file(folder, shard, name, listed, payload, err);
    }
    ms_folder_close(folder);
    return status;
}

ms_status ms_fs_each(void *self, ms_block_listed_fn listed, void *payload, ms_error *err)
{
    ms_fs_store *store = self;
    ms_folder *folder = NULL;
    ms_file_kind kind;
    const char *name;
    ms_status status;
    bool exists;

    status = ms_fs_home_find(store, &exists, err);
    if (status != MS_OK || !exists)
        return status;
    status = ms_folder_open(&folder, store->blocks_fd, ".", err);
    while (status == MS_OK) {
        status = ms_folder_next(folder, &name, &kind, err);
        if (status != MS_OK || name == NULL)
            break;
        if (kind == MS_FILE_DIRECTORY && ms_fs_is_shard_name(name))
            status = list_shard(store, name, listed, payload, err);
    }
    ms_folder_close(folder);
    return status;
}

typedef struct sized_listing {
    ms_fs_store *store;
    ms_block_listed_fn listed;
    void *payload;
} sized_listing;

/* The state may name blocks that never got their final name, or are pruned by now. */
static ms_status list_with_size(void *payload, const ms_cid *cid, ms_error *err)
{
    sized_listing *listing = payload;
    ms_error failure = MS_ERROR_INIT;
    uint64_t size;
    ms_status status = find_block(listing->store, cid->digest, &size, &failure);

    if (status == MS_NOT_FOUND)
        return MS_OK;
    if (status != MS_OK) {
        ms_error_copy(err, &failure);
        return status;
    }
    return listing->listed(listing->payload, cid, size, err);
}

static ms_status list_dead(void *payload, const uint8_t (*digests)[MS_SHA2_256_SIZE], size_t count, ms_error *err)
{
    ms_status status = MS_OK;

    for (size_t i = 0; status == MS_OK && i < count; i++) {
        const ms_cid cid = ms_cid_sha256(MS_CODEC_RAW, digests[i]);
        status = list_with_size(payload, &cid, err);
    }
    return status;
}

/* A dry run left dead sessions alone, so that their blocks are not yet in the state. */
ms_status ms_fs_each_unclaimed(void *self, ms_block_listed_fn listed, void *payload, ms_error *err)
{
    ms_fs_store *store = self;
    sized_listing listing = {.store = store, .listed = listed, .payload = payload};
    ms_status status;
    bool is_dry_run;
    bool exists;

    status = ms_fs_home_find(store, &exists, err);
    if (status != MS_OK || !exists)
        return status;
    ms_mutex_lock(&store->mutex);
    is_dry_run = store->looking > 0;
    ms_mutex_unlock(&store->mutex);
    status = ms_state_each_unclaimed(store->state, list_with_size, &listing, err);
    return status == MS_OK && is_dry_run ? ms_fs_each_dead(store, list_dead, &listing, err) : status;
}
