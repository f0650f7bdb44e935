/* The home of the embedded store as an open thing: its descriptors, and making what is missing. */
#include "store/fs_home_priv.h"

#include <string.h>

#include "base/bounded.h"
#include "base/checked.h"
#include "platform/folder.h"
#include "platform/lock.h"
#include "store/fs_layout_priv.h"

#define SHARDING_SIZE_MAX 256
#define FOLDER_MODE 0700
#define SHARDING_MODE 0644
#define QUARANTINE_NAME_SIZE (sizeof(MS_FS_QUARANTINE) + MS_FS_KEY_SIZE + 16)
/** Damaged blocks of one name that are kept. */
#define QUARANTINE_COPIES_MAX 100000u

static ms_status open_folder(int *fd, int dirfd, const char *path, ms_error *err)
{
    return ms_file_open(fd, dirfd, path, MS_OPEN_READ | MS_OPEN_DIRECTORY, 0, err);
}

/* A folder with another shard function holds blocks that we would not find: never write into it. */
static ms_status check_sharding(int blocks_fd, ms_error *err)
{
    static const char expected[] = MS_FS_SHARDING_TEXT;
    ms_error failure = MS_ERROR_INIT;
    ms_buffer text;
    ms_status status;

    ms_buffer_init(&text, SHARDING_SIZE_MAX);
    status = ms_file_read_whole(blocks_fd, MS_FS_SHARDING, &text, &failure);
    if (status == MS_OK) {
        while (text.size > 0 && text.data[text.size - 1] == '\n')
            text.size--;
        if (!ms_span_equal(ms_buffer_span(&text), ms_span_of(expected, sizeof(expected) - 1)))
            status = ms_fail(err, MS_MALFORMED, "store_sharding",
                    "The blocks folder is not laid out as '%s': its file SHARDING says otherwise", expected);
    } else if (status == MS_NOT_FOUND) {
        status = MS_OK;
    } else {
        ms_error_copy(err, &failure);
    }
    ms_buffer_release(&text);
    return status;
}

/* Both with the mutex held. MS_NOT_FOUND when there is none. */
static ms_status open_home(ms_fs_store *store, ms_error *err)
{
    if (store->home_fd >= 0)
        return MS_OK;
    return open_folder(&store->home_fd, MS_DIR_CURRENT, store->home, err);
}

static ms_status open_blocks(ms_fs_store *store, ms_error *err)
{
    ms_status status;
    int fd = -1;

    if (store->blocks_fd >= 0)
        return MS_OK;
    status = open_folder(&fd, store->home_fd, MS_FS_BLOCKS, err);
    if (status != MS_OK)
        return status;
    status = check_sharding(fd, err);
    if (status != MS_OK) {
        ms_file_close(fd);
        return status;
    }
    store->blocks_fd = fd;
    return MS_OK;
}

ms_status ms_fs_home_find(ms_fs_store *store, bool *exists, ms_error *err)
{
    ms_error found = MS_ERROR_INIT;
    ms_status status;

    ms_mutex_lock(&store->mutex);
    status = open_home(store, &found);
    if (status == MS_OK)
        status = open_blocks(store, &found);
    /* Kept only with its blocks: a folder that is not yet a home may be replaced by another. */
    if (store->blocks_fd < 0)
        ms_fs_home_close(store);
    ms_mutex_unlock(&store->mutex);
    *exists = status == MS_OK;
    if (status == MS_OK || status == MS_NOT_FOUND)
        return MS_OK;
    ms_error_copy(err, &found);
    return status;
}

ms_status ms_fs_home_check_place(ms_fs_store *store, ms_error *err)
{
    char path[MS_FILE_PATH_SIZE_MAX];
    ms_file_status open;
    ms_file_status named;
    ms_status status = ms_file_status_of(store->blocks_fd, &open, err);

    if (status != MS_OK)
        return status;
    if (!ms_bounded_printf(path, sizeof(path), "%s/" MS_FS_BLOCKS, store->home))
        return ms_fail(err, MS_LIMIT, "path_too_long", "'%s' is too long", store->home);
    status = ms_file_status_at(MS_DIR_CURRENT, path, true, &named, err);
    if (status != MS_OK && status != MS_NOT_FOUND)
        return status;
    if (status == MS_OK && named.device == open.device && named.inode == open.inode)
        return MS_OK;
    (void)ms_fail(err, MS_IO, "home_moved", "'%s' was moved or replaced while blocks were written to it", store->home);
    ms_error_set_path(err, store->home);
    ms_error_set_hint(err, "put it back and run the same command again");
    return MS_IO;
}

/* SHARDING comes last: who finds it may rely on blocks/ being durable, whoever made it. */
static ms_status found_blocks(ms_fs_store *store, ms_error *err)
{
    static const char text[] = MS_FS_SHARDING_TEXT "\n";
    ms_error absent = MS_ERROR_INIT;
    ms_file_status file;
    ms_status status;

    /* A link to a folder that its user chose for the blocks is followed. */
    status = open_blocks(store, &absent);
    if (status == MS_NOT_FOUND) {
        status = ms_folder_make(store->home_fd, MS_FS_BLOCKS, FOLDER_MODE, NULL, err);
        if (status == MS_OK)
            status = open_blocks(store, err);
    } else {
        ms_error_copy(err, &absent);
    }
    if (status != MS_OK)
        return status;
    /* Anything but a plain absence shows again when it is written. */
    if (ms_file_status_at(store->blocks_fd, MS_FS_SHARDING, false, &file, NULL) == MS_OK)
        return MS_OK;
    status = ms_folder_sync(store->home_fd, ".", err);
    if (status == MS_OK)
        status = ms_file_replace(store->blocks_fd, MS_FS_SHARDING, ms_span_of(text, sizeof(text) - 1),
                SHARDING_MODE, err);
    return status;
}

ms_status ms_fs_home_make(ms_fs_store *store, ms_error *err)
{
    static const char *const folders[] = {MS_FS_TMP, MS_FS_LOCKS, MS_FS_QUARANTINE};
    ms_status status = MS_OK;

    ms_mutex_lock(&store->mutex);
    if (store->home_fd < 0)
        status = ms_folder_make_all(MS_DIR_CURRENT, store->home, FOLDER_MODE, err);
    if (status == MS_OK)
        status = open_home(store, err);
    for (size_t i = 0; status == MS_OK && i < MS_ARRAY_COUNT(folders); i++)
        status = ms_folder_make(store->home_fd, folders[i], FOLDER_MODE, NULL, err);
    if (status == MS_OK)
        status = found_blocks(store, err);
    ms_mutex_unlock(&store->mutex);
    return status;
}

void ms_fs_home_close(ms_fs_store *store)
{
    ms_file_close(store->blocks_fd);
    ms_file_close(store->home_fd);
    store->blocks_fd = -1;
    store->home_fd = -1;
}

ms_status ms_fs_home_lock(ms_fs_store *store, int *fd, const char *path, bool exclusive, int64_t wait_ms,
        ms_task *task, ms_error *err)
{
    return ms_lock_acquire(fd, store->home_fd, path, exclusive ? MS_LOCK_EXCLUSIVE : MS_LOCK_SHARED,
            wait_ms, task != NULL ? ms_task_cancelled_payload : NULL, task, err);
}

ms_status ms_fs_home_quarantine(ms_fs_store *store, const uint8_t digest[MS_SHA2_256_SIZE], ms_error *err)
{
    char name[MS_FS_NAME_SIZE];
    char target[QUARANTINE_NAME_SIZE];
    char key[MS_FS_KEY_SIZE];
    ms_status status;

    ms_fs_key(key, digest);
    ms_fs_block_name(name, digest);
    status = ms_folder_make(store->home_fd, MS_FS_QUARANTINE, FOLDER_MODE, NULL, err);
    if (status != MS_OK)
        return status;
    for (unsigned copy = 1; copy <= QUARANTINE_COPIES_MAX; copy++) {
        bool existed;
        ms_bounded_printf(target, sizeof(target), MS_FS_QUARANTINE "/%s.%u", key, copy);
        status = ms_file_rename(store->blocks_fd, name, store->home_fd, target, false, &existed, err);
        if (status == MS_NOT_FOUND)
            return MS_OK;
        if (status != MS_OK || !existed)
            return status;
    }
    return ms_fail(err, MS_LIMIT, "quarantine_full", "There are %u damaged copies of block %s in quarantine",
            QUARANTINE_COPIES_MAX, key);
}
