/* The info block of a manifest: texts for people and metadata, in canonical dag-cbor.
 * Format: docs/formats/manifest.md. Unknown keys are kept, so that older programs lose nothing. */
#ifndef MS_MANIFEST_MANIFEST_INFO_H
#define MS_MANIFEST_MANIFEST_INFO_H

#include "base/arena.h"
#include "base/buffer.h"

#define MS_MANIFEST_INFO_SIZE_MAX ((size_t)1 << 20) /* bytes of the block */
#define MS_MANIFEST_NAME_SIZE_MAX 1024
#define MS_MANIFEST_CHUNKER_SIZE_MAX 64
#define MS_MANIFEST_DESCRIPTION_SIZE_MAX 65536
#define MS_MANIFEST_METADATA_PAIRS_MAX 4096 /* that we write */
#define MS_MANIFEST_METADATA_KEY_SIZE_MAX 255

/** All spans are UTF-8 (but metadata and unknown_from) and point into the block that was read, or
 *  wherever the caller keeps them. */
typedef struct ms_manifest_info {
    ms_span name;         /* for people; may be empty */
    ms_span chunker;      /* "size-1048576" */
    ms_span metadata;     /* a canonical dag-cbor map with text keys, as it stands in the block */
    ms_span stored_name;  /* the base name of what was stored; passes ms_path_check_name */
    ms_span description;  /* only when has_description */
    bool has_description;
    ms_span unknown_from; /* an info block whose unknown keys are written again; empty: none */
} ms_manifest_info;

/** Read a whole block; spans point into it, unknown_from is the block itself. MS_LIMIT
 *  "info_size_max", "info_text_size"; MS_MALFORMED with offset and a reason of codec/cbor.h,
 *  codec/path.h or info_missing. *info is zeroed on failure. */
MS_MUST_CHECK ms_status ms_manifest_info_decode(ms_manifest_info *info, ms_span block, ms_error *err);
/** Append the canonical block. An empty metadata span is written as the empty map. MS_USAGE for what
 *  decode would refuse; MS_LIMIT "info_size_max". */
MS_MUST_CHECK ms_status ms_manifest_info_encode(const ms_manifest_info *info, ms_buffer *out, ms_error *err);

typedef struct ms_manifest_metadata_pair ms_manifest_metadata_pair;

/** Pairs of text on their way into metadata. Owned by whoever initialised it; for one thread. */
typedef struct ms_manifest_metadata {
    ms_manifest_metadata_pair *pairs;
    size_t count;
    size_t capacity;
    ms_arena arena;
} ms_manifest_metadata;

void ms_manifest_metadata_init(ms_manifest_metadata *metadata);
void ms_manifest_metadata_release(ms_manifest_metadata *metadata);
/** Copied; any order. Keys are not empty; both are UTF-8 (MS_USAGE "metadata_text"), at most the sizes
 *  above and MS_MANIFEST_DESCRIPTION_SIZE_MAX for a value (MS_LIMIT "metadata_size"). */
MS_MUST_CHECK ms_status ms_manifest_metadata_add(ms_manifest_metadata *metadata, ms_span key, ms_span value, ms_error *err);
/** Append the canonical map. Two pairs of one key: MS_USAGE "metadata_repeated" naming it. */
MS_MUST_CHECK ms_status ms_manifest_metadata_write(ms_manifest_metadata *metadata, ms_buffer *out, ms_error *err);

#endif
