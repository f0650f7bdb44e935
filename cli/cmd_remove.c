#include "output.h"
#include "session.h"

static const cli_option no_options[] = {{0}};
static ms_status run_remove(cli_session *session, const cli_input *input)
{
    ms_remove_options what = MS_REMOVE_OPTIONS_INIT;
    const ms_operation_options how = cli_session_how(session);
    ms_operation *operation = NULL;
    cli_text text = {0};
    ms_status status;

    what.ref = input->operands[0];
    status = ms_model_remove_start(&operation, session->storage, &what, &how, &session->error);
    status = cli_session_wait(session, operation, status);
    if (status == MS_OK && cli_session_is_for_people(session)) {
        cli_text_add(&text, "Removed ");
        cli_text_count(&text, ms_operation_remove_result(operation)->removed_models, "version");
        cli_text_add(&text, " from this store; the record stays. 'model-storage prune' frees the space.\n");
        status = cli_session_print(session, &text);
    }
    cli_text_release(&text);
    cli_session_let_go();
    ms_operation_free(operation);
    return status;
}

const cli_command cli_command_remove = {
        .name = "remove",
        .operands = "REF",
        .operand_count_min = 1,
        .operand_count_max = 1,
        .summary = "Forget the bytes of a model here (id@N: one version)",
        .details = "The record stays, and storing the model again brings it back.",
        .options = no_options,
        .values_size = 0,
        .examples = "model-storage remove org/llama@1",
        .exit_codes = "0 2 4 5 8 9",
        .run = run_remove,
};
