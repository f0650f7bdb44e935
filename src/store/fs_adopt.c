/* What dead sessions left behind. Nothing in their folders is trusted: names of files are checked
 * against bytes that are read from the disk itself, because a sync may have failed before the end and
 * the page cache would hide it. */
#include "store/fs_session_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "base/bounded.h"
#include "base/log.h"
#include "crypto/sha256.h"
#include "platform/folder.h"
#include "platform/lock.h"
#include "store/fs_journal_priv.h"

/* "tmp/" and a name as long as file systems have them. */
#define PATH_SIZE 512

/* Whether the file below the session's folder holds the block that its name says. */
static bool is_block_whole(ms_fs_store *store, int folder_fd, const char *key, const uint8_t *digest,
        ms_fs_scratch *scratch)
{
    bool direct = store->direct_io != MS_DIRECT_IO_OFF;
    uint8_t actual[MS_SHA256_SIZE];
    size_t size;

    if (ms_fs_block_read(folder_fd, key, direct ? MS_FS_READ_DISK : MS_FS_READ_CACHED, scratch->data, MS_BLOCK_SIZE_IN_MAX, &size, NULL) != MS_OK)
        return false;
    ms_sha256(actual, scratch->data, size);
    return memcmp(actual, digest, sizeof(actual)) == 0;
}

/* Add the whole blocks of the folder to the batch, as many as fit: there are never more. */
static ms_status collect_blocks(ms_fs_batch *batch, ms_task *task, ms_error *err)
{
    ms_fs_scratch scratch = {0};
    ms_folder *folder = NULL;
    uint8_t digest[MS_SHA2_256_SIZE];
    const char *name;
    ms_status status = ms_fs_scratch_need(&scratch, MS_BLOCK_SIZE_IN_MAX, err);

    if (status == MS_OK)
        status = ms_folder_open(&folder, batch->folder_fd, ".", err);
    while (status == MS_OK && batch->count < MS_FS_BATCH_FILES_MAX) {
        status = ms_folder_next(folder, &name, NULL, err);
        if (status != MS_OK || name == NULL)
            break;
        if (ms_fs_key_digest(digest, name, strlen(name)) &&
                is_block_whole(batch->store, batch->folder_fd, name, digest, &scratch))
            ms_fs_batch_add(batch, digest, -1);
        status = ms_task_check(task, err);
    }
    ms_folder_close(folder);
    ms_fs_scratch_release(&scratch);
    return status;
}

static ms_status disclaim_files(ms_fs_batch *batch, ms_error *err)
{
    uint8_t(*digests)[MS_SHA2_256_SIZE] = ms_alloc(batch->count * sizeof(*digests));
    size_t count = 0;
    ms_status status = MS_OK;

    if (digests == NULL)
        return ms_fail_memory(err, batch->count * sizeof(*digests));
    for (size_t i = 0; i < batch->count; i++) {
        if (!ms_fs_is_empty_folder(batch->files[i].digest))
            memcpy(digests[count++], batch->files[i].digest, MS_SHA2_256_SIZE);
    }
    if (count > 0)
        status = ms_state_add_unclaimed(
                batch->store->state, (const uint8_t(*)[32])digests, count, err);
    ms_free(digests);
    return status;
}

/* Unclaimed first: a crash in between leaves blocks that are known, never blocks that are forgotten. */
static ms_status keep_whole_blocks(ms_fs_batch *batch, ms_task *task, ms_error *err)
{
    ms_status status = collect_blocks(batch, task, err);

    if (status == MS_OK)
        status = ms_fs_batch_sync_files(batch, err);
    if (status == MS_OK && batch->count > 0)
        status = disclaim_files(batch, err);
    if (status == MS_OK)
        status = ms_fs_batch_publish(batch, err);
    return status;
}

/* Blocks without a final name take space that the state may need. */
static ms_status remove_blocks(int folder_fd, ms_error *err)
{
    uint8_t digest[MS_SHA2_256_SIZE];
    ms_folder *folder = NULL;
    const char *name;
    ms_status status = ms_folder_open(&folder, folder_fd, ".", err);

    while (status == MS_OK) {
        status = ms_folder_next(folder, &name, NULL, err);
        if (status != MS_OK || name == NULL)
            break;
        if (ms_fs_key_digest(digest, name, strlen(name)))
            status = ms_folder_remove_all(folder_fd, name, err);
    }
    ms_folder_close(folder);
    return status;
}

static ms_status settle_folder(ms_fs_store *store, const char *path, bool keep_blocks, ms_task *task, ms_error *err)
{
    ms_fs_batch batch = {.folder_fd = -1, .journal_fd = -1};
    ms_status status;
    int folder_fd;

    status = ms_file_open(&folder_fd, store->home_fd, path,
            MS_OPEN_READ | MS_OPEN_DIRECTORY | MS_OPEN_NOFOLLOW, 0, err);
    if (status != MS_OK)
        return status;
    status = ms_fs_batch_init(&batch, store, folder_fd, err);
    if (status != MS_OK)
        return status;
    if (!keep_blocks)
        status = remove_blocks(folder_fd, err);
    if (status == MS_OK)
        status = ms_fs_journal_disclaim(store->state, folder_fd, err);
    if (status == MS_OK && keep_blocks)
        status = keep_whole_blocks(&batch, task, err);
    ms_fs_batch_release(&batch);
    return status;
}

/* MS_LOCKED: its session lives. MS_NOT_FOUND: it ended just now. */
static ms_status adopt_one(ms_fs_store *store, const char *name, bool keep_blocks, ms_task *task, ms_error *err)
{
    char path[PATH_SIZE];
    char lock[PATH_SIZE];
    ms_status status;
    int fd = -1;

    if (!ms_bounded_printf(path, sizeof(path), MS_FS_TMP "/%s", name) ||
            !ms_bounded_printf(lock, sizeof(lock), "%s/" MS_FS_SESSION_LOCK, path))
        return ms_fail(err, MS_LIMIT, "session_name", "The name of a session's folder is too long");
    status = ms_fs_home_lock(store, &fd, lock, true, 0, NULL, err);
    if (status != MS_OK)
        return status;
    status = settle_folder(store, path, keep_blocks, task, err);
    if (status == MS_OK)
        status = ms_folder_remove_all(store->home_fd, path, err);
    ms_lock_release(fd);
    return status;
}

/* Never through a link, and never what has not the name of a session: it is removed with all it holds. */
static ms_status open_sessions(ms_folder **folder, ms_fs_store *store, ms_error *err)
{
    int fd;
    ms_status status = ms_file_open(
            &fd, store->home_fd, MS_FS_TMP, MS_OPEN_READ | MS_OPEN_DIRECTORY | MS_OPEN_NOFOLLOW, 0, err);

    *folder = NULL;
    return status == MS_OK ? ms_folder_take(folder, fd, err) : status;
}

/* The next folder that has the name of a session; *name NULL at the end. */
static ms_status next_session(ms_folder *folder, const char **name, ms_error *err)
{
    ms_file_kind kind;
    ms_status status;

    do {
        status = ms_folder_next(folder, name, &kind, err);
    } while (status == MS_OK && *name != NULL && (kind != MS_FILE_DIRECTORY || !ms_fs_is_session_name(*name)));
    return status;
}

ms_status ms_fs_adopt(ms_fs_store *store, bool keep_blocks, ms_task *task, ms_error *err)
{
    ms_error failure = MS_ERROR_INIT;
    ms_folder *folder = NULL;
    const char *name;
    ms_status status = open_sessions(&folder, store, &failure);

    while (status == MS_OK) {
        status = next_session(folder, &name, &failure);
        if (status != MS_OK || name == NULL)
            break;
        status = adopt_one(store, name, keep_blocks, task, &failure);
        if (status == MS_INTERRUPTED)
            break;
        if (status != MS_OK && status != MS_LOCKED && status != MS_NOT_FOUND)
            ms_log(MS_LOG_WARNING, "the unfinished session %s is left for later: %s", name, failure.message);
        status = MS_OK;
    }
    ms_folder_close(folder);
    if (status == MS_INTERRUPTED) {
        ms_error_copy(err, &failure);
        return status;
    }
    if (status != MS_OK && status != MS_NOT_FOUND)
        ms_log(MS_LOG_WARNING, "unfinished sessions cannot be listed: %s", failure.message);
    return MS_OK;
}

/* What a receiver of digests said, apart from failures to read them. */
typedef struct dead_reading {
    ms_fs_journal_fn take;
    void *payload;
    ms_status status;
    ms_error *err;
} dead_reading;

static ms_status take_dead(void *payload, const uint8_t (*digests)[MS_SHA2_256_SIZE], size_t count, ms_error *err)
{
    dead_reading *reading = payload;

    (void)err;
    reading->status = reading->take(reading->payload, digests, count, reading->err);
    return reading->status;
}

static ms_status read_dead(ms_folder *sessions, const char *name, dead_reading *reading, ms_error *err)
{
    int folder_fd;
    ms_status status = ms_file_open(&folder_fd, ms_folder_fd(sessions), name,
            MS_OPEN_READ | MS_OPEN_DIRECTORY | MS_OPEN_NOFOLLOW, 0, err);

    if (status != MS_OK)
        return status;
    status = ms_fs_journal_each(folder_fd, take_dead, reading, err);
    ms_file_close(folder_fd);
    return status;
}

ms_status ms_fs_each_dead(ms_fs_store *store, ms_fs_journal_fn take, void *payload, ms_error *err)
{
    dead_reading reading = {.take = take, .payload = payload, .status = MS_OK, .err = err};
    ms_error failure = MS_ERROR_INIT;
    ms_folder *folder = NULL;
    const char *name = NULL;
    ms_status status = open_sessions(&folder, store, &failure);

    while (status == MS_OK) {
        status = next_session(folder, &name, &failure);
        if (status != MS_OK || name == NULL)
            break;
        status = read_dead(folder, name, &reading, &failure);
        if (reading.status != MS_OK)
            break;
        if (status != MS_OK)
            ms_log(MS_LOG_WARNING, "the unfinished session %s cannot be looked at: %s", name, failure.message);
        status = MS_OK;
    }
    ms_folder_close(folder);
    if (reading.status == MS_OK && status != MS_OK && status != MS_NOT_FOUND)
        ms_log(MS_LOG_WARNING, "unfinished sessions cannot be listed: %s", failure.message);
    return reading.status;
}
