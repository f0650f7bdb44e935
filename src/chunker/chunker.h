/* Where a file is cut into chunks. Cuts of equal size now; callers see only offsets and sizes, so
 * that other ways to cut can stand behind the same calls. */
#ifndef MS_CHUNKER_CHUNKER_H
#define MS_CHUNKER_CHUNKER_H

#include "base/buffer.h"

#define MS_CHUNK_SIZE_MIN 4096
#define MS_CHUNK_SIZE_MAX 1048576
#define MS_CHUNK_SIZE_DEFAULT MS_CHUNK_SIZE_MAX

/** A value; nothing to release. */
typedef struct ms_chunker {
    uint32_t chunk_size; /* bytes of every chunk but the last of a file */
} ms_chunker;

/** chunk_size is a power of two from MS_CHUNK_SIZE_MIN to MS_CHUNK_SIZE_MAX, else MS_USAGE
 *  "chunk_size" and *chunker makes chunks of the default size. */
MS_MUST_CHECK ms_status ms_chunker_init(ms_chunker *chunker, uint64_t chunk_size, ms_error *err);

/** text as in a manifest: "size-1048576". false for anything else, another way to cut too; *chunker then
 *  makes chunks of the default size. */
bool ms_chunker_parse(ms_chunker *chunker, ms_span text);

/** Chunks of a file of file_size bytes; an empty file is one chunk of 0 bytes. */
uint64_t ms_chunker_count(const ms_chunker *chunker, uint64_t file_size);

/** Place of chunk index, which is below the count: offset and size in bytes. */
void ms_chunker_cut(const ms_chunker *chunker, uint64_t *offset, size_t *size, uint64_t file_size,
        uint64_t index);

#endif
