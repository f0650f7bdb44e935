/* platform/sys.h for tests: sys_posix.c under other names, and each call of the header in front of
 * it. */
#include "doubles/faulty_sys.h"
#include "doubles/real_sys.h"

#include <pthread.h>
#include <signal.h>
#include <sys/mman.h>

/* Whether the counted call that this thread makes is the one of faulty_shorten_once. */
static _Thread_local bool shorten_this;

/* Calls may come from several threads; the functions of faulty_sys.h from one. */
static pthread_mutex_t faults_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    faulty_call call; /* the fault of faulty_fail, while left > 0 */
    unsigned left;
    int os_errno;
    bool fired;
    unsigned kill_left;
    faulty_call interfered; /* the call of faulty_interfere, while interfere_left > 0 */
    unsigned interfere_left;
    void (*act)(void *payload);
    void *payload;
    size_t size_max; /* 0 = any */
    faulty_call shortened; /* the call of faulty_shorten_once, while shorten_left > 0 */
    unsigned shorten_left;
    uint8_t *trace;
    size_t trace_size;
    int always[FAULTY_ANY + 1];
    unsigned count[FAULTY_ANY + 1];
    char record[8192];
    size_t recorded;
} faults;

void faulty_reset(void)
{
    memset(&faults, 0, sizeof(faults));
}

void faulty_fail(faulty_call call, unsigned nth, int os_errno)
{
    faults.call = call;
    faults.left = nth;
    faults.os_errno = os_errno;
    faults.fired = false;
}

void faulty_fail_always(faulty_call call, int os_errno)
{
    faults.always[call] = os_errno;
}

void faulty_kill(unsigned nth)
{
    faults.kill_left = nth;
}

void faulty_interfere(faulty_call call, unsigned nth, void (*act)(void *payload), void *payload)
{
    faults.interfered = call;
    faults.interfere_left = nth;
    faults.act = act;
    faults.payload = payload;
}

void faulty_shorten(size_t size)
{
    faults.size_max = size;
}

void faulty_shorten_once(faulty_call call, unsigned nth)
{
    faults.shortened = call;
    faults.shorten_left = nth;
    faults.fired = false;
}

void faulty_trace(uint8_t *calls, size_t size)
{
    faults.trace = calls;
    faults.trace_size = calls == NULL ? 0 : size;
}

bool faulty_fired(void)
{
    return faults.fired;
}

unsigned faulty_count(faulty_call call)
{
    return faults.count[call];
}

const char *faulty_record(void)
{
    return faults.record;
}

const char *faulty_name(faulty_call call)
{
    static const char *const names[] = {
#define X(name) #name,
            FAULTY_CALLS(X)
#undef X
    };
    return call < FAULTY_ANY ? names[call] : "any";
}

static void record(faulty_call call)
{
    const char *name = faulty_name(call);
    size_t size = strlen(name);
    if (faults.trace_size > 0) {
        *faults.trace++ = (uint8_t)call;
        faults.trace_size--;
    }
    if (faults.recorded + size + 2 > sizeof(faults.record))
        return;
    if (faults.recorded > 0)
        faults.record[faults.recorded++] = ' ';
    memcpy(faults.record + faults.recorded, name, size);
    faults.recorded += size;
}

/* The errno with which this call fails, 0 when it does not. */
static int fault_of(faulty_call call)
{
    if (faults.left > 0 && (faults.call == call || faults.call == FAULTY_ANY) &&
            --faults.left == 0) {
        faults.fired = true;
        return faults.os_errno;
    }
    return faults.always[call];
}

/* Whether this call fails; errno is then set and else left alone. */
static bool meets_fault(faulty_call call)
{
    bool interferes;
    int os_errno;

    pthread_mutex_lock(&faults_lock);
    faults.count[call]++;
    faults.count[FAULTY_ANY]++;
    record(call);
    if (faults.kill_left > 0 && --faults.kill_left == 0)
        raise(SIGKILL);
    interferes = faults.interfere_left > 0 && (faults.interfered == call || faults.interfered == FAULTY_ANY) &&
                 --faults.interfere_left == 0;
    os_errno = fault_of(call);
    shorten_this =
            faults.shorten_left > 0 && faults.shortened == call && --faults.shorten_left == 0;
    pthread_mutex_unlock(&faults_lock);
    if (interferes)
        faults.act(faults.payload);
    if (os_errno != 0)
        errno = os_errno;
    return os_errno != 0;
}

static size_t shortened(size_t size)
{
    if (shorten_this && size > 1) {
        faults.fired = true;
        return size / 2;
    }
    return faults.size_max != 0 && size > faults.size_max ? faults.size_max : size;
}

#define FRONT(type, failure, name, parameters, arguments)                                          \
    type ms_sys_##name parameters                                                                  \
    {                                                                                              \
        if (meets_fault(FAULTY_##name))                                                            \
            return failure;                                                                        \
        return real_sys_##name arguments;                                                          \
    }
#define PASS(type, name, parameters, arguments)                                                    \
    type ms_sys_##name parameters                                                                  \
    {                                                                                              \
        return real_sys_##name arguments;                                                          \
    }

FRONT(int, -1, openat, (int dirfd, const char *path, int flags, mode_t mode),
        (dirfd, path, flags, mode))
FRONT(int, -1, openat_beneath, (int dirfd, const char *path, int flags, mode_t mode),
        (dirfd, path, flags, mode))
FRONT(ssize_t, -1, read, (int fd, void *data, size_t size), (fd, data, shortened(size)))
FRONT(ssize_t, -1, write, (int fd, const void *data, size_t size), (fd, data, shortened(size)))
FRONT(ssize_t, -1, pread, (int fd, void *data, size_t size, off_t offset),
        (fd, data, shortened(size), offset))
FRONT(int64_t, -1, cached_pages, (int fd, off_t offset, off_t size), (fd, offset, size))
FRONT(ssize_t, -1, pwrite, (int fd, const void *data, size_t size, off_t offset),
        (fd, data, shortened(size), offset))
FRONT(int, -1, fsync, (int fd), (fd))
FRONT(int, -1, fdatasync, (int fd), (fd))
FRONT(int, -1, syncfs, (int fd), (fd))
FRONT(int, -1, sync_file_range, (int fd, off_t offset, off_t size, unsigned flags),
        (fd, offset, size, flags))
FRONT(int, -1, ftruncate, (int fd, off_t size), (fd, size))
FRONT(int, -1, fallocate, (int fd, int mode, off_t offset, off_t size), (fd, mode, offset, size))
FRONT(int, -1, posix_fadvise, (int fd, off_t offset, off_t size, int advice),
        (fd, offset, size, advice))
FRONT(int, -1, clone, (int to_fd, int from_fd), (to_fd, from_fd))
FRONT(int, -1, clone_range,
        (int to_fd, off_t to_offset, int from_fd, off_t from_offset, off_t size),
        (to_fd, to_offset, from_fd, from_offset, size))
FRONT(int, -1, fstat, (int fd, struct stat *status), (fd, status))
FRONT(int, -1, fstatat, (int dirfd, const char *path, struct stat *status, int flags),
        (dirfd, path, status, flags))
FRONT(int, -1, fstatvfs, (int fd, struct statvfs *status), (fd, status))
FRONT(int, -1, fchmod, (int fd, mode_t mode), (fd, mode))
FRONT(int, -1, mkdirat, (int dirfd, const char *path, mode_t mode), (dirfd, path, mode))
FRONT(int, -1, unlinkat, (int dirfd, const char *path, int flags), (dirfd, path, flags))
FRONT(int, -1, linkat,
        (int old_dirfd, const char *old_path, int new_dirfd, const char *new_path, int flags),
        (old_dirfd, old_path, new_dirfd, new_path, flags))
FRONT(int, -1, renameat, (int old_dirfd, const char *old_path, int new_dirfd, const char *new_path),
        (old_dirfd, old_path, new_dirfd, new_path))
FRONT(int, -1, renameat2,
        (int old_dirfd, const char *old_path, int new_dirfd, const char *new_path, unsigned flags),
        (old_dirfd, old_path, new_dirfd, new_path, flags))
FRONT(ssize_t, -1, readlinkat, (int dirfd, const char *path, char *target, size_t size),
        (dirfd, path, target, size))
FRONT(DIR *, NULL, fdopendir, (int fd), (fd))
FRONT(struct dirent *, NULL, readdir, (DIR * dir), (dir))
FRONT(int, -1, fcntl_lock, (int fd, int command, struct flock *lock), (fd, command, lock))
FRONT(int, -1, fcntl_getfl, (int fd), (fd))
FRONT(int, -1, fcntl_setfl, (int fd, int flags), (fd, flags))
FRONT(int, -1, fcntl_dupfd, (int fd, int lowest), (fd, lowest))
FRONT(int, -1, faccessat, (int dirfd, const char *path, int mode, int flags),
        (dirfd, path, mode, flags))
FRONT(int, -1, poll, (int fd, bool for_writing, int timeout_ms), (fd, for_writing, timeout_ms))
FRONT(ssize_t, -1, getrandom, (void *data, size_t size), (data, shortened(size)))
FRONT(int, -1, event_open, (void), ())
FRONT(int, -1, event_set, (int fd), (fd))
FRONT(int, -1, realpath, (const char *path, char *resolved), (path, resolved))
FRONT(void *, MAP_FAILED, mmap,
        (void *address, size_t size, int protection, int flags, int fd, off_t offset),
        (address, size, protection, flags, fd, offset))
FRONT(int, -1, munmap, (void *memory, size_t size), (memory, size))
FRONT(int, -1, mprotect, (void *memory, size_t size, int protection), (memory, size, protection))
FRONT(int, -1, mlock, (const void *memory, size_t size), (memory, size))
FRONT(int, -1, madvise, (void *memory, size_t size, int advice), (memory, size, advice))
PASS(int, isatty, (int fd), (fd))
PASS(int, clock_gettime, (clockid_t clock, struct timespec *time), (clock, time))
PASS(int, nanosleep, (const struct timespec *time), (time))
PASS(const char *, getenv, (const char *name), (name))
PASS(pid_t, getpid, (void), ())
PASS(uid_t, geteuid, (void), ())
PASS(long, processor_count, (void), ())

/* A failed close has closed all the same, so the double does not leak what the product does not. */
int ms_sys_close(int fd)
{
    bool fails = meets_fault(FAULTY_close);
    int os_errno = errno;
    int result = real_sys_close(fd);
    if (!fails)
        return result;
    errno = os_errno;
    return -1;
}

int ms_sys_closedir(DIR *dir)
{
    bool fails = meets_fault(FAULTY_closedir);
    int os_errno = errno;
    int result = real_sys_closedir(dir);
    if (!fails)
        return result;
    errno = os_errno;
    return -1;
}
