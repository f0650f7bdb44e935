/* state.db: what may be lost. Pins, unclaimed blocks, the newest ledger row seen. */
#include "state/state.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "platform/lock.h"
#include "platform/sqlite_vfs.h"
#include "platform/thread.h"
#include "state/state_file_priv.h"

/* Rows fetched before callbacks run, which run without the lock. */
#define PAGE_ROWS 256
#define READ_TRIES_MAX 10

struct ms_state {
    ms_mutex mutex; /* guards file */
    ms_state_file file;
};

ms_status ms_state_open(ms_state **out, const char *home, ms_error *err)
{
    ms_state *state = NULL;
    ms_status status;

    *out = NULL;
    if (home == NULL || home[0] != '/')
        return ms_fail(err, MS_USAGE, "path_not_absolute", "The state needs an absolute path");
    state = ms_calloc(1, sizeof(*state));
    if (state == NULL)
        return ms_fail_memory(err, sizeof(*state));
    status = ms_state_file_init(&state->file, home, err);
    if (status != MS_OK) {
        ms_free(state);
        return status;
    }
    ms_mutex_init(&state->mutex);
    *out = state;
    return MS_OK;
}

void ms_state_close(ms_state *state)
{
    if (state == NULL)
        return;
    ms_state_file_release(&state->file);
    ms_mutex_release(&state->mutex);
    ms_free(state);
}

static ms_status prepare(sqlite3 *database, sqlite3_stmt **statement, const char *sql, ms_error *err)
{
    if (sqlite3_prepare_v2(database, sql, -1, statement, NULL) == SQLITE_OK)
        return MS_OK;
    return ms_sqlite_fail(err, database, "use the state");
}

static void bind_digest(sqlite3_stmt *statement, int index, const uint8_t *digest, size_t size)
{
    /* Fails only when memory is short, and then the step fails too: a NULL stands against NOT NULL. */
    (void)sqlite3_bind_blob(statement, index, digest, (int)size, SQLITE_TRANSIENT);
}

/* Parameters 1 to 3 name a root. */
static void bind_root(sqlite3_stmt *statement, const ms_cid *root)
{
    bind_digest(statement, 1, root->digest, root->digest_size);
    (void)sqlite3_bind_int64(statement, 2, root->hash);
    (void)sqlite3_bind_int64(statement, 3, root->codec);
}

static ms_status run(sqlite3 *database, sqlite3_stmt *statement, ms_error *err)
{
    if (sqlite3_step(statement) == SQLITE_DONE)
        return MS_OK;
    return ms_sqlite_fail(err, database, "write the state");
}

/* One change of the database, inside a transaction. */
typedef ms_status (*change_fn)(sqlite3 *database, const void *arguments, ms_error *err);

static ms_status change_once(sqlite3 *database, change_fn change, const void *arguments, ms_error *err)
{
    ms_status status;

    if (sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return ms_sqlite_fail(err, database, "write the state");
    status = change(database, arguments, err);
    if (status == MS_OK && sqlite3_exec(database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        status = ms_sqlite_fail(err, database, "write the state");
    if (status != MS_OK)
        (void)sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

/* Under the writers' lock the file cannot be moved aside between the look at it and the end of the transaction. */
static ms_status change_locked(ms_state *state, change_fn change, const void *arguments, ms_error *err)
{
    int lock = -1;
    ms_status status = ms_state_file_lock(&state->file, &lock, err);

    if (status == MS_OK)
        status = ms_state_file_write(&state->file, err);
    if (status == MS_OK)
        status = change_once(state->file.database, change, arguments, err);
    ms_lock_release(lock);
    return status;
}

static ms_status change_state(ms_state *state, change_fn change, const void *arguments, ms_error *err)
{
    ms_error failure = MS_ERROR_INIT;
    ms_status status;

    ms_mutex_lock(&state->mutex);
    status = change_locked(state, change, arguments, &failure);
    if (ms_state_file_is_damage(status)) {
        status = ms_state_file_start_anew(&state->file, &failure);
        if (status == MS_OK)
            status = change_locked(state, change, arguments, &failure);
    }
    ms_mutex_unlock(&state->mutex);
    if (status != MS_OK)
        ms_error_copy(err, &failure);
    return status;
}

/* One question to the database, which is open. */
typedef ms_status (*question_fn)(sqlite3 *database, void *answer, ms_error *err);

/* The answer stays as it was when there is no file, or a damaged one. */
static ms_status ask_state(ms_state *state, question_fn question, void *answer, ms_error *err)
{
    ms_error failure = MS_ERROR_INIT;
    ms_status status = MS_OK;
    bool usable;

    ms_mutex_lock(&state->mutex);
    for (unsigned tries = 0; tries < READ_TRIES_MAX; tries++) {
        status = ms_state_file_read(&state->file, &usable, &failure);
        if (status == MS_OK && usable)
            status = question(state->file.database, answer, &failure);
        /* A reader has no lock, for it may not be able to make one: it looks again when the file went away under it. */
        if (status == MS_OK || state->file.database == NULL || ms_state_file_is_current(&state->file))
            break;
        ms_state_file_close(&state->file);
    }
    if (ms_state_file_is_damage(status)) {
        ms_state_file_close(&state->file);
        status = MS_OK;
    }
    ms_mutex_unlock(&state->mutex);
    if (status != MS_OK)
        ms_error_copy(err, &failure);
    return status;
}

static ms_status change_by(sqlite3 *database, const char *sql, ms_error *err)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) == SQLITE_OK)
        return MS_OK;
    return ms_sqlite_fail(err, database, "write the state");
}

typedef struct root_change {
    const ms_cid *root;
    bool pinned;
} root_change;

static ms_status set_root(sqlite3 *database, const void *arguments, ms_error *err)
{
    const root_change *change = arguments;
    sqlite3_stmt *statement = NULL;
    ms_status status = prepare(database, &statement,
            "INSERT INTO root (digest, hash, codec, pinned) VALUES (?1, ?2, ?3, ?4)"
            " ON CONFLICT DO UPDATE SET pinned = excluded.pinned",
            err);

    if (status != MS_OK)
        return status;
    bind_root(statement, change->root);
    (void)sqlite3_bind_int(statement, 4, change->pinned);
    status = run(database, statement, err);
    sqlite3_finalize(statement);
    return status;
}

static ms_status expect_defined(const ms_cid *root, ms_error *err)
{
    if (ms_cid_is_defined(root))
        return MS_OK;
    return ms_fail(err, MS_USAGE, "cid_undefined", "A root needs a CID");
}

ms_status ms_state_set_root(ms_state *state, const ms_cid *root, bool pinned, ms_error *err)
{
    root_change change = {.root = root, .pinned = pinned};
    ms_status status = expect_defined(root, err);

    return status == MS_OK ? change_state(state, set_root, &change, err) : status;
}

static ms_status forget_root(sqlite3 *database, const void *arguments, ms_error *err)
{
    sqlite3_stmt *statement = NULL;
    ms_status status = prepare(
            database, &statement, "DELETE FROM root WHERE digest = ?1 AND hash = ?2 AND codec = ?3", err);

    if (status != MS_OK)
        return status;
    bind_root(statement, arguments);
    status = run(database, statement, err);
    sqlite3_finalize(statement);
    return status;
}

ms_status ms_state_forget_root(ms_state *state, const ms_cid *root, ms_error *err)
{
    ms_status status = expect_defined(root, err);
    return status == MS_OK ? change_state(state, forget_root, root, err) : status;
}

typedef struct pin_question {
    const ms_cid *root;
    bool pinned;
    bool unpinned;
} pin_question;

static ms_status ask_pinned(sqlite3 *database, void *answer, ms_error *err)
{
    pin_question *question = answer;
    sqlite3_stmt *statement = NULL;
    ms_status status = prepare(database, &statement,
            "SELECT pinned FROM root WHERE digest = ?1 AND hash = ?2 AND codec = ?3", err);
    int step;

    if (status != MS_OK)
        return status;
    bind_root(statement, question->root);
    step = sqlite3_step(statement);
    if (step == SQLITE_ROW) {
        question->pinned = sqlite3_column_int(statement, 0) != 0;
        question->unpinned = !question->pinned;
    } else if (step != SQLITE_DONE) {
        status = ms_sqlite_fail(err, database, "read the state");
    }
    sqlite3_finalize(statement);
    return status;
}

ms_status ms_state_root_is_pinned(ms_state *state, const ms_cid *root, bool *pinned, ms_error *err)
{
    pin_question question = {.root = root};
    ms_status status = expect_defined(root, err);

    if (status == MS_OK)
        status = ask_state(state, ask_pinned, &question, err);
    *pinned = status == MS_OK && question.pinned;
    return status;
}

ms_status ms_state_root_is_unpinned(ms_state *state, const ms_cid *root, bool *unpinned, ms_error *err)
{
    pin_question question = {.root = root};
    ms_status status = expect_defined(root, err);

    if (status == MS_OK)
        status = ask_state(state, ask_pinned, &question, err);
    *unpinned = status == MS_OK && question.unpinned;
    return status;
}

/* A page of a listing; the last row of one page is where the next begins. */
typedef struct cid_page {
    const char *sql; /* parameters 1 to 3: the root to begin after, 4: pinned, 5: rows */
    bool pinned;
    ms_cid after;
    ms_cid rows[PAGE_ROWS];
    size_t count;
} cid_page;

/* Columns: digest, hash, codec. */
static ms_status read_cid(sqlite3_stmt *statement, ms_cid *cid, ms_error *err)
{
    const void *digest = sqlite3_column_blob(statement, 0);
    int size = sqlite3_column_bytes(statement, 0);
    int64_t hash = sqlite3_column_int64(statement, 1);
    int64_t codec = sqlite3_column_int64(statement, 2);
    bool right = (hash == MS_HASH_SHA2_256 && size == 32) || (hash == MS_HASH_SHA2_512 && size == 64);

    if (digest == NULL || !right || codec < 0 || codec > UINT32_MAX)
        return ms_fail(err, MS_INTEGRITY, "database_damaged", "A row of the state is no CID");
    *cid = (ms_cid){.version = 1, .digest_size = (uint8_t)size, .hash = (uint16_t)hash, .codec = (uint32_t)codec};
    memcpy(cid->digest, digest, (size_t)size);
    return MS_OK;
}

static ms_status ask_page(sqlite3 *database, void *answer, ms_error *err)
{
    cid_page *page = answer;
    sqlite3_stmt *statement = NULL;
    ms_status status = prepare(database, &statement, page->sql, err);
    int step = SQLITE_DONE;

    if (status != MS_OK)
        return status;
    bind_root(statement, &page->after);
    (void)sqlite3_bind_int(statement, 4, page->pinned);
    (void)sqlite3_bind_int(statement, 5, PAGE_ROWS);
    while (status == MS_OK && page->count < PAGE_ROWS) {
        step = sqlite3_step(statement);
        if (step != SQLITE_ROW)
            break;
        status = read_cid(statement, &page->rows[page->count++], err);
    }
    if (status == MS_OK && step != SQLITE_ROW && step != SQLITE_DONE)
        status = ms_sqlite_fail(err, database, "read the state");
    if (status != MS_OK)
        page->count = 0;
    sqlite3_finalize(statement);
    return status;
}

static ms_status each_cid(
        ms_state *state, const char *sql, bool pinned, ms_state_cid_fn each, void *payload, ms_error *err)
{
    cid_page *page = ms_calloc(1, sizeof(*page));
    ms_status status = MS_OK;

    if (page == NULL)
        return ms_fail_memory(err, sizeof(*page));
    page->sql = sql;
    page->pinned = pinned;
    do {
        page->count = 0;
        status = ask_state(state, ask_page, page, err);
        for (size_t i = 0; status == MS_OK && i < page->count; i++)
            status = each(payload, &page->rows[i], err);
        if (page->count > 0)
            page->after = page->rows[page->count - 1];
    } while (status == MS_OK && page->count == PAGE_ROWS);
    ms_free(page);
    return status;
}

ms_status ms_state_each_root(ms_state *state, bool pinned, ms_state_cid_fn each, void *payload, ms_error *err)
{
    static const char sql[] = "SELECT digest, hash, codec FROM root"
                              " WHERE (digest, hash, codec) > (?1, ?2, ?3) AND pinned = ?4"
                              " ORDER BY digest, hash, codec LIMIT ?5";
    return each_cid(state, sql, pinned, each, payload, err);
}

typedef struct unclaimed_change {
    const uint8_t (*digests)[32];
    size_t count;
} unclaimed_change;

static ms_status add_unclaimed(sqlite3 *database, const void *arguments, ms_error *err)
{
    const unclaimed_change *change = arguments;
    sqlite3_stmt *statement = NULL;
    ms_status status = prepare(database, &statement, "INSERT OR IGNORE INTO unclaimed VALUES (?1)", err);

    for (size_t i = 0; status == MS_OK && i < change->count; i++) {
        bind_digest(statement, 1, change->digests[i], sizeof(change->digests[i]));
        status = run(database, statement, err);
        (void)sqlite3_reset(statement);
    }
    sqlite3_finalize(statement);
    return status;
}

ms_status ms_state_add_unclaimed(ms_state *state, const uint8_t (*digests)[32], size_t count, ms_error *err)
{
    unclaimed_change change = {.digests = digests, .count = count};

    if (count == 0)
        return MS_OK;
    return change_state(state, add_unclaimed, &change, err);
}

ms_status ms_state_each_unclaimed(ms_state *state, ms_state_cid_fn each, void *payload, ms_error *err)
{
    /* 18 and 85: sha2-256 and raw. The parameters that a list of roots needs are there as well. */
    static const char sql[] = "SELECT digest, 18, 85 FROM unclaimed"
                              " WHERE digest > ?1 AND ?2 IS NOT NULL AND ?3 IS NOT NULL AND ?4 = 0"
                              " ORDER BY digest LIMIT ?5";
    return each_cid(state, sql, false, each, payload, err);
}

static ms_status forget_unclaimed(sqlite3 *database, const void *arguments, ms_error *err)
{
    (void)arguments;
    return change_by(database, "DELETE FROM unclaimed", err);
}

ms_status ms_state_forget_unclaimed(ms_state *state, ms_error *err)
{
    bool usable;
    ms_status status;

    /* Nothing to forget is no reason to make a file. */
    ms_mutex_lock(&state->mutex);
    status = ms_state_file_read(&state->file, &usable, err);
    ms_mutex_unlock(&state->mutex);
    if (status != MS_OK || !usable)
        return status;
    return change_state(state, forget_unclaimed, NULL, err);
}

typedef struct ledger_row {
    uint64_t sequence;
    uint8_t hash[32];
} ledger_row;

static ms_status set_ledger_seen(sqlite3 *database, const void *arguments, ms_error *err)
{
    const ledger_row *row = arguments;
    sqlite3_stmt *statement = NULL;
    ms_status status =
            prepare(database, &statement, "INSERT OR REPLACE INTO ledger_seen VALUES (1, ?1, ?2)", err);

    if (status != MS_OK)
        return status;
    (void)sqlite3_bind_int64(statement, 1, (sqlite3_int64)row->sequence);
    bind_digest(statement, 2, row->hash, sizeof(row->hash));
    status = run(database, statement, err);
    sqlite3_finalize(statement);
    return status;
}

ms_status ms_state_set_ledger_seen(
        ms_state *state, uint64_t sequence, const uint8_t row_hash[32], ms_error *err)
{
    ledger_row row = {.sequence = sequence};

    if (sequence > INT64_MAX)
        return ms_fail(err, MS_USAGE, "ledger_sequence", "No ledger has so many rows");
    memcpy(row.hash, row_hash, sizeof(row.hash));
    return change_state(state, set_ledger_seen, &row, err);
}

static ms_status ask_ledger_seen(sqlite3 *database, void *answer, ms_error *err)
{
    ledger_row *row = answer;
    sqlite3_stmt *statement = NULL;
    ms_status status = prepare(database, &statement, "SELECT sequence, row_hash FROM ledger_seen", err);
    int step;

    if (status != MS_OK)
        return status;
    step = sqlite3_step(statement);
    if (step == SQLITE_ROW && sqlite3_column_bytes(statement, 1) == (int)sizeof(row->hash) &&
            sqlite3_column_int64(statement, 0) > 0) {
        row->sequence = (uint64_t)sqlite3_column_int64(statement, 0);
        memcpy(row->hash, sqlite3_column_blob(statement, 1), sizeof(row->hash));
    } else if (step != SQLITE_DONE && step != SQLITE_ROW) {
        status = ms_sqlite_fail(err, database, "read the state");
    }
    sqlite3_finalize(statement);
    return status;
}

ms_status ms_state_ledger_seen(ms_state *state, uint64_t *sequence, uint8_t row_hash[32], ms_error *err)
{
    ledger_row row = {0};
    ms_status status = ask_state(state, ask_ledger_seen, &row, err);

    *sequence = row.sequence;
    memcpy(row_hash, row.hash, sizeof(row.hash));
    return status;
}
