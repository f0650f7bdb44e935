#include "names/suggestion.h"

#include <string.h>

#include "base/checked.h"
#include "names/resolve.h"

size_t ms_edit_distance(const char *a, const char *b)
{
    size_t row[MS_MODEL_ID_SIZE_MAX + 1];
    const size_t a_size = MS_MIN(strlen(a), (size_t)MS_MODEL_ID_SIZE_MAX);
    const size_t b_size = MS_MIN(strlen(b), (size_t)MS_MODEL_ID_SIZE_MAX);
    for (size_t j = 0; j <= b_size; j++)
        row[j] = j;
    for (size_t i = 1; i <= a_size; i++) {
        size_t diagonal = row[0];
        row[0] = i;
        for (size_t j = 1; j <= b_size; j++) {
            const size_t replaced = diagonal + (a[i - 1] != b[j - 1] ? 1 : 0);
            const size_t other = MS_MIN(row[j], row[j - 1]) + 1;
            diagonal = row[j];
            row[j] = MS_MIN(replaced, other);
        }
    }
    return row[b_size];
}

typedef struct search {
    const char *wanted;
    size_t edits;
    ms_arena *arena;
    const char *nearest;
} search;

static ms_status on_record(void *payload, const ms_record *record, ms_error *err)
{
    search *near = (search *)payload;
    const size_t edits = ms_edit_distance(near->wanted, record->model_id);
    if (edits >= near->edits)
        return MS_OK;
    near->edits = edits;
    near->nearest = ms_arena_strdup(near->arena, record->model_id);
    return near->nearest == NULL ? ms_fail_memory(err, MS_MODEL_ID_SIZE_MAX) : MS_OK;
}

ms_status ms_names_suggest(ms_registry *registry, const ms_address *publishers, size_t count, const char *model_id,
        ms_arena *arena, const char **nearest, ms_error *err)
{
    /* A third of the letters may be wrong; more is another word. */
    search near = {.wanted = model_id, .edits = strlen(model_id) / 3 + 2, .arena = arena};
    ms_status status = MS_OK;
    for (size_t i = 0; status == MS_OK && i < count; i++) {
        const char *next = NULL;
        const ms_record_page page = {
                .publisher = &publishers[i], .limit = MS_NAMES_SUGGESTED_FROM_MAX, .inactive_too = true};
        status = ms_registry_list(registry, &page, on_record, &near, arena, &next, err);
    }
    *nearest = near.nearest;
    return status;
}
