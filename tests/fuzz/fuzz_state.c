/* state.db, changed by somebody: it may be lost, so that whatever stands there, reading answers or says nothing is
 * known, and the next write works and is there afterwards. Only a file of a newer version is refused. */
#include "database_edits.h"
#include "memory_limit.h"
#include "scratch_folder.h"
#include "state/state.h"

#define FILE_NAME "state.db"
#define ROOTS 3
#define BLOCKS 5

static uint8_t *good;
static size_t good_size;

static ms_cid root_of(uint8_t number)
{
    uint8_t digest[32] = {number, 1, 2, 3};

    return ms_cid_sha256(number % 2 == 0 ? MS_CODEC_DAG_CBOR : MS_CODEC_DAG_PB, digest);
}

static void make_good_file(void)
{
    static const uint8_t blocks[BLOCKS][32] = {{1}, {2}, {3}, {4}, {5}};
    int home = scratch_folder_open();
    ms_state *state;

    assert(ms_state_open(&state, scratch_path, NULL) == MS_OK);
    for (uint8_t i = 0; i < ROOTS; i++) {
        ms_cid root = root_of(i);
        assert(ms_state_set_root(state, &root, i != 1, NULL) == MS_OK);
    }
    assert(ms_state_add_unclaimed(state, blocks, BLOCKS, NULL) == MS_OK);
    assert(ms_state_set_ledger_seen(state, 42, blocks[3], NULL) == MS_OK);
    ms_state_close(state);
    good = scratch_file_read(home, FILE_NAME, &good_size);
    scratch_folder_empty(home);
}

static ms_status on_cid(void *payload, const ms_cid *cid, ms_error *err)
{
    (void)payload;
    (void)err;
    assert(ms_cid_is_defined(cid));
    return MS_OK;
}

static ms_status judged(ms_status status, const ms_error *err)
{
    if (status == MS_INTERNAL || status == MS_NO_MEMORY) {
        (void)fprintf(stderr, "%s: %s\n", err->reason, err->message);
        abort();
    }
    assert(status == MS_OK || (err->status == status && err->reason[0] != '\0'));
    return status;
}

static void read_everything(ms_state *state)
{
    ms_error err = MS_ERROR_INIT;
    uint8_t hash[32];
    uint64_t sequence;
    bool answer;

    for (uint8_t i = 0; i < ROOTS; i++) {
        ms_cid root = root_of(i);
        (void)judged(ms_state_root_is_pinned(state, &root, &answer, &err), &err);
        (void)judged(ms_state_root_is_unpinned(state, &root, &answer, &err), &err);
    }
    (void)judged(ms_state_each_root(state, true, on_cid, NULL, &err), &err);
    (void)judged(ms_state_each_root(state, false, on_cid, NULL, &err), &err);
    (void)judged(ms_state_each_unclaimed(state, on_cid, NULL, &err), &err);
    (void)judged(ms_state_ledger_seen(state, &sequence, hash, &err), &err);
}

static void check_write(ms_state *state)
{
    const ms_cid root = root_of(99);
    ms_error err = MS_ERROR_INIT;
    bool pinned = false;
    ms_status status = judged(ms_state_set_root(state, &root, true, &err), &err);

    if (status != MS_OK) {
        assert(status == MS_USAGE && strcmp(err.reason, "state_version") == 0);
        return;
    }
    assert(ms_state_root_is_pinned(state, &root, &pinned, &err) == MS_OK && pinned);
}

static void check_input(const uint8_t *data, size_t size)
{
    uint8_t *file = malloc(good_size);
    int home = scratch_folder_open();
    ms_state *state;

    assert(file != NULL);
    memcpy(file, good, good_size);
    scratch_file_write(home, FILE_NAME, file, database_edit(file, good_size, data, size));
    free(file);
    assert(ms_state_open(&state, scratch_path, NULL) == MS_OK);
    read_everything(state);
    check_write(state);
    read_everything(state);
    ms_state_close(state);
    scratch_folder_empty(home);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, 0);
    if (good == NULL)
        make_good_file();
    check_input(data, size);
    memory_limit_end();
    return 0;
}
