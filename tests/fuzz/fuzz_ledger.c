/* The ledger's file, changed by somebody who may even put the sums of its pages right: no record comes out
 * that its publisher did not sign, and when the check finds nothing every record is the one that was written. */
#include "database_edits.h"
#include "doubles/sample_publication.h"
#include "memory_limit.h"
#include "registry/ledger.h"
#include "scratch_folder.h"

#define FILE_NAME "ledger.db"
#define ARENA_SIZE_MAX ((size_t)1 << 20)
#define RECORDS 4
#define ROWS (RECORDS + 2) /* and two statuses */

/* What was published. */
typedef struct truth {
    uint8_t key;
    const char *model_id;
    uint32_t version;
    ms_record_status status; /* the stricter of version and model */
    ms_address publisher;
    uint8_t manifest[32];
} truth;

static truth truths[RECORDS] = {
        {.key = 1, .model_id = "org/a", .version = 1, .status = MS_RECORD_INACTIVE},
        {.key = 1, .model_id = "org/a", .version = 2},
        {.key = 2, .model_id = "org/a", .version = 7, .status = MS_RECORD_REVOKED},
        {.key = 2, .model_id = "b", .version = 1},
};
static uint8_t *good;
static size_t good_size;

static void publish(ms_registry *registry, truth *t, uint32_t content)
{
    sample_publication sample;
    ms_record record;
    ms_arena arena;
    ms_key *key = sample_key(t->key);
    ms_signer signer = ms_signer_of_key(key);

    ms_arena_init(&arena, ARENA_SIZE_MAX);
    sample_publication_init(&sample, t->model_id, t->version, content);
    assert(ms_registry_publish(registry, &signer, &sample.publication, &arena, &record, NULL) == MS_OK);
    t->publisher = signer.address;
    memcpy(t->manifest, sample.manifest, sizeof(t->manifest));
    sample_publication_release(&sample);
    ms_arena_release(&arena);
    ms_key_free(key);
}

static ms_status set_status(ms_registry *registry, const truth *t, uint32_t version,
        ms_record_status status, ms_error *err)
{
    const ms_status_change change = {
            .model_id = t->model_id, .version = version, .status = status, .reason = "fuzz"};
    ms_key *key = sample_key(t->key);
    ms_signer signer = ms_signer_of_key(key);
    bool changed;
    ms_status result = ms_registry_set_status(registry, &signer, &change, &changed, err);

    ms_key_free(key);
    return result;
}

static void make_good_file(void)
{
    ms_registry *registry;
    int home = scratch_folder_open();

    assert(ms_ledger_open(&registry, scratch_path, NULL, NULL) == MS_OK);
    for (uint32_t i = 0; i < RECORDS; i++)
        publish(registry, &truths[i], i);
    assert(set_status(registry, &truths[0], truths[0].version, truths[0].status, NULL) == MS_OK);
    assert(set_status(registry, &truths[2], 0, truths[2].status, NULL) == MS_OK);
    ms_registry_close(registry);
    good = scratch_file_read(home, FILE_NAME, &good_size);
    scratch_folder_empty(home);
}

/* Whatever the index said, it was signed: statuses may be older ones, the record may not be another. */
static const truth *check_record(const ms_record *record)
{
    for (size_t i = 0; i < RECORDS; i++) {
        if (strcmp(truths[i].model_id, record->model_id) == 0 && truths[i].version == record->version &&
                ms_address_equal(&truths[i].publisher, &record->publisher) &&
                memcmp(truths[i].manifest, record->manifest, sizeof(record->manifest)) == 0) {
            assert(record->head.size >= MS_HEAD_SIZE_MIN && record->status <= MS_RECORD_REVOKED);
            return &truths[i];
        }
    }
    abort();
}

static ms_status on_record(void *payload, const ms_record *record, ms_error *err)
{
    (void)err;
    (void)check_record(record);
    ++*(unsigned *)payload;
    return MS_OK;
}

static ms_status on_fault(void *payload, const ms_registry_fault *fault, ms_error *err)
{
    (void)err;
    assert(fault->text[0] != '\0');
    ++*(unsigned *)payload;
    return MS_OK;
}

/* A refusal has a name, and is never a defect of ours. SQLite calls some sizes in a page that was made up with
 * its sum "out of memory", which is a refusal as well. */
static ms_status judged(ms_status status, const ms_error *err)
{
    if (status == MS_INTERNAL) {
        (void)fprintf(stderr, "%s: %s\n", err->reason, err->message);
        abort();
    }
    assert(status == MS_OK || (err->status == status && err->reason[0] != '\0'));
    return status;
}

static bool resolves(ms_registry *registry, const truth *t, bool is_whole)
{
    ms_error err = MS_ERROR_INIT;
    ms_record record;
    ms_arena arena;
    ms_status status;

    ms_arena_init(&arena, ARENA_SIZE_MAX);
    status = judged(ms_registry_resolve(
                            registry, &t->publisher, t->model_id, t->version, &arena, &record, &err),
            &err);
    if (status == MS_OK)
        assert(check_record(&record) == t && (!is_whole || record.status == t->status));
    ms_arena_release(&arena);
    return status == MS_OK;
}

static void ask_everything(ms_registry *registry, bool is_whole)
{
    const ms_record_page page = {.limit = 100, .all_versions = true, .inactive_too = true};
    ms_error err = MS_ERROR_INIT;
    unsigned count = 0;
    const char *next;
    ms_arena arena;
    ms_status status;

    for (size_t i = 0; i < RECORDS; i++)
        assert(resolves(registry, &truths[i], is_whole) || !is_whole);
    ms_arena_init(&arena, ARENA_SIZE_MAX);
    status = judged(ms_registry_list(registry, &page, on_record, &count, &arena, &next, &err), &err);
    assert(!is_whole || (status == MS_OK && count == RECORDS));
    (void)judged(ms_registry_history(registry, &truths[0].publisher, "org/a", on_record, &count, &err), &err);
    (void)judged(ms_registry_find(registry, truths[1].manifest, on_record, &count, &err), &err);
    (void)judged(ms_registry_find_id(registry, "org/a", on_record, &count, &err), &err);
    ms_arena_release(&arena);
}

static void check_input(const uint8_t *data, size_t size)
{
    uint8_t *file = malloc(good_size);
    int home = scratch_folder_open();
    ms_registry *registry;
    ms_error err = MS_ERROR_INIT;
    unsigned faults = 0;
    uint64_t entries = 0;
    ms_status status;

    assert(file != NULL);
    memcpy(file, good, good_size);
    scratch_file_write(home, FILE_NAME, file, database_edit(file, good_size, data, size));
    free(file);
    assert(ms_ledger_open(&registry, scratch_path, NULL, NULL) == MS_OK);
    status = judged(ms_registry_check(registry, NULL, &entries, on_fault, &faults, &err), &err);
    ask_everything(registry, status == MS_OK && faults == 0 && entries == ROWS);
    /* And a write, which may find what reading did not. */
    (void)judged(set_status(registry, &truths[3], 0, MS_RECORD_INACTIVE, &err), &err);
    ms_registry_close(registry);
    scratch_folder_empty(home);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, 2 * ARENA_SIZE_MAX);
    if (good == NULL)
        make_good_file();
    check_input(data, size);
    memory_limit_end();
    return 0;
}
