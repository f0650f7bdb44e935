/* The config command: the effective configuration, each value with its origin. */
#include "model/run_priv.h"

static ms_status show(ms_run *run, ms_config_result *result, ms_error *err)
{
    const ms_config *config = ms_storage_config(run->storage);
    const size_t count = ms_config_entry_count(config);
    ms_config_entry *entries = ms_arena_calloc(&run->arena, count + 1, sizeof(*entries));
    if (entries == NULL)
        return ms_fail_memory(err, count * sizeof(*entries));
    for (size_t i = 0; i < count; i++)
        entries[i] = ms_config_entry_at(config, i);
    result->entries = entries;
    result->entry_count = count;
    return MS_OK;
}

static ms_status run_config(ms_run *run, const void *options, void *result, ms_error *err)
{
    const ms_config_options *what = (const ms_config_options *)options;
    ms_config_result *shown = (ms_config_result *)result;
    const ms_config *config = ms_storage_config(run->storage);
    shown->home = ms_config_home(config);
    shown->config_path = ms_config_path(config);
    if (!what->init)
        return show(run, shown, err);
    ms_status status = ms_config_write_template(ms_config_file_place(config), err);
    if (status == MS_OK)
        shown->written_path = ms_config_file_place(config);
    return status;
}

static void write_config(ms_result *json, const void *result)
{
    ms_result_config(json, (const ms_config_result *)result);
}

const ms_command ms_command_config = {.name = "config",
        .options_size = sizeof(ms_config_options),
        .result_size = sizeof(ms_config_result),
        .run = run_config,
        .write_result = write_config};
