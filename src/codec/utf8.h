/* Reading UTF-8 one character at a time. */
#ifndef MS_CODEC_UTF8_H
#define MS_CODEC_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** The character at the start of text: its size in bytes (1 to 4) with *code_point set, or 0 when
 *  size is 0 or the bytes are not well-formed (*code_point is 0 then). Source: RFC 3629. */
size_t ms_utf8_read(uint32_t *code_point, const char *text, size_t size);

/** Whether a character does something to a terminal or to the text around it: C0, DEL, C1, marks and overrides of
 *  direction, separators of lines. */
bool ms_utf8_is_disruptive(uint32_t code_point);

#endif
