/* dag-pb nodes: strict reading without copies, and writing in the one order everybody hashes.
 * Source: IPLD dag-pb specification; link names and sizes as Kubo writes them. */
#ifndef MS_UNIXFS_DAG_PB_H
#define MS_UNIXFS_DAG_PB_H

#include "cid/block.h"
#include "codec/cursor.h"

#define MS_DAG_PB_LINKS_MAX 65536

typedef struct ms_dag_pb_link {
    ms_cid cid;
    ms_span name;   /* UTF-8, may be empty; lives as long as the block */
    uint64_t tsize; /* what the writer claims; never trusted */
    bool has_name;  /* absent means empty */
    bool has_tsize; /* absent means 0 */
} ms_dag_pb_link;

/** A node that was checked as a whole; points into the block, which must outlive it. */
typedef struct ms_dag_pb {
    ms_span data; /* the Data field */
    bool has_data;
    uint32_t link_count;
    ms_span links; /* the bytes of all link fields, one after the other */
} ms_dag_pb;

/** Position in the links of one node; a value that may be copied to look ahead. */
typedef struct ms_dag_pb_links {
    ms_cursor cursor;
} ms_dag_pb_links;

/** Check all of a block. Links before or after Data, not around it; fields of a link in order;
 *  every link with a valid CID; names UTF-8; no unknown field, no repeated field. MS_MALFORMED with
 *  offset and a reason (dag_pb_field, dag_pb_order, dag_pb_repeated, dag_pb_link, dag_pb_name,
 *  truncated, varint_*, cid_*); MS_LIMIT "dag_pb_size", "dag_pb_links". The empty block is a node.
 */
MS_MUST_CHECK ms_status ms_dag_pb_decode(ms_dag_pb *node, ms_span block, ms_error *err);
ms_dag_pb_links ms_dag_pb_links_of(const ms_dag_pb *node);
/** The next link of a decoded node; false after the last. */
bool ms_dag_pb_next(ms_dag_pb_links *links, ms_dag_pb_link *link);

/** Append one link as everybody writes it: Hash, Name (also when empty), Tsize. Links come first
 *  and in the order of their names' bytes; that is up to the caller. */
MS_MUST_CHECK ms_status ms_dag_pb_write_link(
        ms_buffer *out, const ms_cid *cid, ms_span name, uint64_t tsize, ms_error *err);
/** Append the Data field. */
MS_MUST_CHECK ms_status ms_dag_pb_write_data(ms_buffer *out, ms_span data, ms_error *err);
/** Bytes that ms_dag_pb_write_link appends. */
size_t ms_dag_pb_link_size(const ms_cid *cid, size_t name_size, uint64_t tsize);

#endif
