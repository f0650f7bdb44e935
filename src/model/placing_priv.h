/* A model into a folder or file on disk: each chunk is taken from where it is cheapest, proven, and written to its place. */
#ifndef MS_MODEL_PLACING_PRIV_H
#define MS_MODEL_PLACING_PRIV_H

#include "model/leaves_priv.h"
#include "model/opened_model_priv.h"
#include "model/path_filter_priv.h"

#define MS_PLACING_COPIES_MAX 64

/** Files of an older copy that were proven whole, by file index of the walk. Owned by whoever initialised it. */
typedef struct ms_whole_files {
    uint8_t *bits;
    uint64_t *seen;    /* ms_whole_files_mark of each; while placing, of those alone that got a second name, else 0 */
    uint64_t count;    /* files looked at */
    uint64_t capacity; /* bits */
} ms_whole_files;
void ms_whole_files_release(ms_whole_files *files);
/** Of a file as it is now: another one once somebody changed it or put another file in its place. Never 0. */
uint64_t ms_whole_files_mark(const ms_file_status *status);
/** Remember how the file was before it is read; it is not whole until that is said. */
MS_MUST_CHECK ms_status ms_whole_files_see(ms_whole_files *files, uint64_t file_index, const ms_file_status *status, ms_error *err);
MS_MUST_CHECK ms_status ms_whole_files_set(ms_whole_files *files, uint64_t file_index, bool is_whole, ms_error *err);

typedef struct ms_placing {
    ms_run *run;
    ms_store *store;
    const ms_opened_model *model;
    const ms_path_filter *filter;
    bool is_folder_model;
    int dirfd;           /* folder that receives content */
    const char *content; /* name of the file or folder in it */
    bool resumed;        /* content may hold chunks of an earlier run */
    bool shares;         /* as ms_placing_can_share says: chunks share the extents of their blocks */
    const ms_copy *copies; /* older copies to take chunks from, best first */
    size_t copy_count;
    ms_whole_files *whole; /* of copies[0]; may be NULL */
    bool is_cloned;        /* the file that begins stands in its place already, as a clone of the old copy's */
    bool is_left_over;     /* what stands in the place of the file that begins is not to be written to */
    /* out */
    uint64_t fetched_bytes;
    uint64_t reused_bytes;
    uint64_t placed_chunks;
    uint64_t whole_file_count; /* second names for files of the old copy */
    uint64_t bad_blocks; /* met in the store, moved to quarantine */
} ms_placing;

/** Whether files in dirfd can share extents with the blocks of the store, and the model has chunks for which that pays. */
bool ms_placing_can_share(const ms_placing *placing);
/** Run it. Nothing is synced. MS_INTEGRITY with chunk, cid and path of the first chunk (in order) that is nowhere to be had. */
MS_MUST_CHECK ms_status ms_placing_run(ms_placing *placing, ms_error *err);

/** Files that got a second name (payload is the ms_placing) are those of the old copy, where others may write: whether all are, below
 *  content in dirfd, as they were proven. MS_INTEGRITY "output_changed" with the path of the first that is not. For
 *  ms_staging_look. */
MS_MUST_CHECK ms_status ms_placing_look_again(void *payload, int dirfd, const char *content, ms_error *err);

/** The failure of a leaf that could not be had from the store. */
ms_status ms_leaf_fail(const ms_leaf *leaf, ms_error *err);
/** Take what leaves lack from the store, and move aside what is damaged there; *bad counts those. */
MS_MUST_CHECK ms_status ms_leaves_fetch(ms_store *store, ms_leaf_batch *batch, uint64_t *bad, ms_error *err);
/** The path as const text for filters; empty for a model of one file. */
const char *ms_walk_path(const ms_walk_event *event, char *text);

#endif
