/* The program: read the command line, run one command, tell how it went. */
#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "help.h"
#include "session.h"

/* A program started with descriptors 0, 1 or 2 closed would get them for its own files, and print into them. */
static bool have_standard_descriptors(void)
{
    for (int fd = 0; fd <= 2; fd++) {
        if (fcntl(fd, F_GETFD) == -1 && open("/dev/null", fd == 0 ? O_RDONLY : O_WRONLY) != fd) /* allowed: see above */
            return false;
    }
    return true;
}

static int print_and_end(cli_session *session, cli_text *text)
{
    ms_status status = cli_session_print(session, text);

    cli_text_release(text);
    return cli_session_end(session, status);
}

static int run(cli_session *session, cli_input *input)
{
    cli_text text = {0};
    ms_status status;

    if (input->globals.version) {
        cli_text_printf(&text, "model-storage %s\n", ms_version());
        return print_and_end(session, &text);
    }
    if (input->globals.help) {
        cli_help(&text, input->command);
        return print_and_end(session, &text);
    }
    cli_signals_install();
    status = cli_session_open(session);
    if (status == MS_OK)
        status = input->command->run(session, input);
    return cli_session_end(session, status);
}

int main(int argc, char **argv)
{
    cli_input input;
    cli_session session = {.input = &input, .error = MS_ERROR_INIT};
    int code;

    if (!have_standard_descriptors())
        return ms_status_exit_code(MS_IO);
    ms_status status = cli_input_read(&input, argc, argv, &session.error);
    code = status == MS_OK ? run(&session, &input) : cli_session_end(&session, status);
    cli_input_release(&input);
    return code;
}
