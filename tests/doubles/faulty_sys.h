/* platform/sys.h for tests: linked instead of sys_posix.o it counts, records, fails, shortens or
 * kills before any call and else does what sys_posix.c does. Calls may come from any thread; arm it
 * and read its counts while only one runs. */
#ifndef DOUBLES_FAULTY_SYS_H
#define DOUBLES_FAULTY_SYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Calls that are counted; clocks, sleeps, ids and the environment pass through uncounted. */
#define FAULTY_CALLS(X)                                                                            \
    X(openat)                                                                                      \
    X(openat_beneath)                                                                              \
    X(close)                                                                                       \
    X(read)                                                                                        \
    X(write)                                                                                       \
    X(pread)                                                                                       \
    X(cached_pages)                                                                                \
    X(pwrite)                                                                                      \
    X(fsync)                                                                                       \
    X(fdatasync)                                                                                   \
    X(syncfs)                                                                                      \
    X(sync_file_range)                                                                             \
    X(ftruncate)                                                                                   \
    X(fallocate)                                                                                   \
    X(posix_fadvise)                                                                               \
    X(clone)                                                                                       \
    X(clone_range)                                                                                 \
    X(fstat)                                                                                       \
    X(fstatat)                                                                                     \
    X(fstatvfs)                                                                                    \
    X(fchmod)                                                                                      \
    X(mkdirat)                                                                                     \
    X(unlinkat)                                                                                    \
    X(linkat)                                                                                      \
    X(renameat)                                                                                    \
    X(renameat2)                                                                                   \
    X(readlinkat)                                                                                  \
    X(fdopendir)                                                                                   \
    X(readdir)                                                                                     \
    X(closedir)                                                                                    \
    X(fcntl_lock)                                                                                  \
    X(fcntl_getfl)                                                                                 \
    X(fcntl_setfl)                                                                                 \
    X(fcntl_dupfd)                                                                                 \
    X(faccessat)                                                                                   \
    X(poll)                                                                                        \
    X(getrandom)                                                                                   \
    X(event_open)                                                                                  \
    X(event_set)                                                                                   \
    X(realpath)                                                                                    \
    X(mmap)                                                                                        \
    X(munmap)                                                                                      \
    X(mprotect)                                                                                    \
    X(mlock)                                                                                       \
    X(madvise)

typedef enum faulty_call {
#define X(name) FAULTY_##name,
    FAULTY_CALLS(X)
#undef X
            FAULTY_ANY /* also their number */
} faulty_call;

/** Forget faults, counts and the record. */
void faulty_reset(void);
/** Let the nth call from now (1 = the next) fail with os_errno, once. One such fault at a time. */
void faulty_fail(faulty_call call, unsigned nth, int os_errno);
/** Let every call fail with os_errno. */
void faulty_fail_always(faulty_call call, int os_errno);
/** SIGKILL this process before the nth counted call from now. */
void faulty_kill(unsigned nth);
/** Act before the nth such call from now (FAULTY_ANY: counted call), as another process might: for races that must not be won. */
void faulty_interfere(faulty_call call, unsigned nth, void (*act)(void *payload), void *payload);
/** Reads and writes move at most size bytes a call. */
void faulty_shorten(size_t size);
/** Let the nth such call from now move half of the bytes asked for; a call that moves none, or
 * one, is left alone. */
void faulty_shorten_once(faulty_call call, unsigned nth);
/** Whether the fault of faulty_fail or faulty_shorten_once was met. */
bool faulty_fired(void);
/** From now on write which call each counted one is (a faulty_call) to calls, as many as fit. The
 * memory is the caller's and may be shared with another process, which then knows the last call of
 * a killed one. NULL ends it, as faulty_reset does. */
void faulty_trace(uint8_t *calls, size_t size);
/** "openat" ... */
const char *faulty_name(faulty_call call);
unsigned faulty_count(faulty_call call);
/** The counted calls since the reset, "openat write fsync", the oldest first, cut when too many. */
const char *faulty_record(void);

#endif
