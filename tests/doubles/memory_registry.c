/* Publications and statuses are kept in the order they came, and every question walks all of them.
 * What is answered is copied under the lock and told without it. */
#include "doubles/memory_registry.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/sha256.h"
#include "eth/statement.h"

#define KIND "memory"

typedef struct status_entry {
    ms_record_status status;
    char reason[MS_REASON_SIZE_MAX + 1];
    int64_t time;
    uint64_t order; /* 0 = active from the start */
} status_entry;

typedef struct version_entry {
    uint32_t version;
    uint8_t manifest[32];
    int64_t time;
    uint64_t order;
    uint8_t *head;
    size_t head_size;
    uint8_t *info;
    size_t info_size;
    status_entry status;
} version_entry;

typedef struct model_entry {
    ms_address publisher;
    char id[MS_MODEL_ID_SIZE_MAX + 1];
    version_entry *versions; /* ascending, because publishing is */
    size_t count;
    status_entry status;
} model_entry;

typedef struct memory_registry {
    pthread_mutex_t mutex;
    model_entry *models;
    size_t count;
    uint64_t order; /* of the last write */
} memory_registry;

/* One version by its place; places never move within a model. */
typedef struct place {
    size_t model;
    size_t version;
} place;

static void *must(void *memory)
{
    if (memory == NULL)
        abort();
    return memory;
}

static model_entry *find_model(memory_registry *self, const ms_address *publisher, const char *id)
{
    for (size_t i = 0; i < self->count; i++) {
        if (memcmp(&self->models[i].publisher, publisher, sizeof(*publisher)) == 0 &&
                strcmp(self->models[i].id, id) == 0)
            return &self->models[i];
    }
    return NULL;
}

static version_entry *find_version(model_entry *model, uint32_t version)
{
    for (size_t i = 0; i < model->count; i++) {
        if (model->versions[i].version == version)
            return &model->versions[i];
    }
    return NULL;
}

static uint32_t newest_of(const model_entry *model)
{
    return model->versions[model->count - 1].version;
}

/* ---- answers ---- */

static ms_status fill(const model_entry *model, const version_entry *version, ms_arena *arena,
        ms_record *record, ms_error *err)
{
    const status_entry *counts = &version->status;
    uint8_t *head = ms_arena_alloc(arena, version->head_size);
    uint8_t *info = ms_arena_alloc(arena, version->info_size);

    if (model->status.status > counts->status ||
            (model->status.status == counts->status && model->status.order > counts->order))
        counts = &model->status;
    memset(record, 0, sizeof(*record));
    record->publisher = model->publisher;
    record->model_id = ms_arena_strdup(arena, model->id);
    record->version = version->version;
    memcpy(record->manifest, version->manifest, 32);
    record->time = version->time;
    record->status = counts->status;
    record->version_status = version->status.status;
    record->model_status = model->status.status;
    record->reason = ms_arena_strdup(arena, counts->reason);
    record->status_time = counts->time;
    record->newest = newest_of(model);
    if (head == NULL || info == NULL || record->model_id == NULL || record->reason == NULL)
        return ms_fail_memory(err, version->head_size + version->info_size);
    memcpy(head, version->head, version->head_size);
    memcpy(info, version->info, version->info_size);
    record->head = ms_span_of(head, version->head_size);
    record->info = ms_span_of(info, version->info_size);
    return MS_OK;
}

static ms_status tell(memory_registry *self, const place *places, size_t count, ms_record_fn each,
        void *payload, ms_error *err)
{
    ms_status status = MS_OK;

    for (size_t i = 0; status == MS_OK && i < count; i++) {
        ms_arena arena;
        ms_record record;
        const model_entry *model;

        ms_arena_init(&arena, (size_t)4 << 20);
        pthread_mutex_lock(&self->mutex);
        model = &self->models[places[i].model];
        status = fill(model, &model->versions[places[i].version], &arena, &record, err);
        pthread_mutex_unlock(&self->mutex);
        if (status == MS_OK)
            status = each(payload, &record, err);
        ms_arena_release(&arena);
    }
    return status;
}

/* Every place, in no order; the caller frees. Called with the lock. */
static place *all_places(const memory_registry *self, size_t *count)
{
    place *places = NULL;

    *count = 0;
    for (size_t m = 0; m < self->count; m++) {
        for (size_t v = 0; v < self->models[m].count; v++) {
            places = must(realloc(places, (*count + 1) * sizeof(*places)));
            places[(*count)++] = (place){.model = m, .version = v};
        }
    }
    return places;
}

/* ---- the backend ---- */

static ms_status fail_unknown(const char *id, ms_error *err)
{
    return ms_fail(err, MS_NOT_FOUND, "model_unknown", "There is no model %s", id);
}

static ms_status sign_statement(const ms_signer *signer, const ms_publication *publication,
        const uint8_t manifest[32], ms_error *err)
{
    ms_statement statement = {.publisher = signer->address,
            .model_id = ms_span_of(publication->model_id, strlen(publication->model_id)),
            .version = publication->version};
    uint8_t digest[32];
    uint8_t signature[MS_SIGNATURE_SIZE];

    memcpy(statement.manifest, manifest, 32);
    ms_statement_digest(digest, &statement);
    return ms_signer_sign(signer, signature, digest, err);
}

static ms_status check_new(
        const model_entry *model, const ms_publication *publication, ms_error *err)
{
    uint64_t newest = model == NULL ? 0 : newest_of(model);

    if (publication->version <= newest || publication->version > newest + MS_VERSION_GAP_MAX)
        return ms_fail(err, MS_USAGE, "version_number", "Version %u does not follow %llu",
                publication->version, (unsigned long long)newest);
    if (model != NULL && model->status.status == MS_RECORD_REVOKED)
        return ms_fail(err, MS_INTEGRITY, "revoked", "%s was revoked", model->id);
    return MS_OK;
}

static uint8_t *copy_bytes(ms_span bytes)
{
    uint8_t *copy = must(malloc(bytes.size + 1));

    if (bytes.size > 0)
        memcpy(copy, bytes.data, bytes.size);
    return copy;
}

static void add(memory_registry *self, const ms_address *publisher,
        const ms_publication *publication, const uint8_t manifest[32])
{
    model_entry *model = find_model(self, publisher, publication->model_id);
    version_entry *version;

    if (model == NULL) {
        self->models = must(realloc(self->models, (self->count + 1) * sizeof(*model)));
        model = &self->models[self->count++];
        memset(model, 0, sizeof(*model));
        model->publisher = *publisher;
        snprintf(model->id, sizeof(model->id), "%s", publication->model_id);
    }
    model->versions = must(realloc(model->versions, (model->count + 1) * sizeof(*version)));
    version = &model->versions[model->count++];
    memset(version, 0, sizeof(*version));
    version->version = publication->version;
    memcpy(version->manifest, manifest, 32);
    version->time = time(NULL);
    version->order = ++self->order;
    version->head = copy_bytes(publication->head);
    version->head_size = publication->head.size;
    version->info = copy_bytes(publication->info);
    version->info_size = publication->info.size;
}

static ms_status publish_locked(memory_registry *self, const ms_signer *signer,
        const ms_publication *publication, ms_arena *arena, ms_record *record, ms_error *err)
{
    uint8_t manifest[32];
    model_entry *model = find_model(self, &signer->address, publication->model_id);
    version_entry *standing = model == NULL ? NULL : find_version(model, publication->version);
    ms_status status;

    ms_sha256(manifest, publication->head.data, publication->head.size);
    if (standing != NULL && memcmp(standing->manifest, manifest, 32) != 0)
        return ms_fail(err, MS_CHAIN_MISMATCH, "version_conflict", "Version %u stands",
                publication->version);
    if (standing != NULL)
        return fill(model, standing, arena, record, err);
    status = check_new(model, publication, err);
    if (status == MS_OK)
        status = sign_statement(signer, publication, manifest, err);
    if (status != MS_OK)
        return status;
    add(self, &signer->address, publication, manifest);
    model = find_model(self, &signer->address, publication->model_id);
    return fill(model, &model->versions[model->count - 1], arena, record, err);
}

static ms_status publish(void *payload, const ms_signer *signer, const ms_publication *publication,
        ms_arena *arena, ms_record *record, ms_error *err)
{
    memory_registry *self = payload;
    ms_status status;

    pthread_mutex_lock(&self->mutex);
    status = publish_locked(self, signer, publication, arena, record, err);
    pthread_mutex_unlock(&self->mutex);
    return status;
}

static ms_status resolve_locked(memory_registry *self, const ms_address *publisher, const char *id,
        uint32_t version, ms_arena *arena, ms_record *record, ms_error *err)
{
    model_entry *model = find_model(self, publisher, id);
    version_entry *found;

    if (model == NULL)
        return fail_unknown(id, err);
    found = find_version(model, version == 0 ? newest_of(model) : version);
    if (found == NULL)
        return ms_fail(err, MS_NOT_FOUND, "version_unknown", "%s has no version %u", id, version);
    return fill(model, found, arena, record, err);
}

static ms_status resolve(void *payload, const ms_address *publisher, const char *id,
        uint32_t version, ms_arena *arena, ms_record *record, ms_error *err)
{
    memory_registry *self = payload;
    ms_status status;

    pthread_mutex_lock(&self->mutex);
    status = resolve_locked(self, publisher, id, version, arena, record, err);
    pthread_mutex_unlock(&self->mutex);
    return status;
}

static const version_entry *version_at(const memory_registry *self, place at)
{
    return &self->models[at.model].versions[at.version];
}

static int compare_places(const void *a, const void *b, void *payload, bool by_order)
{
    const memory_registry *self = payload;
    place left = *(const place *)a;
    place right = *(const place *)b;
    const version_entry *x = version_at(self, left);
    const version_entry *y = version_at(self, right);
    int result;

    if (by_order)
        return x->order < y->order ? -1 : x->order > y->order;
    result = strcmp(self->models[left.model].id, self->models[right.model].id);
    if (result == 0)
        result = memcmp(&self->models[left.model].publisher, &self->models[right.model].publisher,
                sizeof(ms_address));
    return result != 0 ? result : (x->version < y->version ? -1 : x->version > y->version);
}

static int by_order(const void *a, const void *b, void *self)
{
    return compare_places(a, b, self, true);
}

static int by_key(const void *a, const void *b, void *self)
{
    return compare_places(a, b, self, false);
}

static ms_status find(void *payload, const uint8_t manifest[32], ms_record_fn found,
        void *found_payload, ms_error *err)
{
    memory_registry *self = payload;
    size_t count;
    size_t kept = 0;
    place *places;
    ms_status status;

    pthread_mutex_lock(&self->mutex);
    places = all_places(self, &count);
    for (size_t i = 0; i < count; i++) {
        if (memcmp(version_at(self, places[i])->manifest, manifest, 32) == 0)
            places[kept++] = places[i];
    }
    if (kept > 1)
        qsort_r(places, kept, sizeof(*places), by_order, self);
    pthread_mutex_unlock(&self->mutex);
    status = tell(self, places, kept, found, found_payload, err);
    free(places);
    return status;
}

static bool is_newest(const memory_registry *self, place at)
{
    return at.version == self->models[at.model].count - 1;
}

static ms_status find_id(
        void *payload, const char *id, ms_record_fn found, void *found_payload, ms_error *err)
{
    memory_registry *self = payload;
    size_t count;
    size_t kept = 0;
    place *places;
    ms_status status;

    pthread_mutex_lock(&self->mutex);
    places = all_places(self, &count);
    for (size_t i = 0; i < count; i++) {
        if (strcmp(self->models[places[i].model].id, id) == 0 && is_newest(self, places[i]))
            places[kept++] = places[i];
    }
    if (kept > 1)
        qsort_r(places, kept, sizeof(*places), by_key, self);
    pthread_mutex_unlock(&self->mutex);
    status = tell(self, places, kept, found, found_payload, err);
    free(places);
    return status;
}

static bool is_active(const memory_registry *self, place at)
{
    return self->models[at.model].status.status == MS_RECORD_ACTIVE &&
           version_at(self, at)->status.status == MS_RECORD_ACTIVE;
}

static bool is_listed(const memory_registry *self, place at, const ms_record_page *page)
{
    const model_entry *model = &self->models[at.model];

    if (page->publisher != NULL &&
            memcmp(page->publisher, &model->publisher, sizeof(ms_address)) != 0)
        return false;
    if (!page->inactive_too && !is_active(self, at))
        return false;
    if (page->all_versions)
        return true;
    if (page->inactive_too)
        return is_newest(self, at);
    for (size_t v = at.version + 1; v < model->count; v++) {
        if (is_active(self, (place){.model = at.model, .version = v}))
            return false;
    }
    return true;
}

/* The cursor is the place of the last record told, which never moves. */
static bool read_cursor(const memory_registry *self, const char *text, place *after)
{
    char tail;

    return sscanf(text, KIND ":%zu:%zu%c", &after->model, &after->version, &tail) == 2 &&
           after->model < self->count && after->version < self->models[after->model].count;
}

static ms_status list(void *payload, const ms_record_page *page, ms_record_fn listed,
        void *listed_payload, ms_arena *arena, const char **next, ms_error *err)
{
    memory_registry *self = payload;
    size_t count;
    size_t kept = 0;
    place after = {0};
    place *places;
    bool good;
    ms_status status = MS_OK;

    *next = NULL;
    pthread_mutex_lock(&self->mutex);
    good = page->after == NULL || read_cursor(self, page->after, &after);
    places = all_places(self, &count);
    if (count > 1)
        qsort_r(places, count, sizeof(*places), by_key, self);
    for (size_t i = 0; good && i < count; i++) {
        if (is_listed(self, places[i], page) &&
                (page->after == NULL || compare_places(&after, &places[i], self, false) < 0))
            places[kept++] = places[i];
    }
    pthread_mutex_unlock(&self->mutex);
    if (!good)
        status = ms_fail(err, MS_USAGE, "cursor_malformed", "This is no cursor");
    if (status == MS_OK)
        status = tell(
                self, places, kept < page->limit ? kept : page->limit, listed, listed_payload, err);
    if (status == MS_OK && kept > page->limit)
        *next = ms_arena_printf(arena, KIND ":%zu:%zu", places[page->limit - 1].model,
                places[page->limit - 1].version);
    free(places);
    return status;
}

static ms_status history(void *payload, const ms_address *publisher, const char *id,
        ms_record_fn listed, void *listed_payload, ms_error *err)
{
    memory_registry *self = payload;
    const model_entry *model;
    size_t count = 0;
    place *places = NULL;
    ms_status status;

    pthread_mutex_lock(&self->mutex);
    model = find_model(self, publisher, id);
    if (model != NULL) {
        places = must(calloc(model->count, sizeof(*places)));
        for (size_t v = model->count; v > 0; v--)
            places[count++] = (place){.model = (size_t)(model - self->models), .version = v - 1};
    }
    pthread_mutex_unlock(&self->mutex);
    status = count == 0 ? fail_unknown(id, err)
                        : tell(self, places, count, listed, listed_payload, err);
    free(places);
    return status;
}

static ms_status sign_status(
        const ms_signer *signer, const ms_status_change *change, uint64_t sequence, ms_error *err)
{
    ms_status_statement statement = {.publisher = signer->address,
            .model_id = ms_span_of(change->model_id, strlen(change->model_id)),
            .version = change->version,
            .status = (uint8_t)change->status,
            .reason = ms_span_of(change->reason, strlen(change->reason)),
            .sequence = sequence};
    uint8_t digest[32];
    uint8_t signature[MS_SIGNATURE_SIZE];

    ms_status_statement_digest(digest, &statement);
    return ms_signer_sign(signer, signature, digest, err);
}

static ms_status set_status_locked(memory_registry *self, const ms_signer *signer,
        const ms_status_change *change, bool *changed, ms_error *err)
{
    model_entry *model = find_model(self, &signer->address, change->model_id);
    version_entry *version = NULL;
    status_entry *entry;
    ms_status status;

    *changed = false;
    if (model == NULL)
        return fail_unknown(change->model_id, err);
    if (change->version != 0)
        version = find_version(model, change->version);
    if (change->version != 0 && version == NULL)
        return ms_fail(err, MS_NOT_FOUND, "version_unknown", "No version %u", change->version);
    entry = version == NULL ? &model->status : &version->status;
    if (entry->status == change->status)
        return MS_OK;
    if (entry->status == MS_RECORD_REVOKED)
        return ms_fail(err, MS_INTEGRITY, "revoked", "It was revoked for good");
    status = sign_status(signer, change, self->order + 1, err);
    if (status != MS_OK)
        return status;
    entry->status = change->status;
    entry->time = time(NULL);
    entry->order = ++self->order;
    snprintf(entry->reason, sizeof(entry->reason), "%s", change->reason);
    *changed = true;
    return MS_OK;
}

static ms_status set_status(void *payload, const ms_signer *signer, const ms_status_change *change,
        bool *changed, ms_error *err)
{
    memory_registry *self = payload;
    ms_status status;

    pthread_mutex_lock(&self->mutex);
    status = set_status_locked(self, signer, change, changed, err);
    pthread_mutex_unlock(&self->mutex);
    return status;
}

static ms_status check(void *payload, ms_task *task, uint64_t *entries, ms_registry_fault_fn fault,
        void *fault_payload, ms_error *err)
{
    memory_registry *self = payload;

    (void)task;
    (void)fault;
    (void)fault_payload;
    (void)err;
    pthread_mutex_lock(&self->mutex);
    *entries = self->order;
    pthread_mutex_unlock(&self->mutex);
    return MS_OK;
}

static void close_registry(void *payload)
{
    memory_registry *self = payload;

    for (size_t m = 0; m < self->count; m++) {
        for (size_t v = 0; v < self->models[m].count; v++) {
            free(self->models[m].versions[v].head);
            free(self->models[m].versions[v].info);
        }
        free(self->models[m].versions);
    }
    free(self->models);
    pthread_mutex_destroy(&self->mutex);
    free(self);
}

static const ms_registry_backend memory_backend = {
        .kind = KIND,
        .publish = publish,
        .resolve = resolve,
        .find = find,
        .find_id = find_id,
        .list = list,
        .history = history,
        .set_status = set_status,
        .check = check,
        .close = close_registry,
};

ms_status memory_registry_open(ms_registry **registry, ms_error *err)
{
    memory_registry *self = must(calloc(1, sizeof(*self)));
    ms_status status;

    pthread_mutex_init(&self->mutex, NULL);
    status = ms_registry_new(registry, &memory_backend, self, err);
    if (status != MS_OK)
        close_registry(self);
    return status;
}
