/* sys_posix.c under the names real_sys_*, and then sys.h under its own: for a double of the door to
 * the operating system that puts something in front of each call. Included by one file of a
 * program, which is linked instead of sys_posix.o. */
#ifndef DOUBLES_REAL_SYS_H
#define DOUBLES_REAL_SYS_H

#define ms_sys_openat real_sys_openat
#define ms_sys_openat_beneath real_sys_openat_beneath
#define ms_sys_close real_sys_close
#define ms_sys_read real_sys_read
#define ms_sys_write real_sys_write
#define ms_sys_pread real_sys_pread
#define ms_sys_cached_pages real_sys_cached_pages
#define ms_sys_pwrite real_sys_pwrite
#define ms_sys_fsync real_sys_fsync
#define ms_sys_fdatasync real_sys_fdatasync
#define ms_sys_syncfs real_sys_syncfs
#define ms_sys_sync_file_range real_sys_sync_file_range
#define ms_sys_ftruncate real_sys_ftruncate
#define ms_sys_fallocate real_sys_fallocate
#define ms_sys_posix_fadvise real_sys_posix_fadvise
#define ms_sys_clone real_sys_clone
#define ms_sys_clone_range real_sys_clone_range
#define ms_sys_fstat real_sys_fstat
#define ms_sys_fstatat real_sys_fstatat
#define ms_sys_fstatvfs real_sys_fstatvfs
#define ms_sys_fchmod real_sys_fchmod
#define ms_sys_mkdirat real_sys_mkdirat
#define ms_sys_unlinkat real_sys_unlinkat
#define ms_sys_linkat real_sys_linkat
#define ms_sys_renameat real_sys_renameat
#define ms_sys_renameat2 real_sys_renameat2
#define ms_sys_readlinkat real_sys_readlinkat
#define ms_sys_fdopendir real_sys_fdopendir
#define ms_sys_readdir real_sys_readdir
#define ms_sys_closedir real_sys_closedir
#define ms_sys_fcntl_lock real_sys_fcntl_lock
#define ms_sys_fcntl_getfl real_sys_fcntl_getfl
#define ms_sys_fcntl_setfl real_sys_fcntl_setfl
#define ms_sys_fcntl_dupfd real_sys_fcntl_dupfd
#define ms_sys_faccessat real_sys_faccessat
#define ms_sys_poll real_sys_poll
#define ms_sys_getrandom real_sys_getrandom
#define ms_sys_event_open real_sys_event_open
#define ms_sys_event_set real_sys_event_set
#define ms_sys_realpath real_sys_realpath
#define ms_sys_mmap real_sys_mmap
#define ms_sys_munmap real_sys_munmap
#define ms_sys_mprotect real_sys_mprotect
#define ms_sys_mlock real_sys_mlock
#define ms_sys_madvise real_sys_madvise
#define ms_sys_isatty real_sys_isatty
#define ms_sys_clock_gettime real_sys_clock_gettime
#define ms_sys_nanosleep real_sys_nanosleep
#define ms_sys_getenv real_sys_getenv
#define ms_sys_getpid real_sys_getpid
#define ms_sys_geteuid real_sys_geteuid
#define ms_sys_processor_count real_sys_processor_count
#include "platform/sys_posix.c"
#undef ms_sys_openat
#undef ms_sys_openat_beneath
#undef ms_sys_close
#undef ms_sys_read
#undef ms_sys_write
#undef ms_sys_pread
#undef ms_sys_cached_pages
#undef ms_sys_pwrite
#undef ms_sys_fsync
#undef ms_sys_fdatasync
#undef ms_sys_syncfs
#undef ms_sys_sync_file_range
#undef ms_sys_ftruncate
#undef ms_sys_fallocate
#undef ms_sys_posix_fadvise
#undef ms_sys_clone
#undef ms_sys_clone_range
#undef ms_sys_fstat
#undef ms_sys_fstatat
#undef ms_sys_fstatvfs
#undef ms_sys_fchmod
#undef ms_sys_mkdirat
#undef ms_sys_unlinkat
#undef ms_sys_linkat
#undef ms_sys_renameat
#undef ms_sys_renameat2
#undef ms_sys_readlinkat
#undef ms_sys_fdopendir
#undef ms_sys_readdir
#undef ms_sys_closedir
#undef ms_sys_fcntl_lock
#undef ms_sys_fcntl_getfl
#undef ms_sys_fcntl_setfl
#undef ms_sys_fcntl_dupfd
#undef ms_sys_faccessat
#undef ms_sys_poll
#undef ms_sys_getrandom
#undef ms_sys_event_open
#undef ms_sys_event_set
#undef ms_sys_realpath
#undef ms_sys_mmap
#undef ms_sys_munmap
#undef ms_sys_mprotect
#undef ms_sys_mlock
#undef ms_sys_madvise
#undef ms_sys_isatty
#undef ms_sys_clock_gettime
#undef ms_sys_nanosleep
#undef ms_sys_getenv
#undef ms_sys_getpid
#undef ms_sys_geteuid
#undef ms_sys_processor_count
#undef MS_PLATFORM_SYS_H
/* Once more under its own names; the macros are the same. Functions of sys.h that are not named
 * here come from sys_posix.c as they are. */
#include "platform/sys.h"

#endif
