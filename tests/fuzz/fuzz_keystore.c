/* Key files: what is accepted is written in one way that leads back to the same fields, keeps every
 * named limit, and is decrypted when its cost is low. */
#include <assert.h>
#include <string.h>

#include "eth/keystore.h"
#include "memory_limit.h"

/* Deriving a key is what makes a real file slow: targets take only what costs next to nothing. */
#define SCRYPT_WORK_MAX 4096 /* n * r * p */
#define PBKDF2_ROUNDS_MAX 64
/* What scrypt takes at that cost, its two parts together. */
#define SCRYPT_SIZE ((size_t)2 * 128 * SCRYPT_WORK_MAX)

static void check_limits(const ms_keystore *keystore)
{
    assert(keystore->salt_size >= 1 && keystore->salt_size <= MS_KEYSTORE_SALT_SIZE_MAX);
    assert(keystore->ciphertext_size >= MS_KEYSTORE_CIPHERTEXT_SIZE_MIN);
    assert(keystore->ciphertext_size <= MS_KEY_SIZE);
    assert(strlen(keystore->id) == 0 || strlen(keystore->id) == MS_KEYSTORE_ID_SIZE - 1);
    if (keystore->kdf == MS_KEYSTORE_SCRYPT)
        assert(ms_scrypt_check(&keystore->scrypt, NULL) == MS_OK);
    else
        assert(ms_pbkdf2_check(keystore->pbkdf2_rounds, NULL) == MS_OK);
}

static void check_formats_back(const ms_keystore *keystore)
{
    ms_buffer json;
    ms_keystore again;

    ms_buffer_init(&json, MS_KEYSTORE_SIZE_MAX);
    assert(ms_keystore_format(&json, keystore, NULL) == MS_OK);
    assert(ms_keystore_parse(&again, ms_buffer_span(&json), NULL) == MS_OK);
    assert(memcmp(&again, keystore, sizeof(again)) == 0);
    ms_buffer_release(&json);
}

static bool is_cheap(const ms_keystore *keystore)
{
    const ms_scrypt_cost *cost = &keystore->scrypt;

    if (keystore->kdf == MS_KEYSTORE_PBKDF2)
        return keystore->pbkdf2_rounds <= PBKDF2_ROUNDS_MAX;
    return cost->n * cost->r * cost->p <= SCRYPT_WORK_MAX;
}

/* Without the password the file stays closed; a key that comes out has the address of the file. */
static void check_decryption(const ms_keystore *keystore)
{
    ms_key *key;
    ms_status status = ms_keystore_decrypt(&key, keystore, ms_span_of("foo", 3), NULL);

    assert((status == MS_OK) == (key != NULL));
    assert(status == MS_OK || status == MS_KEY || status == MS_INTEGRITY);
    if (status == MS_OK && keystore->has_address)
        assert(ms_address_equal(ms_key_address(key), &keystore->address));
    ms_key_free(key);
}

static void check_input(const uint8_t *data, size_t size)
{
    static const ms_keystore zeroed;
    ms_keystore keystore;
    ms_status status = ms_keystore_parse(&keystore, ms_span_of(data, size), NULL);

    if (status != MS_OK) {
        assert(status == MS_MALFORMED || status == MS_LIMIT);
        assert(memcmp(&keystore, &zeroed, sizeof(zeroed)) == 0);
        return;
    }
    assert(memchr(data, 0, size) == NULL);
    check_limits(&keystore);
    check_formats_back(&keystore);
    if (is_cheap(&keystore)) {
        memory_limit_begin(size, SCRYPT_SIZE);
        check_decryption(&keystore);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, 0);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
