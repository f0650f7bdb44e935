/* Entries of a foreign tar archive, read strictly: plain files and folders pass, everything else and
 * every second way to say a thing is refused by name. */
#ifndef MS_ARCHIVE_TAR_READER_H
#define MS_ARCHIVE_TAR_READER_H

#include "archive/archive_entry.h"
#include "archive/unpacker.h"

/** Bytes of one pax header, and of one name in a GNU long name entry (its NUL included). */
#define MS_TAR_PAX_SIZE_MAX ((size_t)1 << 20)
#define MS_TAR_LONG_NAME_SIZE_MAX 4096

/** For one thread. After a failure only free makes sense. */
typedef struct ms_tar_reader ms_tar_reader;

/** unpacker stays the caller's and is used by nobody else until free. */
MS_MUST_CHECK ms_status ms_tar_reader_new(
        ms_tar_reader **reader, ms_unpacker *unpacker, ms_error *err);

/** The next entry; *entry NULL after the last one, when the end of the archive was there and nothing
 *  but zeros followed. Content of the entry before that was not read is skipped.
 *  MS_MALFORMED with the offset of the header in the unpacked stream and one of these reasons:
 *    archive_checksum       archive_truncated      archive_trailing
 *    archive_end            the two blocks of zeros at the end are missing
 *    archive_number         a number field that is none, or is negative
 *    archive_pax            a pax record that is none, repeats one, or renames in a global header
 *    archive_name_twice     two headers that both name the same entry
 *    archive_folder_size    a folder with content
 *    archive_link (symbolic), archive_hard_link, archive_device, archive_fifo, archive_sparse,
 *    archive_setuid, archive_type (any other kind)
 *  MS_LIMIT archive_pax_size, archive_name_size; and what ms_unpacker_read returns. */
MS_MUST_CHECK ms_status ms_tar_reader_next(
        ms_tar_reader *reader, const ms_archive_entry **entry, ms_error *err);
/** The next bytes of the present entry; *got 0 at its end. */
MS_MUST_CHECK ms_status ms_tar_reader_read(
        ms_tar_reader *reader, void *data, size_t size, size_t *got, ms_error *err);
void ms_tar_reader_free(ms_tar_reader *reader);

#endif
