#include <string.h>

#include "output.h"
#include "session.h"

typedef struct retrieve_values {
    bool extract;
    cli_texts include;
    cli_texts exclude;
    cli_texts seed;
    bool force;
    const char *format;
    bool dry_run;
} retrieve_values;

static const cli_option options[] = {
        {.name = "extract", .letter = 'x', .kind = CLI_FLAG, .offset = offsetof(retrieve_values, extract),
                .help = "also unpack an archive, beside it"},
        {.name = "include", .kind = CLI_TEXTS, .argument = "GLOB", .offset = offsetof(retrieve_values, include),
                .help = "only files that match; again for more"},
        {.name = "exclude", .kind = CLI_TEXTS, .argument = "GLOB", .offset = offsetof(retrieve_values, exclude),
                .help = "not what matches; again for more"},
        {.name = "seed", .kind = CLI_TEXTS, .argument = "PATH", .offset = offsetof(retrieve_values, seed),
                .help = "an older copy whose bytes may be used; again for more"},
        {.name = "force", .kind = CLI_FLAG, .offset = offsetof(retrieve_values, force),
                .help = "replace what stands at OUTPUT, using what is the same"},
        {.name = "format", .kind = CLI_CHOICE, .argument = "FORMAT", .offset = offsetof(retrieve_values, format),
                .choices = "tar", .help = "tar: a folder to standard output"},
        {.name = "dry-run", .kind = CLI_FLAG, .offset = offsetof(retrieve_values, dry_run),
                .help = "only say what would be fetched, reused and needed"},
        {0},
};

static ms_status write_stdout(void *payload, const void *data, size_t size)
{
    (void)payload;
    return fwrite(data, 1, size, stdout) == size ? MS_OK : MS_IO;
}

static void tell(cli_text *text, const ms_retrieve_result *result, bool dry_run)
{
    cli_text_add(text, dry_run ? "Would retrieve " : "Retrieved ");
    cli_text_escaped(text, result->model_id != NULL ? result->model_id : result->root_cid);
    if (result->version != 0)
        cli_text_printf(text, " version %lu", (unsigned long)result->version);
    cli_text_add(text, ": ");
    cli_text_count(text, result->chunk_count, "chunk");
    cli_text_add(text, ", ");
    cli_text_size(text, result->total_size);
    cli_text_add(text, dry_run ? "\n" : ", every chunk verified\n");
    cli_field(text, "output", result->output_path);
    cli_field(text, "extracted", result->extracted_path);
    cli_text_add(text, "  fetched   ");
    cli_text_size(text, result->fetched_bytes);
    cli_text_add(text, "\n  reused    ");
    cli_text_size(text, result->reused_bytes);
    if (dry_run) {
        cli_text_add(text, "\n  needed    ");
        cli_text_size(text, result->needed_bytes);
    }
    cli_text_printf(text, "\n  verified  by %s\n  time      %.2f s\n", result->verified_by,
            (double)result->duration_ms / 1000);
}

static ms_status check_stream(cli_session *session, const retrieve_values *values, ms_retrieve_options *what)
{
    if (session->input->globals.json)
        return cli_fail(&session->error, MS_USAGE, "json_stream",
                "Standard output can hold the model or --json, not both; -o FILE takes the result");
    if (values->format != NULL)
        what->format_tar = true;
    what->write = write_stdout;
    session->bytes_on_stdout = true;
    return MS_OK;
}

static ms_status run(cli_session *session, const cli_input *input)
{
    const retrieve_values *values = (const void *)&input->values;
    ms_retrieve_options what = MS_RETRIEVE_OPTIONS_INIT;
    ms_operation_options how = cli_session_how(session);
    ms_operation *operation = NULL;
    cli_text text = {0};
    ms_status status = MS_OK;

    what.ref = input->operands[0];
    what.extract = values->extract;
    what.force = values->force;
    what.dry_run = values->dry_run;
    what.include = values->include.items;
    what.include_count = values->include.count;
    what.exclude = values->exclude.items;
    what.exclude_count = values->exclude.count;
    what.seeds = values->seed.items;
    what.seed_count = values->seed.count;
    if (strcmp(input->operands[1], "-") == 0)
        status = check_stream(session, values, &what);
    else
        what.output = input->operands[1];
    if (status == MS_OK && what.output != NULL && values->format != NULL)
        status = cli_fail(&session->error, MS_USAGE, "format_output", "--format is for OUTPUT \"-\"; else the suffix of OUTPUT says it");
    if (status != MS_OK)
        return status;
    status = ms_model_retrieve_start(&operation, session->storage, &what, &how, &session->error);
    status = cli_session_wait(session, operation, status);
    if (status == MS_OK && cli_session_is_for_people(session)) {
        tell(&text, ms_operation_retrieve_result(operation), values->dry_run);
        status = cli_session_print(session, &text);
    }
    cli_text_release(&text);
    cli_session_let_go();
    ms_operation_free(operation);
    return status;
}

const cli_command cli_command_retrieve = {
        .name = "retrieve",
        .operands = "REF OUTPUT",
        .operand_count_min = 2,
        .operand_count_max = 2,
        .summary = "Bring a model back, every chunk verified",
        .details = "OUTPUT is the model itself; one that ends in \"/\" receives it under its stored name.\n"
                   "A folder becomes an archive when OUTPUT ends in .tar, .tar.gz, .tgz or .tar.zst.\n"
                   "\"-\" writes to standard output. An interrupted run goes on where it stopped.",
        .options = options,
        .values_size = sizeof(retrieve_values),
        .examples = "model-storage retrieve org/llama ./llama\n"
                    "model-storage retrieve org/llama@2 ./llama --force\n"
                    "model-storage retrieve org/llama ./llama.tar.zst\n"
                    "model-storage retrieve org/llama ./part --include '*.json'",
        .exit_codes = "0 2 4 5 8 9 12 130",
        .run = run,
};
