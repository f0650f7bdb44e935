/* UTF-8: what is well-formed, and how foreign text is shown on a terminal. */
#include "codec/utf8.h"

#include "codec/text.h"

size_t ms_utf8_read(uint32_t *code_point, const char *text, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)text;
    uint32_t value;
    uint32_t least; /* a smaller value had a shorter form */
    size_t length;

    *code_point = 0;
    if (size == 0)
        return 0;
    if (bytes[0] < 0x80) {
        *code_point = bytes[0];
        return 1;
    }
    if ((bytes[0] & 0xe0) == 0xc0) {
        length = 2;
        value = bytes[0] & 0x1f;
        least = 0x80;
    } else if ((bytes[0] & 0xf0) == 0xe0) {
        length = 3;
        value = bytes[0] & 0x0f;
        least = 0x800;
    } else if ((bytes[0] & 0xf8) == 0xf0) {
        length = 4;
        value = bytes[0] & 0x07;
        least = 0x10000;
    } else {
        return 0;
    }
    if (length > size)
        return 0;
    for (size_t i = 1; i < length; i++) {
        if ((bytes[i] & 0xc0) != 0x80)
            return 0;
        value = value << 6 | (bytes[i] & 0x3f);
    }
    if (value < least || value > 0x10ffff || (value >= 0xd800 && value <= 0xdfff))
        return 0;
    *code_point = value;
    return length;
}

bool ms_utf8_is_valid(const char *text, size_t size, size_t *offset)
{
    size_t position = 0;

    while (position < size) {
        uint32_t code_point;
        size_t length = ms_utf8_read(&code_point, text + position, size - position);

        if (length == 0)
            break;
        position += length;
    }
    if (offset != NULL)
        *offset = position;
    return position == size;
}

/* Characters that move the cursor, change the direction of what follows, or begin a line. */
bool ms_utf8_is_disruptive(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7f && code_point <= 0x9f) ||
           code_point == 0x061c || code_point == 0x200e || code_point == 0x200f ||
           (code_point >= 0x2028 && code_point <= 0x202e) ||
           (code_point >= 0x2066 && code_point <= 0x2069);
}

ms_status ms_text_append_escaped(ms_buffer *out, const char *text, size_t size, ms_error *err)
{
    ms_status status = MS_OK;
    size_t position = 0;

    while (position < size && status == MS_OK) {
        uint32_t code_point;
        size_t length = ms_utf8_read(&code_point, text + position, size - position);

        if (length == 0) {
            status = ms_buffer_printf(out, err, "\\x%02x", (unsigned char)text[position]);
            length = 1;
        } else if (!ms_utf8_is_disruptive(code_point)) {
            status = ms_buffer_append(out, text + position, length, err);
        } else if (code_point < 0x80) {
            status = ms_buffer_printf(out, err, "\\x%02x", (unsigned)code_point);
        } else {
            status = ms_buffer_printf(out, err, "\\u%04x", (unsigned)code_point);
        }
        position += length;
    }
    return status;
}
