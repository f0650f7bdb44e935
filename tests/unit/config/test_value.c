/* Values against their rules, from text and from JSON. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "config/config.h"
#include "config/value.h"

typedef struct row {
    const char *key;
    const char *json;
    ms_status status;
    const char *text; /* of the value */
    uint64_t number;
    size_t items;
} row;

#define ADDRESS "0x00000000000000000000000000000000000000aB"

static const row rows[] = {
        {"ipfs.host", "\"node.example\"", MS_OK, "node.example", 0, 0},
        {"ipfs.host", "\"\"", MS_OK, "localhost", 0, 0},
        {"ipfs.host", "null", MS_OK, "localhost", 0, 0},
        {"ipfs.host", "5", MS_MALFORMED, "", 0, 0},
        {"ipfs.host", "\"a\\nb\"", MS_MALFORMED, "", 0, 0},
        {"ipfs.host", "\"YOUR_HOST\"", MS_OK, "localhost", 0, 0},
        {"ipfs.port", "5002", MS_OK, "5002", 5002, 0},
        {"ipfs.port", "\"5002\"", MS_MALFORMED, "", 0, 0},
        {"ipfs.port", "0", MS_MALFORMED, "", 0, 0},
        {"ipfs.port", "65536", MS_MALFORMED, "", 0, 0},
        {"ipfs.port", "-1", MS_MALFORMED, "", 0, 0},
        {"ipfs.port", "1.5", MS_MALFORMED, "", 0, 0},
        {"ipfs.port", "true", MS_MALFORMED, "", 0, 0},
        {"ipfs.protocol", "\"https\"", MS_OK, "https", 0, 0},
        {"ipfs.protocol", "\"ftp\"", MS_MALFORMED, "", 0, 0},
        {"ipfs.protocol", "\"http|https\"", MS_MALFORMED, "", 0, 0},
        {"ipfs.gateways", "[]", MS_OK, "", 0, 0},
        {"ipfs.gateways", "\"https://a.example\"", MS_OK, "https://a.example", 0, 1},
        {"ipfs.gateways",
                "[\"https://a.example\", {\"url\": \"https://b.example\", \"authorization\": "
                "\"env:B\"}]",
                MS_OK, "https://a.example", 0, 2},
        {"ipfs.gateways", "[\"\", \"YOUR_GATEWAY\", \"https://a.example\"]", MS_OK,
                "https://a.example", 0, 1},
        {"ipfs.gateways", "[{\"uri\": \"https://a.example\"}]", MS_MALFORMED, "", 0, 0},
        {"ipfs.gateways", "[{\"url\": 5}]", MS_MALFORMED, "", 0, 0},
        {"ipfs.gateways", "[{\"authorization\": \"x\"}]", MS_MALFORMED, "", 0, 0},
        {"ipfs.gateways", "[5]", MS_MALFORMED, "", 0, 0},
        {"ipfs.gateways", "{}", MS_MALFORMED, "", 0, 0},
        {"ipfs.pinning", "[{\"name\": \"\", \"endpoint\": \"\", \"token\": \"\"}]", MS_OK, "", 0,
                0},
        {"ipfs.pinning",
                "[{\"name\": \"p\", \"endpoint\": \"https://p.example\", \"token\": \"file:/t\"}]",
                MS_OK, "https://p.example", 0, 1},
        {"ipfs.pinning", "[\"https://p.example\"]", MS_MALFORMED, "", 0, 0},
        {"blockchain.rpcUrl", "[]", MS_OK, "http://localhost:8545", 0, 1},
        {"blockchain.rpcUrl", "[\"http://a\", \"http://b\"]", MS_OK, "http://a", 0, 2},
        {"blockchain.rpcUrl", "[{\"url\": \"http://a\"}]", MS_MALFORMED, "", 0, 0},
        {"blockchain.maxFee", "\"0.5\"", MS_OK, "0.5", 0, 0},
        {"blockchain.maxFee", "0.5", MS_MALFORMED, "", 0, 0},
        {"blockchain.maxFee", "\"1e9\"", MS_MALFORMED, "", 0, 0},
        {"blockchain.chainId", "9223372036854775807", MS_OK, "9223372036854775807", INT64_MAX, 0},
        {"storage.chunkSize", "65536", MS_OK, "65536", 65536, 0},
        {"storage.chunkSize", "\"64KiB\"", MS_OK, "64KiB", 65536, 0},
        {"storage.chunkSize", "4096", MS_OK, "4096", 4096, 0},
        {"storage.chunkSize", "2048", MS_MALFORMED, "", 0, 0},
        {"storage.chunkSize", "2097152", MS_MALFORMED, "", 0, 0},
        {"storage.chunkSize", "5000", MS_MALFORMED, "", 0, 0},
        {"storage.chunkSize", "\"5000\"", MS_MALFORMED, "", 0, 0},
        {"storage.parallel", "256", MS_OK, "256", 256, 0},
        {"storage.parallel", "257", MS_MALFORMED, "", 0, 0},
        {"storage.limitUp", "\"80Mbit/s\"", MS_OK, "80Mbit/s", 10000000, 0},
        {"storage.limitUp", "\"\"", MS_OK, "", 0, 0},
        {"storage.limitUp", "\"80\"", MS_MALFORMED, "", 0, 0},
        {"storage.directIO", "\"off\"", MS_OK, "off", 0, 0},
        {"storage.directIO", "false", MS_MALFORMED, "", 0, 0},
        {"storage.tempDir", "\"/a/YOUR_b\"", MS_OK, "/a/YOUR_b", 0,
                0}, /* a folder may be called that */
        {"storage.tempDir", "\"YOUR_FOLDER\"", MS_OK, "", 0, 0},
        {"storage.trustedPublishers", "[\"" ADDRESS "\", \"eip155:1:" ADDRESS "\"]", MS_OK, ADDRESS,
                0, 2},
        {"storage.trustedPublishers", "[\"0x12\"]", MS_MALFORMED, "", 0, 0},
        {"storage.trustedPublishers", "[\"" ADDRESS "0\"]", MS_MALFORMED, "", 0, 0},
        {"storage.trustedPublishers", "[\"eip155::" ADDRESS "\"]", MS_MALFORMED, "", 0, 0},
        {"storage.trustedPublishers", "[\"eip155:x:" ADDRESS "\"]", MS_MALFORMED, "", 0, 0},
};

static void test_json_values_follow_their_rules(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        json_t *json = json_loads(rows[i].json, JSON_DECODE_ANY, NULL);
        ms_config_value value = {0};
        ms_error err = MS_ERROR_INIT;
        ms_arena arena;
        ms_status status;

        assert_non_null(json);
        ms_arena_init(&arena, 1 << 20);
        status = ms_config_value_from_json(
                &value, &arena, ms_config_rule_find(rows[i].key), json, &err);
        if (status != rows[i].status || strcmp(value.text, rows[i].text) != 0 ||
                value.number != rows[i].number || value.item_count != rows[i].items)
            fail_msg("%s = %s: %d \"%s\" %llu %zu (%s)", rows[i].key, rows[i].json, (int)status,
                    value.text, (unsigned long long)value.number, value.item_count, err.message);
        ms_config_value_release(&value);
        ms_arena_release(&arena);
        json_decref(json);
    }
}

static void test_a_list_has_a_limit(void **state)
{
    json_t *list = json_array();
    ms_config_value value = {0};
    ms_error err = MS_ERROR_INIT;
    ms_arena arena;

    (void)state;
    ms_arena_init(&arena, 1 << 20);
    for (int i = 0; i < MS_CONFIG_ITEMS_MAX; i++)
        assert_int_equal(json_array_append_new(list, json_string("https://a.example")), 0);
    assert_int_equal(ms_config_value_from_json(
                             &value, &arena, ms_config_rule_find("ipfs.nodes"), list, &err),
            MS_OK);
    assert_int_equal(value.item_count, MS_CONFIG_ITEMS_MAX);
    assert_int_equal(json_array_append_new(list, json_string("https://a.example")), 0);
    assert_int_equal(ms_config_value_from_json(
                             &value, &arena, ms_config_rule_find("ipfs.nodes"), list, &err),
            MS_LIMIT);
    assert_string_equal(err.reason, "config_items");
    json_decref(list);
    ms_arena_release(&arena);
}

static void test_a_long_text_is_over_the_limit(void **state)
{
    char text[MS_CONFIG_TEXT_SIZE_MAX + 2];
    ms_config_value value = {0};
    ms_arena arena;

    (void)state;
    ms_arena_init(&arena, 1 << 20);
    memset(text, 'a', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    assert_int_equal(
            ms_config_value_from_text(&value, &arena, ms_config_rule_find("ipfs.host"), text, NULL),
            MS_LIMIT);
    text[MS_CONFIG_TEXT_SIZE_MAX] = '\0';
    assert_int_equal(
            ms_config_value_from_text(&value, &arena, ms_config_rule_find("ipfs.host"), text, NULL),
            MS_OK);
    ms_arena_release(&arena);
}

static void test_lists_in_text_are_json_or_one_entry(void **state)
{
    const ms_config_rule *rule = ms_config_rule_find("ipfs.gateways");
    ms_config_value value = {0};
    ms_arena arena;

    (void)state;
    ms_arena_init(&arena, 1 << 20);
    assert_int_equal(
            ms_config_value_from_text(&value, &arena, rule, "https://a.example", NULL), MS_OK);
    assert_int_equal(value.item_count, 1);
    assert_int_equal(ms_config_value_from_text(&value, &arena, rule,
                             "[\"https://a.example\",\"https://b.example\"]", NULL),
            MS_OK);
    assert_int_equal(value.item_count, 2);
    assert_int_equal(
            ms_config_value_from_text(&value, &arena, rule, "[\"https://a.example\"", NULL),
            MS_MALFORMED);
    assert_int_equal(ms_config_value_from_text(&value, &arena, rule, "\xff", NULL), MS_MALFORMED);
    ms_arena_release(&arena);
}

static void test_a_secret_is_kept_apart_and_a_reference_is_none(void **state)
{
    const ms_config_rule *rule = ms_config_rule_find("blockchain.privateKey");
    ms_config_value value = {0};
    ms_arena arena;

    (void)state;
    ms_arena_init(&arena, 1 << 20);
    assert_int_equal(ms_config_value_from_text(&value, &arena, rule, "swordfish", NULL), MS_OK);
    assert_string_equal(value.text, "");
    assert_true(ms_config_value_is_bare_secret(&value));
    assert_memory_equal(value.secret.bytes, "swordfish", 9);
    ms_config_value_release(&value);

    assert_int_equal(ms_config_value_from_text(&value, &arena, rule, "env:KEY", NULL), MS_OK);
    assert_string_equal(value.text, "env:KEY");
    assert_false(ms_config_value_is_bare_secret(&value));
    assert_true(ms_config_value_is_secret(&value, rule));

    assert_int_equal(
            ms_config_value_from_text(&value, &arena, rule, "YOUR_PRIVATE_KEY", NULL), MS_OK);
    assert_true(value.has_placeholder && value.is_fallback);
    assert_false(ms_config_value_is_bare_secret(&value));
    ms_arena_release(&arena);
}

static void test_a_message_never_quotes_a_secret(void **state)
{
    const ms_config_rule *rule = ms_config_rule_find("blockchain.privateKey");
    ms_config_value value = {0};
    ms_error err = MS_ERROR_INIT;
    ms_arena arena;

    (void)state;
    ms_arena_init(&arena, 1 << 20);
    assert_int_equal(
            ms_config_value_from_text(&value, &arena, rule, "sword\nfish", &err), MS_MALFORMED);
    assert_null(strstr(err.message, "fish"));
    ms_arena_release(&arena);
}

static void test_entries_with_a_secret_are_known(void **state)
{
    static const struct {
        const char *json;
        bool is_bare;
        bool is_secret;
    } cases[] = {
            {"[\"https://a.example\"]", false, false},
            {"[{\"url\": \"https://a.example\"}]", false, false},
            {"[{\"url\": \"https://a.example\", \"authorization\": \"\"}]", false, false},
            {"[{\"url\": \"https://a.example\", \"authorization\": \"YOUR_TOKEN\"}]", false, false},
            {"[{\"url\": \"https://a.example\", \"authorization\": \"env:A\"}]", false, true},
            {"[{\"url\": \"https://a.example\", \"authorization\": \"Bearer x\"}]", true, true},
    };
    const ms_config_rule *rule = ms_config_rule_find("ipfs.nodes");

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(cases); i++) {
        ms_config_value value = {0};
        ms_arena arena;

        ms_arena_init(&arena, 1 << 20);
        assert_int_equal(
                ms_config_value_from_text(&value, &arena, rule, cases[i].json, NULL), MS_OK);
        assert_int_equal(ms_config_value_is_bare_secret(&value), cases[i].is_bare);
        assert_int_equal(ms_config_value_is_secret(&value, rule), cases[i].is_secret);
        ms_arena_release(&arena);
    }
}

static void test_strings_of_a_tree_are_overwritten(void **state)
{
    json_t *json = json_loads("{\"a\": [\"secret\", {\"b\": \"other\"}], \"c\": 1}", 0, NULL);

    (void)state;
    ms_config_wipe_json(json);
    assert_memory_equal(
            json_string_value(json_array_get(json_object_get(json, "a"), 0)), "\0\0\0\0\0\0", 6);
    assert_memory_equal(
            json_string_value(json_object_get(json_array_get(json_object_get(json, "a"), 1), "b")),
            "\0\0\0\0\0", 5);
    json_decref(json);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_json_values_follow_their_rules),
            cmocka_unit_test(test_a_list_has_a_limit),
            cmocka_unit_test(test_a_long_text_is_over_the_limit),
            cmocka_unit_test(test_lists_in_text_are_json_or_one_entry),
            cmocka_unit_test(test_a_secret_is_kept_apart_and_a_reference_is_none),
            cmocka_unit_test(test_a_message_never_quotes_a_secret),
            cmocka_unit_test(test_entries_with_a_secret_are_known),
            cmocka_unit_test(test_strings_of_a_tree_are_overwritten),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
