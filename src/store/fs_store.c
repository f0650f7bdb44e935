/* The embedded store as a backend: its table, opening and closing, pins. */
#include "store/fs_store.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bounded.h"
#include "base/log.h"
#include "platform/file.h"
#include "store/fs_blocks_priv.h"
#include "store/fs_home_priv.h"
#include "store/fs_layout_priv.h"
#include "store/fs_session_priv.h"

static ms_status pin(void *self, const ms_cid *root, ms_error *err)
{
    ms_fs_store *store = self;
    return ms_state_set_root(store->state, root, true, err);
}

static ms_status unpin(void *self, const ms_cid *root, ms_error *err)
{
    ms_fs_store *store = self;
    return ms_state_set_root(store->state, root, false, err);
}

static ms_status is_pinned(void *self, const ms_cid *root, bool *pinned, ms_error *err)
{
    ms_fs_store *store = self;
    return ms_state_root_is_pinned(store->state, root, pinned, err);
}

typedef struct root_listing {
    ms_block_listed_fn listed;
    void *payload;
} root_listing;

static ms_status list_root(void *payload, const ms_cid *cid, ms_error *err)
{
    root_listing *listing = payload;
    return listing->listed(listing->payload, cid, 0, err);
}

static ms_status each_root(void *self, bool pinned, ms_block_listed_fn listed, void *payload, ms_error *err)
{
    ms_fs_store *store = self;
    root_listing listing = {.listed = listed, .payload = payload};
    return ms_state_each_root(store->state, pinned, list_root, &listing, err);
}

/* Prune works on a full disk: what cannot be forgotten now is forgotten by the next one. */
static ms_status forgive_full_disk(ms_status status, const ms_error *failure, ms_error *err)
{
    if (status == MS_OK)
        return MS_OK;
    if (failure->os_errno == ENOSPC || failure->os_errno == EDQUOT) {
        ms_log(MS_LOG_WARNING, "the disk is full: %s", failure->message);
        return MS_OK;
    }
    ms_error_copy(err, failure);
    return status;
}

static ms_status forget_root(void *self, const ms_cid *root, ms_error *err)
{
    ms_fs_store *store = self;
    ms_error failure = MS_ERROR_INIT;
    return forgive_full_disk(ms_state_forget_root(store->state, root, &failure), &failure, err);
}

static ms_status forget_unclaimed(void *self, ms_error *err)
{
    ms_fs_store *store = self;
    ms_error failure = MS_ERROR_INIT;
    return forgive_full_disk(ms_state_forget_unclaimed(store->state, &failure), &failure, err);
}

static ms_status disclaim_many(void *self, const ms_cid *cids, size_t count, ms_error *err)
{
    ms_fs_store *store = self;
    uint8_t(*digests)[MS_SHA2_256_SIZE];
    ms_status status;

    if (count == 0)
        return MS_OK;
    digests = ms_alloc(count * sizeof(*digests));
    if (digests == NULL)
        return ms_fail_memory(err, count * sizeof(*digests));
    for (size_t i = 0; i < count; i++)
        memcpy(digests[i], cids[i].digest, sizeof(digests[i]));
    status = ms_state_add_unclaimed(store->state, (const uint8_t(*)[32])digests, count, err);
    ms_free(digests);
    return status;
}

static ms_status sync_blocks(void *self, ms_error *err)
{
    ms_fs_store *store = self;
    bool exists;
    ms_status status = ms_fs_home_find(store, &exists, err);
    return status == MS_OK && exists ? ms_filesystem_sync(store->blocks_fd, err) : status;
}

static ms_status quarantine(void *self, const ms_cid *cid, ms_error *err)
{
    ms_fs_store *store = self;
    ms_status status;
    bool exists;

    status = ms_fs_home_find(store, &exists, err);
    if (status != MS_OK || !exists)
        return status;
    return ms_fs_home_quarantine(store, cid->digest, err);
}

static ms_status block_path(void *self, const ms_cid *cid, char *path, size_t path_size, ms_error *err)
{
    ms_fs_store *store = self;
    char name[MS_FS_NAME_SIZE];

    ms_fs_block_name(name, cid->digest);
    if (path_size > 0 && ms_bounded_printf(path, path_size, "%s/" MS_FS_BLOCKS "/%s", store->home, name))
        return MS_OK;
    return ms_fail(err, MS_LIMIT, "path_too_long", "The path of a block does not fit into %zu bytes", path_size);
}

static void close_store(void *self)
{
    ms_fs_store *store = self;

    ms_fs_home_close(store);
    ms_mutex_release(&store->mutex);
    ms_free(store->home);
    ms_free(store);
}

static const ms_store_backend backend = {
        .kind = "fs",
        .capabilities = MS_STORE_WRITES | MS_STORE_LOCAL | MS_STORE_DELETES,
        .begin = ms_fs_session_begin,
        .put_many = ms_fs_session_put_many,
        .freeze = ms_fs_session_freeze,
        .commit = ms_fs_session_commit,
        .flush = ms_fs_session_flush,
        .abort = ms_fs_session_abort,
        .has_many = ms_fs_has_many,
        .get_many = ms_fs_get_many,
        .clone = ms_fs_clone,
        .pin = pin,
        .unpin = unpin,
        .is_pinned = is_pinned,
        .each_root = each_root,
        .forget_root = forget_root,
        .each = ms_fs_each,
        .each_unclaimed = ms_fs_each_unclaimed,
        .forget_unclaimed = forget_unclaimed,
        .disclaim_many = disclaim_many,
        .sync = sync_blocks,
        .remove_many = ms_fs_remove_many,
        .prune_begin = ms_fs_prune_begin,
        .prune_end = ms_fs_prune_end,
        .read_begin = ms_fs_read_begin,
        .read_end = ms_fs_read_end,
        .quarantine = quarantine,
        .is_shared_with_others = ms_fs_is_shared_with_others,
        .block_path = block_path,
        .close = close_store,
};

ms_status ms_fs_store_open(ms_store **out, const ms_fs_store_options *options, ms_error *err)
{
    ms_fs_store *store = NULL;

    *out = NULL;
    if (options->home == NULL || options->home[0] != '/' || options->state == NULL)
        return ms_fail(err, MS_USAGE, "store_options", "The store needs an absolute path and a state");
    store = ms_calloc(1, sizeof(*store));
    if (store == NULL)
        return ms_fail_memory(err, sizeof(*store));
    store->home = ms_strdup(options->home);
    if (store->home == NULL) {
        ms_free(store);
        return ms_fail_memory(err, sizeof(*store));
    }
    store->state = options->state;
    store->batch_bytes = options->batch_bytes != 0 ? options->batch_bytes : MS_FS_BATCH_BYTES_MAX;
    store->direct_io = options->direct_io;
    store->home_fd = -1;
    store->blocks_fd = -1;
    ms_mutex_init(&store->mutex);
    return ms_store_new(out, &backend, store, err);
}
