/* Steps of the suite of stores: blocks to put, and what is expected of a store. Header only; cmocka is included before. */
#ifndef CONFORMANCE_STORE_STEPS_H
#define CONFORMANCE_STORE_STEPS_H

#include <stdlib.h>
#include <string.h>

#include "conformance/store_suite.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "crypto/sha256.h"

#define BLOCK_MAX ((size_t)2 << 20)
#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

/* A block whose bytes follow from its number. */
typedef struct test_block {
    ms_cid cid;
    uint8_t *data;
    size_t size;
} test_block;

static inline test_block make_block(uint32_t number, size_t size)
{
    test_block block = {.data = ms_alloc_aligned(MS_BLOCK_ALIGNMENT, size + MS_BLOCK_ALIGNMENT), .size = size};
    uint8_t digest[32];
    uint32_t word = number * 2654435761u + 1;

    assert_non_null(block.data);
    for (size_t i = 0; i < size; i++) {
        word = word * 1664525u + 1013904223u;
        block.data[i] = (uint8_t)(word >> 24);
    }
    ms_sha256(digest, block.data, size);
    block.cid = ms_cid_sha256(MS_CODEC_RAW, digest);
    return block;
}

static inline void free_block(test_block *block)
{
    ms_free_aligned(block->data);
}

static inline ms_store *open_store(void **state)
{
    const store_fixture *fixture = *state;
    ms_error err = MS_ERROR_INIT;
    ms_store *store = NULL;
    ms_status status = fixture->open(fixture->payload, &store, &err);

    if (status != MS_OK)
        print_error("%s: %s\n", err.reason, err.message);
    assert_int_equal(status, MS_OK);
    return store;
}

static inline void expect_ok(ms_status status, const ms_error *err)
{
    if (status != MS_OK)
        print_error("%s: %s\n", err->reason, err->message);
    assert_int_equal(status, MS_OK);
}

#define OK(call)                                                                                             \
    do {                                                                                                     \
        ms_error ok_error = MS_ERROR_INIT;                                                                   \
        ms_error *err = &ok_error;                                                                           \
        expect_ok((call), err);                                                                              \
    } while (0)

static inline bool put_block(ms_store_session *session, const test_block *block)
{
    ms_block_put put = {.cid = block->cid,
            .block = ms_span_of(block->data, block->size),
            .buffer_size = block->size + MS_BLOCK_ALIGNMENT};

    OK(ms_store_put_many(session, &put, 1, err));
    return put.was_present;
}

static inline void commit_block(ms_store *store, const test_block *block)
{
    ms_store_session *session;

    OK(ms_store_begin(store, &session, NULL, err));
    put_block(session, block);
    OK(ms_store_commit(&session, err));
    assert_null(session);
}

static inline bool has_block(ms_store *store, const ms_cid *cid)
{
    bool present;

    OK(ms_store_has_many(store, cid, NULL, 1, &present, err));
    return present;
}

static inline void expect_block(ms_store *store, const test_block *block)
{
    ms_buffer bytes;

    ms_buffer_init(&bytes, BLOCK_MAX);
    OK(ms_store_get(store, &block->cid, &bytes, err));
    assert_int_equal(bytes.size, block->size);
    if (block->size > 0)
        assert_memory_equal(bytes.data, block->data, block->size);
    ms_buffer_release(&bytes);
}

/* The digests that a listing named, and their sizes. */
typedef struct listed_cids {
    ms_cid cids[4096];
    uint64_t sizes[4096];
    size_t count;
} listed_cids;

static inline ms_status collect(void *payload, const ms_cid *cid, uint64_t size, ms_error *err)
{
    listed_cids *listed = payload;

    (void)err;
    assert_true(listed->count < MS_ARRAY_COUNT(listed->cids));
    listed->cids[listed->count] = *cid;
    listed->sizes[listed->count++] = size;
    return MS_OK;
}

static inline size_t times_listed(const listed_cids *listed, const ms_cid *cid, uint64_t *size)
{
    size_t times = 0;

    for (size_t i = 0; i < listed->count; i++) {
        if (!ms_cid_same_bytes(&listed->cids[i], cid))
            continue;
        times++;
        if (size != NULL)
            *size = listed->sizes[i];
    }
    return times;
}

#endif
