/* activate and deactivate. */
#include "output.h"
#include "session.h"

typedef struct lifecycle_values {
    const char *reason;
    bool revoke;
} lifecycle_values;

#define REASON_OPTION                                                                                                   \
    {.name = "reason", .kind = CLI_TEXT, .argument = "TEXT", .offset = offsetof(lifecycle_values, reason),              \
            .help = "why; everybody can read it"}

static const cli_option activate_options[] = {REASON_OPTION, {0}};
static const cli_option deactivate_options[] = {
        REASON_OPTION,
        {.name = "revoke", .kind = CLI_FLAG, .offset = offsetof(lifecycle_values, revoke),
                .help = "for good: it never becomes active again"},
        {0},
};

static void tell(cli_text *text, const ms_lifecycle_result *result)
{
    for (size_t i = 0; i < result->version_count; i++) {
        cli_text_escaped(text, result->model_id);
        cli_text_printf(text, "@%lu is %s\n", (unsigned long)result->versions[i].version, result->versions[i].status);
    }
}

static ms_lifecycle_options options_of(const cli_input *input)
{
    const lifecycle_values *values = (const void *)&input->values;
    ms_lifecycle_options what = MS_LIFECYCLE_OPTIONS_INIT;

    what.ref = input->operands[0];
    what.reason = values->reason;
    what.revoke = values->revoke;
    return what;
}

static ms_status end(cli_session *session, ms_operation *operation, const ms_lifecycle_result *result, ms_status status)
{
    cli_text text = {0};

    if (status == MS_OK && cli_session_is_for_people(session)) {
        tell(&text, result);
        status = cli_session_print(session, &text);
    }
    cli_text_release(&text);
    cli_session_let_go();
    ms_operation_free(operation);
    return status;
}

static ms_status run_activate(cli_session *session, const cli_input *input)
{
    const ms_lifecycle_options what = options_of(input);
    const ms_operation_options how = cli_session_how(session);
    ms_operation *operation = NULL;
    ms_status status = ms_model_activate_start(&operation, session->storage, &what, &how, &session->error);

    status = cli_session_wait(session, operation, status);
    return end(session, operation, ms_operation_activate_result(operation), status);
}

static ms_status run_deactivate(cli_session *session, const cli_input *input)
{
    const ms_lifecycle_options what = options_of(input);
    const ms_operation_options how = cli_session_how(session);
    ms_operation *operation = NULL;
    ms_status status = MS_OK;

    if (what.revoke)
        status = cli_session_confirm(session, "A revoked model or version never comes back");
    if (status != MS_OK)
        return status;
    status = ms_model_deactivate_start(&operation, session->storage, &what, &how, &session->error);
    status = cli_session_wait(session, operation, status);
    return end(session, operation, ms_operation_deactivate_result(operation), status);
}

const cli_command cli_command_activate = {
        .name = "activate",
        .operands = "REF",
        .operand_count_min = 1,
        .operand_count_max = 1,
        .summary = "Make a version (id@N) or a whole model active again",
        .details = "",
        .options = activate_options,
        .values_size = sizeof(lifecycle_values),
        .examples = "model-storage activate org/llama@2",
        .exit_codes = "0 2 4 5 8 9 10",
        .run = run_activate,
};

const cli_command cli_command_deactivate = {
        .name = "deactivate",
        .operands = "REF",
        .operand_count_min = 1,
        .operand_count_max = 1,
        .summary = "Take a version (id@N) or a whole model out of use",
        .details = "A bare name then means an older version, or nothing; the bytes stay.",
        .options = deactivate_options,
        .values_size = sizeof(lifecycle_values),
        .examples = "model-storage deactivate org/llama@2 --reason \"wrong tokenizer\"\n"
                    "model-storage deactivate org/llama --revoke --reason \"leaked data\"",
        .exit_codes = "0 2 4 5 8 9 10",
        .run = run_deactivate,
};
