/* Base58: published vectors, both limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/text.h"

/* The first three stand in draft-msporny-base58; the others in the tests of Bitcoin. */
static const struct vector {
    const char *hex;
    const char *text;
} vectors[] = {
        {"48656c6c6f20576f726c6421", "2NEpo7TZRRrLZSi2U"},
        {"54686520717569636b2062726f776e20666f78206a756d7073206f76657220746865206c617a7920646f672e",
                "USm3fpXnKG5EUBx2ndxBDMPVciP5hGey2Jh4NDv6gmeo1LkMeiKrLJUUBk6Z"},
        {"0000287fb4cd", "11233QC4"},
        {"", ""},
        {"61", "2g"},
        {"626262", "a3gV"},
        {"516b6fcd0f", "ABnLTmg"},
        {"572e4794", "3EFU7m"},
        {"10c8511e", "Rt5zm"},
        {"00000000000000000000", "1111111111"},
        {"00eb15231dfceb60925886b67d065299925915aeb172c06647",
                "1NS17iag9jJgTHD1VXjvLCEnZuQ3rJDE9L"},
};

static void test_published_vectors_both_ways(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(vectors); i++) {
        size_t length = strlen(vectors[i].hex) / 2;
        uint8_t expected[64];
        uint8_t bytes[64];
        char text[100];
        size_t size;

        assert_int_equal(ms_hex_decode(expected, length, vectors[i].hex, 2 * length, NULL), MS_OK);
        assert_int_equal(ms_base58_encode(text, sizeof(text), expected, length, NULL), MS_OK);
        assert_string_equal(text, vectors[i].text);
        assert_int_equal(
                ms_base58_decode(bytes, sizeof(bytes), &size, text, strlen(text), NULL), MS_OK);
        assert_int_equal(size, length);
        assert_memory_equal(bytes, expected, length);
    }
}

static void test_every_other_character_is_refused(void **state)
{
    static const char digits[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        bool is_digit = c != 0 && strchr(digits, (int)c) != NULL;
        char text[] = "2?2";
        ms_error err = MS_ERROR_INIT;
        uint8_t bytes[8];
        size_t size;

        text[1] = (char)c;
        assert_int_equal(ms_base58_decode(bytes, sizeof(bytes), &size, text, 3, &err),
                is_digit ? MS_OK : MS_MALFORMED);
        if (!is_digit) {
            assert_string_equal(err.reason, "base58_digit");
            assert_int_equal(err.offset, 1);
            assert_int_equal(size, 0);
        }
    }
}

static void test_outputs_that_are_too_small_are_never_passed(void **state)
{
    static const uint8_t bytes[] = {0, 0, 0xff, 0xff, 0xff};
    char text[16];
    uint8_t again[8];
    size_t size;
    size_t length;

    (void)state;
    assert_int_equal(ms_base58_encode(text, sizeof(text), bytes, sizeof(bytes), NULL), MS_OK);
    length = strlen(text);
    for (size_t room = 0; room <= length; room++) {
        char small[16] = "????????????????"; /* no NUL */
        ms_error err = MS_ERROR_INIT;

        assert_int_equal(ms_base58_encode(small, room, bytes, sizeof(bytes), &err), MS_LIMIT);
        assert_string_equal(err.reason, "base58_too_long");
        for (size_t i = room; i < sizeof(small); i++)
            assert_int_equal(small[i], '?');
    }
    for (size_t room = 0; room < sizeof(bytes); room++)
        assert_int_equal(ms_base58_decode(again, room, &size, text, length, NULL), MS_LIMIT);
    assert_int_equal(ms_base58_decode(again, sizeof(bytes), &size, text, length, NULL), MS_OK);
}

static void test_limits_of_both_sides(void **state)
{
    uint8_t bytes[MS_BASE58_SIZE_MAX + 1];
    char text[MS_BASE58_TEXT_SIZE_MAX + 1];
    size_t size;
    ms_error err = MS_ERROR_INIT;

    (void)state;
    memset(bytes, 0xff, sizeof(bytes));
    assert_int_equal(
            ms_base58_encode(text, sizeof(text), bytes, MS_BASE58_SIZE_MAX + 1, &err), MS_LIMIT);
    assert_int_equal(ms_base58_encode(text, sizeof(text), bytes, MS_BASE58_SIZE_MAX, &err), MS_OK);
    assert_int_equal(
            ms_base58_decode(bytes, sizeof(bytes), &size, text, strlen(text), &err), MS_OK);
    assert_int_equal(size, MS_BASE58_SIZE_MAX);
    memset(text, 'z', sizeof(text));
    assert_int_equal(ms_base58_decode(bytes, sizeof(bytes), &size, text, 256, &err), MS_LIMIT);
    assert_int_equal(ms_base58_decode(bytes, sizeof(bytes), &size, text, 257, &err), MS_LIMIT);
    assert_string_equal(err.reason, "base58_too_long");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_published_vectors_both_ways),
            cmocka_unit_test(test_every_other_character_is_refused),
            cmocka_unit_test(test_outputs_that_are_too_small_are_never_passed),
            cmocka_unit_test(test_limits_of_both_sides),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
