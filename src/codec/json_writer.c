/* Streaming JSON writer: a document of any length through one buffer of fixed size. */
#include "codec/json_writer.h"

#include <assert.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/checked.h"
#include "codec/utf8.h"

static_assert(MS_JSON_DEPTH_MAX < 32, "one bit for each depth, the outermost included");

void ms_json_init(ms_json_writer *json, ms_json_write_fn write, void *payload, bool pretty)
{
    json->write = write;
    json->payload = payload;
    json->pretty = pretty;
    json->after_key = false;
    json->depth = 0;
    json->objects = 0;
    json->occupied = 0;
    json->status = MS_OK;
    json->error = (ms_error)MS_ERROR_INIT;
    json->size = 0;
}

static void hand_over(ms_json_writer *json)
{
    if (json->status == MS_OK && json->size > 0)
        json->status = json->write(json->payload, json->text, json->size, &json->error);
    json->size = 0;
}

static void put(ms_json_writer *json, const char *text, size_t size)
{
    while (size > 0) {
        size_t part = MS_MIN(size, sizeof(json->text) - json->size);

        memcpy(json->text + json->size, text, part);
        json->size += part;
        text += part;
        size -= part;
        if (json->size == sizeof(json->text))
            hand_over(json);
    }
}

static void put_text(ms_json_writer *json, const char *text)
{
    put(json, text, strlen(text));
}

static bool in_object(const ms_json_writer *json)
{
    return json->depth > 0 && (json->objects >> (json->depth - 1) & 1) != 0;
}

static void new_line(ms_json_writer *json)
{
    if (!json->pretty)
        return;
    put_text(json, "\n");
    for (unsigned i = 0; i < json->depth; i++)
        put_text(json, "  ");
}

/* Comma and place of the next member of the innermost object or array. */
static void begin_member(ms_json_writer *json)
{
    uint32_t bit = (uint32_t)1 << json->depth;

    if ((json->occupied & bit) != 0) {
        assert(json->depth > 0); /* a document is one value */
        put_text(json, ",");
    }
    json->occupied |= bit;
    if (json->depth > 0)
        new_line(json);
}

static void begin_value(ms_json_writer *json)
{
    assert(json->after_key == in_object(json)); /* in objects every value has its key */
    if (!json->after_key)
        begin_member(json);
    json->after_key = false;
}

static void begin_container(ms_json_writer *json, bool object)
{
    begin_value(json);
    assert(json->depth < MS_JSON_DEPTH_MAX);
    put_text(json, object ? "{" : "[");
    if (object)
        json->objects |= (uint32_t)1 << json->depth;
    else
        json->objects &= ~((uint32_t)1 << json->depth);
    json->depth++;
    json->occupied &= ~((uint32_t)1 << json->depth);
}

static void end_container(ms_json_writer *json, bool object)
{
    bool occupied = (json->occupied >> json->depth & 1) != 0;

    assert(json->depth > 0 && in_object(json) == object && !json->after_key);
    json->depth--;
    if (occupied)
        new_line(json);
    put_text(json, object ? "}" : "]");
}

void ms_json_begin_object(ms_json_writer *json)
{
    begin_container(json, true);
}

void ms_json_end_object(ms_json_writer *json)
{
    end_container(json, true);
}

void ms_json_begin_array(ms_json_writer *json)
{
    begin_container(json, false);
}

void ms_json_end_array(ms_json_writer *json)
{
    end_container(json, false);
}

static const char *short_escape(uint32_t code_point)
{
    switch (code_point) {
    case '"':
        return "\\\"";
    case '\\':
        return "\\\\";
    case '\b':
        return "\\b";
    case '\f':
        return "\\f";
    case '\n':
        return "\\n";
    case '\r':
        return "\\r";
    case '\t':
        return "\\t";
    default:
        return NULL;
    }
}

static void put_character(
        ms_json_writer *json, const char *text, size_t length, uint32_t code_point)
{
    const char *escape = short_escape(code_point);

    if (length == 0) {
        put_text(json, "\xef\xbf\xbd");
    } else if (escape != NULL) {
        put_text(json, escape);
    } else if (ms_utf8_is_disruptive(code_point)) { /* results are read on terminals too */
        char numeric[8];

        (void)snprintf(numeric, sizeof(numeric), "\\u%04x", (unsigned)code_point);
        put_text(json, numeric);
    } else {
        put(json, text, length);
    }
}

static void put_quoted(ms_json_writer *json, ms_span span)
{
    const char *text = (const char *)span.data;
    size_t position = 0;

    put_text(json, "\"");
    while (position < span.size) {
        uint32_t code_point;
        size_t length = ms_utf8_read(&code_point, text + position, span.size - position);

        put_character(json, text + position, length, code_point);
        position += MS_MAX(length, (size_t)1);
    }
    put_text(json, "\"");
}

void ms_json_key(ms_json_writer *json, const char *key)
{
    ms_json_key_span(json, ms_span_of(key, strlen(key)));
}

void ms_json_key_span(ms_json_writer *json, ms_span key)
{
    assert(in_object(json) && !json->after_key);
    begin_member(json);
    put_quoted(json, key);
    put_text(json, json->pretty ? ": " : ":");
    json->after_key = true;
}

void ms_json_string(ms_json_writer *json, ms_span text)
{
    begin_value(json);
    put_quoted(json, text);
}

void ms_json_text(ms_json_writer *json, const char *text)
{
    ms_json_string(json, ms_span_of(text, strlen(text)));
}

void ms_json_u64(ms_json_writer *json, uint64_t value)
{
    char digits[24];

    begin_value(json);
    (void)snprintf(digits, sizeof(digits), "%" PRIu64, value);
    put_text(json, digits);
}

void ms_json_i64(ms_json_writer *json, int64_t value)
{
    char digits[24];

    begin_value(json);
    (void)snprintf(digits, sizeof(digits), "%" PRId64, value);
    put_text(json, digits);
}

void ms_json_bool(ms_json_writer *json, bool value)
{
    begin_value(json);
    put_text(json, value ? "true" : "false");
}

void ms_json_null(ms_json_writer *json)
{
    begin_value(json);
    put_text(json, "null");
}

void ms_json_raw(ms_json_writer *json, ms_span value)
{
    assert(value.size > 0);
    begin_value(json);
    put(json, (const char *)value.data, value.size);
}

void ms_json_end_line(ms_json_writer *json)
{
    assert(json->depth == 0 && (json->occupied & 1) != 0);
    put_text(json, "\n");
    json->occupied = 0;
}

ms_status ms_json_status(const ms_json_writer *json)
{
    return json->status;
}

ms_status ms_json_flush(ms_json_writer *json, ms_error *err)
{
    hand_over(json);
    if (json->status != MS_OK)
        ms_error_copy(err, &json->error);
    return json->status;
}
