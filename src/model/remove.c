/* The remove command: a version's bytes are no longer wanted here. Its record stays, its blocks go with the next prune. */
#include <string.h>

#include "model/opened_model_priv.h"


typedef struct removing {
    ms_run *run;
    ms_prune_result *result;
    ms_store *store;
    ms_registry *registry;
    const ms_opened_model *model;
    uint32_t version; /* 0 = all */
    bool is_needed;   /* another record that stays has the manifest being looked at */
} removing;

static bool is_chosen(const removing *remove, const ms_record *record)
{
    return ms_address_equal(&record->publisher, &remove->model->record.publisher) &&
           strcmp(record->model_id, remove->model->record.model_id) == 0 &&
           (remove->version == 0 || record->version == remove->version);
}

static ms_status on_sharer(void *payload, const ms_record *record, ms_error *err)
{
    (void)err;
    removing *remove = (removing *)payload;
    remove->is_needed = remove->is_needed || !is_chosen(remove, record);
    return MS_OK;
}

/* Roots are kept by manifest: one that a version which stays has too is not given up. */
static ms_status on_version(void *payload, const ms_record *record, ms_error *err)
{
    removing *remove = (removing *)payload;
    bool is_local = false;
    if (!is_chosen(remove, record))
        return MS_OK;
    const ms_cid manifest = ms_manifest_cid(record->manifest);
    ms_status status = ms_model_is_local(remove->run, &manifest, &is_local, err);
    if (status != MS_OK || !is_local)
        return status;
    remove->is_needed = false;
    status = ms_registry_find(remove->registry, record->manifest, on_sharer, remove, err);
    if (status == MS_OK && remove->is_needed)
        ms_task_notice(remove->run->task, true, "%s@%lu is kept: another version has the same manifest", record->model_id,
                (unsigned long)record->version);
    else if (status == MS_OK)
        status = ms_store_unpin(remove->store, &manifest, err);
    if (status == MS_OK && !remove->is_needed)
        remove->result->removed_models++;
    return status;
}

static ms_status remove_recorded(removing *remove, ms_error *err)
{
    const ms_record *record = &remove->model->record;
    ms_status status = ms_registry_history(remove->registry, &record->publisher, record->model_id, on_version, remove, err);
    if (status == MS_OK && remove->result->removed_models == 0 && !remove->is_needed) {
        (void)ms_fail(err, MS_NOT_FOUND, "not_here", "no bytes of %s are in this store", record->model_id);
        return MS_NOT_FOUND;
    }
    return status;
}

static ms_status run_remove(ms_run *run, const void *options, void *result, ms_error *err)
{
    const ms_remove_options *what = (const ms_remove_options *)options;
    ms_opened_model model;
    removing remove = {.run = run, .result = (ms_prune_result *)result, .model = &model};
    ms_status status = ms_storage_store(run->storage, &remove.store, err);
    if (status == MS_OK)
        status = ms_storage_registry(run->storage, &remove.registry, err);
    if (status == MS_OK)
        status = ms_model_resolve(run, what->ref, MS_MODEL_FOR_CARE, &model, err);
    if (status == MS_OK && !model.has_record)
        return ms_fail(err, MS_USAGE, "name_needed", "remove needs the name of a model that is on record here");
    if (status != MS_OK)
        return status;
    remove.version = model.has_version ? model.record.version : 0;
    return remove_recorded(&remove, err);
}

static void write_remove(ms_result *json, const void *result)
{
    ms_result_prune(json, (const ms_prune_result *)result);
}

const ms_command ms_command_remove = {.name = "remove",
        .options_size = sizeof(ms_remove_options),
        .result_size = sizeof(ms_prune_result),
        .run = run_remove,
        .write_result = write_remove};
