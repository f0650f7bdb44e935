/* Reader of the DAG of a file or folder: a step function that checks everything inner nodes say and
 * announces folders, files and chunks in the order of the manifest. Leaves are not read.
 * Memory: the open nodes from the root to here, and the entries of the folders that are open. */
#ifndef MS_UNIXFS_WALK_H
#define MS_UNIXFS_WALK_H

#include "cid/block.h"

#define MS_WALK_DEPTH_MAX 64                      /* inner nodes on the way from the root to a leaf */
#define MS_WALK_OPEN_BYTES_MAX ((size_t)32 << 20) /* of file nodes open at one time */
#define MS_WALK_CHUNKS_MAX (UINT64_C(1) << 27)    /* leaves of one model */
#define MS_WALK_PREFETCH_MAX 64                   /* blocks a hint names at once */

typedef struct ms_walk ms_walk;

typedef enum ms_walk_event_kind {
    MS_WALK_NODE,      /* an inner block was just read, the root too: cid, size = its bytes */
    MS_WALK_DIRECTORY, /* path, cid: a folder, empty ones too, but not the root; after its NODE */
    MS_WALK_FILE,      /* path, cid, size = bytes of content, file_index; after its NODE, if any */
    MS_WALK_LEAF,      /* cid, chunk_index, offset in the file, size; path and file_index */
    MS_WALK_FILE_END,  /* all leaves of the file were announced */
    MS_WALK_END        /* nothing is left; every further call says so again */
} ms_walk_event_kind;

typedef struct ms_walk_event {
    ms_walk_event_kind kind;
    ms_span path; /* relative; "" for a model of one file; valid until the next call */
    ms_cid cid;
    uint64_t file_index;  /* running count of FILE events */
    uint64_t chunk_index; /* running count of LEAF events */
    uint64_t offset;      /* bytes */
    uint64_t size;        /* bytes */
} ms_walk_event;

/** Start at root, which is raw (a model of one chunk) or dag-pb, SHA-256. source is copied; it must
 *  deliver verified blocks and outlive the walk. Reads nothing yet.
 *
 *  Order: entries of each folder by the bytes of their names, HAMT folders too; leaves by offset.
 *
 *  The size of a chunk that is a whole file stands in no node but as Tsize of the link in its
 *  folder: such a size is a claim until the chunk is there, so compare lengths on arrival. When the
 *  root itself is raw, its size is that of ms_walk_expect, or the block is read once to learn it.
 */
MS_MUST_CHECK ms_status ms_walk_open(
        ms_walk **walk, const ms_cid *root, const ms_block_source *source, ms_error *err);
void ms_walk_close(ms_walk *walk);

/** What the manifest says; call before the first ms_walk_next. The walk then fails with
 *  MS_INTEGRITY "dag_size" or "dag_count" as soon as it passes one of them, and at the end when
 *  they differ (not when something was skipped). */
void ms_walk_expect(ms_walk *walk, uint64_t size, uint64_t count);

/** Call before the first ms_walk_next. Leaves whose chunk_index is below first are not announced, and nodes of
 *  files that lead to no others are not read; all else is as ever, indices too. chunk_size is how the files
 *  were cut: every chunk but the last of a file has so many bytes, which tells the indices without reading
 *  what stands before. Where the DAG shows another cut the walk fails with MS_INTEGRITY "dag_cut". */
void ms_walk_begin_at(ms_walk *walk, uint64_t first, uint64_t chunk_size);

/** The next event. Reads at most one block a call (a folder in a HAMT takes several calls, each
 *  with its NODE event).
 *  Returns what the source returned: the walk stays where it was and may be asked again. Everything
 *  else is final: MS_MALFORMED with a reason of dag_pb.h, unixfs_node.h, codec/path.h, or
 *    unixfs_form         a form that we do not read: inline bytes, dag-pb leaf, symbolic link
 *    unixfs_codec        neither raw nor dag-pb, or not SHA-256
 *    unixfs_link_name    a named link in a file node
 *    unixfs_child_type   a folder inside a file
 *    unixfs_child_size   a child's filesize unlike what its parent says; a part of 0 bytes
 *    hamt_link, hamt_bucket, hamt_fanout, hamt_empty, hamt_depth
 *                        a shard unlike its bitfield, its names or its parent
 *    path_repeated, path_twins   two entries that are one name
 *  MS_LIMIT: dag_depth, dag_open_bytes, dag_chunk_size, dag_chunks, model_files, model_folders,
 *  folder_names, model_size. */
MS_MUST_CHECK ms_status ms_walk_next(ms_walk *walk, ms_walk_event *event, ms_error *err);

/** Directly after a DIRECTORY or FILE event: pass over what was announced, reading none of the
 *  nodes below its own. chunk_index does not advance for what is skipped, nor file_index for files
 *  below a skipped folder, so later indices are those of the walk and no longer those of the model.
 *  After a skipped FILE there is no FILE_END. Elsewhere it does nothing. */
void ms_walk_skip(ms_walk *walk);

#endif
