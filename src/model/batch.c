#include "model/batch_priv.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "crypto/sha256.h"
#include "platform/large_pages.h"
#include "store/store.h"

/* With few lanes four chunks are best; with 16 lanes a batch is 16 chunks, and of those one more than jobs is affordable, where
 * there is more than one. */
#define BATCH_CHUNKS_MIN 4

static size_t batch_chunks(void)
{
    return MS_MAX((size_t)BATCH_CHUNKS_MIN, ms_sha256_lanes());
}

static bool are_batches_large(void)
{
    return batch_chunks() > BATCH_CHUNKS_MIN;
}

size_t ms_batch_buffer_size(const ms_storage *storage)
{
    const uint64_t wanted = ms_storage_batch_bytes(storage);
    const size_t size = batch_chunks() * MS_BLOCK_SIZE_OUT_MAX;
    return wanted == 0 || wanted > size ? size : (size_t)wanted;
}

uint8_t *ms_batch_buffer_new(size_t size)
{
    uint8_t *buffer = ms_alloc_aligned(size >= MS_LARGE_PAGE_SIZE ? MS_LARGE_PAGE_SIZE : MS_BLOCK_ALIGNMENT, size);
    if (buffer != NULL)
        ms_large_pages_use(buffer, size);
    return buffer;
}

unsigned ms_batch_workers(const ms_task *task)
{
    const unsigned jobs = ms_task_workers(task);
    if (are_batches_large())
        return jobs == 1 ? 1 : jobs + 1;
    return jobs * 2;
}

size_t ms_batch_room(uint64_t size)
{
    const size_t aligned = ((size_t)size + MS_BLOCK_ALIGNMENT - 1) & ~(size_t)(MS_BLOCK_ALIGNMENT - 1);
    return MS_MAX(aligned, (size_t)MS_BLOCK_ALIGNMENT);
}

size_t ms_batch_count(unsigned workers)
{
    return workers == 1 || are_batches_large() ? (size_t)workers : (size_t)workers + workers / 2 + 1;
}
