/* A source of blocks that remembers what was asked last: a walk that fails is pinned to that block. */
#ifndef MS_MODEL_WATCHED_SOURCE_PRIV_H
#define MS_MODEL_WATCHED_SOURCE_PRIV_H

#include "store/store.h"

/** Owned by whoever initialised it; nothing to release. Valid while the store is; must not move. */
typedef struct ms_watched_source {
    ms_block_source source;
    ms_cid last;
} ms_watched_source;

ms_block_source ms_watched_source_init(ms_watched_source *watched, ms_store *store);

#endif
