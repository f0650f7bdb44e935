/* Databases as callers see them: settings, refusals, readers without permission, many writers. */
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
#include <sys/wait.h>
#include <unistd.h>

#include "base/checked.h"
#include "doubles/temporary_folder.h"
#include "platform/sqlite_vfs.h"

#define WRITERS 4
#define WRITES_EACH 25

static sqlite3 *open_or_die(const char *path, bool create)
{
    ms_error error = MS_ERROR_INIT;
    sqlite3 *database;
    if (ms_sqlite_open(&database, path, create, false, 20000, &error) != MS_OK)
        fail_msg("%s: %s", error.reason, error.message);
    return database;
}

static void run(sqlite3 *database, const char *sql)
{
    if (sqlite3_exec(database, sql, NULL, NULL, NULL) != SQLITE_OK)
        fail_msg("%s: %s", sql, sqlite3_errmsg(database));
}

static void expect_text(sqlite3 *database, const char *sql, const char *expected)
{
    sqlite3_stmt *statement;
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), expected);
    sqlite3_finalize(statement);
}

static void test_new_database_is_private_and_has_the_promised_settings(void **state)
{
    static const char *const settings[][2] = {
            {"PRAGMA journal_mode", "delete"},
            {"PRAGMA synchronous", "3"},
            {"PRAGMA trusted_schema", "0"},
            {"PRAGMA cell_size_check", "1"},
            {"PRAGMA temp_store", "2"},
            {"PRAGMA busy_timeout", "20000"},
    };
    const char *path = temporary_path(*state, "x.db");
    sqlite3 *database = open_or_die(path, true);
    struct stat status;
    mode_t mask;

    for (size_t i = 0; i < MS_ARRAY_COUNT(settings); i++)
        expect_text(database, settings[i][0], settings[i][1]);
    run(database, "CREATE TABLE t(a)");
    ms_sqlite_close(database);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(temporary_count(*state, "."), 1);
    mask = umask(0);
    database = open_or_die(temporary_path(*state, "y.db"), true);
    umask(mask);
    ms_sqlite_close(database);
    assert_int_equal(stat(temporary_path(*state, "y.db"), &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    ms_sqlite_close(NULL);
}

static void test_our_vfs_is_not_made_the_default(void **state)
{
    (void)state;
    assert_int_equal(ms_sqlite_register(NULL), MS_OK);
    assert_int_equal(ms_sqlite_register(NULL), MS_OK);
    assert_non_null(sqlite3_vfs_find(MS_SQLITE_VFS_NAME));
    assert_string_not_equal(sqlite3_vfs_find(NULL)->zName, MS_SQLITE_VFS_NAME);
}

static void test_what_is_no_database_is_refused_by_name(void **state)
{
    static const struct {
        const char *name;
        ms_status status;
        const char *reason;
    } rows[] = {
            {"missing", MS_NOT_FOUND, "open_failed"},
            {"garbage", MS_MALFORMED, "not_a_database"},
            {"short", MS_MALFORMED, "not_a_database"},
            {"link", MS_IO, "path_is_link"},
            {"folder", MS_MALFORMED, "not_a_file"},
            {"fifo", MS_MALFORMED, "not_a_file"},
            {"wal", MS_INTEGRITY, "database_damaged"},
            {"newer", MS_INTEGRITY, "database_damaged"},
    };
    static const uint8_t version_of_wal[2] = {2, 2};
    static const uint8_t version_of_later[2] = {3, 3};
    temporary_folder *folder = *state;
    char garbage[5000];
    int fd;

    memset(garbage, 'g', sizeof(garbage));
    temporary_write(folder, "garbage", garbage, sizeof(garbage));
    temporary_write(folder, "short", garbage, 5);
    assert_int_equal(symlinkat("garbage", folder->fd, "link"), 0);
    assert_int_equal(mkdirat(folder->fd, "folder", 0700), 0);
    assert_int_equal(mkfifoat(folder->fd, "fifo", 0600), 0);
    for (size_t i = 0; i < 2; i++) {
        const char *name = i == 0 ? "wal" : "newer";
        sqlite3 *database = open_or_die(temporary_path(folder, name), true);
        run(database, "CREATE TABLE t(a)");
        ms_sqlite_close(database);
        fd = openat(folder->fd, name, O_WRONLY | O_CLOEXEC);
        assert_int_equal(pwrite(fd, i == 0 ? version_of_wal : version_of_later, 2, 18), 2);
        close(fd);
    }
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        for (int read_only = 0; read_only < 2; read_only++) {
            ms_error error = MS_ERROR_INIT;
            sqlite3 *database = (sqlite3 *)folder;
            const char *path = temporary_path(folder, rows[i].name);
            ms_status status = ms_sqlite_open(&database, path, false, read_only != 0, 0, &error);
            if (status != rows[i].status || strcmp(error.reason, rows[i].reason) != 0)
                fail_msg("%s: %d %s %s", rows[i].name, status, error.reason, error.message);
            assert_null(database);
            assert_string_equal(error.path, path);
        }
    }
    assert_int_equal(temporary_count(folder, "."), 7);
}

static void test_relative_path_is_a_mistake_of_the_caller(void **state)
{
    ms_error error = MS_ERROR_INIT;
    sqlite3 *database;
    (void)state;
    assert_int_equal(ms_sqlite_open(&database, "x.db", true, false, 0, &error), MS_USAGE);
    assert_int_equal(ms_sqlite_open(&database, ":memory:", true, false, 0, &error), MS_USAGE);
    assert_int_equal(ms_sqlite_open(&database, "", true, false, 0, &error), MS_USAGE);
    assert_null(database);
}

static int read_without_permission(void *payload)
{
    ms_error error = MS_ERROR_INIT;
    sqlite3 *database;
    sqlite3_stmt *statement;
    if (ms_sqlite_open(&database, payload, false, true, 0, &error) != MS_OK)
        return 1;
    if (sqlite3_prepare_v2(database, "SELECT a FROM t", -1, &statement, NULL) != SQLITE_OK ||
            sqlite3_step(statement) != SQLITE_ROW || sqlite3_column_int(statement, 0) != 7)
        return 2;
    sqlite3_finalize(statement);
    if (sqlite3_exec(database, "INSERT INTO t VALUES(8)", NULL, NULL, NULL) == SQLITE_OK)
        return 3;
    if (ms_sqlite_fail(&error, database, "write") != MS_IO)
        return 4;
    ms_sqlite_close(database);
    return ms_sqlite_open(&database, payload, false, false, 0, &error) == MS_IO ? 0 : 5;
}

static void test_reading_needs_no_permission_to_write(void **state)
{
    const char *path = temporary_path(*state, "x.db");
    sqlite3 *database = open_or_die(path, true);
    char argument[512];
    run(database, "CREATE TABLE t(a); INSERT INTO t VALUES(7)");
    ms_sqlite_close(database);
    assert_int_equal(chmod(path, 0444), 0);
    snprintf(argument, sizeof(argument), "%s", path);
    assert_int_equal(child_run_unprivileged(read_without_permission, argument), 0);
}

static void test_reader_alone_writes_nothing(void **state)
{
    const char *path = temporary_path(*state, "x.db");
    sqlite3 *database = open_or_die(path, true);
    struct stat before;
    struct stat after;
    run(database, "CREATE TABLE t(a)");
    ms_sqlite_close(database);
    assert_int_equal(stat(path, &before), 0);
    assert_int_equal(ms_sqlite_open(&database, path, false, true, 0, NULL), MS_OK);
    expect_text(database, "SELECT count(*) FROM t", "0");
    ms_sqlite_close(database);
    assert_int_equal(stat(path, &after), 0);
    assert_memory_equal(&before.st_mtim, &after.st_mtim, sizeof(before.st_mtim));
    assert_int_equal(temporary_count(*state, "."), 1);
}

static int write_in_turn(void *payload)
{
    sqlite3 *database;
    if (ms_sqlite_open(&database, payload, false, false, 60000, NULL) != MS_OK)
        return 1;
    for (int i = 0; i < WRITES_EACH; i++) {
        if (sqlite3_exec(database,
                    "BEGIN IMMEDIATE; UPDATE c SET n = n + 1; INSERT INTO t SELECT n, "
                    "hex(randomblob(600)) FROM c; COMMIT",
                    NULL, NULL, NULL) != SQLITE_OK)
            return 2;
    }
    ms_sqlite_close(database);
    return 0;
}

static void test_processes_that_write_at_once_lose_nothing(void **state)
{
    char path[512];
    sqlite3 *database;
    pid_t children[WRITERS];
    snprintf(path, sizeof(path), "%s", temporary_path(*state, "x.db"));
    database = open_or_die(path, true);
    run(database, "CREATE TABLE c(n); INSERT INTO c VALUES(0); CREATE TABLE t(n UNIQUE, blob)");
    ms_sqlite_close(database);
    for (size_t i = 0; i < WRITERS; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(write_in_turn(path));
    }
    for (size_t i = 0; i < WRITERS; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    database = open_or_die(path, false);
    expect_text(database, "SELECT n FROM c", "100");
    expect_text(database, "SELECT count(*) || ' ' || max(n) FROM t", "100 100");
    expect_text(database, "PRAGMA integrity_check", "ok");
    ms_sqlite_close(database);
}

static void test_database_in_use_is_locked_and_free_again_afterwards(void **state)
{
    const char *path = temporary_path(*state, "x.db");
    ms_error error = MS_ERROR_INIT;
    sqlite3 *writer = open_or_die(path, true);
    sqlite3 *other;

    run(writer, "CREATE TABLE t(a); BEGIN EXCLUSIVE; INSERT INTO t VALUES(1)");
    assert_int_equal(ms_sqlite_open(&other, path, false, true, 10, &error), MS_LOCKED);
    assert_string_equal(error.reason, "database_busy");
    assert_null(other);
    run(writer, "COMMIT");
    assert_int_equal(ms_sqlite_open(&other, path, false, false, 10, NULL), MS_OK);
    run(writer, "BEGIN IMMEDIATE; INSERT INTO t VALUES(2)");
    expect_text(other, "SELECT count(*) FROM t", "1");
    assert_int_equal(sqlite3_exec(other, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_BUSY);
    assert_int_equal(ms_sqlite_fail(&error, other, "begin"), MS_LOCKED);
    run(writer, "COMMIT");
    expect_text(other, "SELECT count(*) FROM t", "2");
    ms_sqlite_close(other);
    ms_sqlite_close(writer);
}

static void test_damage_is_an_integrity_error(void **state)
{
    temporary_folder *folder = *state;
    const char *path = temporary_path(folder, "x.db");
    sqlite3 *database = open_or_die(path, true);
    ms_error error = MS_ERROR_INIT;
    uint8_t junk[4096];
    int fd;

    run(database, "CREATE TABLE t(a); INSERT INTO t VALUES(1)");
    ms_sqlite_close(database);
    memset(junk, 0xee, sizeof(junk));
    fd = openat(folder->fd, "x.db", O_WRONLY | O_CLOEXEC);
    assert_int_equal(pwrite(fd, junk, sizeof(junk), 4096), sizeof(junk));
    close(fd);
    database = open_or_die(path, false);
    assert_int_not_equal(sqlite3_exec(database, "SELECT * FROM t", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(ms_sqlite_fail(&error, database, "read the table"), MS_INTEGRITY);
    assert_string_equal(error.reason, "database_damaged");
    assert_non_null(strstr(error.message, "Cannot read the table"));
    assert_string_equal(error.path, path);
    ms_sqlite_close(database);
}

static int interrupt(void *payload)
{
    (void)payload;
    return 1;
}

static void test_other_failures_have_their_status(void **state)
{
    sqlite3 *database = open_or_die(temporary_path(*state, "x.db"), true);
    ms_error error = MS_ERROR_INIT;
    assert_int_equal(ms_sqlite_fail(&error, NULL, "open"), MS_NO_MEMORY);
    assert_int_not_equal(sqlite3_exec(database, "nonsense", NULL, NULL, NULL), SQLITE_OK);
    /* Our statements are right: one that does not fit its tables found other tables. */
    assert_int_equal(ms_sqlite_fail(&error, database, "run"), MS_INTEGRITY);
    assert_int_not_equal(sqlite3_exec(database,
                                 "CREATE TABLE t (n NOT NULL); INSERT INTO t VALUES (NULL)", NULL,
                                 NULL, NULL),
            SQLITE_OK);
    assert_int_equal(ms_sqlite_fail(&error, database, "run"), MS_INTERNAL);
    assert_int_not_equal(sqlite3_exec(database,
                                 "CREATE TABLE u (n PRIMARY KEY); INSERT INTO u VALUES (1), (1)", NULL,
                                 NULL, NULL),
            SQLITE_OK);
    assert_int_equal(ms_sqlite_fail(&error, database, "run"), MS_INTEGRITY);
    sqlite3_limit(database, SQLITE_LIMIT_LENGTH, 1000);
    assert_int_not_equal(
            sqlite3_exec(database, "SELECT zeroblob(2000)", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(ms_sqlite_fail(&error, database, "run"), MS_LIMIT);
    sqlite3_progress_handler(database, 1, interrupt, NULL);
    assert_int_not_equal(
            sqlite3_exec(database, "SELECT 1 UNION SELECT 2", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(ms_sqlite_fail(&error, database, "run"), MS_INTERRUPTED);
    ms_sqlite_close(database);
}

int main(void)
{
#define TEST(name)                                                                                 \
    cmocka_unit_test_setup_teardown(name, temporary_folder_setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_new_database_is_private_and_has_the_promised_settings),
            TEST(test_our_vfs_is_not_made_the_default),
            TEST(test_what_is_no_database_is_refused_by_name),
            TEST(test_relative_path_is_a_mistake_of_the_caller),
            TEST(test_reading_needs_no_permission_to_write),
            TEST(test_reader_alone_writes_nothing),
            TEST(test_processes_that_write_at_once_lose_nothing),
            TEST(test_database_in_use_is_locked_and_free_again_afterwards),
            TEST(test_damage_is_an_integrity_error),
            TEST(test_other_failures_have_their_status),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
