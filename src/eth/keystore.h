/* Keys under a password as JSON: the Web3 Secret Storage definition, version 3.
 * Parsing and formatting know no password; encryption and decryption know no JSON. */
#ifndef MS_ETH_KEYSTORE_H
#define MS_ETH_KEYSTORE_H

#include "base/buffer.h"
#include "crypto/kdf.h"
#include "eth/key.h"

#define MS_KEYSTORE_SIZE_MAX ((size_t)64 * 1024) /* bytes of JSON */
#define MS_KEYSTORE_SALT_SIZE_MAX 256            /* bytes */
#define MS_KEYSTORE_DERIVED_SIZE 32              /* the only dklen */
#define MS_KEYSTORE_CIPHERTEXT_SIZE_MIN 30       /* keys that lost leading zero bytes exist */
#define MS_KEYSTORE_ID_SIZE 37                   /* UUID text with NUL */

typedef enum ms_keystore_kdf { MS_KEYSTORE_SCRYPT, MS_KEYSTORE_PBKDF2 } ms_keystore_kdf;

/** One key file, taken apart. A plain struct without secrets. */
typedef struct ms_keystore {
    char id[MS_KEYSTORE_ID_SIZE]; /* lower case; empty when the file has none */
    bool has_address;             /* some writers leave it out */
    ms_address address;           /* as the file claims; proven only by decrypting */
    ms_keystore_kdf kdf;
    ms_scrypt_cost scrypt;  /* of MS_KEYSTORE_SCRYPT */
    uint32_t pbkdf2_rounds; /* of MS_KEYSTORE_PBKDF2 */
    size_t salt_size;       /* bytes, at least 1 */
    uint8_t salt[MS_KEYSTORE_SALT_SIZE_MAX];
    uint8_t iv[MS_AES128_SIZE];
    size_t ciphertext_size; /* MS_KEYSTORE_CIPHERTEXT_SIZE_MIN to MS_KEY_SIZE */
    uint8_t ciphertext[MS_KEY_SIZE];
    uint8_t mac[32];
} ms_keystore;

/** Costs for new files: the one that wallets use by default (256 MiB, about a second), and a low one
 *  for keys whose password is empty or whose file is protected otherwise. */
#define MS_KEYSTORE_COST_STANDARD ((ms_scrypt_cost){.n = 262144, .r = 8, .p = 1})
#define MS_KEYSTORE_COST_LIGHT ((ms_scrypt_cost){.n = 1024, .r = 8, .p = 1})

/** Read JSON of a key file. Refused with MS_MALFORMED and the reasons keystore_json (also duplicate
 *  names), keystore_field (missing or of another type), keystore_version, keystore_cipher,
 *  keystore_kdf, keystore_prf, keystore_dklen, keystore_salt, keystore_iv, keystore_ciphertext,
 *  keystore_mac, keystore_address, keystore_id, keystore_cost (no cost at all); with MS_LIMIT
 *  keystore_size, keystore_salt, and those of ms_scrypt_check and ms_pbkdf2_sha256. Members that are
 *  not known are ignored. *keystore is zeroed on failure. */
MS_MUST_CHECK ms_status ms_keystore_parse(ms_keystore *keystore, ms_span json, ms_error *err);
/** Append the JSON in the field order of geth, with a newline at its end. */
MS_MUST_CHECK ms_status ms_keystore_format(ms_buffer *json, const ms_keystore *keystore, ms_error *err);

/** The key inside. The password is raw bytes, at most MS_KDF_INPUT_SIZE_MAX, and not normalised.
 *  MS_KEY "password_wrong" (or the file is damaged: the two cannot be told apart), "key_invalid",
 *  MS_INTEGRITY "keystore_address_mismatch"; *key is NULL on failure. */
MS_MUST_CHECK ms_status ms_keystore_decrypt(ms_key **key, const ms_keystore *keystore, ms_span password, ms_error *err);
/** Put key under password with a new salt, iv and id. */
MS_MUST_CHECK ms_status ms_keystore_encrypt(ms_keystore *keystore, const ms_key *key, ms_span password,
        const ms_scrypt_cost *cost, ms_error *err);

#endif
