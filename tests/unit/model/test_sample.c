/* Samples: as many as were asked for, each thing as likely as any other, at no cost for what is only claimed. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#include "model/sample_priv.h"

#define TOTAL 10
#define SEEDS 20000

static void begin(ms_sample *sample, uint64_t total, uint64_t wanted, uint32_t number)
{
    uint8_t seed[MS_SAMPLE_SEED_SIZE] = {0};
    memcpy(seed, &number, sizeof(number));
    ms_sample_init(sample, total, wanted, seed);
}

static void test_as_many_as_were_asked_for_are_taken(void **state)
{
    ms_sample sample;
    (void)state;
    for (uint64_t total = 0; total <= TOTAL; total++)
        for (uint64_t wanted = 0; wanted <= total + 1; wanted++)
            for (uint32_t seed = 0; seed < 50; seed++) {
                uint64_t taken = 0;
                begin(&sample, total, wanted, seed);
                for (uint64_t i = 0; i < total; i++)
                    taken += ms_sample_takes_next(&sample);
                assert_int_equal(taken, wanted < total ? wanted : total);
                assert_false(ms_sample_takes_next(&sample));
            }
}

/* The bounds are six times the deviation of such counts; the seeds are the same every time. */
static void test_each_and_every_pair_is_as_likely_as_the_others(void **state)
{
    static unsigned pairs[TOTAL][TOTAL];
    (void)state;
    for (uint32_t seed = 0; seed < SEEDS; seed++) {
        ms_sample sample;
        bool is_taken[TOTAL];
        begin(&sample, TOTAL, 3, seed);
        for (unsigned i = 0; i < TOTAL; i++)
            is_taken[i] = ms_sample_takes_next(&sample);
        for (unsigned i = 0; i < TOTAL; i++)
            for (unsigned j = 0; j < TOTAL; j++)
                pairs[i][j] += is_taken[i] && is_taken[j];
    }
    for (unsigned i = 0; i < TOTAL; i++)
        for (unsigned j = 0; j < TOTAL; j++) {
            const unsigned expected = i == j ? SEEDS * 3 / 10 : SEEDS * 3 * 2 / (10 * 9);
            assert_in_range(pairs[i][j], expected - 400, expected + 400);
        }
}

static void test_a_claimed_number_costs_nothing(void **state)
{
    ms_sample sample;
    unsigned taken = 0;
    (void)state;
    begin(&sample, INT64_MAX, (uint64_t)INT64_MAX - 1, 1);
    for (unsigned i = 0; i < 1000; i++)
        taken += ms_sample_takes_next(&sample);
    assert_int_equal(taken, 1000);
    begin(&sample, INT64_MAX, 1, 1);
    for (unsigned i = 0; i < 1000; i++)
        assert_false(ms_sample_takes_next(&sample));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_as_many_as_were_asked_for_are_taken),
            cmocka_unit_test(test_each_and_every_pair_is_as_likely_as_the_others),
            cmocka_unit_test(test_a_claimed_number_costs_nothing),
    };
    return cmocka_run_group_tests_name("model: sample", tests, NULL, NULL);
}
