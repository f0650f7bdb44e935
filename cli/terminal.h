/* Questions to a person: they are asked and answered on the terminal of the process, whatever stdin
 * and stdout are. */
#ifndef CLI_TERMINAL_H
#define CLI_TERMINAL_H

#include "model_storage/status.h"

/** Whether somebody sits there: stdin and stderr are a terminal. */
bool cli_terminal_is_there(void);
/** Show question and wait for a line. false for anything but y or yes, and when interrupted. */
bool cli_terminal_confirm(const char *question);
/** Show prompt and read a line without echo. MS_KEY "password_needed" when there is no terminal,
 *  MS_INTERRUPTED. The caller wipes password. */
MS_MUST_CHECK ms_status cli_terminal_password(
        const char *prompt, char *password, size_t size_max, size_t *size, ms_error *err);

#endif
