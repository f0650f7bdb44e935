/* Bump allocator for many small pieces that live and die together, born with its maximum. */
#ifndef MS_BASE_ARENA_H
#define MS_BASE_ARENA_H

#include "base/error.h"

typedef struct ms_arena_block ms_arena_block;

/** Owned by whoever initialised it; for one thread. Pieces never move. */
typedef struct ms_arena {
    ms_arena_block *newest;
    size_t size;     /* bytes given out, each piece rounded up to the greatest alignment */
    size_t size_max; /* size never passes it */
    bool is_starved; /* a piece was not given for want of memory, whatever size_max allows */
} ms_arena;

void ms_arena_init(ms_arena *arena, size_t size_max);
/** Frees every piece; the arena can be used again. A zeroed arena may be released. */
void ms_arena_release(ms_arena *arena);

/** size bytes, zeroed, aligned for every type, owned by the arena. All return NULL when memory is
 *  short or size_max would be passed; a size of 0 gives a pointer of its own. */
void *ms_arena_alloc(ms_arena *arena, size_t size);
void *ms_arena_calloc(ms_arena *arena, size_t count, size_t size);
/** items (NULL when count is 0) with room for one more, zeroed: moved to twice the room when count is a power
 *  of two, so that arrays of unknown length cost at most twice what they hold. Only for arrays grown by it. */
void *ms_arena_grow(ms_arena *arena, const void *items, size_t count, size_t size);
char *ms_arena_strdup(ms_arena *arena, const char *text);
/** The first size bytes of text (fewer if a NUL comes first) plus NUL. */
char *ms_arena_strndup(ms_arena *arena, const char *text, size_t size);
char *ms_arena_printf(ms_arena *arena, const char *format, ...) MS_PRINTF(2, 3);

#endif
