/* Private keys of secp256k1: making, signing, and the address that a signature comes from.
 * Sources: SEC 2, RFC 6979 (nonces), EIP-2 (low s), Ethereum yellow paper appendix F. */
#ifndef MS_ETH_KEY_H
#define MS_ETH_KEY_H

#include "eth/address.h"

#define MS_KEY_SIZE 32
#define MS_SIGNATURE_SIZE 65 /* r, s (32 bytes big-endian each), v = 27 + parity of y */

/** A key with its address. The key and the signing context live in secret memory. Not copyable.
 *  Threads: many may sign with one key. */
typedef struct ms_key ms_key;

/** A key from its 32 bytes, big-endian, which stay the caller's to wipe. MS_KEY "key_invalid" when
 *  it is 0 or not below the order of the curve; MS_NO_MEMORY, MS_IO. *key is NULL on failure. */
MS_MUST_CHECK ms_status ms_key_new(ms_key **key, const uint8_t bytes[MS_KEY_SIZE], ms_error *err);
/** A new random key. */
MS_MUST_CHECK ms_status ms_key_new_random(ms_key **key, ms_error *err);
/** Wipe and free; NULL is ignored. */
void ms_key_free(ms_key *key);

/** Both live as long as the key. The bytes are secret: they go nowhere but into encryption. */
const ms_address *ms_key_address(const ms_key *key);
const uint8_t *ms_key_bytes(const ms_key *key);

/** Sign a digest: deterministic, low s, and recovered again before it is handed out. signature is
 *  zeroed on failure, which is MS_INTERNAL "sign_failed". */
MS_MUST_CHECK ms_status ms_key_sign(const ms_key *key, uint8_t signature[MS_SIGNATURE_SIZE],
        const uint8_t digest[32], ms_error *err);

/** The address whose key made signature over digest. One signature has one form: high s, a v that is
 *  not 27 or 28, r or s of 0 or not below the order are MS_INTEGRITY "signature_invalid". */
MS_MUST_CHECK ms_status ms_signature_recover(ms_address *address,
        const uint8_t signature[MS_SIGNATURE_SIZE], const uint8_t digest[32], ms_error *err);
/** MS_INTEGRITY "signature_foreign" unless signature over digest was made by the key of address. */
MS_MUST_CHECK ms_status ms_signature_verify(const uint8_t signature[MS_SIGNATURE_SIZE],
        const uint8_t digest[32], const ms_address *address, ms_error *err);

#endif
