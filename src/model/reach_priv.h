/* What must be here: the roots that are kept, every block that a root reaches, and sets of digests
 * to compare them with. Owns the mark phase of prune and check. */
#ifndef MS_MODEL_REACH_PRIV_H
#define MS_MODEL_REACH_PRIV_H

#include "model/run_priv.h"

/** Digests in one set: as many as a model has chunks. */
#define MS_DIGEST_SET_MAX (UINT32_C(1) << 27)

/** SHA-256 digests in the order they were added, each once, with one byte for the owner. Open
 * addressing; 33 bytes a digest and at most 16 for finding it (doubled while growing). All zero is
 * the empty set. For one thread. */
typedef struct ms_digest_set {
    uint8_t (*digests)[32];
    uint8_t *marks;  /* 0 when added */
    uint32_t *slots; /* index + 1; 0 = free */
    uint32_t count;
    uint32_t capacity;
    uint32_t slot_count; /* a power of two, more than twice count; 0 before the first */
} ms_digest_set;

void ms_digest_set_release(ms_digest_set *set);
/** MS_LIMIT "digest_set_max", MS_NO_MEMORY. is_new may be NULL. */
MS_MUST_CHECK ms_status ms_digest_set_add(
        ms_digest_set *set, const uint8_t digest[32], bool *is_new, ms_error *err);
/** The mark of a digest; NULL when it is not in the set. Valid until the next add. */
uint8_t *ms_digest_set_find(const ms_digest_set *set, const uint8_t digest[32]);

typedef ms_status (*ms_reach_fn)(void *payload, const ms_cid *cid, ms_error *err);

typedef struct ms_reach {
    ms_store *store;
    ms_task *task;
    /** Every block, a parent before its children, repeats included; not a node of files or folders
     * that is unreadable. */
    ms_reach_fn visit;
    /** Chunks go here instead, with the size that the DAG gives them. NULL: to visit. */
    ms_status (*leaf)(void *payload, const ms_cid *cid, uint64_t size, ms_error *err);
    /** A block that had to be read and could not be, or is not what it should be; MS_OK goes on
     * with what is left to reach. NULL: the failure is returned. Not asked about failures that are
     * no verdict on the block. */
    ms_status (*unreadable)(
            void *payload, const ms_cid *cid, ms_status status, const ms_error *why, ms_error *err);
    void *payload;
} ms_reach;

/** Whether a failure to read or to walk says something about the block, and not about the run or the
 *  machine: it was interrupted, memory or descriptors are short. What prune, check, verify and repair
 *  call damage. */
bool ms_reach_is_verdict(ms_status status, const ms_error *why);

/** Visit the blocks of a root: a manifest (dag-cbor) with info, ext, digest blocks and content, or
 * plain UnixFS. All but leaves and digest blocks are read and verified. head is the manifest block
 * as the registry keeps it (empty where it does not): with it the rest is reached also when the
 * store has lost that block, which then is visited and not called unreadable. */
MS_MUST_CHECK ms_status ms_reach_root(
        const ms_reach *reach, const ms_cid *root, ms_span head, ms_error *err);

typedef ms_status (*ms_reach_kept_fn)(
        void *payload, const ms_cid *root, ms_span head, ms_error *err);
/** Visit the roots that are to be here: manifests of all records but those of removed models, and
 * pinned roots. A manifest comes once. */
MS_MUST_CHECK ms_status ms_reach_kept_roots(
        ms_run *run, ms_store *store, ms_reach_kept_fn kept, void *payload, ms_error *err);

#endif
