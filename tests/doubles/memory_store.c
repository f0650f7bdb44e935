/* A store in memory: the simplest thing that keeps every promise of the table. */
#include "doubles/memory_store.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "platform/clock.h"
#include "platform/thread.h"

typedef struct memory_entry {
    uint8_t digest[32];
    uint8_t *data;
    size_t size;
} memory_entry;

/* Sorted by digest. */
typedef struct memory_map {
    memory_entry *entries;
    size_t count;
} memory_map;

typedef struct memory_root {
    ms_cid cid;
    bool pinned;
} memory_root;

struct memory_disk {
    ms_mutex mutex;
    ms_condition changed;
    memory_map blocks;
    memory_map unclaimed; /* digests only */
    memory_root *roots;
    size_t root_count;
    unsigned shared_locks;
    bool pruning;
    bool is_dry_run; /* of the prune */
    size_t quarantined;
    size_t syncs;
};

typedef struct memory_session {
    memory_disk *disk;
    ms_task *task;
    memory_map taken;   /* since the last flush */
    memory_map flushed; /* digests only: unclaimed until the commit */
} memory_session;

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static size_t lower_bound(const memory_map *map, const uint8_t *digest)
{
    size_t low = 0;
    size_t high = map->count;

    while (low < high) {
        size_t middle = (low + high) / 2;
        if (memcmp(map->entries[middle].digest, digest, 32) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

static memory_entry *map_find(const memory_map *map, const uint8_t *digest)
{
    size_t at = lower_bound(map, digest);
    bool found = at < map->count && memcmp(map->entries[at].digest, digest, 32) == 0;
    return found ? &map->entries[at] : NULL;
}

/* Takes data; a digest that is there already keeps its first bytes. */
static void map_add(memory_map *map, const uint8_t *digest, uint8_t *data, size_t size)
{
    size_t at = lower_bound(map, digest);

    if (map_find(map, digest) != NULL) {
        free(data);
        return;
    }
    map->entries = must(realloc(map->entries, (map->count + 1) * sizeof(*map->entries)));
    memmove(&map->entries[at + 1], &map->entries[at], (map->count - at) * sizeof(*map->entries));
    map->entries[at] = (memory_entry){.data = data, .size = size};
    memcpy(map->entries[at].digest, digest, 32);
    map->count++;
}

static void map_remove(memory_map *map, memory_entry *entry)
{
    size_t at = (size_t)(entry - map->entries);

    free(entry->data);
    memmove(entry, entry + 1, (map->count - at - 1) * sizeof(*entry));
    map->count--;
}

static void map_clear(memory_map *map)
{
    for (size_t i = 0; i < map->count; i++)
        free(map->entries[i].data);
    free(map->entries);
    *map = (memory_map){0};
}

memory_disk *memory_disk_new(void)
{
    memory_disk *disk = must(calloc(1, sizeof(*disk)));

    ms_mutex_init(&disk->mutex);
    ms_condition_init(&disk->changed);
    return disk;
}

void memory_disk_free(memory_disk *disk)
{
    if (disk == NULL)
        return;
    assert(disk->shared_locks == 0 && !disk->pruning);
    map_clear(&disk->blocks);
    map_clear(&disk->unclaimed);
    free(disk->roots);
    ms_condition_release(&disk->changed);
    ms_mutex_release(&disk->mutex);
    free(disk);
}

bool memory_disk_damage(memory_disk *disk, const ms_cid *cid)
{
    memory_entry *entry;

    ms_mutex_lock(&disk->mutex);
    entry = map_find(&disk->blocks, cid->digest);
    if (entry != NULL && entry->size > 0)
        entry->data[entry->size / 2] ^= 1;
    else if (entry != NULL)
        entry->size = 1; /* the byte behind the end that every copy has */
    ms_mutex_unlock(&disk->mutex);
    return entry != NULL;
}

static size_t read_number(memory_disk *disk, const size_t *number)
{
    size_t value;

    ms_mutex_lock(&disk->mutex);
    value = *number;
    ms_mutex_unlock(&disk->mutex);
    return value;
}

size_t memory_disk_quarantined(memory_disk *disk)
{
    return read_number(disk, &disk->quarantined);
}

size_t memory_disk_syncs(memory_disk *disk)
{
    return read_number(disk, &disk->syncs);
}

/* Wait while condition(disk) holds; the mutex is held. */
static ms_status wait_while(memory_disk *disk, bool (*held)(const memory_disk *), int64_t wait_ms,
        ms_task *task, ms_error *err)
{
    uint64_t start_ms = ms_clock_monotonic_ms();

    while (held(disk)) {
        if (task != NULL && ms_task_is_cancelled(task))
            return ms_fail(err, MS_INTERRUPTED, "cancelled", "Cancelled while waiting for the store");
        if (wait_ms >= 0 && ms_clock_monotonic_ms() - start_ms >= (uint64_t)wait_ms)
            return ms_fail(err, MS_LOCKED, "lock_held", "The store is in use");
        (void)ms_condition_wait_ms(&disk->changed, &disk->mutex, 5);
    }
    return MS_OK;
}

static bool is_pruning(const memory_disk *disk)
{
    return disk->pruning;
}

static bool is_in_use(const memory_disk *disk)
{
    return disk->pruning || disk->shared_locks > 0;
}

static ms_status take_shared(memory_disk *disk, ms_task *task, ms_error *err)
{
    ms_status status;

    ms_mutex_lock(&disk->mutex);
    status = wait_while(disk, is_pruning, -1, task, err);
    if (status == MS_OK)
        disk->shared_locks++;
    ms_mutex_unlock(&disk->mutex);
    return status;
}

static void give_shared(memory_disk *disk)
{
    ms_mutex_lock(&disk->mutex);
    disk->shared_locks--;
    ms_condition_broadcast(&disk->changed);
    ms_mutex_unlock(&disk->mutex);
}

static ms_status memory_begin(void *self, ms_task *task, void **out, ms_error *err)
{
    memory_session *session = NULL;
    ms_status status = take_shared(self, task, err);

    *out = NULL;
    if (status != MS_OK)
        return status;
    session = must(calloc(1, sizeof(*session)));
    session->disk = self;
    session->task = task;
    *out = session;
    return MS_OK;
}

static bool same_bytes(const memory_entry *entry, ms_span block)
{
    return entry->size == block.size && (block.size == 0 || memcmp(entry->data, block.data, block.size) == 0);
}

/* With the mutex held. */
static void put_one(memory_session *session, ms_block_put *put)
{
    memory_disk *disk = session->disk;
    memory_entry *entry = map_find(&disk->blocks, put->cid.digest);
    uint8_t *copy;

    if (entry != NULL && !same_bytes(entry, put->block)) {
        map_remove(&disk->blocks, entry);
        disk->quarantined++;
        entry = NULL;
    }
    put->was_present = entry != NULL || map_find(&session->taken, put->cid.digest) != NULL;
    if (put->was_present)
        return;
    copy = must(calloc(1, put->block.size + 1));
    if (put->block.size > 0)
        memcpy(copy, put->block.data, put->block.size);
    map_add(&session->taken, put->cid.digest, copy, put->block.size);
}

static ms_status memory_put_many(void *self, ms_block_put *puts, size_t count, ms_error *err)
{
    memory_session *session = self;

    for (size_t i = 0; i < count; i++) {
        ms_status status = ms_task_check(session->task, err);
        if (status != MS_OK)
            return status;
        ms_mutex_lock(&session->disk->mutex);
        put_one(session, &puts[i]);
        ms_mutex_unlock(&session->disk->mutex);
    }
    return MS_OK;
}

static ms_status memory_flush(void *self, ms_error *err)
{
    memory_session *session = self;
    memory_disk *disk = session->disk;

    (void)err;
    ms_mutex_lock(&disk->mutex);
    disk->syncs++;
    for (size_t i = 0; i < session->taken.count; i++) {
        memory_entry *entry = &session->taken.entries[i];
        map_add(&disk->blocks, entry->digest, entry->data, entry->size);
        map_add(&session->flushed, entry->digest, NULL, 0);
        entry->data = NULL;
    }
    map_clear(&session->taken);
    ms_mutex_unlock(&disk->mutex);
    return MS_OK;
}

static void end_session(memory_session *session)
{
    map_clear(&session->taken);
    map_clear(&session->flushed);
    give_shared(session->disk);
    free(session);
}

static ms_status memory_commit(void *self, ms_error *err)
{
    ms_status status = memory_flush(self, err);

    end_session(self);
    return status;
}

static void memory_abort(void *self)
{
    memory_session *session = self;
    memory_disk *disk = session->disk;

    ms_mutex_lock(&disk->mutex);
    for (size_t i = 0; i < session->flushed.count; i++)
        map_add(&disk->unclaimed, session->flushed.entries[i].digest, NULL, 0);
    ms_mutex_unlock(&disk->mutex);
    end_session(session);
}

static ms_status memory_has_many(void *self, const ms_cid *cids, const uint64_t *sizes, size_t count,
        bool *present, ms_error *err)
{
    memory_disk *disk = self;

    (void)err;
    ms_mutex_lock(&disk->mutex);
    for (size_t i = 0; i < count; i++) {
        const memory_entry *entry = map_find(&disk->blocks, cids[i].digest);
        present[i] = entry != NULL && (sizes == NULL || sizes[i] == entry->size);
    }
    ms_mutex_unlock(&disk->mutex);
    return MS_OK;
}

static void get_one(memory_disk *disk, ms_block_get *get)
{
    const memory_entry *entry = map_find(&disk->blocks, get->cid.digest);

    get->status = entry != NULL ? MS_OK : MS_NOT_FOUND;
    get->size = entry != NULL ? entry->size : 0;
    if (entry == NULL)
        return;
    if (entry->size > get->buffer_size)
        get->status = MS_LIMIT;
    else if (entry->size > 0)
        memcpy(get->buffer, entry->data, entry->size);
}

static ms_status memory_get_many(void *self, ms_block_get *gets, size_t count, ms_block_done_fn done,
        void *payload, ms_error *err)
{
    memory_disk *disk = self;
    ms_status status = MS_OK;

    /* The last comes first: nobody may rely on an order. */
    for (size_t i = count; status == MS_OK && i > 0; i--) {
        ms_block_get *get = &gets[i - 1];
        ms_mutex_lock(&disk->mutex);
        get_one(disk, get);
        ms_mutex_unlock(&disk->mutex);
        status = done(payload, &get, 1, err);
    }
    return status;
}

/* With the mutex held. CIDs of both versions name one root, as in the state. */
static memory_root *find_root(memory_disk *disk, const ms_cid *cid)
{
    for (size_t i = 0; i < disk->root_count; i++) {
        if (disk->roots[i].cid.codec == cid->codec && ms_cid_same_bytes(&disk->roots[i].cid, cid))
            return &disk->roots[i];
    }
    return NULL;
}

static ms_status set_root(memory_disk *disk, const ms_cid *cid, bool pinned)
{
    memory_root *root;

    ms_mutex_lock(&disk->mutex);
    root = find_root(disk, cid);
    if (root == NULL) {
        disk->roots = must(realloc(disk->roots, (disk->root_count + 1) * sizeof(*disk->roots)));
        root = &disk->roots[disk->root_count++];
        root->cid = *cid;
        root->cid.version = 1;
    }
    root->pinned = pinned;
    ms_mutex_unlock(&disk->mutex);
    return MS_OK;
}

static ms_status memory_pin(void *self, const ms_cid *root, ms_error *err)
{
    (void)err;
    return set_root(self, root, true);
}

static ms_status memory_unpin(void *self, const ms_cid *root, ms_error *err)
{
    (void)err;
    return set_root(self, root, false);
}

static ms_status memory_is_pinned(void *self, const ms_cid *cid, bool *pinned, ms_error *err)
{
    memory_disk *disk = self;
    const memory_root *root;

    (void)err;
    ms_mutex_lock(&disk->mutex);
    root = find_root(disk, cid);
    *pinned = root != NULL && root->pinned;
    ms_mutex_unlock(&disk->mutex);
    return MS_OK;
}

static ms_status memory_each_root(
        void *self, bool pinned, ms_block_listed_fn listed, void *payload, ms_error *err)
{
    memory_disk *disk = self;
    ms_status status = MS_OK;

    for (size_t i = 0; status == MS_OK; i++) {
        memory_root root;
        bool end;
        ms_mutex_lock(&disk->mutex);
        end = i >= disk->root_count;
        root = end ? (memory_root){0} : disk->roots[i];
        ms_mutex_unlock(&disk->mutex);
        if (end)
            break;
        if (root.pinned == pinned)
            status = listed(payload, &root.cid, 0, err);
    }
    return status;
}

static ms_status memory_forget_root(void *self, const ms_cid *cid, ms_error *err)
{
    memory_disk *disk = self;
    memory_root *root;

    (void)err;
    ms_mutex_lock(&disk->mutex);
    root = find_root(disk, cid);
    if (root != NULL)
        *root = disk->roots[--disk->root_count];
    ms_mutex_unlock(&disk->mutex);
    return MS_OK;
}

/* List the digests of map that are blocks of the disk; the map may change between two of them. */
static ms_status list(memory_disk *disk, const memory_map *map, ms_block_listed_fn listed, void *payload, ms_error *err)
{
    ms_status status = MS_OK;

    for (size_t i = 0; status == MS_OK; i++) {
        const memory_entry *block = NULL;
        uint64_t size = 0;
        ms_cid cid;
        bool end;
        ms_mutex_lock(&disk->mutex);
        end = i >= map->count;
        if (!end) {
            cid = ms_cid_sha256(MS_CODEC_RAW, map->entries[i].digest);
            block = map_find(&disk->blocks, map->entries[i].digest);
            size = block != NULL ? block->size : 0;
        }
        ms_mutex_unlock(&disk->mutex);
        if (end)
            break;
        if (block != NULL)
            status = listed(payload, &cid, size, err);
    }
    return status;
}

static ms_status memory_each(void *self, ms_block_listed_fn listed, void *payload, ms_error *err)
{
    memory_disk *disk = self;
    return list(disk, &disk->blocks, listed, payload, err);
}

static ms_status memory_each_unclaimed(void *self, ms_block_listed_fn listed, void *payload, ms_error *err)
{
    memory_disk *disk = self;
    return list(disk, &disk->unclaimed, listed, payload, err);
}

static ms_status memory_forget_unclaimed(void *self, ms_error *err)
{
    memory_disk *disk = self;

    (void)err;
    ms_mutex_lock(&disk->mutex);
    map_clear(&disk->unclaimed);
    ms_mutex_unlock(&disk->mutex);
    return MS_OK;
}

static ms_status memory_disclaim_many(
        void *self, const ms_cid *cids, size_t count, ms_error *err)
{
    memory_disk *disk = self;

    (void)err;
    ms_mutex_lock(&disk->mutex);
    for (size_t i = 0; i < count; i++)
        map_add(&disk->unclaimed, cids[i].digest, NULL, 0);
    ms_mutex_unlock(&disk->mutex);
    return MS_OK;
}

static ms_status memory_sync(void *self, ms_error *err)
{
    (void)self;
    (void)err;
    return MS_OK;
}

static ms_status memory_remove_many(
        void *self, const ms_cid *cids, size_t count, ms_store_removed *removed, ms_error *err)
{
    memory_disk *disk = self;
    ms_status status = MS_OK;

    *removed = (ms_store_removed){0};
    ms_mutex_lock(&disk->mutex);
    if (!disk->pruning || disk->is_dry_run)
        status = ms_fail(err, MS_USAGE, "prune_not_begun", "Blocks are deleted by a prune only");
    for (size_t i = 0; status == MS_OK && i < count; i++) {
        memory_entry *entry = map_find(&disk->blocks, cids[i].digest);
        if (entry == NULL)
            continue;
        removed->blocks++;
        removed->bytes += entry->size;
        map_remove(&disk->blocks, entry);
    }
    ms_mutex_unlock(&disk->mutex);
    return status;
}

static ms_status memory_prune_begin(
        void *self, bool dry_run, int64_t wait_ms, ms_task *task, void **lock, ms_error *err)
{
    memory_disk *disk = self;
    ms_status status;

    ms_mutex_lock(&disk->mutex);
    status = wait_while(disk, is_in_use, wait_ms, task, err);
    if (status == MS_OK) {
        disk->pruning = true;
        disk->is_dry_run = dry_run;
    }
    ms_mutex_unlock(&disk->mutex);
    *lock = status == MS_OK ? disk : NULL;
    return status;
}

static void memory_prune_end(void *self, void *lock)
{
    memory_disk *disk = self;

    (void)lock;
    ms_mutex_lock(&disk->mutex);
    disk->pruning = false;
    ms_condition_broadcast(&disk->changed);
    ms_mutex_unlock(&disk->mutex);
}

static ms_status memory_read_begin(void *self, ms_task *task, void **lock, ms_error *err)
{
    ms_status status = take_shared(self, task, err);

    *lock = status == MS_OK ? self : NULL;
    return status;
}

static void memory_read_end(void *self, void *lock)
{
    (void)lock;
    give_shared(self);
}

static ms_status memory_quarantine(void *self, const ms_cid *cid, ms_error *err)
{
    memory_disk *disk = self;
    memory_entry *entry;

    (void)err;
    ms_mutex_lock(&disk->mutex);
    entry = map_find(&disk->blocks, cid->digest);
    if (entry != NULL) {
        map_remove(&disk->blocks, entry);
        disk->quarantined++;
    }
    ms_mutex_unlock(&disk->mutex);
    return MS_OK;
}

static void memory_close(void *self)
{
    (void)self; /* the disk stays */
}

static const ms_store_backend memory_backend = {
        .kind = "memory",
        .capabilities = MS_STORE_WRITES | MS_STORE_LOCAL | MS_STORE_DELETES,
        .begin = memory_begin,
        .put_many = memory_put_many,
        .commit = memory_commit,
        .flush = memory_flush,
        .abort = memory_abort,
        .has_many = memory_has_many,
        .get_many = memory_get_many,
        .pin = memory_pin,
        .unpin = memory_unpin,
        .is_pinned = memory_is_pinned,
        .each_root = memory_each_root,
        .forget_root = memory_forget_root,
        .each = memory_each,
        .each_unclaimed = memory_each_unclaimed,
        .forget_unclaimed = memory_forget_unclaimed,
        .disclaim_many = memory_disclaim_many,
        .sync = memory_sync,
        .remove_many = memory_remove_many,
        .prune_begin = memory_prune_begin,
        .prune_end = memory_prune_end,
        .read_begin = memory_read_begin,
        .read_end = memory_read_end,
        .quarantine = memory_quarantine,
        .close = memory_close,
};

ms_status memory_store_open(ms_store **store, memory_disk *disk, ms_error *err)
{
    return ms_store_new(store, &memory_backend, disk, err);
}
