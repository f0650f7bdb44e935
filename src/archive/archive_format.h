/* Archive formats: what a file name asks for and what the first bytes of a file are. Tar, plain or
 * compressed, can be written and read; xz, bzip2 and zip are only read. */
#ifndef MS_ARCHIVE_ARCHIVE_FORMAT_H
#define MS_ARCHIVE_ARCHIVE_FORMAT_H

#include "base/buffer.h"

typedef enum ms_archive_format {
    MS_ARCHIVE_NONE = 0, /* not an archive */
    MS_ARCHIVE_TAR,
    MS_ARCHIVE_TAR_GZIP,
    MS_ARCHIVE_TAR_ZSTD,
    MS_ARCHIVE_TAR_XZ,    /* read only */
    MS_ARCHIVE_TAR_BZIP2, /* read only */
    MS_ARCHIVE_ZIP        /* read only */
} ms_archive_format;

/** Bytes from the start of a file that ms_archive_format_of_bytes wants to see. */
#define MS_ARCHIVE_DETECT_SIZE 512

/** Whether name is that of an archive that we read: it ends in .tar, .tar.gz, .tgz, .tar.zst, .tar.xz,
 *  .txz, .tar.bz2, .tbz2 or .zip (lower case) with at least one byte before that in its last part.
 *  out  format       MS_ARCHIVE_NONE when false
 *  out  suffix_size  bytes of the suffix, its first dot included; 0 when false; may be NULL */
bool ms_archive_readable_of_name(const char *name, ms_archive_format *format, size_t *suffix_size);

/** The format whose first bytes these are. A compressed file is taken for a compressed tar: whether a
 *  tar is inside shows when it is unpacked. A tar is known by the checksum of its first header. */
ms_archive_format ms_archive_format_of_bytes(ms_span bytes);

/** .tar, .tar.gz and .tar.zst are; the others are only read. */
bool ms_archive_format_is_writable(ms_archive_format format);

#endif
