/* Where passwords come from. */
#include "password.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "failure.h"
#include "terminal.h"

void cli_password_wipe(char *password, size_t size)
{
    explicit_bzero(password, size);
}

bool cli_password_is_named(const cli_password_source *source)
{
    return source->file != NULL || source->fd.is_set;
}

static ms_status fail_file(const char *path, const char *what, ms_error *err)
{
    (void)cli_fail(err, MS_KEY, "password_file", "The password file %s %s", path, what);
    cli_set_path(err, path);
    return MS_KEY;
}

/* Opened without waiting, so that a pipe in its place is refused and not waited for. */
static ms_status open_file(int *fd, const char *path, ms_error *err)
{
    struct stat about;
    const int flags = O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;

    *fd = open(path, flags); /* allowed: no platform up here */
    if (*fd < 0)
        return fail_file(path, strerror(errno), err);
    if (fstat(*fd, &about) != 0 || !S_ISREG(about.st_mode))
        return fail_file(path, "is no regular file", err);
    if (about.st_uid != geteuid() && about.st_uid != 0)
        return fail_file(path, "belongs to someone else", err);
    if ((about.st_mode & 077) != 0) {
        (void)fail_file(path, "can be read by others", err);
        cli_set_hint(err, "chmod 600 %s", path);
        return MS_KEY;
    }
    return MS_OK;
}

/* Up to the end of input. */
static ms_status read_all(int fd, char *password, size_t size_max, size_t *size, ms_error *err)
{
    char more;

    for (;;) {
        bool is_full = *size == size_max;
        char *place = is_full ? &more : password + *size;
        size_t room = is_full ? 1 : size_max - *size;
        ssize_t got = read(fd, place, room); /* allowed: no platform up here */

        if (got < 0 && errno == EINTR)
            continue;
        if (got < 0)
            return cli_fail_errno(err, errno, "password_read", "Cannot read the password");
        if (got == 0)
            return MS_OK;
        /* A newline that ends a password of full size is not part of it. */
        if (is_full && more != '\n')
            return cli_fail(err, MS_USAGE, "password_size", "The password is longer than %zu bytes",
                    size_max);
        *size += is_full ? 0 : (size_t)got;
    }
}

static ms_status fail_empty(const cli_password_source *source, ms_error *err)
{
    if (source->file != NULL)
        (void)cli_fail(
                err, MS_KEY, "password_empty", "The password file %s is empty", source->file);
    else
        (void)cli_fail(err, MS_KEY, "password_empty", "No password came from descriptor %d",
                source->fd.number);
    if (source->file != NULL)
        cli_set_path(err, source->file);
    cli_set_hint(err, "--no-password says that a key is to have none");
    return MS_KEY;
}

ms_status cli_password_read(const cli_password_source *source, bool is_new, char *password,
        size_t size_max, size_t *size, ms_error *err)
{
    int fd = -1;
    ms_status status = MS_OK;

    *size = 0;
    if (source->file != NULL)
        status = open_file(&fd, source->file, err);
    else if (!source->fd.was_open)
        status = cli_fail_errno(err, EBADF, "password_read", "Cannot read the password");
    else
        fd = source->fd.number;
    if (status == MS_OK)
        status = read_all(fd, password, size_max, size, err);
    if (source->file != NULL && fd >= 0)
        (void)close(fd); /* allowed: no platform up here */
    if (*size > 0 && password[*size - 1] == '\n')
        (*size)--;
    if (*size > 0 && password[*size - 1] == '\r')
        (*size)--;
    if (status == MS_OK && is_new && *size == 0)
        status = fail_empty(source, err);
    return status;
}

ms_status cli_password_ask(const char *purpose, bool is_new, char *password, size_t size_max,
        size_t *size, ms_error *err)
{
    char again[MS_PASSWORD_SIZE_MAX];
    size_t again_size = 0;
    cli_text prompt = {0};
    ms_status status;

    cli_text_add(&prompt, is_new ? "New password for " : "Password for ");
    cli_text_escaped(&prompt, purpose);
    cli_text_add(&prompt, is_new ? " (empty: none)" : "");
    status = cli_terminal_password(cli_text_get(&prompt), password, size_max, size, err);
    if (status == MS_OK && is_new && *size > 0) {
        status = cli_terminal_password("Once more", again, sizeof(again), &again_size, err);
        if (status == MS_OK && (again_size != *size || memcmp(again, password, *size) != 0))
            status = cli_fail(err, MS_KEY, "password_differs", "The two passwords differ");
    }
    cli_password_wipe(again, sizeof(again));
    cli_text_release(&prompt);
    return status;
}
