/* The recording double of the door to the operating system. A recorded call is made and logged
 * under one lock, so that the order of the log is the order in which things happened. */
#include "doubles/recording_sys.h"
#include "doubles/real_sys.h"

#include <limits.h>
#include <stdlib.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/mman.h>

#define DESCRIPTORS_MAX 4096

static pthread_mutex_t record_lock = PTHREAD_MUTEX_INITIALIZER;
static struct {
    int log; /* its own open file in each process, for flock; 0 = nothing is recorded */
    dev_t device;
    unsigned signal_left;
    int signal_number;
    unsigned sync_left; /* until the sync that fails */
    int sync_signal;
    char folder[PATH_MAX / 4]; /* of recording_read_disk; empty = none */
    char disk[PATH_MAX / 4];
    bool direct[DESCRIPTORS_MAX]; /* read around the page cache, whatever the file system says */
} recording;

typedef struct place { /* a name in a folder */
    uint64_t folder;
    char name[NAME_MAX + 1];
} place;

static void fail(const char *what)
{
    (void)fprintf(stderr, "recording: %s: %s\n", what, strerror(errno));
    abort();
}

void recording_start(const char *path, const char *folder)
{
    struct stat status;
    recording.log = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (recording.log <= 0 || stat(folder, &status) != 0)
        fail(path);
    recording.device = status.st_dev;
}

void recording_signal(unsigned nth, int number)
{
    recording.signal_left = nth;
    recording.signal_number = number;
}

void recording_fail_sync(unsigned nth, int number)
{
    recording.sync_left = nth;
    recording.sync_signal = number;
}

void recording_read_disk(const char *folder, const char *disk)
{
    (void)snprintf(recording.folder, sizeof(recording.folder), "%s/", folder);
    (void)snprintf(recording.disk, sizeof(recording.disk), "%s/", disk);
}

/* Stopped or killed before the call, without a lock that would stop others too. */
static bool enter(void)
{
    bool now;
    if (recording.log == 0)
        return false;
    pthread_mutex_lock(&record_lock);
    now = recording.signal_left > 0 && --recording.signal_left == 0;
    if (now)
        (void)raise(recording.signal_number);
    if (flock(recording.log, LOCK_EX) != 0)
        fail("flock");
    return true;
}

static void leave(void)
{
    int os_errno = errno;
    if (recording.log == 0)
        return;
    if (flock(recording.log, LOCK_UN) != 0)
        fail("flock");
    pthread_mutex_unlock(&record_lock);
    errno = os_errno;
}

static void put(const void *data, size_t size)
{
    const char *bytes = data;
    while (size > 0) {
        ssize_t count = write(recording.log, bytes, size);
        if (count <= 0)
            fail("writing the log");
        bytes += count;
        size -= (size_t)count;
    }
}

static void append(record_head head, const char *name, const char *other_name, const void *data)
{
    int os_errno = errno;
    head.name_size = name == NULL ? 0 : (uint32_t)strlen(name) + 1;
    head.other_name_size = other_name == NULL ? 0 : (uint32_t)strlen(other_name) + 1;
    put(&head, sizeof(head));
    put(name, head.name_size);
    put(other_name, head.other_name_size);
    put(data, head.data_size);
    errno = os_errno;
}

void recording_mark(const char *text)
{
    if (!enter())
        return;
    append((record_head){.kind = RECORD_MARK}, text, NULL, NULL);
    leave();
}

/* Where a path leads: false when that is not on the recorded file system. */
static bool find_place(place *found, int dirfd, const char *path)
{
    char folder[PATH_MAX];
    struct stat status;
    size_t size = strlen(path);
    size_t start;

    while (size > 1 && path[size - 1] == '/')
        size--;
    start = size;
    while (start > 0 && path[start - 1] != '/')
        start--;
    if (size - start > NAME_MAX || start >= sizeof(folder))
        return false;
    memcpy(found->name, path + start, size - start);
    found->name[size - start] = '\0';
    memcpy(folder, path, start);
    memcpy(folder + start, ".", 2);
    if (fstatat(native_dirfd(dirfd), folder, &status, 0) != 0 || status.st_dev != recording.device)
        return false;
    found->folder = status.st_ino;
    return true;
}

/* The inode behind a descriptor; 0 when it is no file or folder that is recorded. */
static uint64_t inode_of(int fd, bool *is_folder)
{
    struct stat status;
    int os_errno = errno;
    bool known = fstat(fd, &status) == 0 && status.st_dev == recording.device &&
                 (S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
    errno = os_errno;
    if (is_folder != NULL)
        *is_folder = known && S_ISDIR(status.st_mode);
    return known ? status.st_ino : 0;
}

static void log_at(record_kind kind, const place *at, const place *other, int fd, mode_t mode)
{
    append((record_head){.kind = kind,
                   .mode = (uint32_t)mode & 07777U,
                   .file = fd >= 0 ? inode_of(fd, NULL) : 0,
                   .folder = at->folder,
                   .other_folder = other == NULL ? 0 : other->folder},
            at->name, other == NULL ? NULL : other->name, NULL);
}

static void log_file(record_kind kind, int fd, uint64_t offset, uint64_t size, const void *data,
        uint64_t data_size)
{
    uint64_t file = inode_of(fd, NULL);
    if (file != 0)
        append((record_head){.kind = kind,
                       .file = file,
                       .offset = offset,
                       .size = size,
                       .data_size = data_size},
                NULL, NULL, data);
}

/* ---- opening ---- */

typedef int (*open_call)(int dirfd, const char *path, int flags, mode_t mode);

static int record_open(open_call call, int dirfd, const char *path, int flags, mode_t mode)
{
    struct stat status;
    place at;
    bool known = find_place(&at, dirfd, path);
    bool existed = fstatat(native_dirfd(dirfd), path, &status, AT_SYMLINK_NOFOLLOW) == 0;
    int fd = call(dirfd, path, flags, mode);

    if (fd < 0 || !known)
        return fd;
    if (!existed && fstat(fd, &status) == 0)
        log_at(RECORD_CREATE, &at, NULL, fd, status.st_mode);
    else if (existed && (flags & O_TRUNC) != 0)
        log_file(RECORD_TRUNCATE, fd, 0, 0, NULL, 0);
    return fd;
}

static int open_at(open_call call, int dirfd, const char *path, int flags, mode_t mode)
{
    int fd;
    if ((flags & (O_CREAT | O_TRUNC)) == 0 || !enter())
        return call(dirfd, path, flags, mode);
    fd = record_open(call, dirfd, path, flags, mode);
    leave();
    return fd;
}

int ms_sys_openat(int dirfd, const char *path, int flags, mode_t mode)
{
    return open_at(real_sys_openat, dirfd, path, flags, mode);
}

int ms_sys_openat_beneath(int dirfd, const char *path, int flags, mode_t mode)
{
    return open_at(real_sys_openat_beneath, dirfd, path, flags, mode);
}

/* ---- content ---- */

ssize_t ms_sys_write(int fd, const void *data, size_t size)
{
    ssize_t count;
    off_t end;
    if (recording.log == 0 || inode_of(fd, NULL) == 0 || !enter())
        return real_sys_write(fd, data, size);
    count = real_sys_write(fd, data, size);
    end = lseek(fd, 0, SEEK_CUR); /* also where O_APPEND wrote at the end */
    if (count > 0)
        log_file(RECORD_WRITE, fd, (uint64_t)(end - count), 0, data, (uint64_t)count);
    leave();
    return count;
}

ssize_t ms_sys_pwrite(int fd, const void *data, size_t size, off_t offset)
{
    ssize_t count;
    if (!enter())
        return real_sys_pwrite(fd, data, size, offset);
    count = real_sys_pwrite(fd, data, size, offset);
    if (count > 0)
        log_file(RECORD_WRITE, fd, (uint64_t)offset, 0, data, (uint64_t)count);
    leave();
    return count;
}

int ms_sys_ftruncate(int fd, off_t size)
{
    int result;
    if (!enter())
        return real_sys_ftruncate(fd, size);
    result = real_sys_ftruncate(fd, size);
    if (result == 0)
        log_file(RECORD_TRUNCATE, fd, 0, (uint64_t)size, NULL, 0);
    leave();
    return result;
}

int ms_sys_fallocate(int fd, int mode, off_t offset, off_t size)
{
    int result;
    if (mode != 0)
        fail("fallocate with a mode is not recorded");
    if (!enter())
        return real_sys_fallocate(fd, mode, offset, size);
    result = real_sys_fallocate(fd, mode, offset, size);
    if (result == 0)
        log_file(RECORD_ALLOCATE, fd, 0, (uint64_t)(offset + size), NULL, 0);
    leave();
    return result;
}

int ms_sys_clone(int to_fd, int from_fd)
{
    int result;
    if (!enter())
        return real_sys_clone(to_fd, from_fd);
    result = real_sys_clone(to_fd, from_fd);
    if (result == 0)
        append((record_head){.kind = RECORD_CLONE,
                       .file = inode_of(to_fd, NULL),
                       .other_folder = inode_of(from_fd, NULL)},
                NULL, NULL, NULL);
    leave();
    return result;
}

/* What a clone shares is written down as the bytes it has now, as of a write. They are read around the page cache where the
 * descriptor says so, hence the alignment. */
static void log_clone_range(int to_fd, off_t to_offset, int from_fd, off_t from_offset, off_t size)
{
    const size_t rounded = ((size_t)size + 4095) & ~(size_t)4095;
    uint8_t *data = aligned_alloc(4096, rounded);
    ssize_t count = data == NULL ? -1 : pread(from_fd, data, rounded, from_offset);
    if (count < size)
        fail("reading what was cloned");
    log_file(RECORD_CLONE_RANGE, to_fd, (uint64_t)to_offset, 0, data, (uint64_t)size);
    free(data);
}

int ms_sys_clone_range(int to_fd, off_t to_offset, int from_fd, off_t from_offset, off_t size)
{
    int result;
    if (!enter())
        return real_sys_clone_range(to_fd, to_offset, from_fd, from_offset, size);
    result = real_sys_clone_range(to_fd, to_offset, from_fd, from_offset, size);
    if (result == 0)
        log_clone_range(to_fd, to_offset, from_fd, from_offset, size);
    leave();
    return result;
}

int ms_sys_fchmod(int fd, mode_t mode)
{
    int result;
    uint64_t file;
    if (!enter())
        return real_sys_fchmod(fd, mode);
    result = real_sys_fchmod(fd, mode);
    file = inode_of(fd, NULL);
    if (result == 0 && file != 0)
        append((record_head){.kind = RECORD_MODE, .mode = (uint32_t)mode & 07777U, .file = file},
                NULL, NULL, NULL);
    leave();
    return result;
}

/* A file that is changed through memory would be changed behind the recorder's back. */
void *ms_sys_mmap(void *address, size_t size, int protection, int flags, int fd, off_t offset)
{
    if (fd >= 0 && (protection & PROT_WRITE) != 0 && (flags & MAP_SHARED) != 0)
        fail("a file is mapped for writing");
    return real_sys_mmap(address, size, protection, flags, fd, offset);
}

/* ---- syncs ---- */

static void log_sync(int fd)
{
    bool is_folder;
    uint64_t inode = inode_of(fd, &is_folder);
    if (inode != 0 && is_folder)
        append((record_head){.kind = RECORD_SYNC_FOLDER, .folder = inode}, NULL, NULL, NULL);
    else if (inode != 0)
        append((record_head){.kind = RECORD_SYNC_FILE, .file = inode}, NULL, NULL, NULL);
}

/* The sync of a folder that fails loses nothing: its names are the journal's, which is written again
 * or ends the file system. */
static bool fails_now(int fd, bool all)
{
    bool is_folder;
    uint64_t inode = inode_of(fd, &is_folder);
    if (recording.sync_left == 0 || inode == 0 || --recording.sync_left > 0)
        return false;
    if (all || !is_folder)
        append((record_head){.kind = RECORD_SYNC_FAILED, .file = all ? 0 : inode}, NULL, NULL, NULL);
    if (recording.sync_signal != 0)
        (void)raise(recording.sync_signal);
    errno = EIO;
    return true;
}

static int sync_one(int (*call)(int fd), int fd)
{
    int result;
    if (!enter())
        return call(fd);
    result = fails_now(fd, false) ? -1 : call(fd);
    if (result == 0)
        log_sync(fd);
    leave();
    return result;
}

int ms_sys_fsync(int fd)
{
    return sync_one(real_sys_fsync, fd);
}

int ms_sys_fdatasync(int fd)
{
    return sync_one(real_sys_fdatasync, fd);
}

int ms_sys_syncfs(int fd)
{
    int result;
    if (!enter())
        return real_sys_syncfs(fd);
    result = fails_now(fd, true) ? -1 : real_sys_syncfs(fd);
    if (result == 0 && inode_of(fd, NULL) != 0)
        append((record_head){.kind = RECORD_SYNC_ALL}, NULL, NULL, NULL);
    leave();
    return result;
}

/* ---- what the disk has, where the page cache has something else ---- */

/* The file of the tree of recording_read_disk that the descriptor's stands for; -1 when there is
 * none, as of all that this process has made. */
static int open_disk(int fd)
{
    char link[64];
    char path[PATH_MAX];
    char other[2 * PATH_MAX];
    size_t size = strlen(recording.folder);
    ssize_t length;

    if (size == 0)
        return -1;
    (void)snprintf(link, sizeof(link), "/proc/self/fd/%d", fd);
    length = readlink(link, path, sizeof(path) - 1);
    if (length < (ssize_t)size || strncmp(path, recording.folder, size) != 0)
        return -1;
    path[length] = '\0';
    (void)snprintf(other, sizeof(other), "%s%s", recording.disk, path + size);
    return open(other, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
}

int ms_sys_fcntl_setfl(int fd, int flags)
{
    bool direct = (flags & MS_SYS_O_DIRECT) != 0;
    int result = real_sys_fcntl_setfl(fd, flags);
    if (recording.folder[0] == '\0' || fd >= DESCRIPTORS_MAX)
        return result;
    recording.direct[fd] = direct;
    return direct ? 0 : result;
}

int ms_sys_fcntl_getfl(int fd)
{
    int flags = real_sys_fcntl_getfl(fd);
    if (flags >= 0 && fd < DESCRIPTORS_MAX && recording.direct[fd])
        flags |= MS_SYS_O_DIRECT;
    return flags;
}

int ms_sys_close(int fd)
{
    if (fd >= 0 && fd < DESCRIPTORS_MAX)
        recording.direct[fd] = false;
    return real_sys_close(fd);
}

ssize_t ms_sys_pread(int fd, void *data, size_t size, off_t offset)
{
    int other = fd < DESCRIPTORS_MAX && recording.direct[fd] ? open_disk(fd) : -1;
    ssize_t count;
    if (other < 0)
        return real_sys_pread(fd, data, size, offset);
    count = pread(other, data, size, offset);
    (void)close(other);
    return count;
}

/* Bytes that are still to be written are not forgotten, but nothing was written yet to a file that
 * stands in the other tree: whoever begins with it forgets first. */
static void forget(int fd, int other)
{
    static uint8_t bytes[4096];
    char path[64];
    off_t offset = 0;
    ssize_t count;
    int out;

    (void)snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
    out = open(path, O_WRONLY | O_CLOEXEC);
    if (out < 0)
        fail("forgetting a file");
    while ((count = pread(other, bytes, sizeof(bytes), offset)) > 0) {
        if (pwrite(out, bytes, (size_t)count, offset) != count)
            fail("forgetting a file");
        offset += count;
    }
    (void)close(out);
    log_file(RECORD_FORGET, fd, 0, 0, NULL, 0);
}

int ms_sys_posix_fadvise(int fd, off_t offset, off_t size, int advice)
{
    int other = advice == MS_SYS_ADVICE_DROP ? open_disk(fd) : -1;
    if (other >= 0 && enter()) {
        forget(fd, other);
        leave();
    }
    if (other >= 0)
        (void)close(other);
    return real_sys_posix_fadvise(fd, offset, size, advice);
}

/* ---- names ---- */

int ms_sys_mkdirat(int dirfd, const char *path, mode_t mode)
{
    struct stat status;
    place at;
    int result;
    if (!enter())
        return real_sys_mkdirat(dirfd, path, mode);
    result = real_sys_mkdirat(dirfd, path, mode);
    if (result == 0 && find_place(&at, dirfd, path) &&
            fstatat(native_dirfd(dirfd), path, &status, AT_SYMLINK_NOFOLLOW) == 0)
        append((record_head){.kind = RECORD_MKDIR,
                       .mode = (uint32_t)status.st_mode & 07777U,
                       .file = status.st_ino,
                       .folder = at.folder},
                at.name, NULL, NULL);
    leave();
    return result;
}

int ms_sys_unlinkat(int dirfd, const char *path, int flags)
{
    place at;
    int result;
    if (!enter())
        return real_sys_unlinkat(dirfd, path, flags);
    result = real_sys_unlinkat(dirfd, path, flags);
    if (result == 0 && find_place(&at, dirfd, path))
        log_at(RECORD_UNLINK, &at, NULL, -1, 0);
    leave();
    return result;
}

static void log_two(
        record_kind kind, int old_dirfd, const char *old_path, int new_dirfd, const char *new_path)
{
    place from;
    place to;
    if (find_place(&from, old_dirfd, old_path) && find_place(&to, new_dirfd, new_path))
        log_at(kind, &from, &to, -1, 0);
}

int ms_sys_linkat(
        int old_dirfd, const char *old_path, int new_dirfd, const char *new_path, int flags)
{
    int result;
    if (!enter())
        return real_sys_linkat(old_dirfd, old_path, new_dirfd, new_path, flags);
    result = real_sys_linkat(old_dirfd, old_path, new_dirfd, new_path, flags);
    if (result == 0)
        log_two(RECORD_LINK, old_dirfd, old_path, new_dirfd, new_path);
    leave();
    return result;
}

int ms_sys_renameat(int old_dirfd, const char *old_path, int new_dirfd, const char *new_path)
{
    int result;
    if (!enter())
        return real_sys_renameat(old_dirfd, old_path, new_dirfd, new_path);
    result = real_sys_renameat(old_dirfd, old_path, new_dirfd, new_path);
    if (result == 0)
        log_two(RECORD_RENAME, old_dirfd, old_path, new_dirfd, new_path);
    leave();
    return result;
}

int ms_sys_renameat2(
        int old_dirfd, const char *old_path, int new_dirfd, const char *new_path, unsigned flags)
{
    bool swaps = (flags & MS_SYS_RENAME_EXCHANGE) != 0;
    int result;
    if (!enter())
        return real_sys_renameat2(old_dirfd, old_path, new_dirfd, new_path, flags);
    result = real_sys_renameat2(old_dirfd, old_path, new_dirfd, new_path, flags);
    if (result == 0)
        log_two(swaps ? RECORD_EXCHANGE : RECORD_RENAME, old_dirfd, old_path, new_dirfd, new_path);
    leave();
    return result;
}

/* ---- what leaves the disk as it is ---- */

#define PASS(type, name, parameters, arguments)                                                    \
    type ms_sys_##name parameters                                                                  \
    {                                                                                              \
        return real_sys_##name arguments;                                                          \
    }

PASS(ssize_t, read, (int fd, void *data, size_t size), (fd, data, size))
PASS(int64_t, cached_pages, (int fd, off_t offset, off_t size), (fd, offset, size))
PASS(int, sync_file_range, (int fd, off_t offset, off_t size, unsigned flags),
        (fd, offset, size, flags)) /* it waits for nothing and promises nothing */
PASS(int, fstat, (int fd, struct stat *status), (fd, status))
PASS(int, fstatat, (int dirfd, const char *path, struct stat *status, int flags),
        (dirfd, path, status, flags))
PASS(int, fstatvfs, (int fd, struct statvfs *status), (fd, status))
PASS(ssize_t, readlinkat, (int dirfd, const char *path, char *target, size_t size),
        (dirfd, path, target, size))
PASS(DIR *, fdopendir, (int fd), (fd))
PASS(struct dirent *, readdir, (DIR * dir), (dir))
PASS(int, closedir, (DIR * dir), (dir))
PASS(int, fcntl_lock, (int fd, int command, struct flock *lock), (fd, command, lock))
PASS(int, fcntl_dupfd, (int fd, int lowest), (fd, lowest))
PASS(int, faccessat, (int dirfd, const char *path, int mode, int flags), (dirfd, path, mode, flags))
PASS(int, poll, (int fd, bool for_writing, int timeout_ms), (fd, for_writing, timeout_ms))
PASS(ssize_t, getrandom, (void *data, size_t size), (data, size))
PASS(int, event_open, (void), ())
PASS(int, event_set, (int fd), (fd))
PASS(int, realpath, (const char *path, char *resolved), (path, resolved))
PASS(int, munmap, (void *memory, size_t size), (memory, size))
PASS(int, mprotect, (void *memory, size_t size, int protection), (memory, size, protection))
PASS(int, mlock, (const void *memory, size_t size), (memory, size))
PASS(int, madvise, (void *memory, size_t size, int advice), (memory, size, advice))
PASS(int, isatty, (int fd), (fd))
PASS(int, clock_gettime, (clockid_t clock, struct timespec *time), (clock, time))
PASS(int, nanosleep, (const struct timespec *time), (time))
PASS(const char *, getenv, (const char *name), (name))
PASS(pid_t, getpid, (void), ())
PASS(uid_t, geteuid, (void), ())
PASS(long, processor_count, (void), ())
