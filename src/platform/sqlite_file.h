/* What sqlite.c asks of a file that sqlite_vfs.c opened. Internal to platform. */
#ifndef MS_PLATFORM_SQLITE_FILE_H
#define MS_PLATFORM_SQLITE_FILE_H

#include <sqlite3.h>

/** errno of the last failed call of this transaction on a file of our VFS, 0 when none failed. It
 *  may be asked for after SQLite has closed the file, as it does with a journal it rolled back. */
int ms_sqlite_file_errno(sqlite3_file *file);

#endif
