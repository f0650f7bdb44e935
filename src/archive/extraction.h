/* Files and folders of a foreign archive on their way to disk: names are checked, nothing is made
 * outside the target folder, no link is followed, nothing is replaced. */
#ifndef MS_ARCHIVE_EXTRACTION_H
#define MS_ARCHIVE_EXTRACTION_H

#include "base/buffer.h"
#include "task/task.h"

/** For one thread. */
typedef struct ms_extraction ms_extraction;

typedef struct ms_extraction_counts {
    uint64_t files;
    uint64_t folders;
    uint64_t bytes; /* of the files */
} ms_extraction_counts;

/** to_dirfd is an empty folder, stays the caller's and must outlive the object. files_max is the
 *  limit of files, and of folders. With sync every file is on disk when it is ended. */
MS_MUST_CHECK ms_status ms_extraction_new(ms_extraction **extraction, int to_dirfd,
        uint64_t files_max, bool sync, ms_error *err);
/** Make the folder path with its parents, or begin the file path: the rules of codec/path.h, else their
 *  reasons; MS_MALFORMED "path_twins", "archive_kinds", "archive_repeated" (a file; a folder may be
 *  named again); MS_LIMIT "archive_files"; MS_IO "archive_target" when the name exists on disk. */
MS_MUST_CHECK ms_status ms_extraction_folder(
        ms_extraction *self, ms_span path, ms_error *err);
MS_MUST_CHECK ms_status ms_extraction_begin_file(
        ms_extraction *self, ms_span path, ms_error *err);
/** The next bytes of the file that was begun. */
MS_MUST_CHECK ms_status ms_extraction_write(
        ms_extraction *self, const void *data, size_t size, ms_error *err);
MS_MUST_CHECK ms_status ms_extraction_end_file(ms_extraction *self, ms_error *err);
/** With sync: bring every folder to disk too. task may be NULL; MS_INTERRUPTED. */
MS_MUST_CHECK ms_status ms_extraction_finish(
        ms_extraction *self, const ms_task *task, ms_error *err);
/** Valid at any time. */
const ms_extraction_counts *ms_extraction_counts_of(const ms_extraction *self);
/** Closes a file that was not ended; what is on disk stays. */
void ms_extraction_free(ms_extraction *self);

#endif
