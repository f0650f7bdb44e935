/* One block file: reading it, comparing it, writing it under a temporary name. */
#ifndef MS_STORE_FS_BLOCK_PRIV_H
#define MS_STORE_FS_BLOCK_PRIV_H

#include "store/fs_home_priv.h"

/** Blocks of at least this size are written and compared with direct I/O: below it the latency of
 *  the disk costs more than the copy through the page cache. */
#define MS_FS_DIRECT_SIZE_MIN ((size_t)64 << 10)

/** Mode of blocks that this library wrote, before the umask: nobody may write. */
#define MS_FS_BLOCK_MODE 0444
static inline bool ms_fs_is_block_mode_ours(uint32_t mode)
{
    return (mode & 0222U) == 0;
}

/** Room to read into, aligned; made when first needed, and of the size that was asked for then. */
typedef struct ms_fs_scratch {
    uint8_t *data;
} ms_fs_scratch;
MS_MUST_CHECK ms_status ms_fs_scratch_need(ms_fs_scratch *scratch, size_t size, ms_error *err);
void ms_fs_scratch_release(ms_fs_scratch *scratch);

typedef enum ms_fs_reading {
    MS_FS_READ_CACHED, /* through the page cache */
    MS_FS_READ_AROUND, /* what the page cache has from there, the rest around it */
    MS_FS_READ_DISK    /* around the page cache, so that what is read is what the disk has */
} ms_fs_reading;

/** Read the file whole, where buffer and file system allow it in the way asked for. *size is set to the bytes found, also with MS_LIMIT (more than buffer_size).
 *  MS_NOT_FOUND; MS_INTEGRITY "block_no_file" for anything but a regular file; MS_IO. */
MS_MUST_CHECK ms_status ms_fs_block_read(int dirfd, const char *name, ms_fs_reading reading,
        void *buffer, size_t buffer_size, size_t *size, ms_error *err);

/** What a failure to read says about the block: true, that it cannot be used; false, that we could not look (no descriptor left,
 *  say), which is no verdict on it. */
bool ms_fs_block_is_unusable(const ms_error *failure);

typedef enum ms_fs_found {
    MS_FS_FOUND_NOTHING,
    MS_FS_FOUND_SAME,   /* these very bytes */
    MS_FS_FOUND_DAMAGED /* other bytes, bytes that cannot be read, or no file */
} ms_fs_found;

/** Compare what stands below dirfd under name with block, reading pieces into scratch, which nothing else has used. */
MS_MUST_CHECK ms_status ms_fs_block_compare(ms_fs_store *store, int dirfd, const char *name,
        ms_span block, ms_fs_scratch *scratch, ms_fs_found *found, ms_error *err);

/** Make a new file below dirfd: a clone of what the block was frozen in where there is that, else it is written. *fd stays
 *  open for a sync when keep_open, else it is -1. On failure nothing is left. */
MS_MUST_CHECK ms_status ms_fs_block_write(ms_fs_store *store, int dirfd, const char *name, const ms_block_put *put,
        bool keep_open, int *fd, ms_error *err);

#endif
