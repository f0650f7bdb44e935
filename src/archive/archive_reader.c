/* Unpacking a foreign archive into an empty folder: the loop over entries and the ceilings. */
#include "archive/archive_reader.h"

#include <inttypes.h>
#include <string.h>

#include "archive/extraction.h"
#include "archive/tar_layout.h"
#include "archive/tar_reader.h"
#include "archive/unpacker.h"
#include "archive/zip_reader.h"
#include "base/alloc.h"
#include "base/bounded.h"
#include "base/checked.h"
#include "codec/path.h"
#include "platform/file.h"

/* One archive being extracted. Entries come from tar or from zip. */
typedef struct extract_run {
    ms_task *task;
    ms_unpacker *unpacker;
    ms_tar_reader *tar;
    ms_zip_reader *zip; /* NULL for every tar */
    ms_extraction *extraction;
    uint64_t size_max;   /* bytes of files */
    uint64_t output_max; /* the ceiling that the ratio gives */
    uint64_t reported;   /* bytes of the archive file that progress knows of */
    uint8_t *copy;       /* MS_ARCHIVE_COPY_SIZE bytes */
} extract_run;

static ms_status read_start(
        uint8_t start[MS_ARCHIVE_DETECT_SIZE], ms_archive_format *format, int fd, ms_error *err)
{
    size_t got;
    *format = MS_ARCHIVE_NONE;
    memset(start, 0xff, MS_ARCHIVE_DETECT_SIZE); /* what a short file leaves is no end of a tar */
    ms_status status = ms_file_read_at(fd, start, MS_ARCHIVE_DETECT_SIZE, 0, &got, err);
    if (status == MS_OK)
        *format = ms_archive_format_of_bytes(ms_span_of(start, got));
    return status;
}

/* A tar without entries is its end alone: zeros, which say nothing of a file that nobody called an
 * archive. */
static bool is_end_of_tar(const uint8_t start[MS_ARCHIVE_DETECT_SIZE])
{
    for (size_t i = 0; i < MS_TAR_BLOCK_SIZE; i++) {
        if (start[i] != 0)
            return false;
    }
    return true;
}

ms_status ms_archive_format_of_file(ms_archive_format *format, int fd, ms_error *err)
{
    uint8_t start[MS_ARCHIVE_DETECT_SIZE];
    ms_unpacker *unpacker = NULL;
    size_t got = 0;
    ms_status status = read_start(start, format, fd, err);
    if (status != MS_OK || *format == MS_ARCHIVE_NONE || *format == MS_ARCHIVE_TAR
            || *format == MS_ARCHIVE_ZIP)
        return status;
    status = ms_unpacker_new(&unpacker, fd, *format, MS_ARCHIVE_RATIO_FREE_SIZE, NULL, err);
    if (status == MS_OK)
        status = ms_unpacker_read(unpacker, start, sizeof(start), &got, err);
    ms_unpacker_free(unpacker);
    if (status == MS_MALFORMED || status == MS_LIMIT)
        got = 0;
    else if (status != MS_OK)
        return status;
    if (got < sizeof(start) || !ms_tar_checksum_fits(start))
        *format = MS_ARCHIVE_NONE;
    return MS_OK;
}

static ms_status next_entry(extract_run *run, const ms_archive_entry **entry, ms_error *err)
{
    return run->zip != NULL ? ms_zip_reader_next(run->zip, entry, err)
                            : ms_tar_reader_next(run->tar, entry, err);
}

static ms_status read_content(extract_run *run, size_t *got, ms_error *err)
{
    return run->zip != NULL
                   ? ms_zip_reader_read(run->zip, run->copy, MS_ARCHIVE_COPY_SIZE, got, err)
                   : ms_tar_reader_read(run->tar, run->copy, MS_ARCHIVE_COPY_SIZE, got, err);
}

/* Whether more bytes may come out, told before they are written. */
static ms_status check_ceilings(const extract_run *run, uint64_t more, ms_error *err)
{
    uint64_t size;
    if (!ms_add_u64(&size, ms_extraction_counts_of(run->extraction)->bytes, more))
        size = UINT64_MAX;
    if (size > run->size_max)
        return ms_fail(err, MS_LIMIT, "archive_size",
                "the files in the archive have more than %" PRIu64 " bytes", run->size_max);
    if (size > run->output_max)
        return ms_fail(err, MS_LIMIT, "archive_ratio",
                "the archive unpacks to more than %" PRIu64 " bytes, too much for its own size",
                run->output_max);
    return MS_OK;
}

static void report_progress(extract_run *run)
{
    uint64_t consumed = run->zip != NULL ? ms_zip_reader_consumed(run->zip)
                                         : ms_unpacker_consumed(run->unpacker);
    if (run->task != NULL && consumed > run->reported)
        ms_task_progress_add(run->task, consumed - run->reported, 0);
    run->reported = MS_MAX(run->reported, consumed);
}

static ms_status extract_content(extract_run *run, ms_error *err)
{
    for (;;) {
        size_t got;
        ms_status status = ms_task_check(run->task, err);
        if (status == MS_OK)
            status = read_content(run, &got, err);
        if (status != MS_OK || got == 0)
            return status;
        status = check_ceilings(run, got, err);
        if (status == MS_OK)
            status = ms_extraction_write(run->extraction, run->copy, got, err);
        if (status != MS_OK)
            return status;
        report_progress(run);
    }
}

static ms_status extract_entry(extract_run *run, const ms_archive_entry *found, ms_error *err)
{
    ms_archive_entry entry = *found;
    if (ms_archive_entry_trim(&entry))
        return MS_OK;
    if (entry.is_folder)
        return ms_extraction_folder(run->extraction, entry.path, err);
    ms_status status = MS_OK;
    if (entry.size_known)
        status = check_ceilings(run, entry.size, err);
    if (status == MS_OK)
        status = ms_extraction_begin_file(run->extraction, entry.path, err);
    if (status == MS_OK)
        status = extract_content(run, err);
    if (status == MS_OK)
        status = ms_extraction_end_file(run->extraction, err);
    return status;
}

/* The entry's path as it is in the archive, for an error. */
static void name_entry(const ms_archive_entry *entry, ms_error *err)
{
    char path[MS_ERROR_PATH_SIZE];
    size_t size = MS_MIN(entry->path.size, sizeof(path) - 1);
    size = ms_bounded_cut((const char *)entry->path.data, size);
    if (size > 0)
        memcpy(path, entry->path.data, size);
    path[size] = '\0';
    ms_error_set_path(err, path);
}

static ms_status extract_entries(extract_run *run, ms_error *err)
{
    for (;;) {
        const ms_archive_entry *entry;
        ms_status status = ms_task_check(run->task, err);
        if (status == MS_OK)
            status = next_entry(run, &entry, err);
        if (status != MS_OK || entry == NULL)
            return status;
        status = extract_entry(run, entry, err);
        if (status != MS_OK) {
            name_entry(entry, err);
            return status;
        }
        report_progress(run);
    }
}

static ms_status open_run(extract_run *run, int fd, int to_dirfd, ms_archive_format format,
        uint64_t file_size, const ms_archive_extract_options *options, ms_error *err)
{
    uint64_t ratio = options->ratio_max != 0 ? options->ratio_max : MS_ARCHIVE_RATIO_MAX;
    uint64_t files_max = options->files_max != 0 ? options->files_max : MS_ARCHIVE_FILES_MAX;
    ms_status status;
    run->size_max = options->size_max != 0 ? options->size_max : UINT64_MAX;
    if (!ms_mul_u64(&run->output_max, file_size, ratio))
        run->output_max = UINT64_MAX;
    run->output_max = MS_MAX(run->output_max, MS_ARCHIVE_RATIO_FREE_SIZE);
    run->copy = ms_alloc(MS_ARCHIVE_COPY_SIZE);
    if (run->copy == NULL)
        return ms_fail_memory(err, MS_ARCHIVE_COPY_SIZE);
    status = ms_extraction_new(&run->extraction, to_dirfd, files_max, options->sync, err);
    if (status != MS_OK)
        return status;
    if (format == MS_ARCHIVE_ZIP) {
        /* As many files, as many folders, and the folder that holds them. */
        uint64_t entries_max = files_max < UINT64_MAX / 2 ? 2 * files_max + 1 : UINT64_MAX;
        return ms_zip_reader_new(&run->zip, fd, file_size, entries_max, run->task, err);
    }
    status = ms_unpacker_new(&run->unpacker, fd, format, run->output_max, run->task, err);
    if (status == MS_OK)
        status = ms_tar_reader_new(&run->tar, run->unpacker, err);
    return status;
}

static void close_run(extract_run *run)
{
    ms_tar_reader_free(run->tar);
    ms_unpacker_free(run->unpacker);
    ms_zip_reader_free(run->zip);
    ms_extraction_free(run->extraction);
    ms_free(run->copy);
}

static ms_status extract_format(int fd, int to_dirfd, const ms_archive_extract_options *options,
        ms_task *task, ms_archive_summary *summary, ms_error *err)
{
    ms_file_status file;
    extract_run run = {.task = task};
    ms_status status = ms_file_status_of(fd, &file, err);
    if (status != MS_OK)
        return status;
    if (task != NULL)
        ms_task_progress_begin(task, "extract", file.size);
    status = open_run(&run, fd, to_dirfd, summary->format, file.size, options, err);
    if (status == MS_OK)
        status = extract_entries(&run, err);
    if (status == MS_OK)
        status = ms_extraction_finish(run.extraction, task, err);
    if (run.extraction != NULL) {
        const ms_extraction_counts *counts = ms_extraction_counts_of(run.extraction);
        summary->files = counts->files;
        summary->folders = counts->folders;
        summary->bytes = counts->bytes;
    }
    if (task != NULL)
        ms_task_progress_end(task);
    close_run(&run);
    return status;
}

ms_status ms_archive_extract(int fd, int to_dirfd, const ms_archive_extract_options *options,
        ms_task *task, ms_archive_summary *summary, ms_error *err)
{
    static const ms_archive_extract_options defaults = {0};
    uint8_t start[MS_ARCHIVE_DETECT_SIZE];
    *summary = (ms_archive_summary){0};
    ms_status status = read_start(start, &summary->format, fd, err);
    if (status != MS_OK)
        return status;
    if (summary->format == MS_ARCHIVE_NONE && is_end_of_tar(start))
        summary->format = MS_ARCHIVE_TAR;
    if (summary->format == MS_ARCHIVE_NONE)
        return ms_fail(err, MS_MALFORMED, "archive_format",
                "the file is no tar, compressed tar or zip archive");
    return extract_format(
            fd, to_dirfd, options != NULL ? options : &defaults, task, summary, err);
}
