/* A model to its output on disk: as a tree or file, as an archive, or unpacked from a stored archive. Each looks at what stands there
 * first, works beside it, and puts the result in its place in one step. */
#ifndef MS_MODEL_DELIVERY_PRIV_H
#define MS_MODEL_DELIVERY_PRIV_H

#include "model/placing_priv.h"
#include "model/selection_priv.h"
#include "model/target_priv.h"

typedef struct ms_delivery {
    ms_run *run;
    ms_store *store;
    const ms_opened_model *model;
    const ms_path_filter *filter;
    bool is_folder_model;
    bool force;
    bool dry_run;
    const ms_copy *seeds; /* at most MS_PLACING_COPIES_MAX - 1 */
    size_t seed_count;
    ms_selection selected; /* known in a dry run */
    /* out, added up */
    uint64_t fetched_bytes;
    uint64_t reused_bytes;
    uint64_t needed_bytes;
    uint64_t chunks;
    uint64_t bad_blocks;
} ms_delivery;

/** MS_USAGE "output_exists" names the first difference when something else stands there and force is not set. */
MS_MUST_CHECK ms_status ms_deliver_tree(ms_delivery *delivery, const ms_target *target, ms_error *err);
MS_MUST_CHECK ms_status ms_deliver_archive(ms_delivery *delivery, const ms_target *target, ms_error *err);
/** Unpack the archive that was delivered as a file to archive. */
MS_MUST_CHECK ms_status ms_deliver_extraction(ms_delivery *delivery, const ms_target *archive, const ms_target *target, ms_error *err);

#endif
