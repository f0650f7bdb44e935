/* UTF-8: which bytes are characters, and how foreign text is shown. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/text.h"
#include "codec/utf8.h"

static const struct row {
    const char *text;
    size_t bad; /* offset of the first bad byte; the length when there is none */
} rows[] = {
        {"", 0},
        {"plain", 5},
        {"\xc2\x80\xdf\xbf", 4},
        {"\xe0\xa0\x80\xef\xbf\xbf", 6},
        {"\xed\x9f\xbf\xee\x80\x80", 6}, /* around the surrogates */
        {"\xf0\x90\x80\x80\xf4\x8f\xbf\xbf", 8},
        {"a\x80", 1},
        {"a\xc0\x80", 1}, /* longer than needed */
        {"a\xc1\xbf", 1},
        {"a\xe0\x9f\xbf", 1},
        {"a\xf0\x8f\xbf\xbf", 1},
        {"a\xed\xa0\x80", 1}, /* surrogates */
        {"a\xed\xbf\xbf", 1},
        {"a\xf4\x90\x80\x80", 1}, /* beyond U+10FFFF */
        {"a\xf5\x80\x80\x80", 1},
        {"a\xf8\x88\x80\x80\x80", 1},
        {"a\xff", 1},
        {"a\xc3(", 1},
        {"a\xe2\x28\xa1", 1},
        {"a\xe2\x82(", 1},
        {"a\xf0\x9f\x98(", 1},
};

static void test_well_formed_text_only(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        size_t size = strlen(rows[i].text);
        size_t offset;

        assert_int_equal(ms_utf8_is_valid(rows[i].text, size, &offset), rows[i].bad == size);
        assert_int_equal(offset, rows[i].bad);
        assert_int_equal(ms_utf8_is_valid(rows[i].text, size, NULL), rows[i].bad == size);
    }
}

static void test_characters_cut_at_every_length_are_refused(void **state)
{
    static const char *const characters[] = {"\xc3\xa9", "\xe2\x82\xac", "\xf0\x9f\x98\x80"};

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(characters); i++) {
        size_t whole = strlen(characters[i]);

        for (size_t size = 0; size <= whole; size++) {
            uint32_t code_point = 1;

            assert_int_equal(
                    ms_utf8_read(&code_point, characters[i], size), size == whole ? whole : 0);
            assert_int_equal(code_point != 0, size == whole);
            assert_int_equal(
                    ms_utf8_is_valid(characters[i], size, NULL), size == whole || size == 0);
        }
    }
}

static void test_every_code_point_is_read_as_itself(void **state)
{
    (void)state;
    for (uint32_t value = 0; value < 0x110000; value++) {
        char text[4];
        uint32_t code_point;
        size_t size = value < 0x80 ? 1 : value < 0x800 ? 2 : value < 0x10000 ? 3 : 4;
        bool surrogate = value >= 0xd800 && value <= 0xdfff;

        for (size_t i = size; i-- > 1;)
            text[i] = (char)(0x80 | (value >> (6 * (size - 1 - i)) & 0x3f));
        text[0] = size == 1 ? (char)value
                            : (char)((0xf00 >> size & 0xff) | value >> (6 * (size - 1)));
        assert_int_equal(ms_utf8_read(&code_point, text, size), surrogate ? 0 : size);
        assert_int_equal(code_point, surrogate ? 0 : value);
    }
}

static void test_text_for_terminals_is_harmless(void **state)
{
    static const struct {
        const char *text;
        const char *shown;
    } escaped[] = {
            {"plain \xc3\xa9 \xf0\x9f\x98\x80", "plain \xc3\xa9 \xf0\x9f\x98\x80"},
            {"a\x1b[2Jb", "a\\x1b[2Jb"},
            {"a\nb\tc\x7f", "a\\x0ab\\x09c\\x7f"},
            {"\xc2\x85\xc2\x9b", "\\u0085\\u009b"},
            {"exe.\xe2\x80\xaegpj", "exe.\\u202egpj"},
            {"\xe2\x81\xa6\xe2\x81\xa9\xe2\x80\x8f\xd8\x9c", "\\u2066\\u2069\\u200f\\u061c"},
            {"\xe2\x80\xa8", "\\u2028"},
            {"a\xff\xc3", "a\\xff\\xc3"},
            {"", ""},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(escaped); i++) {
        ms_buffer out;

        ms_buffer_init(&out, 1000);
        assert_int_equal(
                ms_text_append_escaped(&out, escaped[i].text, strlen(escaped[i].text), NULL),
                MS_OK);
        assert_string_equal(ms_buffer_text(&out), escaped[i].shown);
        ms_buffer_release(&out);
    }
}

static void test_escapes_keep_the_limit_of_the_buffer(void **state)
{
    ms_buffer out;

    (void)state;
    ms_buffer_init(&out, 5);
    assert_int_equal(ms_text_append_escaped(&out, "a\x1b\x1b", 3, NULL), MS_LIMIT);
    ms_buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_well_formed_text_only),
            cmocka_unit_test(test_characters_cut_at_every_length_are_refused),
            cmocka_unit_test(test_every_code_point_is_read_as_itself),
            cmocka_unit_test(test_text_for_terminals_is_harmless),
            cmocka_unit_test(test_escapes_keep_the_limit_of_the_buffer),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
