/* What every store promises of sessions, pins, prune and many threads. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "conformance/store_steps.h"
#include "conformance/store_suite_priv.h"

#include "platform/thread.h"

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
    assert_int_equal(ms_store_prune_begin(store, false, 20, NULL, &lock, &error), MS_LOCKED);
    assert_null(lock);
    ms_store_abort(&session);
    OK(ms_store_read_begin(other, NULL, &reader, err));
    assert_int_equal(ms_store_prune_begin(store, false, 0, NULL, &lock, &error), MS_LOCKED);
    ms_store_read_end(other, reader);
    OK(ms_store_read_begin(store, NULL, &reader, err));
    assert_int_equal(ms_store_prune_begin(store, false, 0, NULL, &lock, &error), MS_LOCKED);
    ms_store_read_end(store, reader);
    OK(ms_store_prune_begin(store, false, 0, NULL, &lock, err));
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
    OK(ms_store_prune_begin(store, false, 0, NULL, &lock, err));
    assert_int_equal(ms_store_begin(other, &session, cancelled, &error), MS_INTERRUPTED);
    assert_null(session);
    assert_int_equal(ms_store_read_begin(other, cancelled, &reader, &error), MS_INTERRUPTED);
    assert_int_equal(ms_store_prune_begin(other, false, 0, NULL, &second, &error), MS_LOCKED);
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
    OK(ms_store_prune_begin(store, false, 0, NULL, &lock, err));
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

/* It keeps others away and tells what a prune would find, but deletes nothing; what was put stays as it is. */
static void test_a_dry_run_of_prune_looks_and_deletes_nothing(void **state)
{
    ms_store *store = open_store(state);
    ms_store *other = open_store(state);
    test_block block = make_block(1, 100);
    ms_error error = MS_ERROR_INIT;
    listed_cids *listed = calloc(1, sizeof(*listed));
    ms_store_session *session;
    ms_store_removed removed;
    void *reader;
    void *second;
    void *lock;

    OK(ms_store_begin(store, &session, NULL, err));
    put_block(session, &block);
    OK(ms_store_flush(session, err));
    assert_int_equal(ms_store_prune_begin(store, true, 0, NULL, &lock, &error), MS_LOCKED);
    ms_store_abort(&session);
    OK(ms_store_read_begin(other, NULL, &reader, err));
    assert_int_equal(ms_store_prune_begin(store, true, 0, NULL, &lock, &error), MS_LOCKED);
    ms_store_read_end(other, reader);
    for (int dry_run = 1; dry_run >= 0; dry_run--) {
        OK(ms_store_prune_begin(store, dry_run == 1, 0, NULL, &lock, err));
        assert_int_equal(ms_store_prune_begin(other, true, 0, NULL, &second, &error), MS_LOCKED);
        listed->count = 0;
        OK(ms_store_each_unclaimed(store, collect, listed, err));
        assert_int_equal(listed->count, 1);
        assert_memory_equal(listed->cids[0].digest, block.cid.digest, 32);
        assert_int_equal(ms_store_remove_many(store, &block.cid, 1, &removed, &error),
                dry_run == 1 ? MS_USAGE : MS_OK);
        assert_int_equal(has_block(store, &block.cid), dry_run == 1);
        ms_store_prune_end(store, lock);
    }
    free_block(&block);
    free(listed);
    ms_store_close(other);
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

/* With a task of several workers a store may share the blocks of one call between threads. */
static void test_a_batch_that_is_there_is_put_again_but_for_damaged_and_new_blocks(void **state)
{
    enum { COUNT = 16, DAMAGED = 5, NEW = 11 };
    const store_fixture *fixture = *state;
    ms_store *store = open_store(state);
    ms_task_options options = {.workers = 2};
    test_block blocks[COUNT];
    ms_block_put puts[COUNT];
    ms_error error = MS_ERROR_INIT;
    ms_store_session *session;
    ms_task *task;

    for (size_t i = 0; i < COUNT; i++) {
        blocks[i] = make_block((uint32_t)i, i % 2 == 0 ? 300000 : 1000);
        if (i != NEW)
            commit_block(store, &blocks[i]);
        puts[i] = (ms_block_put){.cid = blocks[i].cid,
                .block = ms_span_of(blocks[i].data, blocks[i].size),
                .buffer_size = blocks[i].size};
    }
    fixture->damage(fixture->payload, &blocks[DAMAGED].cid);
    OK(ms_task_new(&task, &options, err));
    OK(ms_store_begin(store, &session, task, err));
    OK(ms_store_put_many(session, puts, COUNT, err));
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(puts[i].was_present, i != DAMAGED && i != NEW);
    OK(ms_store_commit(&session, err));
    assert_int_equal(fixture->quarantined(fixture->payload), 1);
    for (size_t i = 0; i < COUNT; i++)
        expect_block(store, &blocks[i]);
    OK(ms_store_begin(store, &session, task, err));
    ms_task_cancel(task);
    assert_int_equal(ms_store_put_many(session, puts, COUNT, &error), MS_INTERRUPTED);
    ms_store_abort(&session);
    ms_task_free(task);
    for (size_t i = 0; i < COUNT; i++)
        free_block(&blocks[i]);
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

int store_suite_run_sessions(const char *name, int (*setup)(void **state), int (*teardown)(void **state))
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_an_aborted_session_leaves_nothing),
            TEST(test_what_was_flushed_stays_and_is_unclaimed),
            TEST(test_what_was_disclaimed_is_unclaimed_until_it_is_forgotten),
            TEST(test_what_was_committed_is_claimed),
            TEST(test_pins_survive_reopening),
            TEST(test_prune_waits_for_sessions_and_readers),
            TEST(test_sessions_and_readers_wait_for_prune),
            TEST(test_prune_removes_what_it_is_told),
            TEST(test_a_dry_run_of_prune_looks_and_deletes_nothing),
            TEST(test_many_threads_put_into_one_session),
            TEST(test_a_batch_that_is_there_is_put_again_but_for_damaged_and_new_blocks),
            TEST(test_two_sessions_put_the_same_blocks),
            TEST(test_a_cancelled_task_stops_putting),
    };
#undef TEST
    return cmocka_run_group_tests_name(name, tests, NULL, NULL);
}
