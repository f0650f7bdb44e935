/* Where results go: buffered descriptors, and the file of --output. */
#include "stream.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"

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

static bool is_special(const char *path)
{
    struct stat about;

    return stat(path, &about) == 0 && !S_ISREG(about.st_mode);
}

/* The mode that a newly made file of this process has. */
static mode_t new_file_mode(void)
{
    mode_t mask = umask(0);

    (void)umask(mask);
    return 0666 & ~mask;
}

static int make_temporary(cli_result_file *file)
{
    const char *slash = strrchr(file->path, '/');
    int folder_size = slash != NULL ? (int)(slash - file->path) + 1 : 0;
    cli_text name = {0};
    int fd;

    cli_text_printf(&name, "%.*s.%s.XXXXXX", folder_size, file->path, file->path + folder_size);
    file->temporary = name.data;
    if (file->temporary == NULL) {
        errno = ENOMEM;
        return -1;
    }
    fd = mkstemp(file->temporary);
    if (fd < 0) {
        int os_errno = errno;

        free(file->temporary);
        file->temporary = NULL;
        errno = os_errno;
        return -1;
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)fchmod(fd, new_file_mode()); /* else only its owner reads it: still right */
    return fd;
}

ms_status cli_result_file_open(cli_result_file *file, const char *path, ms_error *err)
{
    int fd;

    file->path = path;
    file->temporary = NULL;
    if (is_special(path))
        fd = open(path, O_WRONLY | O_CLOEXEC | O_NOCTTY); /* allowed: no platform up here */
    else
        fd = make_temporary(file);
    if (fd < 0) {
        (void)cli_fail_errno(err, errno, "output_file", "Cannot write the result to %s", path);
        cli_set_path(err, path);
        file->path = NULL;
        return MS_IO;
    }
    cli_stream_init(&file->stream, fd);
    return MS_OK;
}

/* Sync, close and rename; the first failure, which may have been before, is returned and leaves
 * nothing behind. */
static int end_file(const cli_result_file *file, int os_errno)
{
    int fd = file->stream.fd;
    const char *from = file->temporary; /* NULL: written in place */

    if (os_errno == 0 && from != NULL && fsync(fd) != 0) /* allowed: no platform up here */
        os_errno = errno;
    if (close(fd) != 0 && os_errno == 0) /* allowed: no platform up here */
        os_errno = errno;
    if (os_errno == 0 && from != NULL &&
            rename(from, file->path) != 0) /* allowed: no platform up here */
        os_errno = errno;
    if (os_errno != 0 && from != NULL)
        (void)unlink(from); /* allowed: no platform up here; the first failure is told */
    return os_errno;
}

ms_status cli_result_file_commit(cli_result_file *file, ms_error *err)
{
    int os_errno = 0;

    if (file->path == NULL)
        return MS_OK;
    if (!cli_stream_flush(&file->stream))
        os_errno = file->stream.os_errno;
    os_errno = end_file(file, os_errno);
    if (os_errno != 0) {
        (void)cli_fail_errno(
                err, os_errno, "output_file", "Cannot write the result to %s", file->path);
        cli_set_path(err, file->path);
    }
    free(file->temporary);
    file->path = NULL;
    return os_errno == 0 ? MS_OK : MS_IO;
}
