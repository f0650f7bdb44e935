#include "password.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <termios.h>
#include <unistd.h>

#include "session.h"

/* One line, or everything up to the end; the newline is no part of it. */
static ms_status read_password(FILE *stream, char *password, size_t size_max, size_t *size)
{
    size_t got = 0;
    int character;

    while ((character = getc(stream)) != EOF && character != '\n') {
        if (got == size_max)
            return MS_LIMIT;
        password[got++] = (char)character;
    }
    if (ferror(stream) != 0)
        return MS_IO;
    if (got > 0 && password[got - 1] == '\r')
        got--;
    *size = got;
    return MS_OK;
}

static ms_status tell(cli_session *session, const char *text)
{
    cli_progress_end(&session->progress);
    (void)fprintf(stderr, "model-storage: %s\n", text);
    return MS_KEY;
}

static ms_status from_file(cli_session *session, const char *name, char *password, size_t size_max, size_t *size)
{
    struct stat found;
    FILE *stream = fopen(name, "r"); /* allowed: a file of the user's, named on the command line */
    ms_status status;

    if (stream == NULL)
        return tell(session, strerror(errno));
    (void)setvbuf(stream, NULL, _IONBF, 0); /* no copy of it stays in a buffer */
    if (fstat(fileno(stream), &found) != 0 || !S_ISREG(found.st_mode) || (found.st_mode & 077) != 0)
        status = tell(session, "the password file must be a regular file that only you can read (chmod 600)");
    else
        status = read_password(stream, password, size_max, size);
    (void)fclose(stream);
    return status;
}

static ms_status from_descriptor(cli_session *session, int fd, char *password, size_t size_max, size_t *size)
{
    FILE *stream = fdopen(fd, "r");
    ms_status status;

    if (stream == NULL)
        return tell(session, "the descriptor of --password-fd is not open for reading");
    (void)setvbuf(stream, NULL, _IONBF, 0);
    status = read_password(stream, password, size_max, size);
    (void)fclose(stream);
    return status;
}

static ms_status ask_terminal(FILE *terminal, const char *purpose, const char *again, char *password, size_t size_max, size_t *size)
{
    struct termios shown;
    struct termios hidden;
    ms_status status;

    if (tcgetattr(fileno(terminal), &shown) != 0)
        return MS_KEY;
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    (void)fprintf(stderr, "%s for %s: ", again, purpose);
    if (tcsetattr(fileno(terminal), TCSAFLUSH, &hidden) != 0)
        return MS_KEY;
    status = read_password(terminal, password, size_max, size);
    (void)tcsetattr(fileno(terminal), TCSAFLUSH, &shown);
    (void)fputc('\n', stderr);
    return status;
}

static ms_status from_terminal(const char *purpose, bool is_new, char *password, size_t size_max, size_t *size)
{
    char repeated[MS_PASSWORD_SIZE_MAX];
    size_t repeated_size = 0;
    FILE *terminal = fopen("/dev/tty", "r"); /* allowed: the terminal */
    ms_status status;

    if (terminal == NULL)
        return MS_KEY;
    (void)setvbuf(terminal, NULL, _IONBF, 0);
    status = ask_terminal(terminal, purpose, is_new ? "New password" : "Password", password, size_max, size);
    if (status == MS_OK && is_new) {
        status = ask_terminal(terminal, purpose, "The same again", repeated, sizeof(repeated), &repeated_size);
        if (status == MS_OK && (repeated_size != *size || memcmp(repeated, password, *size) != 0))
            status = MS_KEY;
        explicit_bzero(repeated, sizeof(repeated));
    }
    (void)fclose(terminal);
    return status;
}

ms_status cli_ask_password(void *payload, const char *purpose, bool is_new, char *password, size_t password_size_max, size_t *password_size)
{
    cli_session *session = payload;
    const cli_globals *globals = &session->input->globals;

    if (session->current_password_only && !is_new) {
        if (session->current_password_file != NULL)
            return from_file(session, session->current_password_file, password, password_size_max, password_size);
    } else if (globals->password_file != NULL) {
        return from_file(session, globals->password_file, password, password_size_max, password_size);
    } else if (globals->password_fd.is_set) {
        return from_descriptor(session, (int)globals->password_fd.value, password, password_size_max, password_size);
    }
    cli_progress_end(&session->progress);
    return from_terminal(purpose, is_new, password, password_size_max, password_size);
}
