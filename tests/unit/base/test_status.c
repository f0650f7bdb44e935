/* The numbers and words that scripts rely on. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "model_storage/status.h"

static const struct {
    ms_status status;
    int number;
    const char *code;
    int exit_code;
    bool retryable;
} rows[] = {
        {MS_OK, 0, "ok", 0, false},
        {MS_INTERNAL, 1, "internal", 1, false},
        {MS_USAGE, 2, "usage", 2, false},
        {MS_PARTIAL, 3, "partial", 3, true},
        {MS_INTEGRITY, 4, "integrity", 4, false},
        {MS_NOT_FOUND, 5, "not_found", 5, false},
        {MS_NETWORK, 6, "network", 6, true},
        {MS_CHAIN_MISMATCH, 7, "chain_mismatch", 7, false},
        {MS_LOCKED, 8, "locked", 8, true},
        {MS_IO, 9, "io", 9, false},
        {MS_KEY, 10, "key", 10, false},
        {MS_MALFORMED, 11, "malformed", 11, false},
        {MS_LIMIT, 12, "limit", 12, false},
        {MS_NO_MEMORY, 13, "limit", 12, true},
        {MS_INTERRUPTED, 130, "interrupted", 130, true},
        {(ms_status)99, 99, "internal", 1, false},
        {(ms_status)-1, -1, "internal", 1, false},
};

static void test_numbers_words_and_exit_codes(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        assert_int_equal((int)rows[i].status, rows[i].number);
        assert_string_equal(ms_status_code(rows[i].status), rows[i].code);
        assert_int_equal(ms_status_exit_code(rows[i].status), rows[i].exit_code);
        assert_int_equal(ms_status_retryable(rows[i].status), rows[i].retryable);
    }
}

static void test_version_has_three_numbers(void **state)
{
    const char *version = ms_version();
    size_t digits = strspn(version, "0123456789");
    const char *minor = version + digits + 1;
    const char *patch = minor + strspn(minor, "0123456789") + 1;

    (void)state;
    assert_true(digits > 0 && version[digits] == '.');
    assert_true(patch - minor > 1 && patch[-1] == '.');
    assert_true(strlen(patch) > 0 && strspn(patch, "0123456789") == strlen(patch));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_numbers_words_and_exit_codes),
            cmocka_unit_test(test_version_has_three_numbers),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
