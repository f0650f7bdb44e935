/* Reading the command line: what goes where, and what is said of what makes no sense. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "command.h"

#define ARGUMENTS_MAX 16

/* The line is split at spaces; '_' stands for an empty word. */
typedef struct reading {
    cli_input input;
    ms_error err;
    ms_status status;
    char line[256];
} reading;

static void read_line(reading *read, const char *line)
{
    char *argv[ARGUMENTS_MAX + 2] = {(char *)(uintptr_t)"model-storage"};
    int argc = 1;
    char *rest = NULL;

    assert_true(strlen(line) < sizeof(read->line));
    memcpy(read->line, line, strlen(line) + 1);
    for (char *word = strtok_r(read->line, " ", &rest); word != NULL; word = strtok_r(NULL, " ", &rest)) {
        assert_true(argc < ARGUMENTS_MAX);
        if (strcmp(word, "_") == 0)
            *word = '\0';
        argv[argc++] = word;
    }
    read->err = (ms_error)MS_ERROR_INIT;
    read->status = cli_input_read(&read->input, argc, argv, &read->err);
}

static void expect_good(reading *read, const char *line)
{
    read_line(read, line);
    if (read->status != MS_OK)
        fail_msg("\"%s\": %s", line, read->err.message);
}

static void test_global_options_stand_before_and_after_the_command(void **state)
{
    reading read;

    (void)state;
    expect_good(&read, "--json -o out.json --home=/h list --jobs 4 -q --set a=b --set=c=d --progress none");
    assert_ptr_equal(read.input.command, &cli_command_list);
    assert_true(read.input.globals.json && read.input.globals.quiet);
    assert_false(read.input.globals.verbose || read.input.globals.yes);
    assert_string_equal(read.input.globals.output, "out.json");
    assert_string_equal(read.input.globals.home, "/h");
    assert_true(read.input.globals.jobs.is_set && read.input.globals.jobs.value == 4);
    assert_false(read.input.globals.password_fd.is_set);
    assert_int_equal(read.input.globals.settings.count, 2);
    assert_string_equal(read.input.globals.settings.items[0], "a=b");
    assert_string_equal(read.input.globals.settings.items[1], "c=d");
    assert_string_equal(read.input.globals.progress, "none");
    assert_int_equal(read.input.operand_count, 0);
    cli_input_release(&read.input);
}

static void test_of_a_text_given_twice_the_last_counts(void **state)
{
    reading read;

    (void)state;
    expect_good(&read, "list --home a --home=b");
    assert_string_equal(read.input.globals.home, "b");
    cli_input_release(&read.input);
}

static void test_a_value_may_be_empty_or_look_like_an_option(void **state)
{
    reading read;

    (void)state;
    expect_good(&read, "list --home= --config --json -o -x");
    assert_string_equal(read.input.globals.home, "");
    assert_string_equal(read.input.globals.config, "--json");
    assert_string_equal(read.input.globals.output, "-x");
    assert_false(read.input.globals.json);
    cli_input_release(&read.input);
}

static void test_two_dashes_end_the_options_and_one_is_an_operand(void **state)
{
    reading read;

    (void)state;
    expect_good(&read, "store - --json -- --yes");
    assert_int_equal(read.input.operand_count, 2);
    assert_string_equal(read.input.operands[0], "-");
    assert_string_equal(read.input.operands[1], "--yes");
    assert_true(read.input.globals.json);
    assert_false(read.input.globals.yes);
    cli_input_release(&read.input);
    expect_good(&read, "-- list");
    assert_ptr_equal(read.input.command, &cli_command_list);
    cli_input_release(&read.input);
    expect_good(&read, "store _ --json id --");
    assert_string_equal(read.input.operands[0], "");
    cli_input_release(&read.input);
}

static void test_help_and_version_need_neither_command_nor_operands(void **state)
{
    reading read;

    (void)state;
    expect_good(&read, "--help");
    assert_true(read.input.globals.help && read.input.command == NULL);
    cli_input_release(&read.input);
    expect_good(&read, "store -h");
    assert_true(read.input.globals.help && read.input.command == &cli_command_store);
    cli_input_release(&read.input);
    expect_good(&read, "--version");
    assert_true(read.input.globals.version);
    cli_input_release(&read.input);
}

/* Options of a command are unknown to the others, and before it. */
static void test_what_makes_no_sense_is_named_with_a_way_on(void **state)
{
    static const struct {
        const char *line, *reason, *message, *hint;
    } rows[] = {
            {"", "no_command", "A command is missing", "--help"},
            {"--json", "no_command", "A command is missing", "--help"},
            {"lits", "unknown_command", "\"lits\"", "Did you mean list?"},
            {"LIST", "unknown_command", "\"LIST\"", "--help"},
            {"frobnicate", "unknown_command", "\"frobnicate\"", "See model-storage --help"},
            {"list --al", "unknown_option", "\"--al\" of list", "Did you mean --all?"},
            {"list --jsn", "unknown_option", "\"--jsn\" of list", "Did you mean --json?"},
            {"list --jsn=1", "unknown_option", "\"--jsn\" of list", "Did you mean --json?"},
            {"list -json", "unknown_option", "\"-json\" of list", "Did you mean --json?"},
            {"list -qv", "unknown_option", "\"-qv\"", "See model-storage list --help"},
            {"list -x", "unknown_option", "\"-x\"", "See model-storage list --help"},
            {"list --", NULL, NULL, NULL},
            {"--chunks info a", "unknown_option", "\"--chunks\" before the command", ""},
            {"list --chunks", "unknown_option", "\"--chunks\" of list", ""},
            {"list --json=yes", "option_value", "--json takes no value", ""},
            {"list --home", "option_value", "--home needs a value: DIR", ""},
            {"list -o", "option_value", "--output needs a value: FILE", ""},
            {"list -o -", "option_value", "--output takes a file, not \"-\"", "--json"},
            {"list -o _", "option_value", "--output takes a file, not \"\"", "--json"},
            {"list --out x", "unknown_option", "\"--out\" of list", "Did you mean --output?"},
            {"list --ver", "unknown_option", "\"--ver\" of list", "Did you mean --verbose?"},
            {"veri m", "unknown_command", "\"veri\"", "Did you mean verify?"},
            {"list --password-fd 1024", "option_value", "a number up to 1023", ""},
            {"list --password-fd 0 --password-file f", "option_conflict", "--password-file", ""},
            {"list --jobs four", "option_value", "a number up to 256, not \"four\"", ""},
            {"list --jobs 257", "option_value", "a number up to 256, not \"257\"", ""},
            {"list --jobs 256", NULL, NULL, NULL},
            {"list --jobs 0", NULL, NULL, NULL},
            {"list --jobs=", "option_value", "not \"\"", ""},
            {"list --jobs -1", "option_value", "not \"-1\"", ""},
            {"list --jobs 1e2", "option_value", "not \"1e2\"", ""},
            {"verify a --sample 18446744073709551615", NULL, NULL, NULL},
            {"verify a --sample 18446744073709551616", "option_value", "takes a number, not", ""},
            {"verify a --sample 28446744073709551615", "option_value", "takes a number, not", ""},
            {"list --progress fast", "option_value", "one of auto|bar|json|none, not \"fast\"", ""},
            {"list --progress ba", "option_value", "one of", ""},
            {"list --progress bar|json", "option_value", "one of", ""},
            {"list --progress=", "option_value", "one of", ""},
            {"info a --range 1-x", "option_value", "a range such as 0-99, not \"1-x\"", ""},
            {"info a --range 5-4", "option_value", "a range such as 0-99", ""},
            {"info a --range -4", "option_value", "a range such as 0-99", ""},
            {"info a --range 4-", "option_value", "a range such as 0-99", ""},
            {"info a --range 1-2-3", "option_value", "a range such as 0-99", ""},
            {"info", "operands", "info needs REF", "Usage: model-storage info"},
            {"info a b", "operands", "info does not take the argument \"b\"", "Usage: model-storage info"},
            {"list x", "operands", "list does not take the argument \"x\"", "Usage: model-storage list [OPTION]..."},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        reading read;

        read_line(&read, rows[i].line);
        if (rows[i].reason == NULL ? read.status != MS_OK
                                   : read.status != MS_USAGE || strcmp(read.err.reason, rows[i].reason) != 0 ||
                                             strstr(read.err.message, rows[i].message) == NULL ||
                                             strstr(read.err.hint, rows[i].hint) == NULL)
            fail_msg("\"%s\": %s: %s (%s)", rows[i].line, read.err.reason, read.err.message, read.err.hint);
        cli_input_release(&read.input);
    }
}

static void test_where_a_failure_is_told_is_read_behind_it(void **state)
{
    static const struct {
        const char *line, *output;
        bool json;
    } rows[] = {
            {"list --bogus -o out --json", "out", true},
            {"list -o out --bogus", "out", false},
            {"lits --output=out", "out", false},
            {"list x -o out", "out", false},
            {"store --bogus -n -o x y", NULL, false}, /* it is the name */
            {"list --bogus --jobs x -o out", "out", false},
            {"list --bogus -- -o out", NULL, false},
            {"list --bogus -o -", NULL, false},
            {"list --bogus -o _", NULL, false},
            {"list --bogus -o", NULL, false},
            {"list -o -", NULL, false},
    };

    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        reading read;
        const char *output;

        read_line(&read, rows[i].line);
        output = read.input.globals.output;
        if (read.status != MS_USAGE || read.input.is_whole || read.input.globals.json != rows[i].json ||
                (output == NULL) != (rows[i].output == NULL) ||
                (output != NULL && strcmp(output, rows[i].output) != 0))
            fail_msg("\"%s\": %s", rows[i].line, output != NULL ? output : "(none)");
        cli_input_release(&read.input);
    }
}

static void test_ranges_are_of_one_or_of_many(void **state)
{
    static const struct {
        const char *line;
        uint64_t first, last;
    } rows[] = {
            {"info a --chunks --range 7", 7, 7},
            {"info a --chunks --range 0-0", 0, 0},
            {"info a --chunks --range=10-18446744073709551615", 10, UINT64_MAX},
    };
    const cli_option *option = cli_command_info.options;

    (void)state;
    while (strcmp(option->name, "range") != 0)
        option++;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        reading read;
        const cli_range *range = (const void *)(read.input.values.bytes + option->offset);

        expect_good(&read, rows[i].line);
        assert_true(range->is_set && range->first == rows[i].first && range->last == rows[i].last);
        cli_input_release(&read.input);
    }
}

/* A program that asked for JSON gets the failure as JSON, wherever the word stands. */
static void test_json_is_asked_for_also_behind_what_is_wrong(void **state)
{
    static const struct {
        const char *line;
        bool json;
    } rows[] = {
            {"list --jobs x --json", true},
            {"lits --json", true},
            {"--json lits", true},
            {"lits", false},
            {"lits -- --json", false},
            {"info a b --jsonx", false},
    };
    (void)state;
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        reading read;

        read_line(&read, rows[i].line);
        assert_int_equal(read.status, MS_USAGE);
        if (read.input.globals.json != rows[i].json)
            fail_msg("\"%s\"", rows[i].line);
        cli_input_release(&read.input);
    }
}

static void test_tables_of_options_are_sound(void **state)
{
    (void)state;
    for (const cli_command *const *command = cli_commands; *command != NULL; command++) {
        assert_ptr_equal(cli_command_find((*command)->name), *command);
        assert_true((*command)->values_size <= CLI_VALUES_SIZE_MAX);
        assert_true((*command)->operand_count_min <= (*command)->operand_count_max);
        for (const cli_option *option = (*command)->options; option->name != NULL; option++) {
            assert_true(option->offset < (*command)->values_size);
            assert_true((option->argument == NULL) == (option->kind == CLI_FLAG));
            assert_true((option->choices != NULL) == (option->kind == CLI_CHOICE));
            for (const cli_option *other = cli_global_options; other->name != NULL; other++) {
                if (strcmp(other->name, option->name) == 0 || (option->letter != 0 && option->letter == other->letter))
                    fail_msg("--%s of %s is one of every command", option->name, (*command)->name);
            }
            for (const cli_option *other = option + 1; other->name != NULL; other++) {
                if (strcmp(other->name, option->name) == 0 || (option->letter != 0 && option->letter == other->letter))
                    fail_msg("--%s of %s stands twice", option->name, (*command)->name);
            }
        }
    }
    assert_null(cli_command_find(""));
    assert_null(cli_command_find("lis"));
}

static void test_the_nearest_word_is_offered(void **state)
{
    const char *nearest = NULL;
    size_t edits = 0;

    (void)state;
    cli_offer_nearest("verfy", "retrieve", &nearest, &edits);
    assert_null(nearest);
    cli_offer_nearest("verfy", "verbs", &nearest, &edits);
    assert_string_equal(nearest, "verbs");
    cli_offer_nearest("verfy", "verify", &nearest, &edits);
    assert_string_equal(nearest, "verify");
    cli_offer_nearest("verfy", "verfyy", &nearest, &edits); /* as near, and later */
    assert_string_equal(nearest, "verify");
    nearest = NULL;
    cli_offer_nearest("out", "set", &nearest, &edits);
    assert_string_equal(nearest, "set");
    cli_offer_nearest("out", "output", &nearest, &edits);
    assert_string_equal(nearest, "output");
    nearest = NULL;
    cli_offer_nearest("a-word-that-is-much-longer-than-any-known-one", "list", &nearest, &edits);
    assert_null(nearest);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_global_options_stand_before_and_after_the_command),
            cmocka_unit_test(test_of_a_text_given_twice_the_last_counts),
            cmocka_unit_test(test_a_value_may_be_empty_or_look_like_an_option),
            cmocka_unit_test(test_two_dashes_end_the_options_and_one_is_an_operand),
            cmocka_unit_test(test_help_and_version_need_neither_command_nor_operands),
            cmocka_unit_test(test_what_makes_no_sense_is_named_with_a_way_on),
            cmocka_unit_test(test_where_a_failure_is_told_is_read_behind_it),
            cmocka_unit_test(test_ranges_are_of_one_or_of_many),
            cmocka_unit_test(test_json_is_asked_for_also_behind_what_is_wrong),
            cmocka_unit_test(test_tables_of_options_are_sound),
            cmocka_unit_test(test_the_nearest_word_is_offered),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
