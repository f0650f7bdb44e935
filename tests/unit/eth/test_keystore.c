/* Key files: published ones open, what breaks the rules is refused by name, ours come back. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include <jansson.h>
#include "base/checked.h"
#include "codec/text.h"
#include "doubles/short_memory.h"
#include "crypto/keccak256.h"
#include "eth/keystore.h"

static const ms_scrypt_cost cheap = {.n = 2, .r = 1, .p = 1};

static ms_span text(const char *c_text)
{
    return ms_span_of(c_text, strlen(c_text));
}

static void from_hex(uint8_t *bytes, size_t size, const char *hex)
{
    assert_int_equal(ms_hex_decode(bytes, size, hex, 2 * size, NULL), MS_OK);
}

static const char *field(const json_t *object, const char *name)
{
    const char *value = json_string_value(json_object_get(object, name));
    assert_non_null(value);
    return value;
}

static void test_published_key_files_open(void **state)
{
    json_t *rows = json_load_file(MS_TEST_VECTORS "/ethereum/KeyStoreTests/basic_tests.json", 0, NULL);
    const char *name;
    json_t *row;
    size_t opened = 0;

    (void)state;
    assert_non_null(rows);
    json_object_foreach(rows, name, row)
    {
        char *json = json_dumps(json_object_get(row, "json"), 0);
        uint8_t expected[32];
        ms_keystore keystore;
        ms_key *key;
        from_hex(expected, 32, field(row, "priv"));
        assert_int_equal(ms_keystore_parse(&keystore, text(json), NULL), MS_OK);
        assert_int_equal(ms_keystore_decrypt(&key, &keystore, text(field(row, "password")), NULL), MS_OK);
        assert_memory_equal(ms_key_bytes(key), expected, 32);
        ms_key_free(key);
        free(json);
        opened++;
    }
    assert_int_equal(opened, 5);
    json_decref(rows);
}

/* A valid file in pieces: each row of the tables exchanges one member. */
#define VERSION "\"version\":3"
#define ID "\"id\":\"3198bc9c-6672-4ab3-9995-4942343ae5b6\""
#define ADDRESS "\"address\":\"008aeeda4d805471df9b2a5b0f38a0c3bcba786b\""
#define CIPHER "\"cipher\":\"aes-128-ctr\""
#define IV "\"iv\":\"83dbcc02d8ccb40e466191a123791e0e\""
#define CIPHERTEXT "\"ciphertext\":\"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c\""
#define MAC "\"mac\":\"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e3097\""
#define KDF "\"kdf\":\"scrypt\""
#define DKLEN "\"dklen\":32"
#define N "\"n\":262144"
#define R "\"r\":1"
#define P "\"p\":8"
#define SALT "\"salt\":\"ab0c7876052600dd703518d6fc3fe8984592145b591fc8fb5c6d43190334ba19\""
#define PBKDF2                                                                                     \
    "{" VERSION ",\"crypto\":{" CIPHER ",\"cipherparams\":{" IV "}," CIPHERTEXT "," MAC            \
    ",\"kdf\":\"pbkdf2\",\"kdfparams\":{\"c\":262144,\"prf\":\"hmac-sha256\"," DKLEN "," SALT "}}}"
#define VALID                                                                                      \
    "{" VERSION "," ID "," ADDRESS ",\"crypto\":{" CIPHER ",\"cipherparams\":{" IV "}," CIPHERTEXT \
    "," MAC "," KDF ",\"kdfparams\":{" DKLEN "," N "," R "," P "," SALT "}}}"

/* valid with the one place where from stands replaced. */
static char *exchange(const char *valid, const char *from, const char *to)
{
    const char *place = strstr(valid, from);
    assert_non_null(place);
    assert_null(strstr(place + 1, from));
    size_t size = strlen(valid) - strlen(from) + strlen(to) + 1;
    char *changed = malloc(size);
    assert_non_null(changed);
    (void)snprintf(changed, size, "%.*s%s%s", (int)(place - valid), valid, to, place + strlen(from));
    return changed;
}

static void test_what_breaks_the_rules_is_refused_by_name(void **state)
{
    static const struct {
        const char *from, *to;
        ms_status status;
        const char *reason;
    } rows[] = {
        {VERSION, "\"version\":1", MS_MALFORMED, "keystore_version"},
        {VERSION, "\"version\":2", MS_MALFORMED, "keystore_version"},
        {VERSION, "\"version\":4", MS_MALFORMED, "keystore_version"},
        {VERSION, "\"version\":\"3\"", MS_MALFORMED, "keystore_version"},
        {VERSION, "\"version\":3.0", MS_MALFORMED, "keystore_version"},
        {VERSION, "\"x\":3", MS_MALFORMED, "keystore_version"},
        {VERSION, VERSION "," VERSION, MS_MALFORMED, "keystore_json"},
        {ID, "\"id\":\"3198bc9c\"", MS_MALFORMED, "keystore_id"},
        {ID, "\"id\":\"3198bc9c-6672-4ab3-9995-4942343ae5bg\"", MS_MALFORMED, "keystore_id"},
        {ID, "\"id\":\"3198bc9c06672-4ab3-9995-4942343ae5b6\"", MS_MALFORMED, "keystore_id"},
        {ID, "\"id\":3", MS_MALFORMED, "keystore_id"},
        {ADDRESS, "\"address\":\"\"", MS_MALFORMED, "keystore_address"},
        {ADDRESS, "\"address\":\"008aeeda4d805471df9b2a5b0f38a0c3bcba78\"", MS_MALFORMED, "keystore_address"},
        {ADDRESS, "\"address\":\"008aeeda4d805471df9b2a5b0f38a0c3bcba786z\"", MS_MALFORMED, "keystore_address"},
        {ADDRESS, "\"address\":null", MS_MALFORMED, "keystore_field"},
        {"\"crypto\"", "\"crypt\"", MS_MALFORMED, "keystore_field"},
        {ID, "\"Crypto\":{}", MS_MALFORMED, "keystore_field"},
        {CIPHER, "\"cipher\":\"aes-128-cbc\"", MS_MALFORMED, "keystore_cipher"},
        {CIPHER, "\"cipher\":\"AES-128-CTR\"", MS_MALFORMED, "keystore_cipher"},
        {CIPHER, "\"cipher\":7", MS_MALFORMED, "keystore_field"},
        {CIPHER, CIPHER "," CIPHER, MS_MALFORMED, "keystore_json"},
        {"\"cipherparams\":{" IV "}", "\"cipherparams\":[]", MS_MALFORMED, "keystore_field"},
        {IV, "\"iv\":\"83dbcc02d8ccb40e466191a123791e\"", MS_MALFORMED, "keystore_iv"},
        {IV, "\"iv\":\"83dbcc02d8ccb40e466191a123791e0e00\"", MS_MALFORMED, "keystore_iv"},
        {IV, "\"iv\":\"83dbcc02d8ccb40e466191a123791e0\"", MS_MALFORMED, "keystore_iv"},
        {IV, "\"iv\":\"83dbcc02d8ccb40e466191a123791e0-\"", MS_MALFORMED, "keystore_iv"},
        {CIPHERTEXT, "\"ciphertext\":\"\"", MS_MALFORMED, "keystore_ciphertext"},
        {CIPHERTEXT, "\"ciphertext\":\"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fb\"",
                MS_MALFORMED, "keystore_ciphertext"},
        {CIPHERTEXT, "\"ciphertext\":\"d172bf743a674da9cdad04534d56926ef8358534d458fffccd4e6ad2fbde479c00\"",
                MS_MALFORMED, "keystore_ciphertext"},
        {MAC, "\"mac\":\"2103ac29920d71da29f15d75b4a16dbe95cfd7ff8faea1056c33131d846e30\"", MS_MALFORMED,
                "keystore_mac"},
        {KDF, "\"kdf\":\"bcrypt\"", MS_MALFORMED, "keystore_kdf"},
        {KDF, "\"kdf\":null", MS_MALFORMED, "keystore_field"},
        {DKLEN, "\"dklen\":0", MS_MALFORMED, "keystore_dklen"},
        {DKLEN, "\"dklen\":16", MS_MALFORMED, "keystore_dklen"},
        {DKLEN, "\"dklen\":31", MS_MALFORMED, "keystore_dklen"},
        {DKLEN, "\"dklen\":64", MS_MALFORMED, "keystore_dklen"},
        {DKLEN, "\"dklen\":2147483648", MS_MALFORMED, "keystore_dklen"},
        {DKLEN, "\"dklen\":\"32\"", MS_MALFORMED, "keystore_field"},
        {DKLEN, "\"dklen\":-32", MS_MALFORMED, "keystore_field"},
        {N, "\"n\":1099511627776", MS_LIMIT, "scrypt_memory"},
        {N, "\"n\":9223372036854775807", MS_MALFORMED, "scrypt_parameters"},
        {N, "\"n\":4611686018427387904", MS_LIMIT, "scrypt_memory"},
        {N, "\"n\":18446744073709551616", MS_MALFORMED, "keystore_json"},
        {N, "\"n\":262143", MS_MALFORMED, "scrypt_parameters"},
        {N, "\"n\":1", MS_MALFORMED, "scrypt_parameters"},
        {N, "\"n\":0", MS_MALFORMED, "scrypt_parameters"},
        {N, "\"n\":-2", MS_MALFORMED, "keystore_field"},
        {N, "\"n\":2.5", MS_MALFORMED, "keystore_field"},
        {N, "\"n\":262144.0", MS_MALFORMED, "keystore_field"},
        {N, "\"n\":\"262144\"", MS_MALFORMED, "keystore_field"},
        {N, "\"N\":262144", MS_MALFORMED, "keystore_field"},
        {R, "\"r\":0", MS_MALFORMED, "scrypt_parameters"},
        {R, "\"r\":-1", MS_MALFORMED, "keystore_field"},
        {R, "\"r\":4294967297", MS_LIMIT, "keystore_cost"},
        {R, "\"r\":1048576", MS_LIMIT, "scrypt_memory"},
        {P, "\"p\":0", MS_MALFORMED, "scrypt_parameters"},
        {P, "\"p\":17", MS_LIMIT, "scrypt_parallel"},
        {P, "\"p\":1073741824", MS_LIMIT, "scrypt_parallel"},
        {P, "\"p\":4294967296", MS_LIMIT, "keystore_cost"},
        {P, "\"p\":true", MS_MALFORMED, "keystore_field"},
        {SALT, "\"salt\":\"\"", MS_MALFORMED, "keystore_salt"},
        {SALT, "\"salt\":\"0x\"", MS_MALFORMED, "keystore_salt"},
        {SALT, "\"salt\":\"abc\"", MS_MALFORMED, "keystore_salt"},
        {SALT, "\"salt\":\"ab\\u0000c\"", MS_MALFORMED, "keystore_json"},
        {SALT, "\"salt\":\"\xff\xff\"", MS_MALFORMED, "keystore_json"},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        static const ms_keystore zeroed;
        char *json = exchange(VALID, rows[i].from, rows[i].to);
        ms_error error = MS_ERROR_INIT;
        ms_keystore keystore;
        memset(&keystore, 1, sizeof(keystore));
        ms_status status = ms_keystore_parse(&keystore, text(json), &error);
        if (status != rows[i].status || strcmp(error.reason, rows[i].reason) != 0)
            fail_msg("%s: status %d, reason %s: %s", rows[i].to, (int)status, error.reason, error.message);
        assert_memory_equal(&keystore, &zeroed, sizeof(zeroed));
        free(json);
    }
}

static void test_pbkdf2_has_rules_of_its_own(void **state)
{
    static const struct {
        const char *from, *to;
        ms_status status;
        const char *reason;
    } rows[] = {
        {"hmac-sha256", "hmac-sha512", MS_MALFORMED, "keystore_prf"},
        {"\"prf\":\"hmac-sha256\"", "\"prf\":1", MS_MALFORMED, "keystore_field"},
        {"\"c\":262144", "\"c\":0", MS_MALFORMED, "pbkdf2_parameters"},
        {"\"c\":262144", "\"c\":10000001", MS_LIMIT, "pbkdf2_rounds"},
        {"\"c\":262144", "\"c\":4294967297", MS_LIMIT, "keystore_cost"},
        {"\"c\":262144", "\"c\":-1", MS_MALFORMED, "keystore_field"},
        {"\"c\":262144", "\"n\":262144", MS_MALFORMED, "keystore_field"},
    };
    ms_keystore keystore;

    (void)state;
    assert_int_equal(ms_keystore_parse(&keystore, text(PBKDF2), NULL), MS_OK);
    assert_int_equal(keystore.pbkdf2_rounds, 262144);
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        char *json = exchange(PBKDF2, rows[i].from, rows[i].to);
        ms_error error = MS_ERROR_INIT;
        assert_int_equal(ms_keystore_parse(&keystore, text(json), &error), rows[i].status);
        assert_string_equal(error.reason, rows[i].reason);
        free(json);
    }
}

static void test_other_spellings_of_the_same_file_are_taken(void **state)
{
    static const struct {
        const char *from, *to;
    } rows[] = {
        {"\"crypto\"", "\"Crypto\""},
        {ID "," ADDRESS, "\"name\":\"x\",\"meta\":{\"a\":[1,2.5,null]}," ID "," ADDRESS},
        {ID, "\"id\":\"3198BC9C-6672-4AB3-9995-4942343AE5B6\""},
        {ADDRESS, "\"address\":\"0x008AeEda4D805471dF9b2A5B0f38A0C3bCBA786b\""},
        {IV, "\"iv\":\"0x83DBCC02D8CCB40E466191A123791E0E\""},
        {CIPHER, "\"version\":1," CIPHER},
    };
    ms_keystore plain, other;

    (void)state;
    assert_int_equal(ms_keystore_parse(&plain, text(VALID), NULL), MS_OK);
    assert_true(plain.has_address);
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        char *json = exchange(VALID, rows[i].from, rows[i].to);
        assert_int_equal(ms_keystore_parse(&other, text(json), NULL), MS_OK);
        assert_memory_equal(&other, &plain, sizeof(plain));
        free(json);
    }
    char *json = exchange(VALID, ID "," ADDRESS ",", "");
    assert_int_equal(ms_keystore_parse(&other, text(json), NULL), MS_OK);
    assert_false(other.has_address);
    assert_string_equal(other.id, "");
    free(json);
}

static void test_every_truncation_is_refused(void **state)
{
    static const char valid[] = VALID;
    ms_keystore keystore;

    (void)state;
    for (size_t size = 0; size < sizeof(valid) - 1; size++) {
        char *copy = malloc(size + 1);
        ms_error error = MS_ERROR_INIT;
        assert_non_null(copy);
        memcpy(copy, valid, size);
        assert_int_equal(ms_keystore_parse(&keystore, ms_span_of(copy, size), &error), MS_MALFORMED);
        assert_string_equal(error.reason, "keystore_json");
        free(copy);
    }
    assert_int_equal(ms_keystore_parse(&keystore, text(VALID "x"), NULL), MS_MALFORMED);
    assert_int_equal(ms_keystore_parse(&keystore, text(VALID VALID), NULL), MS_MALFORMED);
    /* A NUL behind a number, which the JSON library passes over. */
    char *with_nul = exchange(VALID, P, P "#");
    *strchr(with_nul, '#') = '\0';
    assert_int_equal(ms_keystore_parse(&keystore, ms_span_of(with_nul, strlen(VALID) + 1), NULL), MS_MALFORMED);
    free(with_nul);
    assert_int_equal(ms_keystore_parse(&keystore, text("[]"), NULL), MS_MALFORMED);
    assert_int_equal(ms_keystore_parse(&keystore, text("null"), NULL), MS_MALFORMED);
    assert_int_equal(ms_keystore_parse(&keystore, ms_span_of(NULL, 0), NULL), MS_MALFORMED);
}

/* jansson alone passes over it after a number. */
static void test_a_byte_of_zero_is_refused_at_every_place(void **state)
{
    static const char valid[] = VALID;
    char copy[sizeof(valid)];
    ms_keystore keystore;

    (void)state;
    for (size_t at = 0; at < sizeof(valid); at++) {
        ms_error error = MS_ERROR_INIT;
        memcpy(copy, valid, at);
        copy[at] = '\0';
        memcpy(copy + at + 1, valid + at, sizeof(valid) - 1 - at);
        assert_int_equal(ms_keystore_parse(&keystore, ms_span_of(copy, sizeof(copy)), &error), MS_MALFORMED);
        assert_string_equal(error.reason, "keystore_json");
    }
}

static void test_size_of_file_and_of_salt_are_limited(void **state)
{
    char *json = malloc(MS_KEYSTORE_SIZE_MAX + 2), salt[2 * MS_KEYSTORE_SALT_SIZE_MAX + 32];
    ms_error error = MS_ERROR_INIT;
    ms_keystore keystore;

    (void)state;
    assert_non_null(json);
    memset(json, ' ', MS_KEYSTORE_SIZE_MAX + 1);
    memcpy(json, VALID, strlen(VALID));
    assert_int_equal(ms_keystore_parse(&keystore, ms_span_of(json, MS_KEYSTORE_SIZE_MAX), NULL), MS_OK);
    assert_int_equal(ms_keystore_parse(&keystore, ms_span_of(json, MS_KEYSTORE_SIZE_MAX + 1), &error), MS_LIMIT);
    assert_string_equal(error.reason, "keystore_size");
    free(json);
    for (size_t size = MS_KEYSTORE_SALT_SIZE_MAX; size <= MS_KEYSTORE_SALT_SIZE_MAX + 1; size++) {
        (void)snprintf(salt, sizeof(salt), "\"salt\":\"%0*d\"", (int)(2 * size), 0);
        json = exchange(VALID, SALT, salt);
        assert_int_equal(ms_keystore_parse(&keystore, text(json), NULL),
                size == MS_KEYSTORE_SALT_SIZE_MAX ? MS_OK : MS_LIMIT);
        free(json);
    }
}

static void test_our_files_come_back_under_any_password(void **state)
{
    static const struct {
        const char *bytes;
        size_t size;
    } passwords[] = {{"", 0}, {"p", 1}, {"p\n", 2}, {"p\r\n", 3}, {"a\0b", 3}, {"\xc3\xa9", 2}, {"e\xcc\x81", 3}};
    ms_key *key;

    (void)state;
    assert_int_equal(ms_key_new_random(&key, NULL), MS_OK);
    for (size_t i = 0; i < MS_ARRAY_COUNT(passwords); i++) {
        ms_keystore made, read;
        ms_buffer json;
        ms_span password = ms_span_of(passwords[i].bytes, passwords[i].size);
        ms_buffer_init(&json, MS_KEYSTORE_SIZE_MAX);
        assert_int_equal(ms_keystore_encrypt(&made, key, password, &cheap, NULL), MS_OK);
        assert_int_equal(ms_keystore_format(&json, &made, NULL), MS_OK);
        assert_int_equal(ms_keystore_parse(&read, ms_buffer_span(&json), NULL), MS_OK);
        assert_memory_equal(&read, &made, sizeof(made));
        for (size_t j = 0; j < MS_ARRAY_COUNT(passwords); j++) {
            ms_key *opened;
            ms_error error = MS_ERROR_INIT;
            ms_span tried = ms_span_of(passwords[j].bytes, passwords[j].size);
            assert_int_equal(ms_keystore_decrypt(&opened, &read, tried, &error), i == j ? MS_OK : MS_KEY);
            if (i == j)
                assert_memory_equal(ms_key_bytes(opened), ms_key_bytes(key), MS_KEY_SIZE);
            else
                assert_string_equal(error.reason, "password_wrong");
            ms_key_free(opened);
        }
        ms_buffer_release(&json);
    }
    ms_key_free(key);
}

static void test_two_files_of_one_key_share_nothing(void **state)
{
    ms_keystore a, b;
    ms_key *key;

    (void)state;
    assert_int_equal(ms_key_new_random(&key, NULL), MS_OK);
    assert_int_equal(ms_keystore_encrypt(&a, key, text("p"), &cheap, NULL), MS_OK);
    assert_int_equal(ms_keystore_encrypt(&b, key, text("p"), &cheap, NULL), MS_OK);
    assert_memory_not_equal(a.salt, b.salt, 32);
    assert_memory_not_equal(a.iv, b.iv, 16);
    assert_memory_not_equal(a.ciphertext, b.ciphertext, 32);
    assert_memory_not_equal(a.mac, b.mac, 32);
    assert_string_not_equal(a.id, b.id);
    assert_int_equal(a.id[14], '4');
    assert_non_null(strchr("89ab", a.id[19]));
    ms_key_free(key);
}

static void test_damage_and_a_foreign_address_are_noticed(void **state)
{
    ms_keystore good, bad;
    ms_key *key, *opened;
    ms_error error = MS_ERROR_INIT;

    (void)state;
    assert_int_equal(ms_key_new_random(&key, NULL), MS_OK);
    assert_int_equal(ms_keystore_encrypt(&good, key, text("p"), &cheap, NULL), MS_OK);
    for (size_t i = 0; i < 32; i++) {
        bad = good;
        bad.ciphertext[i] ^= 1;
        assert_int_equal(ms_keystore_decrypt(&opened, &bad, text("p"), NULL), MS_KEY);
        bad = good;
        bad.mac[i] ^= 1;
        assert_int_equal(ms_keystore_decrypt(&opened, &bad, text("p"), NULL), MS_KEY);
        assert_null(opened);
    }
    bad = good;
    bad.address.bytes[0] ^= 1;
    assert_int_equal(ms_keystore_decrypt(&opened, &bad, text("p"), &error), MS_INTEGRITY);
    assert_string_equal(error.reason, "keystore_address_mismatch");
    assert_null(opened);
    /* The MAC does not cover the iv: another one gives another key, which the address gives away. */
    bad = good;
    bad.iv[0] ^= 1;
    assert_int_not_equal(ms_keystore_decrypt(&opened, &bad, text("p"), NULL), MS_OK);
    assert_null(opened);
    ms_key_free(key);
}

/* go-ethereum accounts/keystore/testdata: keys whose leading zero bytes were lost when written. */
static void test_keys_that_lost_leading_zeros_open(void **state)
{
    static const char file_31[] =
            "{\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\"iv\":\"e0c41130a323adc1446fc82f724bca2f\"},"
            "\"ciphertext\":\"9517cd5bdbe69076f9bf5057248c6c050141e970efa36ce53692d5d59a3984\",\"kdf\":\"scrypt\","
            "\"kdfparams\":{\"dklen\":32,\"n\":2,\"r\":8,\"p\":1,"
            "\"salt\":\"711f816911c92d649fb4c84b047915679933555030b3552c1212609b38208c63\"},"
            "\"mac\":\"d5e116151c6aa71470e67a7d42c9620c75c4d23229847dcc127794f0732b0db5\"},"
            "\"id\":\"fecfc4ce-e956-48fd-953b-30f8b52ed66c\",\"version\":3}";
    static const char file_30[] =
            "{\"crypto\":{\"cipher\":\"aes-128-ctr\",\"cipherparams\":{\"iv\":\"3ca92af36ad7c2cd92454c59cea5ef00\"},"
            "\"ciphertext\":\"108b7d34f3442fc26ab1ab90ca91476ba6bfa8c00975a49ef9051dc675aa\",\"kdf\":\"scrypt\","
            "\"kdfparams\":{\"dklen\":32,\"n\":2,\"r\":8,\"p\":1,"
            "\"salt\":\"d0769e608fb86cda848065642a9c6fa046845c928175662b8e356c77f914cd3b\"},"
            "\"mac\":\"75d0e6759f7b3cefa319c3be41680ab6beea7d8328653474bd06706d4cc67420\"},"
            "\"id\":\"a37e1559-5955-450d-8075-7b8931b392b2\",\"version\":3}";
    static const struct {
        const char *json, *key;
    } rows[] = {
        {file_31, "00fa7b3db73dc7dfdf8c5fbdb796d741e4488628c41fc4febd9160a866ba0f35"},
        {file_30, "000081c29e8142bb6a81bef5a92bda7a8328a5c85bb2f9542e76f9b0f94fc018"},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_keystore keystore;
        ms_key *key;
        uint8_t expected[32];
        from_hex(expected, 32, rows[i].key);
        assert_int_equal(ms_keystore_parse(&keystore, text(rows[i].json), NULL), MS_OK);
        assert_int_equal(keystore.ciphertext_size, 31 - i);
        assert_int_equal(ms_keystore_decrypt(&key, &keystore, text("foo"), NULL), MS_OK);
        assert_memory_equal(ms_key_bytes(key), expected, 32);
        ms_key_free(key);
    }
}

/* A file that decrypts to zero or to the order of the curve: its MAC is right, its key is none. */
static void test_a_file_without_a_key_inside_is_refused(void **state)
{
    static const char *const no_keys[] = {
        "0000000000000000000000000000000000000000000000000000000000000000",
        "fffffffffffffffffffffffffffffffebaaedce6af48a03bbfd25e8cd0364141",
        "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(no_keys); i++) {
        ms_keystore keystore = {.kdf = MS_KEYSTORE_SCRYPT, .scrypt = cheap, .salt_size = 1, .ciphertext_size = 32};
        uint8_t derived[32], plain[32];
        ms_keccak256_stream stream;
        ms_key *key;
        ms_error error = MS_ERROR_INIT;
        from_hex(plain, 32, no_keys[i]);
        assert_int_equal(ms_scrypt(derived, 32, text("p"), ms_span_of(keystore.salt, 1), &cheap, NULL), MS_OK);
        assert_int_equal(ms_aes128_ctr(keystore.ciphertext, derived, keystore.iv, ms_span_of(plain, 32), NULL), MS_OK);
        ms_keccak256_init(&stream);
        ms_keccak256_update(&stream, derived + 16, 16);
        ms_keccak256_update(&stream, keystore.ciphertext, 32);
        ms_keccak256_final(&stream, keystore.mac);
        assert_int_equal(ms_keystore_decrypt(&key, &keystore, text("p"), &error), MS_KEY);
        assert_string_equal(error.reason, "key_invalid");
        assert_null(key);
    }
}

static void test_every_failing_allocation_is_reported_and_leaks_nothing(void **state)
{
    ms_status status = MS_NO_MEMORY;
    ms_keystore keystore;
    ms_key *key, *opened;

    (void)state;
    assert_int_equal(ms_key_new_random(&key, NULL), MS_OK);
    for (size_t fail_at = 1; status != MS_OK; fail_at++) {
        ms_buffer json;
        assert_true(fail_at < 100);
        short_memory_begin(fail_at);
        ms_buffer_init(&json, MS_KEYSTORE_SIZE_MAX);
        opened = NULL;
        status = ms_keystore_encrypt(&keystore, key, text("p"), &cheap, NULL);
        if (status == MS_OK)
            status = ms_keystore_format(&json, &keystore, NULL);
        if (status == MS_OK)
            status = ms_keystore_decrypt(&opened, &keystore, text("p"), NULL);
        assert_true(status == MS_OK || status == MS_NO_MEMORY);
        ms_key_free(opened);
        ms_buffer_release(&json);
        assert_int_equal(short_memory_end(), 0);
    }
    ms_key_free(key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_key_files_open),
        cmocka_unit_test(test_what_breaks_the_rules_is_refused_by_name),
        cmocka_unit_test(test_pbkdf2_has_rules_of_its_own),
        cmocka_unit_test(test_other_spellings_of_the_same_file_are_taken),
        cmocka_unit_test(test_every_truncation_is_refused),
        cmocka_unit_test(test_a_byte_of_zero_is_refused_at_every_place),
        cmocka_unit_test(test_size_of_file_and_of_salt_are_limited),
        cmocka_unit_test(test_our_files_come_back_under_any_password),
        cmocka_unit_test(test_two_files_of_one_key_share_nothing),
        cmocka_unit_test(test_damage_and_a_foreign_address_are_noticed),
        cmocka_unit_test(test_keys_that_lost_leading_zeros_open),
        cmocka_unit_test(test_a_file_without_a_key_inside_is_refused),
        cmocka_unit_test(test_every_failing_allocation_is_reported_and_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
