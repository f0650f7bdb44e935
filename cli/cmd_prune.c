/* prune: blocks that only removed models and dead unfinished work refer to are deleted. */
#include "failure.h"
#include "fields.h"
#include "terminal.h"

typedef struct prune_values {
    bool dry_run;
    bool orphans;
} prune_values;

static const cli_option prune_options[] = {
        {.name = "dry-run",
                .kind = CLI_FLAG,
                .offset = offsetof(prune_values, dry_run),
                .help = "only say what would become free"},
        {.name = "orphans",
                .kind = CLI_FLAG,
                .offset = offsetof(prune_values, orphans),
                .help = "also blocks that no model and no unfinished work\nrefers to"},
        {0},
};

static bool confirm(void *payload, uint64_t free_blocks, uint64_t free_bytes, uint64_t all_blocks)
{
    cli_session *session = payload;
    cli_text question = {0};
    bool is_confirmed;

    if (session->globals->yes)
        return true;
    cli_progress_hide(&session->progress);
    cli_text_printf(&question, "Delete %llu of ", (unsigned long long)free_blocks);
    cli_text_count(&question, all_blocks, "block");
    cli_text_add(&question, ", ");
    cli_text_size(&question, free_bytes);
    cli_text_add(&question, "?");
    is_confirmed = cli_terminal_confirm(cli_text_get(&question));
    cli_text_release(&question);
    if (!is_confirmed) {
        session->has_own_error = true;
        (void)cli_fail(&session->error, MS_USAGE, "not_confirmed", "Nothing was deleted");
    }
    return is_confirmed;
}

static void print_prune(cli_session *session, const ms_prune_result *result, bool is_dry_run)
{
    cli_text_add(&session->line, is_dry_run ? "Would delete " : "Deleted ");
    cli_text_count(&session->line, result->freed_blocks, "block");
    cli_text_add(&session->line, ", ");
    cli_text_size(&session->line, result->freed_bytes);
    cli_text_add(&session->line, "; kept ");
    cli_text_count(&session->line, result->kept_blocks, "block");
    (void)cli_session_print(session);
}

static ms_status run_prune(cli_session *session, const cli_input *input)
{
    const prune_values *values = (const prune_values *)(const void *)&input->values;
    ms_prune_options options = MS_PRUNE_OPTIONS_INIT;
    ms_operation *operation = NULL;
    const ms_prune_result *result;
    ms_status status;

    options.dry_run = values->dry_run;
    options.orphans = values->orphans;
    /* Without it the library refuses where it would ask. */
    if (session->globals->yes || cli_terminal_is_there())
        options.confirm = confirm;
    options.confirm_payload = session;
    status = cli_session_open(session);
    if (status == MS_OK)
        status = CLI_RUN(session, prune, &operation, &options);
    result = ms_operation_prune_result(operation);
    if (status == MS_OK && result != NULL && cli_session_is_human(session))
        print_prune(session, result, values->dry_run);
    cli_session_free(operation);
    return status;
}

const cli_command cli_command_prune = {
        .name = "prune",
        .operands = "",
        .summary = "Delete blocks of removed models and of dead unfinished work",
        .details =
                "What anything still refers to is kept. Deleting more than half of the store asks\n"
                "first, on a terminal; elsewhere it needs --yes.",
        .options = prune_options,
        .values_size = sizeof(prune_values),
        .examples = "model-storage prune --dry-run\n"
                    "model-storage prune --yes",
        .exit_codes = "0 1 2 4 8 9 10 11 12 130",
        .run = run_prune,
};
