/* What dead sessions leave: whole blocks are kept and unclaimed, the rest goes, living sessions are let
 * be, and several processes may tidy up at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <signal.h>
#include <sys/wait.h>

#include "fs_fixture.h"

typedef struct dying_run {
    temporary_folder *folder;
    unsigned flushed; /* blocks that are flushed */
    unsigned count;   /* blocks that are put after that */
} dying_run;

static int put_and_die(void *payload)
{
    dying_run *run = payload;
    opened_store opened = fixture_open(run->folder, 0);
    ms_store_session *session;

    if (ms_store_begin(opened.store, &session, NULL, NULL) != MS_OK)
        return 1;
    for (unsigned i = 0; i < run->flushed; i++) {
        if (fixture_put(session, i, NULL, NULL) != MS_OK)
            return 2;
    }
    if (run->flushed > 0 && ms_store_flush(session, NULL) != MS_OK)
        return 3;
    for (unsigned i = 0; i < run->count; i++) {
        if (fixture_put(session, run->flushed + i, NULL, NULL) != MS_OK)
            return 4;
    }
    kill(getpid(), SIGKILL);
    return 5;
}

static void die(temporary_folder *folder, unsigned flushed, unsigned count)
{
    dying_run run = {.folder = folder, .flushed = flushed, .count = count};
    assert_int_equal(child_run(put_and_die, &run), 256 + SIGKILL);
}

/* "home/tmp/<the one session>/name", or with name NULL the folder. */
static const char *in_session(const temporary_folder *folder, const char *name)
{
    static char path[2][512];
    static unsigned next;
    char *result = path[next++ % 2];
    int fd = openat(folder->fd, "home/tmp", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fdopendir(fd);
    struct dirent *entry;

    result[0] = '\0';
    while ((entry = readdir(dir)) != NULL) {
        if (entry->d_name[0] != '.')
            snprintf(result, sizeof(path[0]), "home/tmp/%s%s%s", entry->d_name, name != NULL ? "/" : "",
                    name != NULL ? name : "");
    }
    closedir(dir);
    assert_true(result[0] != '\0');
    return result;
}

static const char *temporary_block(const temporary_folder *folder, unsigned number)
{
    char key[MS_FS_KEY_SIZE];

    ms_fs_key(key, fixture_block(number)->cid.digest);
    return in_session(folder, key);
}

static void test_whole_blocks_of_a_dead_session_are_kept(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened;
    ms_store_session *session;
    bool was_present;

    die(folder, 2, 4);
    assert_int_equal(temporary_count(folder, in_session(folder, NULL)), 4 + 2); /* and journal, lock */
    opened = fixture_open(folder, 0);
    assert_int_equal(fixture_get(opened.store, 3, NULL), MS_NOT_FOUND); /* reading adopts nothing */
    assert_int_equal(ms_store_begin(opened.store, &session, NULL, NULL), MS_OK);
    for (unsigned i = 0; i < FIXTURE_BLOCKS; i++) {
        assert_int_equal(fixture_put(session, i, &was_present, NULL), MS_OK);
        assert_true(was_present);
    }
    assert_int_equal(temporary_count(folder, "home/tmp"), 1);
    assert_int_equal(fixture_unclaimed(opened.store), FIXTURE_BLOCKS);
    assert_int_equal(ms_store_commit(&session, NULL), MS_OK);
    assert_int_equal(temporary_count(folder, "home/tmp"), 0);
    fixture_close(&opened);
}

static void test_adopted_blocks_are_synced_before_they_get_their_names(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened;
    const char *record;

    die(folder, 0, 4);
    opened = fixture_open(folder, 0);
    faulty_reset();
    assert_int_equal(fixture_store(opened.store, 0, 0, NULL), MS_OK);
    record = faulty_record();
    assert_non_null(strstr(record, "renameat2"));
    assert_non_null(strstr(record, "syncfs"));
    assert_true(strstr(record, "syncfs") < strstr(record, "renameat2"));
    fixture_close(&opened);
}

static void test_blocks_that_are_not_what_they_say_are_dropped(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened;

    die(folder, 0, 6);
    assert_int_equal(unlinkat(folder->fd, temporary_block(folder, 1), 0), 0);
    temporary_write(folder, temporary_block(folder, 1), "", 0);
    assert_int_equal(unlinkat(folder->fd, temporary_block(folder, 2), 0), 0);
    assert_int_equal(symlinkat("/etc/passwd", folder->fd, temporary_block(folder, 2)), 0);
    assert_int_equal(unlinkat(folder->fd, temporary_block(folder, 3), 0), 0);
    assert_int_equal(mkfifoat(folder->fd, temporary_block(folder, 3), 0600), 0);
    assert_int_equal(unlinkat(folder->fd, temporary_block(folder, 4), 0), 0);
    assert_int_equal(mkdirat(folder->fd, temporary_block(folder, 4), 0700), 0);
    temporary_write(folder, in_session(folder, "stranger"), "x", 1);
    opened = fixture_open(folder, 0);
    assert_int_equal(fixture_store(opened.store, 0, 0, NULL), MS_OK);
    for (unsigned i = 0; i < FIXTURE_BLOCKS; i++)
        assert_int_equal(fixture_get(opened.store, i, NULL), i == 0 || i == 5 ? MS_OK : MS_NOT_FOUND);
    assert_int_equal(temporary_count(folder, "home/tmp"), 0);
    assert_int_equal(fixture_unclaimed(opened.store), 2);
    fixture_close(&opened);
}

static void test_a_torn_or_odd_journal_is_read_as_far_as_it_goes(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened;
    int fd;

    die(folder, 2, 0);
    fd = openat(folder->fd, in_session(folder, "journal"), O_WRONLY | O_APPEND | O_CLOEXEC);
    assert_int_equal(write(fd, "torn", 4), 4);
    close(fd);
    opened = fixture_open(folder, 0);
    assert_int_equal(fixture_store(opened.store, 0, 0, NULL), MS_OK);
    assert_int_equal(fixture_unclaimed(opened.store), 2);
    assert_int_equal(temporary_count(folder, "home/tmp"), 0);
    fixture_close(&opened);
}

/* Digests that were renamed must not be forgotten because the state could not be written. */
static void test_a_session_is_kept_when_the_state_cannot_take_it_over(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened;

    die(folder, 2, 2);
    assert_int_equal(mkdirat(folder->fd, "home/elsewhere", 0700), 0);
    assert_int_equal(symlinkat("elsewhere", folder->fd, "home/state.db"), 0); /* refused: a link */
    opened = fixture_open(folder, 0);
    assert_int_equal(fixture_store(opened.store, 4, 1, NULL), MS_OK);
    assert_int_equal(temporary_count(folder, "home/tmp"), 1);
    fixture_close(&opened);
    assert_int_equal(unlinkat(folder->fd, "home/state.db", 0), 0);
    opened = fixture_open(folder, 0);
    assert_int_equal(fixture_store(opened.store, 4, 1, NULL), MS_OK);
    assert_int_equal(temporary_count(folder, "home/tmp"), 0);
    assert_int_equal(fixture_unclaimed(opened.store), 4);
    fixture_close(&opened);
}

static void test_an_abort_that_cannot_be_recorded_keeps_its_journal(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);
    ms_store_session *session;

    assert_int_equal(ms_store_begin(opened.store, &session, NULL, NULL), MS_OK);
    assert_int_equal(fixture_put(session, 1, NULL, NULL), MS_OK);
    assert_int_equal(ms_store_flush(session, NULL), MS_OK);
    assert_int_equal(fixture_put(session, 2, NULL, NULL), MS_OK);
    assert_int_equal(symlinkat("elsewhere", folder->fd, "home/state.db"), 0);
    ms_store_abort(&session);
    assert_int_equal(temporary_count(folder, in_session(folder, NULL)), 2); /* journal and lock */
    assert_int_equal(unlinkat(folder->fd, "home/state.db", 0), 0);
    assert_int_equal(fixture_store(opened.store, 0, 0, NULL), MS_OK);
    assert_int_equal(fixture_unclaimed(opened.store), 1);
    assert_int_equal(fixture_get(opened.store, 1, NULL), MS_OK);
    assert_int_equal(fixture_get(opened.store, 2, NULL), MS_NOT_FOUND);
    fixture_close(&opened);
}

static void test_a_living_session_is_let_be(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened = fixture_open(folder, 0);
    ms_store_session *session;
    ms_store_session *other;

    assert_int_equal(ms_store_begin(opened.store, &session, NULL, NULL), MS_OK);
    assert_int_equal(fixture_put(session, 1, NULL, NULL), MS_OK);
    assert_int_equal(ms_store_begin(opened.store, &other, NULL, NULL), MS_OK);
    assert_int_equal(temporary_count(folder, "home/tmp"), 2);
    assert_int_equal(ms_store_commit(&other, NULL), MS_OK);
    assert_int_equal(fixture_get(opened.store, 1, NULL), MS_NOT_FOUND);
    assert_int_equal(ms_store_commit(&session, NULL), MS_OK);
    assert_int_equal(fixture_get(opened.store, 1, NULL), MS_OK);
    fixture_close(&opened);
}

static void test_prune_clears_unfinished_blocks(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened;
    void *lock;

    die(folder, 2, 3);
    opened = fixture_open(folder, 0);
    assert_int_equal(ms_store_prune_begin(opened.store, false, 0, NULL, &lock, NULL), MS_OK);
    assert_int_equal(temporary_count(folder, "home/tmp"), 0);
    assert_int_equal(fixture_unclaimed(opened.store), 2);
    ms_store_prune_end(opened.store, lock);
    assert_int_equal(fixture_get(opened.store, 0, NULL), MS_OK);
    assert_int_equal(fixture_get(opened.store, 3, NULL), MS_NOT_FOUND);
    fixture_close(&opened);
}

/* The blocks that a prune would find, and every file as it was: the next session goes on from there. */
static void test_a_dry_run_of_prune_leaves_unfinished_blocks(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened;
    ms_store_session *session;
    bool was_present;
    unsigned files;
    void *lock;

    die(folder, 2, 3);
    files = temporary_count(folder, in_session(folder, NULL));
    opened = fixture_open(folder, 0);
    assert_int_equal(fixture_unclaimed(opened.store), 0);
    assert_int_equal(ms_store_prune_begin(opened.store, true, 0, NULL, &lock, NULL), MS_OK);
    assert_int_equal(fixture_unclaimed(opened.store), 2);
    ms_store_prune_end(opened.store, lock);
    assert_int_equal(fixture_unclaimed(opened.store), 0);
    assert_int_equal(temporary_count(folder, in_session(folder, NULL)), files);
    assert_false(fixture_exists(folder, "home/state.db"));
    assert_int_equal(ms_store_begin(opened.store, &session, NULL, NULL), MS_OK);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(fixture_put(session, i, &was_present, NULL), MS_OK);
        assert_true(was_present);
    }
    assert_int_equal(ms_store_commit(&session, NULL), MS_OK);
    fixture_close(&opened);
}

static ms_status refuse(void *payload, const ms_cid *cid, uint64_t size, ms_error *err)
{
    (void)payload;
    (void)cid;
    (void)size;
    return ms_fail(err, MS_INTERRUPTED, "refused", "refused");
}

/* What cannot be read of a dead session is passed over; what the receiver says is not. */
static void test_a_dry_run_of_prune_reads_past_an_odd_session(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    opened_store opened;
    void *lock;

    die(folder, 2, 0);
    assert_int_equal(mkdirat(folder->fd, "home/tmp/0123456789abcdef", 0700), 0);
    assert_int_equal(symlinkat("elsewhere", folder->fd, "home/tmp/0123456789abcdef/journal"), 0);
    opened = fixture_open(folder, 0);
    assert_int_equal(ms_store_prune_begin(opened.store, true, 0, NULL, &lock, NULL), MS_OK);
    assert_int_equal(fixture_unclaimed(opened.store), 2);
    assert_int_equal(ms_store_each_unclaimed(opened.store, refuse, NULL, &error), MS_INTERRUPTED);
    assert_string_equal(error.reason, "refused");
    ms_store_prune_end(opened.store, lock);
    fixture_close(&opened);
}

/* Where no session ever ran there is nobody to keep away. */
static void test_a_dry_run_of_prune_makes_no_lock(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened;
    void *lock;

    assert_int_equal(mkdirat(folder->fd, "home", 0700), 0);
    assert_int_equal(mkdirat(folder->fd, "home/blocks", 0700), 0);
    opened = fixture_open(folder, 0);
    assert_int_equal(ms_store_prune_begin(opened.store, true, 0, NULL, &lock, NULL), MS_OK);
    assert_int_equal(fixture_unclaimed(opened.store), 0);
    ms_store_prune_end(opened.store, lock);
    assert_int_equal(temporary_count(folder, "home"), 1);
    fixture_close(&opened);
}

/* Someone's folder with a folder in it; tmp/ of the home leads there, or it lies inside of tmp/. */
static void test_nothing_but_sessions_is_ever_cleared(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened;
    void *lock;

    die(folder, 0, 1);
    assert_int_equal(mkdirat(folder->fd, "home/tmp/mine", 0700), 0);
    temporary_write(folder, "home/tmp/mine/file", "x", 1);
    opened = fixture_open(folder, 0);
    assert_int_equal(fixture_store(opened.store, 0, 1, NULL), MS_OK);
    assert_int_equal(ms_store_prune_begin(opened.store, false, 0, NULL, &lock, NULL), MS_OK);
    ms_store_prune_end(opened.store, lock);
    assert_int_equal(temporary_count(folder, "home/tmp"), 1);
    assert_int_equal(temporary_count(folder, "home/tmp/mine"), 1);
    fixture_close(&opened);
}

static void test_a_link_in_place_of_the_temporary_folder_is_not_followed(void **state)
{
    temporary_folder *folder = *state;
    opened_store opened;
    ms_store_session *session;
    void *lock;

    opened = fixture_open(folder, 0);
    assert_int_equal(fixture_store(opened.store, 0, 1, NULL), MS_OK);
    fixture_close(&opened);
    assert_int_equal(unlinkat(folder->fd, "home/tmp", AT_REMOVEDIR), 0);
    assert_int_equal(mkdirat(folder->fd, "stranger", 0700), 0);
    assert_int_equal(mkdirat(folder->fd, "stranger/0123456789abcdef", 0700), 0);
    temporary_write(folder, "stranger/0123456789abcdef/file", "x", 1);
    assert_int_equal(symlinkat("../stranger", folder->fd, "home/tmp"), 0);
    opened = fixture_open(folder, 0);
    assert_int_equal(ms_store_begin(opened.store, &session, NULL, NULL), MS_IO);
    assert_int_equal(ms_store_prune_begin(opened.store, false, 0, NULL, &lock, NULL), MS_OK);
    ms_store_prune_end(opened.store, lock);
    assert_int_equal(temporary_count(folder, "stranger"), 1);
    assert_int_equal(temporary_count(folder, "stranger/0123456789abcdef"), 1);
    fixture_close(&opened);
}

static int store_all(void *payload)
{
    opened_store opened = fixture_open(payload, 20000);
    int failed = 0;

    for (unsigned round = 0; round < 5; round++)
        failed += fixture_store(opened.store, 0, FIXTURE_BLOCKS, NULL) != MS_OK;
    fixture_close(&opened);
    return failed;
}

static void test_many_processes_adopt_and_store_at_once(void **state)
{
    enum { PROCESSES = 6 };
    temporary_folder *folder = *state;
    opened_store opened;
    pid_t children[PROCESSES];

    for (unsigned i = 0; i < 3; i++)
        die(folder, i, FIXTURE_BLOCKS - i);
    fflush(NULL);
    for (unsigned i = 0; i < PROCESSES; i++) {
        children[i] = fork();
        if (children[i] == 0)
            _exit(store_all(folder));
    }
    for (unsigned i = 0; i < PROCESSES; i++) {
        int status;
        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_int_equal(status, 0);
    }
    opened = fixture_open(folder, 0);
    for (unsigned i = 0; i < FIXTURE_BLOCKS; i++)
        assert_int_equal(fixture_get(opened.store, i, NULL), MS_OK);
    assert_int_equal(temporary_count(folder, "home/tmp"), 0);
    assert_int_equal(fixture_count(folder, "home/quarantine"), 0);
    fixture_close(&opened);
}

/* Workers that store, prune and die at random against one home. */
static int store_prune_or_die(void *payload)
{
    temporary_folder *folder = payload;
    opened_store opened = fixture_open(folder, 5000);
    unsigned seed = (unsigned)getpid();
#define RANDOM_BELOW(count) ((unsigned)rand_r(&seed) % (count))
    int failed = 0;

    for (unsigned round = 0; round < 12; round++) {
        if (RANDOM_BELOW(3) == 0) {
            void *lock;
            ms_store_removed removed;
            if (ms_store_prune_begin(opened.store, false, 5, NULL, &lock, NULL) != MS_OK)
                continue;
            failed += ms_store_remove_many(opened.store, &fixture_block(RANDOM_BELOW(FIXTURE_BLOCKS))->cid, 1, &removed, NULL) != MS_OK;
            ms_store_prune_end(opened.store, lock);
        } else {
            if (RANDOM_BELOW(5) == 0)
                faulty_kill(1 + RANDOM_BELOW(150));
            failed += fixture_store(opened.store, RANDOM_BELOW(FIXTURE_BLOCKS), 4, NULL) != MS_OK;
            faulty_kill(0);
        }
    }
    return failed;
}

static void test_many_processes_store_prune_and_die(void **state)
{
    enum { PROCESSES = 6, GENERATIONS = 5 };
    temporary_folder *folder = *state;
    opened_store opened;

    for (unsigned generation = 0; generation < GENERATIONS; generation++) {
        pid_t children[PROCESSES];
        fflush(NULL);
        for (unsigned i = 0; i < PROCESSES; i++) {
            children[i] = fork();
            if (children[i] == 0)
                _exit(store_prune_or_die(folder));
        }
        for (unsigned i = 0; i < PROCESSES; i++) {
            int status;
            assert_int_equal(waitpid(children[i], &status, 0), children[i]);
            assert_true(status == 0 || (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL));
        }
    }
    opened = fixture_open(folder, 0);
    for (unsigned i = 0; i < FIXTURE_BLOCKS; i++) {
        ms_status got = fixture_get(opened.store, i, NULL);
        assert_true(got == MS_OK || got == MS_NOT_FOUND);
    }
    assert_int_equal(fixture_store(opened.store, 0, FIXTURE_BLOCKS, NULL), MS_OK);
    assert_int_equal(temporary_count(folder, "home/tmp"), 0);
    assert_int_equal(fixture_count(folder, "home/quarantine"), 0);
    fixture_close(&opened);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, fixture_setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_whole_blocks_of_a_dead_session_are_kept),
            TEST(test_adopted_blocks_are_synced_before_they_get_their_names),
            TEST(test_blocks_that_are_not_what_they_say_are_dropped),
            TEST(test_a_torn_or_odd_journal_is_read_as_far_as_it_goes),
            TEST(test_a_session_is_kept_when_the_state_cannot_take_it_over),
            TEST(test_an_abort_that_cannot_be_recorded_keeps_its_journal),
            TEST(test_a_living_session_is_let_be),
            TEST(test_prune_clears_unfinished_blocks),
            TEST(test_a_dry_run_of_prune_leaves_unfinished_blocks),
            TEST(test_a_dry_run_of_prune_reads_past_an_odd_session),
            TEST(test_a_dry_run_of_prune_makes_no_lock),
            TEST(test_nothing_but_sessions_is_ever_cleared),
            TEST(test_a_link_in_place_of_the_temporary_folder_is_not_followed),
            TEST(test_many_processes_adopt_and_store_at_once),
            TEST(test_many_processes_store_prune_and_die),
    };
    return cmocka_run_group_tests_name("store: fs_adopt", tests, NULL, NULL);
}
