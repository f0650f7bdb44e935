/* verify: every chunk in the store, or a copy on disk, against the record. */
#include "failure.h"
#include "fields.h"

typedef struct verify_values {
    cli_number sample;
    bool strict;
} verify_values;

static const cli_option verify_options[] = {
        {.name = "sample",
                .kind = CLI_NUMBER,
                .argument = "N",
                .offset = offsetof(verify_values, sample),
                .help = "only N chunks, chosen at random"},
        {.name = "strict",
                .kind = CLI_FLAG,
                .offset = offsetof(verify_values, strict),
                .help = "files at PATH that are not in the model are failures"},
        {0},
};

static ms_status print_verdict(void *payload, const ms_chunk_verdict *verdict)
{
    cli_session *session = payload;

    cli_text_add(&session->line, verdict->is_valid ? "ok   " : "BAD  ");
    if (verdict->chunk_index != UINT64_MAX)
        cli_text_printf(&session->line, "chunk %llu", (unsigned long long)verdict->chunk_index);
    else
        cli_text_add(&session->line, "block"); /* an inner node, or the manifest */
    if (verdict->path != NULL && *verdict->path != '\0') {
        cli_text_add(&session->line, " of ");
        cli_text_escaped(&session->line, verdict->path);
    }
    if (verdict->chunk_index != UINT64_MAX)
        cli_text_printf(&session->line, " at byte %llu", (unsigned long long)verdict->offset);
    if (verdict->error != NULL)
        cli_text_printf(&session->line, ": %s", verdict->error);
    cli_text_printf(&session->line, " (%s)", verdict->cid != NULL ? verdict->cid : "-");
    return cli_session_print(session);
}

static void print_paths(
        cli_session *session, const char *label, const char *const *paths, size_t count)
{
    size_t shown = count < MS_VERIFY_PATHS_MAX ? count : MS_VERIFY_PATHS_MAX;

    for (size_t i = 0; i < shown; i++)
        cli_field(session, label, paths[i]);
    if (shown < count) {
        cli_text_printf(
                &session->line, "  %-13sand %llu more", label, (unsigned long long)(count - shown));
        (void)cli_session_print(session);
    }
}

static void print_verify(cli_session *session, const ms_verify_result *result)
{
    cli_add_name(&session->line, result->model_id, result->version, result->manifest_cid);
    cli_text_printf(&session->line, " is %s: %llu of ", result->is_valid ? "valid" : "NOT valid",
            (unsigned long long)result->valid_chunks);
    cli_text_count(&session->line, result->checked_chunks, "checked chunk");
    cli_text_add(&session->line, result->checked_chunks == 1 ? " is good" : " are good");
    if (result->checked_chunks < result->total_chunks)
        cli_text_printf(
                &session->line, " (the model has %llu)", (unsigned long long)result->total_chunks);
    (void)cli_session_print(session);
    cli_field_size(session, "checked", result->checked_bytes);
    cli_field(session, "verified by", result->verified_by);
    print_paths(session, "missing", result->missing_files, result->missing_file_count);
    print_paths(session, "extra", result->extra_files, result->extra_file_count);
}

static ms_status run_verify(cli_session *session, const cli_input *input)
{
    const verify_values *values = (const verify_values *)(const void *)&input->values;
    ms_verify_options options = MS_VERIFY_OPTIONS_INIT;
    ms_operation *operation = NULL;
    const ms_verify_result *result;
    ms_status status;

    if (values->sample.is_set && values->sample.value == 0)
        return cli_fail(&session->error, MS_USAGE, "option_value", "--sample takes at least 1");
    options.ref = input->operands[0];
    options.path = input->operand_count > 1 ? input->operands[1] : NULL;
    if (values->strict && options.path == NULL)
        return cli_fail(&session->error, MS_USAGE, "option_conflict", "--strict needs a PATH");
    options.sample = values->sample.value;
    options.strict = values->strict;
    options.all_chunks = session->is_verbose;
    if (cli_session_is_human(session)) {
        options.on_chunk = print_verdict;
        options.payload = session;
    }
    status = cli_session_open(session);
    if (status == MS_OK)
        status = CLI_RUN(session, verify, &operation, &options);
    result = ms_operation_verify_result(operation);
    /* A model that is not valid has a result to show as well: it counts chunks once it was found.
     */
    if (cli_session_is_human(session) && result != NULL && result->total_chunks > 0 &&
            (status == MS_OK || status == MS_INTEGRITY))
        print_verify(session, result);
    cli_session_free(operation);
    return status;
}

const cli_command cli_command_verify = {
        .name = "verify",
        .operands = "REF [PATH]",
        .operand_count_min = 1,
        .operand_count_max = 2,
        .path_operands = 1u << 1,
        .summary = "Check every chunk of a model, here or in a copy at PATH",
        .details = "Bad chunks are listed, with --verbose the good ones too. Nothing is changed.",
        .options = verify_options,
        .values_size = sizeof(verify_values),
        .examples = "model-storage verify llama\n"
                    "model-storage verify llama ./copy --strict\n"
                    "model-storage verify llama --sample 1000",
        .exit_codes = "0 1 2 4 5 8 9 10 11 12 130",
        .run = run_verify,
};
