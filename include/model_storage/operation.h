/* Long operations: start, wait by descriptor or with a time limit, poll, cancel, read the outcome. The blocking form of
 * every command is built on this. */
#ifndef MODEL_STORAGE_OPERATION_H
#define MODEL_STORAGE_OPERATION_H

#include "model_storage/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** One run of one command. Made by the ms_model_*_start functions; ends with ms_operation_free. */
typedef struct ms_operation ms_operation;

typedef struct ms_progress {
    const char *phase;         /* "store", "upload", "resolve", "fetch", "verify" or "publish"; static text */
    uint64_t bytes_done;
    uint64_t bytes_total;      /* 0 = not known yet */
    uint64_t bytes_reused;     /* part of bytes_done that had not to be moved */
    uint64_t bytes_per_second;
} ms_progress;

/** How an operation reports while it runs. Callbacks come from a thread of the operation, one at a time, without locks
 *  held; they may call ms_operation_cancel and nothing else of the operation. Zeroed is valid. */
typedef struct ms_operation_options {
    uint32_t size; /* sizeof(ms_operation_options) */
    unsigned jobs; /* worker threads; 0 = storage.parallel of the configuration, else the processors available */
    /** At most ten a second, and one last. */
    void (*on_progress)(void *payload, const ms_progress *progress);
    /** Warnings (also kept in the result) and notices (not kept). */
    void (*on_notice)(void *payload, bool is_warning, const char *text);
    /** Receives the result object as JSON text, piece by piece while it comes to be; whole and valid also when the operation
     *  fails, unless the sink itself fails: a status other than MS_OK ends the operation. Not NUL terminated. */
    ms_status (*write_json)(void *payload, const char *text, size_t size);
    void *payload;
} ms_operation_options;

#define MS_OPERATION_OPTIONS_INIT {.size = sizeof(ms_operation_options)}

/** A descriptor that becomes readable when the operation has ended; owned by the operation, not to be read from or closed. */
MS_API int ms_operation_descriptor(const ms_operation *operation);
/** Wait until it has ended: true; false when timeout_ms (negative = for ever) passed. Threads: any. */
MS_API bool ms_operation_wait(ms_operation *operation, int64_t timeout_ms);
MS_API bool ms_operation_is_done(const ms_operation *operation);
/** Ask it to stop: it ends soon with MS_INTERRUPTED, everything it had finished is kept. Never blocks; safe in a signal
 *  handler; any thread; any number of times. */
MS_API void ms_operation_cancel(ms_operation *operation);
/** Wait for the end and tell how it went. Result structs read through ms_operation_*_result are valid from here on. */
MS_API MS_MUST_CHECK ms_status ms_operation_finish(ms_operation *operation, ms_error *err);
/** Warnings of an operation that has ended, in order; text lives as long as the operation. */
MS_API size_t ms_operation_warning_count(const ms_operation *operation);
MS_API const char *ms_operation_warning(const ms_operation *operation, size_t index);
/** Write the result object of a failure that happened before any operation: {"success":false,"warnings":[],"error":{...}}.
 *  Returns what write returned. */
MS_API MS_MUST_CHECK ms_status ms_error_write_json(const ms_error *error,
        ms_status (*write)(void *payload, const char *text, size_t size), void *payload);
/** Cancel if it still runs, wait for it, free it and all its results. NULL is allowed. */
MS_API void ms_operation_free(ms_operation *operation);

#ifdef __cplusplus
}
#endif
#endif
