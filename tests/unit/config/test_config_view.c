/* What people are shown: every value with its origin, and no secret in any form. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/checked.h"
#include "config/config.h"
#include "doubles/temporary_folder.h"

static ms_config *load(const temporary_folder *folder, const char *text)
{
    ms_storage_options options = MS_STORAGE_OPTIONS_INIT;
    ms_config *config;
    ms_error err = MS_ERROR_INIT;

    temporary_write(folder, "config.json", text, strlen(text));
    assert_int_equal(chmod(temporary_path(folder, "config.json"), 0600), 0);
    options.home = folder->path;
    options.ignore_environment = true;
    if (ms_config_load(&config, &options, &err) != MS_OK)
        fail_msg("%s", err.message);
    return config;
}

static const char *json_of(const ms_config *config, const char *key)
{
    for (size_t i = 0; i < ms_config_entry_count(config); i++) {
        ms_config_entry entry = ms_config_entry_at(config, i);

        if (strcmp(entry.key, key) == 0)
            return entry.json;
    }
    fail_msg("no %s", key);
    return NULL;
}

static void test_every_value_is_shown_as_json_with_an_origin(void **state)
{
    ms_config *config = load(*state, "{\"storage\": {\"parallel\": 3, \"chunkSize\": \"64KiB\"}}");

    for (size_t i = 0; i < ms_config_entry_count(config); i++) {
        ms_config_entry entry = ms_config_entry_at(config, i);
        json_t *json = json_loads(entry.json, JSON_DECODE_ANY, NULL);

        if (json == NULL)
            fail_msg("%s: %s", entry.key, entry.json);
        json_decref(json);
        assert_true(strcmp(entry.origin, "default") == 0 || strcmp(entry.origin, "flag") == 0 ||
                    strncmp(entry.origin, "file /", 6) == 0);
    }
    assert_string_equal(json_of(config, "storage.parallel"), "3");
    assert_string_equal(json_of(config, "storage.chunkSize"), "\"64KiB\"");
    assert_string_equal(json_of(config, "storage.cacheSize"), "\"20GiB\"");
    assert_string_equal(json_of(config, "ipfs.gateways"), "[]");
    assert_string_equal(json_of(config, "blockchain.rpcUrl"), "\"http://localhost:8545\"");
    assert_string_equal(json_of(config, "blockchain.privateKey"), "null");
    ms_config_free(config);
}

static void test_secrets_and_credentials_in_urls_are_masked(void **state)
{
    static const struct {
        const char *key;
        const char *json;
    } rows[] = {
            {"blockchain.privateKey", "\"***\""},
            {"ipfs.authorization", "\"***\""},
            {"ipfs.host", "\"https://***@node.example:5001/api\""},
            {"ipfs.gateways", "[\"https://g.example/ipfs?***\",{\"url\":\"https://"
                              "h.example\",\"authorization\":\"***\"}]"},
            {"ipfs.mirrors", "[\"https://m.example/{id}/{version}/{path}\"]"},
            {"ipfs.pinning",
                    "[{\"name\":\"p\",\"endpoint\":\"https://p.example\",\"token\":\"***\"}]"},
            {"blockchain.rpcUrl", "\"https://rpc.example/v3/***\""},
            {"chains.test.privateKey", "\"***\""},
    };
    ms_config *config =
            load(*state, "{\"blockchain\": {\"privateKey\": \"swordfish\", \"rpcUrl\": "
                         "\"https://rpc.example/v3/swordfish0123456789abcdef\"},"
                         "\"chains\": {\"test\": {\"privateKey\": \"env:swordfish\"}},"
                         "\"ipfs\": {\"authorization\": \"Bearer swordfish\", \"host\": "
                         "\"https://user:swordfish@node.example:5001/api\","
                         "\"gateways\": [\"https://g.example/ipfs?token=swordfish\", {\"url\": "
                         "\"https://h.example\", \"authorization\": \"swordfish\"}],"
                         "\"mirrors\": [\"https://m.example/{id}/{version}/{path}\"],"
                         "\"pinning\": [{\"name\": \"p\", \"endpoint\": \"https://p.example\", "
                         "\"token\": \"swordfish\"}]}}");

    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++)
        assert_string_equal(json_of(config, rows[i].key), rows[i].json);
    for (size_t i = 0; i < ms_config_entry_count(config); i++)
        assert_null(strstr(ms_config_entry_at(config, i).json, "swordfish"));
    ms_config_free(config);
}

/* Passwords hold what they like, whatever a URL should escape: where the user and the host part is
 * then open, and whatever may be one of the password or the query is not shown. */
static void test_no_part_of_a_password_in_a_url_is_shown(void **state)
{
    static const struct {
        const char *url;
        const char *shown;
    } rows[] = {
            {"https://user:pa/ss@host.example/x", "https://***@host.example/x"},
            {"https://user:pa/ss/@host.example/x", "https://***@host.example/x"},
            {"https://us/er@host.example", "https://***@host.example"},
            {"https://user:p@ss/w@rd@host.example:5001/x?y=z", "https://***@host.example:5001/x?***"},
            {"https://user:pa?ss@host.example/x", "https://***"},
            {"https://user:pa#ss@host.example/x", "https://***"},
            {"https://user:pa/s?s@host.example/x", "https://***"},
            {"https://user:pa?s/s@host.example/x", "https://***"},
            {"https://user:pa?ss@", "https://***"},
            {"https://host.example/x?mail=ma@word", "https://***"},
            {"https://host.example/x#ma@word", "https://***"},
            {"https://user@host.example/x?y=z", "https://***@host.example/x?***"},
            {"https://host.example/x?y=z", "https://host.example/x?***"},
            {"https://host.example/x#y", "https://host.example/x?***"},
            {"https://host.example/x", "https://host.example/x"},
            {"user@host.example", "user@host.example"},
    };

    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        char text[256];
        char expected[256];
        ms_config *config;

        (void)snprintf(text, sizeof(text), "{\"blockchain\": {\"rpcUrl\": \"%s\"}}", rows[i].url);
        (void)snprintf(expected, sizeof(expected), "\"%s\"", rows[i].shown);
        config = load(*state, text);
        assert_string_equal(json_of(config, "blockchain.rpcUrl"), expected);
        ms_config_free(config);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_every_value_is_shown_as_json_with_an_origin,
                    temporary_folder_setup, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(test_secrets_and_credentials_in_urls_are_masked,
                    temporary_folder_setup, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(test_no_part_of_a_password_in_a_url_is_shown,
                    temporary_folder_setup, temporary_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
