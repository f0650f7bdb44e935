/* The UnixFS DAG of a model while its chunks go by: the file that is being built and the folders that are open around it. */
#ifndef MS_MODEL_CONTENT_DAG_PRIV_H
#define MS_MODEL_CONTENT_DAG_PRIV_H

#include "codec/path.h"
#include "model/source_tree_priv.h"
#include "unixfs/directory_dag.h"
#include "unixfs/file_dag.h"

/** Owned by whoever initialised it; for one thread. Memory: the names of the open folders and a node a level. */
typedef struct ms_content_dag {
    const ms_source_tree *tree; /* NULL: one file from a stream */
    ms_block_sink sink;
    size_t next_entry; /* of the tree; everything before it was handled */
    ms_file_dag file;
    ms_dag_entry file_root; /* of a model of one file */
    ms_directory_dag folders[MS_PATH_DEPTH_MAX + 1]; /* 0 = the model's own folder */
    const char *folder_paths[MS_PATH_DEPTH_MAX + 1];
    size_t depth; /* open folders */
} ms_content_dag;

void ms_content_dag_init(ms_content_dag *dag, const ms_source_tree *tree, ms_block_sink sink);
void ms_content_dag_release(ms_content_dag *dag);
MS_MUST_CHECK ms_status ms_content_dag_add_chunk(ms_content_dag *dag, const ms_cid *cid, uint64_t size, ms_error *err);
/** The file that is entry of the tree has all its chunks. Files come in the order of the tree. */
MS_MUST_CHECK ms_status ms_content_dag_end_file(ms_content_dag *dag, size_t entry, ms_error *err);
MS_MUST_CHECK ms_status ms_content_dag_finish(ms_content_dag *dag, ms_dag_entry *root, ms_error *err);

#endif
