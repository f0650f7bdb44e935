/* Blocks on their way into and out of a store: the two small interfaces that DAG builders and DAG
 * readers speak, so that neither knows a store; and what a finished DAG is called by. */
#ifndef MS_CID_BLOCK_H
#define MS_CID_BLOCK_H

#include "base/buffer.h"
#include "cid/cid.h"

/** Files in one model, and folders in one model. */
#define MS_MODEL_FILES_MAX 100000
#define MS_MODEL_FOLDERS_MAX 100000
/** Bytes of a block that we accept. What we make stays below 1 MiB. */
#define MS_DAG_BLOCK_SIZE_MAX ((size_t)2 << 20)

/** A finished node: a chunk, a file or a folder. */
typedef struct ms_dag_entry {
    ms_cid cid;
    uint64_t content_size;    /* bytes of file content in it and below */
    uint64_t cumulative_size; /* Tsize: bytes of its own block and of all below, repeats counted */
} ms_dag_entry;

/** Where finished blocks go. cid is the hash of block, which is valid during the call only. A
 *  failure ends the builder's call and is returned by it. Children always come before parents. */
typedef struct ms_block_sink {
    ms_status (*put)(void *payload, const ms_cid *cid, ms_span block, ms_error *err);
    void *payload;
} ms_block_sink;

/** Where blocks come from. get replaces the content of block by the bytes whose hash is cid: the
 *  source has hashed them, readers trust it in that and in nothing else. prefetch (may be NULL)
 *  says which blocks will be asked for soon, in order; a hint, cids are valid during the call only.
 */
typedef struct ms_block_source {
    ms_status (*get)(void *payload, const ms_cid *cid, ms_buffer *block, ms_error *err);
    void (*prefetch)(void *payload, const ms_cid *cids, size_t count);
    void *payload;
} ms_block_source;

#endif
