/* The journal of a session: the digests whose blocks it moved, or was about to move, to their final
 * names. 32 bytes each; a torn last one is ignored. What it names is unclaimed until a commit. */
#ifndef MS_STORE_FS_JOURNAL_PRIV_H
#define MS_STORE_FS_JOURNAL_PRIV_H

#include "store/fs_batch_priv.h"

/** Append the digests of files; not yet synced. The empty folder's block is left out: it belongs to
 *  the store, not to a session. */
MS_MUST_CHECK ms_status ms_fs_journal_append(
        ms_fs_batch *batch, const ms_fs_batch_file *files, size_t count, ms_error *err);

typedef ms_status (*ms_fs_journal_fn)(
        void *payload, const uint8_t (*digests)[MS_SHA2_256_SIZE], size_t count, ms_error *err);
/** Give everything in the journal file below folder_fd to take, many digests a call. No journal is
 *  success. */
MS_MUST_CHECK ms_status ms_fs_journal_each(
        int folder_fd, ms_fs_journal_fn take, void *payload, ms_error *err);

/** Record everything in the journal file below folder_fd as unclaimed. No journal is success. */
MS_MUST_CHECK ms_status ms_fs_journal_disclaim(ms_state *state, int folder_fd, ms_error *err);

#endif
