/* Ordered parallel work: one producer makes items in order, workers work on them in any order, one
 * consumer gets them back in order. The number of items in flight is fixed, so memory is too. */
#ifndef MS_TASK_PIPELINE_H
#define MS_TASK_PIPELINE_H

#include "task/task.h"

typedef struct ms_pipeline_stages {
    /* Fill the item; *end true (item unused) when there are no more. Called by the thread that runs
     * the pipeline. */
    ms_status (*produce)(void *payload, void *item, bool *end, ms_error *err);
    /* The heavy part, by any worker, several at once on different items. worker is 0..workers-1. */
    ms_status (*work)(void *payload, unsigned worker, void *item, ms_error *err);
    /* Take the finished item, in the order of produce. Called by the thread that runs the pipeline.
     */
    ms_status (*consume)(void *payload, void *item, ms_error *err);
    void *payload;
} ms_pipeline_stages;

/** Run to the end, the first failure, or the task's cancel. items is an array of item_count items
 * of item_size bytes owned by the caller (buffers inside them are made and freed by the caller);
 * they are reused round robin. With one worker, work is done by the calling thread. On return no
 * worker touches an item any more. After a failure the first error in item order is reported. */
MS_MUST_CHECK ms_status ms_pipeline_run(ms_task *task, const ms_pipeline_stages *stages,
        void *items, size_t item_size, size_t item_count, unsigned workers, ms_error *err);

#endif
