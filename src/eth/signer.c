/* Signers: the one over a key, and the check that every signer's answer goes through. */
#include "eth/signer.h"

#include <string.h>

static ms_status sign_with_key(
        void *payload, const uint8_t digest[32], uint8_t signature[MS_SIGNATURE_SIZE], ms_error *err)
{
    const ms_key *key = payload;
    return ms_key_sign(key, signature, digest, err);
}

ms_signer ms_signer_of_key(ms_key *key)
{
    return (ms_signer){.address = *ms_key_address(key), .sign = sign_with_key, .payload = key};
}

ms_status ms_signer_sign(const ms_signer *signer, uint8_t signature[MS_SIGNATURE_SIZE],
        const uint8_t digest[32], ms_error *err)
{
    memset(signature, 0, MS_SIGNATURE_SIZE);
    ms_status status = signer->sign(signer->payload, digest, signature, err);
    if (status == MS_OK)
        status = ms_signature_verify(signature, digest, &signer->address, err);
    if (status != MS_OK)
        memset(signature, 0, MS_SIGNATURE_SIZE);
    return status;
}
