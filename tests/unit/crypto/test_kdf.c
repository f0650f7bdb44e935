/* scrypt, PBKDF2 and AES-CTR against published values; limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include "base/checked.h"
#include "codec/text.h"
#include "crypto/kdf.h"

static ms_span text(const char *c_text)
{
    return ms_span_of(c_text, strlen(c_text));
}

static void from_hex(uint8_t *bytes, size_t size, const char *hex)
{
    assert_int_equal(ms_hex_decode(bytes, size, hex, 2 * size, NULL), MS_OK);
}

/* RFC 7914, section 12. The fourth vector takes a GiB, more than we allow. */
static void test_scrypt_gives_the_published_keys(void **state)
{
    static const struct {
        const char *password, *salt;
        ms_scrypt_cost cost;
        const char *key;
    } rows[] = {
        {"", "", {16, 1, 1},
                "77d6576238657b203b19ca42c18a0497f16b4844e3074ae8dfdffa3fede21442"
                "fcd0069ded0948f8326a753a0fc81f17e8d3e0fb2e0d3628cf35e20c38d18906"},
        {"password", "NaCl", {1024, 8, 16},
                "fdbabe1c9d3472007856e7190d01e9fe7c6ad7cbc8237830e77376634b373162"
                "2eaf30d92e22a3886ff109279d9830dac727afb94a83ee6d8360cbdfa2cc0640"},
        {"pleaseletmein", "SodiumChloride", {16384, 8, 1},
                "7023bdcb3afd7348461c06cd81fd38ebfda8fbba904f8e3ea9b543f6545da1f2"
                "d5432955613f0fcf62d49705242a9af9e61e85dc0d651e40dfcf017b45575887"},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        uint8_t key[64], expected[64];
        from_hex(expected, 64, rows[i].key);
        assert_int_equal(
                ms_scrypt(key, 64, text(rows[i].password), text(rows[i].salt), &rows[i].cost, NULL), MS_OK);
        assert_memory_equal(key, expected, 64);
    }
}

static void test_scrypt_agrees_with_openssl_at_odd_sizes(void **state)
{
    static const ms_scrypt_cost costs[] = {{2, 1, 1}, {4, 3, 2}, {64, 5, 3}, {2, 1024, 1}, {128, 7, 16}};

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(costs); i++) {
        uint8_t key[100], expected[100];
        assert_int_equal(ms_scrypt(key, sizeof(key), text("p"), text("s"), &costs[i], NULL), MS_OK);
        assert_int_equal(EVP_PBE_scrypt("p", 1, (const uint8_t *)"s", 1, costs[i].n, costs[i].r,
                                 costs[i].p, (uint64_t)1 << 30, expected, sizeof(expected)),
                1);
        assert_memory_equal(key, expected, sizeof(key));
    }
}

static void test_costs_of_scrypt_have_limits(void **state)
{
    static const struct {
        ms_scrypt_cost cost;
        ms_status status;
        const char *reason;
    } rows[] = {
        {{262144, 8, 1}, MS_OK, ""},
        {{262144, 1, 8}, MS_OK, ""},
        {{524288, 8, 16}, MS_OK, ""},
        {{1048576, 8, 1}, MS_LIMIT, "scrypt_memory"},
        {{(uint64_t)1 << 40, 8, 1}, MS_LIMIT, "scrypt_memory"},
        {{(uint64_t)1 << 63, UINT32_MAX, 1}, MS_LIMIT, "scrypt_memory"},
        {{2, 1025, 1}, MS_LIMIT, "scrypt_memory"},
        {{2, UINT32_MAX, 1}, MS_LIMIT, "scrypt_memory"},
        {{1024, 8, 17}, MS_LIMIT, "scrypt_parallel"},
        {{1024, 8, 1 << 30}, MS_LIMIT, "scrypt_parallel"},
        {{0, 8, 1}, MS_MALFORMED, "scrypt_parameters"},
        {{1, 8, 1}, MS_MALFORMED, "scrypt_parameters"},
        {{1023, 8, 1}, MS_MALFORMED, "scrypt_parameters"},
        {{1024, 0, 1}, MS_MALFORMED, "scrypt_parameters"},
        {{1024, 8, 0}, MS_MALFORMED, "scrypt_parameters"},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error error = MS_ERROR_INIT;
        uint8_t key[4] = {1, 1, 1, 1};
        assert_int_equal(ms_scrypt_check(&rows[i].cost, &error), rows[i].status);
        assert_string_equal(error.reason, rows[i].reason);
        if (rows[i].status == MS_OK)
            continue;
        assert_int_equal(ms_scrypt(key, 4, text("p"), text("s"), &rows[i].cost, NULL), rows[i].status);
        assert_memory_equal(key, "\0\0\0\0", 4);
    }
}

/* RFC 7914, section 11. */
static void test_pbkdf2_gives_the_published_keys(void **state)
{
    static const struct {
        const char *password, *salt;
        uint64_t rounds;
        const char *key;
    } rows[] = {
        {"passwd", "salt", 1,
                "55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc"
                "49ca9cccf179b645991664b39d77ef317c71b845b1e30bd509112041d3a19783"},
        {"Password", "NaCl", 80000,
                "4ddcd8f60b98be21830cee5ef22701f9641a4418d04c0414aeff08876b34ab56"
                "a1d425a1225833549adb841b51c9b3176a272bdebba1d078478f62b397f33c8d"},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        uint8_t key[64], expected[64];
        from_hex(expected, 64, rows[i].key);
        assert_int_equal(ms_pbkdf2_sha256(key, 64, text(rows[i].password), text(rows[i].salt),
                                 rows[i].rounds, NULL),
                MS_OK);
        assert_memory_equal(key, expected, 64);
    }
}

static void test_pbkdf2_and_sizes_have_limits(void **state)
{
    uint8_t key[MS_KDF_KEY_SIZE_MAX + 1];
    static const uint8_t long_input[MS_KDF_INPUT_SIZE_MAX + 1];
    static const ms_scrypt_cost cheap = {2, 1, 1};
    ms_span too_long = ms_span_of(long_input, sizeof(long_input));
    ms_error error = MS_ERROR_INIT;

    (void)state;
    assert_int_equal(ms_pbkdf2_sha256(key, 32, text("p"), text("s"), 0, &error), MS_MALFORMED);
    assert_string_equal(error.reason, "pbkdf2_parameters");
    assert_int_equal(ms_pbkdf2_sha256(key, 32, text("p"), text("s"), 10000001, &error), MS_LIMIT);
    assert_string_equal(error.reason, "pbkdf2_rounds");
    assert_int_equal(ms_pbkdf2_check(10000000, NULL), MS_OK);
    assert_int_equal(ms_pbkdf2_sha256(key, 0, text("p"), text("s"), 1, &error), MS_LIMIT);
    assert_string_equal(error.reason, "kdf_size");
    assert_int_equal(ms_pbkdf2_sha256(key, sizeof(key), text("p"), text("s"), 1, NULL), MS_LIMIT);
    assert_int_equal(ms_pbkdf2_sha256(key, 32, too_long, text("s"), 1, NULL), MS_LIMIT);
    assert_int_equal(ms_scrypt(key, 32, text("p"), too_long, &cheap, NULL), MS_LIMIT);
    assert_int_equal(ms_scrypt(key, MS_KDF_KEY_SIZE_MAX, text("p"), text("s"), &cheap, NULL), MS_OK);
}

/* NIST SP 800-38A, F.5.1 and F.5.2. */
static void test_counter_mode_gives_the_published_ciphertext(void **state)
{
    static const char plain_text[] = "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
                                     "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710";
    static const char cipher_text[] = "874d6191b620e3261bef6864990db6ce9806f66b7970fdff8617187bb9fffdff"
                                      "5ae4df3edbd5d35e5b4f09020db03eab1e031dda2fbe03d1792170a0f3009cee";
    uint8_t key[16], iv[16], plain[64], cipher[64], out[64];

    (void)state;
    from_hex(key, 16, "2b7e151628aed2a6abf7158809cf4f3c");
    from_hex(iv, 16, "f0f1f2f3f4f5f6f7f8f9fafbfcfdfeff");
    from_hex(plain, 64, plain_text);
    from_hex(cipher, 64, cipher_text);
    assert_int_equal(ms_aes128_ctr(out, key, iv, ms_span_of(plain, 64), NULL), MS_OK);
    assert_memory_equal(out, cipher, 64);
    assert_int_equal(ms_aes128_ctr(out, key, iv, ms_span_of(out, 64), NULL), MS_OK);
    assert_memory_equal(out, plain, 64);
    assert_int_equal(ms_aes128_ctr(out, key, iv, ms_span_of(cipher, 17), NULL), MS_OK);
    assert_memory_equal(out, plain, 17);
}

/* The counter is all 128 bits: after ff..ff comes 00..00. The key stream is AES of the counters. */
static void test_the_counter_wraps_at_its_end(void **state)
{
    static const uint8_t zeros[32];
    uint8_t key[16] = {1}, iv[16], zero_iv[16] = {0}, out[32], second[16];

    (void)state;
    memset(iv, 0xff, sizeof(iv));
    assert_int_equal(ms_aes128_ctr(out, key, iv, ms_span_of(zeros, 32), NULL), MS_OK);
    assert_int_equal(ms_aes128_ctr(second, key, zero_iv, ms_span_of(zeros, 16), NULL), MS_OK);
    assert_memory_equal(out + 16, second, 16);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scrypt_gives_the_published_keys),
        cmocka_unit_test(test_scrypt_agrees_with_openssl_at_odd_sizes),
        cmocka_unit_test(test_costs_of_scrypt_have_limits),
        cmocka_unit_test(test_pbkdf2_gives_the_published_keys),
        cmocka_unit_test(test_pbkdf2_and_sizes_have_limits),
        cmocka_unit_test(test_counter_mode_gives_the_published_ciphertext),
        cmocka_unit_test(test_the_counter_wraps_at_its_end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
