/* Entries of a foreign zip archive, through libarchive: plain files and folders pass, everything
 * else is refused by name. */
#ifndef MS_ARCHIVE_ZIP_READER_H
#define MS_ARCHIVE_ZIP_READER_H

#include "archive/archive_entry.h"
#include "task/task.h"

/** For one thread. After a failure only free makes sense. */
typedef struct ms_zip_reader ms_zip_reader;

/** Read fd, of size bytes, wherever its position is; it stays the caller's. Its directory is
 *  checked as a whole, with the failures of archive/zip_directory.h. task is looked at for cancel, at
 *  each piece of the file (MS_INTERRUPTED); may be NULL. */
MS_MUST_CHECK ms_status ms_zip_reader_new(
        ms_zip_reader **reader, int fd, uint64_t size, uint64_t entries_max, const ms_task *task, ms_error *err);
/** The next entry of the central directory, in the order of the contents; *entry NULL after the
 *  last one. MS_MALFORMED with archive_damaged, archive_encrypted, archive_name (no text),
 *  archive_link, archive_hard_link, archive_device, archive_setuid, archive_folder_size,
 *  archive_type; MS_IO; MS_NO_MEMORY. libarchive makes NFC of names, and plain files of fifos:
 *  Info-ZIP stores its standard input so. */
MS_MUST_CHECK ms_status ms_zip_reader_next(
        ms_zip_reader *reader, const ms_archive_entry **entry, ms_error *err);
/** The next bytes of the present entry, *got 0 at its end, when its CRC-32 and size fitted. */
MS_MUST_CHECK ms_status ms_zip_reader_read(
        ms_zip_reader *reader, void *data, size_t size, size_t *got, ms_error *err);
/** Bytes of the file that were read so far, some perhaps twice. */
uint64_t ms_zip_reader_consumed(const ms_zip_reader *reader);
void ms_zip_reader_free(ms_zip_reader *reader);

#endif
