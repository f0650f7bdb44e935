/* The home of the embedded store as an open thing: its descriptors, and making what is missing. */
#ifndef MS_STORE_FS_HOME_PRIV_H
#define MS_STORE_FS_HOME_PRIV_H

#include "platform/thread.h"
#include "store/fs_store.h"

/** For the few calls whose failure changes nothing for the caller. */
static inline void ms_fs_ignore(ms_status status)
{
    (void)status;
}

/** Shared by all threads and sessions of one ms_store. */
typedef struct ms_fs_store {
    char *home;
    ms_state *state;
    uint64_t batch_bytes;
    ms_direct_io direct_io;
    ms_mutex mutex;  /* guards what follows; the descriptors never change once they are open */
    int home_fd;     /* -1 until the home exists */
    int blocks_fd;   /* -1 until blocks/ exists */
    unsigned pruning; /* exclusive locks held by who may delete */
    unsigned looking; /* and by dry runs */
} ms_fs_store;

/** Open what is there, make nothing. *exists false: there is no home or no blocks/ in it; the store
 *  is empty. MS_MALFORMED "store_sharding" when blocks/ is laid out in another way. */
MS_MUST_CHECK ms_status ms_fs_home_find(ms_fs_store *store, bool *exists, ms_error *err);
/** Open, and make what is missing so that it survives power loss. */
MS_MUST_CHECK ms_status ms_fs_home_make(ms_fs_store *store, ms_error *err);
void ms_fs_home_close(ms_fs_store *store);
/** Whether home/blocks still leads to the folder that is open: the ledger and everybody else goes by the name. MS_IO "home_moved". */
MS_MUST_CHECK ms_status ms_fs_home_check_place(ms_fs_store *store, ms_error *err);

/** Take a lock file below the home; waits wait_ms (negative = for ever) unless task is cancelled. */
MS_MUST_CHECK ms_status ms_fs_home_lock(ms_fs_store *store, int *fd, const char *path, bool exclusive,
        int64_t wait_ms, ms_task *task, ms_error *err);

/** Move whatever stands under the block's name to quarantine/; nothing there is success. */
MS_MUST_CHECK ms_status ms_fs_home_quarantine(
        ms_fs_store *store, const uint8_t digest[MS_SHA2_256_SIZE], ms_error *err);

#endif
