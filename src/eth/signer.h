/* Whoever signs digests for an address: a key in this process, or a callback to another place. */
#ifndef MS_ETH_SIGNER_H
#define MS_ETH_SIGNER_H

#include "eth/key.h"

/** A plain struct; payload lives at least as long. sign fills r, s, v (v = 27 + parity) or fails.
 *  Threads: those of payload. */
typedef struct ms_signer {
    ms_address address;
    ms_status (*sign)(void *payload, const uint8_t digest[32], uint8_t signature[MS_SIGNATURE_SIZE],
            ms_error *err);
    void *payload;
} ms_signer;

/** A signer that uses key, which has to outlive it. */
ms_signer ms_signer_of_key(ms_key *key);

/** Have digest signed and prove that the answer is a signature of signer->address: MS_INTEGRITY
 *  otherwise. signature is zeroed on failure. */
MS_MUST_CHECK ms_status ms_signer_sign(const ms_signer *signer, uint8_t signature[MS_SIGNATURE_SIZE],
        const uint8_t digest[32], ms_error *err);

#endif
