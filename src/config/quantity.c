/* Numbers, sizes and rates as people write them. */
#include "config/quantity.h"

#include <stddef.h>
#include <string.h>

#include "base/checked.h"

#define FRACTION_DIGITS_MAX 6

typedef struct unit {
    const char *name;
    uint64_t bytes;
} unit;

static const unit size_units[] = {
        {"", 1},
        {"B", 1},
        {"kB", 1000},
        {"KB", 1000},
        {"MB", 1000000},
        {"GB", 1000000000},
        {"TB", 1000000000000},
        {"KiB", UINT64_C(1) << 10},
        {"MiB", UINT64_C(1) << 20},
        {"GiB", UINT64_C(1) << 30},
        {"TiB", UINT64_C(1) << 40},
        {NULL, 0},
};

static const unit rate_units[] = {
        {"B/s", 1},
        {"kB/s", 1000},
        {"KB/s", 1000},
        {"MB/s", 1000000},
        {"GB/s", 1000000000},
        {"KiB/s", UINT64_C(1) << 10},
        {"MiB/s", UINT64_C(1) << 20},
        {"GiB/s", UINT64_C(1) << 30},
        {"kbit/s", 1000 / 8},
        {"Mbit/s", 1000000 / 8},
        {"Gbit/s", 1000000000 / 8},
        {NULL, 0},
};

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* Reads digits at *text and moves behind them; false when there are none or they overflow. */
static bool read_digits(const char **text, uint64_t *number, size_t *count)
{
    *number = 0;
    *count = 0;
    for (; is_digit(**text); (*text)++, (*count)++) {
        if (!ms_mul_u64(number, *number, 10) ||
                !ms_add_u64(number, *number, (uint64_t)(**text - '0')))
            return false;
    }
    return *count > 0;
}

bool ms_quantity_integer(const char *text, uint64_t *number)
{
    size_t count;

    return read_digits(&text, number, &count) && *text == '\0';
}

static bool read_quantity(const char *text, const unit *units, uint64_t *bytes)
{
    uint64_t whole;
    uint64_t fraction = 0;
    uint64_t scale = 1;
    size_t count;

    if (!read_digits(&text, &whole, &count))
        return false;
    if (*text == '.') {
        text++;
        if (!read_digits(&text, &fraction, &count) || count > FRACTION_DIGITS_MAX)
            return false;
        while (count-- > 0)
            scale *= 10;
    }
    if (*text == ' ')
        text++;
    while (units->name != NULL && strcmp(units->name, text) != 0)
        units++;
    /* fraction < 10^6 and the greatest unit is 2^40: their product fits. */
    return units->name != NULL && ms_mul_u64(&whole, whole, units->bytes) &&
           ms_add_u64(bytes, whole, fraction * units->bytes / scale);
}

bool ms_quantity_size(const char *text, uint64_t *bytes)
{
    return read_quantity(text, size_units, bytes);
}

bool ms_quantity_rate(const char *text, uint64_t *bytes_per_second)
{
    return read_quantity(text, rate_units, bytes_per_second) && *bytes_per_second > 0;
}

bool ms_quantity_is_decimal(const char *text)
{
    bool has_point = false;

    if (!is_digit(*text))
        return false;
    for (; *text != '\0'; text++) {
        if (*text == '.' && !has_point && is_digit(text[1]))
            has_point = true;
        else if (!is_digit(*text))
            return false;
    }
    return true;
}
