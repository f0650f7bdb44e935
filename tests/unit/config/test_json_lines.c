/* Lines of members: the cursor and jansson's tree go through the same text in the same order. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "config/json_lines.h"

static ms_span span_of(const char *text)
{
    return ms_span_of(text, strlen(text));
}

static void test_each_key_has_the_line_it_stands_on(void **state)
{
    ms_json_lines lines;

    (void)state;
    ms_json_lines_init(
            &lines, span_of("{\n  \"a\": 1,\n  \"b\\\"}\": \"x, }\",\n\n\"c\":\n[1,\n{\"d\": "
                            "2}],\n \"e\" : {\"f\":null}\n}"));
    ms_json_lines_enter(&lines);
    assert_int_equal(ms_json_lines_key(&lines), 2);
    ms_json_lines_skip(&lines);
    assert_int_equal(ms_json_lines_key(&lines), 3);
    ms_json_lines_skip(&lines);
    assert_int_equal(ms_json_lines_key(&lines), 5);
    ms_json_lines_skip(&lines);
    assert_int_equal(ms_json_lines_key(&lines), 8);
    ms_json_lines_enter(&lines);
    assert_int_equal(ms_json_lines_key(&lines), 8);
    ms_json_lines_skip(&lines);
    ms_json_lines_leave(&lines);
    ms_json_lines_leave(&lines);
    assert_int_equal(lines.position, lines.text.size);
    assert_int_equal(lines.line, 9);
}

static void test_depth_counts_brackets_outside_of_strings(void **state)
{
    (void)state;
    assert_int_equal(ms_json_depth(span_of("")), 0);
    assert_int_equal(ms_json_depth(span_of("1")), 0);
    assert_int_equal(ms_json_depth(span_of("[]")), 1);
    assert_int_equal(ms_json_depth(span_of("{\"a\":[{}],\"b\":[]}")), 3);
    assert_int_equal(ms_json_depth(span_of("\"[[[\\\"[[\"")), 0);
    assert_int_equal(ms_json_depth(span_of("]]]][[")), 2);
}

/* The text it is given is not always the text the tree was made of: a defect of ours must not read
 * beyond it. */
static void test_the_cursor_stays_inside_any_text(void **state)
{
    static const char text[] = "{\"a\\\\\": [1\0, {\"b\": \"c\\\"\"}], \"d\": tru\n}\\";
    char copy[sizeof(text)];

    (void)state;
    for (size_t size = 0; size < sizeof(text); size++) {
        ms_json_lines lines;

        memcpy(copy, text, size);
        ms_json_lines_init(&lines, ms_span_of(copy, size));
        ms_json_lines_enter(&lines);
        for (int i = 0; i < 5; i++) {
            (void)ms_json_lines_key(&lines);
            ms_json_lines_skip(&lines);
        }
        ms_json_lines_leave(&lines);
        assert_true(lines.position <= size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_each_key_has_the_line_it_stands_on),
            cmocka_unit_test(test_depth_counts_brackets_outside_of_strings),
            cmocka_unit_test(test_the_cursor_stays_inside_any_text),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
