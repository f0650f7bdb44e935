#include "model/selection_priv.h"

#include "codec/path.h"
#include "model/placing_priv.h"
#include "unixfs/walk.h"

ms_status ms_selection_fail_none(ms_error *err)
{
    return ms_fail(err, MS_USAGE, "nothing_selected", "no file of the model matches --include and --exclude");
}

/* Every file has a chunk, an empty one too. */
static void take_event(ms_walk *walk, const ms_walk_event *event, const ms_path_filter *filter, ms_selection *selection)
{
    char path[MS_PATH_SIZE_MAX + 1];
    const bool begins = event->kind == MS_WALK_DIRECTORY || event->kind == MS_WALK_FILE;
    /* The one file of a model has no path. */
    if (begins && event->path.size > 0 &&
            !ms_path_filter_wants(filter, ms_walk_path(event, path), event->kind == MS_WALK_DIRECTORY))
        ms_walk_skip(walk);
    if (event->kind != MS_WALK_LEAF)
        return;
    selection->size += event->size;
    selection->chunks++;
}

ms_status ms_selection_measure(ms_run *run, ms_store *store, const ms_opened_model *model, const ms_path_filter *filter,
        bool is_any_enough, ms_selection *selection, ms_error *err)
{
    const ms_block_source source = ms_store_source(store);
    const ms_manifest_head *head = &model->head;
    ms_walk_event event = {.kind = MS_WALK_NODE};
    ms_walk *walk = NULL;
    *selection = (ms_selection){0};
    ms_status status = ms_walk_open(&walk, &head->root, &source, err);
    if (status == MS_OK && head->count != 0)
        ms_walk_expect(walk, head->size, head->count);
    while (status == MS_OK && event.kind != MS_WALK_END && !(is_any_enough && selection->chunks > 0)) {
        status = ms_task_check(run->task, err);
        if (status == MS_OK)
            status = ms_walk_next(walk, &event, err);
        if (status == MS_OK)
            take_event(walk, &event, filter, selection);
    }
    ms_walk_close(walk);
    return status == MS_OK && selection->chunks == 0 ? ms_selection_fail_none(err) : status;
}
