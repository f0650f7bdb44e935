/* Bytes as hexadecimal digits. */
#include "codec/text.h"

void ms_hex_encode(char *out, const uint8_t *data, size_t size)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < size; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * size] = '\0';
}

void ms_digest_format(char out[MS_DIGEST_TEXT_SIZE], const uint8_t digest[32])
{
    out[0] = '0';
    out[1] = 'x';
    ms_hex_encode(out + 2, digest, 32);
}

static int digit_value(char digit)
{
    if (digit >= '0' && digit <= '9')
        return digit - '0';
    if (digit >= 'a' && digit <= 'f')
        return digit - 'a' + 10;
    if (digit >= 'A' && digit <= 'F')
        return digit - 'A' + 10;
    return -1;
}

ms_status ms_hex_decode(
        uint8_t *out, size_t size, const char *text, size_t text_size, ms_error *err)
{
    if (text_size % 2 != 0 || text_size / 2 != size) {
        ms_status status = ms_fail(err, MS_MALFORMED, "hex_length",
                "%zu hexadecimal digits stand where %zu bytes (two digits each) are due", text_size,
                size);

        /* Where the text ends too early, or goes on too long. */
        ms_error_set_offset(err, text_size / 2 < size ? text_size : 2 * size);
        return status;
    }
    for (size_t i = 0; i < text_size; i++) {
        int value = digit_value(text[i]);

        if (value < 0) {
            ms_status status = ms_fail(err, MS_MALFORMED, "hex_digit",
                    "The character at offset %zu is no hexadecimal digit", i);

            ms_error_set_offset(err, i);
            return status;
        }
        if (i % 2 == 0)
            out[i / 2] = (uint8_t)(value << 4);
        else
            out[i / 2] |= (uint8_t)value;
    }
    return MS_OK;
}
