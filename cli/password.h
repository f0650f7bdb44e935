/* Where passwords come from: a private file, a descriptor, or a person. Never the command line. */
#ifndef CLI_PASSWORD_H
#define CLI_PASSWORD_H

#include "model_storage/storage.h"
#include "options.h"

/** One password; neither set = from the terminal. */
typedef struct cli_password_source {
    const char *file;
    cli_descriptor fd;
} cli_password_source;

/** Whether something was named. */
bool cli_password_is_named(const cli_password_source *source);
/** The password of a named source, without the newline at its end. MS_KEY "password_file" (missing,
 *  looser than 0600, someone else's), MS_USAGE "password_size", MS_IO; of a new one MS_KEY
 *  "password_empty": what came to nothing must not take the protection of a key away. The caller
 *  wipes it. */
MS_MUST_CHECK ms_status cli_password_read(const cli_password_source *source, bool is_new,
        char *password, size_t size_max, size_t *size, ms_error *err);
/** From the terminal; a new one twice, and an empty one means none. */
MS_MUST_CHECK ms_status cli_password_ask(const char *purpose, bool is_new, char *password,
        size_t size_max, size_t *size, ms_error *err);
void cli_password_wipe(char *password, size_t size);

#endif
