/* Keys under a password: deriving the key that encrypts, the MAC, encryption and decryption.
 * Source: Web3 Secret Storage definition, version 3. */
#include "eth/keystore.h"

#include <string.h>
#include "base/checked.h"
#include "codec/text.h"
#include "crypto/keccak256.h"
#include "crypto/secret.h"
#include "platform/random.h"

#define ENCRYPTION_KEY_SIZE MS_AES128_SIZE /* first half of the derived key; the second is for the MAC */
#define SALT_SIZE 32                       /* of new files */

static ms_status derive(uint8_t derived[MS_KEYSTORE_DERIVED_SIZE], const ms_keystore *keystore,
        ms_span password, ms_error *err)
{
    ms_span salt = ms_span_of(keystore->salt, keystore->salt_size);

    if (keystore->kdf == MS_KEYSTORE_PBKDF2)
        return ms_pbkdf2_sha256(derived, MS_KEYSTORE_DERIVED_SIZE, password, salt,
                keystore->pbkdf2_rounds, err);
    return ms_scrypt(derived, MS_KEYSTORE_DERIVED_SIZE, password, salt, &keystore->scrypt, err);
}

/* keccak256(second half of the derived key, ciphertext). */
static void authenticate(uint8_t mac[MS_KECCAK256_SIZE],
        const uint8_t derived[MS_KEYSTORE_DERIVED_SIZE], const ms_keystore *keystore)
{
    ms_keccak256_stream stream;

    ms_keccak256_init(&stream);
    ms_keccak256_update(&stream, derived + ENCRYPTION_KEY_SIZE,
            MS_KEYSTORE_DERIVED_SIZE - ENCRYPTION_KEY_SIZE);
    ms_keccak256_update(&stream, keystore->ciphertext, keystore->ciphertext_size);
    ms_keccak256_final(&stream, mac);
    ms_wipe(&stream, sizeof(stream));
}

static ms_status check_address(const ms_key *key, const ms_keystore *keystore, ms_error *err)
{
    char inside[MS_ADDRESS_TEXT_SIZE], outside[MS_ADDRESS_TEXT_SIZE];

    if (!keystore->has_address || ms_address_equal(ms_key_address(key), &keystore->address))
        return MS_OK;
    ms_address_format(inside, ms_key_address(key));
    ms_address_format(outside, &keystore->address);
    return ms_fail(err, MS_INTEGRITY, "keystore_address_mismatch",
            "A key file says %s but holds the key of %s", outside, inside);
}

ms_status ms_keystore_decrypt(ms_key **key, const ms_keystore *keystore, ms_span password, ms_error *err)
{
    ms_secret derived, bytes;
    ms_key *made = NULL;
    uint8_t mac[MS_KECCAK256_SIZE];
    const size_t padding = MS_KEY_SIZE - keystore->ciphertext_size; /* leading zeros that were lost */
    ms_span ciphertext = ms_span_of(keystore->ciphertext, keystore->ciphertext_size);
    ms_status status;

    *key = NULL;
    derived = bytes = (ms_secret){.bytes = NULL};
    if ((status = ms_secret_init(&derived, MS_KEYSTORE_DERIVED_SIZE, err)) != MS_OK ||
            (status = ms_secret_init(&bytes, MS_KEY_SIZE, err)) != MS_OK ||
            (status = derive(derived.bytes, keystore, password, err)) != MS_OK)
        goto done;
    authenticate(mac, derived.bytes, keystore);
    if (!ms_secret_equal(mac, keystore->mac, sizeof(mac))) {
        status = ms_fail(err, MS_KEY, "password_wrong", "The password does not open the key file");
        ms_error_set_hint(err, "Check the password; if it is right, the file is damaged");
        goto done;
    }
    if ((status = ms_aes128_ctr(bytes.bytes + padding, derived.bytes, keystore->iv, ciphertext, err)) != MS_OK ||
            (status = ms_key_new(&made, bytes.bytes, err)) != MS_OK ||
            (status = check_address(made, keystore, err)) != MS_OK)
        goto done;
    *key = made;
    made = NULL;
done:
    ms_key_free(made);
    ms_secret_release(&bytes);
    ms_secret_release(&derived);
    return status;
}

/* RFC 4122, section 4.4: version 4 and the variant in 6 bits, the rest random. */
static ms_status make_id(char id[MS_KEYSTORE_ID_SIZE], ms_error *err)
{
    static const size_t group_sizes[] = {4, 2, 2, 2, 6};
    uint8_t bytes[16];
    const uint8_t *group = bytes;
    ms_status status = ms_random_bytes(bytes, sizeof(bytes), err);

    if (status != MS_OK)
        return status;
    bytes[6] = (uint8_t)((bytes[6] & 0x0f) | 0x40);
    bytes[8] = (uint8_t)((bytes[8] & 0x3f) | 0x80);
    for (size_t i = 0; i < MS_ARRAY_COUNT(group_sizes); i++) {
        ms_hex_encode(id, group, group_sizes[i]);
        id += 2 * group_sizes[i];
        *id++ = '-';
        group += group_sizes[i];
    }
    id[-1] = '\0';
    return MS_OK;
}

ms_status ms_keystore_encrypt(ms_keystore *keystore, const ms_key *key, ms_span password,
        const ms_scrypt_cost *cost, ms_error *err)
{
    ms_secret derived;
    ms_keystore made = {
        .has_address = true,
        .address = *ms_key_address(key),
        .kdf = MS_KEYSTORE_SCRYPT,
        .scrypt = *cost,
        .salt_size = SALT_SIZE,
        .ciphertext_size = MS_KEY_SIZE,
    };
    ms_span plain = ms_span_of(ms_key_bytes(key), MS_KEY_SIZE);
    ms_status status;

    *keystore = (ms_keystore){.kdf = MS_KEYSTORE_SCRYPT};
    derived = (ms_secret){.bytes = NULL};
    if ((status = ms_random_bytes(made.salt, SALT_SIZE, err)) != MS_OK ||
            (status = ms_random_bytes(made.iv, sizeof(made.iv), err)) != MS_OK ||
            (status = make_id(made.id, err)) != MS_OK ||
            (status = ms_secret_init(&derived, MS_KEYSTORE_DERIVED_SIZE, err)) != MS_OK ||
            (status = derive(derived.bytes, &made, password, err)) != MS_OK ||
            (status = ms_aes128_ctr(made.ciphertext, derived.bytes, made.iv, plain, err)) != MS_OK)
        goto done;
    authenticate(made.mac, derived.bytes, &made);
    *keystore = made;
done:
    ms_secret_release(&derived);
    return status;
}
