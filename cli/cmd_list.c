#include <string.h>

#include "output.h"
#include "session.h"

typedef struct list_values {
    bool all;
    bool versions;
    bool local;
    const char *publisher;
    cli_number limit;
    const char *after;
} list_values;

static const cli_option options[] = {
        {.name = "all", .kind = CLI_FLAG, .offset = offsetof(list_values, all), .help = "inactive and revoked ones too"},
        {.name = "versions", .kind = CLI_FLAG, .offset = offsetof(list_values, versions),
                .help = "every version, not only the newest"},
        {.name = "local", .kind = CLI_FLAG, .offset = offsetof(list_values, local),
                .help = "only models whose bytes are in this store"},
        {.name = "publisher", .kind = CLI_TEXT, .argument = "ADDR", .offset = offsetof(list_values, publisher),
                .help = "only models of this publisher"},
        {.name = "limit", .kind = CLI_NUMBER, .argument = "N", .offset = offsetof(list_values, limit), .maximum = 1000,
                .help = "models on a page (100)"},
        {.name = "after", .kind = CLI_TEXT, .argument = "CURSOR", .offset = offsetof(list_values, after),
                .help = "the page after this one, as the last page said"},
        {0},
};

typedef struct listing {
    cli_session *session;
    cli_text text;
    uint64_t count;
} listing;

static ms_status on_model(void *payload, const ms_model_entry *entry)
{
    listing *list = payload;
    cli_text *text = &list->text;

    if (!cli_session_is_for_people(list->session))
        return MS_OK;
    if (list->count++ == 0)
        cli_text_printf(text, "%-32s %8s %12s  %-8s  %-5s  %s\n", "MODEL", "VERSION", "SIZE", "STATUS", "HERE", "NAME");
    size_t start = text->size;
    cli_text_escaped(text, entry->model_id);
    cli_text_pad(text, text->size - start < 32 ? 32 - (text->size - start) : 0);
    cli_text_printf(text, " %8lu ", (unsigned long)entry->version);
    start = text->size;
    cli_text size = {0};
    if (entry->has_manifest)
        cli_text_short_size(&size, entry->total_size);
    cli_text_printf(text, "%12s  %-8s  %-5s  ", cli_text_get(&size), entry->status, entry->is_local ? "yes" : "no");
    cli_text_release(&size);
    cli_text_escaped(text, entry->name);
    cli_text_add(text, "\n");
    return cli_session_print(list->session, text);
}

static ms_status run(cli_session *session, const cli_input *input)
{
    const list_values *values = (const void *)&input->values;
    listing list = {.session = session};
    ms_list_options what = MS_LIST_OPTIONS_INIT;
    ms_operation_options how = cli_session_how(session);
    ms_operation *operation = NULL;
    ms_status status;

    what.all = values->all;
    what.versions = values->versions;
    what.local = values->local;
    what.publisher = values->publisher;
    what.limit = (uint32_t)values->limit.value;
    what.after = values->after;
    what.on_model = on_model;
    what.payload = &list;
    status = ms_model_list_start(&operation, session->storage, &what, &how, &session->error);
    status = cli_session_wait(session, operation, status);
    if (status == MS_OK && cli_session_is_for_people(session)) {
        const ms_list_result *result = ms_operation_list_result(operation);

        if (list.count == 0)
            cli_text_add(&list.text, "No models here yet. Store one: model-storage store PATH MODEL_ID\n");
        if (result->next != NULL)
            cli_text_printf(&list.text, "more: model-storage list --after %s\n", result->next);
        status = cli_session_print(session, &list.text);
    }
    cli_text_release(&list.text);
    cli_session_let_go();
    ms_operation_free(operation);
    return status;
}

const cli_command cli_command_list = {
        .name = "list",
        .operands = "",
        .summary = "List models, the newest version of each",
        .details = "",
        .options = options,
        .values_size = sizeof(list_values),
        .examples = "model-storage list\n"
                    "model-storage list --all --versions --json",
        .exit_codes = "0 2 4 9 130",
        .run = run,
};
