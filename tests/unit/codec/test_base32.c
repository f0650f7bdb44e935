/* Base32: the vectors of RFC 4648, and nothing but their one spelling. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/text.h"

/* RFC 4648 section 10, without padding. */
static const struct vector {
    const char *bytes;
    const char *upper;
    const char *lower;
} vectors[] = {
        {"", "", ""},
        {"f", "MY", "my"},
        {"fo", "MZXQ", "mzxq"},
        {"foo", "MZXW6", "mzxw6"},
        {"foob", "MZXW6YQ", "mzxw6yq"},
        {"fooba", "MZXW6YTB", "mzxw6ytb"},
        {"foobar", "MZXW6YTBOI", "mzxw6ytboi"},
};

static const struct refused {
    const char *text;
    bool upper;
    const char *reason;
} refused[] = {
        {"mzxw6ytboj", false, "base32_leftover"}, /* one bit after the last byte */
        {"mzxr", false, "base32_leftover"},
        {"mz", false, "base32_leftover"},
        {"m", false, "base32_length"},
        {"mzx", false, "base32_length"},
        {"mzxw6y", false, "base32_length"},
        {"aaaaaaaaa", false, "base32_length"},
        {"my======", false, "base32_digit"},
        {"MY", false, "base32_digit"},
        {"my", true, "base32_digit"},
        {"mY", false, "base32_digit"},
        {"m0", false, "base32_digit"},
        {"m1", false, "base32_digit"},
        {"m8", false, "base32_digit"},
        {"m y", false, "base32_digit"},
};

static void test_published_vectors_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(vectors); i++) {
        const char *text[] = {vectors[i].lower, vectors[i].upper};

        for (unsigned upper = 0; upper < 2; upper++) {
            size_t length = strlen(vectors[i].bytes);
            char out[16];
            uint8_t bytes[16];
            size_t size;

            ms_base32_encode(out, (const uint8_t *)vectors[i].bytes, length, upper != 0);
            assert_string_equal(out, text[upper]);
            assert_true(strlen(out) < MS_BASE32_TEXT_SIZE(length));
            assert_int_equal(ms_base32_decode(bytes, sizeof(bytes), &size, text[upper],
                                     strlen(text[upper]), upper != 0, NULL),
                    MS_OK);
            assert_int_equal(size, length);
            assert_memory_equal(bytes, vectors[i].bytes, length);
        }
    }
}

static void test_second_spellings_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(refused); i++) {
        ms_error err = MS_ERROR_INIT;
        uint8_t bytes[16];
        size_t size = 99;

        assert_int_equal(ms_base32_decode(bytes, sizeof(bytes), &size, refused[i].text,
                                 strlen(refused[i].text), refused[i].upper, &err),
                MS_MALFORMED);
        assert_string_equal(err.reason, refused[i].reason);
        assert_true(err.offset >= 0);
        assert_int_equal(size, 0);
    }
}

static void test_every_size_is_read_again_and_never_overflows(void **state)
{
    uint8_t bytes[64];

    (void)state;
    for (size_t i = 0; i < sizeof(bytes); i++)
        bytes[i] = (uint8_t)(i * 37 + 11);
    for (size_t size = 0; size <= sizeof(bytes); size++) {
        char text[MS_BASE32_TEXT_SIZE(sizeof(bytes))];
        uint8_t again[64];
        size_t again_size;
        ms_error err = MS_ERROR_INIT;

        ms_base32_encode(text, bytes, size, false);
        assert_int_equal(strlen(text), MS_BASE32_TEXT_SIZE(size) - 1);
        assert_int_equal(
                ms_base32_decode(again, size, &again_size, text, strlen(text), false, NULL), MS_OK);
        assert_int_equal(again_size, size);
        assert_memory_equal(again, bytes, size);
        if (size == 0)
            continue;
        assert_int_equal(
                ms_base32_decode(again, size - 1, &again_size, text, strlen(text), false, &err),
                MS_LIMIT);
        assert_string_equal(err.reason, "base32_too_long");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_published_vectors_both_ways),
            cmocka_unit_test(test_second_spellings_are_refused),
            cmocka_unit_test(test_every_size_is_read_again_and_never_overflows),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
