/* The activate and deactivate commands. */
#include <string.h>

#include "model/keyring_priv.h"
#include "model/opened_model_priv.h"

typedef struct changing {
    ms_run *run;
    ms_lifecycle_result *result;
    uint32_t version; /* 0 = all */
} changing;

static ms_status on_version(void *payload, const ms_record *record, ms_error *err)
{
    changing *change = (changing *)payload;
    ms_lifecycle_result *result = change->result;
    if (change->version != 0 && record->version != change->version)
        return MS_OK;
    ms_version_status *versions = ms_arena_grow(
            &change->run->arena, result->versions, result->version_count, sizeof(*versions));
    if (versions == NULL)
        return ms_fail_memory(err, sizeof(*versions));
    result->versions = versions;
    versions[result->version_count++] = (ms_version_status){
            .version = record->version, .status = ms_record_status_word(record->status)};
    return MS_OK;
}

/* The key that speaks for a publisher: with several keys only the one that publishes signs. */
static ms_status check_signer(const ms_signer *signer, const ms_record *record, ms_error *err)
{
    if (ms_address_equal(&signer->address, &record->publisher))
        return MS_OK;
    char address[MS_ADDRESS_TEXT_SIZE];
    ms_address_format(address, &record->publisher);
    (void)ms_fail(err, MS_KEY, "publisher_other_key",
            "%s was published by %s, which is not the default key", record->model_id, address);
    ms_error_set_hint(err, "make it the default: model-storage key default %s", address);
    return MS_KEY;
}

static ms_status fail_revoked(const ms_record *record, ms_error *err)
{
    const bool is_whole = record->model_status == MS_RECORD_REVOKED;
    (void)ms_fail(err, MS_INTEGRITY, "revoked", "%s%s was revoked for good%s%s",
            is_whole ? "" : "this version of ", record->model_id,
            record->reason[0] == '\0' ? "" : ": ", record->reason);
    ms_error_set_hint(err, "store what shall be used as a new version%s",
            is_whole ? " of another model id" : "");
    return MS_INTEGRITY;
}

/* The registry keeps the status of a version apart from that of its model; for people the stricter
 * is the one that stands. */
static bool is_revoked(const ms_record *record, const ms_status_change *change)
{
    if (change->status == MS_RECORD_REVOKED)
        return false;
    return record->model_status == MS_RECORD_REVOKED ||
           (change->version != 0 && record->version_status == MS_RECORD_REVOKED);
}

static ms_status change_status(ms_run *run, const ms_record *record, const ms_status_change *change,
        bool *changed, ms_error *err)
{
    ms_registry *registry = NULL;
    const ms_signer *signer = NULL;
    if (is_revoked(record, change))
        return fail_revoked(record, err);
    ms_status status = ms_storage_registry(run->storage, &registry, err);
    if (status == MS_OK)
        status = ms_keyring_signer(ms_storage_keyring(run->storage), run->task, &signer, err);
    if (status == MS_OK)
        status = check_signer(signer, record, err);
    return status == MS_OK ? ms_registry_set_status(registry, signer, change, changed, err)
                           : status;
}

static ms_status list_statuses(ms_run *run, const ms_record *record, uint32_t version,
        ms_lifecycle_result *result, ms_error *err)
{
    ms_registry *registry = NULL;
    changing list = {.run = run, .result = result, .version = version};
    ms_status status = ms_storage_registry(run->storage, &registry, err);
    return status == MS_OK ? ms_registry_history(registry, &record->publisher, record->model_id,
                                     on_version, &list, err)
                           : status;
}

/* A model that is active as a whole offers those of its versions that are active themselves. */
static void tell_if_unusable(const ms_run *run, const ms_lifecycle_result *result)
{
    uint32_t inactive = 0; /* the newest that could be activated */
    for (size_t i = 0; i < result->version_count; i++) {
        const ms_version_status *version = &result->versions[i];
        if (strcmp(version->status, ms_record_status_word(MS_RECORD_ACTIVE)) == 0)
            return;
        if (inactive == 0 && strcmp(version->status, ms_record_status_word(MS_RECORD_INACTIVE)) == 0)
            inactive = version->version;
    }
    if (inactive != 0)
        ms_task_notice(run->task, true,
                "%s has no active version, so its name finds nothing (activate %s@%lu)",
                result->model_id, result->model_id, (unsigned long)inactive);
    else
        ms_task_notice(run->task, true,
                "%s has no version that is not revoked: its name finds nothing until one is stored",
                result->model_id);
}

static ms_status set_status(ms_run *run, const ms_lifecycle_options *options,
        ms_record_status wanted, ms_lifecycle_result *result, ms_error *err)
{
    ms_opened_model model;
    bool changed = false;
    const ms_record *record = &model.record;
    ms_status status = ms_model_resolve(run, options->ref, MS_MODEL_FOR_WRITE, &model, err);
    if (status == MS_OK)
        status = ms_run_text(run, &result->model_id, record->model_id, err);
    if (status != MS_OK)
        return status;
    const ms_status_change change = {.model_id = record->model_id,
            .version = model.has_version ? record->version : 0,
            .status = wanted,
            .reason = options->reason == NULL ? "" : options->reason};
    status = change_status(run, record, &change, &changed, err);
    if (status == MS_OK)
        status = list_statuses(run, record, change.version, result, err);
    if (status == MS_OK && !changed)
        ms_task_notice(
                run->task, false, "%s was %s already", options->ref, ms_record_status_word(wanted));
    if (status == MS_OK && wanted == MS_RECORD_ACTIVE &&
            record->model_status == MS_RECORD_INACTIVE && change.version != 0)
        ms_task_notice(run->task, true,
                "%s stays inactive: so is the model as a whole (activate %s)", options->ref,
                record->model_id);
    if (status == MS_OK && wanted == MS_RECORD_ACTIVE && change.version == 0)
        tell_if_unusable(run, result);
    return status;
}

static ms_status run_activate(ms_run *run, const void *options, void *result, ms_error *err)
{
    const ms_lifecycle_options *what = (const ms_lifecycle_options *)options;
    if (what->revoke)
        return ms_fail(err, MS_USAGE, "activate_revoke", "to activate and to revoke are opposites");
    return set_status(run, what, MS_RECORD_ACTIVE, (ms_lifecycle_result *)result, err);
}

static ms_status run_deactivate(ms_run *run, const void *options, void *result, ms_error *err)
{
    const ms_lifecycle_options *what = (const ms_lifecycle_options *)options;
    return set_status(run, what, what->revoke ? MS_RECORD_REVOKED : MS_RECORD_INACTIVE,
            (ms_lifecycle_result *)result, err);
}

static void write_lifecycle(ms_result *json, const void *result)
{
    ms_result_lifecycle(json, (const ms_lifecycle_result *)result);
}

const ms_command ms_command_activate = {.name = "activate",
        .options_size = sizeof(ms_lifecycle_options),
        .result_size = sizeof(ms_lifecycle_result),
        .run = run_activate,
        .write_result = write_lifecycle};

const ms_command ms_command_deactivate = {.name = "deactivate",
        .options_size = sizeof(ms_lifecycle_options),
        .result_size = sizeof(ms_lifecycle_result),
        .run = run_deactivate,
        .write_result = write_lifecycle};
