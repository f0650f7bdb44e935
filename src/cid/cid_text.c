/* Content identifiers as text: one accepted spelling for each base, and the one that we write. */
#include "cid/cid.h"

#include <assert.h>
#include <string.h>

#include "codec/text.h"

#define V0_TEXT_SIZE 46
#define V0_BINARY_SIZE 34

static ms_status refuse(size_t offset, const char *reason, const char *sentence, ms_error *err)
{
    ms_status status = ms_fail(err, MS_MALFORMED, reason, "%s", sentence);

    ms_error_set_offset(err, offset);
    return status;
}

/* What is certainly no CID, said in words that help those who pasted something else. */
static ms_status check_characters(const char *text, size_t size, ms_error *err)
{
    if (size == 0)
        return refuse(0, "cid_empty", "A CID is due, there is nothing", err);
    if (size > MS_CID_TEXT_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "cid_too_long",
                "A CID has at most %d characters, this has %zu", MS_CID_TEXT_SIZE_MAX, size);
    for (size_t i = 0; i < size; i++) {
        if ((unsigned char)text[i] <= 0x20 || (unsigned char)text[i] >= 0x7f)
            return refuse(i, "cid_character",
                    "A CID has no spaces, control characters or letters beyond ASCII", err);
        if (text[i] == '/')
            return refuse(i, "cid_path", "A bare CID is due, without a path", err);
    }
    return MS_OK;
}

/* Base16 is written in lower case only: the decoder knows both, and a mixture is another spelling.
 */
static ms_status decode_hex(
        uint8_t *out, size_t *size, const char *text, size_t text_size, ms_error *err)
{
    for (size_t i = 0; i < text_size; i++) {
        if (text[i] >= 'A' && text[i] <= 'F')
            return refuse(i, "hex_digit", "The base16 text of a CID is in lower case", err);
    }
    *size = text_size / 2;
    if (*size > MS_CID_BINARY_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "cid_too_long", "A CID has at most %d bytes, this has %zu",
                MS_CID_BINARY_SIZE_MAX, *size);
    return ms_hex_decode(out, *size, text, text_size, err);
}

static ms_status decode_base(uint8_t out[MS_CID_BINARY_SIZE_MAX], size_t *size, char base,
        const char *digits, size_t digits_size, ms_error *err)
{
    ms_status status;

    *size = 0;
    switch (base) {
    case 'b':
    case 'B':
        status = ms_base32_decode(
                out, MS_CID_BINARY_SIZE_MAX, size, digits, digits_size, base == 'B', err);
        break;
    case 'z':
        status = ms_base58_decode(out, MS_CID_BINARY_SIZE_MAX, size, digits, digits_size, err);
        break;
    case 'f':
        status = decode_hex(out, size, digits, digits_size, err);
        break;
    default:
        return refuse(
                0, "cid_multibase", "A CID begins with Qm, or with b, B, z or f for its base", err);
    }
    return status;
}

static ms_status parse(ms_cid *cid, const char *text, size_t size, ms_error *err)
{
    uint8_t binary[MS_CID_BINARY_SIZE_MAX];
    size_t binary_size;
    ms_status status = check_characters(text, size, err);

    if (status != MS_OK)
        return status;
    if (text[0] == 'Q') {
        if (size != V0_TEXT_SIZE || text[1] != 'm')
            return refuse(0, "cid_v0_length", "A CIDv0 is Qm and 44 digits of base58", err);
        status = ms_base58_decode(binary, V0_BINARY_SIZE, &binary_size, text, size, err);
    } else {
        status = decode_base(binary, &binary_size, text[0], text + 1, size - 1, err);
        if (status == MS_OK && binary_size > 0 && binary[0] == MS_HASH_SHA2_256)
            return refuse(0, "cid_v0_multibase", "A CIDv0 has no prefix for its base", err);
    }
    if (status != MS_OK)
        return status;
    return ms_cid_decode(cid, ms_span_of(binary, binary_size), err);
}

ms_status ms_cid_parse(ms_cid *cid, const char *text, size_t text_size, ms_error *err)
{
    ms_status status;

    *cid = (ms_cid){0};
    status = parse(cid, text, text_size, err);
    if (status != MS_OK && text_size < MS_ERROR_CID_SIZE) {
        char shown[MS_ERROR_CID_SIZE];

        memcpy(shown, text, text_size);
        shown[text_size] = '\0';
        ms_error_set_cid(err, shown);
    }
    return status;
}

void ms_cid_format(const ms_cid *cid, char text[MS_CID_TEXT_SIZE])
{
    uint8_t binary[MS_CID_BINARY_SIZE_MAX];
    size_t size = ms_cid_encode(cid, binary);

    /* Version, five bytes of codec, hash, size and digest. */
    static_assert(
            1 + MS_BASE32_TEXT_SIZE(1 + 5 + 1 + 1 + 64) <= MS_CID_TEXT_SIZE, "every text fits");
    text[0] = '\0';
    if (size == 0)
        return;
    if (cid->version == 0) {
        ms_status status = ms_base58_encode(text, MS_CID_TEXT_SIZE, binary, size, NULL);

        assert(status == MS_OK); /* 34 bytes always fit */
        (void)status;
        return;
    }
    text[0] = 'b';
    ms_base32_encode(text + 1, binary, size, false);
}
