/* The inside of ms_storage: configuration, doors and keys of one home, opened on first use. */
#ifndef MS_MODEL_STORAGE_PRIV_H
#define MS_MODEL_STORAGE_PRIV_H

#include "config/config.h"
#include "eth/signer.h"
#include "model_storage/storage.h"
#include "platform/lock.h"
#include "registry/registry.h"
#include "state/state.h"
#include "store/store.h"

/** The doors; each is opened on the first call and owned by the storage. Nothing is made on disk by opening. MS_USAGE
 *  "network_not_built" when the configuration asks for a networked backend. Threads: many. */
MS_MUST_CHECK ms_status ms_storage_state(ms_storage *storage, ms_state **state, ms_error *err);
MS_MUST_CHECK ms_status ms_storage_store(ms_storage *storage, ms_store **store, ms_error *err);
MS_MUST_CHECK ms_status ms_storage_registry(ms_storage *storage, ms_registry **registry, ms_error *err);
const ms_config *ms_storage_config(const ms_storage *storage);
/** The keys of the storage; see keyring_priv.h. */
typedef struct ms_keyring ms_keyring;
ms_keyring *ms_storage_keyring(ms_storage *storage);

/** Names of locks of a home. Who changes keys holds the first. */
#define MS_STORAGE_LOCK_KEYSTORE "keystore"
/** Held exclusively by who looks at the records and then gives up a manifest that none of them needs, and shared by who wants a
 *  manifest and then puts it on record. */
#define MS_STORAGE_LOCK_ROOTS "roots"
/** Take home/locks/NAME, made with the home where it is missing. Waits at most wait_ms, then MS_LOCKED; negative:
 *  until task is cancelled. out lock is for ms_lock_release. */
MS_MUST_CHECK ms_status ms_storage_lock(
        const ms_storage *storage, const char *name, ms_lock_mode mode, int64_t wait_ms, ms_task *task, int *lock, ms_error *err);

/** Warnings of opening (configuration); given to the task of the first operation. */
void ms_storage_tell_warnings(ms_storage *storage, ms_task *task);
/** storage.parallel, or 0. */
unsigned ms_storage_parallel(const ms_storage *storage);
/** Bytes of content that a batch holds, both on its way through a pipeline and until the store makes it durable; 0 = as the
 *  modules have it, else not less than a chunk. Set before the first operation and by tests alone, so that a small model has
 *  many batches. */
void ms_storage_set_batch_bytes(ms_storage *storage, uint64_t bytes);
uint64_t ms_storage_batch_bytes(const ms_storage *storage);
/** Ask the caller's ask_password. MS_KEY "password_needed" when there is none. password has MS_PASSWORD_SIZE_MAX bytes. */
MS_MUST_CHECK ms_status ms_storage_ask_password(ms_storage *storage, const char *purpose, bool is_new, char *password,
        size_t *password_size, ms_error *err);

#endif
