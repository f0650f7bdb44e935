/* Conformance of registries: write once, gaps, revocation, the stricter status, pages, and many
 * writers at once. */
#include "conformance/registry_suite.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <cmocka.h>

#include "base/checked.h"
#include "doubles/sample_publication.h"
#include "platform/thread.h"

#define PUBLISHERS 3
#define THREADS 8
#define RECORDS_MAX 4096

static const registry_suite_backend *backend;

typedef struct fixture {
    void *place;
    ms_registry *registry;
    ms_key *keys[PUBLISHERS];
    ms_signer signers[PUBLISHERS];
    ms_arena arena;
    ms_error error;
} fixture;

static int setup(void **state)
{
    fixture *f = calloc(1, sizeof(*f));

    f->registry = backend->open(&f->place);
    for (uint8_t i = 0; i < PUBLISHERS; i++) {
        f->keys[i] = sample_key((uint8_t)(i + 1));
        f->signers[i] = ms_signer_of_key(f->keys[i]);
    }
    ms_arena_init(&f->arena, (size_t)16 << 20);
    f->error = (ms_error)MS_ERROR_INIT;
    *state = f;
    return 0;
}

static int teardown(void **state)
{
    fixture *f = *state;

    ms_registry_close(f->registry);
    backend->remove(f->place);
    for (int i = 0; i < PUBLISHERS; i++)
        ms_key_free(f->keys[i]);
    ms_arena_release(&f->arena);
    free(f);
    return 0;
}

/* ---- steps ---- */

static ms_status try_publish(
        fixture *f, int who, const char *id, uint32_t version, uint32_t content, ms_record *record)
{
    sample_publication sample;
    ms_status status;

    sample_publication_init(&sample, id, version, content);
    status = ms_registry_publish(
            f->registry, &f->signers[who], &sample.publication, &f->arena, record, &f->error);
    sample_publication_release(&sample);
    return status;
}

static void publish(fixture *f, int who, const char *id, uint32_t version, uint32_t content)
{
    ms_record record;

    assert_int_equal(try_publish(f, who, id, version, content, &record), MS_OK);
}

static ms_status try_status(fixture *f, int who, const char *id, uint32_t version,
        ms_record_status status, const char *reason, bool *changed)
{
    ms_status_change change = {
            .model_id = id, .version = version, .status = status, .reason = reason};

    return ms_registry_set_status(f->registry, &f->signers[who], &change, changed, &f->error);
}

static void set_status(
        fixture *f, const char *id, uint32_t version, ms_record_status status, const char *reason)
{
    bool changed;

    assert_int_equal(try_status(f, 0, id, version, status, reason, &changed), MS_OK);
    assert_true(changed);
}

static ms_record resolve(fixture *f, int who, const char *id, uint32_t version)
{
    ms_record record;

    assert_int_equal(ms_registry_resolve(f->registry, &f->signers[who].address, id, version,
                             &f->arena, &record, &f->error),
            MS_OK);
    return record;
}

static void expect_failure(fixture *f, ms_status status, ms_status expected, const char *reason)
{
    assert_int_equal(status, expected);
    assert_string_equal(f->error.reason, reason);
    assert_int_equal(f->error.status, expected);
    assert_true(f->error.message[0] != '\0');
}

/* Records as "id@version/publisher" lines. */
typedef struct collector {
    const fixture *f;
    size_t count;
    char text[RECORDS_MAX][160];
    ms_status stop_with; /* returned at the second record when not MS_OK */
} collector;

static ms_status collect(void *payload, const ms_record *record, ms_error *err)
{
    collector *c = payload;
    int who = -1;

    for (int i = 0; i < PUBLISHERS; i++) {
        if (ms_address_equal(&record->publisher, &c->f->signers[i].address))
            who = i;
    }
    assert_true(c->count < RECORDS_MAX);
    snprintf(c->text[c->count++], sizeof(c->text[0]), "%s@%u/%d", record->model_id, record->version,
            who);
    if (c->stop_with != MS_OK && c->count == 2)
        return ms_fail(err, c->stop_with, "stopped", "Stopped by the caller");
    return MS_OK;
}

static collector *new_collector(const fixture *f)
{
    collector *c = calloc(1, sizeof(*c));

    c->f = f;
    return c;
}

static void expect_lines(collector *c, const char *const *lines, size_t count)
{
    assert_int_equal(c->count, count);
    for (size_t i = 0; i < count; i++)
        assert_string_equal(c->text[i], lines[i]);
    c->count = 0;
}

static void expect_list(fixture *f, ms_record_page page, const char *const *lines, size_t count)
{
    collector *c = new_collector(f);
    const char *next;

    page.limit = RECORDS_MAX;
    assert_int_equal(
            ms_registry_list(f->registry, &page, collect, c, &f->arena, &next, &f->error), MS_OK);
    assert_null(next);
    expect_lines(c, lines, count);
    free(c);
}

#define LINES(...)                                                                                 \
    (const char *const[]){__VA_ARGS__}, sizeof((const char *[]){__VA_ARGS__}) / sizeof(char *)

/* ---- publishing ---- */

static void test_an_empty_registry_knows_nothing(void **state)
{
    fixture *f = *state;
    uint8_t manifest[32] = {1};
    ms_record record;
    collector *c = new_collector(f);
    uint64_t entries;

    assert_string_equal(ms_registry_kind(f->registry), backend->kind);
    expect_failure(f,
            ms_registry_resolve(
                    f->registry, &f->signers[0].address, "m", 0, &f->arena, &record, &f->error),
            MS_NOT_FOUND, "model_unknown");
    assert_null(record.model_id);
    expect_failure(f,
            ms_registry_history(f->registry, &f->signers[0].address, "m", collect, c, &f->error),
            MS_NOT_FOUND, "model_unknown");
    assert_int_equal(ms_registry_find(f->registry, manifest, collect, c, &f->error), MS_OK);
    assert_int_equal(ms_registry_find_id(f->registry, "m", collect, c, &f->error), MS_OK);
    assert_int_equal(ms_registry_check(f->registry, NULL, &entries, NULL, NULL, &f->error), MS_OK);
    assert_int_equal(entries, 0);
    assert_int_equal(c->count, 0);
    expect_list(f, (ms_record_page){.inactive_too = true, .all_versions = true}, NULL, 0);
    free(c);
}

static void test_what_was_published_is_resolved(void **state)
{
    fixture *f = *state;
    sample_publication sample;
    ms_record published;
    ms_record record;
    int64_t before = (int64_t)time(NULL);

    sample_publication_init(&sample, "org/model", 1, 7);
    assert_int_equal(ms_registry_publish(f->registry, &f->signers[0], &sample.publication,
                             &f->arena, &published, &f->error),
            MS_OK);
    for (uint32_t version = 0; version < 2; version++) {
        record = resolve(f, 0, "org/model", version);
        assert_string_equal(record.model_id, "org/model");
        assert_true(ms_address_equal(&record.publisher, &f->signers[0].address));
        assert_int_equal(record.version, 1);
        assert_int_equal(record.newest, 1);
        assert_memory_equal(record.manifest, sample.manifest, 32);
        assert_int_equal(record.status, MS_RECORD_ACTIVE);
        assert_int_equal(record.version_status, MS_RECORD_ACTIVE);
        assert_int_equal(record.model_status, MS_RECORD_ACTIVE);
        assert_string_equal(record.reason, "");
        assert_int_equal(record.status_time, 0);
        assert_true(record.time >= before - 1 && record.time <= (int64_t)time(NULL) + 1);
    }
    assert_int_equal(published.version, 1);
    assert_memory_equal(published.manifest, sample.manifest, 32);
    if (backend->keeps_blocks) {
        assert_true(ms_span_equal(record.head, sample.publication.head));
        assert_true(ms_span_equal(record.info, sample.publication.info));
        assert_true(ms_span_equal(published.head, sample.publication.head));
    }
    sample_publication_release(&sample);
}

static void test_publishing_again_gives_the_record_that_stands(void **state)
{
    fixture *f = *state;
    ms_record first;
    ms_record again;

    assert_int_equal(try_publish(f, 0, "m", 1, 1, &first), MS_OK);
    publish(f, 0, "m", 2, 2);
    assert_int_equal(try_publish(f, 0, "m", 1, 1, &again), MS_OK);
    assert_int_equal(again.version, 1);
    assert_int_equal(again.newest, 2);
    assert_memory_equal(again.manifest, first.manifest, 32);
    assert_int_equal(again.time, first.time);
    expect_list(f, (ms_record_page){.all_versions = true}, LINES("m@1/0", "m@2/0"));
}

static void test_a_version_is_written_once(void **state)
{
    fixture *f = *state;
    ms_record record;
    ms_record kept;

    publish(f, 0, "m", 1, 1);
    kept = resolve(f, 0, "m", 1);
    expect_failure(f, try_publish(f, 0, "m", 1, 2, &record), MS_CHAIN_MISMATCH, "version_conflict");
    assert_null(record.model_id);
    record = resolve(f, 0, "m", 0);
    assert_int_equal(record.newest, 1);
    assert_memory_equal(record.manifest, kept.manifest, 32);
}

static void test_versions_only_go_up_by_a_bounded_gap(void **state)
{
    fixture *f = *state;
    ms_record record;

    expect_failure(f, try_publish(f, 0, "m", 0, 1, &record), MS_USAGE, "version_number");
    expect_failure(f, try_publish(f, 0, "m", MS_VERSION_GAP_MAX + 1, 1, &record), MS_USAGE,
            "version_number");
    publish(f, 0, "m", MS_VERSION_GAP_MAX, 1);
    expect_failure(f, try_publish(f, 0, "m", 2 * MS_VERSION_GAP_MAX + 1, 2, &record), MS_USAGE,
            "version_number");
    expect_failure(f, try_publish(f, 0, "m", 5, 3, &record), MS_USAGE, "version_number");
    publish(f, 0, "m", 2 * MS_VERSION_GAP_MAX, 2);
    expect_failure(f,
            ms_registry_resolve(
                    f->registry, &f->signers[0].address, "m", 5, &f->arena, &record, &f->error),
            MS_NOT_FOUND, "version_unknown");
    assert_int_equal(resolve(f, 0, "m", 0).version, 2 * MS_VERSION_GAP_MAX);
}

static void test_publishers_do_not_share_ids(void **state)
{
    fixture *f = *state;
    ms_record record;
    collector *c = new_collector(f);

    for (int who = 0; who < PUBLISHERS; who++)
        publish(f, who, "same", 1, (uint32_t)(10 + who));
    publish(f, 1, "same", 2, 50);
    assert_int_equal(resolve(f, 0, "same", 0).version, 1);
    assert_int_equal(resolve(f, 1, "same", 0).version, 2);
    expect_failure(f,
            ms_registry_resolve(
                    f->registry, &f->signers[2].address, "same", 2, &f->arena, &record, &f->error),
            MS_NOT_FOUND, "version_unknown");
    assert_int_equal(ms_registry_find_id(f->registry, "same", collect, c, &f->error), MS_OK);
    assert_int_equal(c->count, PUBLISHERS);
    for (size_t i = 0; i < c->count; i++)
        assert_memory_equal(c->text[i], strstr(c->text[i], "/1") != NULL ? "same@2" : "same@1", 6);
    free(c);
}

static void test_ids_have_up_to_128_bytes(void **state)
{
    fixture *f = *state;
    char id[MS_MODEL_ID_SIZE_MAX + 2];
    ms_record record;

    memset(id, 'a', sizeof(id));
    id[MS_MODEL_ID_SIZE_MAX + 1] = '\0';
    expect_failure(f, try_publish(f, 0, id, 1, 1, &record), MS_USAGE, "model_id_long");
    id[MS_MODEL_ID_SIZE_MAX] = '\0';
    publish(f, 0, id, 1, 1);
    assert_string_equal(resolve(f, 0, id, 1).model_id, id);
    expect_failure(f, try_publish(f, 0, "", 1, 1, &record), MS_USAGE, "model_id_empty");
    expect_failure(f, try_publish(f, 0, "a b", 1, 1, &record), MS_USAGE, "model_id_character");
}

static void test_blocks_that_do_not_belong_together_are_refused(void **state)
{
    fixture *f = *state;
    sample_publication a;
    sample_publication b;
    ms_record record;

    sample_publication_init(&a, "m", 1, 1);
    sample_publication_init(&b, "m", 1, 2);
    a.publication.info = b.publication.info;
    expect_failure(f,
            ms_registry_publish(
                    f->registry, &f->signers[0], &a.publication, &f->arena, &record, &f->error),
            MS_USAGE, "info_foreign");
    b.publication.head.size--;
    assert_int_equal(ms_registry_publish(f->registry, &f->signers[0], &b.publication, &f->arena,
                             &record, &f->error),
            MS_MALFORMED);
    sample_publication_release(&a);
    sample_publication_release(&b);
}

static void test_a_large_info_block_comes_back(void **state)
{
    fixture *f = *state;
    sample_publication sample;
    ms_record record;

    sample_publication_init_sized(&sample, "large", 1, 1, MS_INFO_SIZE_MAX - 100);
    assert_int_equal(ms_registry_publish(f->registry, &f->signers[0], &sample.publication,
                             &f->arena, &record, &f->error),
            MS_OK);
    record = resolve(f, 0, "large", 1);
    if (backend->keeps_blocks)
        assert_true(ms_span_equal(record.info, sample.publication.info));
    sample_publication_release(&sample);
}

static ms_status refuse_to_sign(void *payload, const uint8_t digest[32],
        uint8_t signature[MS_SIGNATURE_SIZE], ms_error *err)
{
    (void)payload;
    (void)digest;
    memset(signature, 0, MS_SIGNATURE_SIZE);
    return ms_fail(err, MS_KEY, "key_away", "The key is away");
}

static void test_nothing_is_written_without_a_signature(void **state)
{
    fixture *f = *state;
    ms_signer good = f->signers[0];
    ms_record record;
    bool changed;

    f->signers[0].sign = refuse_to_sign;
    expect_failure(f, try_publish(f, 0, "m", 1, 1, &record), MS_KEY, "key_away");
    f->signers[0] = good;
    expect_list(f, (ms_record_page){.inactive_too = true}, NULL, 0);
    publish(f, 0, "m", 1, 1);
    f->signers[0].sign = refuse_to_sign;
    expect_failure(
            f, try_status(f, 0, "m", 1, MS_RECORD_REVOKED, "", &changed), MS_KEY, "key_away");
    assert_false(changed);
    assert_int_equal(resolve(f, 0, "m", 1).status, MS_RECORD_ACTIVE);
}

static void test_a_signature_of_another_key_is_refused(void **state)
{
    fixture *f = *state;
    ms_record record;

    f->signers[0].payload = f->signers[1].payload;
    assert_int_not_equal(try_publish(f, 0, "m", 1, 1, &record), MS_OK);
    f->signers[0].payload = f->keys[0];
    expect_list(f, (ms_record_page){.inactive_too = true}, NULL, 0);
}

/* ---- statuses ---- */

static void test_a_version_goes_inactive_and_comes_back(void **state)
{
    fixture *f = *state;
    ms_record record;

    publish(f, 0, "m", 1, 1);
    publish(f, 0, "m", 2, 2);
    set_status(f, "m", 2, MS_RECORD_INACTIVE, "has a bug");
    record = resolve(f, 0, "m", 2);
    assert_int_equal(record.status, MS_RECORD_INACTIVE);
    assert_int_equal(record.version_status, MS_RECORD_INACTIVE);
    assert_int_equal(record.model_status, MS_RECORD_ACTIVE);
    assert_string_equal(record.reason, "has a bug");
    assert_true(record.status_time > 0);
    assert_int_equal(resolve(f, 0, "m", 1).status, MS_RECORD_ACTIVE);
    expect_list(f, (ms_record_page){0}, LINES("m@1/0"));
    expect_list(f, (ms_record_page){.inactive_too = true}, LINES("m@2/0"));
    set_status(f, "m", 2, MS_RECORD_ACTIVE, "was no bug");
    record = resolve(f, 0, "m", 2);
    assert_int_equal(record.status, MS_RECORD_ACTIVE);
    assert_string_equal(record.reason, "was no bug");
    expect_list(f, (ms_record_page){0}, LINES("m@2/0"));
}

static void test_the_stricter_status_counts(void **state)
{
    static const ms_record_status all[] = {MS_RECORD_ACTIVE, MS_RECORD_INACTIVE, MS_RECORD_REVOKED};
    fixture *f = *state;

    for (size_t of_model = 0; of_model < 3; of_model++) {
        for (size_t of_version = 0; of_version < 3; of_version++) {
            char id[16];
            ms_record record;

            snprintf(id, sizeof(id), "m-%zu-%zu", of_model, of_version);
            publish(f, 0, id, 1, 1);
            if (of_version > 0)
                set_status(f, id, 1, all[of_version], "version");
            if (of_model > 0)
                set_status(f, id, 0, all[of_model], "model");
            record = resolve(f, 0, id, 1);
            assert_int_equal(record.version_status, all[of_version]);
            assert_int_equal(record.model_status, all[of_model]);
            assert_int_equal(record.status, MS_MAX(all[of_model], all[of_version]));
            assert_string_equal(record.reason, of_model + of_version == 0 ? ""
                                               : of_version > of_model    ? "version"
                                                                          : "model");
        }
    }
    expect_list(f, (ms_record_page){0}, LINES("m-0-0@1/0"));
}

static void test_the_later_of_two_equal_statuses_gives_the_reason(void **state)
{
    fixture *f = *state;

    publish(f, 0, "m", 1, 1);
    set_status(f, "m", 0, MS_RECORD_INACTIVE, "model");
    set_status(f, "m", 1, MS_RECORD_INACTIVE, "version");
    assert_string_equal(resolve(f, 0, "m", 1).reason, "version");
}

static void test_the_status_that_stands_is_no_change(void **state)
{
    fixture *f = *state;
    bool changed = true;

    publish(f, 0, "m", 1, 1);
    assert_int_equal(try_status(f, 0, "m", 1, MS_RECORD_ACTIVE, "again", &changed), MS_OK);
    assert_false(changed);
    set_status(f, "m", 1, MS_RECORD_INACTIVE, "first");
    assert_int_equal(try_status(f, 0, "m", 1, MS_RECORD_INACTIVE, "second", &changed), MS_OK);
    assert_false(changed);
    assert_string_equal(resolve(f, 0, "m", 1).reason, "first");
    set_status(f, "m", 1, MS_RECORD_REVOKED, "third");
    assert_int_equal(try_status(f, 0, "m", 1, MS_RECORD_REVOKED, "fourth", &changed), MS_OK);
    assert_false(changed);
    assert_string_equal(resolve(f, 0, "m", 1).reason, "third");
}

static void test_revoked_is_for_good(void **state)
{
    fixture *f = *state;
    bool changed;
    ms_record record;

    publish(f, 0, "m", 1, 1);
    set_status(f, "m", 1, MS_RECORD_REVOKED, "stolen");
    expect_failure(
            f, try_status(f, 0, "m", 1, MS_RECORD_ACTIVE, "", &changed), MS_INTEGRITY, "revoked");
    expect_failure(
            f, try_status(f, 0, "m", 1, MS_RECORD_INACTIVE, "", &changed), MS_INTEGRITY, "revoked");
    assert_false(changed);
    publish(f, 0, "m", 2, 2);
    set_status(f, "m", 0, MS_RECORD_REVOKED, "all of it");
    expect_failure(
            f, try_status(f, 0, "m", 0, MS_RECORD_ACTIVE, "", &changed), MS_INTEGRITY, "revoked");
    expect_failure(f, try_publish(f, 0, "m", 3, 3, &record), MS_INTEGRITY, "revoked");
    assert_int_equal(try_publish(f, 0, "m", 2, 2, &record), MS_OK);
    assert_int_equal(record.status, MS_RECORD_REVOKED);
    assert_int_equal(resolve(f, 0, "m", 0).newest, 2);
}

static void test_an_inactive_model_takes_versions(void **state)
{
    fixture *f = *state;

    publish(f, 0, "m", 1, 1);
    set_status(f, "m", 0, MS_RECORD_INACTIVE, "pause");
    publish(f, 0, "m", 2, 2);
    assert_int_equal(resolve(f, 0, "m", 2).status, MS_RECORD_INACTIVE);
    assert_int_equal(resolve(f, 0, "m", 2).version_status, MS_RECORD_ACTIVE);
    expect_list(f, (ms_record_page){0}, NULL, 0);
    set_status(f, "m", 0, MS_RECORD_ACTIVE, "");
    expect_list(f, (ms_record_page){0}, LINES("m@2/0"));
}

static void test_a_status_needs_what_it_speaks_of(void **state)
{
    fixture *f = *state;
    char reason[MS_REASON_SIZE_MAX + 2];
    bool changed;

    publish(f, 0, "m", 1, 1);
    expect_failure(f, try_status(f, 0, "other", 0, MS_RECORD_INACTIVE, "", &changed), MS_NOT_FOUND,
            "model_unknown");
    expect_failure(f, try_status(f, 0, "m", 2, MS_RECORD_INACTIVE, "", &changed), MS_NOT_FOUND,
            "version_unknown");
    expect_failure(f, try_status(f, 1, "m", 1, MS_RECORD_INACTIVE, "", &changed), MS_NOT_FOUND,
            "model_unknown");
    expect_failure(f, try_status(f, 0, "m", 1, (ms_record_status)3, "", &changed), MS_USAGE,
            "status_unknown");
    expect_failure(f, try_status(f, 0, "m", 1, MS_RECORD_INACTIVE, "\xff", &changed), MS_USAGE,
            "reason_utf8");
    memset(reason, 'r', sizeof(reason));
    reason[MS_REASON_SIZE_MAX + 1] = '\0';
    expect_failure(f, try_status(f, 0, "m", 1, MS_RECORD_INACTIVE, reason, &changed), MS_USAGE,
            "reason_long");
    reason[MS_REASON_SIZE_MAX] = '\0';
    set_status(f, "m", 1, MS_RECORD_INACTIVE, reason);
    assert_string_equal(resolve(f, 0, "m", 1).reason, reason);
    assert_int_equal(try_status(f, 0, "m", 1, MS_RECORD_ACTIVE, NULL, &changed), MS_OK);
    assert_string_equal(resolve(f, 0, "m", 1).reason, "");
}

/* ---- finding and listing ---- */

static void test_records_are_found_by_manifest_in_order(void **state)
{
    fixture *f = *state;
    collector *c = new_collector(f);
    ms_record record;

    publish(f, 1, "z", 1, 77);
    publish(f, 0, "b", 1, 1);
    publish(f, 0, "a", 1, 77);
    publish(f, 0, "a", 2, 2);
    publish(f, 0, "a", 3, 77);
    record = resolve(f, 0, "a", 1);
    assert_int_equal(ms_registry_find(f->registry, record.manifest, collect, c, &f->error), MS_OK);
    expect_lines(c, LINES("z@1/1", "a@1/0", "a@3/0"));
    c->stop_with = MS_INTERRUPTED;
    expect_failure(f, ms_registry_find(f->registry, record.manifest, collect, c, &f->error),
            MS_INTERRUPTED, "stopped");
    assert_int_equal(c->count, 2);
    free(c);
}

static void test_history_is_newest_first(void **state)
{
    fixture *f = *state;
    collector *c = new_collector(f);

    publish(f, 0, "m", 1, 1);
    publish(f, 0, "m", 300, 2);
    publish(f, 1, "m", 2, 9);
    publish(f, 0, "m", 301, 3);
    set_status(f, "m", 300, MS_RECORD_REVOKED, "");
    assert_int_equal(
            ms_registry_history(f->registry, &f->signers[0].address, "m", collect, c, &f->error),
            MS_OK);
    expect_lines(c, LINES("m@301/0", "m@300/0", "m@1/0"));
    c->stop_with = MS_INTERRUPTED;
    expect_failure(f,
            ms_registry_history(f->registry, &f->signers[0].address, "m", collect, c, &f->error),
            MS_INTERRUPTED, "stopped");
    free(c);
}

static void test_lists_are_ordered_and_filtered(void **state)
{
    fixture *f = *state;
    const ms_address *first = &f->signers[0].address;

    publish(f, 0, "b", 1, 1);
    publish(f, 0, "b", 2, 2);
    publish(f, 0, "a/x", 1, 3);
    publish(f, 1, "c", 1, 4);
    publish(f, 0, "gone", 1, 5);
    set_status(f, "gone", 0, MS_RECORD_INACTIVE, "");
    set_status(f, "b", 2, MS_RECORD_REVOKED, "");
    expect_list(f, (ms_record_page){0}, LINES("a/x@1/0", "b@1/0", "c@1/1"));
    expect_list(f, (ms_record_page){.inactive_too = true},
            LINES("a/x@1/0", "b@2/0", "c@1/1", "gone@1/0"));
    expect_list(f, (ms_record_page){.all_versions = true}, LINES("a/x@1/0", "b@1/0", "c@1/1"));
    expect_list(f, (ms_record_page){.all_versions = true, .inactive_too = true},
            LINES("a/x@1/0", "b@1/0", "b@2/0", "c@1/1", "gone@1/0"));
    expect_list(f, (ms_record_page){.publisher = first}, LINES("a/x@1/0", "b@1/0"));
    expect_list(f, (ms_record_page){.publisher = first, .inactive_too = true},
            LINES("a/x@1/0", "b@2/0", "gone@1/0"));
    expect_list(f, (ms_record_page){.publisher = first, .all_versions = true},
            LINES("a/x@1/0", "b@1/0"));
    expect_list(f, (ms_record_page){.publisher = first, .all_versions = true, .inactive_too = true},
            LINES("a/x@1/0", "b@1/0", "b@2/0", "gone@1/0"));
}

/* All pages of limit records equal one page of everything. */
static void expect_pages(fixture *f, ms_record_page page, size_t limit, size_t total)
{
    collector *whole = new_collector(f);
    collector *pages = new_collector(f);
    const char *next = NULL;

    page.limit = RECORDS_MAX;
    assert_int_equal(
            ms_registry_list(f->registry, &page, collect, whole, &f->arena, &next, &f->error),
            MS_OK);
    assert_null(next);
    assert_int_equal(whole->count, total);
    page.limit = limit;
    do {
        size_t before = pages->count;

        page.after = next;
        assert_int_equal(
                ms_registry_list(f->registry, &page, collect, pages, &f->arena, &next, &f->error),
                MS_OK);
        assert_true(next == NULL || pages->count == before + limit);
    } while (next != NULL);
    assert_int_equal(pages->count, total);
    for (size_t i = 0; i < total; i++)
        assert_string_equal(pages->text[i], whole->text[i]);
    free(whole);
    free(pages);
}

static void test_pages_join_to_the_whole_list(void **state)
{
    enum { MODELS = 1100 };
    fixture *f = *state;
    size_t extra = 0;

    for (uint32_t i = 0; i < MODELS; i++) {
        char id[32];

        snprintf(id, sizeof(id), "model-%u", i / PUBLISHERS);
        publish(f, (int)(i % PUBLISHERS), id, 1, i);
        if (i % 50 == 0) {
            publish(f, (int)(i % PUBLISHERS), id, 3, i + 10000);
            extra++;
        }
    }
    expect_pages(f, (ms_record_page){0}, 100, MODELS);
    expect_pages(f, (ms_record_page){0}, 1, MODELS);
    expect_pages(f, (ms_record_page){0}, MODELS, MODELS);
    expect_pages(f, (ms_record_page){.all_versions = true}, 7, MODELS + extra);
    expect_pages(f, (ms_record_page){.publisher = &f->signers[1].address}, 10, 367);
}

static void test_a_cursor_of_somebody_else_is_refused(void **state)
{
    static const char *const cursors[] = {"", "m", "m@1", "@1@0x00", "m@1@0x12",
            "m@01@0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf", "memory:9:9", "memory:0:0x"};
    fixture *f = *state;
    collector *c = new_collector(f);
    const char *next;

    publish(f, 0, "m", 1, 1);
    for (size_t i = 0; i < sizeof(cursors) / sizeof(cursors[0]); i++) {
        ms_record_page page = {.limit = 1, .after = cursors[i]};

        expect_failure(f,
                ms_registry_list(f->registry, &page, collect, c, &f->arena, &next, &f->error),
                MS_USAGE, "cursor_malformed");
    }
    expect_failure(f,
            ms_registry_list(
                    f->registry, &(ms_record_page){0}, collect, c, &f->arena, &next, &f->error),
            MS_USAGE, "page_limit");
    free(c);
}

/* Whoever is told a record may use the registry: no lock is held then. */
static ms_status publish_more(void *payload, const ms_record *record, ms_error *err)
{
    fixture *f = payload;

    (void)record;
    (void)err;
    publish(f, 0, "a-later-one", 1, 2);
    return MS_OK;
}

static void test_a_record_is_told_without_a_lock(void **state)
{
    fixture *f = *state;
    ms_record_page page = {.limit = 1};
    const char *next;

    publish(f, 0, "m", 1, 1);
    assert_int_equal(
            ms_registry_list(f->registry, &page, publish_more, f, &f->arena, &next, &f->error),
            MS_OK);
    assert_int_equal(resolve(f, 0, "a-later-one", 0).version, 1);
}

/* ---- many writers ---- */

typedef struct writer {
    fixture *f;
    ms_registry *registry;
    uint32_t number;
    uint32_t won;
    uint32_t lost;
} writer;

/* All want versions 1 to 20 with bytes of their own: each number has one winner. */
static void race(void *payload)
{
    writer *w = payload;

    for (uint32_t version = 1; version <= 20; version++) {
        sample_publication sample;
        ms_error error = MS_ERROR_INIT;
        ms_arena arena;
        ms_record record;
        ms_status status;

        ms_arena_init(&arena, (size_t)1 << 20);
        sample_publication_init(&sample, "raced", version, w->number * 100 + version);
        status = ms_registry_publish(
                w->registry, &w->f->signers[0], &sample.publication, &arena, &record, &error);
        if (status == MS_OK)
            w->won++;
        else if (status == MS_CHAIN_MISMATCH && strcmp(error.reason, "version_conflict") == 0)
            w->lost++;
        else if (status == MS_USAGE && strcmp(error.reason, "version_number") == 0)
            w->lost++;
        sample_publication_release(&sample);
        ms_arena_release(&arena);
    }
}

static void test_of_many_writers_one_wins_each_version(void **state)
{
    fixture *f = *state;
    writer writers[THREADS];
    ms_thread threads[THREADS];
    uint32_t won = 0;
    uint32_t lost = 0;
    collector *c = new_collector(f);
    uint64_t entries;

    for (uint32_t i = 0; i < THREADS; i++) {
        writers[i] = (writer){.f = f, .registry = f->registry, .number = i};
        if (i % 2 == 1 && backend->open_again != NULL)
            writers[i].registry = backend->open_again(f->place);
        assert_int_equal(ms_thread_start(&threads[i], race, &writers[i], &f->error), MS_OK);
    }
    for (uint32_t i = 0; i < THREADS; i++) {
        ms_thread_join(&threads[i]);
        won += writers[i].won;
        lost += writers[i].lost;
        if (writers[i].registry != f->registry)
            ms_registry_close(writers[i].registry);
    }
    assert_int_equal(won, 20);
    assert_int_equal(won + lost, 20 * THREADS);
    assert_int_equal(ms_registry_history(
                             f->registry, &f->signers[0].address, "raced", collect, c, &f->error),
            MS_OK);
    assert_int_equal(c->count, 20);
    assert_int_equal(ms_registry_check(f->registry, NULL, &entries, NULL, NULL, &f->error), MS_OK);
    assert_int_equal(entries, 20);
    free(c);
}

#define TEST(function) cmocka_unit_test_setup_teardown(function, setup, teardown)

int registry_suite_run(const registry_suite_backend *chosen)
{
    const struct CMUnitTest tests[] = {
            TEST(test_an_empty_registry_knows_nothing),
            TEST(test_what_was_published_is_resolved),
            TEST(test_publishing_again_gives_the_record_that_stands),
            TEST(test_a_version_is_written_once),
            TEST(test_versions_only_go_up_by_a_bounded_gap),
            TEST(test_publishers_do_not_share_ids),
            TEST(test_ids_have_up_to_128_bytes),
            TEST(test_blocks_that_do_not_belong_together_are_refused),
            TEST(test_a_large_info_block_comes_back),
            TEST(test_nothing_is_written_without_a_signature),
            TEST(test_a_signature_of_another_key_is_refused),
            TEST(test_a_version_goes_inactive_and_comes_back),
            TEST(test_the_stricter_status_counts),
            TEST(test_the_later_of_two_equal_statuses_gives_the_reason),
            TEST(test_the_status_that_stands_is_no_change),
            TEST(test_revoked_is_for_good),
            TEST(test_an_inactive_model_takes_versions),
            TEST(test_a_status_needs_what_it_speaks_of),
            TEST(test_records_are_found_by_manifest_in_order),
            TEST(test_history_is_newest_first),
            TEST(test_lists_are_ordered_and_filtered),
            TEST(test_pages_join_to_the_whole_list),
            TEST(test_a_cursor_of_somebody_else_is_refused),
            TEST(test_a_record_is_told_without_a_lock),
            TEST(test_of_many_writers_one_wins_each_version),
    };

    backend = chosen;
    return cmocka_run_group_tests(tests, NULL, NULL);
}
