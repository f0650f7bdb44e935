/* Live bytes of our allocator, as the C library counts them, against the limit of the present input. */
#include "memory_limit.h"

#include <malloc.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>

#include "model_storage/hooks.h"

static atomic_size_t live; /* targets may start threads */
static atomic_size_t limit = SIZE_MAX;
static unsigned long ends;

static void refuse(size_t bytes)
{
    (void)fprintf(stderr, "memory limit: %zu bytes live, this input may have %zu\n", bytes,
            atomic_load(&limit));
    abort();
}

/* Before the memory is taken, so that a size out of a field is named and does not exhaust the system. */
static void check(size_t more)
{
    size_t now = atomic_load(&live);

    if (more > atomic_load(&limit) || now > atomic_load(&limit) - more)
        refuse(now > SIZE_MAX - more ? SIZE_MAX : now + more);
}

static void *count(void *memory)
{
    if (memory != NULL)
        (void)atomic_fetch_add(&live, malloc_usable_size(memory));
    return memory;
}

static void *allocate(size_t size, void *payload)
{
    (void)payload;
    check(size);
    return count(malloc(size));
}

static void *reallocate(void *memory, size_t size, void *payload)
{
    size_t before = malloc_usable_size(memory);
    void *made;

    (void)payload;
    if (size > before)
        check(size - before);
    made = realloc(memory, size);
    if (made == NULL)
        return NULL;
    (void)atomic_fetch_sub(&live, before);
    return count(made);
}

static void release(void *memory, void *payload)
{
    (void)payload;
    (void)atomic_fetch_sub(&live, malloc_usable_size(memory));
    free(memory);
}

void memory_limit_begin(size_t input_size, size_t extra)
{
    static const ms_allocator allocator = {
            .allocate = allocate, .reallocate = reallocate, .release = release};
    static int installed;

    if (!installed)
        ms_set_allocator(&allocator);
    installed = 1;
    atomic_store(&limit, MEMORY_LIMIT_FACTOR * input_size + MEMORY_LIMIT_FIXED + extra);
}

void memory_limit_end(void)
{
    size_t left = atomic_load(&live);

    ends++;
    if (left == 0)
        return;
    (void)fprintf(stderr, "memory limit: %zu bytes were not given back\n", left);
    abort();
}

unsigned long memory_limit_ends(void)
{
    return ends;
}
