/* Threads: they run, exclude each other, wait and time out, and leave signals to the program. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <signal.h>
#include <stdbool.h>

#include "platform/clock.h"
#include "platform/thread.h"

typedef struct shared {
    ms_mutex mutex;
    ms_condition condition;
    uint64_t count;
    bool ready;
    bool all_blocked;
} shared;

static int setup(void **state)
{
    static shared one;
    one = (shared){.count = 0};
    ms_mutex_init(&one.mutex);
    ms_condition_init(&one.condition);
    *state = &one;
    return 0;
}

static int teardown(void **state)
{
    shared *one = *state;
    ms_condition_release(&one->condition);
    ms_mutex_release(&one->mutex);
    return 0;
}

static void count_up(void *payload)
{
    shared *one = payload;
    for (int i = 0; i < 100000; i++) {
        ms_mutex_lock(&one->mutex);
        one->count++;
        ms_mutex_unlock(&one->mutex);
    }
}

static void test_mutex_excludes_threads(void **state)
{
    shared *one = *state;
    ms_thread threads[4];
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(ms_thread_start(&threads[i], count_up, one, NULL), MS_OK);
    for (size_t i = 0; i < 4; i++)
        ms_thread_join(&threads[i]);
    assert_int_equal(one->count, 400000);
}

static void signal_ready(void *payload)
{
    shared *one = payload;
    ms_mutex_lock(&one->mutex);
    one->ready = true;
    ms_condition_broadcast(&one->condition);
    ms_mutex_unlock(&one->mutex);
}

static void test_condition_wakes_the_waiter(void **state)
{
    shared *one = *state;
    ms_thread thread;
    ms_mutex_lock(&one->mutex);
    assert_int_equal(ms_thread_start(&thread, signal_ready, one, NULL), MS_OK);
    while (!one->ready)
        ms_condition_wait(&one->condition, &one->mutex);
    one->ready = false;
    ms_mutex_unlock(&one->mutex);
    ms_thread_join(&thread);

    ms_mutex_lock(&one->mutex);
    assert_int_equal(ms_thread_start(&thread, signal_ready, one, NULL), MS_OK);
    while (!one->ready)
        assert_true(ms_condition_wait_ms(&one->condition, &one->mutex, UINT64_MAX));
    ms_mutex_unlock(&one->mutex);
    ms_thread_join(&thread);
}

static void test_wait_without_a_signal_times_out(void **state)
{
    shared *one = *state;
    uint64_t start = ms_clock_monotonic_ms();
    ms_mutex_lock(&one->mutex);
    while (ms_condition_wait_ms(&one->condition, &one->mutex, 20)) {
    }
    assert_false(ms_condition_wait_ms(&one->condition, &one->mutex, 0));
    ms_mutex_unlock(&one->mutex);
    assert_true(ms_clock_monotonic_ms() - start >= 19);
}

static void look_at_mask(void *payload)
{
    shared *one = payload;
    sigset_t mask;
    pthread_sigmask(SIG_SETMASK, NULL, &mask);
    one->all_blocked = sigismember(&mask, SIGINT) == 1 && sigismember(&mask, SIGTERM) == 1 &&
                       sigismember(&mask, SIGHUP) == 1 && sigismember(&mask, SIGPIPE) == 1 &&
                       sigismember(&mask, SIGALRM) == 1;
}

static void test_threads_leave_signals_to_the_program(void **state)
{
    shared *one = *state;
    ms_thread thread;
    sigset_t before;
    sigset_t after;
    pthread_sigmask(SIG_SETMASK, NULL, &before);
    assert_int_equal(ms_thread_start(&thread, look_at_mask, one, NULL), MS_OK);
    ms_thread_join(&thread);
    assert_true(one->all_blocked);
    pthread_sigmask(SIG_SETMASK, NULL, &after);
    assert_int_equal(sigismember(&before, SIGINT), sigismember(&after, SIGINT));
}

static void test_there_is_at_least_one_processor(void **state)
{
    (void)state;
    assert_true(ms_processor_count() >= 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_mutex_excludes_threads, setup, teardown),
            cmocka_unit_test_setup_teardown(test_condition_wakes_the_waiter, setup, teardown),
            cmocka_unit_test_setup_teardown(test_wait_without_a_signal_times_out, setup, teardown),
            cmocka_unit_test_setup_teardown(
                    test_threads_leave_signals_to_the_program, setup, teardown),
            cmocka_unit_test(test_there_is_at_least_one_processor),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
