/* Numbers, sizes and rates as people write them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/checked.h"
#include "config/quantity.h"

typedef struct row {
    const char *text;
    bool is_good;
    uint64_t number;
} row;

static const row integers[] = {
        {"0", true, 0},
        {"007", true, 7},
        {"18446744073709551615", true, UINT64_MAX},
        {"18446744073709551616", false, 0},
        {"", false, 0},
        {"-1", false, 0},
        {"+1", false, 0},
        {" 1", false, 0},
        {"1 ", false, 0},
        {"1.0", false, 0},
        {"0x10", false, 0},
};

static const row sizes[] = {
        {"0", true, 0},
        {"1048576", true, 1048576},
        {"64KiB", true, 65536},
        {"64 KiB", true, 65536},
        {"20GiB", true, UINT64_C(20) << 30},
        {"500MB", true, 500000000},
        {"1kB", true, 1000},
        {"1KB", true, 1000},
        {"2TB", true, UINT64_C(2000000000000)},
        {"1TiB", true, UINT64_C(1) << 40},
        {"7B", true, 7},
        {"1.5GiB", true, UINT64_C(1610612736)},
        {"0.000001MB", true, 1},
        {"1.0000001MB", false, 0},
        {"1.MB", false, 0},
        {".5MB", false, 0},
        {"64kib", false, 0},
        {"64K", false, 0},
        {"64  KiB", false, 0},
        {"64KiB ", false, 0},
        {"16777216TiB", false, 0},
        {"16777215TiB", true, UINT64_C(16777215) << 40},
        {"16777215.999999TiB", true,
                (UINT64_C(16777215) << 40) + UINT64_C(999999) * (UINT64_C(1) << 40) / 1000000},
        {"-1MB", false, 0},
        {"MB", false, 0},
        {"", false, 0},
};

static const row rates[] = {
        {"10MB/s", true, 10000000},
        {"80Mbit/s", true, 10000000},
        {"8kbit/s", true, 1000},
        {"1Gbit/s", true, 125000000},
        {"1.5 MiB/s", true, 1572864},
        {"1B/s", true, 1},
        {"0MB/s", false, 0}, /* would stop everything; no limit is an empty text */
        {"10MB", false, 0},
        {"10", false, 0},
        {"10 MB / s", false, 0},
        {"10MBit/s", false, 0},
        {"", false, 0},
};

typedef bool (*reader)(const char *text, uint64_t *number);

static void check(const row *rows, size_t count, reader read)
{
    for (size_t i = 0; i < count; i++) {
        uint64_t number = 0;

        if (read(rows[i].text, &number) != rows[i].is_good)
            fail_msg("\"%s\"", rows[i].text);
        if (rows[i].is_good && number != rows[i].number)
            fail_msg("\"%s\" is %llu", rows[i].text, (unsigned long long)number);
    }
}

static void test_integers_are_digits_and_do_not_overflow(void **state)
{
    (void)state;
    check(integers, MS_ARRAY_COUNT(integers), ms_quantity_integer);
}

static void test_sizes_have_a_unit_or_are_bytes(void **state)
{
    (void)state;
    check(sizes, MS_ARRAY_COUNT(sizes), ms_quantity_size);
}

static void test_rates_have_a_unit_and_are_not_zero(void **state)
{
    (void)state;
    check(rates, MS_ARRAY_COUNT(rates), ms_quantity_rate);
}

static void test_decimals_are_digits_with_one_point_between(void **state)
{
    static const char *const good[] = {"0", "0.05", "12", "12.5", "00.10"};
    static const char *const bad[] = {
            "", ".", "1.", ".5", "1..2", "1.2.3", "1e5", "-1", "1,5", " 1"};

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(good); i++)
        assert_true(ms_quantity_is_decimal(good[i]));
    for (size_t i = 0; i < MS_ARRAY_COUNT(bad); i++)
        assert_false(ms_quantity_is_decimal(bad[i]));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_integers_are_digits_and_do_not_overflow),
            cmocka_unit_test(test_sizes_have_a_unit_or_are_bytes),
            cmocka_unit_test(test_rates_have_a_unit_and_are_not_zero),
            cmocka_unit_test(test_decimals_are_digits_with_one_point_between),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
