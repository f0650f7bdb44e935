#include "output.h"
#include "session.h"

typedef struct prune_values {
    bool dry_run;
    bool orphans;
} prune_values;

static const cli_option prune_options[] = {
        {.name = "dry-run", .kind = CLI_FLAG, .offset = offsetof(prune_values, dry_run), .help = "only say what would be freed"},
        {.name = "orphans", .kind = CLI_FLAG, .offset = offsetof(prune_values, orphans),
                .help = "also every other block that nothing refers to and\nthat is older than an hour"},
        {0},
};

static bool confirm(void *payload, uint64_t free_blocks, uint64_t free_bytes, uint64_t all_blocks)
{
    cli_session *session = payload;
    cli_text question = {0};

    cli_text_printf(&question, "This deletes %llu of %llu blocks, ", (unsigned long long)free_blocks, (unsigned long long)all_blocks);
    cli_text_size(&question, free_bytes);
    ms_status status = cli_session_confirm(session, cli_text_get(&question));
    cli_text_release(&question);
    return status == MS_OK;
}

static ms_status run_prune(cli_session *session, const cli_input *input)
{
    const prune_values *values = (const void *)&input->values;
    ms_prune_options what = MS_PRUNE_OPTIONS_INIT;
    const ms_operation_options how = cli_session_how(session);
    ms_operation *operation = NULL;
    cli_text text = {0};
    ms_status status;

    what.dry_run = values->dry_run;
    what.orphans = values->orphans;
    what.confirm = confirm;
    what.confirm_payload = session;
    status = ms_model_prune_start(&operation, session->storage, &what, &how, &session->error);
    status = cli_session_wait(session, operation, status);
    if (status == MS_USAGE && !input->globals.yes)
        cli_set_hint(&session->error, "Give --yes to confirm, or look first with --dry-run");
    if (status == MS_OK && cli_session_is_for_people(session)) {
        const ms_prune_result *result = ms_operation_prune_result(operation);

        cli_text_add(&text, values->dry_run ? "Would free " : "Freed ");
        cli_text_count(&text, result->freed_blocks, "block");
        cli_text_add(&text, ", ");
        cli_text_size(&text, result->freed_bytes);
        cli_text_printf(&text, "; %llu kept\n", (unsigned long long)result->kept_blocks);
        status = cli_session_print(session, &text);
    }
    cli_text_release(&text);
    cli_session_let_go();
    ms_operation_free(operation);
    return status;
}

const cli_command cli_command_prune = {
        .name = "prune",
        .operands = "",
        .summary = "Delete blocks that only removed models and dead unfinished work refer to",
        .details = "Nothing is deleted when anything that is kept cannot be read.",
        .options = prune_options,
        .values_size = sizeof(prune_values),
        .examples = "model-storage prune --dry-run\n"
                    "model-storage prune --yes",
        .exit_codes = "0 2 4 8 9 130",
        .run = run_prune,
};
