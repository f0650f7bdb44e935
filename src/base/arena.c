/* Bump allocator for many small pieces that live and die together, born with its maximum. */
#include "base/arena.h"

#include <stdalign.h>
#include <stdio.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"

#define ALIGNMENT alignof(max_align_t)
#define BLOCK_SIZE_MIN ((size_t)4096)
#define BLOCK_SIZE_MAX ((size_t)64 * 1024)

struct ms_arena_block {
    ms_arena_block *older;
    size_t used;     /* bytes of data given out */
    size_t capacity; /* bytes of data */
    alignas(max_align_t) unsigned char data[];
};

void ms_arena_init(ms_arena *arena, size_t size_max)
{
    *arena = (ms_arena){.size_max = size_max};
}

void ms_arena_release(ms_arena *arena)
{
    while (arena->newest != NULL) {
        ms_arena_block *block = arena->newest;

        arena->newest = block->older;
        ms_free(block);
    }
    arena->size = 0;
    arena->is_starved = false;
}

/* Blocks double up to BLOCK_SIZE_MAX, so that few pieces cost little and many cost few calls. */
static ms_arena_block *add_block(ms_arena *arena, size_t size)
{
    size_t capacity = BLOCK_SIZE_MIN;
    size_t bytes;
    ms_arena_block *block;

    if (arena->newest != NULL)
        capacity = MS_MIN(arena->newest->capacity * 2, BLOCK_SIZE_MAX);
    capacity = MS_MAX(capacity, size);
    if (!ms_add_size(&bytes, capacity, sizeof(*block)))
        return NULL;
    block = ms_calloc(1, bytes);
    if (block == NULL) {
        arena->is_starved = true;
        return NULL;
    }
    block->capacity = capacity;
    block->older = arena->newest;
    arena->newest = block;
    return block;
}

void *ms_arena_alloc(ms_arena *arena, size_t size)
{
    ms_arena_block *block = arena->newest;
    size_t rounded;
    size_t total;
    void *piece;

    if (!ms_add_size(&rounded, MS_MAX(size, (size_t)1), ALIGNMENT - 1))
        return NULL;
    rounded -= rounded % ALIGNMENT;
    if (!ms_add_size(&total, arena->size, rounded) || total > arena->size_max)
        return NULL;
    if (block == NULL || block->capacity - block->used < rounded)
        block = add_block(arena, rounded);
    if (block == NULL)
        return NULL;
    piece = block->data + block->used;
    block->used += rounded;
    arena->size = total;
    return piece;
}

void *ms_arena_calloc(ms_arena *arena, size_t count, size_t size)
{
    size_t bytes;

    return ms_mul_size(&bytes, count, size) ? ms_arena_alloc(arena, bytes) : NULL;
}

void *ms_arena_grow(ms_arena *arena, const void *items, size_t count, size_t size)
{
    void *grown;

    if ((count & (count - 1)) != 0)
        return (void *)(uintptr_t)items; /* const only for who reads the result */
    if (count > SIZE_MAX / 2)
        return NULL;
    grown = ms_arena_calloc(arena, count == 0 ? 1 : 2 * count, size);
    if (grown != NULL && count > 0)
        memcpy(grown, items, count * size);
    return grown;
}

char *ms_arena_strdup(ms_arena *arena, const char *text)
{
    return ms_arena_strndup(arena, text, strlen(text));
}

char *ms_arena_strndup(ms_arena *arena, const char *text, size_t size)
{
    size_t length = strnlen(text, size);
    size_t bytes;
    char *copy;

    if (!ms_add_size(&bytes, length, 1))
        return NULL;
    copy = ms_arena_alloc(arena, bytes);
    if (copy != NULL)
        memcpy(copy, text, length); /* the piece is zeroed: the NUL is there */
    return copy;
}

char *ms_arena_printf(ms_arena *arena, const char *format, ...)
{
    va_list arguments;
    int length;
    char *text;

    va_start(arguments, format);
    length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0)
        return NULL;
    text = ms_arena_alloc(arena, (size_t)length + 1);
    if (text == NULL)
        return NULL;
    va_start(arguments, format);
    (void)vsnprintf(text, (size_t)length + 1, format, arguments);
    va_end(arguments);
    return text;
}
