/* Reading and hashing many blocks whose names come one by one: a group is collected, then workers
 * share it. */
#ifndef MS_MODEL_BLOCK_READING_PRIV_H
#define MS_MODEL_BLOCK_READING_PRIV_H

#include "store/store.h"
#include "task/task.h"

/** Receives each block once, in the order of adding, in the thread that adds. */
typedef ms_status (*ms_block_read_fn)(void *payload, const ms_block_get *get, ms_error *err);

typedef struct ms_block_batch ms_block_batch;

/** Owned by whoever opened it; for one thread. Memory: 16 MiB for each worker and one batch more.
 */
typedef struct ms_block_reading {
    ms_store *store;
    ms_task *task;
    ms_block_read_fn read;
    void *payload;
    unsigned workers;
    ms_cid *cids; /* added and not yet read */
    size_t cid_count;
    size_t cid_capacity;
    size_t taken; /* of cids, by the group that runs */
    ms_block_batch *batches;
    size_t batch_count;
    uint8_t *buffers;
} ms_block_reading;

MS_MUST_CHECK ms_status ms_block_reading_open(ms_block_reading *reading, ms_store *store,
        ms_task *task, ms_block_read_fn read, void *payload, ms_error *err);
void ms_block_reading_release(ms_block_reading *reading);
/** Blocks may be given to read during this call. Blocks that are missing or damaged are no failure:
 * their status says so. */
MS_MUST_CHECK ms_status ms_block_reading_add(
        ms_block_reading *reading, const ms_cid *cid, ms_error *err);
/** Read what was added and not yet given. */
MS_MUST_CHECK ms_status ms_block_reading_finish(ms_block_reading *reading, ms_error *err);

#endif
