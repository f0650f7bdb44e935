/* Sessions of the embedded store: many threads put blocks, one of them at a time makes a batch
 * durable. A block is compared or written by one thread; others that bring the same one wait for it. */
#include "store/fs_session_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "base/bounded.h"
#include "base/checked.h"
#include "base/log.h"
#include "codec/text.h"
#include "platform/folder.h"
#include "platform/lock.h"
#include "platform/random.h"
#include "store/fs_journal_priv.h"
#include "store/fs_seen_priv.h"

/* Beyond these a device is asked again for each file. */
#define STRANGER_DEVICES_MAX 16

#define NAME_SIZE (sizeof(MS_FS_TMP "/") + 2 * (size_t)MS_FS_SESSION_RANDOM_SIZE)

typedef struct fs_session {
    ms_fs_store *store;
    ms_task *task;
    char folder[NAME_SIZE]; /* tmp/SESSION; empty before it was made */
    int store_lock;
    int own_lock;
    ms_mutex mutex; /* guards what follows; the batch belongs to the flushing thread while flushing */
    ms_condition changed;
    ms_fs_batch batch;
    ms_fs_seen seen;
    size_t reserved_files; /* in the batch or being written */
    uint64_t reserved_bytes;
    unsigned active; /* threads that compare or write a block */
    bool flushing;
    unsigned frozen_number; /* of the last frozen file */
    uint64_t strangers[STRANGER_DEVICES_MAX]; /* devices whose files cannot share extents with ours */
    size_t stranger_count;
    ms_error failure; /* status MS_OK until a flush failed: nothing can be committed then */
} fs_session;

/* The folder is made, and locked, while nobody looks for dead sessions. */
static ms_status make_folder(fs_session *session, int *folder_fd, ms_error *err)
{
    char lock[NAME_SIZE + sizeof("/" MS_FS_SESSION_LOCK)];
    uint8_t random[MS_FS_SESSION_RANDOM_SIZE];
    char text[2 * MS_FS_SESSION_RANDOM_SIZE + 1];
    ms_fs_store *store = session->store;
    ms_status status;

    status = ms_random_bytes(random, sizeof(random), err);
    if (status != MS_OK)
        return status;
    ms_hex_encode(text, random, sizeof(random));
    ms_bounded_printf(session->folder, sizeof(session->folder), MS_FS_TMP "/%s", text);
    ms_bounded_printf(lock, sizeof(lock), "%s/" MS_FS_SESSION_LOCK, session->folder);
    status = ms_folder_make(store->home_fd, session->folder, 0700, NULL, err);
    if (status == MS_OK)
        status = ms_fs_home_lock(store, &session->own_lock, lock, true, 0, NULL, err);
    if (status == MS_OK)
        status = ms_file_open(
                folder_fd, store->home_fd, session->folder, MS_OPEN_READ | MS_OPEN_DIRECTORY, 0, err);
    return status;
}

static ms_status enter(fs_session *session, int *folder_fd, ms_error *err)
{
    ms_fs_store *store = session->store;
    int sessions_lock = -1;
    ms_status status;

    status = ms_fs_home_lock(store, &session->store_lock, MS_FS_STORE_LOCK, false, -1, session->task, err);
    if (status == MS_OK)
        status = ms_fs_home_lock(store, &sessions_lock, MS_FS_SESSIONS_LOCK, true, -1, session->task, err);
    if (status == MS_OK)
        status = ms_fs_adopt(store, true, session->task, err);
    if (status == MS_OK)
        status = make_folder(session, folder_fd, err);
    ms_lock_release(sessions_lock);
    return status;
}

/* A Kubo that is pointed at the folder wants this block before it starts. No model leads to it, so that nothing but
 * this heals it: its bytes are read, not only their number. */
static ms_status put_empty_folder(fs_session *session, ms_error *err)
{
    ms_block_put put = {.block = ms_span_of(ms_fs_empty_folder, sizeof(ms_fs_empty_folder)),
            .buffer_size = sizeof(ms_fs_empty_folder)};
    char name[MS_FS_NAME_SIZE];
    ms_fs_scratch scratch = {0};
    ms_fs_found found;
    ms_status status;

    put.cid = ms_fs_empty_folder_cid();
    ms_fs_block_name(name, put.cid.digest);
    status = ms_fs_block_compare(
            session->store, session->store->blocks_fd, name, put.block, &scratch, &found, err);
    ms_fs_scratch_release(&scratch);
    if (status != MS_OK || found == MS_FS_FOUND_SAME)
        return status;
    return ms_fs_session_put_many(session, &put, 1, err);
}

/* Remove the folder and everything in it, then let go of the locks. What cannot be removed is dealt
 * with by a later session. */
static void leave(fs_session *session, bool remove_folder)
{
    if (remove_folder && session->folder[0] != '\0' && session->own_lock >= 0)
        ms_fs_ignore(ms_folder_remove_all(session->store->home_fd, session->folder, NULL));
    ms_fs_batch_release(&session->batch);
    ms_fs_seen_release(&session->seen);
    ms_lock_release(session->own_lock);
    ms_lock_release(session->store_lock);
    ms_condition_release(&session->changed);
    ms_mutex_release(&session->mutex);
    ms_free(session);
}

ms_status ms_fs_session_begin(void *self, ms_task *task, void **out, ms_error *err)
{
    fs_session *session = NULL;
    ms_status status;
    int folder_fd = -1;

    *out = NULL;
    status = ms_fs_home_make(self, err);
    if (status != MS_OK)
        return status;
    session = ms_calloc(1, sizeof(*session));
    if (session == NULL)
        return ms_fail_memory(err, sizeof(*session));
    session->store = self;
    session->task = task;
    session->store_lock = -1;
    session->own_lock = -1;
    session->failure = (ms_error)MS_ERROR_INIT;
    ms_mutex_init(&session->mutex);
    ms_condition_init(&session->changed);
    status = enter(session, &folder_fd, err);
    if (status == MS_OK)
        status = ms_fs_batch_init(&session->batch, session->store, folder_fd, err);
    if (status == MS_OK)
        status = ms_fs_seen_init(&session->seen, err);
    if (status == MS_OK)
        status = put_empty_folder(session, err);
    if (status != MS_OK) {
        leave(session, true);
        return status;
    }
    *out = session;
    return MS_OK;
}

/* Sync, journal, rename, sync. The journal is written before the sync of the blocks, so that one sync
 * covers both; that it names blocks that never get their final name does no harm. */
static ms_status make_durable(fs_session *session, ms_error *err)
{
    ms_fs_batch *batch = &session->batch;
    ms_status status = MS_OK;

    if (batch->count > 0)
        status = ms_fs_journal_append(batch, batch->files, batch->count, err);
    if (status == MS_OK)
        status = ms_fs_batch_sync_files(batch, err);
    if (status == MS_OK)
        status = ms_fs_batch_publish(batch, err);
    return status;
}

static void settle_seen(fs_session *session, size_t file_count)
{
    if (ms_fs_seen_is_full(&session->seen)) {
        ms_fs_seen_clear(&session->seen);
        return;
    }
    for (size_t i = 0; i < file_count; i++)
        ms_fs_seen_set(&session->seen, session->batch.files[i].digest, MS_FS_SEEN_PRESENT);
}

static ms_status fail_again(const fs_session *session, ms_error *err)
{
    ms_error_copy(err, &session->failure);
    return session->failure.status;
}

/* With the mutex held, which is let go while the disk works. */
static ms_status flush_held(fs_session *session, ms_error *err)
{
    ms_error failure = MS_ERROR_INIT;
    ms_status status;
    size_t file_count;

    while (session->flushing)
        ms_condition_wait(&session->changed, &session->mutex);
    if (session->failure.status != MS_OK)
        return fail_again(session, err);
    session->flushing = true;
    while (session->active > 0)
        ms_condition_wait(&session->changed, &session->mutex);
    file_count = session->batch.count;
    ms_mutex_unlock(&session->mutex);
    status = make_durable(session, &failure);
    ms_mutex_lock(&session->mutex);
    if (status == MS_OK) {
        settle_seen(session, file_count);
        session->reserved_files = 0;
        session->reserved_bytes = 0;
    } else {
        ms_error_copy(&session->failure, &failure);
        session->failure.status = status;
    }
    session->flushing = false;
    ms_condition_broadcast(&session->changed);
    return status == MS_OK ? MS_OK : fail_again(session, err);
}

static bool has_room(const fs_session *session, size_t size)
{
    uint64_t bytes;

    if (ms_fs_seen_is_full(&session->seen))
        return false;
    if (session->reserved_files == 0)
        return true; /* a block larger than a batch is a batch of its own */
    return session->reserved_files < MS_FS_BATCH_FILES_MAX &&
           ms_add_u64(&bytes, session->reserved_bytes, size) && bytes <= session->store->batch_bytes;
}

/* Become the one thread that deals with the digest (*mine), or learn that the block is there. */
static ms_status claim(
        fs_session *session, const uint8_t *digest, size_t size, bool *mine, bool *keep_open, ms_error *err)
{
    ms_status status = MS_OK;

    *mine = false;
    ms_mutex_lock(&session->mutex);
    while (status == MS_OK) {
        ms_fs_seen_state state = ms_fs_seen_get(&session->seen, digest);
        if (session->failure.status != MS_OK) {
            status = fail_again(session, err);
        } else if (session->flushing || state == MS_FS_SEEN_BUSY) {
            ms_condition_wait(&session->changed, &session->mutex);
        } else if (state != MS_FS_SEEN_NOT) {
            break;
        } else if (!has_room(session, size)) {
            status = flush_held(session, err);
        } else {
            *mine = true;
            /* Then never more than MS_FS_SYNC_EACH_MAX descriptors wait for the sync. */
            *keep_open = session->reserved_files < MS_FS_SYNC_EACH_MAX;
            ms_fs_seen_set(&session->seen, digest, MS_FS_SEEN_BUSY);
            session->active++;
            session->reserved_files++;
            session->reserved_bytes += size;
            break;
        }
    }
    ms_mutex_unlock(&session->mutex);
    return status;
}

/* Say how it went; fd is the written file's, or -1. */
static void settle(fs_session *session, const uint8_t *digest, size_t size, ms_fs_seen_state state, int fd)
{
    ms_mutex_lock(&session->mutex);
    if (state == MS_FS_SEEN_WRITTEN) {
        ms_fs_batch_add(&session->batch, digest, fd);
    } else {
        session->reserved_files--;
        session->reserved_bytes -= size;
        if (state == MS_FS_SEEN_PRESENT)
            ms_fs_batch_add_hit(&session->batch, digest);
    }
    ms_fs_seen_set(&session->seen, digest, state);
    session->active--;
    ms_condition_broadcast(&session->changed);
    ms_mutex_unlock(&session->mutex);
}

/* Compare with what is there, or write. Damaged blocks go to quarantine first. */
static ms_status compare_or_write(fs_session *session, ms_block_put *put, bool keep_open, int *fd,
        ms_fs_scratch *scratch, ms_error *err)
{
    char key[MS_FS_KEY_SIZE];
    char name[MS_FS_NAME_SIZE];
    ms_fs_store *store = session->store;
    ms_fs_found found;
    ms_status status;

    ms_fs_block_name(name, put->cid.digest);
    status = ms_fs_block_compare(store, store->blocks_fd, name, put->block, scratch, &found, err);
    if (status != MS_OK)
        return status;
    put->was_present = found == MS_FS_FOUND_SAME;
    if (put->was_present)
        return MS_OK;
    if (found == MS_FS_FOUND_DAMAGED) {
        ms_log(MS_LOG_WARNING, "block %s is damaged: moved to quarantine and written again", name);
        status = ms_fs_home_quarantine(store, put->cid.digest, err);
        if (status != MS_OK)
            return status;
    }
    ms_fs_key(key, put->cid.digest);
    return ms_fs_block_write(store, session->batch.folder_fd, key, put, keep_open, fd, err);
}

static ms_status put_one(fs_session *session, ms_block_put *put, ms_fs_scratch *scratch, ms_error *err)
{
    ms_fs_seen_state state = MS_FS_SEEN_NOT;
    bool keep_open = false;
    bool mine;
    ms_status status;
    int fd = -1;

    put->was_present = false;
    status = claim(session, put->cid.digest, put->block.size, &mine, &keep_open, err);
    if (status != MS_OK || !mine) {
        put->was_present = status == MS_OK;
        return status;
    }
    status = compare_or_write(session, put, keep_open, &fd, scratch, err);
    if (status == MS_OK)
        state = put->was_present ? MS_FS_SEEN_PRESENT : MS_FS_SEEN_WRITTEN;
    settle(session, put->cid.digest, put->block.size, state, fd);
    return status;
}

/* Blocks that some threads take one by one, until there are no more or one of them failed. */
typedef struct shared_puts {
    fs_session *session;
    ms_block_put *puts;
    size_t count;
    ms_mutex lock; /* guards what follows */
    size_t next;
    ms_status status;
    ms_error failure;
} shared_puts;

static bool take_put(shared_puts *shared, size_t *taken)
{
    ms_mutex_lock(&shared->lock);
    const bool is_left = shared->status == MS_OK && shared->next < shared->count;
    if (is_left)
        *taken = shared->next++;
    ms_mutex_unlock(&shared->lock);
    return is_left;
}

static void put_shared(void *payload)
{
    shared_puts *shared = payload;
    ms_fs_scratch scratch = {0};
    size_t i;

    while (take_put(shared, &i)) {
        ms_error failure = MS_ERROR_INIT;
        ms_status status = ms_task_check(shared->session->task, &failure);
        if (status == MS_OK)
            status = put_one(shared->session, &shared->puts[i], &scratch, &failure);
        if (status == MS_OK)
            continue;
        ms_mutex_lock(&shared->lock);
        if (shared->status == MS_OK) {
            shared->status = status;
            ms_error_copy(&shared->failure, &failure);
        }
        ms_mutex_unlock(&shared->lock);
    }
    ms_fs_scratch_release(&scratch);
}

/* A second thread keeps the disk busy while the first compares what it got. That it cannot be started does no harm. */
static ms_status put_by_two(fs_session *session, ms_block_put *puts, size_t count, ms_error *err)
{
    shared_puts shared = {.session = session, .puts = puts, .count = count, .failure = MS_ERROR_INIT};
    ms_thread second;

    ms_mutex_init(&shared.lock);
    const bool is_started = ms_thread_start(&second, put_shared, &shared, NULL) == MS_OK;
    put_shared(&shared);
    if (is_started)
        ms_thread_join(&second);
    ms_mutex_release(&shared.lock);
    if (shared.status != MS_OK)
        ms_error_copy(err, &shared.failure);
    return shared.status;
}

/* Where the first block stands already, the others mostly do, and each is waited for: read from the disk to be compared. */
ms_status ms_fs_session_put_many(void *self, ms_block_put *puts, size_t count, ms_error *err)
{
    fs_session *session = self;
    ms_fs_scratch scratch = {0};
    ms_status status = MS_OK;
    size_t i = 0;

    for (; status == MS_OK && i < count; i++) {
        if (i == 1 && count > 2 && puts[0].was_present && ms_task_workers(session->task) > 1)
            break;
        status = ms_task_check(session->task, err);
        if (status == MS_OK)
            status = put_one(session, &puts[i], &scratch, err);
    }
    ms_fs_scratch_release(&scratch);
    return status == MS_OK && i < count ? put_by_two(session, puts + i, count - i, err) : status;
}

static bool is_stranger(const fs_session *session, uint64_t device)
{
    for (size_t i = 0; i < session->stranger_count; i++) {
        if (session->strangers[i] == device)
            return true;
    }
    return false;
}

/* A number for the name of a frozen file, or 0 when files of the device cannot be frozen. */
static unsigned next_frozen(fs_session *session, uint64_t device)
{
    unsigned number;

    ms_mutex_lock(&session->mutex);
    number = is_stranger(session, device) ? 0 : ++session->frozen_number;
    ms_mutex_unlock(&session->mutex);
    return number;
}

static void remember_stranger(fs_session *session, uint64_t device)
{
    ms_mutex_lock(&session->mutex);
    if (!is_stranger(session, device) && session->stranger_count < STRANGER_DEVICES_MAX)
        session->strangers[session->stranger_count++] = device;
    ms_mutex_unlock(&session->mutex);
}

/* In the session's folder, which a killed session's successor removes; without a name as soon as it is open, so that nobody
 * finds it and that its space goes with the descriptor. */
int ms_fs_session_freeze(void *self, int fd, uint64_t offset, uint64_t size)
{
    fs_session *session = self;
    int flags = MS_OPEN_READ | MS_OPEN_WRITE | MS_OPEN_CREATE | MS_OPEN_EXCLUSIVE | MS_OPEN_NOFOLLOW;
    int folder_fd = session->batch.folder_fd;
    char name[sizeof("frozen-") + 10];
    ms_file_status source;
    ms_file_cloned cloned;
    unsigned number;
    int frozen = -1;

    if (size < MS_BLOCK_SHARED_SIZE_MIN || ms_file_status_of(fd, &source, NULL) != MS_OK)
        return -1;
    number = next_frozen(session, source.device);
    if (number == 0)
        return -1;
    ms_bounded_printf(name, sizeof(name), "frozen-%u", number);
    if (session->store->direct_io != MS_DIRECT_IO_OFF)
        flags |= MS_OPEN_DIRECT;
    if (ms_file_open(&frozen, folder_fd, name, flags, 0600, NULL) != MS_OK)
        return -1;
    ms_fs_ignore(ms_file_remove(folder_fd, name, NULL));
    cloned = ms_file_clone_range(frozen, 0, fd, offset, size);
    if (cloned == MS_FILE_CANNOT_CLONE)
        remember_stranger(session, source.device);
    if (cloned == MS_FILE_CLONED)
        return frozen;
    ms_file_close(frozen);
    return -1;
}

ms_status ms_fs_session_flush(void *self, ms_error *err)
{
    fs_session *session = self;
    ms_status status;

    ms_mutex_lock(&session->mutex);
    status = flush_held(session, err);
    ms_mutex_unlock(&session->mutex);
    return status == MS_OK ? ms_fs_home_check_place(session->store, err) : status;
}

ms_status ms_fs_session_commit(void *self, ms_error *err)
{
    fs_session *session = self;
    ms_status status = ms_fs_session_flush(session, err);

    if (status != MS_OK) {
        ms_fs_session_abort(session);
        return status;
    }
    leave(session, true);
    return MS_OK;
}

/* Without its journal a folder would be forgotten, so it stays when the state cannot take it over:
 * the next session finds it. */
void ms_fs_session_abort(void *self)
{
    fs_session *session = self;
    ms_error failure = MS_ERROR_INIT;
    ms_status status = ms_fs_journal_disclaim(session->store->state, session->batch.folder_fd, &failure);

    if (status != MS_OK) {
        ms_log(MS_LOG_WARNING, "%s is left for the next session: %s", session->folder, failure.message);
        for (size_t i = 0; i < session->batch.count; i++) {
            char key[MS_FS_KEY_SIZE];
            ms_fs_key(key, session->batch.files[i].digest);
            ms_fs_ignore(ms_file_remove(session->batch.folder_fd, key, NULL));
        }
    }
    leave(session, status == MS_OK);
}
