/* The info block of a manifest: texts for people and metadata, in canonical dag-cbor.
 * Format: docs/formats/manifest.md. Unknown keys are kept, so that older programs lose nothing. */
#ifndef MS_MANIFEST_MANIFEST_INFO_H
#define MS_MANIFEST_MANIFEST_INFO_H

#include "manifest/manifest_metadata.h"

#define MS_MANIFEST_INFO_SIZE_MAX ((size_t)1 << 20) /* bytes of the block */
#define MS_MANIFEST_NAME_SIZE_MAX 1024
#define MS_MANIFEST_CHUNKER_SIZE_MAX 64
#define MS_MANIFEST_DESCRIPTION_SIZE_MAX 65536

/** All spans are UTF-8 (but metadata and unknown_from) and point into the block that was read, or
 *  wherever the caller keeps them. */
typedef struct ms_manifest_info {
    ms_span name;        /* for people; may be empty */
    ms_span chunker;     /* "size-1048576" */
    ms_span metadata;    /* a canonical dag-cbor map with text keys, as it stands in the block */
    ms_span stored_name; /* the base name of what was stored; passes ms_path_check_name */
    ms_span description; /* only when has_description */
    bool has_description;
    ms_span unknown_from; /* an info block whose unknown keys are written again; empty: none */
} ms_manifest_info;

/** Read a whole block; spans point into it, unknown_from is the block itself. MS_LIMIT
 *  "info_size_max", "info_text_size" and those of manifest_metadata.h; MS_MALFORMED with offset and
 *  a reason of codec/cbor.h, codec/path.h, manifest_metadata.h or info_missing. *info is zeroed on
 *  failure. */
MS_MUST_CHECK ms_status ms_manifest_info_decode(
        ms_manifest_info *info, ms_span block, ms_error *err);
/** Append the canonical block; the same rules hold as for reading. An empty metadata span is
 *  written as the empty map; an unknown key that is one of ours is not written twice. out is
 *  unchanged on failure. */
MS_MUST_CHECK ms_status ms_manifest_info_encode(
        const ms_manifest_info *info, ms_buffer *out, ms_error *err);

#endif
