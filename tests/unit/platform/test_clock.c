/* Time: never backwards, sleeps long enough, and the text of known instants. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <string.h>
#include <time.h>

#include "base/checked.h"
#include "platform/clock.h"

static void test_monotonic_clock_never_goes_back(void **state)
{
    uint64_t before = ms_clock_monotonic_ns();
    (void)state;
    for (int i = 0; i < 10000; i++) {
        uint64_t now = ms_clock_monotonic_ns();
        assert_true(now >= before);
        before = now;
    }
    assert_true(ms_clock_monotonic_ms() >= before / 1000000);
}

static void test_sleep_is_not_shorter_than_asked(void **state)
{
    uint64_t start = ms_clock_monotonic_ns();
    (void)state;
    ms_clock_sleep_ms(0);
    ms_clock_sleep_ms(15);
    assert_true(ms_clock_monotonic_ns() - start >= 14000000);
}

static void test_wall_clock_is_that_of_the_system(void **state)
{
    int64_t before = (int64_t)time(NULL);
    int64_t now = ms_clock_wall_seconds();
    (void)state;
    assert_true(now >= before - 1 && now <= before + 5);
}

static void test_known_instants_have_their_text(void **state)
{
    static const struct {
        int64_t seconds;
        const char *text;
    } rows[] = {
            {0, "1970-01-01T00:00:00Z"},
            {-1, "1969-12-31T23:59:59Z"},
            {951782399, "2000-02-28T23:59:59Z"},
            {951782400, "2000-02-29T00:00:00Z"},
            {951868800, "2000-03-01T00:00:00Z"},
            {2147483647, "2038-01-19T03:14:07Z"},
            {2147483648, "2038-01-19T03:14:08Z"},
            {4107542399, "2100-02-28T23:59:59Z"},
            {4107542400, "2100-03-01T00:00:00Z"},
            {253402300799, "9999-12-31T23:59:59Z"},
            {253402300800, "9999-12-31T23:59:59Z"},
            {INT64_MAX, "9999-12-31T23:59:59Z"},
            {-62167219200, "0000-01-01T00:00:00Z"},
            {INT64_MIN, "0000-01-01T00:00:00Z"},
    };
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        char text[MS_TIME_TEXT_SIZE];
        ms_clock_format(text, rows[i].seconds);
        assert_string_equal(text, rows[i].text);
    }
}

static void test_every_day_of_the_calendar_is_that_of_gmtime(void **state)
{
    (void)state;
    for (int64_t seconds = -62167219200; seconds < 253402300800; seconds += 86400 + 3661) {
        time_t native = (time_t)seconds;
        struct tm parts;
        char expected[MS_TIME_TEXT_SIZE];
        char text[MS_TIME_TEXT_SIZE];
        assert_non_null(gmtime_r(&native, &parts));
        snprintf(expected, sizeof(expected), "%04d-%02d-%02dT%02d:%02d:%02dZ",
                (parts.tm_year + 1900) % 10000, (parts.tm_mon + 1) % 100, parts.tm_mday % 100,
                parts.tm_hour % 100, parts.tm_min % 100, parts.tm_sec % 100);
        ms_clock_format(text, seconds);
        if (strcmp(text, expected) != 0)
            fail_msg("%s instead of %s", text, expected);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_monotonic_clock_never_goes_back),
            cmocka_unit_test(test_sleep_is_not_shorter_than_asked),
            cmocka_unit_test(test_wall_clock_is_that_of_the_system),
            cmocka_unit_test(test_known_instants_have_their_text),
            cmocka_unit_test(test_every_day_of_the_calendar_is_that_of_gmtime),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
