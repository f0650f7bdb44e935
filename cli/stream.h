/* Where results go: a descriptor with a buffer that remembers the first failed write. */
#ifndef CLI_STREAM_H
#define CLI_STREAM_H

#include <stdbool.h>
#include <stddef.h>

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

#endif
