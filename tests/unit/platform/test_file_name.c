/* Names of files: status, renames that replace or keep, links, removal. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "platform/file.h"

static int setup(void **state)
{
    faulty_reset();
    return temporary_folder_setup(state);
}

static void expect(temporary_folder *folder, const char *name, const char *text)
{
    char back[16] = {0};
    long size = temporary_read(folder, name, back, sizeof(back));
    if (text == NULL) {
        assert_int_equal(size, -1);
        return;
    }
    assert_int_equal(size, strlen(text));
    assert_string_equal(back, text);
}

static void test_status_tells_kind_size_and_identity(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    ms_file_status status;
    ms_file_status other;
    struct timespec times[2] = {
            {.tv_sec = 1, .tv_nsec = 5}, {.tv_sec = 1500000000, .tv_nsec = 123456789}};

    temporary_write(folder, "file", "12345", 5);
    assert_int_equal(utimensat(folder->fd, "file", times, 0), 0);
    assert_int_equal(symlinkat("file", folder->fd, "link"), 0);
    assert_int_equal(mkfifoat(folder->fd, "fifo", 0600), 0);
    assert_int_equal(ms_file_status_at(folder->fd, "file", false, &status, NULL), MS_OK);
    assert_int_equal(status.kind, MS_FILE_REGULAR);
    assert_int_equal(status.size, 5);
    assert_int_equal(status.owner, geteuid());
    assert_true(status.modified_ns == INT64_C(1500000000123456789));
    assert_true(status.changed_ns > status.modified_ns);
    assert_int_equal(ms_file_status_at(folder->fd, "link", true, &other, NULL), MS_OK);
    assert_true(other.inode == status.inode && other.device == status.device);
    assert_int_equal(ms_file_status_at(folder->fd, "link", false, &other, NULL), MS_OK);
    assert_int_equal(other.kind, MS_FILE_LINK);
    assert_int_equal(ms_file_status_at(folder->fd, ".", false, &other, NULL), MS_OK);
    assert_int_equal(other.kind, MS_FILE_DIRECTORY);
    assert_int_equal(ms_file_status_at(folder->fd, "fifo", false, &other, NULL), MS_OK);
    assert_int_equal(other.kind, MS_FILE_OTHER);
    assert_int_equal(ms_file_status_at(folder->fd, "none", false, &other, &error), MS_NOT_FOUND);
    assert_int_equal(error.os_errno, ENOENT);
    assert_string_equal(error.path, "none");
}

static void test_rename_replaces_when_asked(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    temporary_write(folder, "a", "new", 3);
    temporary_write(folder, "b", "old", 3);
    assert_int_equal(ms_file_rename(folder->fd, "a", folder->fd, "b", true, NULL, NULL), MS_OK);
    expect(folder, "a", NULL);
    expect(folder, "b", "new");
    assert_int_equal(
            ms_file_rename(folder->fd, "a", folder->fd, "b", true, NULL, &error), MS_NOT_FOUND);
}

static void check_keeping_rename(temporary_folder *folder)
{
    bool existed = true;
    temporary_write(folder, "a", "new", 3);
    temporary_write(folder, "b", "old", 3);
    assert_int_equal(
            ms_file_rename(folder->fd, "a", folder->fd, "b", false, &existed, NULL), MS_OK);
    assert_true(existed);
    expect(folder, "a", "new");
    expect(folder, "b", "old");
    assert_int_equal(
            ms_file_rename(folder->fd, "a", folder->fd, "c", false, &existed, NULL), MS_OK);
    assert_false(existed);
    expect(folder, "a", NULL);
    expect(folder, "c", "new");
    existed = true;
    assert_int_equal(
            ms_file_rename(folder->fd, "a", folder->fd, "d", false, &existed, NULL), MS_NOT_FOUND);
    assert_false(existed);
    assert_int_equal(unlinkat(folder->fd, "c", 0), 0);
}

static void test_rename_keeps_an_existing_target_when_asked(void **state)
{
    check_keeping_rename(*state);
    assert_int_equal(faulty_count(FAULTY_linkat), 0);
}

static void test_rename_keeps_without_help_of_the_file_system(void **state)
{
    static const int answers[] = {EINVAL, ENOSYS, EOPNOTSUPP};
    for (size_t i = 0; i < MS_ARRAY_COUNT(answers); i++) {
        faulty_reset();
        faulty_fail_always(FAULTY_renameat2, answers[i]);
        check_keeping_rename(*state);
        assert_true(faulty_count(FAULTY_linkat) > 0);
    }
}

/* Hard links are not to be had everywhere, and never of folders. */
static void test_rename_keeps_without_links_too(void **state)
{
    static const int answers[] = {EPERM, EMLINK, EOPNOTSUPP, ENOSYS};
    for (size_t i = 0; i < MS_ARRAY_COUNT(answers); i++) {
        faulty_reset();
        faulty_fail_always(FAULTY_renameat2, EINVAL);
        faulty_fail_always(FAULTY_linkat, answers[i]);
        check_keeping_rename(*state);
        assert_true(faulty_count(FAULTY_renameat) > 0);
    }
}

static void test_folders_are_renamed_without_help_of_the_file_system(void **state)
{
    temporary_folder *folder = *state;
    bool existed = false;
    faulty_fail_always(FAULTY_renameat2, EINVAL);
    assert_int_equal(mkdirat(folder->fd, "a", 0755), 0);
    temporary_write(folder, "a/file", "new", 3);
    assert_int_equal(mkdirat(folder->fd, "b", 0755), 0);
    assert_int_equal(ms_file_rename(folder->fd, "a", folder->fd, "b", false, &existed, NULL), MS_OK);
    assert_true(existed);
    assert_int_equal(temporary_count(folder, "b"), 0);
    assert_int_equal(ms_file_rename(folder->fd, "a", folder->fd, "c", false, &existed, NULL), MS_OK);
    assert_false(existed);
    expect(folder, "c/file", "new");
}

/* What cannot be looked at is not taken for free; a link that fails for another reason is no reason to do without. */
static void test_rename_without_help_does_not_guess(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    bool existed;
    temporary_write(folder, "a", "new", 3);
    faulty_fail_always(FAULTY_renameat2, EINVAL);
    faulty_fail(FAULTY_linkat, 1, ENOSPC);
    assert_int_equal(ms_file_rename(folder->fd, "a", folder->fd, "b", false, &existed, &error), MS_IO);
    assert_int_equal(error.os_errno, ENOSPC);
    faulty_fail_always(FAULTY_linkat, EPERM);
    faulty_fail(FAULTY_fstatat, 1, EIO);
    assert_int_equal(ms_file_rename(folder->fd, "a", folder->fd, "b", false, &existed, &error), MS_IO);
    assert_int_equal(error.os_errno, EIO);
    assert_int_equal(faulty_count(FAULTY_renameat), 0);
    expect(folder, "a", "new");
}

static void test_failed_rename_is_reported(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    bool existed;
    temporary_write(folder, "a", "new", 3);
    faulty_fail(FAULTY_renameat2, 1, ENOSPC);
    assert_int_equal(
            ms_file_rename(folder->fd, "a", folder->fd, "b", false, &existed, &error), MS_IO);
    assert_int_equal(error.os_errno, ENOSPC);
    faulty_fail(FAULTY_renameat, 1, EIO);
    assert_int_equal(
            ms_file_rename(folder->fd, "a", folder->fd, "b", true, &existed, &error), MS_IO);
    expect(folder, "a", "new");
}

static void test_exchange_swaps_names(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    temporary_write(folder, "a", "1", 1);
    temporary_write(folder, "b", "2", 1);
    assert_int_equal(ms_file_exchange(folder->fd, "a", folder->fd, "b", NULL), MS_OK);
    expect(folder, "a", "2");
    expect(folder, "b", "1");
    faulty_fail(FAULTY_renameat2, 1, EINVAL);
    assert_int_equal(ms_file_exchange(folder->fd, "a", folder->fd, "b", &error), MS_IO);
    expect(folder, "a", "2");
}

static void test_links_are_made_and_read(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    char target[8];
    temporary_write(folder, "a", "1", 1);
    assert_true(ms_file_link(folder->fd, "a", folder->fd, "b"));
    assert_false(ms_file_link(folder->fd, "a", folder->fd, "b"));
    expect(folder, "b", "1");
    assert_int_equal(symlinkat("1234567", folder->fd, "seven"), 0);
    assert_int_equal(symlinkat("12345678", folder->fd, "eight"), 0);
    assert_int_equal(ms_link_target(folder->fd, "seven", target, sizeof(target), NULL), MS_OK);
    assert_string_equal(target, "1234567");
    assert_int_equal(ms_link_target(folder->fd, "eight", target, sizeof(target), &error), MS_LIMIT);
    assert_string_equal(target, "");
    assert_int_equal(ms_link_target(folder->fd, "eight", NULL, 0, &error), MS_LIMIT);
    assert_int_equal(ms_link_target(folder->fd, "a", target, sizeof(target), &error), MS_IO);
    assert_int_equal(
            ms_link_target(folder->fd, "none", target, sizeof(target), &error), MS_NOT_FOUND);
}

static void test_removing_twice_succeeds(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    temporary_write(folder, "a", "1", 1);
    faulty_fail(FAULTY_unlinkat, 1, EINTR);
    assert_int_equal(ms_file_remove(folder->fd, "a", NULL), MS_OK);
    expect(folder, "a", NULL);
    assert_int_equal(ms_file_remove(folder->fd, "a", NULL), MS_OK);
    assert_int_equal(ms_file_remove(folder->fd, ".", &error), MS_IO);
    faulty_fail(FAULTY_unlinkat, 1, EROFS);
    assert_int_equal(ms_file_remove(folder->fd, "a", &error), MS_IO);
    assert_string_not_equal(error.hint, "");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_status_tells_kind_size_and_identity),
            TEST(test_rename_replaces_when_asked),
            TEST(test_rename_keeps_an_existing_target_when_asked),
            TEST(test_rename_keeps_without_help_of_the_file_system),
            TEST(test_rename_keeps_without_links_too),
            TEST(test_folders_are_renamed_without_help_of_the_file_system),
            TEST(test_rename_without_help_does_not_guess),
            TEST(test_failed_rename_is_reported),
            TEST(test_exchange_swaps_names),
            TEST(test_links_are_made_and_read),
            TEST(test_removing_twice_succeeds),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
