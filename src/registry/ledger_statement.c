/* Statements of the ledger's connection: prepared once, bound, stepped and read with their types
 * checked; and the two ends of a transaction. */
#include "registry/ledger_priv.h"

#include <string.h>

ms_status ms_ledger_prepare(
        ms_ledger *ledger, sqlite3_stmt **statement, ms_ledger_query query, ms_error *err)
{
    *statement = ledger->statements[query];
    if (*statement != NULL)
        return MS_OK;
    if (sqlite3_prepare_v3(ledger->database, ms_ledger_query_text(query), -1,
                SQLITE_PREPARE_PERSISTENT, statement, NULL) != SQLITE_OK)
        return ms_ledger_fail(ledger, "read the ledger", err);
    ledger->statements[query] = *statement;
    return MS_OK;
}

ms_status ms_ledger_step(
        ms_ledger *ledger, sqlite3_stmt *statement, bool *row, const char *doing, ms_error *err)
{
    int result = sqlite3_step(statement);

    *row = result == SQLITE_ROW;
    if (result == SQLITE_ROW || result == SQLITE_DONE)
        return MS_OK;
    return ms_ledger_fail(ledger, doing, err);
}

void ms_ledger_done(sqlite3_stmt *statement)
{
    if (statement == NULL)
        return;
    (void)sqlite3_reset(statement);
    (void)sqlite3_clear_bindings(statement);
}

/* Run a query that takes and gives nothing. */
static ms_status run(ms_ledger *ledger, ms_ledger_query query, const char *doing, ms_error *err)
{
    sqlite3_stmt *statement;
    bool row;
    ms_status status = ms_ledger_prepare(ledger, &statement, query, err);

    if (status == MS_OK)
        status = ms_ledger_step(ledger, statement, &row, doing, err);
    ms_ledger_done(statement);
    return status;
}

ms_status ms_ledger_begin(ms_ledger *ledger, bool write, ms_error *err)
{
    return run(ledger, write ? MS_LEDGER_BEGIN_IMMEDIATE : MS_LEDGER_BEGIN,
            write ? "write to the ledger" : "read the ledger", err);
}

ms_status ms_ledger_end(ms_ledger *ledger, ms_status status, ms_error *err)
{
    if (status == MS_OK)
        status = run(ledger, MS_LEDGER_COMMIT, "write to the ledger", err);
    /* Some failures end the transaction by themselves, others leave it open. */
    if (status != MS_OK && sqlite3_get_autocommit(ledger->database) == 0 &&
            run(ledger, MS_LEDGER_ROLLBACK, "roll back", NULL) != MS_OK)
        ms_ledger_detach(ledger);
    return status;
}

/* Binding fails only when memory is short or a value is too long, which the step after it reports
 * as a constraint: NULL is not what any query here accepts. */
void ms_ledger_bind_span(sqlite3_stmt *statement, int index, ms_span bytes)
{
    if (bytes.size == 0)
        (void)sqlite3_bind_zeroblob(statement, index, 0);
    else
        (void)sqlite3_bind_blob64(statement, index, bytes.data, bytes.size, SQLITE_STATIC);
}

void ms_ledger_bind_number(sqlite3_stmt *statement, int index, uint64_t number)
{
    (void)sqlite3_bind_int64(statement, index, (sqlite3_int64)number);
}

void ms_ledger_bind_key(sqlite3_stmt *statement, const ms_ledger_key *key)
{
    (void)sqlite3_bind_text(statement, 1, key->model_id, -1, SQLITE_STATIC);
    (void)sqlite3_bind_blob(
            statement, 2, key->publisher.bytes, sizeof(key->publisher.bytes), SQLITE_STATIC);
}

ms_span ms_ledger_column_span(sqlite3_stmt *statement, int column)
{
    const void *data = sqlite3_column_blob(statement, column);

    return ms_span_of(data, data == NULL ? 0 : (size_t)sqlite3_column_bytes(statement, column));
}

bool ms_ledger_column_number(
        sqlite3_stmt *statement, int column, uint64_t *number, uint64_t value_max)
{
    sqlite3_int64 value = sqlite3_column_int64(statement, column);

    *number = value < 0 ? 0 : (uint64_t)value;
    return sqlite3_column_type(statement, column) == SQLITE_INTEGER && value >= 0 &&
           (uint64_t)value <= value_max;
}

bool ms_ledger_column_bytes(sqlite3_stmt *statement, int column, uint8_t *bytes, size_t size)
{
    ms_span span = ms_ledger_column_span(statement, column);

    memset(bytes, 0, size);
    if (sqlite3_column_type(statement, column) != SQLITE_BLOB || span.size != size)
        return false;
    memcpy(bytes, span.data, size);
    return true;
}
