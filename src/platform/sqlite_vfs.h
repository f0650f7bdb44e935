/* SQLite on this platform layer: every file call of SQLite goes through sys.h, locks are
 * open-file-description locks, so that faults reach it and closing another descriptor loses none.
 */
#ifndef MS_PLATFORM_SQLITE_VFS_H
#define MS_PLATFORM_SQLITE_VFS_H

#include <sqlite3.h>
#include "base/error.h"

#define MS_SQLITE_VFS_NAME "model-storage"
/** The same VFS for databases whose pages have checksums, see platform/sqlite_sum.h. */
#define MS_SQLITE_SUMMED_VFS_NAME "model-storage-summed"

/** Open a database file with our VFS (registered on first use): extended result codes, rollback
 *  journal (DELETE), synchronous=EXTRA (FULL and a sync of the folder once the journal is gone), a
 *  busy wait of busy_timeout_ms, trusted_schema off, cell size checks on, temporary tables in
 *  memory, no memory mapping. A database in WAL mode is MS_INTEGRITY "database_damaged".
 *  in   path       absolute; a regular file, no link
 *  in   create     make it (0600) when it does not exist, which else is MS_NOT_FOUND
 *  in   read_only  needs no permission to write, neither for the file nor for its folder; a journal
 *                  that a killed writer left is then MS_IO, because it has to be rolled back
 *  out  database   NULL on failure
 *  Returns  MS_OK, MS_NOT_FOUND, MS_IO, MS_LOCKED, MS_MALFORMED "not_a_database" or "not_a_file",
 *           MS_INTEGRITY, MS_NO_MEMORY, MS_USAGE "path_not_absolute"
 *  Threads  SQLite locks inside: the handle may be used from any. It does not survive a fork. */
MS_MUST_CHECK ms_status ms_sqlite_open(sqlite3 **database, const char *path, bool create,
        bool read_only, int busy_timeout_ms, ms_error *err);
/** The same for a database made and only ever written through this function, whose pages carry
 *  checksums: a damaged page is MS_INTEGRITY "database_damaged" whatever is asked of it. A database
 *  of another kind is damaged by that measure. */
MS_MUST_CHECK ms_status ms_sqlite_open_summed(sqlite3 **database, const char *path, bool create,
        bool read_only, int busy_timeout_ms, ms_error *err);
/** NULL is ignored. With statements still open the file is closed with the last of them. */
void ms_sqlite_close(sqlite3 *database);
/** Fill err from the database's last error: BUSY -> MS_LOCKED; CORRUPT, NOTADB, ERROR (other tables than
 *  ours), IOERR_DATA, and a key or trigger that contradicts what was read -> MS_INTEGRITY; FULL, other IOERR,
 *  CANTOPEN, PERM and READONLY -> MS_IO; NOMEM -> MS_NO_MEMORY; TOOBIG -> MS_LIMIT; INTERRUPT ->
 *  MS_INTERRUPTED; else MS_INTERNAL. doing completes "Cannot ...". Reasons are "database_busy",
 *  "database_unfinished" (MS_LOCKED: a journal that only a writer may play back), "database_damaged",
 *  "database_io", "database_limit", "database_interrupted", "database_failed", "no_memory". */
ms_status ms_sqlite_fail(ms_error *err, sqlite3 *database, const char *doing);
/** Register both VFS, which opening does too. Any thread. */
MS_MUST_CHECK ms_status ms_sqlite_register(ms_error *err);

#endif
