/* Signals. The handler runs in the main thread only: threads of the library block all signals. */
#include "interrupt.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdatomic.h>
#include <unistd.h>

/* For a tidy end. Then the process ends whatever it waits for, a reader that does not read or a
 * machine that is busy: whoever interrupts is answered within two seconds, and what lies about is
 * what a kill leaves, from which the next run goes on. */
#define GRACE_S 1

static volatile sig_atomic_t signals;
static volatile sig_atomic_t restores;
static int terminal_fd;
static struct termios terminal_settings;
static int wake[2] = {-1, -1};
static _Atomic(ms_operation *) watched;

static void end_now(void)
{
    if (restores)
        (void)tcsetattr(terminal_fd, TCSANOW, &terminal_settings);
    _exit(ms_status_exit_code(MS_INTERRUPTED));
}

static void on_alarm(int number)
{
    (void)number;
    end_now();
}

static void on_signal(int number)
{
    int os_errno = errno;
    ms_operation *operation = atomic_load(&watched);
    ssize_t written;

    (void)number;
    if (signals > 0)
        end_now();
    signals = 1;
    written = write(wake[1], "", 1); /* allowed: no platform up here */
    (void)written; /* the pipe is empty before the first signal: one byte always fits */
    if (operation != NULL)
        ms_operation_cancel(operation);
    (void)alarm(GRACE_S);
    errno = os_errno;
}

static void take(int number)
{
    struct sigaction old;
    struct sigaction action = {.sa_handler = on_signal}; /* no SA_RESTART: reads end */

    if (sigaction(number, NULL, &old) == 0 && old.sa_handler == SIG_IGN)
        return; /* nohup, or a job in the background */
    (void)sigemptyset(&action.sa_mask);
    (void)sigaction(number, &action, NULL);
}

void cli_interrupt_init(void)
{
    struct sigaction ignore = {.sa_handler = SIG_IGN};
    struct sigaction on_time = {.sa_handler = on_alarm};

    (void)sigaction(SIGPIPE, &ignore, NULL);
    (void)sigaction(SIGXFSZ, &ignore, NULL); /* a file that may not grow is a failed write */
    (void)sigaction(SIGALRM, &on_time, NULL);
    if (pipe(wake) == 0) {
        for (int i = 0; i < 2; i++)
            (void)fcntl(wake[i], F_SETFD, FD_CLOEXEC);
    }
    take(SIGINT);
    take(SIGTERM);
    take(SIGHUP);
}

bool cli_interrupted(void)
{
    return signals > 0;
}

int cli_interrupt_descriptor(void)
{
    return wake[0];
}

void cli_interrupt_watch(ms_operation *operation)
{
    atomic_store(&watched, operation);
    if (operation != NULL && signals > 0)
        ms_operation_cancel(operation);
}

void cli_interrupt_restores(int fd, const struct termios *settings)
{
    restores = 0;
    if (settings == NULL)
        return;
    terminal_fd = fd;
    terminal_settings = *settings;
    restores = 1;
}
