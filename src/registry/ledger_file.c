/* The file of the ledger: making it, opening it, knowing it for ours. A new file is built under
 * another name and gets its own when it is whole, so a ledger.db that is empty or half is damage,
 * and is never written over. */
#include "registry/ledger_priv.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bounded.h"
#include "base/checked.h"
#include "crypto/sha256.h"
#include "platform/folder.h"
#include "platform/lock.h"
#include "platform/sqlite_vfs.h"

#define NEW_FILE MS_LEDGER_FILE ".new"
#define LOCK_FOLDER "locks"
#define LOCK_FILE LOCK_FOLDER "/ledger"
#define FOLDER_MODE 0700

/* fileformat2, "The database header". */
#define HEADER_SIZE 100
#define HEADER_MAGIC "SQLite format 3" /* with its NUL */
#define HEADER_VERSION 60
#define HEADER_APPLICATION 68

static char *join(const char *home, const char *name)
{
    size_t size = strlen(home) + strlen(name) + 2;
    char *path = ms_alloc(size);

    if (path != NULL)
        (void)ms_bounded_printf(path, size, "%s/%s", home, name);
    return path;
}

ms_status ms_ledger_init(ms_ledger *ledger, const char *home, ms_state *state, ms_error *err)
{
    memset(ledger, 0, sizeof(*ledger));
    ms_mutex_init(&ledger->mutex);
    ledger->state = state;
    ledger->home = ms_strdup(home);
    ledger->path = join(home, MS_LEDGER_FILE);
    if (ledger->home == NULL || ledger->path == NULL)
        return ms_fail_memory(err, strlen(home));
    return MS_OK;
}

void ms_ledger_release(ms_ledger *ledger)
{
    ms_ledger_detach(ledger);
    ms_mutex_release(&ledger->mutex);
    ms_free(ledger->home);
    ms_free(ledger->path);
}

void ms_ledger_detach(ms_ledger *ledger)
{
    for (size_t i = 0; i < MS_LEDGER_QUERY_COUNT; i++) {
        (void)sqlite3_finalize(ledger->statements[i]);
        ledger->statements[i] = NULL;
    }
    ms_sqlite_close(ledger->database);
    ledger->database = NULL;
    ledger->writable = false;
}

/* ---- what is said when something is wrong ---- */

void ms_ledger_set_damage_hint(const ms_ledger *ledger, ms_error *err)
{
    ms_error_set_path(err, ledger->path);
    ms_error_set_hint(err,
            "Run 'model-storage check' to see what is damaged, and put a good copy of %s in its "
            "place",
            MS_LEDGER_FILE);
}

ms_status ms_ledger_damaged(const ms_ledger *ledger, uint64_t sequence, const char *reason,
        const char *what, ms_error *err)
{
    if (sequence == 0)
        (void)ms_fail(err, MS_INTEGRITY, reason, "The ledger %s %s", ledger->path, what);
    else
        (void)ms_fail(err, MS_INTEGRITY, reason, "Row %llu of the ledger %s %s",
                (unsigned long long)sequence, ledger->path, what);
    ms_ledger_set_damage_hint(ledger, err);
    return MS_INTEGRITY;
}

/* What a process or a power cut left half written, and only looking does not put right. */
static ms_status fail_unfinished(const ms_ledger *ledger, ms_error *err)
{
    (void)ms_fail(err, MS_LOCKED, "ledger_unfinished",
            "A write to the ledger %s was cut off and is not rolled back yet", ledger->path);
    ms_error_set_path(err, ledger->path);
    ms_error_set_hint(err, "Any command that reads the ledger does it, such as "
                           "'model-storage list'; then try again");
    return MS_LOCKED;
}

ms_status ms_ledger_fail(ms_ledger *ledger, const char *doing, ms_error *err)
{
    int code = sqlite3_extended_errcode(ledger->database);
    ms_status status;

    if (code == SQLITE_READONLY_ROLLBACK)
        return fail_unfinished(ledger, err);
    status = ms_sqlite_fail(err, ledger->database, doing);
    if (status == MS_INTEGRITY || status == MS_MALFORMED)
        ms_ledger_set_damage_hint(ledger, err);
    return status;
}

/* ---- knowing the file ---- */

static ms_status read_pragma(
        ms_ledger *ledger, const char *text, sqlite3_int64 *value, ms_error *err)
{
    sqlite3_stmt *statement = NULL;
    ms_status status = MS_OK;
    bool row = false;

    *value = 0;
    if (sqlite3_prepare_v2(ledger->database, text, -1, &statement, NULL) != SQLITE_OK)
        status = ms_ledger_fail(ledger, "read the ledger", err);
    if (status == MS_OK)
        status = ms_ledger_step(ledger, statement, &row, "read the ledger", err);
    if (status == MS_OK && row)
        *value = sqlite3_column_int64(statement, 0);
    (void)sqlite3_finalize(statement);
    return status;
}

static ms_status judge_numbers(
        const ms_ledger *ledger, int64_t application, int64_t version, ms_error *err)
{
    ms_status status;

    if (application != MS_LEDGER_APPLICATION_ID) {
        status = ms_fail(err, MS_MALFORMED, "ledger_foreign",
                "%s is a database of another program, not a ledger", ledger->path);
        ms_ledger_set_damage_hint(ledger, err);
        return status;
    }
    if (version == MS_LEDGER_SCHEMA_VERSION)
        return MS_OK;
    status = ms_fail(err, MS_MALFORMED, "ledger_version",
            "The ledger %s has version %lld, and this program knows version %d", ledger->path,
            (long long)version, MS_LEDGER_SCHEMA_VERSION);
    ms_error_set_path(err, ledger->path);
    ms_error_set_hint(err, "Use the newer program that wrote it; the file was left as it is");
    return status;
}

static ms_status check_numbers(ms_ledger *ledger, ms_error *err)
{
    sqlite3_int64 application;
    sqlite3_int64 version;
    ms_status status = read_pragma(ledger, "PRAGMA application_id", &application, err);

    if (status == MS_OK)
        status = read_pragma(ledger, "PRAGMA user_version", &version, err);
    return status == MS_OK ? judge_numbers(ledger, application, version, err) : status;
}

static uint32_t read_word(const uint8_t bytes[4])
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

/* What the file is called by its first bytes, before SQLite is asked: a file of another kind, or of
 * a later program, gets its name instead of being called damaged. None of these bytes ever changes.
 */
static ms_status look_at_header(const ms_ledger *ledger, ms_error *err)
{
    uint8_t header[HEADER_SIZE];
    size_t size;
    int fd;
    ms_status status = ms_file_open(&fd, MS_DIR_CURRENT, ledger->path,
            MS_OPEN_READ | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR, 0, err);

    if (status == MS_OK)
        status = ms_file_read_at(fd, header, sizeof(header), 0, &size, err);
    ms_file_close(fd);
    if (status != MS_OK) {
        ms_error_set_path(err, ledger->path);
        return status;
    }
    if (size == 0)
        return ms_ledger_damaged(ledger, 0, "ledger_empty", "was cut to nothing", err);
    if (size < sizeof(header) || memcmp(header, HEADER_MAGIC, sizeof(HEADER_MAGIC)) != 0) {
        status = ms_fail(err, MS_MALFORMED, "not_a_database", "%s is not a database", ledger->path);
        ms_ledger_set_damage_hint(ledger, err);
        return status;
    }
    return judge_numbers(ledger, read_word(header + HEADER_APPLICATION),
            read_word(header + HEADER_VERSION), err);
}

/* Tables, indexes and triggers are word for word ours, so that queries mean what they say. */
static ms_status check_schema(ms_ledger *ledger, ms_error *err)
{
    sqlite3_stmt *statement = NULL;
    ms_status status = MS_OK;
    bool row = true;
    size_t count = 0;

    if (sqlite3_prepare_v2(ledger->database,
                "SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid", -1,
                &statement, NULL) != SQLITE_OK)
        status = ms_ledger_fail(ledger, "read the ledger", err);
    while (status == MS_OK && row) {
        const char *text;

        status = ms_ledger_step(ledger, statement, &row, "read the ledger", err);
        if (status != MS_OK || !row)
            break;
        text = (const char *)sqlite3_column_text(statement, 0);
        if (text == NULL || count == ms_ledger_schema_count ||
                strcmp(text, ms_ledger_schema[count]) != 0)
            break;
        count++;
    }
    (void)sqlite3_finalize(statement);
    if (status == MS_OK && (row || count != ms_ledger_schema_count))
        return ms_ledger_damaged(ledger, 0, "ledger_schema", "has not the tables of a ledger", err);
    return status;
}

/* The row that was last seen has to be there still. seen is read before the ledger, which only
 * grows. */
static ms_status check_seen(
        ms_ledger *ledger, uint64_t seen, const uint8_t seen_hash[32], ms_error *err)
{
    sqlite3_stmt *statement = NULL;
    uint8_t hash[32];
    bool row;
    ms_status status;

    if (seen == 0)
        return MS_OK;
    status = ms_ledger_prepare(ledger, &statement, MS_LEDGER_ROW, err);
    if (status != MS_OK)
        return status;
    ms_ledger_bind_number(statement, 1, seen);
    status = ms_ledger_step(ledger, statement, &row, "read the ledger", err);
    if (status == MS_OK && row && !ms_ledger_column_bytes(statement, 0, hash, sizeof(hash)))
        status = ms_ledger_damaged(ledger, seen, "ledger_hash", "has no hash", err);
    ms_ledger_done(statement);
    if (status != MS_OK || (row && memcmp(hash, seen_hash, sizeof(hash)) == 0))
        return status;
    return ms_ledger_damaged(ledger, seen, "rolled_back",
            row ? "is not the one that was seen there before"
                : "was seen before and is gone: the file was rolled back",
            err);
}

static ms_status read_seen(ms_ledger *ledger, uint64_t *seen, uint8_t hash[32], ms_error *err)
{
    *seen = 0;
    memset(hash, 0, 32);
    if (ledger->state == NULL)
        return MS_OK;
    return ms_state_ledger_seen(ledger->state, seen, hash, err);
}

/* ---- making it ---- */

static ms_status run_text(ms_ledger *ledger, const char *text, ms_error *err)
{
    if (sqlite3_exec(ledger->database, text, NULL, NULL, NULL) != SQLITE_OK)
        return ms_ledger_fail(ledger, "make the ledger", err);
    return MS_OK;
}

static ms_status write_schema(ms_ledger *ledger, ms_error *err)
{
    char pragma[64];
    ms_status status = run_text(ledger, "BEGIN IMMEDIATE", err);

    (void)ms_bounded_printf(
            pragma, sizeof(pragma), "PRAGMA application_id = %d", MS_LEDGER_APPLICATION_ID);
    if (status == MS_OK)
        status = run_text(ledger, pragma, err);
    (void)ms_bounded_printf(
            pragma, sizeof(pragma), "PRAGMA user_version = %d", MS_LEDGER_SCHEMA_VERSION);
    if (status == MS_OK)
        status = run_text(ledger, pragma, err);
    for (size_t i = 0; status == MS_OK && i < ms_ledger_schema_count; i++)
        status = run_text(ledger, ms_ledger_schema[i], err);
    if (status == MS_OK)
        status = run_text(ledger, "COMMIT", err);
    return status;
}

/* Build the file under its new name. What a killed run left there is nobody's: the lock is held. */
static ms_status build_file(ms_ledger *ledger, ms_error *err)
{
    char *path = join(ledger->home, NEW_FILE);
    char *journal = join(ledger->home, NEW_FILE "-journal");
    ms_status status = MS_OK;

    if (path == NULL || journal == NULL)
        status = ms_fail_memory(err, strlen(ledger->home));
    if (status == MS_OK)
        status = ms_file_remove(MS_DIR_CURRENT, path, err);
    if (status == MS_OK)
        status = ms_file_remove(MS_DIR_CURRENT, journal, err);
    if (status == MS_OK)
        status = ms_sqlite_open_summed(
                &ledger->database, path, true, false, MS_LEDGER_BUSY_TIMEOUT_MS, err);
    if (status == MS_OK)
        status = write_schema(ledger, err);
    ms_ledger_detach(ledger);
    if (status == MS_OK)
        status = ms_file_rename(
                MS_DIR_CURRENT, path, MS_DIR_CURRENT, ledger->path, false, &(bool){false}, err);
    if (status == MS_OK)
        status = ms_folder_sync(MS_DIR_CURRENT, ledger->home, err);
    ms_free(path);
    ms_free(journal);
    return status;
}

static ms_status file_is_missing(const ms_ledger *ledger, bool *missing, ms_error *err)
{
    ms_file_status file;
    ms_status status = ms_file_status_at(MS_DIR_CURRENT, ledger->path, false, &file, err);

    *missing = status == MS_NOT_FOUND;
    return status == MS_NOT_FOUND ? MS_OK : status;
}

static ms_status make_file(ms_ledger *ledger, ms_error *err)
{
    char *lock = join(ledger->home, LOCK_FILE);
    char *folder = join(ledger->home, LOCK_FOLDER);
    bool missing = false;
    int fd = -1;
    ms_status status = MS_OK;

    if (lock == NULL || folder == NULL)
        status = ms_fail_memory(err, strlen(ledger->home));
    if (status == MS_OK)
        status = ms_folder_make_all(MS_DIR_CURRENT, ledger->home, FOLDER_MODE, err);
    if (status == MS_OK)
        status = ms_folder_make(MS_DIR_CURRENT, folder, FOLDER_MODE, NULL, err);
    if (status == MS_OK)
        status = ms_lock_acquire(&fd, MS_DIR_CURRENT, lock, MS_LOCK_EXCLUSIVE,
                MS_LEDGER_BUSY_TIMEOUT_MS, NULL, NULL, err);
    if (status == MS_OK)
        status = file_is_missing(ledger, &missing, err);
    if (status == MS_OK && missing)
        status = build_file(ledger, err);
    ms_lock_release(fd);
    ms_free(lock);
    ms_free(folder);
    return status;
}

/* ---- opening it ---- */

static ms_status open_database(ms_ledger *ledger, ms_ledger_access access, ms_error *err)
{
    bool writable = access != MS_LEDGER_READ_ONLY;
    ms_error failure = MS_ERROR_INIT;
    ms_status status = ms_sqlite_open_summed(
            &ledger->database, ledger->path, false, !writable, MS_LEDGER_BUSY_TIMEOUT_MS, &failure);
    const bool is_blocked = strcmp(failure.reason, "database_blocked") == 0;

    /* A file or folder that we may only read is enough for reading. */
    if (status == MS_IO && access == MS_LEDGER_READ && !is_blocked) {
        writable = false;
        failure = (ms_error)MS_ERROR_INIT;
        status = ms_sqlite_open_summed(
                &ledger->database, ledger->path, false, true, MS_LEDGER_BUSY_TIMEOUT_MS, &failure);
    }
    if (status == MS_LOCKED && strcmp(failure.reason, "database_unfinished") == 0)
        return fail_unfinished(ledger, err);
    if (status != MS_OK)
        ms_error_copy(err, &failure);
    if (status == MS_INTEGRITY || status == MS_MALFORMED)
        ms_ledger_set_damage_hint(ledger, err);
    ledger->writable = status == MS_OK && writable;
    return status;
}

ms_status ms_ledger_settle(const ms_ledger *ledger, ms_error *err)
{
    ms_error failure = MS_ERROR_INIT;
    ms_status status = ms_folder_sync(MS_DIR_CURRENT, ledger->home, &failure);

    if (status == MS_OK || failure.os_errno == EACCES || failure.os_errno == EPERM ||
            failure.os_errno == EROFS)
        return MS_OK;
    ms_error_copy(err, &failure);
    return status;
}

static ms_status open_file(
        ms_ledger *ledger, ms_ledger_access access, const ms_file_status *file, ms_error *err)
{
    ms_status status = look_at_header(ledger, err);

    if (status == MS_OK)
        status = open_database(ledger, access, err);
    if (status == MS_OK)
        status = check_numbers(ledger, err);
    if (status == MS_OK)
        status = check_schema(ledger, err);
    /* Only looking changes nothing. */
    if (status == MS_OK && access != MS_LEDGER_READ_ONLY)
        status = ms_ledger_settle(ledger, err);
    if (status != MS_OK) {
        ms_ledger_detach(ledger);
        return status;
    }
    ledger->device = file->device;
    ledger->inode = file->inode;
    return MS_OK;
}

/* A file that was put in the place of the open one, such as a copy that was restored, is opened
 * anew. */
static bool is_open(const ms_ledger *ledger, ms_ledger_access access, const ms_file_status *file)
{
    return ledger->database != NULL && ledger->device == file->device &&
           ledger->inode == file->inode && (ledger->writable || access != MS_LEDGER_WRITE);
}

static ms_status attach_missing(
        ms_ledger *ledger, ms_ledger_access access, uint64_t seen, ms_error *err)
{
    if (seen > 0) {
        (void)ms_fail(err, MS_INTEGRITY, "rolled_back",
                "The ledger %s is gone, and %llu rows of it were seen before", ledger->path,
                (unsigned long long)seen);
        ms_error_set_path(err, ledger->path);
        ms_error_set_hint(err, "Put a copy of it back; to begin a new one, remove state.db too");
        return MS_INTEGRITY;
    }
    return access == MS_LEDGER_WRITE ? make_file(ledger, err) : MS_OK;
}

/* The file was looked for after seen was read: what was seen by then has to be in it. */
static ms_status attach(ms_ledger *ledger, ms_ledger_access access, uint64_t seen,
        const uint8_t seen_hash[32], bool *missing, ms_error *err)
{
    ms_file_status file;
    ms_status status = ms_file_status_at(MS_DIR_CURRENT, ledger->path, false, &file, err);

    if (status == MS_NOT_FOUND) {
        status = attach_missing(ledger, access, seen, err);
        *missing = access != MS_LEDGER_WRITE;
        if (status != MS_OK || *missing)
            return status;
        status = ms_file_status_at(MS_DIR_CURRENT, ledger->path, false, &file, err);
    }
    if (status == MS_OK)
        status = open_file(ledger, access, &file, err);
    if (status == MS_OK)
        status = check_seen(ledger, seen, seen_hash, err);
    if (status != MS_OK)
        ms_ledger_detach(ledger);
    return status;
}

ms_status ms_ledger_attach(ms_ledger *ledger, ms_ledger_access access, bool *missing, ms_error *err)
{
    uint8_t seen_hash[32];
    uint64_t seen;
    bool is_missing = false;
    ms_file_status file;
    ms_status status;

    if (missing != NULL)
        *missing = false;
    status = ms_file_status_at(MS_DIR_CURRENT, ledger->path, false, &file, NULL);
    if (status == MS_OK && is_open(ledger, access, &file))
        return MS_OK;
    ms_ledger_detach(ledger);
    status = read_seen(ledger, &seen, seen_hash, err);
    if (status == MS_OK)
        status = attach(ledger, access, seen, seen_hash, &is_missing, err);
    if (missing != NULL)
        *missing = status == MS_OK && is_missing;
    return status;
}

ms_status ms_ledger_check_unchanged(ms_ledger *ledger, ms_error *err)
{
    uint8_t seen_hash[32];
    uint64_t seen;
    ms_status status = read_seen(ledger, &seen, seen_hash, err);

    if (status == MS_OK)
        status = check_numbers(ledger, err);
    if (status == MS_OK)
        status = check_seen(ledger, seen, seen_hash, err);
    return status;
}
