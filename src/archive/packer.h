/* A stream of bytes on its way into an archive file: as it is, or compressed by several threads. The
 * output depends on the input and the library versions alone, never on the number of threads. */
#ifndef MS_ARCHIVE_PACKER_H
#define MS_ARCHIVE_PACKER_H

#include "archive/archive_format.h"

/** Threads that compress, at most; each takes about 4 MiB for gzip and 16 MiB for zstd. */
#define MS_PACKER_WORKERS_MAX 64

/** Where the bytes go, in order; called by the thread that writes into the packer. */
typedef struct ms_archive_output {
    ms_status (*write)(void *payload, const void *data, size_t size, ms_error *err);
    void *payload;
} ms_archive_output;

/** For one thread. After a failure only ms_packer_free makes sense. */
typedef struct ms_packer ms_packer;

/** format is one that ms_archive_format_is_writable; workers 0 means the processors available. */
MS_MUST_CHECK ms_status ms_packer_new(ms_packer **packer, ms_archive_format format,
        const ms_archive_output *output, unsigned workers, ms_error *err);
/** Take size bytes; they are copied or written out before it returns. */
MS_MUST_CHECK ms_status ms_packer_write(
        ms_packer *packer, const void *data, size_t size, ms_error *err);
/** Write out all that is left and the end of the stream. Nothing may be written afterwards. */
MS_MUST_CHECK ms_status ms_packer_finish(ms_packer *packer, ms_error *err);
void ms_packer_free(ms_packer *packer);

/* For the sources of the kinds of packer only. */

typedef struct ms_packer_operations {
    ms_status (*write)(ms_packer *packer, const void *data, size_t size, ms_error *err);
    ms_status (*finish)(ms_packer *packer, ms_error *err);
    void (*free)(ms_packer *packer);
} ms_packer_operations;

/** The first member of each kind's struct. */
struct ms_packer {
    const ms_packer_operations *operations;
    ms_archive_output output;
};

MS_MUST_CHECK ms_status ms_packer_new_gzip(ms_packer **packer, unsigned workers, ms_error *err);
MS_MUST_CHECK ms_status ms_packer_new_zstd(ms_packer **packer, unsigned workers, ms_error *err);

#endif
