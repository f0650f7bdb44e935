/* The arena: zeroed, aligned, bounded, and freed at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdalign.h>

#include "base/arena.h"
#include "doubles/short_memory.h"

static void test_pieces_are_zeroed_aligned_and_apart(void **state)
{
    static const unsigned char zeros[4096];
    unsigned char *pieces[500];
    ms_arena arena;

    (void)state;
    ms_arena_init(&arena, 10 * 1024 * 1024);
    for (size_t i = 0; i < 500; i++) {
        pieces[i] = ms_arena_alloc(&arena, i);
        assert_non_null(pieces[i]);
        assert_int_equal((uintptr_t)pieces[i] % alignof(max_align_t), 0);
        assert_memory_equal(pieces[i], zeros, i);
        memset(pieces[i], (int)(i & 0xff), i);
    }
    for (size_t i = 0; i < 500; i++) {
        for (size_t j = 0; j < i; j++)
            assert_int_equal(pieces[i][j], i & 0xff);
    }
    ms_arena_release(&arena);
}

static void test_size_max_is_kept(void **state)
{
    ms_arena arena;

    (void)state;
    ms_arena_init(&arena, 1024);
    assert_non_null(ms_arena_alloc(&arena, 1000));
    assert_null(ms_arena_alloc(&arena, 100));
    assert_null(ms_arena_alloc(&arena, SIZE_MAX));
    assert_null(ms_arena_calloc(&arena, SIZE_MAX / 2, 3));
    assert_null(ms_arena_printf(&arena, "%0200d", 1));
    assert_non_null(ms_arena_alloc(&arena, 1)); /* what is left can still be had */
    assert_false(arena.is_starved);
    ms_arena_release(&arena);
    assert_non_null(ms_arena_alloc(&arena, 1000));
    ms_arena_release(&arena);
}

static void test_texts(void **state)
{
    ms_arena arena;

    (void)state;
    ms_arena_init(&arena, 1024 * 1024);
    assert_string_equal(ms_arena_strdup(&arena, "a name"), "a name");
    assert_string_equal(ms_arena_strdup(&arena, ""), "");
    assert_string_equal(ms_arena_strndup(&arena, "abcdef", 2), "ab");
    assert_string_equal(ms_arena_strndup(&arena, "a\0b", 3), "a");
    assert_string_equal(ms_arena_printf(&arena, "%s-%d", "x", 7), "x-7");
    assert_int_equal(strlen(ms_arena_printf(&arena, "%0100000d", 7)), 100000);
    ms_arena_release(&arena);
}

static void test_zeroed_arena_is_released(void **state)
{
    ms_arena arena = {0};

    (void)state;
    ms_arena_release(&arena);
    assert_null(ms_arena_alloc(&arena, 1)); /* its maximum is 0 */
}

static void test_short_memory_is_null_and_leaks_nothing(void **state)
{
    (void)state;
    for (size_t fail_at = 1; fail_at < 6; fail_at++) {
        ms_arena arena;
        size_t made = 0;

        short_memory_begin(fail_at);
        ms_arena_init(&arena, 1024 * 1024);
        while (ms_arena_alloc(&arena, 3000) != NULL)
            made++;
        assert_true(fail_at == 1 ? made == 0 : made > 0);
        assert_true(arena.is_starved);
        ms_arena_release(&arena);
        assert_int_equal(short_memory_end(), 0);
    }
}

static void test_an_array_grows_and_keeps_what_it_holds(void **state)
{
    ms_arena arena;
    uint64_t *items = NULL;
    unsigned moves = 0;

    (void)state;
    ms_arena_init(&arena, 10000);
    for (size_t count = 0; count < 100; count++) {
        uint64_t *grown = ms_arena_grow(&arena, items, count, sizeof(*items));

        assert_non_null(grown);
        moves += grown != items;
        assert_true(grown[count] == 0);
        for (size_t i = 0; i < count; i++)
            assert_true(grown[i] == i + 1);
        grown[count] = count + 1;
        items = grown;
    }
    assert_int_equal(moves, 8); /* to 1, 2, 4 … 128 */
    assert_null(ms_arena_grow(&arena, items, (size_t)1 << 10, sizeof(*items))); /* over size_max */
    assert_null(ms_arena_grow(&arena, items, ~(SIZE_MAX >> 1), sizeof(*items)));
    ms_arena_release(&arena);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_pieces_are_zeroed_aligned_and_apart),
            cmocka_unit_test(test_size_max_is_kept),
            cmocka_unit_test(test_texts),
            cmocka_unit_test(test_zeroed_arena_is_released),
            cmocka_unit_test(test_short_memory_is_null_and_leaks_nothing),
            cmocka_unit_test(test_an_array_grows_and_keeps_what_it_holds),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
