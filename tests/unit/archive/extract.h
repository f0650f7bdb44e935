/* Extraction with a stranger's file beside the target. Header only. */
#ifndef MS_TESTS_ARCHIVE_EXTRACT_H
#define MS_TESTS_ARCHIVE_EXTRACT_H

#include "archive/archive_reader.h"
#include "temporary.h"

/* Extract bytes as a file into a fresh target; everything beside the target must stay as it was. */
static inline ms_status extract(temporary *folder, ms_span bytes,
        const ms_archive_extract_options *options, ms_archive_summary *summary, ms_error *err)
{
    close(folder->target);
    temporary_empty(folder->fd);
    assert_int_equal(mkdirat(folder->fd, "stranger", 0755), 0);
    temporary_write(folder, "stranger/file", "untouched", 9);
    temporary_make_target(folder);
    temporary_write(folder, "archive", bytes.data, bytes.size);
    char *before = temporary_listing(folder->fd, "target");
    int fd = openat(folder->fd, "archive", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ms_status status = ms_archive_extract(fd, folder->target, options, NULL, summary, err);
    close(fd);
    char *after = temporary_listing(folder->fd, "target");
    assert_string_equal(before, after);
    free(before);
    free(after);
    return status;
}

#endif
