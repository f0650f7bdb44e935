#include "output.h"
#include "session.h"

typedef struct check_values {
    bool read_data;
} check_values;

static const cli_option options[] = {
        {.name = "read-data", .kind = CLI_FLAG, .offset = offsetof(check_values, read_data),
                .help = "read and hash every block"},
        {0},
};

static void add_items(cli_text *text, const char *title, const char *const *items, uint64_t count)
{
    uint64_t shown = count < MS_CHECK_ITEMS_MAX ? count : MS_CHECK_ITEMS_MAX;

    for (uint64_t i = 0; i < shown; i++) {
        cli_text_printf(text, "%s  ", title);
        cli_text_escaped(text, items[i]);
        cli_text_add(text, "\n");
    }
    if (shown < count)
        cli_text_printf(text, "%s  and %llu more\n", title, (unsigned long long)(count - shown));
}

static void tell(cli_text *text, const ms_check_result *result)
{
    add_items(text, "bad block    ", result->bad_blocks, result->bad_block_count);
    add_items(text, "missing block", result->missing_blocks, result->missing_block_count);
    add_items(text, "ledger       ", result->ledger_errors, result->ledger_error_count);
    cli_text_printf(text, "%s: %llu blocks, ", result->is_valid ? "Good" : "NOT GOOD", (unsigned long long)result->checked_blocks);
    cli_text_size(text, result->checked_bytes);
    cli_text_printf(text, ", %llu ledger entries\n", (unsigned long long)result->ledger_entries);
}

static ms_status run(cli_session *session, const cli_input *input)
{
    const check_values *values = (const void *)&input->values;
    ms_check_options what = MS_CHECK_OPTIONS_INIT;
    const ms_operation_options how = cli_session_how(session);
    ms_operation *operation = NULL;
    cli_text text = {0};
    ms_status status;

    what.read_data = values->read_data;
    status = ms_model_check_start(&operation, session->storage, &what, &how, &session->error);
    status = cli_session_wait(session, operation, status);
    const ms_check_result *result = ms_operation_check_result(operation);
    if ((status == MS_OK || status == MS_INTEGRITY) && result != NULL && cli_session_is_for_people(session)) {
        tell(&text, result);
        ms_status printed = cli_session_print(session, &text);
        status = status == MS_OK ? printed : status;
    }
    cli_text_release(&text);
    cli_session_let_go();
    ms_operation_free(operation);
    return status;
}

const cli_command cli_command_check = {
        .name = "check",
        .operands = "",
        .summary = "Check the whole local store and ledger; never writes",
        .details = "",
        .options = options,
        .values_size = sizeof(check_values),
        .examples = "model-storage check --read-data",
        .exit_codes = "0 4 9 11 130",
        .run = run,
};
