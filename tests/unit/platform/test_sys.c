/* The door to the operating system: what a signal interrupted is made again for every caller. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <string.h>
#include <sys/time.h>
#include <unistd.h>

#include "base/checked.h"
#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "platform/file.h"
#include "platform/folder.h"
#include "platform/lock.h"
#include "platform/process.h"
#include "platform/sys.h"

static int setup(void **state)
{
    faulty_reset();
    return temporary_folder_setup(state);
}

/* The next call of that kind is interrupted, and the one after it is not. */
static void interrupt(faulty_call call)
{
    faulty_reset();
    faulty_fail(call, 1, EINTR);
}

static void expect_again(faulty_call call)
{
    assert_true(faulty_fired());
    assert_int_equal(faulty_count(call), 2);
}

static void test_an_interrupted_change_of_names_is_made_again(void **state)
{
    temporary_folder *folder = *state;
    bool made = false;

    interrupt(FAULTY_mkdirat);
    assert_int_equal(ms_folder_make(folder->fd, "new", 0700, &made, NULL), MS_OK);
    assert_true(made);
    expect_again(FAULTY_mkdirat);
    temporary_write(folder, "a", "1", 1);
    temporary_write(folder, "b", "2", 1);
    interrupt(FAULTY_renameat);
    assert_int_equal(ms_file_rename(folder->fd, "a", folder->fd, "c", true, NULL, NULL), MS_OK);
    expect_again(FAULTY_renameat);
    interrupt(FAULTY_renameat2);
    assert_int_equal(ms_file_exchange(folder->fd, "b", folder->fd, "c", NULL), MS_OK);
    expect_again(FAULTY_renameat2);
    interrupt(FAULTY_linkat);
    assert_true(ms_file_link(folder->fd, "b", folder->fd, "d"));
    expect_again(FAULTY_linkat);
    interrupt(FAULTY_unlinkat);
    assert_int_equal(ms_folder_remove_all(folder->fd, "new", NULL), MS_OK);
    expect_again(FAULTY_unlinkat);
}

static void test_an_interrupted_question_is_asked_again(void **state)
{
    temporary_folder *folder = *state;
    ms_file_status status;
    ms_file_kind kind;
    ms_folder *listed;
    const char *name;
    uint64_t free_bytes;
    char real[MS_FILE_PATH_SIZE_MAX];
    char target[8];

    temporary_write(folder, "a", "1", 1);
    assert_int_equal(symlinkat("a", folder->fd, "link"), 0);
    interrupt(FAULTY_fstatat);
    assert_int_equal(ms_file_status_at(folder->fd, "a", false, &status, NULL), MS_OK);
    expect_again(FAULTY_fstatat);
    interrupt(FAULTY_fstat);
    assert_int_equal(ms_file_status_of(folder->fd, &status, NULL), MS_OK);
    expect_again(FAULTY_fstat);
    interrupt(FAULTY_fstatvfs);
    assert_int_equal(ms_filesystem_free(folder->fd, &free_bytes, NULL), MS_OK);
    expect_again(FAULTY_fstatvfs);
    interrupt(FAULTY_realpath);
    assert_int_equal(ms_file_real_path(real, sizeof(real), folder->path, NULL), MS_OK);
    expect_again(FAULTY_realpath);
    interrupt(FAULTY_readlinkat);
    assert_int_equal(ms_link_target(folder->fd, "link", target, sizeof(target), NULL), MS_OK);
    assert_string_equal(target, "a");
    expect_again(FAULTY_readlinkat);
    assert_int_equal(ms_folder_open(&listed, folder->fd, ".", NULL), MS_OK);
    interrupt(FAULTY_readdir);
    assert_int_equal(ms_folder_next(listed, &name, &kind, NULL), MS_OK);
    assert_non_null(name);
    assert_true(faulty_fired());
    ms_folder_close(listed);
}

/* It has told nothing of the pages yet: this is no sync that failed. */
static void test_an_interrupted_sync_is_made_again(void **state)
{
    temporary_folder *folder = *state;

    interrupt(FAULTY_fsync);
    assert_int_equal(ms_file_sync(folder->fd, NULL), MS_OK);
    expect_again(FAULTY_fsync);
    interrupt(FAULTY_syncfs);
    assert_int_equal(ms_filesystem_sync(folder->fd, NULL), MS_OK);
    expect_again(FAULTY_syncfs);
}

static void test_an_interrupted_close_has_closed(void **state)
{
    temporary_folder *folder = *state;
    int fd;

    temporary_write(folder, "a", "1", 1);
    assert_int_equal(ms_file_open(&fd, folder->fd, "a", MS_OPEN_READ, 0, NULL), MS_OK);
    interrupt(FAULTY_close);
    assert_int_equal(ms_file_close_checked(fd, NULL), MS_OK);
    assert_true(faulty_fired());
    assert_int_equal(faulty_count(FAULTY_close), 1);
}

static void test_an_interrupted_lock_is_asked_for_again(void **state)
{
    temporary_folder *folder = *state;
    int fd;

    interrupt(FAULTY_fcntl_lock);
    assert_int_equal(
            ms_lock_acquire(&fd, folder->fd, "lock", MS_LOCK_EXCLUSIVE, 0, NULL, NULL, NULL),
            MS_OK);
    expect_again(FAULTY_fcntl_lock);
    ms_lock_release(fd);
}

static unsigned alarms;
static int pipe_to_write;

/* The third of them lets the reader have what it waits for. */
static void on_alarm(int number)
{
    (void)number;
    if (++alarms == 3 && write(pipe_to_write, "x", 1) != 1)
        _exit(3);
}

static void test_signals_do_not_end_a_read_that_waits(void **state)
{
    const struct itimerval each = {.it_interval = {.tv_usec = 2000}, .it_value = {.tv_usec = 2000}};
    const struct itimerval none = {0};
    struct sigaction action = {.sa_handler = on_alarm}; /* without SA_RESTART */
    struct sigaction before;
    size_t got = 0;
    char byte = 0;
    int ends[2];

    (void)state;
    assert_int_equal(pipe(ends), 0);
    pipe_to_write = ends[1];
    assert_int_equal(sigaction(SIGALRM, &action, &before), 0);
    assert_int_equal(setitimer(ITIMER_REAL, &each, NULL), 0);
    ms_status status = ms_file_read(ends[0], &byte, 1, &got, NULL);
    assert_int_equal(setitimer(ITIMER_REAL, &none, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &before, NULL), 0);
    assert_int_equal(status, MS_OK);
    assert_true(got == 1 && byte == 'x' && alarms >= 3);
    assert_true(faulty_count(FAULTY_read) >= 3);
    (void)close(ends[0]);
    (void)close(ends[1]);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_an_interrupted_change_of_names_is_made_again),
            TEST(test_an_interrupted_question_is_asked_again),
            TEST(test_an_interrupted_sync_is_made_again),
            TEST(test_an_interrupted_close_has_closed),
            TEST(test_an_interrupted_lock_is_asked_for_again),
            TEST(test_signals_do_not_end_a_read_that_waits),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
