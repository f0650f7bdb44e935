/* Whole-file digests: a list of links to raw blocks that are nothing but digests. */
#include "manifest/manifest_ext.h"

#include <string.h>

#include "codec/cbor.h"
#include "crypto/sha256.h"

#define DIGESTS_SIZE_MAX ((size_t)MS_MANIFEST_EXT_DIGESTS_MAX * MS_SHA256_SIZE)

static const char key_digests[] = "fileDigests";

static ms_span digests_key(void)
{
    return ms_span_of(key_digests, sizeof key_digests - 1);
}

/* Writing */

void ms_manifest_ext_writer_init(ms_manifest_ext_writer *writer, ms_block_sink sink)
{
    *writer = (ms_manifest_ext_writer){.sink = sink};
    ms_buffer_init(&writer->digests, DIGESTS_SIZE_MAX);
}

void ms_manifest_ext_writer_release(ms_manifest_ext_writer *writer)
{
    ms_buffer_release(&writer->digests);
}

static ms_status put_block(
        ms_block_sink sink, uint32_t codec, const ms_buffer *block, ms_cid *cid, ms_error *err)
{
    uint8_t digest[MS_SHA256_SIZE];

    ms_sha256(digest, block->data, block->size);
    *cid = ms_cid_sha256(codec, digest);
    return sink.put(sink.payload, cid, ms_buffer_span(block), err);
}

static ms_status put_digests(ms_manifest_ext_writer *writer, ms_error *err)
{
    ms_status status = put_block(writer->sink, MS_CODEC_RAW, &writer->digests,
            &writer->blocks[writer->block_count], err);

    if (status != MS_OK)
        return status;
    writer->block_count++;
    ms_buffer_clear(&writer->digests);
    return MS_OK;
}

ms_status ms_manifest_ext_writer_add(
        ms_manifest_ext_writer *writer, const uint8_t digest[32], ms_error *err)
{
    ms_status status;

    if (writer->count == MS_MODEL_FILES_MAX)
        return ms_fail(err, MS_LIMIT, "model_files", "The model has more than %d files",
                MS_MODEL_FILES_MAX);
    status = ms_buffer_append(&writer->digests, digest, MS_SHA256_SIZE, err);
    if (status != MS_OK)
        return status;
    writer->count++;
    return writer->digests.size == DIGESTS_SIZE_MAX ? put_digests(writer, err) : MS_OK;
}

static ms_status write_ext(const ms_manifest_ext_writer *writer, ms_buffer *out, ms_error *err)
{
    ms_status status = ms_cbor_write_map(out, 1, err);

    if (status == MS_OK)
        status = ms_cbor_write_text(out, digests_key(), err);
    if (status == MS_OK)
        status = ms_cbor_write_array(out, writer->block_count, err);
    for (size_t i = 0; i < writer->block_count && status == MS_OK; i++) {
        uint8_t binary[MS_CID_BINARY_SIZE_MAX];
        size_t size = ms_cid_encode(&writer->blocks[i], binary);

        status = ms_cbor_write_link(out, ms_span_of(binary, size), err);
    }
    return status;
}

ms_status ms_manifest_ext_writer_finish(ms_manifest_ext_writer *writer, ms_cid *ext, ms_error *err)
{
    ms_buffer block;
    ms_status status = MS_OK;

    *ext = (ms_cid){0};
    if (writer->count == 0)
        return ms_fail(err, MS_USAGE, "ext_empty", "There is no file digest to write");
    if (writer->digests.size > 0)
        status = put_digests(writer, err);
    ms_buffer_init(&block, MS_MANIFEST_EXT_SIZE_MAX);
    if (status == MS_OK)
        status = write_ext(writer, &block, err);
    if (status == MS_OK)
        status = put_block(writer->sink, MS_CODEC_DAG_CBOR, &block, ext, err);
    ms_buffer_release(&block);
    return status;
}

/* Reading */

static ms_status read_links(ms_manifest_ext *ext, ms_cursor *cursor, ms_error *err)
{
    ms_cbor_item item;
    ms_status status = ms_cbor_expect(cursor, &item, MS_CBOR_ARRAY, err);

    if (status != MS_OK)
        return status;
    if (item.value > MS_MANIFEST_EXT_BLOCKS_MAX)
        return ms_fail(err, MS_LIMIT, "ext_blocks",
                "The list of file digests has more than %d blocks",
                (int)MS_MANIFEST_EXT_BLOCKS_MAX);
    for (uint64_t count = item.value; ext->block_count < count; ext->block_count++) {
        ms_cid *cid = &ext->blocks[ext->block_count];

        status = ms_cbor_expect(cursor, &item, MS_CBOR_LINK, err);
        if (status == MS_OK)
            status = ms_cid_decode(cid, item.bytes, err);
        if (status != MS_OK)
            return status;
        if (cid->version != 1 || cid->codec != MS_CODEC_RAW || cid->hash != MS_HASH_SHA2_256) {
            (void)ms_fail(err, MS_MALFORMED, "ext_link",
                    "The list of file digests leads to a block that is not raw with SHA-256");
            ms_error_set_offset(err, item.offset);
            return MS_MALFORMED;
        }
    }
    ext->has_digests = true;
    return MS_OK;
}

static ms_status read_ext(ms_manifest_ext *ext, ms_span block, ms_error *err)
{
    ms_cursor cursor = ms_cursor_of(block);
    ms_span previous = {0};
    ms_cbor_item map;
    ms_status status = ms_cbor_expect(&cursor, &map, MS_CBOR_MAP, err);

    for (uint64_t i = 0; status == MS_OK && i < map.value; i++) {
        ms_span key;

        status = ms_cbor_key(&cursor, &previous, &key, err);
        if (status == MS_OK)
            status = ms_span_equal(key, digests_key()) ? read_links(ext, &cursor, err)
                                                       : ms_cbor_skip(&cursor, err);
    }
    return status == MS_OK ? ms_cbor_end(&cursor, err) : status;
}

ms_status ms_manifest_ext_open(
        ms_manifest_ext *ext, const ms_cid *cid, const ms_block_source *source, ms_error *err)
{
    ms_buffer block;
    ms_status status;

    *ext = (ms_manifest_ext){.source = *source};
    ms_buffer_init(&ext->digests, DIGESTS_SIZE_MAX);
    ms_buffer_init(&block, MS_DAG_BLOCK_SIZE_MAX);
    status = source->get(source->payload, cid, &block, err);
    if (status == MS_OK && block.size > MS_MANIFEST_EXT_SIZE_MAX)
        status = ms_fail(err, MS_LIMIT, "ext_size_max",
                "The ext block of a manifest has %zu bytes, more than %zu", block.size,
                MS_MANIFEST_EXT_SIZE_MAX);
    if (status == MS_OK)
        status = read_ext(ext, ms_buffer_span(&block), err);
    ext->loaded = ext->block_count;
    ms_buffer_release(&block);
    return status;
}

void ms_manifest_ext_release(ms_manifest_ext *ext)
{
    ms_buffer_release(&ext->digests);
}

/* Every block but the last is full; that is how a file's index finds its block. */
static ms_status load(ms_manifest_ext *ext, size_t index, ms_error *err)
{
    bool is_last = index + 1 == ext->block_count;
    ms_status status;

    if (ext->loaded == index)
        return MS_OK;
    ext->loaded = ext->block_count;
    status = ext->source.get(ext->source.payload, &ext->blocks[index], &ext->digests, err);
    if (status != MS_OK)
        return status;
    if (ext->digests.size == 0 || ext->digests.size % MS_SHA256_SIZE != 0 ||
            (!is_last && ext->digests.size != DIGESTS_SIZE_MAX))
        return ms_fail(err, MS_MALFORMED, "ext_digests",
                "A block of file digests has %zu bytes, which is not a whole number of them",
                ext->digests.size);
    ext->loaded = index;
    return MS_OK;
}

ms_status ms_manifest_ext_digest(
        ms_manifest_ext *ext, uint64_t file_index, uint8_t digest[32], ms_error *err)
{
    uint64_t index = file_index / MS_MANIFEST_EXT_DIGESTS_MAX;
    size_t offset = (size_t)(file_index % MS_MANIFEST_EXT_DIGESTS_MAX) * MS_SHA256_SIZE;
    ms_status status;

    memset(digest, 0, MS_SHA256_SIZE);
    if (!ext->has_digests || index >= ext->block_count)
        return ms_fail(
                err, MS_NOT_FOUND, "ext_no_digests", "The manifest holds no digest of this file");
    status = load(ext, (size_t)index, err);
    if (status != MS_OK)
        return status;
    if (offset >= ext->digests.size)
        return ms_fail(
                err, MS_NOT_FOUND, "ext_no_digests", "The manifest holds no digest of this file");
    memcpy(digest, ext->digests.data + offset, MS_SHA256_SIZE);
    return MS_OK;
}
