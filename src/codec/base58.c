/* Base58 with Bitcoin's alphabet, for content identifiers only: the conversion takes quadratic
 * time, so both sides have a limit. */
#include "codec/text.h"

#include <string.h>

static const char alphabet[] = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz";

ms_status ms_base58_decode(uint8_t *out, size_t out_max, size_t *size, const char *text,
        size_t text_size, ms_error *err)
{
    uint8_t number[MS_BASE58_SIZE_MAX]; /* big-endian, its last length bytes are in use */
    size_t length = 0;
    size_t zeros = 0;

    *size = 0;
    if (text_size > MS_BASE58_TEXT_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "base58_too_long", "A base58 text has at most %d characters",
                MS_BASE58_TEXT_SIZE_MAX);
    while (zeros < text_size && text[zeros] == '1')
        zeros++;
    for (size_t i = zeros; i < text_size; i++) {
        const char *digit = text[i] != '\0' ? strchr(alphabet, text[i]) : NULL;
        unsigned carry;

        if (digit == NULL) {
            ms_status status = ms_fail(err, MS_MALFORMED, "base58_digit",
                    "The character at offset %zu is no base58 digit", i);

            ms_error_set_offset(err, i);
            return status;
        }
        carry = (unsigned)(digit - alphabet);
        for (size_t j = 0; j < length; j++) {
            uint8_t *byte = &number[sizeof(number) - 1 - j];

            carry += *byte * 58u;
            *byte = (uint8_t)carry;
            carry >>= 8;
        }
        if (carry == 0)
            continue;
        if (length == sizeof(number))
            return ms_fail(err, MS_LIMIT, "base58_too_long",
                    "The base58 text stands for more than %d bytes", MS_BASE58_SIZE_MAX);
        number[sizeof(number) - 1 - length] = (uint8_t)carry;
        length++;
    }
    if (zeros > out_max || length > out_max - zeros)
        return ms_fail(err, MS_LIMIT, "base58_too_long",
                "The base58 text stands for more than %zu bytes", out_max);
    memset(out, 0, zeros);
    memcpy(out + zeros, number + sizeof(number) - length, length);
    *size = zeros + length;
    return MS_OK;
}

ms_status ms_base58_encode(
        char *out, size_t out_max, const uint8_t *data, size_t size, ms_error *err)
{
    uint8_t digits[MS_BASE58_TEXT_SIZE_MAX]; /* least significant first */
    size_t length = 0;
    size_t zeros = 0;

    if (out_max > 0)
        out[0] = '\0';
    if (size > MS_BASE58_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "base58_too_long", "At most %d bytes are written as base58",
                MS_BASE58_SIZE_MAX);
    while (zeros < size && data[zeros] == 0)
        zeros++;
    for (size_t i = zeros; i < size; i++) {
        unsigned carry = data[i];

        for (size_t j = 0; j < length; j++) {
            carry += (unsigned)digits[j] << 8;
            digits[j] = (uint8_t)(carry % 58);
            carry /= 58;
        }
        for (; carry > 0; carry /= 58)
            digits[length++] = (uint8_t)(carry % 58);
    }
    if (out_max < zeros + length + 1)
        return ms_fail(err, MS_LIMIT, "base58_too_long",
                "The base58 text takes %zu characters, there is room for %zu", zeros + length,
                out_max);
    memset(out, '1', zeros);
    for (size_t i = 0; i < length; i++)
        out[zeros + i] = alphabet[digits[length - 1 - i]];
    out[zeros + length] = '\0';
    return MS_OK;
}
