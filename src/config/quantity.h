/* Numbers, sizes and rates as people write them. Nothing is rounded up and nothing overflows. */
#ifndef MS_CONFIG_QUANTITY_H
#define MS_CONFIG_QUANTITY_H

#include <stdbool.h>
#include <stdint.h>

/** Decimal digits only, no sign. */
bool ms_quantity_integer(const char *text, uint64_t *number);
/** Bytes: "1048576", "64KiB", "1.5 GB"; units B, kB or KB, MB, GB, TB, KiB, MiB, GiB, TiB. At most
 * 6 digits behind the point; a part of a byte is dropped. */
bool ms_quantity_size(const char *text, uint64_t *bytes);
/** Bytes a second: a size with a unit and "/s", or kbit/s, Mbit/s, Gbit/s. Never 0. */
bool ms_quantity_rate(const char *text, uint64_t *bytes_per_second);
/** Digits with at most one point in between: "0.05". */
bool ms_quantity_is_decimal(const char *text);

#endif
