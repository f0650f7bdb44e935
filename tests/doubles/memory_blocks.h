/* Blocks in memory: a sink for builders and a source for readers of DAGs. It counts, and it hashes
 * what goes in and out, as a real store does. Asserts through cmocka, which must be included
 * before. */
#ifndef MS_TESTS_DOUBLES_MEMORY_BLOCKS_H
#define MS_TESTS_DOUBLES_MEMORY_BLOCKS_H

#include <stdlib.h>
#include <string.h>

#include "cid/block.h"
#include "crypto/sha256.h"

typedef struct memory_block {
    ms_cid cid; /* undefined: free place */
    uint8_t *data;
    size_t size;
} memory_block;

typedef struct memory_blocks {
    memory_block *places; /* open addressing by digest, at most half of them in use */
    size_t place_count;
    size_t unique;
    size_t puts;
    size_t gets;
    size_t prefetched;
    size_t fail_after; /* gets that still succeed; the next is MS_NETWORK once. SIZE_MAX: never */
} memory_blocks;

static memory_block *memory_blocks_place(memory_block *places, size_t count, const ms_cid *cid)
{
    uint64_t start;

    memcpy(&start, cid->digest, sizeof start);
    for (size_t at = (size_t)start & (count - 1);; at = (at + 1) & (count - 1)) {
        if (!ms_cid_is_defined(&places[at].cid) || ms_cid_equal(&places[at].cid, cid))
            return &places[at];
    }
}

static void memory_blocks_init(memory_blocks *blocks)
{
    *blocks = (memory_blocks){.place_count = 64, .fail_after = SIZE_MAX};
    blocks->places = calloc(blocks->place_count, sizeof *blocks->places);
    assert_non_null(blocks->places);
}

static void memory_blocks_release(memory_blocks *blocks)
{
    for (size_t i = 0; i < blocks->place_count; i++)
        free(blocks->places[i].data);
    free(blocks->places);
}

static void memory_blocks_grow(memory_blocks *blocks)
{
    size_t count = blocks->place_count * 2;
    memory_block *places = calloc(count, sizeof *places);

    assert_non_null(places);
    for (size_t i = 0; i < blocks->place_count; i++) {
        if (ms_cid_is_defined(&blocks->places[i].cid))
            *memory_blocks_place(places, count, &blocks->places[i].cid) = blocks->places[i];
    }
    free(blocks->places);
    blocks->places = places;
    blocks->place_count = count;
}

static ms_status memory_blocks_put(void *payload, const ms_cid *cid, ms_span block, ms_error *err)
{
    memory_blocks *blocks = payload;
    uint8_t digest[MS_SHA256_SIZE];
    memory_block *place;

    (void)err;
    ms_sha256(digest, block.data, block.size);
    assert_memory_equal(digest, cid->digest, sizeof digest);
    blocks->puts++;
    if ((blocks->unique + 1) * 2 > blocks->place_count)
        memory_blocks_grow(blocks);
    place = memory_blocks_place(blocks->places, blocks->place_count, cid);
    if (ms_cid_is_defined(&place->cid))
        return MS_OK;
    blocks->unique++;
    place->cid = *cid;
    place->size = block.size;
    place->data = malloc(block.size + 1);
    assert_non_null(place->data);
    if (block.size > 0)
        memcpy(place->data, block.data, block.size);
    return MS_OK;
}

static inline ms_block_sink memory_blocks_sink(memory_blocks *blocks)
{
    return (ms_block_sink){.put = memory_blocks_put, .payload = blocks};
}

/** Put data as a block of codec and return its CID. */
static inline ms_cid memory_blocks_add(
        memory_blocks *blocks, uint32_t codec, const void *data, size_t size)
{
    uint8_t digest[MS_SHA256_SIZE];
    ms_cid cid;

    ms_sha256(digest, data, size);
    cid = ms_cid_sha256(codec, digest);
    assert_int_equal(memory_blocks_put(blocks, &cid, ms_span_of(data, size), NULL), MS_OK);
    return cid;
}

/** The block of cid, NULL when it is not there. */
static inline const memory_block *memory_blocks_find(const memory_blocks *blocks, const ms_cid *cid)
{
    const memory_block *place = memory_blocks_place(blocks->places, blocks->place_count, cid);

    return ms_cid_is_defined(&place->cid) ? place : NULL;
}

static inline ms_status memory_blocks_get(
        void *payload, const ms_cid *cid, ms_buffer *block, ms_error *err)
{
    memory_blocks *blocks = payload;
    const memory_block *found = memory_blocks_find(blocks, cid);

    blocks->gets++;
    if (blocks->fail_after == 0) {
        blocks->fail_after = SIZE_MAX;
        return ms_fail(err, MS_NETWORK, "test_network", "The test lets this read fail");
    }
    if (blocks->fail_after != SIZE_MAX)
        blocks->fail_after--;
    if (found == NULL)
        return ms_fail(err, MS_NOT_FOUND, "test_missing", "The block is not there");
    ms_buffer_clear(block);
    return ms_buffer_append(block, found->data, found->size, err);
}

static inline void memory_blocks_prefetch(void *payload, const ms_cid *cids, size_t count)
{
    memory_blocks *blocks = payload;

    (void)cids;
    blocks->prefetched += count;
}

static inline ms_block_source memory_blocks_source(memory_blocks *blocks)
{
    return (ms_block_source){
            .get = memory_blocks_get, .prefetch = memory_blocks_prefetch, .payload = blocks};
}

#endif
