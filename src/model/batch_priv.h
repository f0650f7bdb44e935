/* How large batches of chunks are, how many of them there are, and how many threads work on them. */
#ifndef MS_MODEL_BATCH_PRIV_H
#define MS_MODEL_BATCH_PRIV_H

#include "model/storage_priv.h"
#include "task/task.h"

/** Bytes of the buffer of a batch. It holds chunks of the largest size enough for the lanes of SHA-256 and for few system calls,
 *  so few that memory stays at 20 MiB a job. */
size_t ms_batch_buffer_size(const ms_storage *storage);
/** Room for size bytes, aligned to MS_BLOCK_ALIGNMENT; NULL when memory is short. Freed by ms_free_aligned. */
uint8_t *ms_batch_buffer_new(size_t size);
/** Threads of the pipeline: more than processors, so that some wait for the disk while others hash. */
unsigned ms_batch_workers(const ms_task *task);
/** Bytes of buffer that a chunk of size bytes takes, so that the next one is aligned for direct I/O. */
size_t ms_batch_room(uint64_t size);
/** Batches in flight for that many threads. */
size_t ms_batch_count(unsigned workers);

#endif
