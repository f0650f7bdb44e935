/* Locks: between processes, between two descriptors of one, and gone with their holder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/checked.h"
#include "doubles/temporary_folder.h"
#include "platform/clock.h"
#include "platform/lock.h"

static ms_status try_lock(temporary_folder *folder, int *fd, ms_lock_mode mode)
{
    return ms_lock_acquire(fd, folder->fd, "lock", mode, 0, NULL, NULL, NULL);
}

static void test_two_descriptors_of_one_process_exclude_each_other(void **state)
{
    static const struct {
        ms_lock_mode first, second;
        ms_status status;
    } rows[] = {
            {MS_LOCK_SHARED, MS_LOCK_SHARED, MS_OK},
            {MS_LOCK_SHARED, MS_LOCK_EXCLUSIVE, MS_LOCKED},
            {MS_LOCK_EXCLUSIVE, MS_LOCK_SHARED, MS_LOCKED},
            {MS_LOCK_EXCLUSIVE, MS_LOCK_EXCLUSIVE, MS_LOCKED},
    };
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        int first;
        int second;
        assert_int_equal(try_lock(*state, &first, rows[i].first), MS_OK);
        assert_int_equal(try_lock(*state, &second, rows[i].second), rows[i].status);
        assert_true((second >= 0) == (rows[i].status == MS_OK));
        ms_lock_release(second);
        ms_lock_release(first);
        assert_int_equal(try_lock(*state, &second, rows[i].second), MS_OK);
        ms_lock_release(second);
    }
}

static void test_closing_another_descriptor_loses_no_lock(void **state)
{
    temporary_folder *folder = *state;
    int holder;
    int other;
    assert_int_equal(try_lock(folder, &holder, MS_LOCK_EXCLUSIVE), MS_OK);
    other = openat(folder->fd, "lock", O_RDWR | O_CLOEXEC);
    close(other);
    assert_int_equal(try_lock(folder, &other, MS_LOCK_SHARED), MS_LOCKED);
    ms_lock_release(holder);
}

static int lock_in_child(void *payload)
{
    int fd;
    return try_lock(payload, &fd, MS_LOCK_SHARED) == MS_LOCKED ? 0 : 1;
}

static void test_another_process_is_locked_out_and_told_the_path(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    struct stat status;
    int holder;
    int other;
    assert_int_equal(try_lock(folder, &holder, MS_LOCK_EXCLUSIVE), MS_OK);
    assert_int_equal(child_run(lock_in_child, folder), 0);
    assert_int_equal(
            ms_lock_acquire(&other, folder->fd, "lock", MS_LOCK_SHARED, 0, NULL, NULL, &error),
            MS_LOCKED);
    assert_string_equal(error.reason, "lock_held");
    assert_string_equal(error.path, "lock");
    ms_lock_release(holder);
    assert_int_equal(fstatat(folder->fd, "lock", &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(status.st_size, 0);
}

/* A child that takes the lock, says so on the pipe and then waits to be killed. */
static pid_t start_holder(temporary_folder *folder)
{
    int fds[2];
    char byte;
    pid_t child;
    assert_int_equal(pipe2(fds, O_CLOEXEC), 0);
    child = fork();
    if (child == 0) {
        int fd;
        if (try_lock(folder, &fd, MS_LOCK_EXCLUSIVE) != MS_OK || write(fds[1], "x", 1) != 1)
            _exit(1);
        for (;;)
            pause();
    }
    close(fds[1]);
    assert_int_equal(read(fds[0], &byte, 1), 1);
    close(fds[0]);
    return child;
}

static void test_lock_dies_with_its_holder(void **state)
{
    pid_t child = start_holder(*state);
    int fd;
    assert_int_equal(try_lock(*state, &fd, MS_LOCK_EXCLUSIVE), MS_LOCKED);
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
    assert_int_equal(try_lock(*state, &fd, MS_LOCK_EXCLUSIVE), MS_OK);
    ms_lock_release(fd);
}

typedef struct meanwhile {
    pid_t child;
    unsigned asked;
    unsigned after; /* act when asked so often */
} meanwhile;

static bool kill_child_meanwhile(void *payload, const char *path, bool is_long)
{
    meanwhile *waiting = payload;
    assert_string_equal(path, "lock");
    (void)is_long;
    if (++waiting->asked == waiting->after)
        kill(waiting->child, SIGKILL);
    return false;
}

static bool cancel_meanwhile(void *payload, const char *path, bool is_long)
{
    meanwhile *waiting = payload;
    (void)path;
    (void)is_long;
    return ++waiting->asked == waiting->after;
}

static void test_waiter_gets_the_lock_when_the_holder_ends(void **state)
{
    temporary_folder *folder = *state;
    meanwhile waiting = {.child = start_holder(folder), .after = 3};
    int fd;
    assert_int_equal(ms_lock_acquire(&fd, folder->fd, "lock", MS_LOCK_EXCLUSIVE, -1,
                             kill_child_meanwhile, &waiting, NULL),
            MS_OK);
    assert_true(waiting.asked >= 3);
    waitpid(waiting.child, NULL, 0);
    ms_lock_release(fd);
}

static void test_waiting_ends_at_the_timeout_or_when_cancelled(void **state)
{
    temporary_folder *folder = *state;
    meanwhile waiting = {.after = 2};
    uint64_t start;
    int holder;
    int fd;
    assert_int_equal(try_lock(folder, &holder, MS_LOCK_SHARED), MS_OK);
    start = ms_clock_monotonic_ms();
    assert_int_equal(
            ms_lock_acquire(&fd, folder->fd, "lock", MS_LOCK_EXCLUSIVE, 30, NULL, NULL, NULL),
            MS_LOCKED);
    assert_true(ms_clock_monotonic_ms() - start >= 29);
    assert_int_equal(ms_lock_acquire(&fd, folder->fd, "lock", MS_LOCK_EXCLUSIVE, -1,
                             cancel_meanwhile, &waiting, NULL),
            MS_INTERRUPTED);
    assert_int_equal(fd, -1);
    assert_int_equal(waiting.asked, 2);
    ms_lock_release(holder);
    ms_lock_release(-1);
}

static bool count_long(void *payload, const char *path, bool is_long)
{
    meanwhile *waiting = payload;
    (void)path;
    if (is_long)
        waiting->after++;
    if (waiting->after > 0)
        waiting->asked++;
    return waiting->asked == 5;
}

static void test_a_long_wait_is_told_once(void **state)
{
    temporary_folder *folder = *state;
    meanwhile waiting = {0};
    uint64_t start = ms_clock_monotonic_ms();
    int holder;
    int fd;
    assert_int_equal(try_lock(folder, &holder, MS_LOCK_SHARED), MS_OK);
    assert_int_equal(ms_lock_acquire(&fd, folder->fd, "lock", MS_LOCK_EXCLUSIVE, -1, count_long,
                             &waiting, NULL),
            MS_INTERRUPTED);
    assert_true(ms_clock_monotonic_ms() - start >= MS_LOCK_LONG_WAIT_MS);
    assert_int_equal(waiting.after, 1);
    ms_lock_release(holder);
}

static void test_lock_file_that_is_something_else_is_refused(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    int fd;
    assert_int_equal(symlinkat("elsewhere", folder->fd, "link"), 0);
    assert_int_equal(mkfifoat(folder->fd, "fifo", 0600), 0);
    assert_int_equal(
            ms_lock_acquire(&fd, folder->fd, "link", MS_LOCK_SHARED, 0, NULL, NULL, &error), MS_IO);
    assert_int_equal(
            ms_lock_acquire(&fd, folder->fd, "fifo", MS_LOCK_SHARED, 0, NULL, NULL, &error),
            MS_MALFORMED);
    assert_int_equal(
            ms_lock_acquire(&fd, folder->fd, "no/lock", MS_LOCK_SHARED, 0, NULL, NULL, &error),
            MS_NOT_FOUND);
    assert_int_equal(faccessat(folder->fd, "elsewhere", F_OK, 0), -1);
}

static int lock_without_permission(void *payload)
{
    int fd;
    if (try_lock(payload, &fd, MS_LOCK_EXCLUSIVE) != MS_IO)
        return 1;
    if (try_lock(payload, &fd, MS_LOCK_SHARED) != MS_OK)
        return 2;
    ms_lock_release(fd);
    return 0;
}

static void test_shared_lock_needs_no_permission_to_write(void **state)
{
    temporary_folder *folder = *state;
    temporary_write(folder, "lock", "", 0); /* mode 0644, in a folder of 0755 */
    assert_int_equal(child_run_unprivileged(lock_without_permission, folder), 0);
}

static void test_ranges_are_locked_apart(void **state)
{
    temporary_folder *folder = *state;
    int a;
    int b;
    bool held = true;
    temporary_write(folder, "file", "", 0);
    a = openat(folder->fd, "file", O_RDWR | O_CLOEXEC);
    b = openat(folder->fd, "file", O_RDWR | O_CLOEXEC);
    assert_true(ms_lock_range(a, F_WRLCK, 10, 5));
    assert_true(ms_lock_range(b, F_WRLCK, 15, 5));
    assert_false(ms_lock_range(b, F_RDLCK, 14, 1));
    assert_true(ms_lock_range_is_held(b, 14, 1, &held) && held);
    assert_true(ms_lock_range_is_held(a, 14, 1, &held) && !held); /* its own does not count */
    assert_true(ms_lock_range_is_held(b, 9, 1, &held) && !held);
    assert_true(ms_lock_range(a, F_RDLCK, 10, 5));
    assert_true(ms_lock_range(b, F_RDLCK, 10, 5));
    assert_true(ms_lock_range_is_held(b, 10, 5, &held) && held);
    assert_true(ms_lock_range(a, F_UNLCK, 0, 0));
    assert_true(ms_lock_range_is_held(b, 10, 5, &held) && !held);
    close(a);
    close(b);
    assert_false(ms_lock_range(b, F_RDLCK, 0, 0));
    assert_false(ms_lock_range_is_held(b, 0, 0, &held));
}

int main(void)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, temporary_folder_setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_two_descriptors_of_one_process_exclude_each_other),
            TEST(test_closing_another_descriptor_loses_no_lock),
            TEST(test_another_process_is_locked_out_and_told_the_path),
            TEST(test_lock_dies_with_its_holder),
            TEST(test_waiter_gets_the_lock_when_the_holder_ends),
            TEST(test_waiting_ends_at_the_timeout_or_when_cancelled),
            TEST(test_a_long_wait_is_told_once),
            TEST(test_lock_file_that_is_something_else_is_refused),
            TEST(test_shared_lock_needs_no_permission_to_write),
            TEST(test_ranges_are_locked_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
