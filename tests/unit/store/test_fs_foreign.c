/* What others put into the store's folders: damaged blocks, things that are no files, a Kubo's files,
 * homes that may not be written. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "fs_fixture.h"

/* Ways in which a block's place can be wrong. */
static void make_empty(const temporary_folder *folder, const fixture_bytes *block)
{
    fixture_replace(folder, &block->cid, "", 0);
}

static void make_short(const temporary_folder *folder, const fixture_bytes *block)
{
    fixture_replace(folder, &block->cid, block->data, block->size - 1);
}

static void make_long(const temporary_folder *folder, const fixture_bytes *block)
{
    fixture_replace(folder, &block->cid, block->data, block->size + 1);
}

static void make_rotten(const temporary_folder *folder, const fixture_bytes *block)
{
    uint8_t *bytes = malloc(block->size);

    memcpy(bytes, block->data, block->size);
    bytes[block->size - 1] ^= 0x80;
    fixture_replace(folder, &block->cid, bytes, block->size);
    free(bytes);
}

static void make_link(const temporary_folder *folder, const fixture_bytes *block)
{
    const char *path = fixture_path(folder, &block->cid);

    assert_int_equal(unlinkat(folder->fd, path, 0), 0);
    temporary_write(folder, "target", block->data, block->size);
    assert_int_equal(symlinkat("../../../target", folder->fd, path), 0);
}

static void make_dangling_link(const temporary_folder *folder, const fixture_bytes *block)
{
    const char *path = fixture_path(folder, &block->cid);

    assert_int_equal(unlinkat(folder->fd, path, 0), 0);
    assert_int_equal(symlinkat("nowhere", folder->fd, path), 0);
}

static void make_folder(const temporary_folder *folder, const fixture_bytes *block)
{
    const char *path = fixture_path(folder, &block->cid);

    assert_int_equal(unlinkat(folder->fd, path, 0), 0);
    assert_int_equal(mkdirat(folder->fd, path, 0700), 0);
}

static void make_fifo(const temporary_folder *folder, const fixture_bytes *block)
{
    const char *path = fixture_path(folder, &block->cid);

    assert_int_equal(unlinkat(folder->fd, path, 0), 0);
    assert_int_equal(mkfifoat(folder->fd, path, 0600), 0);
}

static void test_wrong_things_in_place_of_a_block_are_found_and_replaced(void **state)
{
    static void (*const ways[])(const temporary_folder *, const fixture_bytes *) = {make_empty, make_short, make_long,
            make_rotten, make_link, make_dangling_link, make_folder, make_fifo};
    static const unsigned numbers[] = {1, 5};
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);
    unsigned damaged = 0;

    for (size_t way = 0; way < MS_ARRAY_COUNT(ways); way++) {
        for (size_t i = 0; i < MS_ARRAY_COUNT(numbers); i++) {
            const fixture_bytes *block = fixture_block(numbers[i]);
            ms_error error = MS_ERROR_INIT;
            struct stat status;

            assert_int_equal(fixture_store(opened.store, numbers[i], 1, NULL), MS_OK);
            ways[way](folder, block);
            assert_int_equal(fixture_get(opened.store, numbers[i], &error), MS_INTEGRITY);
            assert_string_equal(error.reason, "block_damaged");
            assert_int_equal(fixture_count(folder, "home/quarantine"), damaged);
            assert_int_equal(fixture_store(opened.store, numbers[i], 1, &error), MS_OK);
            assert_int_equal(fixture_count(folder, "home/quarantine"), ++damaged);
            assert_int_equal(fixture_get(opened.store, numbers[i], NULL), MS_OK);
            assert_int_equal(fstatat(folder->fd, fixture_path(folder, &block->cid), &status, AT_SYMLINK_NOFOLLOW), 0);
            assert_true(S_ISREG(status.st_mode));
        }
    }
    fixture_close(&opened);
}

/* A bad sector: the read fails, not the open. */
static void test_a_block_that_cannot_be_read_is_replaced(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);
    ms_error error = MS_ERROR_INIT;

    assert_int_equal(fixture_store(opened.store, 5, 1, NULL), MS_OK);
    faulty_fail(FAULTY_pread, 1, EIO);
    assert_int_equal(fixture_get(opened.store, 5, &error), MS_IO);
    assert_int_equal(error.os_errno, EIO);
    /* A session reads the block of the empty folder first. */
    faulty_fail(FAULTY_pread, 2, EIO);
    assert_int_equal(fixture_store(opened.store, 5, 1, NULL), MS_OK);
    assert_true(faulty_fired());
    assert_int_equal(fixture_count(folder, "home/quarantine"), 1);
    assert_int_equal(fixture_get(opened.store, 5, NULL), MS_OK);
    fixture_close(&opened);
}

/* That we could not look says nothing of the block. */
static void test_a_block_is_not_condemned_for_our_own_trouble(void **state)
{
    static const int errnos[] = {EMFILE, ENFILE, ENOMEM};
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);

    assert_int_equal(fixture_store(opened.store, 5, 1, NULL), MS_OK);
    for (size_t i = 0; i < MS_ARRAY_COUNT(errnos); i++) {
        ms_store_session *session;
        assert_int_equal(ms_store_begin(opened.store, &session, NULL, NULL), MS_OK);
        faulty_reset();
        faulty_fail(FAULTY_openat, 1, errnos[i]);
        assert_int_not_equal(fixture_put(session, 5, NULL, NULL), MS_OK);
        assert_int_equal(fixture_put(session, 5, NULL, NULL), MS_OK);
        assert_int_equal(ms_store_commit(&session, NULL), MS_OK);
    }
    assert_int_equal(fixture_count(folder, "home/quarantine"), 0);
    fixture_close(&opened);
}

/* The same for any block of a batch that stands there, whichever thread has it. */
static void test_our_own_trouble_ends_a_batch_that_stands_there(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);
    ms_task_options options = {.workers = 2};
    ms_block_put puts[FIXTURE_BLOCKS];
    ms_task *task;

    assert_int_equal(fixture_store(opened.store, 0, FIXTURE_BLOCKS, NULL), MS_OK);
    assert_int_equal(ms_task_new(&task, &options, NULL), MS_OK);
    for (unsigned i = 0; i < FIXTURE_BLOCKS; i++) {
        const fixture_bytes *block = fixture_block(i);
        puts[i] = (ms_block_put){.cid = block->cid,
                .block = ms_span_of(block->data, block->size),
                .buffer_size = sizeof(block->data)};
    }
    for (unsigned nth = 1; nth <= FIXTURE_BLOCKS; nth++) {
        ms_store_session *session;
        ms_error error = MS_ERROR_INIT;
        assert_int_equal(ms_store_begin(opened.store, &session, task, NULL), MS_OK);
        faulty_reset();
        faulty_fail(FAULTY_openat, nth, EMFILE);
        assert_int_equal(ms_store_put_many(session, puts, FIXTURE_BLOCKS, &error), MS_IO);
        assert_int_equal(error.os_errno, EMFILE);
        assert_int_equal(ms_store_put_many(session, puts, FIXTURE_BLOCKS, NULL), MS_OK);
        assert_int_equal(ms_store_commit(&session, NULL), MS_OK);
    }
    assert_int_equal(fixture_count(folder, "home/quarantine"), 0);
    ms_task_free(task);
    fixture_close(&opened);
}

static void test_foreign_names_are_passed_over(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);

    assert_int_equal(fixture_store(opened.store, 0, FIXTURE_BLOCKS, NULL), MS_OK);
    temporary_write(folder, "home/blocks/note.txt", "x", 1);
    temporary_write(folder, "home/blocks/AA", "x", 1);
    assert_int_equal(mkdirat(folder->fd, "home/blocks/.temp", 0700), 0);
    assert_int_equal(mkdirat(folder->fd, "home/blocks/abc", 0700), 0);
    temporary_write(folder, "home/blocks/abc/x.data", "x", 1);
    temporary_write(folder, "home/blocks/X3/put-123.tmp", "x", 1);
    temporary_write(folder, "home/blocks/X3/.data", "x", 1);
    temporary_write(folder, "home/blocks/X3/CIQ.data", "x", 1);
    /* a block's name in the folder of another shard is not where it would be looked for */
    temporary_write(folder, "home/blocks/X3/CIQFTFEEHEDF6KLBT32BFAGLXEZL4UWFNWM4LFTLMXQBCERZ6CMLX4Y.data", "x", 1);
    assert_int_equal(symlinkat("X3", folder->fd, "home/blocks/A3"), 0);
    assert_int_equal(fixture_listed(opened.store), FIXTURE_BLOCKS + 1);
    assert_int_equal(fixture_store(opened.store, 0, FIXTURE_BLOCKS, NULL), MS_OK);
    assert_true(fixture_exists(folder, "home/blocks/X3/put-123.tmp"));
    fixture_close(&opened);
}

static void test_blocks_of_others_are_not_deleted(void **state)
{
    static const char *const marks[] = {"_README", "diskUsage.cache", ".temp"};
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);

    for (size_t i = 0; i <= MS_ARRAY_COUNT(marks); i++) {
        bool shared = i < MS_ARRAY_COUNT(marks);
        ms_cid cids[] = {fixture_block(1)->cid, fixture_block(2)->cid, ms_fs_empty_folder_cid()};
        ms_store_removed removed;
        char mark[64];
        void *lock;

        assert_int_equal(fixture_store(opened.store, 1, 2, NULL), MS_OK);
        assert_false(ms_store_is_shared_with_others(opened.store));
        assert_int_equal(fchmodat(folder->fd, fixture_path(folder, &cids[1]), 0600, 0), 0); /* as a Kubo writes */
        snprintf(mark, sizeof(mark), "home/blocks/%s", shared ? marks[i] : "SHARDING");
        if (shared)
            temporary_write(folder, mark, "", 0);
        assert_int_equal(ms_store_is_shared_with_others(opened.store), shared);
        assert_int_equal(ms_store_prune_begin(opened.store, false, 0, NULL, &lock, NULL), MS_OK);
        assert_int_equal(ms_store_remove_many(opened.store, cids, 3, &removed, NULL), MS_OK);
        ms_store_prune_end(opened.store, lock);
        assert_int_equal(removed.blocks, shared ? 1 : 2);
        assert_int_equal(fixture_get(opened.store, 1, NULL), MS_NOT_FOUND);
        assert_int_equal(fixture_get(opened.store, 2, NULL), shared ? MS_OK : MS_NOT_FOUND);
        assert_true(fixture_exists(folder, EMPTY_FOLDER_FILE));
        if (shared)
            assert_int_equal(unlinkat(folder->fd, mark, 0), 0);
    }
    fixture_close(&opened);
}

static void test_the_mark_of_our_blocks_survives_any_umask(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);
    mode_t before = umask(077);
    ms_store_removed removed;
    ms_cid cid = fixture_block(1)->cid;
    void *lock;

    assert_int_equal(fixture_store(opened.store, 1, 1, NULL), MS_OK);
    umask(before);
    temporary_write(folder, "home/blocks/_README", "", 0);
    assert_int_equal(ms_store_prune_begin(opened.store, false, 0, NULL, &lock, NULL), MS_OK);
    assert_int_equal(ms_store_remove_many(opened.store, &cid, 1, &removed, NULL), MS_OK);
    ms_store_prune_end(opened.store, lock);
    assert_int_equal(removed.blocks, 1);
    fixture_close(&opened);
}

static void test_another_layout_is_refused(void **state)
{
    temporary_folder *folder = *state;
    static const char other[] = "/repo/flatfs/shard/v1/next-to-last/3\n";
    opened_store opened = fixture_open(folder, 0);
    ms_error error = MS_ERROR_INIT;

    assert_int_equal(mkdirat(folder->fd, "home", 0700), 0);
    assert_int_equal(mkdirat(folder->fd, "home/blocks", 0700), 0);
    temporary_write(folder, "home/blocks/SHARDING", other, sizeof(other) - 1);
    assert_int_equal(fixture_get(opened.store, 1, &error), MS_MALFORMED);
    assert_string_equal(error.reason, "store_sharding");
    assert_int_equal(fixture_store(opened.store, 1, 1, &error), MS_MALFORMED);
    assert_int_equal(temporary_count(folder, "home/blocks"), 1);
    /* without the newline it is ours as well: a Kubo takes both */
    temporary_write(folder, "home/blocks/SHARDING", MS_FS_SHARDING_TEXT, sizeof(MS_FS_SHARDING_TEXT) - 1);
    assert_int_equal(fixture_store(opened.store, 1, 1, NULL), MS_OK);
    fixture_close(&opened);
}

static void test_reading_makes_nothing(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);
    ms_store_removed removed;
    char path[256];
    void *lock;

    for (int round = 0; round < 2; round++) {
        assert_int_equal(ms_store_read_begin(opened.store, NULL, &lock, NULL), MS_OK);
        assert_int_equal(fixture_get(opened.store, 1, NULL), MS_NOT_FOUND);
        assert_int_equal(fixture_listed(opened.store), 0);
        assert_int_equal(fixture_unclaimed(opened.store), 0);
        assert_false(ms_store_is_shared_with_others(opened.store));
        assert_int_equal(ms_store_block_path(opened.store, &fixture_block(1)->cid, path, sizeof(path), NULL), MS_OK);
        assert_int_equal(ms_store_block_path(opened.store, &fixture_block(1)->cid, path, 60, NULL), MS_LIMIT);
        ms_store_read_end(opened.store, lock);
        if (round == 0)
            assert_false(fixture_exists(folder, "home"));
        else
            assert_int_equal(temporary_count(folder, "home"), 0);
        (void)mkdirat(folder->fd, "home", 0700);
    }
    unlinkat(folder->fd, "home", AT_REMOVEDIR);
    assert_int_equal(ms_store_prune_begin(opened.store, false, 0, NULL, &lock, NULL), MS_OK);
    assert_int_equal(ms_store_remove_many(opened.store, &fixture_block(1)->cid, 1, &removed, NULL), MS_OK);
    ms_store_prune_end(opened.store, lock);
    assert_false(fixture_exists(folder, "home"));
    /* and the store that found nothing finds what is made later */
    assert_int_equal(fixture_store(opened.store, 1, 1, NULL), MS_OK);
    assert_int_equal(fixture_get(opened.store, 1, NULL), MS_OK);
    fixture_close(&opened);
}

static int read_without_permission(void *payload)
{
    opened_store opened = fixture_open(payload, 0);
    ms_error error = MS_ERROR_INIT;
    bool pinned = false;
    ms_cid root = fixture_block(1)->cid;
    void *lock;

    if (ms_store_read_begin(opened.store, NULL, &lock, &error) != MS_OK)
        return 1;
    if (fixture_get(opened.store, 1, NULL) != MS_OK || fixture_listed(opened.store) != 2)
        return 2;
    if (ms_store_is_pinned(opened.store, &root, &pinned, &error) != MS_OK || !pinned)
        return 3;
    ms_store_read_end(opened.store, lock);
    if (fixture_store(opened.store, 2, 1, &error) != MS_IO || error.os_errno != EACCES)
        return 4;
    fixture_close(&opened);
    return 0;
}

static void test_a_home_without_write_permission_can_be_read(void **state)
{
    static const char *const folders[] = {"home", "home/blocks", "home/locks", "home/tmp", "home/quarantine"};
    static const mode_t lock_modes[] = {0600, 0644};
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);

    assert_int_equal(fixture_store(opened.store, 1, 1, NULL), MS_OK);
    assert_int_equal(ms_store_pin(opened.store, &fixture_block(1)->cid, NULL), MS_OK);
    fixture_close(&opened);
    for (size_t i = 0; i < MS_ARRAY_COUNT(folders); i++)
        assert_int_equal(fchmodat(folder->fd, folders[i], 0755, 0), 0);
    assert_int_equal(fchmodat(folder->fd, "home/state.db", 0644, 0), 0);
    for (unsigned i = 0; i < 2; i++) {
        char shard[32] = {0};
        memcpy(shard, i == 0 ? EMPTY_FOLDER_FILE : fixture_path(folder, &fixture_block(1)->cid), strlen("home/blocks/XX"));
        assert_int_equal(fchmodat(folder->fd, shard, 0755, 0), 0);
    }
    for (size_t i = 0; i < MS_ARRAY_COUNT(lock_modes); i++) {
        assert_int_equal(fchmodat(folder->fd, "home/locks/store", lock_modes[i], 0), 0);
        assert_int_equal(child_run_unprivileged(read_without_permission, folder), 0);
    }
}

static void test_prune_works_on_a_full_disk(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);
    ms_cid cid = fixture_block(1)->cid;
    ms_store_session *session;
    ms_store_removed removed;
    void *lock;

    assert_int_equal(ms_store_begin(opened.store, &session, NULL, NULL), MS_OK);
    assert_int_equal(fixture_put(session, 1, NULL, NULL), MS_OK);
    assert_int_equal(ms_store_flush(session, NULL), MS_OK);
    ms_store_abort(&session);
    assert_int_equal(ms_store_pin(opened.store, &cid, NULL), MS_OK);
    assert_int_equal(ms_store_unpin(opened.store, &cid, NULL), MS_OK);
    faulty_fail_always(FAULTY_pwrite, ENOSPC);
    faulty_fail_always(FAULTY_write, ENOSPC);
    assert_int_equal(ms_store_prune_begin(opened.store, false, 0, NULL, &lock, NULL), MS_OK);
    assert_int_equal(ms_store_remove_many(opened.store, &cid, 1, &removed, NULL), MS_OK);
    assert_int_equal(removed.blocks, 1);
    assert_int_equal(ms_store_forget_root(opened.store, &cid, NULL), MS_OK);
    assert_int_equal(ms_store_forget_unclaimed(opened.store, NULL), MS_OK);
    ms_store_prune_end(opened.store, lock);
    faulty_reset();
    assert_int_equal(fixture_get(opened.store, 1, NULL), MS_NOT_FOUND);
    fixture_close(&opened);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_wrong_things_in_place_of_a_block_are_found_and_replaced),
            TEST(test_a_block_that_cannot_be_read_is_replaced),
            TEST(test_a_block_is_not_condemned_for_our_own_trouble),
            TEST(test_our_own_trouble_ends_a_batch_that_stands_there),
            TEST(test_foreign_names_are_passed_over),
            TEST(test_blocks_of_others_are_not_deleted),
            TEST(test_the_mark_of_our_blocks_survives_any_umask),
            TEST(test_another_layout_is_refused),
            TEST(test_reading_makes_nothing),
            TEST(test_a_home_without_write_permission_can_be_read),
            TEST(test_prune_works_on_a_full_disk),
    };
    return cmocka_run_group_tests_name("store: fs_foreign", tests, NULL, NULL);
}
