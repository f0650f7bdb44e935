/* Varints: one spelling for each number of at most 63 bits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/cursor.h"
#include "codec/text.h"

/* The examples of the multiformats unsigned-varint specification, and its limits. */
static const struct accepted {
    const char *hex;
    uint64_t value;
} accepted[] = {
        {"00", 0},
        {"01", 1},
        {"7f", 127},
        {"8001", 128},
        {"ff01", 255},
        {"ac02", 300},
        {"808001", 16384},
        {"808040", 1048576},
        {"ffffffffffffffff7f", INT64_MAX},
};

static const struct refused {
    const char *hex;
    const char *reason;
} refused[] = {
        {"", "truncated"},
        {"80", "truncated"},
        {"ffff", "truncated"},
        {"8000", "varint_not_minimal"},
        {"8100", "varint_not_minimal"},
        {"ff808000", "varint_not_minimal"},
        {"ffffffffffffffffff01", "varint_too_long"},
        {"80808080808080808080", "varint_too_long"},
        {"808080808080808080", "varint_too_long"},
        {"808080808080808000", "varint_not_minimal"},
};

static void test_accepted_spellings(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(accepted); i++) {
        uint8_t bytes[16];
        uint8_t again[MS_VARINT_SIZE_MAX];
        size_t size = strlen(accepted[i].hex) / 2;
        ms_cursor cursor = ms_cursor_of(ms_span_of(bytes, size));
        uint64_t value;

        assert_int_equal(ms_hex_decode(bytes, size, accepted[i].hex, 2 * size, NULL), MS_OK);
        assert_int_equal(ms_cursor_varint(&cursor, &value, NULL), MS_OK);
        assert_true(value == accepted[i].value);
        assert_int_equal(cursor.position, size);
        assert_int_equal(ms_varint_size(value), size);
        assert_int_equal(ms_varint_write(again, value), size);
        assert_memory_equal(again, bytes, size);
    }
}

static void test_refused_spellings(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(refused); i++) {
        uint8_t bytes[16];
        size_t size = strlen(refused[i].hex) / 2;
        ms_cursor cursor = ms_cursor_of(ms_span_of(bytes, size));
        ms_error err = MS_ERROR_INIT;
        uint64_t value = 1;

        assert_int_equal(ms_hex_decode(bytes, size, refused[i].hex, 2 * size, NULL), MS_OK);
        assert_int_equal(ms_cursor_varint(&cursor, &value, &err), MS_MALFORMED);
        assert_string_equal(err.reason, refused[i].reason);
        assert_int_equal(err.offset, 0);
        assert_int_equal(cursor.position, 0);
        assert_true(value == 0);
    }
}

static void test_every_size_is_written_read_and_refused_when_cut(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 63; bit++) {
        uint64_t value = (uint64_t)1 << bit;
        uint8_t bytes[MS_VARINT_SIZE_MAX];
        size_t size = ms_varint_write(bytes, value);

        assert_int_equal(size, bit / 7 + 1);
        for (size_t length = 0; length <= size; length++) {
            ms_cursor cursor = ms_cursor_of(ms_span_of(bytes, length));
            uint64_t read;

            assert_int_equal(
                    ms_cursor_varint(&cursor, &read, NULL), length == size ? MS_OK : MS_MALFORMED);
            assert_true(read == (length == size ? value : 0));
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_accepted_spellings),
            cmocka_unit_test(test_refused_spellings),
            cmocka_unit_test(test_every_size_is_written_read_and_refused_when_cut),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
