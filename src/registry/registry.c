/* The front of every registry: arguments are checked before a backend sees them, and what a backend
 * says is checked before a caller sees it. */
#include "registry/registry.h"

#include <string.h>

#include "base/alloc.h"
#include "codec/text.h"
#include "crypto/sha256.h"
#include "manifest/manifest_head.h"

struct ms_registry {
    const ms_registry_backend *backend;
    void *self;
};

ms_status ms_registry_new(
        ms_registry **registry, const ms_registry_backend *backend, void *self, ms_error *err)
{
    *registry = ms_calloc(1, sizeof(**registry));
    if (*registry == NULL)
        return ms_fail_memory(err, sizeof(**registry));
    (*registry)->backend = backend;
    (*registry)->self = self;
    return MS_OK;
}

void ms_registry_close(ms_registry *registry)
{
    if (registry == NULL)
        return;
    registry->backend->close(registry->self);
    ms_free(registry);
}

const char *ms_registry_kind(const ms_registry *registry)
{
    return registry->backend->kind;
}

/* ---- arguments ---- */

static ms_status check_id(const char *model_id, ms_error *err)
{
    return ms_model_id_check(model_id, model_id == NULL ? 0 : strlen(model_id), err);
}

static ms_status check_publication(const ms_publication *publication, ms_error *err)
{
    uint8_t digest[MS_SHA256_SIZE];
    ms_manifest_head head;
    ms_cid info;
    ms_status status = check_id(publication->model_id, err);

    if (status == MS_OK && publication->version == 0)
        status = ms_fail(err, MS_USAGE, "version_number", "Versions begin at 1");
    if (status == MS_OK && publication->info.size > MS_INFO_SIZE_MAX)
        status = ms_fail(err, MS_LIMIT, "info_size_max",
                "The info block has %zu bytes, more than %zu", publication->info.size,
                MS_INFO_SIZE_MAX);
    if (status == MS_OK)
        status = ms_manifest_head_decode(&head, publication->head, err);
    if (status != MS_OK)
        return status;
    ms_sha256(digest, publication->info.data, publication->info.size);
    info = ms_cid_sha256(MS_CODEC_DAG_CBOR, digest);
    if (!ms_cid_equal(&info, &head.info))
        return ms_fail(err, MS_USAGE, "info_foreign",
                "The info block is not the one that the manifest head links to");
    return MS_OK;
}

static ms_status check_change(const ms_status_change *change, ms_error *err)
{
    size_t size = change->reason == NULL ? 0 : strlen(change->reason);
    ms_status status = check_id(change->model_id, err);

    if (status != MS_OK)
        return status;
    if ((unsigned)change->status > MS_RECORD_REVOKED)
        return ms_fail(
                err, MS_USAGE, "status_unknown", "There is no status %u", (unsigned)change->status);
    if (size > MS_REASON_SIZE_MAX)
        return ms_fail(err, MS_USAGE, "reason_long",
                "A reason has at most %d bytes, this one has %zu", MS_REASON_SIZE_MAX, size);
    if (!ms_utf8_is_valid(change->reason, size, NULL))
        return ms_fail(err, MS_USAGE, "reason_utf8", "The reason is not UTF-8");
    return MS_OK;
}

/* ---- answers ---- */

static ms_status bad_answer(ms_error *err, const char *what)
{
    return ms_fail(err, MS_INTEGRITY, "registry_answer", "The registry answered with %s", what);
}

static ms_status check_record(const ms_record *record, ms_error *err)
{
    uint8_t digest[MS_SHA256_SIZE];

    if (record->version == 0 || record->newest < record->version)
        return bad_answer(err, "a version that cannot be");
    if (ms_model_id_check(record->model_id, strlen(record->model_id), NULL) != MS_OK)
        return bad_answer(err, "a model id that breaks the rules");
    if (record->head.size == 0)
        return MS_OK;
    ms_sha256(digest, record->head.data, record->head.size);
    if (memcmp(digest, record->manifest, sizeof(digest)) != 0)
        return bad_answer(err, "a manifest head that does not hash to its digest");
    return MS_OK;
}

static ms_status check_asked(const ms_record *record, const ms_address *publisher,
        const char *model_id, uint32_t version, ms_error *err)
{
    ms_status status = check_record(record, err);

    if (status == MS_OK && !ms_address_equal(&record->publisher, publisher))
        status = bad_answer(err, "another publisher than was asked for");
    if (status == MS_OK && strcmp(record->model_id, model_id) != 0)
        status = bad_answer(err, "another model than was asked for");
    if (status == MS_OK && record->version != (version == 0 ? record->newest : version))
        status = bad_answer(err, "another version than was asked for");
    return status;
}

/* Passes records on after checking them; what is NULL was not asked for. */
typedef struct record_filter {
    const uint8_t *manifest;
    const ms_address *publisher;
    const char *model_id;
    ms_record_fn next;
    void *payload;
} record_filter;

static ms_status filter_record(void *payload, const ms_record *record, ms_error *err)
{
    const record_filter *filter = payload;
    ms_status status = check_record(record, err);

    if (status == MS_OK && filter->manifest != NULL &&
            memcmp(record->manifest, filter->manifest, sizeof(record->manifest)) != 0)
        status = bad_answer(err, "another manifest than was asked for");
    if (status == MS_OK && filter->publisher != NULL &&
            !ms_address_equal(&record->publisher, filter->publisher))
        status = bad_answer(err, "another publisher than was asked for");
    if (status == MS_OK && filter->model_id != NULL &&
            strcmp(record->model_id, filter->model_id) != 0)
        status = bad_answer(err, "another model than was asked for");
    return status == MS_OK ? filter->next(filter->payload, record, err) : status;
}

/* ---- the table ---- */

ms_status ms_registry_publish(ms_registry *registry, const ms_signer *signer,
        const ms_publication *publication, ms_arena *arena, ms_record *record, ms_error *err)
{
    uint8_t digest[MS_SHA256_SIZE];
    ms_status status;

    memset(record, 0, sizeof(*record));
    status = check_publication(publication, err);
    if (status == MS_OK)
        status =
                registry->backend->publish(registry->self, signer, publication, arena, record, err);
    if (status == MS_OK)
        status = check_asked(
                record, &signer->address, publication->model_id, publication->version, err);
    if (status == MS_OK) {
        ms_sha256(digest, publication->head.data, publication->head.size);
        if (memcmp(record->manifest, digest, sizeof(digest)) != 0)
            status = bad_answer(err, "another manifest than was published");
    }
    if (status != MS_OK)
        memset(record, 0, sizeof(*record));
    return status;
}

ms_status ms_registry_resolve(ms_registry *registry, const ms_address *publisher,
        const char *model_id, uint32_t version, ms_arena *arena, ms_record *record, ms_error *err)
{
    ms_status status;

    memset(record, 0, sizeof(*record));
    status = check_id(model_id, err);
    if (status == MS_OK)
        status = registry->backend->resolve(
                registry->self, publisher, model_id, version, arena, record, err);
    if (status == MS_OK)
        status = check_asked(record, publisher, model_id, version, err);
    if (status != MS_OK)
        memset(record, 0, sizeof(*record));
    return status;
}

ms_status ms_registry_find(ms_registry *registry, const uint8_t manifest[32], ms_record_fn found,
        void *payload, ms_error *err)
{
    record_filter filter = {.manifest = manifest, .next = found, .payload = payload};

    return registry->backend->find(registry->self, manifest, filter_record, &filter, err);
}

ms_status ms_registry_find_id(ms_registry *registry, const char *model_id, ms_record_fn found,
        void *payload, ms_error *err)
{
    record_filter filter = {.model_id = model_id, .next = found, .payload = payload};
    ms_status status = check_id(model_id, err);

    if (status != MS_OK)
        return status;
    return registry->backend->find_id(registry->self, model_id, filter_record, &filter, err);
}

ms_status ms_registry_list(ms_registry *registry, const ms_record_page *page, ms_record_fn listed,
        void *payload, ms_arena *arena, const char **next, ms_error *err)
{
    record_filter filter = {.publisher = page->publisher, .next = listed, .payload = payload};
    ms_status status;

    *next = NULL;
    if (page->limit == 0)
        return ms_fail(err, MS_USAGE, "page_limit", "A page has at least one record");
    status =
            registry->backend->list(registry->self, page, filter_record, &filter, arena, next, err);
    if (status != MS_OK)
        *next = NULL;
    return status;
}

ms_status ms_registry_history(ms_registry *registry, const ms_address *publisher,
        const char *model_id, ms_record_fn listed, void *payload, ms_error *err)
{
    record_filter filter = {
            .publisher = publisher, .model_id = model_id, .next = listed, .payload = payload};
    ms_status status = check_id(model_id, err);

    if (status != MS_OK)
        return status;
    return registry->backend->history(
            registry->self, publisher, model_id, filter_record, &filter, err);
}

ms_status ms_registry_set_status(ms_registry *registry, const ms_signer *signer,
        const ms_status_change *change, bool *changed, ms_error *err)
{
    ms_status_change filled = *change;
    ms_status status = check_change(change, err);

    *changed = false;
    if (status != MS_OK)
        return status;
    if (filled.reason == NULL)
        filled.reason = "";
    status = registry->backend->set_status(registry->self, signer, &filled, changed, err);
    if (status != MS_OK)
        *changed = false;
    return status;
}

ms_status ms_registry_check(ms_registry *registry, ms_task *task, uint64_t *entries,
        ms_registry_fault_fn fault, void *payload, ms_error *err)
{
    *entries = 0;
    return registry->backend->check(registry->self, task, entries, fault, payload, err);
}
