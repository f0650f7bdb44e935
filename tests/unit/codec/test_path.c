/* Names and paths that are refused, each with its reason, and those that are not. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/path.h"
#include "doubles/hostile_names.h"

/* As the whole path; what needs one name alone stands in tests of its own. */
static hostile_names table;

static int load_table(void **state)
{
    (void)state;
    hostile_names_load(&table);
    return 0;
}

static int release_table(void **state)
{
    (void)state;
    hostile_names_release(&table);
    return 0;
}

static bool is_limit(const char *reason)
{
    return strcmp(reason, "path_long") == 0 || strcmp(reason, "path_name_long") == 0 ||
           strcmp(reason, "path_deep") == 0;
}

static ms_status check(const hostile_name *tried, ms_error *err)
{
    return ms_path_check(ms_span_of(tried->text, tried->size), err);
}

static void test_every_path_of_the_table_is_judged_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < table.count; i++) {
        ms_error err = MS_ERROR_INIT;
        ms_status status = check(&table.rows[i], &err);

        if (table.rows[i].reason == NULL) {
            if (status != MS_OK)
                fail_msg("row %zu is refused: %s", i, err.message);
            continue;
        }
        if (status != (is_limit(table.rows[i].reason) ? MS_LIMIT : MS_MALFORMED) ||
                strcmp(err.reason, table.rows[i].reason) != 0)
            fail_msg("row %zu \"%s\": %d %s instead of %s", i, table.rows[i].text, status,
                    err.reason, table.rows[i].reason);
        assert_true(err.offset >= 0 && (size_t)err.offset <= table.rows[i].size);
    }
}

static void test_messages_show_nothing_that_a_terminal_obeys(void **state)
{
    (void)state;
    for (size_t i = 0; i < table.count; i++) {
        ms_error err = MS_ERROR_INIT;

        if (check(&table.rows[i], &err) == MS_OK)
            continue;
        for (const char *at = err.message; *at != '\0'; at++)
            assert_true((unsigned char)*at >= 0x20 && *at != 0x7f);
        assert_null(strstr(err.message, "\xe2\x80\xae"));
        assert_null(strstr(err.message, "\xc2\x9b"));
    }
}

/* A path without a slash is a name, but for the rules about the start of a path. */
static void test_a_name_alone_is_judged_like_a_path_of_one_part(void **state)
{
    (void)state;
    for (size_t i = 0; i < table.count; i++) {
        ms_error err = MS_ERROR_INIT;
        ms_span name = ms_span_of(table.rows[i].text, table.rows[i].size);
        ms_status status = ms_path_check_name(name, &err);
        const char *reason = table.rows[i].reason;

        if (memchr(table.rows[i].text, '/', table.rows[i].size) != NULL) {
            assert_int_equal(
                    status, name.size > MS_PATH_NAME_SIZE_MAX ? MS_LIMIT : MS_MALFORMED);
            continue;
        }
        if (reason != NULL && strcmp(reason, "path_long") == 0)
            reason = "path_name_long";
        if (reason != NULL &&
                (strcmp(reason, "path_dash") == 0 || strcmp(reason, "path_tilde") == 0))
            reason = NULL;
        assert_int_equal(status == MS_OK, reason == NULL);
        if (reason != NULL)
            assert_string_equal(err.reason, reason);
    }
}

static void test_a_slash_in_a_name_is_refused(void **state)
{
    ms_error err = MS_ERROR_INIT;

    (void)state;
    assert_int_equal(ms_path_check_name(ms_span_of("a/b", 3), &err), MS_MALFORMED);
    assert_string_equal(err.reason, "path_slash");
    assert_int_equal(err.offset, 1);
}

static void expect_limit(const char *text, size_t size, const char *reason)
{
    ms_error err = MS_ERROR_INIT;

    assert_int_equal(ms_path_check(ms_span_of(text, size), &err), MS_LIMIT);
    assert_string_equal(err.reason, reason);
}

static void test_long_and_deep_paths_are_refused_at_their_limits(void **state)
{
    char text[2048];

    (void)state;
    memset(text, 'n', sizeof text);
    assert_int_equal(ms_path_check(ms_span_of(text, 255), NULL), MS_OK);
    expect_limit(text, 256, "path_name_long");
    expect_limit(text, 1024, "path_name_long");
    for (size_t i = 200; i < sizeof text; i += 200)
        text[i] = '/';
    assert_int_equal(ms_path_check(ms_span_of(text, 1024), NULL), MS_OK);
    expect_limit(text, 1025, "path_long");
    for (size_t i = 0; i < sizeof text; i++)
        text[i] = i % 2 == 0 ? 'd' : '/';
    assert_int_equal(ms_path_check(ms_span_of(text, 63), NULL), MS_OK);
    expect_limit(text, 65, "path_deep");
}

/* Folding. */

#define KEY_SIZE (MS_PATH_SIZE_MAX * 2 + 1)

static void fold(const char *text, char out[KEY_SIZE])
{
    ms_buffer key;

    ms_buffer_init(&key, KEY_SIZE - 1);
    assert_int_equal(ms_path_fold(ms_span_of(text, strlen(text)), &key, NULL), MS_OK);
    memcpy(out, key.data, key.size);
    out[key.size] = '\0';
    ms_buffer_release(&key);
}

static void test_names_that_some_system_takes_for_one_have_one_key(void **state)
{
    static const char *const pairs[][2] = {
            {"README", "readme"},
            {"\xc3\x89t\xc3\xa9", "e\xcc\x81te\xcc\x81"}, /* NFC upper, NFD lower */
            {"stra\xc3\x9f"
             "e",
                    "STRASSE"},
            {"stra\xc3\x9f"
             "e",
                    "STRA\xe1\xba\x9e"
                    "E"},
            {"\xe2\x84\xaa", "k"},                                    /* Kelvin sign */
            {"\xe2\x84\xab", "\xc3\xa5"},                             /* angstrom sign */
            {"\xcf\x83", "\xcf\x82"},                                 /* both small sigmas */
            {"\xd0\x9a", "\xd0\xba"},                                 /* Cyrillic */
            {"a\xcc\xa3\xcc\x87", "a\xcc\x87\xcc\xa3"},               /* marks in two orders */
            {"\xed\x95\x9c", "\xe1\x84\x92\xe1\x85\xa1\xe1\x86\xab"}, /* Hangul */
            {"\xe1\xbe\xb3\xcc\x81", "\xe1\xbe\xb4"}, /* why NFD comes first: U+0345 */
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(pairs); i++) {
        char first[KEY_SIZE];
        char second[KEY_SIZE];

        fold(pairs[i][0], first);
        fold(pairs[i][1], second);
        if (strcmp(first, second) != 0)
            fail_msg("pair %zu: \"%s\" and \"%s\"", i, first, second);
    }
}

static void test_different_names_have_different_keys(void **state)
{
    static const char *const names[] = {"a", "b", "ab", "a.b", "\xc3\xa9", "e", "e\xcc\x80",
            "\xd0\xb0", "\xf0\x9f\x98\x80", "a b", "a  b", "o\xcc\x88", "oe", "1", "\xc2\xb9"};

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(names); i++) {
        for (size_t j = 0; j < i; j++) {
            char first[KEY_SIZE];
            char second[KEY_SIZE];

            fold(names[i], first);
            fold(names[j], second);
            assert_string_not_equal(first, second);
        }
    }
}

static void test_folding_a_key_gives_the_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < table.count; i++) {
        char once[KEY_SIZE];
        char twice[KEY_SIZE];

        if (table.rows[i].reason != NULL)
            continue;
        fold(table.rows[i].text, once);
        fold(once, twice);
        assert_string_equal(once, twice);
    }
}

static void test_folding_refuses_what_it_cannot_fold(void **state)
{
    static char text[MS_PATH_SIZE_MAX + 1];
    ms_error err = MS_ERROR_INIT;
    ms_buffer key;

    (void)state;
    ms_buffer_init(&key, 1 << 16);
    assert_int_equal(ms_path_fold(ms_span_of("a\xff", 2), &key, &err), MS_MALFORMED);
    assert_string_equal(err.reason, "path_utf8");
    memset(text, 'a', sizeof text);
    assert_int_equal(ms_path_fold(ms_span_of(text, sizeof text), &key, &err), MS_LIMIT);
    assert_int_equal(key.size, 0);
    ms_buffer_release(&key);
}

/* U+0390 is the worst of both steps: two bytes that become three characters. */
static void test_the_longest_expansion_fits(void **state)
{
    static char text[MS_PATH_SIZE_MAX];
    ms_buffer key;

    (void)state;
    for (size_t i = 0; i < sizeof text; i += 2)
        memcpy(text + i, "\xce\x90", 2);
    ms_buffer_init(&key, 1 << 16);
    assert_int_equal(ms_path_fold(ms_span_of(text, sizeof text), &key, NULL), MS_OK);
    assert_true(key.size > 0);
    ms_buffer_release(&key);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_every_path_of_the_table_is_judged_as_written),
            cmocka_unit_test(test_messages_show_nothing_that_a_terminal_obeys),
            cmocka_unit_test(test_a_name_alone_is_judged_like_a_path_of_one_part),
            cmocka_unit_test(test_a_slash_in_a_name_is_refused),
            cmocka_unit_test(test_long_and_deep_paths_are_refused_at_their_limits),
            cmocka_unit_test(test_names_that_some_system_takes_for_one_have_one_key),
            cmocka_unit_test(test_different_names_have_different_keys),
            cmocka_unit_test(test_folding_a_key_gives_the_key),
            cmocka_unit_test(test_folding_refuses_what_it_cannot_fold),
            cmocka_unit_test(test_the_longest_expansion_fits),
    };

    return cmocka_run_group_tests_name("codec/path", tests, load_table, release_table);
}
