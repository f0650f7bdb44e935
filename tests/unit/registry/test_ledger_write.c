/* Writes under kills, failing calls and other processes: a row is there whole or not at all, and
 * what was acknowledged is there. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/checked.h"
#include "doubles/faulty_sys.h"
#include "doubles/sample_publication.h"
#include "unit/registry/sample_ledger.h"

#define KILLED (256 + SIGKILL)
#define SWEEP_MAX 400

typedef struct job {
    const temporary_folder *folder;
    const char *id;
    uint32_t version;
    uint32_t content;
    unsigned nth; /* call of the publishing itself that kills or fails; 0 = none */
    int os_errno; /* of the failure; 0 = kill */
} job;

static void arm(const job *j)
{
    faulty_reset();
    if (j->nth > 0 && j->os_errno == 0)
        faulty_kill(j->nth);
    else if (j->nth > 0)
        faulty_fail(FAULTY_ANY, j->nth, j->os_errno);
}

static ms_status publish(const job *j, ms_registry *registry, ms_error *err)
{
    ms_key *key = sample_key(1);
    ms_signer signer = ms_signer_of_key(key);
    sample_publication sample;
    ms_arena arena;
    ms_record record;
    ms_status status;

    ms_arena_init(&arena, (size_t)1 << 20);
    sample_publication_init(&sample, j->id, j->version, j->content);
    arm(j);
    status = ms_registry_publish(registry, &signer, &sample.publication, &arena, &record, err);
    sample_publication_release(&sample);
    ms_arena_release(&arena);
    ms_key_free(key);
    return status;
}

static int publish_until_killed(void *payload)
{
    const job *j = payload;
    ms_registry *registry;

    if (ms_ledger_open(&registry, j->folder->path, NULL, NULL) != MS_OK)
        return 1;
    return publish(j, registry, NULL) == MS_OK ? 0 : 2;
}

/* The newest version of id on record, after a clean check. */
static uint32_t newest(const temporary_folder *folder, const char *id)
{
    ms_key *key = sample_key(1);
    ms_registry *registry;
    ms_record record;
    ms_arena arena;
    ms_error error = MS_ERROR_INIT;
    sample_faults faults;
    uint64_t entries;
    ms_status status;

    ms_arena_init(&arena, (size_t)1 << 20);
    assert_int_equal(ms_ledger_open(&registry, folder->path, NULL, NULL), MS_OK);
    status = ms_registry_resolve(registry, ms_key_address(key), id, 0, &arena, &record, &error);
    if (status != MS_OK && status != MS_NOT_FOUND)
        fail_msg("%s: %s", error.reason, error.message);
    status = sample_check(registry, &entries, &faults, &error);
    if (status != MS_OK || faults.count != 0)
        fail_msg("check: %s %s", error.message, faults.first);
    ms_registry_close(registry);
    ms_arena_release(&arena);
    ms_key_free(key);
    return record.newest;
}

/* Whether a check, which rolls nothing back, finds a write that was cut off, and says what to do. */
static bool is_unfinished(const temporary_folder *folder)
{
    ms_error error = MS_ERROR_INIT;
    ms_registry *registry;
    sample_faults faults;
    uint64_t entries;
    ms_status status;

    assert_int_equal(ms_ledger_open(&registry, folder->path, NULL, NULL), MS_OK);
    status = sample_check(registry, &entries, &faults, &error);
    ms_registry_close(registry);
    if (status == MS_OK && faults.count == 0)
        return false;
    assert_int_equal(status, MS_LOCKED);
    assert_string_equal(error.reason, "ledger_unfinished");
    assert_non_null(strstr(error.hint, "model-storage list"));
    return true;
}

static void test_a_kill_before_any_call_leaves_the_row_whole_or_absent(void **state)
{
    unsigned killed = 0;
    unsigned absent = 0;
    unsigned unfinished = 0;
    job j = {.folder = *state, .id = "killed"};
    int ended = KILLED;

    for (j.nth = 1; ended == KILLED && j.nth < SWEEP_MAX; j.nth++) {
        uint32_t before = newest(*state, "killed");
        uint32_t after;

        j.version = before + 1;
        j.content = j.nth;
        ended = child_run(publish_until_killed, &j);
        unfinished += is_unfinished(*state);
        after = newest(*state, "killed");
        assert_true(after == before || after == before + 1);
        killed += ended == KILLED;
        absent += after == before;
        if (ended == 0)
            assert_int_equal(after, before + 1);
    }
    assert_int_equal(ended, 0);
    assert_true(killed > 20 && absent > 10 && unfinished > 0);
}

/* Publish while the nth call fails; returns whether it was met. */
static bool publish_with_fault(const job *j)
{
    job again = *j;
    ms_error error = MS_ERROR_INIT;
    ms_registry *registry;
    ms_status status;
    bool fired;

    assert_int_equal(ms_ledger_open(&registry, j->folder->path, NULL, NULL), MS_OK);
    status = publish(j, registry, &error);
    fired = faulty_fired();
    again.nth = 0;
    if (status != MS_OK) {
        assert_true(error.message[0] != '\0');
        /* The same handle goes on afterwards. */
        if (publish(&again, registry, &error) != MS_OK)
            fail_msg("after call %u failed: %s: %s", j->nth, error.reason, error.message);
    }
    faulty_reset();
    ms_registry_close(registry);
    return fired;
}

static void test_a_failing_call_never_loses_what_was_acknowledged(void **state)
{
    static const int errors[] = {EIO, ENOSPC};
    const temporary_folder *folder = *state;

    for (size_t e = 0; e < MS_ARRAY_COUNT(errors); e++) {
        bool fired = true;
        char id[16];

        snprintf(id, sizeof(id), "failed-%zu", e);
        for (unsigned nth = 1; fired && nth < SWEEP_MAX; nth++) {
            uint32_t before = newest(folder, id);
            job j = {.folder = folder,
                    .id = id,
                    .version = before + 1,
                    .content = nth,
                    .nth = nth,
                    .os_errno = errors[e]};

            fired = publish_with_fault(&j);
            assert_int_equal(newest(folder, id), before + 1);
        }
        assert_false(fired);
    }
}

static int publish_many(const job *j)
{
    ms_registry *registry;

    if (ms_ledger_open(&registry, j->folder->path, NULL, NULL) != MS_OK)
        return 100;
    for (uint32_t version = 1; version <= 15; version++) {
        job one = {.id = j->id, .version = version, .content = j->content + version};
        ms_error error = MS_ERROR_INIT;
        ms_status status = publish(&one, registry, &error);

        if (status != MS_OK && strcmp(error.reason, "version_conflict") != 0 &&
                strcmp(error.reason, "version_number") != 0)
            return 101;
    }
    ms_registry_close(registry);
    return 0;
}

static void test_several_processes_publish_at_once(void **state)
{
    pid_t children[3];

    fflush(NULL);
    for (uint32_t i = 0; i < MS_ARRAY_COUNT(children); i++) {
        job j = {.folder = *state, .id = "raced", .content = (i + 1) * 1000};

        children[i] = fork();
        if (children[i] == 0)
            _exit(publish_many(&j));
        assert_true(children[i] > 0);
    }
    for (size_t i = 0; i < MS_ARRAY_COUNT(children); i++) {
        int status;

        assert_int_equal(waitpid(children[i], &status, 0), children[i]);
        assert_true(WIFEXITED(status));
        assert_int_equal(WEXITSTATUS(status), 0);
    }
    assert_int_equal(newest(*state, "raced"), 15);
}

static ms_status set(ms_registry *registry, ms_record_status wanted, bool *changed)
{
    ms_key *key = sample_key(1);
    ms_signer signer = ms_signer_of_key(key);
    ms_status_change change = {.model_id = "m", .version = 1, .status = wanted, .reason = "r"};
    ms_status status = ms_registry_set_status(registry, &signer, &change, changed, NULL);

    ms_key_free(key);
    return status;
}

static void test_what_changes_nothing_adds_no_row(void **state)
{
    const temporary_folder *folder = *state;
    job j = {.folder = folder, .id = "m", .version = 1, .content = 1};
    ms_registry *registry;
    sample_faults faults;
    uint64_t entries;
    bool changed;

    assert_int_equal(ms_ledger_open(&registry, folder->path, NULL, NULL), MS_OK);
    assert_int_equal(publish(&j, registry, NULL), MS_OK);
    assert_int_equal(publish(&j, registry, NULL), MS_OK);
    assert_int_equal(set(registry, MS_RECORD_ACTIVE, &changed), MS_OK);
    j.content = 2;
    assert_int_equal(publish(&j, registry, NULL), MS_CHAIN_MISMATCH);
    assert_int_equal(sample_check(registry, &entries, &faults, NULL), MS_OK);
    assert_int_equal(entries, 1);
    assert_int_equal(set(registry, MS_RECORD_REVOKED, &changed), MS_OK);
    assert_true(changed);
    assert_int_equal(set(registry, MS_RECORD_ACTIVE, &changed), MS_INTEGRITY);
    assert_int_equal(sample_check(registry, &entries, &faults, NULL), MS_OK);
    assert_int_equal(entries, 2);
    ms_registry_close(registry);
}

static void test_the_last_row_is_remembered(void **state)
{
    const temporary_folder *folder = *state;
    job j = {.folder = folder, .id = "m", .version = 1, .content = 1};
    ms_state *memory;
    ms_registry *registry;
    uint8_t hash[32];
    uint8_t none[32] = {0};
    uint64_t sequence;
    bool changed;

    assert_int_equal(ms_state_open(&memory, folder->path, NULL), MS_OK);
    assert_int_equal(ms_ledger_open(&registry, folder->path, memory, NULL), MS_OK);
    assert_int_equal(publish(&j, registry, NULL), MS_OK);
    assert_int_equal(ms_state_ledger_seen(memory, &sequence, hash, NULL), MS_OK);
    assert_int_equal(sequence, 1);
    assert_memory_not_equal(hash, none, 32);
    assert_int_equal(set(registry, MS_RECORD_INACTIVE, &changed), MS_OK);
    assert_int_equal(ms_state_ledger_seen(memory, &sequence, hash, NULL), MS_OK);
    assert_int_equal(sequence, 2);
    ms_registry_close(registry);
    ms_state_close(memory);
}

/* Whoever wrote it may have been killed before its row was on disk for good. */
static void test_an_answer_from_the_row_of_another_is_synced_first(void **state)
{
    const temporary_folder *folder = *state;
    job own = {.folder = folder, .id = "own", .version = 1, .content = 1};
    job same = {.folder = folder, .id = "m", .version = 1, .content = 1};
    ms_registry *registry;
    ms_registry *other;
    bool changed = true;

    assert_int_equal(ms_ledger_open(&registry, folder->path, NULL, NULL), MS_OK);
    assert_int_equal(publish(&own, registry, NULL), MS_OK);
    assert_int_equal(ms_ledger_open(&other, folder->path, NULL, NULL), MS_OK);
    assert_int_equal(publish(&same, other, NULL), MS_OK);
    assert_int_equal(set(other, MS_RECORD_INACTIVE, &changed), MS_OK);
    ms_registry_close(other);
    faulty_reset();
    faulty_fail_always(FAULTY_fsync, EIO);
    assert_int_equal(set(registry, MS_RECORD_INACTIVE, &changed), MS_IO);
    assert_false(changed);
    faulty_reset();
    assert_int_equal(set(registry, MS_RECORD_INACTIVE, &changed), MS_OK);
    assert_false(changed);
    assert_int_equal(publish(&same, registry, NULL), MS_OK);
    ms_registry_close(registry);
}

#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, temporary_folder_setup, temporary_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_a_kill_before_any_call_leaves_the_row_whole_or_absent),
            TEST(test_a_failing_call_never_loses_what_was_acknowledged),
            TEST(test_several_processes_publish_at_once),
            TEST(test_what_changes_nothing_adds_no_row),
            TEST(test_an_answer_from_the_row_of_another_is_synced_first),
            TEST(test_the_last_row_is_remembered),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
