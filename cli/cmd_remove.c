/* remove: a model is forgotten here; its bytes stay until the next prune. */
#include "fields.h"

static const cli_option remove_options[] = {{0}};

static ms_status run_remove(cli_session *session, const cli_input *input)
{
    ms_remove_options options = MS_REMOVE_OPTIONS_INIT;
    ms_operation *operation = NULL;
    const ms_prune_result *result;
    ms_status status;

    options.ref = input->operands[0];
    status = cli_session_open(session);
    if (status == MS_OK)
        status = CLI_RUN(session, remove, &operation, &options);
    result = ms_operation_remove_result(operation);
    if (status == MS_OK && result != NULL && cli_session_is_human(session) &&
            result->removed_models == 0) {
        cli_text_add(&session->line, "Removed nothing: other versions have the same manifest");
        (void)cli_session_print(session);
    } else if (status == MS_OK && result != NULL && cli_session_is_human(session)) {
        cli_text_add(&session->line, "Removed ");
        cli_text_count(&session->line, result->removed_models, "version");
        cli_text_add(&session->line, "; \"prune\" gives the space back");
        (void)cli_session_print(session);
    }
    cli_session_free(operation);
    return status;
}

const cli_command cli_command_remove = {
        .name = "remove",
        .operands = "REF",
        .operand_count_min = 1,
        .operand_count_max = 1,
        .summary = "Forget a model here; its records stay",
        .details = "With @N that version, else all of them. The bytes stay until the next prune.",
        .options = remove_options,
        .examples = "model-storage remove llama@1\n"
                    "model-storage remove llama",
        .exit_codes = "0 1 2 4 5 8 9 10 11 12 130",
        .run = run_remove,
};
