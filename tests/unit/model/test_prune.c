/* Pruning under faults: a disk without a free byte, and every call that fails once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "model_storage.h"
#include "unit/model/home.h"

#define LARGE_SIZE ((size_t)3 << 20)
#define SMALL_SIZE ((size_t)20000)

typedef struct stream {
    uint32_t seed;
    size_t left;
} stream;

static ms_status read_stream(void *payload, void *data, size_t size_max, size_t *size)
{
    stream *from = payload;
    uint8_t *bytes = data;
    *size = from->left < size_max ? from->left : size_max;
    for (size_t i = 0; i < *size; i++) {
        from->seed = from->seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(from->seed >> 24);
    }
    from->left -= *size;
    return MS_OK;
}

static void store_model(ms_storage *storage, const char *model_id, uint32_t seed, size_t size)
{
    stream from = {.seed = seed, .left = size};
    ms_store_options options = MS_STORE_OPTIONS_INIT;
    ms_operation *operation = NULL;
    options.model_id = model_id;
    options.read = read_stream;
    options.read_payload = &from;
    assert_int_equal(ms_model_store(&operation, storage, &options, NULL, NULL), MS_OK);
    ms_operation_free(operation);
}

static void remove_model(ms_storage *storage, const char *ref)
{
    ms_remove_options options = MS_REMOVE_OPTIONS_INIT;
    ms_operation *operation = NULL;
    options.ref = ref;
    assert_int_equal(ms_model_remove(&operation, storage, &options, NULL, NULL), MS_OK);
    assert_int_equal(ms_operation_remove_result(operation)->removed_models, 1);
    ms_operation_free(operation);
}

static bool say_yes(void *payload, uint64_t free_blocks, uint64_t free_bytes, uint64_t all_blocks)
{
    (void)payload;
    (void)free_bytes;
    assert_true(free_blocks <= all_blocks);
    return true;
}

static ms_status prune(ms_storage *storage, ms_prune_result *result)
{
    ms_prune_options options = MS_PRUNE_OPTIONS_INIT;
    ms_operation_options how = MS_OPERATION_OPTIONS_INIT;
    ms_operation *operation = NULL;
    how.jobs = 1;
    options.confirm = say_yes;
    ms_status status = ms_model_prune(&operation, storage, &options, &how, NULL);
    *result = (ms_prune_result){0};
    if (operation != NULL)
        *result = *ms_operation_prune_result(operation);
    ms_operation_free(operation);
    return status;
}

static void assert_whole(ms_storage *storage, const char *ref)
{
    ms_verify_options options = MS_VERIFY_OPTIONS_INIT;
    ms_operation *operation = NULL;
    options.ref = ref;
    assert_int_equal(ms_model_verify(&operation, storage, &options, NULL, NULL), MS_OK);
    assert_true(ms_operation_verify_result(operation)->is_valid);
    ms_operation_free(operation);
}

static void make_two_and_remove_one(const temporary_folder *folder)
{
    ms_storage *storage = open_home(folder);
    store_model(storage, "removed", 1, LARGE_SIZE);
    store_model(storage, "kept", 2, LARGE_SIZE);
    remove_model(storage, "removed");
    ms_storage_close(storage);
}

/* No call that needs space works; deleting does. */
static void fill_disk(void)
{
    faulty_fail_always(FAULTY_write, ENOSPC);
    faulty_fail_always(FAULTY_pwrite, ENOSPC);
    faulty_fail_always(FAULTY_fallocate, ENOSPC);
}

static void test_a_full_disk_can_be_pruned(void **state)
{
    const temporary_folder *folder = *state;
    ms_prune_result result;
    make_two_and_remove_one(folder);
    ms_storage *storage = open_home(folder);
    faulty_reset();
    fill_disk();
    assert_int_equal(prune(storage, &result), MS_OK);
    assert_int_equal(result.removed_models, 1);
    assert_true(result.freed_bytes >= LARGE_SIZE);
    faulty_reset();
    ms_storage_close(storage);
    storage = open_home(folder);
    assert_whole(storage, "kept");
    assert_int_equal(prune(storage, &result), MS_OK);
    assert_int_equal(result.removed_models, 0);
    assert_int_equal(result.freed_blocks, 0);
    ms_storage_close(storage);
}

/* Whatever call fails once: what is kept stays whole, and the next run takes what is left. */
static void test_after_any_single_fault_the_next_prune_ends_the_work(void **state)
{
    static const faulty_call calls[] = {FAULTY_openat, FAULTY_unlinkat, FAULTY_fsync,
            FAULTY_fdatasync, FAULTY_syncfs, FAULTY_fstatat, FAULTY_read, FAULTY_pread,
            FAULTY_pwrite, FAULTY_readdir, FAULTY_fdopendir, FAULTY_fcntl_lock};
    const temporary_folder *folder = *state;
    ms_storage *storage = open_home(folder);
    ms_prune_result result;
    store_model(storage, "kept", 2, SMALL_SIZE);
    for (size_t i = 0; i < sizeof(calls) / sizeof(calls[0]); i++) {
        bool fired = true;
        for (unsigned nth = 1; fired && nth < 400; nth += 1 + nth / 2) {
            store_model(storage, "removed", 1, SMALL_SIZE);
            remove_model(storage, "removed");
            ms_storage_close(storage);
            storage = open_home(folder);
            faulty_reset();
            faulty_fail(calls[i], nth, EIO);
            (void)prune(storage, &result);
            fired = faulty_fired();
            faulty_reset();
            ms_storage_close(storage);
            storage = open_home(folder);
            assert_int_equal(prune(storage, &result), MS_OK);
            assert_int_equal(prune(storage, &result), MS_OK);
            assert_int_equal(result.freed_blocks, 0);
            assert_whole(storage, "kept");
        }
    }
    ms_storage_close(storage);
}

static int set_up(void **state)
{
    faulty_reset();
    return temporary_folder_setup(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(
                    test_a_full_disk_can_be_pruned, set_up, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(
                    test_after_any_single_fault_the_next_prune_ends_the_work, set_up,
                    temporary_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
