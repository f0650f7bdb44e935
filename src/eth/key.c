/* Private keys on libsecp256k1. The whole object lies in secret memory, the library's signing
 * context included: its blinding values are as secret as the key. */
#include "eth/key.h"

#include <string.h>
#include <secp256k1.h>
#include <secp256k1_preallocated.h>
#include <secp256k1_recovery.h>
#include "crypto/keccak256.h"
#include "crypto/secret.h"
#include "platform/random.h"

#define PUBLIC_KEY_SIZE 65 /* 0x04, x, y */
#define RANDOM_TRIES_MAX 8 /* a random number is no key about once in 2^128 times */

struct ms_key {
    ms_secret memory; /* where this struct itself lies, followed by the context */
    secp256k1_context *context;
    ms_address address;
    uint8_t bytes[MS_KEY_SIZE];
};

#define CONTEXT_OFFSET ((sizeof(struct ms_key) + 63) / 64 * 64)

static void address_of_public_key(
        ms_address *address, const secp256k1_context *context, const secp256k1_pubkey *public_key)
{
    uint8_t text[PUBLIC_KEY_SIZE], hash[MS_KECCAK256_SIZE];
    size_t size = sizeof(text);

    (void)secp256k1_ec_pubkey_serialize(context, text, &size, public_key, SECP256K1_EC_UNCOMPRESSED);
    ms_keccak256(hash, text + 1, sizeof(text) - 1);
    memcpy(address->bytes, hash + sizeof(hash) - MS_ADDRESS_SIZE, MS_ADDRESS_SIZE);
}

/* An empty key with its context, blinded by random bytes against side channels. */
static ms_status allocate(ms_key **key, ms_error *err)
{
    ms_secret memory;
    size_t context_size = secp256k1_context_preallocated_size(SECP256K1_CONTEXT_NONE);
    ms_status status = ms_secret_init(&memory, CONTEXT_OFFSET + context_size, err);

    *key = NULL;
    if (status != MS_OK)
        return status;
    ms_key *made = (ms_key *)(void *)memory.bytes;
    made->memory = memory;
    made->context = secp256k1_context_preallocated_create(
            memory.bytes + CONTEXT_OFFSET, SECP256K1_CONTEXT_NONE);
    status = ms_random_bytes(made->bytes, MS_KEY_SIZE, err);
    if (status == MS_OK && secp256k1_context_randomize(made->context, made->bytes) != 1)
        status = ms_fail(err, MS_INTERNAL, "sign_failed", "The library libsecp256k1 cannot be initialised");
    if (status != MS_OK) {
        ms_key_free(made);
        return status;
    }
    *key = made;
    return MS_OK;
}

static ms_status set_bytes(ms_key *key, const uint8_t bytes[MS_KEY_SIZE], ms_error *err)
{
    secp256k1_pubkey public_key;

    memcpy(key->bytes, bytes, MS_KEY_SIZE);
    if (secp256k1_ec_pubkey_create(key->context, &public_key, key->bytes) != 1)
        return ms_fail(err, MS_KEY, "key_invalid",
                "A private key is zero or not below the order of the curve");
    address_of_public_key(&key->address, key->context, &public_key);
    return MS_OK;
}

ms_status ms_key_new(ms_key **key, const uint8_t bytes[MS_KEY_SIZE], ms_error *err)
{
    ms_status status = allocate(key, err);

    if (status != MS_OK)
        return status;
    status = set_bytes(*key, bytes, err);
    if (status != MS_OK) {
        ms_key_free(*key);
        *key = NULL;
    }
    return status;
}

ms_status ms_key_new_random(ms_key **key, ms_error *err)
{
    ms_secret bytes;
    ms_status status = ms_secret_init(&bytes, MS_KEY_SIZE, err);

    *key = NULL;
    for (int i = 0; i < RANDOM_TRIES_MAX && status == MS_OK && *key == NULL; i++) {
        status = ms_random_bytes(bytes.bytes, MS_KEY_SIZE, err);
        if (status != MS_OK)
            break;
        if (secp256k1_ec_seckey_verify(secp256k1_context_static, bytes.bytes) == 1)
            status = ms_key_new(key, bytes.bytes, err);
    }
    if (status == MS_OK && *key == NULL)
        status = ms_fail(err, MS_INTERNAL, "random_failed", "The random bytes of the system are not random");
    ms_secret_release(&bytes);
    return status;
}

void ms_key_free(ms_key *key)
{
    if (key == NULL)
        return;
    ms_secret memory = key->memory;
    secp256k1_context_preallocated_destroy(key->context);
    ms_secret_release(&memory);
}

const ms_address *ms_key_address(const ms_key *key)
{
    return &key->address;
}

const uint8_t *ms_key_bytes(const ms_key *key)
{
    return key->bytes;
}

ms_status ms_key_sign(const ms_key *key, uint8_t signature[MS_SIGNATURE_SIZE],
        const uint8_t digest[32], ms_error *err)
{
    secp256k1_ecdsa_recoverable_signature made;
    int parity = -1;

    memset(signature, 0, MS_SIGNATURE_SIZE);
    if (secp256k1_ecdsa_sign_recoverable(key->context, &made, digest, key->bytes, NULL, NULL) == 1) {
        (void)secp256k1_ecdsa_recoverable_signature_serialize_compact(
                key->context, signature, &parity, &made);
        signature[64] = (uint8_t)(27 + parity);
    }
    /* A fault in the computation could give the key away: what does not verify is not handed out. */
    if (ms_signature_verify(signature, digest, &key->address, NULL) != MS_OK) {
        ms_wipe(signature, MS_SIGNATURE_SIZE);
        ms_wipe(&made, sizeof(made));
        return ms_fail(err, MS_INTERNAL, "sign_failed", "A signature does not verify after making it");
    }
    return MS_OK;
}

static bool recover(ms_address *address, const uint8_t signature[MS_SIGNATURE_SIZE], const uint8_t digest[32])
{
    const secp256k1_context *context = secp256k1_context_static;
    secp256k1_ecdsa_recoverable_signature recoverable;
    secp256k1_ecdsa_signature plain;
    secp256k1_pubkey public_key;
    uint8_t v = signature[64];

    if (v != 27 && v != 28)
        return false;
    if (secp256k1_ecdsa_recoverable_signature_parse_compact(
                context, &recoverable, signature, v - 27) != 1)
        return false;
    /* normalize says whether s was in the upper half. */
    if (secp256k1_ecdsa_recoverable_signature_convert(context, &plain, &recoverable) != 1 ||
            secp256k1_ecdsa_signature_normalize(context, NULL, &plain) != 0)
        return false;
    if (secp256k1_ecdsa_recover(context, &public_key, &recoverable, digest) != 1)
        return false;
    address_of_public_key(address, context, &public_key);
    return true;
}

ms_status ms_signature_recover(ms_address *address, const uint8_t signature[MS_SIGNATURE_SIZE],
        const uint8_t digest[32], ms_error *err)
{
    *address = (ms_address){{0}};
    if (!recover(address, signature, digest))
        return ms_fail(err, MS_INTEGRITY, "signature_invalid", "A signature is not well-formed");
    return MS_OK;
}

ms_status ms_signature_verify(const uint8_t signature[MS_SIGNATURE_SIZE], const uint8_t digest[32],
        const ms_address *address, ms_error *err)
{
    ms_address found;
    ms_status status = ms_signature_recover(&found, signature, digest, err);

    if (status == MS_OK && !ms_address_equal(&found, address)) {
        char made_by[MS_ADDRESS_TEXT_SIZE], expected[MS_ADDRESS_TEXT_SIZE];
        ms_address_format(made_by, &found);
        ms_address_format(expected, address);
        return ms_fail(err, MS_INTEGRITY, "signature_foreign",
                "A signature of %s comes from %s or from another message", expected, made_by);
    }
    return status;
}
