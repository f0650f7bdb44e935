/* Keys from passwords (scrypt, PBKDF2-HMAC-SHA256) and AES-128 in counter mode: what key files need.
 * Sources: RFC 7914, RFC 8018 section 5.2, NIST SP 800-38A section 6.5. */
#ifndef MS_CRYPTO_KDF_H
#define MS_CRYPTO_KDF_H

#include "base/buffer.h"

/** What scrypt may be asked for; files name these numbers, so they are a stranger's choice. */
#define MS_SCRYPT_MEMORY_MAX ((uint64_t)512 << 20) /* bytes: 128 * n * r */
#define MS_SCRYPT_R_MAX 1024
#define MS_SCRYPT_P_MAX 16
#define MS_PBKDF2_ROUNDS_MAX 10000000
#define MS_KDF_KEY_SIZE_MAX 1024   /* bytes of derived key */
#define MS_KDF_INPUT_SIZE_MAX 4096 /* bytes of password, and of salt */

/** The cost of scrypt: about 128 * n * r bytes of memory, and p times the time for filling them. */
typedef struct ms_scrypt_cost {
    uint64_t n; /* a power of two, at least 2 */
    uint32_t r; /* at least 1 */
    uint32_t p; /* at least 1 */
} ms_scrypt_cost;

/** Whether cost is within the limits above. MS_LIMIT "scrypt_memory" or "scrypt_parallel" when it is
 *  too high, MS_MALFORMED "scrypt_parameters" when it is no cost at all. RFC 7914 also asks for
 *  n < 2^(16 r), which key files of other programs break (n 2^18 with r 1): that is not checked. */
MS_MUST_CHECK ms_status ms_scrypt_check(const ms_scrypt_cost *cost, ms_error *err);

/** Derive key_size bytes (1 to MS_KDF_KEY_SIZE_MAX). All working memory is wiped. key is zeroed on
 *  failure. Returns MS_OK, what ms_scrypt_check returns, MS_LIMIT "kdf_size", MS_NO_MEMORY. */
MS_MUST_CHECK ms_status ms_scrypt(uint8_t *key, size_t key_size, ms_span password, ms_span salt,
        const ms_scrypt_cost *cost, ms_error *err);

/** Whether rounds is 1 to MS_PBKDF2_ROUNDS_MAX. MS_LIMIT "pbkdf2_rounds", and MS_MALFORMED
 *  "pbkdf2_parameters" for 0. */
MS_MUST_CHECK ms_status ms_pbkdf2_check(uint64_t rounds, ms_error *err);
/** ms_scrypt by PBKDF2 with rounds of HMAC-SHA256. */
MS_MUST_CHECK ms_status ms_pbkdf2_sha256(uint8_t *key, size_t key_size, ms_span password,
        ms_span salt, uint64_t rounds, ms_error *err);

#define MS_AES128_SIZE 16 /* bytes of key and of counter block */
/** Encrypt or decrypt in.size bytes into out (which may be in.data itself). iv is the first counter
 *  block; all its 128 bits count, big-endian, and wrap. out is zeroed on failure. */
MS_MUST_CHECK ms_status ms_aes128_ctr(uint8_t *out, const uint8_t key[MS_AES128_SIZE],
        const uint8_t iv[MS_AES128_SIZE], ms_span in, ms_error *err);

#endif
