#include "model/manifest_entry_priv.h"

#include <string.h>

#include "codec/text.h"
#include "manifest/manifest_metadata.h"

static const char *text_of(ms_arena *arena, ms_span span)
{
    return ms_arena_strndup(arena, span.size == 0 ? "" : (const char *)span.data, span.size);
}

static const char *cid_of(ms_arena *arena, const ms_cid *cid)
{
    char text[MS_CID_TEXT_SIZE];
    ms_cid_format(cid, text);
    return ms_arena_strdup(arena, text);
}

/* JSON on its way into memory of the size it needs, which a first pass counts. */
typedef struct json_text {
    char *text; /* NULL while it is counted */
    size_t size;
} json_text;

static ms_status append_text(void *payload, const char *text, size_t size, ms_error *err)
{
    json_text *json = payload;
    (void)err;
    if (json->text != NULL)
        memcpy(json->text + json->size, text, size);
    json->size += size;
    return MS_OK;
}

static ms_status write_metadata(
        ms_json_writer *writer, json_text *json, ms_span metadata, ms_error *err)
{
    json->size = 0;
    ms_json_init(writer, append_text, json, false);
    ms_status status = ms_manifest_metadata_write_json(metadata, writer, err);
    return status == MS_OK ? ms_json_flush(writer, err) : status;
}

static ms_status metadata_of(ms_arena *arena, const char **text, ms_span metadata, ms_error *err)
{
    json_text json = {0};
    ms_json_writer *writer = ms_arena_alloc(arena, sizeof(*writer));
    if (writer == NULL)
        return ms_fail_memory(err, sizeof(*writer));
    ms_status status = write_metadata(writer, &json, metadata, err);
    if (status != MS_OK)
        return status;
    json.text = ms_arena_alloc(arena, json.size + 1); /* zeroed: the NUL is there */
    if (json.text == NULL)
        return ms_fail_memory(err, json.size + 1);
    *text = json.text;
    return write_metadata(writer, &json, metadata, err);
}

static ms_status fill_manifest(
        ms_model_entry *entry, ms_arena *arena, const ms_opened_model *model, ms_error *err)
{
    char *root = ms_arena_alloc(arena, MS_DIGEST_TEXT_SIZE);
    entry->has_manifest = true;
    entry->total_size = model->head.size;
    entry->chunk_count = model->head.count;
    entry->name = text_of(arena, model->info.name);
    entry->description = model->info.has_description ? text_of(arena, model->info.description) : "";
    entry->root_cid = cid_of(arena, &model->head.root);
    entry->chunk_root = root;
    if (root == NULL || entry->name == NULL || entry->description == NULL ||
            entry->root_cid == NULL)
        return ms_fail_memory(err, sizeof(*entry));
    ms_digest_format(root, model->head.chunk_root);
    return metadata_of(arena, &entry->metadata_json, model->info.metadata, err);
}

ms_status ms_manifest_entry_fill(ms_model_entry *entry, ms_arena *arena,
        const ms_opened_model *model, bool is_local, ms_error *err)
{
    *entry = (ms_model_entry){.is_local = is_local,
            .state = "local",
            .data_state = "local",
            .record_state = "none"};
    if (model->has_record) {
        const ms_record *record = &model->record;
        char publisher[MS_ADDRESS_TEXT_SIZE];
        ms_address_format(publisher, &record->publisher);
        entry->model_id = ms_arena_strdup(arena, record->model_id);
        entry->publisher = ms_arena_strdup(arena, publisher);
        entry->version = record->version;
        entry->timestamp = record->time;
        entry->status = ms_record_status_word(record->status);
        entry->record_state = ms_record_state_word(record->state);
        if (entry->model_id == NULL || entry->publisher == NULL)
            return ms_fail_memory(err, sizeof(publisher));
    }
    if (model->manifest.version != 0) {
        entry->manifest_cid = cid_of(arena, &model->manifest);
        if (entry->manifest_cid == NULL)
            return ms_fail_memory(err, MS_CID_TEXT_SIZE);
    }
    if (model->head.count != 0)
        return fill_manifest(entry, arena, model, err);
    entry->root_cid = cid_of(arena, &model->head.root);
    return entry->root_cid == NULL ? ms_fail_memory(err, MS_CID_TEXT_SIZE) : MS_OK;
}
