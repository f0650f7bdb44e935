/* Where results go: buffered descriptors. */
#include "stream.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

void cli_stream_init(cli_stream *stream, int fd)
{
    stream->fd = fd;
    stream->os_errno = 0;
    stream->is_eager = isatty(fd) == 1;
    stream->size = 0;
}

int cli_write_all(int fd, const void *data, size_t size)
{
    const char *bytes = data;

    while (size > 0) {
        ssize_t written = write(fd, bytes, size); /* allowed: no platform up here */

        if (written >= 0) {
            bytes += written;
            size -= (size_t)written;
        } else if (errno == EAGAIN) {
            struct pollfd ready = {.fd = fd, .events = POLLOUT};

            (void)poll(&ready, 1, -1); /* what is wrong with fd the next write says */
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

bool cli_stream_flush(cli_stream *stream)
{
    if (stream->os_errno == 0 && stream->size > 0)
        stream->os_errno = cli_write_all(stream->fd, stream->data, stream->size);
    stream->size = 0;
    return stream->os_errno == 0;
}

bool cli_stream_write(cli_stream *stream, const void *data, size_t size)
{
    const char *bytes = data;

    while (size > 0 && stream->os_errno == 0) {
        size_t room = CLI_STREAM_SIZE - stream->size;
        size_t part = size < room ? size : room;

        memcpy(stream->data + stream->size, bytes, part);
        stream->size += part;
        bytes += part;
        size -= part;
        if (stream->size == CLI_STREAM_SIZE)
            (void)cli_stream_flush(stream);
    }
    if (stream->is_eager)
        (void)cli_stream_flush(stream);
    return stream->os_errno == 0;
}
