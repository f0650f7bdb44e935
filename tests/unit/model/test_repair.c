/* Repair beside a prune, and repair of a whole model under faults. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "model/storage_priv.h"
#include "model_storage.h"
#include "unit/model/home.h"

#define MODEL_SIZE ((size_t)3 << 20)

static void write_copy(const temporary_folder *folder)
{
    uint8_t *bytes = malloc(MODEL_SIZE);
    uint32_t seed = 1;
    assert_non_null(bytes);
    for (size_t i = 0; i < MODEL_SIZE; i++) {
        seed = seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(seed >> 24);
    }
    temporary_write(folder, "copy", bytes, MODEL_SIZE);
    free(bytes);
}

static void store_copy(ms_storage *storage, const temporary_folder *folder)
{
    ms_store_options options = MS_STORE_OPTIONS_INIT;
    ms_operation *operation = NULL;
    options.model_id = "model";
    options.path = temporary_path(folder, "copy");
    assert_int_equal(ms_model_store(&operation, storage, &options, NULL, NULL), MS_OK);
    ms_operation_free(operation);
}

static void remove_model(ms_storage *storage)
{
    ms_remove_options options = MS_REMOVE_OPTIONS_INIT;
    ms_operation *operation = NULL;
    options.ref = "model";
    assert_int_equal(ms_model_remove(&operation, storage, &options, NULL, NULL), MS_OK);
    ms_operation_free(operation);
}

static bool say_yes(void *payload, uint64_t free_blocks, uint64_t free_bytes, uint64_t all_blocks)
{
    (void)payload;
    (void)free_blocks;
    (void)free_bytes;
    (void)all_blocks;
    return true;
}

static ms_status prune(ms_storage *storage)
{
    ms_prune_options options = MS_PRUNE_OPTIONS_INIT;
    ms_operation *operation = NULL;
    options.confirm = say_yes;
    ms_status status = ms_model_prune(&operation, storage, &options, NULL, NULL);
    ms_operation_free(operation);
    return status;
}

static ms_status repair(ms_storage *storage, const char *from, bool dry_run, ms_error *err)
{
    ms_repair_options options = MS_REPAIR_OPTIONS_INIT;
    ms_operation_options how = MS_OPERATION_OPTIONS_INIT;
    ms_operation *operation = NULL;
    how.jobs = 1;
    options.ref = "model";
    options.from = from;
    options.dry_run = dry_run;
    ms_status status = ms_model_repair(&operation, storage, &options, &how, err);
    ms_operation_free(operation);
    return status;
}

static ms_status verify(ms_storage *storage)
{
    ms_verify_options options = MS_VERIFY_OPTIONS_INIT;
    ms_operation *operation = NULL;
    options.ref = "model";
    ms_status status = ms_model_verify(&operation, storage, &options, NULL, NULL);
    ms_operation_free(operation);
    return status;
}

/* A prune that comes while a repair makes a call. */
typedef struct intruder {
    ms_storage *storage; /* of its own: a lock is another one's in the same process too */
    bool came;
    bool was_refused;
    ms_status status;
} intruder;

/* Looks whether it would have to wait, and only where not prunes. */
static void intrude(void *payload)
{
    intruder *self = payload;
    ms_store *store = NULL;
    void *lock = NULL;
    self->came = true;
    self->status = ms_storage_store(self->storage, &store, NULL);
    if (self->status == MS_OK)
        self->status = ms_store_prune_begin(store, true, 0, NULL, &lock, NULL);
    self->was_refused = self->status == MS_LOCKED;
    if (self->status != MS_OK)
        return;
    ms_store_prune_end(store, lock);
    self->status = prune(self->storage);
}

/* Whatever call of the repair it comes at: a model that was repaired is kept. */
static void test_no_prune_takes_what_is_being_repaired(void **state)
{
    static const faulty_call calls[] = {
            FAULTY_syncfs, FAULTY_fsync, FAULTY_fdatasync, FAULTY_renameat2, FAULTY_unlinkat, FAULTY_fcntl_lock};
    const temporary_folder *folder = *state;
    ms_storage *storage = open_home(folder);
    intruder other = {.storage = open_home(folder)};
    unsigned came[MS_ARRAY_COUNT(calls)] = {0};
    unsigned refused[MS_ARRAY_COUNT(calls)] = {0};
    write_copy(folder);
    store_copy(storage, folder);
    for (size_t i = 0; i < MS_ARRAY_COUNT(calls); i++) {
        for (unsigned nth = 1;; nth++) {
            ms_error err = MS_ERROR_INIT;
            remove_model(storage);
            assert_int_equal(prune(storage), MS_OK);
            assert_int_equal(verify(storage), MS_NOT_FOUND);
            other.came = other.was_refused = false;
            faulty_reset();
            faulty_interfere(calls[i], nth, intrude, &other);
            ms_status status = repair(storage, temporary_path(folder, "copy"), false, &err);
            faulty_reset();
            if (status != MS_OK || verify(storage) != MS_OK)
                fail_msg("a prune at %s %u: %s", faulty_name(calls[i]), nth, err.message);
            if (!other.came)
                break;
            if (!other.was_refused)
                assert_int_equal(other.status, MS_OK);
            came[i]++;
            refused[i] += other.was_refused;
        }
    }
    assert_true(came[0] > 0);
    assert_int_equal(refused[0], came[0]);
    ms_storage_close(other.storage);
    ms_storage_close(storage);
}

/* No descriptor left says nothing about a block. */
static void test_own_trouble_is_no_damage(void **state)
{
    const temporary_folder *folder = *state;
    unsigned failed = 0;
    write_copy(folder);
    ms_storage *storage = open_home(folder);
    store_copy(storage, folder);
    ms_storage_close(storage);
    for (int dry_run = 0; dry_run < 2; dry_run++) {
        bool fired = true;
        for (unsigned nth = 1; fired; nth++) {
            ms_error err = MS_ERROR_INIT;
            storage = open_home(folder);
            faulty_reset();
            faulty_fail(FAULTY_openat, nth, EMFILE);
            ms_status status = repair(storage, NULL, dry_run == 1, &err);
            fired = faulty_fired();
            faulty_reset();
            ms_storage_close(storage);
            if (status != MS_OK && status != MS_IO)
                fail_msg("open %u: %d, %s: %s", nth, (int)status, err.reason, err.message);
            failed += status == MS_IO;
        }
    }
    assert_true(failed > 10);
}

static int set_up(void **state)
{
    faulty_reset();
    return temporary_folder_setup(state);
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, set_up, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_no_prune_takes_what_is_being_repaired),
            TEST(test_own_trouble_is_no_damage),
    };
    return cmocka_run_group_tests_name("model: repair", tests, NULL, NULL);
}
