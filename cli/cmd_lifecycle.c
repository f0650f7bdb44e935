/* activate and deactivate: whether a version, or a whole model, is offered. */
#include "failure.h"
#include "fields.h"
#include "terminal.h"

typedef struct lifecycle_values {
    const char *reason;
    bool revoke;
} lifecycle_values;

#define REASON_OPTION                                                                              \
    {                                                                                              \
        .name = "reason", .kind = CLI_TEXT, .argument = "TEXT",                                    \
        .offset = offsetof(lifecycle_values, reason),                                              \
        .help = "why, for everybody to read (at most 256 bytes)"                                   \
    }

static const cli_option activate_options[] = {
        REASON_OPTION,
        {0},
};

static const cli_option deactivate_options[] = {
        REASON_OPTION,
        {.name = "revoke",
                .kind = CLI_FLAG,
                .offset = offsetof(lifecycle_values, revoke),
                .help = "for good: it can never be retrieved or activated\nagain"},
        {0},
};

static void print_lifecycle(cli_session *session, const ms_lifecycle_result *result)
{
    for (size_t i = 0; i < result->version_count; i++) {
        cli_add_name(&session->line, result->model_id, result->versions[i].version, NULL);
        cli_text_printf(&session->line, " is %s", result->versions[i].status);
        (void)cli_session_print(session);
    }
}

static ms_lifecycle_options read_options(const cli_input *input)
{
    const lifecycle_values *values = (const lifecycle_values *)(const void *)&input->values;
    ms_lifecycle_options options = MS_LIFECYCLE_OPTIONS_INIT;

    options.ref = input->operands[0];
    options.reason = values->reason;
    options.revoke = values->revoke;
    return options;
}

static ms_status run_activate(cli_session *session, const cli_input *input)
{
    ms_lifecycle_options options = read_options(input);
    ms_operation *operation = NULL;
    ms_status status;

    status = cli_session_open(session);
    if (status == MS_OK)
        status = CLI_RUN(session, activate, &operation, &options);
    if (status == MS_OK && cli_session_is_human(session))
        print_lifecycle(session, ms_operation_activate_result(operation));
    cli_session_free(operation);
    return status;
}

static ms_status confirm_revoke(cli_session *session, const char *ref)
{
    cli_text question = {0};
    bool is_confirmed;

    if (session->globals->yes)
        return MS_OK;
    if (!cli_terminal_is_there()) {
        (void)cli_fail(&session->error, MS_USAGE, "needs_yes",
                "Revoking is for good, and there is nobody to ask");
        cli_set_hint(&session->error, "Say --yes if that is meant");
        return MS_USAGE;
    }
    cli_text_add(&question, "Revoke ");
    cli_text_escaped(&question, ref);
    cli_text_add(&question, " for good?");
    is_confirmed = cli_terminal_confirm(cli_text_get(&question));
    cli_text_release(&question);
    if (is_confirmed)
        return MS_OK;
    return cli_fail(&session->error, MS_USAGE, "not_confirmed", "Nothing was revoked");
}

static ms_status run_deactivate(cli_session *session, const cli_input *input)
{
    ms_lifecycle_options options = read_options(input);
    ms_operation *operation = NULL;
    ms_status status = MS_OK;

    if (options.revoke)
        status = confirm_revoke(session, options.ref);
    if (status == MS_OK)
        status = cli_session_open(session);
    if (status == MS_OK)
        status = CLI_RUN(session, deactivate, &operation, &options);
    if (status == MS_OK && cli_session_is_human(session))
        print_lifecycle(session, ms_operation_deactivate_result(operation));
    cli_session_free(operation);
    return status;
}

const cli_command cli_command_activate = {
        .name = "activate",
        .operands = "REF",
        .operand_count_min = 1,
        .operand_count_max = 1,
        .summary = "Offer a version, or a whole model, again",
        .details = "With @N that version, else the model. What is revoked stays revoked.",
        .options = activate_options,
        .values_size = sizeof(lifecycle_values),
        .examples = "model-storage activate llama@2",
        .exit_codes = "0 1 2 4 5 8 9 10 11 12 130",
        .run = run_activate,
};

const cli_command cli_command_deactivate = {
        .name = "deactivate",
        .operands = "REF",
        .operand_count_min = 1,
        .operand_count_max = 1,
        .summary = "No longer offer a version, or a whole model",
        .details = "With @N that version, else the model. A name then means the newest version\n"
                   "that is still active. --revoke asks first, on a terminal; elsewhere it needs\n"
                   "--yes.",
        .options = deactivate_options,
        .values_size = sizeof(lifecycle_values),
        .examples = "model-storage deactivate llama@2 --reason \"wrong tokenizer\"\n"
                    "model-storage deactivate llama --revoke --yes",
        .exit_codes = "0 1 2 4 5 8 9 10 11 12 130",
        .run = run_deactivate,
};
