/* The cursor: never past the end, moves only on success. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "codec/cursor.h"

static const uint8_t counting[] = {1, 2, 3, 4, 5, 6, 7, 8, 9};

static void test_numbers_are_big_endian(void **state)
{
    ms_cursor cursor = ms_cursor_of(ms_span_of(counting, sizeof(counting)));
    uint8_t byte;
    uint16_t two;
    uint32_t four;
    uint64_t eight;

    (void)state;
    assert_int_equal(ms_cursor_byte(&cursor, &byte, NULL), MS_OK);
    assert_int_equal(byte, 1);
    assert_int_equal(ms_cursor_u16_be(&cursor, &two, NULL), MS_OK);
    assert_int_equal(two, 0x0203);
    assert_int_equal(ms_cursor_u32_be(&cursor, &four, NULL), MS_OK);
    assert_int_equal(four, 0x04050607);
    cursor.position = 1;
    assert_int_equal(ms_cursor_u64_be(&cursor, &eight, NULL), MS_OK);
    assert_true(eight == 0x0203040506070809);
    assert_int_equal(ms_cursor_left(&cursor), 0);
}

static void test_written_numbers_are_read_again(void **state)
{
    static const uint8_t expected[] = {0xfe, 0xdc, 0xba, 0x98, 0x76, 0x54, 0x32, 0x10};
    uint8_t out[8];

    (void)state;
    ms_write_u64_be(out, 0xfedcba9876543210);
    assert_memory_equal(out, expected, 8);
    ms_write_u32_be(out, 0xfedcba98);
    assert_memory_equal(out, expected, 4);
}

static void test_taking_too_much_is_refused_at_every_length(void **state)
{
    (void)state;
    for (size_t length = 0; length <= sizeof(counting); length++) {
        for (size_t size = 0; size <= sizeof(counting) + 1; size++) {
            ms_cursor cursor = ms_cursor_of(ms_span_of(counting, length));
            ms_error err = MS_ERROR_INIT;
            ms_span bytes;
            ms_status status = ms_cursor_take(&cursor, &bytes, size, &err);

            assert_int_equal(status, size <= length ? MS_OK : MS_MALFORMED);
            assert_int_equal(cursor.position, size <= length ? size : 0);
            assert_int_equal(bytes.size, size <= length ? size : 0);
            if (status != MS_OK) {
                assert_string_equal(err.reason, "truncated");
                assert_int_equal(err.offset, 0);
            }
        }
    }
}

static void test_every_getter_refuses_a_short_rest(void **state)
{
    (void)state;
    for (size_t left = 0; left < 8; left++) {
        ms_cursor cursor = {
                .data = counting, .size = sizeof(counting), .position = sizeof(counting) - left};
        size_t start = cursor.position;
        ms_error err = MS_ERROR_INIT;
        uint64_t eight = 1;
        uint32_t four = 1;
        uint16_t two = 1;
        uint8_t byte = 1;

        assert_int_equal(ms_cursor_u64_be(&cursor, &eight, &err), MS_MALFORMED);
        assert_true(eight == 0);
        assert_int_equal(err.offset, start);
        if (left < 4)
            assert_int_equal(ms_cursor_u32_be(&cursor, &four, &err), MS_MALFORMED);
        if (left < 2)
            assert_int_equal(ms_cursor_u16_be(&cursor, &two, &err), MS_MALFORMED);
        if (left < 1)
            assert_int_equal(ms_cursor_byte(&cursor, &byte, &err), MS_MALFORMED);
        assert_int_equal(cursor.position, start);
    }
}

static void test_an_empty_span_has_no_bytes(void **state)
{
    ms_cursor cursor = ms_cursor_of((ms_span){0});
    ms_span bytes;

    (void)state;
    assert_int_equal(ms_cursor_take(&cursor, &bytes, 0, NULL), MS_OK);
    assert_int_equal(ms_cursor_take(&cursor, &bytes, 1, NULL), MS_MALFORMED);
    assert_int_equal(ms_cursor_take(&cursor, &bytes, SIZE_MAX, NULL), MS_MALFORMED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_numbers_are_big_endian),
            cmocka_unit_test(test_written_numbers_are_read_again),
            cmocka_unit_test(test_taking_too_much_is_refused_at_every_length),
            cmocka_unit_test(test_every_getter_refuses_a_short_rest),
            cmocka_unit_test(test_an_empty_span_has_no_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
