/* Text decoders: what is decoded is encoded to the same text; escaped text is harmless. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "codec/text.h"
#include "codec/utf8.h"
#include "memory_limit.h"

#define DECODED_MAX 160

static void check_hex(const char *text, size_t size)
{
    uint8_t bytes[DECODED_MAX];
    char again[2 * DECODED_MAX + 1];

    if (size > 2 * DECODED_MAX || ms_hex_decode(bytes, size / 2, text, size, NULL) != MS_OK)
        return;
    ms_hex_encode(again, bytes, size / 2);
    assert(strlen(again) == size);
    for (size_t i = 0; i < size; i++)
        assert(again[i] == text[i] || again[i] == text[i] + 'a' - 'A');
}

static void check_base32(const char *text, size_t size, bool upper)
{
    uint8_t bytes[DECODED_MAX];
    char again[MS_BASE32_TEXT_SIZE(DECODED_MAX)];
    size_t bytes_size;

    if (ms_base32_decode(bytes, sizeof(bytes), &bytes_size, text, size, upper, NULL) != MS_OK) {
        assert(bytes_size == 0);
        return;
    }
    ms_base32_encode(again, bytes, bytes_size, upper);
    assert(strlen(again) == size && (size == 0 || memcmp(again, text, size) == 0));
}

static void check_base58(const char *text, size_t size)
{
    uint8_t bytes[MS_BASE58_SIZE_MAX];
    char again[MS_BASE58_TEXT_SIZE_MAX + 1];
    size_t bytes_size;

    if (ms_base58_decode(bytes, sizeof(bytes), &bytes_size, text, size, NULL) != MS_OK) {
        assert(bytes_size == 0);
        return;
    }
    assert(ms_base58_encode(again, sizeof(again), bytes, bytes_size, NULL) == MS_OK);
    assert(strlen(again) == size && (size == 0 || memcmp(again, text, size) == 0));
}

static void check_escaped(const char *text, size_t size)
{
    ms_buffer out;
    size_t position = 0;

    ms_buffer_init(&out, 6 * size + 1);
    assert(ms_text_append_escaped(&out, text, size, NULL) == MS_OK);
    assert(out.size >= size); /* an escape is never shorter than what it stands for */
    while (position < out.size) {
        uint32_t code_point;
        size_t length =
                ms_utf8_read(&code_point, (const char *)out.data + position, out.size - position);

        assert(length > 0 && code_point >= 0x20 && (code_point < 0x7f || code_point > 0x9f));
        assert(code_point < 0x202a || code_point > 0x202e);
        position += length;
    }
    ms_buffer_release(&out);
}

static void check_input(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;

    check_hex(text, size);
    check_base32(text, size, false);
    check_base32(text, size, true);
    check_base58(text, size);
    check_escaped(text, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, 0);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
