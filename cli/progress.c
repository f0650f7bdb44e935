/* Progress on stderr: a bar on a terminal, or JSON lines for programs. */
#include "progress.h"

#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "stream.h"

#define INTERVAL_MS 100
#define WIDTH_DEFAULT 80
#define WIDTH_MAX 120
#define BAR_SIZE 24

static uint64_t now_ms(void)
{
    struct timespec now = {0};

    (void)clock_gettime(CLOCK_MONOTONIC, &now);
    return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void cli_progress_init(
        cli_progress *progress, const char *kind_name, bool quiet, bool stderr_is_terminal)
{
    *progress = (cli_progress){.kind = CLI_PROGRESS_NONE};
    if (kind_name != NULL && strcmp(kind_name, "json") == 0)
        progress->kind = CLI_PROGRESS_JSON;
    else if (kind_name != NULL && strcmp(kind_name, "none") == 0)
        progress->kind = CLI_PROGRESS_NONE;
    else if (stderr_is_terminal && !quiet)
        progress->kind = CLI_PROGRESS_BAR;
}

static void add_duration(cli_text *line, uint64_t seconds)
{
    if (seconds >= 3600)
        cli_text_printf(line, "%llu:%02u:%02u", (unsigned long long)(seconds / 3600),
                (unsigned)(seconds / 60 % 60), (unsigned)(seconds % 60));
    else
        cli_text_printf(line, "%u:%02u", (unsigned)(seconds / 60), (unsigned)(seconds % 60));
}

void cli_progress_bar(cli_text *line, const ms_progress *now, unsigned width)
{
    uint64_t done = now->bytes_done;

    cli_text_clear(line);
    cli_text_printf(line, "%-8s", now->phase);
    if (now->bytes_total > 0) {
        if (done > now->bytes_total)
            done = now->bytes_total;
        double part = (double)done / (double)now->bytes_total;
        unsigned filled = (unsigned)(part * BAR_SIZE);

        cli_text_add(line, "[");
        for (unsigned i = 0; i < BAR_SIZE; i++)
            cli_text_add(line, i < filled ? "=" : i == filled ? ">" : " ");
        cli_text_printf(line, "] %3u%%  ", (unsigned)(part * 100));
    }
    cli_text_short_size(line, done);
    if (now->bytes_total > 0) {
        cli_text_add(line, " of ");
        cli_text_short_size(line, now->bytes_total);
    }
    if (now->bytes_per_second > 0) {
        cli_text_add(line, "  ");
        cli_text_short_size(line, now->bytes_per_second);
        cli_text_add(line, "/s");
        if (now->bytes_total > done) {
            cli_text_add(line, "  ");
            add_duration(line, (now->bytes_total - done) / now->bytes_per_second);
        }
    }
    /* A line that wraps could not be taken back. All of it is ASCII. */
    if (line->data != NULL && line->size >= width) {
        line->size = width > 0 ? width - 1 : 0;
        line->data[line->size] = '\0';
    }
}

void cli_progress_json(cli_text *line, const ms_progress *now)
{
    cli_text_clear(line);
    cli_text_add(line, "{\"event\":\"progress\",\"phase\":");
    cli_text_json(line, now->phase);
    cli_text_printf(line,
            ",\"bytesDone\":%llu,\"bytesTotal\":%llu,\"bytesReused\":%llu,\"bytesPerSecond\":%llu}"
            "\n",
            (unsigned long long)now->bytes_done, (unsigned long long)now->bytes_total,
            (unsigned long long)now->bytes_reused, (unsigned long long)now->bytes_per_second);
}

static unsigned terminal_width(void)
{
    struct winsize size;

    if (ioctl(STDERR_FILENO, TIOCGWINSZ, &size) != 0 || size.ws_col == 0)
        return WIDTH_DEFAULT;
    return size.ws_col < WIDTH_MAX ? size.ws_col : WIDTH_MAX;
}

static void show(cli_progress *progress)
{
    if (progress->kind == CLI_PROGRESS_JSON) {
        cli_progress_json(&progress->line, &progress->last);
        (void)cli_write_all(STDERR_FILENO, progress->line.data, progress->line.size);
    } else if (progress->kind == CLI_PROGRESS_BAR) {
        cli_text whole = {0};

        cli_progress_bar(&progress->line, &progress->last, terminal_width());
        cli_text_printf(&whole, CLI_TAKE_BACK "%s", cli_text_get(&progress->line));
        (void)cli_write_all(STDERR_FILENO, cli_text_get(&whole), whole.size);
        cli_text_release(&whole);
        progress->is_shown = true;
    }
    progress->is_pending = false;
}

void cli_progress_update(cli_progress *progress, const ms_progress *now)
{
    uint64_t time_ms;

    if (progress->kind == CLI_PROGRESS_NONE)
        return;
    progress->last = *now;
    progress->is_pending = true;
    time_ms = now_ms();
    if (progress->shown_ms != 0 && time_ms - progress->shown_ms < INTERVAL_MS)
        return;
    progress->shown_ms = time_ms;
    show(progress);
}

void cli_progress_hide(cli_progress *progress)
{
    if (progress->is_shown)
        (void)cli_write_all(STDERR_FILENO, CLI_TAKE_BACK, strlen(CLI_TAKE_BACK));
    progress->is_shown = false;
}

void cli_progress_end(cli_progress *progress)
{
    if (progress->kind == CLI_PROGRESS_JSON && progress->is_pending)
        show(progress);
    cli_progress_hide(progress);
    progress->kind = CLI_PROGRESS_NONE;
    cli_text_release(&progress->line);
}
