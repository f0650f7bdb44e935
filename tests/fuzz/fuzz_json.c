/* JSON that we write: whatever the texts in it, another parser reads the document and finds in it the
 * same texts, with U+FFFD in the place of each byte that is not UTF-8. Texts of an input stand a line each. */
#include <assert.h>
#include <jansson.h>
#include <stdlib.h>
#include <string.h>

#include "codec/json_writer.h"
#include "codec/utf8.h"
#include "memory_limit.h"

#define LINES_MAX 64

static ms_status take(void *payload, const char *text, size_t size, ms_error *err)
{
    return ms_buffer_append(payload, text, size, err);
}

/* What should come back. */
static size_t repair(char *out, ms_span text)
{
    size_t size = 0;

    for (size_t i = 0; i < text.size;) {
        uint32_t code_point;
        size_t length = ms_utf8_read(&code_point, (const char *)text.data + i, text.size - i);

        memcpy(out + size, length > 0 ? (const char *)text.data + i : "\xef\xbf\xbd",
                length > 0 ? length : 3);
        size += length > 0 ? length : 3;
        i += length > 0 ? length : 1;
    }
    return size;
}

static size_t split(ms_span lines[LINES_MAX], const uint8_t *data, size_t size)
{
    size_t count = 0;

    for (size_t start = 0, end; start <= size && count < LINES_MAX; start = end + 1) {
        for (end = start; end < size && data[end] != '\n';)
            end++;
        lines[count++] = ms_span_of(size > 0 ? data + start : (const uint8_t *)"", end - start);
    }
    return count;
}

static void write_all(ms_buffer *out, const ms_span *lines, size_t count, bool pretty)
{
    static ms_json_writer json;

    ms_json_init(&json, take, out, pretty);
    ms_json_begin_array(&json);
    for (size_t i = 0; i < count; i++) {
        bool is_key = memchr(lines[i].data, 0, lines[i].size) == NULL;

        ms_json_string(&json, lines[i]);
        ms_json_i64(&json, (int64_t)lines[i].size - 3);
        ms_json_begin_object(&json);
        if (is_key) {
            ms_json_key_span(&json, lines[i]);
            ms_json_bool(&json, true);
        }
        ms_json_end_object(&json);
    }
    ms_json_end_array(&json);
    ms_json_end_line(&json);
    assert(ms_json_flush(&json, NULL) == MS_OK);
}

static void check_line(const json_t *root, size_t index, ms_span line, char *expected)
{
    size_t size = repair(expected, line);
    const json_t *text = json_array_get(root, 3 * index);
    const json_t *object = json_array_get(root, 3 * index + 2);

    assert(json_string_length(text) == size);
    assert(memcmp(json_string_value(text), expected, size) == 0);
    assert(json_integer_value(json_array_get(root, 3 * index + 1)) == (json_int_t)line.size - 3);
    expected[size] = '\0';
    if (json_object_size(object) == 1)
        assert(json_is_true(json_object_get(object, expected)));
}

static void check_document(const ms_span *lines, size_t count, bool pretty, char *expected)
{
    ms_buffer out;
    json_error_t error;
    json_t *root;

    ms_buffer_init(&out, SIZE_MAX / 2);
    write_all(&out, lines, count, pretty);
    for (size_t i = 0; i < out.size; i++)
        assert(out.data[i] >= 0x20 || (out.data[i] == '\n' && (pretty || i + 1 == out.size)));
    root = json_loadb((const char *)out.data, out.size, JSON_ALLOW_NUL, &error);
    assert(root != NULL && json_array_size(root) == 3 * count);
    for (size_t i = 0; i < count; i++)
        check_line(root, i, lines[i], expected);
    json_decref(root);
    ms_buffer_release(&out);
}

static void check_input(const uint8_t *data, size_t size)
{
    ms_span lines[LINES_MAX];
    size_t count = split(lines, data, size);
    char *expected = malloc(3 * size + 1);

    assert(expected != NULL);
    check_document(lines, count, false, expected);
    check_document(lines, count, true, expected);
    free(expected);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A byte may be written as six, twice over while the buffer of the document grows. */
    memory_limit_begin(size, 24 * size);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
