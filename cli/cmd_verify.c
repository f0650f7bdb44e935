#include "output.h"
#include "session.h"

typedef struct verify_values {
    cli_number sample;
    bool strict;
} verify_values;

static const cli_option options[] = {
        {.name = "sample", .kind = CLI_NUMBER, .argument = "N", .offset = offsetof(verify_values, sample),
                .help = "only N chunks, chosen at random"},
        {.name = "strict", .kind = CLI_FLAG, .offset = offsetof(verify_values, strict),
                .help = "files at PATH that are not in the model are failures"},
        {0},
};

typedef struct showing {
    cli_session *session;
    cli_text text;
} showing;

static ms_status on_chunk(void *payload, const ms_chunk_verdict *verdict)
{
    showing *show = payload;

    if (!cli_session_is_for_people(show->session))
        return MS_OK;
    cli_progress_end(&show->session->progress);
    cli_verdict_line(&show->text, verdict);
    return cli_session_print(show->session, &show->text);
}

static void add_paths(cli_text *text, const char *title, const char *const *paths, size_t count)
{
    size_t shown = count < MS_VERIFY_PATHS_MAX ? count : MS_VERIFY_PATHS_MAX;

    for (size_t i = 0; i < shown; i++) {
        cli_text_printf(text, "%s  ", title);
        cli_text_escaped(text, paths[i]);
        cli_text_add(text, "\n");
    }
    if (shown < count)
        cli_text_printf(text, "%s  and %zu more\n", title, count - shown);
}

static void tell(cli_text *text, const ms_verify_result *result)
{
    add_paths(text, "missing", result->missing_files, result->missing_file_count);
    add_paths(text, "extra  ", result->extra_files, result->extra_file_count);
    cli_text_printf(text, "%s: %llu of %llu chunks are good", result->is_valid ? "Valid" : "NOT VALID",
            (unsigned long long)result->valid_chunks, (unsigned long long)result->checked_chunks);
    if (result->checked_chunks != result->total_chunks)
        cli_text_printf(text, " (a sample of %llu)", (unsigned long long)result->total_chunks);
    cli_text_add(text, ", ");
    cli_text_size(text, result->checked_bytes);
    cli_text_printf(text, " checked by %s\n", result->verified_by == NULL ? "nothing" : result->verified_by);
}

static ms_status run(cli_session *session, const cli_input *input)
{
    const verify_values *values = (const void *)&input->values;
    showing show = {.session = session};
    ms_verify_options what = MS_VERIFY_OPTIONS_INIT;
    ms_operation_options how = cli_session_how(session);
    ms_operation *operation = NULL;
    ms_status status;

    if (values->sample.is_set && values->sample.value == 0)
        return cli_fail(&session->error, MS_USAGE, "sample_zero", "--sample takes a number from 1 on");
    what.ref = input->operands[0];
    what.path = input->operand_count > 1 ? input->operands[1] : NULL;
    what.sample = values->sample.value;
    what.strict = values->strict;
    what.all_chunks = input->globals.verbose;
    what.on_chunk = on_chunk;
    what.payload = &show;
    status = ms_model_verify_start(&operation, session->storage, &what, &how, &session->error);
    status = cli_session_wait(session, operation, status);
    const ms_verify_result *result = ms_operation_verify_result(operation);
    if ((status == MS_OK || (status == MS_INTEGRITY && result != NULL && result->total_chunks > 0)) &&
            cli_session_is_for_people(session)) {
        tell(&show.text, result);
        ms_status printed = cli_session_print(session, &show.text);
        status = status == MS_OK ? printed : status;
    }
    cli_text_release(&show.text);
    cli_session_let_go();
    ms_operation_free(operation);
    return status;
}

const cli_command cli_command_verify = {
        .name = "verify",
        .operands = "REF [PATH]",
        .operand_count_min = 1,
        .operand_count_max = 2,
        .summary = "Check every chunk in the store, or in the copy at PATH",
        .details = "Only reads. Bad chunks are listed; --verbose lists the good ones too.",
        .options = options,
        .values_size = sizeof(verify_values),
        .examples = "model-storage verify org/llama\n"
                    "model-storage verify org/llama ./llama --strict",
        .exit_codes = "0 2 4 5 9 130",
        .run = run,
};
