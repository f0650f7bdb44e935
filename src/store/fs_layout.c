/* Names of the embedded store on disk: keys, block files, folders. */
#include "store/fs_layout_priv.h"

#include <assert.h>
#include <string.h>

#include "codec/text.h"

#define MULTIHASH_SIZE (2 + MS_SHA2_256_SIZE)
#define KEY_LENGTH (MS_FS_KEY_SIZE - 1)
#define SUFFIX ".data"
#define SUFFIX_LENGTH (sizeof(SUFFIX) - 1)

static_assert(MS_BASE32_TEXT_SIZE(MULTIHASH_SIZE) == MS_FS_KEY_SIZE, "key of a sha2-256 multihash");
static_assert(MS_FS_NAME_SIZE == MS_FS_SHARD_NAME_SIZE + KEY_LENGTH + sizeof(SUFFIX), "XX/KEY.data");

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

const uint8_t ms_fs_empty_folder[MS_FS_EMPTY_FOLDER_SIZE] = {0x0a, 0x02, 0x08, 0x01};

/* SHA-256 of ms_fs_empty_folder; a test computes it. */
static const uint8_t empty_folder_digest[MS_SHA2_256_SIZE] = {0x59, 0x94, 0x84, 0x39, 0x06, 0x5f, 0x29,
        0x61, 0x9e, 0xf4, 0x12, 0x80, 0xcb, 0xb9, 0x32, 0xbe, 0x52, 0xc5, 0x6d, 0x99, 0xc5, 0x96, 0x6b,
        0x65, 0xe0, 0x11, 0x12, 0x39, 0xf0, 0x98, 0xbb, 0xef};

void ms_fs_key(char key[MS_FS_KEY_SIZE], const uint8_t digest[MS_SHA2_256_SIZE])
{
    uint8_t multihash[MULTIHASH_SIZE] = {MS_HASH_SHA2_256, MS_SHA2_256_SIZE};

    memcpy(multihash + 2, digest, MS_SHA2_256_SIZE);
    ms_base32_encode(key, multihash, sizeof(multihash), true);
}

void ms_fs_block_name(char name[MS_FS_NAME_SIZE], const uint8_t digest[MS_SHA2_256_SIZE])
{
    char *key = name + MS_FS_SHARD_NAME_SIZE;

    ms_fs_key(key, digest);
    memcpy(key + KEY_LENGTH, SUFFIX, sizeof(SUFFIX));
    name[0] = key[KEY_LENGTH - 3];
    name[1] = key[KEY_LENGTH - 2];
    name[2] = '/';
}

bool ms_fs_key_digest(uint8_t digest[MS_SHA2_256_SIZE], const char *text, size_t text_size)
{
    uint8_t multihash[MULTIHASH_SIZE];
    size_t size;

    if (text_size != KEY_LENGTH ||
            ms_base32_decode(multihash, sizeof(multihash), &size, text, text_size, true, NULL) != MS_OK)
        return false;
    if (size != MULTIHASH_SIZE || multihash[0] != MS_HASH_SHA2_256 || multihash[1] != MS_SHA2_256_SIZE)
        return false;
    memcpy(digest, multihash + 2, MS_SHA2_256_SIZE);
    return true;
}

bool ms_fs_file_digest(uint8_t digest[MS_SHA2_256_SIZE], const char *shard, const char *file)
{
    size_t length = strlen(file);

    return length == KEY_LENGTH + SUFFIX_LENGTH && memcmp(file + KEY_LENGTH, SUFFIX, SUFFIX_LENGTH) == 0 &&
           memcmp(file + KEY_LENGTH - 3, shard, 2) == 0 && ms_fs_key_digest(digest, file, KEY_LENGTH);
}

/* The 55 characters hold 275 bits, of which the last 3 are padding: the shard's two characters are
 * bits 260 to 269 of the multihash, which are bits 244 to 253 of the digest. */
unsigned ms_fs_shard_index(const uint8_t digest[MS_SHA2_256_SIZE])
{
    return (unsigned)((digest[30] & 0x0fU) << 6 | digest[31] >> 2);
}

void ms_fs_shard_name(char name[MS_FS_SHARD_NAME_SIZE], unsigned index)
{
    name[0] = alphabet[index >> 5 & 31];
    name[1] = alphabet[index & 31];
    name[2] = '\0';
}

bool ms_fs_is_shard_name(const char *name)
{
    return strlen(name) == 2 && strchr(alphabet, name[0]) != NULL && strchr(alphabet, name[1]) != NULL;
}

bool ms_fs_is_session_name(const char *name)
{
    size_t size = strlen(name);

    return size == 2 * (size_t)MS_FS_SESSION_RANDOM_SIZE && strspn(name, "0123456789abcdef") == size;
}

ms_cid ms_fs_empty_folder_cid(void)
{
    return ms_cid_sha256(MS_CODEC_DAG_PB, empty_folder_digest);
}

bool ms_fs_is_empty_folder(const uint8_t digest[MS_SHA2_256_SIZE])
{
    return memcmp(digest, empty_folder_digest, MS_SHA2_256_SIZE) == 0;
}
