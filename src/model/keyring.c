#include "model/keyring_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "codec/text.h"
#include "crypto/secret.h"
#include "platform/file.h"
#include "platform/folder.h"

#define LOCK_WAIT_MS 30000
#define DEFAULT_FILE_SIZE_MAX 256
/* A key file this cheap is tried with the empty password before anybody is asked. */
#define CHEAP_SCRYPT_N_MAX 8192

static ms_status sign_by_caller(void *payload, const uint8_t digest[32], uint8_t signature[MS_SIGNATURE_SIZE], ms_error *err)
{
    ms_keyring *keyring = (ms_keyring *)payload;
    ms_status status = keyring->sign(keyring->sign_payload, digest, signature);
    if (status != MS_OK)
        return ms_fail(err, status, "sign_refused", "the caller's signer did not sign");
    return MS_OK;
}

ms_status ms_keyring_open(ms_keyring *keyring, ms_storage *storage, const ms_storage_options *options, ms_error *err)
{
    keyring->storage = storage;
    ms_mutex_init(&keyring->lock);
    if (options->sign == NULL)
        return MS_OK;
    if (options->sign_address == NULL)
        return ms_fail(err, MS_USAGE, "sign_address", "a signer needs the address of its key");
    keyring->sign = options->sign;
    keyring->sign_payload = options->sign_payload;
    keyring->signer = (ms_signer){.sign = sign_by_caller, .payload = keyring};
    keyring->has_signer = true;
    return ms_address_parse(&keyring->signer.address, options->sign_address, strlen(options->sign_address), err);
}

void ms_keyring_close(ms_keyring *keyring)
{
    if (keyring->storage == NULL)
        return;
    ms_key_free(keyring->key);
    ms_mutex_release(&keyring->lock);
}

ms_status ms_keyring_home(ms_keyring *keyring, int *dirfd, ms_error *err)
{
    return ms_file_open(
            dirfd, MS_DIR_CURRENT, ms_storage_home(keyring->storage), MS_OPEN_READ | MS_OPEN_DIRECTORY, 0, err);
}

ms_status ms_keyring_lock(ms_keyring *keyring, ms_task *task, int *lock, ms_error *err)
{
    int home = -1;
    *lock = -1;
    ms_status status = ms_folder_make_all(MS_DIR_CURRENT, ms_storage_home(keyring->storage), 0700, err);
    if (status == MS_OK)
        status = ms_keyring_home(keyring, &home, err);
    if (status == MS_OK)
        status = ms_storage_lock(keyring->storage, MS_STORAGE_LOCK_KEYSTORE, MS_LOCK_EXCLUSIVE, LOCK_WAIT_MS, task, lock, err);
    /* Who writes there holds this lock: what looks unfinished was left by a killed process, and may hold a key. */
    if (status == MS_OK)
        ms_file_remove_temporaries(home, MS_KEYRING_FOLDER, MS_FILE_TEMPORARY_PREFIX);
    ms_file_close(home);
    return status;
}

ms_status ms_keyring_files(ms_keyring *keyring, ms_keystore_list *list, ms_error *err)
{
    int home = -1;
    *list = (ms_keystore_list){0};
    ms_status status = ms_keyring_home(keyring, &home, err);
    if (status == MS_NOT_FOUND)
        return MS_OK;
    if (status == MS_OK)
        status = ms_keystore_list_folder(list, home, MS_KEYRING_FOLDER, err);
    ms_file_close(home);
    return status;
}

static ms_status read_default(ms_keyring *keyring, ms_address *address, ms_error *err)
{
    int home = -1;
    ms_buffer text;
    ms_buffer_init(&text, DEFAULT_FILE_SIZE_MAX);
    ms_status status = ms_keyring_home(keyring, &home, err);
    if (status == MS_OK)
        status = ms_file_read_whole(home, MS_KEYRING_FOLDER "/" MS_KEYRING_DEFAULT_FILE, &text, err);
    if (status == MS_OK) {
        size_t size = text.size;
        while (size > 0 && (text.data[size - 1] == '\n' || text.data[size - 1] == '\r'))
            size--;
        status = ms_address_parse(address, (const char *)text.data, size, err);
        if (status != MS_OK)
            ms_error_set_hint(err, "name the key again with: model-storage key default 0x...");
    }
    ms_buffer_release(&text);
    ms_file_close(home);
    return status;
}

ms_status ms_keyring_fail_unusable(const ms_keystore_entry *entry, ms_error *err)
{
    return ms_fail(err, entry->status, entry->reason, "the key file %s cannot be used (%s)", entry->name, entry->reason);
}

ms_status ms_keyring_default(ms_keyring *keyring, const ms_keystore_list *list, size_t *index, ms_error *err)
{
    ms_address wanted;
    *index = list->count;
    ms_status status = read_default(keyring, &wanted, err);
    if (status != MS_OK && status != MS_NOT_FOUND)
        return status;
    const bool is_named = status == MS_OK;
    for (size_t i = 0; i < list->count && *index == list->count; i++) {
        const ms_keystore_entry *entry = &list->entries[i];
        if (is_named && !ms_address_equal(&entry->address, &wanted))
            continue;
        if (entry->status == MS_OK)
            *index = i;
        else if (entry->status == MS_IO || entry->status == MS_NO_MEMORY)
            return ms_keyring_fail_unusable(entry, err);
    }
    if (is_named && *index == list->count) {
        char text[MS_ADDRESS_TEXT_SIZE];
        ms_address_format(text, &wanted);
        (void)ms_fail(err, MS_KEY, "default_key_missing", "the default key %s has no usable file in the keystore", text);
        ms_error_set_hint(err, "put its file back, or choose another key with: model-storage key default 0x...");
        return MS_KEY;
    }
    return MS_OK;
}

ms_status ms_keyring_set_default(ms_keyring *keyring, const ms_address *address, ms_error *err)
{
    int home = -1;
    char text[MS_ADDRESS_TEXT_SIZE + 1];
    ms_address_format(text, address);
    text[MS_ADDRESS_TEXT_SIZE - 1] = '\n';
    ms_status status = ms_keyring_home(keyring, &home, err);
    if (status == MS_OK)
        status = ms_file_replace(home, MS_KEYRING_FOLDER "/" MS_KEYRING_DEFAULT_FILE,
                ms_span_of(text, MS_ADDRESS_TEXT_SIZE), 0600, err);
    ms_file_close(home);
    return status;
}

static bool is_cheap(const ms_keystore *keystore)
{
    return keystore->kdf == MS_KEYSTORE_SCRYPT && keystore->scrypt.n <= CHEAP_SCRYPT_N_MAX;
}

ms_status ms_keyring_is_protected(const ms_keystore *keystore, bool *is_protected, ms_error *err)
{
    *is_protected = true;
    if (!is_cheap(keystore))
        return MS_OK;
    ms_key *key = NULL;
    ms_status status = ms_keystore_decrypt(&key, keystore, ms_span_of("", 0), err);
    ms_key_free(key);
    *is_protected = status != MS_OK;
    return status == MS_KEY ? MS_OK : status;
}

static ms_status unlock_by_asking(ms_keyring *keyring, ms_key **key, const ms_keystore *keystore, const char *name, ms_error *err)
{
    ms_secret password;
    size_t size = 0;
    ms_status status = ms_secret_init(&password, MS_PASSWORD_SIZE_MAX, err);
    if (status != MS_OK)
        return status;
    status = ms_storage_ask_password(keyring->storage, name, false, (char *)password.bytes, &size, err);
    if (status == MS_OK)
        status = ms_keystore_decrypt(key, keystore, ms_span_of(password.bytes, size), err);
    ms_secret_release(&password);
    return status;
}

ms_status ms_keyring_unlock(ms_keyring *keyring, ms_key **key, const ms_keystore *keystore, const char *name, ms_error *err)
{
    *key = NULL;
    if (is_cheap(keystore)) {
        ms_status status = ms_keystore_decrypt(key, keystore, ms_span_of("", 0), err);
        if (status != MS_KEY)
            return status;
    }
    return unlock_by_asking(keyring, key, keystore, name, err);
}

/* 64 hex digits, with or without 0x. */
static ms_status key_of_hex(ms_key **key, const ms_secret *text, ms_error *err)
{
    const char *digits = (const char *)text->bytes;
    size_t size = text->size;
    ms_secret bytes;
    while (size > 0 && (digits[size - 1] == '\n' || digits[size - 1] == '\r'))
        size--;
    if (size >= 2 && digits[0] == '0' && (digits[1] == 'x' || digits[1] == 'X')) {
        digits += 2;
        size -= 2;
    }
    ms_status status = ms_secret_init(&bytes, MS_KEY_SIZE, err);
    if (status == MS_OK && (size != (size_t)2 * MS_KEY_SIZE || ms_hex_decode(bytes.bytes, MS_KEY_SIZE, digits, size, NULL) != MS_OK))
        status = ms_fail(err, MS_KEY, "private_key_form", "the configured private key is not 64 hex digits");
    if (status == MS_OK)
        status = ms_key_new(key, bytes.bytes, err);
    ms_secret_release(&bytes);
    return status;
}

static ms_status key_of_config(ms_keyring *keyring, ms_key **key, ms_error *err)
{
    ms_secret text = {0};
    ms_status status = ms_config_secret(ms_storage_config(keyring->storage), "blockchain.privateKey", &text, err);
    if (status == MS_OK)
        status = key_of_hex(key, &text, err);
    ms_secret_release(&text);
    return status;
}

/* The first key of a home, made when something has to be signed. */
static ms_status make_first_key(ms_keyring *keyring, ms_task *task, ms_key **key, ms_error *err)
{
    char name[MS_KEYSTORE_NAME_SIZE];
    int home = -1;
    const ms_scrypt_cost cost = MS_KEYSTORE_COST_LIGHT;
    ms_status status = ms_keyring_home(keyring, &home, err);
    if (status == MS_OK)
        status = ms_key_new_random(key, err);
    if (status == MS_OK)
        status = ms_keystore_file_write(name, home, MS_KEYRING_FOLDER, *key, ms_span_of("", 0), &cost, err);
    if (status == MS_OK)
        status = ms_keyring_set_default(keyring, ms_key_address(*key), err);
    ms_file_close(home);
    if (status != MS_OK)
        return status;
    char address[MS_ADDRESS_TEXT_SIZE];
    ms_address_format(address, ms_key_address(*key));
    ms_task_notice(task, false,
            "made the key %s that signs what you store (%s/" MS_KEYRING_FOLDER
            "/%s); only its file mode protects it: 'model-storage key password' sets a password",
            address, ms_storage_home(keyring->storage), name);
    return MS_OK;
}

static ms_status read_key_file(ms_keyring *keyring, int dirfd, const char *path, ms_key **key, ms_error *err)
{
    ms_keystore keystore;
    ms_status status = ms_keystore_file_read(&keystore, dirfd, path, err);
    if (status == MS_OK)
        status = ms_keyring_unlock(keyring, key, &keystore, path, err);
    if (status != MS_OK)
        ms_error_set_path(err, path);
    return status;
}

static ms_status key_of_home(ms_keyring *keyring, ms_task *task, ms_key **key, ms_error *err)
{
    int lock = -1;
    int home = -1;
    size_t index = 0;
    char path[sizeof(MS_KEYRING_FOLDER) + MS_KEYSTORE_NAME_SIZE];
    ms_keystore_list list = {0};
    ms_status status = ms_keyring_lock(keyring, task, &lock, err);
    if (status == MS_OK)
        status = ms_keyring_files(keyring, &list, err);
    if (status == MS_OK)
        status = ms_keyring_default(keyring, &list, &index, err);
    if (status == MS_OK && index == list.count && list.count > 0) {
        status = ms_keyring_fail_unusable(&list.entries[0], err);
    } else if (status == MS_OK && index == list.count) {
        status = make_first_key(keyring, task, key, err);
    } else if (status == MS_OK) {
        memcpy(path, MS_KEYRING_FOLDER "/", sizeof(MS_KEYRING_FOLDER));
        memcpy(path + sizeof(MS_KEYRING_FOLDER), list.entries[index].name, strlen(list.entries[index].name) + 1);
        status = ms_keyring_home(keyring, &home, err);
        if (status == MS_OK)
            status = read_key_file(keyring, home, path, key, err);
        /* Whoever made it may have been killed before its name was on disk, and what it signs must not outlive it. */
        if (status == MS_OK)
            status = ms_folder_sync(home, MS_KEYRING_FOLDER, err);
    }
    ms_file_close(home);
    ms_keystore_list_release(&list);
    ms_lock_release(lock);
    return status;
}

static ms_status load_signer(ms_keyring *keyring, ms_task *task, ms_error *err)
{
    const ms_config *config = ms_storage_config(keyring->storage);
    const char *keystore = ms_config_text(config, "blockchain.keystore");
    ms_status status;
    if (ms_config_has_secret(config, "blockchain.privateKey"))
        status = key_of_config(keyring, &keyring->key, err);
    else if (keystore[0] != '\0')
        status = read_key_file(keyring, MS_DIR_CURRENT, keystore, &keyring->key, err);
    else
        status = key_of_home(keyring, task, &keyring->key, err);
    if (status != MS_OK)
        return status;
    keyring->signer = ms_signer_of_key(keyring->key);
    keyring->has_signer = true;
    return MS_OK;
}

ms_status ms_keyring_signer(ms_keyring *keyring, ms_task *task, const ms_signer **signer, ms_error *err)
{
    ms_status status = MS_OK;
    ms_mutex_lock(&keyring->lock);
    if (!keyring->has_signer)
        status = load_signer(keyring, task, err);
    ms_mutex_unlock(&keyring->lock);
    *signer = status == MS_OK ? &keyring->signer : NULL;
    return status;
}

/* The address that publishes when it does not come from home/keystore; false: it does. */
static ms_status configured_address(ms_keyring *keyring, ms_address *address, bool *has_address, ms_error *err)
{
    const ms_config *config = ms_storage_config(keyring->storage);
    const char *path = ms_config_text(config, "blockchain.keystore");
    ms_status status = MS_OK;
    *has_address = true;
    ms_mutex_lock(&keyring->lock);
    const bool has_signer = keyring->has_signer;
    if (has_signer)
        *address = keyring->signer.address;
    ms_mutex_unlock(&keyring->lock);
    if (has_signer)
        return MS_OK;
    if (ms_config_has_secret(config, "blockchain.privateKey")) {
        ms_key *key = NULL;
        status = key_of_config(keyring, &key, err);
        if (status == MS_OK)
            *address = *ms_key_address(key);
        ms_key_free(key);
    } else if (path[0] != '\0') {
        ms_keystore keystore;
        status = ms_keystore_file_read(&keystore, MS_DIR_CURRENT, path, err);
        *has_address = status == MS_OK && keystore.has_address;
        *address = keystore.address;
    } else {
        *has_address = false;
    }
    return status;
}

/* The address in its name is enough where only the file could not be read just now: else a bare name of a model would for that
 * moment mean somebody else's. */
static bool is_own(const ms_keystore_entry *entry)
{
    static const ms_address none = {{0}};
    return entry->status == MS_OK ||
           ((entry->status == MS_IO || entry->status == MS_NO_MEMORY) && !ms_address_equal(&entry->address, &none));
}

static void add_address(ms_address *addresses, size_t *count, const ms_address *address)
{
    for (size_t i = 0; i < *count; i++)
        if (ms_address_equal(&addresses[i], address))
            return;
    addresses[(*count)++] = *address;
}

ms_status ms_keyring_addresses(ms_keyring *keyring, ms_address **addresses, size_t *count, ms_error *err)
{
    ms_keystore_list list = {0};
    ms_address first;
    bool has_first = false;
    size_t chosen = 0;
    *addresses = NULL;
    *count = 0;
    ms_status status = ms_keyring_files(keyring, &list, err);
    if (status == MS_OK)
        status = configured_address(keyring, &first, &has_first, err);
    if (status == MS_OK)
        status = ms_keyring_default(keyring, &list, &chosen, err);
    if (status == MS_OK) {
        *addresses = ms_calloc(list.count + 2, sizeof(**addresses));
        if (*addresses == NULL)
            status = ms_fail_memory(err, list.count * sizeof(**addresses));
    }
    if (status == MS_OK && has_first)
        add_address(*addresses, count, &first);
    if (status == MS_OK && chosen < list.count)
        add_address(*addresses, count, &list.entries[chosen].address);
    for (size_t i = 0; status == MS_OK && i < list.count; i++)
        if (is_own(&list.entries[i]))
            add_address(*addresses, count, &list.entries[i].address);
    ms_keystore_list_release(&list);
    return status;
}
