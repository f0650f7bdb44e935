/* Time: monotonic for waits and rates, wall clock only for what people read. */
#ifndef MS_PLATFORM_CLOCK_H
#define MS_PLATFORM_CLOCK_H

#include <stdint.h>
#include <stddef.h>

/** Milliseconds of a clock that never steps; its zero means nothing. */
uint64_t ms_clock_monotonic_ms(void);
uint64_t ms_clock_monotonic_ns(void);
/** Seconds since 1970-01-01T00:00:00Z. */
int64_t ms_clock_wall_seconds(void);
void ms_clock_sleep_ms(uint64_t duration_ms);

#define MS_TIME_TEXT_SIZE 32
/** RFC 3339 UTC with whole seconds, "2026-01-31T08:00:00Z". */
void ms_clock_format(char text[MS_TIME_TEXT_SIZE], int64_t wall_seconds);

#endif
