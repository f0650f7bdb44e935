/* Reading the command line by tables of options. */
#include "options.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "failure.h"

const cli_option cli_global_options[] = {
        {.name = "output",
                .letter = 'o',
                .kind = CLI_TEXT,
                .argument = "FILE",
                .offset = offsetof(cli_globals, output),
                .help = "also write the JSON result to FILE, at the end; a\nfailure too"},
        {.name = "config",
                .kind = CLI_TEXT,
                .argument = "FILE",
                .offset = offsetof(cli_globals, config),
                .is_path = true,
                .help = "configuration file (else CONFIG_PATH, else\nconfig.json in the home)"},
        {.name = "home",
                .kind = CLI_TEXT,
                .argument = "DIR",
                .offset = offsetof(cli_globals, home),
                .help = "where everything is kept (else MODEL_STORAGE_HOME,\n"
                        "else ~/.local/share/model-storage)"},
        {.name = "set",
                .kind = CLI_TEXTS,
                .argument = "KEY=VALUE",
                .offset = offsetof(cli_globals, settings),
                .help = "a configuration value for this run; again for more"},
        {.name = "json",
                .kind = CLI_FLAG,
                .offset = offsetof(cli_globals, json),
                .help = "the result as one JSON object on stdout"},
        {.name = "quiet",
                .letter = 'q',
                .kind = CLI_FLAG,
                .offset = offsetof(cli_globals, quiet),
                .help = "no progress and no notices on stderr"},
        {.name = "verbose",
                .letter = 'v',
                .kind = CLI_FLAG,
                .offset = offsetof(cli_globals, verbose),
                .help = "more about what is done and with which files\n(also DEBUG=1)"},
        {.name = "progress",
                .kind = CLI_CHOICE,
                .argument = "KIND",
                .offset = offsetof(cli_globals, progress),
                .choices = "auto|bar|json|none",
                .help = "auto, bar (both on a terminal only), json (lines on\nstderr) or none"},
        {.name = "jobs",
                .kind = CLI_NUMBER,
                .argument = "N",
                .offset = offsetof(cli_globals, jobs),
                .maximum = 256,
                .help = "worker threads; 0 = the processors available"},
        {.name = "password-file",
                .kind = CLI_TEXT,
                .argument = "FILE",
                .offset = offsetof(cli_globals, password_file),
                .is_path = true,
                .help = "file (mode 0600) with the password of a key"},
        {.name = "password-fd",
                .kind = CLI_DESCRIPTOR,
                .argument = "N",
                .offset = offsetof(cli_globals, password_fd),
                .maximum = 1023,
                .help = "open descriptor to read that password from"},
        {.name = "yes",
                .kind = CLI_FLAG,
                .offset = offsetof(cli_globals, yes),
                .help = "answer yes to what would be asked"},
        {.name = "help",
                .letter = 'h',
                .kind = CLI_FLAG,
                .offset = offsetof(cli_globals, help),
                .help = "show this and exit"},
        {.name = "version",
                .kind = CLI_FLAG,
                .offset = offsetof(cli_globals, version),
                .help = "show the version and exit"},
        {0},
};

#define WORD_SIZE_MAX 32

/* Insertions, deletions and replacements that turn a into b. */
static size_t edit_distance(const char *a, const char *b)
{
    size_t row[WORD_SIZE_MAX + 1];
    size_t a_size = strlen(a);
    size_t b_size = strlen(b);

    if (a_size > WORD_SIZE_MAX || b_size > WORD_SIZE_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];

        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            size_t replaced = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
            size_t other = (row[j] < row[j - 1] ? row[j] : row[j - 1]) + 1;

            diagonal = row[j];
            row[j] = replaced < other ? replaced : other;
        }
    }
    return row[b_size];
}

void cli_offer_nearest(const char *word, const char *candidate, const char **nearest, size_t *edits)
{
    size_t size = strlen(word);
    /* The beginning of a name is as near to it as a slip of one key. */
    size_t distance =
            size > 1 && strncmp(word, candidate, size) == 0 ? 1 : edit_distance(word, candidate);
    size_t most = size / 3 + 1;

    if (distance > most || (*nearest != NULL && distance >= *edits))
        return;
    *nearest = candidate;
    *edits = distance;
}

const cli_command *cli_command_find(const char *name)
{
    for (const cli_command *const *command = cli_commands; *command != NULL; command++) {
        if (strcmp((*command)->name, name) == 0)
            return *command;
    }
    return NULL;
}

static ms_status fail_command(const char *name, ms_error *err)
{
    const char *nearest = NULL;
    size_t edits = 0;

    (void)cli_fail(err, MS_USAGE, "unknown_command", "There is no command \"%s\"", name);
    for (const cli_command *const *command = cli_commands; *command != NULL; command++)
        cli_offer_nearest(name, (*command)->name, &nearest, &edits);
    if (nearest != NULL)
        cli_set_hint(err, "Did you mean %s?", nearest);
    else
        cli_set_hint(err, "See model-storage --help");
    return MS_USAGE;
}

/* name has name_size bytes and is given without dashes; letter is for "-x". */
static const cli_option *find_in(
        const cli_option *options, const char *name, size_t name_size, char letter)
{
    for (; options->name != NULL; options++) {
        if (letter != 0 ? options->letter == letter
                        : strlen(options->name) == name_size &&
                                  memcmp(options->name, name, name_size) == 0)
            return options;
    }
    return NULL;
}

static ms_status fail_option(const cli_input *input, const char *argument, ms_error *err)
{
    const char *nearest = NULL;
    size_t edits = 0;
    size_t size = strcspn(argument, "=");
    char word[64];

    (void)cli_fail(err, MS_USAGE, "unknown_option", "There is no option \"%.*s\"%s%s", (int)size,
            argument, input->command != NULL ? " of " : " before the command",
            input->command != NULL ? input->command->name : "");
    if (size > 2 && size < sizeof(word)) {
        memcpy(word, argument + 2, size - 2);
        word[size - 2] = '\0';
        for (const cli_option *option = cli_global_options; option->name != NULL; option++)
            cli_offer_nearest(word, option->name, &nearest, &edits);
        for (const cli_option *option = input->command != NULL ? input->command->options : NULL;
                option != NULL && option->name != NULL; option++)
            cli_offer_nearest(word, option->name, &nearest, &edits);
    }
    if (nearest != NULL)
        cli_set_hint(err, "Did you mean --%s?", nearest);
    else
        cli_set_hint(err, "See model-storage%s%s --help", input->command != NULL ? " " : "",
                input->command != NULL ? input->command->name : "");
    return MS_USAGE;
}

/* Decimal digits up to maximum (0 = any); false for anything else. */
static bool read_number(const char *text, size_t size, uint64_t maximum, uint64_t *number)
{
    *number = 0;
    if (size == 0)
        return false;
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(*number, 10u, number) ||
                __builtin_add_overflow(*number, (uint64_t)(text[i] - '0'), number))
            return false;
    }
    return maximum == 0 || *number <= maximum;
}

static bool read_range(const char *text, cli_range *range)
{
    size_t size = strcspn(text, "-");
    const char *last = text[size] == '-' ? text + size + 1 : text;

    range->is_set = read_number(text, size, 0, &range->first) &&
                    read_number(last, strlen(last), 0, &range->last) && range->first <= range->last;
    return range->is_set;
}

static bool is_choice(const char *choices, const char *text)
{
    size_t size = strlen(text);

    for (;;) {
        size_t choice_size = strcspn(choices, "|");

        if (choice_size == size && memcmp(choices, text, size) == 0)
            return true;
        if (choices[choice_size] == '\0')
            return false;
        choices += choice_size + 1;
    }
}

static ms_status fail_value(
        const cli_option *option, const char *what, const char *text, ms_error *err)
{
    return cli_fail(
            err, MS_USAGE, "option_value", "--%s takes %s, not \"%s\"", option->name, what, text);
}

/* A list can never be longer than the command line, so it is made once. */
static ms_status add_text(cli_texts *texts, const char *text, int argc, ms_error *err)
{
    if (texts->items == NULL)
        texts->items = calloc((size_t)argc, sizeof(*texts->items));
    if (texts->items == NULL)
        return cli_fail(err, MS_NO_MEMORY, "no_memory", "No memory for the command line");
    texts->items[texts->count++] = text;
    return MS_OK;
}

static ms_status set_number(
        const cli_option *option, cli_number *number, const char *text, ms_error *err)
{
    number->is_set = read_number(text, strlen(text), option->maximum, &number->value);
    if (number->is_set)
        return MS_OK;
    if (option->maximum == 0)
        return fail_value(option, "a number", text, err);
    return cli_fail(err, MS_USAGE, "option_value", "--%s takes a number up to %llu, not \"%s\"",
            option->name, (unsigned long long)option->maximum, text);
}

static ms_status set_descriptor(
        const cli_option *option, cli_descriptor *descriptor, const char *text, ms_error *err)
{
    cli_number number;
    ms_status status = set_number(option, &number, text, err);

    descriptor->is_set = number.is_set;
    descriptor->number = (int)number.value;
    descriptor->was_open = number.is_set && fcntl(descriptor->number, F_GETFD) != -1;
    return status;
}

static ms_status set_value(
        const cli_option *option, void *values, const char *text, int argc, ms_error *err)
{
    void *place = (unsigned char *)values + option->offset;

    switch (option->kind) {
    case CLI_FLAG:
        *(bool *)place = true;
        return MS_OK;
    case CLI_TEXT:
        *(const char **)place = text;
        return MS_OK;
    case CLI_TEXTS:
        return add_text(place, text, argc, err);
    case CLI_CHOICE:
        if (!is_choice(option->choices, text)) {
            cli_text what = {0};

            cli_text_printf(&what, "one of %s", option->choices);
            (void)fail_value(option, cli_text_get(&what), text, err);
            cli_text_release(&what);
            return MS_USAGE;
        }
        *(const char **)place = text;
        return MS_OK;
    case CLI_NUMBER:
        return set_number(option, place, text, err);
    case CLI_DESCRIPTOR:
        return set_descriptor(option, place, text, err);
    case CLI_RANGE:
        if (!read_range(text, place))
            return fail_value(option, "a range such as 0-99", text, err);
        return MS_OK;
    }
    return MS_INTERNAL; /* no such kind */
}

/* The option at argv[*index]; moves *index to its value when that stands by itself. */
static ms_status read_option(cli_input *input, int argc, char **argv, int *index, ms_error *err)
{
    const char *argument = argv[*index];
    bool is_long = argument[1] == '-';
    const char *name = argument + (is_long ? 2 : 1);
    size_t name_size = is_long ? strcspn(name, "=") : 1;
    char letter = 0;
    const char *value = is_long && name[name_size] == '=' ? name + name_size + 1 : NULL;
    void *values = &input->globals;
    const cli_option *option = NULL;

    if (!is_long)
        letter = *name;
    if (is_long || name[1] == '\0') {
        option = find_in(cli_global_options, name, name_size, letter);
        if (option == NULL && input->command != NULL) {
            option = find_in(input->command->options, name, name_size, letter);
            values = &input->values;
        }
    }
    if (option == NULL)
        return fail_option(input, argument, err);
    if (option->kind == CLI_FLAG) {
        if (value != NULL)
            return cli_fail(err, MS_USAGE, "option_value", "--%s takes no value", option->name);
    } else if (value == NULL) {
        if (*index + 1 >= argc)
            return cli_fail(err, MS_USAGE, "option_value", "--%s needs a value: %s", option->name,
                    option->argument);
        value = argv[++*index];
    }
    return set_value(option, values, value, argc, err);
}

static ms_status read_word(cli_input *input, const char *word, ms_error *err)
{
    if (input->command == NULL && !input->globals.help && strcmp(word, "help") == 0) {
        input->globals.help = true; /* "help store" is "store --help" */
        return MS_OK;
    }
    if (input->command == NULL) {
        input->command = cli_command_find(word);
        return input->command != NULL ? MS_OK : fail_command(word, err);
    }
    input->operands[input->operand_count++] = word;
    return MS_OK;
}

/* The line that store and info end with, pasted whole. */
static bool is_pasted_line(const char *name, const char *cid)
{
    return strncmp(name, "0x", 2) == 0 && strchr(name, '/') != NULL && strncmp(cid, "bafy", 4) == 0;
}

static ms_status check_operands(const cli_input *input, ms_error *err)
{
    const cli_command *command = input->command;

    if (input->operand_count < command->operand_count_min)
        (void)cli_fail(err, MS_USAGE, "operands", "%s needs %s", command->name, command->operands);
    else if (input->operand_count > command->operand_count_max)
        (void)cli_fail(err, MS_USAGE, "operands", "%s does not take the argument \"%s\"",
                command->name, input->operands[command->operand_count_max]);
    else
        return MS_OK;
    if (input->operands[0] != NULL && input->operands[1] != NULL &&
            is_pasted_line(input->operands[0], input->operands[1])) {
        cli_set_hint(err, "A name and the CID of its manifest are two ways to say REF: give one");
        return MS_USAGE;
    }
    cli_set_hint(err, "Usage: model-storage %s [OPTION]...%s%s", command->name,
            *command->operands != '\0' ? " " : "", command->operands);
    return MS_USAGE;
}

static bool is_file_name(const char *output)
{
    return output != NULL && *output != '\0' && strcmp(output, "-") != 0;
}

static ms_status check_globals(const cli_globals *globals, ms_error *err)
{
    if (globals->output != NULL && !is_file_name(globals->output)) {
        (void)cli_fail(err, MS_USAGE, "option_value", "--output takes a file, not \"%s\"",
                globals->output);
        cli_set_hint(err, "--json puts the result on the standard output");
        return MS_USAGE;
    }
    if (globals->password_file != NULL && globals->password_fd.is_set)
        return cli_fail(err, MS_USAGE, "option_conflict",
                "--password-file and --password-fd are two passwords");
    return MS_OK;
}

static bool asks_for_json(int argc, char **argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (strcmp(argv[i], "--json") == 0)
            return true;
    }
    return false;
}

/* From index on, behind what made no sense: where the failure is to be told. */
static void read_rest(cli_input *input, int index)
{
    ms_error ignored = MS_ERROR_INIT;

    for (; index < input->argc && strcmp(input->argv[index], "--") != 0; index++) {
        const char *word = input->argv[index];

        if (word[0] == '-' && word[1] != '\0' &&
                read_option(input, input->argc, input->argv, &index, &ignored) != MS_OK)
            ignored = (ms_error)MS_ERROR_INIT; /* the first failure is the one that is told */
    }
    input->globals.json = input->globals.json || asks_for_json(input->argc, input->argv);
    if (!is_file_name(input->globals.output))
        input->globals.output = NULL;
}

ms_status cli_input_read(cli_input *input, int argc, char **argv, ms_error *err)
{
    bool options_ended = false;
    ms_status status = MS_OK;
    int i = 1;

    *input = (cli_input){.argc = argc, .argv = argv};
    input->operands = calloc((size_t)argc + 1, sizeof(*input->operands));
    if (input->operands == NULL)
        return cli_fail(err, MS_NO_MEMORY, "no_memory", "No memory for the command line");
    for (; status == MS_OK && i < argc; i++) {
        if (options_ended || argv[i][0] != '-' || argv[i][1] == '\0')
            status = read_word(input, argv[i], err);
        else if (strcmp(argv[i], "--") == 0)
            options_ended = true;
        else
            status = read_option(input, argc, argv, &i, err);
    }
    if (status == MS_OK && !input->globals.help && !input->globals.version) {
        if (input->command != NULL) {
            status = check_operands(input, err);
        } else {
            status = cli_fail(err, MS_USAGE, "no_command", "A command is missing");
            cli_set_hint(err, "See model-storage --help");
        }
    }
    if (status == MS_OK)
        status = check_globals(&input->globals, err);
    input->is_whole = status == MS_OK;
    if (status != MS_OK)
        read_rest(input, options_ended ? argc : i);
    return status;
}

static void release_lists(const cli_option *options, void *values)
{
    for (; options->name != NULL; options++) {
        cli_texts *texts = (void *)((unsigned char *)values + options->offset);

        if (options->kind == CLI_TEXTS)
            free(texts->items);
    }
}

void cli_input_release(cli_input *input)
{
    release_lists(cli_global_options, &input->globals);
    if (input->command != NULL)
        release_lists(input->command->options, &input->values);
    free(input->operands);
    *input = (cli_input){0};
}
