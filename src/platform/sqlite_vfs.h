/* SQLite on this platform layer: every file call of SQLite goes through sys.h, locks are
 * open-file-description locks, so that faults reach it and closing another descriptor loses none.
 */
#ifndef MS_PLATFORM_SQLITE_VFS_H
#define MS_PLATFORM_SQLITE_VFS_H

#include <sqlite3.h>
#include "base/error.h"

#define MS_SQLITE_VFS_NAME "model-storage"

/** Open a database file with our VFS (registered on first use), extended result codes, rollback
 *  journal (DELETE), synchronous=EXTRA (FULL and a sync of the folder once the journal is gone), a
 * busy wait of busy_timeout_ms, trusted_schema off, cell size checks on. temporary tables in
 * memory, no memory mapping. One that does not exist is made (0600) with create, else MS_NOT_FOUND.
 * A database in WAL mode is not opened. path is absolute and names a regular file, no link;
 * read_only needs no permission to write, not for the folder either. out database is NULL on
 * failure. MS_IO, MS_MALFORMED "not_a_database", "not_a_file", MS_LOCKED, MS_INTEGRITY, MS_USAGE
 * "path_not_absolute". Threads: SQLite locks inside, so the handle may be used from any. */
MS_MUST_CHECK ms_status ms_sqlite_open(sqlite3 **database, const char *path, bool create,
        bool read_only, int busy_timeout_ms, ms_error *err);
/** NULL is ignored. With statements still open the file is closed with the last of them. */
void ms_sqlite_close(sqlite3 *database);
/** Fill err from the database's last error: BUSY -> MS_LOCKED, CORRUPT and NOTADB -> MS_INTEGRITY,
 *  FULL, IOERR, CANTOPEN, PERM and READONLY -> MS_IO, NOMEM -> MS_NO_MEMORY, TOOBIG -> MS_LIMIT,
 *  INTERRUPT -> MS_INTERRUPTED, else MS_INTERNAL. doing completes "Cannot ...". Reasons are
 *  "database_busy", "database_damaged", "database_io", "database_limit", "database_interrupted",
 *  "database_failed", "no_memory". */
ms_status ms_sqlite_fail(ms_error *err, sqlite3 *database, const char *doing);
/** Register the VFS, for a caller that opens databases itself; ms_sqlite_open does it. Any thread.
 */
MS_MUST_CHECK ms_status ms_sqlite_register(ms_error *err);

#endif
