/* repair: blocks that are missing or damaged are put back. */
#include "failure.h"
#include "fields.h"

typedef struct repair_values {
    const char *from;
    bool dry_run;
} repair_values;

static const cli_option repair_options[] = {
        {.name = "from",
                .kind = CLI_TEXT,
                .argument = "PATH",
                .offset = offsetof(repair_values, from),
                .is_path = true,
                .help = "take the bytes from a copy of the model at PATH"},
        {.name = "dry-run",
                .kind = CLI_FLAG,
                .offset = offsetof(repair_values, dry_run),
                .help = "only say what could be put back"},
        {0},
};

static void print_repair(cli_session *session, const ms_repair_result *result, bool is_dry_run)
{
    cli_add_name(&session->line, result->model_id, result->version, NULL);
    cli_text_add(&session->line, ": ");
    cli_text_count(&session->line, result->checked_chunks, "block");
    cli_text_printf(&session->line, " checked, %llu %s, %llu cannot be",
            (unsigned long long)result->repaired_chunks,
            is_dry_run ? "could be put back" : "put back",
            (unsigned long long)result->unrepairable_chunks);
    (void)cli_session_print(session);
}

static ms_status run_repair(cli_session *session, const cli_input *input)
{
    const repair_values *values = (const repair_values *)(const void *)&input->values;
    ms_repair_options options = MS_REPAIR_OPTIONS_INIT;
    ms_operation *operation = NULL;
    const ms_repair_result *result;
    ms_status status;

    options.ref = input->operands[0];
    options.from = values->from;
    options.dry_run = values->dry_run;
    status = cli_session_open(session);
    if (status == MS_OK)
        status = CLI_RUN(session, repair, &operation, &options);
    result = ms_operation_repair_result(operation);
    if (cli_session_is_human(session) && result != NULL && result->checked_chunks > 0)
        print_repair(session, result, values->dry_run);
    cli_session_free(operation);
    return status;
}

const cli_command cli_command_repair = {
        .name = "repair",
        .operands = "REF",
        .operand_count_min = 1,
        .operand_count_max = 1,
        .summary = "Put back blocks that are missing or damaged",
        .details = "Chunks, inner nodes and the manifest are checked; what is damaged is moved\n"
                   "to the quarantine folder. Blocks come from what else is here, or from a copy\n"
                   "with --from.",
        .options = repair_options,
        .values_size = sizeof(repair_values),
        .examples = "model-storage repair llama --from ./copy\n"
                    "model-storage repair llama --dry-run",
        .exit_codes = "0 1 2 3 4 5 8 9 10 11 12 130",
        .run = run_repair,
};
