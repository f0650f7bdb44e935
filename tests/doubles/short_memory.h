/* An allocator that fails at a chosen call and counts what is not freed: for walking through every
 * allocation of a function. Header only; one per program, single-threaded. */
#ifndef MS_DOUBLES_SHORT_MEMORY_H
#define MS_DOUBLES_SHORT_MEMORY_H

#include <stdlib.h>
#include "model_storage/hooks.h"

static struct {
    size_t calls;   /* of allocate and reallocate since short_memory_begin */
    size_t fail_at; /* this call and all later ones fail; 0 = none */
    size_t live;    /* pieces not released */
} short_memory;

static bool short_memory_fails(void)
{
    short_memory.calls++;
    return short_memory.fail_at != 0 && short_memory.calls >= short_memory.fail_at;
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
    short_memory.live = 0;
    ms_set_allocator(&allocator);
}

/** Back to the C library. Returns the number of pieces that were not freed. */
static inline size_t short_memory_end(void)
{
    ms_set_allocator(NULL);
    return short_memory.live;
}

#endif
