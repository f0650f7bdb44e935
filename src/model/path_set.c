#include "model/path_set_priv.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "codec/path.h"
#include "platform/folder.h"

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

bool ms_path_set_has(ms_path_set *set, const char *path)
{
    if (!set->is_sorted)
        qsort(set->paths, set->count, sizeof(*set->paths), compare);
    set->is_sorted = true;
    return set->count > 0 && bsearch(&path, set->paths, set->count, sizeof(*set->paths), compare) != NULL;
}

typedef struct search {
    ms_path_set *set;
    int dirfd;
    ms_extra_path_fn extra;
    void *payload;
    bool stop;
} search;

static ms_status search_folder(search *find, const char *path, unsigned depth, ms_error *err);

static ms_status look_at(search *find, const char *path, ms_file_kind kind, unsigned depth, ms_error *err)
{
    if (!ms_path_set_has(find->set, path))
        return find->extra(find->payload, path, &find->stop, err);
    return kind == MS_FILE_DIRECTORY ? search_folder(find, path, depth + 1, err) : MS_OK;
}

static ms_status search_folder(search *find, const char *path, unsigned depth, ms_error *err)
{
    ms_folder *folder = NULL;
    ms_buffer entry;
    ms_buffer_init(&entry, MS_FILE_PATH_SIZE_MAX);
    if (depth > MS_PATH_DEPTH_MAX)
        return MS_OK; /* what is deeper than a model can be was not in the set either */
    ms_status status = ms_folder_open(&folder, find->dirfd, path[0] == '\0' ? "." : path, err);
    while (status == MS_OK && !find->stop) {
        const char *name = NULL;
        ms_file_kind kind;
        status = ms_folder_next(folder, &name, &kind, err);
        if (status != MS_OK || name == NULL)
            break;
        ms_buffer_clear(&entry);
        status = ms_buffer_printf(&entry, err, path[0] == '\0' ? "%s%s" : "%s/%s", path, name);
        const char *text = status == MS_OK ? ms_buffer_text(&entry) : NULL;
        if (status == MS_OK && text == NULL)
            status = ms_fail_memory(err, entry.size);
        if (status == MS_OK)
            status = look_at(find, text, kind, depth, err);
    }
    ms_folder_close(folder);
    ms_buffer_release(&entry);
    return status;
}

ms_status ms_path_set_find_extra(ms_path_set *set, int dirfd, ms_extra_path_fn extra, void *payload, ms_error *err)
{
    search find = {.set = set, .dirfd = dirfd, .extra = extra, .payload = payload};
    return search_folder(&find, "", 0, err);
}
