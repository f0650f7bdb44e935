/* All chunks of a model in order, in batches, worked on in parallel: what retrieve, verify and repair are made of.
 *
 * The calling thread walks the DAG and fills batches; workers work on them in any order; the calling thread gets each batch back in
 * order. Memory is fixed: a number of batches, each with one buffer. */
#ifndef MS_MODEL_LEAVES_PRIV_H
#define MS_MODEL_LEAVES_PRIV_H

#include "manifest/manifest_head.h"
#include "model/run_priv.h"
#include "unixfs/walk.h"

#define MS_LEAVES_PER_BATCH_MAX 1024
#define MS_STEPS_PER_BATCH_MAX 2048

typedef struct ms_leaf {
    ms_cid cid;
    uint64_t chunk_index;
    uint64_t file_index;
    uint64_t offset;    /* in its file */
    uint64_t size;      /* as the DAG says */
    const char *path;   /* of its file; "" for a model of one file; lives as long as the batch is worked on */
    uint64_t file_size;
    uint8_t *data;      /* room for data_size bytes, aligned to MS_BLOCK_ALIGNMENT */
    size_t data_size;   /* size rounded up to the alignment */
    /* For the stages; zeroed before work. */
    ms_status status;   /* MS_OK once data holds verified bytes */
    uint8_t actual[32]; /* with MS_INTEGRITY */
    bool has_actual;
    bool is_passed_over; /* not chosen: MS_OK from the start, and data holds nothing */
    bool is_reused;     /* taken from an older copy */
    bool is_in_place;   /* for retrieve: these bytes stand where they belong already */
} ms_leaf;

typedef enum ms_step_kind { MS_STEP_FOLDER, MS_STEP_FILE, MS_STEP_LEAF, MS_STEP_FILE_END, MS_STEP_NODE } ms_step_kind;

/** What the walk said, in order: folders and files as they begin, leaves, ends of files. */
typedef struct ms_step {
    ms_step_kind kind;
    const char *path; /* FOLDER, FILE, FILE_END */
    uint64_t size;    /* FILE */
    uint64_t file_index;
    ms_cid cid;       /* NODE, FILE */
    size_t leaf;      /* LEAF: index in leaves */
} ms_step;

typedef struct ms_leaf_batch {
    ms_leaf *leaves;
    size_t leaf_count;
    ms_step *steps;
    size_t step_count;
    uint8_t *buffer; /* internal */
    size_t buffer_used;
    ms_arena paths;  /* internal */
} ms_leaf_batch;

typedef struct ms_leaf_stages {
    /* Whether to go into a folder or take a file (event DIRECTORY or FILE); called by the calling thread in walk order.
     * NULL = everything. */
    bool (*wants)(void *payload, const ms_walk_event *event);
    /* Whether the next leaf is worked on; called by the calling thread once for each, in walk order. NULL = every one. */
    bool (*chooses)(void *payload);
    /* A FOLDER or FILE is about to begin; called by the calling thread before any leaf of it is worked on. May be NULL. */
    ms_status (*begin)(void *payload, const ms_walk_event *event, ms_error *err);
    /* By any worker. A failure ends the run; failures of single leaves belong into leaf->status. */
    ms_status (*work)(void *payload, unsigned worker, ms_leaf_batch *batch, ms_error *err);
    /* By the calling thread, in order. */
    ms_status (*consume)(void *payload, ms_leaf_batch *batch, ms_error *err);
    void *payload;
    /* Refuse a model whose chunks do not give the chunkRoot of its head: MS_INTEGRITY "chunk_root". What wants leaves out cannot be
     * compared and is not. */
    bool checks_chunk_root;
} ms_leaf_stages;

/** Walk root (expecting size and count of the head unless head is NULL) with inner nodes from source, and run the stages.
 *  A node that source cannot give ends the run with its status. */
MS_MUST_CHECK ms_status ms_leaves_run(ms_run *run, const ms_cid *root, const ms_manifest_head *head, const ms_block_source *source,
        const ms_leaf_stages *stages, ms_error *err);

/** Fill the leaves of a batch whose status is not MS_OK from the store: afterwards each is MS_OK (verified bytes in data), MS_NOT_FOUND,
 *  MS_INTEGRITY (actual) or another status. A chunk whose length is not what the DAG says is MS_INTEGRITY. */
MS_MUST_CHECK ms_status ms_leaves_from_store(ms_store *store, ms_leaf_batch *batch, ms_error *err);

/** A copy of a model somewhere on disk: a file for a model of one file, else a folder. */
typedef struct ms_copy {
    int fd;        /* of the file or folder */
    bool is_folder;
} ms_copy;
/** MS_NOT_FOUND, MS_IO. Links at the end of path are followed (the user named it). */
MS_MUST_CHECK ms_status ms_copy_open(ms_copy *copy, const char *path, ms_error *err);
void ms_copy_close(ms_copy *copy);
/** Hash what was read into the data of each leaf, side by side: MS_OK, or MS_INTEGRITY (actual). At most
 *  MS_LEAVES_PER_BATCH_MAX leaves. */
void ms_leaves_judge(ms_leaf *const *leaves, size_t count);
/** Like ms_leaves_from_store, reading each leaf at its place in a copy: bytes that are not the chunk's leave the leaf MS_INTEGRITY, a file
 *  that is missing MS_NOT_FOUND, one that is too short MS_INTEGRITY. Nothing below the copy's folder that is a link is followed. */
MS_MUST_CHECK ms_status ms_leaves_from_copy(const ms_copy *copy, ms_leaf_batch *batch, ms_error *err);

#endif
