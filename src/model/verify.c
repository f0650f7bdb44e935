/* The verify command: every chunk in the store, or in a copy on disk, against the record. Only reads. */
#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "codec/path.h"
#include "codec/text.h"
#include "manifest/chunk_tree.h"
#include "manifest/manifest_ext.h"
#include "model/leaves_priv.h"
#include "model/opened_model_priv.h"
#include "model/path_set_priv.h"
#include "model/placing_priv.h"
#include "model/reach_priv.h"
#include "model/root_kind_priv.h"
#include "model/sample_priv.h"
#include "model/watched_source_priv.h"
#include "platform/file.h"
#include "platform/random.h"

typedef struct verifying {
    ms_run *run;
    const ms_verify_options *options;
    ms_verify_result *result;
    ms_store *store;
    ms_opened_model model;
    bool is_folder_model;
    bool is_kind_known; /* false: the root could not be read */
    ms_copy copy; /* fd -1: the store is verified */
    ms_path_set paths;
    ms_chunk_tree tree;
    uint64_t bad;
    uint64_t reached; /* chunks the walk told of */
    bool is_sample; /* not all chunks are looked at */
    ms_sample sample;
    ms_error first; /* the first bad thing */
} verifying;

static bool chooses(void *payload)
{
    return ms_sample_takes_next(&((verifying *)payload)->sample);
}

static ms_status begin_sample(verifying *verify, ms_error *err)
{
    uint8_t seed[MS_SAMPLE_SEED_SIZE];
    const uint64_t total = verify->model.head.count;
    verify->is_sample = verify->options->sample != 0 && verify->options->sample < total;
    if (!verify->is_sample)
        return MS_OK;
    ms_status status = ms_random_bytes(seed, sizeof(seed), err);
    if (status == MS_OK)
        ms_sample_init(&verify->sample, total, verify->options->sample, seed);
    return status;
}

static ms_status tell(verifying *verify, const ms_chunk_verdict *verdict, ms_error *err)
{
    if (verdict->is_valid && !verify->options->all_chunks)
        return MS_OK;
    ms_result_verdict(verify->run->json, verdict);
    ms_status status = ms_result_status(verify->run->json, err);
    if (status == MS_OK && verify->options->on_chunk != NULL) {
        status = verify->options->on_chunk(verify->options->payload, verdict);
        if (status != MS_OK)
            return ms_fail(err, status, "callback", "the listing was ended by its receiver");
    }
    return status;
}

static void remember_first(verifying *verify, const ms_chunk_verdict *verdict)
{
    if (verify->bad++ > 0)
        return;
    ms_error *first = &verify->first;
    if (verdict->chunk_index != UINT64_MAX)
        (void)ms_fail(first, MS_INTEGRITY, "chunk_damaged", "chunk %llu%s%s at byte %llu is bad: %s",
                (unsigned long long)verdict->chunk_index, verdict->path[0] == '\0' ? "" : " of ", verdict->path,
                (unsigned long long)verdict->offset, verdict->error);
    else
        (void)ms_fail(first, MS_INTEGRITY, "block_damaged", "a block of the model that is no chunk is bad: %s", verdict->error);
    if (verdict->chunk_index != UINT64_MAX) {
        ms_error_set_chunk(first, verdict->chunk_index);
        ms_error_set_offset(first, verdict->offset);
    }
    ms_error_set_path(first, verdict->path);
    ms_error_set_cid(first, verdict->cid);
}

static const char *finding_of(const ms_leaf *leaf)
{
    if (leaf->status == MS_NOT_FOUND)
        return "missing";
    if (leaf->status == MS_INTEGRITY)
        return leaf->has_actual ? "mismatch" : "wrong size";
    return "unreadable";
}

static ms_status judge_leaf(verifying *verify, const ms_leaf *leaf, ms_error *err)
{
    char cid[MS_CID_TEXT_SIZE];
    char expected[MS_DIGEST_TEXT_SIZE];
    char actual[MS_DIGEST_TEXT_SIZE];
    ms_cid_format(&leaf->cid, cid);
    ms_digest_format(expected, leaf->cid.digest);
    ms_digest_format(actual, leaf->status == MS_OK ? leaf->cid.digest : leaf->actual);
    const bool is_valid = leaf->status == MS_OK;
    const ms_chunk_verdict verdict = {.chunk_index = leaf->chunk_index,
            .path = leaf->path,
            .offset = leaf->offset,
            .cid = cid,
            .is_valid = is_valid,
            .error = is_valid ? NULL : finding_of(leaf),
            .expected_hash = expected,
            .actual_hash = is_valid || leaf->has_actual ? actual : NULL};
    verify->result->checked_chunks++;
    if (is_valid) {
        verify->result->valid_chunks++;
        verify->result->checked_bytes += leaf->size;
    } else {
        remember_first(verify, &verdict);
    }
    ms_task_progress_add(verify->run->task, leaf->size, 0);
    return tell(verify, &verdict, err);
}

/* A block that is no chunk. */
static ms_status judge_block(verifying *verify, const ms_cid *cid, const char *finding, ms_error *err)
{
    char text[MS_CID_TEXT_SIZE];
    char expected[MS_DIGEST_TEXT_SIZE];
    ms_cid_format(cid, text);
    ms_digest_format(expected, cid->digest);
    const ms_chunk_verdict verdict = {
            .chunk_index = UINT64_MAX, .path = "", .cid = text, .error = finding, .expected_hash = expected};
    remember_first(verify, &verdict);
    return tell(verify, &verdict, err);
}

static const char *finding_of_block(ms_status status, const char *finding_missing, const char *finding_bad)
{
    if (status == MS_NOT_FOUND)
        return finding_missing;
    return status == MS_IO ? "unreadable" : finding_bad;
}

static ms_status look_at_block(verifying *verify, const ms_cid *cid, const char *finding_missing, const char *finding_bad,
        ms_error *err)
{
    ms_buffer block;
    ms_error found = MS_ERROR_INIT;
    ms_buffer_init(&block, MS_BLOCK_SIZE_IN_MAX);
    ms_status status = ms_store_get(verify->store, cid, &block, &found);
    ms_buffer_release(&block);
    if (status == MS_OK)
        return MS_OK;
    if (!ms_reach_is_verdict(status, &found)) {
        ms_error_copy(err, &found);
        return status;
    }
    return judge_block(verify, cid, finding_of_block(status, finding_missing, finding_bad), err);
}

/* Head, info and ext in the store, which a reader without our ledger needs. */
static ms_status look_at_manifest(verifying *verify, ms_error *err)
{
    const ms_opened_model *model = &verify->model;
    if (verify->copy.fd != -1 || model->head.count == 0)
        return MS_OK;
    ms_status status = look_at_block(verify, &model->manifest, "manifest missing", "manifest mismatch", err);
    if (status == MS_OK)
        status = look_at_block(verify, &model->head.info, "info block missing", "info block mismatch", err);
    if (status != MS_OK || !model->head.has_ext)
        return status;
    status = look_at_block(verify, &model->head.ext, "digest list missing", "digest list mismatch", err);
    ms_manifest_ext ext;
    const ms_block_source source = ms_store_source(verify->store);
    if (status == MS_OK && ms_manifest_ext_open(&ext, &model->head.ext, &source, NULL) == MS_OK) {
        for (size_t i = 0; status == MS_OK && i < ext.block_count; i++)
            status = look_at_block(verify, &ext.blocks[i], "digest block missing", "digest block mismatch", err);
        ms_manifest_ext_release(&ext);
    }
    return status;
}

static ms_status begin(void *payload, const ms_walk_event *event, ms_error *err)
{
    verifying *verify = (verifying *)payload;
    char path[MS_PATH_SIZE_MAX + 1];
    ms_file_status found;
    if (verify->copy.fd == -1 || !verify->is_folder_model)
        return MS_OK;
    ms_status status = ms_path_set_add(&verify->paths, event->path, err);
    if (status != MS_OK || !verify->copy.is_folder)
        return status;
    ms_error seen = MS_ERROR_INIT;
    const ms_file_kind kind = event->kind == MS_WALK_DIRECTORY ? MS_FILE_DIRECTORY : MS_FILE_REGULAR;
    status = ms_file_status_at(verify->copy.fd, ms_walk_path(event, path), false, &found, &seen);
    if (status == MS_OK && found.kind == kind)
        return MS_OK;
    /* A folder of the copy that is a file, or a link that leads to itself, holds no such file. */
    if (status == MS_IO && seen.os_errno != ENOTDIR && seen.os_errno != ELOOP) {
        ms_error_copy(err, &seen);
        return status;
    }
    if (verify->result->missing_file_count++ >= MS_VERIFY_PATHS_MAX)
        return MS_OK;
    const char **list = (const char **)(uintptr_t)verify->result->missing_files;
    return ms_run_text(verify->run, &list[verify->result->missing_file_count - 1], path, err);
}

static ms_status work(void *payload, unsigned worker, ms_leaf_batch *batch, ms_error *err)
{
    (void)worker;
    const verifying *verify = (const verifying *)payload;
    return verify->copy.fd != -1 ? ms_leaves_from_copy(&verify->copy, batch, err)
                                 : ms_leaves_from_store(verify->store, batch, err);
}

/* A file of a copy that goes on behind its last chunk is another file. */
static ms_status judge_length(verifying *verify, const ms_step *step, ms_error *err)
{
    ms_file_status found;
    const ms_status status = verify->copy.is_folder ? ms_file_status_at(verify->copy.fd, step->path, false, &found, NULL)
                                                    : ms_file_status_of(verify->copy.fd, &found, NULL);
    if (status != MS_OK || found.kind != MS_FILE_REGULAR || found.size <= step->size)
        return MS_OK;
    char cid[MS_CID_TEXT_SIZE];
    ms_cid_format(&step->cid, cid);
    const ms_chunk_verdict verdict = {.chunk_index = verify->reached,
            .path = step->path,
            .offset = step->size,
            .cid = cid,
            .error = "longer than the model says",
            .expected_hash = "0x"};
    remember_first(verify, &verdict);
    return tell(verify, &verdict, err);
}

static ms_status consume(void *payload, ms_leaf_batch *batch, ms_error *err)
{
    verifying *verify = (verifying *)payload;
    ms_status status = MS_OK;
    for (size_t i = 0; status == MS_OK && i < batch->step_count; i++) {
        const ms_step *step = &batch->steps[i];
        if (step->kind == MS_STEP_FILE && verify->copy.fd != -1) {
            status = judge_length(verify, step, err);
        } else if (step->kind == MS_STEP_LEAF) {
            const ms_leaf *leaf = &batch->leaves[step->leaf];
            ms_chunk_tree_add(&verify->tree, leaf->cid.digest);
            verify->reached++;
            if (!leaf->is_passed_over)
                status = judge_leaf(verify, leaf, err);
        }
    }
    return status;
}

static ms_status verify_leaves(verifying *verify, ms_error *err)
{
    ms_watched_source watched;
    const ms_block_source source = ms_watched_source_init(&watched, verify->store);
    const ms_leaf_stages stages = {
            .chooses = verify->is_sample ? chooses : NULL, .begin = begin, .work = work, .consume = consume, .payload = verify};
    const ms_manifest_head *head = verify->model.head.count == 0 ? NULL : &verify->model.head;
    ms_error found = MS_ERROR_INIT;
    ms_status status = ms_leaves_run(verify->run, &verify->model.head.root, head, &source, &stages, &found);
    if (status == MS_OK) {
        uint8_t root[32];
        verify->result->total_chunks = verify->reached;
        status = ms_chunk_tree_root(&verify->tree, root, err);
        if (status == MS_OK && head != NULL && memcmp(root, head->chunk_root, sizeof(root)) != 0)
            status = judge_block(verify, &verify->model.manifest, "chunkRoot is not that of the chunks", err);
        return status;
    }
    if (!ms_reach_is_verdict(status, &found) || strcmp(found.reason, "callback") == 0 ||
            strcmp(found.reason, "result_sink") == 0) {
        ms_error_copy(err, &found);
        return status;
    }
    /* A node that cannot be read leaves all below it and behind it unproven. */
    return judge_block(verify, &watched.last, finding_of_block(status, "node missing", "node mismatch"), err);
}

static ms_status on_extra(void *payload, const char *path, bool *stop, ms_error *err)
{
    verifying *verify = (verifying *)payload;
    (void)stop;
    if (verify->result->extra_file_count++ >= MS_VERIFY_PATHS_MAX)
        return MS_OK;
    const char **list = (const char **)(uintptr_t)verify->result->extra_files;
    return ms_run_text(verify->run, &list[verify->result->extra_file_count - 1], path, err);
}

/* A single file may be named by the folder that holds it. */
static ms_status open_copy(verifying *verify, ms_error *err)
{
    ms_status status = ms_copy_open(&verify->copy, verify->options->path, err);
    if (!verify->is_kind_known)
        return status;
    if (status != MS_OK || verify->is_folder_model || !verify->copy.is_folder)
        return status == MS_OK && verify->is_folder_model && !verify->copy.is_folder
                       ? ms_fail(err, MS_USAGE, "copy_kind", "%s is a file and the model is a folder", verify->options->path)
                       : status;
    ms_copy file = {.fd = -1};
    char *name = ms_strndup((const char *)verify->model.info.stored_name.data, verify->model.info.stored_name.size);
    if (name == NULL)
        return ms_fail_memory(err, verify->model.info.stored_name.size);
    status = ms_file_open(&file.fd, verify->copy.fd, name, MS_OPEN_READ | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR, 0, err);
    ms_free(name);
    ms_copy_close(&verify->copy);
    verify->copy = file;
    return status;
}

/* To bring a copy back takes away what is not of the model: it is only offered where something is lost, and said. */
static void set_hint(const verifying *verify, ms_error *err)
{
    const ms_verify_result *result = verify->result;
    const char *ref = verify->options->ref;
    const char *path = verify->options->path;
    if (verify->copy.fd == -1)
        ms_error_set_hint(err, "put it back from a copy: model-storage repair %s --from PATH", ref);
    else if (verify->bad == 0 && result->missing_file_count == 0)
        ms_error_set_hint(err, "look at what is there and remove it, or leave out --strict");
    else if (result->extra_file_count > 0)
        ms_error_set_hint(err, "bring it back: model-storage retrieve %s %s --force; that takes away what is extra there, such as %s",
                ref, path, result->extra_files[0]);
    else
        ms_error_set_hint(err, "bring it back: model-storage retrieve %s %s --force", ref, path);
}

static ms_status conclude(verifying *verify, ms_error *err)
{
    ms_verify_result *result = verify->result;
    const bool extra_counts = verify->options->strict && result->extra_file_count > 0;
    result->is_valid = verify->bad == 0 && result->missing_file_count == 0 && !extra_counts;
    if (result->is_valid)
        return MS_OK;
    if (verify->bad > 0) {
        ms_error_copy(err, &verify->first);
        if (err != NULL && verify->bad > 1) {
            (void)ms_fail(err, MS_INTEGRITY, verify->first.reason, "%s; %llu bad in all", verify->first.message,
                    (unsigned long long)verify->bad);
            err->chunk_index = verify->first.chunk_index;
            err->offset = verify->first.offset;
            ms_error_set_path(err, verify->first.path);
            ms_error_set_cid(err, verify->first.cid);
        }
    } else if (result->missing_file_count > 0) {
        (void)ms_fail(err, MS_INTEGRITY, "file_missing", "%llu files or folders are missing in %s, the first is %s",
                (unsigned long long)result->missing_file_count, verify->options->path, result->missing_files[0]);
    } else {
        (void)ms_fail(err, MS_INTEGRITY, "file_extra", "%llu files or folders in %s do not belong to the model, the first is %s",
                (unsigned long long)result->extra_file_count, verify->options->path, result->extra_files[0]);
    }
    set_hint(verify, err);
    return MS_INTEGRITY;
}

static ms_status verify_opened(verifying *verify, ms_error *err)
{
    ms_verify_result *result = verify->result;
    ms_status status = begin_sample(verify, err);
    ms_task_progress_begin(verify->run->task, "verify", verify->model.head.size);
    ms_result_array_begin(verify->run->json, "chunkResults");
    if (status == MS_OK)
        status = look_at_manifest(verify, err);
    if (status == MS_OK)
        status = verify_leaves(verify, err);
    ms_result_array_end(verify->run->json);
    ms_task_progress_end(verify->run->task);
    if (status == MS_OK && verify->copy.fd != -1 && verify->copy.is_folder)
        status = ms_path_set_find_extra(&verify->paths, verify->copy.fd, verify->run->task, on_extra, verify, err);
    if (!verify->is_sample && result->total_chunks > result->checked_chunks)
        result->checked_chunks = result->total_chunks; /* what could not be reached is not good */
    return status == MS_OK ? conclude(verify, err) : status;
}

static ms_status open_all(verifying *verify, ms_error *err)
{
    ms_run *run = verify->run;
    ms_verify_result *result = verify->result;
    const ms_opened_model *model = &verify->model;
    ms_status status = ms_storage_store(run->storage, &verify->store, err);
    if (status == MS_OK)
        status = ms_model_open(run, verify->options->ref, MS_MODEL_FOR_CARE, &verify->model, err);
    if (status != MS_OK)
        return status;
    result->verified_by = model->verified_by;
    result->total_chunks = model->head.count;
    if (model->has_record) {
        result->version = model->record.version;
        status = ms_run_text(run, &result->model_id, model->record.model_id, err);
    }
    if (status == MS_OK && model->head.count != 0)
        status = ms_run_cid(run, &result->manifest_cid, &model->manifest, err);
    result->missing_files = ms_arena_calloc(&run->arena, MS_VERIFY_PATHS_MAX, sizeof(char *));
    result->extra_files = ms_arena_calloc(&run->arena, MS_VERIFY_PATHS_MAX, sizeof(char *));
    if (status == MS_OK && (result->missing_files == NULL || result->extra_files == NULL))
        status = ms_fail_memory(err, MS_VERIFY_PATHS_MAX * sizeof(char *));
    return status;
}

static ms_status run_verify(ms_run *run, const void *options, void *result, ms_error *err)
{
    void *lock = NULL;
    verifying *verify = ms_calloc(1, sizeof(*verify));
    if (verify == NULL)
        return ms_fail_memory(err, sizeof(*verify));
    verify->run = run;
    verify->options = (const ms_verify_options *)options;
    verify->result = (ms_verify_result *)result;
    verify->copy.fd = -1;
    verify->first = (ms_error)MS_ERROR_INIT;
    ms_path_set_init(&verify->paths);
    ms_chunk_tree_init(&verify->tree);
    ms_status status = open_all(verify, err);
    if (status == MS_OK)
        status = ms_store_read_begin(verify->store, run->task, &lock, err);
    /* For a copy the content is enough, which another model may keep here. */
    const bool needs_manifest = verify->options->path == NULL && verify->model.manifest.version != 0;
    if (status == MS_OK)
        status = ms_model_require_kept(run, &verify->model,
                needs_manifest ? &verify->model.manifest : &verify->model.head.root, err);
    if (status == MS_OK) {
        ms_error found = MS_ERROR_INIT;
        /* The root itself may be what is bad: then its kind does not matter, and the copy is not looked into. */
        status = ms_root_is_folder(verify->store, &verify->model.head.root, &verify->is_folder_model, &found);
        verify->is_kind_known = status == MS_OK;
        if (status == MS_INTERRUPTED || status == MS_NO_MEMORY)
            ms_error_copy(err, &found);
        else
            status = verify->options->path == NULL ? MS_OK : open_copy(verify, err);
        if (status == MS_OK)
            status = verify_opened(verify, err);
    }
    if (verify->store != NULL)
        ms_store_read_end(verify->store, lock);
    ms_copy_close(&verify->copy);
    ms_path_set_release(&verify->paths);
    ms_free(verify);
    return status;
}

static void write_verify(ms_result *json, const void *result)
{
    ms_result_verify(json, (const ms_verify_result *)result);
}

const ms_command ms_command_verify = {.name = "verify",
        .options_size = sizeof(ms_verify_options),
        .result_size = sizeof(ms_verify_result),
        .run = run_verify,
        .write_result = write_verify};
