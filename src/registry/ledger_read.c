/* Reading the ledger: an index entry says where the rows are, the rows are proven, and only what
 * they say is told. Records are handed out one at a time, between transactions and without the
 * lock, so that whoever receives one may use the ledger. Rows are never changed, which makes that
 * as good as one snapshot. */
#include "registry/ledger_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "crypto/sha256.h"
#include "registry/list_cursor.h"

/* A record with its texts: head, info, id and reason, each rounded up. */
#define RECORD_SIZE_MAX (MS_LEDGER_ROW_SIZE_MAX + (size_t)4096)

ms_ledger_key ms_ledger_key_of(const ms_address *publisher, ms_span model_id, uint32_t version)
{
    ms_ledger_key key = {.version = version};

    if (publisher != NULL)
        key.publisher = *publisher;
    if (model_id.size > 0 && model_id.size <= MS_MODEL_ID_SIZE_MAX)
        memcpy(key.model_id, model_id.data, model_id.size);
    return key;
}

/* ---- rows ---- */

ms_status ms_ledger_prove_row(ms_ledger *ledger, uint64_t sequence, ms_span hash, ms_span bytes,
        ms_ledger_row *row, ms_error *err)
{
    uint8_t digest[MS_SHA256_SIZE];
    ms_error inner = MS_ERROR_INIT;

    memset(row, 0, sizeof(*row));
    ms_sha256(digest, bytes.data, bytes.size);
    if (!ms_span_equal(hash, ms_span_of(digest, sizeof(digest))))
        return ms_ledger_damaged(
                ledger, sequence, "ledger_hash", "has not the bytes that its hash names", err);
    if (ms_ledger_row_decode(row, bytes, &inner) != MS_OK ||
            ms_ledger_row_verify(row, &inner) != MS_OK) {
        (void)ms_fail(err, MS_INTEGRITY, inner.reason, "Row %llu of the ledger %s is not good: %s",
                (unsigned long long)sequence, ledger->path, inner.message);
        ms_ledger_set_damage_hint(ledger, err);
        return MS_INTEGRITY;
    }
    if (row->sequence != sequence)
        return ms_ledger_damaged(
                ledger, sequence, "ledger_sequence", "says that it is another one", err);
    return MS_OK;
}

ms_status ms_ledger_load_row(ms_ledger *ledger, uint64_t sequence, ms_ledger_row *row,
        sqlite3_stmt **statement, ms_error *err)
{
    bool found;
    ms_status status = ms_ledger_prepare(ledger, statement, MS_LEDGER_ROW, err);

    memset(row, 0, sizeof(*row));
    if (status != MS_OK)
        return status;
    ms_ledger_bind_number(*statement, 1, sequence);
    status = ms_ledger_step(ledger, *statement, &found, "read the ledger", err);
    if (status == MS_OK && !found)
        status = ms_ledger_damaged(ledger, sequence, "ledger_row_missing", "is missing", err);
    if (status == MS_OK)
        status = ms_ledger_prove_row(ledger, sequence, ms_ledger_column_span(*statement, 0),
                ms_ledger_column_span(*statement, 1), row, err);
    return status;
}

ms_status ms_ledger_last_row(ms_ledger *ledger, uint64_t *sequence, uint8_t hash[32], ms_error *err)
{
    sqlite3_stmt *statement;
    ms_span stored;
    ms_span bytes;
    bool found;
    ms_status status = ms_ledger_prepare(ledger, &statement, MS_LEDGER_LAST_ROW, err);

    *sequence = 0;
    memset(hash, 0, MS_SHA256_SIZE);
    if (status == MS_OK)
        status = ms_ledger_step(ledger, statement, &found, "read the ledger", err);
    if (status == MS_OK && found) {
        bool good = ms_ledger_column_number(statement, 0, sequence, MS_LEDGER_SEQUENCE_MAX);

        stored = ms_ledger_column_span(statement, 1);
        bytes = ms_ledger_column_span(statement, 2);
        ms_sha256(hash, bytes.data, bytes.size);
        if (!good || !ms_span_equal(stored, ms_span_of(hash, MS_SHA256_SIZE)))
            status = ms_ledger_damaged(
                    ledger, *sequence, "ledger_hash", "has not the bytes that its hash names", err);
    }
    ms_ledger_done(statement);
    return status;
}

/* ---- index entries ---- */

static ms_status bad_index(const ms_ledger *ledger, uint64_t sequence, ms_error *err)
{
    return ms_ledger_damaged(ledger, sequence, "ledger_index",
            sequence == 0 ? "has an index that does not fit its rows"
                          : "is not what the index says of it",
            err);
}

ms_status ms_ledger_find_model(ms_ledger *ledger, const ms_ledger_key *key, bool *found,
        ms_ledger_model *model, ms_error *err)
{
    sqlite3_stmt *statement;
    uint64_t newest = 0;
    uint64_t newest_active = 0;
    uint64_t own = 0;
    uint64_t highest = 0;
    ms_status status = ms_ledger_prepare(ledger, &statement, MS_LEDGER_MODEL, err);

    *found = false;
    memset(model, 0, sizeof(*model));
    if (status != MS_OK)
        return status;
    ms_ledger_bind_key(statement, key);
    status = ms_ledger_step(ledger, statement, found, "read the ledger", err);
    if (status == MS_OK && *found) {
        if (!ms_ledger_column_number(statement, 0, &newest, UINT32_MAX) || newest == 0 ||
                !ms_ledger_column_number(statement, 1, &newest_active, newest) ||
                !ms_ledger_column_number(statement, 2, &own, MS_RECORD_REVOKED) ||
                !ms_ledger_column_number(
                        statement, 3, &model->status_sequence, MS_LEDGER_SEQUENCE_MAX) ||
                !ms_ledger_column_number(statement, 4, &highest, UINT32_MAX) || highest != newest)
            status = bad_index(ledger, 0, err);
        model->newest = (uint32_t)newest;
        model->newest_active = (uint32_t)newest_active;
        model->status = (ms_record_status)own;
    }
    ms_ledger_done(statement);
    return status;
}

ms_status ms_ledger_find_version(ms_ledger *ledger, const ms_ledger_key *key, bool *found,
        ms_ledger_version *version, ms_error *err)
{
    sqlite3_stmt *statement;
    uint64_t own = 0;
    ms_status status = ms_ledger_prepare(ledger, &statement, MS_LEDGER_VERSION, err);

    *found = false;
    memset(version, 0, sizeof(*version));
    if (status != MS_OK)
        return status;
    ms_ledger_bind_key(statement, key);
    ms_ledger_bind_number(statement, 3, key->version);
    status = ms_ledger_step(ledger, statement, found, "read the ledger", err);
    if (status == MS_OK && *found) {
        if (!ms_ledger_column_number(statement, 0, &version->sequence, MS_LEDGER_SEQUENCE_MAX) ||
                !ms_ledger_column_number(statement, 1, &own, MS_RECORD_REVOKED) ||
                !ms_ledger_column_number(
                        statement, 2, &version->status_sequence, MS_LEDGER_SEQUENCE_MAX) ||
                !ms_ledger_column_bytes(statement, 3, version->manifest, sizeof(version->manifest)))
            status = bad_index(ledger, 0, err);
        version->status = (ms_record_status)own;
    }
    ms_ledger_done(statement);
    return status;
}

/* ---- records ---- */

static ms_status copy_span(ms_arena *arena, ms_span *copy, ms_span from, ms_error *err)
{
    uint8_t *data = ms_arena_alloc(arena, from.size);

    *copy = (ms_span){0};
    if (data == NULL)
        return ms_fail_memory(err, from.size);
    if (from.size > 0)
        memcpy(data, from.data, from.size);
    *copy = ms_span_of(data, from.size);
    return MS_OK;
}

static ms_status copy_text(ms_arena *arena, const char **copy, ms_span from, ms_error *err)
{
    *copy = ms_arena_strndup(arena, from.size == 0 ? "" : (const char *)from.data, from.size);
    return *copy == NULL ? ms_fail_memory(err, from.size) : MS_OK;
}

static bool row_is_of(const ms_ledger_row *row, ms_ledger_row_kind kind, const ms_ledger_key *key,
        uint32_t version)
{
    return row->kind == kind && row->version == version &&
           ms_address_equal(&row->publisher, &key->publisher) &&
           ms_span_equal(row->model_id, ms_span_of(key->model_id, strlen(key->model_id)));
}

static ms_status load_publication(ms_ledger *ledger, const ms_ledger_key *key,
        const ms_ledger_version *version, ms_arena *arena, ms_record *record, ms_error *err)
{
    sqlite3_stmt *statement = NULL;
    ms_ledger_row row;
    ms_status status = ms_ledger_load_row(ledger, version->sequence, &row, &statement, err);

    if (status == MS_OK &&
            (!row_is_of(&row, MS_LEDGER_PUBLISH, key, key->version) ||
                    memcmp(row.manifest, version->manifest, sizeof(row.manifest)) != 0))
        status = bad_index(ledger, version->sequence, err);
    if (status == MS_OK)
        status = copy_text(arena, &record->model_id, row.model_id, err);
    if (status == MS_OK)
        status = copy_span(arena, &record->head, row.head, err);
    if (status == MS_OK)
        status = copy_span(arena, &record->info, row.info, err);
    if (status == MS_OK) {
        record->publisher = row.publisher;
        record->version = row.version;
        memcpy(record->manifest, row.manifest, sizeof(record->manifest));
        record->time = row.time;
    }
    ms_ledger_done(statement);
    return status;
}

/* Prove a status by the row that set it; with arena set, also tell its reason and time. */
static ms_status load_status(ms_ledger *ledger, const ms_ledger_key *key, uint32_t version,
        ms_record_status expected, uint64_t sequence, ms_arena *arena, ms_record *record,
        ms_error *err)
{
    sqlite3_stmt *statement = NULL;
    ms_ledger_row row;
    ms_status status;

    if (sequence == 0)
        return expected == MS_RECORD_ACTIVE ? MS_OK : bad_index(ledger, 0, err);
    status = ms_ledger_load_row(ledger, sequence, &row, &statement, err);
    if (status == MS_OK &&
            (!row_is_of(&row, MS_LEDGER_STATUS, key, version) || row.status != expected))
        status = bad_index(ledger, sequence, err);
    if (status == MS_OK && arena != NULL) {
        record->status_time = row.time;
        status = copy_text(arena, &record->reason, row.reason, err);
    }
    ms_ledger_done(statement);
    return status;
}

static ms_status load_statuses(ms_ledger *ledger, const ms_ledger_key *key,
        const ms_ledger_model *model, const ms_ledger_version *version, ms_arena *arena,
        ms_record *record, ms_error *err)
{
    bool models =
            model->status > version->status ||
            (model->status == version->status && model->status_sequence > version->status_sequence);
    ms_status status;

    record->model_status = model->status;
    record->version_status = version->status;
    record->status = models ? model->status : version->status;
    record->reason = "";
    status = load_status(ledger, key, key->version, version->status, version->status_sequence,
            models ? NULL : arena, record, err);
    if (status == MS_OK)
        status = load_status(ledger, key, 0, model->status, model->status_sequence,
                models ? arena : NULL, record, err);
    return status;
}

static ms_status unknown_model(const ms_ledger_key *key, ms_error *err)
{
    char address[MS_ADDRESS_TEXT_SIZE];

    ms_address_format(address, &key->publisher);
    return ms_fail(err, MS_NOT_FOUND, "model_unknown", "%s has no model %s in the ledger", address,
            key->model_id);
}

ms_status ms_ledger_fill_version(ms_ledger *ledger, ms_ledger_key *key, ms_error *err)
{
    ms_ledger_model model;
    bool found;
    ms_status status;

    if (key->version != 0)
        return MS_OK;
    status = ms_ledger_find_model(ledger, key, &found, &model, err);
    if (status == MS_OK && !found)
        status = unknown_model(key, err);
    key->version = model.newest;
    return status;
}

ms_status ms_ledger_load_record(ms_ledger *ledger, const ms_ledger_key *key, ms_arena *arena,
        ms_record *record, ms_error *err)
{
    ms_ledger_model model;
    ms_ledger_version version = {0};
    bool found;
    ms_status status;

    memset(record, 0, sizeof(*record));
    status = ms_ledger_find_model(ledger, key, &found, &model, err);
    if (status == MS_OK && !found)
        status = unknown_model(key, err);
    if (status == MS_OK)
        status = ms_ledger_find_version(ledger, key, &found, &version, err);
    if (status == MS_OK && !found)
        status = ms_fail(err, MS_NOT_FOUND, "version_unknown",
                "%s has no version %u; the newest is %u", key->model_id, key->version,
                model.newest);
    if (status == MS_OK)
        status = load_publication(ledger, key, &version, arena, record, err);
    if (status == MS_OK)
        status = load_statuses(ledger, key, &model, &version, arena, record, err);
    record->newest = model.newest;
    record->state = MS_RECORD_NONE;
    return status;
}

ms_status ms_ledger_resolve(void *self, const ms_address *publisher, const char *model_id,
        uint32_t version, ms_arena *arena, ms_record *record, ms_error *err)
{
    ms_ledger *ledger = self;
    ms_ledger_key key =
            ms_ledger_key_of(publisher, ms_span_of(model_id, strlen(model_id)), version);
    bool missing;
    ms_status status;

    memset(record, 0, sizeof(*record));
    ms_mutex_lock(&ledger->mutex);
    status = ms_ledger_attach(ledger, MS_LEDGER_READ, &missing, err);
    if (status == MS_OK && missing)
        status = unknown_model(&key, err);
    else if (status == MS_OK)
        status = ms_ledger_begin(ledger, false, err);
    if (status == MS_OK) {
        status = ms_ledger_fill_version(ledger, &key, err);
        if (status == MS_OK)
            status = ms_ledger_load_record(ledger, &key, arena, record, err);
        status = ms_ledger_end(ledger, status, err);
    }
    ms_mutex_unlock(&ledger->mutex);
    return status;
}

/* ---- walks ---- */

/* A walk over records: query gives the key after the bound ones. */
typedef struct ledger_walk {
    ms_ledger_query query;
    ms_ledger_key key; /* the last one given */
    bool inactive_too;
    const uint8_t *manifest; /* of MS_LEDGER_NEXT_FOUND, which goes by sequence */
    uint64_t sequence;
} ledger_walk;

static void bind_walk(sqlite3_stmt *statement, const ledger_walk *walk)
{
    if (walk->query == MS_LEDGER_NEXT_FOUND) {
        ms_ledger_bind_span(statement, 1, ms_span_of(walk->manifest, MS_SHA256_SIZE));
        ms_ledger_bind_number(statement, 2, walk->sequence);
        return;
    }
    ms_ledger_bind_key(statement, &walk->key);
    if (walk->query == MS_LEDGER_NEXT_OLDER) {
        ms_ledger_bind_number(statement, 3, walk->key.version);
        return;
    }
    if (walk->query != MS_LEDGER_NEXT_PUBLISHER)
        ms_ledger_bind_number(statement, 3, walk->inactive_too ? 1 : 0);
    if (walk->query == MS_LEDGER_NEXT_VERSION || walk->query == MS_LEDGER_NEXT_VERSION_OF)
        ms_ledger_bind_number(statement, 4, walk->key.version);
}

static ms_status read_walk(
        ms_ledger *ledger, sqlite3_stmt *statement, ledger_walk *walk, ms_error *err)
{
    ms_span id = ms_ledger_column_span(statement, 0);
    uint64_t version;
    ms_address publisher;

    if (id.size == 0 || id.size > MS_MODEL_ID_SIZE_MAX ||
            !ms_ledger_column_bytes(statement, 1, publisher.bytes, sizeof(publisher.bytes)) ||
            !ms_ledger_column_number(statement, 2, &version, UINT32_MAX) || version == 0)
        return bad_index(ledger, 0, err);
    if (walk->query == MS_LEDGER_NEXT_FOUND &&
            !ms_ledger_column_number(statement, 3, &walk->sequence, MS_LEDGER_SEQUENCE_MAX))
        return bad_index(ledger, 0, err);
    walk->key = ms_ledger_key_of(&publisher, id, (uint32_t)version);
    return MS_OK;
}

/* The next record, or *found false at the end; record may be NULL when only its being there counts.
 */
static ms_status next_in_transaction(ms_ledger *ledger, ledger_walk *walk, bool *found,
        ms_arena *arena, ms_record *record, ms_error *err)
{
    sqlite3_stmt *statement;
    ms_status status = ms_ledger_prepare(ledger, &statement, walk->query, err);

    if (status != MS_OK)
        return status;
    bind_walk(statement, walk);
    status = ms_ledger_step(ledger, statement, found, "read the ledger", err);
    if (status == MS_OK && *found)
        status = read_walk(ledger, statement, walk, err);
    ms_ledger_done(statement);
    if (status == MS_OK && *found && record != NULL)
        status = ms_ledger_load_record(ledger, &walk->key, arena, record, err);
    /* The index named this version a moment ago, so its absence is damage. */
    if (status == MS_NOT_FOUND)
        status = bad_index(ledger, 0, err);
    return status;
}

static ms_status walk_next(ms_ledger *ledger, ledger_walk *walk, bool *found, ms_arena *arena,
        ms_record *record, ms_error *err)
{
    bool missing;
    ms_status status;

    *found = false;
    ms_mutex_lock(&ledger->mutex);
    status = ms_ledger_attach(ledger, MS_LEDGER_READ, &missing, err);
    if (status == MS_OK && !missing) {
        status = ms_ledger_begin(ledger, false, err);
        if (status == MS_OK) {
            status = next_in_transaction(ledger, walk, found, arena, record, err);
            status = ms_ledger_end(ledger, status, err);
        }
    }
    ms_mutex_unlock(&ledger->mutex);
    return status;
}

/* At most limit records; *more (may be NULL) says whether there are others after them. */
static ms_status run_walk(ms_ledger *ledger, ledger_walk *walk, size_t limit, bool *more,
        ms_record_fn each, void *payload, ms_error *err)
{
    ms_arena arena;
    ms_record record;
    bool found = true;
    ms_status status = MS_OK;

    if (more != NULL)
        *more = false;
    ms_arena_init(&arena, RECORD_SIZE_MAX);
    for (size_t count = 0; status == MS_OK && count < limit; count++) {
        status = walk_next(ledger, walk, &found, &arena, &record, err);
        if (status != MS_OK || !found)
            break;
        status = each(payload, &record, err);
        ms_arena_release(&arena);
    }
    if (status == MS_OK && found && more != NULL) {
        ledger_walk peek = *walk;

        status = walk_next(ledger, &peek, more, NULL, NULL, err);
    }
    ms_arena_release(&arena);
    return status;
}

ms_status ms_ledger_find(
        void *self, const uint8_t manifest[32], ms_record_fn found, void *payload, ms_error *err)
{
    ledger_walk walk = {.query = MS_LEDGER_NEXT_FOUND, .manifest = manifest};

    return run_walk(self, &walk, SIZE_MAX, NULL, found, payload, err);
}

/* An empty blob is less than every publisher, but a key holds 20 bytes: the zero address, whose key
 * nobody has, is where the walk begins. */
ms_status ms_ledger_find_id(
        void *self, const char *model_id, ms_record_fn found, void *payload, ms_error *err)
{
    ledger_walk walk = {.query = MS_LEDGER_NEXT_PUBLISHER,
            .key = ms_ledger_key_of(NULL, ms_span_of(model_id, strlen(model_id)), 0)};

    return run_walk(self, &walk, SIZE_MAX, NULL, found, payload, err);
}

ms_status ms_ledger_history(void *self, const ms_address *publisher, const char *model_id,
        ms_record_fn listed, void *payload, ms_error *err)
{
    ms_ledger *ledger = self;
    ledger_walk walk = {.query = MS_LEDGER_NEXT_OLDER,
            .key = ms_ledger_key_of(publisher, ms_span_of(model_id, strlen(model_id)), UINT32_MAX)};
    ms_arena arena;
    ms_record newest;
    ms_status status;

    /* The newest one tells whether the model is known, and UINT32_MAX itself may be a version. */
    ms_arena_init(&arena, RECORD_SIZE_MAX);
    status = ms_ledger_resolve(self, publisher, model_id, 0, &arena, &newest, err);
    if (status == MS_OK) {
        walk.key.version = newest.version;
        status = listed(payload, &newest, err);
    }
    ms_arena_release(&arena);
    if (status == MS_OK)
        status = run_walk(ledger, &walk, SIZE_MAX, NULL, listed, payload, err);
    return status;
}

ms_status ms_ledger_list(void *self, const ms_record_page *page, ms_record_fn listed, void *payload,
        ms_arena *arena, const char **next, ms_error *err)
{
    ms_list_cursor cursor;
    ledger_walk walk = {.inactive_too = page->inactive_too};
    bool more;
    ms_status status = ms_list_cursor_parse(&cursor, page->after, err);

    *next = NULL;
    if (status != MS_OK)
        return status;
    walk.key = ms_ledger_key_of(&cursor.publisher,
            ms_span_of(cursor.model_id, strlen(cursor.model_id)), cursor.version);
    if (page->publisher != NULL)
        walk.key.publisher = *page->publisher;
    if (page->all_versions)
        walk.query = page->publisher == NULL ? MS_LEDGER_NEXT_VERSION : MS_LEDGER_NEXT_VERSION_OF;
    else
        walk.query = page->publisher == NULL ? MS_LEDGER_NEXT_MODEL : MS_LEDGER_NEXT_MODEL_OF;
    status = run_walk(self, &walk, page->limit, &more, listed, payload, err);
    if (status != MS_OK || !more)
        return status;
    (void)memcpy(cursor.model_id, walk.key.model_id, sizeof(cursor.model_id));
    cursor.publisher = walk.key.publisher;
    cursor.version = walk.key.version;
    *next = ms_list_cursor_format(&cursor, arena);
    return *next == NULL ? ms_fail_memory(err, sizeof(cursor)) : MS_OK;
}
