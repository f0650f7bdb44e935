/* The file: what is refused whole, and what is said of it. Rows after the public JSON parsing
 * suite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "config/config.h"
#include "config/config_file.h"
#include "config/json_lines.h"
#include "doubles/temporary_folder.h"

typedef struct sightings {
    char text[512]; /* "key:line ", unknown ones with '?' */
} sightings;

static void note(sightings *seen, const char *key, const char *mark, unsigned line)
{
    size_t used = strlen(seen->text);

    (void)snprintf(seen->text + used, sizeof(seen->text) - used, "%s%s:%u ", key, mark, line);
}

static ms_status on_value(void *payload, const char *key, const ms_config_rule *rule, json_t *json,
        unsigned line, ms_error *err)
{
    (void)rule;
    (void)json;
    (void)err;
    note(payload, key, "", line);
    return MS_OK;
}

static ms_status on_unknown(void *payload, const char *key, unsigned line, ms_error *err)
{
    (void)err;
    note(payload, key, "?", line);
    return MS_OK;
}

static ms_status walk(sightings *seen, const char *text, size_t size, ms_error *err)
{
    const ms_config_visitor visitor = {.value = on_value, .unknown = on_unknown, .payload = seen};

    *seen = (sightings){0};
    return ms_config_walk("/c.json", ms_span_of(text, size), &visitor, err);
}

static void test_values_are_found_with_their_lines(void **state)
{
    static const char text[] = "{\n"
                               "  \"ipfs\": { \"host\": \"a\",\n"
                               "    \"gateways\": [\"x\",\n \"y\"], \"new\": {\"deep\": [1]} },\n"
                               "  \"chains\": {\n"
                               "    \"test\": { \"rpcUrl\": [\"u\"],\n"
                               "      \"chainId\": 5 }\n"
                               "  },\n"
                               "  \"storage.home\": \"/x\", \"\\u0073torage\": {\n"
                               "\"parallel\": 2}\n"
                               "}\n";
    sightings seen;

    (void)state;
    assert_int_equal(walk(&seen, text, strlen(text), NULL), MS_OK);
    assert_string_equal(seen.text,
            "ipfs.host:2 ipfs.gateways:3 ipfs.new?:4 chains.test.rpcUrl:6 chains.test.chainId:7 "
            "storage.home?:9 storage.parallel:10 ");
}

/* What the suite says must be refused, and the cases that the catalogue of bad input names. */
static void test_text_that_is_no_json_object_is_malformed(void **state)
{
    static const struct {
        const char *text;
        size_t size;
    } rows[] = {
#define ROW(text) {text, sizeof(text) - 1}
            ROW(""),
            ROW(" "),
            ROW("{"),
            ROW("}"),
            ROW("null"),
            ROW("[]"),
            ROW("5"),
            ROW("\"text\""),
            ROW("{} {}"),
            ROW("{}x"),
            ROW("{}\0"),
            ROW("{\"a\": 1\0}"),
            ROW("{\"a\": [1\0, 2]}"),
            ROW("\xef\xbb\xbf{}"),
            ROW("{\"a\" 1}"),
            ROW("{\"a\": 1,}"),
            ROW("{\"a\": 1 \"b\": 2}"),
            ROW("{a: 1}"),
            ROW("{'a': 1}"),
            ROW("{1: 1}"),
            ROW("{\"a\": }"),
            ROW("{\"a\": 01}"),
            ROW("{\"a\": +1}"),
            ROW("{\"a\": .1}"),
            ROW("{\"a\": 1.}"),
            ROW("{\"a\": 1e}"),
            ROW("{\"a\": 1e400}"),
            ROW("{\"a\": 99999999999999999999}"),
            ROW("{\"a\": NaN}"),
            ROW("{\"a\": Infinity}"),
            ROW("{\"a\": -}"),
            ROW("{\"a\": tru}"),
            ROW("{\"a\": True}"),
            ROW("{\"a\": \"}"),
            ROW("{\"a\": \"\\x\"}"),
            ROW("{\"a\": \"\\u12\"}"),
            ROW("{\"a\": \"\\ud800\"}"),
            ROW("{\"a\": \"\\udc00\\ud800\"}"),
            ROW("{\"a\": \"\\u0000\"}"),
            ROW("{\"\\u0000\": 1}"),
            ROW("{\"a\": \"\n\"}"),
            ROW("{\"a\": \"\t\"}"),
            ROW("{\"a\": \"\xff\"}"),
            ROW("{\"a\": \"\xc0\x80\"}"),
            ROW("{\"a\": \"\xed\xa0\x80\"}"),
            ROW("{\"a\": [1,]}"),
            ROW("{\"a\": [1"),
            ROW("{\"a\": // comment\n 1}"),
            ROW("{\"a\": 1, \"a\": 2}"),
            ROW("{\"a\": {\"b\": 1, \"b\": 1}}"),
            ROW("{\"storage\": 5}"),
            ROW("{\"storage\": []}"),
            ROW("{\"chains\": {\"test\": 5}}"),
#undef ROW
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error err = MS_ERROR_INIT;
        sightings seen;

        if (walk(&seen, rows[i].text, rows[i].size, &err) != MS_MALFORMED)
            fail_msg("row %zu: %s", i, rows[i].text);
        assert_string_equal(err.path, "/c.json");
        assert_int_equal(strncmp(err.message, "/c.json:", 8), 0);
    }
}

static void test_text_that_json_allows_is_taken(void **state)
{
    static const char *const rows[] = {
            "{}",
            " \t\r\n{ } \n",
            "{\"\": 1}",
            "{\"a\": \"\\ud83d\\ude00 \\u00e9 \\/ \\b\\f\\n\\r\\t\"}",
            "{\"a\": [[], {}, [[1]], null, true, false, -0, 1e5, 1.5E-3]}",
            "{\"\xc3\xa9\": \"\xf0\x9f\x98\x80\"}",
            "{\"storage\": {}}",
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        sightings seen;
        ms_error err = MS_ERROR_INIT;

        if (walk(&seen, rows[i], strlen(rows[i]), &err) != MS_OK)
            fail_msg("%s: %s", rows[i], err.message);
    }
}

static void test_a_cut_file_is_malformed_at_every_length(void **state)
{
    static const char text[] = "{\"storage\":{\"chunkSize\":\"64KiB\",\"home\":\"/"
                               "h\\u00e9\"},\"ipfs\":{\"nodes\":[\"a\",{\"url\":\"b\"}]}}";

    (void)state;
    for (size_t size = 0; size + 1 < sizeof(text); size++) {
        sightings seen;

        assert_int_equal(walk(&seen, text, size, NULL), MS_MALFORMED);
        assert_string_equal(seen.text, "");
    }
}

static void test_nesting_has_a_limit(void **state)
{
    static char text[100000];
    ms_error err = MS_ERROR_INIT;
    sightings seen;

    (void)state;
    memset(text, '[', sizeof(text));
    assert_int_equal(walk(&seen, text, sizeof(text), &err), MS_LIMIT);
    assert_string_equal(err.reason, "config_depth");

    memcpy(text, "{\"a\":", 5);
    memset(text + 5, '[', MS_CONFIG_DEPTH_MAX - 1);
    memset(text + 5 + MS_CONFIG_DEPTH_MAX - 1, ']', MS_CONFIG_DEPTH_MAX - 1);
    text[5 + 2 * (MS_CONFIG_DEPTH_MAX - 1)] = '}';
    assert_int_equal(walk(&seen, text, 5 + 2 * (MS_CONFIG_DEPTH_MAX - 1) + 1, &err), MS_OK);
}

static void test_a_syntax_error_does_not_quote_the_text(void **state)
{
    static const char *const rows[] = {
            "{\"blockchain\": {\"privateKey\": \"swordfish\" x}}",
            "{\"blockchain\": {\"privateKey\": swordfish}}",
            "{\"blockchain\": {\"privateKey\": \"swordfish}}",
            "{\"swordfish\": 1, \"swordfish\": 1}",
            "{\"swordfish\" \"swordfish\"}",
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error err = MS_ERROR_INIT;
        sightings seen;

        assert_int_equal(walk(&seen, rows[i], strlen(rows[i]), &err), MS_MALFORMED);
        if (strstr(err.message, "swordfish") != NULL || strstr(err.message, "sword") != NULL)
            fail_msg("%s", err.message);
    }
}

static void test_a_long_key_is_unknown(void **state)
{
    char *text = malloc(1 << 20);
    sightings seen;

    (void)state;
    memset(text, 'k', 1 << 20);
    memcpy(text, "{\"", 2);
    memcpy(text + (1 << 20) - 5, "\": 1}", 5);
    assert_int_equal(walk(&seen, text, 1 << 20, NULL), MS_OK);
    assert_memory_equal(seen.text, "kkkk", 4);
    free(text);
}

static void test_a_file_is_read_up_to_its_limit(void **state)
{
    const temporary_folder *folder = *state;
    char *text = calloc(1, MS_CONFIG_FILE_SIZE_MAX + 1);
    ms_config_file file;
    ms_error err = MS_ERROR_INIT;

    temporary_write(folder, "c", text, MS_CONFIG_FILE_SIZE_MAX);
    assert_int_equal(ms_config_file_open(&file, temporary_path(folder, "c"), &err), MS_OK);
    assert_int_equal(file.text.size, MS_CONFIG_FILE_SIZE_MAX);
    ms_config_file_close(&file);
    temporary_write(folder, "c", text, MS_CONFIG_FILE_SIZE_MAX + 1);
    assert_int_equal(ms_config_file_open(&file, temporary_path(folder, "c"), &err), MS_LIMIT);
    assert_string_equal(err.reason, "config_size");
    ms_config_file_close(&file);
    free(text);
}

static void test_a_missing_file_and_a_folder_are_told_apart(void **state)
{
    const temporary_folder *folder = *state;
    ms_config_file file;
    ms_error err = MS_ERROR_INIT;

    assert_int_equal(
            ms_config_file_open(&file, temporary_path(folder, "none"), &err), MS_NOT_FOUND);
    assert_int_equal(ms_config_file_open(&file, folder->path, &err), MS_MALFORMED);
    assert_string_equal(err.reason, "not_a_file");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_values_are_found_with_their_lines),
            cmocka_unit_test(test_text_that_is_no_json_object_is_malformed),
            cmocka_unit_test(test_text_that_json_allows_is_taken),
            cmocka_unit_test(test_a_cut_file_is_malformed_at_every_length),
            cmocka_unit_test(test_nesting_has_a_limit),
            cmocka_unit_test(test_a_syntax_error_does_not_quote_the_text),
            cmocka_unit_test(test_a_long_key_is_unknown),
            cmocka_unit_test_setup_teardown(test_a_file_is_read_up_to_its_limit,
                    temporary_folder_setup, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(test_a_missing_file_and_a_folder_are_told_apart,
                    temporary_folder_setup, temporary_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
