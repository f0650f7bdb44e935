/* Memory of zlib. */
#include "archive/zlib_memory.h"

#include "base/alloc.h"

static void *allocate(void *payload, unsigned count, unsigned size)
{
    (void)payload;
    return ms_calloc(count, size);
}

static void release(void *payload, void *memory)
{
    (void)payload;
    ms_free(memory);
}

void ms_zlib_set_memory(z_stream *stream)
{
    stream->zalloc = allocate;
    stream->zfree = release;
}
