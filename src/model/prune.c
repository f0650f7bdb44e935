/* The prune command: delete the blocks of removed models and of unfinished work that nothing kept
 * reaches. */
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "manifest/manifest_head.h"
#include "model/reach_priv.h"
#include "platform/clock.h"
#include "platform/file.h"

#define LOCK_WAIT_MS 10000
#define GRACE_NS (INT64_C(3600) * 1000000000)
#define BATCH_SIZE 256

enum { MARK_KEPT = 1, MARK_COUNTED = 2, MARK_NODE = 4 };

/* A root that was removed. */
typedef struct removed_root {
    ms_cid cid;
    bool was_here;
    bool is_on_record;
} removed_root;

typedef struct pruning {
    ms_run *run;
    const ms_prune_options *options;
    ms_prune_result *result;
    ms_store *store;
    ms_registry *registry;
    ms_digest_set candidates; /* parents before children */
    removed_root *roots;
    size_t root_count;
    size_t root_capacity;
    int64_t newest_ns; /* orphans are not younger */
    uint64_t all_blocks;
    uint64_t free_blocks;
    uint64_t free_bytes;
} pruning;

static ms_status add_candidate(void *payload, const ms_cid *cid, ms_error *err)
{
    pruning *prune = (pruning *)payload;
    ms_status status = ms_digest_set_add(&prune->candidates, cid->digest, NULL, err);
    if (status == MS_OK && cid->codec != MS_CODEC_RAW)
        *ms_digest_set_find(&prune->candidates, cid->digest) |= MARK_NODE;
    return status;
}

static ms_status add_unclaimed(void *payload, const ms_cid *cid, uint64_t size, ms_error *err)
{
    (void)size;
    return add_candidate(payload, cid, err);
}

static ms_status add_orphan(void *payload, const ms_cid *cid, uint64_t size, ms_error *err)
{
    pruning *prune = (pruning *)payload;
    char path[MS_FILE_PATH_SIZE_MAX];
    ms_file_status file;
    (void)size;
    ms_status status = ms_task_check(prune->run->task, err);
    if (status == MS_OK)
        status = ms_store_block_path(prune->store, cid, path, sizeof(path), err);
    if (status == MS_OK)
        status = ms_file_status_at(MS_DIR_CURRENT, path, false, &file, err);
    if (status == MS_NOT_FOUND)
        return MS_OK;
    if (status != MS_OK || file.modified_ns > prune->newest_ns)
        return status;
    return add_candidate(prune, cid, err);
}

static ms_status add_root(void *payload, const ms_cid *root, uint64_t size, ms_error *err)
{
    pruning *prune = (pruning *)payload;
    (void)size;
    if (prune->root_count == prune->root_capacity) {
        const size_t capacity = prune->root_capacity == 0 ? 64 : prune->root_capacity * 2;
        removed_root *roots = ms_realloc_array(prune->roots, capacity, sizeof(*roots));
        if (roots == NULL)
            return ms_fail_memory(err, capacity * sizeof(*roots));
        prune->roots = roots;
        prune->root_capacity = capacity;
    }
    prune->roots[prune->root_count++] = (removed_root){.cid = *root};
    return MS_OK;
}

/* A block of a removed model: what it led to stays until `prune --orphans`. */
static ms_status pass_over(
        void *payload, const ms_cid *cid, ms_status status, const ms_error *why, ms_error *err)
{
    pruning *prune = (pruning *)payload;
    char text[MS_CID_TEXT_SIZE];
    bool is_present = false;
    ms_cid_format(cid, text);
    ms_status seen = ms_store_has_many(prune->store, cid, NULL, 1, &is_present, err);
    if (seen != MS_OK)
        return seen;
    ms_task_notice(prune->run->task, false,
            "a block of a removed model cannot be read (%s: %s); what only it leads to is freed by "
            "prune --orphans",
            text, why->message);
    return is_present && status != MS_NOT_FOUND ? add_candidate(prune, cid, err) : MS_OK;
}

static ms_status take_head(void *payload, const ms_record *record, ms_error *err)
{
    ms_buffer *head = (ms_buffer *)payload;
    ms_buffer_clear(head);
    return ms_buffer_append(head, record->head.data, record->head.size, err);
}

/* Whether the store has the content of a manifest that it has lost. */
static ms_status has_content(pruning *prune, ms_span head, bool *is_present, ms_error *err)
{
    ms_manifest_head decoded;
    *is_present = false;
    if (head.size == 0)
        return MS_OK;
    ms_status status = ms_manifest_head_decode(&decoded, head, err);
    return status == MS_OK
                   ? ms_store_has_many(prune->store, &decoded.root, NULL, 1, is_present, err)
                   : status;
}

/* What a removed root reaches. The record's own copy of the manifest leads on when the block is
 * damaged or gone; where the content is gone too an earlier run has taken it all. */
static ms_status add_removed(pruning *prune, removed_root *root, ms_error *err)
{
    const ms_reach reach = {.store = prune->store,
            .task = prune->run->task,
            .visit = add_candidate,
            .unreadable = pass_over,
            .payload = prune};
    bool is_present = false;
    ms_buffer head;
    ms_buffer_init(&head, MS_HEAD_SIZE_MAX);
    ms_status status = ms_store_has_many(prune->store, &root->cid, NULL, 1, &root->was_here, err);
    if (status == MS_OK && root->cid.codec == MS_CODEC_DAG_CBOR)
        status = ms_registry_find(prune->registry, root->cid.digest, take_head, &head, err);
    root->is_on_record = head.size > 0;
    if (status == MS_OK && !root->was_here)
        status = has_content(prune, ms_buffer_span(&head), &is_present, err);
    if (status == MS_OK && (root->was_here || is_present))
        status = ms_reach_root(&reach, &root->cid, ms_buffer_span(&head), err);
    ms_buffer_release(&head);
    return status;
}

static ms_status find_candidates(pruning *prune, ms_error *err)
{
    ms_status status = ms_store_each_root(prune->store, false, add_root, prune, err);
    for (size_t i = 0; status == MS_OK && i < prune->root_count; i++)
        status = add_removed(prune, &prune->roots[i], err);
    if (status == MS_OK)
        status = ms_store_each_unclaimed(prune->store, add_unclaimed, prune, err);
    if (status == MS_OK && prune->options->orphans) {
        prune->newest_ns = ms_clock_wall_seconds() * INT64_C(1000000000) - GRACE_NS;
        status = ms_store_each(prune->store, add_orphan, prune, err);
    }
    return status;
}

static ms_status mark_kept(void *payload, const ms_cid *cid, ms_error *err)
{
    (void)err;
    uint8_t *mark = ms_digest_set_find(&((pruning *)payload)->candidates, cid->digest);
    if (mark != NULL)
        *mark |= MARK_KEPT;
    return MS_OK;
}

static ms_status fail_unreadable(const ms_cid *root, const ms_error *found, ms_error *err)
{
    char text[MS_CID_TEXT_SIZE];
    ms_cid_format(root, text);
    (void)ms_fail(err, MS_INTEGRITY, "kept_unreadable",
            "nothing was deleted, for %s is kept and cannot be read completely: %s", text,
            found->message);
    ms_error_set_cid(err, text);
    ms_error_set_hint(
            err, "run `model-storage repair %s`, or remove the model, and then prune again", text);
    return MS_INTEGRITY;
}

/* A model whose manifest is lost is kept as long as its content is here, for the record gives the
 * manifest back; where both are lost there is nothing to keep. */
static ms_status keep_root(void *payload, const ms_cid *root, ms_span head, ms_error *err)
{
    pruning *prune = (pruning *)payload;
    const ms_reach reach = {
            .store = prune->store, .task = prune->run->task, .visit = mark_kept, .payload = prune};
    ms_error found = MS_ERROR_INIT;
    bool is_present = false;
    ms_status status = ms_store_has_many(prune->store, root, NULL, 1, &is_present, err);
    if (status == MS_OK && !is_present)
        status = has_content(prune, head, &is_present, err);
    if (status != MS_OK || !is_present)
        return status;
    status = ms_reach_root(&reach, root, head, &found);
    if (status == MS_OK)
        return MS_OK;
    if (ms_reach_is_verdict(status, &found))
        return fail_unreadable(root, &found, err);
    ms_error_copy(err, &found);
    return status;
}

static ms_status count_block(void *payload, const ms_cid *cid, uint64_t size, ms_error *err)
{
    pruning *prune = (pruning *)payload;
    uint8_t *mark = ms_digest_set_find(&prune->candidates, cid->digest);
    prune->all_blocks++;
    if (mark != NULL && (*mark & (MARK_KEPT | MARK_COUNTED)) == 0) {
        *mark |= MARK_COUNTED;
        prune->free_blocks++;
        prune->free_bytes += size;
    }
    return ms_task_check(prune->run->task, err);
}

/* The store itself needs the empty folder, and would pass it over. */
static void keep_empty_folder(pruning *prune)
{
    static const uint8_t digest[32] = {0x59, 0x94, 0x84, 0x39, 0x06, 0x5f, 0x29, 0x61, 0x9e, 0xf4,
            0x12, 0x80, 0xcb, 0xb9, 0x32, 0xbe, 0x52, 0xc5, 0x6d, 0x99, 0xc5, 0x96, 0x6b, 0x65,
            0xe0, 0x11, 0x12, 0x39, 0xf0, 0x98, 0xbb, 0xef};
    uint8_t *mark = ms_digest_set_find(&prune->candidates, digest);
    if (mark != NULL)
        *mark |= MARK_KEPT;
}

static ms_status remove_batch(pruning *prune, const ms_cid *cids, size_t count, ms_error *err)
{
    ms_store_removed removed = {0};
    ms_status status = ms_task_check(prune->run->task, err);
    if (status == MS_OK)
        status = ms_store_remove_many(prune->store, cids, count, &removed, err);
    prune->result->freed_blocks += removed.blocks;
    prune->result->freed_bytes += removed.bytes;
    ms_task_progress_add(prune->run->task, removed.bytes, 0);
    return status;
}

static bool is_chosen(const pruning *prune, uint32_t index, bool nodes)
{
    const uint8_t mark = prune->candidates.marks[index];
    return (mark & MARK_COUNTED) != 0 && ((mark & MARK_NODE) != 0) == nodes;
}

/* Call handle with all nodes, or all other blocks, that go: children before parents. */
static ms_status each_chosen(pruning *prune, bool nodes,
        ms_status (*handle)(pruning *prune, const ms_cid *cids, size_t count, ms_error *err),
        ms_error *err)
{
    ms_cid cids[BATCH_SIZE];
    size_t count = 0;
    ms_status status = MS_OK;
    for (uint32_t i = prune->candidates.count; status == MS_OK && i > 0; i--) {
        if (!is_chosen(prune, i - 1, nodes))
            continue;
        cids[count++] = ms_cid_sha256(MS_CODEC_RAW, prune->candidates.digests[i - 1]);
        if (count == BATCH_SIZE) {
            status = handle(prune, cids, count, err);
            count = 0;
        }
    }
    return status == MS_OK && count > 0 ? handle(prune, cids, count, err) : status;
}

static ms_status disclaim_batch(pruning *prune, const ms_cid *cids, size_t count, ms_error *err)
{
    return ms_store_disclaim_many(prune->store, cids, count, err);
}

/* After a run that was stopped, by a power cut too, the next one finds all that is left: the leaves
 * from the nodes, which go only once the leaves are gone for good, and the nodes, in whatever order
 * a disk forgets them, because they are noted first. They are few, and by then there is room. */
static ms_status remove_candidates(pruning *prune, ms_error *err)
{
    ms_error failure = MS_ERROR_INIT;
    ms_task_progress_begin(prune->run->task, "prune", prune->free_bytes);
    ms_status status = each_chosen(prune, false, remove_batch, err);
    if (status == MS_OK)
        status = ms_store_sync(prune->store, err);
    if (status == MS_OK && each_chosen(prune, true, disclaim_batch, &failure) != MS_OK)
        ms_task_notice(prune->run->task, false,
                "what is deleted could not be noted first, so that a power cut now may leave blocks "
                "for prune --orphans: %s",
                failure.message);
    if (status == MS_OK)
        status = each_chosen(prune, true, remove_batch, err);
    if (status == MS_OK)
        status = ms_store_sync(prune->store, err);
    ms_task_progress_end(prune->run->task);
    return status;
}

/* What is not forgotten is looked at again by the next prune: on a full disk that is no reason to
 * fail. A model that is on record stays known as removed, else it would count as one that has to be
 * here; so does a root whose block another program keeps. */
static ms_status forget(pruning *prune, ms_error *err)
{
    ms_error found = MS_ERROR_INIT;
    ms_status forgotten = MS_OK;
    for (size_t i = 0; i < prune->root_count; i++) {
        const removed_root *root = &prune->roots[i];
        bool is_present = false;
        ms_status status = ms_store_has_many(prune->store, &root->cid, NULL, 1, &is_present, err);
        if (status != MS_OK)
            return status;
        if (is_present)
            continue;
        prune->result->removed_models += root->was_here;
        if (forgotten == MS_OK && !root->is_on_record)
            forgotten = ms_store_forget_root(prune->store, &root->cid, &found);
    }
    if (forgotten == MS_OK)
        forgotten = ms_store_forget_unclaimed(prune->store, &found);
    if (forgotten != MS_OK)
        ms_task_notice(prune->run->task, false,
                "what was deleted could not be noted, and will be looked at again: %s",
                found.message);
    return MS_OK;
}

static void tell_dry_run(pruning *prune)
{
    prune->result->freed_blocks = prune->free_blocks;
    prune->result->freed_bytes = prune->free_bytes;
    prune->result->kept_blocks = prune->all_blocks - prune->free_blocks;
    for (size_t i = 0; i < prune->root_count; i++) {
        const uint8_t *mark = ms_digest_set_find(&prune->candidates, prune->roots[i].cid.digest);
        if (prune->roots[i].was_here && mark != NULL && (*mark & MARK_KEPT) == 0)
            prune->result->removed_models++;
    }
}

static ms_status ask(const pruning *prune, ms_error *err)
{
    const ms_prune_options *options = prune->options;
    if (prune->free_blocks <= prune->all_blocks / 2)
        return MS_OK;
    if (options->confirm == NULL) {
        (void)ms_fail(err, MS_USAGE, "needs_yes",
                "%llu of %llu blocks would be deleted, more than half of the store",
                (unsigned long long)prune->free_blocks, (unsigned long long)prune->all_blocks);
        ms_error_set_hint(
                err, "look at it with --dry-run, and give --yes when that is what you want");
        return MS_USAGE;
    }
    if (!options->confirm(
                options->confirm_payload, prune->free_blocks, prune->free_bytes, prune->all_blocks))
        return ms_fail(
                err, MS_USAGE, "not_confirmed", "nothing was deleted, for it was not confirmed");
    return MS_OK;
}

static ms_status prune_locked(pruning *prune, ms_error *err)
{
    ms_status status = find_candidates(prune, err);
    keep_empty_folder(prune);
    if (status == MS_OK)
        status = ms_reach_kept_roots(prune->run, prune->store, keep_root, prune, err);
    if (status == MS_OK)
        status = ms_store_each(prune->store, count_block, prune, err);
    if (status != MS_OK)
        return status;
    prune->result->kept_blocks = prune->all_blocks;
    if (prune->options->dry_run) {
        tell_dry_run(prune);
        return MS_OK;
    }
    status = ask(prune, err);
    if (status != MS_OK)
        return status;
    status = remove_candidates(prune, err);
    prune->result->kept_blocks = prune->all_blocks - prune->result->freed_blocks;
    return status == MS_OK ? forget(prune, err) : status;
}

static ms_status run_prune(ms_run *run, const void *options, void *result, ms_error *err)
{
    pruning prune = {.run = run,
            .options = (const ms_prune_options *)options,
            .result = (ms_prune_result *)result};
    void *lock = NULL;
    ms_status status = ms_storage_store(run->storage, &prune.store, err);
    if (status == MS_OK)
        status = ms_storage_registry(run->storage, &prune.registry, err);
    if (status == MS_OK && prune.options->orphans && ms_store_is_shared_with_others(prune.store))
        return ms_fail(err, MS_USAGE, "store_shared",
                "another program keeps its blocks in this store, so nothing in it is an orphan");
    if (status == MS_OK)
        status = ms_store_prune_begin(
                prune.store, prune.options->dry_run, LOCK_WAIT_MS, run->task, &lock, err);
    if (status == MS_OK) {
        status = prune_locked(&prune, err);
        ms_store_prune_end(prune.store, lock);
    }
    ms_digest_set_release(&prune.candidates);
    ms_free(prune.roots);
    return status;
}

static void write_prune(ms_result *json, const void *result)
{
    ms_result_prune(json, (const ms_prune_result *)result);
}

const ms_command ms_command_prune = {.name = "prune",
        .options_size = sizeof(ms_prune_options),
        .result_size = sizeof(ms_prune_result),
        .run = run_prune,
        .write_result = write_prune};
