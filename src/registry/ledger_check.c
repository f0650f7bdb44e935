/* Proving the whole ledger: SQLite's own check of the file, then every row by itself, its place in
 * the chain, and both ways that the index says no more and no less than the rows. The file is
 * opened read-only and never written. */
#include "registry/ledger_priv.h"

#include <string.h>

#include "crypto/sha256.h"
#include "task/task.h"

#define SQLITE_FAULTS_MAX 100
#define FAULT_TEXT_SIZE 512

typedef struct ledger_checker {
    ms_ledger ledger; /* a connection of its own, so that others can write meanwhile */
    ms_task *task;
    uint64_t *entries;
    ms_registry_fault_fn fault;
    void *payload;
    ms_status stopped; /* what a call of fault returned other than MS_OK: it ends the check */
    uint64_t publications;
    uint8_t previous[MS_SHA256_SIZE]; /* hash of the row before */
} ledger_checker;

static ms_status report(
        ledger_checker *checker, uint64_t sequence, const char *finding, ms_error *err)
{
    ms_registry_fault fault = {.sequence = sequence, .text = finding};

    checker->stopped = checker->fault(checker->payload, &fault, err);
    return checker->stopped;
}

/* Damage is a fault to report, after which the caller goes on; anything else ends the check. */
static ms_status absorb(ledger_checker *checker, uint64_t sequence, ms_status status,
        const ms_error *error, ms_error *err)
{
    bool damaged = status == MS_INTEGRITY || status == MS_MALFORMED || status == MS_NOT_FOUND;

    if (damaged && checker->stopped == MS_OK)
        return report(checker, sequence, error->message, err);
    if (status != MS_OK)
        ms_error_copy(err, error);
    return status;
}

/* What this program cannot read is not damage, and nothing can be said of it. */
static bool is_of_later_program(ms_status status, const ms_error *error)
{
    return status == MS_MALFORMED && strcmp(error->reason, "ledger_version") == 0;
}

/* ---- the file ---- */

static ms_status check_file(ledger_checker *checker, ms_error *err)
{
    sqlite3_stmt *statement = NULL;
    ms_error error = MS_ERROR_INIT;
    bool row = true;
    ms_status status = MS_OK;

    if (sqlite3_prepare_v2(checker->ledger.database, "PRAGMA integrity_check(100)", -1, &statement,
                NULL) != SQLITE_OK)
        status = ms_ledger_fail(&checker->ledger, "check the ledger", &error);
    for (int i = 0; status == MS_OK && row && i <= SQLITE_FAULTS_MAX; i++) {
        const char *foreign_text;

        status = ms_ledger_step(&checker->ledger, statement, &row, "check the ledger", &error);
        if (status != MS_OK || !row)
            break;
        foreign_text = (const char *)sqlite3_column_text(statement, 0);
        if (foreign_text == NULL || strcmp(foreign_text, "ok") != 0)
            status = report(checker, 0,
                    foreign_text == NULL ? "the file is damaged" : foreign_text, &error);
    }
    (void)sqlite3_finalize(statement);
    return absorb(checker, 0, status, &error, err);
}

/* ---- the index against a row ---- */

static ms_status expect(
        ledger_checker *checker, bool good, uint64_t sequence, const char *finding, ms_error *err)
{
    return good ? MS_OK : report(checker, sequence, finding, err);
}

/* A version comes after the one below it, by at most the gap that publishing allows. */
static ms_status check_below(
        ledger_checker *checker, const ms_ledger_row *row, const ms_ledger_key *key, ms_error *err)
{
    sqlite3_stmt *statement;
    uint64_t version = 0;
    uint64_t sequence = 0;
    bool found = false;
    bool good = true;
    ms_status status =
            ms_ledger_prepare(&checker->ledger, &statement, MS_LEDGER_VERSION_BELOW, err);

    if (status != MS_OK)
        return status;
    ms_ledger_bind_key(statement, key);
    ms_ledger_bind_number(statement, 3, key->version);
    status = ms_ledger_step(&checker->ledger, statement, &found, "check the ledger", err);
    if (status == MS_OK && found)
        good = ms_ledger_column_number(statement, 0, &version, UINT32_MAX) &&
               ms_ledger_column_number(statement, 1, &sequence, MS_LEDGER_SEQUENCE_MAX);
    ms_ledger_done(statement);
    if (status != MS_OK)
        return status;
    return expect(checker,
            good && sequence < row->sequence && row->version - version <= MS_VERSION_GAP_MAX,
            row->sequence, "its version number does not follow those before it", err);
}

static ms_status check_publication(ledger_checker *checker, const ms_ledger_row *row,
        const ms_ledger_model *model, const ms_ledger_version *version, const ms_ledger_key *key,
        ms_error *err)
{
    ms_status status = expect(checker,
            version->sequence == row->sequence &&
                    memcmp(version->manifest, row->manifest, sizeof(row->manifest)) == 0,
            row->sequence, "the index says something else of its version", err);

    if (status == MS_OK)
        status = expect(checker, model->newest >= row->version, row->sequence,
                "the index has an older version as the newest", err);
    if (status == MS_OK)
        status = expect(checker,
                model->status != MS_RECORD_REVOKED || model->status_sequence > row->sequence,
                row->sequence, "it was published after its model was revoked", err);
    if (status == MS_OK)
        status = check_below(checker, row, key, err);
    return status;
}

/* Each status row is at or before the one that the index names for its target; loading the record
 * proves that the named one exists and says the same. */
static ms_status check_status_row(ledger_checker *checker, const ms_ledger_row *row,
        const ms_ledger_model *model, const ms_ledger_version *version, ms_error *err)
{
    uint64_t named = row->version == 0 ? model->status_sequence : version->status_sequence;
    ms_record_status status = row->version == 0 ? model->status : version->status;

    return expect(checker,
            named >= row->sequence && (named > row->sequence || status == row->status),
            row->sequence, "the index does not know of this status", err);
}

static ms_status check_newest_active(ledger_checker *checker, const ms_ledger_row *row,
        const ms_ledger_model *model, const ms_ledger_key *key, ms_error *err)
{
    sqlite3_stmt *statement;
    uint64_t newest_active = 0;
    bool found;
    ms_status status =
            ms_ledger_prepare(&checker->ledger, &statement, MS_LEDGER_NEWEST_ACTIVE, err);

    if (status != MS_OK)
        return status;
    ms_ledger_bind_key(statement, key);
    status = ms_ledger_step(&checker->ledger, statement, &found, "check the ledger", err);
    if (status == MS_OK && found)
        (void)ms_ledger_column_number(statement, 0, &newest_active, UINT32_MAX);
    ms_ledger_done(statement);
    if (status != MS_OK)
        return status;
    return expect(checker, newest_active == model->newest_active, row->sequence,
            "the index has another newest active version than there is", err);
}

static ms_status check_index(ledger_checker *checker, const ms_ledger_row *row, ms_error *err)
{
    ms_ledger_key key = ms_ledger_key_of(&row->publisher, row->model_id, row->version);
    ms_ledger_model model;
    ms_ledger_version version = {0};
    ms_arena arena;
    ms_record record;
    bool found;
    ms_status status = ms_ledger_find_model(&checker->ledger, &key, &found, &model, err);

    if (status == MS_OK && !found)
        return report(checker, row->sequence, "the index has not its model", err);
    if (status == MS_OK && key.version != 0)
        status = ms_ledger_find_version(&checker->ledger, &key, &found, &version, err);
    if (status == MS_OK && !found)
        return report(checker, row->sequence, "the index has not its version", err);
    if (status == MS_OK && row->kind == MS_LEDGER_PUBLISH)
        status = check_publication(checker, row, &model, &version, &key, err);
    else if (status == MS_OK)
        status = check_status_row(checker, row, &model, &version, err);
    if (status == MS_OK)
        status = check_newest_active(checker, row, &model, &key, err);
    if (status == MS_OK)
        status = ms_ledger_fill_version(&checker->ledger, &key, err);
    ms_arena_init(&arena, MS_LEDGER_ROW_SIZE_MAX + (size_t)4096);
    if (status == MS_OK)
        status = ms_ledger_load_record(&checker->ledger, &key, &arena, &record, err);
    ms_arena_release(&arena);
    return status;
}

/* ---- rows ---- */

/* Row sequence, in one transaction with the index entries that speak of it. */
static ms_status check_row(ledger_checker *checker, uint64_t sequence, ms_error *err)
{
    sqlite3_stmt *statement = NULL;
    ms_ledger_row row;
    ms_buffer copy;
    ms_status status;

    ms_buffer_init(&copy, MS_LEDGER_ROW_SIZE_MAX);
    status = ms_ledger_load_row(&checker->ledger, sequence, &row, &statement, err);
    if (status == MS_OK) {
        ms_span bytes = ms_ledger_column_span(statement, 1);

        status = ms_buffer_append(&copy, bytes.data, bytes.size, err);
    }
    ms_ledger_done(statement); /* the index is read with the same statement */
    if (status == MS_OK)
        status = ms_ledger_row_decode(&row, ms_buffer_span(&copy), err);
    if (status == MS_OK && memcmp(row.previous, checker->previous, sizeof(row.previous)) != 0)
        status = report(checker, sequence, "it does not follow the row before it", err);
    ms_sha256(checker->previous, copy.data, copy.size);
    if (status == MS_OK && row.kind == MS_LEDGER_PUBLISH)
        checker->publications++;
    if (status == MS_OK)
        status = check_index(checker, &row, err);
    ms_buffer_release(&copy);
    return status;
}

/* Row *sequence is missing: go to the last one of the gap, so that the work is that of the rows that are there and not
 * of the numbers that a damaged one claims. last when nothing more can be found. */
static ms_status pass_over_gap(
        ledger_checker *checker, uint64_t *sequence, uint64_t last, ms_error *err)
{
    const uint64_t first = *sequence;
    sqlite3_stmt *statement;
    ms_error error = MS_ERROR_INIT;
    uint64_t next = 0;
    bool found = false;
    ms_status status = ms_ledger_prepare(&checker->ledger, &statement, MS_LEDGER_NEXT_ROW, &error);

    if (status == MS_OK) {
        ms_ledger_bind_number(statement, 1, first);
        status = ms_ledger_step(&checker->ledger, statement, &found, "check the ledger", &error);
        if (status == MS_OK && found)
            found = ms_ledger_column_number(statement, 0, &next, MS_LEDGER_SEQUENCE_MAX);
        ms_ledger_done(statement);
    }
    *sequence = status == MS_OK && found && next > first && next <= last ? next - 1 : last;
    status = absorb(checker, first, status, &error, err);
    if (status == MS_OK && *sequence > first)
        status = report(checker, *sequence, "it is missing, and so are those since the one told before", err);
    return status;
}

/* Rows one after the other that cannot be read: as many as one damaged inner page hides, and some. Behind more of
 * them the number of the last row is not to be believed. */
#define LOST_ROWS_MAX 4096u

static ms_status check_rows(ledger_checker *checker, uint64_t last, ms_error *err)
{
    ms_status status = MS_OK;
    unsigned lost = 0;

    for (uint64_t sequence = 1; status == MS_OK && sequence <= last; sequence++) {
        ms_error error = MS_ERROR_INIT;
        ms_status found = ms_task_check(checker->task, err);

        if (found != MS_OK)
            return found;
        found = ms_ledger_begin(&checker->ledger, false, &error);
        if (found == MS_OK) {
            found = check_row(checker, sequence, &error);
            found = ms_ledger_end(&checker->ledger, found, &error);
        }
        (*checker->entries)++;
        status = absorb(checker, sequence, found, &error, err);
        if (checker->ledger.database == NULL)
            return status; /* the connection did not survive the damage */
        lost = found == MS_OK ? 0 : lost + 1;
        if (status == MS_OK && lost == LOST_ROWS_MAX)
            return report(checker, sequence, "neither it nor the rows around it can be read", err);
        if (status == MS_OK && strcmp(error.reason, "ledger_row_missing") == 0)
            status = pass_over_gap(checker, &sequence, last, err);
    }
    return status;
}

static ms_status read_count(ledger_checker *checker, ms_ledger_query query, uint64_t last,
        uint64_t *count, ms_error *err)
{
    sqlite3_stmt *statement;
    bool found;
    ms_status status = ms_ledger_prepare(&checker->ledger, &statement, query, err);

    *count = 0;
    if (status != MS_OK)
        return status;
    if (query == MS_LEDGER_COUNT_VERSIONS)
        ms_ledger_bind_number(statement, 1, last);
    status = ms_ledger_step(&checker->ledger, statement, &found, "check the ledger", err);
    if (status == MS_OK && found)
        (void)ms_ledger_column_number(statement, 0, count, MS_LEDGER_SEQUENCE_MAX);
    ms_ledger_done(statement);
    return status;
}

/* Rows 1 to last were there. Every publication has its version in the index, so equal numbers mean
 * that there are no others. */
static ms_status check_counts(ledger_checker *checker, uint64_t last, ms_error *err)
{
    uint64_t count;
    ms_status status = read_count(checker, MS_LEDGER_BELOW_FIRST, last, &count, err);

    if (status == MS_OK)
        status = expect(checker, count == 0, 0, "there are rows before the first one", err);
    if (status == MS_OK)
        status = read_count(checker, MS_LEDGER_COUNT_VERSIONS, last, &count, err);
    if (status != MS_OK)
        return status;
    return expect(checker, count == checker->publications, 0,
            "the index has another number of versions than there are rows", err);
}

static ms_status check_content(ledger_checker *checker, ms_error *err)
{
    ms_error error = MS_ERROR_INIT;
    uint8_t hash[MS_SHA256_SIZE];
    uint64_t last = 0;
    ms_status status = ms_ledger_last_row(&checker->ledger, &last, hash, &error);

    status = absorb(checker, last, status, &error, err);
    if (status == MS_OK)
        status = check_rows(checker, last, err);
    if (status != MS_OK || checker->ledger.database == NULL)
        return status;
    status = check_counts(checker, last, &error);
    return absorb(checker, 0, status, &error, err);
}

ms_status ms_ledger_check(void *self, ms_task *task, uint64_t *entries, ms_registry_fault_fn fault,
        void *payload, ms_error *err)
{
    const ms_ledger *ledger = self;
    ledger_checker checker = {.task = task, .entries = entries, .fault = fault, .payload = payload};
    ms_error error = MS_ERROR_INIT;
    bool missing = false;
    ms_status status = ms_ledger_init(&checker.ledger, ledger->home, ledger->state, err);

    if (status == MS_OK) {
        status = ms_ledger_attach(&checker.ledger, MS_LEDGER_READ_ONLY, &missing, &error);
        if (is_of_later_program(status, &error))
            ms_error_copy(err, &error);
        else
            status = absorb(&checker, 0, status, &error, err);
    }
    if (status == MS_OK && !missing && checker.ledger.database != NULL)
        status = check_file(&checker, err);
    if (status == MS_OK && !missing && checker.ledger.database != NULL)
        status = check_content(&checker, err);
    ms_ledger_release(&checker.ledger);
    return status;
}
