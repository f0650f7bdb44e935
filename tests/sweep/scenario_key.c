/* Keys and the configuration file. Keys have no password, because standard costs take a second
 * each: what is swept is files. */
#include "scenario_priv.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* Of the private keys 1 and 2. */
#define FIRST_ADDRESS "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
#define SECOND_ADDRESS "0x2B5AD5c4795c026514f8317c7a215E218DcCD6cF"

static void write_private_key(const scenario_run *run, const char *name, char last_digit)
{
    char digits[65];
    memset(digits, '0', 63);
    digits[63] = last_digit;
    digits[64] = '\n';
    int fd = open(scenario_path(run->folder, name), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    EXPECT(fd >= 0 && write(fd, digits, sizeof(digits)) == (ssize_t)sizeof(digits) &&
                    close(fd) == 0,
            "%s cannot be written", name);
}

static ms_status act(const scenario_run *run, ms_key_action action, const char *address,
        const char *file, ms_error *err)
{
    ms_key_options options = MS_KEY_OPTIONS_INIT;
    options.action = action;
    options.address = address;
    options.file = file;
    options.has_password = action == MS_KEY_PASSWORD;
    options.password = "";
    return scenario_key(run, &options, err);
}

static ms_status import_key(const scenario_run *run, const char *name, ms_error *err)
{
    return act(run, MS_KEY_IMPORT, NULL, scenario_path(run->folder, name), err);
}

static void must_import(const scenario_run *run, const char *name)
{
    ms_error err = MS_ERROR_INIT;
    EXPECT(import_key(run, name, &err) == MS_OK, "%s cannot be imported: %s", name, err.message);
}

typedef struct key_list {
    unsigned count;
    unsigned first; /* files of FIRST_ADDRESS */
    unsigned second;
    unsigned told; /* files of the address that was acknowledged */
    char chosen[64];
} key_list;

/* Every file in the keystore can be used, or it is no list. */
static void list_keys(const scenario_proof *proof, key_list *list)
{
    ms_key_options options = MS_KEY_OPTIONS_INIT;
    ms_operation *operation = NULL;
    ms_storage *storage = NULL;
    ms_error err = MS_ERROR_INIT;
    *list = (key_list){0};
    EXPECT(scenario_open(&storage, &proof->run, &err) == MS_OK, "the home cannot be opened: %s",
            err.message);
    EXPECT(ms_model_key(&operation, storage, &options, NULL, &err) == MS_OK,
            "the keys cannot be listed: %s", err.message);
    const ms_key_result *result = ms_operation_key_result(operation);
    list->count = (unsigned)result->key_count;
    for (size_t i = 0; i < result->key_count; i++) {
        const ms_key_entry *entry = &result->keys[i];
        EXPECT(!entry->is_protected, "the key file %s cannot be opened", entry->path);
        list->first += strcmp(entry->address, FIRST_ADDRESS) == 0;
        list->second += strcmp(entry->address, SECOND_ADDRESS) == 0;
        list->told += strcmp(entry->address, proof->outcome->told) == 0;
        if (entry->is_default)
            snprintf(list->chosen, sizeof(list->chosen), "%s", entry->address);
    }
    ms_operation_free(operation);
    ms_storage_close(storage);
}

static void expect_first_chosen(const scenario_proof *proof, key_list *list)
{
    list_keys(proof, list);
    EXPECT(list->first == 1 && strcmp(list->chosen, FIRST_ADDRESS) == 0, "the default key is %s",
            list->chosen);
    EXPECT(!proof->outcome->acknowledged || list->told >= 1,
            "the key %s was acknowledged and is not there", proof->outcome->told);
}

/* New. */

static void prepare_one(const scenario_run *run)
{
    write_private_key(run, "first.hex", '1');
    must_import(run, "first.hex");
}

static ms_status run_new(const scenario_run *run, ms_error *err)
{
    return act(run, MS_KEY_NEW, NULL, NULL, err);
}

static void look_at_new(const scenario_proof *proof)
{
    key_list list;
    expect_first_chosen(proof, &list);
    /* A run that was hit may have made one, and up to two were. */
    EXPECT(list.count >= 1 && list.count <= 3, "there are %u keys", list.count);
}

static void settled_new(const scenario_proof *proof)
{
    key_list list;
    expect_first_chosen(proof, &list);
    EXPECT(list.count >= 2 && list.count <= 4, "there are %u keys", list.count);
}

/* The first key of a home by import. */

static void prepare_import(const scenario_run *run)
{
    write_private_key(run, "first.hex", '1');
}

static ms_status run_import(const scenario_run *run, ms_error *err)
{
    return import_key(run, "first.hex", err);
}

static void again_import(const scenario_proof *proof)
{
    ms_error err = MS_ERROR_INIT;
    ms_status status = run_import(&proof->run, &err);
    EXPECT(status == MS_OK || (status == MS_USAGE && strcmp(err.reason, "key_exists") == 0),
            "the next import: %s", err.message);
    EXPECT(status != MS_OK || !proof->outcome->acknowledged, "the key was imported twice");
}

static void settled_import(const scenario_proof *proof)
{
    key_list list;
    expect_first_chosen(proof, &list);
    EXPECT(list.count == 1, "there are %u keys", list.count);
}

/* Export. */

static ms_status run_export(const scenario_run *run, ms_error *err)
{
    return act(run, MS_KEY_EXPORT, NULL, scenario_path(run->folder, "copy.json"), err);
}

static void again_export(const scenario_proof *proof)
{
    ms_error err = MS_ERROR_INIT;
    const bool is_there = tree_exists(scenario_path(proof->run.folder, "copy.json"));
    ms_status status = run_export(&proof->run, &err);
    EXPECT(is_there ? status != MS_OK : status == MS_OK, "the next export: %s", err.message);
}

static void settled_export(const scenario_proof *proof)
{
    key_list list;
    expect_first_chosen(proof, &list);
    EXPECT(list.count == 1, "there are %u keys", list.count);
}

/* Default. */

static void prepare_default(const scenario_run *run)
{
    prepare_one(run);
    write_private_key(run, "second.hex", '2');
    must_import(run, "second.hex");
}

static ms_status run_default(const scenario_run *run, ms_error *err)
{
    return act(run, MS_KEY_DEFAULT, SECOND_ADDRESS, NULL, err);
}

static void look_at_default(const scenario_proof *proof)
{
    key_list list;
    list_keys(proof, &list);
    EXPECT(list.first == 1 && list.second == 1 && list.count == 2, "there are %u keys", list.count);
    EXPECT(strcmp(list.chosen, SECOND_ADDRESS) == 0 ||
                    (!proof->outcome->acknowledged && strcmp(list.chosen, FIRST_ADDRESS) == 0),
            "the default key is %s", list.chosen);
}

static void settled_default(const scenario_proof *proof)
{
    key_list list;
    list_keys(proof, &list);
    EXPECT(list.count == 2 && strcmp(list.chosen, SECOND_ADDRESS) == 0, "the default key is %s",
            list.chosen);
}

/* Password: another file for the same key. */

static ms_status run_password(const scenario_run *run, ms_error *err)
{
    return act(run, MS_KEY_PASSWORD, FIRST_ADDRESS, NULL, err);
}

static void look_at_password(const scenario_proof *proof)
{
    key_list list;
    list_keys(proof, &list);
    EXPECT(list.first >= 1 && list.count == list.first, "the key is gone");
    EXPECT(!proof->outcome->acknowledged || list.first == 1, "the old password still opens a file");
}

static void settled_password(const scenario_proof *proof)
{
    key_list list;
    expect_first_chosen(proof, &list);
    EXPECT(list.count == 1, "the old password still opens a file");
}

/* Configuration. */

static void prepare_nothing(const scenario_run *run)
{
    (void)run;
}

static ms_status run_config(const scenario_run *run, ms_error *err)
{
    ms_config_options options = MS_CONFIG_OPTIONS_INIT;
    options.init = true;
    return scenario_config(run, &options, err);
}

static void again_config(const scenario_proof *proof)
{
    ms_error err = MS_ERROR_INIT;
    const bool is_there = tree_exists(scenario_path(proof->run.folder, "home/config.json"));
    ms_status status = run_config(&proof->run, &err);
    EXPECT(is_there ? status != MS_OK : status == MS_OK, "the next config init: %s", err.message);
}

const scenario scenarios_key[] = {
        {.name = "key_new",
                .prepare = prepare_one,
                .run = run_new,
                .look = look_at_new,
                .settled = settled_new},
        {.name = "key_import",
                .prepare = prepare_import,
                .run = run_import,
                .again = again_import,
                .settled = settled_import},
        {.name = "key_export",
                .prepare = prepare_one,
                .run = run_export,
                .again = again_export,
                .settled = settled_export,
                .outputs = {"copy.json"}},
        {.name = "key_default",
                .prepare = prepare_default,
                .run = run_default,
                .look = look_at_default,
                .settled = settled_default},
        {.name = "key_password",
                .prepare = prepare_one,
                .run = run_password,
                .look = look_at_password,
                .settled = settled_password},
        {.name = "config_init",
                .prepare = prepare_nothing,
                .run = run_config,
                .again = again_config,
                .outputs = {"home/config.json"}},
        {0},
};
