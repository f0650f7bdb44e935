/* The bytes inside a file that may be compressed: gzip, zstd, xz, bzip2 or none. Damage is noticed by
 * the checksums of the format, and the number of bytes that come out has a ceiling. */
#ifndef MS_ARCHIVE_UNPACKER_H
#define MS_ARCHIVE_UNPACKER_H

#include "archive/archive_format.h"
#include "task/task.h"

/** Window of a zstd frame, as a power of two: 128 MiB. xz may use what libarchive grants, 1 GiB. */
#define MS_UNPACKER_ZSTD_WINDOW_LOG_MAX 27

/** For one thread. */
typedef struct ms_unpacker ms_unpacker;

/** Read fd from its first byte on, wherever its position is; fd must support reading at an offset and
 *  stays the caller's. format is any but MS_ARCHIVE_NONE and MS_ARCHIVE_ZIP.
 *  output_max  ceiling of the bytes that may come out; passing it is MS_LIMIT "archive_ratio"
 *  task        looked at for cancel, at each read and each piece of the file; may be NULL */
MS_MUST_CHECK ms_status ms_unpacker_new(ms_unpacker **unpacker, int fd, ms_archive_format format,
        uint64_t output_max, const ms_task *task, ms_error *err);
/** The next size bytes; *got is less only at the end of the stream, which then was whole: checksums
 *  fit, and nothing but zeros follows. MS_MALFORMED "archive_truncated", "archive_damaged",
 *  "archive_trailing"; MS_LIMIT; MS_IO; MS_NO_MEMORY; MS_INTERRUPTED. */
MS_MUST_CHECK ms_status ms_unpacker_read(
        ms_unpacker *unpacker, void *data, size_t size, size_t *got, ms_error *err);
/** Bytes of the file that were read so far. */
uint64_t ms_unpacker_consumed(const ms_unpacker *unpacker);
void ms_unpacker_free(ms_unpacker *unpacker);

/* For the sources of the kinds of unpacker only. */

#define MS_UNPACKER_INPUT_SIZE ((size_t)256 << 10)

typedef struct ms_unpacker_operations {
    /* Up to size (at least 1) bytes; *got 0 only at the end. */
    ms_status (*read)(ms_unpacker *unpacker, void *data, size_t size, size_t *got, ms_error *err);
    void (*free)(ms_unpacker *unpacker);
} ms_unpacker_operations;

/** The first member of each kind's struct. */
struct ms_unpacker {
    const ms_unpacker_operations *operations;
    int fd;
    const ms_task *task;
    uint64_t offset; /* of the next read in the file */
    uint64_t output_size;
    uint64_t output_max;
    bool ended;
    bool input_ended;
    size_t input_position;
    size_t input_size;
    uint8_t *input; /* MS_UNPACKER_INPUT_SIZE bytes */
};

/** Bytes of the file not used yet; reads more when there are none. *size is 0 at the end of the file. */
MS_MUST_CHECK ms_status ms_unpacker__input(
        ms_unpacker *unpacker, const uint8_t **data, size_t *size, ms_error *err);
/** MS_OK when the rest of the file is zeros (padding), MS_MALFORMED "archive_trailing" else. */
MS_MUST_CHECK ms_status ms_unpacker__padding(ms_unpacker *unpacker, ms_error *err);
ms_status ms_unpacker__fail_truncated(const ms_unpacker *unpacker, ms_error *err);

MS_MUST_CHECK ms_status ms_unpacker_new_gzip(ms_unpacker **unpacker, ms_error *err);
MS_MUST_CHECK ms_status ms_unpacker_new_zstd(ms_unpacker **unpacker, ms_error *err);
MS_MUST_CHECK ms_status ms_unpacker_new_filter(
        ms_unpacker **unpacker, ms_archive_format format, ms_error *err);

#endif
