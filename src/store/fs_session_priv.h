/* Sessions of the embedded store, and the adoption of what dead ones left behind. */
#ifndef MS_STORE_FS_SESSION_PRIV_H
#define MS_STORE_FS_SESSION_PRIV_H

#include "store/fs_home_priv.h"
#include "store/fs_journal_priv.h"

/* Functions of the backend's table; self is a ms_fs_store. */
ms_status ms_fs_session_begin(void *self, ms_task *task, void **session, ms_error *err);
ms_status ms_fs_session_put_many(void *session, ms_block_put *puts, size_t count, ms_error *err);
int ms_fs_session_freeze(void *session, int fd, uint64_t offset, uint64_t size);
ms_status ms_fs_session_flush(void *session, ms_error *err);
ms_status ms_fs_session_commit(void *session, ms_error *err);
void ms_fs_session_abort(void *session);

/** Deal with the folders of sessions whose process is gone: blocks that reached their final names
 *  become unclaimed. With keep_blocks, blocks under temporary names are checked against the disk, made
 *  durable, moved to their final names and are unclaimed too; without, they are removed. A folder that
 *  cannot be dealt with is logged and left for the next time. The caller holds MS_FS_SESSIONS_LOCK, or
 *  the exclusive lock of the store. Returns MS_OK or MS_INTERRUPTED. */
MS_MUST_CHECK ms_status ms_fs_adopt(ms_fs_store *store, bool keep_blocks, ms_task *task, ms_error *err);
/** Give the digests that adoption would make unclaimed to take, and leave everything as it is. What
 *  cannot be read is logged and passed over. The caller holds the exclusive lock of the store. Fails as
 *  take does. */
MS_MUST_CHECK ms_status ms_fs_each_dead(
        ms_fs_store *store, ms_fs_journal_fn take, void *payload, ms_error *err);

#endif
