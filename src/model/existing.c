#include "model/existing_priv.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "codec/path.h"
#include "model/path_set_priv.h"
#include "platform/file.h"

typedef struct comparison {
    ms_existing *existing;
    const ms_placing *placing;
    const ms_copy *copy;
    ms_path_set paths;
    bool file_is_whole; /* so far, of the file being compared */
    uint64_t file_size;
} comparison;

static void differ(comparison *compare, const char *path, const char *what)
{
    if (compare->existing->difference != NULL)
        return;
    ms_buffer text;
    ms_buffer_init(&text, MS_FILE_PATH_SIZE_MAX);
    if (ms_buffer_printf(&text, NULL, "%s %s", path[0] == '\0' ? "it" : path, what) == MS_OK && ms_buffer_text(&text) != NULL)
        compare->existing->difference = ms_strdup(ms_buffer_text(&text));
    ms_buffer_release(&text);
    compare->existing->is_same = false;
}

static bool wants(void *payload, const ms_walk_event *event)
{
    const comparison *compare = (const comparison *)payload;
    char path[MS_PATH_SIZE_MAX + 1];
    return !compare->placing->is_folder_model ||
           ms_path_filter_wants(compare->placing->filter, ms_walk_path(event, path), event->kind == MS_WALK_DIRECTORY);
}

/* Kinds and sizes; contents follow by their hashes. */
static ms_status begin(void *payload, const ms_walk_event *event, ms_error *err)
{
    comparison *compare = (comparison *)payload;
    char path[MS_PATH_SIZE_MAX + 1];
    ms_file_status found;
    ms_error seen = MS_ERROR_INIT;
    (void)ms_walk_path(event, path);
    ms_status status = compare->placing->is_folder_model ? ms_path_set_add(&compare->paths, event->path, err) : MS_OK;
    if (status != MS_OK)
        return status;
    if (compare->copy->is_folder)
        status = ms_file_status_at(compare->copy->fd, path, false, &found, &seen);
    else
        status = ms_file_status_of(compare->copy->fd, &found, &seen);
    /* A folder that is a file, or a link that leads to itself, holds no such file. */
    if (status == MS_NOT_FOUND || (status == MS_IO && (seen.os_errno == ENOTDIR || seen.os_errno == ELOOP))) {
        differ(compare, path, "is missing");
        return MS_OK;
    }
    if (status != MS_OK) {
        ms_error_copy(err, &seen);
        return status;
    }
    if (event->kind == MS_WALK_FILE)
        status = ms_whole_files_see(&compare->existing->whole, event->file_index, &found, err);
    if (status != MS_OK)
        return status;
    const ms_file_kind kind = event->kind == MS_WALK_DIRECTORY ? MS_FILE_DIRECTORY : MS_FILE_REGULAR;
    if (found.kind != kind)
        differ(compare, path, kind == MS_FILE_DIRECTORY ? "is not a folder" : "is not a regular file");
    else if (kind == MS_FILE_REGULAR && found.size != event->size)
        differ(compare, path, found.size < event->size ? "is shorter" : "is longer");
    return MS_OK;
}

static ms_status work(void *payload, unsigned worker, ms_leaf_batch *batch, ms_error *err)
{
    (void)worker;
    const comparison *compare = (const comparison *)payload;
    return ms_leaves_from_copy(compare->copy, batch, err);
}

/* A file that goes on behind its last chunk is no whole file, whatever its chunks say. */
static bool has_its_size(const comparison *compare, const char *path, uint64_t size)
{
    ms_file_status found;
    const ms_status status = compare->copy->is_folder ? ms_file_status_at(compare->copy->fd, path, false, &found, NULL)
                                                      : ms_file_status_of(compare->copy->fd, &found, NULL);
    return status == MS_OK && found.kind == MS_FILE_REGULAR && found.size == size;
}

static ms_status end_file(comparison *compare, const ms_step *step, ms_error *err)
{
    ms_existing *existing = compare->existing;
    const bool is_whole = compare->file_is_whole && has_its_size(compare, step->path, compare->file_size);
    if (is_whole)
        existing->matching_bytes += compare->file_size;
    else
        differ(compare, step->path, "differs");
    return ms_whole_files_set(&existing->whole, step->file_index, is_whole, err);
}

static ms_status consume(void *payload, ms_leaf_batch *batch, ms_error *err)
{
    comparison *compare = (comparison *)payload;
    ms_status status = MS_OK;
    for (size_t i = 0; status == MS_OK && i < batch->step_count; i++) {
        const ms_step *step = &batch->steps[i];
        if (step->kind == MS_STEP_FILE) {
            compare->file_is_whole = true;
            compare->file_size = step->size;
        } else if (step->kind == MS_STEP_LEAF) {
            const ms_leaf *leaf = &batch->leaves[step->leaf];
            compare->file_is_whole = compare->file_is_whole && leaf->status == MS_OK;
            compare->existing->wanted_bytes += leaf->size;
            compare->existing->wanted_chunks++;
            ms_task_progress_add(compare->placing->run->task, leaf->size, 0);
        } else if (step->kind == MS_STEP_FILE_END) {
            status = end_file(compare, step, err);
        }
    }
    return status;
}

static ms_status on_extra(void *payload, const char *path, bool *stop, ms_error *err)
{
    (void)err;
    differ((comparison *)payload, path, "does not belong to the model");
    *stop = true;
    return MS_OK;
}

ms_status ms_existing_compare(ms_existing *existing, const ms_placing *placing, const ms_copy *copy, ms_error *err)
{
    *existing = (ms_existing){.is_same = true};
    comparison compare = {.existing = existing, .placing = placing, .copy = copy};
    ms_path_set_init(&compare.paths);
    if (copy->is_folder != placing->is_folder_model) {
        differ(&compare, "", copy->is_folder ? "is a folder and the model is a file" : "is a file and the model is a folder");
        ms_path_set_release(&compare.paths);
        return MS_OK;
    }
    const ms_leaf_stages stages = {
            .wants = wants, .begin = begin, .work = work, .consume = consume, .payload = &compare};
    const ms_block_source source = ms_store_source(placing->store);
    const ms_manifest_head *head = placing->model->head.count == 0 ? NULL : &placing->model->head;
    ms_status status = ms_leaves_run(placing->run, &placing->model->head.root, head, &source, &stages, err);
    if (status == MS_OK && copy->is_folder && existing->is_same)
        status = ms_path_set_find_extra(&compare.paths, copy->fd, placing->run->task, on_extra, &compare, err);
    ms_path_set_release(&compare.paths);
    return status;
}

void ms_existing_release(ms_existing *existing)
{
    ms_free(existing->difference);
    ms_whole_files_release(&existing->whole);
}
