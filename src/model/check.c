/* The check command: every block of the store, every model that is kept, and the ledger. Never
 * writes. */
#include <string.h>

#include "base/alloc.h"
#include "model/block_reading_priv.h"
#include "model/reach_priv.h"

#define PRESENCE_SIZE 256

typedef struct checking {
    ms_run *run;
    const ms_check_options *options;
    ms_check_result *result;
    ms_store *store;
    ms_digest_set bad;
    ms_digest_set missing;
    ms_block_reading reading;    /* with read_data */
    ms_cid asked[PRESENCE_SIZE]; /* reached, not yet looked for */
    uint64_t asked_sizes[PRESENCE_SIZE];
    size_t asked_count;
} checking;

/* Lists are const for who reads the result; they were made here. */
static ms_status list_cid(checking *check, ms_digest_set *set, const char *const *list,
        uint64_t *count, const ms_cid *cid, ms_error *err)
{
    const char **items = (const char **)(uintptr_t)list;
    bool is_new = false;
    ms_status status = ms_digest_set_add(set, cid->digest, &is_new, err);
    if (status != MS_OK || !is_new)
        return status;
    return (*count)++ < MS_CHECK_ITEMS_MAX ? ms_run_cid(check->run, &items[*count - 1], cid, err)
                                           : MS_OK;
}

static ms_status add_bad(checking *check, const ms_cid *cid, ms_error *err)
{
    return list_cid(check, &check->bad, check->result->bad_blocks, &check->result->bad_block_count,
            cid, err);
}

static ms_status add_missing(checking *check, const ms_cid *cid, ms_error *err)
{
    return list_cid(check, &check->missing, check->result->missing_blocks,
            &check->result->missing_block_count, cid, err);
}

/* One fault is met again by whoever reads the ledger for another purpose. */
static bool is_listed(const checking *check, const char *text)
{
    for (uint64_t i = 0; i < check->result->ledger_error_count && i < MS_CHECK_ITEMS_MAX; i++)
        if (strcmp(check->result->ledger_errors[i], text) == 0)
            return true;
    return false;
}

static ms_status add_ledger_error(checking *check, const char *text, ms_error *err)
{
    const char **items = (const char **)(uintptr_t)check->result->ledger_errors;
    if (is_listed(check, text))
        return MS_OK;
    const uint64_t at = check->result->ledger_error_count++;
    return at < MS_CHECK_ITEMS_MAX ? ms_run_text(check->run, &items[at], text, err) : MS_OK;
}

static ms_status on_read(void *payload, const ms_block_get *get, ms_error *err)
{
    checking *check = (checking *)payload;
    ms_task_progress_add(check->run->task, get->size, 0);
    if (get->status == MS_INTERRUPTED || get->status == MS_NO_MEMORY)
        return ms_fail(err, get->status, "block_not_read", "a block could not be looked at");
    if (get->status != MS_OK)
        return add_bad(check, &get->cid, err);
    check->result->checked_bytes += get->size;
    return MS_OK;
}

/* Only one block has no bytes. */
static bool is_size_possible(const ms_cid *cid, uint64_t size)
{
    static const uint8_t nothing[32] = {0xe3, 0xb0, 0xc4, 0x42, 0x98, 0xfc, 0x1c, 0x14, 0x9a, 0xfb,
            0xf4, 0xc8, 0x99, 0x6f, 0xb9, 0x24, 0x27, 0xae, 0x41, 0xe4, 0x64, 0x9b, 0x93, 0x4c,
            0xa4, 0x95, 0x99, 0x1b, 0x78, 0x52, 0xb8, 0x55};
    return size <= MS_BLOCK_SIZE_IN_MAX &&
           (size == 0) == (memcmp(cid->digest, nothing, sizeof(nothing)) == 0);
}

static ms_status on_block(void *payload, const ms_cid *cid, uint64_t size, ms_error *err)
{
    checking *check = (checking *)payload;
    check->result->checked_blocks++;
    if (!is_size_possible(cid, size))
        return add_bad(check, cid, err);
    if (check->options->read_data)
        return ms_block_reading_add(&check->reading, cid, err);
    check->result->checked_bytes += size;
    return ms_task_check(check->run->task, err);
}

static ms_status check_blocks(checking *check, ms_error *err)
{
    const bool reads = check->options->read_data;
    ms_status status = MS_OK;
    if (reads)
        status = ms_block_reading_open(
                &check->reading, check->store, check->run->task, on_read, check, err);
    ms_task_progress_begin(check->run->task, "check", 0);
    if (status == MS_OK)
        status = ms_store_each(check->store, on_block, check, err);
    if (status == MS_OK && reads)
        status = ms_block_reading_finish(&check->reading, err);
    ms_task_progress_end(check->run->task);
    ms_block_reading_release(&check->reading);
    return status;
}

/* A chunk that is not there with its size is missing, or there with another one. */
static ms_status add_lost(checking *check, const ms_cid *cid, ms_error *err)
{
    bool present = false;
    ms_status status = ms_store_has_many(check->store, cid, NULL, 1, &present, err);
    if (status != MS_OK)
        return status;
    return present ? add_bad(check, cid, err) : add_missing(check, cid, err);
}

static ms_status look_for_asked(checking *check, ms_error *err)
{
    bool present[PRESENCE_SIZE] = {false};
    const size_t count = check->asked_count;
    check->asked_count = 0;
    if (count == 0)
        return MS_OK;
    ms_status status =
            ms_store_has_many(check->store, check->asked, check->asked_sizes, count, present, err);
    for (size_t i = 0; status == MS_OK && i < count; i++)
        if (!present[i])
            status = add_lost(check, &check->asked[i], err);
    return status == MS_OK ? ms_task_check(check->run->task, err) : status;
}

static ms_status on_reached(void *payload, const ms_cid *cid, ms_error *err)
{
    bool present = false;
    checking *check = (checking *)payload;
    ms_status status = ms_store_has_many(check->store, cid, NULL, 1, &present, err);
    return status == MS_OK && !present ? add_missing(check, cid, err) : status;
}

static ms_status on_leaf(void *payload, const ms_cid *cid, uint64_t size, ms_error *err)
{
    checking *check = (checking *)payload;
    check->asked_sizes[check->asked_count] = size;
    check->asked[check->asked_count++] = *cid;
    return check->asked_count == PRESENCE_SIZE ? look_for_asked(check, err) : MS_OK;
}

static ms_status on_unreadable(
        void *payload, const ms_cid *cid, ms_status status, const ms_error *why, ms_error *err)
{
    checking *check = (checking *)payload;
    (void)why;
    return status == MS_NOT_FOUND ? add_missing(check, cid, err) : add_bad(check, cid, err);
}

static ms_status on_kept(void *payload, const ms_cid *root, ms_span head, ms_error *err)
{
    checking *check = (checking *)payload;
    const ms_reach reach = {.store = check->store,
            .task = check->run->task,
            .visit = on_reached,
            .leaf = on_leaf,
            .unreadable = on_unreadable,
            .payload = check};
    return ms_reach_root(&reach, root, head, err);
}

/* A ledger that cannot be listed is one more finding. */
static ms_status check_models(checking *check, ms_error *err)
{
    ms_error found = MS_ERROR_INIT;
    ms_status status = ms_reach_kept_roots(check->run, check->store, on_kept, check, &found);
    if (status == MS_INTEGRITY || status == MS_MALFORMED)
        status = add_ledger_error(check, found.message, err);
    else if (status != MS_OK)
        ms_error_copy(err, &found);
    return status == MS_OK ? look_for_asked(check, err) : status;
}

static ms_status on_fault(void *payload, const ms_registry_fault *fault, ms_error *err)
{
    return add_ledger_error((checking *)payload, fault->text, err);
}

static ms_status conclude(checking *check, ms_error *err)
{
    ms_check_result *result = check->result;
    result->is_valid = result->bad_block_count == 0 && result->missing_block_count == 0 &&
                       result->ledger_error_count == 0;
    if (result->is_valid)
        return MS_OK;
    (void)ms_fail(err, MS_INTEGRITY, "check_failed",
            "%llu bad blocks, %llu missing blocks and %llu faults in the ledger were found",
            (unsigned long long)result->bad_block_count,
            (unsigned long long)result->missing_block_count,
            (unsigned long long)result->ledger_error_count);
    ms_error_set_hint(err, "`verify` tells which chunks of a model are bad, `repair` brings them "
                           "back from a copy, `remove` gives up a model that is not wanted here");
    return MS_INTEGRITY;
}

static ms_status check_locked(checking *check, ms_error *err)
{
    ms_registry *registry = NULL;
    ms_status status = ms_storage_registry(check->run->storage, &registry, err);
    if (status == MS_OK)
        status = ms_registry_check(
                registry, check->run->task, &check->result->ledger_entries, on_fault, check, err);
    if (status == MS_OK)
        status = check_blocks(check, err);
    if (status == MS_OK)
        status = check_models(check, err);
    return status == MS_OK ? conclude(check, err) : status;
}

static ms_status make_lists(checking *check, ms_error *err)
{
    const char *const **lists[] = {&check->result->bad_blocks, &check->result->missing_blocks,
            &check->result->ledger_errors};
    for (size_t i = 0; i < sizeof(lists) / sizeof(lists[0]); i++) {
        *lists[i] = ms_arena_calloc(&check->run->arena, MS_CHECK_ITEMS_MAX, sizeof(char *));
        if (*lists[i] == NULL)
            return ms_fail_memory(err, MS_CHECK_ITEMS_MAX * sizeof(char *));
    }
    return MS_OK;
}

static ms_status run_check(ms_run *run, const void *options, void *result, ms_error *err)
{
    void *lock = NULL;
    checking *check = ms_calloc(1, sizeof(*check));
    if (check == NULL)
        return ms_fail_memory(err, sizeof(*check));
    check->run = run;
    check->options = (const ms_check_options *)options;
    check->result = (ms_check_result *)result;
    ms_status status = make_lists(check, err);
    if (status == MS_OK)
        status = ms_storage_store(run->storage, &check->store, err);
    if (status == MS_OK)
        status = ms_store_read_begin(check->store, run->task, &lock, err);
    if (status == MS_OK) {
        status = check_locked(check, err);
        ms_store_read_end(check->store, lock);
    }
    ms_digest_set_release(&check->bad);
    ms_digest_set_release(&check->missing);
    ms_free(check);
    return status;
}

static void write_check(ms_result *json, const void *result)
{
    ms_result_check(json, (const ms_check_result *)result);
}

const ms_command ms_command_check = {.name = "check",
        .options_size = sizeof(ms_check_options),
        .result_size = sizeof(ms_check_result),
        .run = run_check,
        .write_result = write_check};
