/* Open files: opening, reading, writing, syncing. Short counts are finished here; a failed sync is
 * reported and never tried again, because the kernel may have dropped the pages and would then answer
 * that all is well. */
#include "platform/file.h"

#include <errno.h>

#include "base/checked.h"
#include "platform/beneath.h"
#include "platform/descriptor.h"
#include "platform/path_error.h"
#include "platform/sys.h"

/* Some systems refuse larger counts instead of shortening them. */
#define TRANSFER_SIZE_MAX ((size_t)1 << 30)

static int native_flags(int flags)
{
    int native = O_CLOEXEC | O_NOCTTY;

    if ((flags & MS_OPEN_READ) != 0 && (flags & MS_OPEN_WRITE) != 0)
        native |= O_RDWR;
    else if ((flags & MS_OPEN_WRITE) != 0)
        native |= O_WRONLY;
    else
        native |= O_RDONLY;
    native |= (flags & MS_OPEN_CREATE) != 0 ? O_CREAT : 0;
    native |= (flags & MS_OPEN_EXCLUSIVE) != 0 ? O_EXCL : 0;
    native |= (flags & MS_OPEN_TRUNCATE) != 0 ? O_TRUNC : 0;
    native |= (flags & MS_OPEN_DIRECTORY) != 0 ? O_DIRECTORY : 0;
    native |= (flags & MS_OPEN_APPEND) != 0 ? O_APPEND : 0;
    native |= (flags & MS_OPEN_PATH_ONLY_REGULAR) != 0 ? O_NONBLOCK : 0;
    return native;
}

static ms_status fail_not_a_file(ms_error *err, const char *path)
{
    ms_status status = ms_fail(err, MS_MALFORMED, "not_a_file", "'%s' is not a regular file", path);
    ms_error_set_path(err, path);
    return status;
}

static ms_status fail_open(ms_error *err, int os_errno, const char *path, int flags)
{
    bool only_regular = (flags & MS_OPEN_PATH_ONLY_REGULAR) != 0;

    /* A folder opened for writing, a fifo without a reader, a socket. */
    if (only_regular && (os_errno == EISDIR || os_errno == ENXIO))
        return fail_not_a_file(err, path);
    if (os_errno == ELOOP && (flags & (MS_OPEN_NOFOLLOW | MS_OPEN_BENEATH)) != 0)
        return ms_path_fail(err, os_errno, "path_is_link", "open through a link", path);
    if (os_errno == EXDEV && (flags & MS_OPEN_BENEATH) != 0)
        return ms_path_fail(err, os_errno, "path_escapes", "leave the folder by", path);
    return ms_path_fail(err, os_errno, "open_failed", "open", path);
}

/* Refuse what is no regular file and give the open one its lasting status flags. */
static ms_status settle_open_file(int fd, const char *path, int flags, ms_error *err)
{
    bool only_regular = (flags & MS_OPEN_PATH_ONLY_REGULAR) != 0;
    bool direct = (flags & MS_OPEN_DIRECT) != 0 && MS_SYS_O_DIRECT != 0;
    int append = (flags & MS_OPEN_APPEND) != 0 ? O_APPEND : 0;
    struct stat status;

    if (only_regular) {
        if (ms_sys_fstat(fd, &status) != 0)
            return ms_path_fail(err, errno, "open_failed", "open", path);
        if (!S_ISREG(status.st_mode))
            return fail_not_a_file(err, path);
    }
    /* O_DIRECT is asked for on the open file: passed to open, it may leave a new file behind and
     * fail all the same where it is not known. Refusal means buffered. */
    if (direct && ms_sys_fcntl_setfl(fd, append | MS_SYS_O_DIRECT) == 0)
        return MS_OK;
    if (only_regular && ms_sys_fcntl_setfl(fd, append) != 0)
        return ms_path_fail(err, errno, "open_failed", "open", path);
    return MS_OK;
}

ms_status ms_file_open(
        int *fd, int dirfd, const char *path, int flags, uint32_t mode, ms_error *err)
{
    int native = native_flags(flags);
    ms_status status;
    int opened;

    *fd = -1;
    if ((flags & MS_OPEN_BENEATH) != 0)
        opened = ms_beneath_open(dirfd, path, native, (mode_t)mode);
    else if ((flags & MS_OPEN_NOFOLLOW) != 0)
        opened = ms_open_nofollow(dirfd, path, native, (mode_t)mode);
    else
        opened = ms_sys_openat(dirfd, path, native, (mode_t)mode);
    opened = ms_descriptor_raise(opened);
    if (opened < 0)
        return fail_open(err, errno, path, flags);
    status = settle_open_file(opened, path, flags, err);
    if (status != MS_OK) {
        ms_file_close(opened);
        return status;
    }
    *fd = opened;
    return MS_OK;
}

void ms_file_close(int fd)
{
    int os_errno = errno;
    if (fd >= 0)
        ms_sys_close(fd);
    errno = os_errno;
}

ms_status ms_file_close_checked(int fd, ms_error *err)
{
    /* Whatever close answers, the descriptor is gone: it is never closed twice. A signal means no
     * more than that: whether what was written is on the disk is for the sync to say. */
    if (fd >= 0 && ms_sys_close(fd) != 0 && errno != EINTR)
        return ms_fail_errno(err, errno, "close_failed", "Closing a file after writing failed");
    return MS_OK;
}

/* Whether the same call should be made again, now that a pipe is ready. */
static bool may_go_on(int fd, bool for_writing)
{
    if (errno != EAGAIN)
        return false;
    return ms_sys_poll(fd, for_writing, -1) >= 0 || errno == EINTR;
}

/* Some file systems accept direct I/O and refuse it per call, or want a larger alignment: the
 * descriptor then goes on buffered, and the call is made once more. Another thread may have turned
 * it already, so the present flags do not decide. */
static bool may_go_on_buffered(int fd, bool *tried)
{
    if (errno != EINVAL || *tried)
        return false;
    *tried = true;
    ms_file_set_buffered(fd);
    return true;
}

static bool is_range(uint64_t offset, size_t size)
{
    uint64_t end;
    return ms_add_u64(&end, offset, size) && end <= INT64_MAX;
}

ms_status ms_file_read_at(
        int fd, void *data, size_t size, uint64_t offset, size_t *got, ms_error *err)
{
    uint8_t *bytes = data;
    bool tried_buffered = false;

    *got = 0;
    if (!is_range(offset, size))
        return ms_fail_errno(err, EOVERFLOW, "read_failed", "Cannot read so far into a file");
    while (*got < size) {
        size_t wanted = MS_MIN(size - *got, TRANSFER_SIZE_MAX);
        ssize_t count = ms_sys_pread(fd, bytes + *got, wanted, (off_t)(offset + *got));
        if (count > 0) {
            *got += (size_t)count;
        } else if (count == 0) {
            break;
        } else if (!may_go_on_buffered(fd, &tried_buffered)) {
            ms_status status = ms_fail_errno(err, errno, "read_failed", "Reading a file failed");
            ms_error_set_offset(err, offset + *got);
            return status;
        }
    }
    return MS_OK;
}

static size_t round_up(size_t size)
{
    return (size + MS_FILE_ALIGNMENT - 1) / MS_FILE_ALIGNMENT * MS_FILE_ALIGNMENT;
}

/* Whether reading the range through the page cache would have to fetch some of it from the disk. Where nobody can tell, it
 * would not: reading through the cache is never wrong. */
static bool misses_cache(int fd, size_t size, uint64_t offset)
{
    size_t page = ms_sys_page_size();
    uint64_t first = offset / page, last = (offset + size - 1) / page;
    int64_t cached = ms_sys_cached_pages(fd, (off_t)offset, (off_t)size);

    return cached >= 0 && (uint64_t)cached < last - first + 1;
}

ms_status ms_file_read_around_cache(
        int fd, void *data, size_t room, size_t size, uint64_t offset, size_t *got, ms_error *err)
{
    bool aligned = (uintptr_t)data % MS_FILE_ALIGNMENT == 0 && offset % MS_FILE_ALIGNMENT == 0;
    ms_status status;

    if (size == 0 || size > room || !aligned || round_up(size) > room || !is_range(offset, round_up(size)) ||
            !misses_cache(fd, size, offset) || !ms_file_set_direct(fd))
        return ms_file_read_at(fd, data, size, offset, got, err);
    status = ms_file_read_at(fd, data, round_up(size), offset, got, err);
    *got = MS_MIN(*got, size);
    return status;
}

ms_status ms_file_read(int fd, void *data, size_t size, size_t *got, ms_error *err)
{
    uint8_t *bytes = data;

    *got = 0;
    while (*got < size) {
        ssize_t count = ms_sys_read(fd, bytes + *got, MS_MIN(size - *got, TRANSFER_SIZE_MAX));
        if (count > 0)
            *got += (size_t)count;
        else if (count == 0)
            break;
        else if (!may_go_on(fd, false))
            return ms_fail_errno(err, errno, "read_failed", "Reading failed");
    }
    return MS_OK;
}

ms_status ms_file_write_at(int fd, const void *data, size_t size, uint64_t offset, ms_error *err)
{
    const uint8_t *bytes = data;
    size_t done = 0;
    bool tried_buffered = false;

    if (!is_range(offset, size))
        return ms_fail_errno(err, EFBIG, "write_failed", "Cannot write so far into a file");
    while (done < size) {
        size_t wanted = MS_MIN(size - done, TRANSFER_SIZE_MAX);
        ssize_t count = ms_sys_pwrite(fd, bytes + done, wanted, (off_t)(offset + done));
        if (count == 0)
            errno = EIO; /* it would be repeated for ever */
        if (count > 0) {
            done += (size_t)count;
        } else if (!may_go_on_buffered(fd, &tried_buffered)) {
            ms_status status = ms_fail_errno(err, errno, "write_failed", "Writing a file failed");
            ms_error_set_offset(err, offset + done);
            return status;
        }
    }
    return MS_OK;
}

ms_status ms_file_write(int fd, const void *data, size_t size, ms_error *err)
{
    const uint8_t *bytes = data;
    size_t done = 0;

    while (done < size) {
        ssize_t count = ms_sys_write(fd, bytes + done, MS_MIN(size - done, TRANSFER_SIZE_MAX));
        if (count > 0)
            done += (size_t)count;
        else if (count == 0)
            return ms_fail_errno(err, EIO, "write_failed", "Writing failed");
        else if (!may_go_on(fd, true))
            return ms_fail_errno(err, errno, "write_failed", "Writing failed");
    }
    return MS_OK;
}

ms_status ms_file_sync(int fd, ms_error *err)
{
    if (ms_sys_fsync(fd) != 0)
        return ms_fail_errno(err, errno, "sync_failed", "The disk did not take what was written");
    return MS_OK;
}

void ms_file_start_writeback(int fd, uint64_t offset, uint64_t size)
{
    if (offset <= INT64_MAX && size <= INT64_MAX)
        (void)ms_sys_sync_file_range(fd, (off_t)offset, (off_t)size, MS_SYS_WRITEBACK_START);
}

void ms_file_drop_cache(int fd, uint64_t offset, uint64_t size)
{
    if (offset <= INT64_MAX && size <= INT64_MAX)
        (void)ms_sys_posix_fadvise(fd, (off_t)offset, (off_t)size, MS_SYS_ADVICE_DROP);
}

ms_status ms_file_allocate(int fd, uint64_t size, ms_error *err)
{
    struct stat status;

    if (size > INT64_MAX)
        return ms_fail_errno(err, EFBIG, "allocate_failed", "No file can be this large");
    if (size == 0)
        return MS_OK;
    if (ms_sys_fallocate(fd, 0, 0, (off_t)size) == 0)
        return MS_OK;
    if (errno != EOPNOTSUPP && errno != ENOSYS)
        return ms_fail_errno(err, errno, "allocate_failed", "Cannot reserve space for a file");
    if (ms_sys_fstat(fd, &status) != 0)
        return ms_fail_errno(err, errno, "allocate_failed", "Cannot reserve space for a file");
    return (uint64_t)status.st_size < size ? ms_file_truncate(fd, size, err) : MS_OK;
}

ms_status ms_file_truncate(int fd, uint64_t size, ms_error *err)
{
    if (size > INT64_MAX)
        return ms_fail_errno(err, EFBIG, "truncate_failed", "No file can be this large");
    if (ms_sys_ftruncate(fd, (off_t)size) != 0)
        return ms_fail_errno(err, errno, "truncate_failed", "Cannot set the size of a file");
    return MS_OK;
}

void ms_file_set_buffered(int fd)
{
    int os_errno = errno;
    int flags = MS_SYS_O_DIRECT != 0 ? ms_sys_fcntl_getfl(fd) : -1;
    if (flags >= 0 && (flags & MS_SYS_O_DIRECT) != 0)
        (void)ms_sys_fcntl_setfl(fd, flags & ~MS_SYS_O_DIRECT);
    errno = os_errno;
}

bool ms_file_set_direct(int fd)
{
    int os_errno = errno;
    int flags = MS_SYS_O_DIRECT != 0 ? ms_sys_fcntl_getfl(fd) : -1;
    bool direct = flags >= 0 && ms_sys_fcntl_setfl(fd, flags | MS_SYS_O_DIRECT) == 0;
    errno = os_errno;
    return direct;
}

bool ms_file_clone(int to_fd, int from_fd)
{
    return ms_sys_clone(to_fd, from_fd) == 0;
}

ms_file_cloned ms_file_clone_range(int to_fd, uint64_t to_offset, int from_fd, uint64_t from_offset, uint64_t size)
{
    int result;

    if (size == 0 || size > SIZE_MAX || !is_range(to_offset, (size_t)size) || !is_range(from_offset, (size_t)size))
        return MS_FILE_NOT_CLONED;
    result = ms_sys_clone_range(to_fd, (off_t)to_offset, from_fd, (off_t)from_offset, (off_t)size);
    if (result == 0)
        return MS_FILE_CLONED;
    /* EINVAL, EPERM and ETXTBSY speak of the ranges or of the files: their neighbours may do. */
    return errno == EOPNOTSUPP || errno == ENOTTY || errno == ENOSYS || errno == EXDEV ? MS_FILE_CANNOT_CLONE
                                                                                      : MS_FILE_NOT_CLONED;
}

ms_status ms_file_set_mode(int fd, uint32_t mode, ms_error *err)
{
    if (ms_sys_fchmod(fd, (mode_t)mode) != 0)
        return ms_fail_errno(err, errno, "mode_failed", "Cannot set the permissions of a file");
    return MS_OK;
}

bool ms_file_is_terminal(int fd)
{
    return ms_sys_isatty(fd) == 1;
}
