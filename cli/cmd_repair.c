#include "output.h"
#include "session.h"

typedef struct repair_values {
    const char *from;
    bool dry_run;
} repair_values;

static const cli_option options[] = {
        {.name = "from", .kind = CLI_TEXT, .argument = "PATH", .offset = offsetof(repair_values, from),
                .help = "a copy of the model, whole or in part"},
        {.name = "dry-run", .kind = CLI_FLAG, .offset = offsetof(repair_values, dry_run),
                .help = "only say what could be repaired"},
        {0},
};

static void tell(cli_text *text, const ms_repair_result *result, bool dry_run)
{
    cli_text_printf(text, "%s %llu of %llu blocks", dry_run ? "Could repair" : "Repaired",
            (unsigned long long)result->repaired_chunks, (unsigned long long)result->checked_chunks);
    if (result->unrepairable_chunks > 0)
        cli_text_printf(text, "; %llu are still missing or damaged", (unsigned long long)result->unrepairable_chunks);
    cli_text_add(text, "\n");
}

static ms_status run(cli_session *session, const cli_input *input)
{
    const repair_values *values = (const void *)&input->values;
    ms_repair_options what = MS_REPAIR_OPTIONS_INIT;
    ms_operation_options how = cli_session_how(session);
    ms_operation *operation = NULL;
    cli_text text = {0};
    ms_status status;

    what.ref = input->operands[0];
    what.from = values->from;
    what.dry_run = values->dry_run;
    status = ms_model_repair_start(&operation, session->storage, &what, &how, &session->error);
    status = cli_session_wait(session, operation, status);
    const ms_repair_result *result = ms_operation_repair_result(operation);
    if ((status == MS_OK || (status == MS_INTEGRITY && result != NULL && result->checked_chunks > 0)) &&
            cli_session_is_for_people(session)) {
        tell(&text, result, values->dry_run);
        ms_status printed = cli_session_print(session, &text);
        status = status == MS_OK ? printed : status;
    }
    cli_text_release(&text);
    cli_session_let_go();
    ms_operation_free(operation);
    return status;
}

const cli_command cli_command_repair = {
        .name = "repair",
        .operands = "REF",
        .operand_count_min = 1,
        .operand_count_max = 1,
        .summary = "Put back blocks that are missing or damaged",
        .details = "Damaged blocks are moved to quarantine/ in the home, never deleted.",
        .options = options,
        .values_size = sizeof(repair_values),
        .examples = "model-storage repair org/llama --from ./llama",
        .exit_codes = "0 2 4 5 8 9 130",
        .run = run,
};
