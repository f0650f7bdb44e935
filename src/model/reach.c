/* The mark phase of prune and check: kept roots, the blocks that a root reaches, sets of digests.
 */
#include "model/reach_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "manifest/manifest_ext.h"
#include "model/opened_model_priv.h"
#include "unixfs/walk.h"

#define CAPACITY_MIN 1024u
#define PAGE_SIZE 1000
#define CURSOR_TEXT_SIZE_MAX ((size_t)1 << 20)

void ms_digest_set_release(ms_digest_set *set)
{
    ms_free(set->digests);
    ms_free(set->marks);
    ms_free(set->slots);
    *set = (ms_digest_set){0};
}

/* The slot of a digest, or the free one where it would go. Digests are uniform, so their first
 * bytes are the hash. */
static uint32_t slot_of(const ms_digest_set *set, const uint8_t digest[32])
{
    uint32_t hash;
    memcpy(&hash, digest, sizeof(hash));
    uint32_t slot = hash & (set->slot_count - 1);
    while (set->slots[slot] != 0 && memcmp(set->digests[set->slots[slot] - 1], digest, 32) != 0)
        slot = (slot + 1) & (set->slot_count - 1);
    return slot;
}

static ms_status grow(ms_digest_set *set, ms_error *err)
{
    const uint32_t capacity = set->capacity == 0 ? CAPACITY_MIN : set->capacity * 2;
    if (capacity > MS_DIGEST_SET_MAX)
        return ms_fail(err, MS_LIMIT, "digest_set_max",
                "there are more than %lu blocks to look at in one run",
                (unsigned long)MS_DIGEST_SET_MAX);
    void *digests = ms_realloc_array(set->digests, capacity, sizeof(*set->digests));
    if (digests == NULL)
        return ms_fail_memory(err, (size_t)capacity * sizeof(*set->digests));
    set->digests = digests;
    uint8_t *marks = ms_realloc(set->marks, capacity);
    if (marks == NULL)
        return ms_fail_memory(err, capacity);
    set->marks = marks;
    uint32_t *slots = ms_calloc((size_t)capacity * 2, sizeof(*slots));
    if (slots == NULL)
        return ms_fail_memory(err, (size_t)capacity * 2 * sizeof(*slots));
    ms_free(set->slots);
    set->slots = slots;
    set->slot_count = capacity * 2;
    set->capacity = capacity;
    for (uint32_t i = 0; i < set->count; i++)
        set->slots[slot_of(set, set->digests[i])] = i + 1;
    return MS_OK;
}

ms_status ms_digest_set_add(
        ms_digest_set *set, const uint8_t digest[32], bool *is_new, ms_error *err)
{
    const bool is_known = ms_digest_set_find(set, digest) != NULL;
    if (is_new != NULL)
        *is_new = !is_known;
    if (is_known)
        return MS_OK;
    if (set->count == set->capacity) {
        ms_status status = grow(set, err);
        if (status != MS_OK)
            return status;
    }
    const uint32_t slot = slot_of(set, digest);
    memcpy(set->digests[set->count], digest, 32);
    set->marks[set->count] = 0;
    set->slots[slot] = ++set->count;
    return MS_OK;
}

uint8_t *ms_digest_set_find(const ms_digest_set *set, const uint8_t digest[32])
{
    if (set->slot_count == 0)
        return NULL;
    const uint32_t slot = slot_of(set, digest);
    return set->slots[slot] == 0 ? NULL : &set->marks[set->slots[slot] - 1];
}

/* One root being reached; asked is the block that was read last, to name it when it cannot be read.
 */
typedef struct reaching {
    const ms_reach *reach;
    ms_block_source source;
    ms_cid asked;
} reaching;

static ms_status get(void *payload, const ms_cid *cid, ms_buffer *block, ms_error *err)
{
    reaching *reach = (reaching *)payload;
    reach->asked = *cid;
    ms_status status = ms_task_check(reach->reach->task, err);
    return status == MS_OK ? reach->source.get(reach->source.payload, cid, block, err) : status;
}

static ms_status visit(const reaching *reach, const ms_cid *cid, ms_error *err)
{
    return reach->reach->visit(reach->reach->payload, cid, err);
}

/* The store says "block_unreadable" of a block that the disk does not give; every other failure of the system (no descriptor
 * left, say) is none of the block. A block whose hash no store of ours can have ("store_hash") is a bad one too. */
bool ms_reach_is_verdict(ms_status status, const ms_error *why)
{
    if (status == MS_IO)
        return strcmp(why->reason, "block_unreadable") == 0;
    if (status == MS_USAGE)
        return strcmp(why->reason, "store_hash") == 0;
    return status == MS_NOT_FOUND || status == MS_INTEGRITY || status == MS_MALFORMED || status == MS_LIMIT;
}

/* A failure of reading, given to who wants to go on. */
static ms_status judge(const reaching *reach, ms_status status, const ms_error *why, ms_error *err)
{
    if (reach->reach->unreadable != NULL && ms_reach_is_verdict(status, why))
        return reach->reach->unreadable(reach->reach->payload, &reach->asked, status, why, err);
    ms_error_copy(err, why);
    return status;
}

static ms_status reach_content(reaching *reach, const ms_cid *root, ms_error *err)
{
    const ms_block_source source = {.get = get, .payload = reach};
    ms_error found = MS_ERROR_INIT;
    ms_walk_event event = {.kind = MS_WALK_NODE};
    ms_walk *walk = NULL;
    ms_status status = visit(reach, root, err);
    if (status != MS_OK || root->codec == MS_CODEC_RAW)
        return status;
    reach->asked = *root;
    ms_status read = ms_walk_open(&walk, root, &source, &found);
    while (status == MS_OK && read == MS_OK && event.kind != MS_WALK_END) {
        read = ms_walk_next(walk, &event, &found);
        if (read == MS_OK && event.kind == MS_WALK_LEAF && reach->reach->leaf != NULL)
            status = reach->reach->leaf(reach->reach->payload, &event.cid, event.size, err);
        else if (read == MS_OK && (event.kind == MS_WALK_NODE || event.kind == MS_WALK_LEAF))
            status = visit(reach, &event.cid, err);
    }
    ms_walk_close(walk);
    return status == MS_OK && read != MS_OK ? judge(reach, read, &found, err) : status;
}

static ms_status reach_ext(reaching *reach, const ms_cid *cid, ms_error *err)
{
    const ms_block_source source = {.get = get, .payload = reach};
    ms_error found = MS_ERROR_INIT;
    ms_manifest_ext *ext = ms_calloc(1, sizeof(*ext));
    if (ext == NULL)
        return ms_fail_memory(err, sizeof(*ext));
    ms_status status = ms_manifest_ext_open(ext, cid, &source, &found);
    if (status != MS_OK)
        status = judge(reach, status, &found, err);
    else
        for (size_t i = 0; status == MS_OK && i < ext->block_count; i++)
            status = visit(reach, &ext->blocks[i], err);
    ms_manifest_ext_release(ext);
    ms_free(ext);
    return status;
}

static ms_status reach_parts(
        reaching *reach, const ms_manifest_head *head, ms_buffer *block, ms_error *err)
{
    ms_error found = MS_ERROR_INIT;
    ms_status status = visit(reach, &head->info, err);
    if (status == MS_OK && head->has_ext)
        status = visit(reach, &head->ext, err);
    if (status == MS_OK)
        status = reach_content(reach, &head->root, err);
    if (status == MS_OK && head->has_ext)
        status = reach_ext(reach, &head->ext, err);
    if (status != MS_OK)
        return status;
    status = get(reach, &head->info, block, &found);
    return status == MS_OK ? MS_OK : judge(reach, status, &found, err);
}

/* The manifest from the store, else as the registry keeps it. A damaged one is unreadable, whoever
 * else keeps it. */
static ms_status reach_head(reaching *reach, const ms_cid *root, ms_span kept, ms_buffer *block,
        ms_manifest_head *head, bool *has_head, ms_error *err)
{
    ms_error found = MS_ERROR_INIT;
    ms_status status = get(reach, root, block, &found);
    if (status == MS_OK)
        status = ms_manifest_head_decode(head, ms_buffer_span(block), &found);
    *has_head = status == MS_OK;
    if (status != MS_OK && (status != MS_NOT_FOUND || kept.size == 0))
        status = judge(reach, status, &found, err);
    else
        status = MS_OK;
    if (status == MS_OK && !*has_head && kept.size > 0) {
        status = ms_manifest_head_decode(head, kept, err);
        *has_head = status == MS_OK;
    }
    return status;
}

ms_status ms_reach_root(const ms_reach *options, const ms_cid *root, ms_span kept, ms_error *err)
{
    reaching reach = {.reach = options, .source = ms_store_source(options->store), .asked = *root};
    ms_manifest_head head;
    bool has_head = false;
    ms_buffer block;
    if (root->codec != MS_CODEC_DAG_CBOR)
        return reach_content(&reach, root, err);
    ms_buffer_init(&block, MS_BLOCK_SIZE_IN_MAX);
    ms_status status = visit(&reach, root, err);
    if (status == MS_OK)
        status = reach_head(&reach, root, kept, &block, &head, &has_head, err);
    if (status == MS_OK && has_head)
        status = reach_parts(&reach, &head, &block, err);
    ms_buffer_release(&block);
    return status;
}

typedef struct keeping {
    ms_run *run;
    ms_reach_kept_fn kept;
    void *payload;
    ms_digest_set seen; /* manifests */
} keeping;

/* Only manifests are remembered: the same bytes as UnixFS would reach other blocks. */
static ms_status keep(keeping *keeping_, const ms_cid *root, ms_span head, ms_error *err)
{
    bool is_new = true;
    ms_status status = ms_task_check(keeping_->run->task, err);
    if (status == MS_OK && root->codec == MS_CODEC_DAG_CBOR)
        status = ms_digest_set_add(&keeping_->seen, root->digest, &is_new, err);
    return status == MS_OK && is_new ? keeping_->kept(keeping_->payload, root, head, err) : status;
}

static ms_status on_record(void *payload, const ms_record *record, ms_error *err)
{
    keeping *keeping_ = (keeping *)payload;
    const ms_cid manifest = ms_manifest_cid(record->manifest);
    bool is_removed = false;
    ms_status status = ms_model_is_removed(keeping_->run, &manifest, &is_removed, err);
    return status == MS_OK && !is_removed ? keep(keeping_, &manifest, record->head, err) : status;
}

static ms_status on_pinned(void *payload, const ms_cid *root, uint64_t size, ms_error *err)
{
    const ms_span no_head = {0};
    (void)size;
    return keep((keeping *)payload, root, no_head, err);
}

/* All pages; two arenas in turn, for the cursor of one page lives while the next is read. */
static ms_status each_record(ms_registry *registry, keeping *keeping_, ms_error *err)
{
    ms_arena arenas[2];
    ms_record_page page = {.limit = PAGE_SIZE, .all_versions = true, .inactive_too = true};
    unsigned turn = 0;
    ms_status status;
    ms_arena_init(&arenas[0], CURSOR_TEXT_SIZE_MAX);
    ms_arena_init(&arenas[1], CURSOR_TEXT_SIZE_MAX);
    do {
        const char *next = NULL;
        status = ms_registry_list(registry, &page, on_record, keeping_, &arenas[turn], &next, err);
        page.after = next;
        turn = 1 - turn;
        ms_arena_release(&arenas[turn]);
        ms_arena_init(&arenas[turn], CURSOR_TEXT_SIZE_MAX);
    } while (status == MS_OK && page.after != NULL);
    ms_arena_release(&arenas[0]);
    ms_arena_release(&arenas[1]);
    return status;
}

ms_status ms_reach_kept_roots(
        ms_run *run, ms_store *store, ms_reach_kept_fn kept, void *payload, ms_error *err)
{
    keeping keeping_ = {.run = run, .kept = kept, .payload = payload};
    ms_registry *registry = NULL;
    ms_status status = ms_storage_registry(run->storage, &registry, err);
    if (status == MS_OK)
        status = each_record(registry, &keeping_, err);
    if (status == MS_OK)
        status = ms_store_each_root(store, true, on_pinned, &keeping_, err);
    ms_digest_set_release(&keeping_.seen);
    return status;
}
