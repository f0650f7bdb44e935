/* Folders: made and synced with their parents, listed once per name, removed without following
 * links. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "platform/folder.h"

static int setup(void **state)
{
    faulty_reset();
    return temporary_folder_setup(state);
}

static bool exists(temporary_folder *folder, const char *name)
{
    return faccessat(folder->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void test_making_a_folder_twice_says_which_made_it(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    bool made = false;
    assert_int_equal(ms_folder_make(folder->fd, "a", 0700, &made, NULL), MS_OK);
    assert_true(made);
    assert_int_equal(ms_folder_make(folder->fd, "a", 0700, &made, NULL), MS_OK);
    assert_false(made);
    assert_int_equal(ms_folder_make(folder->fd, "a", 0700, NULL, NULL), MS_OK);
    temporary_write(folder, "file", "x", 1);
    assert_int_equal(ms_folder_make(folder->fd, "file", 0700, &made, &error), MS_IO);
    assert_int_equal(error.os_errno, ENOTDIR);
    assert_int_equal(ms_folder_make(folder->fd, "no/a", 0700, &made, &error), MS_NOT_FOUND);
    assert_int_equal(symlinkat("a", folder->fd, "link"), 0);
    assert_int_equal(ms_folder_make(folder->fd, "link", 0700, &made, &error), MS_IO);
    assert_int_equal(ms_folder_make_all(folder->fd, "link/b", 0700, NULL), MS_OK);
}

static void test_all_parents_are_made_and_synced(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    struct stat status;
    assert_int_equal(ms_folder_make_all(folder->fd, "a//b/c/", 0700, NULL), MS_OK);
    assert_int_equal(fstatat(folder->fd, "a/b/c", &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    assert_int_equal(faulty_count(FAULTY_fsync), 3);
    assert_int_equal(faulty_count(FAULTY_mkdirat), 3);
    faulty_reset();
    assert_int_equal(ms_folder_make_all(folder->fd, "a/b/c/d", 0700, NULL), MS_OK);
    assert_int_equal(faulty_count(FAULTY_fsync), 2); /* of c as well: its maker may be dead */
    assert_int_equal(faulty_count(FAULTY_mkdirat), 1);
    assert_int_equal(
            ms_folder_make_all(MS_DIR_CURRENT, temporary_path(folder, "x/y"), 0700, NULL), MS_OK);
    assert_true(exists(folder, "x/y"));
    temporary_write(folder, "file", "x", 1);
    assert_int_equal(ms_folder_make_all(folder->fd, "file/a", 0700, &error), MS_IO);
    assert_int_equal(ms_folder_make_all(folder->fd, "", 0700, &error), MS_NOT_FOUND);
    assert_int_equal(ms_folder_make_all(folder->fd, ".", 0700, NULL), MS_OK);
    assert_int_equal(ms_folder_make_all(folder->fd, "/", 0700, NULL), MS_OK);
    faulty_fail(FAULTY_fsync, 1, EIO);
    assert_int_equal(ms_folder_make_all(folder->fd, "z", 0700, &error), MS_IO);
    assert_string_equal(error.reason, "sync_failed");
}

static void test_folder_below_one_that_cannot_be_read_is_found(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    assert_int_equal(ms_folder_make_all(folder->fd, "closed/home", 0700, NULL), MS_OK);
    faulty_fail(FAULTY_openat, 1, EACCES);
    assert_int_equal(ms_folder_make_all(folder->fd, "closed/home", 0700, NULL), MS_OK);
    assert_true(faulty_fired());
    faulty_fail(FAULTY_fsync, 1, EIO);
    assert_int_equal(ms_folder_make_all(folder->fd, "closed/home", 0700, &error), MS_IO);
    assert_string_equal(error.reason, "sync_failed");
}

static void test_sync_reaches_the_folder_that_holds_the_name(void **state)
{
    static const char *const paths[] = {"name", "a/name", "a/name/", "a/", "./name"};
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    assert_int_equal(mkdirat(folder->fd, "a", 0700), 0);
    for (size_t i = 0; i < MS_ARRAY_COUNT(paths); i++) {
        faulty_reset();
        assert_int_equal(ms_folder_sync_parent(folder->fd, paths[i], NULL), MS_OK);
        assert_string_equal(faulty_record(), "openat fsync close");
    }
    assert_int_equal(ms_folder_sync_parent(folder->fd, "/name", NULL), MS_OK);
    assert_int_equal(ms_folder_sync_parent(folder->fd, "no/name", &error), MS_NOT_FOUND);
    faulty_fail(FAULTY_fsync, 1, EIO);
    assert_int_equal(ms_folder_sync(folder->fd, "a", &error), MS_IO);
    assert_string_equal(error.path, "a");
    faulty_fail(FAULTY_fsync, 1, EINVAL); /* a file system without such a sync */
    assert_int_equal(ms_folder_sync(folder->fd, "a", &error), MS_OK);
}

static void list_and_compare(temporary_folder *folder, const char *path, unsigned expected)
{
    ms_folder *listed;
    const char *name;
    ms_file_kind kind;
    unsigned count = 0;
    assert_int_equal(ms_folder_open(&listed, folder->fd, path, NULL), MS_OK);
    assert_true(ms_folder_fd(listed) > 2);
    for (;;) {
        assert_int_equal(ms_folder_next(listed, &name, &kind, NULL), MS_OK);
        if (name == NULL)
            break;
        count++;
        assert_string_not_equal(name, ".");
        assert_string_not_equal(name, "..");
        if (strncmp(name, "folder", 6) == 0)
            assert_int_equal(kind, MS_FILE_DIRECTORY);
        else if (strncmp(name, "link", 4) == 0)
            assert_int_equal(kind, MS_FILE_LINK);
        else if (strncmp(name, "fifo", 4) == 0)
            assert_int_equal(kind, MS_FILE_OTHER);
        else
            assert_int_equal(kind, MS_FILE_REGULAR);
    }
    assert_int_equal(count, expected);
    ms_folder_close(listed);
}

static void test_listing_gives_every_name_with_its_kind(void **state)
{
    temporary_folder *folder = *state;
    assert_int_equal(mkdirat(folder->fd, "sub", 0700), 0);
    list_and_compare(folder, "sub", 0);
    for (int i = 0; i < 300; i++) {
        char name[32];
        snprintf(name, sizeof(name), "sub/file%d", i);
        temporary_write(folder, name, "", 0);
    }
    assert_int_equal(mkdirat(folder->fd, "sub/folder", 0700), 0);
    assert_int_equal(symlinkat("folder", folder->fd, "sub/link"), 0);
    assert_int_equal(mkfifoat(folder->fd, "sub/fifo", 0700), 0);
    list_and_compare(folder, "sub", 303);
}

static void test_failed_listing_is_no_end_of_the_list(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    ms_folder *listed;
    const char *name = "x";
    assert_int_equal(ms_folder_open(&listed, folder->fd, ".", NULL), MS_OK);
    faulty_fail(FAULTY_readdir, 1, EIO);
    assert_int_equal(ms_folder_next(listed, &name, NULL, &error), MS_IO);
    assert_null(name);
    ms_folder_close(listed);
    ms_folder_close(NULL);
    faulty_fail(FAULTY_fdopendir, 1, ENOMEM);
    assert_int_equal(ms_folder_open(&listed, folder->fd, ".", &error), MS_NO_MEMORY);
    assert_null(listed);
    assert_int_equal(ms_folder_open(&listed, folder->fd, "none", &error), MS_NOT_FOUND);
    temporary_write(folder, "file", "", 0);
    assert_int_equal(ms_folder_open(&listed, folder->fd, "file", &error), MS_IO);
}

static void test_only_an_empty_folder_is_removed(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    assert_int_equal(mkdirat(folder->fd, "a", 0700), 0);
    temporary_write(folder, "a/file", "", 0);
    assert_int_equal(ms_folder_remove(folder->fd, "a", &error), MS_IO);
    assert_int_equal(error.os_errno, ENOTEMPTY);
    assert_int_equal(unlinkat(folder->fd, "a/file", 0), 0);
    assert_int_equal(ms_folder_remove(folder->fd, "a", NULL), MS_OK);
    assert_int_equal(ms_folder_remove(folder->fd, "a", NULL), MS_OK);
}

static void test_tree_is_removed_without_following_links(void **state)
{
    temporary_folder *folder = *state;
    assert_int_equal(mkdirat(folder->fd, "outside", 0700), 0);
    temporary_write(folder, "outside/precious", "x", 1);
    assert_int_equal(mkdirat(folder->fd, "tree", 0700), 0);
    assert_int_equal(mkdirat(folder->fd, "tree/sub", 0700), 0);
    assert_int_equal(symlinkat("../outside", folder->fd, "tree/link"), 0);
    assert_int_equal(symlinkat("../../outside", folder->fd, "tree/sub/link"), 0);
    assert_int_equal(mkfifoat(folder->fd, "tree/fifo", 0700), 0);
    for (int i = 0; i < 500; i++) {
        char name[32];
        snprintf(name, sizeof(name), "tree/sub/file%d", i);
        temporary_write(folder, name, "", 0);
    }
    assert_int_equal(ms_folder_remove_all(folder->fd, "tree", NULL), MS_OK);
    assert_false(exists(folder, "tree"));
    assert_true(exists(folder, "outside/precious"));
    assert_int_equal(ms_folder_remove_all(folder->fd, "tree", NULL), MS_OK);
    /* A link and a file given by name are themselves removed. */
    assert_int_equal(symlinkat("outside", folder->fd, "link"), 0);
    assert_int_equal(ms_folder_remove_all(folder->fd, "link", NULL), MS_OK);
    assert_false(exists(folder, "link"));
    assert_true(exists(folder, "outside/precious"));
    assert_int_equal(ms_folder_remove_all(folder->fd, "outside/precious", NULL), MS_OK);
    assert_false(exists(folder, "outside/precious"));
}

/* Somebody puts a link to a folder of their choice where a folder stood. */
static void put_link(void *payload)
{
    temporary_folder *folder = payload;
    assert_int_equal(renameat(folder->fd, "tree", folder->fd, "moved"), 0);
    assert_int_equal(symlinkat("outside", folder->fd, "tree"), 0);
}

static void test_removal_loses_no_race_against_a_link(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    assert_int_equal(mkdirat(folder->fd, "outside", 0700), 0);
    temporary_write(folder, "outside/precious", "x", 1);
    assert_int_equal(mkdirat(folder->fd, "tree", 0700), 0);
    temporary_write(folder, "tree/file", "x", 1);
    faulty_interfere(FAULTY_openat, 1, put_link, folder);
    assert_int_equal(ms_folder_remove_all(folder->fd, "tree", &error), MS_IO);
    assert_string_equal(error.reason, "path_is_link");
    assert_true(exists(folder, "outside/precious"));
}

/* Folders "d/d/d..." of a depth, made from their parents because the whole path would be too long.
 */
static void make_deep(temporary_folder *folder, int depth)
{
    int fd = dup(folder->fd);
    for (int i = 0; i < depth; i++) {
        int next;
        assert_int_equal(mkdirat(fd, "d", 0700), 0);
        next = openat(fd, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        close(fd);
        fd = next;
    }
    close(fd);
}

static void test_depth_of_removal_is_limited(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    make_deep(folder, MS_FOLDER_DEPTH_MAX + 1);
    assert_int_equal(ms_folder_remove_all(folder->fd, "d", &error), MS_OK);
    make_deep(folder, MS_FOLDER_DEPTH_MAX + 2);
    assert_int_equal(ms_folder_remove_all(folder->fd, "d", &error), MS_LIMIT);
    assert_string_equal(error.reason, "folder_too_deep");
    assert_true(exists(folder, "d"));
}

static void test_failed_removal_is_reported_and_leaks_nothing(void **state)
{
    temporary_folder *folder = *state;
    unsigned faults = 0;
    for (unsigned nth = 1;; nth++) {
        ms_error error = MS_ERROR_INIT;
        ms_status status;
        faulty_reset();
        assert_int_equal(ms_folder_make_all(folder->fd, "tree/sub", 0700, NULL), MS_OK);
        temporary_write(folder, "tree/sub/file", "", 0);
        faulty_reset();
        faulty_fail(FAULTY_ANY, nth, EIO);
        status = ms_folder_remove_all(folder->fd, "tree", &error);
        if (!faulty_fired())
            break;
        faults++;
        /* Closing a folder that was only read may fail unnoticed. */
        assert_true(status == MS_IO || !exists(folder, "tree"));
    }
    assert_true(faults > 10);
}

static bool holds(const temporary_folder *folder, const char *held, const char *path)
{
    ms_file_status status;
    char at[MS_FILE_PATH_SIZE_MAX];
    assert_int_equal(ms_file_status_at(folder->fd, held, true, &status, NULL), MS_OK);
    snprintf(at, sizeof(at), "%s/%s", folder->path, path);
    return ms_folder_holds(&status, at);
}

static void test_what_a_folder_holds_is_known_by_every_name(void **state)
{
    temporary_folder *folder = *state;
    assert_int_equal(ms_folder_make_all(folder->fd, "a/b/c", 0700, NULL), MS_OK);
    assert_int_equal(ms_folder_make_all(folder->fd, "ab", 0700, NULL), MS_OK);
    temporary_write(folder, "a/b/file", "", 0);
    assert_int_equal(symlinkat("../a/b", folder->fd, "ab/link"), 0);
    assert_int_equal(symlinkat("../a/b/file", folder->fd, "ab/link-to-file"), 0);
    assert_true(holds(folder, "a", "a"));
    assert_true(holds(folder, "a/b", "ab/link-to-file"));
    assert_true(holds(folder, "a", "a/b/c/"));
    assert_true(holds(folder, "a", "a/b/file"));
    assert_true(holds(folder, "a", "a/b/none/nor/this"));
    assert_true(holds(folder, "a", "ab/link/none"));
    assert_true(holds(folder, "a/b", "ab/link"));
    assert_true(holds(folder, "a", "ab/../a//./b"));
    assert_true(holds(folder, ".", "none"));
    assert_false(holds(folder, "a", "ab"));
    assert_false(holds(folder, "a", "ab/none"));
    assert_false(holds(folder, "a", "."));
    assert_false(holds(folder, "a/b/c", "a/b"));
    assert_false(holds(folder, "a/b", "a/b/.."));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_making_a_folder_twice_says_which_made_it),
            TEST(test_all_parents_are_made_and_synced),
            TEST(test_folder_below_one_that_cannot_be_read_is_found),
            TEST(test_sync_reaches_the_folder_that_holds_the_name),
            TEST(test_listing_gives_every_name_with_its_kind),
            TEST(test_failed_listing_is_no_end_of_the_list),
            TEST(test_only_an_empty_folder_is_removed),
            TEST(test_tree_is_removed_without_following_links),
            TEST(test_removal_loses_no_race_against_a_link),
            TEST(test_depth_of_removal_is_limited),
            TEST(test_failed_removal_is_reported_and_leaks_nothing),
            TEST(test_what_a_folder_holds_is_known_by_every_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
