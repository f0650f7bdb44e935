/* store: a file, a folder or a stream becomes the next version of a model. */
#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "fields.h"
#include "interrupt.h"

typedef struct store_values {
    const char *name;
    const char *description;
    cli_texts metadata;
    cli_texts include;
    cli_texts exclude;
    bool no_default_excludes;
    bool digest;
    bool new_version;
} store_values;

static const cli_option store_options[] = {
        {.name = "name",
                .letter = 'n',
                .kind = CLI_TEXT,
                .argument = "TEXT",
                .offset = offsetof(store_values, name),
                .help = "name for people (else that of the newest version,\nelse the base name of "
                        "PATH)"},
        {.name = "description",
                .letter = 'd',
                .kind = CLI_TEXT,
                .argument = "TEXT",
                .offset = offsetof(store_values, description),
                .help = "description (else that of the newest version)"},
        {.name = "meta",
                .kind = CLI_TEXTS,
                .argument = "K=V",
                .offset = offsetof(store_values, metadata),
                .help = "metadata; again for more, replaces what there was"},
        {.name = "include",
                .kind = CLI_TEXTS,
                .argument = "GLOB",
                .offset = offsetof(store_values, include),
                .help = "store only what matches; again for more"},
        {.name = "exclude",
                .kind = CLI_TEXTS,
                .argument = "GLOB",
                .offset = offsetof(store_values, exclude),
                .help = "leave out what matches; again for more"},
        {.name = "no-default-excludes",
                .kind = CLI_FLAG,
                .offset = offsetof(store_values, no_default_excludes),
                .help = "also store .cache/huggingface/; .git and partial\nfiles are then refused instead of left out"},
        {.name = "digest",
                .kind = CLI_FLAG,
                .offset = offsetof(store_values, digest),
                .help = "also record the SHA-256 of every whole file"},
        {.name = "new-version",
                .kind = CLI_FLAG,
                .offset = offsetof(store_values, new_version),
                .help = "a new version even when nothing changed"},
        {0},
};

/* Standard input, until it ends or a signal comes. */
static ms_status read_stdin(void *payload, void *data, size_t size_max, size_t *size)
{
    cli_session *session = payload;

    *size = 0;
    for (;;) {
        struct pollfd ready[] = {
                {.fd = STDIN_FILENO, .events = POLLIN},
                {.fd = cli_interrupt_descriptor(), .events = POLLIN},
        };
        ssize_t got;

        if (poll(ready, 2, -1) < 0 && errno != EINTR && errno != EAGAIN)
            break;
        if (cli_interrupted())
            return MS_INTERRUPTED;
        if (ready[0].revents == 0)
            continue;
        got = read(STDIN_FILENO, data, size_max); /* allowed: no platform up here */
        if (got >= 0) {
            *size = (size_t)got;
            return MS_OK;
        }
        if (errno != EINTR && errno != EAGAIN)
            break;
    }
    session->has_own_error = true;
    return cli_fail_errno(&session->error, errno, "stdin", "Cannot read the standard input");
}

/* Splits K=V in place of a copy; pairs and copies are freed by free_metadata. */
static ms_status read_metadata(
        cli_session *session, const cli_texts *texts, ms_pair **pairs, char **copies)
{
    *pairs = calloc(texts->count + 1, sizeof(**pairs));
    if (*pairs == NULL)
        return cli_fail(&session->error, MS_NO_MEMORY, "no_memory", "No memory for metadata");
    for (size_t i = 0; i < texts->count; i++) {
        const char *equals = strchr(texts->items[i], '=');

        if (equals == NULL || equals == texts->items[i])
            return cli_fail(&session->error, MS_USAGE, "option_value",
                    "--meta takes KEY=VALUE, not \"%s\"", texts->items[i]);
        copies[i] = strndup(texts->items[i], (size_t)(equals - texts->items[i]));
        if (copies[i] == NULL)
            return cli_fail(&session->error, MS_NO_MEMORY, "no_memory", "No memory for metadata");
        (*pairs)[i] = (ms_pair){.key = copies[i], .value = equals + 1};
    }
    return MS_OK;
}

static void print_store(cli_session *session, const ms_store_result *result)
{
    cli_text_add(&session->line, result->unchanged ? "Unchanged: " : "Stored ");
    cli_add_name(&session->line, result->model_id, result->version, result->manifest_cid);
    if (result->unchanged)
        cli_text_add(&session->line, " is this already");
    (void)cli_session_print(session);
    cli_field(session, "name", result->name);
    cli_field_size(session, "size", result->total_size);
    cli_field_counts(session, "content", result->file_count, true, result->chunk_count);
    cli_text_printf(&session->line, "  %-13s", "new here");
    cli_text_count(&session->line, result->new_chunks, "chunk");
    cli_text_add(&session->line, ", ");
    cli_text_size(&session->line, result->new_bytes);
    (void)cli_session_print(session);
    cli_field(session, "root", result->root_cid);
    cli_field(session, "chunk root", result->chunk_root);
    cli_field(session, "state", result->state);
    cli_paste_line(
            session, result->publisher, result->model_id, result->version, result->manifest_cid);
}

static ms_status check_stdin(cli_session *session)
{
    const cli_descriptor *password = &session->password.fd;

    if (password->is_set && password->number == STDIN_FILENO)
        return cli_fail(&session->error, MS_USAGE, "option_conflict",
                "The model and the password cannot both come from the standard input");
    if (session->is_closed[STDIN_FILENO])
        return cli_fail_errno(&session->error, EBADF, "stdin", "Cannot read the standard input");
    return MS_OK;
}

static ms_status run_store_with(
        cli_session *session, const cli_input *input, const ms_pair *metadata)
{
    const store_values *values = (const store_values *)(const void *)&input->values;
    ms_store_options options = MS_STORE_OPTIONS_INIT;
    ms_operation *operation = NULL;
    const ms_store_result *result;
    ms_status status;

    if (strncmp(input->operands[0], "ipfs://", 7) == 0)
        return cli_fail(&session->error, MS_USAGE, "path_scheme",
                "PATH is a file, a directory or -, not %s", input->operands[0]);
    if (strcmp(input->operands[0], "-") == 0) {
        status = check_stdin(session);
        if (status != MS_OK)
            return status;
        options.read = read_stdin;
        options.read_payload = session;
    } else {
        options.path = input->operands[0];
    }
    options.model_id = input->operands[1];
    options.name = values->name;
    options.description = values->description;
    options.metadata = values->metadata.count > 0 ? metadata : NULL;
    options.metadata_count = values->metadata.count;
    options.include = values->include.items;
    options.include_count = values->include.count;
    options.exclude = values->exclude.items;
    options.exclude_count = values->exclude.count;
    options.no_default_excludes = values->no_default_excludes;
    options.digest = values->digest;
    options.new_version = values->new_version;
    status = cli_session_open(session);
    if (status == MS_OK)
        status = CLI_RUN(session, store, &operation, &options);
    result = ms_operation_store_result(operation);
    if (cli_session_is_human(session) && result != NULL &&
            (status == MS_OK || status == MS_PARTIAL))
        print_store(session, result);
    cli_session_free(operation);
    return status;
}

static ms_status run_store(cli_session *session, const cli_input *input)
{
    const store_values *values = (const store_values *)(const void *)&input->values;
    char **copies = calloc(values->metadata.count + 1, sizeof(*copies));
    ms_pair *metadata = NULL;
    ms_status status;

    if (copies == NULL)
        return cli_fail(&session->error, MS_NO_MEMORY, "no_memory", "No memory for metadata");
    status = read_metadata(session, &values->metadata, &metadata, copies);
    if (status == MS_OK)
        status = run_store_with(session, input, metadata);
    for (size_t i = 0; i < values->metadata.count; i++)
        free(copies[i]);
    free(copies);
    free(metadata);
    return status;
}

const cli_command cli_command_store = {
        .name = "store",
        .operands = "PATH MODEL_ID",
        .operand_count_min = 2,
        .operand_count_max = 2,
        .path_operands = 1u << 0,
        .source_operands = 1u << 0,
        .summary = "Store a file or directory as the next version of a model",
        .details =
                "PATH is a file, a directory, or - for the standard input. MODEL_ID is 1 to\n"
                "128 characters of A-Z a-z 0-9 . _ / and -. Storing what the newest version\n"
                "is already makes no new one. The last line shown is for a colleague: the\n"
                "full name, and the CID of the manifest. Either of the two is a REF.",
        .options = store_options,
        .values_size = sizeof(store_values),
        .examples = "model-storage store ./llama llama\n"
                    "model-storage store model.gguf org/model -n \"My model\" --meta license=mit\n"
                    "zcat weights.gz | model-storage store - weights",
        .exit_codes = "0 1 2 3 4 5 7 8 9 10 11 12 130",
        .run = run_store,
};
