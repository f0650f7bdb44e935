/* Checksums of database pages: the last bytes of a page say what the others and its number add up to,
 * so that a page that rots, or stands in another's place, is noticed when it is read. Accidents
 * only: whoever can write the file can also write its sums. */
#ifndef MS_PLATFORM_SQLITE_SUM_H
#define MS_PLATFORM_SQLITE_SUM_H

#include <stdbool.h>
#include <stdint.h>

#define MS_SQLITE_PAGE_SIZE 4096
#define MS_SQLITE_SUM_SIZE 8 /* bytes that SQLite leaves alone at the end of each page */

/** number counts pages from 0. Any damage within 8 aligned bytes is certain to be noticed. */
void ms_sqlite_sum_set(uint8_t page[MS_SQLITE_PAGE_SIZE], uint64_t number);
bool ms_sqlite_sum_is_good(const uint8_t page[MS_SQLITE_PAGE_SIZE], uint64_t number);

#endif
