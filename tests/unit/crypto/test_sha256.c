/* SHA-256: every implementation this machine can run, against published values and OpenSSL. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>
#include <cmocka.h>
#include <openssl/evp.h>
#include "base/checked.h"
#include "codec/text.h"
#include "crypto/sha256.h"
#include "crypto/sha256_priv.h"

#define MIB ((size_t)1 << 20)

static void fill(uint8_t *data, size_t size, uint32_t seed)
{
    for (size_t i = 0; i < size; i++) {
        seed = seed * 1664525 + 1013904223;
        data[i] = (uint8_t)(seed >> 24);
    }
}

static void reference(uint8_t digest[32], const void *data, size_t size)
{
    assert_int_equal(EVP_Digest(data, size, digest, NULL, EVP_sha256(), NULL), 1);
}

static void assert_many(const ms_sha256_implementation *implementation, const ms_span *inputs, size_t count)
{
    uint8_t(*digests)[32] = calloc(count, 32);

    assert_non_null(digests);
    ms_sha256_many_by(implementation, digests, inputs, count);
    for (size_t i = 0; i < count; i++) {
        uint8_t expected[32];
        reference(expected, inputs[i].data, inputs[i].size);
        assert_memory_equal(digests[i], expected, 32);
    }
    free(digests);
}

#define FOR_EACH_IMPLEMENTATION(name)                                                              \
    for (const ms_sha256_implementation *const *name = ms_sha256_implementations(); *name != NULL; \
            name++)                                                                                \
        if ((*name)->available())

static void test_published_messages_have_their_published_digests(void **state)
{
    /* NIST, "Cryptographic Standards and Guidelines: Example Values", SHA-256; and the empty message. */
    static const struct {
        const char *message, *digest;
    } rows[] = {
        {"", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"},
        {"abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"},
        {"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"},
    };

    (void)state;
    FOR_EACH_IMPLEMENTATION(path)
    {
        for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
            uint8_t digest[1][32], expected[32];
            ms_span input = ms_span_of(rows[i].message, strlen(rows[i].message));
            assert_int_equal(ms_hex_decode(expected, 32, rows[i].digest, 64, NULL), MS_OK);
            ms_sha256_many_by(*path, digest, &input, 1);
            assert_memory_equal(digest[0], expected, 32);
            ms_sha256(digest[0], input.data, input.size);
            assert_memory_equal(digest[0], expected, 32);
        }
    }
}

static void test_a_million_letters_have_their_published_digest(void **state)
{
    static const char expected_text[] = "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0";
    uint8_t digest[32], expected[32];
    uint8_t *data = malloc(1000000);

    (void)state;
    assert_non_null(data);
    memset(data, 'a', 1000000);
    ms_sha256(digest, data, 1000000);
    assert_int_equal(ms_hex_decode(expected, 32, expected_text, 64, NULL), MS_OK);
    assert_memory_equal(digest, expected, 32);
    free(data);
}

static void test_every_size_up_to_300_alone_and_together(void **state)
{
    uint8_t data[300];
    ms_span inputs[301];

    (void)state;
    fill(data, sizeof(data), 1);
    for (size_t size = 0; size <= 300; size++)
        inputs[size] = ms_span_of(size > 0 ? data : NULL, size);
    FOR_EACH_IMPLEMENTATION(path)
    {
        for (size_t i = 0; i <= 300; i++)
            assert_many(*path, &inputs[i], 1);
        assert_many(*path, inputs, 301);
    }
}

static void test_every_number_of_inputs_up_to_40_at_every_alignment(void **state)
{
    uint8_t *data = malloc(40 * 1000 + 64);
    ms_span inputs[40];

    (void)state;
    assert_non_null(data);
    fill(data, 40 * 1000 + 64, 2);
    for (size_t i = 0; i < 40; i++)
        inputs[i] = ms_span_of(data + i * 1000 + i, 1000 - 7 * i);
    FOR_EACH_IMPLEMENTATION(path)
    {
        for (size_t count = 0; count <= 40; count++)
            assert_many(*path, inputs, count);
    }
    free(data);
}

static void test_chunks_of_a_mebibyte_with_a_short_one_among_them(void **state)
{
    enum { COUNT = 19 };
    uint8_t *data = malloc(COUNT * MIB + 1);
    ms_span inputs[COUNT];

    (void)state;
    assert_non_null(data);
    fill(data, COUNT * MIB + 1, 3);
    for (size_t i = 0; i < COUNT; i++)
        inputs[i] = ms_span_of(data + i * MIB + i % 2, MIB);
    inputs[0].size = 0;
    inputs[7].size = 12345;
    inputs[18].size = 1;
    FOR_EACH_IMPLEMENTATION(path)
        assert_many(*path, inputs, COUNT);
    free(data);
}

/* Each input ends where its allocation ends, so that a kernel that reads on is caught by the
 * address sanitizer and valgrind. */
static void test_no_byte_beyond_an_input_is_read(void **state)
{
    enum { COUNT = 17 };
    ms_span inputs[COUNT];

    (void)state;
    for (size_t i = 0; i < COUNT; i++) {
        size_t size = 64 * (1 + i % 3) + (i % 2 != 0 ? 63 : 0);
        uint8_t *data = malloc(size);
        assert_non_null(data);
        fill(data, size, (uint32_t)i);
        inputs[i] = ms_span_of(data, size);
    }
    FOR_EACH_IMPLEMENTATION(path)
        assert_many(*path, inputs, COUNT);
    for (size_t i = 0; i < COUNT; i++)
        free((void *)(uintptr_t)inputs[i].data);
}

static void test_a_stream_is_the_same_however_it_is_cut(void **state)
{
    uint8_t data[300], digest[32], expected[32];

    (void)state;
    fill(data, sizeof(data), 4);
    reference(expected, data, sizeof(data));
    for (size_t piece = 1; piece <= sizeof(data); piece++) {
        ms_sha256_stream stream;
        ms_sha256_init(&stream);
        for (size_t i = 0; i < sizeof(data); i += piece) {
            ms_sha256_update(&stream, NULL, 0);
            ms_sha256_update(&stream, data + i, MS_MIN(piece, sizeof(data) - i));
        }
        ms_sha256_final(&stream, digest);
        assert_memory_equal(digest, expected, 32);
    }
}

/* The choice is made once in a process, so each child makes its own, before this process has made
 * one: this test comes first. */
static void assert_path_of_child(const char *asked, const char *expected)
{
    int status;
    pid_t child = fork();

    assert_true(child >= 0);
    if (child == 0) {
        int failed = asked != NULL ? setenv("MODEL_STORAGE_SHA256", asked, 1) : unsetenv("MODEL_STORAGE_SHA256");
        _exit(failed != 0 || strcmp(ms_sha256_path(), expected) != 0);
    }
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

static void test_the_environment_chooses_among_the_available_paths(void **state)
{
    static const char *const unavailable[] = {"", "armv9", "SHANI", "portable "};
    const ms_sha256_implementation *const *all = ms_sha256_implementations();
    const char *best = NULL;

    (void)state;
    for (size_t i = 0; all[i] != NULL; i++)
        if (best == NULL && all[i]->available())
            best = all[i]->name;
    assert_path_of_child(NULL, best);
    for (size_t i = 0; all[i] != NULL; i++)
        assert_path_of_child(all[i]->name, all[i]->available() ? all[i]->name : best);
    for (size_t i = 0; i < MS_ARRAY_COUNT(unavailable); i++)
        assert_path_of_child(unavailable[i], best);
}

static void test_the_path_in_use_is_one_this_machine_can_run(void **state)
{
    size_t found = 0;

    (void)state;
    FOR_EACH_IMPLEMENTATION(path)
        found += strcmp((*path)->name, ms_sha256_path()) == 0;
    assert_int_equal(found, 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_environment_chooses_among_the_available_paths),
        cmocka_unit_test(test_published_messages_have_their_published_digests),
        cmocka_unit_test(test_a_million_letters_have_their_published_digest),
        cmocka_unit_test(test_every_size_up_to_300_alone_and_together),
        cmocka_unit_test(test_every_number_of_inputs_up_to_40_at_every_alignment),
        cmocka_unit_test(test_chunks_of_a_mebibyte_with_a_short_one_among_them),
        cmocka_unit_test(test_no_byte_beyond_an_input_is_read),
        cmocka_unit_test(test_a_stream_is_the_same_however_it_is_cut),
        cmocka_unit_test(test_the_path_in_use_is_one_this_machine_can_run),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
