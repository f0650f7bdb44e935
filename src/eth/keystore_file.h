/* Key files on disk: a folder of mode 0700 with files of mode 0600 in it, named as geth names them. */
#ifndef MS_ETH_KEYSTORE_FILE_H
#define MS_ETH_KEYSTORE_FILE_H

#include "eth/keystore.h"

/** "UTC--2026-01-31T08-00-00Z--" and 40 digits. */
#define MS_KEYSTORE_NAME_SIZE 256
#define MS_KEYSTORE_FILES_MAX 1024 /* in one folder */

/** Write key under password into folder (below dirfd; made with mode 0700 when it is not there).
 *  The file is synced, read back and decrypted under its temporary name, then gets its final one and
 *  the folder is synced, so that a name that stands there is a key that opens. out name is that of
 *  the file in folder, empty on failure. MS_IO, MS_KEY "keystore_folder_loose" (see below). */
MS_MUST_CHECK ms_status ms_keystore_file_write(char name[MS_KEYSTORE_NAME_SIZE], int dirfd,
        const char *folder, const ms_key *key, ms_span password, const ms_scrypt_cost *cost, ms_error *err);

/** Write the key of the file name in folder anew under another password: the old file or the new one
 *  stands, whole, at every moment, and never two of them. The new one is synced, read back and
 *  decrypted before it takes the name. */
MS_MUST_CHECK ms_status ms_keystore_file_rewrite(const char *name, int dirfd, const char *folder,
        const ms_key *key, ms_span password, const ms_scrypt_cost *cost, ms_error *err);

/** Read and parse one key file below dirfd. Refused with MS_KEY: keystore_file_loose (the group or
 *  others have any permission), keystore_file_owner (it is not ours), keystore_file_kind (a link or
 *  no regular file). MS_NOT_FOUND, MS_IO, and what ms_keystore_parse returns. */
MS_MUST_CHECK ms_status ms_keystore_file_read(ms_keystore *keystore, int dirfd, const char *path, ms_error *err);

/** One file of a folder. A file that cannot be used is listed with the reason. */
typedef struct ms_keystore_entry {
    char name[MS_KEYSTORE_NAME_SIZE];
    ms_address address; /* as claimed by the file or, when it claims none, by its name */
    ms_status status;   /* MS_OK, or why the file cannot be used: address is then that of the name */
    char reason[MS_ERROR_REASON_SIZE];
} ms_keystore_entry;

typedef struct ms_keystore_list {
    ms_keystore_entry *entries; /* in the order of their names */
    size_t count;
} ms_keystore_list;

/** The key files of folder ("UTC--..." names; others are not looked at), without any password. A
 *  folder that is not there has none. MS_KEY "keystore_folder_loose" when the folder is not ours or
 *  others may write to it; MS_LIMIT "keystore_files". */
MS_MUST_CHECK ms_status ms_keystore_list_folder(ms_keystore_list *list, int dirfd, const char *folder, ms_error *err);
void ms_keystore_list_release(ms_keystore_list *list);

#endif
