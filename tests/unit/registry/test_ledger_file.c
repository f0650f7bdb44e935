/* The file of the ledger: missing, foreign, newer, replaced, rolled back, read only; and what SQL
 * may not do to it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "doubles/sample_publication.h"
#include "platform/sqlite_vfs.h"
#include "platform/thread.h"
#include "unit/registry/sample_ledger.h"

#define FILE_SIZE_MAX (1 << 20)

static ms_registry *open_ledger(const temporary_folder *folder, ms_state *memory)
{
    ms_error error = MS_ERROR_INIT;
    ms_registry *registry;

    if (ms_ledger_open(&registry, folder->path, memory, &error) != MS_OK)
        fail_msg("%s: %s", error.reason, error.message);
    return registry;
}

static ms_status read_on(ms_registry *registry, ms_error *err)
{
    ms_key *key = sample_key(1);
    ms_arena arena;
    ms_record record;
    ms_status status;

    ms_arena_init(&arena, (size_t)1 << 20);
    status = ms_registry_resolve(registry, ms_key_address(key), "model-0", 1, &arena, &record, err);
    ms_arena_release(&arena);
    ms_key_free(key);
    return status;
}

static ms_status write_on(ms_registry *registry, const char *id, ms_error *err)
{
    ms_key *key = sample_key(1);
    ms_signer signer = ms_signer_of_key(key);
    sample_publication sample;
    ms_arena arena;
    ms_record record;
    ms_status status;

    ms_arena_init(&arena, (size_t)1 << 20);
    sample_publication_init(&sample, id, 1, 1);
    status = ms_registry_publish(registry, &signer, &sample.publication, &arena, &record, err);
    sample_publication_release(&sample);
    ms_arena_release(&arena);
    ms_key_free(key);
    return status;
}

/* Reading, writing and checking all say status and reason, and leave the file as it is. */
static void expect_refused(
        const temporary_folder *folder, ms_state *memory, ms_status status, const char *reason)
{
    uint8_t *before = malloc(FILE_SIZE_MAX);
    uint8_t *after = malloc(FILE_SIZE_MAX);
    long size = temporary_read(folder, "ledger.db", before, FILE_SIZE_MAX);
    ms_registry *registry = open_ledger(folder, memory);
    sample_faults faults;
    uint64_t entries;
    ms_error error = MS_ERROR_INIT;

    assert_int_equal(read_on(registry, &error), status);
    assert_string_equal(error.reason, reason);
    assert_non_null(strstr(error.path, "ledger.db"));
    assert_true(error.hint[0] != '\0');
    error = (ms_error)MS_ERROR_INIT;
    assert_int_equal(write_on(registry, "new", &error), status);
    assert_string_equal(error.reason, reason);
    error = (ms_error)MS_ERROR_INIT;
    if (strcmp(reason, "ledger_version") == 0) {
        /* What only another program can read is not called damaged. */
        assert_int_equal(sample_check(registry, &entries, &faults, &error), status);
        assert_string_equal(error.reason, reason);
        assert_int_equal(faults.count, 0);
    } else {
        assert_int_equal(sample_check(registry, &entries, &faults, NULL), MS_OK);
        assert_int_equal(faults.count, 1);
    }
    ms_registry_close(registry);
    assert_int_equal(temporary_read(folder, "ledger.db", after, FILE_SIZE_MAX), size);
    assert_true(size <= 0 || memcmp(before, after, (size_t)size) == 0);
    free(before);
    free(after);
}

static void test_reading_a_missing_ledger_makes_no_file(void **state)
{
    const temporary_folder *folder = *state;
    ms_registry *registry = open_ledger(folder, NULL);
    ms_error error = MS_ERROR_INIT;
    sample_faults faults;
    uint64_t entries;
    bool changed;
    ms_key *key = sample_key(1);
    ms_signer signer = ms_signer_of_key(key);
    ms_status_change change = {.model_id = "m", .status = MS_RECORD_INACTIVE};

    assert_int_equal(read_on(registry, &error), MS_NOT_FOUND);
    assert_int_equal(sample_check(registry, &entries, &faults, NULL), MS_OK);
    assert_int_equal(
            ms_registry_set_status(registry, &signer, &change, &changed, &error), MS_NOT_FOUND);
    assert_string_equal(error.reason, "model_unknown");
    assert_int_equal(temporary_count(folder, "."), 0);
    ms_key_free(key);
    ms_registry_close(registry);
}

static void test_the_first_write_makes_the_home_and_a_private_file(void **state)
{
    const temporary_folder *folder = *state;
    const char *home = temporary_path(folder, "a/b");
    ms_error error = MS_ERROR_INIT;
    ms_registry *registry;
    struct stat status;

    assert_int_equal(ms_ledger_open(&registry, home, NULL, NULL), MS_OK);
    assert_int_equal(write_on(registry, "m", &error), MS_OK);
    ms_registry_close(registry);
    assert_int_equal(stat(temporary_path(folder, "a/b/ledger.db"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0600);
    assert_int_equal(stat(home, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0700);
    /* Neither the name it was built under nor a journal is left. */
    assert_int_equal(access(temporary_path(folder, "a/b/ledger.db.new"), F_OK), -1);
    assert_int_equal(access(temporary_path(folder, "a/b/ledger.db-journal"), F_OK), -1);
}

static void test_what_a_killed_maker_left_is_cleared(void **state)
{
    const temporary_folder *folder = *state;
    ms_registry *registry = open_ledger(folder, NULL);
    ms_error error = MS_ERROR_INIT;

    temporary_write(folder, "ledger.db.new", "half", 4);
    temporary_write(folder, "ledger.db.new-journal", "half a journal", 14);
    assert_int_equal(write_on(registry, "m", &error), MS_OK);
    assert_int_equal(access(temporary_path(folder, "ledger.db.new"), F_OK), -1);
    assert_int_equal(access(temporary_path(folder, "ledger.db.new-journal"), F_OK), -1);
    ms_registry_close(registry);
}

static void test_a_file_of_another_kind_is_refused_and_left(void **state)
{
    const temporary_folder *folder = *state;
    char text[8192];

    memset(text, 't', sizeof(text));
    temporary_write(folder, "ledger.db", text, sizeof(text));
    expect_refused(folder, NULL, MS_MALFORMED, "not_a_database");
    temporary_write(folder, "ledger.db", "x", 1);
    expect_refused(folder, NULL, MS_MALFORMED, "not_a_database");
    temporary_write(folder, "ledger.db", "", 0);
    expect_refused(folder, NULL, MS_INTEGRITY, "ledger_empty");
}

static void run(sqlite3 *database, const char *sql)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(database));
}

static sqlite3 *open_database(const temporary_folder *folder, bool create)
{
    const char *path = temporary_path(folder, "ledger.db");
    sqlite3 *database;

    assert_int_equal(ms_sqlite_open_summed(&database, path, create, false, 1000, NULL), MS_OK);
    return database;
}

static void test_a_database_of_another_program_is_refused_by_name(void **state)
{
    const temporary_folder *folder = *state;
    sqlite3 *database = open_database(folder, true);

    run(database, "CREATE TABLE rows(seq INTEGER PRIMARY KEY)");
    ms_sqlite_close(database);
    expect_refused(folder, NULL, MS_MALFORMED, "ledger_foreign");
}

static void test_a_ledger_with_other_tables_is_refused(void **state)
{
    static const char *const changes[] = {
            "DROP TRIGGER rows_never_go",
            "DROP INDEX versions_by_manifest",
            "CREATE TABLE more(x)",
            "CREATE VIEW more AS SELECT 1",
            "DROP TRIGGER rows_never_go; "
            "CREATE TRIGGER rows_never_go BEFORE DELETE ON rows BEGIN SELECT 1; END",
    };
    const temporary_folder *folder = *state;

    for (size_t i = 0; i < MS_ARRAY_COUNT(changes); i++) {
        sqlite3 *database;

        (void)remove(temporary_path(folder, "ledger.db"));
        sample_ledger_make(folder);
        database = open_database(folder, false);
        run(database, changes[i]);
        ms_sqlite_close(database);
        expect_refused(folder, NULL, MS_INTEGRITY, "ledger_schema");
    }
}

static void test_a_newer_version_is_refused_by_name(void **state)
{
    const temporary_folder *folder = *state;
    ms_registry *registry;
    sqlite3 *database;
    ms_error error = MS_ERROR_INIT;

    sample_ledger_make(folder);
    registry = open_ledger(folder, NULL);
    assert_int_equal(read_on(registry, &error), MS_OK);
    database = open_database(folder, false);
    run(database, "PRAGMA user_version = 2");
    ms_sqlite_close(database);
    /* One who has it open learns of it before writing. */
    assert_int_equal(write_on(registry, "new", &error), MS_MALFORMED);
    assert_string_equal(error.reason, "ledger_version");
    assert_non_null(strstr(error.message, "version 2"));
    ms_registry_close(registry);
    expect_refused(folder, NULL, MS_MALFORMED, "ledger_version");
}

static void expect_no_answer(ms_registry *registry)
{
    ms_error error = MS_ERROR_INIT;

    assert_int_not_equal(read_on(registry, &error), MS_OK);
    assert_int_not_equal(error.status, MS_NOT_FOUND);
    assert_int_not_equal(write_on(registry, "m", &error), MS_OK);
}

static void test_a_link_a_folder_and_a_fifo_are_refused(void **state)
{
    const temporary_folder *folder = *state;
    ms_registry *registry;
    ms_error error = MS_ERROR_INIT;
    char path[512];

    snprintf(path, sizeof(path), "%s", temporary_path(folder, "ledger.db"));
    sample_ledger_make(folder);
    registry = open_ledger(folder, NULL);
    assert_int_equal(rename(path, temporary_path(folder, "elsewhere.db")), 0);
    assert_int_equal(symlink("elsewhere.db", path), 0);
    expect_no_answer(registry);
    assert_int_equal(unlink(path), 0);
    assert_int_equal(mkdir(path, 0700), 0);
    expect_no_answer(registry);
    assert_int_equal(rmdir(path), 0);
    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(read_on(registry, &error), MS_MALFORMED);
    assert_string_equal(error.reason, "not_a_file");
    assert_int_equal(write_on(registry, "m", &error), MS_MALFORMED);
    ms_registry_close(registry);
}

static int use_unprivileged(void *payload)
{
    const temporary_folder *folder = payload;
    ms_registry *registry;
    sample_faults faults;
    uint64_t entries;
    ms_error error = MS_ERROR_INIT;

    if (ms_ledger_open(&registry, folder->path, NULL, NULL) != MS_OK ||
            read_on(registry, NULL) != MS_OK)
        return 1;
    if (sample_check(registry, &entries, &faults, NULL) != MS_OK || faults.count != 0 ||
            entries != SAMPLE_ROWS)
        return 2;
    if (write_on(registry, "m", &error) != MS_IO)
        return 3;
    ms_registry_close(registry);
    return 0;
}

static void test_reading_and_checking_need_no_permission_to_write(void **state)
{
    const temporary_folder *folder = *state;

    sample_ledger_make(folder);
    assert_int_equal(chmod(temporary_path(folder, "ledger.db"), 0444), 0);
    assert_int_equal(chmod(folder->path, 0555), 0);
    assert_int_equal(child_run_unprivileged(use_unprivileged, *state), 0);
    assert_int_equal(chmod(folder->path, 0755), 0);
}

static void test_a_check_writes_nothing(void **state)
{
    const temporary_folder *folder = *state;
    ms_registry *registry;
    struct stat before;
    struct stat after;
    sample_faults faults;
    uint64_t entries;
    unsigned names;

    sample_ledger_make(folder);
    names = temporary_count(folder, ".");
    assert_int_equal(stat(temporary_path(folder, "ledger.db"), &before), 0);
    registry = open_ledger(folder, NULL);
    assert_int_equal(sample_check(registry, &entries, &faults, NULL), MS_OK);
    assert_int_equal(faults.count, 0);
    ms_registry_close(registry);
    assert_int_equal(stat(temporary_path(folder, "ledger.db"), &after), 0);
    assert_int_equal(before.st_mtim.tv_nsec, after.st_mtim.tv_nsec);
    assert_int_equal(before.st_ino, after.st_ino);
    assert_int_equal(temporary_count(folder, "."), names);
}

static void test_a_file_put_in_its_place_is_noticed(void **state)
{
    const temporary_folder *folder = *state;
    ms_registry *registry = open_ledger(folder, NULL);
    uint8_t *copy = malloc(FILE_SIZE_MAX);
    ms_error error = MS_ERROR_INIT;
    long size;

    sample_ledger_fill(registry, 0, 10);
    size = temporary_read(folder, "ledger.db", copy, FILE_SIZE_MAX);
    assert_int_equal(write_on(registry, "later", &error), MS_OK);
    temporary_write(folder, "restored.db", copy, (size_t)size);
    assert_int_equal(
            rename(temporary_path(folder, "restored.db"), temporary_path(folder, "ledger.db")), 0);
    assert_int_equal(read_on(registry, &error), MS_OK);
    assert_int_equal(write_on(registry, "later", &error), MS_OK);
    assert_int_equal(unlink(temporary_path(folder, "ledger.db")), 0);
    assert_int_equal(read_on(registry, &error), MS_NOT_FOUND);
    ms_registry_close(registry);
    free(copy);
}

static void test_a_ledger_that_was_rolled_back_is_refused(void **state)
{
    const temporary_folder *folder = *state;
    uint8_t *older = malloc(FILE_SIZE_MAX);
    ms_state *memory;
    ms_registry *registry;
    ms_error error = MS_ERROR_INIT;
    long size;

    assert_int_equal(ms_state_open(&memory, folder->path, &error), MS_OK);
    registry = open_ledger(folder, memory);
    sample_ledger_fill(registry, 0, 20);
    size = temporary_read(folder, "ledger.db", older, FILE_SIZE_MAX);
    sample_ledger_fill(registry, 20, 21);
    ms_registry_close(registry);
    temporary_write(folder, "ledger.db", older, (size_t)size);
    expect_refused(folder, memory, MS_INTEGRITY, "rolled_back");
    assert_int_equal(unlink(temporary_path(folder, "ledger.db")), 0);
    expect_refused(folder, memory, MS_INTEGRITY, "rolled_back");
    /* Another history with more rows is not the one that was seen either. */
    registry = open_ledger(folder, NULL);
    assert_int_equal(write_on(registry, "other", &error), MS_OK);
    sample_ledger_fill(registry, 0, 24);
    ms_registry_close(registry);
    expect_refused(folder, memory, MS_INTEGRITY, "rolled_back");
    ms_state_close(memory);
    /* Without the memory the file is what it is. */
    registry = open_ledger(folder, NULL);
    assert_int_equal(read_on(registry, &error), MS_OK);
    ms_registry_close(registry);
    free(older);
}

/* cp writes into the same file, so a handle that is open has no other file to notice. */
static void test_a_rollback_under_an_open_handle_stops_its_writes(void **state)
{
    const temporary_folder *folder = *state;
    uint8_t *older = malloc(FILE_SIZE_MAX);
    ms_state *memory;
    ms_registry *registry;
    ms_error error = MS_ERROR_INIT;
    long size;
    int fd;

    assert_int_equal(ms_state_open(&memory, folder->path, &error), MS_OK);
    registry = open_ledger(folder, memory);
    sample_ledger_fill(registry, 0, 5);
    size = temporary_read(folder, "ledger.db", older, FILE_SIZE_MAX);
    sample_ledger_fill(registry, 5, 8);
    fd = open(temporary_path(folder, "ledger.db"), O_WRONLY | O_TRUNC | O_CLOEXEC);
    assert_int_equal(write(fd, older, (size_t)size), size);
    assert_int_equal(close(fd), 0);
    assert_int_equal(write_on(registry, "new", &error), MS_INTEGRITY);
    assert_string_equal(error.reason, "rolled_back");
    ms_registry_close(registry);
    ms_state_close(memory);
    free(older);
}

static void test_sql_cannot_change_rows(void **state)
{
    static const char *const changes[] = {
            "UPDATE rows SET row = x'00'",
            "UPDATE rows SET seq = 99 WHERE seq = 1",
            "DELETE FROM rows",
            "DELETE FROM rows WHERE seq = 50",
            "INSERT INTO rows VALUES(52, x'00', x'00')",
            "INSERT INTO rows VALUES(0, x'00', x'00')",
            "INSERT INTO rows VALUES(-1, x'00', x'00')",
            "INSERT OR REPLACE INTO rows VALUES(50, x'00', x'00')",
            "INSERT OR REPLACE INTO rows VALUES(1, x'00', x'00')",
    };
    sqlite3 *database;

    sample_ledger_make(*state);
    database = open_database(*state, false);
    for (size_t i = 0; i < MS_ARRAY_COUNT(changes); i++) {
        assert_int_equal(
                sqlite3_exec(database, changes[i], NULL, NULL, NULL), SQLITE_CONSTRAINT_TRIGGER);
        assert_string_equal(sqlite3_errmsg(database), "rows are only appended");
    }
    ms_sqlite_close(database);
}

typedef struct maker {
    ms_registry *registry;
    char id[16];
    ms_status status;
} maker;

static void make(void *payload)
{
    maker *m = payload;

    m->status = write_on(m->registry, m->id, NULL);
}

static void test_of_many_makers_one_makes_the_file(void **state)
{
    enum { MAKERS = 6 };
    const temporary_folder *folder = *state;
    maker makers[MAKERS];
    ms_thread threads[MAKERS];
    ms_registry *registry;
    sample_faults faults;
    uint64_t entries;

    for (int i = 0; i < MAKERS; i++) {
        makers[i].registry = open_ledger(folder, NULL);
        snprintf(makers[i].id, sizeof(makers[i].id), "made-%d", i);
        assert_int_equal(ms_thread_start(&threads[i], make, &makers[i], NULL), MS_OK);
    }
    for (int i = 0; i < MAKERS; i++) {
        ms_thread_join(&threads[i]);
        assert_int_equal(makers[i].status, MS_OK);
        ms_registry_close(makers[i].registry);
    }
    registry = open_ledger(folder, NULL);
    assert_int_equal(sample_check(registry, &entries, &faults, NULL), MS_OK);
    assert_int_equal(faults.count, 0);
    assert_int_equal(entries, MAKERS);
    ms_registry_close(registry);
}

#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, temporary_folder_setup, temporary_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_reading_a_missing_ledger_makes_no_file),
            TEST(test_the_first_write_makes_the_home_and_a_private_file),
            TEST(test_what_a_killed_maker_left_is_cleared),
            TEST(test_a_file_of_another_kind_is_refused_and_left),
            TEST(test_a_database_of_another_program_is_refused_by_name),
            TEST(test_a_ledger_with_other_tables_is_refused),
            TEST(test_a_newer_version_is_refused_by_name),
            TEST(test_a_link_a_folder_and_a_fifo_are_refused),
            TEST(test_reading_and_checking_need_no_permission_to_write),
            TEST(test_a_check_writes_nothing),
            TEST(test_a_file_put_in_its_place_is_noticed),
            TEST(test_a_ledger_that_was_rolled_back_is_refused),
            TEST(test_a_rollback_under_an_open_handle_stops_its_writes),
            TEST(test_sql_cannot_change_rows),
            TEST(test_of_many_makers_one_makes_the_file),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
