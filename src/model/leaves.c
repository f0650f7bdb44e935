/* The producer of leaf batches: walks the DAG and cuts what it says into batches of a fixed size. */
#include "model/leaves_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "manifest/chunk_tree.h"
#include "model/batch_priv.h"
#include "task/pipeline.h"

#define PATHS_PER_BATCH_SIZE_MAX ((size_t)4 << 20)

typedef struct leaves_walk {
    ms_run *run;
    ms_walk *walk;
    const ms_leaf_stages *stages;
    size_t buffer_size;
    ms_walk_event event; /* the next event, not yet part of a batch */
    bool has_event;
    bool ended;
    const char *path; /* of the file being walked, in the paths of the batch being filled */
    char *file_path;  /* the same, kept over batches */
    uint64_t file_size;
    uint64_t file_index;
    const ms_manifest_head *head; /* may be NULL */
    ms_chunk_tree tree;           /* of the leaves so far */
} leaves_walk;

static void clear_batch(ms_leaf_batch *batch)
{
    batch->leaf_count = 0;
    batch->step_count = 0;
    batch->buffer_used = 0;
    ms_arena_release(&batch->paths);
    ms_arena_init(&batch->paths, PATHS_PER_BATCH_SIZE_MAX);
}

static ms_status batch_path(ms_leaf_batch *batch, const char **path, ms_span text, ms_error *err)
{
    *path = ms_arena_strndup(&batch->paths, text.size == 0 ? "" : (const char *)text.data, text.size);
    return *path == NULL ? ms_fail_memory(err, text.size) : MS_OK;
}

static ms_status begin_file(leaves_walk *leaves, ms_leaf_batch *batch, ms_error *err)
{
    ms_status status = batch_path(batch, &leaves->path, leaves->event.path, err);
    if (status != MS_OK)
        return status;
    ms_free(leaves->file_path);
    leaves->file_path = ms_strdup(leaves->path);
    leaves->file_size = leaves->event.size;
    leaves->file_index = leaves->event.file_index;
    return leaves->file_path == NULL ? ms_fail_memory(err, leaves->event.path.size) : MS_OK;
}

/* The path of the current file in the paths of this batch. */
static ms_status current_path(leaves_walk *leaves, ms_leaf_batch *batch, const char **path, ms_error *err)
{
    if (leaves->path == NULL)
        leaves->path = ms_arena_strdup(&batch->paths, leaves->file_path == NULL ? "" : leaves->file_path);
    *path = leaves->path;
    return *path == NULL ? ms_fail_memory(err, sizeof(*path)) : MS_OK;
}

static bool batch_is_full(const leaves_walk *leaves, const ms_leaf_batch *batch)
{
    if (batch->step_count == MS_STEPS_PER_BATCH_MAX || batch->leaf_count == MS_LEAVES_PER_BATCH_MAX)
        return true;
    return leaves->event.kind == MS_WALK_LEAF && batch->leaf_count > 0 &&
           batch->buffer_used + ms_batch_room(leaves->event.size) > leaves->buffer_size;
}

static ms_status add_leaf(leaves_walk *leaves, ms_leaf_batch *batch, ms_step *step, ms_error *err)
{
    const ms_walk_event *event = &leaves->event;
    if (event->size > MS_BLOCK_SIZE_OUT_MAX)
        return ms_fail(err, MS_LIMIT, "chunk_size", "chunk %llu has %llu bytes, more than a chunk may have",
                (unsigned long long)event->chunk_index, (unsigned long long)event->size);
    ms_leaf *leaf = &batch->leaves[batch->leaf_count];
    const ms_leaf_stages *stages = leaves->stages;
    const bool is_chosen = stages->chooses == NULL || stages->chooses(stages->payload);
    *leaf = (ms_leaf){.cid = event->cid,
            .chunk_index = event->chunk_index,
            .file_index = leaves->file_index,
            .offset = event->offset,
            .size = event->size,
            .file_size = leaves->file_size,
            .data = batch->buffer + batch->buffer_used,
            .data_size = ms_batch_room(event->size),
            .status = is_chosen ? MS_INTERNAL : MS_OK,
            .is_passed_over = !is_chosen};
    ms_status status = current_path(leaves, batch, &leaf->path, err);
    if (status != MS_OK)
        return status;
    batch->buffer_used += leaf->data_size;
    step->leaf = batch->leaf_count++;
    ms_chunk_tree_add(&leaves->tree, leaf->cid.digest);
    return MS_OK;
}

static ms_status add_step(leaves_walk *leaves, ms_leaf_batch *batch, ms_error *err)
{
    const ms_walk_event *event = &leaves->event;
    ms_step *step = &batch->steps[batch->step_count];
    *step = (ms_step){.size = event->size, .file_index = event->file_index, .cid = event->cid};
    ms_status status = MS_OK;
    if (event->kind == MS_WALK_DIRECTORY) {
        step->kind = MS_STEP_FOLDER;
        status = batch_path(batch, &step->path, event->path, err);
    } else if (event->kind == MS_WALK_FILE) {
        step->kind = MS_STEP_FILE;
        status = begin_file(leaves, batch, err);
        step->path = leaves->path;
    } else if (event->kind == MS_WALK_LEAF) {
        step->kind = MS_STEP_LEAF;
        status = add_leaf(leaves, batch, step, err);
    } else if (event->kind == MS_WALK_FILE_END) {
        step->kind = MS_STEP_FILE_END;
        step->file_index = leaves->file_index;
        status = current_path(leaves, batch, &step->path, err);
    } else {
        step->kind = MS_STEP_NODE;
    }
    if (status == MS_OK)
        batch->step_count++;
    return status;
}

/* Make leaves->event the next event that is wanted. */
static ms_status next_event(leaves_walk *leaves, ms_error *err)
{
    for (;;) {
        ms_status status = ms_walk_next(leaves->walk, &leaves->event, err);
        if (status != MS_OK)
            return status;
        const ms_walk_event_kind kind = leaves->event.kind;
        const bool begins = kind == MS_WALK_DIRECTORY || kind == MS_WALK_FILE;
        const ms_leaf_stages *stages = leaves->stages;
        if (begins && stages->wants != NULL && !stages->wants(stages->payload, &leaves->event)) {
            ms_walk_skip(leaves->walk);
            continue;
        }
        if (begins && stages->begin != NULL)
            status = stages->begin(stages->payload, &leaves->event, err);
        leaves->has_event = status == MS_OK;
        return status;
    }
}

static ms_status check_chunk_root(const leaves_walk *leaves, ms_error *err)
{
    uint8_t root[32];
    const ms_manifest_head *head = leaves->head;
    if (!leaves->stages->checks_chunk_root || head == NULL || leaves->tree.count != head->count)
        return MS_OK;
    const ms_status status = ms_chunk_tree_root(&leaves->tree, root, err);
    if (status == MS_OK && memcmp(root, head->chunk_root, sizeof(root)) != 0)
        return ms_fail(err, MS_INTEGRITY, "chunk_root", "the manifest states another chunkRoot than that of its chunks");
    return status;
}

static ms_status produce(void *payload, void *item, bool *end, ms_error *err)
{
    leaves_walk *leaves = (leaves_walk *)payload;
    ms_leaf_batch *batch = (ms_leaf_batch *)item;
    clear_batch(batch);
    leaves->path = NULL;
    while (!leaves->ended) {
        if (!leaves->has_event) {
            ms_status status = next_event(leaves, err);
            if (status != MS_OK)
                return status;
        }
        if (leaves->event.kind == MS_WALK_END) {
            leaves->ended = true;
            const ms_status status = check_chunk_root(leaves, err);
            if (status != MS_OK)
                return status;
            break;
        }
        if (batch_is_full(leaves, batch))
            break;
        ms_status status = add_step(leaves, batch, err);
        if (status != MS_OK)
            return status;
        leaves->has_event = false;
    }
    *end = batch->step_count == 0;
    return MS_OK;
}

static ms_status work(void *payload, unsigned worker, void *item, ms_error *err)
{
    const leaves_walk *leaves = (const leaves_walk *)payload;
    return leaves->stages->work(leaves->stages->payload, worker, (ms_leaf_batch *)item, err);
}

static ms_status consume(void *payload, void *item, ms_error *err)
{
    const leaves_walk *leaves = (const leaves_walk *)payload;
    return leaves->stages->consume(leaves->stages->payload, (ms_leaf_batch *)item, err);
}

static void free_batches(ms_leaf_batch *batches, size_t count)
{
    for (size_t i = 0; batches != NULL && i < count; i++) {
        ms_free(batches[i].leaves);
        ms_free(batches[i].steps);
        ms_free_aligned(batches[i].buffer);
        ms_arena_release(&batches[i].paths);
    }
    ms_free(batches);
}

static ms_status new_batches(ms_leaf_batch **batches, size_t count, size_t buffer_size, ms_error *err)
{
    *batches = ms_calloc(count, sizeof(**batches));
    if (*batches == NULL)
        return ms_fail_memory(err, count * sizeof(**batches));
    for (size_t i = 0; i < count; i++) {
        ms_leaf_batch *batch = &(*batches)[i];
        batch->leaves = ms_calloc(MS_LEAVES_PER_BATCH_MAX, sizeof(*batch->leaves));
        batch->steps = ms_calloc(MS_STEPS_PER_BATCH_MAX, sizeof(*batch->steps));
        batch->buffer = ms_batch_buffer_new(buffer_size);
        ms_arena_init(&batch->paths, PATHS_PER_BATCH_SIZE_MAX);
        if (batch->leaves == NULL || batch->steps == NULL || batch->buffer == NULL)
            return ms_fail_memory(err, buffer_size);
    }
    return MS_OK;
}

ms_status ms_leaves_run(ms_run *run, const ms_cid *root, const ms_manifest_head *head, const ms_block_source *source,
        const ms_leaf_stages *stages, ms_error *err)
{
    const unsigned workers = ms_batch_workers(run->task);
    const size_t count = ms_batch_count(workers);
    leaves_walk leaves = {.run = run, .stages = stages, .head = head, .buffer_size = ms_batch_buffer_size(run->storage)};
    ms_leaf_batch *batches = NULL;
    ms_chunk_tree_init(&leaves.tree);
    ms_status status = ms_walk_open(&leaves.walk, root, source, err);
    if (status == MS_OK && head != NULL)
        ms_walk_expect(leaves.walk, head->size, head->count);
    if (status == MS_OK)
        status = new_batches(&batches, count, leaves.buffer_size, err);
    const ms_pipeline_stages pipeline = {
            .produce = produce, .work = work, .consume = consume, .payload = &leaves};
    if (status == MS_OK)
        status = ms_pipeline_run(run->task, &pipeline, batches, sizeof(*batches), count, workers, err);
    free_batches(batches, count);
    ms_walk_close(leaves.walk);
    ms_free(leaves.file_path);
    return status;
}
