/* A running operation: its cancel flag, its progress, its notices. Callbacks run one at a time and
 * without the lock: in_callback marks that one is out. */
#include "task/task.h"

#include <assert.h>
#include <stdatomic.h>

#include "base/alloc.h"
#include "base/bounded.h"
#include "base/checked.h"
#include "platform/clock.h"
#include "platform/thread.h"

#define PROGRESS_INTERVAL_MS 100
#define NOTICE_SIZE 1024

/* A signal handler may set it only if no lock hides in it. */
static_assert(ATOMIC_BOOL_LOCK_FREE == 2, "ms_task_cancel is called by signal handlers");

struct ms_task {
    ms_task_options options;
    unsigned workers;
    atomic_bool cancelled;

    ms_mutex lock; /* guards everything below */
    ms_condition callback_done;
    bool in_callback;

    ms_task_progress progress;
    uint64_t began_ms;     /* the phase */
    uint64_t delivered_ms; /* the last on_progress of the phase, or its beginning */
    uint64_t delivered_moved;

    char *warnings[MS_TASK_WARNINGS_MAX];
    size_t warning_count;   /* of those that are shown */
    uint64_t warnings_lost; /* not shown: more than fit, or no memory for their text */
    char lost_text[64];
};

ms_status ms_task_new(ms_task **task, const ms_task_options *options, ms_error *err)
{
    ms_task *made;

    *task = NULL;
    if (options != NULL && options->workers > MS_TASK_WORKERS_MAX)
        return ms_fail(err, MS_USAGE, "workers", "At most %d workers, not %u", MS_TASK_WORKERS_MAX,
                options->workers);
    made = ms_calloc(1, sizeof(*made));
    if (made == NULL)
        return ms_fail_memory(err, sizeof(*made));
    if (options != NULL)
        made->options = *options;
    made->workers = made->options.workers;
    if (made->workers == 0)
        made->workers = MS_MIN(ms_processor_count(), (unsigned)MS_TASK_WORKERS_MAX);
    atomic_init(&made->cancelled, false);
    ms_mutex_init(&made->lock);
    ms_condition_init(&made->callback_done);
    *task = made;
    return MS_OK;
}

void ms_task_free(ms_task *task)
{
    if (task == NULL)
        return;
    for (size_t i = 0; i < MS_TASK_WARNINGS_MAX; i++)
        ms_free(task->warnings[i]);
    ms_condition_release(&task->callback_done);
    ms_mutex_release(&task->lock);
    ms_free(task);
}

void ms_task_cancel(ms_task *task)
{
    atomic_store_explicit(&task->cancelled, true, memory_order_relaxed);
}

bool ms_task_is_cancelled(const ms_task *task)
{
    return task != NULL && atomic_load_explicit(&task->cancelled, memory_order_relaxed);
}

ms_status ms_task_check(const ms_task *task, ms_error *err)
{
    if (!ms_task_is_cancelled(task))
        return MS_OK;
    return ms_fail(err, MS_INTERRUPTED, "cancelled", "The operation was cancelled");
}

bool ms_task_cancelled_payload(void *task, const char *path, bool is_long)
{
    if (is_long)
        ms_task_notice(task, false, "waiting for another command that uses this home (%s)", path);
    return ms_task_is_cancelled(task);
}

unsigned ms_task_workers(const ms_task *task)
{
    return task != NULL ? task->workers : 1;
}

static uint64_t rate(uint64_t bytes, uint64_t duration_ms)
{
    return (uint64_t)((double)bytes * 1000.0 / (double)MS_MAX(duration_ms, (uint64_t)1));
}

static uint64_t bytes_moved(const ms_task *task)
{
    return task->progress.bytes_done - task->progress.bytes_reused;
}

/* The lock is held; it is given up while the callback runs. */
static void deliver_progress(ms_task *task)
{
    ms_task_progress snapshot = task->progress;

    if (task->options.on_progress == NULL)
        return;
    task->in_callback = true;
    ms_mutex_unlock(&task->lock);
    task->options.on_progress(task->options.payload, &snapshot);
    ms_mutex_lock(&task->lock);
    task->in_callback = false;
    ms_condition_broadcast(&task->callback_done);
}

static void await_callback(ms_task *task)
{
    while (task->in_callback)
        ms_condition_wait(&task->callback_done, &task->lock);
}

void ms_task_progress_begin(ms_task *task, const char *phase, uint64_t bytes_total)
{
    if (task == NULL)
        return;
    ms_mutex_lock(&task->lock);
    task->progress = (ms_task_progress){.phase = phase, .bytes_total = bytes_total};
    task->began_ms = ms_clock_monotonic_ms();
    task->delivered_ms = task->began_ms;
    task->delivered_moved = 0;
    ms_mutex_unlock(&task->lock);
}

/* One tenth of a second is too short to judge a disk or network: a quarter of the new rate counts.
 */
static void sample_rate(ms_task *task, uint64_t now_ms)
{
    uint64_t moved = bytes_moved(task);
    uint64_t latest = rate(moved - task->delivered_moved, now_ms - task->delivered_ms);
    uint64_t known = task->progress.bytes_per_second;

    task->progress.bytes_per_second = known == 0 ? latest : known - known / 4 + latest / 4;
    task->delivered_ms = now_ms;
    task->delivered_moved = moved;
}

void ms_task_progress_add(ms_task *task, uint64_t bytes_done, uint64_t bytes_reused)
{
    uint64_t now_ms;

    assert(bytes_reused <= bytes_done);
    if (task == NULL)
        return;
    ms_mutex_lock(&task->lock);
    task->progress.bytes_done += bytes_done;
    task->progress.bytes_reused += bytes_reused;
    now_ms = ms_clock_monotonic_ms();
    /* While another callback is out nobody waits: the next delivery tells it all. */
    if (!task->in_callback && now_ms - task->delivered_ms >= PROGRESS_INTERVAL_MS) {
        sample_rate(task, now_ms);
        deliver_progress(task);
    }
    ms_mutex_unlock(&task->lock);
}

void ms_task_progress_end(ms_task *task)
{
    if (task == NULL)
        return;
    ms_mutex_lock(&task->lock);
    await_callback(task);
    task->delivered_ms = ms_clock_monotonic_ms();
    task->delivered_moved = bytes_moved(task);
    task->progress.bytes_per_second =
            rate(task->delivered_moved, task->delivered_ms - task->began_ms);
    deliver_progress(task);
    ms_mutex_unlock(&task->lock);
}

/* The lock is held. Texts stay until the task is freed even when they are shown no more. */
static void keep_warning(ms_task *task, const char *text)
{
    if (task->warnings_lost == 0 && task->warning_count < MS_TASK_WARNINGS_MAX) {
        task->warnings[task->warning_count] = ms_strdup(text);
        if (task->warnings[task->warning_count] != NULL) {
            task->warning_count++;
            return;
        }
    }
    if (task->warning_count == MS_TASK_WARNINGS_MAX) {
        task->warning_count--; /* its place is needed to say how many there were */
        task->warnings_lost++;
    }
    task->warnings_lost++;
    (void)ms_bounded_printf(task->lost_text, sizeof(task->lost_text),
            "%llu more warnings are not listed", (unsigned long long)task->warnings_lost);
}

void ms_task_notice(ms_task *task, bool warning, const char *format, ...)
{
    char text[NOTICE_SIZE];
    va_list arguments;

    if (task == NULL)
        return;
    va_start(arguments, format);
    (void)ms_bounded_vprintf(text, sizeof(text), format, arguments); /* long ones are cut */
    va_end(arguments);
    ms_mutex_lock(&task->lock);
    if (warning)
        keep_warning(task, text);
    if (task->options.on_notice != NULL) {
        await_callback(task);
        task->in_callback = true;
        ms_mutex_unlock(&task->lock);
        task->options.on_notice(task->options.payload, warning, text);
        ms_mutex_lock(&task->lock);
        task->in_callback = false;
        ms_condition_broadcast(&task->callback_done);
    }
    ms_mutex_unlock(&task->lock);
}

/* A const task can still be locked: the lock is not part of what it says. */
static ms_mutex *lock_of(const ms_task *task)
{
    return (ms_mutex *)(uintptr_t)&task->lock;
}

size_t ms_task_warning_count(const ms_task *task)
{
    size_t count;

    if (task == NULL)
        return 0;
    ms_mutex_lock(lock_of(task));
    count = task->warning_count + (task->warnings_lost > 0 ? 1 : 0);
    ms_mutex_unlock(lock_of(task));
    return count;
}

const char *ms_task_warning(const ms_task *task, size_t index)
{
    const char *text;

    ms_mutex_lock(lock_of(task));
    assert(index < task->warning_count + (task->warnings_lost > 0 ? 1 : 0));
    text = index < task->warning_count ? task->warnings[index] : task->lost_text;
    ms_mutex_unlock(lock_of(task));
    return text;
}
