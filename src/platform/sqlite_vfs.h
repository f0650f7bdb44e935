/* SQLite on this platform layer: every file call of SQLite goes through sys.h, locks are
 * open-file-description locks, so that faults reach it and closing another descriptor loses none. */
#ifndef MS_PLATFORM_SQLITE_VFS_H
#define MS_PLATFORM_SQLITE_VFS_H

#include <sqlite3.h>
#include "base/error.h"

#define MS_SQLITE_VFS_NAME "model-storage"

/** Open a database file with our VFS (registered on first use), extended result codes, rollback
 *  journal (DELETE), synchronous=FULL, a busy wait of busy_timeout_ms, trusted_schema off, cell size checks on.
 *  path is absolute. out database is NULL on failure. MS_IO, MS_MALFORMED (not a database), MS_LOCKED. */
MS_MUST_CHECK ms_status ms_sqlite_open(sqlite3 **database, const char *path, bool create, bool read_only,
        int busy_timeout_ms, ms_error *err);
void ms_sqlite_close(sqlite3 *database);
/** Fill err from the database's last error: BUSY -> MS_LOCKED, CORRUPT and NOTADB -> MS_INTEGRITY,
 *  FULL and IOERR -> MS_IO, NOMEM -> MS_NO_MEMORY, else MS_INTERNAL. doing names the action. */
ms_status ms_sqlite_fail(ms_error *err, sqlite3 *database, const char *doing);

#endif
