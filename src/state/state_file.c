/* The file of the state: opening it, its schema, what happens when it is damaged. */
#include "state/state_file_priv.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bounded.h"
#include "base/checked.h"
#include "base/log.h"
#include "platform/folder.h"
#include "platform/lock.h"
#include "platform/sqlite_vfs.h"
#include "state/state.h"

#define FILE_NAME "state.db"
#define LOCK_NAME "locks/state"
#define DAMAGED_MAX 1000u
#define SCHEMA_VERSION 1

static const char schema[] =
        "CREATE TABLE root (codec INTEGER NOT NULL, hash INTEGER NOT NULL, digest BLOB NOT NULL,"
        " pinned INTEGER NOT NULL, PRIMARY KEY (digest, hash, codec)) WITHOUT ROWID;"
        "CREATE TABLE unclaimed (digest BLOB PRIMARY KEY) WITHOUT ROWID;"
        "CREATE TABLE ledger_seen (id INTEGER PRIMARY KEY CHECK (id = 1), sequence INTEGER NOT NULL,"
        " row_hash BLOB NOT NULL);"
        "PRAGMA user_version = 1;";

ms_status ms_state_file_init(ms_state_file *file, const char *home, ms_error *err)
{
    size_t size = strlen(home) + sizeof("/" FILE_NAME);

    *file = (ms_state_file){0};
    file->home = ms_strdup(home);
    file->path = ms_alloc(size);
    if (file->home == NULL || file->path == NULL) {
        ms_state_file_release(file);
        return ms_fail_memory(err, size);
    }
    ms_bounded_printf(file->path, size, "%s/" FILE_NAME, home);
    return MS_OK;
}

void ms_state_file_close(ms_state_file *file)
{
    ms_sqlite_close(file->database);
    file->database = NULL;
    file->writable = false;
}

void ms_state_file_release(ms_state_file *file)
{
    ms_state_file_close(file);
    ms_free(file->home);
    ms_free(file->path);
    *file = (ms_state_file){0};
}

bool ms_state_file_is_damage(ms_status status)
{
    return status == MS_INTEGRITY || status == MS_MALFORMED;
}

/* *version 0: the file is new and empty. A database of somebody else has no version of ours. */
static ms_status read_version(sqlite3 *database, int64_t *version, ms_error *err)
{
    sqlite3_stmt *statement = NULL;
    ms_status status = MS_OK;

    *version = 0;
    if (sqlite3_prepare_v2(database, "PRAGMA user_version", -1, &statement, NULL) != SQLITE_OK ||
            sqlite3_step(statement) != SQLITE_ROW)
        status = ms_sqlite_fail(err, database, "read the version of the state");
    else
        *version = sqlite3_column_int64(statement, 0);
    sqlite3_finalize(statement);
    return status;
}

static ms_status fail_version(const ms_state_file *file, int64_t version, ms_error *err)
{
    ms_fail(err, MS_USAGE, "state_version", "'%s' is of version %lld; this program knows version %d",
            file->path, (long long)version, SCHEMA_VERSION);
    ms_error_set_path(err, file->path);
    ms_error_set_hint(err, "Use the newer program that wrote it");
    return MS_USAGE;
}

/* Two processes may come to a new file at once: the second finds the tables made. */
static ms_status make_schema(ms_state_file *file, ms_error *err)
{
    sqlite3 *database = file->database;
    int64_t version;
    ms_status status;

    if (sqlite3_exec(database, "BEGIN IMMEDIATE", NULL, NULL, NULL) != SQLITE_OK)
        return ms_sqlite_fail(err, database, "write the state");
    status = read_version(database, &version, err);
    if (status == MS_OK && version == 0 && sqlite3_exec(database, schema, NULL, NULL, NULL) != SQLITE_OK)
        status = ms_sqlite_fail(err, database, "make the tables of the state");
    if (status == MS_OK && version < 0)
        status = ms_fail(err, MS_INTEGRITY, "database_damaged", "'%s' has version %lld", file->path, (long long)version);
    if (status == MS_OK && version > SCHEMA_VERSION)
        status = fail_version(file, version, err);
    if (status == MS_OK && sqlite3_exec(database, "COMMIT", NULL, NULL, NULL) != SQLITE_OK)
        status = ms_sqlite_fail(err, database, "write the state");
    if (status != MS_OK)
        (void)sqlite3_exec(database, "ROLLBACK", NULL, NULL, NULL);
    return status;
}

/* The connection is only good while its file stands under the name. */
bool ms_state_file_is_current(const ms_state_file *file)
{
    ms_file_status status;

    return ms_file_status_at(MS_DIR_CURRENT, file->path, false, &status, NULL) == MS_OK &&
           status.device == file->device && status.inode == file->inode;
}

static ms_status open_database(ms_state_file *file, bool create, bool read_only, ms_error *err)
{
    ms_file_status name;
    ms_status status;

    ms_state_file_close(file);
    status = ms_sqlite_open(&file->database, file->path, create, read_only, MS_STATE_WAIT_MS, err);
    if (status == MS_IO && err != NULL && strcmp(err->reason, "database_blocked") == 0)
        ms_error_set_hint(err, "Move it away, and '%s' too: that may be lost and is made anew", file->path);
    if (status != MS_OK)
        return status;
    status = ms_file_status_at(MS_DIR_CURRENT, file->path, false, &name, err);
    file->device = name.device;
    file->inode = name.inode;
    file->writable = !read_only;
    if (status != MS_OK)
        ms_state_file_close(file);
    return status;
}

/* A journal that a crash left is only played back by who may write; who may not reads without. */
static ms_status open_to_read(ms_state_file *file, ms_error *err)
{
    ms_error refused = MS_ERROR_INIT;
    ms_status status = open_database(file, false, false, &refused);

    if (status == MS_IO && (refused.os_errno == EACCES || refused.os_errno == EROFS || refused.os_errno == EPERM))
        return open_database(file, false, true, err);
    if (status != MS_OK)
        ms_error_copy(err, &refused);
    return status;
}

ms_status ms_state_file_read(ms_state_file *file, bool *usable, ms_error *err)
{
    ms_error failure = MS_ERROR_INIT;
    ms_status status = MS_OK;
    int64_t version = 0;

    *usable = false;
    if (file->database != NULL && ms_state_file_is_current(file)) {
        *usable = true;
        return MS_OK;
    }
    status = open_to_read(file, &failure);
    if (status == MS_OK)
        status = read_version(file->database, &version, &failure);
    if (status == MS_OK && version > SCHEMA_VERSION)
        status = fail_version(file, version, &failure);
    *usable = status == MS_OK && version == SCHEMA_VERSION;
    if (!*usable)
        ms_state_file_close(file);
    if (status == MS_OK || status == MS_NOT_FOUND)
        return MS_OK;
    if (ms_state_file_is_damage(status)) {
        ms_log(MS_LOG_WARNING, "%s is damaged and reads as empty: %s", file->path, failure.message);
        return MS_OK;
    }
    ms_error_copy(err, &failure);
    return status;
}

/* Rename home/from to the first free home/state.db.damaged-N<suffix>. */
static ms_status move_aside(const ms_state_file *file, unsigned number, const char *suffix, bool *existed, ms_error *err)
{
    char from[MS_FILE_PATH_SIZE_MAX];
    char to[MS_FILE_PATH_SIZE_MAX];
    ms_error failure = MS_ERROR_INIT;
    ms_status status;

    *existed = false;
    if (!ms_bounded_printf(from, sizeof(from), "%s%s", file->path, suffix) ||
            !ms_bounded_printf(to, sizeof(to), "%s.damaged-%u%s", file->path, number, suffix))
        return ms_fail(err, MS_LIMIT, "path_too_long", "'%s' is too long", file->path);
    status = ms_file_rename(MS_DIR_CURRENT, from, MS_DIR_CURRENT, to, false, existed, &failure);
    if (status == MS_OK || status == MS_NOT_FOUND)
        return MS_OK;
    ms_error_copy(err, &failure);
    return status;
}

/* The journal goes first: a journal without its database is ignored, a new database with the old
 * journal would be overwritten by it. */
static ms_status set_aside(const ms_state_file *file, ms_error *err)
{
    for (unsigned number = 1; number <= DAMAGED_MAX; number++) {
        bool existed;
        ms_status status = move_aside(file, number, "-journal", &existed, err);
        if (status == MS_OK && !existed)
            status = move_aside(file, number, "", &existed, err);
        if (status != MS_OK)
            return status;
        if (!existed) {
            ms_log(MS_LOG_WARNING, "%s was damaged; it is kept as %s.damaged-%u", file->path, file->path, number);
            return ms_folder_sync_parent(MS_DIR_CURRENT, file->path, err);
        }
    }
    return ms_fail(err, MS_LIMIT, "state_damaged_often", "'%s' was damaged %u times", file->path, DAMAGED_MAX);
}

static ms_status open_to_write(ms_state_file *file, ms_error *err)
{
    ms_status status = open_database(file, true, false, err);

    if (status == MS_OK)
        status = make_schema(file, err);
    if (status != MS_OK)
        ms_state_file_close(file);
    return status;
}

/* Opening reads little; this reads all. */
static ms_status check_pages(ms_state_file *file, ms_error *err)
{
    sqlite3_stmt *statement = NULL;
    ms_status status = MS_OK;

    if (sqlite3_prepare_v2(file->database, "PRAGMA integrity_check(1)", -1, &statement, NULL) != SQLITE_OK ||
            sqlite3_step(statement) != SQLITE_ROW)
        status = ms_sqlite_fail(err, file->database, "check the state");
    else if (strcmp((const char *)sqlite3_column_text(statement, 0), "ok") != 0)
        status = ms_fail(err, MS_INTEGRITY, "database_damaged", "'%s' is damaged", file->path);
    sqlite3_finalize(statement);
    return status;
}

/* A database whose pages are all good may still be without our tables. */
static ms_status check_tables(ms_state_file *file, ms_error *err)
{
    static const char *const questions[] = {
            "SELECT codec, hash, digest, pinned FROM root",
            "SELECT digest FROM unclaimed",
            "SELECT id, sequence, row_hash FROM ledger_seen",
    };

    for (size_t i = 0; i < MS_ARRAY_COUNT(questions); i++) {
        sqlite3_stmt *statement = NULL;
        int code = sqlite3_prepare_v2(file->database, questions[i], -1, &statement, NULL);

        sqlite3_finalize(statement);
        if (code != SQLITE_OK)
            return ms_sqlite_fail(err, file->database, "check the state");
    }
    return MS_OK;
}

static ms_status lock_file(const ms_state_file *file, ms_lock_mode mode, int *lock, ms_error *err)
{
    char path[MS_FILE_PATH_SIZE_MAX];
    char folder[MS_FILE_PATH_SIZE_MAX];
    ms_status status;

    *lock = -1;
    if (!ms_bounded_printf(path, sizeof(path), "%s/" LOCK_NAME, file->home) ||
            !ms_bounded_printf(folder, sizeof(folder), "%s/locks", file->home))
        return ms_fail(err, MS_LIMIT, "path_too_long", "'%s' is too long", file->home);
    status = ms_folder_make(MS_DIR_CURRENT, folder, 0700, NULL, err);
    if (status == MS_OK)
        status = ms_lock_acquire(lock, MS_DIR_CURRENT, path, mode, MS_STATE_WAIT_MS, NULL, NULL, err);
    return status;
}

ms_status ms_state_file_lock(const ms_state_file *file, int *lock, ms_error *err)
{
    ms_status status = ms_folder_make_all(MS_DIR_CURRENT, file->home, 0700, err);

    *lock = -1;
    return status == MS_OK ? lock_file(file, MS_LOCK_SHARED, lock, err) : status;
}

/* Only what is still damaged once nobody else writes: somebody may have been faster. */
ms_status ms_state_file_start_anew(ms_state_file *file, ms_error *err)
{
    ms_status status;
    int lock = -1;

    ms_state_file_close(file);
    status = lock_file(file, MS_LOCK_EXCLUSIVE, &lock, err);
    if (status != MS_OK)
        return status;
    status = open_to_write(file, err);
    if (status == MS_OK)
        status = check_pages(file, err);
    if (status == MS_OK)
        status = check_tables(file, err);
    if (ms_state_file_is_damage(status)) {
        ms_state_file_close(file);
        status = set_aside(file, err);
        if (status == MS_OK)
            status = open_to_write(file, err);
    }
    ms_lock_release(lock);
    return status;
}

ms_status ms_state_file_write(ms_state_file *file, ms_error *err)
{
    if (file->database != NULL && file->writable && ms_state_file_is_current(file))
        return MS_OK;
    return open_to_write(file, err);
}
