/* Keys: address, signatures and what no signature may be. Vectors of ethereum/tests. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>
#include <openssl/bn.h>
#include "base/checked.h"
#include "codec/text.h"
#include "crypto/keccak256.h"
#include "eth/key.h"
#include "eth/signer.h"

static const char order_text[] = "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141";

static void from_hex(uint8_t *bytes, size_t size, const char *hex)
{
    assert_int_equal(ms_hex_decode(bytes, size, hex, 2 * size, NULL), MS_OK);
}

static const char *field(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    assert_non_null(text);
    return text;
}

/* The signatures in the file are of no message that is named there and are left out. */
static void test_published_keys_have_their_addresses_and_sign(void **state)
{
    json_t *rows = json_load_file(MS_TEST_VECTORS "/ethereum/BasicTests/keyaddrtest.json", 0, NULL);
    const json_t *row;
    size_t index;
    uint8_t digest[32] = {0};

    (void)state;
    assert_true(json_array_size(rows) >= 2);
    json_array_foreach(rows, index, row)
    {
        uint8_t bytes[32], signature[65];
        ms_address address;
        ms_key *key;
        from_hex(bytes, 32, field(row, "key"));
        from_hex(address.bytes, 20, field(row, "addr"));
        assert_int_equal(ms_key_new(&key, bytes, NULL), MS_OK);
        assert_true(ms_address_equal(ms_key_address(key), &address));
        assert_memory_equal(ms_key_bytes(key), bytes, 32);
        assert_int_equal(ms_key_sign(key, signature, digest, NULL), MS_OK);
        assert_int_equal(ms_signature_verify(signature, digest, &address, NULL), MS_OK);
        ms_key_free(key);
    }
    json_decref(rows);
}

/* The example of EIP-712 ("Mail"), signed by the key keccak256("cow"): r, s and v are published,
 * and nonces of RFC 6979 make them reproducible. */
static void test_a_published_signature_is_reproduced(void **state)
{
    uint8_t digest[32], bytes[32], signature[65], expected[65];
    ms_key *key;

    (void)state;
    from_hex(digest, 32, "be609aee343fb3c4b28e1df9e632fca64fcfaede20f02e86244efddf30957bd2");
    from_hex(expected, 32, "4355c47d63924e8a72e509b65029052eb6c299d53a04e167c5775fd466751c9d");
    from_hex(expected + 32, 32, "07299936d304c153f6443dfa05f40ff007d72911b6f72307f996231605b91562");
    expected[64] = 28;
    ms_keccak256(bytes, "cow", 3);
    assert_int_equal(ms_key_new(&key, bytes, NULL), MS_OK);
    assert_int_equal(ms_key_sign(key, signature, digest, NULL), MS_OK);
    assert_memory_equal(signature, expected, 65);
    ms_key_free(key);
}

static void test_zero_and_numbers_from_the_order_on_are_no_keys(void **state)
{
    uint8_t bytes[32] = {0};
    ms_key *key;
    ms_error error = MS_ERROR_INIT;

    (void)state;
    assert_int_equal(ms_key_new(&key, bytes, &error), MS_KEY);
    assert_string_equal(error.reason, "key_invalid");
    assert_null(key);
    from_hex(bytes, 32, order_text);
    assert_int_equal(ms_key_new(&key, bytes, NULL), MS_KEY);
    bytes[31]++;
    assert_int_equal(ms_key_new(&key, bytes, NULL), MS_KEY);
    bytes[31] = (uint8_t)(bytes[31] - 2);
    assert_int_equal(ms_key_new(&key, bytes, NULL), MS_OK);
    ms_key_free(key);
    ms_key_free(NULL);
}

static void test_random_keys_differ_and_sign(void **state)
{
    ms_key *a, *b;
    uint8_t digest[32] = {1}, signature[65];

    (void)state;
    assert_int_equal(ms_key_new_random(&a, NULL), MS_OK);
    assert_int_equal(ms_key_new_random(&b, NULL), MS_OK);
    assert_false(ms_address_equal(ms_key_address(a), ms_key_address(b)));
    assert_int_equal(ms_key_sign(a, signature, digest, NULL), MS_OK);
    assert_int_equal(ms_signature_verify(signature, digest, ms_key_address(a), NULL), MS_OK);
    ms_key_free(a);
    ms_key_free(b);
}

/* r, n - s and the other v: the same point signed as well, and still refused. */
static void mirror(uint8_t out[65], const uint8_t signature[65])
{
    BIGNUM *order = NULL, *s = BN_bin2bn(signature + 32, 32, NULL);

    assert_true(BN_hex2bn(&order, order_text) > 0);
    assert_int_equal(BN_sub(s, order, s), 1);
    memcpy(out, signature, 65);
    assert_int_equal(BN_bn2binpad(s, out + 32, 32), 32);
    out[64] = (uint8_t)(55 - signature[64]);
    BN_free(order);
    BN_free(s);
}

static void assert_refused(const uint8_t signature[65], const uint8_t digest[32])
{
    static const ms_address zero;
    ms_address address;
    ms_error error = MS_ERROR_INIT;

    memset(&address, 1, sizeof(address));
    assert_int_equal(ms_signature_recover(&address, signature, digest, &error), MS_INTEGRITY);
    assert_string_equal(error.reason, "signature_invalid");
    assert_true(ms_address_equal(&address, &zero));
}

static void test_signatures_of_a_second_form_are_refused(void **state)
{
    uint8_t digest[32] = {2}, signature[65], changed[65];
    ms_key *key;

    (void)state;
    assert_int_equal(ms_key_new_random(&key, NULL), MS_OK);
    assert_int_equal(ms_key_sign(key, signature, digest, NULL), MS_OK);
    mirror(changed, signature);
    assert_refused(changed, digest);
    for (unsigned v = 0; v < 256; v++) {
        memcpy(changed, signature, 65);
        changed[64] = (uint8_t)v;
        if (v != 27 && v != 28)
            assert_refused(changed, digest);
    }
    for (size_t half = 0; half < 64; half += 32) {
        memcpy(changed, signature, 65);
        memset(changed + half, 0, 32);
        assert_refused(changed, digest);
        from_hex(changed + half, 32, order_text);
        assert_refused(changed, digest);
        memset(changed + half, 0xff, 32);
        assert_refused(changed, digest);
    }
    ms_key_free(key);
}

static void test_every_flipped_bit_is_noticed(void **state)
{
    uint8_t digest[32] = {3}, signature[65];
    ms_key *key;

    (void)state;
    assert_int_equal(ms_key_new_random(&key, NULL), MS_OK);
    assert_int_equal(ms_key_sign(key, signature, digest, NULL), MS_OK);
    for (size_t bit = 0; bit < 8 * sizeof(signature); bit++) {
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(ms_signature_verify(signature, digest, ms_key_address(key), NULL), MS_INTEGRITY);
        signature[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    for (size_t bit = 0; bit < 8 * sizeof(digest); bit++) {
        ms_error error = MS_ERROR_INIT;
        digest[bit / 8] ^= (uint8_t)(1 << bit % 8);
        assert_int_equal(ms_signature_verify(signature, digest, ms_key_address(key), &error), MS_INTEGRITY);
        assert_string_equal(error.reason, "signature_foreign");
        digest[bit / 8] ^= (uint8_t)(1 << bit % 8);
    }
    ms_key_free(key);
}

static ms_status sign_wrongly(void *payload, const uint8_t digest[32], uint8_t signature[65], ms_error *err)
{
    uint8_t other[32];
    memcpy(other, digest, 32);
    other[0] ^= 1;
    return ms_key_sign(payload, signature, other, err);
}

static ms_status refuse(void *payload, const uint8_t digest[32], uint8_t signature[65], ms_error *err)
{
    (void)payload, (void)digest;
    memset(signature, 1, 65);
    return ms_fail(err, MS_KEY, "refused", "The signer does not want to");
}

static void test_a_signer_is_believed_only_when_its_signature_verifies(void **state)
{
    static const uint8_t zeros[65];
    uint8_t digest[32] = {4}, signature[65];
    ms_key *key;
    ms_error error = MS_ERROR_INIT;

    (void)state;
    assert_int_equal(ms_key_new_random(&key, NULL), MS_OK);
    ms_signer signer = ms_signer_of_key(key);
    assert_true(ms_address_equal(&signer.address, ms_key_address(key)));
    assert_int_equal(ms_signer_sign(&signer, signature, digest, NULL), MS_OK);
    assert_int_equal(ms_signature_verify(signature, digest, &signer.address, NULL), MS_OK);
    signer.sign = sign_wrongly;
    assert_int_equal(ms_signer_sign(&signer, signature, digest, &error), MS_INTEGRITY);
    assert_string_equal(error.reason, "signature_foreign");
    assert_memory_equal(signature, zeros, 65);
    signer.sign = refuse;
    assert_int_equal(ms_signer_sign(&signer, signature, digest, &error), MS_KEY);
    assert_memory_equal(signature, zeros, 65);
    ms_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_keys_have_their_addresses_and_sign),
        cmocka_unit_test(test_a_published_signature_is_reproduced),
        cmocka_unit_test(test_zero_and_numbers_from_the_order_on_are_no_keys),
        cmocka_unit_test(test_random_keys_differ_and_sign),
        cmocka_unit_test(test_signatures_of_a_second_form_are_refused),
        cmocka_unit_test(test_every_flipped_bit_is_noticed),
        cmocka_unit_test(test_a_signer_is_believed_only_when_its_signature_verifies),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
