/* Cutting text between characters. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/bounded.h"
#include "base/checked.h"

/* One character of each length: 1, 2, 3 and 4 bytes. */
#define MIXED "a\xc3\xa9\xe2\x82\xac\xf0\x9f\x98\x80"

static void test_text_is_cut_between_characters(void **state)
{
    static const size_t expected[] = {0, 1, 1, 3, 3, 3, 6, 6, 6, 6, 10};

    (void)state;
    for (size_t size = 0; size < MS_ARRAY_COUNT(expected); size++) {
        char out[16];
        bool fits = ms_bounded_copy(out, size + 1, MIXED);

        assert_int_equal(strlen(out), expected[size]);
        assert_memory_equal(out, MIXED, expected[size]);
        assert_int_equal(fits, size == 10);
        assert_int_equal(ms_bounded_cut(MIXED, size), expected[size]);
    }
}

static void test_bytes_that_are_no_text_are_cut_anywhere(void **state)
{
    (void)state;
    assert_int_equal(ms_bounded_cut("\x80\x80\x80\x80\x80", 5), 5);
    assert_int_equal(ms_bounded_cut("a\x80\x80\x80\x80", 5), 5);
    assert_int_equal(ms_bounded_cut("\xff\xff", 2), 2);
    assert_int_equal(ms_bounded_cut("\x80", 1), 1);
    assert_int_equal(ms_bounded_cut("ab\xc3", 3), 2);
    assert_int_equal(ms_bounded_cut("ab\xf0\x9f", 4), 2);
}

static void test_printf_says_whether_it_fitted(void **state)
{
    char out[8];

    (void)state;
    assert_true(ms_bounded_printf(out, sizeof(out), "%d", 1234567));
    assert_string_equal(out, "1234567");
    assert_false(ms_bounded_printf(out, sizeof(out), "%d", 12345678));
    assert_string_equal(out, "1234567");
    assert_false(ms_bounded_printf(out, sizeof(out), "12345%s", "\xe2\x82\xac"));
    assert_string_equal(out, "12345");
    assert_false(ms_bounded_printf(out, 1, "%s", "x"));
    assert_string_equal(out, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_text_is_cut_between_characters),
            cmocka_unit_test(test_bytes_that_are_no_text_are_cut_anywhere),
            cmocka_unit_test(test_printf_says_whether_it_fitted),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
