/* The file of --output. */
#include "result_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"
#include "interrupt.h"
#include "place.h"

/* The end that store leaves out: a run that was killed may leave one behind. */
#define TEMPORARY_NAME ".result-XXXXXX.model-storage-partial"
#define TEMPORARY_SUFFIX_SIZE ((int)sizeof(".model-storage-partial") - 1)

static void forget(cli_result_file *file)
{
    free(file->temporary);
    free(file->place);
    file->path = NULL;
    file->place = NULL;
    file->temporary = NULL;
}

static ms_status fail(cli_result_file *file, int os_errno, ms_error *err)
{
    (void)cli_fail_errno(err, os_errno, "output_file", "Cannot write the result to %s", file->path);
    cli_set_path(err, file->path);
    forget(file);
    return MS_IO;
}

/* place up to its last slash, in memory of its own. */
static char *folder_of(const char *place)
{
    const size_t size = (size_t)(strrchr(place, '/') - place);

    return strndup(place, size > 0 ? size : 1);
}

/* An errno, 0 when a file can be made beside place. */
static int check_folder(const char *place)
{
    char *folder = folder_of(place);
    struct stat about;
    int os_errno;

    if (folder == NULL)
        return ENOMEM;
    os_errno = stat(folder, &about) != 0 ? errno : 0;
    if (os_errno == 0 && !S_ISDIR(about.st_mode))
        os_errno = ENOTDIR;
    if (os_errno == 0 && faccessat(AT_FDCWD, folder, W_OK | X_OK, AT_EACCESS) != 0)
        os_errno = errno;
    free(folder);
    return os_errno;
}

ms_status cli_result_file_find(cli_result_file *file, const char *path, ms_error *err)
{
    const size_t size = strlen(path);
    struct stat about;
    bool is_there;
    int os_errno;

    file->path = path;
    file->stream.fd = -1;
    is_there = stat(path, &about) == 0;
    os_errno = is_there ? 0 : errno;
    if (!is_there && (os_errno != ENOENT || lstat(path, &about) == 0))
        return fail(file, os_errno, err); /* also a link that leads nowhere */
    if (is_there && S_ISBLK(about.st_mode))
        return fail(file, EINVAL, err); /* a disk is no place for a result */
    if (is_there ? S_ISDIR(about.st_mode) : size > 0 && path[size - 1] == '/')
        return fail(file, EISDIR, err);
    if (is_there && !S_ISREG(about.st_mode))
        return MS_OK;
    file->place = cli_place_resolve(path);
    if (file->place == NULL)
        return fail(file, errno, err);
    os_errno = check_folder(file->place);
    return os_errno == 0 ? MS_OK : fail(file, os_errno, err);
}

ms_status cli_result_file_open(cli_result_file *file, ms_error *err)
{
    int fd;

    if (file->place != NULL)
        return MS_OK;
    do {
        fd = open(file->path, O_WRONLY | O_CLOEXEC | O_NOCTTY); /* allowed: no platform up here */
    } while (fd < 0 && errno == EINTR && !cli_interrupted());
    if (fd < 0 && errno == EINTR) {
        (void)cli_fail(
                err, MS_INTERRUPTED, "interrupted", "Nobody reads the result from %s", file->path);
        forget(file);
        return MS_INTERRUPTED;
    }
    if (fd < 0)
        return fail(file, errno, err);
    cli_stream_init(&file->stream, fd);
    return MS_OK;
}

/* The mode that a newly made file of this process has. */
static mode_t new_file_mode(void)
{
    mode_t mask = umask(0);

    (void)umask(mask);
    return 0666 & ~mask;
}

/* The stream leads to it, or has the errno. */
static void make_temporary(cli_result_file *file)
{
    cli_text name = {0};
    int fd;

    cli_text_printf(&name, "%.*s" TEMPORARY_NAME,
            (int)(strrchr(file->place, '/') - file->place) + 1, file->place);
    fd = name.data != NULL ? mkstemps(name.data, TEMPORARY_SUFFIX_SIZE) : -1;
    if (fd < 0) {
        file->stream.os_errno = name.data != NULL ? errno : ENOMEM;
        cli_text_release(&name);
        return;
    }
    (void)fcntl(fd, F_SETFD, FD_CLOEXEC);
    (void)fchmod(fd, new_file_mode()); /* else only its owner reads it: still right */
    file->temporary = name.data;
    cli_stream_init(&file->stream, fd);
}

bool cli_result_file_write(cli_result_file *file, const void *data, size_t size)
{
    if (file->stream.fd < 0 && file->stream.os_errno == 0)
        make_temporary(file);
    return cli_stream_write(&file->stream, data, size);
}

/* Sync, close and rename; the first failure, which may have been before, is returned and leaves
 * nothing behind. */
static int end_file(const cli_result_file *file, int os_errno)
{
    int fd = file->stream.fd;
    const char *from = file->temporary; /* NULL: written in place */

    if (fd < 0)
        return os_errno;
    if (os_errno == 0 && from != NULL && fsync(fd) != 0) /* allowed: no platform up here */
        os_errno = errno;
    if (close(fd) != 0 && os_errno == 0) /* allowed: no platform up here */
        os_errno = errno;
    if (os_errno == 0 && from != NULL &&
            rename(from, file->place) != 0) /* allowed: no platform up here */
        os_errno = errno;
    if (os_errno != 0 && from != NULL)
        (void)unlink(from); /* allowed: no platform up here; the first failure is told */
    return os_errno;
}

ms_status cli_result_file_commit(cli_result_file *file, ms_error *err)
{
    int os_errno;

    if (file->path == NULL)
        return MS_OK;
    (void)cli_stream_flush(&file->stream);
    os_errno = end_file(file, file->stream.os_errno);
    if (os_errno != 0)
        return fail(file, os_errno, err);
    forget(file);
    return MS_OK;
}

void cli_result_file_discard(cli_result_file *file)
{
    if (file->path == NULL)
        return;
    (void)end_file(file, ECANCELED);
    forget(file);
}
