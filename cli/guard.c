/* Where the result of a command must not be written: it replaces what stands there. */
#include "guard.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "command.h"
#include "failure.h"
#include "place.h"

typedef struct guarding {
    const cli_input *input;
    const char *place;
    ms_error *err;
} guarding;

static ms_status refuse(const guarding *guard, const char *why, const char *path)
{
    (void)cli_fail(guard->err, MS_USAGE, "output_conflict",
            "The result cannot be written to %s: %s%s", guard->input->globals.output, why, path);
    cli_set_path(guard->err, guard->input->globals.output);
    cli_set_hint(guard->err, "Name another file after -o");
    return MS_USAGE;
}

/* with_inside: nor in it, when it is a folder. */
static ms_status keep_from(
        const guarding *guard, const char *path, bool with_inside, const char *why)
{
    char *kept = path != NULL && *path != '\0' ? cli_place_resolve(path) : NULL;
    bool is_hit = kept != NULL && (cli_place_holds(guard->place, kept) ||
                                          (with_inside && cli_place_holds(kept, guard->place)));

    free(kept);
    return is_hit ? refuse(guard, why, path) : MS_OK;
}

/* A file that the shell gave us as standard input or output would be replaced under its feet. */
static ms_status keep_from_streams(const guarding *guard)
{
    struct stat place;
    struct stat stream;

    if (stat(guard->place, &place) != 0)
        return MS_OK;
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
        static const char *const names[] = {"input", "output", "error"};

        if (fstat(fd, &stream) == 0 && S_ISREG(stream.st_mode) && stream.st_dev == place.st_dev &&
                stream.st_ino == place.st_ino)
            return refuse(guard, "it is the file of the standard ", names[fd]);
    }
    return MS_OK;
}

static ms_status keep_from_options(
        const guarding *guard, const cli_option *options, const void *values)
{
    ms_status status = MS_OK;

    for (; status == MS_OK && options->name != NULL; options++) {
        const void *value = (const unsigned char *)values + options->offset;

        if (!options->is_path)
            continue;
        if (options->kind == CLI_TEXT)
            status = keep_from(guard, *(const char *const *)value, false, "the command uses ");
        for (size_t i = 0; options->kind == CLI_TEXTS && status == MS_OK &&
                           i < ((const cli_texts *)value)->count;
                i++)
            status = keep_from(
                    guard, ((const cli_texts *)value)->items[i], false, "the command uses ");
    }
    return status;
}

static ms_status keep_from_operands(const guarding *guard)
{
    const cli_input *input = guard->input;
    const cli_command *command = input->command;
    ms_status status = MS_OK;

    for (size_t i = 0; status == MS_OK && i < input->operand_count; i++) {
        const char *operand = input->operands[i];

        if ((command->path_operands >> i & 1) == 0 || strcmp(operand, "-") == 0)
            continue;
        status = keep_from(guard, operand, false, "the command uses ");
        if (status == MS_OK && (command->source_operands >> i & 1) != 0)
            status = keep_from(guard, operand, true, "it would be stored as part of ");
    }
    return status;
}

static ms_status keep_from_words(const guarding *guard)
{
    const cli_input *input = guard->input;
    ms_status status = MS_OK;

    for (int i = 1; status == MS_OK && i < input->argc; i++) {
        const char *word = input->argv[i];
        const char *value = strncmp(word, "--", 2) == 0 ? strchr(word, '=') : NULL;

        word = value != NULL ? value + 1 : word;
        if (word != input->globals.output)
            status = keep_from(guard, word, false, "the command uses ");
    }
    return status;
}

static bool is_folder(const char *parent, const char *name)
{
    cli_text path = {0};
    struct stat about;
    bool is_there;

    cli_text_printf(&path, "%s/%s", parent, name);
    is_there = stat(cli_text_get(&path), &about) == 0 && S_ISDIR(about.st_mode);
    cli_text_release(&path);
    return is_there;
}

/* Any home, by what stands in it: not only the one in use, and also when that is not known. */
static ms_status keep_from_homes(const guarding *guard)
{
    char *folder = strdup(guard->place);
    ms_status status = MS_OK;

    if (folder == NULL)
        return cli_fail(guard->err, MS_NO_MEMORY, "no_memory", "No memory for a path");
    for (char *end = strrchr(folder, '/'); status == MS_OK && end != NULL && end != folder;
            end = strrchr(folder, '/')) {
        *end = '\0';
        if (is_folder(folder, "locks") &&
                (is_folder(folder, "blocks") || is_folder(folder, "keystore")))
            status = refuse(guard, "it lies in the home ", folder);
    }
    free(folder);
    return status;
}

/* As the configuration decides it where no file says otherwise. */
static ms_status keep_from_likely_home(const guarding *guard)
{
    const char *home = guard->input->globals.home;
    const char *data = getenv("XDG_DATA_HOME");
    const char *user = getenv("HOME");
    cli_text path = {0};
    ms_status status;

    if (home == NULL)
        home = getenv("MODEL_STORAGE_HOME");
    if (home != NULL && *home != '\0')
        cli_text_add(&path, home);
    else if (data != NULL && *data == '/')
        cli_text_printf(&path, "%s/model-storage", data);
    else if (user != NULL && *user == '/')
        cli_text_printf(&path, "%s/.local/share/model-storage", user);
    status = keep_from(guard, cli_text_get(&path), true, "it lies in the home ");
    cli_text_release(&path);
    return status;
}

ms_status cli_guard_result(const cli_input *input, const char *place, const char *home,
        const char *config, ms_error *err)
{
    const guarding guard = {.input = input, .place = place, .err = err};
    ms_status status = keep_from_streams(&guard);

    if (status == MS_OK)
        status = keep_from_homes(&guard);
    if (status == MS_OK && home != NULL)
        status = keep_from(&guard, home, true, "it lies in the home ");
    else if (status == MS_OK)
        status = keep_from_likely_home(&guard);
    if (status == MS_OK)
        status = keep_from(
                &guard, home != NULL ? config : getenv("CONFIG_PATH"), false, "the command uses ");
    if (status == MS_OK)
        status = keep_from_options(&guard, cli_global_options, &input->globals);
    if (status == MS_OK && input->is_whole && input->command != NULL)
        status = keep_from_options(&guard, input->command->options, &input->values);
    if (status == MS_OK && input->is_whole && input->command != NULL)
        status = keep_from_operands(&guard);
    else if (status == MS_OK)
        status = keep_from_words(&guard);
    return status;
}
