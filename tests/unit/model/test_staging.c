/* What a stopped retrieve leaves beside its output is gone after the next one, whatever that finds;
 * only what was synced gets the name of the output. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "model_storage.h"
#include "unit/model/home.h"

#define PARTIAL(name) "out/." name ".model-storage-partial"

static ms_storage *store_folder(const temporary_folder *folder)
{
    ms_store_options options = MS_STORE_OPTIONS_INIT;
    ms_operation *operation = NULL;
    ms_storage *storage = open_home(folder);
    assert_int_equal(mkdirat(folder->fd, "model", 0755), 0);
    assert_int_equal(mkdirat(folder->fd, "out", 0755), 0);
    temporary_write(folder, "model/weights", "weights", 7);
    options.path = temporary_path(folder, "model");
    options.model_id = "m";
    assert_int_equal(ms_model_store(&operation, storage, &options, NULL, NULL), MS_OK);
    ms_operation_free(operation);
    return storage;
}

static ms_status retrieve_or(const temporary_folder *folder, ms_storage *storage,
        const char *output, bool dry_run, ms_error *err)
{
    ms_retrieve_options options = MS_RETRIEVE_OPTIONS_INIT;
    ms_operation *operation = NULL;
    options.ref = "m";
    options.output = temporary_path(folder, output);
    options.dry_run = dry_run;
    ms_status status = ms_model_retrieve(&operation, storage, &options, NULL, err);
    ms_operation_free(operation);
    return status;
}

static ms_status retrieve(
        const temporary_folder *folder, ms_storage *storage, const char *output, bool dry_run)
{
    return retrieve_or(folder, storage, output, dry_run, NULL);
}

static void leave_behind(const temporary_folder *folder, const char *partial)
{
    char path[256];
    assert_int_equal(mkdirat(folder->fd, partial, 0700), 0);
    snprintf(path, sizeof(path), "%s/lock", partial);
    temporary_write(folder, path, "", 0);
    snprintf(path, sizeof(path), "%s/content-0123456789abcdef", partial);
    temporary_write(folder, path, "half", 4);
}

static void expect_tidy(const char *output, const char *partial, const temporary_folder *folder)
{
    ms_storage *storage = store_folder(folder);
    assert_int_equal(retrieve(folder, storage, output, false), MS_OK);
    assert_int_equal(temporary_count(folder, "out"), 1);
    leave_behind(folder, partial);
    assert_int_equal(retrieve(folder, storage, output, true), MS_OK);
    assert_int_equal(temporary_count(folder, "out"), 2);
    assert_int_equal(retrieve(folder, storage, output, false), MS_OK);
    assert_int_equal(temporary_count(folder, "out"), 1);
    ms_storage_close(storage);
}

static void test_leftovers_beside_a_folder_that_is_whole_are_removed(void **state)
{
    expect_tidy("out/m", PARTIAL("m"), *state);
}

static void test_leftovers_beside_an_archive_that_is_whole_are_removed(void **state)
{
    expect_tidy("out/m.tar", PARTIAL("m.tar"), *state);
}

static void test_what_another_process_works_in_is_left_alone(void **state)
{
    const temporary_folder *folder = *state;
    struct flock lock = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    ms_storage *storage = store_folder(folder);
    assert_int_equal(retrieve(folder, storage, "out/m", false), MS_OK);
    leave_behind(folder, PARTIAL("m"));
    int fd = openat(folder->fd, PARTIAL("m") "/lock", O_RDWR | O_CLOEXEC);
    assert_int_equal(fcntl(fd, F_OFD_SETLK, &lock), 0);
    assert_int_equal(retrieve(folder, storage, "out/m", false), MS_OK);
    assert_int_equal(temporary_count(folder, PARTIAL("m")), 2);
    close(fd);
    ms_storage_close(storage);
}

/* The pages are clean from then on, and nowhere else: nobody may go on from them. */
static void test_nothing_is_left_of_an_output_whose_sync_failed(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    ms_storage *storage = store_folder(folder);

    faulty_reset();
    faulty_fail(FAULTY_syncfs, 1, EIO);
    assert_int_equal(retrieve_or(folder, storage, "out/copy", false, &error), MS_IO);
    assert_true(faulty_fired());
    assert_string_equal(error.reason, "sync_failed");
    assert_int_equal(temporary_count(folder, "out"), 0);
    assert_int_equal(retrieve(folder, storage, "out/copy", false), MS_OK);
    assert_int_equal(temporary_count(folder, "out"), 1);
    ms_storage_close(storage);
}

/* A stranger's folder takes the place of what was verified, just before it gets its final name. */
static void exchange_staged(void *payload)
{
    const temporary_folder *folder = payload;
    int fd = openat(folder->fd, PARTIAL("copy"), O_RDONLY | O_DIRECTORY);
    DIR *dir = fdopendir(fd);
    const struct dirent *entry;

    assert_non_null(dir);
    while ((entry = readdir(dir)) != NULL && strncmp(entry->d_name, "content-", 8) != 0)
        continue;
    assert_non_null(entry);
    assert_int_equal(renameat(fd, entry->d_name, fd, "aside"), 0);
    assert_int_equal(symlinkat("../model", fd, entry->d_name), 0);
    closedir(dir);
}

static void test_a_staged_name_that_was_exchanged_is_never_a_success(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    ms_storage *storage = store_folder(folder);

    faulty_reset();
    faulty_interfere(FAULTY_renameat2, 1, exchange_staged, folder);
    assert_int_equal(retrieve_or(folder, storage, "out/copy", false, &error), MS_INTEGRITY);
    assert_string_equal(error.reason, "output_changed");
    faulty_reset();
    assert_int_equal(unlinkat(folder->fd, "out/copy", 0), 0);
    assert_int_equal(retrieve(folder, storage, "out/copy", false), MS_OK);
    ms_storage_close(storage);
}

int main(void)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, temporary_folder_setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_leftovers_beside_a_folder_that_is_whole_are_removed),
            TEST(test_leftovers_beside_an_archive_that_is_whole_are_removed),
            TEST(test_what_another_process_works_in_is_left_alone),
            TEST(test_nothing_is_left_of_an_output_whose_sync_failed),
            TEST(test_a_staged_name_that_was_exchanged_is_never_a_success),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
