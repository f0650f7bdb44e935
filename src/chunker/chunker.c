/* Cuts of equal size: chunk i of a file begins at i times the chunk size. */
#include "chunker/chunker.h"

#include <assert.h>
#include <string.h>

#include "base/checked.h"

ms_status ms_chunker_init(ms_chunker *chunker, uint64_t chunk_size, ms_error *err)
{
    chunker->chunk_size = MS_CHUNK_SIZE_DEFAULT;
    if (chunk_size < MS_CHUNK_SIZE_MIN || chunk_size > MS_CHUNK_SIZE_MAX ||
            (chunk_size & (chunk_size - 1)) != 0)
        return ms_fail(err, MS_USAGE, "chunk_size",
                "A chunk size is a power of two from %d to %d bytes, not %llu", MS_CHUNK_SIZE_MIN,
                MS_CHUNK_SIZE_MAX, (unsigned long long)chunk_size);
    chunker->chunk_size = (uint32_t)chunk_size;
    return MS_OK;
}

bool ms_chunker_parse(ms_chunker *chunker, ms_span text)
{
    static const char prefix[] = "size-";
    const size_t prefix_size = sizeof(prefix) - 1;
    uint64_t chunk_size = 0;
    bool is_number = text.size > prefix_size && memcmp(text.data, prefix, prefix_size) == 0 &&
                     text.data[prefix_size] != '0';

    for (size_t i = prefix_size; is_number && i < text.size; i++) {
        is_number = text.data[i] >= '0' && text.data[i] <= '9' && chunk_size <= MS_CHUNK_SIZE_MAX;
        chunk_size = chunk_size * 10 + (uint64_t)(text.data[i] - '0');
    }
    /* A size that is none falls out of the limits. */
    return ms_chunker_init(chunker, is_number ? chunk_size : 0, NULL) == MS_OK;
}

uint64_t ms_chunker_count(const ms_chunker *chunker, uint64_t file_size)
{
    /* Not (file_size + chunk_size - 1) / chunk_size, which overflows. */
    return file_size == 0 ? 1 : (file_size - 1) / chunker->chunk_size + 1;
}

void ms_chunker_cut(const ms_chunker *chunker, uint64_t *offset, size_t *size, uint64_t file_size,
        uint64_t index)
{
    assert(index < ms_chunker_count(chunker, file_size));
    *offset = index * chunker->chunk_size;
    *size = (size_t)MS_MIN(file_size - *offset, (uint64_t)chunker->chunk_size);
}
