/* Every allocation of ours: one replaceable allocator, sizes checked for overflow before use. */
#ifndef MS_BASE_ALLOC_H
#define MS_BASE_ALLOC_H

#include <stddef.h>

/** All return NULL when memory is short or count * size overflows; a size of 0 gives a pointer that
 *  may be freed. ms_free(NULL) does nothing. Memory of ms_alloc is not zeroed, of ms_calloc it is.
 */
void *ms_alloc(size_t size);
void *ms_calloc(size_t count, size_t size);
void *ms_realloc(void *memory, size_t size);
void *ms_realloc_array(void *memory, size_t count, size_t size);
void ms_free(void *memory);

/** A copy of text, or of its first size bytes plus NUL; NULL when memory is short. */
char *ms_strdup(const char *text);
char *ms_strndup(const char *text, size_t size);

/** size bytes aligned to alignment (a power of two, at least sizeof(void *)), freed by
 *  ms_free_aligned. Direct I/O buffers are aligned to 4096. */
void *ms_alloc_aligned(size_t alignment, size_t size);
void ms_free_aligned(void *memory);

#endif
