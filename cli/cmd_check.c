/* check: the whole store and ledger are looked through; nothing is changed. */
#include "failure.h"
#include "fields.h"

typedef struct check_values {
    bool read_data;
} check_values;

static const cli_option check_options[] = {
        {.name = "read-data",
                .kind = CLI_FLAG,
                .offset = offsetof(check_values, read_data),
                .help = "also hash every block; else sizes and structure"},
        {0},
};

static void print_items(
        cli_session *session, const char *label, const char *const *items, uint64_t count)
{
    uint64_t shown = count < MS_CHECK_ITEMS_MAX ? count : MS_CHECK_ITEMS_MAX;

    for (uint64_t i = 0; i < shown; i++)
        cli_field(session, label, items[i]);
    if (shown < count) {
        cli_text_printf(
                &session->line, "  %-13sand %llu more", label, (unsigned long long)(count - shown));
        (void)cli_session_print(session);
    }
}

static void print_check(cli_session *session, const ms_check_result *result)
{
    cli_text_add(&session->line, result->is_valid ? "All is well: " : "NOT all is well: ");
    cli_text_count(&session->line, result->checked_blocks, "block");
    cli_text_add(&session->line, ", ");
    cli_text_size(&session->line, result->checked_bytes);
    cli_text_printf(&session->line, ", %llu ledger %s checked",
            (unsigned long long)result->ledger_entries,
            result->ledger_entries == 1 ? "entry" : "entries");
    (void)cli_session_print(session);
    print_items(session, "bad", result->bad_blocks, result->bad_block_count);
    print_items(session, "missing", result->missing_blocks, result->missing_block_count);
    print_items(session, "ledger", result->ledger_errors, result->ledger_error_count);
}

static ms_status run_check(cli_session *session, const cli_input *input)
{
    const check_values *values = (const check_values *)(const void *)&input->values;
    ms_check_options options = MS_CHECK_OPTIONS_INIT;
    ms_operation *operation = NULL;
    const ms_check_result *result;
    ms_status status;

    options.read_data = values->read_data;
    status = cli_session_open(session);
    if (status == MS_OK)
        status = CLI_RUN(session, check, &operation, &options);
    result = ms_operation_check_result(operation);
    if (cli_session_is_human(session) && result != NULL &&
            (status == MS_OK || status == MS_INTEGRITY))
        print_check(session, result);
    cli_session_free(operation);
    return status;
}

const cli_command cli_command_check = {
        .name = "check",
        .operands = "",
        .summary = "Check the whole store and ledger; never writes",
        .details = "",
        .options = check_options,
        .values_size = sizeof(check_values),
        .examples = "model-storage check\n"
                    "model-storage check --read-data --json",
        .exit_codes = "0 1 2 4 8 9 10 11 12 130",
        .run = run_check,
};
