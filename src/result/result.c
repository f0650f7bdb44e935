#include "result/result.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "platform/clock.h"

struct ms_result {
    ms_json_writer json;
    ms_status (*sink)(void *payload, const char *text, size_t size);
    void *payload;
    bool array_is_open;
};

static ms_status write_to_sink(void *payload, const char *text, size_t size, ms_error *err)
{
    ms_result *result = (ms_result *)payload;
    ms_status status = result->sink(result->payload, text, size);
    if (status != MS_OK)
        return ms_fail(err, status, "result_sink", "the result could not be written");
    return MS_OK;
}

ms_status ms_result_new(ms_result **result, ms_status (*sink)(void *payload, const char *text, size_t size),
        void *payload, ms_error *err)
{
    *result = ms_calloc(1, sizeof(**result));
    if (*result == NULL)
        return ms_fail_memory(err, sizeof(**result));
    (*result)->sink = sink;
    (*result)->payload = payload;
    ms_json_init(&(*result)->json, write_to_sink, *result, false);
    ms_json_begin_object(&(*result)->json);
    return MS_OK;
}

void ms_result_free(ms_result *result)
{
    ms_free(result);
}

ms_status ms_result_status(const ms_result *result, ms_error *err)
{
    ms_status status = result == NULL ? MS_OK : ms_json_status(&result->json);
    if (status != MS_OK)
        ms_error_copy(err, &result->json.error);
    return status;
}

/* Fields. NULL text is JSON null, as absent knowledge is in every object. */

static void text(ms_json_writer *json, const char *key, const char *value)
{
    ms_json_key(json, key);
    if (value == NULL)
        ms_json_null(json);
    else
        ms_json_text(json, value);
}

static void text_if(ms_json_writer *json, const char *key, const char *value)
{
    if (value != NULL && value[0] != '\0')
        text(json, key, value);
}

static void number(ms_json_writer *json, const char *key, uint64_t value)
{
    ms_json_key(json, key);
    ms_json_u64(json, value);
}

static void number_or_null(ms_json_writer *json, const char *key, uint64_t value, bool is_known)
{
    ms_json_key(json, key);
    if (is_known)
        ms_json_u64(json, value);
    else
        ms_json_null(json);
}

static void truth(ms_json_writer *json, const char *key, bool value)
{
    ms_json_key(json, key);
    ms_json_bool(json, value);
}

static void texts(ms_json_writer *json, const char *key, const char *const *values, uint64_t count)
{
    ms_json_key(json, key);
    ms_json_begin_array(json);
    for (uint64_t i = 0; i < count; i++)
        ms_json_text(json, values[i]);
    ms_json_end_array(json);
}

static void time_text(ms_json_writer *json, const char *key, int64_t seconds)
{
    char formatted[MS_TIME_TEXT_SIZE];
    ms_clock_format(formatted, seconds);
    text(json, key, formatted);
}

static void raw_or_null(ms_json_writer *json, const char *key, const char *value)
{
    ms_json_key(json, key);
    if (value == NULL)
        ms_json_null(json);
    else
        ms_json_raw(json, ms_span_of(value, strlen(value)));
}

static void failure_fields(ms_json_writer *json, ms_status status, const ms_error *failure)
{
    static const ms_error unknown = MS_ERROR_INIT;
    const ms_error *error = failure != NULL ? failure : &unknown;
    ms_json_key(json, "error");
    ms_json_begin_object(json);
    text(json, "code", ms_status_code(status));
    number(json, "exitCode", (uint64_t)ms_status_exit_code(status));
    text(json, "message", error->message);
    text_if(json, "hint", error->hint);
    text_if(json, "reason", error->reason);
    if (error->chunk_index >= 0)
        number(json, "chunkIndex", (uint64_t)error->chunk_index);
    text_if(json, "cid", error->cid);
    text_if(json, "path", error->path);
    if (error->offset >= 0)
        number(json, "offset", (uint64_t)error->offset);
    text_if(json, "url", error->url);
    if (error->http_status != 0)
        number(json, "httpStatus", (uint64_t)error->http_status);
    if (error->rpc_code != 0) {
        ms_json_key(json, "rpcCode");
        ms_json_i64(json, error->rpc_code);
    }
    ms_json_end_object(json);
}

ms_status ms_result_finish(ms_result *result, ms_status status, const ms_error *failure,
        const char *const *warnings, size_t warning_count, ms_error *err)
{
    ms_json_writer *json = &result->json;
    ms_result_array_end(result);
    texts(json, "warnings", warnings, warning_count);
    truth(json, "success", status == MS_OK);
    if (status != MS_OK)
        failure_fields(json, status, failure);
    ms_json_end_object(json);
    ms_json_end_line(json);
    return ms_json_flush(json, err);
}

void ms_result_array_begin(ms_result *result, const char *key)
{
    if (result == NULL)
        return;
    ms_json_key(&result->json, key);
    ms_json_begin_array(&result->json);
    result->array_is_open = true;
}

void ms_result_array_end(ms_result *result)
{
    if (result == NULL || !result->array_is_open)
        return;
    ms_json_end_array(&result->json);
    result->array_is_open = false;
}

static void entry_fields(ms_json_writer *json, const ms_model_entry *entry)
{
    text(json, "modelId", entry->model_id);
    number_or_null(json, "version", entry->version, entry->version != 0);
    text(json, "publisher", entry->publisher);
    text(json, "name", entry->name);
    text(json, "description", entry->description);
    text(json, "manifestCID", entry->manifest_cid);
    text(json, "rootCID", entry->root_cid);
    text(json, "chunkRoot", entry->chunk_root);
    number_or_null(json, "totalSize", entry->total_size, entry->has_manifest);
    number_or_null(json, "chunkCount", entry->chunk_count, entry->has_manifest);
    number_or_null(json, "fileCount", entry->file_count, entry->has_file_count);
    if (entry->timestamp != 0)
        time_text(json, "timestamp", entry->timestamp);
    else
        text(json, "timestamp", NULL);
    truth(json, "isActive", entry->status != NULL && strcmp(entry->status, "active") == 0);
    text(json, "status", entry->status);
    text(json, "state", entry->state);
    text(json, "dataState", entry->data_state);
    text(json, "recordState", entry->record_state);
    truth(json, "isLocal", entry->is_local);
    raw_or_null(json, "metadata", entry->metadata_json);
}

void ms_result_model(ms_result *result, const ms_model_entry *entry)
{
    if (result == NULL)
        return;
    ms_json_begin_object(&result->json);
    entry_fields(&result->json, entry);
    ms_json_end_object(&result->json);
}

void ms_result_file(ms_result *result, const ms_file_entry *file)
{
    if (result == NULL)
        return;
    ms_json_writer *json = &result->json;
    ms_json_begin_object(json);
    text(json, "path", file->path);
    number(json, "size", file->size);
    text(json, "cid", file->cid);
    number(json, "chunkCount", file->chunk_count);
    text(json, "sha256", file->sha256);
    ms_json_end_object(json);
}

void ms_result_chunk(ms_result *result, const ms_chunk_entry *chunk)
{
    if (result == NULL)
        return;
    ms_json_writer *json = &result->json;
    ms_json_begin_object(json);
    number(json, "index", chunk->index);
    text(json, "path", chunk->path);
    number(json, "offset", chunk->offset);
    number(json, "size", chunk->size);
    text(json, "cid", chunk->cid);
    text(json, "sha256", chunk->sha256);
    ms_json_end_object(json);
}

void ms_result_verdict(ms_result *result, const ms_chunk_verdict *verdict)
{
    if (result == NULL)
        return;
    ms_json_writer *json = &result->json;
    ms_json_begin_object(json);
    number_or_null(json, "chunkIndex", verdict->chunk_index, verdict->chunk_index != UINT64_MAX);
    text(json, "path", verdict->path);
    number(json, "offset", verdict->offset);
    text(json, "cid", verdict->cid);
    truth(json, "isValid", verdict->is_valid);
    text(json, "error", verdict->error);
    text(json, "expectedHash", verdict->expected_hash);
    text(json, "actualHash", verdict->actual_hash);
    ms_json_end_object(json);
}

void ms_result_store(ms_result *result, const ms_store_result *store)
{
    if (result == NULL)
        return;
    ms_json_writer *json = &result->json;
    text(json, "modelId", store->model_id);
    number_or_null(json, "version", store->version, store->version != 0);
    truth(json, "unchanged", store->unchanged);
    text(json, "publisher", store->publisher);
    text(json, "name", store->name);
    text(json, "manifestCID", store->manifest_cid);
    text(json, "rootCID", store->root_cid);
    text(json, "chunkRoot", store->chunk_root);
    number(json, "totalSize", store->total_size);
    number(json, "chunkCount", store->chunk_count);
    number(json, "fileCount", store->file_count);
    number(json, "newChunks", store->new_chunks);
    number(json, "newBytes", store->new_bytes);
    text(json, "state", store->state);
    text(json, "dataState", store->data_state);
    text(json, "recordState", store->record_state);
    text(json, "registry", store->registry);
    text(json, "transactionHash", store->transaction_hash);
    number_or_null(json, "chainId", store->chain_id, store->chain_id != 0);
    text(json, "store", store->store);
    text(json, "localManifest", store->local_manifest);
    number(json, "durationMs", store->duration_ms);
}

static void sources_field(ms_json_writer *json, const ms_source *sources, size_t count)
{
    ms_json_key(json, "sources");
    ms_json_begin_array(json);
    for (size_t i = 0; i < count; i++) {
        ms_json_begin_object(json);
        text(json, "url", sources[i].url);
        number(json, "bytes", sources[i].bytes);
        number(json, "errors", sources[i].errors);
        ms_json_end_object(json);
    }
    ms_json_end_array(json);
}

void ms_result_retrieve(ms_result *result, const ms_retrieve_result *retrieve)
{
    if (result == NULL)
        return;
    ms_json_writer *json = &result->json;
    text(json, "modelId", retrieve->model_id);
    number_or_null(json, "version", retrieve->version, retrieve->version != 0);
    text(json, "publisher", retrieve->publisher);
    text(json, "manifestCID", retrieve->manifest_cid);
    text(json, "rootCID", retrieve->root_cid);
    text(json, "outputPath", retrieve->output_path);
    text(json, "extractedPath", retrieve->extracted_path);
    number(json, "totalSize", retrieve->total_size);
    number(json, "chunkCount", retrieve->chunk_count);
    number(json, "fetchedBytes", retrieve->fetched_bytes);
    number(json, "reusedBytes", retrieve->reused_bytes);
    number(json, "neededBytes", retrieve->needed_bytes);
    text(json, "verifiedBy", retrieve->verified_by);
    text(json, "trust", retrieve->trust);
    /* A chain gives these; the embedded registry has no blocks. */
    text(json, "blockNumber", NULL);
    text(json, "blockHash", NULL);
    text(json, "finality", NULL);
    text(json, "asOfBlock", NULL);
    sources_field(json, retrieve->sources, retrieve->source_count);
    number(json, "durationMs", retrieve->duration_ms);
}

void ms_result_list(ms_result *result, const ms_list_result *list)
{
    if (result == NULL)
        return;
    text(&result->json, "next", list->next);
}

void ms_result_info(ms_result *result, const ms_info_result *info)
{
    if (result == NULL)
        return;
    ms_json_writer *json = &result->json;
    entry_fields(json, &info->entry);
    text(json, "storedName", info->stored_name);
    text(json, "chunker", info->chunker);
    ms_json_key(json, "versions");
    ms_json_begin_array(json);
    for (size_t i = 0; i < info->version_count; i++) {
        const ms_version_entry *version = &info->versions[i];
        ms_json_begin_object(json);
        number(json, "version", version->version);
        text(json, "manifestCID", version->manifest_cid);
        time_text(json, "timestamp", version->timestamp);
        text(json, "status", version->status);
        text(json, "reason", version->reason);
        ms_json_end_object(json);
    }
    ms_json_end_array(json);
}

void ms_result_verify(ms_result *result, const ms_verify_result *verify)
{
    if (result == NULL)
        return;
    ms_json_writer *json = &result->json;
    text(json, "modelId", verify->model_id);
    number_or_null(json, "version", verify->version, verify->version != 0);
    text(json, "manifestCID", verify->manifest_cid);
    truth(json, "isValid", verify->is_valid);
    number(json, "totalChunks", verify->total_chunks);
    number(json, "checkedChunks", verify->checked_chunks);
    number(json, "validChunks", verify->valid_chunks);
    number(json, "checkedBytes", verify->checked_bytes);
    text(json, "verifiedBy", verify->verified_by);
    text(json, "trust", verify->trust);
    texts(json, "missingFiles", verify->missing_files, MS_MIN(verify->missing_file_count, MS_VERIFY_PATHS_MAX));
    number(json, "missingFileCount", verify->missing_file_count);
    texts(json, "extraFiles", verify->extra_files, MS_MIN(verify->extra_file_count, MS_VERIFY_PATHS_MAX));
    number(json, "extraFileCount", verify->extra_file_count);
}

void ms_result_repair(ms_result *result, const ms_repair_result *repair)
{
    if (result == NULL)
        return;
    ms_json_writer *json = &result->json;
    text(json, "modelId", repair->model_id);
    number_or_null(json, "version", repair->version, repair->version != 0);
    number(json, "checkedChunks", repair->checked_chunks);
    number(json, "repairedChunks", repair->repaired_chunks);
    number(json, "unrepairableChunks", repair->unrepairable_chunks);
}

void ms_result_lifecycle(ms_result *result, const ms_lifecycle_result *lifecycle)
{
    if (result == NULL)
        return;
    ms_json_writer *json = &result->json;
    text(json, "modelId", lifecycle->model_id);
    ms_json_key(json, "versions");
    ms_json_begin_array(json);
    for (size_t i = 0; i < lifecycle->version_count; i++) {
        ms_json_begin_object(json);
        number(json, "version", lifecycle->versions[i].version);
        text(json, "status", lifecycle->versions[i].status);
        ms_json_end_object(json);
    }
    ms_json_end_array(json);
    text(json, "transactionHash", lifecycle->transaction_hash);
}

void ms_result_prune(ms_result *result, const ms_prune_result *prune)
{
    if (result == NULL)
        return;
    ms_json_writer *json = &result->json;
    number(json, "removedModels", prune->removed_models);
    number(json, "freedBlocks", prune->freed_blocks);
    number(json, "freedBytes", prune->freed_bytes);
    number(json, "keptBlocks", prune->kept_blocks);
}

void ms_result_check(ms_result *result, const ms_check_result *check)
{
    if (result == NULL)
        return;
    ms_json_writer *json = &result->json;
    truth(json, "isValid", check->is_valid);
    number(json, "checkedBlocks", check->checked_blocks);
    number(json, "checkedBytes", check->checked_bytes);
    texts(json, "badBlocks", check->bad_blocks, MS_MIN(check->bad_block_count, MS_CHECK_ITEMS_MAX));
    number(json, "badBlockCount", check->bad_block_count);
    texts(json, "missingBlocks", check->missing_blocks, MS_MIN(check->missing_block_count, MS_CHECK_ITEMS_MAX));
    number(json, "missingBlockCount", check->missing_block_count);
    number(json, "ledgerEntries", check->ledger_entries);
    texts(json, "ledgerErrors", check->ledger_errors, MS_MIN(check->ledger_error_count, MS_CHECK_ITEMS_MAX));
    number(json, "ledgerErrorCount", check->ledger_error_count);
}

void ms_result_key(ms_result *result, const ms_key_result *key)
{
    if (result == NULL)
        return;
    ms_json_writer *json = &result->json;
    ms_json_key(json, "keys");
    ms_json_begin_array(json);
    for (size_t i = 0; i < key->key_count; i++) {
        ms_json_begin_object(json);
        text(json, "address", key->keys[i].address);
        text(json, "path", key->keys[i].path);
        truth(json, "isDefault", key->keys[i].is_default);
        truth(json, "protected", key->keys[i].is_protected);
        ms_json_end_object(json);
    }
    ms_json_end_array(json);
}

void ms_result_config(ms_result *result, const ms_config_result *config)
{
    if (result == NULL)
        return;
    ms_json_writer *json = &result->json;
    text(json, "home", config->home);
    text(json, "configPath", config->config_path);
    text(json, "writtenPath", config->written_path);
    ms_json_key(json, "values");
    ms_json_begin_object(json);
    for (size_t i = 0; i < config->entry_count; i++) {
        ms_json_key(json, config->entries[i].key);
        ms_json_begin_object(json);
        raw_or_null(json, "value", config->entries[i].json);
        text(json, "origin", config->entries[i].origin);
        ms_json_end_object(json);
    }
    ms_json_end_object(json);
}

ms_status ms_error_write_json(const ms_error *error,
        ms_status (*write)(void *payload, const char *text, size_t size), void *payload)
{
    ms_result *result = NULL;
    ms_status status = ms_result_new(&result, write, payload, NULL);
    if (status == MS_OK)
        status = ms_result_finish(result, error->status, error, NULL, 0, NULL);
    ms_result_free(result);
    return status;
}
