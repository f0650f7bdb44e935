/* Environment, ids and the event that another thread or process waits for. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#include "doubles/faulty_sys.h"
#include "platform/clock.h"
#include "platform/process.h"

static void test_environment_and_ids_are_those_of_the_process(void **state)
{
    (void)state;
    setenv("MS_TEST_VARIABLE", "value", 1);
    assert_string_equal(ms_environment_get("MS_TEST_VARIABLE"), "value");
    unsetenv("MS_TEST_VARIABLE");
    assert_null(ms_environment_get("MS_TEST_VARIABLE"));
    assert_int_equal(ms_process_id(), getpid());
    assert_int_equal(ms_process_user(), geteuid());
}

static void test_event_is_unset_until_it_is_set_and_stays_set(void **state)
{
    int fd;
    (void)state;
    faulty_reset();
    assert_int_equal(ms_event_open(&fd, NULL), MS_OK);
    assert_int_equal(fcntl(fd, F_GETFD) & FD_CLOEXEC, FD_CLOEXEC);
    assert_false(ms_event_wait(fd, 0));
    assert_false(ms_event_wait(fd, 5));
    ms_event_set(fd);
    ms_event_set(fd);
    assert_true(ms_event_wait(fd, 0));
    assert_true(ms_event_wait(fd, -1));
    ms_event_close(fd);
    ms_event_close(-1);
}

static void *set_event(void *payload)
{
    ms_event_set(*(int *)payload);
    return NULL;
}

static void test_waiter_wakes_when_another_thread_sets_the_event(void **state)
{
    pthread_t thread;
    int fd;
    (void)state;
    faulty_reset();
    assert_int_equal(ms_event_open(&fd, NULL), MS_OK);
    assert_int_equal(pthread_create(&thread, NULL, set_event, &fd), 0);
    assert_true(ms_event_wait(fd, -1));
    pthread_join(thread, NULL);
    ms_event_close(fd);
}

static void test_interrupted_wait_goes_on_to_its_end(void **state)
{
    uint64_t start;
    int fd;
    (void)state;
    faulty_reset();
    assert_int_equal(ms_event_open(&fd, NULL), MS_OK);
    faulty_fail(FAULTY_poll, 1, EINTR);
    start = ms_clock_monotonic_ms();
    assert_false(ms_event_wait(fd, 20));
    assert_true(faulty_fired());
    assert_true(ms_clock_monotonic_ms() - start >= 19);
    ms_event_close(fd);
}

static void test_no_descriptor_left_is_an_error_with_a_hint(void **state)
{
    ms_error error = MS_ERROR_INIT;
    int fd = 7;
    (void)state;
    faulty_reset();
    faulty_fail(FAULTY_event_open, 1, EMFILE);
    assert_int_equal(ms_event_open(&fd, &error), MS_IO);
    assert_int_equal(fd, -1);
    assert_string_not_equal(error.hint, "");
}

static void test_event_never_stands_where_people_print(void **state)
{
    int kept = dup(0);
    int fd;
    (void)state;
    faulty_reset();
    close(0);
    assert_int_equal(ms_event_open(&fd, NULL), MS_OK);
    assert_true(fd > 2);
    ms_event_set(fd);
    assert_true(ms_event_wait(fd, 0));
    ms_event_close(fd);
    dup2(kept, 0);
    close(kept);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_environment_and_ids_are_those_of_the_process),
            cmocka_unit_test(test_event_is_unset_until_it_is_set_and_stays_set),
            cmocka_unit_test(test_waiter_wakes_when_another_thread_sets_the_event),
            cmocka_unit_test(test_interrupted_wait_goes_on_to_its_end),
            cmocka_unit_test(test_no_descriptor_left_is_an_error_with_a_hint),
            cmocka_unit_test(test_event_never_stands_where_people_print),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
