/* Key files on disk: who may read them, writing one so that a name is a key that opens, listing. */
#include "eth/keystore_file.h"

#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "base/bounded.h"
#include "base/log.h"
#include "codec/text.h"
#include "platform/clock.h"
#include "platform/folder.h"
#include "platform/process.h"
#include "platform/random.h"

#define NAME_PREFIX "UTC--"
#define FILE_MODE 0600
#define FOLDER_MODE 0700
#define MODE_OF_OTHERS 0077
#define WRITE_OF_OTHERS 0022
#define RANDOM_SIZE 8

static ms_status fail_file(ms_error *err, const char *reason, const char *path, const char *what, const char *hint)
{
    ms_fail(err, MS_KEY, reason, "The key file '%s' %s", path, what);
    ms_error_set_path(err, path);
    if (hint != NULL)
        ms_error_set_hint(err, "%s", hint);
    return MS_KEY;
}

static ms_status check_file(int fd, const char *path, ms_error *err)
{
    ms_file_status file;
    ms_status status = ms_file_status_of(fd, &file, err);

    if (status != MS_OK)
        return status;
    if (file.owner != ms_process_user())
        return fail_file(err, "keystore_file_owner", path, "belongs to another user", NULL);
    if ((file.mode & MODE_OF_OTHERS) != 0)
        return fail_file(err, "keystore_file_loose", path, "can be used by others", "chmod 600 the file");
    if (file.size > MS_KEYSTORE_SIZE_MAX) {
        ms_fail(err, MS_LIMIT, "keystore_size", "The key file '%s' has %llu bytes, more than the %zu that are allowed",
                path, (unsigned long long)file.size, MS_KEYSTORE_SIZE_MAX);
        ms_error_set_path(err, path);
        return MS_LIMIT;
    }
    return MS_OK;
}

/* The checks that count are made on the open file; the look at the name before only gives a link or
 * a folder its own reason. */
static ms_status open_checked(int *fd, int dirfd, const char *path, ms_error *err)
{
    const int flags = MS_OPEN_READ | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR;
    ms_file_status named;
    ms_status status = ms_file_status_at(dirfd, path, false, &named, err);

    *fd = -1;
    if (status != MS_OK)
        return status;
    if (named.kind != MS_FILE_REGULAR)
        return fail_file(err, "keystore_file_kind", path, "is a link or no regular file", NULL);
    status = ms_file_open(fd, dirfd, path, flags, 0, err);
    if (status != MS_OK)
        return status;
    status = check_file(*fd, path, err);
    if (status != MS_OK) {
        ms_file_close(*fd);
        *fd = -1;
    }
    return status;
}

ms_status ms_keystore_file_read(ms_keystore *keystore, int dirfd, const char *path, ms_error *err)
{
    ms_buffer content;
    int fd = -1;
    ms_status status;

    *keystore = (ms_keystore){.kdf = MS_KEYSTORE_SCRYPT};
    ms_buffer_init(&content, MS_KEYSTORE_SIZE_MAX);
    if ((status = open_checked(&fd, dirfd, path, err)) != MS_OK ||
            (status = ms_file_read_all(fd, &content, err)) != MS_OK)
        goto done;
    status = ms_keystore_parse(keystore, ms_buffer_span(&content), err);
    if (status != MS_OK)
        ms_error_set_path(err, path);
done:
    ms_file_close(fd);
    ms_buffer_release(&content);
    return status;
}

static ms_status check_folder(int fd, const char *folder, ms_error *err)
{
    ms_file_status found;
    ms_status status = ms_file_status_of(fd, &found, err);

    if (status != MS_OK)
        return status;
    if (found.owner == ms_process_user() && (found.mode & WRITE_OF_OTHERS) == 0)
        return MS_OK;
    ms_fail(err, MS_KEY, "keystore_folder_loose",
            "The folder of key files '%s' is not ours alone to write to", folder);
    ms_error_set_path(err, folder);
    ms_error_set_hint(err, "chmod 700 the folder, or use one of your own");
    return MS_KEY;
}

/* Made when it is missing; *fd is the folder itself, so that nobody can exchange it afterwards. */
static ms_status open_folder(int *fd, int dirfd, const char *folder, bool make, ms_error *err)
{
    ms_status status = make ? ms_folder_make_all(dirfd, folder, FOLDER_MODE, err) : MS_OK;

    *fd = -1;
    if (status == MS_OK)
        status = ms_file_open(fd, dirfd, folder, MS_OPEN_READ | MS_OPEN_DIRECTORY, 0, err);
    if (status != MS_OK)
        return status;
    status = check_folder(*fd, folder, err);
    if (status != MS_OK) {
        ms_file_close(*fd);
        *fd = -1;
    }
    return status;
}

/* RFC 3339 with '-' for ':', which not every file system takes, and the address. */
static void make_name(char name[MS_KEYSTORE_NAME_SIZE], const ms_address *address)
{
    char time[MS_TIME_TEXT_SIZE], digits[2 * MS_ADDRESS_SIZE + 1];

    ms_clock_format(time, ms_clock_wall_seconds());
    for (char *c = time; *c != '\0'; c++) {
        if (*c == ':')
            *c = '-';
    }
    ms_hex_encode(digits, address->bytes, MS_ADDRESS_SIZE);
    (void)ms_bounded_printf(name, MS_KEYSTORE_NAME_SIZE, NAME_PREFIX "%s--%s", time, digits);
}

static ms_status make_temporary_name(char name[MS_KEYSTORE_NAME_SIZE], ms_error *err)
{
    uint8_t random[RANDOM_SIZE];
    char digits[2 * RANDOM_SIZE + 1];
    ms_status status = ms_random_bytes(random, sizeof(random), err);

    if (status != MS_OK)
        return status;
    ms_hex_encode(digits, random, sizeof(random));
    (void)ms_bounded_printf(name, MS_KEYSTORE_NAME_SIZE, MS_FILE_TEMPORARY_PREFIX "%s", digits);
    return MS_OK;
}

static ms_status write_synced(int dirfd, const char *name, ms_span content, ms_error *err)
{
    const int flags = MS_OPEN_WRITE | MS_OPEN_CREATE | MS_OPEN_EXCLUSIVE | MS_OPEN_NOFOLLOW;
    int fd;
    ms_status status = ms_file_open(&fd, dirfd, name, flags, FILE_MODE, err);

    if (status != MS_OK)
        return status;
    /* The mode at creation may have been cut by the process's mask. */
    if ((status = ms_file_set_mode(fd, FILE_MODE, err)) != MS_OK ||
            (status = ms_file_write(fd, content.data, content.size, err)) != MS_OK ||
            (status = ms_file_sync(fd, err)) != MS_OK) {
        ms_file_close(fd);
        return status;
    }
    return ms_file_close_checked(fd, err);
}

/* What stands in the file must open and be this key. */
static ms_status prove_file(int dirfd, const char *name, const ms_key *key, ms_span password, ms_error *err)
{
    ms_keystore read_back;
    ms_key *opened = NULL;
    ms_status status = ms_keystore_file_read(&read_back, dirfd, name, err);

    if (status == MS_OK)
        status = ms_keystore_decrypt(&opened, &read_back, password, err);
    if (status == MS_OK && !ms_address_equal(ms_key_address(opened), ms_key_address(key)))
        status = ms_fail(err, MS_INTEGRITY, "keystore_address_mismatch",
                "A key file that was just written holds another key");
    ms_key_free(opened);
    return status;
}

static ms_status give_final_name(int dirfd, const char *temporary, const char *name, bool replace, ms_error *err)
{
    bool existed = false;
    ms_status status = ms_file_rename(dirfd, temporary, dirfd, name, replace, &existed, err);

    if (status == MS_OK && existed)
        status = ms_fail(err, MS_LOCKED, "keystore_file_exists",
                "A key file of this second and address is there already: '%s'", name);
    return status == MS_OK ? ms_folder_sync(dirfd, ".", err) : status;
}

/* The file under a temporary name, proven, then under its own. */
static ms_status write_proven(int folder_fd, const char *name, bool replace, const ms_key *key, ms_span password,
        const ms_scrypt_cost *cost, ms_error *err)
{
    ms_keystore keystore;
    ms_buffer json;
    char temporary[MS_KEYSTORE_NAME_SIZE] = "";
    ms_status status;

    ms_buffer_init(&json, MS_KEYSTORE_SIZE_MAX);
    if ((status = ms_keystore_encrypt(&keystore, key, password, cost, err)) != MS_OK ||
            (status = ms_keystore_format(&json, &keystore, err)) != MS_OK ||
            (status = make_temporary_name(temporary, err)) != MS_OK)
        goto done;
    if ((status = write_synced(folder_fd, temporary, ms_buffer_span(&json), err)) != MS_OK ||
            (status = prove_file(folder_fd, temporary, key, password, err)) != MS_OK ||
            (status = give_final_name(folder_fd, temporary, name, replace, err)) != MS_OK) {
        /* The first failure is what the caller hears of. */
        if (ms_file_remove(folder_fd, temporary, NULL) != MS_OK)
            ms_log(MS_LOG_WARNING, "The unfinished key file '%s' could not be removed", temporary);
    }
done:
    ms_buffer_release(&json);
    return status;
}

ms_status ms_keystore_file_write(char name[MS_KEYSTORE_NAME_SIZE], int dirfd, const char *folder,
        const ms_key *key, ms_span password, const ms_scrypt_cost *cost, ms_error *err)
{
    char final_name[MS_KEYSTORE_NAME_SIZE];
    int folder_fd = -1;
    ms_status status = open_folder(&folder_fd, dirfd, folder, true, err);

    name[0] = '\0';
    make_name(final_name, ms_key_address(key));
    if (status == MS_OK)
        status = write_proven(folder_fd, final_name, false, key, password, cost, err);
    if (status == MS_OK)
        (void)ms_bounded_copy(name, MS_KEYSTORE_NAME_SIZE, final_name);
    ms_file_close(folder_fd);
    return status;
}

ms_status ms_keystore_file_rewrite(const char *name, int dirfd, const char *folder, const ms_key *key,
        ms_span password, const ms_scrypt_cost *cost, ms_error *err)
{
    int folder_fd = -1;
    ms_status status = open_folder(&folder_fd, dirfd, folder, false, err);

    if (status == MS_OK)
        status = write_proven(folder_fd, name, true, key, password, cost, err);
    ms_file_close(folder_fd);
    return status;
}

/* The address at the end of a name: "...--" and 40 digits. */
static bool address_of_name(ms_address *address, const char *name)
{
    const size_t digits = 2 * (size_t)MS_ADDRESS_SIZE;
    size_t size = strlen(name);

    return size > digits + 2 && strncmp(name + size - digits - 2, "--", 2) == 0 &&
            ms_hex_decode(address->bytes, MS_ADDRESS_SIZE, name + size - digits, digits, NULL) == MS_OK;
}

static void fill_entry(ms_keystore_entry *entry, int folder_fd, const char *name)
{
    ms_keystore keystore;
    ms_error error = MS_ERROR_INIT;
    bool named = address_of_name(&entry->address, name);

    if (!named)
        entry->address = (ms_address){{0}};
    (void)ms_bounded_copy(entry->name, sizeof(entry->name), name);
    entry->status = ms_keystore_file_read(&keystore, folder_fd, name, &error);
    if (entry->status == MS_OK && keystore.has_address)
        entry->address = keystore.address;
    else if (entry->status == MS_OK && !named)
        entry->status = ms_fail(&error, MS_MALFORMED, "keystore_address", "A key file names no address");
    if (entry->status != MS_OK)
        (void)ms_bounded_copy(entry->reason, sizeof(entry->reason), error.reason);
}

static ms_status add_entry(ms_keystore_list *list, size_t *capacity, int folder_fd, const char *name, ms_error *err)
{
    if (list->count == MS_KEYSTORE_FILES_MAX)
        return ms_fail(err, MS_LIMIT, "keystore_files", "A folder has more than %d key files", MS_KEYSTORE_FILES_MAX);
    if (list->count == *capacity) {
        size_t wanted = *capacity == 0 ? 8 : 2 * *capacity;
        ms_keystore_entry *grown = ms_realloc_array(list->entries, wanted, sizeof(*grown));
        if (grown == NULL)
            return ms_fail_memory(err, wanted * sizeof(*grown));
        list->entries = grown;
        *capacity = wanted;
    }
    ms_keystore_entry *entry = &list->entries[list->count++];
    *entry = (ms_keystore_entry){.status = MS_OK};
    fill_entry(entry, folder_fd, name);
    return MS_OK;
}

static int compare_names(const void *a, const void *b)
{
    const ms_keystore_entry *left = a, *right = b;
    return strcmp(left->name, right->name);
}

ms_status ms_keystore_list_folder(ms_keystore_list *list, int dirfd, const char *folder, ms_error *err)
{
    ms_folder *opened = NULL;
    const char *name = NULL;
    size_t capacity = 0;
    ms_error opening = MS_ERROR_INIT;
    ms_status status = ms_folder_open(&opened, dirfd, folder, &opening);

    *list = (ms_keystore_list){.entries = NULL};
    if (status == MS_NOT_FOUND)
        return MS_OK;
    if (status != MS_OK)
        ms_error_copy(err, &opening);
    else
        status = check_folder(ms_folder_fd(opened), folder, err);
    while (status == MS_OK) {
        status = ms_folder_next(opened, &name, NULL, err);
        if (status != MS_OK || name == NULL)
            break;
        if (strncmp(name, NAME_PREFIX, strlen(NAME_PREFIX)) == 0)
            status = add_entry(list, &capacity, ms_folder_fd(opened), name, err);
    }
    ms_folder_close(opened);
    if (status != MS_OK)
        ms_keystore_list_release(list);
    else if (list->count > 0)
        qsort(list->entries, list->count, sizeof(list->entries[0]), compare_names);
    return status;
}

void ms_keystore_list_release(ms_keystore_list *list)
{
    if (list == NULL)
        return;
    ms_free(list->entries);
    *list = (ms_keystore_list){.entries = NULL};
}
