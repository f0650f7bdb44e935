/* What every store promises, as one suite. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "conformance/store_suite.h"

#include "base/alloc.h"
#include "base/checked.h"
#include "crypto/sha256.h"
#include "platform/thread.h"

#define BLOCK_MAX ((size_t)2 << 20)
#define KIB ((size_t)1 << 10)
#define MIB ((size_t)1 << 20)

/* Sizes at which pages, direct I/O and limits change something. */
static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 300000, MIB - 1, MIB,
        BLOCK_MAX};

/* A block whose bytes follow from its number. */
typedef struct test_block {
    ms_cid cid;
    uint8_t *data;
    size_t size;
} test_block;

static test_block make_block(uint32_t number, size_t size)
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

static void free_block(test_block *block)
{
    ms_free_aligned(block->data);
}

static ms_store *open_store(void **state)
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

static void expect_ok(ms_status status, const ms_error *err)
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

static bool put_block(ms_store_session *session, const test_block *block)
{
    ms_block_put put = {.cid = block->cid,
            .block = ms_span_of(block->data, block->size),
            .buffer_size = block->size + MS_BLOCK_ALIGNMENT};

    OK(ms_store_put_many(session, &put, 1, err));
    return put.was_present;
}

static void commit_block(ms_store *store, const test_block *block)
{
    ms_store_session *session;

    OK(ms_store_begin(store, &session, NULL, err));
    put_block(session, block);
    OK(ms_store_commit(&session, err));
    assert_null(session);
}

static bool has_block(ms_store *store, const ms_cid *cid)
{
    bool present;

    OK(ms_store_has_many(store, cid, NULL, 1, &present, err));
    return present;
}

static void expect_block(ms_store *store, const test_block *block)
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

static ms_status collect(void *payload, const ms_cid *cid, uint64_t size, ms_error *err)
{
    listed_cids *listed = payload;

    (void)err;
    assert_true(listed->count < MS_ARRAY_COUNT(listed->cids));
    listed->cids[listed->count] = *cid;
    listed->sizes[listed->count++] = size;
    return MS_OK;
}

static size_t times_listed(const listed_cids *listed, const ms_cid *cid, uint64_t *size)
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

static void test_an_empty_store_reads_as_empty(void **state)
{
    ms_store *store = open_store(state);
    test_block block = make_block(1, 100);
    listed_cids listed = {0};
    ms_error error = MS_ERROR_INIT;
    ms_buffer bytes;
    bool pinned = true;

    assert_false(has_block(store, &block.cid));
    ms_buffer_init(&bytes, BLOCK_MAX);
    assert_int_equal(ms_store_get(store, &block.cid, &bytes, &error), MS_NOT_FOUND);
    assert_string_equal(error.reason, "block_missing");
    assert_true(error.cid[0] != '\0');
    OK(ms_store_is_pinned(store, &block.cid, &pinned, err));
    assert_false(pinned);
    OK(ms_store_each(store, collect, &listed, err));
    OK(ms_store_each_root(store, true, collect, &listed, err));
    OK(ms_store_each_root(store, false, collect, &listed, err));
    OK(ms_store_each_unclaimed(store, collect, &listed, err));
    OK(ms_store_forget_unclaimed(store, err));
    OK(ms_store_sync(store, err));
    OK(ms_store_quarantine(store, &block.cid, err));
    assert_int_equal(listed.count, 0);
    ms_buffer_release(&bytes);
    free_block(&block);
    ms_store_close(store);
}

static void test_committed_blocks_are_there_after_reopening(void **state)
{
    ms_store *store = open_store(state);
    test_block blocks[MS_ARRAY_COUNT(sizes)];
    ms_store_session *session;

    OK(ms_store_begin(store, &session, NULL, err));
    for (size_t i = 0; i < MS_ARRAY_COUNT(sizes); i++) {
        blocks[i] = make_block((uint32_t)i, sizes[i]);
        assert_false(put_block(session, &blocks[i]));
    }
    OK(ms_store_commit(&session, err));
    for (size_t i = 0; i < MS_ARRAY_COUNT(sizes); i++)
        expect_block(store, &blocks[i]);
    ms_store_close(store);
    store = open_store(state);
    for (size_t i = 0; i < MS_ARRAY_COUNT(sizes); i++) {
        expect_block(store, &blocks[i]);
        free_block(&blocks[i]);
    }
    ms_store_close(store);
}

static void test_unaligned_buffers_are_stored_too(void **state)
{
    ms_store *store = open_store(state);
    test_block block = make_block(1, MIB + 1);
    ms_store_session *session;
    ms_buffer bytes;
    ms_cid cid;

    OK(ms_store_begin(store, &session, NULL, err));
    OK(ms_store_put(session, &cid, MS_CODEC_RAW, ms_span_of(block.data + 1, MIB), NULL, err));
    OK(ms_store_commit(&session, err));
    ms_buffer_init(&bytes, BLOCK_MAX);
    OK(ms_store_get(store, &cid, &bytes, err));
    assert_int_equal(bytes.size, MIB);
    assert_memory_equal(bytes.data, block.data + 1, MIB);
    ms_buffer_release(&bytes);
    free_block(&block);
    ms_store_close(store);
}

static void test_a_block_is_stored_once(void **state)
{
    ms_store *store = open_store(state);
    test_block blocks[] = {make_block(1, 10), make_block(2, 300000)};
    listed_cids *listed = calloc(1, sizeof(*listed));
    ms_store_session *session;

    OK(ms_store_begin(store, &session, NULL, err));
    for (size_t i = 0; i < 2; i++) {
        assert_false(put_block(session, &blocks[i]));
        assert_true(put_block(session, &blocks[i]));
    }
    OK(ms_store_flush(session, err));
    assert_true(put_block(session, &blocks[0]));
    OK(ms_store_commit(&session, err));
    OK(ms_store_begin(store, &session, NULL, err));
    assert_true(put_block(session, &blocks[0]));
    assert_true(put_block(session, &blocks[1]));
    OK(ms_store_commit(&session, err));
    OK(ms_store_each(store, collect, listed, err));
    for (size_t i = 0; i < 2; i++) {
        assert_int_equal(times_listed(listed, &blocks[i].cid, NULL), 1);
        free_block(&blocks[i]);
    }
    free(listed);
    ms_store_close(store);
}

static void test_the_codec_does_not_name_another_block(void **state)
{
    ms_store *store = open_store(state);
    test_block block = make_block(1, 100);
    ms_store_session *session;
    bool was_present;
    ms_cid cid;

    commit_block(store, &block);
    OK(ms_store_begin(store, &session, NULL, err));
    OK(ms_store_put(session, &cid, MS_CODEC_DAG_PB, ms_span_of(block.data, block.size), &was_present, err));
    OK(ms_store_commit(&session, err));
    assert_true(was_present);
    assert_int_equal(cid.codec, MS_CODEC_DAG_PB);
    assert_true(ms_cid_same_bytes(&cid, &block.cid));
    assert_true(has_block(store, &cid));
    free_block(&block);
    ms_store_close(store);
}

static void test_has_many_looks_at_sizes(void **state)
{
    ms_store *store = open_store(state);
    test_block blocks[] = {make_block(1, 10), make_block(2, 20), make_block(3, 30)};
    ms_cid cids[] = {blocks[0].cid, blocks[1].cid, blocks[2].cid};
    uint64_t expected[] = {10, 21, 30};
    bool present[3];

    commit_block(store, &blocks[0]);
    commit_block(store, &blocks[1]);
    OK(ms_store_has_many(store, cids, NULL, 3, present, err));
    assert_true(present[0] && present[1] && !present[2]);
    OK(ms_store_has_many(store, cids, expected, 3, present, err));
    assert_true(present[0] && !present[1] && !present[2]);
    OK(ms_store_has_many(store, NULL, NULL, 0, NULL, err));
    for (size_t i = 0; i < 3; i++)
        free_block(&blocks[i]);
    ms_store_close(store);
}

#define GET_COUNT 50

typedef struct get_record {
    ms_block_get *gets;
    unsigned times[GET_COUNT];
    size_t calls_left; /* the next call after these fails */
} get_record;

static ms_status record_done(void *payload, ms_block_get *const *done, size_t count, ms_error *err)
{
    get_record *record = payload;

    if (record->calls_left == 0)
        return ms_fail(err, MS_NETWORK, "test_done", "The test ends the call");
    record->calls_left--;
    for (size_t i = 0; i < count; i++)
        record->times[done[i] - record->gets]++;
    return MS_OK;
}

static void test_every_get_is_delivered_once(void **state)
{
    ms_store *store = open_store(state);
    test_block blocks[GET_COUNT];
    ms_block_get gets[GET_COUNT] = {0};
    get_record record = {.gets = gets, .calls_left = SIZE_MAX};
    ms_store_session *session;

    OK(ms_store_begin(store, &session, NULL, err));
    for (size_t i = 0; i < GET_COUNT; i++) {
        blocks[i] = make_block((uint32_t)i, i * 1000);
        if (i % 3 != 0)
            put_block(session, &blocks[i]);
        gets[i] = (ms_block_get){.cid = blocks[i].cid, .buffer = malloc(i * 1000 + 1), .buffer_size = i * 1000};
    }
    gets[GET_COUNT - 1].cid = blocks[1].cid; /* one of them twice */
    OK(ms_store_commit(&session, err));
    OK(ms_store_get_many(store, gets, GET_COUNT, record_done, &record, err));
    for (size_t i = 0; i < GET_COUNT; i++) {
        const test_block *block = &blocks[i == GET_COUNT - 1 ? 1 : i];
        assert_int_equal(record.times[i], 1);
        assert_int_equal(gets[i].status, block->size / 1000 % 3 != 0 ? MS_OK : MS_NOT_FOUND);
        if (gets[i].status != MS_OK)
            continue;
        assert_int_equal(gets[i].size, block->size);
        assert_memory_equal(gets[i].buffer, block->data, block->size);
    }
    for (size_t i = 0; i < GET_COUNT; i++) {
        free_block(&blocks[i]);
        free(gets[i].buffer);
    }
    ms_store_close(store);
}

static void test_a_failure_of_the_receiver_ends_the_call(void **state)
{
    ms_store *store = open_store(state);
    test_block block = make_block(1, 100);
    uint8_t buffers[GET_COUNT][100];
    ms_block_get gets[GET_COUNT];
    get_record record = {.gets = gets, .calls_left = 1};
    ms_error error = MS_ERROR_INIT;

    commit_block(store, &block);
    for (size_t i = 0; i < GET_COUNT; i++)
        gets[i] = (ms_block_get){.cid = block.cid, .buffer = buffers[i], .buffer_size = sizeof(buffers[i])};
    assert_int_equal(ms_store_get_many(store, gets, GET_COUNT, record_done, &record, &error), MS_NETWORK);
    assert_string_equal(error.reason, "test_done");
    free_block(&block);
    ms_store_close(store);
}

static ms_status ignore_done(void *payload, ms_block_get *const *done, size_t count, ms_error *err)
{
    (void)payload;
    (void)done;
    (void)count;
    (void)err;
    return MS_OK;
}

static void test_a_block_that_does_not_fit_is_over_the_limit(void **state)
{
    ms_store *store = open_store(state);
    test_block block = make_block(1, 5000);
    uint8_t buffer[4999];
    ms_block_get get = {.cid = block.cid, .buffer = buffer, .buffer_size = sizeof(buffer)};
    ms_error error = MS_ERROR_INIT;
    ms_buffer bytes;

    commit_block(store, &block);
    OK(ms_store_get_many(store, &get, 1, ignore_done, NULL, err));
    assert_int_equal(get.status, MS_LIMIT);
    ms_buffer_init(&bytes, sizeof(buffer));
    assert_int_equal(ms_store_get(store, &block.cid, &bytes, &error), MS_LIMIT);
    ms_buffer_release(&bytes);
    free_block(&block);
    ms_store_close(store);
}

static void test_a_damaged_block_is_named(void **state)
{
    const store_fixture *fixture = *state;
    ms_store *store = open_store(state);
    test_block blocks[] = {make_block(1, 0), make_block(2, 100), make_block(3, MIB)};

    for (size_t i = 0; i < MS_ARRAY_COUNT(blocks); i++) {
        ms_block_get get = {.cid = blocks[i].cid, .buffer = blocks[i].data, .buffer_size = blocks[i].size + 1};
        ms_error error = MS_ERROR_INIT;
        uint8_t digest[32];
        ms_buffer bytes;

        commit_block(store, &blocks[i]);
        fixture->damage(fixture->payload, &blocks[i].cid);
        OK(ms_store_get_many(store, &get, 1, ignore_done, NULL, err));
        assert_int_equal(get.status, MS_INTEGRITY);
        ms_sha256(digest, get.buffer, get.size);
        assert_memory_equal(get.actual, digest, sizeof(digest));
        ms_buffer_init(&bytes, BLOCK_MAX);
        assert_int_equal(ms_store_get(store, &blocks[i].cid, &bytes, &error), MS_INTEGRITY);
        assert_string_equal(error.reason, "block_damaged");
        assert_true(error.cid[0] != '\0' && error.hint[0] != '\0');
        assert_int_equal(bytes.size, 0);
        ms_buffer_release(&bytes);
        free_block(&blocks[i]);
    }
    assert_int_equal(fixture->quarantined(fixture->payload), 0); /* reading moves nothing */
    ms_store_close(store);
}

static void test_a_damaged_block_is_replaced_by_a_put(void **state)
{
    const store_fixture *fixture = *state;
    ms_store *store = open_store(state);
    test_block blocks[] = {make_block(1, 0), make_block(2, 100), make_block(3, MIB)};
    ms_store_session *session;

    for (size_t i = 0; i < MS_ARRAY_COUNT(blocks); i++) {
        commit_block(store, &blocks[i]);
        fixture->damage(fixture->payload, &blocks[i].cid);
        OK(ms_store_begin(store, &session, NULL, err));
        assert_false(put_block(session, &blocks[i]));
        OK(ms_store_commit(&session, err));
        assert_int_equal(fixture->quarantined(fixture->payload), i + 1);
        expect_block(store, &blocks[i]);
        free_block(&blocks[i]);
    }
    ms_store_close(store);
}

static void test_quarantine_moves_a_block_aside(void **state)
{
    const store_fixture *fixture = *state;
    ms_store *store = open_store(state);
    test_block block = make_block(1, 100);

    for (size_t i = 1; i <= 3; i++) {
        commit_block(store, &block);
        OK(ms_store_quarantine(store, &block.cid, err));
        assert_false(has_block(store, &block.cid));
        OK(ms_store_quarantine(store, &block.cid, err));
        assert_int_equal(fixture->quarantined(fixture->payload), i);
    }
    free_block(&block);
    ms_store_close(store);
}

static void test_an_aborted_session_leaves_nothing(void **state)
{
    ms_store *store = open_store(state);
    test_block block = make_block(1, 100000);
    listed_cids *listed = calloc(1, sizeof(*listed));
    ms_store_session *session;

    OK(ms_store_begin(store, &session, NULL, err));
    put_block(session, &block);
    ms_store_abort(&session);
    assert_null(session);
    ms_store_abort(&session);
    assert_false(has_block(store, &block.cid));
    OK(ms_store_each_unclaimed(store, collect, listed, err));
    OK(ms_store_each(store, collect, listed, err));
    assert_int_equal(times_listed(listed, &block.cid, NULL), 0);
    free(listed);
    free_block(&block);
    ms_store_close(store);
}

static void test_what_was_flushed_stays_and_is_unclaimed(void **state)
{
    ms_store *store = open_store(state);
    test_block before = make_block(1, 100);
    test_block flushed = make_block(2, 200);
    test_block after = make_block(3, 300);
    listed_cids *listed = calloc(1, sizeof(*listed));
    ms_store_session *session;
    uint64_t size = 0;

    commit_block(store, &before);
    OK(ms_store_begin(store, &session, NULL, err));
    put_block(session, &before);
    put_block(session, &flushed);
    OK(ms_store_flush(session, err));
    expect_block(store, &flushed);
    put_block(session, &after);
    ms_store_abort(&session);
    ms_store_close(store);
    store = open_store(state);
    expect_block(store, &flushed);
    assert_false(has_block(store, &after.cid));
    OK(ms_store_each_unclaimed(store, collect, listed, err));
    assert_int_equal(times_listed(listed, &flushed.cid, &size), 1);
    assert_int_equal(size, 200);
    assert_int_equal(listed->count, 1);
    OK(ms_store_forget_unclaimed(store, err));
    listed->count = 0;
    OK(ms_store_each_unclaimed(store, collect, listed, err));
    assert_int_equal(listed->count, 0);
    expect_block(store, &flushed);
    free(listed);
    free_block(&before);
    free_block(&flushed);
    free_block(&after);
    ms_store_close(store);
}

static void test_what_was_disclaimed_is_unclaimed_until_it_is_forgotten(void **state)
{
    ms_store *store = open_store(state);
    test_block blocks[] = {make_block(1, 100), make_block(2, 200), make_block(3, 300)};
    listed_cids *listed = calloc(1, sizeof(*listed));
    ms_cid cids[2];

    for (size_t i = 0; i < 3; i++)
        commit_block(store, &blocks[i]);
    cids[0] = blocks[0].cid;
    cids[1] = blocks[2].cid;
    OK(ms_store_disclaim_many(store, cids, 2, err));
    OK(ms_store_disclaim_many(store, cids, 1, err));
    OK(ms_store_disclaim_many(store, cids, 0, err));
    OK(ms_store_sync(store, err));
    ms_store_close(store);
    store = open_store(state);
    OK(ms_store_each_unclaimed(store, collect, listed, err));
    assert_int_equal(listed->count, 2);
    assert_int_equal(times_listed(listed, &blocks[1].cid, NULL), 0);
    OK(ms_store_forget_unclaimed(store, err));
    listed->count = 0;
    OK(ms_store_each_unclaimed(store, collect, listed, err));
    assert_int_equal(listed->count, 0);
    for (size_t i = 0; i < 3; i++) {
        expect_block(store, &blocks[i]);
        free_block(&blocks[i]);
    }
    free(listed);
    ms_store_close(store);
}

static void test_what_was_committed_is_claimed(void **state)
{
    ms_store *store = open_store(state);
    test_block blocks[] = {make_block(1, 100), make_block(2, 100)};
    listed_cids *listed = calloc(1, sizeof(*listed));
    ms_store_session *session;

    OK(ms_store_begin(store, &session, NULL, err));
    put_block(session, &blocks[0]);
    OK(ms_store_flush(session, err));
    OK(ms_store_flush(session, err));
    put_block(session, &blocks[1]);
    OK(ms_store_commit(&session, err));
    OK(ms_store_each_unclaimed(store, collect, listed, err));
    assert_int_equal(listed->count, 0);
    OK(ms_store_begin(store, &session, NULL, err)); /* nothing at all is fine too */
    OK(ms_store_commit(&session, err));
    free(listed);
    free_block(&blocks[0]);
    free_block(&blocks[1]);
    ms_store_close(store);
}

static void test_pins_survive_reopening(void **state)
{
    ms_store *store = open_store(state);
    test_block roots[] = {make_block(1, 1), make_block(2, 2), make_block(3, 3)};
    listed_cids *listed = calloc(1, sizeof(*listed));
    bool pinned;

    for (size_t i = 0; i < 3; i++) {
        roots[i].cid.codec = MS_CODEC_DAG_CBOR;
        OK(ms_store_pin(store, &roots[i].cid, err));
    }
    OK(ms_store_pin(store, &roots[0].cid, err));
    OK(ms_store_unpin(store, &roots[1].cid, err));
    OK(ms_store_unpin(store, &roots[2].cid, err));
    OK(ms_store_forget_root(store, &roots[2].cid, err));
    ms_store_close(store);
    store = open_store(state);
    OK(ms_store_each_root(store, true, collect, listed, err));
    assert_int_equal(listed->count, 1);
    assert_true(ms_cid_equal(&listed->cids[0], &roots[0].cid));
    listed->count = 0;
    OK(ms_store_each_root(store, false, collect, listed, err));
    assert_int_equal(listed->count, 1);
    assert_true(ms_cid_equal(&listed->cids[0], &roots[1].cid));
    OK(ms_store_is_pinned(store, &roots[0].cid, &pinned, err));
    assert_true(pinned);
    OK(ms_store_is_pinned(store, &roots[1].cid, &pinned, err));
    assert_false(pinned);
    OK(ms_store_pin(store, &roots[1].cid, err));
    OK(ms_store_is_pinned(store, &roots[1].cid, &pinned, err));
    assert_true(pinned);
    for (size_t i = 0; i < 3; i++)
        free_block(&roots[i]);
    free(listed);
    ms_store_close(store);
}

static void test_each_lists_every_block_with_its_size(void **state)
{
    ms_store *store = open_store(state);
    listed_cids *listed = calloc(1, sizeof(*listed));
    test_block blocks[200];
    ms_store_session *session;

    OK(ms_store_begin(store, &session, NULL, err));
    for (size_t i = 0; i < MS_ARRAY_COUNT(blocks); i++) {
        blocks[i] = make_block((uint32_t)i, i);
        put_block(session, &blocks[i]);
    }
    OK(ms_store_commit(&session, err));
    OK(ms_store_each(store, collect, listed, err));
    assert_in_range(listed->count, MS_ARRAY_COUNT(blocks), MS_ARRAY_COUNT(blocks) + 1);
    for (size_t i = 0; i < MS_ARRAY_COUNT(blocks); i++) {
        uint64_t size = 0;
        assert_int_equal(times_listed(listed, &blocks[i].cid, &size), 1);
        assert_int_equal(size, i);
        free_block(&blocks[i]);
    }
    free(listed);
    ms_store_close(store);
}

static void test_prune_waits_for_sessions_and_readers(void **state)
{
    ms_store *store = open_store(state);
    ms_store *other = open_store(state);
    test_block block = make_block(1, 1);
    ms_error error = MS_ERROR_INIT;
    ms_store_session *session;
    void *reader;
    void *lock;

    commit_block(store, &block);
    OK(ms_store_begin(other, &session, NULL, err));
    assert_int_equal(ms_store_prune_begin(store, 20, NULL, &lock, &error), MS_LOCKED);
    assert_null(lock);
    ms_store_abort(&session);
    OK(ms_store_read_begin(other, NULL, &reader, err));
    assert_int_equal(ms_store_prune_begin(store, 0, NULL, &lock, &error), MS_LOCKED);
    ms_store_read_end(other, reader);
    OK(ms_store_read_begin(store, NULL, &reader, err));
    assert_int_equal(ms_store_prune_begin(store, 0, NULL, &lock, &error), MS_LOCKED);
    ms_store_read_end(store, reader);
    OK(ms_store_prune_begin(store, 0, NULL, &lock, err));
    ms_store_prune_end(store, lock);
    free_block(&block);
    ms_store_close(other);
    ms_store_close(store);
}

static void test_sessions_and_readers_wait_for_prune(void **state)
{
    ms_store *store = open_store(state);
    ms_store *other = open_store(state);
    test_block block = make_block(1, 1);
    ms_task_options options = {.workers = 1};
    ms_error error = MS_ERROR_INIT;
    ms_store_session *session;
    ms_task *cancelled;
    void *reader;
    void *second;
    void *lock;

    commit_block(store, &block);
    OK(ms_task_new(&cancelled, &options, err));
    ms_task_cancel(cancelled);
    OK(ms_store_prune_begin(store, 0, NULL, &lock, err));
    assert_int_equal(ms_store_begin(other, &session, cancelled, &error), MS_INTERRUPTED);
    assert_null(session);
    assert_int_equal(ms_store_read_begin(other, cancelled, &reader, &error), MS_INTERRUPTED);
    assert_int_equal(ms_store_prune_begin(other, 0, NULL, &second, &error), MS_LOCKED);
    ms_store_prune_end(store, lock);
    OK(ms_store_begin(other, &session, NULL, err));
    ms_store_abort(&session);
    ms_task_free(cancelled);
    free_block(&block);
    ms_store_close(other);
    ms_store_close(store);
}

static void test_prune_removes_what_it_is_told(void **state)
{
    ms_store *store = open_store(state);
    test_block blocks[40];
    ms_cid cids[40];
    ms_store_removed removed;
    ms_error error = MS_ERROR_INIT;
    void *lock;

    for (size_t i = 0; i < 40; i++) {
        blocks[i] = make_block((uint32_t)i, 100 + i);
        cids[i] = blocks[i].cid;
        if (i != 5)
            commit_block(store, &blocks[i]);
    }
    assert_int_equal(ms_store_remove_many(store, cids, 1, &removed, &error), MS_USAGE);
    assert_true(has_block(store, &cids[0]));
    OK(ms_store_prune_begin(store, 0, NULL, &lock, err));
    OK(ms_store_remove_many(store, cids, 39, &removed, err));
    ms_store_prune_end(store, lock);
    assert_int_equal(removed.blocks, 38);
    assert_int_equal(removed.bytes, 39 * 100 + 38 * 39 / 2 - 105);
    for (size_t i = 0; i < 39; i++)
        assert_false(has_block(store, &cids[i]));
    expect_block(store, &blocks[39]);
    for (size_t i = 0; i < 40; i++)
        free_block(&blocks[i]);
    ms_store_close(store);
}

/* Threads that put overlapping ranges of the same blocks into one session. */
#define THREADS 8
#define SHARED_BLOCKS 60

typedef struct put_worker {
    ms_store_session *session;
    const test_block *blocks;
    size_t start;
    unsigned *new_blocks;
    ms_status status;
    ms_error error;
} put_worker;

static void run_put_worker(void *payload)
{
    put_worker *worker = payload;

    for (size_t i = 0; worker->status == MS_OK && i < SHARED_BLOCKS; i += 3) {
        ms_block_put puts[3];
        for (size_t k = 0; k < 3; k++) {
            const test_block *block = &worker->blocks[(worker->start + i + k) % SHARED_BLOCKS];
            puts[k] = (ms_block_put){.cid = block->cid,
                    .block = ms_span_of(block->data, block->size),
                    .buffer_size = block->size};
        }
        worker->status = ms_store_put_many(worker->session, puts, 3, &worker->error);
        for (size_t k = 0; k < 3; k++) {
            if (!puts[k].was_present)
                __atomic_fetch_add(worker->new_blocks, 1, __ATOMIC_RELAXED);
        }
    }
}

static void run_put_workers(ms_store_session *session, const test_block *blocks, unsigned *new_blocks)
{
    put_worker workers[THREADS];
    ms_thread threads[THREADS];

    for (size_t i = 0; i < THREADS; i++) {
        workers[i] = (put_worker){.session = session,
                .blocks = blocks,
                .start = i * 7 % SHARED_BLOCKS,
                .new_blocks = new_blocks,
                .error = MS_ERROR_INIT};
        OK(ms_thread_start(&threads[i], run_put_worker, &workers[i], err));
    }
    for (size_t i = 0; i < THREADS; i++) {
        ms_thread_join(&threads[i]);
        expect_ok(workers[i].status, &workers[i].error);
    }
}

static void test_many_threads_put_into_one_session(void **state)
{
    ms_store *store = open_store(state);
    test_block blocks[SHARED_BLOCKS];
    ms_store_session *session;
    unsigned new_blocks = 0;

    for (size_t i = 0; i < SHARED_BLOCKS; i++)
        blocks[i] = make_block((uint32_t)i, i % 4 == 0 ? 100000 : 1000);
    OK(ms_store_begin(store, &session, NULL, err));
    run_put_workers(session, blocks, &new_blocks);
    assert_int_equal(new_blocks, SHARED_BLOCKS);
    OK(ms_store_commit(&session, err));
    OK(ms_store_begin(store, &session, NULL, err));
    new_blocks = 0;
    run_put_workers(session, blocks, &new_blocks);
    assert_int_equal(new_blocks, 0);
    OK(ms_store_commit(&session, err));
    for (size_t i = 0; i < SHARED_BLOCKS; i++) {
        expect_block(store, &blocks[i]);
        free_block(&blocks[i]);
    }
    ms_store_close(store);
}

static void test_two_sessions_put_the_same_blocks(void **state)
{
    ms_store *store = open_store(state);
    ms_store *other = open_store(state);
    test_block blocks[30];
    ms_store_session *first;
    ms_store_session *second;

    OK(ms_store_begin(store, &first, NULL, err));
    OK(ms_store_begin(other, &second, NULL, err));
    for (size_t i = 0; i < MS_ARRAY_COUNT(blocks); i++) {
        blocks[i] = make_block((uint32_t)i, i * 10000);
        put_block(first, &blocks[i]);
        put_block(second, &blocks[i]);
    }
    OK(ms_store_commit(&second, err));
    ms_store_close(other);
    OK(ms_store_commit(&first, err));
    for (size_t i = 0; i < MS_ARRAY_COUNT(blocks); i++) {
        expect_block(store, &blocks[i]);
        free_block(&blocks[i]);
    }
    ms_store_close(store);
}

static void test_a_cancelled_task_stops_putting(void **state)
{
    ms_store *store = open_store(state);
    test_block block = make_block(1, 100);
    ms_block_put put = {.cid = block.cid, .block = ms_span_of(block.data, block.size), .buffer_size = block.size};
    ms_task_options options = {.workers = 1};
    ms_error error = MS_ERROR_INIT;
    ms_store_session *session;
    ms_task *task;

    OK(ms_task_new(&task, &options, err));
    OK(ms_store_begin(store, &session, task, err));
    ms_task_cancel(task);
    assert_int_equal(ms_store_put_many(session, &put, 1, &error), MS_INTERRUPTED);
    ms_store_abort(&session);
    assert_false(has_block(store, &block.cid));
    ms_task_free(task);
    free_block(&block);
    ms_store_close(store);
}

static void test_blocks_of_other_hashes_are_refused(void **state)
{
    ms_store *store = open_store(state);
    ms_cid other = {.version = 1, .digest_size = 64, .hash = MS_HASH_SHA2_512, .codec = MS_CODEC_RAW};
    ms_cid undefined = {0};
    ms_error error = MS_ERROR_INIT;
    ms_buffer bytes;
    bool present;

    ms_buffer_init(&bytes, BLOCK_MAX);
    assert_int_equal(ms_store_get(store, &other, &bytes, &error), MS_USAGE);
    assert_string_equal(error.reason, "store_hash");
    assert_int_equal(ms_store_get(store, &undefined, &bytes, &error), MS_USAGE);
    assert_int_equal(ms_store_has_many(store, &other, NULL, 1, &present, &error), MS_USAGE);
    assert_int_equal(ms_store_quarantine(store, &other, &error), MS_USAGE);
    ms_buffer_release(&bytes);
    ms_store_close(store);
}

static void test_a_block_over_the_limit_is_refused(void **state)
{
    ms_store *store = open_store(state);
    test_block block = make_block(1, BLOCK_MAX + 1);
    ms_error error = MS_ERROR_INIT;
    ms_store_session *session;
    ms_cid cid;

    OK(ms_store_begin(store, &session, NULL, err));
    assert_int_equal(ms_store_put(session, &cid, MS_CODEC_RAW, ms_span_of(block.data, block.size), NULL, &error),
            MS_LIMIT);
    assert_false(ms_cid_is_defined(&cid));
    ms_store_abort(&session);
    free_block(&block);
    ms_store_close(store);
}

static void test_sink_and_source_carry_blocks(void **state)
{
    ms_store *store = open_store(state);
    test_block block = make_block(1, 1234);
    ms_store_session *session;
    ms_block_source source;
    ms_block_sink sink;
    ms_buffer bytes;

    OK(ms_store_begin(store, &session, NULL, err));
    sink = ms_store_session_sink(session);
    OK(sink.put(sink.payload, &block.cid, ms_span_of(block.data, block.size), err));
    OK(ms_store_commit(&session, err));
    source = ms_store_source(store);
    ms_buffer_init(&bytes, BLOCK_MAX);
    OK(source.get(source.payload, &block.cid, &bytes, err));
    assert_true(ms_span_equal(ms_buffer_span(&bytes), ms_span_of(block.data, block.size)));
    ms_buffer_release(&bytes);
    free_block(&block);
    ms_store_close(store);
}

/* A backend that returns the blocks of an honest store with a bit flipped, a byte too few, or those
 * of another block. */
typedef struct liar {
    ms_store *honest;
    unsigned calls;
    ms_block_done_fn done;
    void *payload;
} liar;

static ms_status lie(void *payload, ms_block_get *const *done, size_t count, ms_error *err)
{
    liar *self = payload;

    for (size_t i = 0; i < count; i++) {
        uint8_t *bytes = done[i]->buffer;
        if (self->calls++ % 2 == 0)
            bytes[self->calls * 37 % done[i]->size] ^= (uint8_t)(1u << self->calls % 8);
        else
            done[i]->size--;
    }
    return self->done(self->payload, done, count, err);
}

static ms_status get_many_lying(void *payload, ms_block_get *gets, size_t count, ms_block_done_fn done,
        void *done_payload, ms_error *err)
{
    liar *self = payload;

    self->done = done;
    self->payload = done_payload;
    return ms_store_get_many(self->honest, gets, count, lie, self, err);
}

static void close_liar(void *payload)
{
    (void)payload;
}

static void test_a_lying_backend_is_caught(void **state)
{
    static const ms_store_backend backend = {
            .kind = "liar", .get_many = get_many_lying, .close = close_liar};
    liar self = {.honest = open_store(state)};
    ms_block_get gets[GET_COUNT];
    test_block blocks[GET_COUNT];
    ms_store_session *session;
    ms_store *store;

    OK(ms_store_new(&store, &backend, &self, err));
    OK(ms_store_begin(self.honest, &session, NULL, err));
    for (size_t i = 0; i < GET_COUNT; i++) {
        blocks[i] = make_block((uint32_t)i, 1 + i * 100);
        put_block(session, &blocks[i]);
        gets[i] = (ms_block_get){
                .cid = blocks[i].cid, .buffer = malloc(blocks[i].size), .buffer_size = blocks[i].size};
    }
    OK(ms_store_commit(&session, err));
    OK(ms_store_get_many(store, gets, GET_COUNT, ignore_done, NULL, err));
    for (size_t i = 0; i < GET_COUNT; i++) {
        uint8_t digest[32];
        assert_int_equal(gets[i].status, MS_INTEGRITY);
        ms_sha256(digest, gets[i].buffer, gets[i].size);
        assert_memory_equal(gets[i].actual, digest, sizeof(digest));
        free(gets[i].buffer);
        free_block(&blocks[i]);
    }
    ms_store_close(store);
    ms_store_close(self.honest);
}

static void test_what_a_backend_cannot_do_is_said(void **state)
{
    static const ms_store_backend backend = {
            .kind = "liar", .get_many = get_many_lying, .close = close_liar};
    test_block block = make_block(1, 1);
    ms_error error = MS_ERROR_INIT;
    ms_store_session *session;
    ms_store_removed removed;
    char path[100];
    ms_store *store;
    bool pinned;
    void *lock;

    (void)state;
    OK(ms_store_new(&store, &backend, NULL, err));
    assert_int_equal(ms_store_begin(store, &session, NULL, &error), MS_USAGE);
    assert_string_equal(error.reason, "store_cannot");
    assert_int_equal(ms_store_pin(store, &block.cid, &error), MS_USAGE);
    assert_int_equal(ms_store_is_pinned(store, &block.cid, &pinned, &error), MS_USAGE);
    assert_int_equal(ms_store_remove_many(store, &block.cid, 1, &removed, &error), MS_USAGE);
    assert_int_equal(ms_store_prune_begin(store, 0, NULL, &lock, &error), MS_USAGE);
    assert_int_equal(ms_store_quarantine(store, &block.cid, &error), MS_USAGE);
    assert_int_equal(ms_store_block_path(store, &block.cid, path, sizeof(path), &error), MS_USAGE);
    OK(ms_store_read_begin(store, NULL, &lock, err));
    ms_store_read_end(store, lock);
    assert_false(ms_store_is_shared_with_others(store));
    free_block(&block);
    ms_store_close(store);
}

int store_suite_run(const char *name, int (*setup)(void **state), int (*teardown)(void **state))
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_an_empty_store_reads_as_empty),
            TEST(test_committed_blocks_are_there_after_reopening),
            TEST(test_unaligned_buffers_are_stored_too),
            TEST(test_a_block_is_stored_once),
            TEST(test_the_codec_does_not_name_another_block),
            TEST(test_has_many_looks_at_sizes),
            TEST(test_every_get_is_delivered_once),
            TEST(test_a_failure_of_the_receiver_ends_the_call),
            TEST(test_a_block_that_does_not_fit_is_over_the_limit),
            TEST(test_a_damaged_block_is_named),
            TEST(test_a_damaged_block_is_replaced_by_a_put),
            TEST(test_quarantine_moves_a_block_aside),
            TEST(test_an_aborted_session_leaves_nothing),
            TEST(test_what_was_flushed_stays_and_is_unclaimed),
            TEST(test_what_was_disclaimed_is_unclaimed_until_it_is_forgotten),
            TEST(test_what_was_committed_is_claimed),
            TEST(test_pins_survive_reopening),
            TEST(test_each_lists_every_block_with_its_size),
            TEST(test_prune_waits_for_sessions_and_readers),
            TEST(test_sessions_and_readers_wait_for_prune),
            TEST(test_prune_removes_what_it_is_told),
            TEST(test_many_threads_put_into_one_session),
            TEST(test_two_sessions_put_the_same_blocks),
            TEST(test_a_cancelled_task_stops_putting),
            TEST(test_blocks_of_other_hashes_are_refused),
            TEST(test_a_block_over_the_limit_is_refused),
            TEST(test_sink_and_source_carry_blocks),
            TEST(test_a_lying_backend_is_caught),
            TEST(test_what_a_backend_cannot_do_is_said),
    };
#undef TEST
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
