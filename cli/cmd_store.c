#include <stdlib.h>
#include <string.h>

#include "output.h"
#include "session.h"

typedef struct store_values {
    const char *name;
    const char *description;
    cli_texts meta;
    cli_texts include;
    cli_texts exclude;
    bool no_default_excludes;
    bool digest;
    bool new_version;
} store_values;

static const cli_option options[] = {
        {.name = "name", .letter = 'n', .kind = CLI_TEXT, .argument = "NAME", .offset = offsetof(store_values, name),
                .help = "name for people (else that of the newest version,\nelse that of PATH)"},
        {.name = "description", .letter = 'd', .kind = CLI_TEXT, .argument = "TEXT",
                .offset = offsetof(store_values, description), .help = "what the model is"},
        {.name = "meta", .kind = CLI_TEXTS, .argument = "KEY=VALUE", .offset = offsetof(store_values, meta),
                .help = "metadata; again for more; replaces all of it"},
        {.name = "include", .kind = CLI_TEXTS, .argument = "GLOB", .offset = offsetof(store_values, include),
                .help = "store only what matches; again for more"},
        {.name = "exclude", .kind = CLI_TEXTS, .argument = "GLOB", .offset = offsetof(store_values, exclude),
                .help = "leave out what matches; again for more"},
        {.name = "no-default-excludes", .kind = CLI_FLAG, .offset = offsetof(store_values, no_default_excludes),
                .help = "also .git, .cache/huggingface, unfinished files"},
        {.name = "digest", .kind = CLI_FLAG, .offset = offsetof(store_values, digest),
                .help = "also record the SHA-256 of every whole file"},
        {.name = "new-version", .kind = CLI_FLAG, .offset = offsetof(store_values, new_version),
                .help = "a new version even when nothing has changed"},
        {0},
};

/* The stream of "store -". */
static ms_status read_stdin(void *payload, void *data, size_t size_max, size_t *size)
{
    (void)payload;
    *size = fread(data, 1, size_max, stdin);
    return *size == 0 && ferror(stdin) != 0 ? MS_IO : MS_OK;
}

static ms_status read_metadata(cli_session *session, const cli_texts *texts, ms_pair *pairs, char **copies)
{
    for (size_t i = 0; i < texts->count; i++) {
        const char *equals = strchr(texts->items[i], '=');

        if (equals == NULL || equals == texts->items[i])
            return cli_fail(&session->error, MS_USAGE, "meta_form", "--meta takes KEY=VALUE, not \"%s\"", texts->items[i]);
        copies[i] = strdup(texts->items[i]); /* allowed: the program has no base */
        if (copies[i] == NULL)
            return cli_fail(&session->error, MS_NO_MEMORY, "no_memory", "No memory for the command line");
        copies[i][equals - texts->items[i]] = '\0';
        pairs[i] = (ms_pair){.key = copies[i], .value = copies[i] + (equals - texts->items[i]) + 1};
    }
    return MS_OK;
}

static void tell(cli_text *text, const ms_store_result *result)
{
    cli_text_add(text, result->unchanged ? "Unchanged: " : "Stored ");
    cli_text_escaped(text, result->model_id);
    cli_text_printf(text, "%s%lu: ", result->unchanged ? " is still version " : " version ", (unsigned long)result->version);
    cli_text_count(text, result->file_count, "file");
    cli_text_add(text, ", ");
    cli_text_count(text, result->chunk_count, "chunk");
    cli_text_add(text, ", ");
    cli_text_size(text, result->total_size);
    cli_text_add(text, "\n");
    cli_text_printf(text, "  new       %llu of %llu chunks, ", (unsigned long long)result->new_chunks,
            (unsigned long long)result->chunk_count);
    cli_text_size(text, result->new_bytes);
    cli_text_add(text, "\n");
    cli_field(text, "name", result->name);
    cli_field(text, "root", result->root_cid);
    cli_field(text, "manifest", result->manifest_cid);
    cli_field(text, "state", result->state);
    cli_text_printf(text, "  time      %.2f s\n", (double)result->duration_ms / 1000);
    cli_reference_line(text, result->publisher, result->model_id, result->version, result->manifest_cid);
}

static ms_status store(cli_session *session, const ms_store_options *what)
{
    ms_operation *operation = NULL;
    ms_operation_options how = cli_session_how(session);
    cli_text text = {0};
    ms_status status = ms_model_store_start(&operation, session->storage, what, &how, &session->error);

    status = cli_session_wait(session, operation, status);
    if (status == MS_OK && cli_session_is_for_people(session)) {
        tell(&text, ms_operation_store_result(operation));
        status = cli_session_print(session, &text);
    }
    cli_text_release(&text);
    cli_session_let_go();
    ms_operation_free(operation);
    return status;
}

static ms_status run(cli_session *session, const cli_input *input)
{
    const store_values *values = (const void *)&input->values;
    ms_store_options what = MS_STORE_OPTIONS_INIT;
    ms_pair *pairs = calloc(values->meta.count + 1, sizeof(*pairs));
    char **copies = calloc(values->meta.count + 1, sizeof(*copies));
    ms_status status = MS_OK;

    if (strcmp(input->operands[0], "-") == 0)
        what.read = read_stdin;
    else
        what.path = input->operands[0];
    what.model_id = input->operands[1];
    what.name = values->name;
    what.description = values->description;
    what.metadata = pairs;
    what.metadata_count = values->meta.count;
    what.include = values->include.items;
    what.include_count = values->include.count;
    what.exclude = values->exclude.items;
    what.exclude_count = values->exclude.count;
    what.no_default_excludes = values->no_default_excludes;
    what.digest = values->digest;
    what.new_version = values->new_version;
    if (pairs == NULL || copies == NULL)
        status = cli_fail(&session->error, MS_NO_MEMORY, "no_memory", "No memory for the command line");
    if (status == MS_OK && strncmp(input->operands[0], "ipfs://", 7) == 0) {
        status = cli_fail(&session->error, MS_USAGE, "path_scheme", "PATH is a file or folder here, not %s", input->operands[0]);
    }
    if (status == MS_OK)
        status = read_metadata(session, &values->meta, pairs, copies);
    if (status == MS_OK)
        status = store(session, &what);
    for (size_t i = 0; copies != NULL && i < values->meta.count; i++)
        free(copies[i]);
    free(copies);
    free(pairs);
    return status;
}

const cli_command cli_command_store = {
        .name = "store",
        .operands = "PATH MODEL_ID",
        .operand_count_min = 2,
        .operand_count_max = 2,
        .summary = "Store a file or folder as the next version of a model",
        .details = "PATH \"-\" stores standard input as one file. Chunks that are there already are not\n"
                   "written again. The same content, name, description and metadata as the newest\n"
                   "version make no new version. GLOB: \"*.bin\" matches names at any depth, \"a/*.bin\"\n"
                   "whole paths; what matches a folder covers all below it.",
        .options = options,
        .values_size = sizeof(store_values),
        .examples = "model-storage store ./llama org/llama --name \"Llama\" --meta license=mit\n"
                    "model-storage store ./llama org/llama --exclude '*.bin'\n"
                    "tar c ./data | model-storage store - data.tar",
        .exit_codes = "0 2 4 5 8 9 10 12 130",
        .run = run,
};
