/* The shipping implementation of sys.h: each function is one system call and nothing else.
 * What a system does not have is reported as ENOSYS or ENOTSUP; callers know what to do then.
 * No policy lives here, because tests link another file in this one's place. */
#define MS_SYS_IMPLEMENTATION
#include "platform/sys.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "platform/file.h"

#ifdef __linux__
#include <linux/fs.h>
#include <linux/openat2.h>
#include <sched.h>
#include <sys/eventfd.h>
#include <sys/random.h>
#include <sys/syscall.h>
#endif
#ifdef __APPLE__
#include <sys/event.h>
#include <sys/random.h>
#endif

#ifdef __linux__
/* NOLINTNEXTLINE(misc-redundant-expression): one number here is what is asserted */
_Static_assert(MS_DIR_CURRENT == AT_FDCWD, "the current folder needs no translation");
_Static_assert(MS_SYS_RENAME_NOREPLACE == RENAME_NOREPLACE, "flag of renameat2");
_Static_assert(MS_SYS_RENAME_EXCHANGE == RENAME_EXCHANGE, "flag of renameat2");
_Static_assert(MS_SYS_WRITEBACK_START == SYNC_FILE_RANGE_WRITE, "flag of sync_file_range");
_Static_assert(MS_SYS_ADVICE_DROP == POSIX_FADV_DONTNEED, "advice of posix_fadvise");
#endif

/* MS_DIR_CURRENT is the number of Linux; other systems have their own. */
static int native_dirfd(int dirfd)
{
    return dirfd == MS_DIR_CURRENT ? AT_FDCWD : dirfd;
}

#ifndef __linux__
static int not_here(int os_errno)
{
    errno = os_errno;
    return -1;
}
#endif

int ms_sys_openat(int dirfd, const char *path, int flags, mode_t mode)
{
    return openat(native_dirfd(dirfd), path, flags, mode);
}

int ms_sys_openat_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
#ifdef __linux__
    struct open_how how;
    memset(&how, 0, sizeof(how)); /* the kernel refuses what it does not know unless it is zero */
    how.flags = (uint64_t)(unsigned)flags;
    how.mode = (flags & O_CREAT) != 0 ? (uint64_t)mode : 0;
    how.resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS;
    return (int)syscall(SYS_openat2, dirfd, path, &how, sizeof(how));
#else
    (void)dirfd;
    (void)path;
    (void)flags;
    (void)mode;
    return not_here(ENOSYS);
#endif
}

int ms_sys_close(int fd)
{
    return close(fd);
}

ssize_t ms_sys_read(int fd, void *data, size_t size)
{
    return read(fd, data, size);
}

ssize_t ms_sys_write(int fd, const void *data, size_t size)
{
    return write(fd, data, size);
}

ssize_t ms_sys_pread(int fd, void *data, size_t size, off_t offset)
{
    return pread(fd, data, size, offset);
}

#ifdef __linux__
/* Linux 6.5 and later; the C library may be older. */
#ifndef SYS_cachestat
#define SYS_cachestat 451
#endif
#endif

int64_t ms_sys_cached_pages(int fd, off_t offset, off_t size)
{
#ifdef __linux__
    const uint64_t range[2] = {(uint64_t)offset, (uint64_t)size};
    uint64_t pages[5]; /* cached, dirty, under write-back, evicted, recently evicted */
    return syscall(SYS_cachestat, fd, range, pages, 0) == 0 ? (int64_t)pages[0] : -1;
#else
    (void)fd;
    (void)offset;
    (void)size;
    return not_here(ENOSYS);
#endif
}

ssize_t ms_sys_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    return pwrite(fd, data, size, offset);
}

int ms_sys_fsync(int fd)
{
#ifdef __APPLE__
    /* fsync of macOS leaves the bytes in the drive's cache. */
    return fcntl(fd, F_FULLFSYNC);
#else
    return fsync(fd);
#endif
}

int ms_sys_fdatasync(int fd)
{
#ifdef __APPLE__
    return fcntl(fd, F_FULLFSYNC);
#else
    return fdatasync(fd);
#endif
}

int ms_sys_syncfs(int fd)
{
#ifdef __linux__
    return syncfs(fd);
#else
    (void)fd;
    return not_here(ENOSYS);
#endif
}

int ms_sys_sync_file_range(int fd, off_t offset, off_t size, unsigned flags)
{
#ifdef __linux__
    return sync_file_range(fd, offset, size, flags);
#else
    (void)fd;
    (void)offset;
    (void)size;
    (void)flags;
    return not_here(ENOSYS);
#endif
}

int ms_sys_ftruncate(int fd, off_t size)
{
    return ftruncate(fd, size);
}

int ms_sys_fallocate(int fd, int mode, off_t offset, off_t size)
{
#ifdef __linux__
    return fallocate(fd, mode, offset, size);
#else
    (void)fd;
    (void)mode;
    (void)offset;
    (void)size;
    return not_here(EOPNOTSUPP);
#endif
}

int ms_sys_posix_fadvise(int fd, off_t offset, off_t size, int advice)
{
#ifdef __linux__
    int result = posix_fadvise(fd, offset, size, advice);
    if (result != 0) {
        errno = result;
        return -1;
    }
    return 0;
#else
    (void)fd;
    (void)offset;
    (void)size;
    (void)advice;
    return not_here(ENOSYS);
#endif
}

int ms_sys_clone(int to_fd, int from_fd)
{
#ifdef FICLONE
    return ioctl(to_fd, FICLONE, from_fd);
#else
    (void)to_fd;
    (void)from_fd;
    errno = EOPNOTSUPP;
    return -1;
#endif
}

int ms_sys_clone_range(int to_fd, off_t to_offset, int from_fd, off_t from_offset, off_t size)
{
#ifdef FICLONERANGE
    struct file_clone_range range = {.src_fd = from_fd,
            .src_offset = (uint64_t)from_offset,
            .src_length = (uint64_t)size,
            .dest_offset = (uint64_t)to_offset};
    return ioctl(to_fd, FICLONERANGE, &range);
#else
    (void)to_fd;
    (void)to_offset;
    (void)from_fd;
    (void)from_offset;
    (void)size;
    errno = EOPNOTSUPP;
    return -1;
#endif
}

int ms_sys_fstat(int fd, struct stat *status)
{
    return fstat(fd, status);
}

int ms_sys_fstatat(int dirfd, const char *path, struct stat *status, int flags)
{
    return fstatat(native_dirfd(dirfd), path, status, flags);
}

int ms_sys_fstatvfs(int fd, struct statvfs *status)
{
    return fstatvfs(fd, status);
}

int ms_sys_fchmod(int fd, mode_t mode)
{
    return fchmod(fd, mode);
}

int ms_sys_mkdirat(int dirfd, const char *path, mode_t mode)
{
    return mkdirat(native_dirfd(dirfd), path, mode);
}

int ms_sys_unlinkat(int dirfd, const char *path, int flags)
{
    return unlinkat(native_dirfd(dirfd), path, flags);
}

int ms_sys_linkat(
        int old_dirfd, const char *old_path, int new_dirfd, const char *new_path, int flags)
{
    return linkat(native_dirfd(old_dirfd), old_path, native_dirfd(new_dirfd), new_path, flags);
}

int ms_sys_renameat(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path)
{
    return renameat(native_dirfd(old_dirfd), old_path, native_dirfd(new_dirfd), new_path);
}

int ms_sys_renameat2(
        int old_dirfd, const char *old_path, int new_dirfd, const char *new_path, unsigned flags)
{
#if defined(__linux__)
    return (int)syscall(SYS_renameat2, old_dirfd, old_path, new_dirfd, new_path, flags);
#elif defined(__APPLE__)
    unsigned native = (flags & MS_SYS_RENAME_NOREPLACE) != 0 ? RENAME_EXCL : 0;
    native |= (flags & MS_SYS_RENAME_EXCHANGE) != 0 ? RENAME_SWAP : 0;
    return renameatx_np(
            native_dirfd(old_dirfd), old_path, native_dirfd(new_dirfd), new_path, native);
#else
    (void)old_dirfd;
    (void)old_path;
    (void)new_dirfd;
    (void)new_path;
    (void)flags;
    return not_here(ENOSYS);
#endif
}

int ms_sys_realpath(const char *path, char *resolved)
{
    return realpath(path, resolved) == NULL ? -1 : 0;
}

ssize_t ms_sys_readlinkat(int dirfd, const char *path, char *target, size_t size)
{
    return readlinkat(native_dirfd(dirfd), path, target, size);
}

DIR *ms_sys_fdopendir(int fd)
{
    return fdopendir(fd);
}

struct dirent *ms_sys_readdir(DIR *dir)
{
    return readdir(dir);
}

int ms_sys_closedir(DIR *dir)
{
    return closedir(dir);
}

int ms_sys_fcntl_lock(int fd, int command, struct flock *lock)
{
    return fcntl(fd, command, lock);
}

int ms_sys_fcntl_getfl(int fd)
{
    return fcntl(fd, F_GETFL);
}

int ms_sys_fcntl_setfl(int fd, int flags)
{
    return fcntl(fd, F_SETFL, flags);
}

int ms_sys_fcntl_dupfd(int fd, int lowest)
{
    return fcntl(fd, F_DUPFD_CLOEXEC, lowest);
}

int ms_sys_faccessat(int dirfd, const char *path, int mode, int flags)
{
    return faccessat(native_dirfd(dirfd), path, mode, flags);
}

int ms_sys_poll(int fd, bool for_writing, int timeout_ms)
{
    struct pollfd waited = {.fd = fd, .events = for_writing ? POLLOUT : POLLIN};
    return poll(&waited, 1, timeout_ms);
}

int ms_sys_isatty(int fd)
{
    return isatty(fd);
}

int ms_sys_clock_gettime(clockid_t clock, struct timespec *time)
{
    return clock_gettime(clock, time);
}

int ms_sys_nanosleep(const struct timespec *time)
{
    return nanosleep(time, NULL);
}

ssize_t ms_sys_getrandom(void *data, size_t size)
{
#ifdef __linux__
    return getrandom(data, size, 0);
#else
    size_t most = size < 256 ? size : 256; /* getentropy gives no more at once */
    return getentropy(data, most) == 0 ? (ssize_t)most : -1;
#endif
}

int ms_sys_event_open(void)
{
#if defined(__linux__)
    return eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
#elif defined(__APPLE__)
    struct kevent event;
    int fd = kqueue();
    if (fd < 0)
        return -1;
    EV_SET(&event, 0, EVFILT_USER, EV_ADD, 0, 0, NULL);
    if (fcntl(fd, F_SETFD, FD_CLOEXEC) != 0 || kevent(fd, &event, 1, NULL, 0, NULL) != 0) {
        int os_errno = errno;
        close(fd);
        return not_here(os_errno);
    }
    return fd;
#else
    return not_here(ENOSYS);
#endif
}

int ms_sys_event_set(int fd)
{
#if defined(__linux__)
    uint64_t one = 1;
    return write(fd, &one, sizeof(one)) == (ssize_t)sizeof(one) ? 0 : -1;
#elif defined(__APPLE__)
    struct kevent event;
    EV_SET(&event, 0, EVFILT_USER, 0, NOTE_TRIGGER, 0, NULL);
    return kevent(fd, &event, 1, NULL, 0, NULL);
#else
    (void)fd;
    return not_here(ENOSYS);
#endif
}

const char *ms_sys_getenv(const char *name)
{
    return getenv(name);
}

pid_t ms_sys_getpid(void)
{
    return getpid();
}

uid_t ms_sys_geteuid(void)
{
    return geteuid();
}

char *ms_sys_getcwd(char *path, size_t size)
{
    return getcwd(path, size);
}

long ms_sys_processor_count(void)
{
#ifdef __linux__
    cpu_set_t allowed;
    if (sched_getaffinity(0, sizeof(allowed), &allowed) == 0)
        return CPU_COUNT(&allowed);
#endif
    return sysconf(_SC_NPROCESSORS_ONLN);
}

long ms_sys_descriptor_max(void)
{
    return sysconf(_SC_OPEN_MAX);
}

void *ms_sys_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    return mmap(address, size, protection, flags, fd, offset);
}

int ms_sys_munmap(void *memory, size_t size)
{
    return munmap(memory, size);
}

int ms_sys_mprotect(void *memory, size_t size, int protection)
{
    return mprotect(memory, size, protection);
}

int ms_sys_mlock(const void *memory, size_t size)
{
    return mlock(memory, size);
}

int ms_sys_madvise(void *memory, size_t size, int advice)
{
    return madvise(memory, size, advice);
}

size_t ms_sys_page_size(void)
{
    long size = sysconf(_SC_PAGESIZE);
    return size > 0 ? (size_t)size : 4096;
}
