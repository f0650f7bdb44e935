/* SQLite's file system under faults: whatever fails or dies, the database is the old or the new
 * one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "platform/sqlite_vfs.h"

#define ROWS 40

typedef struct fixture {
    temporary_folder *folder;
    char path[512];
    unsigned nth;
} fixture;

static fixture make_fixture(temporary_folder *folder)
{
    fixture made = {.folder = folder};
    strcpy(made.path, temporary_path(folder, "x.db"));
    return made;
}

static int setup(void **state)
{
    faulty_reset();
    return temporary_folder_setup(state);
}

static sqlite3 *open_or_die(const char *path)
{
    ms_error error = MS_ERROR_INIT;
    sqlite3 *database;
    if (ms_sqlite_open(&database, path, true, false, 0, &error) != MS_OK)
        fail_msg("%s: %s", error.reason, error.message);
    return database;
}

static int number(sqlite3 *database, const char *sql)
{
    sqlite3_stmt *statement;
    int answer;
    assert_int_equal(sqlite3_prepare_v2(database, sql, -1, &statement, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    answer = sqlite3_column_int(statement, 0);
    sqlite3_finalize(statement);
    return answer;
}

/* All rows say 0. */
static void make_database(const char *path)
{
    sqlite3 *database;
    unlink(path);
    database = open_or_die(path);
    assert_int_equal(sqlite3_exec(database,
                             "BEGIN; CREATE TABLE t(id INTEGER PRIMARY KEY, value, filler); WITH "
                             "RECURSIVE n(i) AS "
                             "(SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 40) INSERT INTO t "
                             "SELECT i, 0, "
                             "randomblob(1500) FROM n; COMMIT",
                             NULL, NULL, NULL),
            SQLITE_OK);
    ms_sqlite_close(database);
}

/* Let all rows say 1, in so little cache that pages reach the file before the commit. */
static int change(sqlite3 *database)
{
    return sqlite3_exec(database,
            "PRAGMA cache_size=5; BEGIN; UPDATE t SET value = 1, filler = randomblob(1500); COMMIT",
            NULL, NULL, NULL);
}

/* 0 = old, 1 = new; anything between fails. Opening recovers. */
static int which(const char *path)
{
    sqlite3 *database;
    sqlite3_stmt *statement;
    int sum;
    faulty_reset();
    database = open_or_die(path);
    assert_int_equal(number(database, "SELECT count(*) FROM t"), ROWS);
    sum = number(database, "SELECT sum(value) FROM t");
    assert_true(sum == 0 || sum == ROWS);
    assert_int_equal(sqlite3_prepare_v2(database, "PRAGMA integrity_check", -1, &statement, NULL),
            SQLITE_OK);
    assert_int_equal(sqlite3_step(statement), SQLITE_ROW);
    assert_string_equal((const char *)sqlite3_column_text(statement, 0), "ok");
    sqlite3_finalize(statement);
    ms_sqlite_close(database);
    return sum / ROWS;
}

static void test_journal_is_durable_before_the_database_changes_and_its_removal_after(void **state)
{
    fixture made = make_fixture(*state);
    sqlite3 *database;
    const char *record;
    const char *journal_synced;
    const char *database_synced;
    const char *removed;

    make_database(made.path);
    database = open_or_die(made.path);
    assert_int_equal(number(database, "SELECT count(*) FROM t"), ROWS);
    faulty_reset();
    assert_int_equal(
            sqlite3_exec(database, "UPDATE t SET value = 1 WHERE id = 1", NULL, NULL, NULL),
            SQLITE_OK);
    record = faulty_record();
    /* The journal and the folder with its name, then the database, then the folder without it. */
    journal_synced = strstr(record, "fsync openat fsync close pwrite fsync");
    assert_non_null(journal_synced);
    database_synced = strstr(journal_synced + strlen("fsync openat fsync close pwrite fsync"),
            "pwrite fsync close unlinkat");
    assert_non_null(database_synced);
    removed = strstr(database_synced, "unlinkat openat fsync close");
    assert_non_null(removed);
    ms_sqlite_close(database);
    assert_int_equal(temporary_count(made.folder, "."), 1);
}

static int change_and_die(void *payload)
{
    fixture *made = payload;
    sqlite3 *database = open_or_die(made->path);
    struct stat status;
    if (sqlite3_exec(database,
                "PRAGMA cache_size=5; BEGIN; UPDATE t SET value = 1, filler = randomblob(1500)",
                NULL, NULL, NULL) != SQLITE_OK ||
            fstatat(made->folder->fd, "x.db-journal", &status, 0) != 0 || status.st_size < 50000)
        return 1;
    raise(SIGKILL);
    return 2;
}

static void test_journal_of_a_killed_writer_is_rolled_back(void **state)
{
    fixture made = make_fixture(*state);
    struct stat status;
    make_database(made.path);
    assert_int_equal(child_run(change_and_die, &made), 256 + SIGKILL);
    assert_int_equal(fstatat(made.folder->fd, "x.db-journal", &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    assert_int_equal(which(made.path), 0);
    assert_int_equal(temporary_count(made.folder, "."), 1);
}

static void test_reader_without_permission_refuses_to_read_over_a_hot_journal(void **state)
{
    fixture made = make_fixture(*state);
    ms_error error = MS_ERROR_INIT;
    sqlite3 *database;
    make_database(made.path);
    assert_int_equal(child_run(change_and_die, &made), 256 + SIGKILL);
    assert_int_equal(ms_sqlite_open(&database, made.path, false, true, 0, &error), MS_LOCKED);
    assert_string_equal(error.reason, "database_unfinished");
    assert_null(database);
    assert_int_equal(which(made.path), 0);
}

static int change_until_killed(void *payload)
{
    fixture *made = payload;
    sqlite3 *database;
    faulty_reset();
    faulty_kill(made->nth);
    database = open_or_die(made->path);
    return change(database) == SQLITE_OK ? 0 : 1;
}

static void test_kill_before_any_call_leaves_the_old_or_the_new_database(void **state)
{
    fixture made = make_fixture(*state);
    unsigned seen[2] = {0};
    int ended;
    do {
        made.nth += made.nth < 100 ? 1 : 3;
        make_database(made.path);
        ended = child_run(change_until_killed, &made);
        assert_true(ended == 0 || ended == 256 + SIGKILL);
        seen[which(made.path)]++;
    } while (ended != 0);
    assert_true(seen[0] > 60);
    assert_true(seen[1] >= 1);
}

static int recover_until_killed(void *payload)
{
    fixture *made = payload;
    sqlite3 *database;
    faulty_reset();
    faulty_kill(made->nth);
    if (ms_sqlite_open(&database, made->path, false, false, 0, NULL) != MS_OK)
        return 1;
    return number(database, "SELECT sum(value) FROM t") == 0 ? 0 : 2;
}

static void test_kill_during_recovery_is_recovered_from(void **state)
{
    fixture made = make_fixture(*state);
    int ended;
    make_database(made.path);
    do {
        made.nth += 2;
        assert_int_equal(child_run(change_and_die, &made), 256 + SIGKILL);
        ended = child_run(recover_until_killed, &made);
        assert_true(ended == 0 || ended == 256 + SIGKILL);
        assert_int_equal(which(made.path), 0);
    } while (ended != 0);
    assert_true(made.nth > 40);
}

static void test_no_fault_is_reported_as_success_or_tears_the_database(void **state)
{
    static const int errors[] = {EIO, ENOSPC};
    fixture made = make_fixture(*state);
    for (size_t i = 0; i < MS_ARRAY_COUNT(errors); i++) {
        unsigned failures = 0;
        for (unsigned nth = 1;; nth += nth < 100 ? 1 : 5) {
            ms_error error = MS_ERROR_INIT;
            sqlite3 *database;
            bool succeeded;
            bool fired;
            make_database(made.path);
            faulty_reset();
            faulty_fail(FAULTY_ANY, nth, errors[i]);
            succeeded = ms_sqlite_open(&database, made.path, false, false, 0, &error) == MS_OK;
            if (succeeded && change(database) != SQLITE_OK) {
                succeeded = false;
                assert_int_equal(ms_sqlite_fail(&error, database, "change"), MS_IO);
            }
            fired = faulty_fired();
            ms_sqlite_close(database);
            if (succeeded)
                assert_int_equal(which(made.path), 1);
            else
                (void)which(made.path);
            failures += succeeded ? 0 : 1;
            if (!fired)
                break;
        }
        assert_true(failures > 50);
    }
}

static void test_failed_sync_fails_the_commit(void **state)
{
    fixture made = make_fixture(*state);
    ms_error error = MS_ERROR_INIT;
    for (unsigned nth = 1; nth <= 4; nth++) {
        sqlite3 *database;
        make_database(made.path);
        database = open_or_die(made.path);
        faulty_reset();
        faulty_fail(FAULTY_fsync, nth, EIO);
        assert_int_not_equal(
                sqlite3_exec(database, "UPDATE t SET value = 1", NULL, NULL, NULL), SQLITE_OK);
        assert_true(faulty_fired());
        assert_int_equal(ms_sqlite_fail(&error, database, "commit"), MS_IO);
        assert_int_equal(error.os_errno, EIO);
        ms_sqlite_close(database);
        (void)which(made.path);
    }
}

static void test_full_disk_is_named(void **state)
{
    fixture made = make_fixture(*state);
    ms_error error = MS_ERROR_INIT;
    sqlite3 *database;
    make_database(made.path);
    database = open_or_die(made.path);
    faulty_fail_always(FAULTY_pwrite, ENOSPC);
    assert_int_not_equal(change(database), SQLITE_OK);
    assert_int_equal(ms_sqlite_fail(&error, database, "change"), MS_IO);
    assert_int_equal(error.os_errno, ENOSPC);
    assert_string_not_equal(error.hint, "");
    ms_sqlite_close(database);
    assert_int_equal(which(made.path), 0);
}

static void test_database_that_was_moved_away_is_not_written(void **state)
{
    fixture made = make_fixture(*state);
    sqlite3 *database;
    make_database(made.path);
    database = open_or_die(made.path);
    assert_int_equal(renameat(made.folder->fd, "x.db", made.folder->fd, "y.db"), 0);
    assert_int_not_equal(change(database), SQLITE_OK);
    ms_sqlite_close(database);
    assert_int_equal(which(temporary_path(made.folder, "y.db")), 0);
}

typedef struct three_files {
    sqlite3_vfs *vfs;
    sqlite3_file *files[3];
    char path[512];
} three_files;

static three_files three_of(temporary_folder *folder)
{
    three_files opened = {0};
    assert_int_equal(ms_sqlite_register(NULL), MS_OK);
    opened.vfs = sqlite3_vfs_find(MS_SQLITE_VFS_NAME);
    strcpy(opened.path, temporary_path(folder, "locked"));
    return opened;
}

static void open_files(three_files *opened)
{
    for (size_t i = 0; i < 3; i++) {
        opened->files[i] = ms_calloc(1, (size_t)opened->vfs->szOsFile);
        assert_int_equal(
                opened->vfs->xOpen(opened->vfs, opened->path, opened->files[i],
                        SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE | SQLITE_OPEN_MAIN_DB, NULL),
                SQLITE_OK);
    }
}

static void close_files(three_files *opened)
{
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(opened->files[i]->pMethods->xClose(opened->files[i]), SQLITE_OK);
        ms_free(opened->files[i]);
    }
}

static int lock(sqlite3_file *file, int level)
{
    return file->pMethods->xLock(file, level);
}

static int unlock(sqlite3_file *file, int level)
{
    return file->pMethods->xUnlock(file, level);
}

static int level_of(sqlite3_file *file)
{
    int level = -1;
    assert_int_equal(file->pMethods->xFileControl(file, SQLITE_FCNTL_LOCKSTATE, &level), SQLITE_OK);
    return level;
}

static int reserved(sqlite3_file *file)
{
    int answer = -1;
    assert_int_equal(file->pMethods->xCheckReservedLock(file, &answer), SQLITE_OK);
    return answer;
}

static void test_five_lock_states_exclude_as_sqlite_wants(void **state)
{
    three_files opened = three_of(*state);
    sqlite3_file *a, *b, *c;
    open_files(&opened);
    a = opened.files[0];
    b = opened.files[1];
    c = opened.files[2];

    assert_int_equal(lock(a, SQLITE_LOCK_SHARED), SQLITE_OK);
    assert_int_equal(lock(b, SQLITE_LOCK_SHARED), SQLITE_OK);
    assert_int_equal(reserved(b), 0);
    /* One reserves; readers come and go. */
    assert_int_equal(lock(a, SQLITE_LOCK_RESERVED), SQLITE_OK);
    assert_int_equal(reserved(a), 1);
    assert_int_equal(reserved(b), 1);
    assert_int_equal(lock(b, SQLITE_LOCK_RESERVED), SQLITE_BUSY);
    assert_int_equal(level_of(b), SQLITE_LOCK_SHARED);
    assert_int_equal(lock(c, SQLITE_LOCK_SHARED), SQLITE_OK);
    assert_int_equal(unlock(c, SQLITE_LOCK_NONE), SQLITE_OK);
    /* A reader is left: the writer waits in PENDING and no new reader starts. */
    assert_int_equal(lock(a, SQLITE_LOCK_EXCLUSIVE), SQLITE_BUSY);
    assert_int_equal(level_of(a), SQLITE_LOCK_PENDING);
    assert_int_equal(lock(c, SQLITE_LOCK_SHARED), SQLITE_BUSY);
    assert_int_equal(level_of(c), SQLITE_LOCK_NONE);
    assert_int_equal(unlock(b, SQLITE_LOCK_NONE), SQLITE_OK);
    assert_int_equal(lock(a, SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
    assert_int_equal(lock(b, SQLITE_LOCK_SHARED), SQLITE_BUSY);
    /* Back to reading: others may read and reserve. */
    assert_int_equal(unlock(a, SQLITE_LOCK_SHARED), SQLITE_OK);
    assert_int_equal(lock(b, SQLITE_LOCK_SHARED), SQLITE_OK);
    assert_int_equal(lock(b, SQLITE_LOCK_RESERVED), SQLITE_OK);
    assert_int_equal(lock(a, SQLITE_LOCK_RESERVED), SQLITE_BUSY);
    assert_int_equal(unlock(a, SQLITE_LOCK_NONE), SQLITE_OK);
    assert_int_equal(lock(b, SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
    assert_int_equal(unlock(b, SQLITE_LOCK_NONE), SQLITE_OK);
    assert_int_equal(lock(a, SQLITE_LOCK_SHARED), SQLITE_OK);
    close_files(&opened);
}

static void test_locks_meet_those_of_sqlites_own_file_system(void **state)
{
    fixture made = make_fixture(*state);
    sqlite3 *ours;
    sqlite3 *theirs;
    make_database(made.path);
    ours = open_or_die(made.path);
    assert_int_equal(sqlite3_open_v2(made.path, &theirs, SQLITE_OPEN_READWRITE, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(ours, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(theirs, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_BUSY);
    assert_int_equal(sqlite3_exec(ours, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(theirs, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_exec(ours, "SELECT * FROM t", NULL, NULL, NULL), SQLITE_BUSY);
    assert_int_equal(sqlite3_exec(theirs, "COMMIT", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_close(theirs), SQLITE_OK);
    ms_sqlite_close(ours);
}

static void test_failed_lock_calls_are_no_busy(void **state)
{
    three_files opened = three_of(*state);
    sqlite3_file *file;
    int answer;
    open_files(&opened);
    file = opened.files[0];
    for (unsigned nth = 1; nth <= 3; nth++) {
        faulty_reset();
        faulty_fail(FAULTY_fcntl_lock, nth, EIO);
        assert_int_equal(lock(file, SQLITE_LOCK_SHARED) & 0xff, SQLITE_IOERR);
        assert_int_equal(level_of(file), SQLITE_LOCK_NONE);
        /* Nothing stayed behind. */
        assert_int_equal(lock(opened.files[1], SQLITE_LOCK_SHARED), SQLITE_OK);
        assert_int_equal(lock(opened.files[1], SQLITE_LOCK_EXCLUSIVE), SQLITE_OK);
        assert_int_equal(unlock(opened.files[1], SQLITE_LOCK_NONE), SQLITE_OK);
    }
    assert_int_equal(lock(file, SQLITE_LOCK_SHARED), SQLITE_OK);
    faulty_fail(FAULTY_fcntl_lock, 1, ENOLCK);
    assert_int_equal(lock(file, SQLITE_LOCK_RESERVED), SQLITE_IOERR_LOCK);
    faulty_fail(FAULTY_fcntl_lock, 1, ENOLCK);
    assert_int_equal(lock(file, SQLITE_LOCK_EXCLUSIVE), SQLITE_IOERR_LOCK);
    faulty_fail(FAULTY_fcntl_lock, 1, EIO);
    assert_int_equal(
            file->pMethods->xCheckReservedLock(file, &answer), SQLITE_IOERR_CHECKRESERVEDLOCK);
    faulty_fail(FAULTY_fcntl_lock, 1, EIO);
    assert_int_equal(unlock(file, SQLITE_LOCK_NONE), SQLITE_IOERR_UNLOCK);
    close_files(&opened);
}

static void test_short_read_is_filled_with_zeros(void **state)
{
    three_files opened = three_of(*state);
    sqlite3_file *file;
    sqlite3_int64 size = -1;
    uint8_t data[8];
    open_files(&opened);
    file = opened.files[0];
    assert_int_equal(file->pMethods->xWrite(file, "abc", 3, 0), SQLITE_OK);
    memset(data, 0xff, sizeof(data));
    assert_int_equal(file->pMethods->xRead(file, data, 8, 0), SQLITE_IOERR_SHORT_READ);
    assert_memory_equal(data, "abc\0\0\0\0\0", 8);
    assert_int_equal(file->pMethods->xTruncate(file, 1), SQLITE_OK);
    assert_int_equal(file->pMethods->xFileSize(file, &size), SQLITE_OK);
    assert_int_equal(size, 1);
    assert_int_equal(file->pMethods->xDeviceCharacteristics(file), 0);
    assert_int_equal(file->pMethods->iVersion, 1);
    close_files(&opened);
}

static void test_calls_of_the_vfs_answer_through_platform(void **state)
{
    temporary_folder *folder = *state;
    sqlite3_vfs *vfs;
    char full[100];
    char bytes[64] = {0};
    char zero[64] = {0};
    sqlite3_int64 julian;
    double days;
    int answer = -1;

    assert_int_equal(ms_sqlite_register(NULL), MS_OK);
    vfs = sqlite3_vfs_find(MS_SQLITE_VFS_NAME);
    assert_int_equal(vfs->xFullPathname(vfs, "/a/b", sizeof(full), full), SQLITE_OK);
    assert_string_equal(full, "/a/b");
    assert_int_equal(vfs->xFullPathname(vfs, "a/b", sizeof(full), full), SQLITE_CANTOPEN);
    assert_int_equal(vfs->xFullPathname(vfs, "/a/b", 4, full), SQLITE_CANTOPEN);
    assert_int_equal(vfs->xRandomness(vfs, sizeof(bytes), bytes), sizeof(bytes));
    assert_memory_not_equal(bytes, zero, sizeof(bytes));
    assert_int_equal(vfs->xSleep(vfs, 1500), 2000);
    assert_int_equal(vfs->xCurrentTimeInt64(vfs, &julian), SQLITE_OK);
    assert_true(julian / 1000 - INT64_C(210866760000) - (sqlite3_int64)time(NULL) <= 1);
    assert_int_equal(vfs->xCurrentTime(vfs, &days), SQLITE_OK);
    assert_true(days > 2460000 && days < 5373484);

    temporary_write(folder, "empty", "", 0);
    temporary_write(folder, "full", "x", 1);
    assert_int_equal(
            vfs->xAccess(vfs, temporary_path(folder, "none"), SQLITE_ACCESS_EXISTS, &answer),
            SQLITE_OK);
    assert_int_equal(answer, 0);
    assert_int_equal(
            vfs->xAccess(vfs, temporary_path(folder, "empty"), SQLITE_ACCESS_EXISTS, &answer),
            SQLITE_OK);
    assert_int_equal(answer, 0);
    assert_int_equal(
            vfs->xAccess(vfs, temporary_path(folder, "full"), SQLITE_ACCESS_EXISTS, &answer),
            SQLITE_OK);
    assert_int_equal(answer, 1);
    assert_int_equal(
            vfs->xAccess(vfs, temporary_path(folder, "full"), SQLITE_ACCESS_READWRITE, &answer),
            SQLITE_OK);
    assert_int_equal(answer, 1);
    faulty_fail(FAULTY_fstatat, 1, EIO);
    assert_int_equal(
            vfs->xAccess(vfs, temporary_path(folder, "full"), SQLITE_ACCESS_EXISTS, &answer),
            SQLITE_IOERR_ACCESS);
    assert_int_equal(
            vfs->xDelete(vfs, temporary_path(folder, "none"), 1), SQLITE_IOERR_DELETE_NOENT);
    faulty_reset();
    assert_int_equal(vfs->xDelete(vfs, temporary_path(folder, "full"), 1), SQLITE_OK);
    assert_string_equal(faulty_record(), "unlinkat openat fsync close");
    assert_null(vfs->xDlOpen(vfs, "/lib/x.so"));
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_journal_is_durable_before_the_database_changes_and_its_removal_after),
            TEST(test_journal_of_a_killed_writer_is_rolled_back),
            TEST(test_reader_without_permission_refuses_to_read_over_a_hot_journal),
            TEST(test_kill_before_any_call_leaves_the_old_or_the_new_database),
            TEST(test_kill_during_recovery_is_recovered_from),
            TEST(test_no_fault_is_reported_as_success_or_tears_the_database),
            TEST(test_failed_sync_fails_the_commit),
            TEST(test_full_disk_is_named),
            TEST(test_database_that_was_moved_away_is_not_written),
            TEST(test_five_lock_states_exclude_as_sqlite_wants),
            TEST(test_locks_meet_those_of_sqlites_own_file_system),
            TEST(test_failed_lock_calls_are_no_busy),
            TEST(test_short_read_is_filled_with_zeros),
            TEST(test_calls_of_the_vfs_answer_through_platform),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
