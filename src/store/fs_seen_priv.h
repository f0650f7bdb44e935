/* What a session knows about the blocks that were put into it: a bounded table of digests. */
#ifndef MS_STORE_FS_SEEN_PRIV_H
#define MS_STORE_FS_SEEN_PRIV_H

#include "cid/cid.h"

/** Digests remembered at most; beyond, what is on disk is forgotten and would be compared again. */
#define MS_FS_SEEN_MAX 32768u

typedef enum ms_fs_seen_state {
    MS_FS_SEEN_NOT,
    MS_FS_SEEN_BUSY,    /* a thread compares or writes it now */
    MS_FS_SEEN_WRITTEN, /* under its temporary name */
    MS_FS_SEEN_PRESENT, /* under its final name, with the right bytes */
    MS_FS_SEEN_GONE     /* place of a removed digest; never returned */
} ms_fs_seen_state;

typedef struct ms_fs_seen_slot ms_fs_seen_slot;

/** Callers hold a lock of their own. */
typedef struct ms_fs_seen {
    ms_fs_seen_slot *slots;
    size_t used; /* slots that are not free, those that are gone included */
    uint64_t seed;
} ms_fs_seen;

MS_MUST_CHECK ms_status ms_fs_seen_init(ms_fs_seen *seen, ms_error *err);
void ms_fs_seen_release(ms_fs_seen *seen);

ms_fs_seen_state ms_fs_seen_get(const ms_fs_seen *seen, const uint8_t digest[MS_SHA2_256_SIZE]);
/** Set the state, adding the digest when it is new; MS_FS_SEEN_NOT removes it. The caller keeps
 *  fewer than MS_FS_SEEN_MAX digests by ms_fs_seen_is_full. */
void ms_fs_seen_set(ms_fs_seen *seen, const uint8_t digest[MS_SHA2_256_SIZE], ms_fs_seen_state state);
bool ms_fs_seen_is_full(const ms_fs_seen *seen);
/** Forget everything. */
void ms_fs_seen_clear(ms_fs_seen *seen);

#endif
