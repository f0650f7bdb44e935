/* list: models and their versions, a page at a time. */
#include "failure.h"
#include "fields.h"

#define LIMIT_MAX 1000

typedef struct list_values {
    bool all;
    bool versions;
    bool local;
    const char *publisher;
    cli_number limit;
    const char *after;
} list_values;

static const cli_option list_options[] = {
        {.name = "all",
                .kind = CLI_FLAG,
                .offset = offsetof(list_values, all),
                .help = "inactive and revoked ones too"},
        {.name = "versions",
                .kind = CLI_FLAG,
                .offset = offsetof(list_values, versions),
                .help = "every version, not only the newest"},
        {.name = "publisher",
                .kind = CLI_TEXT,
                .argument = "ADDR",
                .offset = offsetof(list_values, publisher),
                .help = "only models of 0x..."},
        {.name = "local",
                .kind = CLI_FLAG,
                .offset = offsetof(list_values, local),
                .help = "only models whose bytes are here"},
        {.name = "limit",
                .kind = CLI_NUMBER,
                .argument = "N",
                .offset = offsetof(list_values, limit),
                .maximum = LIMIT_MAX,
                .help = "at most N entries (1 to 1000, else 100)"},
        {.name = "after",
                .kind = CLI_TEXT,
                .argument = "CURSOR",
                .offset = offsetof(list_values, after),
                .help = "go on after the page that named this cursor"},
        {0},
};

typedef struct list_listing {
    cli_session *session;
    uint64_t count;
} list_listing;

static ms_status print_model(void *payload, const ms_model_entry *entry)
{
    list_listing *listing = payload;
    cli_text *line = &listing->session->line;
    cli_text part = {0};

    if (listing->count++ == 0) {
        cli_text_printf(line, "%-36s %10s  %-8s  %-4s  %-19s  %s", "MODEL", "SIZE",
                "STATUS", "HERE", "STORED (UTC)", "NAME");
        (void)cli_session_print(listing->session);
    }
    cli_add_name(&part, entry->model_id, entry->version, entry->manifest_cid);
    cli_text_printf(line, "%-36s ", cli_text_get(&part));
    cli_text_clear(&part);
    if (entry->has_manifest)
        cli_text_short_size(&part, entry->total_size);
    else
        cli_text_add(&part, "-");
    cli_text_printf(line, "%10s  %-8s  %-4s  ", cli_text_get(&part), entry->status,
            entry->is_local ? "yes" : "no");
    cli_text_time(line, entry->timestamp);
    cli_text_add(line, "  ");
    cli_text_escaped(line, entry->name);
    if (listing->session->is_verbose) {
        cli_text_add(line, "  ");
        cli_text_escaped(line, entry->publisher);
    }
    cli_text_release(&part);
    return cli_session_print(listing->session);
}

static ms_status run_list(cli_session *session, const cli_input *input)
{
    const list_values *values = (const list_values *)(const void *)&input->values;
    list_listing listing = {.session = session};
    ms_list_options options = MS_LIST_OPTIONS_INIT;
    ms_operation *operation = NULL;
    const ms_list_result *result;
    ms_status status;

    if (values->limit.is_set && values->limit.value == 0)
        return cli_fail(&session->error, MS_USAGE, "option_value", "--limit takes 1 to 1000");
    options.all = values->all;
    options.versions = values->versions;
    options.local = values->local;
    options.publisher = values->publisher;
    options.limit = (uint32_t)values->limit.value;
    options.after = values->after;
    if (cli_session_is_human(session)) {
        options.on_model = print_model;
        options.payload = &listing;
    }
    status = cli_session_open(session);
    if (status == MS_OK)
        status = CLI_RUN(session, list, &operation, &options);
    result = ms_operation_list_result(operation);
    if (status == MS_OK && result != NULL && cli_session_is_human(session)) {
        if (listing.count == 0) {
            cli_text_add(&session->line, "No models");
            (void)cli_session_print(session);
        }
        if (result->next != NULL) {
            cli_text_add(&session->line, "More: --after ");
            cli_text_escaped(&session->line, result->next);
            (void)cli_session_print(session);
        }
    }
    cli_session_free(operation);
    return status;
}

const cli_command cli_command_list = {
        .name = "list",
        .operands = "",
        .summary = "List models, the newest version of each",
        .details = "",
        .options = list_options,
        .values_size = sizeof(list_values),
        .examples = "model-storage list\n"
                    "model-storage list --all --versions\n"
                    "model-storage list --limit 1000 --json",
        .exit_codes = "0 1 2 4 8 9 10 11 12 130",
        .run = run_list,
};
