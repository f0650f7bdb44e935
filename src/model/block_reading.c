#include "model/block_reading_priv.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "task/pipeline.h"

#define BATCH_SIZE 8          /* blocks that are hashed together */
#define BATCHES_PER_WORKER 32 /* in one group, so that waiting for its end is little of its time   \
                               */

struct ms_block_batch {
    ms_block_get gets[BATCH_SIZE];
    size_t count;
    uint8_t *buffer; /* BATCH_SIZE of MS_BLOCK_SIZE_IN_MAX */
};

ms_status ms_block_reading_open(ms_block_reading *reading, ms_store *store, ms_task *task,
        ms_block_read_fn read, void *payload, ms_error *err)
{
    const size_t batch_bytes = BATCH_SIZE * (size_t)MS_BLOCK_SIZE_IN_MAX;
    const unsigned workers = ms_task_workers(task);
    *reading = (ms_block_reading){.store = store,
            .task = task,
            .read = read,
            .payload = payload,
            .workers = workers,
            .cid_capacity = (size_t)workers * BATCHES_PER_WORKER * BATCH_SIZE,
            .batch_count = workers == 1 ? 1 : (size_t)workers + 1};
    reading->cids = ms_calloc(reading->cid_capacity, sizeof(*reading->cids));
    reading->batches = ms_calloc(reading->batch_count, sizeof(*reading->batches));
    reading->buffers = ms_alloc_aligned(MS_BLOCK_ALIGNMENT, reading->batch_count * batch_bytes);
    if (reading->cids == NULL || reading->batches == NULL || reading->buffers == NULL) {
        ms_block_reading_release(reading);
        return ms_fail_memory(err, reading->batch_count * batch_bytes);
    }
    for (size_t i = 0; i < reading->batch_count; i++)
        reading->batches[i].buffer = reading->buffers + i * batch_bytes;
    return MS_OK;
}

void ms_block_reading_release(ms_block_reading *reading)
{
    ms_free(reading->cids);
    ms_free(reading->batches);
    ms_free_aligned(reading->buffers);
    *reading = (ms_block_reading){0};
}

static ms_status produce(void *payload, void *item, bool *end, ms_error *err)
{
    ms_block_reading *reading = (ms_block_reading *)payload;
    ms_block_batch *batch = (ms_block_batch *)item;
    (void)err;
    batch->count = MS_MIN((size_t)BATCH_SIZE, reading->cid_count - reading->taken);
    *end = batch->count == 0;
    for (size_t i = 0; i < batch->count; i++)
        batch->gets[i] = (ms_block_get){.cid = reading->cids[reading->taken++],
                .buffer = batch->buffer + i * (size_t)MS_BLOCK_SIZE_IN_MAX,
                .buffer_size = MS_BLOCK_SIZE_IN_MAX};
    return MS_OK;
}

/* What came of each block stands in the batch. */
static ms_status pass(void *payload, ms_block_get *const *done, size_t count, ms_error *err)
{
    (void)payload;
    (void)done;
    (void)count;
    (void)err;
    return MS_OK;
}

static ms_status work(void *payload, unsigned worker, void *item, ms_error *err)
{
    ms_block_reading *reading = (ms_block_reading *)payload;
    ms_block_batch *batch = (ms_block_batch *)item;
    (void)worker;
    return ms_store_get_many(reading->store, batch->gets, batch->count, pass, NULL, err);
}

static ms_status consume(void *payload, void *item, ms_error *err)
{
    ms_block_reading *reading = (ms_block_reading *)payload;
    const ms_block_batch *batch = (const ms_block_batch *)item;
    ms_status status = MS_OK;
    for (size_t i = 0; status == MS_OK && i < batch->count; i++)
        status = reading->read(reading->payload, &batch->gets[i], err);
    return status;
}

ms_status ms_block_reading_finish(ms_block_reading *reading, ms_error *err)
{
    static const ms_pipeline_stages shape = {.produce = produce, .work = work, .consume = consume};
    ms_pipeline_stages stages = shape;
    stages.payload = reading;
    reading->taken = 0;
    ms_status status = ms_pipeline_run(reading->task, &stages, reading->batches,
            sizeof(*reading->batches), reading->batch_count, reading->workers, err);
    reading->cid_count = 0;
    return status;
}

ms_status ms_block_reading_add(ms_block_reading *reading, const ms_cid *cid, ms_error *err)
{
    reading->cids[reading->cid_count++] = *cid;
    return reading->cid_count == reading->cid_capacity ? ms_block_reading_finish(reading, err)
                                                       : MS_OK;
}
