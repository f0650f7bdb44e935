/* What a long operation carries: cancel, progress, notices; and workers that share its steps. */
#ifndef MS_TASK_TASK_H
#define MS_TASK_TASK_H

#include "base/error.h"

/** A running operation. Shared by its threads; all functions below may be called from any of them,
 *  and all but ms_task_cancel and ms_task_warning take NULL for an operation that nobody watches:
 *  never cancelled, one worker, nothing said. */
typedef struct ms_task ms_task;

typedef struct ms_task_progress {
    const char *phase; /* "store", "fetch", "verify", "publish" ...: static text */
    uint64_t bytes_done;
    uint64_t bytes_total;      /* 0 = not known yet */
    uint64_t bytes_reused;     /* part of bytes_done that had not to be moved */
    uint64_t bytes_per_second; /* of what was moved: lately, and over the whole phase at its end */
} ms_task_progress;

#define MS_TASK_WORKERS_MAX 256

/** Only one callback runs at a time, in whichever thread has something to say; it may cancel the
 * task and call nothing else of it. Texts and progress are valid during the call. */
typedef struct ms_task_options {
    unsigned workers; /* 0 = processors available; at most MS_TASK_WORKERS_MAX */
    /* At most ten a second, and one last for each phase. */
    void (*on_progress)(void *payload, const ms_task_progress *progress);
    void (*on_notice)(void *payload, bool is_warning, const char *text); /* warnings and notices */
    void *payload;
} ms_task_options;

MS_MUST_CHECK ms_status ms_task_new(ms_task **task, const ms_task_options *options, ms_error *err);
void ms_task_free(ms_task *task);

/** Ask everything in the task to stop soon; never blocks, safe in a signal handler: one atomic
 * store. */
void ms_task_cancel(ms_task *task);
bool ms_task_is_cancelled(const ms_task *task);
/** MS_OK, or MS_INTERRUPTED with a message once cancelled. Called between steps of at most a few
 * MiB. task may be NULL: never cancelled. */
MS_MUST_CHECK ms_status ms_task_check(const ms_task *task, ms_error *err);
/** ms_task_is_cancelled in the shape that waiting for a lock asks in (ms_lock_waiting_fn); a long wait is
 *  told by a notice that names path. */
bool ms_task_cancelled_payload(void *task, const char *path, bool is_long);

unsigned ms_task_workers(const ms_task *task);

/** phase must be static text. Starts a new phase: done and reused restart from 0. */
void ms_task_progress_begin(ms_task *task, const char *phase, uint64_t bytes_total);
void ms_task_progress_add(ms_task *task, uint64_t bytes_done, uint64_t bytes_reused);
/** Deliver the last state of the phase whatever the time. */
void ms_task_progress_end(ms_task *task);

/** Say something the user should know; also kept for the result's warnings when warning is true. */
void ms_task_notice(ms_task *task, bool warning, const char *format, ...) MS_PRINTF(3, 4);
/** Warnings so far, in order; text valid until ms_task_free. At most MS_TASK_WARNINGS_MAX are kept,
 *  the last then says how many more there were (its text may change until the operation has ended).
 */
size_t ms_task_warning_count(const ms_task *task);
const char *ms_task_warning(const ms_task *task, size_t index);
#define MS_TASK_WARNINGS_MAX 100

#endif
