/* Metadata of a manifest: a map of text to values, built from pairs of text, and shown as JSON
 * whatever it holds. Format: docs/formats/manifest.md. */
#ifndef MS_MANIFEST_MANIFEST_METADATA_H
#define MS_MANIFEST_MANIFEST_METADATA_H

#include "base/arena.h"
#include "codec/cursor.h"
#include "codec/json_writer.h"

#define MS_MANIFEST_METADATA_PAIRS_MAX 4096 /* that we write */
#define MS_MANIFEST_METADATA_KEY_SIZE_MAX 255
#define MS_MANIFEST_METADATA_VALUE_SIZE_MAX 65536
/** Maps and lists in each other, the map itself included; so that JSON around it stays bounded too.
 */
#define MS_MANIFEST_METADATA_DEPTH_MAX 8

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
/** Copied; any order. MS_USAGE "metadata_key" (an empty key), "metadata_text" (no UTF-8); MS_LIMIT
 *  "metadata_size", "metadata_pairs". Unchanged on failure. */
MS_MUST_CHECK ms_status ms_manifest_metadata_add(
        ms_manifest_metadata *metadata, ms_span key, ms_span value, ms_error *err);
/** Append the canonical map; sorts the pairs. Two of one key: MS_USAGE "metadata_repeated" naming
 *  it. */
MS_MUST_CHECK ms_status ms_manifest_metadata_write(
        ms_manifest_metadata *metadata, ms_buffer *out, ms_error *err);

/** Read over a metadata map at the cursor, checking all of it. MS_MALFORMED with a reason of
 *  codec/cbor.h or "metadata_map" (no map); MS_LIMIT "metadata_depth". */
MS_MUST_CHECK ms_status ms_manifest_metadata_skip(ms_cursor *cursor, ms_error *err);
/** Write a metadata map (an empty span is the empty map) as one JSON value in the manner of
 *  dag-json: bytes are {"/":{"bytes":"base64"}}, links {"/":"cid"}, floats keep a point or an
 *  exponent. The writer needs room for MS_MANIFEST_METADATA_DEPTH_MAX + 2 levels. Failures as
 *  above. */
MS_MUST_CHECK ms_status ms_manifest_metadata_write_json(
        ms_span metadata, ms_json_writer *json, ms_error *err);

#endif
