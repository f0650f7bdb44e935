/* The node or HAMT of one folder. Memory grows with the folder's own names only.
 * Source: IPIP-0499, profile unixfs-v1-2025: fanout 256, a HAMT above 256 KiB of plain block. */
#ifndef MS_UNIXFS_DIRECTORY_DAG_H
#define MS_UNIXFS_DIRECTORY_DAG_H

#include "base/arena.h"
#include "cid/block.h"

#define MS_DIRECTORY_DAG_BLOCK_SIZE_MAX 262144 /* bytes of a plain block; more makes a HAMT */
#define MS_DIRECTORY_DAG_ENTRIES_MAX (MS_MODEL_FILES_MAX + MS_MODEL_FOLDERS_MAX)

typedef struct ms_directory_dag_entry ms_directory_dag_entry;

/** Owned by whoever initialised it; for one thread. */
typedef struct ms_directory_dag {
    ms_directory_dag_entry *entries;
    size_t count;
    size_t capacity;
    uint64_t block_size;     /* bytes of the plain block that holds all entries */
    uint64_t block_size_max; /* MS_DIRECTORY_DAG_BLOCK_SIZE_MAX; tests force a HAMT with less */
    ms_arena names;
} ms_directory_dag;

void ms_directory_dag_init(ms_directory_dag *dag);
void ms_directory_dag_release(ms_directory_dag *dag);
/** Add a file or folder under name (copied; must pass ms_path_check_name), in any order.
 *  MS_LIMIT "folder_names", MS_NO_MEMORY; unchanged on failure. */
MS_MUST_CHECK ms_status ms_directory_dag_add(
        ms_directory_dag *dag, ms_span name, const ms_dag_entry *entry, ms_error *err);
/** Put the blocks of the folder and set *root; content_size is the sum over all below. Two entries
 *  of one name: MS_MALFORMED "path_repeated". Two names whose 64-bit hashes are equal in a HAMT,
 *  which no HAMT can hold: MS_MALFORMED "hamt_twins" naming both. Twins by case are the caller's to
 *  refuse. The dag is empty and can take the next folder after success. */
MS_MUST_CHECK ms_status ms_directory_dag_finish(
        ms_directory_dag *dag, ms_block_sink sink, ms_dag_entry *root, ms_error *err);

#endif
