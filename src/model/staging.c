#include "model/staging_priv.h"

#include <errno.h>
#include <string.h>

#include "codec/path.h"
#include "codec/text.h"
#include "crypto/sha256.h"
#include "platform/folder.h"
#include "platform/lock.h"
#include "platform/process.h"

#define LOCK_FILE "lock"
#define OLD_CONTENT "replaced"
#define READY_CONTENT "ready"
#define CONTENT_PREFIX "content-"
#define IDENTITY_DIGITS 16
#define OPEN_TRIES_MAX 100

/* A name as long as names may be leaves no room for ours: then its hash stands for it. */
static ms_status make_name(ms_staging *staging, const char *target_name, ms_error *err)
{
    const size_t size = strlen(target_name);
    char hashed[2 * IDENTITY_DIGITS + 1];
    const char *shown = target_name;
    if (size + 1 + sizeof(MS_PATH_PARTIAL_SUFFIX) > sizeof(staging->name)) {
        uint8_t digest[MS_SHA256_SIZE];
        ms_sha256(digest, target_name, size);
        ms_hex_encode(hashed, digest, IDENTITY_DIGITS);
        shown = hashed;
    }
    ms_buffer name;
    ms_buffer_init(&name, sizeof(staging->name));
    ms_status status = ms_buffer_printf(&name, err, ".%s%s", shown, MS_PATH_PARTIAL_SUFFIX);
    const char *text = status == MS_OK ? ms_buffer_text(&name) : NULL;
    if (text != NULL)
        memcpy(staging->name, text, strlen(text) + 1);
    ms_buffer_release(&name);
    return status == MS_OK && text == NULL ? ms_fail_memory(err, size) : status;
}

/* Whoever had the lock before may have finished and removed the folder: then the lock is on a file that nobody finds any more. */
static ms_status lock_is_current(const ms_staging *staging, bool *is_current, ms_error *err)
{
    ms_file_status held;
    ms_file_status found;
    ms_buffer path;
    ms_buffer_init(&path, MS_FILE_PATH_SIZE_MAX);
    *is_current = false;
    ms_status status = ms_buffer_printf(&path, err, "%s/" LOCK_FILE, staging->name);
    const char *text = status == MS_OK ? ms_buffer_text(&path) : NULL;
    if (status == MS_OK && text == NULL)
        status = ms_fail_memory(err, path.size);
    if (status == MS_OK)
        status = ms_file_status_of(staging->lock_fd, &held, err);
    if (status == MS_OK)
        status = ms_file_status_at(staging->parent_fd, text, false, &found, err);
    if (status == MS_OK)
        *is_current = held.device == found.device && held.inode == found.inode;
    ms_buffer_release(&path);
    return status == MS_NOT_FOUND ? MS_OK : status;
}

/* Whoever else may write to the folder could exchange bytes between their check and their final name. */
static ms_status check_ownership(const ms_staging *staging, ms_error *err)
{
    ms_file_status found;
    ms_status status = ms_file_status_of(staging->fd, &found, err);
    if (status != MS_OK || (found.owner == ms_process_user() && (found.mode & 022) == 0))
        return status;
    (void)ms_fail(err, MS_IO, "partial_foreign", "others may write to %s, where the output would be made", staging->name);
    ms_error_set_path(err, staging->name);
    ms_error_set_hint(err, "remove it, or name an output in another folder");
    return MS_IO;
}

/* The folder is open: it was removed meanwhile, or is of a kind that takes no files, as in /proc. */
static ms_status fail_no_place(const ms_target *target, ms_error *err)
{
    (void)ms_fail(err, MS_IO, "output_folder", "%s cannot be made: its folder is gone, or takes no files", target->path);
    ms_error_set_path(err, target->path);
    ms_error_set_hint(err, "name an output in another folder");
    return MS_IO;
}

static ms_status open_locked(
        ms_staging *staging, const ms_target *target, ms_task *task, bool *is_current, ms_error *err)
{
    ms_status status = ms_folder_make(staging->parent_fd, staging->name, 0700, NULL, err);
    if (status == MS_NOT_FOUND)
        return fail_no_place(target, err);
    if (status == MS_OK)
        status = ms_file_open(&staging->fd, staging->parent_fd, staging->name,
                MS_OPEN_READ | MS_OPEN_DIRECTORY | MS_OPEN_NOFOLLOW, 0, err);
    if (status == MS_OK)
        status = check_ownership(staging, err);
    if (status == MS_OK)
        status = ms_lock_acquire(&staging->lock_fd, staging->fd, LOCK_FILE, MS_LOCK_EXCLUSIVE, 0, ms_task_cancelled_payload, task, err);
    /* The folder may vanish at any step while its last user finishes. */
    if (status == MS_NOT_FOUND)
        return MS_OK;
    return status == MS_OK ? lock_is_current(staging, is_current, err) : status;
}

static void let_go(ms_staging *staging)
{
    ms_lock_release(staging->lock_fd);
    ms_file_close(staging->fd);
    staging->lock_fd = -1;
    staging->fd = -1;
}

/* What stood at the target when a run was killed between its two renames: it goes back, unless something stands there. */
static ms_status put_back_or_remove(ms_staging *staging, const char *target_name, ms_error *err)
{
    bool existed = false;
    ms_status status = ms_file_rename(staging->fd, OLD_CONTENT, staging->parent_fd, target_name, false, &existed, err);
    return status == MS_OK && existed ? ms_folder_remove_all(staging->fd, OLD_CONTENT, err) : status;
}

/* Open the partial folder, made if need be, with its lock. */
static ms_status open_current(ms_staging *staging, const ms_target *target, ms_task *task, ms_error *err)
{
    bool is_current = false;
    ms_status status = MS_OK;
    for (unsigned tries = 0; status == MS_OK && !is_current && tries < OPEN_TRIES_MAX; tries++) {
        let_go(staging);
        status = open_locked(staging, target, task, &is_current, err);
    }
    if (status == MS_LOCKED || (status == MS_OK && !is_current)) {
        (void)ms_fail(err, MS_LOCKED, "output_locked", "another process is writing to %s", target->path);
        ms_error_set_path(err, target->path);
        ms_error_set_hint(err, "wait until it is done, or name another output");
        status = MS_LOCKED;
    }
    return status;
}

static ms_status has_old_content(const ms_staging *staging, bool *has, ms_error *err)
{
    char path[MS_STAGING_NAME_SIZE + sizeof("/" OLD_CONTENT)];
    ms_file_status found;
    const size_t size = strlen(staging->name);
    memcpy(path, staging->name, size);
    memcpy(path + size, "/" OLD_CONTENT, sizeof("/" OLD_CONTENT));
    const ms_status status = ms_file_status_at(staging->parent_fd, path, false, &found, err);
    *has = status == MS_OK;
    return status == MS_NOT_FOUND ? MS_OK : status;
}

ms_status ms_staging_recover(ms_target *target, ms_task *task, ms_error *err)
{
    ms_staging staging = {.parent_fd = target->parent_fd, .fd = -1, .lock_fd = -1};
    bool has = false;
    if (target->exists)
        return MS_OK;
    ms_status status = make_name(&staging, target->name, err);
    if (status == MS_OK)
        status = has_old_content(&staging, &has, err);
    if (status != MS_OK || !has)
        return status;
    status = open_current(&staging, target, task, err);
    /* Whoever had the lock may have put it back, or be done. */
    if (status == MS_OK)
        status = has_old_content(&staging, &has, err);
    if (status == MS_OK && has)
        status = put_back_or_remove(&staging, target->name, err);
    let_go(&staging);
    return status == MS_OK ? ms_target_look(target, err) : status;
}

/* Everything but the lock and content of this identity. */
static ms_status remove_leftovers(ms_staging *staging, const char *target_name, ms_error *err)
{
    ms_folder *folder = NULL;
    ms_status status = ms_folder_open(&folder, staging->fd, ".", err);
    while (status == MS_OK) {
        const char *name = NULL;
        status = ms_folder_next(folder, &name, NULL, err);
        if (status != MS_OK || name == NULL)
            break;
        if (strcmp(name, staging->content) == 0)
            staging->resumed = true;
        else if (strcmp(name, OLD_CONTENT) == 0)
            status = put_back_or_remove(staging, target_name, err);
        else if (strcmp(name, LOCK_FILE) != 0)
            status = ms_folder_remove_all(staging->fd, name, err);
    }
    ms_folder_close(folder);
    return status;
}

ms_status ms_staging_open(ms_staging *staging, const ms_target *target, const uint8_t identity[32], ms_task *task, ms_error *err)
{
    *staging = (ms_staging){.parent_fd = target->parent_fd, .fd = -1, .lock_fd = -1};
    memcpy(staging->content, CONTENT_PREFIX, sizeof(CONTENT_PREFIX));
    ms_hex_encode(staging->content + strlen(CONTENT_PREFIX), identity, IDENTITY_DIGITS / 2);
    ms_status status = make_name(staging, target->name, err);
    if (status == MS_OK)
        status = open_current(staging, target, task, err);
    if (status == MS_OK)
        status = remove_leftovers(staging, target->name, err);
    if (status != MS_OK)
        let_go(staging);
    return status;
}

static ms_status fail_kept(const ms_target *target, ms_status status, const ms_error *why, ms_error *err)
{
    if (why->os_errno == 0) {
        ms_error_copy(err, why);
        return status;
    }
    status = ms_fail_errno(err, why->os_errno, "output_kept", "%s cannot be replaced", target->path);
    ms_error_set_path(err, target->path);
    if (why->os_errno == EBUSY)
        ms_error_set_hint(err, "a file system is mounted there: name another output");
    return status;
}

static ms_status replace_target(ms_staging *staging, const ms_target *target, ms_error *err)
{
    ms_error refused = MS_ERROR_INIT;
    /* One step where the file system can swap names; then the old content lies under the staged name. */
    if (ms_file_exchange(staging->fd, READY_CONTENT, staging->parent_fd, target->name, &refused) == MS_OK)
        return MS_OK;
    if (target->status.kind == MS_FILE_REGULAR) {
        ms_file_status staged;
        ms_status status = ms_file_status_at(staging->fd, READY_CONTENT, false, &staged, err);
        if (status != MS_OK)
            return status;
        if (staged.kind == MS_FILE_REGULAR)
            return ms_file_rename(staging->fd, READY_CONTENT, staging->parent_fd, target->name, true, NULL, err);
    }
    /* Two steps: between them the target is absent, and the old one whole beside it. */
    ms_error why = MS_ERROR_INIT;
    ms_status status = ms_file_rename(staging->parent_fd, target->name, staging->fd, OLD_CONTENT, true, NULL, &why);
    if (status != MS_OK)
        return fail_kept(target, status, &why, err);
    status = ms_file_rename(staging->fd, READY_CONTENT, staging->parent_fd, target->name, true, NULL, err);
    /* The old content goes back; when even that fails it stays whole in the partial folder, and the error says so. */
    if (status != MS_OK && ms_file_rename(staging->fd, OLD_CONTENT, staging->parent_fd, target->name, true, NULL, NULL) != MS_OK) {
        staging->keeps_old = true;
        ms_error_set_hint(err, "what stood at %s is in %s/" OLD_CONTENT, target->path, staging->name);
    }
    return status;
}

/* What was exchanged must not be taken for content that is to be gone on with, so that is not exchanged under its own name. */
static ms_status replace_by_content(ms_staging *staging, const ms_target *target, ms_error *err)
{
    ms_status status = ms_file_rename(staging->fd, staging->content, staging->fd, READY_CONTENT, true, NULL, err);
    if (status != MS_OK)
        return status;
    status = replace_target(staging, target, err);
    if (status == MS_OK)
        staging->keeps_old = true;
    else
        (void)!ms_file_rename(staging->fd, READY_CONTENT, staging->fd, staging->content, true, NULL, NULL);
    return status;
}

static ms_status place(ms_staging *staging, const ms_target *target, bool replace, ms_error *err)
{
    if (target->exists && replace)
        return replace_by_content(staging, target, err);
    bool existed = false;
    ms_status status = ms_file_rename(staging->fd, staging->content, staging->parent_fd, target->name, false, &existed, err);
    if (status == MS_OK && existed) {
        (void)ms_fail(err, MS_USAGE, "output_exists", "%s appeared while the model was retrieved and is not replaced", target->path);
        ms_error_set_path(err, target->path);
        ms_error_set_hint(err, "run again with --force to replace it");
        return MS_USAGE;
    }
    return status;
}

/* The name that was given must lead to what was synced: whoever exchanged the staged name in the last instant has else put a link,
 * or a thing of their own, under OUTPUT. */
static ms_status expect_ours(const ms_target *target, const ms_file_status *staged, ms_error *err)
{
    ms_error ignored = MS_ERROR_INIT;
    ms_file_status found;
    const bool is_content = staged->kind == MS_FILE_REGULAR || staged->kind == MS_FILE_DIRECTORY;
    const ms_status status = ms_file_status_at(target->parent_fd, target->name, false, &found, &ignored);
    if (status == MS_OK && is_content && found.device == staged->device && found.inode == staged->inode)
        return MS_OK;
    if (status == MS_IO) {
        ms_error_copy(err, &ignored);
        return status;
    }
    (void)ms_fail(err, MS_INTEGRITY, "output_changed", "somebody has exchanged %s while it was given its name", target->path);
    ms_error_set_path(err, target->path);
    ms_error_set_hint(err, "look at who else writes there, remove it and retrieve again");
    return MS_INTEGRITY;
}

static ms_status look_again(const ms_staging_look *look, int dirfd, const char *name, ms_error *err)
{
    return look == NULL ? MS_OK : look->look(look->payload, dirfd, name, err);
}

ms_status ms_staging_publish(
        ms_staging *staging, const ms_target *target, bool replace, const ms_staging_look *look, ms_error *err)
{
    ms_file_status staged;
    ms_status status = ms_file_status_at(staging->fd, staging->content, false, &staged, err);
    if (status != MS_OK)
        return status;
    status = ms_filesystem_sync(staging->fd, err);
    if (status != MS_OK) {
        /* Pages that the disk did not take look clean from now on: the next run would find its bytes there, sync them with success
         * and have nothing on the disk. */
        ms_staging_discard(staging);
        return status;
    }
    status = look_again(look, staging->fd, staging->content, err);
    if (status == MS_OK)
        status = place(staging, target, replace, err);
    if (status == MS_OK)
        status = expect_ours(target, &staged, err);
    if (status == MS_OK)
        status = look_again(look, staging->parent_fd, target->name, err);
    if (status == MS_OK)
        status = ms_folder_sync(staging->parent_fd, ".", err);
    if (status != MS_OK)
        return status;
    staging->keeps_old = false;
    ms_staging_discard(staging);
    return MS_OK;
}

ms_status ms_staging_conclude(const ms_target *target, ms_task *task, ms_error *err)
{
    static const uint8_t of_nothing[32] = {0};
    ms_staging staging = {.fd = -1, .lock_fd = -1};
    ms_file_status partial;
    ms_error found = MS_ERROR_INIT;
    ms_status status = make_name(&staging, target->name, err);
    /* Whoever gave it its name, from synced bytes, may have been killed before the name was on disk, or be about to sync it. */
    if (status == MS_OK)
        status = ms_folder_sync(target->parent_fd, ".", err);
    if (status != MS_OK)
        return status;
    status = ms_file_status_at(target->parent_fd, staging.name, false, &partial, &found);
    if (status == MS_OK)
        status = ms_staging_open(&staging, target, of_nothing, task, &found);
    if (status == MS_NOT_FOUND || status == MS_LOCKED)
        return MS_OK;
    if (status == MS_OK)
        ms_staging_discard(&staging);
    if (status != MS_OK)
        ms_error_copy(err, &found);
    return status;
}

void ms_staging_discard(ms_staging *staging)
{
    if (staging->fd == -1)
        return;
    /* The next run removes what cannot be removed now; the lock goes last, with its folder. */
    if (!staging->keeps_old)
        (void)!ms_folder_remove_all(staging->parent_fd, staging->name, NULL);
    let_go(staging);
}

void ms_staging_close(ms_staging *staging)
{
    let_go(staging);
}
