/* Progress on stderr: a bar on a terminal, or JSON lines for programs. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "model_storage/operation.h"
#include "text.h"

/** Back to the start of the line of a terminal, and what stands there goes. */
#define CLI_TAKE_BACK "\r\033[K"

typedef enum cli_progress_kind {
    CLI_PROGRESS_NONE,
    CLI_PROGRESS_BAR,
    CLI_PROGRESS_JSON
} cli_progress_kind;

/** For one thread at a time. */
typedef struct cli_progress {
    cli_progress_kind kind;
    bool is_shown;   /* a bar stands on the terminal */
    bool is_pending; /* last was not shown yet */
    ms_progress last;
    uint64_t shown_ms; /* when the last line was written */
    cli_text line;
} cli_progress;

/** kind_name as in --progress, NULL for auto. A bar needs a terminal, and somebody who wants to
 * hear. */
void cli_progress_init(
        cli_progress *progress, const char *kind_name, bool quiet, bool stderr_is_terminal);
/** At most ten a second are shown. */
void cli_progress_update(cli_progress *progress, const ms_progress *now);
/** Make room for other text. */
void cli_progress_hide(cli_progress *progress);
/** Show the last state if it was not, and end. */
void cli_progress_end(cli_progress *progress);

/** One line for a terminal of width columns, without newline. */
void cli_progress_bar(cli_text *line, const ms_progress *now, unsigned width);
/** One JSON line with its newline. */
void cli_progress_json(cli_text *line, const ms_progress *now);

#endif
