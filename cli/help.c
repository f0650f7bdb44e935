/* What --help shows, made from the tables of commands and options. */
#include "help.h"

#include <stdlib.h>
#include <string.h>

#include "command.h"

#define COLUMN 28 /* where explanations of options begin */

typedef struct meaning {
    int code;
    const char *text;
} meaning;

static const meaning meanings[] = {
        {0, "done"},
        {1, "a defect of the program"},
        {2, "the command makes no sense as given; nothing was changed"},
        {3, "part of it is done and kept, the rest is not"},
        {4, "bytes or a record are not what their hash or signature says, or missing"},
        {5, "no such model, version or file"},
        {7, "another process published that version, with other bytes"},
        {8, "another process holds what is needed"},
        {9, "disk or I/O: no space, no permission, output cannot be written"},
        {10, "a key or password is missing, wrong or not protected well enough"},
        {11, "input does not follow its format"},
        {12, "over a limit"},
        {130, "interrupted"},
};

/* lines with every line after the first indented to column. */
static void add_lines(cli_text *text, const char *lines, size_t column)
{
    for (;;) {
        size_t size = strcspn(lines, "\n");

        cli_text_append(text, lines, size);
        cli_text_add(text, "\n");
        if (lines[size] == '\0')
            return;
        lines += size + 1;
        cli_text_pad(text, column);
    }
}

static void add_option(cli_text *text, const cli_option *option)
{
    size_t start = text->size;

    if (option->letter != 0)
        cli_text_printf(text, "  -%c, --%s", option->letter, option->name);
    else
        cli_text_printf(text, "      --%s", option->name);
    if (option->argument != NULL)
        cli_text_printf(text, " %s", option->argument);
    if (text->size - start > COLUMN - 2) {
        cli_text_add(text, "\n");
        start = text->size;
    }
    cli_text_pad(text, COLUMN - (text->size - start));
    add_lines(text, option->help, COLUMN);
}

static void add_options(cli_text *text, const char *title, const cli_option *options)
{
    if (options->name == NULL)
        return;
    cli_text_printf(text, "\n%s:\n", title);
    for (; options->name != NULL; options++)
        add_option(text, options);
}

static void add_exit_codes(cli_text *text, const char *codes)
{
    char *end;

    cli_text_add(text, "\nExit codes:\n");
    for (; *codes != '\0'; codes = end) {
        long code = strtol(codes, &end, 10);

        for (size_t i = 0; i < sizeof(meanings) / sizeof(meanings[0]); i++) {
            if (meanings[i].code == code)
                cli_text_printf(text, "  %3ld  %s\n", code, meanings[i].text);
        }
    }
}

static void help_command(cli_text *text, const cli_command *command)
{
    cli_text_printf(text, "Usage: model-storage %s [OPTION]...%s%s\n\n%s.\n", command->name,
            *command->operands != '\0' ? " " : "", command->operands, command->summary);
    if (*command->details != '\0') {
        cli_text_add(text, "\n");
        add_lines(text, command->details, 0);
    }
    add_options(text, "Options", command->options);
    add_options(text, "Options of every command", cli_global_options);
    cli_text_add(text, "\nExamples:\n  ");
    add_lines(text, command->examples, 2);
    add_exit_codes(text, command->exit_codes);
}

void cli_help(cli_text *text, const cli_command *command)
{
    if (command != NULL) {
        help_command(text, command);
        return;
    }
    cli_text_add(text,
            "Usage: model-storage COMMAND [OPTION]...\n"
            "       model-storage COMMAND --help\n"
            "\n"
            "Store AI models once, under one provable identity, and fetch exactly those\nbytes.\n"
            "\n"
            "Commands:\n");
    for (const cli_command *const *entry = cli_commands; *entry != NULL; entry++)
        cli_text_printf(text, "  %-12s%s\n", (*entry)->name, (*entry)->summary);
    add_options(text, "Options of every command, before or after it", cli_global_options);
    cli_text_add(text,
            "\n"
            "A model is named by its id (my-model, my-model@3), with its publisher\n"
            "(0x.../my-model@3), or by the CID of its manifest. \"--\" ends the options.\n"
            "\nExamples:\n"
            "  model-storage store ./llama llama\n"
            "  model-storage retrieve llama ./copy\n"
            "  model-storage verify llama\n");
    add_exit_codes(text, "0 1 2 3 4 5 7 8 9 10 11 12 130");
}
