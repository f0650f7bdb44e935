/* Blocks of a manifest: what is accepted has one spelling, so writing it gives the input again. */
#include <assert.h>
#include <string.h>

#include "codec/path.h"
#include "manifest/manifest_ext.h"
#include "manifest/manifest_head.h"
#include "manifest/manifest_info.h"
#include "memory_limit.h"

static void check_head(ms_span block)
{
    ms_manifest_head head;
    ms_buffer out;

    if (ms_manifest_head_decode(&head, block, NULL) != MS_OK) {
        assert(head.count == 0);
        return;
    }
    ms_buffer_init(&out, MS_MANIFEST_HEAD_SIZE_MAX);
    assert(ms_manifest_head_encode(&head, &out, NULL) == MS_OK);
    assert(ms_span_equal(ms_buffer_span(&out), block));
    /* Where the contract reads it. */
    assert(memcmp(block.data + 9, head.chunk_root, sizeof head.chunk_root) == 0);
    ms_buffer_release(&out);
}

static ms_status drop(void *payload, const char *text, size_t size, ms_error *err)
{
    size_t *total = payload;

    (void)text;
    (void)err;
    *total += size;
    return MS_OK;
}

static void check_info(ms_span block)
{
    static ms_json_writer json;
    ms_manifest_info info;
    ms_buffer out;
    size_t total = 0;

    if (ms_manifest_info_decode(&info, block, NULL) != MS_OK)
        return;
    assert(ms_path_check_name(info.stored_name, NULL) == MS_OK);
    ms_buffer_init(&out, MS_MANIFEST_INFO_SIZE_MAX);
    assert(ms_manifest_info_encode(&info, &out, NULL) == MS_OK);
    assert(ms_span_equal(ms_buffer_span(&out), block));
    ms_buffer_release(&out);
    ms_json_init(&json, drop, &total, false);
    assert(ms_manifest_metadata_write_json(info.metadata, &json, NULL) == MS_OK);
    assert(ms_json_flush(&json, NULL) == MS_OK && total >= 2);
}

static ms_status get(void *payload, const ms_cid *cid, ms_buffer *block, ms_error *err)
{
    const ms_span *input = payload;

    (void)cid;
    ms_buffer_clear(block);
    return ms_buffer_append(block, input->data, input->size, err);
}

/* Its links lead to the input itself, which may or may not be a whole number of digests. */
static void check_ext(ms_span block)
{
    const ms_block_source source = {.get = get, .payload = &block};
    ms_manifest_ext ext;
    uint8_t digest[32];
    ms_cid cid = {0};

    if (ms_manifest_ext_open(&ext, &cid, &source, NULL) == MS_OK) {
        for (uint64_t i = 0; i < 4; i++) {
            ms_status status = ms_manifest_ext_digest(
                    &ext, i * (MS_MANIFEST_EXT_DIGESTS_MAX - 1), digest, NULL);

            assert(status == MS_OK || status == MS_NOT_FOUND || status == MS_MALFORMED);
            assert(status != MS_OK || ext.has_digests);
        }
    }
    ms_manifest_ext_release(&ext);
}

static void check_input(const uint8_t *data, size_t size)
{
    check_head(ms_span_of(data, size));
    check_info(ms_span_of(data, size));
    check_ext(ms_span_of(data, size));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, 0);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
