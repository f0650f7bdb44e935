/* Base32 of RFC 4648 without padding, in the one spelling that content identifiers allow. */
#include "codec/text.h"

static const char alphabet_lower[] = "abcdefghijklmnopqrstuvwxyz234567";
static const char alphabet_upper[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

void ms_base32_encode(char *out, const uint8_t *data, size_t size, bool upper)
{
    const char *alphabet = upper ? alphabet_upper : alphabet_lower;
    unsigned bits = 0; /* bit_count of them are not written yet, the others are stale */
    unsigned bit_count = 0;

    for (size_t i = 0; i < size; i++) {
        bits = (bits << 8 | data[i]) & 0xffff;
        bit_count += 8;
        while (bit_count >= 5) {
            bit_count -= 5;
            *out++ = alphabet[bits >> bit_count & 31];
        }
    }
    if (bit_count > 0)
        *out++ = alphabet[bits << (5 - bit_count) & 31];
    *out = '\0';
}

static int digit_value(char digit, bool upper)
{
    char first = upper ? 'A' : 'a';

    if (digit >= first && digit < first + 26)
        return digit - first;
    if (digit >= '2' && digit <= '7')
        return digit - '2' + 26;
    return -1;
}

static ms_status refuse(const char *reason, const char *what, size_t offset, ms_error *err)
{
    ms_status status = ms_fail(err, MS_MALFORMED, reason, "The base32 text %s", what);

    ms_error_set_offset(err, offset);
    return status;
}

ms_status ms_base32_decode(uint8_t *out, size_t out_max, size_t *size, const char *text,
        size_t text_size, bool upper, ms_error *err)
{
    unsigned bits = 0;
    unsigned bit_count = 0;
    size_t written = 0;

    *size = 0;
    for (size_t i = 0; i < text_size; i++) {
        int value = digit_value(text[i], upper);

        if (value < 0)
            return refuse("base32_digit",
                    "has a character of another alphabet, another case, or padding", i, err);
        bits = (bits << 5 | (unsigned)value) & 0xffff;
        bit_count += 5;
        if (bit_count < 8)
            continue;
        bit_count -= 8;
        if (written == out_max)
            return ms_fail(err, MS_LIMIT, "base32_too_long",
                    "The base32 text stands for more than %zu bytes", out_max);
        out[written++] = (uint8_t)(bits >> bit_count);
    }
    /* Five bits or more are a whole digit that carries nothing; set ones are a second spelling. */
    if (bit_count >= 5)
        return refuse("base32_length", "has a length that no bytes have", text_size, err);
    if ((bits & ((1u << bit_count) - 1)) != 0)
        return refuse("base32_leftover", "ends in bits that stand for nothing", text_size - 1, err);
    *size = written;
    return MS_OK;
}
