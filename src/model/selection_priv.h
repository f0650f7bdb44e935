/* What --include and --exclude leave of a model: told before anything is written, without reading a chunk. */
#ifndef MS_MODEL_SELECTION_PRIV_H
#define MS_MODEL_SELECTION_PRIV_H

#include "model/opened_model_priv.h"
#include "model/path_filter_priv.h"

typedef struct ms_selection {
    uint64_t size; /* bytes of the files */
    uint64_t chunks;
} ms_selection;

/** Sum up the files of a model that the filter wants. With is_any_enough the walk ends at the first of them, and selection says no
 *  more than that there is one. MS_USAGE "nothing_selected"; what the walk returns. */
MS_MUST_CHECK ms_status ms_selection_measure(ms_run *run, ms_store *store, const ms_opened_model *model,
        const ms_path_filter *filter, bool is_any_enough, ms_selection *selection, ms_error *err);
/** MS_USAGE "nothing_selected". */
ms_status ms_selection_fail_none(ms_error *err);

#endif
