/* Fields of protobuf messages: bounds of fields of bytes, at every length, and what is written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unixfs/protobuf_field.h"

static void test_a_field_ends_where_it_says_and_keeps_the_offsets(void **state)
{
    const uint8_t message[] = {0x0a, 3, 'a', 'b', 'c', 0x12, 0};
    ms_cursor cursor = {.data = message, .size = sizeof(message), .position = 1};
    ms_cursor field;

    (void)state;
    assert_int_equal(ms_protobuf_read_bytes(&cursor, &field, NULL), MS_OK);
    assert_int_equal(field.position, 2);
    assert_int_equal(ms_protobuf_rest(&field).size, 3);
    assert_memory_equal(ms_protobuf_rest(&field).data, "abc", 3);
    assert_int_equal(cursor.position, 5);
    cursor.position = 6;
    assert_int_equal(ms_protobuf_read_bytes(&cursor, &field, NULL), MS_OK);
    assert_int_equal(ms_cursor_left(&field), 0);
    assert_int_equal(ms_cursor_left(&cursor), 0);
}

static void test_a_field_that_is_cut_anywhere_is_truncated(void **state)
{
    uint8_t message[2 + 300] = {0xac, 0x02}; /* 300 bytes */

    (void)state;
    for (size_t size = 0; size <= sizeof(message); size++) {
        ms_cursor cursor = {.data = message, .size = size};
        ms_cursor field;
        ms_error err = MS_ERROR_INIT;
        ms_status status = ms_protobuf_read_bytes(&cursor, &field, &err);

        assert_int_equal(status, size < sizeof(message) ? MS_MALFORMED : MS_OK);
        if (status != MS_OK) {
            assert_string_equal(err.reason, "truncated");
            assert_true(err.offset >= 0 && (size_t)err.offset <= size);
        }
    }
}

static void test_a_size_beyond_everything_is_truncated(void **state)
{
    const uint8_t message[] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 'x'};
    ms_cursor cursor = {.data = message, .size = sizeof(message)};
    ms_cursor field;
    ms_error err = MS_ERROR_INIT;

    (void)state;
    assert_int_equal(ms_protobuf_read_bytes(&cursor, &field, &err), MS_MALFORMED);
    assert_string_equal(err.reason, "truncated");
    assert_int_equal(err.offset, 0);
}

static void test_what_is_written_is_read_again(void **state)
{
    static const uint8_t expected[] = {0x18, 0x80, 0x01, 0x0a, 2, 'h', 'i', 0x12, 0};
    ms_buffer out;

    (void)state;
    ms_buffer_init(&out, 64);
    assert_int_equal(ms_protobuf_append_number(&out, 0x18, 128, NULL), MS_OK);
    assert_int_equal(ms_protobuf_append_bytes(&out, 0x0a, ms_span_of("hi", 2), NULL), MS_OK);
    assert_int_equal(ms_protobuf_append_bytes(&out, 0x12, (ms_span){0}, NULL), MS_OK);
    assert_int_equal(out.size, sizeof(expected));
    assert_memory_equal(out.data, expected, sizeof(expected));
    ms_buffer_release(&out);
}

static void test_a_field_that_does_not_fit_leaves_nothing(void **state)
{
    ms_buffer out;

    (void)state;
    ms_buffer_init(&out, 4);
    assert_int_equal(ms_protobuf_append_bytes(&out, 0x0a, ms_span_of("hi", 2), NULL), MS_OK);
    assert_int_equal(ms_protobuf_append_bytes(&out, 0x0a, ms_span_of("hi", 2), NULL), MS_LIMIT);
    assert_int_equal(out.size, 4);
    ms_buffer_release(&out);
    ms_buffer_init(&out, 3); /* the size fits, the bytes do not */
    assert_int_equal(ms_protobuf_append_bytes(&out, 0x0a, ms_span_of("hi", 2), NULL), MS_LIMIT);
    assert_int_equal(out.size, 0);
    ms_buffer_release(&out);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_field_ends_where_it_says_and_keeps_the_offsets),
            cmocka_unit_test(test_a_field_that_is_cut_anywhere_is_truncated),
            cmocka_unit_test(test_a_size_beyond_everything_is_truncated),
            cmocka_unit_test(test_what_is_written_is_read_again),
            cmocka_unit_test(test_a_field_that_does_not_fit_leaves_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
