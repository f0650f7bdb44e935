/* Allocation: overflow, alignment, the replaceable allocator. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/alloc.h"
#include "doubles/short_memory.h"

static void test_size_zero_gives_a_pointer(void **state)
{
    void *a = ms_alloc(0);
    void *b = ms_calloc(0, 8);

    (void)state;
    assert_non_null(a);
    assert_non_null(b);
    a = ms_realloc(a, 0);
    assert_non_null(a);
    ms_free(a);
    ms_free(b);
    ms_free(NULL);
    ms_free_aligned(NULL);
}

static void test_overflowing_sizes_are_refused(void **state)
{
    (void)state;
    assert_null(ms_calloc(SIZE_MAX / 2, 3));
    assert_null(ms_realloc_array(NULL, SIZE_MAX / 2, 3));
    assert_null(ms_alloc_aligned(4096, SIZE_MAX - 100));
    assert_null(ms_alloc_aligned(4096, SIZE_MAX));
}

static void test_calloc_is_zeroed(void **state)
{
    static const unsigned char zeros[1000];
    unsigned char *memory = ms_alloc(1000);

    (void)state;
    memset(memory, 0xaa, 1000); /* the next piece is likely this one again */
    ms_free(memory);
    memory = ms_calloc(10, 100);
    assert_memory_equal(memory, zeros, 1000);
    ms_free(memory);
}

static void test_realloc_keeps_content(void **state)
{
    char *text = ms_strdup("kept");

    (void)state;
    text = ms_realloc_array(text, 1000, 10);
    assert_string_equal(text, "kept");
    ms_free(text);
}

static void test_strndup_ends_at_size_or_nul(void **state)
{
    char *text = ms_strndup("abcdef", 3);

    (void)state;
    assert_string_equal(text, "abc");
    ms_free(text);
    text = ms_strndup("ab\0def", 6);
    assert_string_equal(text, "ab");
    ms_free(text);
    text = ms_strndup("", 0);
    assert_string_equal(text, "");
    ms_free(text);
}

static void test_aligned_memory_is_aligned_and_whole(void **state)
{
    (void)state;
    for (size_t alignment = sizeof(void *); alignment <= 65536; alignment *= 2) {
        for (size_t size = 0; size < 3; size++) {
            unsigned char *memory = ms_alloc_aligned(alignment, size * 5000);

            assert_non_null(memory);
            assert_int_equal((uintptr_t)memory % alignment, 0);
            memset(memory, 0x55, size * 5000);
            ms_free_aligned(memory);
        }
    }
}

static void test_replaced_allocator_gets_every_call(void **state)
{
    void *memory;

    (void)state;
    short_memory_begin(0);
    memory = ms_alloc_aligned(4096, 100);
    assert_int_equal(short_memory.live, 1);
    ms_free_aligned(memory);
    memory = ms_realloc(NULL, 5);
    memory = ms_realloc(memory, 50);
    assert_int_equal(short_memory.live, 1);
    ms_free(memory);
    assert_int_equal(short_memory_end(), 0);
}

static void test_short_memory_is_null(void **state)
{
    (void)state;
    short_memory_begin(1);
    assert_null(ms_alloc(1));
    assert_null(ms_calloc(1, 1));
    assert_null(ms_strdup("a"));
    assert_null(ms_alloc_aligned(64, 1));
    assert_int_equal(short_memory_end(), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_size_zero_gives_a_pointer),
            cmocka_unit_test(test_overflowing_sizes_are_refused),
            cmocka_unit_test(test_calloc_is_zeroed),
            cmocka_unit_test(test_realloc_keeps_content),
            cmocka_unit_test(test_strndup_ends_at_size_or_nul),
            cmocka_unit_test(test_aligned_memory_is_aligned_and_whole),
            cmocka_unit_test(test_replaced_allocator_gets_every_call),
            cmocka_unit_test(test_short_memory_is_null),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
