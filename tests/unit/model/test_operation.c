/* Operations as threads see them: who waits is never told too early, and many may run on one
 * storage at once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <string.h>

#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "model_storage.h"
#include "platform/thread.h"

#define MODEL_SIZE ((size_t)3 << 20)
#define MODEL_COUNT 4
#define JOBS 4

typedef struct stream {
    uint32_t seed;
    size_t left;
    atomic_bool *may_go; /* NULL: at once */
} stream;

static ms_status read_stream(void *payload, void *data, size_t size_max, size_t *size)
{
    stream *from = payload;
    uint8_t *bytes = data;
    while (from->may_go != NULL && !atomic_load(from->may_go))
        ;
    *size = from->left < size_max ? from->left : size_max;
    for (size_t i = 0; i < *size; i++) {
        from->seed = from->seed * 1664525u + 1013904223u;
        bytes[i] = (uint8_t)(from->seed >> 24);
    }
    from->left -= *size;
    return MS_OK;
}

static ms_storage *open_storage(const char *home)
{
    ms_storage_options options = MS_STORAGE_OPTIONS_INIT;
    ms_storage *storage = NULL;
    options.home = home;
    options.ignore_environment = true;
    assert_int_equal(ms_storage_open(&storage, &options, NULL), MS_OK);
    return storage;
}

static ms_storage *open_home(const temporary_folder *folder)
{
    return open_storage(temporary_path(folder, "home"));
}

static ms_operation *start_store(ms_storage *storage, const char *model_id, stream *from)
{
    ms_store_options options = MS_STORE_OPTIONS_INIT;
    ms_operation_options how = MS_OPERATION_OPTIONS_INIT;
    ms_operation *operation = NULL;
    how.jobs = JOBS;
    options.model_id = model_id;
    options.read = read_stream;
    options.read_payload = from;
    assert_int_equal(ms_model_store_start(&operation, storage, &options, &how, NULL), MS_OK);
    return operation;
}

static void finish(ms_operation *operation)
{
    ms_error error = MS_ERROR_INIT;
    if (ms_operation_finish(operation, &error) != MS_OK)
        fail_msg("%s", error.message);
    ms_operation_free(operation);
}

static void test_a_wait_ends_with_the_operation_and_not_with_its_time(void **state)
{
    atomic_bool may_go = false;
    stream from = {.seed = 1, .left = MODEL_SIZE, .may_go = &may_go};
    ms_storage *storage = open_home(*state);
    ms_operation *operation = start_store(storage, "slow", &from);
    struct pollfd look = {.fd = ms_operation_descriptor(operation), .events = POLLIN};
    assert_false(ms_operation_wait(operation, 0));
    assert_false(ms_operation_wait(operation, 20));
    assert_false(ms_operation_is_done(operation));
    assert_int_equal(poll(&look, 1, 0), 0);
    assert_null(ms_operation_store_result(operation));
    atomic_store(&may_go, true);
    assert_true(ms_operation_wait(operation, -1));
    assert_true(ms_operation_wait(operation, 0));
    assert_int_equal(poll(&look, 1, -1), 1);
    assert_int_equal(ms_operation_store_result(operation)->version, 1);
    finish(operation);
    ms_storage_close(storage);
}

static void let_go(void *payload)
{
    atomic_store((atomic_bool *)payload, true);
}

/* A wait that gave up when the system refuses to wait would report a success that has not happened.
 */
static void test_no_failing_call_ends_a_wait_early(void **state)
{
    atomic_bool may_go = false;
    stream from = {.seed = 2, .left = 1000, .may_go = &may_go};
    ms_storage *storage = open_home(*state);
    faulty_reset();
    faulty_fail_always(FAULTY_poll, ENOMEM);
    ms_operation *operation = start_store(storage, "slow", &from);
    assert_false(ms_operation_wait(operation, 20));
    ms_thread helper;
    assert_int_equal(ms_thread_start(&helper, let_go, &may_go, NULL), MS_OK);
    finish(operation);
    assert_int_equal(from.left, 0);
    ms_thread_join(&helper);
    faulty_reset();
    ms_storage_close(storage);
}

static void test_a_cancelled_operation_ends_as_interrupted(void **state)
{
    atomic_bool may_go = false;
    stream from = {.seed = 3, .left = 8 * MODEL_SIZE, .may_go = &may_go};
    ms_storage *storage = open_home(*state);
    ms_operation *operation = start_store(storage, "cancelled", &from);
    ms_operation_cancel(operation);
    atomic_store(&may_go, true);
    assert_int_equal(ms_operation_finish(operation, NULL), MS_INTERRUPTED);
    ms_operation_free(operation);
    ms_storage_close(storage);
}

static void cancel(void *payload)
{
    ms_operation *operation;
    while ((operation = atomic_load((_Atomic(ms_operation *) *)payload)) == NULL)
        continue;
    ms_operation_cancel(operation);
}

/* Cancelled as it begins to choose: it chooses no further, and looks at no chunk. */
static void test_a_cancelled_sample_is_not_chosen_to_its_end(void **state)
{
    _Atomic(ms_operation *) cancelled = NULL;
    stream from = {.seed = 4, .left = MODEL_SIZE};
    ms_verify_options options = MS_VERIFY_OPTIONS_INIT;
    ms_operation_options how = MS_OPERATION_OPTIONS_INIT;
    ms_operation *operation = NULL;
    ms_storage *storage = open_home(*state);
    finish(start_store(storage, "model", &from));
    options.ref = "model";
    options.sample = 2;
    how.jobs = 1;
    faulty_reset();
    faulty_interfere(FAULTY_getrandom, 1, cancel, &cancelled);
    assert_int_equal(ms_model_verify_start(&operation, storage, &options, &how, NULL), MS_OK);
    atomic_store(&cancelled, operation);
    assert_int_equal(ms_operation_finish(operation, NULL), MS_INTERRUPTED);
    assert_int_equal(faulty_count(FAULTY_getrandom), 1);
    assert_int_equal(ms_operation_verify_result(operation)->valid_chunks, 0);
    ms_operation_free(operation);
    faulty_reset();
    ms_storage_close(storage);
}

static const char *const model_ids[MODEL_COUNT] = {"a", "b", "c", "d"};

static void verify_all(ms_storage *storage)
{
    ms_operation *running[2 * MODEL_COUNT];
    ms_operation_options how = MS_OPERATION_OPTIONS_INIT;
    how.jobs = JOBS;
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        ms_verify_options verify = MS_VERIFY_OPTIONS_INIT;
        ms_info_options info = MS_INFO_OPTIONS_INIT;
        verify.ref = info.ref = model_ids[i];
        assert_int_equal(
                ms_model_verify_start(&running[2 * i], storage, &verify, &how, NULL), MS_OK);
        assert_int_equal(
                ms_model_info_start(&running[2 * i + 1], storage, &info, &how, NULL), MS_OK);
    }
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        assert_int_equal(ms_operation_finish(running[2 * i], NULL), MS_OK);
        assert_true(ms_operation_verify_result(running[2 * i])->is_valid);
        ms_operation_free(running[2 * i]);
        finish(running[2 * i + 1]);
    }
}

static void check_clean(ms_storage *storage)
{
    ms_check_options options = MS_CHECK_OPTIONS_INIT;
    ms_operation_options how = MS_OPERATION_OPTIONS_INIT;
    ms_operation *operation = NULL;
    how.jobs = JOBS;
    options.read_data = true;
    assert_int_equal(ms_model_check(&operation, storage, &options, &how, NULL), MS_OK);
    ms_operation_free(operation);
}

static void test_many_operations_run_on_one_storage_at_once(void **state)
{
    ms_operation *running[MODEL_COUNT];
    stream from[MODEL_COUNT];
    ms_storage *storage = open_home(*state);
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        /* Two of them share all of their blocks. */
        from[i] = (stream){.seed = (uint32_t)(i / 2), .left = MODEL_SIZE};
        running[i] = start_store(storage, model_ids[i], &from[i]);
    }
    for (size_t i = 0; i < MODEL_COUNT; i++)
        finish(running[i]);
    verify_all(storage);
    check_clean(storage);
    ms_storage_close(storage);
}

typedef struct user {
    const char *home;
    const char *model_id;
    uint32_t seed;
} user;

static void use_home(void *payload)
{
    const user *self = payload;
    stream from = {.seed = self->seed, .left = MODEL_SIZE};
    ms_storage *storage = open_storage(self->home);
    finish(start_store(storage, self->model_id, &from));
    ms_storage_close(storage);
}

static void test_several_storages_of_one_home_work_in_one_process(void **state)
{
    ms_thread threads[MODEL_COUNT];
    user users[MODEL_COUNT];
    const char *home = temporary_path(*state, "home");
    for (size_t i = 0; i < MODEL_COUNT; i++) {
        users[i] = (user){.home = home, .model_id = model_ids[i], .seed = (uint32_t)(i / 2)};
        assert_int_equal(ms_thread_start(&threads[i], use_home, &users[i], NULL), MS_OK);
    }
    for (size_t i = 0; i < MODEL_COUNT; i++)
        ms_thread_join(&threads[i]);
    ms_storage *storage = open_home(*state);
    verify_all(storage);
    check_clean(storage);
    ms_storage_close(storage);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(
                    test_a_wait_ends_with_the_operation_and_not_with_its_time,
                    temporary_folder_setup, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(test_no_failing_call_ends_a_wait_early,
                    temporary_folder_setup, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(test_a_cancelled_operation_ends_as_interrupted,
                    temporary_folder_setup, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(test_a_cancelled_sample_is_not_chosen_to_its_end,
                    temporary_folder_setup, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(test_many_operations_run_on_one_storage_at_once,
                    temporary_folder_setup, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(test_several_storages_of_one_home_work_in_one_process,
                    temporary_folder_setup, temporary_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
