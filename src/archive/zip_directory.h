/* The central directory of a zip archive, held against the local header of each of its entries
 * before anything is read through libarchive, which goes by the local ones. */
#ifndef MS_ARCHIVE_ZIP_DIRECTORY_H
#define MS_ARCHIVE_ZIP_DIRECTORY_H

#include "base/error.h"
#include "task/task.h"

/** Whether every entry of the directory of fd, of size bytes, has a local header of its own with
 *  the same name, so that whoever lists the archive sees what comes out of it. MS_MALFORMED with
 *  archive_damaged (no directory where the end of the archive says, or no header where the
 *  directory says), archive_name (the names differ or hold a NUL), archive_name_twice (two entries
 *  of one local header, two Unicode names of one entry); MS_LIMIT archive_files (more than
 *  entries_max entries); MS_IO; MS_NO_MEMORY; MS_INTERRUPTED by task, which is looked at for each entry
 *  and may be NULL. */
MS_MUST_CHECK ms_status ms_zip_directory_check(
        int fd, uint64_t size, uint64_t entries_max, const ms_task *task, ms_error *err);

#endif
