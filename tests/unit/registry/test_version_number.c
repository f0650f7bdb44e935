/* Versions as text: one spelling a number. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/checked.h"
#include "registry/version_number.h"

static void test_numbers_from_1_to_the_largest_are_read(void **state)
{
    static const struct {
        const char *text;
        uint32_t value;
    } rows[] = {{"1", 1}, {"9", 9}, {"10", 10}, {"65536", 65536}, {"4294967295", UINT32_MAX}};

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        uint32_t version;

        assert_int_equal(
                ms_version_parse(&version, rows[i].text, strlen(rows[i].text), NULL), MS_OK);
        assert_int_equal(version, rows[i].value);
    }
}

static void test_every_other_text_is_refused_where_it_is_wrong(void **state)
{
    static const struct {
        const char *text;
        int64_t offset;
    } rows[] = {{"", 0}, {"0", 0}, {"01", 0}, {"00", 0}, {"x", 0}, {"1x", 1}, {"+1", 0}, {"-1", 0},
            {" 1", 0}, {"1 ", 1}, {"1.0", 1}, {"0x1", 1}, {"4294967296", 9}, {"42949672950", 10},
            {"99999999999999999999999", 9}, {"1@2", 1}};

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error error = MS_ERROR_INIT;
        uint32_t version = 7;

        assert_int_equal(
                ms_version_parse(&version, rows[i].text, strlen(rows[i].text), &error), MS_USAGE);
        assert_string_equal(error.reason, "version_text");
        assert_int_equal(error.offset, rows[i].offset);
        assert_int_equal(version, 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_numbers_from_1_to_the_largest_are_read),
            cmocka_unit_test(test_every_other_text_is_refused_where_it_is_wrong),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
