#include "model/root_kind_priv.h"

#include "unixfs/dag_pb.h"
#include "unixfs/unixfs_node.h"

ms_status ms_root_is_folder(ms_store *store, const ms_cid *root, bool *is_folder, ms_error *err)
{
    *is_folder = false;
    if (root->codec == MS_CODEC_RAW)
        return MS_OK;
    ms_buffer block;
    ms_dag_pb node;
    ms_unixfs_node unixfs;
    ms_buffer_init(&block, MS_BLOCK_SIZE_IN_MAX);
    ms_status status = ms_store_get(store, root, &block, err);
    if (status == MS_OK)
        status = ms_dag_pb_decode(&node, ms_buffer_span(&block), err);
    if (status == MS_OK)
        status = ms_unixfs_node_decode(&unixfs, node.data, node.link_count, err);
    if (status == MS_OK)
        *is_folder = unixfs.type == MS_UNIXFS_DIRECTORY || unixfs.type == MS_UNIXFS_SHARD;
    ms_buffer_release(&block);
    return status;
}
