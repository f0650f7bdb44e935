/* The keys of a storage: which addresses are ours, which one publishes, and its signer.
 *
 * In order: the caller's signer, the configured private key, the configured keystore file, the default key of
 * home/keystore (named by the file home/keystore/default, else the first by name). */
#ifndef MS_MODEL_KEYRING_PRIV_H
#define MS_MODEL_KEYRING_PRIV_H

#include "eth/keystore_file.h"
#include "eth/signer.h"
#include "model/storage_priv.h"
#include "platform/thread.h"

#define MS_KEYRING_FOLDER "keystore"
#define MS_KEYRING_DEFAULT_FILE "default"

struct ms_keyring {
    ms_storage *storage;
    ms_mutex lock;
    bool has_signer;
    ms_signer signer;
    ms_key *key; /* behind signer, when it is one of ours */
    ms_sign_fn sign; /* the caller's */
    void *sign_payload;
};

MS_MUST_CHECK ms_status ms_keyring_open(ms_keyring *keyring, ms_storage *storage, const ms_storage_options *options, ms_error *err);
void ms_keyring_close(ms_keyring *keyring);

/** Addresses whose keys we hold, the one that publishes first; *addresses is freed by ms_free. None is success. No password is asked. */
MS_MUST_CHECK ms_status ms_keyring_addresses(ms_keyring *keyring, ms_address **addresses, size_t *count, ms_error *err);
/** The signer that publishes, unlocked (the caller's ask_password for a protected key). Without any key one is made, and the task is told that
 *  its file mode alone protects it. Valid as long as the storage. MS_KEY. */
MS_MUST_CHECK ms_status ms_keyring_signer(ms_keyring *keyring, ms_task *task, const ms_signer **signer, ms_error *err);

/** The key files of the home. Release with ms_keystore_list_release; a home without keys gives none. */
MS_MUST_CHECK ms_status ms_keyring_files(ms_keyring *keyring, ms_keystore_list *list, ms_error *err);
/** Which of them publishes when nothing else is configured; list->count when there is none that can be used. A file that should be
 *  it and could not be read is a failure: another key must not step in for a moment. */
MS_MUST_CHECK ms_status ms_keyring_default(ms_keyring *keyring, const ms_keystore_list *list, size_t *index, ms_error *err);
/** The failure of a file that cannot be used, as its own. */
MS_MUST_CHECK ms_status ms_keyring_fail_unusable(const ms_keystore_entry *entry, ms_error *err);
MS_MUST_CHECK ms_status ms_keyring_set_default(ms_keyring *keyring, const ms_address *address, ms_error *err);
/** Exclusive right to add or change key files, across processes; *lock is ended by ms_lock_release. Makes the home. */
MS_MUST_CHECK ms_status ms_keyring_lock(ms_keyring *keyring, ms_task *task, int *lock, ms_error *err);
/** A descriptor of the home, closed by the caller; MS_NOT_FOUND while there is none. */
MS_MUST_CHECK ms_status ms_keyring_home(ms_keyring *keyring, int *dirfd, ms_error *err);
/** Decrypt one key file: with the empty password first, which is cheap for the keys we make ourselves, then the caller is asked. */
MS_MUST_CHECK ms_status ms_keyring_unlock(ms_keyring *keyring, ms_key **key, const ms_keystore *keystore, const char *name, ms_error *err);
/** Whether the empty password opens it; costs of more than the light ones count as protected without trying. */
MS_MUST_CHECK ms_status ms_keyring_is_protected(const ms_keystore *keystore, bool *is_protected, ms_error *err);

#endif
