/* The retrieve command: which model, which form, which place. */
#include <string.h>

#include "base/alloc.h"
#include "model/delivery_priv.h"
#include "model/outflow_priv.h"
#include "model/root_kind_priv.h"
#include "model/staging_priv.h"
#include "platform/clock.h"

typedef struct retrieving {
    ms_run *run;
    const ms_retrieve_options *options;
    ms_retrieve_result *result;
    ms_store *store;
    ms_opened_model model;
    const char *stored_name;
    ms_path_filter filter;
    ms_copy seeds[MS_PLACING_COPIES_MAX];
    ms_delivery delivery;
} retrieving;

static ms_status check_options(const retrieving *retrieve, ms_error *err)
{
    const ms_retrieve_options *options = retrieve->options;
    const bool to_stream = options->write != NULL;
    if (options->ref == NULL || (options->output == NULL) != to_stream)
        return ms_fail(err, MS_USAGE, "retrieve_what", "retrieve needs the name of a model, and an output or a stream");
    if (to_stream && (options->extract || options->force || options->dry_run))
        return ms_fail(err, MS_USAGE, "retrieve_stream", "extract, force and a dry run are about an output on disk");
    if (!to_stream && options->format_tar)
        return ms_fail(err, MS_USAGE, "retrieve_format", "the suffix of the output says its form; a form is for streams alone");
    if (options->seed_count > MS_PLACING_COPIES_MAX - 1)
        return ms_fail(err, MS_LIMIT, "retrieve_seeds", "at most %d seeds can be used", MS_PLACING_COPIES_MAX - 1);
    return MS_OK;
}

static ms_status open_seeds(retrieving *retrieve, ms_error *err)
{
    ms_delivery *delivery = &retrieve->delivery;
    ms_status status = MS_OK;
    for (size_t i = 0; status == MS_OK && i < retrieve->options->seed_count; i++) {
        status = ms_copy_open(&retrieve->seeds[i], retrieve->options->seeds[i], err);
        if (status == MS_OK)
            delivery->seed_count++;
        else
            ms_error_set_path(err, retrieve->options->seeds[i]);
    }
    return status;
}

static ms_status open_model(retrieving *retrieve, ms_error *err)
{
    ms_run *run = retrieve->run;
    ms_retrieve_result *result = retrieve->result;
    ms_opened_model *model = &retrieve->model;
    ms_status status = ms_model_open(run, retrieve->options->ref, MS_MODEL_FOR_USE, model, err);
    if (status != MS_OK)
        return status;
    result->verified_by = model->verified_by;
    result->total_size = model->head.size;
    result->chunk_count = model->head.count;
    if (model->has_record) {
        result->version = model->record.version;
        status = ms_run_text(run, &result->model_id, model->record.model_id, err);
        if (status == MS_OK)
            status = ms_run_address(run, &result->publisher, &model->record.publisher, err);
    }
    if (status == MS_OK && model->head.count != 0)
        status = ms_run_cid(run, &result->manifest_cid, &model->manifest, err);
    if (status == MS_OK)
        status = ms_run_cid(run, &result->root_cid, &model->head.root, err);
    /* A CID alone has no name but itself. */
    retrieve->stored_name = model->info.stored_name.size == 0
                                    ? result->root_cid
                                    : ms_arena_strndup(&run->arena, (const char *)model->info.stored_name.data, model->info.stored_name.size);
    if (status == MS_OK && retrieve->stored_name == NULL)
        status = ms_fail_memory(err, model->info.stored_name.size);
    return status;
}

static ms_status check_filter(const retrieving *retrieve, ms_error *err)
{
    if (retrieve->delivery.is_folder_model || ms_path_filter_wants(&retrieve->filter, retrieve->stored_name, false))
        return MS_OK;
    return ms_fail(err, MS_USAGE, "nothing_selected", "the model is the single file %s, which --include and --exclude leave out",
            retrieve->stored_name);
}

/* What a dry run tells; and a filter that leaves nothing is told before anything is written or looked at. */
static ms_status select_files(retrieving *retrieve, ms_error *err)
{
    ms_delivery *delivery = &retrieve->delivery;
    const ms_manifest_head *head = &retrieve->model.head;
    const bool is_filtered = delivery->is_folder_model && !ms_path_filter_is_open(&retrieve->filter);
    const bool is_size_known = head->count != 0;
    delivery->selected = (ms_selection){.size = head->size, .chunks = head->count};
    if (!is_filtered && (is_size_known || !delivery->dry_run))
        return MS_OK;
    return ms_selection_measure(retrieve->run, retrieve->store, &retrieve->model, &retrieve->filter, !delivery->dry_run,
            &delivery->selected, err);
}

/* Streams. */

static ms_status write_to_caller(void *payload, const void *data, size_t size, ms_error *err)
{
    const retrieving *retrieve = (const retrieving *)payload;
    ms_status status = size == 0 ? MS_OK : retrieve->options->write(retrieve->options->write_payload, data, size);
    if (status != MS_OK)
        return ms_fail(err, status, "output_write", "the stream could not be written to");
    return MS_OK;
}

static ms_status retrieve_to_stream(retrieving *retrieve, ms_error *err)
{
    ms_delivery *delivery = &retrieve->delivery;
    if (delivery->is_folder_model && !retrieve->options->format_tar) {
        (void)ms_fail(err, MS_USAGE, "retrieve_folder_stream", "the model is a folder, and a stream holds one file");
        ms_error_set_hint(err, "ask for a tar: --format tar");
        return MS_USAGE;
    }
    if (!delivery->is_folder_model && retrieve->options->format_tar)
        return ms_fail(err, MS_USAGE, "retrieve_file_tar", "the model is a single file and is not packed");
    ms_outflow outflow = {.run = retrieve->run,
            .store = retrieve->store,
            .model = &retrieve->model,
            .filter = &retrieve->filter,
            .is_folder_model = delivery->is_folder_model,
            .format = delivery->is_folder_model ? MS_ARCHIVE_TAR : MS_ARCHIVE_NONE,
            .output = {.write = write_to_caller, .payload = retrieve},
            .copies = retrieve->seeds,
            .copy_count = delivery->seed_count};
    ms_task_progress_begin(retrieve->run->task, "fetch", retrieve->model.head.size);
    ms_status status = ms_outflow_run(&outflow, err);
    ms_task_progress_end(retrieve->run->task);
    delivery->fetched_bytes = outflow.fetched_bytes;
    delivery->reused_bytes = outflow.reused_bytes;
    delivery->chunks = outflow.chunks;
    return status;
}

/* Disk. */

/* The tree beside an archive: OUTPUT less its suffix. */
static ms_status retrieve_extracted(retrieving *retrieve, const ms_target *target, size_t suffix_size, ms_error *err)
{
    ms_target tree = {.parent_fd = -1};
    char *name = ms_strndup(target->name, strlen(target->name) - suffix_size);
    if (name == NULL)
        return ms_fail_memory(err, strlen(target->name));
    ms_status status = ms_target_open_sibling(&tree, target, name, ms_storage_home(retrieve->run->storage), err);
    if (status == MS_OK && !retrieve->options->dry_run)
        status = ms_staging_recover(&tree, retrieve->run->task, err);
    if (status == MS_OK && retrieve->delivery.is_folder_model)
        status = ms_deliver_tree(&retrieve->delivery, &tree, err);
    else if (status == MS_OK)
        status = ms_deliver_extraction(&retrieve->delivery, target, &tree, err);
    if (status == MS_OK && !retrieve->options->dry_run)
        status = ms_run_text(retrieve->run, &retrieve->result->extracted_path, tree.path, err);
    ms_target_release(&tree);
    ms_free(name);
    return status;
}

static ms_status retrieve_to_disk(retrieving *retrieve, ms_error *err)
{
    const ms_retrieve_options *options = retrieve->options;
    ms_delivery *delivery = &retrieve->delivery;
    ms_target target;
    size_t suffix_size = 0;
    ms_archive_format format;
    ms_status status = ms_target_open(&target, options->output, retrieve->stored_name, delivery->is_folder_model,
            options->dry_run, ms_storage_home(retrieve->run->storage), retrieve->run->task, err);
    if (status == MS_OK)
        status = ms_run_text(retrieve->run, &retrieve->result->output_path, target.path, err);
    if (status == MS_OK && !options->dry_run)
        status = ms_staging_recover(&target, retrieve->run->task, err);
    if (status == MS_OK && target.format != MS_ARCHIVE_NONE)
        status = ms_deliver_archive(delivery, &target, err);
    else if (status == MS_OK)
        status = ms_deliver_tree(delivery, &target, err);
    if (status == MS_OK && options->extract && ms_archive_readable_of_name(target.name, &format, &suffix_size))
        status = retrieve_extracted(retrieve, &target, suffix_size, err);
    ms_target_release(&target);
    return status;
}

static ms_status fill_sources(retrieving *retrieve, ms_error *err)
{
    ms_source *source = ms_arena_alloc(&retrieve->run->arena, sizeof(*source));
    if (source == NULL)
        return ms_fail_memory(err, sizeof(*source));
    source->url = ms_arena_printf(&retrieve->run->arena, "file://%s/blocks", ms_storage_home(retrieve->run->storage));
    source->bytes = retrieve->delivery.fetched_bytes;
    source->errors = retrieve->delivery.bad_blocks;
    if (source->url == NULL)
        return ms_fail_memory(err, sizeof(*source));
    retrieve->result->sources = source;
    retrieve->result->source_count = 1;
    return MS_OK;
}

static ms_status retrieve_locked(retrieving *retrieve, ms_error *err)
{
    void *lock = NULL;
    ms_status status = ms_store_read_begin(retrieve->store, retrieve->run->task, &lock, err);
    if (status == MS_OK)
        status = open_model(retrieve, err);
    if (status == MS_OK)
        status = ms_model_require_kept(retrieve->run, &retrieve->model, &retrieve->model.head.root, err);
    if (status == MS_OK)
        status = ms_root_is_folder(retrieve->store, &retrieve->model.head.root, &retrieve->delivery.is_folder_model, err);
    if (status == MS_OK)
        status = check_filter(retrieve, err);
    if (status == MS_OK)
        status = select_files(retrieve, err);
    if (status == MS_OK)
        status = retrieve->options->write != NULL ? retrieve_to_stream(retrieve, err) : retrieve_to_disk(retrieve, err);
    status = ms_model_explain_missing(retrieve->run, &retrieve->model, status, err);
    ms_store_read_end(retrieve->store, lock);
    return status;
}

static void fill_counts(retrieving *retrieve)
{
    const ms_delivery *delivery = &retrieve->delivery;
    ms_retrieve_result *result = retrieve->result;
    result->fetched_bytes = delivery->fetched_bytes;
    result->reused_bytes = delivery->reused_bytes;
    result->needed_bytes = delivery->needed_bytes;
    if (result->total_size == 0 && result->chunk_count == 0) { /* a CID without a manifest: known only now */
        result->total_size = delivery->fetched_bytes + delivery->reused_bytes;
        result->chunk_count = delivery->chunks;
    }
}

static ms_status run_retrieve(ms_run *run, const void *options, void *result, ms_error *err)
{
    const uint64_t started_ms = ms_clock_monotonic_ms();
    retrieving *retrieve = ms_calloc(1, sizeof(*retrieve));
    if (retrieve == NULL)
        return ms_fail_memory(err, sizeof(*retrieve));
    retrieve->run = run;
    retrieve->options = (const ms_retrieve_options *)options;
    retrieve->result = (ms_retrieve_result *)result;
    ms_status status = check_options(retrieve, err);
    if (status == MS_OK)
        status = ms_path_filter_compile(&retrieve->filter, retrieve->options->include, retrieve->options->include_count,
                retrieve->options->exclude, retrieve->options->exclude_count, err);
    if (status == MS_OK)
        status = ms_storage_store(run->storage, &retrieve->store, err);
    retrieve->delivery = (ms_delivery){.run = run,
            .store = retrieve->store,
            .model = &retrieve->model,
            .filter = &retrieve->filter,
            .force = retrieve->options->force,
            .dry_run = retrieve->options->dry_run,
            .seeds = retrieve->seeds};
    if (status == MS_OK)
        status = open_seeds(retrieve, err);
    if (status == MS_OK)
        status = retrieve_locked(retrieve, err);
    fill_counts(retrieve);
    if (status == MS_OK)
        status = fill_sources(retrieve, err);
    for (size_t i = 0; i < retrieve->delivery.seed_count; i++)
        ms_copy_close(&retrieve->seeds[i]);
    ms_path_filter_release(&retrieve->filter);
    retrieve->result->duration_ms = ms_clock_monotonic_ms() - started_ms;
    ms_free(retrieve);
    return status;
}

static void write_retrieve(ms_result *json, const void *result)
{
    ms_result_retrieve(json, (const ms_retrieve_result *)result);
}

const ms_command ms_command_retrieve = {.name = "retrieve",
        .options_size = sizeof(ms_retrieve_options),
        .result_size = sizeof(ms_retrieve_result),
        .run = run_retrieve,
        .write_result = write_retrieve};
