/* What counts as a typing error of a known word, and which of several is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/nearest.h"

static bool is_near(const char *wanted, const char *word)
{
    ms_nearest search;

    ms_nearest_begin(&search, wanted);
    return ms_nearest_offer(&search, word);
}

static void test_a_third_of_the_letters_and_one_more_may_be_wrong(void **state)
{
    static const struct row {
        const char *wanted, *word;
        bool is_near;
    } rows[] = {
            {"list", "list", true},
            {"lits", "list", true},   /* two replaced, 4 / 3 + 1 = 2 */
            {"lst", "list", true},    /* one left out */
            {"llist", "list", true},  /* one too many */
            {"list", "lost", true},
            {"abcd", "abxy", true},
            {"abcd", "axyz", false},  /* three of four */
            {"abcdef", "abcxyz", true}, /* 6 / 3 + 1 = 3 */
            {"abcdef", "abwxyz", false},
            {"kitten", "sitting", true}, /* three edits, the example of the books */
            {"kittn", "sitting", false}, /* four, and 5 / 3 + 1 = 2 */
            {"LIST", "list", true},
            {"", "a", true},
            {"", "ab", false},
            {"abc", "", false},
    };
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        if (is_near(rows[i].wanted, rows[i].word) != rows[i].is_near)
            fail_msg("\"%s\" for \"%s\"", rows[i].wanted, rows[i].word);
    }
}

static void test_the_nearest_wins_and_of_equals_the_first(void **state)
{
    ms_nearest search;

    (void)state;
    ms_nearest_begin(&search, "verfy");
    assert_true(ms_nearest_offer(&search, "verbs"));   /* two */
    assert_true(ms_nearest_offer(&search, "verify"));  /* one */
    assert_false(ms_nearest_offer(&search, "verfx"));  /* one as well, and later */
    assert_false(ms_nearest_offer(&search, "version"));
    assert_true(ms_nearest_offer(&search, "VERFY"));
}

static void test_words_of_full_size_are_compared_and_longer_ones_are_far(void **state)
{
    char full[MS_NEAREST_SIZE_MAX + 1];
    char longer[MS_NEAREST_SIZE_MAX + 2];

    (void)state;
    memset(full, 'a', MS_NEAREST_SIZE_MAX);
    full[MS_NEAREST_SIZE_MAX] = '\0';
    memset(longer, 'a', MS_NEAREST_SIZE_MAX + 1);
    longer[MS_NEAREST_SIZE_MAX + 1] = '\0';
    assert_true(is_near(full, full));
    assert_true(is_near(full, full + 1));
    assert_false(is_near(full, longer));
    assert_false(is_near(longer, full));
    assert_false(is_near(longer, longer));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_third_of_the_letters_and_one_more_may_be_wrong),
            cmocka_unit_test(test_the_nearest_wins_and_of_equals_the_first),
            cmocka_unit_test(test_words_of_full_size_are_compared_and_longer_ones_are_far),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
