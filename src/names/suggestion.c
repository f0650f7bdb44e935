#include "names/suggestion.h"

#include "codec/nearest.h"
#include "names/resolve.h"

typedef struct search {
    ms_nearest words;
    ms_arena *arena;
    const char *nearest;
} search;

static ms_status on_record(void *payload, const ms_record *record, ms_error *err)
{
    search *near = (search *)payload;
    if (!ms_nearest_offer(&near->words, record->model_id))
        return MS_OK;
    near->nearest = ms_arena_strdup(near->arena, record->model_id);
    return near->nearest == NULL ? ms_fail_memory(err, MS_MODEL_ID_SIZE_MAX) : MS_OK;
}

ms_status ms_names_suggest(ms_registry *registry, const ms_address *publishers, size_t count, const char *model_id,
        ms_arena *arena, const char **nearest, ms_error *err)
{
    search near = {.arena = arena};
    ms_status status = MS_OK;
    ms_nearest_begin(&near.words, model_id);
    for (size_t i = 0; status == MS_OK && i < count; i++) {
        const char *next = NULL;
        const ms_record_page page = {
                .publisher = &publishers[i], .limit = MS_NAMES_SUGGESTED_FROM_MAX, .inactive_too = true};
        status = ms_registry_list(registry, &page, on_record, &near, arena, &next, err);
    }
    *nearest = near.nearest;
    return status;
}
