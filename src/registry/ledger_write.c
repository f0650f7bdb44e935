/* Writing to the ledger: one immediate transaction a row, durable when it returns. The signer is
 * called while the ledger's write lock is held, after every check, so that nothing is ever signed
 * that does not become a row; it must not use this ledger. */
#include "registry/ledger_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "base/log.h"
#include "crypto/sha256.h"
#include "platform/clock.h"

/* What a write is made of. */
typedef struct write_job {
    ms_ledger *ledger;
    const ms_signer *signer;
    ms_ledger_row row;
    uint8_t hash[MS_SHA256_SIZE]; /* of the row that was written */
    bool written;
} write_job;

static int64_t row_time(void)
{
    int64_t now = ms_clock_wall_seconds();

    return now < 0 ? 0 : now > MS_LEDGER_TIME_MAX ? MS_LEDGER_TIME_MAX : now;
}

static ms_status insert_row(write_job *job, ms_span bytes, ms_error *err)
{
    sqlite3_stmt *statement;
    bool row;
    ms_status status = ms_ledger_prepare(job->ledger, &statement, MS_LEDGER_ADD_ROW, err);

    if (status != MS_OK)
        return status;
    ms_ledger_bind_number(statement, 1, job->row.sequence);
    ms_ledger_bind_span(statement, 2, ms_span_of(job->hash, sizeof(job->hash)));
    ms_ledger_bind_span(statement, 3, bytes);
    status = ms_ledger_step(job->ledger, statement, &row, "write to the ledger", err);
    ms_ledger_done(statement);
    return status;
}

/* Number, chain, sign, encode, and prove the bytes as a reader will before they are written. */
static ms_status append_row(write_job *job, ms_error *err)
{
    uint8_t statement[32];
    ms_buffer bytes;
    ms_ledger_row proven;
    ms_status status = ms_ledger_last_row(job->ledger, &job->row.sequence, job->row.previous, err);

    ms_buffer_init(&bytes, MS_LEDGER_ROW_SIZE_MAX);
    if (status == MS_OK && job->row.sequence >= MS_LEDGER_SEQUENCE_MAX)
        status = ms_fail(err, MS_LIMIT, "ledger_full", "The ledger has no more numbers for rows");
    job->row.sequence++;
    job->row.time = row_time();
    job->row.publisher = job->signer->address;
    ms_ledger_row_statement(&job->row, statement);
    if (status == MS_OK)
        status = ms_signer_sign(job->signer, job->row.signature, statement, err);
    if (status == MS_OK)
        status = ms_ledger_row_encode(&job->row, &bytes, err);
    ms_sha256(job->hash, bytes.data, bytes.size);
    if (status == MS_OK)
        status = ms_ledger_prove_row(job->ledger, job->row.sequence,
                ms_span_of(job->hash, sizeof(job->hash)), ms_buffer_span(&bytes), &proven, err);
    if (status == MS_OK)
        status = insert_row(job, ms_buffer_span(&bytes), err);
    job->written = status == MS_OK;
    ms_buffer_release(&bytes);
    return status;
}

static ms_status put_model(ms_ledger *ledger, ms_ledger_query query, const ms_ledger_key *key,
        const ms_ledger_model *model, ms_error *err)
{
    sqlite3_stmt *statement;
    bool row;
    ms_status status = ms_ledger_prepare(ledger, &statement, query, err);

    if (status != MS_OK)
        return status;
    ms_ledger_bind_key(statement, key);
    ms_ledger_bind_number(statement, 3, model->newest);
    ms_ledger_bind_number(statement, 4, model->newest_active);
    ms_ledger_bind_number(statement, 5, model->status);
    ms_ledger_bind_number(statement, 6, model->status_sequence);
    status = ms_ledger_step(ledger, statement, &row, "write to the ledger", err);
    ms_ledger_done(statement);
    return status;
}

static ms_status add_version(const write_job *job, const ms_ledger_key *key, ms_error *err)
{
    sqlite3_stmt *statement;
    bool row;
    ms_status status = ms_ledger_prepare(job->ledger, &statement, MS_LEDGER_ADD_VERSION, err);

    if (status != MS_OK)
        return status;
    ms_ledger_bind_key(statement, key);
    ms_ledger_bind_number(statement, 3, key->version);
    ms_ledger_bind_number(statement, 4, job->row.sequence);
    ms_ledger_bind_span(statement, 5, ms_span_of(job->row.manifest, sizeof(job->row.manifest)));
    status = ms_ledger_step(job->ledger, statement, &row, "write to the ledger", err);
    ms_ledger_done(statement);
    return status;
}

static ms_status set_version(const write_job *job, const ms_ledger_key *key, ms_error *err)
{
    sqlite3_stmt *statement;
    bool row;
    ms_status status = ms_ledger_prepare(job->ledger, &statement, MS_LEDGER_SET_VERSION, err);

    if (status != MS_OK)
        return status;
    ms_ledger_bind_key(statement, key);
    ms_ledger_bind_number(statement, 3, key->version);
    ms_ledger_bind_number(statement, 4, job->row.status);
    ms_ledger_bind_number(statement, 5, job->row.sequence);
    status = ms_ledger_step(job->ledger, statement, &row, "write to the ledger", err);
    ms_ledger_done(statement);
    return status;
}

/* The last row seen is remembered after the row is durable; when that fails only the memory is
 * weaker. */
static void remember_seen(const write_job *job)
{
    ms_error error = MS_ERROR_INIT;

    if (!job->written || job->ledger->state == NULL)
        return;
    if (ms_state_set_ledger_seen(job->ledger->state, job->row.sequence, job->hash, &error) != MS_OK)
        ms_log(MS_LOG_WARNING, "The last row of the ledger was not remembered: %s", error.message);
}

typedef ms_status (*write_fn)(write_job *job, void *payload, ms_error *err);

static ms_status write_in_transaction(write_job *job, write_fn do_write, void *payload, ms_error *err)
{
    ms_status status;

    ms_mutex_lock(&job->ledger->mutex);
    status = ms_ledger_attach(job->ledger, MS_LEDGER_WRITE, NULL, err);
    if (status == MS_OK)
        status = ms_ledger_begin(job->ledger, true, err);
    if (status == MS_OK) {
        status = ms_ledger_check_unchanged(job->ledger, err);
        if (status == MS_OK)
            status = do_write(job, payload, err);
        status = ms_ledger_end(job->ledger, status, err);
    }
    /* The answer rests on a row of somebody who may have come and been killed since the ledger was opened. */
    if (status == MS_OK && !job->written)
        status = ms_ledger_settle(job->ledger, err);
    if (status == MS_OK)
        remember_seen(job);
    ms_mutex_unlock(&job->ledger->mutex);
    return status;
}

/* ---- publish ---- */

typedef struct publish_job {
    ms_ledger_key key;
    ms_arena *arena;
    ms_record *record;
} publish_job;

static ms_status check_standing(
        const write_job *job, const publish_job *publish, bool *standing, ms_error *err)
{
    ms_ledger_version version;
    ms_status status = ms_ledger_find_version(job->ledger, &publish->key, standing, &version, err);

    if (status != MS_OK || !*standing)
        return status;
    status =
            ms_ledger_load_record(job->ledger, &publish->key, publish->arena, publish->record, err);
    if (status == MS_OK &&
            memcmp(publish->record->manifest, job->row.manifest, MS_SHA256_SIZE) != 0) {
        status = ms_fail(err, MS_CHAIN_MISMATCH, "version_conflict",
                "Version %u of %s stands already with another manifest", publish->key.version,
                publish->key.model_id);
        ms_error_set_hint(err, "A version never changes: publish under a number above %u",
                publish->record->newest);
    }
    return status;
}

static ms_status check_number(const ms_ledger_key *key, const ms_ledger_model *model, ms_error *err)
{
    if (key->version <= model->newest)
        return ms_fail(err, MS_USAGE, "version_number",
                "Version %u of %s is not above the newest one, %u", key->version, key->model_id,
                model->newest);
    if (key->version - model->newest > MS_VERSION_GAP_MAX)
        return ms_fail(err, MS_USAGE, "version_number",
                "Version %u of %s is more than %u above the newest one, %u", key->version,
                key->model_id, MS_VERSION_GAP_MAX, model->newest);
    return MS_OK;
}

/* The status of a model is taken from its rows, not from the index alone. */
static ms_status prove_model(
        ms_ledger *ledger, const ms_ledger_key *key, const ms_ledger_model *model, ms_error *err)
{
    ms_ledger_key newest = *key;
    ms_arena arena;
    ms_record record;
    ms_status status;

    newest.version = model->newest;
    ms_arena_init(&arena, MS_LEDGER_ROW_SIZE_MAX + (size_t)4096);
    status = ms_ledger_load_record(ledger, &newest, &arena, &record, err);
    ms_arena_release(&arena);
    if (status == MS_NOT_FOUND)
        status = ms_ledger_damaged(
                ledger, 0, "ledger_index", "has no row for the newest version of a model", err);
    return status;
}

static ms_status revoked(const ms_ledger_key *key, uint32_t version, ms_error *err)
{
    if (version == 0)
        return ms_fail(err, MS_INTEGRITY, "revoked", "%s was revoked for good", key->model_id);
    return ms_fail(err, MS_INTEGRITY, "revoked", "Version %u of %s was revoked for good", version,
            key->model_id);
}

static ms_status publish_new(write_job *job, const publish_job *publish, ms_error *err)
{
    ms_ledger_model model;
    bool known;
    ms_status status = ms_ledger_find_model(job->ledger, &publish->key, &known, &model, err);

    if (status == MS_OK)
        status = check_number(&publish->key, &model, err);
    if (status == MS_OK && known)
        status = prove_model(job->ledger, &publish->key, &model, err);
    if (status == MS_OK && model.status == MS_RECORD_REVOKED)
        status = revoked(&publish->key, 0, err);
    if (status == MS_OK)
        status = append_row(job, err);
    model.newest = publish->key.version;
    model.newest_active = publish->key.version;
    if (status == MS_OK)
        status = put_model(job->ledger, known ? MS_LEDGER_SET_MODEL : MS_LEDGER_ADD_MODEL,
                &publish->key, &model, err);
    if (status == MS_OK)
        status = add_version(job, &publish->key, err);
    if (status == MS_OK)
        status = ms_ledger_load_record(
                job->ledger, &publish->key, publish->arena, publish->record, err);
    return status;
}

static ms_status write_publication(write_job *job, void *payload, ms_error *err)
{
    const publish_job *publish = payload;
    bool standing;
    ms_status status = check_standing(job, publish, &standing, err);

    if (status == MS_OK && !standing)
        status = publish_new(job, publish, err);
    return status;
}

ms_status ms_ledger_publish(void *self, const ms_signer *signer, const ms_publication *publication,
        ms_arena *arena, ms_record *record, ms_error *err)
{
    ms_span id = ms_span_of(publication->model_id, strlen(publication->model_id));
    publish_job publish = {.key = ms_ledger_key_of(&signer->address, id, publication->version),
            .arena = arena,
            .record = record};
    write_job job = {.ledger = self,
            .signer = signer,
            .row = {.kind = MS_LEDGER_PUBLISH,
                    .model_id = id,
                    .version = publication->version,
                    .head = publication->head,
                    .info = publication->info}};

    ms_sha256(job.row.manifest, publication->head.data, publication->head.size);
    return write_in_transaction(&job, write_publication, &publish, err);
}

/* ---- status ---- */

static ms_status update_model(
        write_job *job, const ms_ledger_key *key, ms_ledger_model *model, ms_error *err)
{
    sqlite3_stmt *statement;
    bool found;
    uint64_t newest_active = 0;
    ms_status status;

    if (job->row.version == 0) {
        model->status = job->row.status;
        model->status_sequence = job->row.sequence;
        return put_model(job->ledger, MS_LEDGER_SET_MODEL, key, model, err);
    }
    status = ms_ledger_prepare(job->ledger, &statement, MS_LEDGER_NEWEST_ACTIVE, err);
    if (status != MS_OK)
        return status;
    ms_ledger_bind_key(statement, key);
    status = ms_ledger_step(job->ledger, statement, &found, "read the ledger", err);
    if (status == MS_OK && found &&
            !ms_ledger_column_number(statement, 0, &newest_active, model->newest))
        status = ms_ledger_damaged(
                job->ledger, 0, "ledger_index", "has a version above the newest", err);
    ms_ledger_done(statement);
    model->newest_active = (uint32_t)newest_active;
    if (status == MS_OK)
        status = put_model(job->ledger, MS_LEDGER_SET_MODEL, key, model, err);
    return status;
}

/* The status that stands, proven by the record of the version, or of the newest one for the model.
 */
static ms_status load_standing(
        const write_job *job, const ms_ledger_key *key, ms_record_status *standing, ms_error *err)
{
    ms_ledger_key key_of_record = *key;
    ms_arena arena;
    ms_record record;
    ms_status status = ms_ledger_fill_version(job->ledger, &key_of_record, err);

    *standing = MS_RECORD_ACTIVE;
    ms_arena_init(&arena, MS_LEDGER_ROW_SIZE_MAX + (size_t)4096);
    if (status == MS_OK)
        status = ms_ledger_load_record(job->ledger, &key_of_record, &arena, &record, err);
    if (status == MS_OK)
        *standing = key->version == 0 ? record.model_status : record.version_status;
    ms_arena_release(&arena);
    return status;
}

static ms_status write_status(write_job *job, void *payload, ms_error *err)
{
    const ms_ledger_key *key = payload;
    ms_ledger_model model;
    ms_record_status standing;
    bool found;
    ms_status status = load_standing(job, key, &standing, err);

    if (status != MS_OK || standing == job->row.status)
        return status;
    if (standing == MS_RECORD_REVOKED)
        return revoked(key, key->version, err);
    status = ms_ledger_find_model(job->ledger, key, &found, &model, err);
    if (status == MS_OK)
        status = append_row(job, err);
    if (status == MS_OK && key->version != 0)
        status = set_version(job, key, err);
    if (status == MS_OK)
        status = update_model(job, key, &model, err);
    return status;
}

/* A missing file has no models: it is not made to say so. */
static ms_status check_there(ms_ledger *ledger, const ms_ledger_key *key, ms_error *err)
{
    char address[MS_ADDRESS_TEXT_SIZE];
    bool missing;
    ms_status status;

    ms_mutex_lock(&ledger->mutex);
    status = ms_ledger_attach(ledger, MS_LEDGER_READ, &missing, err);
    ms_mutex_unlock(&ledger->mutex);
    if (status != MS_OK || !missing)
        return status;
    ms_address_format(address, &key->publisher);
    return ms_fail(err, MS_NOT_FOUND, "model_unknown", "%s has no model %s in the ledger", address,
            key->model_id);
}

ms_status ms_ledger_set_status(void *self, const ms_signer *signer, const ms_status_change *change,
        bool *changed, ms_error *err)
{
    ms_span id = ms_span_of(change->model_id, strlen(change->model_id));
    ms_ledger_key key = ms_ledger_key_of(&signer->address, id, change->version);
    write_job job = {.ledger = self,
            .signer = signer,
            .row = {.kind = MS_LEDGER_STATUS,
                    .model_id = id,
                    .version = change->version,
                    .status = change->status,
                    .reason = ms_span_of(change->reason, strlen(change->reason))}};
    ms_status status = check_there(self, &key, err);

    if (status == MS_OK)
        status = write_in_transaction(&job, write_status, &key, err);
    *changed = status == MS_OK && job.written;
    return status;
}
