/* Random bytes: all of them, or an error. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>

#include "doubles/faulty_sys.h"
#include "platform/random.h"

static void test_every_byte_is_filled(void **state)
{
    uint8_t seen[1000] = {0};
    (void)state;
    faulty_reset();
    /* A byte that stays 0 in 20 rounds was not written: chance 2^-160. */
    for (int round = 0; round < 20; round++) {
        uint8_t bytes[sizeof(seen)] = {0};
        assert_int_equal(ms_random_bytes(bytes, sizeof(bytes), NULL), MS_OK);
        for (size_t i = 0; i < sizeof(bytes); i++)
            seen[i] |= bytes[i];
    }
    for (size_t i = 0; i < sizeof(seen); i++)
        assert_int_not_equal(seen[i], 0);
}

static void test_short_and_interrupted_answers_are_completed(void **state)
{
    uint8_t bytes[64] = {0};
    uint8_t zero[16] = {0};
    (void)state;
    faulty_reset();
    faulty_shorten(16);
    faulty_fail(FAULTY_getrandom, 2, EINTR);
    assert_int_equal(ms_random_bytes(bytes, sizeof(bytes), NULL), MS_OK);
    assert_int_equal(faulty_count(FAULTY_getrandom), 5);
    for (size_t i = 0; i < sizeof(bytes); i += 16)
        assert_memory_not_equal(bytes + i, zero, 16);
}

static void test_no_random_bytes_is_an_error(void **state)
{
    uint8_t byte;
    ms_error error = MS_ERROR_INIT;
    (void)state;
    faulty_reset();
    faulty_fail_always(FAULTY_getrandom, ENOSYS);
    assert_int_equal(ms_random_bytes(&byte, 1, &error), MS_IO);
    assert_string_equal(error.reason, "random_failed");
    assert_int_equal(ms_random_bytes(&byte, 0, &error), MS_OK);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_every_byte_is_filled),
            cmocka_unit_test(test_short_and_interrupted_answers_are_completed),
            cmocka_unit_test(test_no_random_bytes_is_an_error),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
