/* Names of the embedded store on disk: keys, block files, folders. Source: go-ds-flatfs, layout
 * "next-to-last/2"; measured against Kubo 0.43. */
#ifndef MS_STORE_FS_LAYOUT_PRIV_H
#define MS_STORE_FS_LAYOUT_PRIV_H

#include "cid/cid.h"

#define MS_FS_BLOCKS "blocks"
#define MS_FS_TMP "tmp"
#define MS_FS_LOCKS "locks"
#define MS_FS_QUARANTINE "quarantine"
/** Held shared by sessions and readers, exclusively by prune. */
#define MS_FS_STORE_LOCK "locks/store"
/** Held exclusively while a session's folder is made or dead ones are adopted. */
#define MS_FS_SESSIONS_LOCK "locks/sessions"
#define MS_FS_SESSION_LOCK "lock"
/** The name of a session is this many random bytes in hex. */
#define MS_FS_SESSION_RANDOM_SIZE 8
bool ms_fs_is_session_name(const char *name);
#define MS_FS_JOURNAL "journal"
#define MS_FS_SHARDING "SHARDING"
#define MS_FS_SHARDING_TEXT "/repo/flatfs/shard/v1/next-to-last/2"

#define MS_FS_SHARD_COUNT 1024
#define MS_FS_SHARD_NAME_SIZE 3 /* two characters and NUL */
#define MS_FS_KEY_SIZE 56       /* 55 characters and NUL */
#define MS_FS_NAME_SIZE 64      /* "XX/" key ".data" NUL */

/** BASE32 UPPER of the sha2-256 multihash. */
void ms_fs_key(char key[MS_FS_KEY_SIZE], const uint8_t digest[MS_SHA2_256_SIZE]);
/** The path of a block below blocks/. */
void ms_fs_block_name(char name[MS_FS_NAME_SIZE], const uint8_t digest[MS_SHA2_256_SIZE]);
/** False when text is no key of a sha2-256 multihash. */
bool ms_fs_key_digest(uint8_t digest[MS_SHA2_256_SIZE], const char *text, size_t text_size);
/** The digest of a file name inside the shard folder, false for names that are not ours. */
bool ms_fs_file_digest(uint8_t digest[MS_SHA2_256_SIZE], const char *shard, const char *file);

/** The shard a digest belongs to, 0 <= index < MS_FS_SHARD_COUNT, and its folder. */
unsigned ms_fs_shard_index(const uint8_t digest[MS_SHA2_256_SIZE]);
void ms_fs_shard_name(char name[MS_FS_SHARD_NAME_SIZE], unsigned index);
bool ms_fs_is_shard_name(const char *name);

/** The block of the empty folder, without which a Kubo does not start on the folder. */
#define MS_FS_EMPTY_FOLDER_SIZE 4
extern const uint8_t ms_fs_empty_folder[MS_FS_EMPTY_FOLDER_SIZE];
ms_cid ms_fs_empty_folder_cid(void);
bool ms_fs_is_empty_folder(const uint8_t digest[MS_SHA2_256_SIZE]);

#endif
