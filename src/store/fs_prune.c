/* Locks between those who read or add blocks and those who delete them, and deleting. */
#include "store/fs_blocks_priv.h"

#include <errno.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "base/log.h"
#include "platform/folder.h"
#include "platform/lock.h"
#include "store/fs_block_priv.h"
#include "store/fs_session_priv.h"
#include "store/fs_shards_priv.h"

typedef enum fs_purpose { TO_READ, TO_LOOK, TO_DELETE } fs_purpose;

/* fd -1: there is nothing to lock. */
typedef struct fs_lock {
    int fd;
    fs_purpose purpose;
} fs_lock;

static bool has_lock_file(const ms_fs_store *store)
{
    ms_file_status file;
    return ms_file_status_at(store->home_fd, MS_FS_STORE_LOCK, false, &file, NULL) == MS_OK;
}

/* A reader makes nothing: where there is no lock file there was never a session, and nobody to prune. A
 * file that may not be opened at all is passed over, so that a copy on a read-only disk can be read. */
static ms_status lock_for_reading(ms_fs_store *store, fs_lock *lock, ms_task *task, ms_error *err)
{
    ms_error failure = MS_ERROR_INIT;
    ms_status status;

    if (!has_lock_file(store))
        return MS_OK;
    status = ms_fs_home_lock(store, &lock->fd, MS_FS_STORE_LOCK, false, -1, task, &failure);
    if (status == MS_OK)
        return MS_OK;
    if (failure.os_errno == EACCES || failure.os_errno == EPERM || failure.os_errno == EROFS) {
        ms_log(MS_LOG_INFO, "reading without a lock: %s", failure.message);
        return MS_OK;
    }
    ms_error_copy(err, &failure);
    return status;
}

void ms_fs_read_end(void *self, void *payload)
{
    fs_lock *lock = payload;

    (void)self;
    if (lock == NULL)
        return;
    ms_lock_release(lock->fd);
    ms_free(lock);
}

/* With the exclusive lock no session lives: whatever is in tmp/ is dead. */
static ms_status lock_for_pruning(
        ms_fs_store *store, fs_lock *lock, int64_t wait_ms, ms_task *task, ms_error *err)
{
    ms_status status = ms_folder_make(store->home_fd, MS_FS_LOCKS, 0700, NULL, err);

    if (status == MS_OK)
        status = ms_fs_home_lock(store, &lock->fd, MS_FS_STORE_LOCK, true, wait_ms, task, err);
    if (status == MS_OK)
        status = ms_fs_adopt(store, false, task, err);
    return status;
}

/* Makes nothing, as a reader, and keeps sessions away as a prune does: what they wrote and nothing refers to yet would count. */
static ms_status lock_for_looking(
        ms_fs_store *store, fs_lock *lock, int64_t wait_ms, ms_task *task, ms_error *err)
{
    if (!has_lock_file(store))
        return MS_OK;
    return ms_fs_home_lock(store, &lock->fd, MS_FS_STORE_LOCK, true, wait_ms, task, err);
}

static ms_status lock_for(
        ms_fs_store *store, fs_lock *lock, int64_t wait_ms, ms_task *task, ms_error *err)
{
    if (lock->purpose == TO_READ)
        return lock_for_reading(store, lock, task, err);
    return lock->purpose == TO_LOOK ? lock_for_looking(store, lock, wait_ms, task, err)
                                    : lock_for_pruning(store, lock, wait_ms, task, err);
}

/* Makes the lock that begin functions hand out; a home that is not there needs none. */
static ms_status begin(ms_fs_store *store, fs_purpose purpose, int64_t wait_ms, ms_task *task,
        fs_lock **lock, ms_error *err)
{
    bool exists;
    ms_status status;

    *lock = ms_calloc(1, sizeof(**lock));
    if (*lock == NULL)
        return ms_fail_memory(err, sizeof(**lock));
    **lock = (fs_lock){.fd = -1, .purpose = purpose};
    status = ms_fs_home_find(store, &exists, err);
    if (status == MS_OK && exists)
        status = lock_for(store, *lock, wait_ms, task, err);
    if (status == MS_OK)
        return MS_OK;
    ms_fs_read_end(store, *lock);
    *lock = NULL;
    return status;
}

ms_status ms_fs_read_begin(void *self, ms_task *task, void **out, ms_error *err)
{
    fs_lock *lock = NULL;
    ms_status status = begin(self, TO_READ, -1, task, &lock, err);

    *out = lock;
    return status;
}

/* Of the exclusive locks that are held, those with the purpose of this one. */
static unsigned *held(ms_fs_store *store, const fs_lock *lock)
{
    return lock->purpose == TO_DELETE ? &store->pruning : &store->looking;
}

ms_status ms_fs_prune_begin(
        void *self, bool dry_run, int64_t wait_ms, ms_task *task, void **out, ms_error *err)
{
    ms_fs_store *store = self;
    fs_lock *lock = NULL;
    ms_status status = begin(store, dry_run ? TO_LOOK : TO_DELETE, wait_ms, task, &lock, err);

    *out = lock;
    if (status != MS_OK)
        return status;
    ms_mutex_lock(&store->mutex);
    ++*held(store, lock);
    ms_mutex_unlock(&store->mutex);
    return MS_OK;
}

void ms_fs_prune_end(void *self, void *payload)
{
    ms_fs_store *store = self;
    fs_lock *lock = payload;

    if (lock == NULL)
        return;
    ms_mutex_lock(&store->mutex);
    --*held(store, lock);
    ms_mutex_unlock(&store->mutex);
    ms_fs_read_end(store, lock);
}

bool ms_fs_is_shared_with_others(void *self)
{
    static const char *const marks[] = {"_README", "diskUsage.cache", ".temp"};
    ms_fs_store *store = self;
    ms_file_status file;
    bool exists;

    if (ms_fs_home_find(store, &exists, NULL) != MS_OK || !exists)
        return false;
    for (size_t i = 0; i < MS_ARRAY_COUNT(marks); i++) {
        /* In doubt it is shared. */
        if (ms_file_status_at(store->blocks_fd, marks[i], false, &file, NULL) != MS_NOT_FOUND)
            return true;
    }
    return false;
}

/* Remove one block if we may; what was removed is added. */
static ms_status remove_block(ms_fs_store *store, const uint8_t *digest, bool shared, ms_fs_shards *shards,
        ms_store_removed *removed, ms_error *err)
{
    ms_error failure = MS_ERROR_INIT;
    char name[MS_FS_NAME_SIZE];
    ms_file_status file;
    ms_status status;

    ms_fs_block_name(name, digest);
    status = ms_file_status_at(store->blocks_fd, name, false, &file, &failure);
    if (status == MS_NOT_FOUND)
        return MS_OK;
    if (status != MS_OK) {
        ms_error_copy(err, &failure);
        return status;
    }
    if (file.kind != MS_FILE_REGULAR || (shared && !ms_fs_is_block_mode_ours(file.mode)))
        return MS_OK;
    status = ms_file_remove(store->blocks_fd, name, err);
    if (status != MS_OK)
        return status;
    ms_fs_shards_add(shards, digest);
    removed->blocks++;
    removed->bytes += file.size;
    return MS_OK;
}

ms_status ms_fs_remove_many(
        void *self, const ms_cid *cids, size_t count, ms_store_removed *removed, ms_error *err)
{
    ms_fs_store *store = self;
    bool shared = ms_fs_is_shared_with_others(store);
    ms_fs_shards shards = {0};
    ms_status status;
    bool may;
    bool exists;

    *removed = (ms_store_removed){0};
    ms_mutex_lock(&store->mutex);
    may = store->pruning > 0;
    ms_mutex_unlock(&store->mutex);
    if (!may)
        return ms_fail(err, MS_USAGE, "prune_not_begun",
                "Blocks are deleted between prune_begin and prune_end only, and by no dry run");
    status = ms_fs_home_find(store, &exists, err);
    if (status != MS_OK || !exists)
        return status;
    for (size_t i = 0; status == MS_OK && i < count; i++) {
        if (!ms_fs_is_empty_folder(cids[i].digest))
            status = remove_block(store, cids[i].digest, shared, &shards, removed, err);
    }
    if (status != MS_OK || removed->blocks == 0)
        return status;
    if (ms_fs_shards_count(&shards) <= MS_FS_SYNC_EACH_MAX)
        return ms_fs_shards_sync_each(&shards, store->blocks_fd, err);
    return ms_filesystem_sync(store->blocks_fd, err);
}
