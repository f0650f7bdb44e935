/* Arithmetic on sizes that says when it overflows. */
#ifndef MS_BASE_CHECKED_H
#define MS_BASE_CHECKED_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Each sets *result and returns true, or returns false (result unspecified) on overflow. */
static inline bool ms_add_u64(uint64_t *result, uint64_t a, uint64_t b)
{
    return !__builtin_add_overflow(a, b, result);
}
static inline bool ms_mul_u64(uint64_t *result, uint64_t a, uint64_t b)
{
    return !__builtin_mul_overflow(a, b, result);
}
static inline bool ms_add_size(size_t *result, size_t a, size_t b)
{
    return !__builtin_add_overflow(a, b, result);
}
static inline bool ms_mul_size(size_t *result, size_t a, size_t b)
{
    return !__builtin_mul_overflow(a, b, result);
}

#define MS_ARRAY_COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define MS_MIN(a, b) ((a) < (b) ? (a) : (b))
#define MS_MAX(a, b) ((a) > (b) ? (a) : (b))

#endif
