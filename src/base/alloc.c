/* The one allocator of the library: the C library's until ms_set_allocator replaces it. */
#include "base/alloc.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "base/checked.h"
#include "model_storage/hooks.h"

static void *default_allocate(size_t size, void *payload)
{
    (void)payload;
    return malloc(size);
}

static void *default_reallocate(void *memory, size_t size, void *payload)
{
    (void)payload;
    return realloc(memory, size);
}

static void default_release(void *memory, void *payload)
{
    (void)payload;
    free(memory);
}

static const ms_allocator default_allocator = {
        .allocate = default_allocate,
        .reallocate = default_reallocate,
        .release = default_release,
};
static ms_allocator allocator = {
        .allocate = default_allocate,
        .reallocate = default_reallocate,
        .release = default_release,
};

void ms_set_allocator(const ms_allocator *replacement)
{
    allocator = replacement != NULL ? *replacement : default_allocator;
    assert(allocator.allocate != NULL && allocator.reallocate != NULL && allocator.release != NULL);
}

/* malloc(0) may answer NULL, which would look like a failure. */
static size_t at_least_one(size_t size)
{
    return size > 0 ? size : 1;
}

void *ms_alloc(size_t size)
{
    return allocator.allocate(at_least_one(size), allocator.payload);
}

void *ms_calloc(size_t count, size_t size)
{
    size_t bytes;
    void *memory;

    if (!ms_mul_size(&bytes, count, size))
        return NULL;
    memory = ms_alloc(bytes);
    if (memory != NULL)
        memset(memory, 0, at_least_one(bytes));
    return memory;
}

void *ms_realloc(void *memory, size_t size)
{
    if (memory == NULL)
        return ms_alloc(size);
    return allocator.reallocate(memory, at_least_one(size), allocator.payload);
}

void *ms_realloc_array(void *memory, size_t count, size_t size)
{
    size_t bytes;

    return ms_mul_size(&bytes, count, size) ? ms_realloc(memory, bytes) : NULL;
}

void ms_free(void *memory)
{
    if (memory != NULL)
        allocator.release(memory, allocator.payload);
}

char *ms_strdup(const char *text)
{
    return ms_strndup(text, strlen(text));
}

char *ms_strndup(const char *text, size_t size)
{
    size_t length = strnlen(text, size);
    size_t bytes;
    char *copy;

    if (!ms_add_size(&bytes, length, 1))
        return NULL;
    copy = ms_alloc(bytes);
    if (copy == NULL)
        return NULL;
    memcpy(copy, text, length);
    copy[length] = '\0';
    return copy;
}

/* The allocator hook knows no alignment, so a larger piece is taken and the pointer that must be
 * released stands in the word before the aligned bytes. */
void *ms_alloc_aligned(size_t alignment, size_t size)
{
    size_t bytes;
    uint8_t *memory;
    uint8_t *aligned;

    assert(alignment >= sizeof(void *) && (alignment & (alignment - 1)) == 0);
    if (!ms_add_size(&bytes, size, alignment) || !ms_add_size(&bytes, bytes, sizeof(void *)))
        return NULL;
    memory = ms_alloc(bytes);
    if (memory == NULL)
        return NULL;
    aligned = memory + sizeof(void *);
    aligned += (alignment - (uintptr_t)aligned % alignment) % alignment;
    memcpy(aligned - sizeof(void *), &memory, sizeof(void *));
    return aligned;
}

void ms_free_aligned(void *memory)
{
    void *original;

    if (memory == NULL)
        return;
    memcpy(&original, (uint8_t *)memory - sizeof(void *), sizeof(void *));
    ms_free(original);
}
