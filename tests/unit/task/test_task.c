/* Cancel, progress, notices and warnings of an operation. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#include "doubles/short_memory.h"
#include "platform/clock.h"
#include "platform/thread.h"
#include "task/task.h"

typedef struct listener {
    ms_mutex lock;
    unsigned callbacks_now;
    unsigned progress_count;
    unsigned notice_count;
    ms_task_progress progress; /* the last */
    char notice[2048];         /* the last */
} listener;

static void enter(listener *self)
{
    ms_mutex_lock(&self->lock);
    self->callbacks_now++;
    assert_int_equal(self->callbacks_now, 1);
    ms_mutex_unlock(&self->lock);
}

static void leave(listener *self)
{
    ms_mutex_lock(&self->lock);
    self->callbacks_now--;
    ms_mutex_unlock(&self->lock);
}

static void on_progress(void *payload, const ms_task_progress *progress)
{
    listener *self = payload;

    enter(self);
    assert_true(progress->bytes_reused <= progress->bytes_done);
    self->progress_count++;
    self->progress = *progress;
    leave(self);
}

static void on_notice(void *payload, bool is_warning, const char *text)
{
    listener *self = payload;

    (void)is_warning;
    enter(self);
    self->notice_count++;
    (void)snprintf(self->notice, sizeof(self->notice), "%s", text);
    leave(self);
}

static ms_task *new_task(listener *self, unsigned workers)
{
    ms_task_options options = {.workers = workers,
            .on_progress = on_progress,
            .on_notice = on_notice,
            .payload = self};
    ms_task *task;

    *self = (listener){0};
    ms_mutex_init(&self->lock);
    assert_int_equal(ms_task_new(&task, &options, NULL), MS_OK);
    return task;
}

static void free_task(listener *self, ms_task *task)
{
    ms_task_free(task);
    ms_mutex_release(&self->lock);
}

static void test_workers_are_bounded(void **state)
{
    ms_task_options options = {.workers = MS_TASK_WORKERS_MAX + 1};
    ms_error err = MS_ERROR_INIT;
    ms_task *task = (ms_task *)1;

    (void)state;
    assert_int_equal(ms_task_new(&task, &options, &err), MS_USAGE);
    assert_string_equal(err.reason, "workers");
    assert_null(task);
    options.workers = 7;
    assert_int_equal(ms_task_new(&task, &options, &err), MS_OK);
    assert_int_equal(ms_task_workers(task), 7);
    ms_task_free(task);
    assert_int_equal(ms_task_new(&task, NULL, &err), MS_OK);
    assert_true(ms_task_workers(task) >= 1 && ms_task_workers(task) <= MS_TASK_WORKERS_MAX);
    ms_task_free(task);
}

static void test_nobody_watching_is_fine(void **state)
{
    (void)state;
    assert_false(ms_task_is_cancelled(NULL));
    assert_int_equal(ms_task_check(NULL, NULL), MS_OK);
    assert_int_equal(ms_task_workers(NULL), 1);
    ms_task_progress_begin(NULL, "store", 1);
    ms_task_progress_add(NULL, 1, 0);
    ms_task_progress_end(NULL);
    ms_task_notice(NULL, true, "unheard");
    assert_int_equal(ms_task_warning_count(NULL), 0);
    ms_task_free(NULL);
}

static ms_task *signalled;

static void on_signal(int number)
{
    (void)number;
    ms_task_cancel(signalled);
}

static void test_cancel_from_a_signal_handler(void **state)
{
    struct sigaction action = {.sa_handler = on_signal};
    ms_error err = MS_ERROR_INIT;

    (void)state;
    assert_int_equal(ms_task_new(&signalled, NULL, NULL), MS_OK);
    assert_int_equal(ms_task_check(signalled, &err), MS_OK);
    assert_int_equal(sigaction(SIGUSR1, &action, NULL), 0);
    assert_int_equal(raise(SIGUSR1), 0);
    assert_true(ms_task_is_cancelled(signalled));
    assert_true(ms_task_cancelled_payload(signalled, "lock", false));
    assert_int_equal(ms_task_check(signalled, &err), MS_INTERRUPTED);
    assert_string_equal(err.reason, "cancelled");
    ms_task_free(signalled);
}

static void test_only_a_long_wait_is_told(void **state)
{
    listener self;
    ms_task *task = new_task(&self, 1);

    (void)state;
    assert_false(ms_task_cancelled_payload(task, "locks/store", false));
    assert_int_equal(self.notice_count, 0);
    assert_false(ms_task_cancelled_payload(task, "locks/store", true));
    assert_string_equal(self.notice, "waiting for another command that uses this home (locks/store)");
    assert_int_equal(ms_task_warning_count(task), 0);
    assert_false(ms_task_cancelled_payload(NULL, "locks/store", true));
    free_task(&self, task);
}

static void test_progress_is_sparse_and_its_end_is_told(void **state)
{
    listener self;
    ms_task *task = new_task(&self, 1);
    uint64_t start_ms = ms_clock_monotonic_ms();
    uint64_t duration_ms;

    (void)state;
    ms_task_progress_begin(task, "store", 3000000);
    for (unsigned i = 0; i < 1000000; i++)
        ms_task_progress_add(task, 3, 1);
    duration_ms = ms_clock_monotonic_ms() - start_ms;
    assert_true(self.progress_count <= duration_ms / 100 + 1);
    ms_task_progress_end(task);
    assert_string_equal(self.progress.phase, "store");
    assert_true(self.progress.bytes_done == 3000000);
    assert_true(self.progress.bytes_total == 3000000);
    assert_true(self.progress.bytes_reused == 1000000);
    assert_true(self.progress.bytes_per_second > 0);

    ms_task_progress_begin(task, "verify", 0);
    ms_task_progress_end(task);
    assert_string_equal(self.progress.phase, "verify");
    assert_true(self.progress.bytes_done == 0);
    assert_true(self.progress.bytes_per_second == 0);
    free_task(&self, task);
}

static void test_progress_comes_ten_times_a_second_at_most(void **state)
{
    listener self;
    ms_task *task = new_task(&self, 1);
    uint64_t start_ms = ms_clock_monotonic_ms();

    (void)state;
    ms_task_progress_begin(task, "fetch", 0);
    while (self.progress_count < 2)
        ms_task_progress_add(task, 1, 0);
    assert_true(ms_clock_monotonic_ms() - start_ms >= 199);
    assert_true(self.progress.bytes_per_second > 0);
    free_task(&self, task);
}

static void test_notices_and_warnings(void **state)
{
    listener self;
    ms_task *task = new_task(&self, 1);

    (void)state;
    ms_task_notice(task, false, "a %s", "notice");
    assert_string_equal(self.notice, "a notice");
    assert_int_equal(ms_task_warning_count(task), 0);
    ms_task_notice(task, true, "a warning");
    assert_string_equal(self.notice, "a warning");
    assert_int_equal(ms_task_warning_count(task), 1);
    assert_string_equal(ms_task_warning(task, 0), "a warning");
    ms_task_notice(task, true, "%05000d", 1);
    assert_true(strlen(ms_task_warning(task, 1)) < 2000);
    free_task(&self, task);
}

static void test_the_last_warning_counts_those_that_do_not_fit(void **state)
{
    ms_task *task;
    const char *first;

    (void)state;
    assert_int_equal(ms_task_new(&task, NULL, NULL), MS_OK);
    for (unsigned i = 0; i < MS_TASK_WARNINGS_MAX; i++)
        ms_task_notice(task, true, "warning %u", i);
    first = ms_task_warning(task, 0);
    assert_int_equal(ms_task_warning_count(task), MS_TASK_WARNINGS_MAX);
    assert_string_equal(ms_task_warning(task, MS_TASK_WARNINGS_MAX - 1), "warning 99");
    ms_task_notice(task, true, "one more");
    assert_int_equal(ms_task_warning_count(task), MS_TASK_WARNINGS_MAX);
    assert_string_equal(ms_task_warning(task, MS_TASK_WARNINGS_MAX - 2), "warning 98");
    assert_string_equal(
            ms_task_warning(task, MS_TASK_WARNINGS_MAX - 1), "2 more warnings are not listed");
    ms_task_notice(task, true, "and one more");
    assert_string_equal(
            ms_task_warning(task, MS_TASK_WARNINGS_MAX - 1), "3 more warnings are not listed");
    assert_string_equal(first, "warning 0");
    ms_task_free(task);
}

static void test_a_warning_without_memory_is_counted(void **state)
{
    ms_task *task;

    (void)state;
    short_memory_begin(2);
    assert_int_equal(ms_task_new(&task, NULL, NULL), MS_OK);
    ms_task_notice(task, true, "lost");
    assert_int_equal(ms_task_warning_count(task), 1);
    assert_string_equal(ms_task_warning(task, 0), "1 more warnings are not listed");
    ms_task_free(task);
    assert_int_equal(short_memory_end(), 0);
    short_memory_begin(1);
    assert_int_equal(ms_task_new(&task, NULL, NULL), MS_NO_MEMORY);
    assert_int_equal(short_memory_end(), 0);
}

static void speak(void *payload)
{
    for (unsigned i = 0; i < 500; i++) {
        ms_task_notice(payload, i % 50 == 0, "from a thread");
        ms_task_progress_add(payload, 10, 5);
        if (ms_task_is_cancelled(payload))
            return;
    }
}

static void test_callbacks_of_many_threads_come_one_at_a_time(void **state)
{
    listener self;
    ms_task *task = new_task(&self, 1);
    ms_thread threads[4];

    (void)state;
    ms_task_progress_begin(task, "store", 20000);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(ms_thread_start(&threads[i], speak, task, NULL), MS_OK);
    for (size_t i = 0; i < 4; i++)
        ms_thread_join(&threads[i]);
    ms_task_progress_end(task);
    assert_int_equal(self.notice_count, 2000);
    assert_int_equal(ms_task_warning_count(task), 40);
    assert_true(self.progress.bytes_done == 20000);
    assert_true(self.progress.bytes_reused == 10000);
    free_task(&self, task);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_workers_are_bounded),
            cmocka_unit_test(test_nobody_watching_is_fine),
            cmocka_unit_test(test_cancel_from_a_signal_handler),
            cmocka_unit_test(test_only_a_long_wait_is_told),
            cmocka_unit_test(test_progress_is_sparse_and_its_end_is_told),
            cmocka_unit_test(test_progress_comes_ten_times_a_second_at_most),
            cmocka_unit_test(test_notices_and_warnings),
            cmocka_unit_test(test_the_last_warning_counts_those_that_do_not_fit),
            cmocka_unit_test(test_a_warning_without_memory_is_counted),
            cmocka_unit_test(test_callbacks_of_many_threads_come_one_at_a_time),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
