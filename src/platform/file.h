/* Files: whole reads and writes, durable replacement, disk space. File descriptors are plain ints
 * owned by who opened them. No function here retries a failed sync. Signals that interrupt a call
 * are survived. Reasons are <call>_failed unless a function names others; err.path holds the path
 * where one was given. All functions may be called from any thread. */
#ifndef MS_PLATFORM_FILE_H
#define MS_PLATFORM_FILE_H

#include <sys/types.h>
#include "base/buffer.h"

/** The current working directory as a dirfd argument; with it relative paths mean what users mean.
 */
#define MS_DIR_CURRENT (-100)
#define MS_FILE_PATH_SIZE_MAX 4096

typedef enum ms_file_kind {
    MS_FILE_REGULAR,
    MS_FILE_DIRECTORY,
    MS_FILE_LINK,
    MS_FILE_OTHER /* device, socket, fifo */
} ms_file_kind;

typedef struct ms_file_status {
    ms_file_kind kind;
    uint32_t mode; /* permission bits only */
    uint32_t owner;
    uint64_t links; /* hard links, at least 1 */
    uint64_t size;  /* bytes */
    uint64_t device;
    uint64_t inode;
    int64_t modified_ns; /* since 1970 */
    int64_t changed_ns;  /* status change time, since 1970 */
} ms_file_status;

enum ms_open_flags {
    MS_OPEN_READ = 1,
    MS_OPEN_WRITE = 2,
    MS_OPEN_CREATE = 4,    /* with MS_OPEN_WRITE */
    MS_OPEN_EXCLUSIVE = 8, /* fails when the name exists */
    MS_OPEN_TRUNCATE = 16,
    MS_OPEN_DIRECTORY = 32,
    MS_OPEN_NOFOLLOW = 64, /* the last part may not be a link */
    MS_OPEN_DIRECT = 128,  /* O_DIRECT; falls back to buffered where refused */
    MS_OPEN_BENEATH = 256, /* nothing in path may be a link or lead above dirfd */
    MS_OPEN_PATH_ONLY_REGULAR =
            512, /* opened non-blocking; anything but a regular file is MS_MALFORMED "not_a_file" */
    MS_OPEN_APPEND = 1024
};

/** Open path below dirfd (close-on-exec always). mode counts only with MS_OPEN_CREATE and is cut by
 *  the umask. out fd is -1 on failure and never 0, 1 or 2: what is printed must not land in a file.
 *  MS_NOT_FOUND when the name does not exist; MS_IO "path_is_link" (NOFOLLOW, BENEATH),
 *  "path_escapes" (BENEATH: absolute or a part ".."), "open_failed". */
MS_MUST_CHECK ms_status ms_file_open(
        int *fd, int dirfd, const char *path, int flags, uint32_t mode, ms_error *err);
/** Close; fd -1 is ignored. The checked form reports errors of delayed writes. */
void ms_file_close(int fd);
MS_MUST_CHECK ms_status ms_file_close_checked(int fd, ms_error *err);

/** Read up to size bytes at offset, looping until size or end of file; got says how many. A direct
 *  descriptor whose file system refuses the alignment goes on buffered; so does a write. */
MS_MUST_CHECK ms_status ms_file_read_at(
        int fd, void *data, size_t size, uint64_t offset, size_t *got, ms_error *err);
/** Like ms_file_read_at: what the page cache holds is taken from there, the rest is read around it, so that large reads neither
 *  pay for a second copy nor push out what others have there. data has room bytes; reading around the cache needs data and offset
 *  aligned to MS_FILE_ALIGNMENT and room for size rounded up to it, and is else done through the cache. The descriptor may be
 *  direct afterwards: it must be the calling thread's own. */
#define MS_FILE_ALIGNMENT 4096
MS_MUST_CHECK ms_status ms_file_read_around_cache(
        int fd, void *data, size_t room, size_t size, uint64_t offset, size_t *got, ms_error *err);
/** Like ms_file_read_at from a pipe or at the file position; waits where the descriptor is non-blocking. */
MS_MUST_CHECK ms_status ms_file_read(int fd, void *data, size_t size, size_t *got, ms_error *err);
/** Write all of it, looping over short counts; a write that cannot be completed is a failure. */
MS_MUST_CHECK ms_status ms_file_write_at(
        int fd, const void *data, size_t size, uint64_t offset, ms_error *err);
MS_MUST_CHECK ms_status ms_file_write(int fd, const void *data, size_t size, ms_error *err);

MS_MUST_CHECK ms_status ms_file_sync(int fd, ms_error *err);
/** Start write-back of a range without waiting; a hint, failures do not matter. */
void ms_file_start_writeback(int fd, uint64_t offset, uint64_t size);
/** Give back page-cache memory of a range, which is then read from the disk again; size 0 is to the end of the file. A hint; what is
 *  still to be written stays. */
void ms_file_drop_cache(int fd, uint64_t offset, uint64_t size);
/** Reserve space: MS_IO (ENOSPC) before anything is written. The file is at least size long
 *  afterwards; where space cannot be reserved it is only made that long. */
MS_MUST_CHECK ms_status ms_file_allocate(int fd, uint64_t size, ms_error *err);
MS_MUST_CHECK ms_status ms_file_truncate(int fd, uint64_t size, ms_error *err);
/** Turn direct I/O of an open descriptor off (for an unaligned tail), or on: false where the system refuses. */
void ms_file_set_buffered(int fd);
bool ms_file_set_direct(int fd);
/** Share the extents of from with to; false where the file system cannot, to is then unchanged. */
bool ms_file_clone(int to_fd, int from_fd);

typedef enum ms_file_cloned {
    MS_FILE_CLONED,
    MS_FILE_NOT_CLONED,     /* these ranges, or not now: no space, an unaligned place, a file of another kind */
    MS_FILE_CANNOT_CLONE    /* not between these file systems: asking again is of no use */
} ms_file_cloned;
/** Share size bytes (not 0) at from_offset of from with to, at to_offset; to grows where it must. Offsets are of whole blocks of
 *  the file system, and so is the end but at the end of both files. Later writes to one of the files do not show in the
 *  other; what was written to from and is not on the disk yet is written out first. Nobody sees a part of it: writers to from
 *  wait. Not done, the range of to may hold anything. */
ms_file_cloned ms_file_clone_range(int to_fd, uint64_t to_offset, int from_fd, uint64_t from_offset, uint64_t size);
/** Sync the whole file system that fd lies on. Open fd before the first write, or errors are
 *  missed. */
MS_MUST_CHECK ms_status ms_filesystem_sync(int fd, ms_error *err);
/** Bytes a non-root user can still write on the file system of fd. */
MS_MUST_CHECK ms_status ms_filesystem_free(int fd, uint64_t *bytes, ms_error *err);

MS_MUST_CHECK ms_status ms_file_status_of(int fd, ms_file_status *status, ms_error *err);
/** Of a name, without following a link at its end unless follow. MS_NOT_FOUND when there is none.
 */
MS_MUST_CHECK ms_status ms_file_status_at(
        int dirfd, const char *path, bool follow, ms_file_status *status, ms_error *err);
/** Permission bits of an open file. */
MS_MUST_CHECK ms_status ms_file_set_mode(int fd, uint32_t mode, ms_error *err);

/** Rename within a file system. With replace false an existing target is kept, from is left in
 *  place, and *existed is true (MS_OK); existed may be NULL only when replace is true. */
MS_MUST_CHECK ms_status ms_file_rename(int from_dirfd, const char *from, int to_dirfd,
        const char *to, bool replace, bool *existed, ms_error *err);
/** Swap two names atomically; MS_IO where the file system cannot. */
MS_MUST_CHECK ms_status ms_file_exchange(
        int dirfd_a, const char *a, int dirfd_b, const char *b, ms_error *err);
/** Hard link; false where it cannot be made. */
bool ms_file_link(int from_dirfd, const char *from, int to_dirfd, const char *to);
/** Remove a file. A name that is not there is success. */
MS_MUST_CHECK ms_status ms_file_remove(int dirfd, const char *path, ms_error *err);
/** Absolute path without links and dots of a name that exists; MS_LIMIT when path_size is too small. */
MS_MUST_CHECK ms_status ms_file_real_path(
        char *real, size_t real_size, const char *path, ms_error *err);
/** Target of a symbolic link, NUL terminated; MS_LIMIT when longer than size - 1. */
MS_MUST_CHECK ms_status ms_link_target(
        int dirfd, const char *path, char *target, size_t size, ms_error *err);

/** Read from the file position to the end into content, whose old content is forgotten; more than
 *  size_max of the buffer is MS_LIMIT "file_too_large". */
MS_MUST_CHECK ms_status ms_file_read_all(int fd, ms_buffer *content, ms_error *err);
/** Open, ms_file_read_all, close. Only a regular file, no link at the end: MS_MALFORMED
 *  "not_a_file", MS_IO "path_is_link". MS_NOT_FOUND. */
MS_MUST_CHECK ms_status ms_file_read_whole(
        int dirfd, const char *path, ms_buffer *content, ms_error *err);
/** Temporary files beside their target begin so. A kill may leave one behind, never a half target;
 *  the next write of the same name removes it. */
#define MS_FILE_TEMPORARY_PREFIX ".ms-temporary-"
/** Replace a small file so that after a crash it is the old one or the new one whole: unique
 *  temporary name beside it, write, fsync, close, rename, fsync of the folder. A link at the end is
 *  itself replaced. On failure the old file stands, unless only the sync of the folder failed: then
 *  it is the new one, and not known to survive a power cut. */
MS_MUST_CHECK ms_status ms_file_replace(
        int dirfd, const char *path, ms_span content, uint32_t mode, ms_error *err);
/** The same for a name that is free. Whatever stands there stays, a link too, and *existed is true
 *  (MS_OK). */
MS_MUST_CHECK ms_status ms_file_place_new(int dirfd, const char *path, ms_span content,
        uint32_t mode, bool *existed, ms_error *err);
/** Remove the files in a folder whose names begin with mark (MS_FILE_TEMPORARY_PREFIX): for who
 *  holds a lock that all who write there take. What cannot be removed stays. */
void ms_file_remove_temporaries(int dirfd, const char *folder, const char *mark);

bool ms_file_is_terminal(int fd);

#endif
