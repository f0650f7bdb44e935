#include "session.h"

#include <errno.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "password.h"

#define RESULT_SUFFIX ".model-storage-new"
#define EXIT_INTERRUPTED 130

/* The operation that signals cancel. */
static _Atomic(ms_operation *) current;
static atomic_int signals_seen;

static void on_signal(int number)
{
    (void)number;
    if (atomic_fetch_add(&signals_seen, 1) > 0)
        _exit(EXIT_INTERRUPTED);
    ms_operation *operation = atomic_load(&current);
    if (operation != NULL)
        ms_operation_cancel(operation);
}

void cli_signals_install(void)
{
    struct sigaction action = {.sa_handler = on_signal};
    struct sigaction ignore = {.sa_handler = SIG_IGN};

    sigemptyset(&action.sa_mask);
    sigemptyset(&ignore.sa_mask);
    (void)sigaction(SIGINT, &action, NULL);
    (void)sigaction(SIGTERM, &action, NULL);
    (void)sigaction(SIGHUP, &action, NULL);
    (void)sigaction(SIGPIPE, &ignore, NULL); /* a closed pipe is an error of the write */
}

static void log_line(void *payload, ms_log_level level, const char *line)
{
    cli_text text = {0};

    (void)level;
    cli_text_escaped(&text, line);
    cli_progress_line(payload, "debug", cli_text_get(&text));
    cli_text_release(&text);
}

static bool is_verbose(const cli_globals *globals)
{
    const char *debug = getenv("DEBUG");
    return globals->verbose || (debug != NULL && strcmp(debug, "1") == 0);
}

static ms_status read_settings(const cli_texts *texts, ms_setting *settings, char **copies, ms_error *err)
{
    for (size_t i = 0; i < texts->count; i++) {
        const char *equals = strchr(texts->items[i], '=');

        if (equals == NULL || equals == texts->items[i])
            return cli_fail(err, MS_USAGE, "setting_form", "--set takes KEY=VALUE, not \"%s\"", texts->items[i]);
        copies[i] = strdup(texts->items[i]); /* allowed: the program has no base */
        if (copies[i] == NULL)
            return cli_fail(err, MS_NO_MEMORY, "no_memory", "No memory for the command line");
        copies[i][equals - texts->items[i]] = '\0';
        settings[i] = (ms_setting){.key = copies[i], .value = copies[i] + (equals - texts->items[i]) + 1};
    }
    return MS_OK;
}

static ms_status open_storage(cli_session *session)
{
    const cli_globals *globals = &session->input->globals;
    size_t count = globals->settings.count;
    ms_setting *settings = calloc(count + 1, sizeof(*settings));
    char **copies = calloc(count + 1, sizeof(*copies));
    ms_status status = MS_OK;

    if (settings == NULL || copies == NULL)
        status = cli_fail(&session->error, MS_NO_MEMORY, "no_memory", "No memory for the command line");
    if (status == MS_OK)
        status = read_settings(&globals->settings, settings, copies, &session->error);
    if (status == MS_OK) {
        ms_storage_options options = MS_STORAGE_OPTIONS_INIT;

        options.home = globals->home;
        options.config_file = globals->config;
        options.settings = settings;
        options.setting_count = count;
        options.ask_password = cli_ask_password;
        options.ask_password_payload = session;
        status = ms_storage_open(&session->storage, &options, &session->error);
    }
    for (size_t i = 0; copies != NULL && i < count; i++)
        free(copies[i]);
    free(copies);
    free(settings);
    return status;
}

static ms_status open_result_file(cli_session *session)
{
    const char *name = session->input->globals.output;

    if (name == NULL)
        return MS_OK;
    session->result_name = malloc(strlen(name) + sizeof(RESULT_SUFFIX));
    if (session->result_name == NULL)
        return cli_fail(&session->error, MS_NO_MEMORY, "no_memory", "No memory for the name of the result");
    memcpy(session->result_name, name, strlen(name));
    memcpy(session->result_name + strlen(name), RESULT_SUFFIX, sizeof(RESULT_SUFFIX));
    session->result_file = fopen(session->result_name, "w"); /* allowed: a file of the user's, named on the command line */
    if (session->result_file != NULL)
        return MS_OK;
    (void)cli_fail_errno(&session->error, errno, "result_file", "Cannot write %s", name);
    cli_set_path(&session->error, name);
    return MS_IO;
}

ms_status cli_session_open(cli_session *session)
{
    const cli_globals *globals = &session->input->globals;
    bool verbose = is_verbose(globals);
    ms_status status;

    cli_progress_init(&session->progress, globals->progress, globals->quiet);
    if (verbose)
        ms_set_log(log_line, &session->progress, MS_LOG_DEBUG);
    status = open_result_file(session);
    if (status == MS_OK)
        status = open_storage(session);
    if (status == MS_OK && verbose) {
        const char *config = ms_storage_config_path(session->storage);

        cli_progress_line(&session->progress, "debug", ms_storage_home(session->storage));
        cli_progress_line(&session->progress, "debug", config == NULL ? "no configuration file" : config);
    }
    return status;
}

bool cli_session_is_for_people(const cli_session *session)
{
    return !session->input->globals.json && !session->bytes_on_stdout;
}

static ms_status write_json(void *payload, const char *text, size_t size)
{
    cli_session *session = payload;
    bool failed = false;

    if (session->input->globals.json) {
        session->json_is_written = true;
        failed = fwrite(text, 1, size, stdout) != size;
    }
    if (session->result_file != NULL)
        failed = fwrite(text, 1, size, session->result_file) != size || failed;
    return failed ? MS_IO : MS_OK;
}

static void on_progress(void *payload, const ms_progress *progress)
{
    cli_session *session = payload;
    cli_progress_show(&session->progress, progress);
}

static void on_notice(void *payload, bool is_warning, const char *text)
{
    cli_session *session = payload;
    cli_progress_notice(&session->progress, is_warning, text);
}

ms_operation_options cli_session_how(cli_session *session)
{
    ms_operation_options how = MS_OPERATION_OPTIONS_INIT;

    how.jobs = (unsigned)session->input->globals.jobs.value;
    how.on_progress = on_progress;
    how.on_notice = on_notice;
    if (session->input->globals.json || session->result_file != NULL)
        how.write_json = write_json;
    how.payload = session;
    return how;
}

ms_status cli_session_wait(cli_session *session, ms_operation *operation, ms_status started)
{
    ms_status status = started;

    if (started == MS_OK) {
        atomic_store(&current, operation);
        if (atomic_load(&signals_seen) > 0)
            ms_operation_cancel(operation);
        status = ms_operation_finish(operation, &session->error);
    }
    cli_progress_end(&session->progress);
    return status;
}

void cli_session_let_go(void)
{
    atomic_store(&current, NULL);
}

ms_status cli_session_print(cli_session *session, cli_text *text)
{
    const char *data = cli_text_get(text);
    bool failed = fwrite(data, 1, text->size, stdout) != text->size;

    cli_text_clear(text);
    return failed ? cli_fail_errno(&session->error, errno, "stdout", "Cannot write to the standard output") : MS_OK;
}

ms_status cli_session_confirm(cli_session *session, const char *question)
{
    char answer[16] = "";

    if (session->input->globals.yes)
        return MS_OK;
    if (!isatty(STDIN_FILENO) || !isatty(STDERR_FILENO)) {
        (void)cli_fail(&session->error, MS_USAGE, "needs_yes", "%s: this has to be confirmed", question);
        cli_set_hint(&session->error, "Give --yes");
        return MS_USAGE;
    }
    cli_progress_end(&session->progress);
    (void)fprintf(stderr, "%s. Go on? [y/N] ", question);
    if (fgets(answer, sizeof(answer), stdin) != NULL && (answer[0] == 'y' || answer[0] == 'Y'))
        return MS_OK;
    return cli_fail(&session->error, MS_USAGE, "needs_yes", "Nothing was done");
}

/* The result gets its name only when it is whole; what stood there stays until then. */
static ms_status end_result_file(cli_session *session)
{
    ms_status status = MS_OK;
    const char *name = session->input->globals.output;

    if (session->result_file == NULL)
        return MS_OK;
    bool failed = fflush(session->result_file) != 0 || fsync(fileno(session->result_file)) != 0; /* allowed: as above */
    failed = fclose(session->result_file) != 0 || failed;
    session->result_file = NULL;
    if (!failed)
        failed = rename(session->result_name, name) != 0; /* allowed: as above */
    if (failed) {
        status = cli_fail_errno(&session->error, errno, "result_file", "Cannot write %s", name);
        (void)remove(session->result_name);
    }
    return status;
}

static ms_status flush_output(cli_session *session)
{
    if (fflush(stdout) == 0 && ferror(stdout) == 0)
        return MS_OK;
    return cli_fail_errno(&session->error, errno == 0 ? EIO : errno, "stdout", "Cannot write to the standard output");
}

static void tell_failure(cli_session *session)
{
    const ms_error *error = &session->error;
    cli_text text = {0};

    if ((session->input->globals.json && !session->json_is_written) ||
            (session->result_file != NULL && ftell(session->result_file) == 0))
        session->json_is_written = ms_error_write_json(error, write_json, session) == MS_OK;
    cli_text_add(&text, "model-storage: ");
    cli_text_escaped(&text, error->message);
    cli_text_add(&text, "\n");
    if (error->hint[0] != '\0') {
        cli_text_add(&text, "  hint: ");
        cli_text_escaped(&text, error->hint);
        cli_text_add(&text, "\n");
    }
    (void)fputs(cli_text_get(&text), stderr);
    cli_text_release(&text);
}

int cli_session_end(cli_session *session, ms_status status)
{
    cli_progress_end(&session->progress);
    if (status == MS_OK)
        status = flush_output(session);
    if (status != MS_OK)
        tell_failure(session);
    ms_status written = end_result_file(session);
    if (status == MS_OK && written != MS_OK) {
        status = written;
        tell_failure(session);
    }
    (void)fflush(stdout);
    ms_storage_close(session->storage);
    free(session->result_name);
    return ms_status_exit_code(status);
}
