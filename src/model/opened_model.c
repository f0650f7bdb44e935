#include "model/opened_model_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "crypto/sha256.h"
#include "model/keyring_priv.h"
#include "names/resolve.h"

#define VERIFIED_BY_LEDGER "ledger"
#define VERIFIED_BY_CID "cid"

ms_cid ms_manifest_cid(const uint8_t digest[32])
{
    return ms_cid_sha256(MS_CODEC_DAG_CBOR, digest);
}

/* Addresses of storage.trustedPublishers; those that name a chain speak of records on it and not of
 * ledgers. */
static ms_status trusted_addresses(ms_run *run, ms_address **trusted, size_t *count, ms_error *err)
{
    const ms_config *config = ms_storage_config(run->storage);
    const size_t listed = ms_config_list_count(config, "storage.trustedPublishers");
    *count = 0;
    *trusted = ms_arena_calloc(&run->arena, listed + 1, sizeof(**trusted));
    if (*trusted == NULL)
        return ms_fail_memory(err, listed * sizeof(**trusted));
    for (size_t i = 0; i < listed; i++) {
        const char *text = ms_config_list_text(config, "storage.trustedPublishers", i);
        if (strncmp(text, "0x", 2) != 0)
            continue;
        ms_status status = ms_address_parse(&(*trusted)[*count], text, strlen(text), err);
        if (status != MS_OK)
            return status;
        (*count)++;
    }
    return MS_OK;
}

static void tell(
        ms_run *run, const ms_resolved_name *resolved, const ms_ref *ref, ms_model_purpose purpose)
{
    const ms_record *record = &resolved->record;
    const char *comma = record->reason[0] == '\0' ? "" : ": ";
    if (resolved->passed_over != 0)
        ms_task_notice(run->task, false, "version %lu of %s is %s; taking version %lu",
                (unsigned long)resolved->passed_over, record->model_id,
                ms_record_status_word(resolved->passed_over_status),
                (unsigned long)record->version);
    if (purpose == MS_MODEL_FOR_WRITE || record->status == MS_RECORD_ACTIVE)
        return;
    if (record->status == MS_RECORD_REVOKED || ref->version != 0 || purpose == MS_MODEL_FOR_CARE)
        ms_task_notice(run->task, true, "version %lu of %s is %s%s%s",
                (unsigned long)record->version, record->model_id,
                ms_record_status_word(record->status), comma, record->reason);
}

static ms_status fail_revoked(const ms_record *record, ms_error *err)
{
    (void)ms_fail(err, MS_INTEGRITY, "revoked",
            "version %lu of %s was revoked by its publisher%s%s", (unsigned long)record->version,
            record->model_id, record->reason[0] == '\0' ? "" : ": ", record->reason);
    ms_error_set_hint(
            err, "use another version: 'model-storage info %s' lists them", record->model_id);
    return MS_INTEGRITY;
}

static ms_status resolve_name(ms_run *run, const ms_ref *ref, ms_model_purpose purpose,
        ms_opened_model *model, ms_error *err)
{
    static const ms_name_purpose purposes[] = {[MS_MODEL_FOR_USE] = MS_NAME_FOR_USE,
            [MS_MODEL_FOR_CARE] = MS_NAME_FOR_CARE,
            [MS_MODEL_FOR_WRITE] = MS_NAME_FOR_WRITE};
    ms_registry *registry = NULL;
    ms_address *own = NULL;
    ms_address *trusted = NULL;
    ms_name_scope scope = {0};
    ms_resolved_name resolved;
    ms_status status = ms_storage_registry(run->storage, &registry, err);
    if (status == MS_OK)
        status =
                ms_keyring_addresses(ms_storage_keyring(run->storage), &own, &scope.own_count, err);
    if (status == MS_OK)
        status = trusted_addresses(run, &trusted, &scope.trusted_count, err);
    scope.own = own;
    scope.trusted = trusted;
    if (status == MS_OK)
        status = ms_name_resolve(
                registry, &scope, ref, purposes[purpose], &run->arena, &resolved, err);
    ms_free(own);
    if (status != MS_OK)
        return status;
    tell(run, &resolved, ref, purpose);
    model->record = resolved.record;
    model->has_record = true;
    model->has_version = ref->version != 0;
    model->manifest = ms_manifest_cid(resolved.record.manifest);
    model->verified_by = VERIFIED_BY_LEDGER;
    return MS_OK;
}

typedef struct records_of_cid {
    ms_run *run;
    ms_opened_model *model;
} records_of_cid;

/* Several records may name one manifest; the strictest status of them counts, and the first of
 * those is told. */
static ms_status on_record(void *payload, const ms_record *record, ms_error *err)
{
    records_of_cid *found = (records_of_cid *)payload;
    ms_opened_model *model = found->model;
    if (model->has_record && record->status <= model->record.status)
        return MS_OK;
    model->record = *record;
    model->has_record = true;
    ms_arena *arena = &found->run->arena;
    model->record.model_id = ms_arena_strdup(arena, record->model_id);
    model->record.reason = ms_arena_strdup(arena, record->reason);
    uint8_t *head = ms_arena_alloc(arena, record->head.size);
    uint8_t *info = ms_arena_alloc(arena, record->info.size);
    if (model->record.model_id == NULL || model->record.reason == NULL || head == NULL ||
            info == NULL)
        return ms_fail_memory(err, record->info.size);
    if (record->head.size > 0)
        memcpy(head, record->head.data, record->head.size);
    if (record->info.size > 0)
        memcpy(info, record->info.data, record->info.size);
    model->record.head = ms_span_of(head, record->head.size);
    model->record.info = ms_span_of(info, record->info.size);
    return MS_OK;
}

static ms_status resolve_cid(ms_run *run, const ms_ref *ref, ms_model_purpose purpose,
        ms_opened_model *model, ms_error *err)
{
    if (purpose == MS_MODEL_FOR_WRITE)
        return ms_fail(err, MS_USAGE, "name_needed",
                "this needs the name of a model; a CID has no status of its own");
    if (ref->cid.version != 1 || ref->cid.hash != MS_HASH_SHA2_256)
        return ms_fail(err, MS_USAGE, "cid_form",
                "only CIDs of version 1 with SHA-256 can be in this store");
    model->verified_by = VERIFIED_BY_CID;
    if (ref->cid.codec != MS_CODEC_DAG_CBOR) {
        model->head.root = ref->cid;
        return MS_OK;
    }
    ms_registry *registry = NULL;
    records_of_cid found = {.run = run, .model = model};
    model->manifest = ref->cid;
    ms_status status = ms_storage_registry(run->storage, &registry, err);
    if (status == MS_OK)
        status = ms_registry_find(registry, ref->cid.digest, on_record, &found, err);
    if (status == MS_OK && model->has_record) {
        const ms_resolved_name resolved = {.record = model->record};
        tell(run, &resolved, ref, purpose == MS_MODEL_FOR_USE ? MS_MODEL_FOR_CARE : purpose);
        model->verified_by = VERIFIED_BY_LEDGER;
        model->has_version = true;
    }
    return status;
}

ms_status ms_model_resolve(ms_run *run, const char *text, ms_model_purpose purpose,
        ms_opened_model *model, ms_error *err)
{
    ms_ref ref;
    *model = (ms_opened_model){0};
    if (text == NULL)
        return ms_fail(err, MS_USAGE, "ref_empty", "the name of a model is missing");
    ms_status status = ms_ref_parse(&ref, text, err);
    if (status == MS_OK)
        status = ref.kind == MS_REF_CID ? resolve_cid(run, &ref, purpose, model, err)
                                        : resolve_name(run, &ref, purpose, model, err);
    if (status == MS_OK && purpose == MS_MODEL_FOR_USE && model->has_record &&
            model->record.status == MS_RECORD_REVOKED)
        status = fail_revoked(&model->record, err);
    return status;
}

/* A block of the manifest: as the record keeps it, else from the store. */
static ms_status read_block(ms_run *run, const ms_cid *cid, ms_span kept, size_t size_max,
        ms_span *block, ms_error *err)
{
    if (kept.size > 0) {
        uint8_t digest[MS_SHA256_SIZE];
        ms_sha256(digest, kept.data, kept.size);
        *block = kept;
        if (memcmp(digest, cid->digest, sizeof(digest)) != 0)
            return ms_fail(err, MS_INTEGRITY, "manifest_damaged",
                    "the record holds a manifest block that is not the one it names");
        return MS_OK;
    }
    ms_store *store = NULL;
    ms_buffer read;
    ms_buffer_init(&read, size_max);
    ms_status status = ms_storage_store(run->storage, &store, err);
    if (status == MS_OK)
        status = ms_store_get(store, cid, &read, err);
    uint8_t *copy = status == MS_OK ? ms_arena_alloc(&run->arena, read.size) : NULL;
    if (status == MS_OK && copy == NULL)
        status = ms_fail_memory(err, read.size);
    if (status == MS_OK) {
        memcpy(copy, read.data, read.size);
        *block = ms_span_of(copy, read.size);
    }
    ms_buffer_release(&read);
    return status;
}

/* Fill head and info of a record or manifest CID. */
static ms_status read_manifest(ms_run *run, ms_opened_model *model, ms_error *err)
{
    if (model->manifest.version == 0)
        return MS_OK;
    const ms_span no_span = {0};
    ms_status status =
            read_block(run, &model->manifest, model->has_record ? model->record.head : no_span,
                    MS_MANIFEST_HEAD_SIZE_MAX, &model->head_block, err);
    if (status == MS_OK)
        status = ms_manifest_head_decode(&model->head, model->head_block, err);
    if (status == MS_OK)
        status =
                read_block(run, &model->head.info, model->has_record ? model->record.info : no_span,
                        MS_MANIFEST_INFO_SIZE_MAX, &model->info_block, err);
    if (status == MS_OK)
        status = ms_manifest_info_decode(&model->info, model->info_block, err);
    return status;
}

ms_status ms_model_open(ms_run *run, const char *ref, ms_model_purpose purpose,
        ms_opened_model *model, ms_error *err)
{
    ms_status status = ms_model_resolve(run, ref, purpose, model, err);
    return status == MS_OK ? read_manifest(run, model, err) : status;
}

ms_status ms_model_is_removed(ms_run *run, const ms_cid *manifest, bool *is_removed, ms_error *err)
{
    ms_state *state = NULL;
    *is_removed = false;
    ms_status status = ms_storage_state(run->storage, &state, err);
    return status == MS_OK ? ms_state_root_is_unpinned(state, manifest, is_removed, err) : status;
}

ms_status ms_model_is_local(ms_run *run, const ms_cid *manifest, bool *is_local, ms_error *err)
{
    ms_store *store = NULL;
    bool is_removed = false;
    *is_local = false;
    ms_status status = ms_storage_store(run->storage, &store, err);
    if (status == MS_OK)
        status = ms_model_is_removed(run, manifest, &is_removed, err);
    if (status == MS_OK && !is_removed)
        status = ms_store_has_many(store, manifest, NULL, 1, is_local, err);
    return status;
}

static ms_status fail_not_here(const ms_opened_model *model, ms_error *err)
{
    char name[MS_CID_TEXT_SIZE];
    const char *id = model->has_record ? model->record.model_id : NULL;
    ms_cid_format(model->manifest.version != 0 ? &model->manifest : &model->head.root, name);
    (void)ms_fail(err, MS_NOT_FOUND, "not_here", "the blocks of %s are not in this store", id != NULL ? id : name);
    ms_error_set_hint(err, "store it again from a copy: model-storage store PATH %s", id != NULL ? id : "MODEL_ID");
    return MS_NOT_FOUND;
}

ms_status ms_model_require_kept(ms_run *run, const ms_opened_model *model, const ms_cid *first, ms_error *err)
{
    ms_store *store = NULL;
    bool is_removed = true;
    bool is_present = false;
    ms_status status = ms_storage_store(run->storage, &store, err);
    if (status == MS_OK)
        status = ms_store_has_many(store, first, NULL, 1, &is_present, err);
    if (status == MS_OK && !is_present && model->has_record)
        status = ms_model_is_removed(run, &model->manifest, &is_removed, err);
    return status == MS_OK && !is_present && is_removed ? fail_not_here(model, err) : status;
}

ms_status ms_model_explain_missing(
        ms_run *run, const ms_opened_model *model, ms_status status, ms_error *err)
{
    const ms_cid *root = model->manifest.version != 0 ? &model->manifest : &model->head.root;
    ms_error found = MS_ERROR_INIT;
    char name[MS_CID_TEXT_SIZE];
    bool is_local = false;
    if (status != MS_NOT_FOUND || err == NULL || strcmp(err->reason, "block_missing") != 0 ||
            root->version == 0)
        return status;
    ms_error_copy(&found, err);
    if (ms_model_is_local(run, root, &is_local, NULL) != MS_OK)
        return status;
    ms_cid_format(root, name);
    const char *shown = model->has_record ? model->record.model_id : name;
    if (!is_local)
        return fail_not_here(model, err);
    (void)ms_fail(
            err, MS_INTEGRITY, "block_missing", "a block of %s is missing: %s", shown, found.cid);
    ms_error_set_cid(err, found.cid);
    ms_error_set_hint(err, "put it back from a copy: model-storage repair %s --from PATH", shown);
    return MS_INTEGRITY;
}
