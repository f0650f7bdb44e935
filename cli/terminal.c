/* Questions to a person, on the terminal of the process. */
#include "terminal.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "failure.h"
#include "interrupt.h"
#include "stream.h"

bool cli_terminal_is_there(void)
{
    return isatty(STDIN_FILENO) == 1 && isatty(STDERR_FILENO) == 1;
}

static int open_terminal(void)
{
    return open("/dev/tty", O_RDWR | O_CLOEXEC | O_NOCTTY); /* allowed: no platform up here */
}

/* A line without its newline; what does not fit is cut off and *fits false. false when interrupted
 * or at the end of input. */
static bool read_line(int fd, char *line, size_t size_max, size_t *size, bool *fits)
{
    *size = 0;
    *fits = true;
    for (;;) {
        struct pollfd ready[] = {
                {.fd = fd, .events = POLLIN},
                {.fd = cli_interrupt_descriptor(), .events = POLLIN},
        };
        char byte;
        ssize_t got;

        if (poll(ready, 2, -1) < 0 && errno != EINTR)
            return false;
        if (cli_interrupted())
            return false;
        got = read(fd, &byte, 1); /* allowed: no platform up here */
        if (got < 0 && errno == EINTR)
            continue;
        if (got <= 0)
            return false;
        if (byte == '\n')
            return true;
        if (*size < size_max)
            line[(*size)++] = byte;
        else
            *fits = false;
    }
}

bool cli_terminal_confirm(const char *question)
{
    int fd = open_terminal();
    char answer[8];
    size_t size = 0;
    bool fits = false;
    bool has_line;

    if (fd < 0)
        return false;
    (void)cli_write_all(fd, question, strlen(question));
    (void)cli_write_all(fd, " [y/N] ", 7);
    has_line = read_line(fd, answer, sizeof(answer), &size, &fits);
    (void)close(fd); /* allowed: no platform up here */
    return has_line && fits &&
           ((size == 1 && (answer[0] == 'y' || answer[0] == 'Y')) ||
                   (size == 3 && (memcmp(answer, "yes", 3) == 0 || memcmp(answer, "Yes", 3) == 0)));
}

ms_status cli_terminal_password(
        const char *prompt, char *password, size_t size_max, size_t *size, ms_error *err)
{
    int fd = open_terminal();
    struct termios shown;
    struct termios hidden;
    bool fits = false;
    bool has_line;

    *size = 0;
    if (fd < 0 || tcgetattr(fd, &shown) != 0) {
        if (fd >= 0)
            (void)close(fd); /* allowed: no platform up here */
        (void)cli_fail(
                err, MS_KEY, "password_needed", "%s is needed, and there is no terminal", prompt);
        cli_set_hint(err, "Give it with --password-file FILE (mode 0600) or --password-fd N");
        return MS_KEY;
    }
    hidden = shown;
    hidden.c_lflag &= ~(tcflag_t)ECHO;
    cli_interrupt_restores(fd, &shown);
    (void)tcsetattr(fd, TCSAFLUSH, &hidden);
    (void)cli_write_all(fd, prompt, strlen(prompt));
    (void)cli_write_all(fd, ": ", 2);
    has_line = read_line(fd, password, size_max, size, &fits);
    (void)tcsetattr(fd, TCSAFLUSH, &shown);
    cli_interrupt_restores(fd, NULL);
    (void)cli_write_all(fd, "\n", 1);
    (void)close(fd); /* allowed: no platform up here */
    if (!has_line)
        return cli_fail(err, MS_INTERRUPTED, "interrupted", "No password was given");
    if (!fits)
        return cli_fail(
                err, MS_USAGE, "password_size", "The password is longer than %zu bytes", size_max);
    return MS_OK;
}
