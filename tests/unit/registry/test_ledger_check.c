/* What the check finds when somebody changes the ledger with good SQL, so that pages and file are
 * in order; and what reads say of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "crypto/sha256.h"
#include "doubles/sample_publication.h"
#include "platform/sqlite_vfs.h"
#include "registry/ledger_row.h"
#include "registry/ledger_sql.h"
#include "task/task.h"
#include "unit/registry/sample_ledger.h"

#define APPENDED_TRIGGER 6 /* of ms_ledger_schema */
#define TRIGGERS 3

static void run(sqlite3 *database, const char *sql)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(database));
}

static sqlite3 *open_database(const temporary_folder *folder)
{
    const char *path = temporary_path(folder, "ledger.db");
    sqlite3 *database;

    assert_int_equal(ms_sqlite_open_summed(&database, path, false, false, 1000, NULL), MS_OK);
    return database;
}

static void drop_triggers(sqlite3 *database)
{
    run(database, "DROP TRIGGER rows_are_appended; DROP TRIGGER rows_never_change; "
                  "DROP TRIGGER rows_never_go");
}

static void make_triggers(sqlite3 *database)
{
    for (size_t i = 0; i < TRIGGERS; i++)
        run(database, ms_ledger_schema[APPENDED_TRIGGER + i]);
}

static sample_faults check(const temporary_folder *folder)
{
    ms_registry *registry;
    ms_error error = MS_ERROR_INIT;
    sample_faults faults;
    uint64_t entries;

    assert_int_equal(ms_ledger_open(&registry, folder->path, NULL, NULL), MS_OK);
    if (sample_check(registry, &entries, &faults, &error) != MS_OK)
        fail_msg("%s: %s", error.reason, error.message);
    ms_registry_close(registry);
    return faults;
}

/* Each change contradicts rows that stand; what is said of it is part of the first fault. */
static void test_an_index_that_says_something_else_is_found(void **state)
{
    static const struct {
        const char *sql;
        const char *says;
    } changes[] = {
            {"UPDATE models SET newest = newest - 1 WHERE id = 'model-0'", "index"},
            {"UPDATE models SET newest = newest + 1 WHERE id = 'model-0'", "index"},
            {"UPDATE models SET newest_active = newest_active - 1 WHERE id = 'model-0'", "active"},
            {"UPDATE models SET status = 0, status_seq = 0 WHERE status <> 0", "status"},
            {"UPDATE models SET status = 0 WHERE status = 2", "index"},
            {"UPDATE models SET status = 1, status_seq = 1 WHERE status = 0", ""},
            {"UPDATE versions SET status = 0, status_seq = 0 WHERE status <> 0", "active"},
            {"UPDATE versions SET status = 2 WHERE seq = 1", ""},
            {"UPDATE versions SET manifest = zeroblob(32) WHERE seq = 3", "something else"},
            {"UPDATE versions SET manifest = x'00' WHERE seq = 3", ""},
            {"UPDATE versions SET seq = 2 WHERE seq = 8", ""},
            {"UPDATE versions SET version = version + 100 WHERE seq = 6", ""},
            {"UPDATE versions SET seq = 'text' WHERE seq = 6", ""},
            {"DELETE FROM versions WHERE seq = 4", "has not its version"},
            {"DELETE FROM models WHERE id = 'model-1'", "has not its model"},
            {"INSERT INTO versions SELECT 'more', publisher, 1, 4, 0, 0, manifest FROM versions "
             "WHERE seq = 4",
                    "number of versions"},
    };
    const temporary_folder *folder = *state;

    for (size_t i = 0; i < MS_ARRAY_COUNT(changes); i++) {
        sqlite3 *database;
        sample_faults faults;

        (void)remove(temporary_path(folder, "ledger.db"));
        sample_ledger_make(folder);
        database = open_database(folder);
        run(database, changes[i].sql);
        assert_true(sqlite3_changes(database) > 0);
        ms_sqlite_close(database);
        faults = check(folder);
        if (faults.count == 0)
            fail_msg("%s: not found", changes[i].sql);
        if (strstr(faults.first, changes[i].says) == NULL)
            fail_msg("%s: %s", changes[i].sql, faults.first);
    }
}

static void test_rows_that_were_changed_are_found(void **state)
{
    static const struct {
        const char *sql;
        uint64_t last; /* row that the last fault names; 0 = any */
    } changes[] = {
            {"UPDATE rows SET row = zeroblob(300) WHERE seq = 7", 0},
            {"UPDATE rows SET hash = zeroblob(32) WHERE seq = 50", 50},
            {"UPDATE rows SET hash = 'text' WHERE seq = 7", 0},
            {"DELETE FROM rows WHERE seq = 7", 0},
            {"DELETE FROM rows WHERE seq > 45", 0},
            {"DELETE FROM rows WHERE seq = 1", 0},
            {"UPDATE rows SET seq = 60 WHERE seq = 50", 0},
            {"UPDATE rows SET seq = seq + 1 WHERE seq = 50", 0},
            {"UPDATE rows SET row = (SELECT row FROM rows WHERE seq = 8), "
             "hash = (SELECT hash FROM rows WHERE seq = 8) WHERE seq = 7",
                    0},
            {"INSERT INTO rows SELECT 51, hash, row FROM rows WHERE seq = 50", 0},
            {"INSERT INTO rows VALUES(0, zeroblob(32), zeroblob(10))", 0},
            {"INSERT INTO rows VALUES(-5, zeroblob(32), zeroblob(10))", 0},
    };
    const temporary_folder *folder = *state;

    for (size_t i = 0; i < MS_ARRAY_COUNT(changes); i++) {
        sqlite3 *database;
        sample_faults faults;

        (void)remove(temporary_path(folder, "ledger.db"));
        sample_ledger_make(folder);
        database = open_database(folder);
        drop_triggers(database);
        run(database, changes[i].sql);
        make_triggers(database);
        ms_sqlite_close(database);
        faults = check(folder);
        if (faults.count == 0)
            fail_msg("%s: not found", changes[i].sql);
        if (changes[i].last != 0)
            assert_int_equal(faults.last_sequence, changes[i].last);
    }
}

/* The bytes of row sequence, decoded; the caller frees the buffer that it points into. */
static ms_ledger_row take_row(sqlite3 *database, int sequence, ms_buffer *bytes)
{
    sqlite3_stmt *statement;
    ms_ledger_row row;

    ms_buffer_init(bytes, MS_LEDGER_ROW_SIZE_MAX);
    assert_int_equal(sqlite3_prepare_v2(
                             database, "SELECT row FROM rows WHERE seq = ?1", -1, &statement, NULL),
            SQLITE_OK);
    sqlite3_bind_int(statement, 1, sequence);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_int_equal(ms_buffer_append(bytes, sqlite3_column_blob(statement, 0),
                             (size_t)sqlite3_column_bytes(statement, 0), NULL),
            MS_OK);
    sqlite3_finalize(statement);
    assert_int_equal(ms_ledger_row_decode(&row, ms_buffer_span(bytes), NULL), MS_OK);
    return row;
}

static void put_row(sqlite3 *database, int sequence, const ms_ledger_row *row)
{
    sqlite3_stmt *statement;
    uint8_t hash[32];
    ms_buffer bytes;

    ms_buffer_init(&bytes, MS_LEDGER_ROW_SIZE_MAX);
    assert_int_equal(ms_ledger_row_encode(row, &bytes, NULL), MS_OK);
    ms_sha256(hash, bytes.data, bytes.size);
    drop_triggers(database);
    assert_int_equal(
            sqlite3_prepare_v2(database, "UPDATE rows SET hash = ?2, row = ?3 WHERE seq = ?1", -1,
                    &statement, NULL),
            SQLITE_OK);
    sqlite3_bind_int(statement, 1, sequence);
    sqlite3_bind_blob(statement, 2, hash, sizeof(hash), SQLITE_STATIC);
    sqlite3_bind_blob(statement, 3, bytes.data, (int)bytes.size, SQLITE_STATIC);
    assert_int_equal(sqlite3_step(statement), SQLITE_DONE);
    sqlite3_finalize(statement);
    make_triggers(database);
    ms_buffer_release(&bytes);
}

typedef void (*change_fn)(ms_ledger_row *row);

static void change_previous(ms_ledger_row *row)
{
    row->previous[0] ^= 1;
}

static void change_time(ms_ledger_row *row)
{
    row->time++;
}

static void change_version(ms_ledger_row *row)
{
    row->version += 7;
}

static void change_signature(ms_ledger_row *row)
{
    row->signature[10] ^= 1;
}

static void change_sequence(ms_ledger_row *row)
{
    row->sequence++;
}

static void change_id(ms_ledger_row *row)
{
    row->model_id = ms_span_of("other", 5);
}

/* The work is that of the rows that are there, whatever number the last one claims. */
static void test_a_row_far_behind_the_others_does_not_hold_the_check(void **state)
{
    const temporary_folder *folder = *state;
    sample_faults faults;
    sqlite3 *database;

    sample_ledger_make(folder);
    database = open_database(folder);
    drop_triggers(database);
    run(database, "UPDATE rows SET seq = 9000000000000000000 WHERE seq = (SELECT max(seq) FROM rows)");
    make_triggers(database);
    ms_sqlite_close(database);
    faults = check(folder);
    assert_in_range(faults.count, 2, SAMPLE_ROWS);
    assert_non_null(strstr(faults.first, "missing"));
}

/* Looking for rows that are not there then leads to the damaged page, again and again. */
static void test_a_damaged_page_before_far_rows_does_not_hold_the_check(void **state)
{
    static uint8_t bytes[1 << 20];
    const temporary_folder *folder = *state;
    sqlite3 *database;
    long size;

    sample_ledger_make(folder);
    database = open_database(folder);
    drop_triggers(database);
    run(database, "UPDATE rows SET seq = seq + 8000000000000000000 WHERE seq > 20");
    make_triggers(database);
    ms_sqlite_close(database);
    size = temporary_read(folder, "ledger.db", bytes, sizeof(bytes));
    assert_in_range(size, 4096 * 10, sizeof(bytes));
    for (long at = 4096 + 2000; at < size; at += 4096) {
        ms_registry *registry;
        sample_faults faults;
        uint64_t entries;

        bytes[at] ^= 1;
        temporary_write(folder, "ledger.db", bytes, (size_t)size);
        bytes[at] ^= 1;
        assert_int_equal(ms_ledger_open(&registry, folder->path, NULL, NULL), MS_OK);
        (void)!sample_check(registry, &entries, &faults, NULL);
        assert_true(faults.count > 0);
        ms_registry_close(registry);
    }
}

/* A changed row with its own right hash: the chain, the signature or the index tells. */
static void test_a_row_that_was_written_anew_is_found(void **state)
{
    static const change_fn changes[] = {change_previous, change_time, change_version,
            change_signature, change_sequence, change_id};
    static const int rows[] = {1, 10, 27};
    const temporary_folder *folder = *state;

    for (size_t i = 0; i < MS_ARRAY_COUNT(changes) * MS_ARRAY_COUNT(rows); i++) {
        int sequence = rows[i % MS_ARRAY_COUNT(rows)];
        sqlite3 *database;
        ms_buffer bytes;
        ms_ledger_row row;

        (void)remove(temporary_path(folder, "ledger.db"));
        sample_ledger_make(folder);
        database = open_database(folder);
        row = take_row(database, sequence, &bytes);
        changes[i / MS_ARRAY_COUNT(rows)](&row);
        put_row(database, sequence, &row);
        ms_buffer_release(&bytes);
        ms_sqlite_close(database);
        if (check(folder).count == 0)
            fail_msg("change %zu of row %d: not found", i / MS_ARRAY_COUNT(rows), sequence);
    }
}

static void test_every_good_row_of_a_damaged_ledger_is_still_checked(void **state)
{
    const temporary_folder *folder = *state;
    ms_registry *registry;
    sample_faults faults;
    uint64_t entries;
    sqlite3 *database;

    sample_ledger_make(folder);
    database = open_database(folder);
    drop_triggers(database);
    run(database, "UPDATE rows SET hash = zeroblob(32) WHERE seq IN (2, 49)");
    make_triggers(database);
    ms_sqlite_close(database);
    assert_int_equal(ms_ledger_open(&registry, folder->path, NULL, NULL), MS_OK);
    assert_int_equal(sample_check(registry, &entries, &faults, NULL), MS_OK);
    assert_int_equal(entries, SAMPLE_ROWS);
    assert_true(faults.count >= 2);
    assert_non_null(strstr(faults.first, "Row 2 "));
    ms_registry_close(registry);
}

static ms_status stop(void *payload, const ms_registry_fault *fault, ms_error *err)
{
    unsigned *count = payload;

    (void)fault;
    (*count)++;
    return ms_fail(err, MS_INTEGRITY, "stopped", "Enough");
}

static void test_the_receiver_of_faults_may_stop_the_check(void **state)
{
    const temporary_folder *folder = *state;
    ms_registry *registry;
    ms_error error = MS_ERROR_INIT;
    uint64_t entries;
    unsigned count = 0;
    sqlite3 *database;

    sample_ledger_make(folder);
    database = open_database(folder);
    run(database, "DELETE FROM versions");
    ms_sqlite_close(database);
    assert_int_equal(ms_ledger_open(&registry, folder->path, NULL, NULL), MS_OK);
    assert_int_equal(
            ms_registry_check(registry, NULL, &entries, stop, &count, &error), MS_INTEGRITY);
    assert_string_equal(error.reason, "stopped");
    assert_int_equal(count, 1);
    ms_registry_close(registry);
}

static void test_a_cancelled_check_ends(void **state)
{
    const temporary_folder *folder = *state;
    ms_registry *registry;
    ms_error error = MS_ERROR_INIT;
    uint64_t entries;
    unsigned count = 0;
    ms_task *task;

    sample_ledger_make(folder);
    assert_int_equal(ms_task_new(&task, NULL, NULL), MS_OK);
    ms_task_cancel(task);
    assert_int_equal(ms_ledger_open(&registry, folder->path, NULL, NULL), MS_OK);
    assert_int_equal(
            ms_registry_check(registry, task, &entries, stop, &count, &error), MS_INTERRUPTED);
    assert_int_equal(count, 0);
    ms_registry_close(registry);
    ms_task_free(task);
}

/* An index entry can hide its version from reads, but not make them say what no row says. */
static void test_reads_never_say_what_no_row_says(void **state)
{
    static const char *const changes[] = {
            "UPDATE versions SET seq = 2 WHERE seq = 8",
            "UPDATE versions SET seq = 1000 WHERE seq = 8",
            "UPDATE versions SET status = 1 WHERE status = 0",
            "UPDATE versions SET status = 0 WHERE status <> 0",
            "UPDATE models SET status = 0 WHERE status <> 0",
            "UPDATE models SET status_seq = 3 WHERE status <> 0",
            "UPDATE versions SET manifest = zeroblob(32)",
            "UPDATE models SET newest = 3000000000",
    };
    const temporary_folder *folder = *state;

    for (size_t i = 0; i < MS_ARRAY_COUNT(changes); i++) {
        sample_answer truth[SAMPLE_QUESTIONS];
        sample_answer answers[SAMPLE_QUESTIONS];
        ms_registry *registry;
        sqlite3 *database;
        unsigned refused = 0;

        (void)remove(temporary_path(folder, "ledger.db"));
        sample_ledger_make(folder);
        assert_int_equal(ms_ledger_open(&registry, folder->path, NULL, NULL), MS_OK);
        sample_answers_take(truth, registry);
        database = open_database(folder);
        run(database, changes[i]);
        ms_sqlite_close(database);
        sample_answers_take(answers, registry);
        for (unsigned q = 0; q < SAMPLE_QUESTIONS; q++) {
            if (answers[q].status == MS_INTEGRITY)
                refused++;
            else if (answers[q].text[0] != '\0' && strcmp(answers[q].text, truth[q].text) != 0)
                fail_msg("%s: question %u: %s", changes[i], q, answers[q].text);
        }
        assert_true(refused > 0);
        sample_answers_release(truth);
        sample_answers_release(answers);
        ms_registry_close(registry);
    }
}

#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, temporary_folder_setup, temporary_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_an_index_that_says_something_else_is_found),
            TEST(test_rows_that_were_changed_are_found),
            TEST(test_a_row_far_behind_the_others_does_not_hold_the_check),
            TEST(test_a_damaged_page_before_far_rows_does_not_hold_the_check),
            TEST(test_a_row_that_was_written_anew_is_found),
            TEST(test_every_good_row_of_a_damaged_ledger_is_still_checked),
            TEST(test_the_receiver_of_faults_may_stop_the_check),
            TEST(test_a_cancelled_check_ends),
            TEST(test_reads_never_say_what_no_row_says),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
