/* Heads are written here by hand, key by key, so that what they test is not what made them. */
#include "doubles/sample_publication.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cid/cid.h"
#include "codec/cbor.h"
#include "crypto/sha256.h"

static void must(ms_status status)
{
    if (status != MS_OK)
        abort();
}

static void write_text(ms_buffer *out, const char *text)
{
    must(ms_cbor_write_text(out, ms_span_of(text, strlen(text)), NULL));
}

static void write_link(ms_buffer *out, uint32_t codec, const uint8_t digest[32])
{
    uint8_t binary[MS_CID_BINARY_SIZE_MAX];
    ms_cid cid = ms_cid_sha256(codec, digest);
    size_t size = ms_cid_encode(&cid, binary);

    must(ms_cbor_write_link(out, ms_span_of(binary, size), NULL));
}

static void write_info(ms_buffer *out, uint32_t content, size_t size)
{
    char *name = malloc(size + 32);

    if (name == NULL)
        abort();
    memset(name, 'n', size + 31);
    name[size + 31] = '\0';
    name[(size_t)snprintf(name, 32, "content %u", content)] = size > 0 ? 'n' : '\0';
    must(ms_cbor_write_map(out, 1, NULL));
    write_text(out, "name");
    write_text(out, name);
    free(name);
}

static void write_head(ms_buffer *out, uint32_t content, ms_span info)
{
    uint8_t digest[32];

    ms_sha256(digest, &content, sizeof(content));
    must(ms_cbor_write_map(out, 6, NULL));
    write_text(out, "v");
    must(ms_cbor_write_unsigned(out, 1, NULL));
    write_text(out, "ct");
    must(ms_cbor_write_bytes(out, ms_span_of(digest, sizeof(digest)), NULL));
    ms_sha256(digest, info.data, info.size);
    write_text(out, "info");
    write_link(out, MS_CODEC_DAG_CBOR, digest);
    ms_sha256(digest, "root", 4);
    write_text(out, "root");
    write_link(out, MS_CODEC_RAW, digest);
    write_text(out, "size");
    must(ms_cbor_write_unsigned(out, 4, NULL));
    write_text(out, "count");
    must(ms_cbor_write_unsigned(out, 1, NULL));
}

void sample_publication_init_sized(sample_publication *sample, const char *model_id,
        uint32_t version, uint32_t content, size_t info_size)
{
    memset(sample, 0, sizeof(*sample));
    ms_buffer_init(&sample->head, MS_HEAD_SIZE_MAX);
    ms_buffer_init(&sample->info, MS_INFO_SIZE_MAX);
    write_info(&sample->info, content, info_size);
    write_head(&sample->head, content, ms_buffer_span(&sample->info));
    ms_sha256(sample->manifest, sample->head.data, sample->head.size);
    sample->publication = (ms_publication){.model_id = model_id,
            .version = version,
            .head = ms_buffer_span(&sample->head),
            .info = ms_buffer_span(&sample->info)};
}

void sample_publication_init(
        sample_publication *sample, const char *model_id, uint32_t version, uint32_t content)
{
    sample_publication_init_sized(sample, model_id, version, content, 0);
}

void sample_publication_release(sample_publication *sample)
{
    ms_buffer_release(&sample->head);
    ms_buffer_release(&sample->info);
}

ms_key *sample_key(uint8_t number)
{
    uint8_t bytes[MS_KEY_SIZE] = {0};
    ms_key *key;

    bytes[MS_KEY_SIZE - 1] = number;
    must(ms_key_new(&key, bytes, NULL));
    return key;
}
