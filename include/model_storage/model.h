/* The commands on models: store, retrieve, list, info, verify, repair, activate, deactivate, remove, prune, check.
 *
 * Each has options, a result, a starting and a blocking form. Both forms take the same arguments:
 *
 *   ms_model_X_start(&operation, storage, &options, &how, &err)   returns at once
 *   ms_model_X(&operation, storage, &options, &how, &err)         returns when it has ended, with its status
 *
 * out  operation  owned by the caller, who frees it; holds result and warnings. NULL when the start itself failed. After the
 *                 blocking form it is set also when the operation failed.
 * in   options    must stay valid, with all it points to, until the operation has ended; NULL where every field may be zero
 * in   how        callbacks (see operation.h); copied; may be NULL
 * out  err        may be NULL; written only on failure
 *
 * A result is valid once the operation has ended and lives as long as it; text in it is UTF-8, NULL means "not known". After
 * a failure it holds what was known by then. Items of long lists are not kept: they go to a callback of the options while the
 * operation runs (and to the JSON, which has the same fields under the names of docs/interface.md). A callback that returns
 * other than MS_OK ends the operation with that status.
 *
 * Names of models (REF): "my-model", "my-model@3", "0xPUBLISHER/my-model@3", or a manifest CID. */
#ifndef MODEL_STORAGE_MODEL_H
#define MODEL_STORAGE_MODEL_H

#include "model_storage/operation.h"
#include "model_storage/storage.h"

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ms_pair {
    const char *key;
    const char *value;
} ms_pair;

/* Globs match paths inside the model: a pattern without '/' matches a name at any depth, one with '/' the whole path; a match
 * of a folder covers all below it. Include first, then exclude. */

/* ---- store ---- */

typedef struct ms_store_options {
    uint32_t size;
    const char *path;     /* file or directory; NULL with read set */
    const char *model_id; /* 1..128 bytes of [A-Za-z0-9._/-] */
    /** A stream instead of a path: fills at most size_max bytes, *size = 0 at the end. */
    ms_status (*read)(void *payload, void *data, size_t size_max, size_t *size);
    void *read_payload;
    const char *name;        /* for people; NULL = taken over from the newest version, else the stored name */
    const char *description; /* NULL = taken over */
    const ms_pair *metadata; /* NULL and count 0 = taken over; these replace all */
    size_t metadata_count;
    const char *const *include;
    size_t include_count;
    const char *const *exclude;
    size_t exclude_count;
    bool no_default_excludes; /* also store .git/, .cache/huggingface/ and partial files */
    bool digest;              /* also record the SHA-256 of every whole file */
    bool new_version;         /* a new version even when nothing changed */
} ms_store_options;
#define MS_STORE_OPTIONS_INIT {.size = sizeof(ms_store_options)}

typedef struct ms_store_result {
    const char *model_id;
    uint32_t version;
    bool unchanged;
    const char *publisher; /* EIP-55 */
    const char *name;
    const char *manifest_cid;
    const char *root_cid;
    const char *chunk_root; /* "0x..." */
    uint64_t total_size;
    uint64_t chunk_count;
    uint64_t file_count;
    uint64_t new_chunks;
    uint64_t new_bytes;
    const char *state;        /* local, accepted, confirmed */
    const char *data_state;   /* the same words */
    const char *record_state; /* none, queued, pending, mined, confirmed */
    const char *registry;     /* ledger, evm */
    const char *transaction_hash;
    uint64_t chain_id; /* 0 = no chain */
    const char *store; /* fs, kubo */
    const char *local_manifest; /* path of the manifest's block file */
    uint64_t duration_ms;
} ms_store_result;

/* ---- retrieve ---- */

typedef struct ms_retrieve_options {
    uint32_t size;
    const char *ref;
    const char *output; /* rules: docs/commands/retrieve.md; NULL with write set */
    /** A stream instead of a path, in order, only verified bytes. */
    ms_status (*write)(void *payload, const void *data, size_t size);
    void *write_payload;
    bool format_tar; /* a directory to the stream, as a tar */
    bool extract;
    bool force;
    bool dry_run;
    const char *const *include;
    size_t include_count;
    const char *const *exclude;
    size_t exclude_count;
    const char *const *seeds; /* paths of older copies whose bytes may be reused */
    size_t seed_count;
} ms_retrieve_options;
#define MS_RETRIEVE_OPTIONS_INIT {.size = sizeof(ms_retrieve_options)}

typedef struct ms_source {
    const char *url;
    uint64_t bytes;
    uint64_t errors;
} ms_source;

typedef struct ms_retrieve_result {
    const char *model_id; /* NULL for a CID that no record speaks of */
    uint32_t version;     /* 0 = none */
    const char *publisher;
    const char *manifest_cid;
    const char *root_cid;
    const char *output_path;
    const char *extracted_path;
    uint64_t total_size;
    uint64_t chunk_count;
    uint64_t fetched_bytes;
    uint64_t reused_bytes;
    uint64_t needed_bytes;   /* dry run: space that would be needed */
    const char *verified_by; /* chain, ledger, cid */
    const char *trust;       /* proof, quorum, rpc */
    const ms_source *sources;
    size_t source_count;
    uint64_t duration_ms;
} ms_retrieve_result;

/* ---- list and info ---- */

/** One version of a model. What only the manifest knows is NULL, or 0 with has_manifest false, until it is here. */
typedef struct ms_model_entry {
    const char *model_id;
    uint32_t version;
    const char *publisher;
    const char *name;
    const char *description;
    const char *manifest_cid;
    const char *root_cid;
    const char *chunk_root;
    bool has_manifest;
    bool has_file_count;
    uint64_t total_size;
    uint64_t chunk_count;
    uint64_t file_count; /* with has_file_count */
    int64_t timestamp; /* seconds since 1970 */
    const char *status; /* active, inactive, revoked; NULL when no record speaks of it */
    const char *state;
    const char *data_state;
    const char *record_state;
    bool is_local;
    const char *metadata_json; /* a JSON object; NULL when not known */
} ms_model_entry;

typedef struct ms_list_options {
    uint32_t size;
    bool all;               /* inactive and revoked ones too */
    bool versions;          /* every version */
    bool local;             /* only what is in the store here */
    const char *publisher;  /* "0x..." */
    uint32_t limit;         /* 0 = 100; at most 1,000 */
    const char *after;      /* ms_list_result.next of the page before */
    ms_status (*on_model)(void *payload, const ms_model_entry *entry);
    void *payload;
} ms_list_options;
#define MS_LIST_OPTIONS_INIT {.size = sizeof(ms_list_options)}

typedef struct ms_list_result {
    uint64_t model_count; /* on this page */
    const char *next;
} ms_list_result;

typedef struct ms_file_entry {
    const char *path; /* of a single-file model: its stored name, "" where no manifest says one */
    uint64_t size;
    const char *cid;
    uint64_t chunk_count;
    const char *sha256; /* "0x...", NULL when not recorded */
} ms_file_entry;

typedef struct ms_chunk_entry {
    uint64_t index;
    const char *path;
    uint64_t offset; /* in the file */
    uint64_t size;
    const char *cid;
    const char *sha256; /* "0x..." */
} ms_chunk_entry;

typedef struct ms_info_options {
    uint32_t size;
    const char *ref;
    bool files;
    bool chunks;
    bool has_range; /* of chunks: first..last, both included */
    uint64_t range_first;
    uint64_t range_last;
    ms_status (*on_file)(void *payload, const ms_file_entry *file);
    ms_status (*on_chunk)(void *payload, const ms_chunk_entry *chunk);
    void *payload;
} ms_info_options;
#define MS_INFO_OPTIONS_INIT {.size = sizeof(ms_info_options)}

typedef struct ms_version_entry {
    uint32_t version;
    const char *manifest_cid;
    int64_t timestamp;
    const char *status;
    const char *reason; /* of that status, NULL when none */
} ms_version_entry;

typedef struct ms_info_result {
    ms_model_entry entry;
    const char *stored_name;
    const char *chunker;
    const ms_version_entry *versions; /* newest first */
    size_t version_count;
} ms_info_result;

/* ---- verify and repair ---- */

typedef struct ms_chunk_verdict {
    uint64_t chunk_index;      /* UINT64_MAX: no chunk but another block of the model, such as a node */
    const char *path;
    uint64_t offset;
    const char *cid;
    bool is_valid;
    const char *error;         /* missing, mismatch, unreadable, short ...; NULL when valid */
    const char *expected_hash; /* "0x..." */
    const char *actual_hash;   /* NULL when there were no bytes */
} ms_chunk_verdict;

typedef struct ms_verify_options {
    uint32_t size;
    const char *ref;
    const char *path;    /* a copy of the model to check; NULL = the store */
    uint64_t sample;     /* chunks to check, chosen at random; 0 = all */
    bool strict;         /* extra files at path are failures */
    bool all_chunks;     /* good ones too go to on_chunk */
    ms_status (*on_chunk)(void *payload, const ms_chunk_verdict *verdict);
    void *payload;
} ms_verify_options;
#define MS_VERIFY_OPTIONS_INIT {.size = sizeof(ms_verify_options)}

typedef struct ms_verify_result {
    const char *model_id;
    uint32_t version;
    const char *manifest_cid;
    bool is_valid;
    uint64_t total_chunks;
    uint64_t valid_chunks;
    uint64_t checked_chunks;
    uint64_t checked_bytes;
    const char *verified_by;
    const char *trust;
    const char *const *missing_files; /* at most MS_VERIFY_PATHS_MAX, likewise extra_files; the counts are complete */
    size_t missing_file_count;
    const char *const *extra_files;
    size_t extra_file_count;
} ms_verify_result;
#define MS_VERIFY_PATHS_MAX 1000

typedef struct ms_repair_options {
    uint32_t size;
    const char *ref;
    const char *from; /* a copy of the model; NULL = what else is here */
    bool dry_run;
} ms_repair_options;
#define MS_REPAIR_OPTIONS_INIT {.size = sizeof(ms_repair_options)}

typedef struct ms_repair_result {
    const char *model_id;
    uint32_t version;
    uint64_t checked_chunks;      /* blocks looked at: chunks, inner nodes, manifest */
    uint64_t repaired_chunks;     /* dry run: that could be repaired */
    uint64_t unrepairable_chunks;
} ms_repair_result;

/* ---- lifecycle ---- */

typedef struct ms_lifecycle_options {
    uint32_t size;
    const char *ref;    /* with @N that version, else the whole model */
    const char *reason; /* at most 256 bytes */
    bool revoke;        /* deactivate for good */
} ms_lifecycle_options;
#define MS_LIFECYCLE_OPTIONS_INIT {.size = sizeof(ms_lifecycle_options)}

typedef struct ms_version_status {
    uint32_t version;
    const char *status;
} ms_version_status;

typedef struct ms_lifecycle_result {
    const char *model_id;
    const ms_version_status *versions;
    size_t version_count;
    const char *transaction_hash;
} ms_lifecycle_result;

/* ---- remove, prune, check ---- */

typedef struct ms_remove_options {
    uint32_t size;
    const char *ref; /* without @N all versions */
} ms_remove_options;
#define MS_REMOVE_OPTIONS_INIT {.size = sizeof(ms_remove_options)}

typedef struct ms_prune_options {
    uint32_t size;
    bool dry_run;
    bool orphans; /* everything nothing refers to, after a time of grace */
    /** Asked before more than half of the store goes: true = go on. NULL = refuse (MS_USAGE "needs_yes"). */
    bool (*confirm)(void *payload, uint64_t free_blocks, uint64_t free_bytes, uint64_t all_blocks);
    void *confirm_payload;
} ms_prune_options;
#define MS_PRUNE_OPTIONS_INIT {.size = sizeof(ms_prune_options)}

typedef struct ms_prune_result { /* of remove too: what prune would then free is freed_*: 0 there */
    uint64_t removed_models;
    uint64_t freed_blocks;
    uint64_t freed_bytes;
    uint64_t kept_blocks;
} ms_prune_result;

typedef struct ms_check_options {
    uint32_t size;
    bool read_data; /* hash every block; else sizes and structure only */
} ms_check_options;
#define MS_CHECK_OPTIONS_INIT {.size = sizeof(ms_check_options)}

typedef struct ms_check_result {
    bool is_valid;
    uint64_t checked_blocks;
    uint64_t checked_bytes;
    const char *const *bad_blocks; /* CIDs, at most MS_CHECK_ITEMS_MAX of each list; counts are complete */
    uint64_t bad_block_count;
    const char *const *missing_blocks;
    uint64_t missing_block_count;
    uint64_t ledger_entries;
    const char *const *ledger_errors;
    uint64_t ledger_error_count;
} ms_check_result;
#define MS_CHECK_ITEMS_MAX 1000

/* ---- the functions ---- */

#define MS_COMMAND(name, options_type, result_type)                                                                     \
    MS_API MS_MUST_CHECK ms_status ms_model_##name##_start(ms_operation **operation, ms_storage *storage,               \
            const options_type *options, const ms_operation_options *how, ms_error *err);                               \
    MS_API MS_MUST_CHECK ms_status ms_model_##name(ms_operation **operation, ms_storage *storage,                       \
            const options_type *options, const ms_operation_options *how, ms_error *err);                               \
    /** NULL when operation is of another command or has not ended. */                                                  \
    MS_API const result_type *ms_operation_##name##_result(const ms_operation *operation)

MS_COMMAND(store, ms_store_options, ms_store_result);
MS_COMMAND(retrieve, ms_retrieve_options, ms_retrieve_result);
MS_COMMAND(list, ms_list_options, ms_list_result);
MS_COMMAND(info, ms_info_options, ms_info_result);
MS_COMMAND(verify, ms_verify_options, ms_verify_result);
MS_COMMAND(repair, ms_repair_options, ms_repair_result);
MS_COMMAND(activate, ms_lifecycle_options, ms_lifecycle_result);
MS_COMMAND(deactivate, ms_lifecycle_options, ms_lifecycle_result);
MS_COMMAND(remove, ms_remove_options, ms_prune_result);
MS_COMMAND(prune, ms_prune_options, ms_prune_result);
MS_COMMAND(check, ms_check_options, ms_check_result);

#ifdef __cplusplus
}
#endif
#endif
