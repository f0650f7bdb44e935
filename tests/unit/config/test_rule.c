/* The table of settings: every row makes sense, keys of chains are those of blockchain. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "config/value.h"

static void test_every_default_follows_its_own_rule(void **state)
{
    ms_arena arena;

    (void)state;
    ms_arena_init(&arena, 1 << 20);
    for (size_t i = 0; i < ms_config_rule_count; i++) {
        ms_config_value value = {0};
        ms_error err = MS_ERROR_INIT;

        if (ms_config_value_from_text(&value, &arena, &ms_config_rules[i],
                    ms_config_rules[i].fallback, &err) != MS_OK)
            fail_msg("%s %s", ms_config_rules[i].key, err.message);
        assert_string_equal(value.text, ms_config_rules[i].fallback);
        ms_config_value_release(&value);
    }
    ms_arena_release(&arena);
}

static void test_keys_differ_and_stand_below_a_section(void **state)
{
    (void)state;
    for (size_t i = 0; i < ms_config_rule_count; i++) {
        const char *key = ms_config_rules[i].key;
        char section[32] = "";

        memcpy(section, key, strcspn(key, "."));
        assert_true(ms_config_is_section(section));
        assert_false(ms_config_is_section(key));
        assert_ptr_equal(ms_config_rule_find(key), &ms_config_rules[i]);
    }
}

static void test_a_chain_has_the_keys_of_blockchain(void **state)
{
    (void)state;
    assert_ptr_equal(
            ms_config_rule_find("chains.sepolia.rpcUrl"), ms_config_rule_find("blockchain.rpcUrl"));
    assert_ptr_equal(
            ms_config_rule_find("chains.a-b_9.chainId"), ms_config_rule_find("blockchain.chainId"));
    assert_true(ms_config_is_section("chains.sepolia"));
    assert_null(ms_config_rule_find("chains.sepolia"));
    assert_null(ms_config_rule_find("chains.sepolia.host"));
    assert_null(ms_config_rule_find("chains..rpcUrl"));
    assert_null(ms_config_rule_find("chains.a b.rpcUrl"));
    assert_null(ms_config_rule_find("chains.a.b.rpcUrl"));
    assert_null(ms_config_rule_find("chainsx.a.rpcUrl"));
    assert_false(ms_config_is_section("chains."));
}

static void test_names_of_chains_have_a_limit(void **state)
{
    char key[128] = "chains.";

    (void)state;
    memset(key + 7, 'n', MS_CONFIG_CHAIN_NAME_SIZE_MAX);
    memcpy(key + 7 + MS_CONFIG_CHAIN_NAME_SIZE_MAX, ".rpcUrl", 8);
    assert_non_null(ms_config_rule_find(key));
    memset(key + 7, 'n', MS_CONFIG_CHAIN_NAME_SIZE_MAX + 1);
    memcpy(key + 7 + MS_CONFIG_CHAIN_NAME_SIZE_MAX + 1, ".rpcUrl", 8);
    assert_null(ms_config_rule_find(key));
}

static void test_a_misspelt_key_finds_the_one_meant(void **state)
{
    static const struct {
        const char *key;
        const char *nearest;
    } rows[] = {
            {"storage.chunksize", "storage.chunkSize"},
            {"storage.chunk_size", "storage.chunkSize"},
            {"chunkSize", "storage.chunkSize"},
            {"ipfs.gateway", "ipfs.gateways"},
            {"blockchain.privatekey", "blockchain.privateKey"},
            {"Storage", "storage"},
            {"blockchian", "blockchain"},
            {"somethingElse", NULL},
            {"x", NULL},
            {"", NULL},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        const char *nearest = ms_config_rule_nearest(rows[i].key);

        if (rows[i].nearest == NULL ? nearest != NULL
                                    : nearest == NULL || strcmp(nearest, rows[i].nearest) != 0)
            fail_msg("%s finds %s", rows[i].key, nearest != NULL ? nearest : "nothing");
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_every_default_follows_its_own_rule),
            cmocka_unit_test(test_keys_differ_and_stand_below_a_section),
            cmocka_unit_test(test_a_chain_has_the_keys_of_blockchain),
            cmocka_unit_test(test_names_of_chains_have_a_limit),
            cmocka_unit_test(test_a_misspelt_key_finds_the_one_meant),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
