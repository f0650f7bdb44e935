/* Pages for secrets: between guard pages, locked in memory, left out of core dumps and of children. */
#ifndef MS_PLATFORM_SECRET_MEMORY_H
#define MS_PLATFORM_SECRET_MEMORY_H

#include "base/error.h"

/** At least size (1 or more) zeroed bytes that start a page. locked says whether they are kept out
 *  of swap: not so where the limit of locked memory is used up. *memory is NULL on failure.
 *  Returns MS_OK, MS_NO_MEMORY, MS_IO. */
MS_MUST_CHECK ms_status ms_secret_memory_map(void **memory, size_t size, bool *locked, ms_error *err);
/** Wipe and give back what ms_secret_memory_map gave for this size; NULL is ignored. */
void ms_secret_memory_unmap(void *memory, size_t size);

#endif
