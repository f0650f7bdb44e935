/* Where the result of a command must not be written. */
#ifndef CLI_GUARD_H
#define CLI_GUARD_H

#include "options.h"

/** Whether the result may be written to place (resolved; --output named it), or would replace what
 *  the command works on: MS_USAGE "output_conflict". home and config are those in use, NULL while
 *  they are not known: then where they would be looked for is kept free. When input could not be
 *  read, every word of it may be a file that somebody cares for. */
MS_MUST_CHECK ms_status cli_guard_result(const cli_input *input, const char *place,
        const char *home, const char *config, ms_error *err);

#endif
