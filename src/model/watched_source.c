#include "model/watched_source_priv.h"

static ms_status get(void *payload, const ms_cid *cid, ms_buffer *block, ms_error *err)
{
    ms_watched_source *watched = (ms_watched_source *)payload;
    watched->last = *cid;
    return watched->source.get(watched->source.payload, cid, block, err);
}

ms_block_source ms_watched_source_init(ms_watched_source *watched, ms_store *store)
{
    *watched = (ms_watched_source){.source = ms_store_source(store)};
    return (ms_block_source){.get = get, .payload = watched};
}
