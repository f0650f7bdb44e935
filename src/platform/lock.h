/* Lock files between processes: open-file-description locks on empty files that are never deleted.
 * A lock dies with its holder. Two descriptors of one process exclude each other as well. */
#ifndef MS_PLATFORM_LOCK_H
#define MS_PLATFORM_LOCK_H

#include "platform/file.h"

typedef enum ms_lock_mode { MS_LOCK_SHARED, MS_LOCK_EXCLUSIVE } ms_lock_mode;

#define MS_LOCK_LONG_WAIT_MS 1000

/** Polled while somebody else holds the lock; true ends the wait. is_long is true once, when the
 *  wait has lasted MS_LOCK_LONG_WAIT_MS: time to say what is waited for. */
typedef bool (*ms_lock_waiting_fn)(void *payload, const char *path, bool is_long);

/** Take the lock file path below dirfd, made (0600) when it is not there. Waits at most timeout_ms
 *  (0 = try once, negative = for ever) with short sleeps, so that waiting (may be NULL) can end it.
 *  out fd holds the lock until ms_lock_release. MS_LOCKED names the path; MS_INTERRUPTED. */
MS_MUST_CHECK ms_status ms_lock_acquire(int *fd, int dirfd, const char *path, ms_lock_mode mode,
        int64_t timeout_ms, ms_lock_waiting_fn waiting, void *payload, ms_error *err);
/** Release and close; -1 is ignored. */
void ms_lock_release(int fd);

/** Byte-range lock on an open file for SQLite's five lock states; type F_RDLCK, F_WRLCK, F_UNLCK as
 *  in <fcntl.h>. False with errno when it is held elsewhere or fails. */
bool ms_lock_range(int fd, int type, uint64_t offset, uint64_t size);
/** Whether another description holds a lock that would stand against an exclusive one on the range.
 */
bool ms_lock_range_is_held(int fd, uint64_t offset, uint64_t size, bool *held);

#endif
