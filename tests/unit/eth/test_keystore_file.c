/* Key files on disk, in a real folder: modes, links, what is left after failures, listing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cmocka.h>
#include "base/checked.h"
#include "codec/text.h"
#include "eth/keystore_file.h"
#include "platform/folder.h"

static const ms_scrypt_cost cheap = {.n = 2, .r = 1, .p = 1};
static const ms_span password = {.data = (const uint8_t *)"p", .size = 1};

typedef struct fixture {
    char root[64];
    int fd; /* of root */
    ms_key *key;
} fixture;

static int set_up(void **state)
{
    fixture *f = calloc(1, sizeof(*f));

    assert_non_null(f);
    (void)snprintf(f->root, sizeof(f->root), "/tmp/ms-test-keystore-XXXXXX");
    assert_non_null(mkdtemp(f->root));
    f->fd = open(f->root, O_RDONLY | O_DIRECTORY);
    assert_true(f->fd >= 0);
    assert_int_equal(ms_key_new_random(&f->key, NULL), MS_OK);
    *state = f;
    return 0;
}

static int tear_down(void **state)
{
    fixture *f = *state;

    ms_key_free(f->key);
    assert_int_equal(ms_folder_remove_all(MS_DIR_CURRENT, f->root, NULL), MS_OK);
    close(f->fd);
    free(f);
    return 0;
}

static size_t count_names(const fixture *f, const char *folder)
{
    char path[512];
    size_t count = 0;
    struct dirent *entry;

    (void)snprintf(path, sizeof(path), "%s/%s", f->root, folder);
    DIR *dir = opendir(path);
    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return count;
}

/* Write the key into "keys" and give the path of the file below root. */
static void write_key(fixture *f, char path[512])
{
    char name[MS_KEYSTORE_NAME_SIZE];
    ms_error error = MS_ERROR_INIT;

    if (ms_keystore_file_write(name, f->fd, "keys", f->key, password, &cheap, &error) != MS_OK)
        fail_msg("%s: %s", error.reason, error.message);
    (void)snprintf(path, 512, "keys/%s", name);
}

static void put_file(const fixture *f, const char *path, const char *content, mode_t mode)
{
    int fd = openat(f->fd, path, O_WRONLY | O_CREAT | O_TRUNC, mode);

    assert_true(fd >= 0);
    assert_int_equal(write(fd, content, strlen(content)), strlen(content));
    assert_int_equal(fchmod(fd, mode), 0);
    close(fd);
}

static void test_a_written_key_is_private_and_opens_again(void **state)
{
    fixture *f = *state;
    char path[512], digits[41];
    struct stat status;
    ms_keystore keystore;
    ms_key *opened;

    write_key(f, path);
    assert_int_equal(fstatat(f->fd, "keys", &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    assert_int_equal(fstatat(f->fd, path, &status, AT_SYMLINK_NOFOLLOW), 0);
    assert_int_equal(status.st_mode, S_IFREG | 0600);
    ms_hex_encode(digits, ms_key_address(f->key)->bytes, MS_ADDRESS_SIZE);
    assert_int_equal(strncmp(path, "keys/UTC--20", 12), 0);
    assert_null(strchr(path, ':'));
    assert_string_equal(path + strlen(path) - 40, digits);
    assert_int_equal(count_names(f, "keys"), 1);
    assert_int_equal(ms_keystore_file_read(&keystore, f->fd, path, NULL), MS_OK);
    assert_int_equal(ms_keystore_decrypt(&opened, &keystore, password, NULL), MS_OK);
    assert_memory_equal(ms_key_bytes(opened), ms_key_bytes(f->key), MS_KEY_SIZE);
    ms_key_free(opened);
}

static void test_the_modes_do_not_depend_on_the_mask_of_the_process(void **state)
{
    fixture *f = *state;
    static const mode_t masks[] = {0, 077, 0177};
    char path[512];
    struct stat status;

    assert_int_equal(mkdirat(f->fd, "keys", 0700), 0);
    for (size_t i = 0; i < MS_ARRAY_COUNT(masks); i++) {
        mode_t before;
        ms_key_free(f->key);
        assert_int_equal(ms_key_new_random(&f->key, NULL), MS_OK);
        before = umask(masks[i]);
        write_key(f, path);
        umask(before);
        assert_int_equal(fstatat(f->fd, path, &status, 0), 0);
        assert_int_equal(status.st_mode & 07777, 0600);
    }
}

static void test_every_loose_mode_of_a_file_is_refused(void **state)
{
    fixture *f = *state;
    char path[512];
    ms_keystore keystore;

    write_key(f, path);
    for (mode_t bit = 01; bit <= 040; bit <<= 1) {
        ms_error error = MS_ERROR_INIT;
        assert_int_equal(fchmodat(f->fd, path, 0600 | bit, 0), 0);
        assert_int_equal(ms_keystore_file_read(&keystore, f->fd, path, &error), MS_KEY);
        assert_string_equal(error.reason, "keystore_file_loose");
        assert_string_equal(error.path, path);
    }
    assert_int_equal(fchmodat(f->fd, path, 0400, 0), 0);
    assert_int_equal(ms_keystore_file_read(&keystore, f->fd, path, NULL), MS_OK);
}

static void test_the_file_of_another_user_is_refused(void **state)
{
    fixture *f = *state;
    char path[512];
    ms_keystore keystore;
    ms_error error = MS_ERROR_INIT;

    if (geteuid() != 0)
        skip();
    write_key(f, path);
    assert_int_equal(fchownat(f->fd, path, 12345, (gid_t)-1, 0), 0);
    assert_int_equal(ms_keystore_file_read(&keystore, f->fd, path, &error), MS_KEY);
    assert_string_equal(error.reason, "keystore_file_owner");
}

static void test_links_folders_and_pipes_are_no_key_files(void **state)
{
    fixture *f = *state;
    static const char *const names[] = {"link", "folder", "pipe", "dangling"};
    char path[512];
    ms_keystore keystore;

    write_key(f, path);
    assert_int_equal(symlinkat(path, f->fd, "link"), 0);
    assert_int_equal(symlinkat("nothing", f->fd, "dangling"), 0);
    assert_int_equal(mkdirat(f->fd, "folder", 0700), 0);
    assert_int_equal(mkfifoat(f->fd, "pipe", 0600), 0);
    for (size_t i = 0; i < MS_ARRAY_COUNT(names); i++) {
        ms_error error = MS_ERROR_INIT;
        assert_int_equal(ms_keystore_file_read(&keystore, f->fd, names[i], &error), MS_KEY);
        assert_string_equal(error.reason, "keystore_file_kind");
    }
    assert_int_equal(ms_keystore_file_read(&keystore, f->fd, "nothing", NULL), MS_NOT_FOUND);
}

static void test_a_file_that_is_too_large_is_not_read(void **state)
{
    fixture *f = *state;
    ms_keystore keystore;
    ms_error error = MS_ERROR_INIT;
    char path[512];

    write_key(f, path);
    put_file(f, "large", "{}", 0600);
    int fd = openat(f->fd, "large", O_WRONLY);
    assert_int_equal(ftruncate(fd, (off_t)MS_KEYSTORE_SIZE_MAX + 1), 0);
    close(fd);
    assert_int_equal(ms_keystore_file_read(&keystore, f->fd, "large", &error), MS_LIMIT);
    assert_string_equal(error.reason, "keystore_size");
}

static void test_a_folder_that_others_write_to_is_refused(void **state)
{
    fixture *f = *state;
    char path[512], name[MS_KEYSTORE_NAME_SIZE];
    ms_keystore_list list;
    static const mode_t modes[] = {0720, 0702, 0777, 01777};

    write_key(f, path);
    for (size_t i = 0; i < MS_ARRAY_COUNT(modes); i++) {
        ms_error error = MS_ERROR_INIT;
        assert_int_equal(fchmodat(f->fd, "keys", modes[i], 0), 0);
        assert_int_equal(
                ms_keystore_file_write(name, f->fd, "keys", f->key, password, &cheap, &error), MS_KEY);
        assert_string_equal(error.reason, "keystore_folder_loose");
        assert_string_equal(name, "");
        assert_int_equal(ms_keystore_list_folder(&list, f->fd, "keys", &error), MS_KEY);
        assert_int_equal(list.count, 0);
    }
    assert_int_equal(count_names(f, "keys"), 1);
    assert_int_equal(fchmodat(f->fd, "keys", 0700, 0), 0);
}

static void test_a_second_file_of_the_same_second_keeps_the_first(void **state)
{
    fixture *f = *state;
    char name[MS_KEYSTORE_NAME_SIZE], path[512];
    size_t written = 1;

    write_key(f, path);
    for (int i = 0; i < 20; i++) {
        ms_error error = MS_ERROR_INIT;
        ms_status status = ms_keystore_file_write(name, f->fd, "keys", f->key, password, &cheap, &error);
        if (status == MS_OK) { /* a new second has begun */
            written++;
            continue;
        }
        assert_int_equal(status, MS_LOCKED);
        assert_string_equal(error.reason, "keystore_file_exists");
        assert_string_equal(name, "");
    }
    /* No temporary file is left, and every name that was given is there. */
    assert_int_equal(count_names(f, "keys"), written);
    assert_true(written < 21);
}

static void test_a_file_that_is_written_anew_keeps_its_name_and_stays_alone(void **state)
{
    static const ms_span other = {.data = (const uint8_t *)"other", .size = 5};
    fixture *f = *state;
    char name[MS_KEYSTORE_NAME_SIZE], path[512];
    ms_keystore keystore;
    ms_key *key = NULL;

    assert_int_equal(ms_keystore_file_write(name, f->fd, "keys", f->key, password, &cheap, NULL), MS_OK);
    assert_int_equal(ms_keystore_file_rewrite(name, f->fd, "keys", f->key, other, &cheap, NULL), MS_OK);
    assert_int_equal(count_names(f, "keys"), 1);
    (void)snprintf(path, sizeof(path), "keys/%s", name);
    assert_int_equal(ms_keystore_file_read(&keystore, f->fd, path, NULL), MS_OK);
    assert_int_equal(ms_keystore_decrypt(&key, &keystore, password, NULL), MS_KEY);
    assert_int_equal(ms_keystore_decrypt(&key, &keystore, other, NULL), MS_OK);
    assert_true(ms_address_equal(ms_key_address(key), ms_key_address(f->key)));
    ms_key_free(key);
}

static void test_a_folder_that_cannot_be_made_is_reported(void **state)
{
    fixture *f = *state;
    char name[MS_KEYSTORE_NAME_SIZE];

    put_file(f, "keys", "not a folder", 0600);
    assert_int_not_equal(
            ms_keystore_file_write(name, f->fd, "keys", f->key, password, &cheap, NULL), MS_OK);
    assert_string_equal(name, "");
}

static void test_a_folder_is_listed_without_a_password(void **state)
{
    fixture *f = *state;
    static const char stem[] = "keys/UTC--2020-01-01T00-00-00Z--";
    char path[512], named[512];
    ms_keystore_list list;

    assert_int_equal(ms_keystore_list_folder(&list, f->fd, "keys", NULL), MS_OK);
    assert_int_equal(list.count, 0);
    ms_keystore_list_release(&list);

    write_key(f, path);
    (void)snprintf(named, sizeof(named), "%s%040d", stem, 1);
    put_file(f, named, "{}", 0600);
    (void)snprintf(named, sizeof(named), "%s%040d", stem, 2);
    put_file(f, named, "{}", 0644);
    put_file(f, "keys/UTC--nothing", "{", 0600);
    put_file(f, "keys/notes.txt", "not looked at", 0666);
    put_file(f, "keys/.ms-temporary-x", "not looked at", 0600);

    assert_int_equal(ms_keystore_list_folder(&list, f->fd, "keys", NULL), MS_OK);
    assert_int_equal(list.count, 4);
    assert_int_equal(list.entries[0].status, MS_MALFORMED);
    assert_string_equal(list.entries[0].reason, "keystore_version");
    assert_int_equal(list.entries[0].address.bytes[19], 1);
    assert_int_equal(list.entries[1].status, MS_KEY);
    assert_string_equal(list.entries[1].reason, "keystore_file_loose");
    assert_int_equal(list.entries[1].address.bytes[19], 2);
    assert_int_equal(list.entries[2].status, MS_OK);
    assert_string_equal(list.entries[2].name, path + strlen("keys/"));
    assert_true(ms_address_equal(&list.entries[2].address, ms_key_address(f->key)));
    assert_string_equal(list.entries[3].name, "UTC--nothing");
    assert_string_equal(list.entries[3].reason, "keystore_json");
    assert_true(ms_address_is_zero(&list.entries[3].address));
    ms_keystore_list_release(&list);
    ms_keystore_list_release(NULL);
}

static void test_the_number_of_files_in_a_folder_is_limited(void **state)
{
    fixture *f = *state;
    ms_keystore_list list;
    ms_error error = MS_ERROR_INIT;

    assert_int_equal(mkdirat(f->fd, "keys", 0700), 0);
    for (int i = 0; i <= MS_KEYSTORE_FILES_MAX; i++) {
        char path[64];
        (void)snprintf(path, sizeof(path), "keys/UTC--%d", i);
        put_file(f, path, "", 0600);
        if (i == MS_KEYSTORE_FILES_MAX - 1) {
            assert_int_equal(ms_keystore_list_folder(&list, f->fd, "keys", NULL), MS_OK);
            assert_int_equal(list.count, MS_KEYSTORE_FILES_MAX);
            ms_keystore_list_release(&list);
        }
    }
    assert_int_equal(ms_keystore_list_folder(&list, f->fd, "keys", &error), MS_LIMIT);
    assert_string_equal(error.reason, "keystore_files");
    assert_null(list.entries);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_a_written_key_is_private_and_opens_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_the_modes_do_not_depend_on_the_mask_of_the_process, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_every_loose_mode_of_a_file_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_the_file_of_another_user_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_links_folders_and_pipes_are_no_key_files, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_file_that_is_too_large_is_not_read, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_folder_that_others_write_to_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_a_second_file_of_the_same_second_keeps_the_first, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_file_that_is_written_anew_keeps_its_name_and_stays_alone, set_up, tear_down),
            cmocka_unit_test_setup_teardown(test_a_folder_that_cannot_be_made_is_reported, set_up, tear_down),
        cmocka_unit_test_setup_teardown(test_a_folder_is_listed_without_a_password, set_up, tear_down),
        cmocka_unit_test_setup_teardown(
                test_the_number_of_files_in_a_folder_is_limited, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
