/* What every store promises of its blocks; sessions have their own file. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conformance/store_steps.h"
#include "conformance/store_suite_priv.h"

/* Sizes at which pages, direct I/O and limits change something. */
static const size_t sizes[] = {0, 1, 4095, 4096, 4097, 64 * KIB - 1, 64 * KIB, 64 * KIB + 1, 300000, MIB - 1, MIB,
        BLOCK_MAX};

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
    assert_int_equal(ms_store_prune_begin(store, false, 0, NULL, &lock, &error), MS_USAGE);
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
            TEST(test_each_lists_every_block_with_its_size),
            TEST(test_blocks_of_other_hashes_are_refused),
            TEST(test_a_block_over_the_limit_is_refused),
            TEST(test_sink_and_source_carry_blocks),
            TEST(test_a_lying_backend_is_caught),
            TEST(test_what_a_backend_cannot_do_is_said),
    };
#undef TEST
    return cmocka_run_group_tests_name(name, tests, NULL, NULL) +
           store_suite_run_sessions(name, setup, teardown);
}
