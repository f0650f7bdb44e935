/* state.db: what may be lost. Pins, unclaimed blocks, the newest ledger row seen. SQLite through the platform's VFS. */
#ifndef MS_STATE_STATE_H
#define MS_STATE_STATE_H

#include "cid/cid.h"

typedef struct ms_state ms_state;
typedef ms_status (*ms_state_cid_fn)(void *payload, const ms_cid *cid, ms_error *err);

/** A handle for home/state.db; the file is opened on first use and made (with the home) on the first write. A damaged
 *  file is moved aside (state.db.damaged-N) on the next write and started anew; reads of a damaged or missing file answer
 *  "nothing". A file of a newer version is MS_USAGE "state_version" and left alone. home is absolute, copied.
 *  Threads: many. Processes: many; writes wait for each other up to MS_STATE_WAIT_MS, then MS_LOCKED. */
MS_MUST_CHECK ms_status ms_state_open(ms_state **state, const char *home, ms_error *err);
void ms_state_close(ms_state *state);

#define MS_STATE_WAIT_MS 10000

/** Roots: pinned, or unpinned and waiting for prune. The codec of a root counts, its version does not. Callbacks run
 *  without a lock held and may call any function here; what they add may or may not be listed. */
MS_MUST_CHECK ms_status ms_state_set_root(ms_state *state, const ms_cid *root, bool pinned, ms_error *err);
MS_MUST_CHECK ms_status ms_state_root_is_pinned(ms_state *state, const ms_cid *root, bool *pinned, ms_error *err);
/** Whether it is known as unpinned; false for a root that nothing is known of. */
MS_MUST_CHECK ms_status ms_state_root_is_unpinned(ms_state *state, const ms_cid *root, bool *unpinned, ms_error *err);
MS_MUST_CHECK ms_status ms_state_forget_root(ms_state *state, const ms_cid *root, ms_error *err);
MS_MUST_CHECK ms_status ms_state_each_root(ms_state *state, bool pinned, ms_state_cid_fn each, void *payload, ms_error *err);

/** Blocks of unfinished work. add takes SHA-256 digests; adding one again is success. */
MS_MUST_CHECK ms_status ms_state_add_unclaimed(ms_state *state, const uint8_t (*digests)[32], size_t count, ms_error *err);
MS_MUST_CHECK ms_status ms_state_each_unclaimed(ms_state *state, ms_state_cid_fn each, void *payload, ms_error *err);
MS_MUST_CHECK ms_status ms_state_forget_unclaimed(ms_state *state, ms_error *err);

/** The last ledger row we saw (0 = none): a ledger that ends before it was rolled back. */
MS_MUST_CHECK ms_status ms_state_set_ledger_seen(ms_state *state, uint64_t sequence, const uint8_t row_hash[32], ms_error *err);
MS_MUST_CHECK ms_status ms_state_ledger_seen(ms_state *state, uint64_t *sequence, uint8_t row_hash[32], ms_error *err);

#endif
