/* Opening a storage and its doors. */
#include "model/storage_priv.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bounded.h"
#include "crypto/secret.h"
#include "model/keyring_priv.h"
#include "platform/file.h"
#include "platform/folder.h"
#include "platform/thread.h"
#include "registry/ledger.h"
#include "store/fs_store.h"

#define PASSWORD_HINT "give it with --password-file or --password-fd, or run on a terminal"

struct ms_storage {
    ms_config *config;
    ms_password_fn ask_password;
    void *ask_password_payload;
    uint64_t batch_bytes;
    ms_keyring keyring;
    ms_mutex lock; /* of the three doors */
    ms_state *state;
    ms_store *store;
    ms_registry *registry;
    atomic_bool told_warnings;
};

ms_status ms_storage_open(ms_storage **out, const ms_storage_options *options, ms_error *err)
{
    *out = NULL;
    ms_storage_options known = MS_STORAGE_OPTIONS_INIT;
    if (options != NULL && options->size < sizeof(options->size))
        return ms_fail(err, MS_USAGE, "options_size", "the options struct has no size: use its INIT macro");
    if (options != NULL)
        memcpy(&known, options, options->size < sizeof(known) ? options->size : sizeof(known));
    ms_storage *storage = ms_calloc(1, sizeof(*storage));
    if (storage == NULL)
        return ms_fail_memory(err, sizeof(*storage));
    ms_mutex_init(&storage->lock);
    storage->ask_password = known.ask_password;
    storage->ask_password_payload = known.ask_password_payload;
    ms_status status = ms_config_load(&storage->config, &known, err);
    if (status == MS_OK)
        status = ms_keyring_open(&storage->keyring, storage, &known, err);
    if (status != MS_OK) {
        ms_storage_close(storage);
        return status;
    }
    *out = storage;
    return MS_OK;
}

void ms_storage_close(ms_storage *storage)
{
    if (storage == NULL)
        return;
    ms_registry_close(storage->registry);
    ms_store_close(storage->store);
    ms_state_close(storage->state);
    ms_keyring_close(&storage->keyring);
    ms_config_free(storage->config);
    ms_mutex_release(&storage->lock);
    ms_free(storage);
}

const char *ms_storage_home(const ms_storage *storage)
{
    return ms_config_home(storage->config);
}

const char *ms_storage_config_path(const ms_storage *storage)
{
    return ms_config_path(storage->config);
}

const ms_config *ms_storage_config(const ms_storage *storage)
{
    return storage->config;
}

ms_keyring *ms_storage_keyring(ms_storage *storage)
{
    return &storage->keyring;
}

unsigned ms_storage_parallel(const ms_storage *storage)
{
    return (unsigned)ms_config_u64(storage->config, "storage.parallel");
}

void ms_storage_set_batch_bytes(ms_storage *storage, uint64_t bytes)
{
    storage->batch_bytes = bytes;
}

uint64_t ms_storage_batch_bytes(const ms_storage *storage)
{
    return storage->batch_bytes;
}

/* The three below are called with the lock held. */

static ms_status open_state(ms_storage *storage, ms_error *err)
{
    return storage->state != NULL ? MS_OK : ms_state_open(&storage->state, ms_storage_home(storage), err);
}

static ms_status open_store(ms_storage *storage, ms_error *err)
{
    if (storage->store != NULL)
        return MS_OK;
    ms_status status = open_state(storage, err);
    if (status != MS_OK)
        return status;
    ms_fs_store_options options = {.home = ms_storage_home(storage), .state = storage->state, .batch_bytes = storage->batch_bytes};
    if (ms_config_choice_is(storage->config, "storage.directIO", "on"))
        options.direct_io = MS_DIRECT_IO_ON;
    else if (ms_config_choice_is(storage->config, "storage.directIO", "off"))
        options.direct_io = MS_DIRECT_IO_OFF;
    return ms_fs_store_open(&storage->store, &options, err);
}

static ms_status open_registry(ms_storage *storage, ms_error *err)
{
    if (storage->registry != NULL)
        return MS_OK;
    ms_status status = open_state(storage, err);
    if (status == MS_OK)
        status = ms_ledger_open(&storage->registry, ms_storage_home(storage), storage->state, err);
    return status;
}

static ms_status open_door(ms_storage *storage, ms_status (*open_it)(ms_storage *storage, ms_error *err), ms_error *err)
{
    ms_status status = ms_config_check(storage->config, err);
    if (status != MS_OK)
        return status;
    ms_mutex_lock(&storage->lock);
    status = open_it(storage, err);
    ms_mutex_unlock(&storage->lock);
    return status;
}

ms_status ms_storage_state(ms_storage *storage, ms_state **state, ms_error *err)
{
    ms_status status = open_door(storage, open_state, err);
    *state = status == MS_OK ? storage->state : NULL;
    return status;
}

ms_status ms_storage_store(ms_storage *storage, ms_store **store, ms_error *err)
{
    ms_status status = open_door(storage, open_store, err);
    *store = status == MS_OK ? storage->store : NULL;
    return status;
}

ms_status ms_storage_registry(ms_storage *storage, ms_registry **registry, ms_error *err)
{
    ms_status status = open_door(storage, open_registry, err);
    *registry = status == MS_OK ? storage->registry : NULL;
    return status;
}

ms_status ms_storage_lock(
        const ms_storage *storage, const char *name, ms_lock_mode mode, int64_t wait_ms, ms_task *task, int *lock, ms_error *err)
{
    char folder[MS_FILE_PATH_SIZE_MAX];
    char path[MS_FILE_PATH_SIZE_MAX];
    const char *home = ms_storage_home(storage);
    *lock = -1;
    if (!ms_bounded_printf(folder, sizeof(folder), "%s/locks", home) ||
            !ms_bounded_printf(path, sizeof(path), "%s/%s", folder, name))
        return ms_fail(err, MS_LIMIT, "path_too_long", "'%s' is too long", home);
    ms_status status = ms_folder_make(MS_DIR_CURRENT, folder, 0700, NULL, err);
    if (status == MS_NOT_FOUND) {
        status = ms_folder_make_all(MS_DIR_CURRENT, home, 0700, err);
        if (status == MS_OK)
            status = ms_folder_make(MS_DIR_CURRENT, folder, 0700, NULL, err);
    }
    if (status == MS_OK)
        status = ms_lock_acquire(lock, MS_DIR_CURRENT, path, mode, wait_ms, ms_task_cancelled_payload, task, err);
    return status;
}

void ms_storage_tell_warnings(ms_storage *storage, ms_task *task)
{
    if (atomic_exchange(&storage->told_warnings, true))
        return;
    for (size_t i = 0; i < ms_config_warning_count(storage->config); i++)
        ms_task_notice(task, true, "%s", ms_config_warning(storage->config, i));
}

ms_status ms_storage_ask_password(ms_storage *storage, const char *purpose, bool is_new, char *password,
        size_t *password_size, ms_error *err)
{
    *password_size = 0;
    if (storage->ask_password == NULL) {
        (void)ms_fail(err, MS_KEY, "password_needed", "%s: a password is needed and there is nobody to ask", purpose);
        ms_error_set_hint(err, PASSWORD_HINT);
        return MS_KEY;
    }
    ms_status status = storage->ask_password(
            storage->ask_password_payload, purpose, is_new, password, MS_PASSWORD_SIZE_MAX, password_size);
    if (status != MS_OK) {
        (void)ms_fail(err, status, "password_refused", "%s: no password was given", purpose);
        if (status == MS_KEY)
            ms_error_set_hint(err, PASSWORD_HINT);
    }
    return status;
}
