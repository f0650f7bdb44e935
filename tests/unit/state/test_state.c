/* state.db: what it keeps, and that losing or damaging it loses no more than what it held. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <sqlite3.h>

#include "base/checked.h"
#include "crypto/sha256.h"
#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "platform/folder.h"
#include "state/state.h"

static int setup(void **state)
{
    faulty_reset();
    return temporary_folder_setup(state);
}

static ms_state *open_state(const temporary_folder *folder)
{
    ms_state *opened = NULL;
    assert_int_equal(ms_state_open(&opened, temporary_path(folder, "home"), NULL), MS_OK);
    return opened;
}

static ms_cid cid_of(uint32_t number)
{
    uint8_t digest[32];
    ms_sha256(digest, &number, sizeof(number));
    return ms_cid_sha256(MS_CODEC_DAG_CBOR, digest);
}

typedef struct listed {
    ms_cid cids[1000];
    size_t count;
} listed;

static ms_status collect(void *payload, const ms_cid *cid, ms_error *err)
{
    listed *list = payload;

    (void)err;
    assert_true(list->count < MS_ARRAY_COUNT(list->cids));
    list->cids[list->count++] = *cid;
    return MS_OK;
}

static size_t count_roots(ms_state *state, bool pinned)
{
    listed *list = calloc(1, sizeof(*list));
    size_t count;

    assert_int_equal(ms_state_each_root(state, pinned, collect, list, NULL), MS_OK);
    count = list->count;
    free(list);
    return count;
}

static bool exists(const temporary_folder *folder, const char *name)
{
    return faccessat(folder->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void test_reading_a_missing_state_makes_nothing(void **state)
{
    temporary_folder *folder = *state;
    ms_state *opened = open_state(folder);
    ms_cid root = cid_of(1);
    uint64_t sequence = 7;
    uint8_t hash[32];
    bool pinned = true;

    assert_int_equal(ms_state_root_is_pinned(opened, &root, &pinned, NULL), MS_OK);
    assert_false(pinned);
    assert_int_equal(count_roots(opened, true), 0);
    assert_int_equal(count_roots(opened, false), 0);
    assert_int_equal(ms_state_ledger_seen(opened, &sequence, hash, NULL), MS_OK);
    assert_int_equal(sequence, 0);
    assert_int_equal(ms_state_forget_unclaimed(opened, NULL), MS_OK);
    assert_false(exists(folder, "home"));
    ms_state_close(opened);
    ms_state_close(NULL);
}

static void test_roots_are_kept_with_their_codec(void **state)
{
    temporary_folder *folder = *state;
    ms_state *opened = open_state(folder);
    ms_cid root = cid_of(1);
    ms_cid raw = root;
    ms_cid zero = root;
    ms_cid long_hash = {
            .version = 1, .digest_size = 64, .hash = MS_HASH_SHA2_512, .codec = MS_CODEC_DAG_PB};
    bool pinned;

    raw.codec = MS_CODEC_RAW;
    zero.codec = MS_CODEC_DAG_PB;
    zero.version = 0;
    assert_int_equal(ms_state_set_root(opened, &root, true, NULL), MS_OK);
    assert_int_equal(ms_state_set_root(opened, &zero, true, NULL), MS_OK);
    assert_int_equal(ms_state_set_root(opened, &long_hash, true, NULL), MS_OK);
    ms_state_close(opened);
    opened = open_state(folder);
    assert_int_equal(ms_state_root_is_pinned(opened, &root, &pinned, NULL), MS_OK);
    assert_true(pinned);
    assert_int_equal(ms_state_root_is_pinned(opened, &raw, &pinned, NULL), MS_OK);
    assert_false(pinned);
    zero.version = 1;
    assert_int_equal(ms_state_root_is_pinned(opened, &zero, &pinned, NULL), MS_OK);
    assert_true(pinned);
    assert_int_equal(count_roots(opened, true), 3);
    assert_int_equal(ms_state_set_root(opened, &root, false, NULL), MS_OK);
    assert_int_equal(count_roots(opened, true), 2);
    assert_int_equal(count_roots(opened, false), 1);
    assert_int_equal(ms_state_forget_root(opened, &root, NULL), MS_OK);
    assert_int_equal(ms_state_forget_root(opened, &root, NULL), MS_OK);
    assert_int_equal(count_roots(opened, false), 0);
    assert_int_equal(ms_state_set_root(opened, &(ms_cid){0}, true, NULL), MS_USAGE);
    ms_state_close(opened);
}

static void test_listings_go_over_many_pages(void **state)
{
    temporary_folder *folder = *state;
    ms_state *opened = open_state(folder);
    listed *list = calloc(1, sizeof(*list));
    uint8_t(*digests)[32] = calloc(600, sizeof(*digests));

    for (uint32_t i = 0; i < 600; i++)
        memcpy(digests[i], cid_of(i).digest, 32);
    memset(digests[599], 0, 32);
    assert_int_equal(
            ms_state_add_unclaimed(opened, (const uint8_t(*)[32])digests, 600, NULL), MS_OK);
    assert_int_equal(
            ms_state_add_unclaimed(opened, (const uint8_t(*)[32])digests, 300, NULL), MS_OK);
    assert_int_equal(ms_state_add_unclaimed(opened, NULL, 0, NULL), MS_OK);
    assert_int_equal(ms_state_each_unclaimed(opened, collect, list, NULL), MS_OK);
    assert_int_equal(list->count, 600);
    for (size_t i = 0; i < list->count; i++) {
        assert_int_equal(list->cids[i].codec, MS_CODEC_RAW);
        assert_int_equal(list->cids[i].hash, MS_HASH_SHA2_256);
        assert_true(i == 0 || memcmp(list->cids[i - 1].digest, list->cids[i].digest, 32) < 0);
    }
    assert_int_equal(ms_state_forget_unclaimed(opened, NULL), MS_OK);
    list->count = 0;
    assert_int_equal(ms_state_each_unclaimed(opened, collect, list, NULL), MS_OK);
    assert_int_equal(list->count, 0);
    free(digests);
    free(list);
    ms_state_close(opened);
}

typedef struct reentry {
    ms_state *state;
    size_t calls;
} reentry;

static ms_status unpin_while_listing(void *payload, const ms_cid *cid, ms_error *err)
{
    reentry *self = payload;

    if (++self->calls == 3)
        return ms_fail(err, MS_NETWORK, "test_stop", "The test stops here");
    return ms_state_set_root(self->state, cid, false, err);
}

static void test_callbacks_may_use_the_state_and_stop(void **state)
{
    ms_state *opened = open_state(*state);
    reentry self = {.state = opened};
    ms_error error = MS_ERROR_INIT;

    for (uint32_t i = 0; i < 5; i++) {
        ms_cid cid = cid_of(i);
        assert_int_equal(ms_state_set_root(opened, &cid, true, NULL), MS_OK);
    }
    assert_int_equal(
            ms_state_each_root(opened, true, unpin_while_listing, &self, &error), MS_NETWORK);
    assert_string_equal(error.reason, "test_stop");
    assert_int_equal(count_roots(opened, false), 2);
    ms_state_close(opened);
}

static void test_ledger_row_seen_is_the_last_one_set(void **state)
{
    temporary_folder *folder = *state;
    ms_state *opened = open_state(folder);
    uint8_t hash[32] = {1, 2, 3};
    uint8_t got[32];
    uint64_t sequence;

    assert_int_equal(ms_state_set_ledger_seen(opened, 5, hash, NULL), MS_OK);
    hash[0] = 9;
    assert_int_equal(ms_state_set_ledger_seen(opened, INT64_MAX, hash, NULL), MS_OK);
    assert_int_equal(ms_state_set_ledger_seen(opened, UINT64_MAX, hash, NULL), MS_USAGE);
    ms_state_close(opened);
    opened = open_state(folder);
    assert_int_equal(ms_state_ledger_seen(opened, &sequence, got, NULL), MS_OK);
    assert_true(sequence == INT64_MAX);
    assert_memory_equal(got, hash, 32);
    ms_state_close(opened);
}

static void fill(const temporary_folder *folder)
{
    ms_state *opened = open_state(folder);

    for (uint32_t i = 0; i < 100; i++) {
        ms_cid cid = cid_of(i);
        assert_int_equal(ms_state_set_root(opened, &cid, true, NULL), MS_OK);
    }
    ms_state_close(opened);
}

static void test_a_damaged_file_reads_as_nothing_and_is_moved_aside_by_a_write(void **state)
{
    temporary_folder *folder = *state;
    ms_cid root = cid_of(1);

    fill(folder);
    for (unsigned round = 1; round <= 3; round++) {
        char name[64];
        ms_state *opened;
        temporary_write(folder, "home/state.db", "this is no database, but it is long enough", 42);
        opened = open_state(folder);
        assert_int_equal(count_roots(opened, true), 0);
        snprintf(name, sizeof(name), "home/state.db.damaged-%u", round);
        assert_false(exists(folder, name));
        assert_int_equal(ms_state_set_root(opened, &root, true, NULL), MS_OK);
        assert_true(exists(folder, name));
        assert_int_equal(count_roots(opened, true), 1);
        ms_state_close(opened);
    }
}

/* Cut or flipped anywhere: never a crash, never more than there was; a write works afterwards, unless the
 * file then says that it is of a newer version. */
static void test_damage_anywhere_is_survived(void **state)
{
    temporary_folder *folder = *state;
    static uint8_t whole[1 << 20];
    static uint8_t bytes[1 << 20];
    long size;

    fill(folder);
    size = temporary_read(folder, "home/state.db", whole, sizeof(whole));
    assert_in_range(size, 4096, sizeof(whole) - 1);
    for (long at = 0; at < size; at += at < 100 ? 1 : 1021) {
        for (int cut = 0; cut < 2; cut++) {
            ms_state *opened;
            ms_cid root = cid_of(1000);
            listed *list = calloc(1, sizeof(*list));
            bool pinned = false;
            ms_error error = MS_ERROR_INIT;

            memcpy(bytes, whole, (size_t)size);
            bytes[at] ^= 0xff;
            temporary_write(folder, "home/state.db", bytes, (size_t)(cut ? at : size));
            opened = open_state(folder);
            (void)!ms_state_each_root(opened, true, collect, list, NULL);
            assert_in_range(list->count, 0, 100);
            if (ms_state_set_root(opened, &root, true, &error) == MS_OK) {
                assert_int_equal(ms_state_root_is_pinned(opened, &root, &pinned, NULL), MS_OK);
                assert_true(pinned);
            } else {
                assert_string_equal(error.reason, "state_version");
            }
            ms_state_close(opened);
            free(list);
            assert_int_equal(ms_folder_remove_all(folder->fd, "home", NULL), MS_OK);
            assert_int_equal(mkdirat(folder->fd, "home", 0700), 0);
        }
    }
}

/* Whole pages, and all of them good: only the tables are not ours. */
static void test_a_database_without_our_tables_is_damaged(void **state)
{
    static const char *const changes[] = {
            "DROP TABLE root", "DROP TABLE unclaimed", "DROP TABLE ledger_seen",
            "ALTER TABLE root RENAME COLUMN pinned TO pinne",
            "PRAGMA user_version = -1", "PRAGMA user_version = 0",
    };
    temporary_folder *folder = *state;

    for (size_t i = 0; i < MS_ARRAY_COUNT(changes); i++) {
        ms_cid root = cid_of(1);
        bool pinned = false;
        sqlite3 *database;
        ms_state *opened;

        fill(folder);
        assert_int_equal(sqlite3_open(temporary_path(folder, "home/state.db"), &database), SQLITE_OK);
        assert_int_equal(sqlite3_exec(database, changes[i], NULL, NULL, NULL), SQLITE_OK);
        sqlite3_close(database);
        opened = open_state(folder);
        assert_int_equal(ms_state_root_is_pinned(opened, &root, &pinned, NULL), MS_OK);
        assert_int_equal(ms_state_set_root(opened, &root, true, NULL), MS_OK);
        assert_int_equal(ms_state_root_is_pinned(opened, &root, &pinned, NULL), MS_OK);
        assert_true(pinned);
        ms_state_close(opened);
        assert_int_equal(ms_folder_remove_all(folder->fd, "home", NULL), MS_OK);
        assert_int_equal(mkdirat(folder->fd, "home", 0700), 0);
    }
}

static void test_a_file_of_a_newer_version_is_left_alone(void **state)
{
    temporary_folder *folder = *state;
    ms_state *opened;
    ms_error error = MS_ERROR_INIT;
    ms_cid root = cid_of(1);
    bool pinned;
    sqlite3 *database;

    fill(folder);
    assert_int_equal(sqlite3_open(temporary_path(folder, "home/state.db"), &database), SQLITE_OK);
    assert_int_equal(
            sqlite3_exec(database, "PRAGMA user_version = 2", NULL, NULL, NULL), SQLITE_OK);
    sqlite3_close(database);
    opened = open_state(folder);
    assert_int_equal(ms_state_root_is_pinned(opened, &root, &pinned, &error), MS_USAGE);
    assert_string_equal(error.reason, "state_version");
    assert_int_equal(ms_state_set_root(opened, &root, true, &error), MS_USAGE);
    assert_string_equal(error.reason, "state_version");
    assert_false(exists(folder, "home/state.db.damaged-1"));
    ms_state_close(opened);
}

static void test_a_file_that_was_replaced_is_opened_again(void **state)
{
    temporary_folder *folder = *state;
    ms_state *opened = open_state(folder);
    ms_state *other;
    ms_cid root = cid_of(1);

    assert_int_equal(ms_state_set_root(opened, &root, true, NULL), MS_OK);
    assert_int_equal(ms_folder_remove_all(folder->fd, "home", NULL), MS_OK);
    assert_int_equal(count_roots(opened, true), 0);
    assert_int_equal(ms_state_set_root(opened, &root, true, NULL), MS_OK);
    other = open_state(folder);
    assert_int_equal(count_roots(other, true), 1);
    ms_state_close(other);
    ms_state_close(opened);
}

static ms_status change_everything(ms_state *opened, ms_error *err)
{
    ms_cid root = cid_of(1);
    uint8_t digests[2][32] = {{1}, {2}};
    ms_status status = ms_state_set_root(opened, &root, true, err);

    if (status == MS_OK)
        status = ms_state_add_unclaimed(opened, (const uint8_t(*)[32])digests, 2, err);
    if (status == MS_OK)
        status = ms_state_set_root(opened, &root, false, err);
    return status;
}

static void test_every_fault_is_survived(void **state)
{
    temporary_folder *folder = *state;
    unsigned faults = 0;
    bool fired = true;

    for (unsigned nth = 1; fired; nth++) {
        ms_state *opened = open_state(folder);
        ms_error error = MS_ERROR_INIT;
        ms_cid root = cid_of(1);
        ms_status status;
        bool pinned = true;

        faulty_reset();
        faulty_fail(FAULTY_ANY, nth, EIO);
        status = change_everything(opened, &error);
        fired = faulty_fired();
        faults += fired;
        faulty_reset();
        if (status == MS_OK) {
            assert_int_equal(ms_state_root_is_pinned(opened, &root, &pinned, NULL), MS_OK);
            assert_false(pinned);
        }
        assert_int_equal(change_everything(opened, &error), MS_OK);
        assert_int_equal(count_roots(opened, false), 1);
        ms_state_close(opened);
        assert_int_equal(ms_folder_remove_all(folder->fd, "home", NULL), MS_OK);
    }
    assert_in_range(faults, 50, 5000);
}

typedef struct kill_run {
    temporary_folder *folder;
    unsigned nth;
} kill_run;

static int change_until_killed(void *payload)
{
    kill_run *run = payload;
    ms_state *opened = open_state(run->folder);

    faulty_reset();
    faulty_kill(run->nth);
    return change_everything(opened, NULL) == MS_OK ? 0 : 1;
}

static void test_kill_before_any_call_is_survived(void **state)
{
    temporary_folder *folder = *state;
    kill_run run = {.folder = folder};
    int result = 256 + SIGKILL;

    for (run.nth = 1; result != 0; run.nth++) {
        ms_state *opened;
        ms_cid root = cid_of(1);
        bool pinned;

        result = child_run(change_until_killed, &run);
        assert_true(result == 0 || result == 256 + SIGKILL);
        opened = open_state(folder);
        assert_int_equal(ms_state_root_is_pinned(opened, &root, &pinned, NULL), MS_OK);
        assert_true(!pinned || result != 0);
        assert_int_equal(change_everything(opened, NULL), MS_OK);
        ms_state_close(opened);
        assert_false(exists(folder, "home/state.db.damaged-1"));
        assert_int_equal(ms_folder_remove_all(folder->fd, "home", NULL), MS_OK);
    }
}

static int pin_many(const temporary_folder *folder, uint32_t first)
{
    ms_state *opened = open_state(folder);
    int failed = 0;

    for (uint32_t i = first; i < first + 20; i++) {
        ms_cid cid = cid_of(i);
        failed += ms_state_set_root(opened, &cid, true, NULL) != MS_OK;
    }
    ms_state_close(opened);
    return failed;
}

/* All find the damaged file at once: one moves it aside, and nobody moves away the new one. */
static void test_many_processes_start_a_damaged_file_anew(void **state)
{
    enum { PROCESSES = 6 };
    temporary_folder *folder = *state;
    pid_t children[PROCESSES];
    ms_state *opened;

    assert_int_equal(mkdirat(folder->fd, "home", 0700), 0);
    temporary_write(folder, "home/state.db", "this is no database, but it is long enough", 42);
    fflush(NULL);
    for (unsigned i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(pin_many(folder, i * 20));
        assert_true(children[i] > 0);
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    opened = open_state(folder);
    assert_int_equal(count_roots(opened, true), PROCESSES * 20);
    assert_false(exists(folder, "home/state.db.damaged-2"));
    ms_state_close(opened);
}

static void test_a_relative_home_is_refused(void **state)
{
    ms_state *opened;

    (void)state;
    assert_int_equal(ms_state_open(&opened, "home", NULL), MS_USAGE);
    assert_null(opened);
    assert_int_equal(ms_state_open(&opened, NULL, NULL), MS_USAGE);
}

int main(void)
{
#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_reading_a_missing_state_makes_nothing),
            TEST(test_roots_are_kept_with_their_codec),
            TEST(test_listings_go_over_many_pages),
            TEST(test_callbacks_may_use_the_state_and_stop),
            TEST(test_ledger_row_seen_is_the_last_one_set),
            TEST(test_a_damaged_file_reads_as_nothing_and_is_moved_aside_by_a_write),
            TEST(test_damage_anywhere_is_survived),
            TEST(test_a_database_without_our_tables_is_damaged),
            TEST(test_a_file_of_a_newer_version_is_left_alone),
            TEST(test_a_file_that_was_replaced_is_opened_again),
            TEST(test_every_fault_is_survived),
            TEST(test_kill_before_any_call_is_survived),
            TEST(test_many_processes_start_a_damaged_file_anew),
            TEST(test_a_relative_home_is_refused),
    };
    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
