/* One block file: reading it, comparing it, writing it under a temporary name. */
#include "store/fs_block_priv.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "platform/file.h"

/* Never waits for a fifo, never follows a link. */
#define OPEN_FLAGS (MS_OPEN_READ | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR)
#define IS_ALIGNED(size) ((size) % MS_BLOCK_ALIGNMENT == 0)
/* Several reads of this size at a time go at the pace of the disk; larger ones are not faster and cost memory in every thread. */
#define COMPARE_SIZE ((size_t)192 << 10)

ms_status ms_fs_scratch_need(ms_fs_scratch *scratch, size_t size, ms_error *err)
{
    if (scratch->data == NULL)
        scratch->data = ms_alloc_aligned(MS_BLOCK_ALIGNMENT, size);
    return scratch->data != NULL ? MS_OK : ms_fail_memory(err, size);
}

void ms_fs_scratch_release(ms_fs_scratch *scratch)
{
    ms_free_aligned(scratch->data);
    scratch->data = NULL;
}

static bool is_no_file(const ms_error *failure)
{
    return failure->status == MS_MALFORMED || failure->os_errno == ELOOP;
}

static ms_status open_block(int *fd, int dirfd, const char *name, bool direct, ms_error *err)
{
    ms_error failure = MS_ERROR_INIT;
    ms_status status =
            ms_file_open(fd, dirfd, name, OPEN_FLAGS | (direct ? MS_OPEN_DIRECT : 0), 0, &failure);

    if (status == MS_OK)
        return MS_OK;
    if (is_no_file(&failure)) {
        status = ms_fail(err, MS_INTEGRITY, "block_no_file",
                "'%s' stands where a block should be and is no regular file", name);
        ms_error_set_path(err, name);
        return status;
    }
    ms_error_copy(err, &failure);
    return status;
}

/* Read size bytes, or up to the end of the file. A direct read asks for whole pages: the last one
 * comes back short. */
static ms_status read_open(int fd, bool direct, uint8_t *buffer, size_t buffer_size, uint64_t offset,
        size_t size, size_t *got, ms_error *err)
{
    size_t pages = (size + MS_BLOCK_ALIGNMENT - 1) / MS_BLOCK_ALIGNMENT * MS_BLOCK_ALIGNMENT;

    if (direct && IS_ALIGNED((uintptr_t)buffer) && pages <= buffer_size)
        return ms_file_read_at(fd, buffer, pages, offset, got, err);
    if (direct)
        ms_file_set_buffered(fd);
    return ms_file_read_at(fd, buffer, size, offset, got, err);
}

ms_status ms_fs_block_read(int dirfd, const char *name, ms_fs_reading reading, void *buffer,
        size_t buffer_size, size_t *size, ms_error *err)
{
    ms_file_status file;
    ms_status status;
    int fd = -1;

    *size = 0;
    status = open_block(&fd, dirfd, name, reading == MS_FS_READ_DISK, err);
    if (status != MS_OK)
        return status;
    status = ms_file_status_of(fd, &file, err);
    if (status != MS_OK)
        goto done;
    if (file.size > buffer_size) {
        *size = file.size <= SIZE_MAX ? (size_t)file.size : SIZE_MAX;
        status = ms_fail(err, MS_LIMIT, "block_too_large", "Block '%s' has %llu bytes, more than %zu", name,
                (unsigned long long)file.size, buffer_size);
        goto done;
    }
    if (reading == MS_FS_READ_AROUND && file.size >= MS_FS_DIRECT_SIZE_MIN)
        status = ms_file_read_around_cache(fd, buffer, buffer_size, (size_t)file.size, 0, size, err);
    else
        status = read_open(fd, reading == MS_FS_READ_DISK, buffer, buffer_size, 0, (size_t)file.size, size, err);
done:
    ms_file_close(fd);
    return status;
}

static ms_status compare_open(int fd, bool direct, ms_span block, ms_fs_scratch *scratch, bool *same,
        ms_error *err)
{
    ms_status status = ms_fs_scratch_need(scratch, COMPARE_SIZE, err);

    *same = false;
    for (size_t offset = 0; status == MS_OK && offset < block.size;) {
        size_t wanted = block.size - offset;
        size_t got;
        if (wanted > COMPARE_SIZE)
            wanted = COMPARE_SIZE;
        status = read_open(fd, direct, scratch->data, COMPARE_SIZE, offset, wanted, &got, err);
        if (status != MS_OK)
            return status;
        if (got != wanted || memcmp(scratch->data, block.data + offset, wanted) != 0)
            return MS_OK;
        offset += wanted;
    }
    *same = status == MS_OK;
    return status;
}

bool ms_fs_block_is_unusable(const ms_error *failure)
{
    return failure->status == MS_INTEGRITY || failure->os_errno == EIO || failure->os_errno == EACCES ||
           failure->os_errno == EPERM || failure->os_errno == EBADMSG;
}

ms_status ms_fs_block_compare(ms_fs_store *store, int dirfd, const char *name, ms_span block,
        ms_fs_scratch *scratch, ms_fs_found *found, ms_error *err)
{
    bool direct = store->direct_io != MS_DIRECT_IO_OFF && block.size >= MS_FS_DIRECT_SIZE_MIN;
    ms_error failure = MS_ERROR_INIT;
    ms_file_status file;
    ms_status status;
    bool same = false;
    int fd = -1;

    *found = MS_FS_FOUND_NOTHING;
    status = open_block(&fd, dirfd, name, direct, &failure);
    if (status == MS_NOT_FOUND)
        return MS_OK;
    if (status == MS_OK)
        status = ms_file_status_of(fd, &file, &failure);
    if (status == MS_OK && file.size == block.size)
        status = compare_open(fd, direct, block, scratch, &same, &failure);
    ms_file_close(fd);
    if (status != MS_OK && !ms_fs_block_is_unusable(&failure)) {
        ms_error_copy(err, &failure);
        return status;
    }
    *found = same ? MS_FS_FOUND_SAME : MS_FS_FOUND_DAMAGED;
    return MS_OK;
}

/* Whole pages around the cache, the tail through it. */
static ms_status write_direct(int fd, ms_span block, ms_error *err)
{
    size_t pages = block.size / MS_BLOCK_ALIGNMENT * MS_BLOCK_ALIGNMENT;
    ms_status status;

    /* Writing into reserved space needs no allocation under the inode's lock: measured 20 % faster. */
    status = ms_file_allocate(fd, block.size, err);
    if (status == MS_OK)
        status = ms_file_write_at(fd, block.data, pages, 0, err);
    if (status != MS_OK || pages == block.size)
        return status;
    ms_file_set_buffered(fd);
    return ms_file_write_at(fd, block.data + pages, block.size - pages, pages, err);
}

static ms_status write_buffered(int fd, ms_span block, ms_error *err)
{
    ms_status status = ms_file_write_at(fd, block.data, block.size, 0, err);

    if (status == MS_OK && block.size >= MS_FS_DIRECT_SIZE_MIN)
        ms_file_start_writeback(fd, 0, block.size);
    return status;
}

/* The frozen file holds the very bytes that were hashed and nobody else has it, so that the clone is as good as a write. */
static bool is_cloned(int fd, const ms_block_put *put)
{
    return put->frozen_fd > 0 && put->block.size >= MS_BLOCK_SHARED_SIZE_MIN &&
           ms_file_clone_range(fd, 0, put->frozen_fd, put->frozen_offset, put->block.size) == MS_FILE_CLONED;
}

ms_status ms_fs_block_write(ms_fs_store *store, int dirfd, const char *name, const ms_block_put *put,
        bool keep_open, int *fd, ms_error *err)
{
    ms_span block = put->block;
    bool direct = store->direct_io != MS_DIRECT_IO_OFF && block.size >= MS_FS_DIRECT_SIZE_MIN &&
                  IS_ALIGNED((uintptr_t)block.data);
    int flags = MS_OPEN_WRITE | MS_OPEN_CREATE | MS_OPEN_EXCLUSIVE | MS_OPEN_NOFOLLOW;
    ms_status status;

    status = ms_file_open(fd, dirfd, name, flags, MS_FS_BLOCK_MODE, err);
    if (status != MS_OK)
        return status;
    if (!is_cloned(*fd, put))
        status = direct && ms_file_set_direct(*fd) ? write_direct(*fd, block, err) : write_buffered(*fd, block, err);
    if (status == MS_OK && !keep_open) {
        status = ms_file_close_checked(*fd, err);
        *fd = -1;
    }
    if (status != MS_OK) {
        ms_file_close(*fd);
        *fd = -1;
        ms_fs_ignore(ms_file_remove(dirfd, name, NULL));
    }
    return status;
}
