/* What stands at the output already, compared with the model by hash. */
#ifndef MS_MODEL_EXISTING_PRIV_H
#define MS_MODEL_EXISTING_PRIV_H

#include "model/placing_priv.h"

/** Owned by whoever compared. */
typedef struct ms_existing {
    bool is_same;           /* exactly what is wanted, nothing else */
    char *difference;       /* the first one, for people; NULL when same */
    uint64_t matching_bytes; /* in files that are whole */
    uint64_t wanted_bytes;
    uint64_t wanted_chunks;
    ms_whole_files whole;
} ms_existing;

/** Compare the copy with what placing would make (model, filter, store); reads every file that has the right name and size once. */
MS_MUST_CHECK ms_status ms_existing_compare(ms_existing *existing, const ms_placing *placing, const ms_copy *copy, ms_error *err);
void ms_existing_release(ms_existing *existing);

#endif
