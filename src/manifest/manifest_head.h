/* The manifest head: the one small block whose CID is the manifest, and whose digest goes on
 * record. Format: docs/formats/manifest.md. Reading is strict: one spelling, no unknown key. */
#ifndef MS_MANIFEST_MANIFEST_HEAD_H
#define MS_MANIFEST_MANIFEST_HEAD_H

#include "base/buffer.h"
#include "cid/cid.h"

#define MS_MANIFEST_HEAD_SIZE_MAX 1024
#define MS_MANIFEST_VERSION 1
/** A chunk holds at most this many bytes, so that size <= count * this. */
#define MS_MANIFEST_CHUNK_SIZE_MAX (UINT64_C(1) << 20)

typedef struct ms_manifest_head {
    uint8_t chunk_root[32];
    ms_cid info;    /* dag-cbor */
    ms_cid root;    /* raw or dag-pb */
    uint64_t size;  /* bytes of all files, below 2^63 */
    uint64_t count; /* chunks, at least 1 */
    bool has_ext;
    ms_cid ext; /* dag-cbor; only when has_ext */
} ms_manifest_head;

/** Append the canonical block. The same rules hold as for reading, as MS_USAGE: we make nothing
 *  that we refuse. */
MS_MUST_CHECK ms_status ms_manifest_head_encode(
        const ms_manifest_head *head, ms_buffer *out, ms_error *err);

/** Read a whole block. *head is zeroed on failure. MS_LIMIT "manifest_size_max" above
 *  MS_MANIFEST_HEAD_SIZE_MAX; MS_MALFORMED with offset and a reason of codec/cbor.h or
 *    manifest_version    v is not 1 (said before anything else is looked at)
 *    manifest_key        a key that version 1 does not know, by name
 *    manifest_missing    a key that is not there
 *    manifest_root_size  ct is not 32 bytes
 *    manifest_link       info, ext or root is not CIDv1, SHA-256, of the right codec
 *    manifest_size       size of 2^63 or more, or more than count chunks can hold
 *    manifest_count      count is 0 or above 2^63-1 */
MS_MUST_CHECK ms_status ms_manifest_head_decode(
        ms_manifest_head *head, ms_span block, ms_error *err);

#endif
