/* One run of the program: the storage it opens, the operation it runs, what it tells and where. */
#ifndef CLI_SESSION_H
#define CLI_SESSION_H

#include <stdio.h>

#include "command.h"
#include "failure.h"
#include "model_storage.h"
#include "progress.h"

struct cli_session {
    const cli_input *input;
    ms_error error;
    ms_storage *storage;
    cli_progress progress;
    bool json_is_written; /* a whole result object, also of a failure, went to stdout */
    bool bytes_on_stdout; /* a model goes there, so that no result may */
    FILE *result_file;    /* of -o, under a temporary name */
    char *result_name;
    /* "key password": the options of the password give the new one, so the present one comes from elsewhere. */
    bool current_password_only;
    const char *current_password_file;
};

/** Open the storage as options and environment say. */
MS_MUST_CHECK ms_status cli_session_open(cli_session *session);
/** Callbacks for operations: progress, notices, JSON to stdout and to the file of -o. */
ms_operation_options cli_session_how(cli_session *session);
/** Wait for a started operation, which signals cancel; started is what its start returned. The operation stays the
 *  caller's to free, after cli_session_let_go. */
MS_MUST_CHECK ms_status cli_session_wait(cli_session *session, ms_operation *operation, ms_status started);
/** Signals no longer reach the operation; to be called before it is freed. */
void cli_session_let_go(void);
/** Whether results are for people: neither --json nor bytes on stdout. */
bool cli_session_is_for_people(const cli_session *session);
/** Print text to stdout and empty it. A failed write is MS_IO. */
MS_MUST_CHECK ms_status cli_session_print(cli_session *session, cli_text *text);
/** Ask a question that is answered with yes or no; --yes answers it. MS_USAGE "needs_yes" where nobody can be asked or the answer is no. */
MS_MUST_CHECK ms_status cli_session_confirm(cli_session *session, const char *question);
/** Tell the failure, put the file of -o in its place, close everything. Returns the exit code. */
int cli_session_end(cli_session *session, ms_status status);

/** Let SIGINT, SIGTERM and SIGHUP cancel the operation; the second of them ends the program at once. */
void cli_signals_install(void);

#endif
