/* The only process-wide state of the library: allocator and log sink, set before first use. */
#ifndef MODEL_STORAGE_HOOKS_H
#define MODEL_STORAGE_HOOKS_H

#include "model_storage/status.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Three functions with the contracts of malloc, realloc and free; all three or none. */
typedef struct ms_allocator {
    void *(*allocate)(size_t size, void *payload);
    void *(*reallocate)(void *memory, size_t size, void *payload);
    void (*release)(void *memory, void *payload);
    void *payload;
} ms_allocator;

/** Replace the allocator. Call before any other function of the library and never while it is in
 *  use; NULL restores the C library's. Copied. Threads: the functions may be called from any. */
MS_API void ms_set_allocator(const ms_allocator *allocator);

typedef enum ms_log_level { MS_LOG_DEBUG = 0, MS_LOG_INFO = 1, MS_LOG_WARNING = 2 } ms_log_level;

/** Receives one line without newline; may be called from any thread. */
typedef void (*ms_log_fn)(void *payload, ms_log_level level, const char *line);

/** Send log lines of at least level to sink; NULL (the default) drops them. Call before first use. */
MS_API void ms_set_log(ms_log_fn sink, void *payload, ms_log_level level);

#ifdef __cplusplus
}
#endif
#endif
