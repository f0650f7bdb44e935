/* One run of one command: what was asked for everywhere, where results, notices and failures go,
 * the storage, and the operation in its course. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include "command.h"
#include "model_storage/hooks.h"
#include "model_storage/key.h"
#include "password.h"
#include "progress.h"
#include "result_file.h"
#include "stream.h"

struct cli_session {
    const cli_input *input;
    const cli_globals *globals; /* of input */
    bool is_verbose;            /* --verbose or DEBUG=1 */
    bool json_to_stdout;        /* --json */
    bool has_bar;               /* a bar may stand on the terminal */
    bool has_json;              /* a result object was begun: the failure is told in it */
    bool has_own_error; /* error was noticed here, by a callback: it says more than the operation's
                         */
    bool is_closed[2];  /* stdin and stdout: whoever started us left them closed */
    bool has_looked_for_file; /* that of --output was found, or refused */
    cli_stream out;           /* stdout */
    cli_result_file file;     /* --output */
    cli_progress progress;
    cli_password_source password;     /* of the key as it is */
    cli_password_source new_password; /* that it shall have */
    ms_storage *storage;
    ms_operation_options how; /* for the operation, made by cli_session_open */
    cli_text line;            /* of the human result, being put together */
    ms_error error;           /* with a status other than MS_OK */
};

/** Before anything is opened. */
void cli_session_init(cli_session *session, const cli_input *input);
/** Everything is written out; status is that of the run so far, the returned one is final. Failures
 * are told on stderr, and as JSON where it is wanted and was not yet. */
ms_status cli_session_end(cli_session *session, ms_status status);

/** Open the storage and find the place of the result file. MS_USAGE, MS_IO, and those of
 * ms_storage_open. */
MS_MUST_CHECK ms_status cli_session_open(cli_session *session);
/** The command made path, which may be NULL: where the result file would replace it or something in
 * it, there is no result file, which is MS_IO. */
MS_MUST_CHECK ms_status cli_session_spare(cli_session *session, const char *path);
/** After ms_model_X_start set *operation and returned started: signals reach the operation, it is
 * waited for. *operation is read only when it was started, and stays the caller's to free. */
MS_MUST_CHECK ms_status cli_session_wait(
        cli_session *session, ms_operation *const *operation, ms_status started);
/** Start a command of the library and wait for it; *operation is freed by cli_session_free. */
#define CLI_RUN(session, name, operation, options)                                                 \
    cli_session_wait((session), (operation),                                                       \
            ms_model_##name##_start((operation), (session)->storage, (options), &(session)->how,   \
                    &(session)->error))
void cli_session_free(ms_operation *operation);

/** Whether the result is for people on stdout. */
bool cli_session_is_human(const cli_session *session);
/** Put line and a newline on stdout and clear it. MS_IO once stdout cannot be written: worth
 * looking at where much is printed, for the end of the session tells it in any case. */
ms_status cli_session_print(cli_session *session);
/** Write to stdout what is no text. */
MS_MUST_CHECK ms_status cli_session_write(cli_session *session, const void *data, size_t size);
/** One line on stderr, as --progress and --quiet want it. */
void cli_session_notice(cli_session *session, bool is_warning, const char *text);

#endif
