/* Binary as text: hex, base32, base58btc; and UTF-8. Outputs are NUL terminated. */
#ifndef MS_CODEC_TEXT_H
#define MS_CODEC_TEXT_H

#include "base/buffer.h"

/** out needs 2 * size + 1 bytes; lower case, no prefix. */
void ms_hex_encode(char *out, const uint8_t *data, size_t size);
/** text is exactly 2 * size digits of either case, no prefix. MS_MALFORMED with the offset. */
MS_MUST_CHECK ms_status ms_hex_decode(
        uint8_t *out, size_t size, const char *text, size_t text_size, ms_error *err);

#define MS_DIGEST_TEXT_SIZE (2 + 2 * 32 + 1)
/** "0x" and 64 digits, as results show hashes. */
void ms_digest_format(char out[MS_DIGEST_TEXT_SIZE], const uint8_t digest[32]);

#define MS_BASE32_TEXT_SIZE(size) (((size)*8 + 4) / 5 + 1)
/** RFC 4648 without padding; upper chooses the alphabet's case. */
void ms_base32_encode(char *out, const uint8_t *data, size_t size, bool upper);
/** One case only (upper says which), no padding, leftover bits zero; *size is set, at most out_max.
 */
MS_MUST_CHECK ms_status ms_base32_decode(uint8_t *out, size_t out_max, size_t *size,
        const char *text, size_t text_size, bool upper, ms_error *err);
/** Conversion takes quadratic time, so both sides are bounded: 160 bytes take at most 219 digits.
 */
#define MS_BASE58_SIZE_MAX 160
#define MS_BASE58_TEXT_SIZE_MAX 256
/** base58btc; *size is set, at most out_max. MS_MALFORMED with the offset, MS_LIMIT. */
MS_MUST_CHECK ms_status ms_base58_decode(uint8_t *out, size_t out_max, size_t *size,
        const char *text, size_t text_size, ms_error *err);
/** out has room for out_max bytes with the NUL; MS_LIMIT when it does not fit. */
MS_MUST_CHECK ms_status ms_base58_encode(
        char *out, size_t out_max, const uint8_t *data, size_t size, ms_error *err);

/** Well-formed UTF-8: shortest forms, no surrogates, at most U+10FFFF. *offset (may be NULL) of the
 *  first bad byte. */
bool ms_utf8_is_valid(const char *text, size_t size, size_t *offset);
/** Append text for a terminal: control characters (C0, C1, DEL), bidirectional overrides and bytes
 *  that are no UTF-8 are written as escapes such as \x1b or \u202e. */
MS_MUST_CHECK ms_status ms_text_append_escaped(
        ms_buffer *out, const char *text, size_t size, ms_error *err);

#endif
