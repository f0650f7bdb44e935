#include "model/path_set_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "model/folder_visit_priv.h"

#define TEXT_SIZE_MAX ((size_t)256 << 20)

void ms_path_set_init(ms_path_set *set)
{
    *set = (ms_path_set){.is_sorted = true};
    ms_arena_init(&set->text, TEXT_SIZE_MAX);
}

void ms_path_set_release(ms_path_set *set)
{
    ms_free(set->paths);
    ms_arena_release(&set->text);
    *set = (ms_path_set){0};
}

ms_status ms_path_set_add(ms_path_set *set, ms_span path, ms_error *err)
{
    if (set->count == set->capacity) {
        const size_t capacity = set->capacity == 0 ? 64 : set->capacity * 2;
        const char **grown = ms_realloc_array(set->paths, capacity, sizeof(*grown));
        if (grown == NULL)
            return ms_fail_memory(err, capacity * sizeof(*grown));
        set->paths = grown;
        set->capacity = capacity;
    }
    const char *copy = ms_arena_strndup(&set->text, (const char *)path.data, path.size);
    if (copy == NULL)
        return ms_fail_memory(err, path.size);
    set->paths[set->count++] = copy;
    set->is_sorted = false;
    return MS_OK;
}

static int compare(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_path(ms_path_set *set, const char *path)
{
    if (!set->is_sorted)
        qsort(set->paths, set->count, sizeof(*set->paths), compare);
    set->is_sorted = true;
    return set->count > 0 && bsearch(&path, set->paths, set->count, sizeof(*set->paths), compare) != NULL;
}

typedef struct search {
    ms_path_set *set;
    ms_extra_path_fn extra;
    void *payload;
} search;

static ms_status look_at(void *payload, const char *path, ms_file_kind kind, ms_visit_next *next, ms_error *err)
{
    const search *find = (const search *)payload;
    (void)kind;
    if (has_path(find->set, path))
        return MS_OK;
    bool stop = false;
    ms_status status = find->extra(find->payload, path, &stop, err);
    *next = stop ? MS_VISIT_STOP : MS_VISIT_PASS_OVER;
    return status;
}

ms_status ms_path_set_find_extra(
        ms_path_set *set, int dirfd, const ms_task *task, ms_extra_path_fn extra, void *payload, ms_error *err)
{
    search find = {.set = set, .extra = extra, .payload = payload};
    return ms_folder_visit(dirfd, task, look_at, &find, err);
}
