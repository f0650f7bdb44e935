/* Threads, mutexes and conditions: thin names over POSIX threads. */
#include "platform/thread.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>

#include "base/alloc.h"
#include "platform/clock.h"
#include "platform/sys.h"

#define NS_PER_SECOND UINT64_C(1000000000)
#define NS_PER_MS UINT64_C(1000000)
/* Longer waits come back early and are repeated. */
#define WAIT_STEP_MS_MAX UINT64_C(86400000)

/* The calls below fail only when they are misused, and going on without a lock would be worse. */
static void must_succeed(int result)
{
    if (result != 0)
        abort();
}

typedef struct start {
    void (*run)(void *payload);
    void *payload;
} start;

static void *run_started(void *memory)
{
    start started = *(start *)memory;
    ms_free(memory);
    started.run(started.payload);
    return NULL;
}

ms_status ms_thread_start(
        ms_thread *thread, void (*run)(void *payload), void *payload, ms_error *err)
{
    start *started = ms_alloc(sizeof(*started));
    sigset_t all;
    sigset_t before;
    int result;

    if (started == NULL)
        return ms_fail_memory(err, sizeof(*started));
    *started = (start){.run = run, .payload = payload};
    /* The mask is inherited, so the thread never runs a moment with signals open. */
    sigfillset(&all);
    must_succeed(pthread_sigmask(SIG_SETMASK, &all, &before));
    result = pthread_create(&thread->native, NULL, run_started, started);
    must_succeed(pthread_sigmask(SIG_SETMASK, &before, NULL));
    if (result != 0) {
        ms_free(started);
        return ms_fail_errno(err, result, "thread_failed", "Cannot start a thread");
    }
    return MS_OK;
}

void ms_thread_join(ms_thread *thread)
{
    must_succeed(pthread_join(thread->native, NULL));
}

void ms_mutex_init(ms_mutex *mutex)
{
    must_succeed(pthread_mutex_init(&mutex->native, NULL));
}

void ms_mutex_release(ms_mutex *mutex)
{
    must_succeed(pthread_mutex_destroy(&mutex->native));
}

void ms_mutex_lock(ms_mutex *mutex)
{
    must_succeed(pthread_mutex_lock(&mutex->native));
}

void ms_mutex_unlock(ms_mutex *mutex)
{
    must_succeed(pthread_mutex_unlock(&mutex->native));
}

void ms_condition_init(ms_condition *condition)
{
#ifdef __APPLE__
    must_succeed(pthread_cond_init(&condition->native, NULL)); /* waits there are relative */
#else
    pthread_condattr_t attributes;
    must_succeed(pthread_condattr_init(&attributes));
    must_succeed(pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC));
    must_succeed(pthread_cond_init(&condition->native, &attributes));
    must_succeed(pthread_condattr_destroy(&attributes));
#endif
}

void ms_condition_release(ms_condition *condition)
{
    must_succeed(pthread_cond_destroy(&condition->native));
}

void ms_condition_wait(ms_condition *condition, ms_mutex *mutex)
{
    must_succeed(pthread_cond_wait(&condition->native, &mutex->native));
}

bool ms_condition_wait_ms(ms_condition *condition, ms_mutex *mutex, uint64_t timeout_ms)
{
    bool cut = timeout_ms > WAIT_STEP_MS_MAX;
    uint64_t step_ns = (cut ? WAIT_STEP_MS_MAX : timeout_ms) * NS_PER_MS;
    struct timespec time;
    int result;

#ifdef __APPLE__
    time = (struct timespec){.tv_sec = (time_t)(step_ns / NS_PER_SECOND),
            .tv_nsec = (long)(step_ns % NS_PER_SECOND)};
    result = pthread_cond_timedwait_relative_np(&condition->native, &mutex->native, &time);
#else
    uint64_t until_ns = ms_clock_monotonic_ns() + step_ns;
    time = (struct timespec){.tv_sec = (time_t)(until_ns / NS_PER_SECOND),
            .tv_nsec = (long)(until_ns % NS_PER_SECOND)};
    result = pthread_cond_timedwait(&condition->native, &mutex->native, &time);
#endif
    if (result == 0)
        return true;
    if (result != ETIMEDOUT)
        must_succeed(result);
    return cut; /* a wake-up without a signal, which callers expect anyway */
}

void ms_condition_signal(ms_condition *condition)
{
    must_succeed(pthread_cond_signal(&condition->native));
}

void ms_condition_broadcast(ms_condition *condition)
{
    must_succeed(pthread_cond_broadcast(&condition->native));
}

unsigned ms_processor_count(void)
{
    long count = ms_sys_processor_count();
    return count > 0 ? (unsigned)count : 1;
}
