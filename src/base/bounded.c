/* Text into arrays of fixed size: always NUL terminated, cut between UTF-8 characters when it does
 * not fit. */
#include "base/bounded.h"

#include <stdio.h>
#include <string.h>

/* Bytes of the character that begins with lead; 1 for a byte that begins none. */
static size_t character_size(unsigned char lead)
{
    if (lead >= 0xf0 && lead <= 0xf4)
        return 4;
    if (lead >= 0xe0 && lead < 0xf0)
        return 3;
    if (lead >= 0xc2 && lead < 0xe0)
        return 2;
    return 1;
}

size_t ms_bounded_cut(const char *text, size_t size)
{
    size_t start = size;

    /* A character that was cut has at most two bytes after its first one. */
    while (start > 0 && size - start < 2 && ((unsigned char)text[start - 1] & 0xc0) == 0x80)
        start--;
    if (start == 0)
        return size;
    start--;
    return character_size((unsigned char)text[start]) > size - start ? start : size;
}

bool ms_bounded_copy(char *out, size_t out_size, const char *text)
{
    size_t size = strnlen(text, out_size);
    bool fits = size < out_size;

    if (!fits)
        size = ms_bounded_cut(text, out_size - 1);
    memmove(out, text, size);
    out[size] = '\0';
    return fits;
}

bool ms_bounded_vprintf(char *out, size_t out_size, const char *format, va_list arguments)
{
    int length = vsnprintf(out, out_size, format, arguments);

    if (length < 0) {
        out[0] = '\0';
        return false;
    }
    if ((size_t)length < out_size)
        return true;
    out[ms_bounded_cut(out, out_size - 1)] = '\0';
    return false;
}

bool ms_bounded_printf(char *out, size_t out_size, const char *format, ...)
{
    va_list arguments;
    bool fits;

    va_start(arguments, format);
    fits = ms_bounded_vprintf(out, out_size, format, arguments);
    va_end(arguments);
    return fits;
}
