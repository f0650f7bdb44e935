/* The info command. */
#include <string.h>

#include "base/alloc.h"
#include "chunker/chunker.h"
#include "codec/path.h"
#include "codec/text.h"
#include "manifest/manifest_ext.h"
#include "model/manifest_entry_priv.h"
#include "model/placing_priv.h"
#include "unixfs/walk.h"

typedef struct informing {
    ms_run *run;
    const ms_info_options *options;
    ms_info_result *result;
    ms_opened_model model;
    ms_store *store;
    ms_manifest_ext ext;
    bool has_digests;
    char path[MS_PATH_SIZE_MAX + 1]; /* of the file being walked */
    uint64_t file_size;
    uint64_t file_index;
    uint64_t file_chunks;
    ms_cid file_cid;
    uint64_t files;
} informing;

static ms_status on_version(void *payload, const ms_record *record, ms_error *err)
{
    informing *info = (informing *)payload;
    ms_info_result *result = info->result;
    ms_version_entry *versions = ms_arena_grow(
            &info->run->arena, result->versions, result->version_count, sizeof(*versions));
    if (versions == NULL)
        return ms_fail_memory(err, sizeof(*versions));
    result->versions = versions;
    ms_version_entry entry = {.version = record->version,
            .timestamp = record->time,
            .status = ms_record_status_word(record->status)};
    const ms_cid manifest = ms_manifest_cid(record->manifest);
    ms_status status = ms_run_cid(info->run, &entry.manifest_cid, &manifest, err);
    if (status == MS_OK && record->reason[0] != '\0')
        status = ms_run_text(info->run, &entry.reason, record->reason, err);
    if (status != MS_OK)
        return status;
    versions[result->version_count++] = entry;
    return MS_OK;
}

static const char *shown_path(const informing *info)
{
    return info->path[0] == '\0' && info->result->stored_name != NULL ? info->result->stored_name
                                                                      : info->path;
}

static ms_status tell_file(informing *info, ms_error *err)
{
    char cid[MS_CID_TEXT_SIZE];
    char hex[MS_DIGEST_TEXT_SIZE];
    uint8_t digest[32];
    ms_cid_format(&info->file_cid, cid);
    ms_file_entry file = {.path = shown_path(info),
            .size = info->file_size,
            .cid = cid,
            .chunk_count = info->file_chunks};
    if (info->has_digests) {
        ms_status status = ms_manifest_ext_digest(&info->ext, info->file_index, digest, err);
        if (status != MS_OK)
            return status;
        ms_digest_format(hex, digest);
        file.sha256 = hex;
    }
    ms_result_file(info->run->json, &file);
    ms_status status = ms_result_status(info->run->json, err);
    if (status == MS_OK && info->options->on_file != NULL) {
        status = info->options->on_file(info->options->payload, &file);
        if (status != MS_OK)
            return ms_fail(err, status, "callback", "the listing was ended by its receiver");
    }
    return status;
}

static ms_status tell_chunk(informing *info, const ms_walk_event *event, ms_error *err)
{
    const ms_info_options *options = info->options;
    if (options->has_range &&
            (event->chunk_index < options->range_first || event->chunk_index > options->range_last))
        return MS_OK;
    char cid[MS_CID_TEXT_SIZE];
    char hex[MS_DIGEST_TEXT_SIZE];
    ms_cid_format(&event->cid, cid);
    ms_digest_format(hex, event->cid.digest);
    const ms_chunk_entry chunk = {.index = event->chunk_index,
            .path = shown_path(info),
            .offset = event->offset,
            .size = event->size,
            .cid = cid,
            .sha256 = hex};
    ms_result_chunk(info->run->json, &chunk);
    ms_status status = ms_result_status(info->run->json, err);
    if (status == MS_OK && options->on_chunk != NULL) {
        status = options->on_chunk(options->payload, &chunk);
        if (status != MS_OK)
            return ms_fail(err, status, "callback", "the listing was ended by its receiver");
    }
    return status;
}

/* What stands before the range is passed over where the manifest tells how the files were cut. */
static void begin_at_range(const informing *info, ms_walk *walk)
{
    ms_chunker chunker;
    if (info->options->has_range && ms_chunker_parse(&chunker, info->model.info.chunker))
        ms_walk_begin_at(walk, info->options->range_first, chunker.chunk_size);
}

typedef enum walk_purpose { WALK_COUNT, WALK_FILES, WALK_CHUNKS } walk_purpose;

static ms_status take_event(informing *info, ms_walk *walk, const ms_walk_event *event,
        walk_purpose purpose, ms_error *err)
{
    if (event->kind == MS_WALK_FILE) {
        (void)ms_walk_path(event, info->path);
        info->file_size = event->size;
        info->file_index = event->file_index;
        info->file_cid = event->cid;
        info->file_chunks = 0;
        info->files++;
        if (purpose == WALK_COUNT)
            ms_walk_skip(walk);
    } else if (event->kind == MS_WALK_LEAF) {
        info->file_chunks++;
        if (purpose == WALK_CHUNKS)
            return tell_chunk(info, event, err);
    } else if (event->kind == MS_WALK_FILE_END && purpose == WALK_FILES) {
        return tell_file(info, err);
    }
    return MS_OK;
}

static ms_status walk(informing *info, walk_purpose purpose, ms_error *err)
{
    ms_walk *walk = NULL;
    ms_walk_event event = {0};
    const ms_block_source source = ms_store_source(info->store);
    info->files = 0;
    ms_status status = ms_walk_open(&walk, &info->model.head.root, &source, err);
    if (status == MS_OK && info->model.head.count != 0)
        ms_walk_expect(walk, info->model.head.size, info->model.head.count);
    if (status == MS_OK && purpose == WALK_CHUNKS)
        begin_at_range(info, walk);
    while (status == MS_OK && event.kind != MS_WALK_END) {
        status = ms_task_check(info->run->task, err);
        if (status == MS_OK)
            status = ms_walk_next(walk, &event, err);
        if (status == MS_OK)
            status = take_event(info, walk, &event, purpose, err);
        if (status == MS_OK && purpose == WALK_CHUNKS && info->options->has_range &&
                event.kind == MS_WALK_LEAF && event.chunk_index >= info->options->range_last)
            break;
    }
    ms_walk_close(walk);
    return status;
}

static ms_status count_files(informing *info, ms_error *err)
{
    ms_error found = MS_ERROR_INIT;
    ms_status status = walk(info, WALK_COUNT, &found);
    if (status == MS_OK) {
        info->result->entry.file_count = info->files;
        info->result->entry.has_file_count = true;
    } else if (status == MS_INTERRUPTED || status == MS_NO_MEMORY) {
        ms_error_copy(err, &found);
        return status;
    } else {
        ms_task_notice(
                info->run->task, true, "the number of files is not known: %s", found.message);
    }
    return MS_OK;
}

static ms_status list_items(informing *info, ms_error *err)
{
    ms_status status = MS_OK;
    const ms_block_source source = ms_store_source(info->store);
    if (info->options->files) {
        if (info->model.head.has_ext) {
            status = ms_manifest_ext_open(&info->ext, &info->model.head.ext, &source, err);
            info->has_digests = status == MS_OK && info->ext.has_digests;
        }
        ms_result_array_begin(info->run->json, "files");
        if (status == MS_OK)
            status = walk(info, WALK_FILES, err);
        ms_result_array_end(info->run->json);
        if (info->model.head.has_ext)
            ms_manifest_ext_release(&info->ext);
    }
    if (status == MS_OK && info->options->chunks) {
        ms_result_array_begin(info->run->json, "chunks");
        status = walk(info, WALK_CHUNKS, err);
        ms_result_array_end(info->run->json);
    }
    return status;
}

static ms_status fill(informing *info, ms_error *err)
{
    ms_run *run = info->run;
    ms_registry *registry = NULL;
    bool is_local = false;
    const ms_opened_model *model = &info->model;
    const ms_cid *looked_up = model->manifest.version != 0 ? &model->manifest : &model->head.root;
    ms_status status = ms_model_is_local(run, looked_up, &is_local, err);
    if (status == MS_OK)
        status = ms_manifest_entry_fill(&info->result->entry, &run->arena, model, is_local, err);
    if (status == MS_OK && model->head.count != 0) {
        info->result->stored_name = ms_arena_strndup(&run->arena,
                (const char *)model->info.stored_name.data, model->info.stored_name.size);
        info->result->chunker = ms_arena_strndup(
                &run->arena, (const char *)model->info.chunker.data, model->info.chunker.size);
        if (info->result->stored_name == NULL || info->result->chunker == NULL)
            status = ms_fail_memory(err, model->info.stored_name.size);
    }
    if (status == MS_OK && model->has_record)
        status = ms_storage_registry(run->storage, &registry, err);
    if (status == MS_OK && model->has_record)
        status = ms_registry_history(
                registry, &model->record.publisher, model->record.model_id, on_version, info, err);
    if (status == MS_OK && is_local)
        status = count_files(info, err);
    return status;
}

static ms_status run_info(ms_run *run, const void *options, void *result, ms_error *err)
{
    informing *info = ms_calloc(1, sizeof(*info));
    if (info == NULL)
        return ms_fail_memory(err, sizeof(*info));
    info->run = run;
    info->options = (const ms_info_options *)options;
    info->result = (ms_info_result *)result;
    void *lock = NULL;
    ms_status status = ms_storage_store(run->storage, &info->store, err);
    if (status == MS_OK)
        status = ms_model_open(run, info->options->ref, MS_MODEL_FOR_CARE, &info->model, err);
    if (status == MS_OK)
        status = ms_store_read_begin(info->store, run->task, &lock, err);
    /* Records and manifests say enough without a block of the content; the CID of that alone says nothing. */
    if (status == MS_OK && info->model.manifest.version == 0)
        status = ms_model_require_kept(run, &info->model, &info->model.head.root, err);
    if (status == MS_OK)
        status = fill(info, err);
    if (status == MS_OK)
        status = ms_model_explain_missing(run, &info->model, list_items(info, err), err);
    if (info->store != NULL)
        ms_store_read_end(info->store, lock);
    ms_free(info);
    return status;
}

static void write_info(ms_result *json, const void *result)
{
    ms_result_info(json, (const ms_info_result *)result);
}

const ms_command ms_command_info = {.name = "info",
        .options_size = sizeof(ms_info_options),
        .result_size = sizeof(ms_info_result),
        .run = run_info,
        .write_result = write_info};
