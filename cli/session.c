/* One run of one command. */
#include "session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "guard.h"
#include "interrupt.h"
#include "place.h"

#define SETTINGS_MAX 256

static bool environment_says(const char *name)
{
    const char *value = getenv(name);

    return value != NULL && *value != '\0' && strcmp(value, "0") != 0;
}

void cli_session_init(cli_session *session, const cli_input *input)
{
    const cli_globals *globals = &input->globals;

    memset(session, 0, sizeof(*session));
    session->input = input;
    session->globals = globals;
    for (int fd = STDIN_FILENO; fd <= STDOUT_FILENO; fd++)
        session->is_closed[fd] = fcntl(fd, F_GETFD) == -1;
    session->is_verbose = globals->verbose || environment_says("DEBUG");
    session->json_to_stdout = globals->json;
    session->password.file = globals->password_file;
    session->password.fd = globals->password_fd;
    session->new_password = session->password;
    session->error = (ms_error)MS_ERROR_INIT;
    cli_stream_init(&session->out, STDOUT_FILENO);
    cli_progress_init(
            &session->progress, globals->progress, globals->quiet, isatty(STDERR_FILENO) == 1);
    session->has_bar = session->progress.kind == CLI_PROGRESS_BAR;
}

bool cli_session_is_human(const cli_session *session)
{
    return !session->json_to_stdout;
}

/* ---- stderr ---- */

static void say(cli_session *session, const cli_text *line)
{
    cli_progress_hide(&session->progress);
    (void)cli_write_all(STDERR_FILENO, cli_text_get(line), line->size);
}

static bool stderr_is_json(const cli_session *session)
{
    return session->globals->progress != NULL && strcmp(session->globals->progress, "json") == 0;
}

static void add_notice(
        const cli_session *session, cli_text *line, bool is_warning, const char *text)
{
    if (stderr_is_json(session)) {
        cli_text_printf(line, "{\"event\":\"notice\",\"level\":\"%s\",\"message\":",
                is_warning ? "warning" : "notice");
        cli_text_json(line, text);
        cli_text_add(line, "}\n");
    } else {
        cli_text_add(line, is_warning ? "warning: " : "");
        cli_text_escaped(line, text);
        cli_text_add(line, "\n");
    }
}

void cli_session_notice(cli_session *session, bool is_warning, const char *text)
{
    cli_text line = {0};

    if (session->globals->quiet)
        return;
    add_notice(session, &line, is_warning, text);
    say(session, &line);
    cli_text_release(&line);
}

static void tell_failure(cli_session *session)
{
    const ms_error *error = &session->error;
    cli_text line = {0};

    if (stderr_is_json(session)) {
        cli_text_printf(&line, "{\"event\":\"error\",\"code\":\"%s\",\"exitCode\":%d,\"message\":",
                ms_status_code(error->status), ms_status_exit_code(error->status));
        cli_text_json(&line, error->message);
        cli_text_add(&line, ",\"hint\":");
        cli_text_json(&line, *error->hint != '\0' ? error->hint : NULL);
        cli_text_add(&line, "}\n");
    } else {
        cli_text_add(&line, "model-storage: ");
        cli_text_escaped(&line, error->message);
        if (*error->hint != '\0') {
            cli_text_add(&line, "\n  hint: ");
            cli_text_escaped(&line, error->hint);
        }
        cli_text_add(&line, "\n");
    }
    say(session, &line);
    cli_text_release(&line);
}

/* ---- stdout and the result file ---- */

static ms_status fail_stdout(cli_session *session)
{
    session->has_own_error = true;
    return cli_fail_errno(&session->error, session->out.os_errno, "stdout",
            "Cannot write to the standard output");
}

static ms_status fail_file(cli_session *session)
{
    session->has_own_error = true;
    (void)cli_fail_errno(&session->error, session->file.stream.os_errno, "output_file",
            "Cannot write the result to %s", session->file.path);
    cli_set_path(&session->error, session->file.path);
    return MS_IO;
}

static ms_status write_json(void *payload, const char *text, size_t size)
{
    cli_session *session = payload;
    bool is_written = true;

    session->has_json = true;
    if (session->json_to_stdout) {
        cli_progress_hide(&session->progress);
        is_written = cli_stream_write(&session->out, text, size);
    }
    if (session->file.path != NULL)
        is_written = cli_result_file_write(&session->file, text, size) && is_written;
    if (session->json_to_stdout && session->out.os_errno != 0)
        return fail_stdout(session);
    return is_written ? MS_OK : fail_file(session);
}

ms_status cli_session_write(cli_session *session, const void *data, size_t size)
{
    return cli_stream_write(&session->out, data, size) ? MS_OK : fail_stdout(session);
}

ms_status cli_session_print(cli_session *session)
{
    cli_text_add(&session->line, "\n");
    if (session->out.is_eager)
        cli_progress_hide(&session->progress);
    (void)cli_stream_write(&session->out, cli_text_get(&session->line), session->line.size);
    cli_text_clear(&session->line);
    return session->out.os_errno == 0 ? MS_OK : fail_stdout(session);
}

/* ---- callbacks of the library ---- */

static void on_progress(void *payload, const ms_progress *now)
{
    cli_session *session = payload;

    cli_progress_update(&session->progress, now);
}

static void on_notice(void *payload, bool is_warning, const char *text)
{
    cli_session_notice(payload, is_warning, text);
}

/* From any thread, so it looks only at what never changes; one write, so that lines do not mix. */
static void on_log(void *payload, ms_log_level level, const char *text)
{
    const cli_session *session = payload;
    cli_text line = {0};

    if (session->has_bar)
        cli_text_add(&line, CLI_TAKE_BACK);
    add_notice(session, &line, level == MS_LOG_WARNING, text);
    (void)cli_write_all(STDERR_FILENO, cli_text_get(&line), line.size);
    cli_text_release(&line);
}

static ms_status on_password(void *payload, const char *purpose, bool is_new, char *password,
        size_t size_max, size_t *size)
{
    cli_session *session = payload;
    const cli_password_source *source = is_new ? &session->new_password : &session->password;
    ms_error problem = MS_ERROR_INIT;
    ms_status status;

    cli_progress_hide(&session->progress);
    if (cli_password_is_named(source))
        status = cli_password_read(source, is_new, password, size_max, size, &problem);
    else
        status = cli_password_ask(purpose, is_new, password, size_max, size, &problem);
    if (status != MS_OK) {
        session->error = problem;
        session->has_own_error = true;
    }
    return status;
}

/* ---- the course of a command ---- */

/* KEY=VALUE of --set; the keys are copied, for the library wants them apart. */
static ms_status read_settings(
        cli_session *session, ms_setting *settings, char **keys, size_t *count)
{
    const cli_texts *texts = &session->globals->settings;

    if (texts->count > SETTINGS_MAX)
        return cli_fail(&session->error, MS_LIMIT, "option_value",
                "--set was given more than %d times", SETTINGS_MAX);
    for (*count = 0; *count < texts->count; (*count)++) {
        const char *text = texts->items[*count];
        const char *equals = strchr(text, '=');

        if (equals == NULL || equals == text) {
            /* What stands there may be a secret: it is not repeated. */
            (void)cli_fail(&session->error, MS_USAGE, "option_value", "--set takes KEY=VALUE");
            cli_set_hint(&session->error, "For example --set storage.chunkSize=64KiB");
            return MS_USAGE;
        }
        keys[*count] = strndup(text, (size_t)(equals - text));
        if (keys[*count] == NULL)
            return cli_fail(&session->error, MS_NO_MEMORY, "no_memory", "No memory for a setting");
        settings[*count] = (ms_setting){.key = keys[*count], .value = equals + 1};
    }
    return MS_OK;
}

static ms_status open_storage(cli_session *session)
{
    ms_storage_options options = MS_STORAGE_OPTIONS_INIT;
    ms_setting settings[SETTINGS_MAX];
    char *keys[SETTINGS_MAX] = {0};
    ms_status status = read_settings(session, settings, keys, &options.setting_count);

    options.home = session->globals->home;
    options.config_file = session->globals->config;
    options.settings = settings;
    options.ask_password = on_password;
    options.ask_password_payload = session;
    if (status == MS_OK)
        status = ms_storage_open(&session->storage, &options, &session->error);
    for (size_t i = 0; i < SETTINGS_MAX; i++)
        free(keys[i]);
    return status;
}

static void say_places(cli_session *session)
{
    const char *config = ms_storage_config_path(session->storage);
    cli_text text = {0};

    cli_text_printf(&text, "home %s, configuration %s", ms_storage_home(session->storage),
            config != NULL ? config : "(none)");
    cli_session_notice(session, false, cli_text_get(&text));
    cli_text_release(&text);
}

/* Once: what was refused stays refused. */
static ms_status open_file(cli_session *session, ms_error *err)
{
    const char *output = session->globals->output;
    const ms_storage *storage = session->storage;
    cli_result_file *file = &session->file;
    ms_status status;

    if (output == NULL || session->has_looked_for_file)
        return MS_OK;
    session->has_looked_for_file = true;
    status = cli_result_file_find(file, output, err);
    if (status == MS_OK && file->place != NULL)
        status = cli_guard_result(session->input, file->place,
                storage != NULL ? ms_storage_home(storage) : NULL,
                storage != NULL ? ms_storage_config_path(storage) : NULL, err);
    if (status == MS_OK)
        status = cli_result_file_open(file, err);
    if (status != MS_OK)
        cli_result_file_discard(file);
    return status;
}

ms_status cli_session_spare(cli_session *session, const char *path)
{
    char *place = session->file.place != NULL && path != NULL ? cli_place_resolve(path) : NULL;
    ms_status status = MS_OK;

    if (place != NULL && cli_place_holds(place, session->file.place)) {
        cli_result_file_discard(&session->file);
        status = cli_fail(&session->error, MS_IO, "output_file",
                "The result was not written to %s: it would be part of %s",
                session->globals->output, path);
        cli_set_path(&session->error, session->globals->output);
    }
    free(place);
    return status;
}

ms_status cli_session_open(cli_session *session)
{
    ms_status status;

    if (session->is_verbose && !session->globals->quiet)
        ms_set_log(on_log, session, MS_LOG_DEBUG);
    status = open_storage(session);
    if (status == MS_OK)
        status = open_file(session, &session->error);
    if (status != MS_OK)
        return status;
    if (session->is_verbose)
        say_places(session);
    session->how = (ms_operation_options)MS_OPERATION_OPTIONS_INIT;
    session->how.jobs = (unsigned)session->globals->jobs.value;
    session->how.on_progress = on_progress;
    session->how.on_notice = on_notice;
    if (session->json_to_stdout || session->file.path != NULL)
        session->how.write_json = write_json;
    session->how.payload = session;
    return MS_OK;
}

ms_status cli_session_wait(cli_session *session, ms_operation *const *operation, ms_status started)
{
    ms_error error = MS_ERROR_INIT;
    ms_status status;

    if (started != MS_OK)
        return started;
    cli_interrupt_watch(*operation);
    status = ms_operation_finish(*operation, &error);
    cli_progress_end(&session->progress);
    if (status != MS_OK && !session->has_own_error)
        session->error = error;
    /* What a callback noticed itself is more exact, except that a cancelled run is just that. */
    if (status != MS_OK && session->has_own_error)
        status = status == MS_INTERRUPTED ? status : session->error.status;
    if (status == MS_INTERRUPTED && session->error.status != MS_INTERRUPTED)
        session->error = error;
    return status;
}

void cli_session_free(ms_operation *operation)
{
    cli_interrupt_watch(NULL);
    ms_operation_free(operation);
}

/* What was said to have been written must have been: a full disk is a failure, not a short answer.
 */
static ms_status end_output(cli_session *session, ms_status status)
{
    ms_error problem = MS_ERROR_INIT;

    if (!cli_stream_flush(&session->out) && status == MS_OK)
        status = fail_stdout(session);
    if (cli_result_file_commit(&session->file, &problem) != MS_OK && status == MS_OK) {
        session->error = problem;
        status = MS_IO;
    }
    return status;
}

ms_status cli_session_end(cli_session *session, ms_status status)
{
    cli_progress_end(&session->progress);
    if (status != MS_OK && !session->has_json) {
        ms_error ignored = MS_ERROR_INIT;
        /* An older result is not to be taken for that of this run. */
        ms_status found = open_file(session, &ignored);

        (void)found; /* the first failure is told */
    }
    if (status != MS_OK && !session->has_json &&
            (session->json_to_stdout || session->file.path != NULL)) {
        /* A failed write is told by the stream when it ends. */
        ms_status written = ms_error_write_json(&session->error, write_json, session);

        (void)written;
    }
    status = end_output(session, status);
    if (status != MS_OK)
        tell_failure(session);
    ms_storage_close(session->storage);
    ms_set_log(NULL, NULL, MS_LOG_DEBUG);
    cli_text_release(&session->line);
    return status;
}
