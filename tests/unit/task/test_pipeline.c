/* Ordered parallel work: order, first error, cancel, fixed number of items. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <sched.h>

#include "doubles/short_memory.h"
#include "task/pipeline.h"

#define ITEMS_MAX 16
#define NEVER UINT64_MAX

typedef struct item {
    uint64_t number;
    uint64_t result;
} item;

typedef struct run {
    ms_task *task;
    uint64_t count; /* items to produce */
    uint64_t produced;
    uint64_t consumed;
    uint64_t fail_produce; /* number that fails in each stage, or NEVER */
    uint64_t fail_work;
    uint64_t fail_work_too;
    uint64_t fail_consume;
    uint64_t cancel_at;                              /* number whose consumer cancels */
    void (*hold)(struct run *self, uint64_t number); /* makes work wait; may be NULL */
    atomic_bool late_taken;                          /* by hold_late_failure */
    atomic_uint failures;
    atomic_uint working; /* items in the heavy part now */
    atomic_uint working_max;
    atomic_bool worker_seen[64];
    pthread_t runner;
    atomic_uint elsewhere; /* items worked on outside the calling thread */
} run;

static run run_of(uint64_t count)
{
    return (run){.count = count,
            .fail_produce = NEVER,
            .fail_work = NEVER,
            .fail_work_too = NEVER,
            .fail_consume = NEVER,
            .cancel_at = NEVER,
            .runner = pthread_self()};
}

static ms_status produce(void *payload, void *memory, bool *end, ms_error *err)
{
    run *self = payload;
    item *made = memory;

    assert_true(pthread_equal(pthread_self(), self->runner));
    if (self->produced == self->fail_produce)
        return ms_fail(err, MS_IO, "produce", "produce %d", (int)self->produced);
    *end = self->produced == self->count;
    if (*end)
        return MS_OK;
    assert_true(self->produced - self->consumed < ITEMS_MAX);
    *made = (item){.number = self->produced++};
    return MS_OK;
}

static ms_status work(void *payload, unsigned worker, void *memory, ms_error *err)
{
    run *self = payload;
    item *taken = memory;
    unsigned working = atomic_fetch_add(&self->working, 1) + 1;
    unsigned most = atomic_load(&self->working_max);

    while (working > most && !atomic_compare_exchange_weak(&self->working_max, &most, working))
        continue;
    atomic_store(&self->worker_seen[worker], true);
    if (!pthread_equal(pthread_self(), self->runner))
        atomic_fetch_add(&self->elsewhere, 1);
    if (self->hold != NULL)
        self->hold(self, taken->number);
    taken->result = taken->number * taken->number;
    atomic_fetch_sub(&self->working, 1);
    if (taken->number == self->fail_work || taken->number == self->fail_work_too) {
        atomic_fetch_add(&self->failures, 1);
        return ms_fail(err, MS_MALFORMED, "work", "work %d", (int)taken->number);
    }
    return MS_OK;
}

static ms_status consume(void *payload, void *memory, ms_error *err)
{
    run *self = payload;
    const item *done = memory;

    assert_true(pthread_equal(pthread_self(), self->runner));
    assert_true(done->number == self->consumed);
    assert_true(done->result == done->number * done->number);
    if (done->number == self->fail_consume)
        return ms_fail(err, MS_NETWORK, "consume", "consume %d", (int)done->number);
    if (done->number == self->cancel_at)
        ms_task_cancel(self->task);
    self->consumed++;
    return MS_OK;
}

static ms_status run_items(run *self, size_t item_count, unsigned workers, ms_error *err)
{
    static item items[ITEMS_MAX];
    const ms_pipeline_stages stages = {
            .produce = produce, .work = work, .consume = consume, .payload = self};
    ms_status status =
            ms_pipeline_run(self->task, &stages, items, sizeof(items[0]), item_count, workers, err);

    assert_int_equal(atomic_load(&self->working), 0);
    return status;
}

/* Every test runs for several widths of the pipeline, the narrowest and the one without threads
 * too. */
static const struct width {
    size_t items;
    unsigned workers;
} widths[] = {{1, 1}, {4, 1}, {1, 2}, {2, 2}, {3, 8}, {16, 4}, {16, 16}};
#define EACH_WIDTH(width)                                                                          \
    for (const struct width *width = widths; width < widths + sizeof(widths) / sizeof(widths[0]);  \
            width++)

static void test_items_come_out_in_order(void **state)
{
    (void)state;
    EACH_WIDTH(width)
    {
        for (uint64_t count = 0; count < 40; count += count < 3 ? 1 : 12) {
            run self = run_of(count);

            assert_int_equal(run_items(&self, width->items, width->workers, NULL), MS_OK);
            assert_true(self.consumed == count);
            assert_true(atomic_load(&self.working_max) <= width->items);
        }
    }
}

static void test_many_items_pass_through_few_slots(void **state)
{
    run self = run_of(20000);

    (void)state;
    assert_int_equal(run_items(&self, 4, 3, NULL), MS_OK);
    assert_true(self.consumed == 20000);
    for (unsigned i = 3; i < 64; i++)
        assert_false(atomic_load(&self.worker_seen[i]));
}

static void test_one_worker_is_the_calling_thread(void **state)
{
    run self = run_of(10);

    (void)state;
    assert_int_equal(run_items(&self, 4, 1, NULL), MS_OK);
    assert_int_equal(atomic_load(&self.elsewhere), 0);
    self = run_of(10);
    assert_int_equal(run_items(&self, 4, 2, NULL), MS_OK);
    assert_int_equal(atomic_load(&self.elsewhere), 10);
}

static void test_failure_of_each_stage_comes_after_all_before_it(void **state)
{
    (void)state;
    EACH_WIDTH(width)
    {
        for (uint64_t number = 0; number < 12; number++) {
            ms_error err = MS_ERROR_INIT;
            char message[32];
            run self = run_of(30);

            self.fail_produce = number;
            assert_int_equal(run_items(&self, width->items, width->workers, &err), MS_IO);
            assert_string_equal(err.reason, "produce");
            assert_true(self.consumed == number);

            self = run_of(30);
            self.fail_work = number;
            assert_int_equal(run_items(&self, width->items, width->workers, &err), MS_MALFORMED);
            (void)snprintf(message, sizeof(message), "work %d", (int)number);
            assert_string_equal(err.message, message);
            assert_true(self.consumed == number);

            self = run_of(30);
            self.fail_consume = number;
            assert_int_equal(run_items(&self, width->items, width->workers, &err), MS_NETWORK);
            assert_string_equal(err.reason, "consume");
            assert_true(self.consumed == number);
        }
    }
}

/* Item 2 fails only after item 5 has. */
static void hold_first_failure(run *self, uint64_t number)
{
    while (number == 2 && atomic_load(&self->failures) == 0)
        sched_yield();
}

/* Item 5 fails only after item 2 has, and nothing is consumed before both have. */
static void hold_late_failure(run *self, uint64_t number)
{
    if (number == 5)
        atomic_store(&self->late_taken, true);
    while (number == 2 && !atomic_load(&self->late_taken))
        sched_yield();
    while (number == 5 && atomic_load(&self->failures) == 0)
        sched_yield();
    for (unsigned i = 0; number == 5 && i < 1000; i++)
        sched_yield(); /* the failure of item 2 is counted just before it is returned */
    while (number == 0 && atomic_load(&self->failures) < 2)
        sched_yield();
    for (unsigned i = 0; number == 0 && i < 1000; i++)
        sched_yield();
}

static void test_first_failure_in_item_order_is_reported(void **state)
{
    ms_error err = MS_ERROR_INIT;
    run self = run_of(30);

    (void)state;
    self.fail_work = 2;
    self.fail_work_too = 5;
    self.hold = hold_first_failure;
    assert_int_equal(run_items(&self, 16, 4, &err), MS_MALFORMED);
    assert_string_equal(err.message, "work 2");
    assert_true(self.consumed == 2);

    self = run_of(30);
    self.fail_work = 2;
    self.fail_work_too = 5;
    self.hold = hold_late_failure;
    assert_int_equal(run_items(&self, 16, 4, &err), MS_MALFORMED);
    assert_string_equal(err.message, "work 2");
    assert_true(self.consumed == 2);
}

static void test_failure_to_produce_comes_after_the_items_before_it(void **state)
{
    ms_error err = MS_ERROR_INIT;
    run self = run_of(30);

    (void)state;
    self.fail_produce = 6;
    self.fail_work = 5;
    assert_int_equal(run_items(&self, 16, 4, &err), MS_MALFORMED);
    assert_string_equal(err.message, "work 5");
    assert_true(self.consumed == 5);
}

static void test_cancel_ends_the_run(void **state)
{
    (void)state;
    EACH_WIDTH(width)
    {
        ms_error err = MS_ERROR_INIT;
        run self = run_of(1000000);

        assert_int_equal(ms_task_new(&self.task, NULL, NULL), MS_OK);
        self.cancel_at = 7;
        assert_int_equal(run_items(&self, width->items, width->workers, &err), MS_INTERRUPTED);
        assert_string_equal(err.reason, "cancelled");
        assert_true(self.consumed == 8);
        self = (run){.task = self.task, .count = 5, .runner = pthread_self()};
        assert_int_equal(run_items(&self, width->items, width->workers, &err), MS_INTERRUPTED);
        assert_true(self.produced == 0);
        ms_task_free(self.task);
    }
}

static void test_short_memory_is_reported(void **state)
{
    (void)state;
    for (size_t fail_at = 1; fail_at <= 2; fail_at++) {
        ms_error err = MS_ERROR_INIT;
        run self = run_of(5);

        short_memory_begin(fail_at);
        assert_int_equal(run_items(&self, 4, 2, &err), MS_NO_MEMORY);
        assert_int_equal(short_memory_end(), 0);
        assert_true(self.produced == 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_items_come_out_in_order),
            cmocka_unit_test(test_many_items_pass_through_few_slots),
            cmocka_unit_test(test_one_worker_is_the_calling_thread),
            cmocka_unit_test(test_failure_of_each_stage_comes_after_all_before_it),
            cmocka_unit_test(test_first_failure_in_item_order_is_reported),
            cmocka_unit_test(test_failure_to_produce_comes_after_the_items_before_it),
            cmocka_unit_test(test_cancel_ends_the_run),
            cmocka_unit_test(test_short_memory_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
