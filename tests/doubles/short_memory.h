/* An allocator that fails at a chosen call and counts what is not freed: for walking through every
 * allocation of a function. Header only; one per program. Allocations may come from any thread,
 * begin and end while none makes any. */
#ifndef MS_DOUBLES_SHORT_MEMORY_H
#define MS_DOUBLES_SHORT_MEMORY_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>
#include "model_storage/hooks.h"

static struct {
    atomic_size_t calls; /* of allocate and reallocate since short_memory_begin */
    size_t fail_at;      /* this call and all later ones fail; 0 = none */
    bool once;           /* the later ones do not */
    atomic_size_t live;  /* pieces not released */
} short_memory;

static bool short_memory_fails(void)
{
    const size_t call = ++short_memory.calls;
    if (short_memory.fail_at == 0 || call < short_memory.fail_at)
        return false;
    return !short_memory.once || call == short_memory.fail_at;
}

static void *short_memory_allocate(size_t size, void *payload)
{
    void *memory = short_memory_fails() ? NULL : malloc(size);

    (void)payload;
    if (memory != NULL)
        short_memory.live++;
    return memory;
}

static void *short_memory_reallocate(void *memory, size_t size, void *payload)
{
    (void)payload;
    return short_memory_fails() ? NULL : realloc(memory, size);
}

static void short_memory_release(void *memory, void *payload)
{
    (void)payload;
    short_memory.live--;
    free(memory);
}

/** From now on the call number fail_at (counted from 1) and all after it fail; 0: none does. */
static inline void short_memory_begin(size_t fail_at)
{
    static const ms_allocator allocator = {.allocate = short_memory_allocate,
            .reallocate = short_memory_reallocate,
            .release = short_memory_release};

    short_memory.calls = 0;
    short_memory.fail_at = fail_at;
    short_memory.once = false;
    short_memory.live = 0;
    ms_set_allocator(&allocator);
}

/** The same, but only that one call fails. */
static inline void short_memory_begin_once(size_t fail_at)
{
    short_memory_begin(fail_at);
    short_memory.once = true;
}

/** Back to the C library. Returns the number of pieces that were not freed. */
static inline size_t short_memory_end(void)
{
    ms_set_allocator(NULL);
    return short_memory.live;
}

#endif
