/* The repair command: blocks of a model that are missing or damaged in the store are put back from its record and from a copy. */
#include <string.h>

#include "base/alloc.h"
#include "base/bounded.h"
#include "base/checked.h"
#include "codec/path.h"
#include "manifest/manifest_ext.h"
#include "model/content_priv.h"
#include "model/leaves_priv.h"
#include "model/opened_model_priv.h"
#include "model/reach_priv.h"
#include "model/watched_source_priv.h"

typedef struct repairing {
    ms_run *run;
    const ms_repair_options *options;
    ms_repair_result *result;
    ms_store *store;
    ms_opened_model model;
    ms_store_session *session; /* NULL in a dry run */
    ms_error first; /* the first block that cannot be put back */
    ms_digest_set wanted; /* what the last look found bad */
} repairing;

static ms_status is_good(const repairing *repair, const ms_cid *cid, bool *good, ms_error *err)
{
    ms_buffer block;
    ms_error found = MS_ERROR_INIT;
    ms_buffer_init(&block, MS_BLOCK_SIZE_IN_MAX);
    ms_status status = ms_store_get(repair->store, cid, &block, &found);
    ms_buffer_release(&block);
    *good = status == MS_OK;
    if (status == MS_OK || ms_reach_is_verdict(status, &found))
        return MS_OK;
    ms_error_copy(err, &found);
    return status;
}

static ms_status count_lost(repairing *repair, const ms_cid *cid, const char *what, ms_error *err)
{
    char text[MS_CID_TEXT_SIZE];
    bool is_new = false;
    ms_cid_format(cid, text);
    ms_status status = ms_digest_set_add(&repair->wanted, cid->digest, &is_new, err);
    if (status != MS_OK || !is_new || repair->result->unrepairable_chunks++ > 0)
        return status;
    (void)ms_fail(&repair->first, MS_INTEGRITY, "unrepairable", "%s (%s) is nowhere to be had", what, text);
    ms_error_set_cid(&repair->first, text);
    ms_error_set_hint(&repair->first, "name a whole copy of the model: model-storage repair REF --from PATH");
    return MS_OK;
}

/* A block whose bytes we have: put it back when the store lacks it. */
static ms_status put_back(repairing *repair, const ms_cid *cid, ms_span bytes, ms_error *err)
{
    bool good = false;
    repair->result->checked_chunks++;
    ms_status status = is_good(repair, cid, &good, err);
    if (status != MS_OK || good)
        return status;
    repair->result->repaired_chunks++;
    if (repair->session == NULL)
        return MS_OK;
    ms_cid made;
    bool present;
    return ms_store_put(repair->session, &made, cid->codec, bytes, &present, err);
}

static ms_status repair_manifest(repairing *repair, ms_error *err)
{
    if (repair->model.head.count == 0)
        return MS_OK;
    ms_status status = put_back(repair, &repair->model.manifest, repair->model.head_block, err);
    return status == MS_OK ? put_back(repair, &repair->model.head.info, repair->model.info_block, err) : status;
}

/* The copy goes the whole way in once more, so that its chunks and its inner nodes come by; what was found bad is taken, wherever in the
 * copy it stands, and nothing else. A damaged block goes to quarantine when the good one is put. */
static ms_status rebuild_from_copy(repairing *repair, ms_error *err)
{
    ms_source_tree tree;
    ms_chunker chunker;
    ms_content content;
    const ms_source_rules rules = {.is_copy = true};
    (void)ms_chunker_parse(&chunker, repair->model.info.chunker); /* cut in another way: as the default, which finds what it can */
    ms_status status = ms_source_tree_open(&tree, repair->options->from, &rules, repair->run->task, err);
    const ms_content_source source = {.tree = &tree, .only = &repair->wanted};
    if (status == MS_OK)
        status = ms_content_put(repair->run, &source, repair->session, &chunker, repair->model.head.has_ext, &content, err);
    ms_source_tree_release(&tree);
    return status;
}

typedef struct looking {
    repairing *repair;
    bool counts_repaired; /* second look: what is good now was bad before */
    uint64_t bad;
    ms_copy copy;
} looking;

static ms_status work(void *payload, unsigned worker, ms_leaf_batch *batch, ms_error *err)
{
    (void)worker;
    const looking *look = (const looking *)payload;
    return ms_leaves_from_store(look->repair->store, batch, err);
}

static ms_status look_at_leaf(looking *look, const ms_leaf *leaf, ms_error *err)
{
    look->repair->result->checked_chunks++;
    if (leaf->status == MS_OK)
        return MS_OK;
    look->bad++;
    char what[MS_PATH_SIZE_MAX + 64];
    (void)ms_bounded_printf(what, sizeof(what), "chunk %llu%s%s", (unsigned long long)leaf->chunk_index,
            leaf->path[0] == '\0' ? "" : " of ", leaf->path);
    return count_lost(look->repair, &leaf->cid, what, err);
}

static ms_status consume(void *payload, ms_leaf_batch *batch, ms_error *err)
{
    looking *look = (looking *)payload;
    ms_status status = MS_OK;
    for (size_t i = 0; status == MS_OK && i < batch->step_count; i++) {
        if (batch->steps[i].kind == MS_STEP_NODE)
            look->repair->result->checked_chunks++;
        else if (batch->steps[i].kind == MS_STEP_LEAF)
            status = look_at_leaf(look, &batch->leaves[batch->steps[i].leaf], err);
    }
    for (size_t i = 0; i < batch->leaf_count; i++)
        ms_task_progress_add(look->repair->run->task, batch->leaves[i].size, 0);
    return status;
}

/* Count what is bad in the store; nodes that cannot be read hide what is below them. */
static ms_status look(repairing *repair, ms_error *err)
{
    looking looks = {.repair = repair, .copy = {.fd = -1}};
    ms_watched_source watched;
    const ms_block_source source = ms_watched_source_init(&watched, repair->store);
    const ms_leaf_stages stages = {.work = work, .consume = consume, .payload = &looks};
    const ms_manifest_head *head = repair->model.head.count == 0 ? NULL : &repair->model.head;
    ms_error found = MS_ERROR_INIT;
    ms_task_progress_begin(repair->run->task, "verify", repair->model.head.size);
    ms_status status = ms_leaves_run(repair->run, &repair->model.head.root, head, &source, &stages, &found);
    ms_task_progress_end(repair->run->task);
    if (status != MS_OK && ms_reach_is_verdict(status, &found)) {
        repair->result->checked_chunks++;
        return count_lost(repair, &watched.last, "an inner node", err);
    }
    if (status != MS_OK)
        ms_error_copy(err, &found);
    if (status != MS_OK || !repair->model.head.has_ext)
        return status;
    ms_manifest_ext ext;
    const ms_block_source plain = ms_store_source(repair->store);
    bool good = false;
    status = is_good(repair, &repair->model.head.ext, &good, err);
    repair->result->checked_chunks++;
    if (status == MS_OK && !good)
        status = count_lost(repair, &repair->model.head.ext, "the list of digests", err);
    if (status != MS_OK || !good)
        return status;
    status = ms_manifest_ext_open(&ext, &repair->model.head.ext, &plain, err);
    for (size_t i = 0; status == MS_OK && i < ext.block_count; i++) {
        repair->result->checked_chunks++;
        status = is_good(repair, &ext.blocks[i], &good, err);
        if (status == MS_OK && !good)
            status = count_lost(repair, &ext.blocks[i], "a block of digests", err);
    }
    ms_manifest_ext_release(&ext);
    return status;
}

/* Forget what the last look found and look again. */
static ms_status look_again(repairing *repair, uint64_t checked_before, ms_error *err)
{
    repair->result->checked_chunks = checked_before;
    repair->result->unrepairable_chunks = 0;
    ms_digest_set_release(&repair->wanted);
    repair->wanted = (ms_digest_set){0};
    return look(repair, err);
}

/* Look, put back, look again. A damaged node hides what is below it, so that each round may find more; a round that puts nothing back is
 * the last. */
static ms_status repair_content(repairing *repair, ms_error *err)
{
    ms_repair_result *result = repair->result;
    const uint64_t checked = result->checked_chunks;
    ms_status status = look(repair, err);
    if (status == MS_OK && result->unrepairable_chunks > 0 && repair->options->from != NULL && repair->session == NULL)
        ms_task_notice(repair->run->task, false, "whether %s holds what is missing is only known after it was read",
                repair->options->from);
    bool goes_on = repair->options->from != NULL && repair->session != NULL;
    while (status == MS_OK && goes_on && result->unrepairable_chunks > 0) {
        const ms_digest_set wanted = repair->wanted;
        status = rebuild_from_copy(repair, err);
        if (status == MS_OK)
            status = ms_store_flush(repair->session, err);
        if (status != MS_OK)
            break;
        repair->wanted = (ms_digest_set){0};
        status = look_again(repair, checked, err);
        uint64_t healed = 0;
        for (uint32_t i = 0; status == MS_OK && i < wanted.count; i++)
            healed += ms_digest_set_find(&repair->wanted, wanted.digests[i]) == NULL ? 1 : 0;
        result->repaired_chunks += healed;
        goes_on = healed > 0;
        ms_digest_set old = wanted;
        ms_digest_set_release(&old);
    }
    return status;
}

/* Make durable what the model is made of. Who repairs a model wants it: one that was removed here is kept again, or the next prune would
 * take it. Not when a part of it is nowhere to be had: then it would count as kept and damaged. */
static ms_status keep(const repairing *repair, ms_error *err)
{
    ms_status status = ms_store_flush(repair->session, err);
    /* A block that was found good may be one that a killed run put back and did not come to sync. */
    if (status == MS_OK)
        status = ms_store_sync(repair->store, err);
    if (status == MS_OK && repair->result->unrepairable_chunks == 0 && repair->model.manifest.version != 0)
        status = ms_store_forget_root(repair->store, &repair->model.manifest, err);
    return status;
}

/* The session ends last: its lock keeps prune away until the model counts as kept. */
static ms_status repair_locked(repairing *repair, ms_error *err)
{
    ms_status status = MS_OK;
    if (!repair->options->dry_run)
        status = ms_store_begin(repair->store, &repair->session, repair->run->task, err);
    if (status == MS_OK)
        status = repair_manifest(repair, err);
    if (status == MS_OK)
        status = repair_content(repair, err);
    if (repair->session == NULL)
        return status;
    if (status == MS_OK)
        status = keep(repair, err);
    if (status == MS_OK)
        return ms_store_commit(&repair->session, err);
    ms_store_abort(&repair->session);
    return status;
}

/* It is read only when something is bad, and must be there in any case. */
static ms_status expect_copy(const char *from, ms_error *err)
{
    ms_file_status found;
    if (from == NULL)
        return MS_OK;
    ms_status status = ms_file_status_at(MS_DIR_CURRENT, from, true, &found, err);
    if (status != MS_NOT_FOUND)
        return status;
    (void)ms_fail(err, MS_NOT_FOUND, "source_unknown", "%s does not exist", from);
    ms_error_set_path(err, from);
    return MS_NOT_FOUND;
}

static ms_status run_repair(ms_run *run, const void *options, void *result, ms_error *err)
{
    repairing *repair = ms_calloc(1, sizeof(*repair));
    if (repair == NULL)
        return ms_fail_memory(err, sizeof(*repair));
    repair->run = run;
    repair->options = (const ms_repair_options *)options;
    repair->result = (ms_repair_result *)result;
    repair->first = (ms_error)MS_ERROR_INIT;
    ms_status status = ms_storage_store(run->storage, &repair->store, err);
    if (status == MS_OK)
        status = ms_model_open(run, repair->options->ref, MS_MODEL_FOR_CARE, &repair->model, err);
    if (status == MS_OK && repair->model.has_record) {
        repair->result->version = repair->model.record.version;
        status = ms_run_text(run, &repair->result->model_id, repair->model.record.model_id, err);
    }
    if (status == MS_OK)
        status = expect_copy(repair->options->from, err);
    if (status == MS_OK)
        status = repair_locked(repair, err);
    if (status == MS_OK && repair->result->unrepairable_chunks > 0) {
        ms_error_copy(err, &repair->first);
        status = MS_INTEGRITY;
    }
    ms_digest_set_release(&repair->wanted);
    ms_free(repair);
    return status;
}

static void write_repair(ms_result *json, const void *result)
{
    ms_result_repair(json, (const ms_repair_result *)result);
}

const ms_command ms_command_repair = {.name = "repair",
        .options_size = sizeof(ms_repair_options),
        .result_size = sizeof(ms_repair_result),
        .run = run_repair,
        .write_result = write_repair};
