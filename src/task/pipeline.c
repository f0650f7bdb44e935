/* Ordered parallel work over a fixed ring of items. Item number i lives in slot i % item_count; it
 * is produced, worked on and consumed in that order, and its slot is reused after it was consumed.
 */
#include "task/pipeline.h"

#include <assert.h>

#include "base/alloc.h"
#include "base/log.h"
#include "platform/thread.h"

#define NO_FAILURE UINT64_MAX

typedef struct pipeline {
    ms_task *task;
    const ms_pipeline_stages *stages;
    uint8_t *items;
    size_t item_size;
    size_t item_count;

    ms_mutex lock; /* guards everything below; items belong to whoever has taken their number */
    ms_condition work_due;
    ms_condition work_done;
    bool *done;        /* of the item in each slot: worked on, waiting to be consumed */
    uint64_t produced; /* numbers below are made */
    uint64_t taken;    /* numbers below are taken by workers, in order */
    uint64_t failed;   /* lowest number whose work failed; workers take nothing after it */
    ms_status status;  /* of that one */
    ms_error error;    /* of that one */
    bool stopped;
} pipeline;

typedef struct worker {
    pipeline *pipeline;
    unsigned index;
    ms_thread thread;
} worker;

static void *item_at(const pipeline *run, uint64_t number)
{
    return run->items + (size_t)(number % run->item_count) * run->item_size;
}

/* The lock is held. Numbers are taken in order, so all below a failed one are taken and will be
 * done: the consumer always gets as far as the first failure. */
static void finish_item(pipeline *run, uint64_t number, ms_status status, const ms_error *err)
{
    run->done[number % run->item_count] = true;
    if (status != MS_OK && number < run->failed) {
        run->failed = number;
        run->status = status;
        ms_error_copy(&run->error, err);
        ms_condition_broadcast(&run->work_due);
    }
    ms_condition_signal(&run->work_done);
}

static void run_worker(void *payload)
{
    worker *self = payload;
    pipeline *run = self->pipeline;

    ms_mutex_lock(&run->lock);
    for (;;) {
        ms_error err = MS_ERROR_INIT;
        ms_status status;
        uint64_t number;

        while (!run->stopped && run->failed == NO_FAILURE && run->taken == run->produced)
            ms_condition_wait(&run->work_due, &run->lock);
        if (run->stopped || run->failed != NO_FAILURE)
            break;
        number = run->taken++;
        ms_mutex_unlock(&run->lock);
        status = run->stages->work(run->stages->payload, self->index, item_at(run, number), &err);
        ms_mutex_lock(&run->lock);
        finish_item(run, number, status, &err);
    }
    ms_mutex_unlock(&run->lock);
}

/* What the calling thread can do next. */
typedef enum next_step { STEP_CONSUME, STEP_PRODUCE, STEP_FAILED, STEP_END } next_step;

/* Consuming goes first: it makes room. Waits while neither is possible. */
static next_step await_step(pipeline *run, uint64_t consumed, bool ended)
{
    next_step step;

    ms_mutex_lock(&run->lock);
    for (;;) {
        if (consumed < run->produced && run->done[consumed % run->item_count]) {
            step = consumed == run->failed ? STEP_FAILED : STEP_CONSUME;
            break;
        }
        if (!ended && run->failed == NO_FAILURE && run->produced - consumed < run->item_count) {
            step = STEP_PRODUCE;
            break;
        }
        if (consumed == run->produced) {
            step = STEP_END;
            break;
        }
        ms_condition_wait(&run->work_done, &run->lock);
    }
    ms_mutex_unlock(&run->lock);
    return step;
}

static void hand_to_workers(pipeline *run)
{
    ms_mutex_lock(&run->lock);
    run->done[run->produced % run->item_count] = false;
    run->produced++;
    ms_condition_signal(&run->work_due);
    ms_mutex_unlock(&run->lock);
}

/* The part of the calling thread: produce and consume until the end or the first failure in the
 * order of items. A failure to produce comes after all items that were made before it. */
static ms_status feed_workers(pipeline *run, ms_error *err)
{
    const ms_pipeline_stages *stages = run->stages;
    ms_error produce_error = MS_ERROR_INIT;
    ms_status produce_status = MS_OK;
    uint64_t consumed = 0;
    bool ended = false;

    for (;;) {
        ms_status status = ms_task_check(run->task, err);

        if (status != MS_OK)
            return status;
        switch (await_step(run, consumed, ended)) {
        case STEP_CONSUME:
            status = stages->consume(stages->payload, item_at(run, consumed), err);
            if (status != MS_OK)
                return status;
            consumed++;
            break;
        case STEP_PRODUCE:
            produce_status = stages->produce(
                    stages->payload, item_at(run, run->produced), &ended, &produce_error);
            if (produce_status != MS_OK)
                ended = true;
            if (!ended)
                hand_to_workers(run);
            break;
        case STEP_FAILED:
            ms_error_copy(err, &run->error);
            return run->status;
        case STEP_END:
            if (produce_status != MS_OK)
                ms_error_copy(err, &produce_error);
            return produce_status;
        }
    }
}

/* Fewer workers than asked for do the same work; none at all is the caller's case to handle. */
static unsigned start_workers(pipeline *run, worker *workers, unsigned count)
{
    unsigned started = 0;

    while (started < count) {
        ms_error err = MS_ERROR_INIT;

        workers[started] = (worker){.pipeline = run, .index = started};
        if (ms_thread_start(&workers[started].thread, run_worker, &workers[started], &err) !=
                MS_OK) {
            ms_log(MS_LOG_WARNING, "%u of %u workers: %s", started, count, err.message);
            break;
        }
        started++;
    }
    return started;
}

static void stop_workers(pipeline *run, worker *workers, unsigned count)
{
    ms_mutex_lock(&run->lock);
    run->stopped = true;
    ms_condition_broadcast(&run->work_due);
    ms_mutex_unlock(&run->lock);
    for (unsigned i = 0; i < count; i++)
        ms_thread_join(&workers[i].thread);
}

static ms_status run_alone(pipeline *run, ms_error *err)
{
    const ms_pipeline_stages *stages = run->stages;

    for (uint64_t number = 0;; number++) {
        void *item = item_at(run, number);
        bool end = false;
        ms_status status = ms_task_check(run->task, err);

        if (status == MS_OK)
            status = stages->produce(stages->payload, item, &end, err);
        if (status != MS_OK || end)
            return status;
        status = stages->work(stages->payload, 0, item, err);
        if (status == MS_OK)
            status = stages->consume(stages->payload, item, err);
        if (status != MS_OK)
            return status;
    }
}

static ms_status run_shared(pipeline *run, unsigned count, ms_error *err)
{
    worker *workers = ms_calloc(count, sizeof(*workers));
    ms_status status;

    run->done = ms_calloc(run->item_count, sizeof(*run->done));
    if (workers == NULL || run->done == NULL) {
        status = ms_fail_memory(err, count * sizeof(*workers) + run->item_count);
        goto done;
    }
    ms_mutex_init(&run->lock);
    ms_condition_init(&run->work_due);
    ms_condition_init(&run->work_done);
    count = start_workers(run, workers, count);
    status = count > 0 ? feed_workers(run, err) : run_alone(run, err);
    stop_workers(run, workers, count);
    ms_condition_release(&run->work_done);
    ms_condition_release(&run->work_due);
    ms_mutex_release(&run->lock);

done:
    ms_free(run->done);
    ms_free(workers);
    return status;
}

ms_status ms_pipeline_run(ms_task *task, const ms_pipeline_stages *stages, void *items,
        size_t item_size, size_t item_count, unsigned workers, ms_error *err)
{
    pipeline run = {.task = task,
            .stages = stages,
            .items = items,
            .item_size = item_size,
            .item_count = item_count,
            .failed = NO_FAILURE,
            .error = MS_ERROR_INIT};

    assert(item_count > 0 && workers > 0);
    return workers == 1 ? run_alone(&run, err) : run_shared(&run, workers, err);
}
