/* Content on its way into the store: files are cut, hashed and put by workers, and become DAG and chunk tree in order. */
#ifndef MS_MODEL_CONTENT_PRIV_H
#define MS_MODEL_CONTENT_PRIV_H

#include "chunker/chunker.h"
#include "cid/block.h"
#include "model/reach_priv.h"
#include "model/run_priv.h"
#include "model/source_tree_priv.h"

/** What came of it. */
typedef struct ms_content {
    ms_dag_entry root;
    uint8_t chunk_root[32];
    uint64_t chunk_count;
    uint64_t total_size;
    uint64_t file_count;
    uint64_t new_chunks; /* that the store did not have */
    uint64_t new_bytes;
    bool has_ext;
    ms_cid ext; /* digests of whole files, when asked for */
} ms_content;

typedef ms_status (*ms_content_read_fn)(void *payload, void *data, size_t size_max, size_t *size);

/** Where content comes from: a listed tree, or a stream (tree NULL) of unknown length that becomes one file. */
typedef struct ms_content_source {
    const ms_source_tree *tree;
    ms_content_read_fn read;
    void *read_payload;
    const ms_digest_set *only; /* put no other blocks; NULL = all. Not changed meanwhile */
} ms_content_source;

/** Put all of source into the session, cut by chunker; not yet durable. with_digests also records the SHA-256 of each
 *  whole file. MS_INTEGRITY "source_changed", MS_USAGE "source_keystore" or "source_size", and what the store says. */
MS_MUST_CHECK ms_status ms_content_put(ms_run *run, const ms_content_source *source, ms_store_session *session, const ms_chunker *chunker,
        bool with_digests, ms_content *content, ms_error *err);

#endif
