/* What damage of ledger.db does: no answer is ever wrong, and the check finds all of it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <cmocka.h>

#include "unit/registry/sample_ledger.h"

#define FILE_SIZE_MAX (1 << 20)
#define PAGE_SIZE 4096

typedef struct sweep {
    const temporary_folder *folder;
    uint8_t *good;
    uint8_t *bad;
    size_t size; /* of good */
    sample_answer truth[SAMPLE_QUESTIONS];
    unsigned refused; /* answers that were errors */
    unsigned right;
} sweep;

static sweep *start(void **state)
{
    sweep *s = calloc(1, sizeof(*s));
    ms_registry *registry;
    sample_faults faults;
    uint64_t entries;
    long size;

    s->folder = *state;
    s->good = malloc(FILE_SIZE_MAX);
    s->bad = malloc(FILE_SIZE_MAX);
    sample_ledger_make(s->folder);
    size = temporary_read(s->folder, "ledger.db", s->good, FILE_SIZE_MAX);
    assert_true(size > 10 * PAGE_SIZE && size % PAGE_SIZE == 0);
    s->size = (size_t)size;
    assert_int_equal(ms_ledger_open(&registry, s->folder->path, NULL, NULL), MS_OK);
    sample_answers_take(s->truth, registry);
    for (unsigned i = 0; i < SAMPLE_QUESTIONS; i++)
        assert_int_equal(s->truth[i].status, MS_OK);
    assert_int_equal(sample_check(registry, &entries, &faults, NULL), MS_OK);
    assert_int_equal(faults.count, 0);
    assert_int_equal(entries, SAMPLE_ROWS);
    ms_registry_close(registry);
    return s;
}

static void finish(sweep *s)
{
    sample_answers_release(s->truth);
    free(s->good);
    free(s->bad);
    free(s);
}

static bool is_damage(ms_status status)
{
    return status == MS_INTEGRITY || status == MS_MALFORMED;
}

/* Put size bytes of bad in the place of the ledger, ask everything and check. */
static void expect_honest(sweep *s, size_t size, const char *what, size_t where)
{
    sample_answer answers[SAMPLE_QUESTIONS];
    ms_error error = MS_ERROR_INIT;
    sample_faults faults;
    uint64_t entries;
    ms_registry *registry;
    ms_status status;

    temporary_write(s->folder, "ledger.db", s->bad, size);
    assert_int_equal(ms_ledger_open(&registry, s->folder->path, NULL, NULL), MS_OK);
    sample_answers_take(answers, registry);
    for (unsigned i = 0; i < SAMPLE_QUESTIONS; i++) {
        if (is_damage(answers[i].status))
            s->refused++;
        else if (answers[i].status != MS_OK || strcmp(answers[i].text, s->truth[i].text) != 0)
            fail_msg("%s at %zu: question %u was answered %d:\n%s", what, where, i,
                    (int)answers[i].status, answers[i].text);
        else
            s->right++;
    }
    sample_answers_release(answers);
    status = sample_check(registry, &entries, &faults, &error);
    /* Damage of the number of the version alone looks like the file of a later program. */
    bool of_later_program = status == MS_MALFORMED && strcmp(error.reason, "ledger_version") == 0;
    if (!of_later_program && (status != MS_OK || faults.count == 0))
        fail_msg("%s at %zu: the check returned %d (%s) with %u faults", what, where, (int)status,
                error.message, faults.count);
    ms_registry_close(registry);
    /* Nothing was repaired, cut or made anew behind our back. */
    assert_int_equal(temporary_read(s->folder, "ledger.db", s->bad + size, FILE_SIZE_MAX - size),
            (long)size);
    assert_memory_equal(s->bad, s->bad + size, size);
}

static void test_a_flipped_byte_never_gives_a_wrong_answer(void **state)
{
    sweep *s = start(state);

    for (size_t at = 0; at < s->size; at += at < 100 ? 3 : 509) {
        memcpy(s->bad, s->good, s->size);
        s->bad[at] ^= (uint8_t)(1u << at % 8);
        expect_honest(s, s->size, "flip", at);
    }
    /* The damage is local: what does not touch it is still answered. */
    assert_true(s->right > 0 && s->refused > 0);
    finish(s);
}

static void test_a_cut_file_is_refused(void **state)
{
    sweep *s = start(state);

    memcpy(s->bad, s->good, s->size);
    for (size_t size = 0; size < s->size; size += size < 120 ? 19 : 1777)
        expect_honest(s, size, "cut", size);
    for (size_t size = 0; size < s->size; size += PAGE_SIZE) {
        memcpy(s->bad, s->good, s->size);
        expect_honest(s, size, "cut", size);
    }
    assert_int_equal(s->right, 0);
    finish(s);
}

static void test_a_tail_of_zeros_is_found(void **state)
{
    sweep *s = start(state);

    for (size_t at = 0; at < s->size; at += at % PAGE_SIZE == 0 ? 1000 : PAGE_SIZE - 1000) {
        memcpy(s->bad, s->good, s->size);
        memset(s->bad + at, 0, s->size - at);
        expect_honest(s, s->size, "zeros", at);
    }
    finish(s);
}

static void test_pages_in_the_wrong_place_are_found(void **state)
{
    sweep *s = start(state);

    for (size_t page = 0; page + 1 < s->size / PAGE_SIZE; page++) {
        memcpy(s->bad, s->good, s->size);
        memcpy(s->bad + page * PAGE_SIZE, s->good + (page + 1) * PAGE_SIZE, PAGE_SIZE);
        memcpy(s->bad + (page + 1) * PAGE_SIZE, s->good + page * PAGE_SIZE, PAGE_SIZE);
        expect_honest(s, s->size, "swap", page);
    }
    finish(s);
}

/* A write that the disk lost leaves an older page with a good sum. Answers may then be old, but the
 * check finds it: either SQLite does, or rows and index no longer agree. */
static void test_a_lost_write_is_found_by_the_check(void **state)
{
    sweep *s = start(state);
    uint8_t *older = malloc(FILE_SIZE_MAX);
    ms_registry *registry;
    unsigned differing = 0;

    assert_int_equal(remove(temporary_path(s->folder, "ledger.db")), 0);
    assert_int_equal(ms_ledger_open(&registry, s->folder->path, NULL, NULL), MS_OK);
    sample_ledger_fill(registry, 0, SAMPLE_ROWS - 8);
    assert_true(temporary_read(s->folder, "ledger.db", older, FILE_SIZE_MAX) > 0);
    sample_ledger_fill(registry, SAMPLE_ROWS - 8, SAMPLE_ROWS);
    ms_registry_close(registry);
    assert_int_equal(temporary_read(s->folder, "ledger.db", s->good, FILE_SIZE_MAX), (long)s->size);
    for (size_t page = 0; page < s->size / PAGE_SIZE; page++) {
        sample_faults faults;
        uint64_t entries;

        memcpy(s->bad, s->good, s->size);
        memcpy(s->bad + page * PAGE_SIZE, older + page * PAGE_SIZE, PAGE_SIZE);
        if (memcmp(s->bad, s->good, s->size) == 0)
            continue;
        differing++;
        temporary_write(s->folder, "ledger.db", s->bad, s->size);
        assert_int_equal(ms_ledger_open(&registry, s->folder->path, NULL, NULL), MS_OK);
        assert_int_equal(sample_check(registry, &entries, &faults, NULL), MS_OK);
        if (faults.count == 0)
            fail_msg("the check did not find that page %zu is an older one", page);
        ms_registry_close(registry);
    }
    assert_true(differing > 3);
    free(older);
    finish(s);
}

#define TEST(function)                                                                             \
    cmocka_unit_test_setup_teardown(function, temporary_folder_setup, temporary_folder_teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
            TEST(test_a_flipped_byte_never_gives_a_wrong_answer),
            TEST(test_a_cut_file_is_refused),
            TEST(test_a_tail_of_zeros_is_found),
            TEST(test_pages_in_the_wrong_place_are_found),
            TEST(test_a_lost_write_is_found_by_the_check),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
