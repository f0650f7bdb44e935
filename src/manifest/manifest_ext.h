/* The ext block of a manifest: what UnixFS cannot say. Today the SHA-256 of whole files, 32 bytes
 * each in the order of the walk, cut into raw blocks. Format: docs/formats/manifest.md. */
#ifndef MS_MANIFEST_MANIFEST_EXT_H
#define MS_MANIFEST_MANIFEST_EXT_H

#include "cid/block.h"

#define MS_MANIFEST_EXT_SIZE_MAX ((size_t)1 << 20) /* bytes of the ext block */
#define MS_MANIFEST_EXT_DIGESTS_MAX 32768          /* digests of one linked block: 1 MiB */
#define MS_MANIFEST_EXT_BLOCKS_MAX                                                                 \
    ((MS_MODEL_FILES_MAX + MS_MANIFEST_EXT_DIGESTS_MAX - 1) / MS_MANIFEST_EXT_DIGESTS_MAX)

/** Owned by whoever initialised it; for one thread. Memory: one block of digests. */
typedef struct ms_manifest_ext_writer {
    ms_block_sink sink;
    uint64_t count; /* digests added */
    ms_buffer digests;
    size_t block_count;
    ms_cid blocks[MS_MANIFEST_EXT_BLOCKS_MAX];
} ms_manifest_ext_writer;

void ms_manifest_ext_writer_init(ms_manifest_ext_writer *writer, ms_block_sink sink);
void ms_manifest_ext_writer_release(ms_manifest_ext_writer *writer);
/** Append the SHA-256 of the next file of the walk. MS_LIMIT "model_files", and what the sink
 *  returns. */
MS_MUST_CHECK ms_status ms_manifest_ext_writer_add(
        ms_manifest_ext_writer *writer, const uint8_t digest[32], ms_error *err);
/** Put what is left and the ext block, and set *ext. MS_USAGE "ext_empty" when nothing was added.
 */
MS_MUST_CHECK ms_status ms_manifest_ext_writer_finish(
        ms_manifest_ext_writer *writer, ms_cid *ext, ms_error *err);

/** Owned by whoever opened it; for one thread. Memory: one block of digests. */
typedef struct ms_manifest_ext {
    ms_block_source source;
    bool has_digests; /* false: an ext block of a later program without file digests */
    size_t block_count;
    ms_cid blocks[MS_MANIFEST_EXT_BLOCKS_MAX];
    size_t loaded; /* which block is in digests; block_count when none */
    ms_buffer digests;
} ms_manifest_ext;

/** Read the ext block; unknown keys are passed over. MS_MALFORMED with a reason of codec/cbor.h or
 *  ext_link; MS_LIMIT "ext_size_max", "ext_blocks"; what the source returns. Release in any case.
 */
MS_MUST_CHECK ms_status ms_manifest_ext_open(
        ms_manifest_ext *ext, const ms_cid *cid, const ms_block_source *source, ms_error *err);
void ms_manifest_ext_release(ms_manifest_ext *ext);
/** The SHA-256 of file file_index of the walk. Reads a block only when another one is at hand.
 *  MS_NOT_FOUND "ext_no_digests" when !has_digests or there are fewer; MS_MALFORMED "ext_digests"
 *  when a block has not the right size. */
MS_MUST_CHECK ms_status ms_manifest_ext_digest(
        ms_manifest_ext *ext, uint64_t file_index, uint8_t digest[32], ms_error *err);

#endif
