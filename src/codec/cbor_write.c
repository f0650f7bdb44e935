/* Writing dag-cbor: shortest numbers, definite lengths, and nothing that the reader would refuse.
 */
#include "codec/cbor.h"

#include "codec/text.h"

#define HEAD_SIZE_MAX 9
#define HEAD_LINK 0xd8, 42

static size_t head(uint8_t out[HEAD_SIZE_MAX], unsigned major, uint64_t argument)
{
    unsigned info;
    size_t size;

    if (argument < 24) {
        out[0] = (uint8_t)(major << 5 | (unsigned)argument);
        return 1;
    }
    info = argument < 0x100 ? 24 : argument < 0x10000 ? 25 : argument < 0x100000000 ? 26 : 27;
    size = (size_t)1 << (info - 24);
    out[0] = (uint8_t)(major << 5 | info);
    for (size_t i = 0; i < size; i++)
        out[size - i] = (uint8_t)(argument >> (8 * i));
    return size + 1;
}

static ms_status write_head(ms_buffer *out, unsigned major, uint64_t argument, ms_error *err)
{
    uint8_t bytes[HEAD_SIZE_MAX];

    return ms_buffer_append(out, bytes, head(bytes, major, argument), err);
}

/* Head and content both or none: a failure leaves the buffer as it was. */
static ms_status write_string(ms_buffer *out, unsigned major, ms_span bytes, ms_error *err)
{
    size_t start = out->size;
    ms_status status = write_head(out, major, bytes.size, err);

    if (status == MS_OK)
        status = ms_buffer_append(out, bytes.data, bytes.size, err);
    if (status != MS_OK)
        out->size = start;
    return status;
}

ms_status ms_cbor_write_unsigned(ms_buffer *out, uint64_t value, ms_error *err)
{
    return write_head(out, 0, value, err);
}

ms_status ms_cbor_write_negative(ms_buffer *out, uint64_t value, ms_error *err)
{
    return write_head(out, 1, value, err);
}

ms_status ms_cbor_write_bytes(ms_buffer *out, ms_span bytes, ms_error *err)
{
    return write_string(out, 2, bytes, err);
}

ms_status ms_cbor_write_text(ms_buffer *out, ms_span text, ms_error *err)
{
    size_t bad;

    if (!ms_utf8_is_valid((const char *)text.data, text.size, &bad))
        return ms_fail(err, MS_USAGE, "text_not_utf8",
                "A text of %zu bytes is not UTF-8 at offset %zu", text.size, bad);
    return write_string(out, 3, text, err);
}

ms_status ms_cbor_write_array(ms_buffer *out, uint64_t count, ms_error *err)
{
    return write_head(out, 4, count, err);
}

ms_status ms_cbor_write_map(ms_buffer *out, uint64_t count, ms_error *err)
{
    return write_head(out, 5, count, err);
}

ms_status ms_cbor_write_link(ms_buffer *out, ms_span cid, ms_error *err)
{
    static const uint8_t tag[] = {HEAD_LINK};
    size_t start = out->size;
    ms_status status;

    if (cid.size == 0)
        return ms_fail(err, MS_USAGE, "cid_undefined", "A link needs a CID");
    status = ms_buffer_append(out, tag, sizeof(tag), err);
    if (status == MS_OK)
        status = write_head(out, 2, (uint64_t)cid.size + 1, err);
    if (status == MS_OK)
        status = ms_buffer_append_byte(out, 0, err); /* the multibase prefix of binary */
    if (status == MS_OK)
        status = ms_buffer_append(out, cid.data, cid.size, err);
    if (status != MS_OK)
        out->size = start;
    return status;
}

ms_status ms_cbor_write_bool(ms_buffer *out, bool value, ms_error *err)
{
    return ms_buffer_append_byte(out, value ? 0xf5 : 0xf4, err);
}

ms_status ms_cbor_write_null(ms_buffer *out, ms_error *err)
{
    return ms_buffer_append_byte(out, 0xf6, err);
}

ms_status ms_cbor_write_float(ms_buffer *out, uint64_t bits, ms_error *err)
{
    uint8_t bytes[HEAD_SIZE_MAX] = {0xfb};

    if (!ms_cbor_float_is_number(bits))
        return ms_fail(err, MS_USAGE, "cbor_float", "NaN and infinite numbers cannot be stored");
    ms_write_u64_be(bytes + 1, bits);
    return ms_buffer_append(out, bytes, sizeof(bytes), err);
}
