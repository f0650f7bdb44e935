/* The store command: content into the store, a manifest over it, a record about it. */
#include <string.h>

#include "base/log.h"
#include "codec/path.h"
#include "crypto/sha256.h"
#include "manifest/manifest_ext.h"
#include "manifest/manifest_head.h"
#include "manifest/manifest_info.h"
#include "model/content_priv.h"
#include "model/keyring_priv.h"
#include "model/opened_model_priv.h"
#include "model/reach_priv.h"
#include "model/reserve_priv.h"
#include "platform/clock.h"

#define PUBLISH_TRIES_MAX 100

/* What a run of store knows on its way. */
typedef struct storing {
    ms_run *run;
    const ms_store_options *options;
    ms_store_result *result;
    ms_store *store;
    ms_registry *registry;
    const ms_signer *signer;
    ms_chunker chunker;
    ms_source_tree tree;
    const char *stored_name;
    ms_content content;
    /* The newest version, when there is one. */
    bool has_newest;
    ms_record newest;
    ms_manifest_head newest_head;
    ms_manifest_info newest_info;
    /* The new one. */
    ms_buffer metadata;
    ms_buffer info_block;
    ms_buffer head_block;
    ms_cid manifest;
    ms_record record;
} storing;

static ms_status check_options(storing *store, ms_error *err)
{
    const ms_store_options *options = store->options;
    if (options->model_id == NULL || (options->path == NULL) == (options->read == NULL))
        return ms_fail(err, MS_USAGE, "store_what", "store needs a model id, and a path or a stream");
    ms_status status = ms_model_id_check(options->model_id, strlen(options->model_id), err);
    if (status != MS_OK)
        return status;
    if (options->read != NULL && (options->include_count > 0 || options->exclude_count > 0))
        return ms_fail(err, MS_USAGE, "store_stream_globs", "include and exclude choose files of a folder, a stream is one file");
    return ms_chunker_init(&store->chunker, ms_config_u64(ms_storage_config(store->run->storage), "storage.chunkSize"), err);
}

static ms_status open_source(storing *store, ms_error *err)
{
    const ms_store_options *options = store->options;
    if (options->read != NULL) {
        const char *slash = strrchr(options->model_id, '/');
        store->stored_name = slash == NULL ? options->model_id : slash + 1;
        return ms_path_check_name(ms_span_of(store->stored_name, strlen(store->stored_name)), err);
    }
    const ms_source_rules rules = {.include = options->include,
            .include_count = options->include_count,
            .exclude = options->exclude,
            .exclude_count = options->exclude_count,
            .no_default_excludes = options->no_default_excludes,
            .home = ms_storage_home(store->run->storage),
            .config_path = ms_storage_config_path(store->run->storage)};
    ms_status status = ms_source_tree_open(&store->tree, options->path, &rules, store->run->task, err);
    store->stored_name = store->tree.stored_name;
    return status;
}

static ms_status open_doors(storing *store, ms_error *err)
{
    ms_status status = ms_storage_store(store->run->storage, &store->store, err);
    if (status == MS_OK)
        status = ms_storage_registry(store->run->storage, &store->registry, err);
    if (status == MS_OK)
        status = ms_keyring_signer(ms_storage_keyring(store->run->storage), store->run->task, &store->signer, err);
    return status;
}

/* What the newest version says is taken over where nothing new is given; also whether anything changed at all. */
static ms_status read_newest(storing *store, ms_error *err)
{
    ms_status status = ms_registry_resolve(
            store->registry, &store->signer->address, store->options->model_id, 0, &store->run->arena, &store->newest, err);
    if (status == MS_NOT_FOUND)
        return MS_OK;
    if (status != MS_OK)
        return status;
    if (store->newest.model_status == MS_RECORD_REVOKED) {
        (void)ms_fail(err, MS_INTEGRITY, "revoked", "the model %s was revoked for good and takes no new version",
                store->options->model_id);
        ms_error_set_hint(err, "store it under another model id");
        return MS_INTEGRITY;
    }
    status = ms_manifest_head_decode(&store->newest_head, store->newest.head, err);
    if (status == MS_OK)
        status = ms_manifest_info_decode(&store->newest_info, store->newest.info, err);
    store->has_newest = status == MS_OK;
    return status;
}

/* Whether the list of digests that the newest version has can be read here, to its end. */
static ms_status look_for_digests(storing *store, bool *are_here, ms_error *err)
{
    const ms_block_source source = ms_store_source(store->store);
    ms_error found = MS_ERROR_INIT;
    ms_manifest_ext ext;
    uint8_t digest[32];
    ms_status status = ms_manifest_ext_open(&ext, &store->newest_head.ext, &source, &found);
    for (uint64_t i = 0; status == MS_OK; i++)
        status = ms_manifest_ext_digest(&ext, i, digest, &found);
    ms_manifest_ext_release(&ext);
    *are_here = status == MS_NOT_FOUND && strcmp(found.reason, "ext_no_digests") == 0;
    if (ms_reach_is_verdict(status, &found))
        return MS_OK;
    ms_error_copy(err, &found);
    return status;
}

/* They are made when they are asked for, and when the version that this may turn out to be, unchanged, has lost them here. */
static ms_status choose_digests(storing *store, bool *with_digests, ms_error *err)
{
    bool are_here = true;
    ms_status status = MS_OK;
    if (!store->options->digest && store->has_newest && store->newest_head.has_ext)
        status = look_for_digests(store, &are_here, err);
    *with_digests = store->options->digest || !are_here;
    return status;
}

static ms_status put_content(storing *store, ms_store_session *session, ms_error *err)
{
    bool with_digests;
    ms_status status = choose_digests(store, &with_digests, err);
    if (status != MS_OK)
        return status;
    const ms_content_source source = {.tree = store->options->read == NULL ? &store->tree : NULL,
            .read = store->options->read,
            .read_payload = store->options->read_payload};
    status = ms_content_put(
            store->run, &source, session, &store->chunker, with_digests, &store->content, err);
    ms_store_result *result = store->result;
    result->total_size = store->content.total_size;
    result->chunk_count = store->content.chunk_count;
    result->file_count = store->content.file_count;
    result->new_chunks = store->content.new_chunks;
    result->new_bytes = store->content.new_bytes;
    return status;
}

static ms_status make_metadata(storing *store, ms_error *err)
{
    if (store->options->metadata_count == 0 && store->has_newest)
        return ms_buffer_append(&store->metadata, store->newest_info.metadata.data, store->newest_info.metadata.size, err);
    ms_manifest_metadata metadata;
    ms_manifest_metadata_init(&metadata);
    ms_status status = MS_OK;
    for (size_t i = 0; status == MS_OK && i < store->options->metadata_count; i++) {
        const ms_pair *pair = &store->options->metadata[i];
        status = ms_manifest_metadata_add(
                &metadata, ms_span_of(pair->key, strlen(pair->key)), ms_span_of(pair->value, strlen(pair->value)), err);
    }
    if (status == MS_OK)
        status = ms_manifest_metadata_write(&metadata, &store->metadata, err);
    ms_manifest_metadata_release(&metadata);
    return status;
}

static ms_status make_info(storing *store, ms_error *err)
{
    const ms_store_options *options = store->options;
    char chunker[MS_MANIFEST_CHUNKER_SIZE_MAX];
    ms_status status = make_metadata(store, err);
    if (status != MS_OK)
        return status;
    ms_buffer text;
    ms_buffer_init(&text, sizeof(chunker));
    status = ms_buffer_printf(&text, err, "size-%u", store->chunker.chunk_size);
    ms_manifest_info info = {.chunker = ms_buffer_span(&text),
            .metadata = ms_buffer_span(&store->metadata),
            .stored_name = ms_span_of(store->stored_name, strlen(store->stored_name))};
    if (options->name != NULL)
        info.name = ms_span_of(options->name, strlen(options->name));
    else
        info.name = store->has_newest ? store->newest_info.name : info.stored_name;
    info.has_description = options->description != NULL || (store->has_newest && store->newest_info.has_description);
    if (options->description != NULL)
        info.description = ms_span_of(options->description, strlen(options->description));
    else if (info.has_description)
        info.description = store->newest_info.description;
    if (status == MS_OK)
        status = ms_manifest_info_encode(&info, &store->info_block, err);
    ms_buffer_release(&text);
    return status;
}

static ms_status make_head(storing *store, ms_error *err)
{
    uint8_t digest[32];
    ms_sha256(digest, store->info_block.data, store->info_block.size);
    ms_manifest_head head = {.info = ms_cid_sha256(MS_CODEC_DAG_CBOR, digest),
            .root = store->content.root.cid,
            .size = store->content.total_size,
            .count = store->content.chunk_count,
            .has_ext = store->content.has_ext && store->options->digest,
            .ext = store->content.ext};
    memcpy(head.chunk_root, store->content.chunk_root, sizeof(head.chunk_root));
    return ms_manifest_head_encode(&head, &store->head_block, err);
}

static ms_status put_manifest(storing *store, ms_store_session *session, ms_error *err)
{
    ms_cid info;
    bool present;
    ms_status status = make_head(store, err);
    if (status == MS_OK)
        status = ms_store_put(session, &info, MS_CODEC_DAG_CBOR, ms_buffer_span(&store->info_block), &present, err);
    if (status == MS_OK)
        status = ms_store_put(
                session, &store->manifest, MS_CODEC_DAG_CBOR, ms_buffer_span(&store->head_block), &present, err);
    return status;
}

/* The manifest holds everything that counts: root, name, description and metadata. The stored name and the chunker follow from what
 * is stored; digests of whole files are an addition that alone makes no version, but asked for they must be there. */
static bool is_unchanged(const storing *store)
{
    if (!store->has_newest || store->options->new_version)
        return false;
    if (store->content.has_ext && !store->newest_head.has_ext)
        return false;
    if (!ms_cid_equal(&store->newest_head.root, &store->content.root.cid))
        return false;
    ms_manifest_info made;
    if (ms_manifest_info_decode(&made, ms_buffer_span(&store->info_block), NULL) != MS_OK)
        return false;
    const ms_manifest_info *newest = &store->newest_info;
    return ms_span_equal(made.name, newest->name) && ms_span_equal(made.metadata, newest->metadata) &&
           made.has_description == newest->has_description && ms_span_equal(made.description, newest->description);
}

/* The blocks of the unchanged version, which may have been removed here since. */
static ms_status put_newest_manifest(storing *store, ms_store_session *session, ms_error *err)
{
    ms_cid cid;
    bool present;
    ms_status status = ms_store_put(session, &cid, MS_CODEC_DAG_CBOR, store->newest.info, &present, err);
    if (status == MS_OK)
        status = ms_store_put(session, &cid, MS_CODEC_DAG_CBOR, store->newest.head, &present, err);
    return status;
}

static ms_status publish_next(storing *store, ms_error *err)
{
    const ms_publication publication = {.model_id = store->options->model_id,
            .version = store->has_newest ? store->newest.newest + 1 : 1,
            .head = ms_buffer_span(&store->head_block),
            .info = ms_buffer_span(&store->info_block)};
    if (store->has_newest && store->newest.newest == UINT32_MAX)
        return ms_fail(err, MS_LIMIT, "version_last", "the model %s has used its last version number", store->options->model_id);
    return ms_registry_publish(store->registry, store->signer, &publication, &store->run->arena, &store->record, err);
}

/* To put the version that stands on record again writes nothing, but only then it is certain that its row is on disk: whoever wrote it
 * may have been killed before. */
static ms_status confirm_newest(storing *store, ms_error *err)
{
    const ms_publication publication = {.model_id = store->options->model_id,
            .version = store->newest.version,
            .head = store->newest.head,
            .info = store->newest.info};
    return ms_registry_publish(store->registry, store->signer, &publication, &store->run->arena, &store->record, err);
}

static void take_newest(storing *store)
{
    store->result->unchanged = true;
    store->manifest = ms_manifest_cid(store->newest.manifest);
}

/* Another process may take the number between our look and our publish: then the next one is ours, or nothing is left to do. */
static ms_status publish(storing *store, ms_error *err)
{
    ms_status status = publish_next(store, err);
    for (unsigned tries = 1; status == MS_CHAIN_MISMATCH && tries < PUBLISH_TRIES_MAX; tries++) {
        status = read_newest(store, err);
        if (status != MS_OK)
            return status;
        if (is_unchanged(store)) {
            take_newest(store);
            return confirm_newest(store, err);
        }
        status = publish_next(store, err);
    }
    return status;
}

/* A stored manifest belongs to a model that is wanted again, whatever was removed before: and stays so until the record says it. */
static ms_status put_on_record(storing *store, ms_error *err)
{
    int lock = -1;
    ms_status status = ms_storage_lock(store->run->storage, MS_STORAGE_LOCK_ROOTS, MS_LOCK_SHARED, -1, store->run->task, &lock, err);
    if (status == MS_OK)
        status = ms_store_forget_root(store->store, &store->manifest, err);
    if (status == MS_OK)
        status = store->result->unchanged ? confirm_newest(store, err) : publish(store, err);
    ms_lock_release(lock);
    return status;
}

/* What stands on record may still be refused, or found by nobody. */
static void tell_status(const storing *store)
{
    const ms_record *record = &store->record;
    const unsigned long version = (unsigned long)record->version;
    if (record->version_status == MS_RECORD_REVOKED)
        ms_task_notice(store->run->task, true,
                "version %lu of %s was revoked for good: nobody retrieves it (--new-version stores it as another one)", version,
                record->model_id);
    else if (record->version_status == MS_RECORD_INACTIVE)
        ms_task_notice(store->run->task, true, "version %lu of %s is inactive: its model's name passes it over (activate %s@%lu)", version,
                record->model_id, record->model_id, version);
    if (record->model_status == MS_RECORD_INACTIVE)
        ms_task_notice(store->run->task, true, "%s is inactive as a whole: its name finds no version (activate %s)", record->model_id,
                record->model_id);
}

/* Digests that were made for a version that this is not after all: the next prune takes them. */
static void give_up_digests(const storing *store)
{
    const ms_block_source source = ms_store_source(store->store);
    ms_manifest_ext ext;
    if (!store->content.has_ext || store->options->digest || store->result->unchanged)
        return;
    ms_status status = ms_manifest_ext_open(&ext, &store->content.ext, &source, NULL);
    if (status == MS_OK)
        status = ms_store_disclaim_many(store->store, ext.blocks, ext.block_count, NULL);
    if (status == MS_OK)
        status = ms_store_disclaim_many(store->store, &store->content.ext, 1, NULL);
    if (status != MS_OK)
        ms_log(MS_LOG_INFO, "digests that nobody asked for are left to prune --orphans");
    ms_manifest_ext_release(&ext);
}

/* Everything between begin and the durable record. A failure leaves what stood before; what was flushed is found again by the next
 * run. The reader's lock keeps prune away until the record stands, when nothing refers to the new blocks yet. */
static ms_status run_session(storing *store, ms_error *err)
{
    ms_store_session *session = NULL;
    void *lock = NULL;
    ms_status status = ms_store_begin(store->store, &session, store->run->task, err);
    if (status == MS_OK)
        ms_reserve_keep(store->run->storage);
    if (status == MS_OK)
        status = ms_store_read_begin(store->store, store->run->task, &lock, err);
    if (status == MS_OK)
        status = put_content(store, session, err);
    if (status == MS_OK)
        status = make_info(store, err);
    if (status == MS_OK && is_unchanged(store))
        take_newest(store);
    if (status == MS_OK)
        status = store->result->unchanged ? put_newest_manifest(store, session, err) : put_manifest(store, session, err);
    if (status == MS_OK)
        status = ms_store_flush(session, err);
    if (status == MS_OK)
        status = put_on_record(store, err);
    /* Until the record stands the session answers for the blocks: a run that ends before leaves them unclaimed. */
    if (status == MS_OK)
        status = ms_store_commit(&session, err);
    else
        ms_store_abort(&session);
    if (status == MS_OK)
        give_up_digests(store);
    ms_store_read_end(store->store, lock);
    return status;
}

static ms_status fill_result(storing *store, ms_error *err)
{
    ms_run *run = store->run;
    ms_store_result *result = store->result;
    ms_manifest_info info;
    ms_manifest_head head;
    char path[MS_FILE_PATH_SIZE_MAX];
    result->version = store->record.version;
    result->registry = ms_registry_kind(store->registry);
    result->store = ms_store_kind(store->store);
    result->record_state = ms_record_state_word(store->record.state);
    result->data_state = "local";
    result->state = "local";
    ms_status status = ms_manifest_info_decode(&info, store->record.info, err);
    if (status == MS_OK)
        status = ms_manifest_head_decode(&head, store->record.head, err);
    if (status != MS_OK)
        return status;
    result->name = ms_arena_strndup(&run->arena, (const char *)info.name.data, info.name.size);
    if (result->name == NULL)
        return ms_fail_memory(err, info.name.size);
    status = ms_run_cid(run, &result->manifest_cid, &store->manifest, err);
    if (status == MS_OK)
        status = ms_run_cid(run, &result->root_cid, &head.root, err);
    if (status == MS_OK)
        status = ms_run_digest(run, &result->chunk_root, head.chunk_root, err);
    if (status == MS_OK)
        status = ms_store_block_path(store->store, &store->manifest, path, sizeof(path), err);
    if (status == MS_OK)
        status = ms_run_text(run, &result->local_manifest, path, err);
    return status;
}

static ms_status run_store(ms_run *run, const void *options, void *result, ms_error *err)
{
    const uint64_t started_ms = ms_clock_monotonic_ms();
    storing store = {.run = run, .options = (const ms_store_options *)options, .result = (ms_store_result *)result};
    store.tree.fd = -1;
    ms_buffer_init(&store.metadata, MS_MANIFEST_INFO_SIZE_MAX);
    ms_buffer_init(&store.info_block, MS_MANIFEST_INFO_SIZE_MAX);
    ms_buffer_init(&store.head_block, MS_MANIFEST_HEAD_SIZE_MAX);
    ms_status status = ms_run_text(run, &store.result->model_id, store.options->model_id, err);
    if (status == MS_OK)
        status = check_options(&store, err);
    if (status == MS_OK)
        status = open_source(&store, err);
    if (status == MS_OK)
        status = open_doors(&store, err);
    if (status == MS_OK)
        status = ms_run_address(run, &store.result->publisher, &store.signer->address, err);
    if (status == MS_OK)
        status = read_newest(&store, err);
    if (status == MS_OK)
        status = run_session(&store, err);
    if (status == MS_OK)
        status = fill_result(&store, err);
    if (status == MS_OK)
        tell_status(&store);
    ms_source_tree_release(&store.tree);
    ms_buffer_release(&store.metadata);
    ms_buffer_release(&store.info_block);
    ms_buffer_release(&store.head_block);
    store.result->duration_ms = ms_clock_monotonic_ms() - started_ms;
    return status;
}

static void write_store(ms_result *json, const void *result)
{
    ms_result_store(json, (const ms_store_result *)result);
}

const ms_command ms_command_store = {.name = "store",
        .options_size = sizeof(ms_store_options),
        .result_size = sizeof(ms_store_result),
        .run = run_store,
        .write_result = write_store};
