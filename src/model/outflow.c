#include "model/outflow_priv.h"

#include "codec/path.h"
#include "model/selection_priv.h"

typedef struct flowing {
    ms_outflow *outflow;
    ms_archive_writer *archive; /* NULL: the bytes of one file */
} flowing;

static bool wants(void *payload, const ms_walk_event *event)
{
    const ms_outflow *outflow = ((const flowing *)payload)->outflow;
    char path[MS_PATH_SIZE_MAX + 1];
    return !outflow->is_folder_model ||
           ms_path_filter_wants(outflow->filter, ms_walk_path(event, path), event->kind == MS_WALK_DIRECTORY);
}

static ms_status work(void *payload, unsigned worker, ms_leaf_batch *batch, ms_error *err)
{
    (void)worker;
    const ms_outflow *outflow = ((const flowing *)payload)->outflow;
    uint64_t bad = 0;
    ms_status status = MS_OK;
    for (size_t i = 0; status == MS_OK && i < outflow->copy_count; i++)
        status = ms_leaves_from_copy(&outflow->copies[i], batch, err);
    return status == MS_OK ? ms_leaves_fetch(outflow->store, batch, &bad, err) : status;
}

static ms_status write_leaf(flowing *flow, const ms_leaf *leaf, ms_error *err)
{
    ms_outflow *outflow = flow->outflow;
    if (leaf->status != MS_OK)
        return ms_leaf_fail(leaf, err);
    ms_status status;
    if (flow->archive != NULL)
        status = ms_archive_writer_write(flow->archive, leaf->data, (size_t)leaf->size, err);
    else
        status = outflow->output.write(outflow->output.payload, leaf->data, (size_t)leaf->size, err);
    if (status != MS_OK)
        return status;
    if (leaf->is_reused)
        outflow->reused_bytes += leaf->size;
    else
        outflow->fetched_bytes += leaf->size;
    outflow->chunks++;
    ms_task_progress_add(outflow->run->task, leaf->size, leaf->is_reused ? leaf->size : 0);
    return MS_OK;
}

static ms_status take_step(flowing *flow, const ms_leaf_batch *batch, const ms_step *step, ms_error *err)
{
    if (step->kind == MS_STEP_LEAF)
        return write_leaf(flow, &batch->leaves[step->leaf], err);
    if (flow->archive == NULL)
        return MS_OK;
    if (step->kind == MS_STEP_FOLDER)
        return ms_archive_writer_add_folder(flow->archive, step->path, err);
    if (step->kind == MS_STEP_FILE)
        return ms_archive_writer_begin_file(flow->archive, step->path, step->size, err);
    if (step->kind == MS_STEP_FILE_END)
        return ms_archive_writer_end_file(flow->archive, err);
    return MS_OK;
}

static ms_status consume(void *payload, ms_leaf_batch *batch, ms_error *err)
{
    flowing *flow = (flowing *)payload;
    ms_status status = MS_OK;
    for (size_t i = 0; status == MS_OK && i < batch->step_count; i++)
        status = take_step(flow, batch, &batch->steps[i], err);
    return status;
}

ms_status ms_outflow_run(ms_outflow *outflow, ms_error *err)
{
    flowing flow = {.outflow = outflow};
    ms_status status = MS_OK;
    if (outflow->format != MS_ARCHIVE_NONE)
        status = ms_archive_writer_new(
                &flow.archive, outflow->format, &outflow->output, ms_task_workers(outflow->run->task), err);
    const ms_leaf_stages stages = {.wants = wants, .work = work, .consume = consume, .payload = &flow, .checks_chunk_root = true};
    const ms_block_source source = ms_store_source(outflow->store);
    const ms_manifest_head *head = outflow->model->head.count == 0 ? NULL : &outflow->model->head;
    if (status == MS_OK)
        status = ms_leaves_run(outflow->run, &outflow->model->head.root, head, &source, &stages, err);
    if (status == MS_OK && outflow->chunks == 0)
        status = ms_selection_fail_none(err);
    if (status == MS_OK && flow.archive != NULL)
        status = ms_archive_writer_finish(flow.archive, err);
    ms_archive_writer_free(flow.archive);
    return status;
}
