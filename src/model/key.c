/* The key command: key files of the home. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "codec/text.h"
#include "crypto/secret.h"
#include "model/keyring_priv.h"
#include "model/run_priv.h"
#include "platform/file.h"
#include "platform/folder.h"
#include "platform/lock.h"

#define KEY_PATH_SIZE (sizeof(MS_KEYRING_FOLDER) + MS_KEYSTORE_NAME_SIZE)

typedef struct key_run {
    ms_run *run;
    const ms_key_options *options;
    ms_key_result *result;
    ms_keyring *keyring;
    int home;
} key_run;

static void key_path(char path[KEY_PATH_SIZE], const char *name)
{
    memcpy(path, MS_KEYRING_FOLDER "/", sizeof(MS_KEYRING_FOLDER));
    memcpy(path + sizeof(MS_KEYRING_FOLDER), name, strlen(name) + 1);
}

/* Keys are listed also when the default one is lost: who wants to choose another has to see them. */
static ms_status find_default(
        const key_run *keys, const ms_keystore_list *list, size_t *index, ms_error *err)
{
    ms_error found = MS_ERROR_INIT;
    ms_status status = ms_keyring_default(keys->keyring, list, index, &found);
    if (status == MS_KEY || status == MS_MALFORMED) {
        *index = list->count;
        ms_task_notice(keys->run->task, true, "there is no default key: %s", found.message);
        return MS_OK;
    }
    if (status != MS_OK)
        ms_error_copy(err, &found);
    return status;
}

/* List the keys of the home, or only the one of address. */
static ms_status tell_keys(key_run *keys, const ms_address *only, ms_error *err)
{
    ms_run *run = keys->run;
    ms_keystore_list list = {0};
    size_t chosen = 0;
    ms_status status = ms_keyring_files(keys->keyring, &list, err);
    if (status == MS_OK)
        status = find_default(keys, &list, &chosen, err);
    ms_key_entry *entries =
            status == MS_OK ? ms_arena_calloc(&run->arena, list.count + 1, sizeof(*entries)) : NULL;
    if (status == MS_OK && entries == NULL)
        status = ms_fail_memory(err, list.count * sizeof(*entries));
    keys->result->keys = entries;
    for (size_t i = 0; status == MS_OK && i < list.count; i++) {
        const ms_keystore_entry *file = &list.entries[i];
        ms_keystore keystore;
        char path[KEY_PATH_SIZE];
        if (only != NULL && !ms_address_equal(only, &file->address))
            continue;
        ms_key_entry *entry = &entries[keys->result->key_count++];
        *entry = (ms_key_entry){.is_default = i == chosen, .is_protected = true};
        key_path(path, file->name);
        status = ms_run_address(run, &entry->address, &file->address, err);
        entry->path = ms_arena_printf(&run->arena, "%s/%s", ms_storage_home(run->storage), path);
        if (status == MS_OK && entry->path == NULL)
            status = ms_fail_memory(err, sizeof(path));
        if (status == MS_OK && file->status == MS_OK &&
                ms_keystore_file_read(&keystore, keys->home, path, NULL) == MS_OK)
            status = ms_keyring_is_protected(&keystore, &entry->is_protected, err);
        else if (status == MS_OK)
            ms_task_notice(run->task, true, "the key file %s cannot be used (%s)", file->name,
                    file->reason);
    }
    ms_keystore_list_release(&list);
    return status;
}

/* The usable file of an address, else one that cannot be used; the count when there is none. */
static size_t position_of(const ms_keystore_list *list, const ms_address *address)
{
    size_t found = list->count;
    for (size_t at = 0; at < list->count; at++) {
        if (!ms_address_equal(&list->entries[at].address, address))
            continue;
        found = at;
        if (list->entries[at].status == MS_OK)
            break;
    }
    return found;
}

/* The file of the address in the options, or of the default key. */
static ms_status find_file(
        key_run *keys, char name[MS_KEYSTORE_NAME_SIZE], ms_address *address, ms_error *err)
{
    ms_keystore_list list = {0};
    size_t chosen = 0;
    const char *wanted = keys->options->address;
    if (wanted != NULL && ms_address_parse(address, wanted, strlen(wanted), NULL) != MS_OK)
        return ms_fail(err, MS_USAGE, "key_address", "%s is no address", wanted);
    ms_status status = ms_keyring_files(keys->keyring, &list, err);
    if (status == MS_OK && wanted == NULL)
        status = ms_keyring_default(keys->keyring, &list, &chosen, err);
    else if (status == MS_OK)
        chosen = position_of(&list, address);
    if (status == MS_OK && chosen < list.count && list.entries[chosen].status != MS_OK)
        status = ms_keyring_fail_unusable(&list.entries[chosen], err);
    if (status == MS_OK && chosen >= list.count) {
        status = ms_fail(err, MS_NOT_FOUND, "key_unknown", "there is no key %s here",
                wanted == NULL ? "yet" : wanted);
        ms_error_set_hint(err, "'model-storage key list' shows what there is");
    }
    if (status == MS_OK) {
        memcpy(name, list.entries[chosen].name, MS_KEYSTORE_NAME_SIZE);
        *address = list.entries[chosen].address;
    }
    ms_keystore_list_release(&list);
    return status;
}

static ms_span given_password(const ms_key_options *options)
{
    return options->has_password ? ms_span_of(options->password, options->password_size)
                                 : ms_span_of("", 0);
}

/* A key without a password is protected by its file mode alone, so that costs would protect
 * nothing. */
static ms_scrypt_cost cost_of(ms_span password)
{
    return password.size == 0 ? MS_KEYSTORE_COST_LIGHT : MS_KEYSTORE_COST_STANDARD;
}

static ms_status add_key(key_run *keys, const ms_key *key, ms_error *err)
{
    const ms_span password = given_password(keys->options);
    const ms_scrypt_cost cost = cost_of(password);
    char name[MS_KEYSTORE_NAME_SIZE];
    ms_keystore_list list = {0};
    ms_status status = ms_keyring_files(keys->keyring, &list, err);
    for (size_t i = 0; status == MS_OK && i < list.count; i++)
        if (ms_address_equal(&list.entries[i].address, ms_key_address(key)))
            status = ms_fail(err, MS_USAGE, "key_exists", "this key is here already: %s",
                    list.entries[i].name);
    if (status == MS_OK)
        status = ms_keystore_file_write(name, keys->home, MS_KEYRING_FOLDER, key, password, &cost, err);
    if (status == MS_OK && list.count == 0)
        status = ms_keyring_set_default(keys->keyring, ms_key_address(key), err);
    ms_keystore_list_release(&list);
    return status == MS_OK ? tell_keys(keys, ms_key_address(key), err) : status;
}

static ms_status new_key(key_run *keys, ms_error *err)
{
    ms_key *key = NULL;
    ms_status status = ms_key_new_random(&key, err);
    if (status == MS_OK)
        status = add_key(keys, key, err);
    ms_key_free(key);
    return status;
}

/* 64 hex digits or a keystore file; either is read only when nobody else can. */
static ms_status read_foreign_key(key_run *keys, ms_key **key, ms_error *err)
{
    ms_keystore keystore;
    ms_status status = ms_keystore_file_read(&keystore, MS_DIR_CURRENT, keys->options->file, err);
    if (status == MS_OK)
        return ms_keyring_unlock(keys->keyring, key, &keystore, keys->options->file, err);
    if (status != MS_MALFORMED)
        return status;
    ms_buffer text;
    uint8_t bytes[MS_KEY_SIZE];
    ms_buffer_init(&text, 128);
    ms_error found = MS_ERROR_INIT;
    const ms_status read = ms_file_read_whole(MS_DIR_CURRENT, keys->options->file, &text, &found);
    if (read == MS_OK) {
        size_t size = text.size;
        const char *digits = (const char *)text.data;
        while (size > 0 && (digits[size - 1] == '\n' || digits[size - 1] == '\r'))
            size--;
        if (size == (size_t)2 * MS_KEY_SIZE + 2 && digits[0] == '0' && digits[1] == 'x') {
            digits += 2;
            size -= 2;
        }
        if (size == (size_t)2 * MS_KEY_SIZE &&
                ms_hex_decode(bytes, sizeof(bytes), digits, size, NULL) == MS_OK)
            status = ms_key_new(key, bytes, err);
    } else if (read != MS_LIMIT) { /* longer than any key: what was said about it as a key file stands */
        ms_error_copy(err, &found);
        status = read;
    }
    if (text.data != NULL)
        ms_wipe(text.data, text.capacity);
    ms_wipe(bytes, sizeof(bytes));
    ms_buffer_release(&text);
    return status;
}

static ms_status import_key(key_run *keys, ms_error *err)
{
    ms_key *key = NULL;
    if (keys->options->file == NULL || *keys->options->file == '\0')
        return ms_fail(err, MS_USAGE, "key_file", "import needs a file");
    ms_status status = read_foreign_key(keys, &key, err);
    if (status == MS_OK)
        status = add_key(keys, key, err);
    ms_key_free(key);
    return status;
}

/* Whole under a name that was free, or not at all. */
static ms_status write_new_file(const char *path, ms_span content, ms_error *err)
{
    bool existed = false;
    ms_error found = MS_ERROR_INIT;
    ms_status status = ms_file_place_new(MS_DIR_CURRENT, path, content, 0600, &existed, &found);
    if (status == MS_NOT_FOUND || status == MS_IO) { /* it speaks of a temporary name */
        status = ms_fail_errno(err, found.os_errno, "key_file_place", "The key cannot be written to %s", path);
        ms_error_set_path(err, path);
        return status;
    }
    if (status != MS_OK)
        ms_error_copy(err, &found);
    if (status != MS_OK || !existed)
        return status;
    (void)ms_fail_errno(err, EEXIST, "key_file_exists", "%s exists already", path);
    ms_error_set_path(err, path);
    ms_error_set_hint(err, "name another file, or move that one away");
    return MS_IO;
}

static ms_status export_key(key_run *keys, ms_error *err)
{
    char name[MS_KEYSTORE_NAME_SIZE];
    char path[KEY_PATH_SIZE];
    ms_address address;
    ms_buffer content;
    if (keys->options->file == NULL || *keys->options->file == '\0')
        return ms_fail(err, MS_USAGE, "key_file", "export needs a file");
    ms_buffer_init(&content, MS_KEYSTORE_SIZE_MAX);
    ms_status status = find_file(keys, name, &address, err);
    if (status == MS_OK) {
        key_path(path, name);
        status = ms_file_read_whole(keys->home, path, &content, err);
    }
    if (status == MS_OK)
        status = write_new_file(keys->options->file, ms_buffer_span(&content), err);
    ms_buffer_release(&content);
    return status == MS_OK ? tell_keys(keys, &address, err) : status;
}

static ms_status choose_default(key_run *keys, ms_error *err)
{
    char name[MS_KEYSTORE_NAME_SIZE];
    ms_address address;
    if (keys->options->address == NULL)
        return ms_fail(err, MS_USAGE, "key_address", "default needs the address of a key");
    ms_status status = find_file(keys, name, &address, err);
    if (status == MS_OK)
        status = ms_keyring_set_default(keys->keyring, &address, err);
    return status == MS_OK ? tell_keys(keys, NULL, err) : status;
}

static ms_status change_password(key_run *keys, ms_error *err)
{
    char name[MS_KEYSTORE_NAME_SIZE];
    char path[KEY_PATH_SIZE];
    ms_address address;
    ms_keystore keystore;
    ms_key *key = NULL;
    ms_secret password = {0};
    size_t size = 0;
    ms_status status = find_file(keys, name, &address, err);
    if (status == MS_OK) {
        key_path(path, name);
        status = ms_keystore_file_read(&keystore, keys->home, path, err);
    }
    if (status == MS_OK)
        status = ms_keyring_unlock(keys->keyring, &key, &keystore, name, err);
    if (status == MS_OK)
        status = ms_secret_init(&password, MS_PASSWORD_SIZE_MAX, err);
    if (status == MS_OK && keys->options->has_password) {
        size = keys->options->password_size;
        if (size > MS_PASSWORD_SIZE_MAX)
            status = ms_fail(err, MS_LIMIT, "password_long", "a password has at most %d bytes",
                    MS_PASSWORD_SIZE_MAX);
        else if (size > 0)
            memcpy(password.bytes, keys->options->password, size);
    } else if (status == MS_OK) {
        status = ms_storage_ask_password(
                keys->run->storage, name, true, (char *)password.bytes, &size, err);
    }
    const ms_span wanted = ms_span_of(password.bytes, size);
    const ms_scrypt_cost cost = cost_of(wanted);
    if (status == MS_OK)
        status = ms_keystore_file_rewrite(name, keys->home, MS_KEYRING_FOLDER, key, wanted, &cost, err);
    ms_secret_release(&password);
    ms_key_free(key);
    return status == MS_OK ? tell_keys(keys, &address, err) : status;
}

static ms_status act(key_run *keys, ms_error *err)
{
    switch (keys->options->action) {
    case MS_KEY_NEW:
        return new_key(keys, err);
    case MS_KEY_IMPORT:
        return import_key(keys, err);
    case MS_KEY_EXPORT:
        return export_key(keys, err);
    case MS_KEY_DEFAULT:
        return choose_default(keys, err);
    case MS_KEY_PASSWORD:
        return change_password(keys, err);
    case MS_KEY_LIST:
        return tell_keys(keys, NULL, err);
    default:
        return ms_fail(err, MS_USAGE, "key_action", "there is no such action on keys");
    }
}

static ms_status run_key(ms_run *run, const void *options, void *result, ms_error *err)
{
    key_run keys = {.run = run,
            .options = (const ms_key_options *)options,
            .result = (ms_key_result *)result,
            .keyring = ms_storage_keyring(run->storage),
            .home = -1};
    int lock = -1;
    const bool writes =
            keys.options->action == MS_KEY_NEW || keys.options->action == MS_KEY_IMPORT ||
            keys.options->action == MS_KEY_DEFAULT || keys.options->action == MS_KEY_PASSWORD;
    ms_status status = writes ? ms_keyring_lock(keys.keyring, run->task, &lock, err) : MS_OK;
    if (status == MS_OK)
        status = ms_keyring_home(keys.keyring, &keys.home, err);
    if (status == MS_NOT_FOUND && keys.options->action == MS_KEY_LIST)
        status = MS_OK; /* a home that is not there has no keys */
    if (status == MS_OK)
        status = act(&keys, err);
    ms_file_close(keys.home);
    ms_lock_release(lock);
    return status;
}

static void write_key_result(ms_result *json, const void *result)
{
    ms_result_key(json, (const ms_key_result *)result);
}

const ms_command ms_command_key = {.name = "key",
        .options_size = sizeof(ms_key_options),
        .result_size = sizeof(ms_key_result),
        .run = run_key,
        .write_result = write_key_result};
