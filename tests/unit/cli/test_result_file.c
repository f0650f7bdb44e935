/* The file of --output appears whole or not at all, and nothing of it is there before. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doubles/temporary_folder.h"
#include "result_file.h"

static ms_status open_result(cli_result_file *file, const char *path, ms_error *err)
{
    ms_status status;

    memset(file, 0, sizeof(*file));
    status = cli_result_file_find(file, path, err);
    return status == MS_OK ? cli_result_file_open(file, err) : status;
}

static cli_result_file *new_result(const char *path)
{
    cli_result_file *file = malloc(sizeof(*file));
    ms_error err = MS_ERROR_INIT;

    assert_non_null(file);
    if (open_result(file, path, &err) != MS_OK)
        fail_msg("%s", err.message);
    return file;
}

static void test_it_appears_at_the_end_with_the_mode_of_new_files(void **state)
{
    const temporary_folder *folder = *state;
    ms_error err = MS_ERROR_INIT;
    struct stat about;
    char found[16];
    const mode_t mask = umask(027);
    cli_result_file *file = new_result(temporary_path(folder, "result"));

    assert_int_equal(temporary_count(folder, "."), 0); /* nothing before there is a result */
    assert_true(cli_result_file_write(file, "{}", 2));
    assert_true(cli_result_file_write(file, "\n", 1));
    assert_int_equal(umask(mask), 027); /* it looked at the mask and left it */
    assert_int_equal(temporary_read(folder, "result", found, sizeof(found)), -1);
    assert_int_equal(cli_result_file_commit(file, &err), MS_OK);
    assert_int_equal(temporary_read(folder, "result", found, sizeof(found)), 3);
    assert_memory_equal(found, "{}\n", 3);
    assert_int_equal(stat(temporary_path(folder, "result"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0640);
    assert_int_equal(temporary_count(folder, "."), 1);
    assert_int_equal(cli_result_file_commit(file, &err), MS_OK); /* ended already */
    free(file);
}

static void test_a_failed_one_leaves_the_old_file_and_nothing_else(void **state)
{
    const temporary_folder *folder = *state;
    cli_result_file *file;
    ms_error err = MS_ERROR_INIT;
    char found[16];

    temporary_write(folder, "result", "old", 3);
    file = new_result(temporary_path(folder, "result"));
    assert_true(cli_result_file_write(file, "new", 3));
    file->stream.os_errno = EDQUOT;
    assert_int_equal(cli_result_file_commit(file, &err), MS_IO);
    assert_int_equal(err.os_errno, EDQUOT);
    assert_string_equal(err.reason, "output_file");
    assert_string_equal(err.path, temporary_path(folder, "result"));
    assert_int_equal(temporary_read(folder, "result", found, sizeof(found)), 3);
    assert_int_equal(temporary_count(folder, "."), 1);
    free(file);

    /* A folder took its name meanwhile. */
    file = new_result(temporary_path(folder, "other"));
    assert_true(cli_result_file_write(file, "new", 3));
    assert_int_equal(mkdir(temporary_path(folder, "other"), 0700), 0);
    assert_int_equal(cli_result_file_commit(file, &err), MS_IO);
    assert_int_equal(temporary_count(folder, "."), 2);
    free(file);
}

static void test_one_that_is_given_up_or_never_written_leaves_what_was_there(void **state)
{
    const temporary_folder *folder = *state;
    ms_error err = MS_ERROR_INIT;
    char found[16];

    temporary_write(folder, "result", "old", 3);
    for (int is_written = 0; is_written < 2; is_written++) {
        cli_result_file *file = new_result(temporary_path(folder, "result"));

        if (is_written) {
            assert_true(cli_result_file_write(file, "new", 3));
            cli_result_file_discard(file);
        }
        assert_int_equal(cli_result_file_commit(file, &err), MS_OK);
        assert_int_equal(temporary_read(folder, "result", found, sizeof(found)), 3);
        assert_int_equal(temporary_count(folder, "."), 1);
        free(file);
    }
}

static int find_where_nothing_may_be_made(void *payload)
{
    static cli_result_file file;
    ms_error err = MS_ERROR_INIT;

    return open_result(&file, payload, &err) == MS_IO ? err.os_errno : 0;
}

static void test_a_place_that_cannot_be_written_is_known_at_once(void **state)
{
    const temporary_folder *folder = *state;
    static const struct {
        const char *name;
        int os_errno;
    } rows[] = {{"none/result", ENOENT}, {"file/result", ENOTDIR}, {"folder", EISDIR},
            {"none/", EISDIR}, {"loose", ENOENT}, {"circle", ELOOP}};
    cli_result_file *file = malloc(sizeof(*file));
    ms_error err = MS_ERROR_INIT;

    temporary_write(folder, "file", "x", 1);
    assert_int_equal(mkdir(temporary_path(folder, "folder"), 0755), 0);
    assert_int_equal(symlink("nothing", temporary_path(folder, "loose")), 0);
    assert_int_equal(symlink("circle", temporary_path(folder, "circle")), 0);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *path = temporary_path(folder, rows[i].name);

        assert_int_equal(open_result(file, path, &err), MS_IO);
        if (err.os_errno != rows[i].os_errno)
            fail_msg("%s: %s", rows[i].name, err.message);
        assert_string_equal(err.reason, "output_file");
        assert_string_equal(err.path, path);
        assert_int_equal(cli_result_file_commit(file, &err), MS_OK); /* there is none to end */
    }
    assert_int_equal(chmod(folder->path, 0755), 0);
    assert_int_equal(child_run_unprivileged(find_where_nothing_may_be_made,
                             (void *)(uintptr_t)temporary_path(folder, "folder/result")),
            EACCES);
    free(file);
}

static void test_a_link_is_followed(void **state)
{
    const temporary_folder *folder = *state;
    ms_error err = MS_ERROR_INIT;
    struct stat about;
    char found[16];
    cli_result_file *file;

    assert_int_equal(mkdir(temporary_path(folder, "other"), 0700), 0);
    temporary_write(folder, "other/target", "old", 3);
    assert_int_equal(symlink("other/target", temporary_path(folder, "result")), 0);
    file = new_result(temporary_path(folder, "result"));
    assert_true(cli_result_file_write(file, "newer", 5));
    assert_int_equal(cli_result_file_commit(file, &err), MS_OK);
    assert_int_equal(temporary_read(folder, "other/target", found, sizeof(found)), 5);
    assert_int_equal(lstat(temporary_path(folder, "result"), &about), 0);
    assert_true(S_ISLNK(about.st_mode));
    assert_int_equal(temporary_count(folder, "other"), 1);
    free(file);
}

static void test_what_is_no_regular_file_is_written_as_it_comes(void **state)
{
    const temporary_folder *folder = *state;
    ms_error err = MS_ERROR_INIT;
    char found[4] = {0};
    cli_result_file *file;
    int reader;

    assert_int_equal(mkfifo(temporary_path(folder, "pipe"), 0600), 0);
    reader = open(temporary_path(folder, "pipe"), O_RDONLY | O_NONBLOCK);
    file = new_result(temporary_path(folder, "pipe"));
    assert_true(cli_result_file_write(file, "abc", 3));
    assert_int_equal(cli_result_file_commit(file, &err), MS_OK);
    assert_int_equal(read(reader, found, sizeof(found)), 3);
    close(reader);
    assert_int_equal(temporary_count(folder, "."), 1);
    free(file);

    file = new_result("/dev/full");
    assert_true(cli_result_file_write(file, "abc", 3));
    assert_int_equal(cli_result_file_commit(file, &err), MS_IO);
    assert_int_equal(err.os_errno, ENOSPC);
    free(file);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, temporary_folder_setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            IN_FOLDER(test_it_appears_at_the_end_with_the_mode_of_new_files),
            IN_FOLDER(test_a_failed_one_leaves_the_old_file_and_nothing_else),
            IN_FOLDER(test_one_that_is_given_up_or_never_written_leaves_what_was_there),
            IN_FOLDER(test_a_place_that_cannot_be_written_is_known_at_once),
            IN_FOLDER(test_a_link_is_followed),
            IN_FOLDER(test_what_is_no_regular_file_is_written_as_it_comes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
