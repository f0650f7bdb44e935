/* config: the effective configuration with the origin of each value, and a template for a new one.
 */
#include <string.h>

#include "failure.h"
#include "fields.h"

static const cli_option config_options[] = {{0}};

static void print_config(cli_session *session, const ms_config_result *result)
{
    if (result->written_path != NULL) {
        cli_text_add(&session->line, "Wrote ");
        cli_text_escaped(&session->line, result->written_path);
        (void)cli_session_print(session);
        return;
    }
    cli_field(session, "home", result->home);
    cli_field(session, "file", result->config_path != NULL ? result->config_path : "(none)");
    for (size_t i = 0; i < result->entry_count; i++) {
        const ms_config_entry *entry = &result->entries[i];
        cli_text part = {0};

        cli_text_escaped(&part, entry->key);
        cli_text_printf(&session->line, "%-28s ", cli_text_get(&part));
        cli_text_clear(&part);
        cli_text_escaped(&part, entry->json);
        cli_text_printf(&session->line, "%-26s ", cli_text_get(&part));
        cli_text_escaped(&session->line, entry->origin);
        cli_text_release(&part);
        (void)cli_session_print(session);
    }
}

static ms_status run_config(cli_session *session, const cli_input *input)
{
    ms_config_options options = MS_CONFIG_OPTIONS_INIT;
    ms_operation *operation = NULL;
    const ms_config_result *result;
    ms_status status;

    if (input->operand_count > 0 && strcmp(input->operands[0], "init") != 0)
        return cli_fail(&session->error, MS_USAGE, "operands",
                "config takes nothing or init, not \"%s\"", input->operands[0]);
    options.init = input->operand_count > 0;
    status = cli_session_open(session);
    if (status == MS_OK)
        status = CLI_RUN(session, config, &operation, &options);
    result = ms_operation_config_result(operation);
    if (status == MS_OK && result != NULL && cli_session_is_human(session))
        print_config(session, result);
    cli_session_free(operation);
    return status;
}

const cli_command cli_command_config = {
        .name = "config",
        .operands = "[init]",
        .operand_count_max = 1,
        .summary = "Show the effective configuration, or write a template",
        .details = "Every value is shown with its origin: default, file and line, environment\n"
                   "variable or flag. Secrets are masked. init writes a template into the home,\n"
                   "or to the file of --config, and never over an existing one.",
        .options = config_options,
        .examples = "model-storage config\n"
                    "model-storage config --set storage.parallel=4 --json\n"
                    "model-storage config init",
        .exit_codes = "0 1 2 9 10 11 12 130",
        .run = run_config,
};
