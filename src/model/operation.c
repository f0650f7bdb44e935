/* Operations: one thread that runs one command, its callbacks, its end and its result. */
#include "model_storage/operation.h"

#include <stdatomic.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "model/run_priv.h"
#include "platform/clock.h"
#include "platform/process.h"
#include "platform/thread.h"

#define RESULT_TEXT_SIZE_MAX ((size_t)256 << 20) /* a page of 1,000 models with full descriptions fits */

struct ms_operation {
    const ms_command *command;
    ms_operation_options how;
    ms_run run;
    void *options; /* of the size this library knows; what the caller's is shorter is zero */
    void *result;
    ms_thread thread;
    bool has_thread;
    int done_fd; /* for the caller's poll only: waiting in here must not depend on a system call that can fail */
    ms_mutex mutex;
    ms_condition ended;
    atomic_bool done; /* set with mutex held; what the thread wrote before is visible to who saw it set */
    ms_status status;
    ms_error error;
};

static void on_progress(void *payload, const ms_task_progress *progress)
{
    const ms_operation *operation = (const ms_operation *)payload;
    const ms_progress told = {.phase = progress->phase,
            .bytes_done = progress->bytes_done,
            .bytes_total = progress->bytes_total,
            .bytes_reused = progress->bytes_reused,
            .bytes_per_second = progress->bytes_per_second};
    operation->how.on_progress(operation->how.payload, &told);
}

static void on_notice(void *payload, bool is_warning, const char *text)
{
    const ms_operation *operation = (const ms_operation *)payload;
    operation->how.on_notice(operation->how.payload, is_warning, text);
}

/* The JSON object is closed whatever happened, so that who reads it sees the failure and not a torn text. */
static ms_status write_outcome(ms_operation *operation, ms_status status, ms_error *err)
{
    const char *warnings[MS_TASK_WARNINGS_MAX];
    size_t count = MS_MIN(ms_task_warning_count(operation->run.task), (size_t)MS_TASK_WARNINGS_MAX);
    for (size_t i = 0; i < count; i++)
        warnings[i] = ms_task_warning(operation->run.task, i);
    ms_result_array_end(operation->run.json);
    operation->command->write_result(operation->run.json, operation->result);
    ms_error written = MS_ERROR_INIT;
    ms_status write_status = ms_result_finish(operation->run.json, status, err, warnings, count, &written);
    if (write_status == MS_OK || status != MS_OK)
        return status;
    ms_error_copy(err, &written);
    return write_status;
}

static void run_operation(void *payload)
{
    ms_operation *operation = (ms_operation *)payload;
    ms_storage_tell_warnings(operation->run.storage, operation->run.task);
    operation->status =
            operation->command->run(&operation->run, operation->options, operation->result, &operation->error);
    if (operation->run.json != NULL)
        operation->status = write_outcome(operation, operation->status, &operation->error);
    ms_mutex_lock(&operation->mutex);
    atomic_store(&operation->done, true);
    ms_condition_broadcast(&operation->ended);
    ms_mutex_unlock(&operation->mutex);
    ms_event_set(operation->done_fd);
}

static ms_status take_options(ms_operation *operation, const void *options, ms_error *err)
{
    const size_t size = operation->command->options_size;
    operation->options = ms_calloc(1, size);
    operation->result = ms_calloc(1, operation->command->result_size);
    if (operation->options == NULL || operation->result == NULL)
        return ms_fail_memory(err, size);
    uint32_t given = (uint32_t)size;
    if (options != NULL) {
        memcpy(&given, options, sizeof(given));
        if (given < sizeof(given))
            return ms_fail(err, MS_USAGE, "options_size", "the options struct has no size: use its INIT macro");
        memcpy(operation->options, options, MS_MIN((size_t)given, size));
    }
    return MS_OK;
}

static ms_status prepare(ms_operation *operation, ms_storage *storage, const ms_operation_options *how, ms_error *err)
{
    if (how != NULL) {
        if (how->size < sizeof(how->size))
            return ms_fail(err, MS_USAGE, "options_size", "the options struct has no size: use its INIT macro");
        memcpy(&operation->how, how, MS_MIN((size_t)how->size, sizeof(operation->how)));
    }
    ms_arena_init(&operation->run.arena, RESULT_TEXT_SIZE_MAX);
    operation->run.storage = storage;
    const ms_task_options task_options = {
            .workers = operation->how.jobs != 0 ? operation->how.jobs : ms_storage_parallel(storage),
            .on_progress = operation->how.on_progress != NULL ? on_progress : NULL,
            .on_notice = operation->how.on_notice != NULL ? on_notice : NULL,
            .payload = operation};
    ms_status status = ms_task_new(&operation->run.task, &task_options, err);
    if (status == MS_OK)
        status = ms_event_open(&operation->done_fd, err);
    if (status == MS_OK && operation->how.write_json != NULL)
        status = ms_result_new(&operation->run.json, operation->how.write_json, operation->how.payload, err);
    return status;
}

static ms_status start(ms_operation **out, ms_storage *storage, const ms_command *command, const void *options,
        const ms_operation_options *how, ms_error *err)
{
    *out = NULL;
    ms_operation *operation = ms_calloc(1, sizeof(*operation));
    if (operation == NULL)
        return ms_fail_memory(err, sizeof(*operation));
    operation->command = command;
    operation->done_fd = -1;
    ms_mutex_init(&operation->mutex);
    ms_condition_init(&operation->ended);
    operation->error = (ms_error)MS_ERROR_INIT;
    ms_status status = take_options(operation, options, err);
    if (status == MS_OK)
        status = prepare(operation, storage, how, err);
    if (status == MS_OK) {
        /* Set before the thread runs, so that its callbacks find the operation where the caller looks for it. */
        *out = operation;
        status = ms_thread_start(&operation->thread, run_operation, operation, err);
        operation->has_thread = status == MS_OK;
    }
    if (status != MS_OK) {
        ms_operation_free(operation);
        *out = NULL;
    }
    return status;
}

int ms_operation_descriptor(const ms_operation *operation)
{
    return operation->done_fd;
}

bool ms_operation_wait(ms_operation *operation, int64_t timeout_ms)
{
    const uint64_t start_ms = ms_clock_monotonic_ms();
    ms_mutex_lock(&operation->mutex);
    while (!ms_operation_is_done(operation)) {
        uint64_t passed_ms = ms_clock_monotonic_ms() - start_ms;
        if (timeout_ms < 0)
            ms_condition_wait(&operation->ended, &operation->mutex);
        else if (passed_ms >= (uint64_t)timeout_ms)
            break;
        else
            (void)ms_condition_wait_ms(&operation->ended, &operation->mutex, (uint64_t)timeout_ms - passed_ms);
    }
    ms_mutex_unlock(&operation->mutex);
    return ms_operation_is_done(operation);
}

bool ms_operation_is_done(const ms_operation *operation)
{
    return atomic_load(&operation->done);
}

void ms_operation_cancel(ms_operation *operation)
{
    ms_task_cancel(operation->run.task);
}

ms_status ms_operation_finish(ms_operation *operation, ms_error *err)
{
    (void)ms_operation_wait(operation, -1);
    if (operation->status != MS_OK)
        ms_error_copy(err, &operation->error);
    return operation->status;
}

size_t ms_operation_warning_count(const ms_operation *operation)
{
    return ms_task_warning_count(operation->run.task);
}

const char *ms_operation_warning(const ms_operation *operation, size_t index)
{
    return ms_task_warning(operation->run.task, index);
}

void ms_operation_free(ms_operation *operation)
{
    if (operation == NULL)
        return;
    if (operation->has_thread) {
        if (!ms_operation_is_done(operation))
            ms_operation_cancel(operation);
        ms_thread_join(&operation->thread);
    }
    ms_result_free(operation->run.json);
    ms_task_free(operation->run.task);
    ms_arena_release(&operation->run.arena);
    ms_event_close(operation->done_fd);
    ms_condition_release(&operation->ended);
    ms_mutex_release(&operation->mutex);
    ms_free(operation->options);
    ms_free(operation->result);
    ms_free(operation);
}

static const void *result_of(const ms_operation *operation, const ms_command *command)
{
    return operation != NULL && operation->command == command && ms_operation_is_done(operation) ? operation->result
                                                                                                 : NULL;
}

static ms_status run_to_the_end(ms_operation **operation, ms_storage *storage, const ms_command *command,
        const void *options, const ms_operation_options *how, ms_error *err)
{
    ms_status status = start(operation, storage, command, options, how, err);
    return status == MS_OK ? ms_operation_finish(*operation, err) : status;
}

#define DEFINE_COMMAND(name, options_type, result_type)                                                                 \
    ms_status ms_model_##name##_start(ms_operation **operation, ms_storage *storage, const options_type *options,       \
            const ms_operation_options *how, ms_error *err)                                                             \
    {                                                                                                                   \
        return start(operation, storage, &ms_command_##name, options, how, err);                                        \
    }                                                                                                                   \
    ms_status ms_model_##name(ms_operation **operation, ms_storage *storage, const options_type *options,               \
            const ms_operation_options *how, ms_error *err)                                                             \
    {                                                                                                                   \
        return run_to_the_end(operation, storage, &ms_command_##name, options, how, err);                               \
    }                                                                                                                   \
    const result_type *ms_operation_##name##_result(const ms_operation *operation)                                      \
    {                                                                                                                   \
        return (const result_type *)result_of(operation, &ms_command_##name);                                           \
    }

DEFINE_COMMAND(store, ms_store_options, ms_store_result)
DEFINE_COMMAND(retrieve, ms_retrieve_options, ms_retrieve_result)
DEFINE_COMMAND(list, ms_list_options, ms_list_result)
DEFINE_COMMAND(info, ms_info_options, ms_info_result)
DEFINE_COMMAND(verify, ms_verify_options, ms_verify_result)
DEFINE_COMMAND(repair, ms_repair_options, ms_repair_result)
DEFINE_COMMAND(activate, ms_lifecycle_options, ms_lifecycle_result)
DEFINE_COMMAND(deactivate, ms_lifecycle_options, ms_lifecycle_result)
DEFINE_COMMAND(remove, ms_remove_options, ms_prune_result)
DEFINE_COMMAND(prune, ms_prune_options, ms_prune_result)
DEFINE_COMMAND(check, ms_check_options, ms_check_result)
DEFINE_COMMAND(key, ms_key_options, ms_key_result)
DEFINE_COMMAND(config, ms_config_options, ms_config_result)
