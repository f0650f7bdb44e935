/* What scenarios share: commands on the home of a run, and the proof that holds for all of them. */
#include "scenario_priv.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "codec/path.h"
#include "model/storage_priv.h"
#include "platform/file.h"

void scenario_refuse(const char *file, int line, const char *format, ...)
{
    char text[2048];
    const char *slash = strrchr(file, '/');
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    dprintf(STDOUT_FILENO, "#   %s:%d: %s\n", slash == NULL ? file : slash + 1, line, text);
    _exit(1);
}

unsigned scenario_chunk_size = 4096;

const char *scenario_path(const char *folder, const char *name)
{
    static char paths[16][TREE_PATH_SIZE];
    static unsigned next;
    char *path = paths[next++ % 16];
    EXPECT((size_t)snprintf(path, TREE_PATH_SIZE, "%s/%s", folder, name) < TREE_PATH_SIZE,
            "a path is too long");
    return path;
}

ms_status scenario_open(ms_storage **storage, const scenario_run *run, ms_error *err)
{
    char chunk_size[16];
    const ms_setting settings[] = {{"storage.chunkSize", chunk_size}};
    ms_storage_options options = MS_STORAGE_OPTIONS_INIT;
    snprintf(chunk_size, sizeof(chunk_size), "%u", scenario_chunk_size);
    options.home = scenario_path(run->folder, "home");
    options.settings = settings;
    options.setting_count = 1;
    options.ignore_environment = true;
    ms_status status = ms_storage_open(storage, &options, err);
    if (status == MS_OK)
        ms_storage_set_batch_bytes(*storage, SCENARIO_BATCH_CHUNKS * scenario_chunk_size);
    return status;
}

static void acknowledge(const scenario_run *run, const char *text)
{
    snprintf(run->outcome->told, sizeof(run->outcome->told), "%s", text);
    __sync_synchronize();
    run->outcome->acknowledged = true;
}

static void note(void *payload, bool is_warning, const char *text)
{
    scenario_outcome *outcome = payload;
    (void)is_warning;
    snprintf(outcome->notice, sizeof(outcome->notice), "%s", text);
}

static void tell_store(const scenario_run *run, const ms_operation *operation)
{
    char text[SCENARIO_TEXT_SIZE];
    const ms_store_result *result = ms_operation_store_result(operation);
    snprintf(text, sizeof(text), "%u %s", result->version, result->manifest_cid);
    acknowledge(run, text);
}

static void tell_key(const scenario_run *run, const ms_operation *operation)
{
    const ms_key_result *result = ms_operation_key_result(operation);
    acknowledge(run, result->key_count > 0 ? result->keys[0].address : "");
}

static void tell_done(const scenario_run *run, const ms_operation *operation)
{
    (void)operation;
    acknowledge(run, "done");
}

#define DEFINE_COMMAND(name, options_type, tell)                                                   \
    ms_status scenario_##name(const scenario_run *run, const options_type *options, ms_error *err) \
    {                                                                                              \
        ms_operation_options how = MS_OPERATION_OPTIONS_INIT;                                      \
        ms_operation *operation = NULL;                                                            \
        ms_storage *storage = NULL;                                                                \
        ms_status status = scenario_open(&storage, run, err);                                      \
        if (status != MS_OK)                                                                       \
            return status;                                                                         \
        how.jobs = run->jobs;                                                                      \
        how.on_notice = note;                                                                      \
        how.payload = run->outcome;                                                                \
        status = ms_model_##name(&operation, storage, options, &how, err);                         \
        if (status == MS_OK)                                                                       \
            tell(run, operation);                                                                  \
        ms_operation_free(operation);                                                              \
        ms_storage_close(storage);                                                                 \
        return status;                                                                             \
    }
DEFINE_COMMAND(store, ms_store_options, tell_store)
DEFINE_COMMAND(retrieve, ms_retrieve_options, tell_done)
DEFINE_COMMAND(verify, ms_verify_options, tell_done)
DEFINE_COMMAND(repair, ms_repair_options, tell_done)
DEFINE_COMMAND(activate, ms_lifecycle_options, tell_done)
DEFINE_COMMAND(deactivate, ms_lifecycle_options, tell_done)
DEFINE_COMMAND(remove, ms_remove_options, tell_done)
DEFINE_COMMAND(prune, ms_prune_options, tell_done)
DEFINE_COMMAND(check, ms_check_options, tell_done)
DEFINE_COMMAND(key, ms_key_options, tell_key)
DEFINE_COMMAND(config, ms_config_options, tell_done)

void scenario_must_store(const scenario_run *run, const char *name, const char *model_id)
{
    ms_store_options options = MS_STORE_OPTIONS_INIT;
    ms_error err = MS_ERROR_INIT;
    options.path = scenario_path(run->folder, name);
    options.model_id = model_id;
    EXPECT(scenario_store(run, &options, &err) == MS_OK, "%s cannot be stored: %s", name,
            err.message);
}

void scenario_model_of(const scenario_run *run, const char *ref, scenario_model *model)
{
    ms_info_options info = MS_INFO_OPTIONS_INIT;
    ms_verify_options verify = MS_VERIFY_OPTIONS_INIT;
    ms_operation *operation = NULL;
    ms_storage *storage = NULL;
    ms_error err = MS_ERROR_INIT;
    *model = (scenario_model){0};
    EXPECT(scenario_open(&storage, run, &err) == MS_OK, "the home cannot be opened: %s",
            err.message);
    info.ref = ref;
    ms_status status = ms_model_info(&operation, storage, &info, NULL, &err);
    EXPECT(status == MS_OK || status == MS_NOT_FOUND, "info %s: %s", ref, err.message);
    if (status == MS_OK) {
        const ms_model_entry *entry = &ms_operation_info_result(operation)->entry;
        model->is_known = true;
        model->version = entry->version;
        snprintf(model->manifest, sizeof(model->manifest), "%s", entry->manifest_cid);
        snprintf(model->status, sizeof(model->status), "%s", entry->status);
        ms_operation_free(operation);
        operation = NULL;
        verify.ref = ref;
        status = ms_model_verify(&operation, storage, &verify, NULL, &err);
        EXPECT(status == MS_OK || status == MS_INTEGRITY || status == MS_NOT_FOUND, "verify %s: %s",
                ref, err.message);
        model->is_whole = status == MS_OK && ms_operation_verify_result(operation)->is_valid;
    }
    ms_operation_free(operation);
    ms_storage_close(storage);
}

void scenario_expect_whole(const scenario_run *run, const char *ref)
{
    scenario_model model;
    scenario_model_of(run, ref, &model);
    EXPECT(model.is_known, "%s is not known", ref);
    EXPECT(model.is_whole, "%s is not whole", ref);
}

void scenario_expect_told(const scenario_proof *proof, const char *ref)
{
    char text[SCENARIO_TEXT_SIZE];
    scenario_model model;
    scenario_model_of(&proof->run, ref, &model);
    snprintf(text, sizeof(text), "%u %s", model.version, model.manifest);
    EXPECT(model.is_known && strcmp(text, proof->outcome->told) == 0,
            "%s was acknowledged as %s and is %s", ref, proof->outcome->told,
            model.is_known ? text : "not known");
    EXPECT(model.is_whole, "%s was acknowledged and is not whole", ref);
}

bool scenario_same(const char *folder_a, const char *folder_b, const char *name)
{
    char where[TREE_PATH_SIZE];
    return !tree_differs(scenario_path(folder_a, name), scenario_path(folder_b, name), where);
}

void scenario_execute(const scenario *what, const scenario_run *run)
{
    ms_error err = MS_ERROR_INIT;
    ms_status status = what->run(run, &err);
    run->outcome->status = status;
    if (status != MS_OK) {
        snprintf(run->outcome->reason, sizeof(run->outcome->reason), "%s", err.reason);
        snprintf(run->outcome->message, sizeof(run->outcome->message), "%s", err.message);
    }
    run->outcome->ended = true;
}

static void expect_outputs(const scenario *what, const scenario_proof *proof)
{
    const char *folder = proof->run.folder;
    for (size_t i = 0; what->outputs[i] != NULL; i++) {
        const char *name = what->outputs[i];
        const bool is_new = scenario_same(folder, proof->after, name);
        const bool is_absent = !tree_exists(scenario_path(folder, name));
        EXPECT(is_new || is_absent || scenario_same(folder, proof->before, name),
                "%s is half there", name);
        EXPECT(is_new || !proof->outcome->acknowledged, "%s was acknowledged and is not there",
                name);
    }
}

static void expect_equal(const scenario_proof *proof, const char *folder, const char *name)
{
    char where[TREE_PATH_SIZE];
    EXPECT(!tree_differs(
                   scenario_path(proof->run.folder, name), scenario_path(folder, name), where),
            "%s", where);
}

static void expect_nothing_unfinished(const scenario_proof *proof)
{
    /* A journal of SQLite is no leftover: it belongs to its database and goes with the next
     * transaction. */
    static const char *const signs[] = {MS_FILE_TEMPORARY_PREFIX, MS_PATH_PARTIAL_SUFFIX};
    char found[TREE_PATH_SIZE];
    for (size_t i = 0; i < sizeof(signs) / sizeof(signs[0]); i++)
        EXPECT(!tree_find(proof->run.folder, signs[i], found), "%s was left behind", found);
    EXPECT(tree_count(scenario_path(proof->run.folder, "home/tmp")) == 0, "home/tmp is not empty");
}

static void expect_clean_check(const scenario_run *run)
{
    ms_check_options options = MS_CHECK_OPTIONS_INIT;
    ms_error err = MS_ERROR_INIT;
    options.read_data = true;
    EXPECT(scenario_check(run, &options, &err) == MS_OK, "check: %s (%s)", err.message, err.reason);
}

bool scenario_confirm(
        void *payload, uint64_t free_blocks, uint64_t free_bytes, uint64_t all_blocks)
{
    (void)payload;
    (void)free_blocks;
    (void)free_bytes;
    (void)all_blocks;
    return true;
}

static void expect_harmless_prune(const scenario_run *run)
{
    ms_prune_options options = MS_PRUNE_OPTIONS_INIT;
    ms_error err = MS_ERROR_INIT;
    options.confirm = scenario_confirm;
    EXPECT(scenario_prune(run, &options, &err) == MS_OK, "prune: %s (%s)", err.message, err.reason);
}

void scenario_prove(const scenario *what, const scenario_proof *proof)
{
    ms_error err = MS_ERROR_INIT;
    if (what->keeps_blocks)
        expect_equal(proof, proof->before, "home/blocks");
    expect_outputs(what, proof);
    if (what->look != NULL)
        what->look(proof);
    if (what->again != NULL) {
        what->again(proof);
    } else {
        ms_status status = what->run(&proof->run, &err);
        EXPECT(status == MS_OK, "the next run: %s (%s)", err.message, err.reason);
    }
    for (size_t i = 0; what->outputs[i] != NULL; i++)
        expect_equal(proof, proof->after, what->outputs[i]);
    expect_nothing_unfinished(proof);
    if (what->writes_blocks)
        expect_equal(proof, proof->after, "home/blocks");
    if (what->settled != NULL)
        what->settled(proof);
    expect_clean_check(&proof->run);
    expect_harmless_prune(&proof->run);
    expect_clean_check(&proof->run);
    if (what->settled != NULL)
        what->settled(proof);
}

const scenario *scenario_at(size_t index)
{
    static const scenario *const tables[] = {
            scenarios_store, scenarios_retrieve, scenarios_care, scenarios_key};
    for (size_t i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
        for (const scenario *one = tables[i]; one->name != NULL; one++)
            if (index-- == 0)
                return one;
    return NULL;
}

bool scenario_shares(const scenario *what)
{
    static const char *const names[] = {"store_file", "store_folder", "store_second_version", "retrieve_folder", "retrieve_force"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], what->name) == 0)
            return true;
    return false;
}

const scenario *scenario_find(const char *name)
{
    const scenario *one;
    for (size_t i = 0; (one = scenario_at(i)) != NULL; i++)
        if (strcmp(one->name, name) == 0)
            return one;
    return NULL;
}

bool scenario_is_meant(const char *argument, size_t index, const char *name)
{
    const char *slash = argument == NULL ? NULL : strchr(argument, '/');
    if (slash != NULL)
        return index % strtoul(slash + 1, NULL, 10) == strtoul(argument, NULL, 10);
    return argument == NULL || strcmp(argument, name) == 0;
}
