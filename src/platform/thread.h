/* Threads, mutexes and conditions: thin names over POSIX threads. Mutex and condition live in the
 * caller's struct, are initialised once and released once. */
#ifndef MS_PLATFORM_THREAD_H
#define MS_PLATFORM_THREAD_H

#include <pthread.h>
#include "base/error.h"

typedef struct ms_mutex {
    pthread_mutex_t native;
} ms_mutex;
typedef struct ms_condition {
    pthread_cond_t native; /* waits on the monotonic clock */
} ms_condition;
typedef struct ms_thread {
    pthread_t native;
} ms_thread;

/** All signals are blocked in threads of the library: they belong to the program. */
MS_MUST_CHECK ms_status ms_thread_start(
        ms_thread *thread, void (*run)(void *payload), void *payload, ms_error *err);
void ms_thread_join(ms_thread *thread);

void ms_mutex_init(ms_mutex *mutex);
void ms_mutex_release(ms_mutex *mutex);
void ms_mutex_lock(ms_mutex *mutex);
void ms_mutex_unlock(ms_mutex *mutex);

void ms_condition_init(ms_condition *condition);
void ms_condition_release(ms_condition *condition);
void ms_condition_wait(ms_condition *condition, ms_mutex *mutex);
/** False when timeout_ms passed without a signal. */
bool ms_condition_wait_ms(ms_condition *condition, ms_mutex *mutex, uint64_t timeout_ms);
void ms_condition_signal(ms_condition *condition);
void ms_condition_broadcast(ms_condition *condition);

/** Processors this process may run on, at least 1. */
unsigned ms_processor_count(void);

#endif
