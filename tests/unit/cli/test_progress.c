/* Progress: what a bar and a JSON line say, who gets which, and how often. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

#include "progress.h"

static void test_who_sees_which_progress(void **state)
{
    static const struct {
        const char *name;
        bool quiet, is_terminal;
        cli_progress_kind kind;
    } rows[] = {
            {NULL, false, true, CLI_PROGRESS_BAR},
            {NULL, false, false, CLI_PROGRESS_NONE},
            {NULL, true, true, CLI_PROGRESS_NONE},
            {"auto", false, true, CLI_PROGRESS_BAR},
            {"auto", false, false, CLI_PROGRESS_NONE},
            {"bar", false, true, CLI_PROGRESS_BAR},
            {"bar", false, false, CLI_PROGRESS_NONE},
            {"none", false, true, CLI_PROGRESS_NONE},
            {"json", false, false, CLI_PROGRESS_JSON},
            {"json", true, true, CLI_PROGRESS_JSON}, /* asked for by name, and for a program */
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cli_progress progress;

        cli_progress_init(&progress, rows[i].name, rows[i].quiet, rows[i].is_terminal);
        if (progress.kind != rows[i].kind)
            fail_msg("row %zu", i);
        cli_progress_end(&progress);
    }
}

static void test_bars(void **state)
{
    static const struct {
        ms_progress now;
        unsigned width;
        const char *line;
    } rows[] = {
            {{.phase = "store", .bytes_total = 2048, .bytes_done = 0}, 80,
                    "store   [>                       ]   0%  0 bytes of 2.0 KiB"},
            {{.phase = "store", .bytes_total = 2048, .bytes_done = 1024, .bytes_per_second = 1024}, 80,
                    "store   [============>           ]  50%  1.0 KiB of 2.0 KiB  1.0 KiB/s  0:01"},
            {{.phase = "store", .bytes_total = 2048, .bytes_done = 2048, .bytes_per_second = 1024}, 80,
                    "store   [========================] 100%  2.0 KiB of 2.0 KiB  1.0 KiB/s"},
            /* More than was announced is all of it. */
            {{.phase = "fetch", .bytes_total = 2048, .bytes_done = 4096}, 80,
                    "fetch   [========================] 100%  2.0 KiB of 2.0 KiB"},
            {{.phase = "verify", .bytes_done = 17}, 80, "verify  17 bytes"},
            {{.phase = "fetch", .bytes_total = UINT64_MAX, .bytes_per_second = 1}, 120,
                    "fetch   [>                       ]   0%  0 bytes of 15.9 EiB  1 byte/s  5124095576030431:00:15"},
            {{.phase = "fetch", .bytes_total = 7325, .bytes_done = 1, .bytes_per_second = 1}, 120,
                    "fetch   [>                       ]   0%  1 byte of 7.1 KiB  1 byte/s  2:02:04"},
            {{.phase = "store", .bytes_total = 2048, .bytes_done = 1024}, 12, "store   [=="},
            {{.phase = "store", .bytes_done = 17}, 17, "store   17 bytes"},
            {{.phase = "store", .bytes_done = 17}, 16, "store   17 byte"},
            {{.phase = "store", .bytes_done = 17}, 1, ""},
            {{.phase = "store", .bytes_done = 17}, 0, ""},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        cli_text line = {0};

        cli_progress_bar(&line, &rows[i].now, rows[i].width);
        assert_string_equal(cli_text_get(&line), rows[i].line);
        cli_text_release(&line);
    }
}

static void test_a_json_line_has_all_numbers(void **state)
{
    cli_text line = {0};
    const ms_progress now = {.phase = "fetch", .bytes_done = 1, .bytes_total = UINT64_MAX, .bytes_reused = 3,
            .bytes_per_second = 4};

    (void)state;
    cli_progress_json(&line, &now);
    assert_string_equal(cli_text_get(&line),
            "{\"event\":\"progress\",\"phase\":\"fetch\",\"bytesDone\":1,\"bytesTotal\":18446744073709551615,"
            "\"bytesReused\":3,\"bytesPerSecond\":4}\n");
    cli_text_release(&line);
}

/* What run writes to the standard error. */
static const char *captured(void (*run)(void))
{
    static char text[8192];
    int ends[2];
    int before = dup(STDERR_FILENO);
    ssize_t got;

    assert_int_equal(pipe(ends), 0);
    assert_true(dup2(ends[1], STDERR_FILENO) >= 0);
    run();
    assert_true(dup2(before, STDERR_FILENO) >= 0);
    close(before);
    close(ends[1]);
    got = read(ends[0], text, sizeof(text) - 1);
    close(ends[0]);
    assert_true(got >= 0);
    text[got] = '\0';
    return text;
}

static void a_burst(cli_progress *progress)
{
    for (uint64_t done = 1; done <= 1000; done++)
        cli_progress_update(progress, &(ms_progress){.phase = "store", .bytes_done = done, .bytes_total = 1000});
}

static void run_json(void)
{
    cli_progress progress;

    cli_progress_init(&progress, "json", false, false);
    a_burst(&progress);
    cli_progress_end(&progress);
}

static unsigned count(const char *text, const char *part)
{
    unsigned found = 0;

    for (; (text = strstr(text, part)) != NULL; text += strlen(part))
        found++;
    return found;
}

/* A thousand states in a moment: the first, the last, and what a slow machine has time for. */
static void test_few_of_many_states_are_shown_and_the_last_always(void **state)
{
    const char *text = captured(run_json);

    (void)state;
    assert_true(count(text, "\n") >= 2 && count(text, "\n") <= 50);
    assert_int_equal(count(text, "\"bytesDone\":1,"), 1);
    assert_int_equal(count(text, "\"bytesDone\":1000,"), 1);
}

static void run_bar(void)
{
    cli_progress progress;

    cli_progress_init(&progress, NULL, false, true);
    cli_progress_update(&progress, &(ms_progress){.phase = "store", .bytes_done = 1});
    cli_progress_hide(&progress);
    cli_progress_hide(&progress); /* gone already */
    cli_progress_end(&progress);
    cli_progress_update(&progress, &(ms_progress){.phase = "store", .bytes_done = 2}); /* ended */
}

static void test_a_bar_is_taken_back_once(void **state)
{
    (void)state;
    assert_string_equal(captured(run_bar), CLI_TAKE_BACK "store   1 byte" CLI_TAKE_BACK);
}

static void run_nothing(void)
{
    cli_progress progress;

    cli_progress_init(&progress, "none", false, true);
    a_burst(&progress);
    cli_progress_end(&progress);
}

static void test_none_writes_nothing(void **state)
{
    (void)state;
    assert_string_equal(captured(run_nothing), "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_who_sees_which_progress),
            cmocka_unit_test(test_bars),
            cmocka_unit_test(test_a_json_line_has_all_numbers),
            cmocka_unit_test(test_few_of_many_states_are_shown_and_the_last_always),
            cmocka_unit_test(test_a_bar_is_taken_back_once),
            cmocka_unit_test(test_none_writes_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
