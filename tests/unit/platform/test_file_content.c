/* Small files as a whole: after any fault or kill the old one or the new one stands, whole. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "platform/file.h"

static const char old_text[] = "the old content";
static const char new_text[] = "the new and longer content of the file";

/* A look for what a killed writer of the same name left; the folder holds "." and "..", "file". */
#define LISTING "openat fdopendir readdir readdir readdir readdir closedir"
#define LISTING_CALLS 7

static int setup(void **state)
{
    faulty_reset();
    return temporary_folder_setup(state);
}

static ms_status replace(temporary_folder *folder, ms_error *error)
{
    return ms_file_replace(folder->fd, "file", ms_span_of(new_text, sizeof(new_text)), 0600, error);
}

/* 0 = old, 1 = new. */
static int which(temporary_folder *folder)
{
    char back[100];
    long size = temporary_read(folder, "file", back, sizeof(back));
    if (size == (long)sizeof(old_text) && memcmp(back, old_text, sizeof(old_text)) == 0)
        return 0;
    assert_int_equal(size, sizeof(new_text));
    assert_memory_equal(back, new_text, sizeof(new_text));
    return 1;
}

static void test_replacement_is_synced_before_it_has_its_name(void **state)
{
    temporary_folder *folder = *state;
    struct stat status;
    temporary_write(folder, "file", old_text, sizeof(old_text));
    assert_int_equal(replace(folder, NULL), MS_OK);
    assert_int_equal(which(folder), 1);
    assert_string_equal(faulty_record(),
            "getrandom " LISTING " openat write fsync close renameat openat fsync close");
    assert_int_equal(fstatat(folder->fd, "file", &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(temporary_count(folder, "."), 1);
}

static void test_replacement_works_in_another_folder_and_replaces_a_link(void **state)
{
    temporary_folder *folder = *state;
    struct stat status;
    assert_int_equal(mkdirat(folder->fd, "sub", 0700), 0);
    temporary_write(folder, "file", old_text, sizeof(old_text));
    assert_int_equal(symlinkat("../file", folder->fd, "sub/name"), 0);
    assert_int_equal(
            ms_file_replace(folder->fd, "sub/name", ms_span_of("x", 1), 0600, NULL), MS_OK);
    assert_int_equal(fstatat(folder->fd, "sub/name", &status, AT_SYMLINK_NOFOLLOW), 0);
    assert_true(S_ISREG(status.st_mode));
    assert_int_equal(which(folder), 0);
    assert_int_equal(temporary_count(folder, "sub"), 1);
    assert_int_equal(ms_file_replace(MS_DIR_CURRENT, temporary_path(folder, "file"),
                             ms_span_of(NULL, 0), 0600, NULL),
            MS_OK);
    assert_int_equal(temporary_read(folder, "file", &status, 1), 0);
}

static void test_every_fault_leaves_the_old_or_the_new_file(void **state)
{
    static const int errors[] = {EIO, ENOSPC, EDQUOT, EROFS, EMFILE, EACCES};
    temporary_folder *folder = *state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(errors); i++) {
        unsigned faults = 0;
        for (unsigned nth = 1;; nth++) {
            ms_error error = MS_ERROR_INIT;
            ms_status status;
            bool renamed;
            temporary_write(folder, "file", old_text, sizeof(old_text));
            faulty_reset();
            faulty_shorten(10);
            faulty_fail(FAULTY_ANY, nth, errors[i]);
            status = replace(folder, &error);
            renamed = strstr(faulty_record(), "renameat openat") != NULL;
            if (!faulty_fired()) {
                assert_int_equal(status, MS_OK);
                break;
            }
            faults++;
            /* Only the look for what was left, and the last call, closing the folder that was
             * synced, may fail unnoticed. */
            assert_int_equal(which(folder), renamed ? 1 : 0);
            if (status == MS_OK)
                assert_true(
                        nth == faulty_count(FAULTY_ANY) || (nth > 1 && nth <= 1 + LISTING_CALLS));
            else
                assert_int_equal(error.os_errno, errors[i]);
            assert_int_equal(temporary_count(folder, "."), 1);
            assert_true(faulty_count(FAULTY_fsync) <= 2);
        }
        assert_int_equal(faults, 12 + LISTING_CALLS); /* one write for ten bytes */
    }
}

typedef struct killed_replace {
    temporary_folder *folder;
    unsigned nth;
} killed_replace;

static int replace_until_killed(void *payload)
{
    killed_replace *at = payload;
    faulty_reset();
    faulty_shorten(10);
    faulty_kill(at->nth);
    return replace(at->folder, NULL) == MS_OK ? 0 : 1;
}

static void test_kill_before_any_call_leaves_the_old_or_the_new_file(void **state)
{
    temporary_folder *folder = *state;
    killed_replace at = {.folder = folder};
    unsigned seen[2] = {0};
    int ended;
    do {
        temporary_write(folder, "file", old_text, sizeof(old_text));
        at.nth++;
        ended = child_run(replace_until_killed, &at);
        seen[which(folder)]++;
        assert_true(ended == 0 || ended == 256 + SIGKILL);
    } while (ended != 0);
    /* A run that tidies up makes more calls than the next: some of the last ones are skipped. */
    assert_true(seen[0] >= 8 && seen[1] >= 2);
    /* The last run went on where the others were killed, and tidied up after them. */
    assert_int_equal(temporary_count(folder, "."), 1);
}

static void test_what_killed_writers_of_other_names_left_is_no_business_of_ours(void **state)
{
    temporary_folder *folder = *state;
    const char *other = MS_FILE_TEMPORARY_PREFIX "0123456789abcdef-0123456789abcdef";
    temporary_write(folder, other, "x", 1);
    assert_int_equal(replace(folder, NULL), MS_OK);
    assert_int_equal(temporary_count(folder, "."), 2);
    ms_file_remove_temporaries(folder->fd, ".", MS_FILE_TEMPORARY_PREFIX);
    assert_int_equal(temporary_count(folder, "."), 1);
    assert_int_equal(which(folder), 1);
    ms_file_remove_temporaries(folder->fd, "missing", MS_FILE_TEMPORARY_PREFIX);
}

static void remove_temporaries(void *payload)
{
    const temporary_folder *folder = payload;
    ms_file_remove_temporaries(folder->fd, ".", MS_FILE_TEMPORARY_PREFIX);
}

static void test_a_temporary_that_another_writer_removed_is_written_again(void **state)
{
    temporary_folder *folder = *state;
    faulty_interfere(FAULTY_renameat, 1, remove_temporaries, folder);
    assert_int_equal(replace(folder, NULL), MS_OK);
    assert_int_equal(which(folder), 1);
    assert_int_equal(temporary_count(folder, "."), 1);
}

static ms_status place_new(temporary_folder *folder, bool *existed, ms_error *error)
{
    return ms_file_place_new(
            folder->fd, "file", ms_span_of(new_text, sizeof(new_text)), 0600, existed, error);
}

static void test_a_new_file_never_takes_a_name_that_is_taken(void **state)
{
    temporary_folder *folder = *state;
    bool existed = true;
    assert_int_equal(place_new(folder, &existed, NULL), MS_OK);
    assert_false(existed);
    assert_int_equal(which(folder), 1);
    temporary_write(folder, "file", old_text, sizeof(old_text));
    assert_int_equal(place_new(folder, &existed, NULL), MS_OK);
    assert_true(existed);
    assert_int_equal(which(folder), 0);
    assert_int_equal(unlinkat(folder->fd, "file", 0), 0);
    assert_int_equal(symlinkat("nowhere", folder->fd, "file"), 0);
    assert_int_equal(place_new(folder, &existed, NULL), MS_OK);
    assert_true(existed);
    assert_int_equal(temporary_count(folder, "."), 1);
}

static int place_until_killed(void *payload)
{
    killed_replace *at = payload;
    bool existed;
    faulty_reset();
    faulty_kill(at->nth);
    return place_new(at->folder, &existed, NULL) == MS_OK ? 0 : 1;
}

static void test_a_kill_leaves_a_new_file_absent_or_whole(void **state)
{
    temporary_folder *folder = *state;
    killed_replace at = {.folder = folder};
    unsigned seen[2] = {0};
    int ended;
    do {
        at.nth++;
        ended = child_run(place_until_killed, &at);
        seen[faccessat(folder->fd, "file", F_OK, 0) == 0 ? which(folder) : 0]++;
        assert_true(ended == 0 || ended == 256 + SIGKILL);
        unlinkat(folder->fd, "file", 0);
    } while (ended != 0);
    /* A run that tidies up makes more calls than the next: some of the last ones are skipped. */
    assert_true(seen[0] >= 8 && seen[1] >= 2);
    assert_int_equal(temporary_count(folder, "."), 0);
}

static void test_missing_folder_is_not_found(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    char path[MS_FILE_PATH_SIZE_MAX + 10];
    assert_int_equal(
            ms_file_replace(folder->fd, "no/file", ms_span_of("x", 1), 0600, &error), MS_NOT_FOUND);
    assert_string_equal(error.path, "no/file");
    memset(path, '/', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(ms_file_replace(folder->fd, path, ms_span_of("x", 1), 0600, &error), MS_IO);
    assert_int_equal(error.os_errno, ENAMETOOLONG);
}

static void test_whole_file_is_read_up_to_the_limit(void **state)
{
    static const struct {
        size_t size, size_max;
        ms_status status;
    } rows[] = {
            {0, 0, MS_OK},
            {0, 10, MS_OK},
            {1, 0, MS_LIMIT},
            {10, 10, MS_OK},
            {11, 10, MS_LIMIT},
            {65536, 65536, MS_OK},
            {65537, 65536, MS_LIMIT},
            {65536, 100000, MS_OK},
            {99999, 100000, MS_OK},
            {100000, 100000, MS_OK},
            {100001, 100000, MS_LIMIT},
    };
    static uint8_t data[100001];
    temporary_folder *folder = *state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 31 + i / 251);
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error error = MS_ERROR_INIT;
        ms_buffer content;
        ms_status status;
        temporary_write(folder, "file", data, rows[i].size);
        ms_buffer_init(&content, rows[i].size_max);
        faulty_shorten(i % 2 == 0 ? 0 : 1000);
        status = ms_file_read_whole(folder->fd, "file", &content, &error);
        assert_int_equal(status, rows[i].status);
        if (status == MS_OK) {
            assert_int_equal(content.size, rows[i].size);
            if (rows[i].size > 0)
                assert_memory_equal(content.data, data, rows[i].size);
        } else {
            assert_string_equal(error.reason, "file_too_large");
            assert_string_equal(error.path, "file");
        }
        ms_buffer_release(&content);
    }
}

static void test_only_a_readable_regular_file_is_read(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    ms_buffer content;
    ms_buffer_init(&content, 100);
    temporary_write(folder, "file", "text", 4);
    assert_int_equal(symlinkat("file", folder->fd, "link"), 0);
    assert_int_equal(mkfifoat(folder->fd, "fifo", 0600), 0);
    assert_int_equal(ms_file_read_whole(folder->fd, "missing", &content, &error), MS_NOT_FOUND);
    assert_int_equal(ms_file_read_whole(folder->fd, "link", &content, &error), MS_IO);
    assert_string_equal(error.reason, "path_is_link");
    assert_int_equal(ms_file_read_whole(folder->fd, "fifo", &content, &error), MS_MALFORMED);
    assert_int_equal(ms_file_read_whole(folder->fd, ".", &content, &error), MS_MALFORMED);
    assert_int_equal(ms_file_read_whole(folder->fd, "file", &content, NULL), MS_OK);
    assert_int_equal(content.size, 4);
    faulty_fail(FAULTY_read, 1, EIO);
    assert_int_equal(ms_file_read_whole(folder->fd, "file", &content, &error), MS_IO);
    assert_int_equal(content.size, 0);
    ms_buffer_release(&content);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_replacement_is_synced_before_it_has_its_name),
            TEST(test_replacement_works_in_another_folder_and_replaces_a_link),
            TEST(test_every_fault_leaves_the_old_or_the_new_file),
            TEST(test_kill_before_any_call_leaves_the_old_or_the_new_file),
            TEST(test_what_killed_writers_of_other_names_left_is_no_business_of_ours),
            TEST(test_a_temporary_that_another_writer_removed_is_written_again),
            TEST(test_a_new_file_never_takes_a_name_that_is_taken),
            TEST(test_a_kill_leaves_a_new_file_absent_or_whole),
            TEST(test_missing_folder_is_not_found),
            TEST(test_whole_file_is_read_up_to_the_limit),
            TEST(test_only_a_readable_regular_file_is_read),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
