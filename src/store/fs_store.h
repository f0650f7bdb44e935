/* The embedded store: block files in Kubo's flatfs layout below a home directory.
 *
 *   blocks/SHARDING              "/repo/flatfs/shard/v1/next-to-last/2\n"
 *   blocks/<k[-3:-1]>/<k>.data   k = BASE32 UPPER of the multihash, unpadded; mode 0444, which marks a block as ours
 *   tmp/SESSION/                 a session's blocks until its next flush, its journal, its lock
 *   quarantine/<k>.<n>           damaged blocks, moved aside, never deleted
 *   locks/store                  shared by sessions and readers, exclusive for prune
 *   locks/sessions               exclusive while a session's folder is made or dead ones are adopted
 *
 * Order of writes: blocks under temporary names, then the journal -> one sync (errors checked; the descriptor was opened
 * before the first write) -> rename without replacing -> sync of the folders. A batch is at most MS_FS_BATCH_BYTES_MAX and
 * 4,096 files. What a dead session left is dealt with by the next one: whole blocks are kept, and are unclaimed. */
#ifndef MS_STORE_FS_STORE_H
#define MS_STORE_FS_STORE_H

#include "state/state.h"
#include "store/store.h"

#define MS_FS_BATCH_BYTES_MAX (256u << 20)

typedef enum ms_direct_io { MS_DIRECT_IO_AUTO, MS_DIRECT_IO_ON, MS_DIRECT_IO_OFF } ms_direct_io;

typedef struct ms_fs_store_options {
    const char *home;     /* absolute path; made (0700) with everything below on the first write */
    ms_state *state;      /* pins and unclaimed blocks; must outlive the store */
    uint64_t batch_bytes; /* 0 = MS_FS_BATCH_BYTES_MAX; smaller for tests */
    ms_direct_io direct_io; /* AUTO: for large blocks, reads of what the page cache has not; ON: every read; OFF: nothing */
} ms_fs_store_options;

/** Open; nothing is made before the first write. A home that does not exist reads as an empty store. */
MS_MUST_CHECK ms_status ms_fs_store_open(ms_store **store, const ms_fs_store_options *options, ms_error *err);

#endif
