/* The list command. */
#include <string.h>

#include "model/manifest_entry_priv.h"

#define LIMIT_DEFAULT 100
#define LIMIT_MAX 1000
#define CURSOR_SIZE_MAX ((size_t)4096)

typedef struct listing {
    ms_run *run;
    const ms_list_options *options;
    ms_list_result *result;
} listing;

static ms_status tell(listing *list, const ms_model_entry *entry, ms_error *err)
{
    list->result->model_count++;
    ms_result_model(list->run->json, entry);
    ms_status status = ms_result_status(list->run->json, err);
    if (status == MS_OK && list->options->on_model != NULL) {
        status = list->options->on_model(list->options->payload, entry);
        if (status != MS_OK)
            return ms_fail(err, status, "callback", "the listing was ended by its receiver");
    }
    return status;
}

static ms_status on_record(void *payload, const ms_record *record, ms_error *err)
{
    listing *list = (listing *)payload;
    ms_opened_model model = {
            .has_record = true, .record = *record, .manifest = ms_manifest_cid(record->manifest)};
    ms_model_entry entry;
    bool is_local = false;
    ms_arena arena;
    ms_arena_init(&arena, MS_MANIFEST_ENTRY_TEXT_SIZE_MAX);
    ms_status status = ms_task_check(list->run->task, err);
    if (status == MS_OK)
        status = ms_model_is_local(list->run, &model.manifest, &is_local, err);
    if (status == MS_OK && list->options->local && !is_local) {
        ms_arena_release(&arena);
        return MS_OK;
    }
    if (status == MS_OK && record->head.size > 0)
        status = ms_manifest_head_decode(&model.head, record->head, err);
    if (status == MS_OK && record->info.size > 0)
        status = ms_manifest_info_decode(&model.info, record->info, err);
    if (status == MS_OK)
        status = ms_manifest_entry_fill(&entry, &arena, &model, is_local, err);
    if (status == MS_OK)
        status = tell(list, &entry, err);
    ms_arena_release(&arena);
    return status;
}

/* What is left out as not local makes room on the same page. Only the last cursor is part of the
 * result: the one before it and the one being made live in two arenas that are used in turn. */
static ms_status list_pages(
        listing *list, ms_registry *registry, ms_record_page *page, uint32_t limit, ms_error *err)
{
    ms_arena cursors[2];
    const char *next = NULL;
    unsigned turn = 0;
    ms_status status;
    ms_arena_init(&cursors[0], CURSOR_SIZE_MAX);
    ms_arena_init(&cursors[1], CURSOR_SIZE_MAX);
    do {
        ms_arena *arena = &cursors[turn++ % 2];
        ms_arena_release(arena);
        page->limit = (size_t)(limit - list->result->model_count);
        status = ms_registry_list(registry, page, on_record, list, arena, &next, err);
        page->after = next;
    } while (status == MS_OK && list->options->local && next != NULL &&
             list->result->model_count < limit);
    if (status == MS_OK)
        status = ms_run_text(list->run, &list->result->next, next, err);
    ms_arena_release(&cursors[0]);
    ms_arena_release(&cursors[1]);
    return status;
}

static ms_status run_list(ms_run *run, const void *options, void *result, ms_error *err)
{
    listing list = {.run = run,
            .options = (const ms_list_options *)options,
            .result = (ms_list_result *)result};
    ms_registry *registry = NULL;
    ms_address publisher;
    const uint32_t limit = list.options->limit == 0 ? LIMIT_DEFAULT : list.options->limit;
    if (limit > LIMIT_MAX)
        return ms_fail(err, MS_USAGE, "list_limit", "a page has at most %d models", LIMIT_MAX);
    if (list.options->publisher != NULL &&
            ms_address_parse(&publisher, list.options->publisher,
                    strlen(list.options->publisher), NULL) != MS_OK)
        return ms_fail(err, MS_USAGE, "list_publisher", "%s is no address of a publisher",
                list.options->publisher);
    ms_status status = ms_storage_registry(run->storage, &registry, err);
    ms_record_page page = {.publisher = list.options->publisher == NULL ? NULL : &publisher,
            .after = list.options->after,
            .all_versions = list.options->versions,
            .inactive_too = list.options->all};
    ms_result_array_begin(run->json, "models");
    if (status == MS_OK)
        status = list_pages(&list, registry, &page, limit, err);
    ms_result_array_end(run->json);
    return status;
}

static void write_list(ms_result *json, const void *result)
{
    ms_result_list(json, (const ms_list_result *)result);
}

const ms_command ms_command_list = {.name = "list",
        .options_size = sizeof(ms_list_options),
        .result_size = sizeof(ms_list_result),
        .run = run_list,
        .write_result = write_list};
