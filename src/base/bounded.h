/* Text into arrays of fixed size: always NUL terminated, cut between UTF-8 characters when it does
 * not fit. */
#ifndef MS_BASE_BOUNDED_H
#define MS_BASE_BOUNDED_H

#include "base/error.h"

/** The greatest length of at most size bytes at which text can be cut without splitting a
 *  character that is well-formed so far. text needs no NUL. */
size_t ms_bounded_cut(const char *text, size_t size);

/** Copy text into out; out_size (at least 1) counts the NUL. Returns whether all of it fitted. */
bool ms_bounded_copy(char *out, size_t out_size, const char *text);

/** printf into out; returns whether all of it fitted. out must not be among the arguments. A format
 *  that the C library cannot convert gives empty text and false. */
bool ms_bounded_printf(char *out, size_t out_size, const char *format, ...) MS_PRINTF(3, 4);
bool ms_bounded_vprintf(char *out, size_t out_size, const char *format, va_list arguments)
        MS_PRINTF(3, 0);

#endif
