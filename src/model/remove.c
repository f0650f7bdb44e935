/* The remove command: a version's bytes are no longer wanted here. Its record stays, its blocks go
 * with the next prune. */
#include <string.h>

#include "model/opened_model_priv.h"
#include "model/reserve_priv.h"
#include "names/ref.h"

typedef struct removing {
    ms_run *run;
    ms_prune_result *result;
    ms_store *store;
    ms_registry *registry;
    const ms_opened_model *model;
    uint32_t version; /* 0 = all */
    bool is_needed;   /* another record that stays has the manifest being looked at */
    bool is_kept;     /* that was so for one of the versions */
} removing;

static bool is_chosen(const removing *remove, const ms_record *record)
{
    return ms_address_equal(&record->publisher, &remove->model->record.publisher) &&
           strcmp(record->model_id, remove->model->record.model_id) == 0 &&
           (remove->version == 0 || record->version == remove->version);
}

static ms_status on_sharer(void *payload, const ms_record *record, ms_error *err)
{
    removing *remove = (removing *)payload;
    (void)err;
    if (is_chosen(remove, record) || remove->is_needed)
        return MS_OK;
    char manifest[MS_CID_TEXT_SIZE];
    const ms_cid cid = ms_manifest_cid(record->manifest);
    ms_cid_format(&cid, manifest);
    ms_task_notice(remove->run->task, true,
            "the blocks stay: %s@%lu has the same manifest (remove %s gives up both)",
            record->model_id, (unsigned long)record->version, manifest);
    remove->is_needed = true;
    remove->is_kept = true;
    return MS_OK;
}

static ms_status give_up(removing *remove, const ms_cid *manifest, ms_error *err)
{
    ms_status status = ms_store_unpin(remove->store, manifest, err);
    if (status == MS_OK)
        remove->result->removed_models++;
    return status;
}

/* Roots are kept by manifest: one that a version which stays has too is not given up. Two chosen
 * versions with one manifest are one root: the second is not here any more when its turn comes. */
static ms_status on_version(void *payload, const ms_record *record, ms_error *err)
{
    removing *remove = (removing *)payload;
    bool is_removed = false;
    if (!is_chosen(remove, record))
        return MS_OK;
    const ms_cid manifest = ms_manifest_cid(record->manifest);
    ms_status status = ms_model_is_removed(remove->run, &manifest, &is_removed, err);
    if (status != MS_OK || is_removed)
        return status;
    remove->is_needed = false;
    status = ms_registry_find(remove->registry, record->manifest, on_sharer, remove, err);
    return status == MS_OK && !remove->is_needed ? give_up(remove, &manifest, err) : status;
}

/* A manifest CID means the manifest itself, whichever records share it: the way to give up what
 * several names hold. */
static ms_status remove_manifest(removing *remove, ms_error *err)
{
    bool is_removed = true;
    ms_status status = MS_OK;
    if (remove->model->has_record)
        status = ms_model_is_removed(remove->run, &remove->model->manifest, &is_removed, err);
    return status == MS_OK && !is_removed ? give_up(remove, &remove->model->manifest, err) : status;
}

static ms_status remove_versions(removing *remove, ms_error *err)
{
    const ms_record *record = &remove->model->record;
    remove->version = remove->model->has_version ? record->version : 0;
    return ms_registry_history(
            remove->registry, &record->publisher, record->model_id, on_version, remove, err);
}

/* Nobody puts a manifest on record between the look at the records and its being given up. */
static ms_status remove_locked(removing *remove, bool is_manifest, ms_error *err)
{
    int lock = -1;
    ms_status status = ms_storage_lock(remove->run->storage, MS_STORAGE_LOCK_ROOTS, MS_LOCK_EXCLUSIVE, -1, remove->run->task, &lock, err);
    if (status == MS_OK)
        status = is_manifest ? remove_manifest(remove, err) : remove_versions(remove, err);
    ms_lock_release(lock);
    return status;
}

/* What was removed before the space ended is not here any more in the second try, which goes on with the rest. */
static ms_status remove_with_reserve(removing *remove, bool is_manifest, ms_error *err)
{
    ms_error why = MS_ERROR_INIT;
    ms_status status = remove_locked(remove, is_manifest, &why);
    if (ms_reserve_helps(remove->run->storage, status, &why))
        return remove_locked(remove, is_manifest, err);
    if (status != MS_OK)
        ms_error_copy(err, &why);
    return status;
}

static ms_status run_remove(ms_run *run, const void *options, void *result, ms_error *err)
{
    const ms_remove_options *what = (const ms_remove_options *)options;
    ms_opened_model model;
    ms_ref ref;
    removing remove = {.run = run, .result = (ms_prune_result *)result, .model = &model};
    ms_status status = ms_storage_store(run->storage, &remove.store, err);
    if (status == MS_OK)
        status = ms_storage_registry(run->storage, &remove.registry, err);
    if (status == MS_OK)
        status = ms_model_resolve(run, what->ref, MS_MODEL_FOR_CARE, &model, err);
    if (status == MS_OK)
        status = ms_ref_parse(&ref, what->ref, err);
    if (status == MS_OK)
        status = remove_with_reserve(&remove, ref.kind == MS_REF_CID, err);
    if (status == MS_OK && remove.result->removed_models == 0 && !remove.is_kept)
        return ms_fail(err, MS_NOT_FOUND, "not_here", "no model %s is in this store", what->ref);
    return status;
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
