/* The seam to the operating system: one function a system call, with POSIX meaning (-1 and errno).
 * Everything in platform/ goes through it and nothing outside platform/ calls the system, so a
 * build that links another implementation of this header sees, fails, kills before or replays every
 * call. The shipping implementation is sys_posix.c.
 *
 * A call that a signal interrupted is made again here, for every caller: what a signal asks for is
 * said by the cancel of an operation, never by EINTR. Only three kinds of calls show it: poll and
 * nanosleep, whose callers count the time that is left, readdir, which tells an error by errno
 * alone, and close and closedir, after which the descriptor is gone whatever they say. */
#ifndef MS_PLATFORM_SYS_H
#define MS_PLATFORM_SYS_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <time.h>

/* What differs between systems is named here once. A flag of 0 asks for nothing. */
#ifdef O_DIRECT
#define MS_SYS_O_DIRECT O_DIRECT
#else
#define MS_SYS_O_DIRECT 0
#endif
/* Opens a folder only to look up names in it. */
#ifdef O_PATH
#define MS_SYS_O_SEARCH O_PATH
#else
#define MS_SYS_O_SEARCH O_RDONLY
#endif
/* Without open-file-description locks the locks belong to the process: two descriptors of one
 * process then do not exclude each other. */
#ifdef F_OFD_SETLK
#define MS_SYS_LOCK_SET F_OFD_SETLK
#define MS_SYS_LOCK_GET F_OFD_GETLK
#else
#define MS_SYS_LOCK_SET F_SETLK
#define MS_SYS_LOCK_GET F_GETLK
#endif
#define MS_SYS_RENAME_NOREPLACE 1U
#define MS_SYS_RENAME_EXCHANGE 2U
#define MS_SYS_WRITEBACK_START 2U /* SYNC_FILE_RANGE_WRITE */
#define MS_SYS_ADVICE_DROP 4      /* POSIX_FADV_DONTNEED */

int ms_sys_openat(int dirfd, const char *path, int flags, mode_t mode);
/** openat2 with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS. ENOSYS where the
 *  kernel has none: callers then walk the path part by part with O_NOFOLLOW. */
int ms_sys_openat_beneath(int dirfd, const char *path, int flags, mode_t mode);
int ms_sys_close(int fd);
ssize_t ms_sys_read(int fd, void *data, size_t size);
ssize_t ms_sys_write(int fd, const void *data, size_t size);
ssize_t ms_sys_pread(int fd, void *data, size_t size, off_t offset);
/** How many pages of a range the page cache holds, or -1; ENOSYS where the system cannot tell. */
int64_t ms_sys_cached_pages(int fd, off_t offset, off_t size);
ssize_t ms_sys_pwrite(int fd, const void *data, size_t size, off_t offset);
int ms_sys_fsync(int fd);
int ms_sys_fdatasync(int fd);
int ms_sys_syncfs(int fd);
/** sync_file_range with MS_SYS_WRITEBACK_START. */
int ms_sys_sync_file_range(int fd, off_t offset, off_t size, unsigned flags);
int ms_sys_ftruncate(int fd, off_t size);
int ms_sys_fallocate(int fd, int mode, off_t offset, off_t size);
/** posix_fadvise with MS_SYS_ADVICE_DROP; unlike the system's it returns -1 and sets errno. */
int ms_sys_posix_fadvise(int fd, off_t offset, off_t size, int advice);
/** FICLONE; -1 with EOPNOTSUPP, EXDEV or EINVAL where files cannot share extents. */
int ms_sys_clone(int to_fd, int from_fd);
/** FICLONERANGE, size not 0; errors as of ms_sys_clone, and EINVAL for ranges that are not of whole blocks of the file
 *  system. */
int ms_sys_clone_range(int to_fd, off_t to_offset, int from_fd, off_t from_offset, off_t size);
int ms_sys_fstat(int fd, struct stat *status);
int ms_sys_fstatat(int dirfd, const char *path, struct stat *status, int flags);
int ms_sys_fstatvfs(int fd, struct statvfs *status);
int ms_sys_fchmod(int fd, mode_t mode);
int ms_sys_mkdirat(int dirfd, const char *path, mode_t mode);
int ms_sys_unlinkat(int dirfd, const char *path, int flags);
int ms_sys_linkat(
        int old_dirfd, const char *old_path, int new_dirfd, const char *new_path, int flags);
int ms_sys_renameat(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path);
/** renameat2 with MS_SYS_RENAME_*; EINVAL or ENOSYS where the file system or kernel does not know
 *  the flag. */
int ms_sys_renameat2(
        int old_dirfd, const char *old_path, int new_dirfd, const char *new_path, unsigned flags);
/** realpath; resolved has PATH_MAX bytes. */
int ms_sys_realpath(const char *path, char *resolved);
ssize_t ms_sys_readlinkat(int dirfd, const char *path, char *target, size_t size);
DIR *ms_sys_fdopendir(int fd);
struct dirent *ms_sys_readdir(DIR *dir);
int ms_sys_closedir(DIR *dir);
int ms_sys_fcntl_lock(int fd, int command, struct flock *lock);
int ms_sys_fcntl_getfl(int fd);
int ms_sys_fcntl_setfl(int fd, int flags);
/** F_DUPFD_CLOEXEC: a second descriptor not below lowest. */
int ms_sys_fcntl_dupfd(int fd, int lowest);
int ms_sys_faccessat(int dirfd, const char *path, int mode, int flags);
/** Wait until fd is readable (or writable): 1, 0 when timeout_ms (negative = for ever) passed, or
 *  -1. */
int ms_sys_poll(int fd, bool for_writing, int timeout_ms);
int ms_sys_isatty(int fd);
int ms_sys_clock_gettime(clockid_t clock, struct timespec *time);
int ms_sys_nanosleep(const struct timespec *time);
/** May give fewer bytes than asked for. */
ssize_t ms_sys_getrandom(void *data, size_t size);
/** A non-blocking, close-on-exec descriptor that polls readable for good after ms_sys_event_set. */
int ms_sys_event_open(void);
int ms_sys_event_set(int fd);
const char *ms_sys_getenv(const char *name);
pid_t ms_sys_getpid(void);
uid_t ms_sys_geteuid(void);
char *ms_sys_getcwd(char *path, size_t size);
/** Processors this process may run on, or -1. */
long ms_sys_processor_count(void);
/** Descriptors this process may have open at a time, or -1. */
long ms_sys_descriptor_max(void);
/** Constants of <sys/mman.h>; mmap returns MAP_FAILED. */
void *ms_sys_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset);
int ms_sys_munmap(void *memory, size_t size);
int ms_sys_mprotect(void *memory, size_t size, int protection);
int ms_sys_mlock(const void *memory, size_t size);
int ms_sys_madvise(void *memory, size_t size, int advice);
/** Bytes of a page, a power of two. */
size_t ms_sys_page_size(void);

/* Who implements the calls sees each of them once. */
#ifndef MS_SYS_IMPLEMENTATION
#define MS_SYS_AGAIN(call)                                                                         \
    __extension__({                                                                                \
        __typeof__(call) again_result_;                                                            \
        do {                                                                                       \
            again_result_ = (call);                                                                \
        } while (again_result_ == -1 && errno == EINTR);                                           \
        again_result_;                                                                             \
    })
#define ms_sys_openat(...) MS_SYS_AGAIN((ms_sys_openat)(__VA_ARGS__))
#define ms_sys_openat_beneath(...) MS_SYS_AGAIN((ms_sys_openat_beneath)(__VA_ARGS__))
#define ms_sys_read(...) MS_SYS_AGAIN((ms_sys_read)(__VA_ARGS__))
#define ms_sys_write(...) MS_SYS_AGAIN((ms_sys_write)(__VA_ARGS__))
#define ms_sys_pread(...) MS_SYS_AGAIN((ms_sys_pread)(__VA_ARGS__))
#define ms_sys_cached_pages(...) MS_SYS_AGAIN((ms_sys_cached_pages)(__VA_ARGS__))
#define ms_sys_pwrite(...) MS_SYS_AGAIN((ms_sys_pwrite)(__VA_ARGS__))
#define ms_sys_fsync(...) MS_SYS_AGAIN((ms_sys_fsync)(__VA_ARGS__))
#define ms_sys_fdatasync(...) MS_SYS_AGAIN((ms_sys_fdatasync)(__VA_ARGS__))
#define ms_sys_syncfs(...) MS_SYS_AGAIN((ms_sys_syncfs)(__VA_ARGS__))
#define ms_sys_sync_file_range(...) MS_SYS_AGAIN((ms_sys_sync_file_range)(__VA_ARGS__))
#define ms_sys_ftruncate(...) MS_SYS_AGAIN((ms_sys_ftruncate)(__VA_ARGS__))
#define ms_sys_fallocate(...) MS_SYS_AGAIN((ms_sys_fallocate)(__VA_ARGS__))
#define ms_sys_posix_fadvise(...) MS_SYS_AGAIN((ms_sys_posix_fadvise)(__VA_ARGS__))
#define ms_sys_clone(...) MS_SYS_AGAIN((ms_sys_clone)(__VA_ARGS__))
#define ms_sys_clone_range(...) MS_SYS_AGAIN((ms_sys_clone_range)(__VA_ARGS__))
#define ms_sys_fstat(...) MS_SYS_AGAIN((ms_sys_fstat)(__VA_ARGS__))
#define ms_sys_fstatat(...) MS_SYS_AGAIN((ms_sys_fstatat)(__VA_ARGS__))
#define ms_sys_fstatvfs(...) MS_SYS_AGAIN((ms_sys_fstatvfs)(__VA_ARGS__))
#define ms_sys_fchmod(...) MS_SYS_AGAIN((ms_sys_fchmod)(__VA_ARGS__))
#define ms_sys_mkdirat(...) MS_SYS_AGAIN((ms_sys_mkdirat)(__VA_ARGS__))
#define ms_sys_unlinkat(...) MS_SYS_AGAIN((ms_sys_unlinkat)(__VA_ARGS__))
#define ms_sys_linkat(...) MS_SYS_AGAIN((ms_sys_linkat)(__VA_ARGS__))
#define ms_sys_renameat(...) MS_SYS_AGAIN((ms_sys_renameat)(__VA_ARGS__))
#define ms_sys_renameat2(...) MS_SYS_AGAIN((ms_sys_renameat2)(__VA_ARGS__))
#define ms_sys_realpath(...) MS_SYS_AGAIN((ms_sys_realpath)(__VA_ARGS__))
#define ms_sys_readlinkat(...) MS_SYS_AGAIN((ms_sys_readlinkat)(__VA_ARGS__))
#define ms_sys_fcntl_lock(...) MS_SYS_AGAIN((ms_sys_fcntl_lock)(__VA_ARGS__))
#define ms_sys_fcntl_getfl(...) MS_SYS_AGAIN((ms_sys_fcntl_getfl)(__VA_ARGS__))
#define ms_sys_fcntl_setfl(...) MS_SYS_AGAIN((ms_sys_fcntl_setfl)(__VA_ARGS__))
#define ms_sys_fcntl_dupfd(...) MS_SYS_AGAIN((ms_sys_fcntl_dupfd)(__VA_ARGS__))
#define ms_sys_faccessat(...) MS_SYS_AGAIN((ms_sys_faccessat)(__VA_ARGS__))
#define ms_sys_getrandom(...) MS_SYS_AGAIN((ms_sys_getrandom)(__VA_ARGS__))
#define ms_sys_event_set(...) MS_SYS_AGAIN((ms_sys_event_set)(__VA_ARGS__))
#endif

#endif
