/* The registry door: which manifest a publisher gave to each version of a model, and whether it is to be used. One table
 * of functions a backend: ledger here, evm over a chain. */
#ifndef MS_REGISTRY_REGISTRY_H
#define MS_REGISTRY_REGISTRY_H

#include "base/arena.h"
#include "base/buffer.h"
#include "eth/address.h"
#include "eth/signer.h"
#include "task/task.h"

#define MS_MODEL_ID_SIZE_MAX 128
#define MS_REASON_SIZE_MAX 256
#define MS_VERSION_GAP_MAX 65536u
#define MS_HEAD_SIZE_MIN 41 /* the shortest that the contract takes */
#define MS_HEAD_SIZE_MAX 1024
#define MS_INFO_SIZE_MAX ((size_t)1 << 20)

typedef enum ms_record_status { MS_RECORD_ACTIVE = 0, MS_RECORD_INACTIVE = 1, MS_RECORD_REVOKED = 2 } ms_record_status;

typedef enum ms_record_state { /* how far a record is on its way to a chain */
    MS_RECORD_NONE, /* embedded: there is nowhere to go */
    MS_RECORD_QUEUED,
    MS_RECORD_PENDING,
    MS_RECORD_MINED,
    MS_RECORD_CONFIRMED
} ms_record_state;

/** One version as the registry knows it. Text lives in the arena given to the call. */
typedef struct ms_record {
    ms_address publisher;
    const char *model_id;
    uint32_t version;
    uint8_t manifest[32];     /* SHA-256 of the manifest head block: its CIDv1 dag-cbor digest */
    int64_t time;             /* seconds since 1970 */
    ms_record_status status;  /* the stricter of version and model */
    ms_record_status version_status;
    ms_record_status model_status;
    const char *reason;       /* of the status that counts (of equal ones the later); "" when none */
    int64_t status_time;      /* of that status; 0 when active from the start */
    uint32_t newest;          /* newest version of this model */
    ms_record_state state;
    ms_span head;             /* the manifest head block where the registry keeps it; else empty */
    ms_span info;             /* likewise the info block */
} ms_record;

/** What is published: hashes to record->manifest. */
typedef struct ms_publication {
    const char *model_id;
    uint32_t version;  /* above the newest, by at most MS_VERSION_GAP_MAX */
    ms_span head;
    ms_span info;
} ms_publication;

typedef struct ms_status_change {
    const char *model_id;
    uint32_t version; /* 0 = the whole model */
    ms_record_status status;
    const char *reason; /* at most MS_REASON_SIZE_MAX bytes of UTF-8 */
} ms_status_change;

typedef ms_status (*ms_record_fn)(void *payload, const ms_record *record, ms_error *err);

typedef struct ms_record_page {
    const ms_address *publisher; /* NULL = every publisher */
    const char *after;           /* cursor of the previous page, NULL = from the start */
    size_t limit;                /* records at most */
    bool all_versions;           /* every version instead of the newest (active, unless inactive_too) of each model */
    bool inactive_too;
} ms_record_page;

typedef struct ms_registry_fault { /* one thing check found wrong */
    uint64_t sequence; /* row; 0 = the file as a whole */
    const char *text;
} ms_registry_fault;
typedef ms_status (*ms_registry_fault_fn)(void *payload, const ms_registry_fault *fault, ms_error *err);

typedef struct ms_registry ms_registry;

/** What a backend implements. Calls may come from many threads. */
typedef struct ms_registry_backend {
    const char *kind; /* "ledger", "evm", "memory" */
    /* Write-once: a version that stands with the same digest is success (record of the one that stands); with another digest
     * MS_CHAIN_MISMATCH "version_conflict"; a version not above the newest or too far above MS_USAGE "version_number". A revoked
     * model takes no versions: MS_INTEGRITY "revoked". Durable when it returns. */
    ms_status (*publish)(void *self, const ms_signer *signer, const ms_publication *publication, ms_arena *arena, ms_record *record, ms_error *err);
    /* version 0 = the newest version whatever its status. MS_NOT_FOUND "model_unknown" or "version_unknown". */
    ms_status (*resolve)(void *self, const ms_address *publisher, const char *model_id, uint32_t version, ms_arena *arena, ms_record *record, ms_error *err);
    /* Every record with this manifest digest, in the order they were written; none is success. */
    ms_status (*find)(void *self, const uint8_t manifest[32], ms_record_fn found, void *payload, ms_error *err);
    /* Every publisher that has this model id; version 0, newest records. */
    ms_status (*find_id)(void *self, const char *model_id, ms_record_fn found, void *payload, ms_error *err);
    /* Records by (model id, publisher, version). *next is a cursor in the arena, NULL at the end. Text of a record is valid during the call. */
    ms_status (*list)(void *self, const ms_record_page *page, ms_record_fn listed, void *payload, ms_arena *arena, const char **next, ms_error *err);
    /* All versions of one model, newest first. */
    ms_status (*history)(void *self, const ms_address *publisher, const char *model_id, ms_record_fn listed, void *payload, ms_error *err);
    /* Active <-> inactive, revoked for good: a change of a revoked one is MS_INTEGRITY "revoked". The status that stands already is success
     * without a row (*changed false). MS_NOT_FOUND. */
    ms_status (*set_status)(void *self, const ms_signer *signer, const ms_status_change *change, bool *changed, ms_error *err);
    /* Prove every row; each fault is reported, the call itself fails only when it cannot go on. Never writes. */
    ms_status (*check)(void *self, ms_task *task, uint64_t *entries, ms_registry_fault_fn fault, void *payload, ms_error *err);
    void (*close)(void *self);
} ms_registry_backend;

MS_MUST_CHECK ms_status ms_registry_new(ms_registry **registry, const ms_registry_backend *backend, void *self, ms_error *err);
void ms_registry_close(ms_registry *registry);
const char *ms_registry_kind(const ms_registry *registry);

/* The functions of the table, with checks of arguments (model id rules, sizes, UTF-8, digest of the head). */
MS_MUST_CHECK ms_status ms_registry_publish(ms_registry *registry, const ms_signer *signer, const ms_publication *publication, ms_arena *arena, ms_record *record, ms_error *err);
MS_MUST_CHECK ms_status ms_registry_resolve(ms_registry *registry, const ms_address *publisher, const char *model_id, uint32_t version, ms_arena *arena, ms_record *record, ms_error *err);
MS_MUST_CHECK ms_status ms_registry_find(ms_registry *registry, const uint8_t manifest[32], ms_record_fn found, void *payload, ms_error *err);
MS_MUST_CHECK ms_status ms_registry_find_id(ms_registry *registry, const char *model_id, ms_record_fn found, void *payload, ms_error *err);
MS_MUST_CHECK ms_status ms_registry_list(ms_registry *registry, const ms_record_page *page, ms_record_fn listed, void *payload, ms_arena *arena, const char **next, ms_error *err);
MS_MUST_CHECK ms_status ms_registry_history(ms_registry *registry, const ms_address *publisher, const char *model_id, ms_record_fn listed, void *payload, ms_error *err);
MS_MUST_CHECK ms_status ms_registry_set_status(ms_registry *registry, const ms_signer *signer, const ms_status_change *change, bool *changed, ms_error *err);
MS_MUST_CHECK ms_status ms_registry_check(ms_registry *registry, ms_task *task, uint64_t *entries, ms_registry_fault_fn fault, void *payload, ms_error *err);

/** The rules of a MODEL_ID (interface: Names): MS_USAGE with a reason id and the character or part that is wrong. */
MS_MUST_CHECK ms_status ms_model_id_check(const char *model_id, size_t size, ms_error *err);

#endif
