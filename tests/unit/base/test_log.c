/* Log lines: level, one line each, cut when long. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/log.h"

static struct {
    unsigned count;
    ms_log_level level;
    char line[4096];
} seen;

static void sink(void *payload, ms_log_level level, const char *line)
{
    assert_ptr_equal(payload, &seen);
    seen.count++;
    seen.level = level;
    strncpy(seen.line, line, sizeof(seen.line) - 1);
}

static void test_without_a_sink_nothing_happens(void **state)
{
    (void)state;
    ms_set_log(NULL, NULL, MS_LOG_DEBUG);
    ms_log(MS_LOG_WARNING, "dropped");
    assert_int_equal(seen.count, 0);
}

static void test_lines_below_the_level_are_dropped(void **state)
{
    (void)state;
    seen.count = 0;
    ms_set_log(sink, &seen, MS_LOG_INFO);
    ms_log(MS_LOG_DEBUG, "dropped");
    assert_int_equal(seen.count, 0);
    ms_log(MS_LOG_INFO, "block %d", 7);
    assert_string_equal(seen.line, "block 7");
    assert_int_equal(seen.level, MS_LOG_INFO);
    ms_log(MS_LOG_WARNING, "slow");
    assert_int_equal(seen.count, 2);
}

static void test_a_name_cannot_forge_a_second_line(void **state)
{
    (void)state;
    ms_set_log(sink, &seen, MS_LOG_INFO);
    ms_log(MS_LOG_INFO, "name %s end", "a\nwarning: \x1b[2J\x7f");
    assert_string_equal(seen.line, "name a warning:  [2J  end");
}

static void test_long_lines_are_cut(void **state)
{
    (void)state;
    ms_set_log(sink, &seen, MS_LOG_INFO);
    ms_log(MS_LOG_INFO, "%05000d", 1);
    assert_true(strlen(seen.line) > 1000 && strlen(seen.line) < 4000);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_without_a_sink_nothing_happens),
            cmocka_unit_test(test_lines_below_the_level_are_dropped),
            cmocka_unit_test(test_a_name_cannot_forge_a_second_line),
            cmocka_unit_test(test_long_lines_are_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
