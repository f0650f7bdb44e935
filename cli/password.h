/* Passwords of keys: from a file, a descriptor or the terminal, never from the command line itself. */
#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H

#include "model_storage/storage.h"

/** The ms_password_fn of the program; payload is the cli_session. */
ms_status cli_ask_password(void *payload, const char *purpose, bool is_new, char *password, size_t password_size_max, size_t *password_size);

#endif
