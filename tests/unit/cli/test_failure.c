/* Failures that the command line fills itself: the fields, and texts longer than their places. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "failure.h"

static void test_a_failure_forgets_the_one_before(void **state)
{
    ms_error err = MS_ERROR_INIT;

    (void)state;
    (void)cli_fail_errno(&err, ENOSPC, "output_file", "Cannot write %s", "x");
    cli_set_hint(&err, "do %d things", 3);
    cli_set_path(&err, "/a/b");
    assert_int_equal(err.status, MS_IO);
    assert_int_equal(err.os_errno, ENOSPC);
    assert_string_equal(err.reason, "output_file");
    assert_string_equal(err.message, "Cannot write x: No space left on device");
    assert_string_equal(err.hint, "do 3 things");
    assert_string_equal(err.path, "/a/b");

    assert_int_equal(cli_fail(&err, MS_USAGE, "operands", "%s needs %s", "info", "REF"), MS_USAGE);
    assert_int_equal(err.status, MS_USAGE);
    assert_int_equal(err.os_errno, 0);
    assert_string_equal(err.message, "info needs REF");
    assert_string_equal(err.hint, "");
    assert_string_equal(err.path, "");
    assert_true(err.chunk_index == -1 && err.offset == -1);
}

/* "…" has three bytes, so that the end of a field falls at each of them. */
static void test_long_texts_are_cut_between_characters(void **state)
{
    ms_error err = MS_ERROR_INIT;
    char text[3 * MS_ERROR_PATH_SIZE + 4];

    (void)state;
    for (size_t shift = 0; shift < 3; shift++) {
        size_t size = shift;

        memset(text, 'a', shift);
        for (; size + 3 < sizeof(text); size += 3)
            memcpy(text + size, "\xe2\x80\xa6", 3);
        text[size] = '\0';
        (void)cli_fail(&err, MS_USAGE, "operands", "%s", text);
        cli_set_hint(&err, "%s", text);
        cli_set_path(&err, text);
        assert_int_equal(strlen(err.message), (MS_ERROR_MESSAGE_SIZE - 1 - shift) / 3 * 3 + shift);
        assert_int_equal(strlen(err.hint), (MS_ERROR_HINT_SIZE - 1 - shift) / 3 * 3 + shift);
        assert_int_equal(strlen(err.path), (MS_ERROR_PATH_SIZE - 1 - shift) / 3 * 3 + shift);
        assert_memory_equal(err.message, text, strlen(err.message));
    }
}

static void test_a_text_that_just_fits_is_whole(void **state)
{
    ms_error err = MS_ERROR_INIT;
    char text[MS_ERROR_HINT_SIZE + 1];

    (void)state;
    memset(text, 'x', sizeof(text));
    text[MS_ERROR_HINT_SIZE - 1] = '\0';
    cli_set_hint(&err, "%s", text);
    assert_string_equal(err.hint, text);
    text[MS_ERROR_HINT_SIZE - 1] = 'x';
    text[MS_ERROR_HINT_SIZE] = '\0';
    cli_set_hint(&err, "%s", text);
    assert_int_equal(strlen(err.hint), MS_ERROR_HINT_SIZE - 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_a_failure_forgets_the_one_before),
            cmocka_unit_test(test_long_texts_are_cut_between_characters),
            cmocka_unit_test(test_a_text_that_just_fits_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
