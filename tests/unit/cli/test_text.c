/* Text for people and programs: what strangers named is shown so that it can do nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

typedef struct row {
    const char *in, *out;
} row;

static void expect(void (*add)(cli_text *text, const char *in), const char *in, const char *out)
{
    cli_text text = {0};

    add(&text, in);
    if (strcmp(cli_text_get(&text), out) != 0)
        fail_msg("\"%s\" became \"%s\"", in == NULL ? "NULL" : in, cli_text_get(&text));
    assert_int_equal(text.size, strlen(out));
    cli_text_release(&text);
}

static void test_names_cannot_steer_a_terminal(void **state)
{
    static const row rows[] = {
            {"llama-7b", "llama-7b"},
            {NULL, "-"},
            {"", ""},
            {"a\x1b[2Jb", "a\\x1b[2Jb"},
            {"line\nbreak\r\t", "line\\x0abreak\\x0d\\x09"},
            {"\x7f", "\\x7f"},
            {"\xc2\x85\xc2\x9f", "\\x85\\x9f"},         /* C1 */
            {"\xc2\xa0", "\xc2\xa0"},                   /* the first that is none */
            {"\xe2\x80\xae" "exe", "\\u202eexe"},         /* right to left override */
            {"\xe2\x80\xa8\xe2\x80\xa7", "\\u2028\xe2\x80\xa7"}, /* line separator, and its neighbour */
            {"\xe2\x81\xa6\xe2\x81\xa9", "\\u2066\\u2069"},
            {"\xe2\x80\x8e\xe2\x80\x8f\xd8\x9c", "\\u200e\\u200f\\u061c"},
            {"M\xc3\xbcnchen \xe6\xa8\xa1\xf0\x9f\xa6\x99", "M\xc3\xbcnchen \xe6\xa8\xa1\xf0\x9f\xa6\x99"},
            /* No UTF-8: a lone byte, a cut character, an overlong one, a surrogate, above U+10FFFF. */
            {"a\x80z", "a\\x80z"},
            {"\xe2\x82", "\\xe2\\x82"},
            {"\xc0\xaf", "\\xc0\\xaf"},
            {"\xe0\x80\xaf", "\\xe0\\x80\\xaf"},
            {"\xed\xa0\x80", "\\xed\\xa0\\x80"},
            {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},
            {"\xf4\x8f\xbf\xbf", "\xf4\x8f\xbf\xbf"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        expect(cli_text_escaped, rows[i].in, rows[i].out);
}

static void test_json_strings_are_strings_whatever_is_in_them(void **state)
{
    static const row rows[] = {
            {"plain", "\"plain\""},
            {NULL, "null"},
            {"", "\"\""},
            {"a\"b\\c/", "\"a\\\"b\\\\c/\""},
            {"\x01\n\x1f\x7f", "\"\\u0001\\u000a\\u001f\\u007f\""},
            {"\xc2\x9b\xe2\x80\xae", "\"\\u009b\\u202e\""},
            {"\xc3\xbc", "\"\xc3\xbc\""},
            {"a\xff" "b", "\"a\xef\xbf\xbd" "b\""},
            {"\xe2\x82", "\"\xef\xbf\xbd\xef\xbf\xbd\""},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++)
        expect(cli_text_json, rows[i].in, rows[i].out);
}

static void test_sizes_never_show_more_than_there_is(void **state)
{
    static const struct {
        uint64_t bytes;
        const char *whole, *brief;
    } rows[] = {
            {0, "0 bytes", "0 bytes"},
            {1, "1 byte", "1 byte"},
            {1023, "1023 bytes", "1023 bytes"},
            {1024, "1.0 KiB (1024 bytes)", "1.0 KiB"},
            {1535, "1.4 KiB (1535 bytes)", "1.4 KiB"},
            {1048575, "1023.9 KiB (1048575 bytes)", "1023.9 KiB"},
            {1048576, "1.0 MiB (1048576 bytes)", "1.0 MiB"},
            {UINT64_C(1288490188), "1.1 GiB (1288490188 bytes)", "1.1 GiB"},
            {UINT64_C(1288490189), "1.2 GiB (1288490189 bytes)", "1.2 GiB"},
            {UINT64_MAX, "15.9 EiB (18446744073709551615 bytes)", "15.9 EiB"},
    };
    (void)state;
    for (size_t i = 0; i < COUNT(rows); i++) {
        cli_text text = {0};

        cli_text_size(&text, rows[i].bytes);
        assert_string_equal(cli_text_get(&text), rows[i].whole);
        cli_text_clear(&text);
        assert_string_equal(cli_text_get(&text), "");
        cli_text_short_size(&text, rows[i].bytes);
        assert_string_equal(cli_text_get(&text), rows[i].brief);
        cli_text_release(&text);
    }
}

static void test_times_and_counts(void **state)
{
    cli_text text = {0};

    (void)state;
    cli_text_time(&text, 0);
    cli_text_add(&text, "|");
    cli_text_time(&text, INT64_C(1769846400));
    cli_text_add(&text, "|");
    cli_text_time(&text, -1);
    cli_text_add(&text, "|");
    cli_text_time(&text, INT64_MAX); /* no calendar has it */
    assert_string_equal(cli_text_get(&text),
            "1970-01-01 00:00:00|2026-01-31 08:00:00|1969-12-31 23:59:59|9223372036854775807");
    cli_text_clear(&text);
    cli_text_count(&text, 0, "file");
    cli_text_pad(&text, 3);
    cli_text_count(&text, 1, "file");
    cli_text_pad(&text, 0);
    cli_text_count(&text, 2, "file");
    assert_string_equal(cli_text_get(&text), "0 files   1 file2 files");
    cli_text_release(&text);
}

static void test_text_grows_to_its_limit_and_leaves_out_the_rest(void **state)
{
    static char big[CLI_TEXT_SIZE_MAX];
    cli_text text = {0};

    (void)state;
    memset(big, 'x', sizeof(big) - 1);
    for (unsigned i = 0; i < 5000; i++)
        cli_text_printf(&text, "%04u", i);
    assert_int_equal(text.size, 20000);
    assert_memory_equal(text.data + 4 * 4999, "4999", 5);
    cli_text_append(&text, big, CLI_TEXT_SIZE_MAX - 20001);
    assert_int_equal(text.size, CLI_TEXT_SIZE_MAX - 1);
    cli_text_add(&text, "y");
    cli_text_printf(&text, "%s", "y");
    assert_int_equal(text.size, CLI_TEXT_SIZE_MAX - 1);
    assert_int_equal(text.data[text.size], '\0');
    cli_text_release(&text);
    assert_null(text.data);
    cli_text_append(&text, big, SIZE_MAX); /* no size overflows */
    assert_string_equal(cli_text_get(&text), "");
    cli_text_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_names_cannot_steer_a_terminal),
            cmocka_unit_test(test_json_strings_are_strings_whatever_is_in_them),
            cmocka_unit_test(test_sizes_never_show_more_than_there_is),
            cmocka_unit_test(test_times_and_counts),
            cmocka_unit_test(test_text_grows_to_its_limit_and_leaves_out_the_rest),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
