/* The effective configuration: which source wins, and what each failure says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/checked.h"
#include "config/config.h"
#include "doubles/short_memory.h"
#include "doubles/temporary_folder.h"

static const char *const variables[] = {"CONFIG_PATH", "ETH_NODE_URL", "PRIVATE_KEY",
        "CONTRACT_ADDRESS", "CHAIN_ID", "IPFS_API", "IPFS_GATEWAY", "MODEL_STORAGE_HOME",
        "XDG_DATA_HOME", "TEST_SECRET"};

/* Nothing of the caller's environment may decide; HOME is the temporary folder. */
static int setup(void **state)
{
    if (temporary_folder_setup(state) != 0)
        return -1;
    for (size_t i = 0; i < MS_ARRAY_COUNT(variables); i++)
        unsetenv(variables[i]);
    return setenv("HOME", ((const temporary_folder *)*state)->path, 1);
}

static void write_config(const temporary_folder *folder, const char *text)
{
    temporary_write(folder, "config.json", text, strlen(text));
    assert_int_equal(chmod(temporary_path(folder, "config.json"), 0600), 0);
}

/* With the file of the folder, when there is one. */
static ms_storage_options options_of(const temporary_folder *folder)
{
    ms_storage_options options = MS_STORAGE_OPTIONS_INIT;

    options.home = folder->path;
    return options;
}

static ms_config *load(const ms_storage_options *options)
{
    ms_config *config;
    ms_error err = MS_ERROR_INIT;

    if (ms_config_load(&config, options, &err) != MS_OK)
        fail_msg("%s", err.message);
    return config;
}

static void test_flag_wins_over_environment_over_file_over_default(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage_options options = options_of(folder);
    ms_setting setting = {.key = "blockchain.chainId", .value = "4"};
    char origin[sizeof(folder->path) + 32];
    ms_config *config = load(&options);

    assert_int_equal(ms_config_u64(config, "blockchain.chainId"), 0);
    assert_string_equal(ms_config_origin(config, "blockchain.chainId"), "default");
    assert_null(ms_config_path(config));
    ms_config_free(config);

    write_config(folder, "{\"blockchain\":\n{\"chainId\": 2}}");
    config = load(&options);
    assert_int_equal(ms_config_u64(config, "blockchain.chainId"), 2);
    (void)snprintf(origin, sizeof(origin), "file %s/config.json:2", folder->path);
    assert_string_equal(ms_config_origin(config, "blockchain.chainId"), origin);
    assert_string_equal(ms_config_path(config), temporary_path(folder, "config.json"));
    ms_config_free(config);

    setenv("CHAIN_ID", "3", 1);
    config = load(&options);
    assert_int_equal(ms_config_u64(config, "blockchain.chainId"), 3);
    assert_string_equal(ms_config_origin(config, "blockchain.chainId"), "environment CHAIN_ID");
    ms_config_free(config);

    options.settings = &setting;
    options.setting_count = 1;
    config = load(&options);
    assert_int_equal(ms_config_u64(config, "blockchain.chainId"), 4);
    assert_string_equal(ms_config_origin(config, "blockchain.chainId"), "flag");
    ms_config_free(config);

    options.settings = NULL;
    options.setting_count = 0;
    options.ignore_environment = true;
    config = load(&options);
    assert_int_equal(ms_config_u64(config, "blockchain.chainId"), 2);
    ms_config_free(config);
}

static void test_a_value_that_loses_is_checked_all_the_same(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage_options options = options_of(folder);
    ms_config *config;
    ms_error err = MS_ERROR_INIT;

    setenv("CHAIN_ID", "3", 1);
    write_config(folder, "{\"blockchain\": {\n\"chainId\": \"two\"}}");
    assert_int_equal(ms_config_load(&config, &options, &err), MS_MALFORMED);
    assert_null(config);
    assert_string_equal(err.reason, "config_type");
    assert_string_equal(err.path, temporary_path(folder, "config.json"));
    assert_non_null(strstr(err.message, "config.json:2: blockchain.chainId"));
}

static void test_wrong_settings_and_variables_are_the_callers_mistake(void **state)
{
    static const struct {
        const char *key;
        const char *value;
        const char *reason;
    } rows[] = {
            {"storage.chunkSize", "5000", "config_value"},
            {"storage.parallel", "many", "config_value"},
            {"storage.directIO", "maybe", "config_value"},
            {"storage.nothing", "1", "config_key"},
            {"storage", "{}", "config_key"},
            {"blockchain.privateKey", "abc", "secret_setting"},
            {"blockchain.privateKey", "env:KEY", "secret_setting"},
            {"chains.test.privateKey", "abc", "secret_setting"},
            {"ipfs.authorization", "", "secret_setting"},
            {"ipfs.nodes", "[{\"url\":\"http://n\",\"authorization\":\"abc\"}]", "secret_setting"},
            {"ipfs.pinning", "[{\"name\":\"n\",\"endpoint\":\"e\",\"token\":\"abc\"}]",
                    "secret_setting"},
    };
    const temporary_folder *folder = *state;

    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_setting setting = {.key = rows[i].key, .value = rows[i].value};
        ms_storage_options options = options_of(folder);
        ms_config *config;
        ms_error err = MS_ERROR_INIT;

        options.settings = &setting;
        options.setting_count = 1;
        assert_int_equal(ms_config_load(&config, &options, &err), MS_USAGE);
        assert_string_equal(err.reason, rows[i].reason);
        if (strcmp(rows[i].reason, "secret_setting") == 0)
            assert_null(strstr(err.message, "abc"));
    }
    ms_storage_options options = options_of(folder);
    ms_config *config;
    ms_error err = MS_ERROR_INIT;

    setenv("CHAIN_ID", "main", 1);
    assert_int_equal(ms_config_load(&config, &options, &err), MS_USAGE);
    assert_non_null(strstr(err.message, "environment CHAIN_ID"));
}

static void test_a_program_may_set_secrets(void **state)
{
    const temporary_folder *folder = *state;
    ms_setting setting = {.key = "blockchain.privateKey", .value = "abc"};
    ms_storage_options options = options_of(folder);
    ms_config *config;
    ms_secret secret;

    options.settings = &setting;
    options.setting_count = 1;
    options.settings_may_be_secret = true;
    config = load(&options);
    assert_true(ms_config_has_secret(config, "blockchain.privateKey"));
    assert_int_equal(ms_config_secret(config, "blockchain.privateKey", &secret, NULL), MS_OK);
    assert_int_equal(secret.size, 3);
    assert_memory_equal(secret.bytes, "abc", 3);
    ms_secret_release(&secret);
    ms_config_free(config);
}

static void test_home_is_resolved_in_its_order(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage_options options = MS_STORAGE_OPTIONS_INIT;
    ms_config *config = load(&options);
    char folder_now[4096];

    assert_string_equal(
            ms_config_home(config), temporary_path(folder, ".local/share/model-storage"));
    assert_string_equal(ms_config_file_place(config),
            temporary_path(folder, ".local/share/model-storage/config.json"));
    ms_config_free(config);

    setenv("XDG_DATA_HOME", "relative/is/ignored", 1);
    config = load(&options);
    assert_string_equal(
            ms_config_home(config), temporary_path(folder, ".local/share/model-storage"));
    ms_config_free(config);

    setenv("XDG_DATA_HOME", "/data", 1);
    config = load(NULL);
    assert_string_equal(ms_config_home(config), "/data/model-storage");
    assert_string_equal(ms_config_origin(config, "storage.home"), "default");
    ms_config_free(config);

    setenv("MODEL_STORAGE_HOME", "/variable//", 1);
    config = load(&options);
    assert_string_equal(ms_config_home(config), "/variable");
    ms_config_free(config);

    options.home = "~/mine";
    config = load(&options);
    assert_string_equal(ms_config_home(config), temporary_path(folder, "mine"));
    assert_string_equal(ms_config_origin(config, "storage.home"), "flag");
    ms_config_free(config);

    options.home = "here";
    config = load(&options);
    assert_non_null(getcwd(folder_now, sizeof(folder_now) - 8));
    strcat(folder_now, "/here");
    assert_string_equal(ms_config_home(config), folder_now);
    ms_config_free(config);
}

static void test_without_any_home_it_says_so(void **state)
{
    ms_storage_options options = MS_STORAGE_OPTIONS_INIT;
    ms_config *config;
    ms_error err = MS_ERROR_INIT;

    (void)state;
    options.ignore_environment = true;
    assert_int_equal(ms_config_load(&config, &options, &err), MS_USAGE);
    assert_string_equal(err.reason, "home_unknown");
    options.home = "";
    assert_int_equal(ms_config_load(&config, &options, &err), MS_USAGE);
}

static void test_paths_in_a_file_count_from_its_folder(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage_options options = MS_STORAGE_OPTIONS_INIT;
    ms_config *config;

    write_config(folder, "{\"storage\": {\"home\": \"store\", \"tempDir\": \"~/t\"}, "
                         "\"blockchain\": {\"keystore\": \"/k\"}}");
    options.config_file = temporary_path(folder, "config.json");
    config = load(&options);
    assert_string_equal(ms_config_home(config), temporary_path(folder, "store"));
    assert_string_equal(ms_config_text(config, "storage.tempDir"), temporary_path(folder, "t"));
    assert_string_equal(ms_config_text(config, "blockchain.keystore"), "/k");
    ms_config_free(config);
}

static void test_the_working_folder_is_never_looked_at(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage_options options = MS_STORAGE_OPTIONS_INIT;
    char before[4096];
    ms_config *config;

    write_config(folder, "{\"storage\": {\"parallel\": 7}}");
    options.home = temporary_path(folder, "home");
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(folder->path), 0);
    config = load(&options);
    assert_int_equal(chdir(before), 0);
    assert_null(ms_config_path(config));
    assert_int_equal(ms_config_u64(config, "storage.parallel"), 0);
    ms_config_free(config);
}

static void test_a_named_file_that_is_missing_stops_commands_only(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage_options options = options_of(folder);
    ms_config *config;
    ms_error err = MS_ERROR_INIT;

    setenv("CONFIG_PATH", temporary_path(folder, "none.json"), 1);
    config = load(&options);
    assert_int_equal(ms_config_check(config, &err), MS_USAGE);
    assert_string_equal(err.reason, "config_missing");
    assert_string_equal(err.path, temporary_path(folder, "none.json"));
    assert_string_equal(ms_config_file_place(config), temporary_path(folder, "none.json"));
    ms_config_free(config);

    unsetenv("CONFIG_PATH");
    config = load(&options); /* one that was not named need not be there */
    assert_int_equal(ms_config_check(config, &err), MS_OK);
    ms_config_free(config);
}

static void test_unknown_keys_are_warnings_with_the_nearest_known_one(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage_options options = options_of(folder);
    ms_config *config;

    write_config(folder, "{\"storage\": {\n\"chunksize\": 65536}, \"zzz\": {\"a\": 1}}");
    config = load(&options);
    assert_int_equal(ms_config_warning_count(config), 2);
    assert_non_null(strstr(
            ms_config_warning(config, 0), "config.json:2: unknown key \"storage.chunksize\", did "
                                          "you mean \"storage.chunkSize\"?"));
    assert_non_null(strstr(ms_config_warning(config, 1), "unknown key \"zzz\""));
    assert_null(strstr(ms_config_warning(config, 1), "did you mean"));
    ms_config_free(config);
}

static void test_warnings_are_counted_beyond_their_number(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage_options options = options_of(folder);
    char text[16000] = "{";
    ms_config *config;

    for (int i = 0; i < MS_CONFIG_WARNINGS_MAX + 50; i++)
        (void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s\"unknown%d\":1",
                i > 0 ? "," : "", i);
    strcat(text, "}");
    write_config(folder, text);
    config = load(&options);
    assert_int_equal(ms_config_warning_count(config), MS_CONFIG_WARNINGS_MAX);
    assert_string_equal(ms_config_warning(config, MS_CONFIG_WARNINGS_MAX - 1),
            "51 more warnings about the configuration");
    ms_config_free(config);
}

static void test_place_holders_count_as_unset(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage_options options = options_of(folder);
    ms_config *config;

    write_config(folder, "{\"blockchain\": {\"privateKey\": \"YOUR_PRIVATE_KEY\", "
                         "\"contractAddress\": \"YOUR_CONTRACT\"}}");
    setenv("IPFS_GATEWAY", "https://YOUR_GATEWAY", 1);
    config = load(&options);
    assert_false(ms_config_has_secret(config, "blockchain.privateKey"));
    assert_false(ms_config_networked(config, NULL, NULL));
    assert_int_equal(ms_config_list_count(config, "ipfs.gateways"), 0);
    assert_int_equal(ms_config_warning_count(config), 3);
    ms_config_free(config);
}

/* A variable that was copied from a template says as little as one that is not set. */
static void test_a_place_holder_in_the_environment_leaves_what_the_file_says(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage_options options = options_of(folder);
    ms_setting reset = {.key = "blockchain.chainId", .value = ""};
    ms_config *config;
    ms_secret secret;

    write_config(folder, "{\"blockchain\": {\"privateKey\": \"of the file\", \"chainId\": 2}, "
                         "\"ipfs\": {\"gateways\": [\"https://g\"]}}");
    setenv("PRIVATE_KEY", "YOUR_PRIVATE_KEY", 1);
    setenv("CHAIN_ID", "YOUR_CHAIN_ID", 1);
    setenv("IPFS_GATEWAY", "https://YOUR_GATEWAY", 1);
    config = load(&options);
    assert_true(ms_config_has_secret(config, "blockchain.privateKey"));
    assert_int_equal(ms_config_secret(config, "blockchain.privateKey", &secret, NULL), MS_OK);
    assert_int_equal(secret.size, 11);
    assert_memory_equal(secret.bytes, "of the file", 11);
    ms_secret_release(&secret);
    assert_int_equal(strncmp(ms_config_origin(config, "blockchain.privateKey"), "file /", 6), 0);
    assert_int_equal(ms_config_u64(config, "blockchain.chainId"), 2);
    assert_int_equal(strncmp(ms_config_origin(config, "blockchain.chainId"), "file /", 6), 0);
    assert_int_equal(ms_config_list_count(config, "ipfs.gateways"), 1);
    assert_int_equal(ms_config_warning_count(config), 3);
    assert_non_null(strstr(ms_config_warning(config, 0), "counts as unset"));
    ms_config_free(config);

    /* Whoever empties a setting on purpose gets the default. */
    options.settings = &reset;
    options.setting_count = 1;
    config = load(&options);
    assert_int_equal(ms_config_u64(config, "blockchain.chainId"), 0);
    assert_string_equal(ms_config_origin(config, "blockchain.chainId"), "flag");
    ms_config_free(config);
}

static unsigned mode_of(const char *path)
{
    struct stat about;

    assert_int_equal(stat(path, &about), 0);
    return about.st_mode & 0777;
}

static void test_our_file_with_a_secret_is_made_private(void **state)
{
    static const struct {
        const char *text;
        bool holds_secret;
    } rows[] = {
            {"{\"blockchain\": {\"privateKey\": \"abc\"}}", true},
            {"{\"chains\": {\"t\": {\"privateKey\": \"abc\"}}}", true},
            {"{\"ipfs\": {\"nodes\": [{\"url\": \"http://n\", \"authorization\": \"abc\"}]}}",
                    true},
            {"{\"ipfs\": {\"pinning\": [{\"endpoint\": \"http://n\", \"token\": \"abc\"}]}}", true},
            {"{\"blockchain\": {\"privateKey\": \"\"}}", false},
            {"{\"blockchain\": {\"privateKey\": \"env:KEY\"}}", false},
            {"{\"blockchain\": {\"privateKey\": \"file:/key\"}}", false},
            {"{\"blockchain\": {\"privateKey\": \"YOUR_KEY\"}}", false},
            {"{\"ipfs\": {\"pinning\": [{\"endpoint\": \"http://n\", \"token\": \"env:T\"}]}}",
                    false},
    };
    const temporary_folder *folder = *state;
    ms_storage_options options = options_of(folder);

    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        const char *path = temporary_path(folder, "config.json");
        ms_config *config;

        write_config(folder, rows[i].text);
        assert_int_equal(chmod(path, 0644), 0);
        config = load(&options);
        assert_int_equal(mode_of(path), rows[i].holds_secret ? 0600 : 0644);
        if (rows[i].holds_secret)
            assert_non_null(strstr(ms_config_warning(config, 0), "0600"));
        ms_config_free(config);
    }
}

static int load_as_another(void *payload)
{
    const temporary_folder *folder = payload;
    ms_storage_options options = options_of(folder);
    ms_config *config;
    ms_error err = MS_ERROR_INIT;
    ms_status status = ms_config_load(&config, &options, &err);

    ms_config_free(config);
    return status == MS_KEY && strcmp(err.reason, "config_mode") == 0 ? 0 : 1;
}

static void test_someone_elses_open_file_with_a_secret_is_refused(void **state)
{
    temporary_folder *folder = *state;

    if (geteuid() != 0)
        skip(); /* only root can make a file that is somebody else's to the child */
    write_config(folder, "{\"blockchain\": {\"privateKey\": \"abc\"}}");
    assert_int_equal(chmod(temporary_path(folder, "config.json"), 0644), 0);
    assert_int_equal(chmod(folder->path, 0755), 0);
    assert_int_equal(child_run_unprivileged(load_as_another, folder), 0);
    assert_int_equal(mode_of(temporary_path(folder, "config.json")), 0644);
}

static void test_secrets_come_from_where_they_are_said_to_be(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage_options options = options_of(folder);
    char text[256];
    ms_config *config;
    ms_secret secret;
    ms_error err = MS_ERROR_INIT;

    write_config(folder, "{\"blockchain\": {\"privateKey\": \"env:TEST_SECRET\"}}");
    config = load(&options);
    assert_true(ms_config_has_secret(config, "blockchain.privateKey"));
    assert_int_equal(ms_config_secret(config, "blockchain.privateKey", &secret, &err), MS_KEY);
    assert_string_equal(err.reason, "secret_environment");
    assert_null(secret.bytes);
    setenv("TEST_SECRET", "from the environment", 1);
    assert_int_equal(ms_config_secret(config, "blockchain.privateKey", &secret, &err), MS_OK);
    assert_int_equal(secret.size, 20);
    ms_secret_release(&secret);
    ms_config_free(config);

    (void)snprintf(text, sizeof(text), "{\"blockchain\": {\"privateKey\": \"file:%s\"}}",
            temporary_path(folder, "key"));
    write_config(folder, text);
    config = load(&options);
    assert_int_equal(ms_config_secret(config, "blockchain.privateKey", &secret, &err), MS_KEY);
    assert_string_equal(err.reason, "secret_file");
    temporary_write(folder, "key", "from a file\n", 12);
    assert_int_equal(chmod(temporary_path(folder, "key"), 0640), 0);
    assert_int_equal(ms_config_secret(config, "blockchain.privateKey", &secret, &err), MS_KEY);
    assert_string_equal(err.reason, "secret_file");
    assert_int_equal(chmod(temporary_path(folder, "key"), 0600), 0);
    assert_int_equal(ms_config_secret(config, "blockchain.privateKey", &secret, &err), MS_OK);
    assert_int_equal(secret.size, 11);
    assert_memory_equal(secret.bytes, "from a file", 11);
    ms_secret_release(&secret);
    ms_config_free(config);
}

static void test_asking_for_a_network_is_noticed(void **state)
{
    static const struct {
        const char *text;
        const char *key; /* NULL = no network */
    } rows[] = {
            {"{}", NULL},
            {"{\"ipfs\": {\"host\": \"localhost\", \"port\": 5001, \"protocol\": \"http\", "
             "\"gateways\": []}}",
                    "ipfs.host"},
            {"{\"ipfs\": {\"port\": 5001}}", "ipfs.port"},
            {"{\"ipfs\": {}}", NULL},
            {"{\"ipfs\": {\"host\": \"\", \"gateways\": []}}", NULL},
            {"{\"blockchain\": {\"rpcUrl\": \"http://node:8545\", \"chainId\": 1}}", NULL},
            {"{\"chains\": {\"t\": {\"contractAddress\": \"0x1\"}}}", NULL},
            {"{\"storage\": {\"require\": \"ledger\"}}", NULL},
            {"{\"ipfs\": {\"host\": \"node\"}}", "ipfs.host"},
            {"{\"ipfs\": {\"gateways\": [\"https://g\"]}}", "ipfs.gateways"},
            {"{\"ipfs\": {\"nodes\": \"http://n\"}}", "ipfs.nodes"},
            {"{\"ipfs\": {\"mirrors\": [{\"url\": \"https://m/{path}\"}]}}", "ipfs.mirrors"},
            {"{\"blockchain\": {\"contractAddress\": \"0x1\"}}", "blockchain.contractAddress"},
            {"{\"storage\": {\"require\": \"proof\"}}", "storage.require"},
            {"{\"storage\": {\"require\": \"chain\"}}", "storage.require"},
    };
    const temporary_folder *folder = *state;
    ms_storage_options options = options_of(folder);

    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        const char *key = NULL;
        const char *origin = NULL;
        ms_error err = MS_ERROR_INIT;
        ms_config *config;

        write_config(folder, rows[i].text);
        config = load(&options);
        if (ms_config_networked(config, &key, &origin) != (rows[i].key != NULL))
            fail_msg("%s", rows[i].text);
        assert_int_equal(ms_config_check(config, &err), rows[i].key != NULL ? MS_USAGE : MS_OK);
        if (rows[i].key != NULL) {
            assert_string_equal(key, rows[i].key);
            assert_string_equal(err.reason, "network_not_built");
            assert_non_null(strstr(err.message, rows[i].key));
            assert_non_null(strstr(err.message, "config.json:1"));
        }
        ms_config_free(config);
    }
}

static void test_chains_have_values_of_their_own(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage_options options = options_of(folder);
    ms_setting setting = {.key = "chains.two.chainId", .value = "2"};
    ms_config *config;

    write_config(folder,
            "{\"chains\": {\"one\": {\"chainId\": 1, \"rpcUrl\": [\"http://a\", \"http://b\"]}}}");
    options.settings = &setting;
    options.setting_count = 1;
    config = load(&options);
    assert_int_equal(ms_config_u64(config, "chains.one.chainId"), 1);
    assert_int_equal(ms_config_u64(config, "chains.two.chainId"), 2);
    assert_int_equal(ms_config_list_count(config, "chains.one.rpcUrl"), 2);
    assert_string_equal(ms_config_list_text(config, "chains.one.rpcUrl", 1), "http://b");
    assert_null(ms_config_text(config, "chains.two.contractAddress"));
    assert_int_equal(ms_config_u64(config, "blockchain.chainId"), 0);
    ms_config_free(config);
}

static void test_chains_have_a_limit(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage_options options = options_of(folder);
    static char text[64 * 1024] = "{\"chains\": {";
    size_t used = strlen(text);
    ms_config *config;
    ms_error err = MS_ERROR_INIT;

    for (int i = 0; i <= MS_CONFIG_CHAIN_VALUES_MAX; i++)
        used += (size_t)snprintf(text + used, sizeof(text) - used, "%s\"c%d\": {\"chainId\": 1}",
                i > 0 ? "," : "", i);
    (void)snprintf(text + used, sizeof(text) - used, "}}");
    write_config(folder, text);
    assert_int_equal(ms_config_load(&config, &options, &err), MS_LIMIT);
    assert_string_equal(err.reason, "config_items");
}

static void test_every_allocation_may_fail(void **state)
{
    const temporary_folder *folder = *state;
    ms_setting setting = {.key = "ipfs.nodes", .value = "[\"http://n\"]"};
    ms_storage_options options = options_of(folder);
    ms_status status = MS_NO_MEMORY;

    options.settings = &setting;
    options.setting_count = 1;
    write_config(folder, "{\"storage\": {\"tempDir\": \"t\", \"unknown\": 1}, \"blockchain\": "
                         "{\"privateKey\": \"abc\"}}");
    for (size_t fail_at = 1; status == MS_NO_MEMORY; fail_at++) {
        ms_config *config;

        short_memory_begin(fail_at);
        status = ms_config_load(&config, &options, NULL);
        ms_config_free(config);
        assert_int_equal(short_memory_end(), 0);
        assert_true(fail_at < 10000);
    }
    assert_int_equal(status, MS_OK);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, temporary_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_flag_wins_over_environment_over_file_over_default),
            TEST(test_a_value_that_loses_is_checked_all_the_same),
            TEST(test_wrong_settings_and_variables_are_the_callers_mistake),
            TEST(test_a_program_may_set_secrets),
            TEST(test_home_is_resolved_in_its_order),
            TEST(test_without_any_home_it_says_so),
            TEST(test_paths_in_a_file_count_from_its_folder),
            TEST(test_the_working_folder_is_never_looked_at),
            TEST(test_a_named_file_that_is_missing_stops_commands_only),
            TEST(test_unknown_keys_are_warnings_with_the_nearest_known_one),
            TEST(test_warnings_are_counted_beyond_their_number),
            TEST(test_place_holders_count_as_unset),
            TEST(test_a_place_holder_in_the_environment_leaves_what_the_file_says),
            TEST(test_our_file_with_a_secret_is_made_private),
            TEST(test_someone_elses_open_file_with_a_secret_is_refused),
            TEST(test_secrets_come_from_where_they_are_said_to_be),
            TEST(test_asking_for_a_network_is_noticed),
            TEST(test_chains_have_values_of_their_own),
            TEST(test_chains_have_a_limit),
            TEST(test_every_allocation_may_fail),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
