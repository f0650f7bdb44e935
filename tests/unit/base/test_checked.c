/* Sums and products that say when they overflow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"

static void test_overflow_is_noticed_at_the_edge(void **state)
{
    uint64_t wide;
    size_t size;

    (void)state;
    assert_true(ms_add_u64(&wide, UINT64_MAX - 1, 1));
    assert_true(wide == UINT64_MAX);
    assert_false(ms_add_u64(&wide, UINT64_MAX, 1));
    assert_true(ms_mul_u64(&wide, UINT64_MAX / 3, 3));
    assert_true(wide == UINT64_MAX);
    assert_false(ms_mul_u64(&wide, UINT64_MAX / 2, 3));
    assert_true(ms_add_size(&size, SIZE_MAX, 0));
    assert_false(ms_add_size(&size, SIZE_MAX, 1));
    assert_true(ms_mul_size(&size, SIZE_MAX, 1));
    assert_false(ms_mul_size(&size, SIZE_MAX, 2));
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_overflow_is_noticed_at_the_edge)};

    return cmocka_run_group_tests(tests, NULL, NULL);
}
