/* Hexadecimal digits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/text.h"

static void test_bytes_become_lower_case_digits(void **state)
{
    static const uint8_t bytes[] = {0x00, 0x0f, 0xa5, 0xff};
    char text[9];

    (void)state;
    ms_hex_encode(text, bytes, sizeof(bytes));
    assert_string_equal(text, "000fa5ff");
    ms_hex_encode(text, NULL, 0);
    assert_string_equal(text, "");
}

static void test_both_cases_are_read(void **state)
{
    static const uint8_t expected[] = {0xab, 0xcd, 0xef, 0x09};
    uint8_t bytes[4];

    (void)state;
    assert_int_equal(ms_hex_decode(bytes, 4, "aBCdEf09", 8, NULL), MS_OK);
    assert_memory_equal(bytes, expected, 4);
    assert_int_equal(ms_hex_decode(bytes, 0, "", 0, NULL), MS_OK);
}

static void test_every_other_length_is_refused(void **state)
{
    (void)state;
    for (size_t length = 0; length <= 12; length++) {
        ms_error err = MS_ERROR_INIT;
        uint8_t bytes[4];
        ms_status status = ms_hex_decode(bytes, 4, "0123456789ab", length, &err);

        assert_int_equal(status, length == 8 ? MS_OK : MS_MALFORMED);
        if (length != 8) {
            assert_string_equal(err.reason, "hex_length");
            assert_int_equal(err.offset, length < 8 ? length : 8);
        }
    }
}

static void test_every_other_character_is_refused(void **state)
{
    (void)state;
    for (unsigned c = 0; c < 256; c++) {
        bool is_digit = c != 0 && strchr("0123456789abcdefABCDEF", (int)c) != NULL;
        char text[] = "00x0";
        ms_error err = MS_ERROR_INIT;
        uint8_t bytes[2];

        text[2] = (char)c;
        assert_int_equal(ms_hex_decode(bytes, 2, text, 4, &err), is_digit ? MS_OK : MS_MALFORMED);
        if (!is_digit) {
            assert_string_equal(err.reason, "hex_digit");
            assert_int_equal(err.offset, 2);
        }
    }
}

static void test_a_digest_is_shown_with_its_prefix(void **state)
{
    uint8_t digest[32] = {0x01, [31] = 0xfe};
    char text[MS_DIGEST_TEXT_SIZE];

    (void)state;
    ms_digest_format(text, digest);
    assert_string_equal(text, "0x01000000000000000000000000000000000000000000000000000000000000fe");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_bytes_become_lower_case_digits),
            cmocka_unit_test(test_both_cases_are_read),
            cmocka_unit_test(test_every_other_length_is_refused),
            cmocka_unit_test(test_every_other_character_is_refused),
            cmocka_unit_test(test_a_digest_is_shown_with_its_prefix),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
