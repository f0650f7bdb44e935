/* Globs: what users of gitignore and rsync expect, and no pattern that makes them slow. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/checked.h"
#include "codec/glob.h"
#include "doubles/short_memory.h"
#include "platform/clock.h"

/* A path that ends in '/' is a folder. */
static const struct row {
    const char *pattern;
    const char *path;
    bool matches;
} rows[] = {
        /* Without a slash: the last component, at any depth. */
        {"*.safetensors", "model.safetensors", true},
        {"*.safetensors", "a/b/model.safetensors", true},
        {"*.safetensors", "model.safetensors.index.json", false},
        {"config.json", "config.json", true},
        {"config.json", "a/config.json", true},
        {"config.json", "aconfig.json", false},
        {"config.json", "config.jsonl", false},
        {"model-0000?-of-0000?.bin", "model-00001-of-00002.bin", true},
        {"*", "a", true},
        {"*", ".hidden", true},
        {"*", "a/b", true},
        {"a*b*c", "aXbXbYc", true},
        {"a*b*c", "aXbX", false},
        {"Readme", "README", false},
        /* A slash: the whole path from its beginning. */
        {"a/*.bin", "a/x.bin", true},
        {"a/*.bin", "a/b/x.bin", false},
        {"a/*.bin", "b/a/x.bin", false},
        {"*/x", "a/x", true},
        {"*/x", "a/b/x", false},
        {"/x", "x", true},
        {"/x", "a/x", false},
        {"/*.bin", "x.bin", true},
        {"/*.bin", "a/x.bin", false},
        {"a?b", "a/b", false},
        {"a/b?c", "a/b/c", false},
        /* What matches a folder covers all below. */
        {"onnx", "onnx/model.onnx", true},
        {"onnx", "a/onnx/b/c", true},
        {"onnx", "onnx2/model.onnx", false},
        {"a/b", "a/b/c/d", true},
        {"a/b", "a/bc/d", false},
        {"o*", "onnx/deep/file", true},
        {"logs/", "logs/a", true},
        {"logs/", "x/logs/a", true},
        {"logs/", "logs", false},
        {"logs/", "logs/", true},
        {"logs/", "x/logs/", true},
        {"/logs/", "x/logs/a", false},
        {"logs", "logs/", true},
        {"a/b/", "a/b", false},
        {"a/b/", "a/b/c", true},
        /* Two stars. */
        {"**", "a", true},
        {"**", "a/b/c", true},
        {"**/x", "x", true},
        {"**/x", "a/b/x", true},
        {"**/x", "ax", false},
        {"**/x", "a/bx", false},
        {"**/x/y", "a/x/y", true},
        {"**/x/y", "x/y", true},
        {"**/x/y", "ax/y", false},
        {"a/**", "a/b", true},
        {"a/**", "a/b/c", true},
        {"a/**", "a", false},
        {"a/**", "a/", false},
        {"a/**", "ab/c", false},
        {"a/**/b", "a/b", true},
        {"a/**/b", "a/x/b", true},
        {"a/**/b", "a/x/y/b", true},
        {"a/**/b", "a/xb", false},
        {"a/**/b", "ab", false},
        {"a/**/*.bin", "a/x.bin", true},
        {"a/**/*.bin", "a/b/c/x.bin", true},
        {"**/**/x", "x", true},
        {"a**b", "aXXb", true},
        {"a**b", "a/b", false},
        {"x/a**b", "x/a/y/b", true},
        {"x/a**b", "x/aab", true},
        {"a**/b", "axx/b", true},
        {"a**/b", "axx/yy/b", true},
        {"***", "a/b", true},
        /* Sets. */
        {"[abc].bin", "b.bin", true},
        {"[abc].bin", "d.bin", false},
        {"[a-c]x", "bx", true},
        {"[a-c]x", "dx", false},
        {"[!a-c]x", "dx", true},
        {"[!a-c]x", "ax", false},
        {"[^a-c]x", "dx", true},
        {"[^a-c]x", "bx", false},
        {"[]]x", "]x", true},
        {"[!]]x", "]x", false},
        {"[!]]x", "ax", true},
        {"[a-]x", "-x", true},
        {"[-a]x", "-x", true},
        {"[\\]a]x", "]x", true},
        {"[c-a]x", "bx", false},
        {"a[!b]c", "a/c", false},
        {"x/a[.-0]c", "x/a/c", false},
        {"[\xc3\xa0-\xc3\xaf]", "\xc3\xa9", true},
        /* Escapes, characters, bytes. */
        {"\\*", "*", true},
        {"\\*", "a", false},
        {"\\[a]", "[a]", true},
        {"\\a", "a", true},
        {"?", "\xc3\xa9", true},
        {"??", "\xc3\xa9", false},
        {"?", "\xf0\x9f\x98\x80", true},
        {"?", "\xff", true},
        {"\xff", "\xff", true},
        {"[\xfe-\xff]", "\xff", true},
        {"[a-\xc3\xbf]", "\xff", false}, /* a stray byte is not the character of its number */
        {"a", "", false},
        {"*", "", false},
};

static const struct refused {
    const char *pattern;
    const char *reason;
} refused[] = {
        {"", "glob_empty"},
        {"/", "glob_empty"},
        {"[", "glob_bracket"},
        {"a[", "glob_bracket"},
        {"[a", "glob_bracket"},
        {"[]", "glob_bracket"},
        {"[!]", "glob_bracket"},
        {"[!", "glob_bracket"},
        {"[a\\]", "glob_bracket"},
        {"[a\\", "glob_bracket"},
        {"[[:alpha:]]", "glob_bracket"},
        {"\\", "glob_backslash"},
        {"a\\", "glob_backslash"},
        {"a\\/", "glob_backslash"},
};

static bool match(const char *pattern, const char *path)
{
    char text[256];
    size_t size = strlen(path);
    bool is_folder = size > 0 && path[size - 1] == '/';
    ms_glob *glob;
    bool matches;

    (void)snprintf(text, sizeof(text), "%.*s", (int)(is_folder ? size - 1 : size), path);
    assert_int_equal(ms_glob_new(&glob, pattern, NULL), MS_OK);
    matches = ms_glob_match(glob, text, is_folder);
    ms_glob_free(glob);
    return matches;
}

static void test_table_of_patterns(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        if (match(rows[i].pattern, rows[i].path) != rows[i].matches)
            fail_msg("%s on %s", rows[i].pattern, rows[i].path);
    }
}

static void test_patterns_that_mean_nothing_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(refused); i++) {
        ms_error err = MS_ERROR_INIT;
        ms_glob *glob = (ms_glob *)1;

        assert_int_equal(ms_glob_new(&glob, refused[i].pattern, &err), MS_USAGE);
        assert_string_equal(err.reason, refused[i].reason);
        assert_null(glob);
    }
}

static void test_long_patterns_are_refused(void **state)
{
    char pattern[MS_GLOB_SIZE_MAX + 2];
    ms_error err = MS_ERROR_INIT;
    ms_glob *glob;

    (void)state;
    memset(pattern, 'a', sizeof(pattern));
    pattern[MS_GLOB_SIZE_MAX + 1] = '\0';
    assert_int_equal(ms_glob_new(&glob, pattern, &err), MS_LIMIT);
    assert_string_equal(err.reason, "glob_too_long");
    pattern[MS_GLOB_SIZE_MAX] = '\0';
    assert_int_equal(ms_glob_new(&glob, pattern, &err), MS_OK);
    assert_true(ms_glob_match(glob, pattern, false));
    assert_false(ms_glob_match(glob, pattern + 1, false));
    ms_glob_free(glob);
}

/* A backtracking matcher would need more steps than there are atoms in the world. */
static void test_no_pattern_explodes(void **state)
{
    static const char *const repeats[] = {"a*", "a**", "**/a*/", "a?*", "[a-z]*", "a*/**/"};
    uint64_t start_ms = ms_clock_monotonic_ms();

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(repeats); i++) {
        char pattern[MS_GLOB_SIZE_MAX + 1] = "";
        char path[4097];
        ms_glob *glob;
        size_t unit = strlen(repeats[i]);

        for (size_t size = 0; size + unit < MS_GLOB_SIZE_MAX; size += unit)
            memcpy(pattern + size, repeats[i], unit + 1);
        pattern[strlen(pattern)] = 'b';
        for (size_t j = 0; j < sizeof(path) - 1; j++)
            path[j] = i % 2 == 0 || j % 50 != 49 ? 'a' : '/';
        path[sizeof(path) - 1] = '\0';
        assert_int_equal(ms_glob_new(&glob, pattern, NULL), MS_OK);
        assert_false(ms_glob_match(glob, path, false));
        ms_glob_free(glob);
    }
    assert_false(match("a*a*a*a*b", "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"));
    assert_true(ms_clock_monotonic_ms() - start_ms < 20000); /* it takes far below a second */
}

static void test_short_memory_is_reported(void **state)
{
    (void)state;
    for (size_t fail_at = 1; fail_at <= 4; fail_at++) {
        ms_glob *glob;

        short_memory_begin(fail_at);
        assert_int_equal(ms_glob_new(&glob, "a*", NULL), fail_at <= 3 ? MS_NO_MEMORY : MS_OK);
        ms_glob_free(glob);
        assert_int_equal(short_memory_end(), 0);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_table_of_patterns),
            cmocka_unit_test(test_patterns_that_mean_nothing_are_refused),
            cmocka_unit_test(test_long_patterns_are_refused),
            cmocka_unit_test(test_no_pattern_explodes),
            cmocka_unit_test(test_short_memory_is_reported),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
