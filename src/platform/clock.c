/* Time: monotonic for waits and rates, wall clock only for what people read. */
#include "platform/clock.h"

#include <errno.h>

#include "base/bounded.h"
#include "platform/sys.h"

#define MS_PER_SECOND UINT64_C(1000)
#define NS_PER_MS UINT64_C(1000000)
#define NS_PER_SECOND UINT64_C(1000000000)
#define SECONDS_PER_DAY INT64_C(86400)
/* RFC 3339 has years of four digits: 0000-01-01T00:00:00Z and 9999-12-31T23:59:59Z. */
#define WALL_SECONDS_MIN INT64_C(-62167219200)
#define WALL_SECONDS_MAX INT64_C(253402300799)

uint64_t ms_clock_monotonic_ns(void)
{
    struct timespec now = {0};
    (void)ms_sys_clock_gettime(CLOCK_MONOTONIC, &now); /* always there on the systems we run on */
    return (uint64_t)now.tv_sec * NS_PER_SECOND + (uint64_t)now.tv_nsec;
}

uint64_t ms_clock_monotonic_ms(void)
{
    return ms_clock_monotonic_ns() / NS_PER_MS;
}

int64_t ms_clock_wall_seconds(void)
{
    struct timespec now = {0};
    (void)ms_sys_clock_gettime(CLOCK_REALTIME, &now);
    return (int64_t)now.tv_sec;
}

void ms_clock_sleep_ms(uint64_t duration_ms)
{
    uint64_t start_ms = ms_clock_monotonic_ms();
    uint64_t passed_ms = 0;

    while (passed_ms < duration_ms) {
        /* At most a day at once: no overflow, and a signal only costs another round. */
        uint64_t left_ms = duration_ms - passed_ms;
        uint64_t step_ms = left_ms < (uint64_t)SECONDS_PER_DAY * MS_PER_SECOND
                                   ? left_ms
                                   : (uint64_t)SECONDS_PER_DAY * MS_PER_SECOND;
        struct timespec step = {
                .tv_sec = (time_t)(step_ms / MS_PER_SECOND),
                .tv_nsec = (long)(step_ms % MS_PER_SECOND * NS_PER_MS),
        };
        if (ms_sys_nanosleep(&step) != 0 && errno != EINTR)
            return;
        passed_ms = ms_clock_monotonic_ms() - start_ms;
    }
}

void ms_clock_format(char text[MS_TIME_TEXT_SIZE], int64_t wall_seconds)
{
    int64_t seconds = wall_seconds < WALL_SECONDS_MIN ? WALL_SECONDS_MIN : wall_seconds;
    int64_t days, era, day_of_era, year_of_era, day_of_year, month, year;
    int second_of_day;

    seconds = seconds > WALL_SECONDS_MAX ? WALL_SECONDS_MAX : seconds;
    /* By hand because gmtime reads the time zone files. Counted from 0000-03-01, the start of an
     * era of 400 years whose leap days all come last. */
    seconds -= WALL_SECONDS_MIN;
    second_of_day = (int)(seconds % SECONDS_PER_DAY);
    days = seconds / SECONDS_PER_DAY + 146097 - 60; /* now since -0400-03-01: never negative */
    era = days / 146097;
    day_of_era = days % 146097;
    year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
    day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    month = (5 * day_of_year + 2) / 153; /* 0 is March */
    year = year_of_era + (era - 1) * 400 + (month >= 10 ? 1 : 0);
    (void)ms_bounded_printf(text, MS_TIME_TEXT_SIZE, "%04d-%02d-%02dT%02d:%02d:%02dZ", (int)year,
            (int)(month >= 10 ? month - 9 : month + 3),
            (int)(day_of_year - (153 * month + 2) / 5 + 1), second_of_day / 3600,
            second_of_day / 60 % 60, second_of_day % 60);
}
