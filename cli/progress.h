/* What is told while an operation runs, on stderr: a bar on a terminal, JSON lines, notices. */
#ifndef CLI_PROGRESS_H
#define CLI_PROGRESS_H

#include "model_storage/operation.h"
#include "text.h"

typedef enum cli_progress_kind { CLI_PROGRESS_NONE, CLI_PROGRESS_BAR, CLI_PROGRESS_JSON } cli_progress_kind;

/** Called by one thread at a time, as the callbacks of operations are. */
typedef struct cli_progress {
    cli_progress_kind kind;
    bool quiet;
    bool bar_is_shown;
} cli_progress;

/** kind is the value of --progress or NULL; a bar appears on a terminal only. */
void cli_progress_init(cli_progress *progress, const char *kind, bool quiet);
void cli_progress_show(cli_progress *progress, const ms_progress *state);
void cli_progress_notice(cli_progress *progress, bool is_warning, const char *text);
/** A line of another kind, such as "debug". */
void cli_progress_line(cli_progress *progress, const char *kind, const char *text);
/** Take the bar away. */
void cli_progress_end(cli_progress *progress);

/* The texts themselves. */
void cli_progress_format_json(cli_text *text, const ms_progress *state);
void cli_progress_format_bar(cli_text *text, const ms_progress *state);

#endif
