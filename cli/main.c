/* The start and end of the process: descriptors, signals, one command, one exit code. */
#include <fcntl.h>
#include <unistd.h>

#include "failure.h"
#include "help.h"
#include "interrupt.h"
#include "session.h"

/* Nothing of ours may ever be opened as 0, 1 or 2, or text for people would be written into it. */
static bool open_standard_descriptors(void)
{
    int fd;

    do {
        fd = open("/dev/null", O_RDWR); /* allowed: no platform up here */
    } while (fd >= 0 && fd <= STDERR_FILENO);
    if (fd < 0)
        return false;
    (void)close(fd); /* allowed: no platform up here */
    return true;
}

/* With --json, help and version are members of the one object too. */
static void print_text(cli_session *session, const char *key, const char *text)
{
    if (session->json_to_stdout) {
        cli_text_printf(&session->line, "{\"%s\":", key);
        cli_text_json(&session->line, text);
        cli_text_add(&session->line, ",\"warnings\":[],\"success\":true}");
    } else {
        cli_text_add(&session->line, text);
    }
    (void)cli_session_print(session);
}

static ms_status print_help(cli_session *session, const cli_command *command)
{
    cli_text text = {0};

    cli_help(&text, command);
    if (text.size > 0)
        text.data[--text.size] = '\0'; /* printing ends the last line */
    print_text(session, "help", cli_text_get(&text));
    cli_text_release(&text);
    return MS_OK;
}

static ms_status run(cli_session *session, const cli_input *input)
{
    if (input->globals.help)
        return print_help(session, input->command);
    if (input->globals.version) {
        cli_text text = {0};

        if (!session->json_to_stdout)
            cli_text_add(&text, "model-storage ");
        cli_text_add(&text, ms_version());
        print_text(session, "version", cli_text_get(&text));
        cli_text_release(&text);
        return MS_OK;
    }
    return input->command->run(session, input);
}

int main(int argc, char **argv)
{
    static cli_session session; /* too large for the stack */
    ms_error error = MS_ERROR_INIT;
    cli_input input;
    ms_status status;

    /* First of all: which descriptors whoever started us left open is seen before ours are. */
    status = cli_input_read(&input, argc, argv, &error);
    cli_session_init(&session, &input);
    if (!open_standard_descriptors())
        return ms_status_exit_code(MS_IO);
    cli_interrupt_init();
    if (status == MS_OK)
        status = run(&session, &input);
    else
        session.error = error;
    status = cli_session_end(&session, status);
    cli_input_release(&input);
    return ms_status_exit_code(status);
}
