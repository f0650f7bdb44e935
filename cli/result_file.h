/* The file of --output: it appears whole at the end, or not at all. */
#ifndef CLI_RESULT_FILE_H
#define CLI_RESULT_FILE_H

#include "model_storage/status.h"
#include "stream.h"

/** Written beside its place and renamed at the end, so that a reader sees the old one or the new
 * one. What is no regular file (a pipe, /dev/null) is written as it comes. Zeroed is none. */
typedef struct cli_result_file {
    const char *path; /* as it was given; NULL: there is none */
    char *place;      /* where it gets its name, links followed; NULL: written in place */
    char *temporary;  /* NULL until something was written */
    cli_stream stream;
} cli_result_file;

/** Look where path leads: nothing is opened or made yet. MS_IO for a place that cannot be written,
 * so that this is known before the work; file is then none, as it is when a later function fails.
 */
MS_MUST_CHECK ms_status cli_result_file_find(
        cli_result_file *file, const char *path, ms_error *err);
/** After it was found. What is no regular file is opened: a pipe waits for its reader, or for a
 *  signal (MS_INTERRUPTED). */
MS_MUST_CHECK ms_status cli_result_file_open(cli_result_file *file, ms_error *err);
/** The temporary file is made for the first bytes. false once something failed. */
bool cli_result_file_write(cli_result_file *file, const void *data, size_t size);
/** Bring it to its name; where nothing was written, nothing happens. It is none whatever the
 * outcome.
 */
MS_MUST_CHECK ms_status cli_result_file_commit(cli_result_file *file, ms_error *err);
/** Leave nothing behind; what stood there stays. */
void cli_result_file_discard(cli_result_file *file);

#endif
