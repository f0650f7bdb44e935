/* Opening SQLite databases on our VFS and turning SQLite's errors into ours. */
#include "platform/sqlite_vfs.h"

#include <errno.h>
#include <string.h>

#include "base/bounded.h"
#include "base/checked.h"
#include "platform/file.h"
#include "platform/sqlite_file.h"
#include "platform/sqlite_sum.h"

#define JOURNAL_SUFFIX_SIZE 8 /* "-journal" */
#define HEADER_MAGIC "SQLite format 3" /* with its NUL */
#define HEADER_VERSIONS 18

/* SQLite itself asks for errno only after rolling back, which may have changed it. */
static int errno_of(sqlite3 *database)
{
    sqlite3_vfs *vfs = NULL;
    sqlite3_file *file = NULL;
    sqlite3_file *journal = NULL;
    int os_errno = 0;

    if (sqlite3_file_control(database, "main", SQLITE_FCNTL_VFS_POINTER, &vfs) != SQLITE_OK ||
            vfs == NULL ||
            (strcmp(vfs->zName, MS_SQLITE_VFS_NAME) != 0 &&
                    strcmp(vfs->zName, MS_SQLITE_SUMMED_VFS_NAME) != 0))
        return sqlite3_system_errno(database);
    if (sqlite3_file_control(database, "main", SQLITE_FCNTL_FILE_POINTER, &file) == SQLITE_OK &&
            file != NULL)
        os_errno = ms_sqlite_file_errno(file);
    if (os_errno == 0 &&
            sqlite3_file_control(database, "main", SQLITE_FCNTL_JOURNAL_POINTER, &journal) ==
                    SQLITE_OK &&
            journal != NULL)
        os_errno = ms_sqlite_file_errno(journal);
    return os_errno != 0 ? os_errno : sqlite3_system_errno(database);
}

static ms_status fail_io(ms_error *err, int os_errno, const char *doing, const char *why)
{
    if (os_errno != 0)
        return ms_fail_errno(err, os_errno, "database_io", "Cannot %s (%s)", doing, why);
    return ms_fail(err, MS_IO, "database_io", "Cannot %s: %s", doing, why);
}

/* A key is looked for, in the same transaction, before a row with it is made: one that stands all the same, or a trigger
 * that finds other rows than the query did, is a tree of pages that contradicts itself. */
static bool is_contradiction(int code)
{
    return code == SQLITE_CONSTRAINT_UNIQUE || code == SQLITE_CONSTRAINT_PRIMARYKEY ||
           code == SQLITE_CONSTRAINT_ROWID || code == SQLITE_CONSTRAINT_TRIGGER;
}

ms_status ms_sqlite_fail(ms_error *err, sqlite3 *database, const char *doing)
{
    int code = database != NULL ? sqlite3_extended_errcode(database) : SQLITE_NOMEM;
    const char *why = database != NULL ? sqlite3_errmsg(database) : "out of memory";
    const char *path = database != NULL ? sqlite3_db_filename(database, "main") : NULL;
    ms_status status;

    if (code == SQLITE_READONLY_ROLLBACK) {
        status = ms_fail(err, MS_LOCKED, "database_unfinished",
                "Cannot %s: a write to it was cut off and is not rolled back yet", doing);
        if (path != NULL)
            ms_error_set_path(err, path);
        return status;
    }
    switch (is_contradiction(code) ? SQLITE_CORRUPT : code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        status = ms_fail(err, MS_LOCKED, "database_busy",
                "Cannot %s: another process is using the database", doing);
        break;
    case SQLITE_ERROR: /* every statement of ours is right: these are not the tables it was written for */
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
        status = ms_fail(err, MS_INTEGRITY, "database_damaged", "Cannot %s: %s", doing, why);
        break;
    case SQLITE_FULL:
        status = fail_io(err, ENOSPC, doing, why);
        break;
    case SQLITE_IOERR:
        if (code == SQLITE_IOERR_NOMEM)
            status = ms_fail(err, MS_NO_MEMORY, "no_memory", "Cannot %s: out of memory", doing);
        else if (code == SQLITE_IOERR_DATA)
            status = ms_fail(err, MS_INTEGRITY, "database_damaged",
                    "Cannot %s: a page is not what its checksum says", doing);
        else
            status = fail_io(err, errno_of(database), doing, why);
        break;
    case SQLITE_CANTOPEN: /* errno is then often that of looking for a journal: not told */
    case SQLITE_PERM:
    case SQLITE_READONLY:
        status = fail_io(err, 0, doing, why);
        break;
    case SQLITE_NOMEM:
        status = ms_fail(err, MS_NO_MEMORY, "no_memory", "Cannot %s: out of memory", doing);
        break;
    case SQLITE_TOOBIG:
        status = ms_fail(err, MS_LIMIT, "database_limit", "Cannot %s: %s", doing, why);
        break;
    case SQLITE_INTERRUPT:
        status =
                ms_fail(err, MS_INTERRUPTED, "database_interrupted", "Cannot %s: cancelled", doing);
        break;
    default:
        status = ms_fail(err, MS_INTERNAL, "database_failed", "Cannot %s: %s", doing, why);
        break;
    }
    if (path != NULL && path[0] != '\0')
        ms_error_set_path(err, path);
    return status;
}

/* fileformat2, "The database header": the versions for writing and for reading are 1 without a write-ahead log. SQLite
 * would call others "unable to open", or open the file for reading only and refuse the first write. */
static ms_status check_format_versions(int fd, const char *path, ms_error *err)
{
    uint8_t header[HEADER_VERSIONS + 2];
    size_t size;
    ms_status status = ms_file_read_at(fd, header, sizeof(header), 0, &size, err);

    if (status == MS_OK && size == sizeof(header) && memcmp(header, HEADER_MAGIC, sizeof(HEADER_MAGIC)) == 0 &&
            (header[HEADER_VERSIONS] != 1 || header[HEADER_VERSIONS + 1] != 1))
        status = ms_fail(err, MS_INTEGRITY, "database_damaged",
                "'%s' has format versions %u and %u, and this program writes 1 and 1", path,
                header[HEADER_VERSIONS], header[HEADER_VERSIONS + 1]);
    if (status != MS_OK)
        ms_error_set_path(err, path);
    return status;
}

/* SQLite says only "unable to open": the names of what is wrong come from opening the file once
 * ourselves. Closing it again takes no lock away, because ours belong to the other description.
 * A new file needs no sync of its folder here: the first transaction syncs that for its journal. */
static ms_status look_at_file(const char *path, bool create, bool read_only, ms_error *err)
{
    int flags = MS_OPEN_READ | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR;
    ms_status status;
    int fd;

    if (path[0] != '/' || strlen(path) + JOURNAL_SUFFIX_SIZE >= MS_FILE_PATH_SIZE_MAX) {
        status = ms_fail(err, MS_USAGE, "path_not_absolute",
                "A database needs an absolute path, not '%s'", path);
        ms_error_set_path(err, path);
        return status;
    }
    if (!read_only)
        flags |= MS_OPEN_WRITE | (create ? MS_OPEN_CREATE : 0);
    status = ms_file_open(&fd, MS_DIR_CURRENT, path, flags, 0600, err);
    if (status == MS_OK)
        status = check_format_versions(fd, path, err);
    ms_file_close(fd);
    return status;
}

/* SQLite does not say what it is that cannot be opened. A journal that is no file, and a write-ahead
 * log, which our databases never have, are the names beside the database that it stumbles over. */
static void name_what_is_in_the_way(const char *path, ms_error *err)
{
    static const char *const suffixes[] = {"-journal", "-wal"};
    char beside[MS_FILE_PATH_SIZE_MAX];
    ms_file_status file;

    for (size_t i = 0; i < MS_ARRAY_COUNT(suffixes); i++) {
        if (!ms_bounded_printf(beside, sizeof(beside), "%s%s", path, suffixes[i]) ||
                ms_file_status_at(MS_DIR_CURRENT, beside, false, &file, NULL) != MS_OK ||
                (i == 0 && file.kind == MS_FILE_REGULAR))
            continue;
        (void)ms_fail(err, MS_IO, "database_blocked",
                "Cannot open the database '%s': '%s' is in the way", path, beside);
        ms_error_set_path(err, beside);
        ms_error_set_hint(err, "Look at it and move it away: it was not made by this program");
        return;
    }
}

static ms_status fail_open(sqlite3 *database, const char *path, ms_error *err)
{
    char doing[MS_FILE_PATH_SIZE_MAX + sizeof("open the database ''")];
    const int code = database != NULL ? sqlite3_errcode(database) : SQLITE_NOMEM;
    ms_status status;

    (void)ms_bounded_printf(doing, sizeof(doing), "open the database '%s'", path);
    status = ms_sqlite_fail(err, database, doing);
    ms_error_set_path(err, path);
    if (status == MS_IO && code == SQLITE_CANTOPEN)
        name_what_is_in_the_way(path, err);
    return status;
}

static ms_status configure(sqlite3 *database, ms_error *err)
{
    static const char *const pragmas[] = {
            /* The first reads the file, so that a damaged one is known at once. */
            "PRAGMA journal_mode=DELETE",
            "PRAGMA schema_version",
            /* EXTRA is FULL and a sync of the folder after the journal is removed: without that a
             * power cut brings the journal back, and with it the state before an acknowledged
             * commit. */
            "PRAGMA synchronous=EXTRA",
            "PRAGMA trusted_schema=OFF",
            "PRAGMA cell_size_check=ON",
            "PRAGMA mmap_size=0",
            "PRAGMA temp_store=MEMORY",
    };

    for (size_t i = 0; i < MS_ARRAY_COUNT(pragmas); i++) {
        if (sqlite3_exec(database, pragmas[i], NULL, NULL, NULL) == SQLITE_OK)
            continue;
        const char *path = sqlite3_db_filename(database, "main");
        if (sqlite3_errcode(database) == SQLITE_NOTADB) {
            ms_status status =
                    ms_fail(err, MS_MALFORMED, "not_a_database", "'%s' is not a database", path);
            ms_error_set_path(err, path);
            return status;
        }
        return fail_open(database, path, err);
    }
    return MS_OK;
}

/* Has to be said before the first page of a new database is written; an old one keeps what it has.
 */
static ms_status reserve_sums(sqlite3 *database, ms_error *err)
{
    int size = MS_SQLITE_SUM_SIZE;
    char pragma[64];

    (void)ms_bounded_printf(pragma, sizeof(pragma), "PRAGMA page_size=%d", MS_SQLITE_PAGE_SIZE);
    if (sqlite3_exec(database, pragma, NULL, NULL, NULL) != SQLITE_OK ||
            sqlite3_file_control(database, "main", SQLITE_FCNTL_RESERVE_BYTES, &size) != SQLITE_OK)
        return fail_open(database, sqlite3_db_filename(database, "main"), err);
    return MS_OK;
}

static ms_status open_on(sqlite3 **database, const char *path, bool create, bool read_only,
        int busy_timeout_ms, bool summed, ms_error *err)
{
    int flags = SQLITE_OPEN_FULLMUTEX | SQLITE_OPEN_PRIVATECACHE;
    ms_status status;

    *database = NULL;
    status = ms_sqlite_register(err);
    if (status != MS_OK)
        return status;
    status = look_at_file(path, create, read_only, err);
    if (status != MS_OK)
        return status;
    flags |= read_only ? SQLITE_OPEN_READONLY : SQLITE_OPEN_READWRITE;
    if (sqlite3_open_v2(path, database, flags,
                summed ? MS_SQLITE_SUMMED_VFS_NAME : MS_SQLITE_VFS_NAME) != SQLITE_OK)
        status = fail_open(*database, path, err);
    if (status == MS_OK) {
        (void)sqlite3_extended_result_codes(*database, 1);
        (void)sqlite3_busy_timeout(*database, busy_timeout_ms);
        (void)sqlite3_db_config(*database, SQLITE_DBCONFIG_DEFENSIVE, 1, NULL);
        if (summed)
            status = reserve_sums(*database, err);
    }
    if (status == MS_OK)
        status = configure(*database, err);
    if (status != MS_OK) {
        ms_sqlite_close(*database);
        *database = NULL;
    }
    return status;
}

ms_status ms_sqlite_open(sqlite3 **database, const char *path, bool create, bool read_only,
        int busy_timeout_ms, ms_error *err)
{
    return open_on(database, path, create, read_only, busy_timeout_ms, false, err);
}

ms_status ms_sqlite_open_summed(sqlite3 **database, const char *path, bool create, bool read_only,
        int busy_timeout_ms, ms_error *err)
{
    return open_on(database, path, create, read_only, busy_timeout_ms, true, err);
}

void ms_sqlite_close(sqlite3 *database)
{
    (void)sqlite3_close_v2(database);
}
