/* Unpacking a foreign archive into an empty folder: what is inside is a stranger's, so only plain files
 * and folders with harmless paths come out, under limits, and nothing outside the folder is touched. */
#ifndef MS_ARCHIVE_ARCHIVE_READER_H
#define MS_ARCHIVE_ARCHIVE_READER_H

#include "archive/archive_format.h"
#include "task/task.h"

/** Defaults of the options. */
#define MS_ARCHIVE_FILES_MAX 100000
#define MS_ARCHIVE_RATIO_MAX 200
/** Bytes that may come out whatever the ratio. */
#define MS_ARCHIVE_RATIO_FREE_SIZE ((uint64_t)16 << 20)
/** Buffer between archive and disk. */
#define MS_ARCHIVE_COPY_SIZE ((size_t)1 << 20)

typedef struct ms_archive_extract_options {
    uint64_t size_max;  /* bytes of all files together; 0 means no ceiling but that of the ratio */
    uint64_t ratio_max; /* bytes out for each byte of the archive file; 0 means MS_ARCHIVE_RATIO_MAX */
    uint64_t files_max; /* files, and folders, each; 0 means MS_ARCHIVE_FILES_MAX */
    bool sync;          /* bring every file and folder to disk before returning */
} ms_archive_extract_options;

typedef struct ms_archive_summary {
    ms_archive_format format;
    uint64_t files;
    uint64_t folders; /* those that entries name and those that only paths imply */
    uint64_t bytes;   /* of the files */
} ms_archive_summary;

/** What the file is, from its first bytes; for compressed tar formats a tar header is looked for inside
 *  (MS_ARCHIVE_NONE when it is another thing that was compressed). MS_IO, MS_NO_MEMORY; damage is no
 *  failure here but MS_ARCHIVE_NONE. */
MS_MUST_CHECK ms_status ms_archive_format_of_file(ms_archive_format *format, int fd, ms_error *err);

/** Extract an archive: tar, alone or as gzip, zstd, xz or bzip2, or zip.
 *  in   fd        an open regular file, read from its first byte; its position stays
 *  in   to_dirfd  an empty folder of the caller's that nobody else writes to
 *  in   options   NULL means all defaults, without sync
 *  in   task      cancel and progress (phase "extract", bytes of the archive file); may be NULL
 *  out  summary   what was made, also on failure
 *  Modes are 0644 and 0755 under the umask; times, owners and attributes are not restored. On failure
 *  what was made so far stays in the folder, which the caller then removes.
 *  Returns MS_OK; MS_MALFORMED "archive_format" (no archive) or the reasons of tar_reader.h,
 *  zip_reader.h, unpacker.h, extraction.h and codec/path.h, err->path naming the entry; MS_LIMIT
 *  "archive_size", "archive_ratio", "archive_files"; MS_IO, MS_NO_MEMORY, MS_INTERRUPTED.
 *  Threads  one call for one folder; starts none. */
MS_MUST_CHECK ms_status ms_archive_extract(int fd, int to_dirfd,
        const ms_archive_extract_options *options, ms_task *task, ms_archive_summary *summary,
        ms_error *err);

#endif
