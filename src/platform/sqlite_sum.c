/* The sum of a page is that of SQLite's own checksum VFS (ext/misc/cksumvfs.c, a sum of sums over
 * 32-bit words), begun from the page's number: zeros, and pages in the wrong place, have another.
 */
#include "platform/sqlite_sum.h"

#include <string.h>

#define CONTENT_SIZE (MS_SQLITE_PAGE_SIZE - MS_SQLITE_SUM_SIZE)

static uint32_t read_word(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] | (uint32_t)bytes[1] << 8 | (uint32_t)bytes[2] << 16 |
           (uint32_t)bytes[3] << 24;
}

static void write_word(uint8_t *bytes, uint32_t word)
{
    for (int i = 0; i < 4; i++)
        bytes[i] = (uint8_t)(word >> 8 * i);
}

/* Each step maps the two sums one to one, for any words, and different words to different sums. */
static void sum_page(uint8_t sum[MS_SQLITE_SUM_SIZE], const uint8_t *page, uint64_t number)
{
    uint32_t first = (uint32_t)number + 1;
    uint32_t second = (uint32_t)(number >> 32) + 1;

    for (int i = 0; i < CONTENT_SIZE; i += 8) {
        first += read_word(page + i) + second;
        second += read_word(page + i + 4) + first;
    }
    write_word(sum, first);
    write_word(sum + 4, second);
}

void ms_sqlite_sum_set(uint8_t page[MS_SQLITE_PAGE_SIZE], uint64_t number)
{
    sum_page(page + CONTENT_SIZE, page, number);
}

bool ms_sqlite_sum_is_good(const uint8_t page[MS_SQLITE_PAGE_SIZE], uint64_t number)
{
    uint8_t sum[MS_SQLITE_SUM_SIZE];

    sum_page(sum, page, number);
    return memcmp(sum, page + CONTENT_SIZE, sizeof(sum)) == 0;
}
