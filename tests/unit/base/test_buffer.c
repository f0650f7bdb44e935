/* The buffer: grows, never beyond its maximum, unchanged by failures. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "doubles/short_memory.h"

static void test_appends_come_out_in_order(void **state)
{
    ms_buffer buffer;

    (void)state;
    ms_buffer_init(&buffer, 1000);
    assert_int_equal(ms_buffer_append(&buffer, "ab", 2, NULL), MS_OK);
    assert_int_equal(ms_buffer_append_byte(&buffer, 'c', NULL), MS_OK);
    assert_int_equal(ms_buffer_append_text(&buffer, "de", NULL), MS_OK);
    assert_int_equal(ms_buffer_printf(&buffer, NULL, "%d%s", 42, "x"), MS_OK);
    assert_int_equal(ms_buffer_append(&buffer, NULL, 0, NULL), MS_OK);
    assert_int_equal(buffer.size, 8);
    assert_string_equal(ms_buffer_text(&buffer), "abcde42x");
    assert_true(ms_span_equal(ms_buffer_span(&buffer), ms_span_of("abcde42x", 8)));
    ms_buffer_clear(&buffer);
    assert_int_equal(buffer.size, 0);
    assert_string_equal(ms_buffer_text(&buffer), "");
    ms_buffer_release(&buffer);
}

static void test_maximum_is_exact(void **state)
{
    ms_buffer buffer;
    ms_error err = MS_ERROR_INIT;

    (void)state;
    ms_buffer_init(&buffer, 10);
    assert_int_equal(ms_buffer_append_text(&buffer, "123456789", NULL), MS_OK);
    assert_int_equal(ms_buffer_append_text(&buffer, "ab", &err), MS_LIMIT);
    assert_string_equal(err.reason, "buffer_full");
    assert_int_equal(ms_buffer_printf(&buffer, &err, "%s", "ab"), MS_LIMIT);
    assert_int_equal(ms_buffer_reserve(&buffer, SIZE_MAX, &err), MS_LIMIT);
    assert_string_equal(ms_buffer_text(&buffer), "123456789");
    assert_int_equal(ms_buffer_printf(&buffer, &err, "%s", "a"), MS_OK);
    assert_string_equal(ms_buffer_text(&buffer), "123456789a"); /* the NUL is not counted */
    assert_int_equal(ms_buffer_append_byte(&buffer, 0, &err), MS_LIMIT);
    assert_true(buffer.capacity <= 11);
    ms_buffer_release(&buffer);
}

static void test_growing_is_amortised(void **state)
{
    ms_buffer buffer;

    (void)state;
    short_memory_begin(0);
    ms_buffer_init(&buffer, 1 << 20);
    for (unsigned i = 0; i < 1 << 20; i++)
        assert_int_equal(ms_buffer_append_byte(&buffer, (uint8_t)i, NULL), MS_OK);
    assert_true(short_memory.calls < 20);
    assert_int_equal(buffer.data[777777], (uint8_t)777777);
    ms_buffer_release(&buffer);
    assert_int_equal(short_memory_end(), 0);
}

static void test_detached_memory_belongs_to_the_caller(void **state)
{
    ms_buffer buffer;
    size_t size;
    uint8_t *data;

    (void)state;
    ms_buffer_init(&buffer, 100);
    assert_int_equal(ms_buffer_append_text(&buffer, "mine", NULL), MS_OK);
    data = ms_buffer_detach(&buffer, &size);
    assert_int_equal(size, 4);
    assert_memory_equal(data, "mine", 4);
    assert_null(buffer.data);
    assert_int_equal(buffer.size_max, 100);
    ms_free(data);
    ms_buffer_release(&buffer);
}

static void test_short_memory_leaves_the_content(void **state)
{
    ms_buffer buffer;
    ms_error err = MS_ERROR_INIT;

    (void)state;
    short_memory_begin(2);
    ms_buffer_init(&buffer, 100000);
    assert_int_equal(ms_buffer_append_text(&buffer, "kept", &err), MS_OK);
    assert_int_equal(ms_buffer_reserve(&buffer, 50000, &err), MS_NO_MEMORY);
    assert_string_equal(err.reason, "no_memory");
    assert_int_equal(ms_buffer_printf(&buffer, &err, "%0500d", 1), MS_NO_MEMORY);
    assert_int_equal(buffer.size, 4);
    assert_memory_equal(buffer.data, "kept", 4);
    ms_buffer_release(&buffer);
    assert_int_equal(short_memory_end(), 0);
}

static void test_empty_spans_are_equal_whatever_they_point_to(void **state)
{
    (void)state;
    assert_true(ms_span_equal(ms_span_of(NULL, 0), ms_span_of("x", 0)));
    assert_false(ms_span_equal(ms_span_of("ab", 2), ms_span_of("ab", 1)));
    assert_false(ms_span_equal(ms_span_of("ab", 2), ms_span_of("ac", 2)));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_appends_come_out_in_order),
            cmocka_unit_test(test_maximum_is_exact),
            cmocka_unit_test(test_growing_is_amortised),
            cmocka_unit_test(test_detached_memory_belongs_to_the_caller),
            cmocka_unit_test(test_short_memory_leaves_the_content),
            cmocka_unit_test(test_empty_spans_are_equal_whatever_they_point_to),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
