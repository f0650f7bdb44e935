/* Where results go: a descriptor with a buffer that remembers the first failed write, and a file
 * that appears whole or not at all. */
#ifndef CLI_STREAM_H
#define CLI_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "model_storage/status.h"

#define CLI_STREAM_SIZE ((size_t)64 * 1024)

typedef struct cli_stream {
    int fd;
    int os_errno;  /* of the first failed write, 0 = none; nothing is written after it */
    bool is_eager; /* on a terminal: shown at once */
    size_t size;   /* bytes waiting in data */
    char data[CLI_STREAM_SIZE];
} cli_stream;

void cli_stream_init(cli_stream *stream, int fd);
/** false once a write failed. */
bool cli_stream_write(cli_stream *stream, const void *data, size_t size);
bool cli_stream_flush(cli_stream *stream);

/** Write all of data to fd, waiting where fd would block; an errno or 0. */
int cli_write_all(int fd, const void *data, size_t size);

/** The file of --output: written beside its name and renamed at the end, so that a reader sees the
 * old one or the new one. What is no regular file (a pipe, /dev/null) is written as it comes. */
typedef struct cli_result_file {
    const char *path; /* NULL: there is none */
    char *temporary;  /* NULL: written in place */
    cli_stream stream;
} cli_result_file;

/** Makes the temporary file, so that a place that cannot be written is known before the work. */
MS_MUST_CHECK ms_status cli_result_file_open(
        cli_result_file *file, const char *path, ms_error *err);
/** Bring it to its name. The file is closed whatever the outcome; one without a path is ignored. */
MS_MUST_CHECK ms_status cli_result_file_commit(cli_result_file *file, ms_error *err);

#endif
