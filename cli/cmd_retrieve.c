/* retrieve: the bytes of a model come back, verified, as files, an archive or a stream. */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "failure.h"
#include "fields.h"

typedef struct retrieve_values {
    bool extract;
    cli_texts include;
    cli_texts exclude;
    cli_texts seeds;
    bool force;
    const char *format;
    bool dry_run;
} retrieve_values;

static const cli_option retrieve_options[] = {
        {.name = "extract",
                .letter = 'x',
                .kind = CLI_FLAG,
                .offset = offsetof(retrieve_values, extract),
                .help = "also unpack: an archive leaves its tree beside it"},
        {.name = "include",
                .kind = CLI_TEXTS,
                .argument = "GLOB",
                .offset = offsetof(retrieve_values, include),
                .help = "retrieve only what matches; again for more"},
        {.name = "exclude",
                .kind = CLI_TEXTS,
                .argument = "GLOB",
                .offset = offsetof(retrieve_values, exclude),
                .help = "leave out what matches; again for more"},
        {.name = "seed",
                .kind = CLI_TEXTS,
                .argument = "PATH",
                .offset = offsetof(retrieve_values, seeds),
                .is_path = true,
                .help = "an older copy whose bytes may be reused; again for\nmore"},
        {.name = "force",
                .kind = CLI_FLAG,
                .offset = offsetof(retrieve_values, force),
                .help = "replace what stands at OUTPUT"},
        {.name = "format",
                .kind = CLI_CHOICE,
                .argument = "tar",
                .offset = offsetof(retrieve_values, format),
                .choices = "tar",
                .help = "with OUTPUT -: a directory as a tar archive"},
        {.name = "dry-run",
                .kind = CLI_FLAG,
                .offset = offsetof(retrieve_values, dry_run),
                .help = "only say what would be fetched, reused and needed"},
        {0},
};

static ms_status write_stdout(void *payload, const void *data, size_t size)
{
    return cli_session_write(payload, data, size);
}

static void add_result(cli_text *text, const ms_retrieve_result *result, bool is_dry_run)
{
    cli_text_add(text, is_dry_run ? "Would retrieve " : "Retrieved ");
    cli_add_name(text, result->model_id, result->version, result->manifest_cid);
    cli_text_add(text, ", ");
    cli_text_size(text, result->total_size);
}

static void print_retrieve(cli_session *session, const ms_retrieve_result *result, bool is_dry_run)
{
    add_result(&session->line, result, is_dry_run);
    (void)cli_session_print(session);
    cli_field(session, "output", result->output_path);
    cli_field(session, "extracted", result->extracted_path);
    cli_field_size(session, "fetched", result->fetched_bytes);
    cli_field_size(session, "reused", result->reused_bytes);
    if (is_dry_run)
        cli_field_size(session, "needs", result->needed_bytes);
    cli_field(session, "verified by", result->verified_by);
    cli_field(session, "manifest", result->manifest_cid);
}

/* The bytes have stdout: what people want to know goes to stderr. */
static void tell_retrieve(cli_session *session, const ms_retrieve_result *result)
{
    cli_text text = {0};

    add_result(&text, result, false);
    cli_session_notice(session, false, cli_text_get(&text));
    cli_text_release(&text);
}

/* An archive is known by the suffix of OUTPUT, whatever the model holds. */
static void tell_nothing_unpacked(cli_session *session, const ms_retrieve_result *result)
{
    cli_text text = {0};

    cli_text_printf(&text, "--extract unpacked nothing: %s does not end like an archive",
            result->output_path);
    cli_session_notice(session, true, cli_text_get(&text));
    cli_text_release(&text);
}

static ms_status check_stream(cli_session *session, const retrieve_values *values, bool is_stream)
{
    if (is_stream && session->json_to_stdout) {
        (void)cli_fail(&session->error, MS_USAGE, "stdout_taken",
                "The bytes of the model and --json cannot both go to the standard output");
        cli_set_hint(&session->error, "Take -o FILE for the JSON result");
        return MS_USAGE;
    }
    if (is_stream && session->is_closed[STDOUT_FILENO])
        return cli_fail_errno(
                &session->error, EBADF, "stdout", "Cannot write to the standard output");
    if (is_stream && (values->extract || values->force || values->dry_run))
        return cli_fail(&session->error, MS_USAGE, "option_conflict",
                "--extract, --force and --dry-run make no sense with OUTPUT -");
    if (!is_stream && values->format != NULL) {
        (void)cli_fail(
                &session->error, MS_USAGE, "option_conflict", "--format is for OUTPUT - only");
        cli_set_hint(&session->error, "An OUTPUT that ends in .tar makes a tar archive");
        return MS_USAGE;
    }
    return MS_OK;
}

static ms_status run_retrieve(cli_session *session, const cli_input *input)
{
    const retrieve_values *values = (const retrieve_values *)(const void *)&input->values;
    bool is_stream = strcmp(input->operands[1], "-") == 0;
    ms_retrieve_options options = MS_RETRIEVE_OPTIONS_INIT;
    ms_operation *operation = NULL;
    const ms_retrieve_result *result;
    ms_status status = check_stream(session, values, is_stream);

    options.ref = input->operands[0];
    options.output = is_stream ? NULL : input->operands[1];
    options.write = is_stream ? write_stdout : NULL;
    options.write_payload = session;
    options.format_tar = values->format != NULL;
    options.extract = values->extract;
    options.force = values->force;
    options.dry_run = values->dry_run;
    options.include = values->include.items;
    options.include_count = values->include.count;
    options.exclude = values->exclude.items;
    options.exclude_count = values->exclude.count;
    options.seeds = values->seeds.items;
    options.seed_count = values->seeds.count;
    if (status == MS_OK)
        status = cli_session_open(session);
    if (status == MS_OK)
        status = CLI_RUN(session, retrieve, &operation, &options);
    result = ms_operation_retrieve_result(operation);
    if (status == MS_OK && result != NULL && !values->dry_run)
        status = cli_session_spare(session, result->output_path);
    if (status == MS_OK && result != NULL && !values->dry_run)
        status = cli_session_spare(session, result->extracted_path);
    if (status == MS_OK && result != NULL && is_stream)
        tell_retrieve(session, result);
    else if (status == MS_OK && result != NULL && cli_session_is_human(session))
        print_retrieve(session, result, values->dry_run);
    if (status == MS_OK && result != NULL && values->extract && !values->dry_run &&
            result->extracted_path == NULL)
        tell_nothing_unpacked(session, result);
    cli_session_free(operation);
    return status;
}

const cli_command cli_command_retrieve = {
        .name = "retrieve",
        .operands = "REF OUTPUT",
        .operand_count_min = 2,
        .operand_count_max = 2,
        .path_operands = 1u << 1,
        .summary = "Bring a model back, every byte verified",
        .details =
                "OUTPUT is the model itself; one ending in / (or a directory that exists, for a\n"
                "single file) receives it under its stored name; - is the standard output; one\n"
                "ending in .tar, .tar.gz, .tgz or .tar.zst makes that archive of a directory.\n"
                "Nothing has its final name before all of it was verified. What is there already\n"
                "and right is left as it is; anything else there needs --force.",
        .options = retrieve_options,
        .values_size = sizeof(retrieve_values),
        .examples = "model-storage retrieve llama ./llama\n"
                    "model-storage retrieve llama@3 models/\n"
                    "model-storage retrieve llama llama.tar.zst --include '*.safetensors'\n"
                    "model-storage retrieve weights - | sha256sum",
        .exit_codes = "0 1 2 4 5 8 9 10 11 12 130",
        .run = run_retrieve,
};
