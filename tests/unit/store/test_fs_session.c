/* Sessions of the embedded store: the order of writes, what a fault or a kill at any call leaves, and
 * that nothing is acknowledged before it is durable. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <glob.h>

#include "fs_fixture.h"

/* Position of the nth call name in the record, or -1. */
static long position(const char *record, const char *call, unsigned nth)
{
    const char *at = record;

    for (;;) {
        at = strstr(at, call);
        if (at == NULL)
            return -1;
        if (--nth == 0)
            return at - record;
        at += strlen(call);
    }
}

static void test_first_session_makes_the_home(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);
    char text[100] = {0};
    struct stat status;

    assert_int_equal(fixture_store(opened.store, 0, 1, NULL), MS_OK);
    assert_int_equal(temporary_read(folder, "home/blocks/SHARDING", text, sizeof(text)), 37);
    assert_string_equal(text, "/repo/flatfs/shard/v1/next-to-last/2\n");
    assert_int_equal(temporary_read(folder, EMPTY_FOLDER_FILE, text, sizeof(text)), 4);
    assert_memory_equal(text, "\x0a\x02\x08\x01", 4);
    assert_int_equal(fstatat(folder->fd, "home", &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0700);
    assert_int_equal(fstatat(folder->fd, fixture_path(folder, &fixture_block(0)->cid), &status, 0), 0);
    assert_int_equal(status.st_mode & 07777, 0444);
    assert_int_equal(temporary_count(folder, "home/tmp"), 0);
    fixture_close(&opened);
}

/* No model leads to this block: neither verify nor repair would ever look at it. */
static void test_every_session_heals_the_block_of_the_empty_folder(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);
    const ms_cid cid = ms_fs_empty_folder_cid();
    char text[100] = {0};

    assert_int_equal(fixture_store(opened.store, 0, 1, NULL), MS_OK);
    fixture_replace(folder, &cid, "\x0a\x02\x08\x02", 4); /* the right size */
    assert_int_equal(fixture_store(opened.store, 0, 1, NULL), MS_OK);
    assert_int_equal(temporary_read(folder, EMPTY_FOLDER_FILE, text, sizeof(text)), 4);
    assert_memory_equal(text, "\x0a\x02\x08\x01", 4);
    assert_int_equal(fixture_count(folder, "home/quarantine"), 1);
    fixture_close(&opened);
}

static void test_blocks_are_synced_before_they_get_their_names(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);
    ms_store_session *session;
    const char *record;

    assert_int_equal(fixture_store(opened.store, 0, 1, NULL), MS_OK);
    assert_int_equal(ms_store_begin(opened.store, &session, NULL, NULL), MS_OK);
    for (unsigned i = 1; i < 4; i++)
        assert_int_equal(fixture_put(session, i, NULL, NULL), MS_OK);
    faulty_reset();
    assert_int_equal(ms_store_flush(session, NULL), MS_OK);
    record = faulty_record();
    /* three blocks and the journal with the folders of its name; then three names; then their
     * folders and blocks/ */
    assert_int_equal(faulty_count(FAULTY_syncfs), 0);
    assert_in_range(faulty_count(FAULTY_fsync), 3 + 3 + 2, 3 + 3 + 4);
    assert_true(position(record, "write", 1) < position(record, "fsync", 1));
    assert_true(position(record, "fsync", 6) < position(record, "renameat2", 1));
    assert_true(position(record, "renameat2", 3) < position(record, "fsync", 7) ||
                position(record, "renameat2", 4) < position(record, "fsync", 7));
    assert_int_equal(ms_store_commit(&session, NULL), MS_OK);
    fixture_close(&opened);
}

static void test_large_batches_are_synced_as_a_whole(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);
    ms_store_session *session;
    const char *record;

    assert_int_equal(ms_store_begin(opened.store, &session, NULL, NULL), MS_OK);
    for (uint32_t i = 0; i < 40; i++) {
        ms_cid cid;
        assert_int_equal(
                ms_store_put(session, &cid, MS_CODEC_RAW, ms_span_of(&i, sizeof(i)), NULL, NULL), MS_OK);
    }
    faulty_reset();
    assert_int_equal(ms_store_flush(session, NULL), MS_OK);
    record = faulty_record();
    assert_int_equal(faulty_count(FAULTY_fsync), 0);
    assert_int_equal(faulty_count(FAULTY_syncfs), 2);
    assert_true(position(record, "write", 1) < position(record, "syncfs", 1));
    assert_true(position(record, "syncfs", 1) < position(record, "renameat2", 1));
    assert_true(position(record, "renameat2", 41) < position(record, "syncfs", 2));
    assert_int_equal(ms_store_commit(&session, NULL), MS_OK);
    fixture_close(&opened);
}

/* Nobody knows whether whoever wrote a block has synced it: a Kubo does not. */
static void test_commit_syncs_what_was_present(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);
    ms_store_session *session;
    bool was_present;

    assert_int_equal(fixture_store(opened.store, 0, 2, NULL), MS_OK);
    assert_int_equal(ms_store_begin(opened.store, &session, NULL, NULL), MS_OK);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(fixture_put(session, i, &was_present, NULL), MS_OK);
        assert_true(was_present);
    }
    faulty_reset();
    assert_int_equal(ms_store_commit(&session, NULL), MS_OK);
    /* two files, their folders, blocks/ */
    assert_in_range(faulty_count(FAULTY_fsync), 4, 5);
    assert_int_equal(faulty_count(FAULTY_renameat2), 0);
    fixture_close(&opened);
}

static void test_commit_syncs_many_present_blocks_as_a_whole(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);

    for (int round = 0; round < 2; round++) {
        ms_store_session *session;
        assert_int_equal(ms_store_begin(opened.store, &session, NULL, NULL), MS_OK);
        for (uint32_t i = 0; i < 40; i++) {
            ms_cid cid;
            assert_int_equal(
                    ms_store_put(session, &cid, MS_CODEC_RAW, ms_span_of(&i, sizeof(i)), NULL, NULL),
                    MS_OK);
        }
        faulty_reset();
        assert_int_equal(ms_store_commit(&session, NULL), MS_OK);
        assert_int_equal(faulty_count(FAULTY_syncfs), round == 0 ? 2 : 1);
    }
    fixture_close(&opened);
}

static void test_small_batches_are_flushed_on_the_way(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 5000);
    ms_store_session *session;
    bool present;

    assert_int_equal(ms_store_begin(opened.store, &session, NULL, NULL), MS_OK);
    assert_int_equal(fixture_put(session, 1, NULL, NULL), MS_OK);
    assert_int_equal(fixture_put(session, 2, NULL, NULL), MS_OK);
    assert_int_equal(ms_store_has_many(opened.store, &fixture_block(1)->cid, NULL, 1, &present, NULL), MS_OK);
    assert_false(present);
    assert_int_equal(fixture_put(session, 5, NULL, NULL), MS_OK); /* larger than a batch */
    assert_int_equal(fixture_get(opened.store, 1, NULL), MS_OK);
    assert_int_equal(fixture_get(opened.store, 2, NULL), MS_OK);
    assert_int_equal(fixture_put(session, 4, NULL, NULL), MS_OK);
    assert_int_equal(fixture_get(opened.store, 5, NULL), MS_OK);
    assert_int_equal(ms_store_commit(&session, NULL), MS_OK);
    assert_int_equal(fixture_get(opened.store, 4, NULL), MS_OK);
    fixture_close(&opened);
}

/* A failed sync says that bytes may be lost: they get no name, and no later sync makes it good. */
static void test_failed_sync_publishes_nothing_and_is_not_tried_again(void **state)
{
    static const faulty_call syncs[] = {FAULTY_fsync, FAULTY_syncfs};
    temporary_folder *folder = *state;

    for (size_t which = 0; which < 2; which++) {
        opened_store opened = fixture_open(folder, 0);
        ms_store_session *session;
        ms_error error = MS_ERROR_INIT;
        uint32_t count = which == 0 ? 3 : 40;
        uint32_t numbers[2];
        ms_cid cids[40];
        bool present[40];

        assert_int_equal(fixture_store(opened.store, 0, 1, NULL), MS_OK);
        assert_int_equal(ms_store_begin(opened.store, &session, NULL, NULL), MS_OK);
        numbers[1] = (uint32_t)which;
        for (numbers[0] = 0; numbers[0] < count; numbers[0]++)
            assert_int_equal(ms_store_put(session, &cids[numbers[0]], MS_CODEC_RAW,
                                     ms_span_of(numbers, sizeof(numbers)), NULL, NULL),
                    MS_OK);
        faulty_reset();
        faulty_fail(syncs[which], 1, EIO);
        assert_int_equal(ms_store_flush(session, &error), MS_IO);
        assert_true(faulty_fired());
        assert_int_equal(error.os_errno, EIO);
        faulty_reset();
        assert_int_equal(ms_store_put(session, &cids[0], MS_CODEC_RAW, ms_span_of("x", 1), NULL, &error), MS_IO);
        assert_int_equal(ms_store_flush(session, &error), MS_IO);
        assert_int_equal(ms_store_commit(&session, &error), MS_IO);
        assert_string_equal(error.reason, "sync_failed");
        numbers[0] = 0;
        assert_int_equal(ms_store_has_many(opened.store, cids + 1, NULL, count - 1, present, NULL), MS_OK);
        for (uint32_t i = 0; i < count - 1; i++)
            assert_false(present[i]);
        assert_int_equal(fixture_count(folder, "home/tmp"), 0);
        fixture_close(&opened);
    }
}

/* Store with the nth call failing; returns whether there was an nth call. */
static bool store_with_fault(temporary_folder *folder, faulty_call call, unsigned nth, int os_errno)
{
    opened_store opened = fixture_open(folder, 4500);
    ms_error error = MS_ERROR_INIT;
    ms_status status;
    bool fired;

    faulty_reset();
    faulty_fail(call, nth, os_errno);
    status = fixture_store(opened.store, 0, FIXTURE_BLOCKS, &error);
    fired = faulty_fired();
    faulty_reset();
    if (status != MS_OK)
        assert_int_equal(error.status, status);
    for (unsigned i = 0; i < FIXTURE_BLOCKS; i++) {
        ms_status got = fixture_get(opened.store, i, NULL);
        assert_true(got == MS_OK || (status != MS_OK && got == MS_NOT_FOUND));
    }
    assert_int_equal(fixture_store(opened.store, 0, FIXTURE_BLOCKS, &error), MS_OK);
    for (unsigned i = 0; i < FIXTURE_BLOCKS; i++)
        assert_int_equal(fixture_get(opened.store, i, NULL), MS_OK);
    assert_int_equal(fixture_count(folder, "home/tmp"), 0);
    fixture_close(&opened);
    fixture_clear(folder);
    return fired;
}

/* Whatever call fails: no false success, no half block, and the next attempt is whole. */
static void test_every_fault_is_survived(void **state)
{
    static const faulty_call full[] = {FAULTY_openat, FAULTY_write, FAULTY_pwrite, FAULTY_mkdirat, FAULTY_fallocate};
    unsigned faults = 0;

    for (unsigned nth = 1; store_with_fault(*state, FAULTY_ANY, nth, EIO); nth++)
        faults++;
    for (size_t i = 0; i < MS_ARRAY_COUNT(full); i++) {
        for (unsigned nth = 1; store_with_fault(*state, full[i], nth, ENOSPC); nth++)
            faults++;
    }
    assert_in_range(faults, 200, 5000);
}

typedef struct kill_run {
    temporary_folder *folder;
    unsigned nth;
} kill_run;

static int store_until_killed(void *payload)
{
    kill_run *run = payload;
    opened_store opened = fixture_open(run->folder, 4500);

    faulty_reset();
    faulty_kill(run->nth);
    return fixture_store(opened.store, 0, FIXTURE_BLOCKS, NULL) == MS_OK ? 0 : 1;
}

static bool is_journal_left(const temporary_folder *folder)
{
    glob_t found;
    bool left = glob(temporary_path(folder, "home/tmp/*/journal"), 0, NULL, &found) == 0;

    globfree(&found);
    return left;
}

static void test_kill_before_any_call_is_survived(void **state)
{
    temporary_folder *folder = *state;
    kill_run run = {.folder = folder};
    int result = 256 + 9;

    for (run.nth = 1; result != 0; run.nth++) {
        opened_store opened;
        ms_error error = MS_ERROR_INIT;
        unsigned before;
        bool has_journal;

        result = child_run(store_until_killed, &run);
        assert_true(result == 0 || result == 256 + 9);
        opened = fixture_open(folder, 4500);
        for (unsigned i = 0; i < FIXTURE_BLOCKS; i++) {
            ms_status got = fixture_get(opened.store, i, NULL);
            assert_true(got == MS_OK || (result != 0 && got == MS_NOT_FOUND));
        }
        before = fixture_listed(opened.store);
        has_journal = is_journal_left(folder);
        /* The next session finds what was left, and brings nothing new of its own. */
        assert_int_equal(fixture_store(opened.store, 0, 0, &error), MS_OK);
        assert_true(fixture_listed(opened.store) >= before);
        /* Until the journal goes, as the last step of a commit, every block is known as unfinished. */
        if (has_journal)
            assert_int_equal(fixture_unclaimed(opened.store) + 1, fixture_listed(opened.store));
        assert_int_equal(fixture_count(folder, "home/tmp"), 0);
        assert_int_equal(fixture_count(folder, "home/quarantine"), 0);
        assert_int_equal(fixture_store(opened.store, 0, FIXTURE_BLOCKS, &error), MS_OK);
        for (unsigned i = 0; i < FIXTURE_BLOCKS; i++)
            assert_int_equal(fixture_get(opened.store, i, NULL), MS_OK);
        fixture_close(&opened);
        fixture_clear(folder);
    }
    assert_in_range(run.nth, 100, 5000);
}

static void write_other(void *payload)
{
    const void *const *arguments = payload;
    const temporary_folder *folder = arguments[0];
    const fixture_bytes *block = fixture_block(4);
    const char *path = fixture_path(folder, &block->cid);
    char shard[32] = {0};

    memcpy(shard, path, strlen("home/blocks/XX"));
    mkdirat(folder->fd, shard, 0700);
    temporary_write(folder, path, arguments[1], *(const size_t *)arguments[2]);
}

static void test_a_block_that_somebody_else_writes_meanwhile_is_compared(void **state)
{
    temporary_folder *folder = *state;
    const fixture_bytes *block = fixture_block(4);
    size_t sizes[] = {block->size, 10};
    opened_store opened = fixture_open(folder, 0);

    assert_int_equal(fixture_store(opened.store, 0, 1, NULL), MS_OK);
    for (size_t i = 0; i < 2; i++) {
        const void *arguments[] = {folder, block->data, &sizes[i]};
        const char *path = fixture_path(folder, &block->cid);
        struct stat status;

        faulty_reset();
        faulty_interfere(FAULTY_renameat2, 1, write_other, arguments);
        assert_int_equal(fixture_store(opened.store, 4, 1, NULL), MS_OK);
        assert_int_equal(fixture_get(opened.store, 4, NULL), MS_OK);
        assert_int_equal(fstatat(folder->fd, path, &status, 0), 0);
        /* An equal one is left to its writer, a wrong one is moved aside. */
        assert_int_equal(status.st_mode & 07777, i == 0 ? 0644 : 0444);
        assert_int_equal(fixture_count(folder, "home/quarantine"), i);
        assert_int_equal(unlinkat(folder->fd, path, 0), 0);
    }
    assert_int_equal(fixture_count(folder, "home/tmp"), 0);
    fixture_close(&opened);
}

static void test_short_transfers_are_finished(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);

    assert_int_equal(fixture_store(opened.store, 0, 1, NULL), MS_OK);
    faulty_shorten(4096); /* what direct I/O can be cut to */
    assert_int_equal(fixture_store(opened.store, 1, 5, NULL), MS_OK);
    for (unsigned i = 0; i < FIXTURE_BLOCKS; i++)
        assert_int_equal(fixture_get(opened.store, i, NULL), MS_OK);
    faulty_reset();
    fixture_close(&opened);
}

static void test_direct_io_that_is_refused_becomes_buffered(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);

    faulty_fail_always(FAULTY_fcntl_setfl, EINVAL);
    assert_int_equal(ms_store_has_many(opened.store, &fixture_block(0)->cid, NULL, 1, &(bool){false}, NULL), MS_OK);
    faulty_reset();
    assert_int_equal(fixture_store(opened.store, 0, 1, NULL), MS_OK);
    faulty_fail(FAULTY_pwrite, 1, EINVAL); /* accepted at open, refused at the first write */
    assert_int_equal(fixture_store(opened.store, 5, 1, NULL), MS_OK);
    assert_true(faulty_fired());
    assert_int_equal(fixture_get(opened.store, 5, NULL), MS_OK);
    fixture_close(&opened);
}

static void test_descriptors_are_bounded(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);
    ms_store_session *session;

    assert_int_equal(ms_store_begin(opened.store, &session, NULL, NULL), MS_OK);
    for (uint32_t i = 0; i < 300; i++) {
        ms_cid cid;
        assert_int_equal(
                ms_store_put(session, &cid, MS_CODEC_RAW, ms_span_of(&i, sizeof(i)), NULL, NULL), MS_OK);
    }
    {
        DIR *dir = opendir("/proc/self/fd");
        unsigned count = 0;
        while (readdir(dir) != NULL)
            count++;
        closedir(dir);
        assert_in_range(count, 16, 40);
    }
    assert_int_equal(ms_store_commit(&session, NULL), MS_OK);
    fixture_close(&opened);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_first_session_makes_the_home),
            TEST(test_every_session_heals_the_block_of_the_empty_folder),
            TEST(test_blocks_are_synced_before_they_get_their_names),
            TEST(test_large_batches_are_synced_as_a_whole),
            TEST(test_commit_syncs_what_was_present),
            TEST(test_commit_syncs_many_present_blocks_as_a_whole),
            TEST(test_small_batches_are_flushed_on_the_way),
            TEST(test_failed_sync_publishes_nothing_and_is_not_tried_again),
            TEST(test_every_fault_is_survived),
            TEST(test_kill_before_any_call_is_survived),
            TEST(test_a_block_that_somebody_else_writes_meanwhile_is_compared),
            TEST(test_short_transfers_are_finished),
            TEST(test_direct_io_that_is_refused_becomes_buffered),
            TEST(test_descriptors_are_bounded),
    };
    return cmocka_run_group_tests_name("store: fs_session", tests, NULL, NULL);
}
