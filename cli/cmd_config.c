#include <string.h>

#include "output.h"
#include "session.h"

static const cli_option no_options[] = {{0}};

static void tell(cli_text *text, const ms_config_result *result)
{
    if (result->written_path != NULL) {
        cli_text_add(text, "Wrote ");
        cli_text_escaped(text, result->written_path);
        cli_text_add(text, "\n");
        return;
    }
    cli_field(text, "home", result->home);
    cli_field(text, "file", result->config_path != NULL ? result->config_path : "none");
    for (size_t i = 0; i < result->entry_count; i++) {
        const ms_config_entry *entry = &result->entries[i];
        size_t start = text->size;

        cli_text_escaped(text, entry->key);
        cli_text_pad(text, text->size - start < 28 ? 28 - (text->size - start) : 1);
        start = text->size;
        cli_text_escaped(text, entry->json == NULL ? "null" : entry->json);
        cli_text_pad(text, text->size - start < 28 ? 28 - (text->size - start) : 1);
        cli_text_escaped(text, entry->origin);
        cli_text_add(text, "\n");
    }
}

static ms_status run(cli_session *session, const cli_input *input)
{
    const ms_operation_options how = cli_session_how(session);
    ms_config_options what = MS_CONFIG_OPTIONS_INIT;
    ms_operation *operation = NULL;
    cli_text text = {0};
    ms_status status;

    if (input->operand_count > 0 && strcmp(input->operands[0], "init") != 0) {
        (void)cli_fail(&session->error, MS_USAGE, "unknown_command", "There is no command \"config %s\"", input->operands[0]);
        cli_set_hint(&session->error, "Did you mean config init?");
        return MS_USAGE;
    }
    what.init = input->operand_count > 0;
    status = ms_model_config_start(&operation, session->storage, &what, &how, &session->error);
    status = cli_session_wait(session, operation, status);
    if (status == MS_OK && cli_session_is_for_people(session)) {
        tell(&text, ms_operation_config_result(operation));
        status = cli_session_print(session, &text);
    }
    cli_text_release(&text);
    cli_session_let_go();
    ms_operation_free(operation);
    return status;
}

const cli_command cli_command_config = {
        .name = "config",
        .operands = "[init]",
        .operand_count_max = 1,
        .summary = "Show the effective configuration, or write a template",
        .details = "Each value is shown with where it comes from; secrets are masked.",
        .options = no_options,
        .values_size = 0,
        .examples = "model-storage config\n"
                    "model-storage config init",
        .exit_codes = "0 2 9 10 11 12",
        .run = run,
};
