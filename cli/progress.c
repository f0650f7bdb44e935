#include "progress.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define BAR_WIDTH 24

void cli_progress_init(cli_progress *progress, const char *kind, bool quiet)
{
    *progress = (cli_progress){.quiet = quiet};
    if (kind != NULL && strcmp(kind, "json") == 0)
        progress->kind = CLI_PROGRESS_JSON;
    else if ((kind == NULL || strcmp(kind, "none") != 0) && !quiet && isatty(STDERR_FILENO))
        progress->kind = CLI_PROGRESS_BAR;
}

void cli_progress_format_json(cli_text *text, const ms_progress *state)
{
    cli_text_printf(text,
            "{\"event\":\"progress\",\"phase\":\"%s\",\"bytesDone\":%llu,\"bytesTotal\":%llu,"
            "\"bytesReused\":%llu,\"bytesPerSecond\":%llu}\n",
            state->phase, (unsigned long long)state->bytes_done, (unsigned long long)state->bytes_total,
            (unsigned long long)state->bytes_reused, (unsigned long long)state->bytes_per_second);
}

void cli_progress_format_bar(cli_text *text, const ms_progress *state)
{
    cli_text_printf(text, "%-7s ", state->phase);
    if (state->bytes_total > 0) {
        double part = (double)state->bytes_done / (double)state->bytes_total;
        int filled = (int)((part > 1 ? 1 : part) * BAR_WIDTH);

        cli_text_add(text, "[");
        for (int i = 0; i < BAR_WIDTH; i++)
            cli_text_add(text, i < filled ? "#" : ".");
        cli_text_printf(text, "] %3.0f%%  ", (part > 1 ? 1 : part) * 100);
    }
    cli_text_short_size(text, state->bytes_done);
    if (state->bytes_per_second > 0) {
        cli_text_add(text, "  ");
        cli_text_short_size(text, state->bytes_per_second);
        cli_text_add(text, "/s");
    }
    if (state->bytes_total > state->bytes_done && state->bytes_per_second > 0)
        cli_text_printf(text, "  %llu s left",
                (unsigned long long)((state->bytes_total - state->bytes_done) / state->bytes_per_second + 1));
}

static void put(const cli_text *text)
{
    (void)fputs(cli_text_get(text), stderr);
    (void)fflush(stderr);
}

void cli_progress_show(cli_progress *progress, const ms_progress *state)
{
    cli_text text = {0};

    if (progress->kind == CLI_PROGRESS_JSON) {
        cli_progress_format_json(&text, state);
    } else if (progress->kind == CLI_PROGRESS_BAR) {
        cli_text_add(&text, "\r");
        cli_progress_format_bar(&text, state);
        cli_text_add(&text, "\x1b[K");
        progress->bar_is_shown = true;
    }
    put(&text);
    cli_text_release(&text);
}

void cli_progress_line(cli_progress *progress, const char *kind, const char *line)
{
    cli_text text = {0};

    if (progress->kind == CLI_PROGRESS_JSON) {
        cli_text_printf(&text, "{\"event\":\"%s\",\"text\":", kind);
        cli_text_json(&text, line);
        cli_text_add(&text, "}\n");
    } else {
        cli_progress_end(progress);
        cli_text_printf(&text, "%s: ", kind);
        cli_text_escaped(&text, line);
        cli_text_add(&text, "\n");
    }
    put(&text);
    cli_text_release(&text);
}

void cli_progress_notice(cli_progress *progress, bool is_warning, const char *text)
{
    if (!progress->quiet)
        cli_progress_line(progress, is_warning ? "warning" : "notice", text);
}

void cli_progress_end(cli_progress *progress)
{
    if (progress->bar_is_shown)
        (void)fputs("\r\x1b[K", stderr);
    progress->bar_is_shown = false;
}
