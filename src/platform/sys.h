/* The seam to the operating system: one function a system call, with POSIX meaning (-1 and errno).
 * Everything in platform/ goes through it and nothing outside platform/ calls the system, so a build
 * that links another implementation of this header sees, fails, kills before or replays every call.
 * The shipping implementation is sys_posix.c. */
#ifndef MS_PLATFORM_SYS_H
#define MS_PLATFORM_SYS_H

#include <dirent.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/stat.h>
#include <sys/statvfs.h>
#include <sys/types.h>
#include <time.h>

int ms_sys_openat(int dirfd, const char *path, int flags, mode_t mode);
/** openat2 with RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS. ENOSYS where the
 *  kernel has none: callers then walk the path part by part with O_NOFOLLOW. */
int ms_sys_openat_beneath(int dirfd, const char *path, int flags, mode_t mode);
int ms_sys_close(int fd);
ssize_t ms_sys_read(int fd, void *data, size_t size);
ssize_t ms_sys_write(int fd, const void *data, size_t size);
ssize_t ms_sys_pread(int fd, void *data, size_t size, off_t offset);
ssize_t ms_sys_pwrite(int fd, const void *data, size_t size, off_t offset);
int ms_sys_fsync(int fd);
int ms_sys_fdatasync(int fd);
int ms_sys_syncfs(int fd);
int ms_sys_sync_file_range(int fd, off_t offset, off_t size, unsigned flags);
int ms_sys_ftruncate(int fd, off_t size);
int ms_sys_fallocate(int fd, int mode, off_t offset, off_t size);
int ms_sys_posix_fadvise(int fd, off_t offset, off_t size, int advice);
/** FICLONE; -1 with EOPNOTSUPP, EXDEV or EINVAL where files cannot share extents. */
int ms_sys_clone(int to_fd, int from_fd);
int ms_sys_fstat(int fd, struct stat *status);
int ms_sys_fstatat(int dirfd, const char *path, struct stat *status, int flags);
int ms_sys_fstatvfs(int fd, struct statvfs *status);
int ms_sys_fchmod(int fd, mode_t mode);
int ms_sys_mkdirat(int dirfd, const char *path, mode_t mode);
int ms_sys_unlinkat(int dirfd, const char *path, int flags);
int ms_sys_linkat(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path, int flags);
int ms_sys_renameat(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path);
/** renameat2; EINVAL or ENOSYS where the file system or kernel does not know the flag. */
int ms_sys_renameat2(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path, unsigned flags);
ssize_t ms_sys_readlinkat(int dirfd, const char *path, char *target, size_t size);
DIR *ms_sys_fdopendir(int fd);
struct dirent *ms_sys_readdir(DIR *dir);
int ms_sys_closedir(DIR *dir);
int ms_sys_fcntl_lock(int fd, int command, struct flock *lock);
int ms_sys_fcntl_getfl(int fd);
int ms_sys_fcntl_setfl(int fd, int flags);
int ms_sys_isatty(int fd);
int ms_sys_clock_gettime(clockid_t clock, struct timespec *time);
int ms_sys_nanosleep(const struct timespec *time);
ssize_t ms_sys_getrandom(void *data, size_t size);

#endif
