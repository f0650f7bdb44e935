/* The front of every store: checks of arguments, hashing of what comes out, the small conveniences.
 * No backend is trusted with the bytes of a block. */
#include "store/store.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "crypto/sha256.h"

/* Blocks hashed side by side: the most lanes that any processor has for us. */
#define HASH_GROUP 16

struct ms_store {
    const ms_store_backend *backend;
    void *self;
};

struct ms_store_session {
    ms_store *store;
    void *self;
};

ms_status ms_store_new(ms_store **out, const ms_store_backend *backend, void *self, ms_error *err)
{
    ms_store *store = ms_calloc(1, sizeof(*store));

    *out = store;
    if (store == NULL) {
        backend->close(self);
        return ms_fail_memory(err, sizeof(*store));
    }
    store->backend = backend;
    store->self = self;
    return MS_OK;
}

void ms_store_close(ms_store *store)
{
    if (store == NULL)
        return;
    store->backend->close(store->self);
    ms_free(store);
}

const char *ms_store_kind(const ms_store *store)
{
    return store->backend->kind;
}

static ms_status expect(const ms_store *store, bool can, const char *what, ms_error *err)
{
    if (can)
        return MS_OK;
    return ms_fail(err, MS_USAGE, "store_cannot", "A store of kind '%s' cannot %s", store->backend->kind, what);
}

static ms_status expect_writes(const ms_store *store, ms_error *err)
{
    return expect(store, (store->backend->capabilities & MS_STORE_WRITES) != 0, "be written", err);
}

static ms_status expect_deletes(const ms_store *store, ms_error *err)
{
    return expect(store, (store->backend->capabilities & MS_STORE_DELETES) != 0, "delete blocks", err);
}

/* Blocks of other hashes are never ours, and nothing here could prove them. */
static ms_status expect_hash(const ms_cid *cid, ms_error *err)
{
    char text[MS_CID_TEXT_SIZE];

    if (cid->hash == MS_HASH_SHA2_256 && cid->digest_size == MS_SHA2_256_SIZE)
        return MS_OK;
    ms_cid_format(cid, text);
    ms_fail(err, MS_USAGE, "store_hash", "Only blocks named by SHA-256 are stored: '%s' is not", text);
    ms_error_set_cid(err, text);
    return MS_USAGE;
}

ms_status ms_store_begin(ms_store *store, ms_store_session **out, ms_task *task, ms_error *err)
{
    ms_store_session *session = NULL;
    ms_status status = expect_writes(store, err);

    *out = NULL;
    if (status != MS_OK)
        return status;
    session = ms_calloc(1, sizeof(*session));
    if (session == NULL)
        return ms_fail_memory(err, sizeof(*session));
    session->store = store;
    status = store->backend->begin(store->self, task, &session->self, err);
    if (status != MS_OK) {
        ms_free(session);
        return status;
    }
    *out = session;
    return MS_OK;
}

ms_status ms_store_put_many(ms_store_session *session, ms_block_put *puts, size_t count, ms_error *err)
{
    for (size_t i = 0; i < count; i++) {
        ms_status status = expect_hash(&puts[i].cid, err);
        if (status == MS_OK && puts[i].block.size > MS_BLOCK_SIZE_IN_MAX)
            status = ms_fail(err, MS_LIMIT, "block_too_large", "A block has %zu bytes, more than %u",
                    puts[i].block.size, MS_BLOCK_SIZE_IN_MAX);
        if (status != MS_OK)
            return status;
    }
    return session->store->backend->put_many(session->self, puts, count, err);
}

ms_status ms_store_put(ms_store_session *session, ms_cid *cid, uint32_t codec, ms_span block,
        bool *was_present, ms_error *err)
{
    ms_block_put put = {.block = block, .buffer_size = block.size};
    uint8_t digest[MS_SHA256_SIZE];
    ms_status status;

    ms_sha256(digest, block.data, block.size);
    put.cid = ms_cid_sha256(codec, digest);
    status = ms_store_put_many(session, &put, 1, err);
    *cid = status == MS_OK ? put.cid : (ms_cid){0};
    if (was_present != NULL)
        *was_present = status == MS_OK && put.was_present;
    return status;
}

int ms_store_freeze(ms_store_session *session, int fd, uint64_t offset, uint64_t size)
{
    const ms_store_backend *backend = session->store->backend;
    return backend->freeze == NULL ? -1 : backend->freeze(session->self, fd, offset, size);
}

ms_status ms_store_flush(ms_store_session *session, ms_error *err)
{
    return session->store->backend->flush(session->self, err);
}

ms_status ms_store_commit(ms_store_session **session, ms_error *err)
{
    ms_store_session *ended = *session;
    ms_status status;

    *session = NULL;
    status = ended->store->backend->commit(ended->self, err);
    ms_free(ended);
    return status;
}

void ms_store_abort(ms_store_session **session)
{
    ms_store_session *ended = *session;

    *session = NULL;
    if (ended == NULL)
        return;
    ended->store->backend->abort(ended->self);
    ms_free(ended);
}

static ms_status sink_put(void *payload, const ms_cid *cid, ms_span block, ms_error *err)
{
    ms_block_put put = {.cid = *cid, .block = block, .buffer_size = block.size};
    return ms_store_put_many(payload, &put, 1, err);
}

ms_block_sink ms_store_session_sink(ms_store_session *session)
{
    return (ms_block_sink){.put = sink_put, .payload = session};
}

ms_status ms_store_has_many(ms_store *store, const ms_cid *cids, const uint64_t *sizes, size_t count,
        bool *present, ms_error *err)
{
    ms_status status = MS_OK;

    for (size_t i = 0; i < count; i++) {
        present[i] = false;
        if (status == MS_OK)
            status = expect_hash(&cids[i], err);
    }
    return status == MS_OK ? store->backend->has_many(store->self, cids, sizes, count, present, err) : status;
}

typedef struct verified_get {
    ms_block_done_fn done;
    void *payload;
} verified_get;

/* A backend that knows already that the length is wrong gets the hash of what it found all the same. */
static bool has_bytes(const ms_block_get *get)
{
    return get->status == MS_OK || get->status == MS_INTEGRITY;
}

static void judge(ms_block_get *get, const uint8_t digest[MS_SHA256_SIZE])
{
    bool right = memcmp(digest, get->cid.digest, MS_SHA256_SIZE) == 0;

    if (get->status == MS_OK && right)
        return;
    get->status = MS_INTEGRITY;
    memcpy(get->actual, digest, MS_SHA256_SIZE);
}

static void verify_group(ms_block_get *const *gets, size_t count)
{
    uint8_t digests[HASH_GROUP][MS_SHA256_SIZE];
    ms_span blocks[HASH_GROUP];
    size_t hashed = 0;

    for (size_t i = 0; i < count; i++) {
        if (has_bytes(gets[i]))
            blocks[hashed++] = ms_span_of(gets[i]->buffer, gets[i]->size);
    }
    ms_sha256_many(digests, blocks, hashed);
    hashed = 0;
    for (size_t i = 0; i < count; i++) {
        if (has_bytes(gets[i]))
            judge(gets[i], digests[hashed++]);
    }
}

static ms_status verify_done(void *payload, ms_block_get *const *done, size_t count, ms_error *err)
{
    verified_get *get = payload;

    for (size_t i = 0; i < count; i += HASH_GROUP)
        verify_group(done + i, MS_MIN(count - i, (size_t)HASH_GROUP));
    return get->done(get->payload, done, count, err);
}

ms_status ms_store_get_many(ms_store *store, ms_block_get *gets, size_t count, ms_block_done_fn done,
        void *payload, ms_error *err)
{
    verified_get get = {.done = done, .payload = payload};

    for (size_t i = 0; i < count; i++) {
        ms_status status = expect_hash(&gets[i].cid, err);
        if (status != MS_OK)
            return status;
    }
    return store->backend->get_many(store->self, gets, count, verify_done, &get, err);
}

static ms_status ignore_done(void *payload, ms_block_get *const *done, size_t count, ms_error *err)
{
    (void)payload;
    (void)done;
    (void)count;
    (void)err;
    return MS_OK;
}

/* What to say of one block that was not got. */
static ms_status fail_get(const ms_store *store, const ms_block_get *get, ms_error *err)
{
    char text[MS_CID_TEXT_SIZE];
    char found[MS_CID_TEXT_SIZE];
    ms_cid actual = ms_cid_sha256(get->cid.codec, get->actual);
    const char *kind = store->backend->kind;

    ms_cid_format(&get->cid, text);
    if (get->status == MS_NOT_FOUND) {
        ms_fail(err, MS_NOT_FOUND, "block_missing", "Block %s is not in the store (%s)", text, kind);
    } else if (get->status == MS_INTEGRITY) {
        ms_cid_format(&actual, found);
        ms_fail(err, MS_INTEGRITY, "block_damaged", "Block %s is damaged: the store (%s) has %zu bytes of %s",
                text, kind, get->size, found);
        ms_error_set_hint(err, "Run 'model-storage repair' to fetch the block again");
    } else if (get->status == MS_LIMIT) {
        ms_fail(err, MS_LIMIT, "block_too_large", "Block %s is larger than %zu bytes", text, get->buffer_size);
    } else if (get->os_errno != 0) {
        ms_fail_errno(err, get->os_errno, "block_unreadable", "Block %s cannot be read", text);
    } else {
        ms_fail(err, get->status, "block_unreadable", "Block %s cannot be read from the store (%s)", text, kind);
    }
    ms_error_set_cid(err, text);
    return get->status;
}

ms_status ms_store_get(ms_store *store, const ms_cid *cid, ms_buffer *block, ms_error *err)
{
    ms_block_get get = {.cid = *cid};
    ms_status status;

    ms_buffer_clear(block);
    get.buffer_size = MS_MIN(block->size_max, (size_t)MS_BLOCK_SIZE_IN_MAX);
    status = ms_buffer_reserve(block, get.buffer_size, err);
    if (status != MS_OK)
        return status;
    get.buffer = block->data;
    status = ms_store_get_many(store, &get, 1, ignore_done, NULL, err);
    if (status != MS_OK)
        return status;
    if (get.status != MS_OK)
        return fail_get(store, &get, err);
    block->size = get.size;
    return MS_OK;
}

ms_file_cloned ms_store_clone(ms_store *store, const ms_cid *cid, uint64_t size, int fd, uint64_t offset)
{
    if (store->backend->clone == NULL || expect_hash(cid, NULL) != MS_OK)
        return MS_FILE_CANNOT_CLONE;
    return store->backend->clone(store->self, cid, size, fd, offset);
}

static ms_status source_get(void *payload, const ms_cid *cid, ms_buffer *block, ms_error *err)
{
    return ms_store_get(payload, cid, block, err);
}

ms_block_source ms_store_source(ms_store *store)
{
    return (ms_block_source){.get = source_get, .payload = store};
}

ms_status ms_store_pin(ms_store *store, const ms_cid *root, ms_error *err)
{
    ms_status status = expect_writes(store, err);
    return status == MS_OK ? store->backend->pin(store->self, root, err) : status;
}

ms_status ms_store_unpin(ms_store *store, const ms_cid *root, ms_error *err)
{
    ms_status status = expect_writes(store, err);
    return status == MS_OK ? store->backend->unpin(store->self, root, err) : status;
}

ms_status ms_store_is_pinned(ms_store *store, const ms_cid *root, bool *pinned, ms_error *err)
{
    ms_status status = expect(store, store->backend->is_pinned != NULL, "pin", err);

    *pinned = false;
    return status == MS_OK ? store->backend->is_pinned(store->self, root, pinned, err) : status;
}

ms_status ms_store_each_root(
        ms_store *store, bool pinned, ms_block_listed_fn listed, void *payload, ms_error *err)
{
    ms_status status = expect(store, store->backend->each_root != NULL, "list its roots", err);
    return status == MS_OK ? store->backend->each_root(store->self, pinned, listed, payload, err) : status;
}

ms_status ms_store_forget_root(ms_store *store, const ms_cid *root, ms_error *err)
{
    ms_status status = expect(store, store->backend->forget_root != NULL, "forget roots", err);
    return status == MS_OK ? store->backend->forget_root(store->self, root, err) : status;
}

ms_status ms_store_each(ms_store *store, ms_block_listed_fn listed, void *payload, ms_error *err)
{
    ms_status status = expect(store, store->backend->each != NULL, "list its blocks", err);
    return status == MS_OK ? store->backend->each(store->self, listed, payload, err) : status;
}

ms_status ms_store_each_unclaimed(ms_store *store, ms_block_listed_fn listed, void *payload, ms_error *err)
{
    ms_status status = expect_deletes(store, err);
    return status == MS_OK ? store->backend->each_unclaimed(store->self, listed, payload, err) : status;
}

ms_status ms_store_forget_unclaimed(ms_store *store, ms_error *err)
{
    ms_status status = expect_deletes(store, err);
    return status == MS_OK ? store->backend->forget_unclaimed(store->self, err) : status;
}

ms_status ms_store_disclaim_many(ms_store *store, const ms_cid *cids, size_t count, ms_error *err)
{
    ms_status status = expect_deletes(store, err);

    for (size_t i = 0; status == MS_OK && i < count; i++)
        status = expect_hash(&cids[i], err);
    return status == MS_OK ? store->backend->disclaim_many(store->self, cids, count, err) : status;
}

ms_status ms_store_sync(ms_store *store, ms_error *err)
{
    ms_status status = expect_writes(store, err);
    return status == MS_OK ? store->backend->sync(store->self, err) : status;
}

ms_status ms_store_remove_many(
        ms_store *store, const ms_cid *cids, size_t count, ms_store_removed *removed, ms_error *err)
{
    ms_status status = expect_deletes(store, err);

    *removed = (ms_store_removed){0};
    for (size_t i = 0; status == MS_OK && i < count; i++)
        status = expect_hash(&cids[i], err);
    return status == MS_OK ? store->backend->remove_many(store->self, cids, count, removed, err) : status;
}

ms_status ms_store_prune_begin(
        ms_store *store, bool dry_run, int64_t wait_ms, ms_task *task, void **lock, ms_error *err)
{
    ms_status status = expect_deletes(store, err);

    *lock = NULL;
    return status == MS_OK ? store->backend->prune_begin(store->self, dry_run, wait_ms, task, lock, err) : status;
}

void ms_store_prune_end(ms_store *store, void *lock)
{
    if (lock != NULL)
        store->backend->prune_end(store->self, lock);
}

ms_status ms_store_read_begin(ms_store *store, ms_task *task, void **lock, ms_error *err)
{
    *lock = NULL;
    if (store->backend->read_begin == NULL)
        return MS_OK; /* nobody deletes under our eyes there, or it cannot be helped */
    return store->backend->read_begin(store->self, task, lock, err);
}

void ms_store_read_end(ms_store *store, void *lock)
{
    if (lock != NULL)
        store->backend->read_end(store->self, lock);
}

ms_status ms_store_quarantine(ms_store *store, const ms_cid *cid, ms_error *err)
{
    ms_status status = expect_deletes(store, err);

    if (status == MS_OK)
        status = expect_hash(cid, err);
    return status == MS_OK ? store->backend->quarantine(store->self, cid, err) : status;
}

bool ms_store_is_shared_with_others(ms_store *store)
{
    return store->backend->is_shared_with_others != NULL &&
           store->backend->is_shared_with_others(store->self);
}

ms_status ms_store_block_path(
        ms_store *store, const ms_cid *cid, char *path, size_t path_size, ms_error *err)
{
    ms_status status = expect(store, store->backend->block_path != NULL, "name the files of blocks", err);

    if (path_size > 0)
        path[0] = '\0';
    if (status == MS_OK)
        status = expect_hash(cid, err);
    return status == MS_OK ? store->backend->block_path(store->self, cid, path, path_size, err) : status;
}
