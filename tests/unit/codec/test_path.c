/* Names and paths that are refused, each with its reason, and those that are not. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/path.h"

typedef struct row {
    const char *text;
    size_t size;
    const char *reason; /* NULL: accepted */
} row;

#define ROW(text, reason)                                                                          \
    {                                                                                              \
        text, sizeof(text) - 1, reason                                                             \
    }

/* As the whole path; what needs one name alone or a long text stands in tests of its own. */
static const row rows[] = {
        /* What model repositories hold. */
        ROW("a", NULL),
        ROW("config.json", NULL),
        ROW("README.md", NULL),
        ROW("model.safetensors", NULL),
        ROW("model-00001-of-00002.safetensors", NULL),
        ROW("model.safetensors.index.json", NULL),
        ROW("pytorch_model.bin", NULL),
        ROW("onnx/model_q4f16.onnx", NULL),
        ROW("onnx/model.onnx_data", NULL),
        ROW("original/consolidated.00.pth", NULL),
        ROW("unet/diffusion_pytorch_model.fp16.safetensors", NULL),
        ROW(".gitattributes", NULL),
        ROW(".gitignore", NULL),
        ROW(".gitmodules", NULL),
        ROW(".github/workflows/ci.yml", NULL),
        ROW("a.git/config", NULL),
        ROW(".git2/config", NULL),
        ROW("git/config", NULL),
        ROW(".cache", NULL),
        ROW(".hidden/.deeper", NULL),
        ROW("...a", NULL),
        ROW("..a", NULL),
        ROW("a..b", NULL),
        ROW("a...b/c", NULL),
        ROW(".a", NULL),
        ROW("a b", NULL),
        ROW(" a", NULL),
        ROW("a  b/c d", NULL),
        ROW("weights (copy).bin", NULL),
        ROW("it's [a] {b} !@#$%^&+=,;.txt", NULL),
        ROW("a%20b", NULL),
        ROW("%2e%2e%2fa", NULL),
        ROW("a?b", NULL),
        ROW("a*b", NULL),
        ROW("a|b", NULL),
        ROW("a<b>c", NULL),
        ROW("a\"b", NULL),
        ROW("$HOME", NULL),
        ROW("`id`", NULL),
        ROW("a~", NULL),
        ROW("a/~", NULL),
        ROW("a/~/b", NULL),
        ROW("~a", NULL),
        ROW("~user/x", NULL),
        ROW("a-b", NULL),
        ROW("a/-rf", NULL),
        ROW("a/-", NULL),
        ROW("a/--help", NULL),
        ROW("_", NULL),
        ROW("0", NULL),
        ROW("1/2/3/4/5/6/7/8", NULL),
        /* Letters of the world, composed and decomposed. */
        ROW("gr\xc3\xb6\xc3\x9f"
            "e.json",
                NULL),
        ROW("e\xcc\x81t\xc3\xa9", NULL),
        ROW("\xe6\xa8\xa1\xe5\x9e\x8b/\xe6\x9d\x83\xe9\x87\x8d.bin", NULL),
        ROW("\xd0\xba\xd0\xb0\xd1\x82\xd0\xb0\xd0\xbb\xd0\xbe\xd0\xb3", NULL),
        ROW("\xf0\x9f\xa4\x97/\xf0\x9f\x98\x80", NULL),
        ROW("\xd7\xa9\xd7\x9c\xd7\x95\xd7\x9d", NULL),
        ROW("\xc2\xa0nbsp", NULL),
        ROW("\xef\xbf\xbd", NULL),
        ROW("\xf4\x8f\xbf\xbd", NULL),
        /* Absolute. */
        ROW("/", "path_absolute"),
        ROW("/x", "path_absolute"),
        ROW("//x", "path_absolute"),
        ROW("/etc/passwd", "path_absolute"),
        ROW("/..", "path_absolute"),
        ROW("/C:/x", "path_absolute"),
        /* Dot and dot dot. */
        ROW(".", "path_dot"),
        ROW("./a", "path_dot"),
        ROW("a/.", "path_dot"),
        ROW("a/./b", "path_dot"),
        ROW("..", "path_dotdot"),
        ROW("../a", "path_dotdot"),
        ROW("../../etc/passwd", "path_dotdot"),
        ROW("a/..", "path_dotdot"),
        ROW("a/../b", "path_dotdot"),
        ROW("a/b/../../../c", "path_dotdot"),
        /* Empty parts. */
        ROW("", "path_empty_part"),
        ROW("a/", "path_empty_part"),
        ROW("a//b", "path_empty_part"),
        ROW("a/b//", "path_empty_part"),
        ROW("a///b", "path_empty_part"),
        /* NUL. */
        ROW("\0", "path_nul"),
        ROW("a\0", "path_nul"),
        ROW("a\0b", "path_nul"),
        ROW("a/b\0.txt", "path_nul"),
        ROW("a.txt\0.jpg", "path_nul"),
        /* Backslashes. */
        ROW("\\", "path_backslash"),
        ROW("a\\b", "path_backslash"),
        ROW("..\\x", "path_backslash"),
        ROW("..\\..\\x", "path_backslash"),
        ROW("a\\..\\b", "path_backslash"),
        ROW("\\\\host\\share", "path_backslash"),
        ROW("\\\\?\\C:\\x", "path_backslash"),
        ROW("a/b\\", "path_backslash"),
        /* Drives and streams. */
        ROW("C:x", "path_drive"),
        ROW("C:\\x", "path_drive"),
        ROW("C:/x", "path_drive"),
        ROW("c:", "path_drive"),
        ROW("z:..", "path_drive"),
        ROW("a/C:x", "path_drive"),
        ROW("a:stream", "path_drive"),
        ROW("ab:stream", "path_stream"),
        ROW("file.txt:stream", "path_stream"),
        ROW("file.txt::$DATA", "path_stream"),
        ROW("a/b.bin:Zone.Identifier", "path_stream"),
        ROW(":", "path_stream"),
        ROW(":a", "path_stream"),
        ROW("1:a", "path_stream"),
        ROW("\xc3\xa9:a", "path_stream"),
        ROW("abc:", "path_stream"),
        ROW("sha256:0123", "path_stream"),
        /* Dots and spaces at the end. */
        ROW("a.", "path_trailing"),
        ROW("a..", "path_trailing"),
        ROW("...", "path_trailing"),
        ROW("....", "path_trailing"),
        ROW("a ", "path_trailing"),
        ROW(" ", "path_trailing"),
        ROW(". ", "path_trailing"),
        ROW(".. ", "path_trailing"),
        ROW("a. .", "path_trailing"),
        ROW("a/b. ", "path_trailing"),
        ROW("a./b", "path_trailing"),
        ROW("a /b", "path_trailing"),
        ROW("con.", "path_trailing"),
        ROW(".git.", "path_trailing"),
        ROW(".git ", "path_trailing"),
        /* Devices of Windows. */
        ROW("con", "path_reserved"),
        ROW("CON", "path_reserved"),
        ROW("Con", "path_reserved"),
        ROW("con.txt", "path_reserved"),
        ROW("con.tar.gz", "path_reserved"),
        ROW("CON .txt", "path_reserved"),
        ROW("con  .a", "path_reserved"),
        ROW("prn", "path_reserved"),
        ROW("PRN.json", "path_reserved"),
        ROW("aux", "path_reserved"),
        ROW("aux.h", "path_reserved"),
        ROW("a/aux", "path_reserved"),
        ROW("aux/a", "path_reserved"),
        ROW("nul", "path_reserved"),
        ROW("nul.txt", "path_reserved"),
        ROW("NUL.tar", "path_reserved"),
        ROW("nuL", "path_reserved"),
        ROW("com0", "path_reserved"),
        ROW("com1", "path_reserved"),
        ROW("COM1", "path_reserved"),
        ROW("com2.log", "path_reserved"),
        ROW("com3", "path_reserved"),
        ROW("com4", "path_reserved"),
        ROW("com5", "path_reserved"),
        ROW("com6", "path_reserved"),
        ROW("com7", "path_reserved"),
        ROW("com8", "path_reserved"),
        ROW("com9", "path_reserved"),
        ROW("com9.bin", "path_reserved"),
        ROW("com\xc2\xb9", "path_reserved"),
        ROW("COM\xc2\xb2.x", "path_reserved"),
        ROW("com\xc2\xb3", "path_reserved"),
        ROW("lpt0", "path_reserved"),
        ROW("lpt1", "path_reserved"),
        ROW("LPT1", "path_reserved"),
        ROW("lpt2", "path_reserved"),
        ROW("lpt3", "path_reserved"),
        ROW("lpt4", "path_reserved"),
        ROW("lpt5.txt", "path_reserved"),
        ROW("lpt6", "path_reserved"),
        ROW("lpt7", "path_reserved"),
        ROW("lpt8", "path_reserved"),
        ROW("LPT9.x", "path_reserved"),
        ROW("lpt\xc2\xb9", "path_reserved"),
        ROW("lpt\xc2\xb2", "path_reserved"),
        ROW("LPT\xc2\xb3.y", "path_reserved"),
        ROW("conin$", "path_reserved"),
        ROW("CONOUT$", "path_reserved"),
        ROW("clock$", "path_reserved"),
        ROW("con1", NULL),
        ROW("console", NULL),
        ROW("acon", NULL),
        ROW("a.con", NULL),
        ROW("auxiliary", NULL),
        ROW("null", NULL),
        ROW("nul_", NULL),
        ROW("com", NULL),
        ROW("com10", NULL),
        ROW("coma", NULL),
        ROW("com\xc2\xb4", NULL),
        ROW("com\xc3\xb9", NULL),
        ROW("lpt", NULL),
        ROW("lpt12", NULL),
        ROW("lptx.txt", NULL),
        ROW("conin", NULL),
        ROW("conin$x", NULL),
        ROW(".con", NULL),
        /* What shells and programs take for something else. */
        ROW("~", "path_tilde"),
        ROW("~/x", "path_tilde"),
        ROW("~/", "path_tilde"),
        ROW("~//x", "path_tilde"),
        ROW("-", "path_dash"),
        ROW("-rf", "path_dash"),
        ROW("--help", "path_dash"),
        ROW("-/x", "path_dash"),
        ROW("-a/b", "path_dash"),
        /* Control characters: C0, DEL, C1. */
        ROW("a\x01"
            "b",
                "path_control"),
        ROW("\x02", "path_control"),
        ROW("a\x03", "path_control"),
        ROW("a\x07"
            "b",
                "path_control"),
        ROW("a\x08"
            "b",
                "path_control"),
        ROW("a\tb", "path_control"),
        ROW("a\nb", "path_control"),
        ROW("a\n", "path_control"),
        ROW("a\x0b", "path_control"),
        ROW("a\x0c", "path_control"),
        ROW("a\rb", "path_control"),
        ROW("a\x0e", "path_control"),
        ROW("a\x1b[31mb", "path_control"),
        ROW("\x1b]0;title\x07", "path_control"),
        ROW("a/\x1b[2J", "path_control"),
        ROW("a\x1f", "path_control"),
        ROW("a\x7f"
            "b",
                "path_control"),
        ROW("\x7f", "path_control"),
        ROW("\xc2\x80", "path_control"),
        ROW("a\xc2\x85"
            "b",
                "path_control"),
        ROW("a\xc2\x9b"
            "31m",
                "path_control"),
        ROW("\xc2\x9f", "path_control"),
        /* Direction of text. */
        ROW("\xe2\x80\xaa"
            "a",
                "path_bidi"),
        ROW("a\xe2\x80\xab"
            "b",
                "path_bidi"),
        ROW("a\xe2\x80\xac", "path_bidi"),
        ROW("a\xe2\x80\xad"
            "b",
                "path_bidi"),
        ROW("model\xe2\x80\xaenib.txt", "path_bidi"),
        ROW("a/\xe2\x80\xae", "path_bidi"),
        ROW("\xe2\x81\xa6"
            "a",
                "path_bidi"),
        ROW("\xe2\x81\xa7"
            "a",
                "path_bidi"),
        ROW("\xe2\x81\xa8"
            "a",
                "path_bidi"),
        ROW("a\xe2\x81\xa9", "path_bidi"),
        ROW("a\xe2\x80\xa9", NULL), /* U+2029 is next to them */
        ROW("a\xe2\x80\xaf"
            "b",
                NULL),
        ROW("a\xe2\x81\xa5"
            "b",
                NULL),
        ROW("a\xe2\x81\xaa"
            "b",
                NULL),
        /* No UTF-8. */
        ROW("\x80", "path_utf8"),
        ROW("a\x80", "path_utf8"),
        ROW("\xbf", "path_utf8"),
        ROW("\xc0\x80", "path_utf8"),           /* overlong NUL */
        ROW("\xc0\xae\xc0\xae/a", "path_utf8"), /* overlong ".." */
        ROW("\xc0\xaf", "path_utf8"),           /* overlong "/" */
        ROW("\xe0\x80\xaf", "path_utf8"),
        ROW("\xf0\x80\x80\xaf", "path_utf8"),
        ROW("\xc1\xbf", "path_utf8"),
        ROW("\xc3", "path_utf8"),
        ROW("a\xc3/b", "path_utf8"),
        ROW("\xe2\x80", "path_utf8"),
        ROW("\xf0\x9f\x98", "path_utf8"),
        ROW("\xed\xa0\x80", "path_utf8"), /* surrogates */
        ROW("\xed\xbf\xbf", "path_utf8"),
        ROW("\xf4\x90\x80\x80", "path_utf8"), /* above U+10FFFF */
        ROW("\xf5\x80\x80\x80", "path_utf8"),
        ROW("\xf8\x88\x80\x80\x80", "path_utf8"),
        ROW("\xfe", "path_utf8"),
        ROW("\xff", "path_utf8"),
        ROW("caf\xe9", "path_utf8"), /* Latin-1 */
        /* Git and our own. */
        ROW(".git", "path_git"),
        ROW(".git/config", "path_git"),
        ROW(".GIT/hooks/post-checkout", "path_git"),
        ROW(".Git", "path_git"),
        ROW("a/.git", "path_git"),
        ROW("a/.giT/b", "path_git"),
        ROW(".model-storage-partial", "path_own"),
        ROW(".x.model-storage-partial", "path_own"),
        ROW(".x.MODEL-STORAGE-PARTIAL", "path_own"),
        ROW("a/.b.12.model-storage-partial", "path_own"),
        ROW(".a.model-storage-partial/b", "path_own"),
        ROW("x.model-storage-partial", NULL),
        ROW(".x.model-storage-partial2", NULL),
        ROW(".model-storage", NULL),
};

_Static_assert(MS_ARRAY_COUNT(rows) >= 250, "the catalogue asks for at least 250 names");

static ms_status check(const row *tried, ms_error *err)
{
    return ms_path_check(ms_span_of(tried->text, tried->size), err);
}

static void test_every_path_of_the_table_is_judged_as_written(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error err = MS_ERROR_INIT;
        ms_status status = check(&rows[i], &err);

        if (rows[i].reason == NULL) {
            if (status != MS_OK)
                fail_msg("row %zu is refused: %s", i, err.message);
            continue;
        }
        if (status != MS_MALFORMED || strcmp(err.reason, rows[i].reason) != 0)
            fail_msg("row %zu \"%s\": %d %s instead of %s", i, rows[i].text, status, err.reason,
                    rows[i].reason);
        assert_true(err.offset >= 0 && (size_t)err.offset <= rows[i].size);
    }
}

static void test_messages_show_nothing_that_a_terminal_obeys(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error err = MS_ERROR_INIT;

        if (check(&rows[i], &err) == MS_OK)
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
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error err = MS_ERROR_INIT;
        ms_span name = ms_span_of(rows[i].text, rows[i].size);
        ms_status status = ms_path_check_name(name, &err);
        const char *reason = rows[i].reason;

        if (memchr(rows[i].text, '/', rows[i].size) != NULL) {
            assert_int_equal(status, MS_MALFORMED);
            continue;
        }
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

static void fold(const char *text, char out[256])
{
    ms_buffer key;

    ms_buffer_init(&key, 255);
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
        char first[256];
        char second[256];

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
            char first[256];
            char second[256];

            fold(names[i], first);
            fold(names[j], second);
            assert_string_not_equal(first, second);
        }
    }
}

static void test_folding_a_key_gives_the_key(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        char once[256];
        char twice[256];

        if (rows[i].reason != NULL)
            continue;
        fold(rows[i].text, once);
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

    return cmocka_run_group_tests_name("codec/path", tests, NULL, NULL);
}
