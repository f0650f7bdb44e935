/* Whether a root is a file or a folder. */
#ifndef MS_MODEL_ROOT_KIND_PRIV_H
#define MS_MODEL_ROOT_KIND_PRIV_H

#include "store/store.h"

/** Reads the root's block from the store unless its codec tells. MS_MALFORMED, and what the store returns. */
MS_MUST_CHECK ms_status ms_root_is_folder(ms_store *store, const ms_cid *root, bool *is_folder, ms_error *err);

#endif
