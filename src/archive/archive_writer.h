/* Packing a tree of files into one archive: the same entries in the same order give the same bytes
 * every time and on every machine. */
#ifndef MS_ARCHIVE_ARCHIVE_WRITER_H
#define MS_ARCHIVE_ARCHIVE_WRITER_H

#include "archive/packer.h"

/** An archive being written. For one thread; it starts threads of its own for compression. Memory
 *  depends on workers alone. After a failure every call but free is MS_USAGE "archive_writer_failed". */
typedef struct ms_archive_writer ms_archive_writer;

/** Start an archive: POSIX tar (ustar, with a pax header where a path is long or not ASCII, or a file
 *  has 8 GiB and more), plain or compressed.
 *  out  writer   NULL on failure; freed with ms_archive_writer_free
 *  in   format   MS_ARCHIVE_TAR, MS_ARCHIVE_TAR_GZIP (one member) or MS_ARCHIVE_TAR_ZSTD (one frame)
 *  in   output   copied; receives the bytes of the archive in order, in the caller's thread
 *  in   workers  threads that compress; 0 means the processors available. They never change the bytes.
 *  Every entry has time 0, owner and group 0 without names, mode 0644 (files) or 0755 (folders). The
 *  bytes of a tar are the same everywhere, compressed ones for the same version of zlib or libzstd.
 *  Returns MS_OK, MS_USAGE (format), MS_NO_MEMORY, MS_INTERNAL */
MS_MUST_CHECK ms_status ms_archive_writer_new(ms_archive_writer **writer, ms_archive_format format,
        const ms_archive_output *output, unsigned workers, ms_error *err);

/** Add a folder or begin a file. path is relative, follows the rules of codec/path.h (else its
 *  status), and has no trailing slash. Order is the caller's: sorted, folders before what is in them.
 *  size is the exact number of bytes that ms_archive_writer_write will bring. */
MS_MUST_CHECK ms_status ms_archive_writer_add_folder(
        ms_archive_writer *writer, const char *path, ms_error *err);
MS_MUST_CHECK ms_status ms_archive_writer_begin_file(
        ms_archive_writer *writer, const char *path, uint64_t size, ms_error *err);
/** The next bytes of the file, in order. More than its size is MS_USAGE "archive_file_size". */
MS_MUST_CHECK ms_status ms_archive_writer_write(
        ms_archive_writer *writer, const void *data, size_t size, ms_error *err);
/** Fewer bytes than its size are MS_USAGE "archive_file_size". */
MS_MUST_CHECK ms_status ms_archive_writer_end_file(ms_archive_writer *writer, ms_error *err);

/** Write the end of the archive and all that is still held back. */
MS_MUST_CHECK ms_status ms_archive_writer_finish(ms_archive_writer *writer, ms_error *err);
/** May be called at any time; without finish what was written is no whole archive. */
void ms_archive_writer_free(ms_archive_writer *writer);

#endif
