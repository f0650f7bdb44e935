/* Text being put together, and the forms in which people and programs read things. */
#include "text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void cli_text_release(cli_text *text)
{
    free(text->data);
    *text = (cli_text){0};
}

void cli_text_clear(cli_text *text)
{
    text->size = 0;
    if (text->data != NULL)
        text->data[0] = '\0';
}

const char *cli_text_get(const cli_text *text)
{
    return text->data != NULL ? text->data : "";
}

static bool reserve(cli_text *text, size_t more)
{
    size_t capacity = text->capacity > 0 ? text->capacity : 256;
    char *data;

    if (more > CLI_TEXT_SIZE_MAX || text->size + more >= CLI_TEXT_SIZE_MAX)
        return false;
    while (capacity <= text->size + more)
        capacity *= 2;
    if (capacity == text->capacity)
        return true;
    data = realloc(text->data, capacity);
    if (data == NULL)
        return false;
    text->data = data;
    text->capacity = capacity;
    return true;
}

void cli_text_append(cli_text *text, const char *data, size_t size)
{
    if (!reserve(text, size))
        return;
    memcpy(text->data + text->size, data, size);
    text->size += size;
    text->data[text->size] = '\0';
}

void cli_text_add(cli_text *text, const char *more)
{
    cli_text_append(text, more, strlen(more));
}

void cli_text_vprintf(cli_text *text, const char *format, va_list arguments)
{
    va_list again;
    int size;

    va_copy(again, arguments);
    size = vsnprintf(NULL, 0, format, arguments);
    if (size > 0 && reserve(text, (size_t)size)) {
        (void)vsnprintf(text->data + text->size, (size_t)size + 1, format, again);
        text->size += (size_t)size;
    }
    va_end(again);
}

void cli_text_printf(cli_text *text, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    cli_text_vprintf(text, format, arguments);
    va_end(arguments);
}

void cli_text_pad(cli_text *text, size_t count)
{
    while (count-- > 0)
        cli_text_append(text, " ", 1);
}

/* The well-formed character at bytes: its size with *code_point, else 0. Source: RFC 3629. */
static size_t read_character(const unsigned char *bytes, uint32_t *code_point)
{
    static const uint32_t least[] = {0, 0, 0x80, 0x800, 0x10000};
    size_t size;

    if (bytes[0] < 0x80) {
        *code_point = bytes[0];
        return 1;
    }
    if (bytes[0] < 0xc2 || bytes[0] > 0xf4)
        return 0;
    size = bytes[0] >= 0xf0 ? 4 : bytes[0] >= 0xe0 ? 3 : 2;
    *code_point = bytes[0] & (0xffu >> (size + 1));
    for (size_t i = 1; i < size; i++) {
        if ((bytes[i] & 0xc0) != 0x80) /* also ends at the NUL */
            return 0;
        *code_point = *code_point << 6 | (bytes[i] & 0x3fu);
    }
    if (*code_point < least[size] || *code_point > 0x10ffff ||
            (*code_point >= 0xd800 && *code_point <= 0xdfff))
        return 0;
    return size;
}

static bool is_control(uint32_t code_point)
{
    return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
}

/* What changes the order or lines of text: marks, embeddings, isolates, separators. */
static bool is_layout(uint32_t code_point)
{
    return code_point == 0x61c || code_point == 0x200e || code_point == 0x200f ||
           (code_point >= 0x2028 && code_point <= 0x202e) ||
           (code_point >= 0x2066 && code_point <= 0x2069);
}

void cli_text_escaped(cli_text *text, const char *name)
{
    const unsigned char *bytes = (const unsigned char *)name;

    if (name == NULL) {
        cli_text_add(text, "-");
        return;
    }
    while (*bytes != '\0') {
        uint32_t code_point;
        size_t size = read_character(bytes, &code_point);

        if (size == 0)
            cli_text_printf(text, "\\x%02x", *bytes);
        else if (is_control(code_point))
            cli_text_printf(text, "\\x%02x", (unsigned)code_point);
        else if (is_layout(code_point))
            cli_text_printf(text, "\\u%04x", (unsigned)code_point);
        else
            cli_text_append(text, (const char *)bytes, size);
        bytes += size > 0 ? size : 1;
    }
}

void cli_text_json(cli_text *text, const char *value)
{
    const unsigned char *bytes = (const unsigned char *)value;

    if (value == NULL) {
        cli_text_add(text, "null");
        return;
    }
    cli_text_add(text, "\"");
    while (*bytes != '\0') {
        uint32_t code_point;
        size_t size = read_character(bytes, &code_point);

        if (size == 0)
            cli_text_add(text, "\xef\xbf\xbd");
        else if (code_point == '"' || code_point == '\\')
            cli_text_printf(text, "\\%c", (int)code_point);
        else if (is_control(code_point) || is_layout(code_point))
            cli_text_printf(text, "\\u%04x", (unsigned)code_point);
        else
            cli_text_append(text, (const char *)bytes, size);
        bytes += size > 0 ? size : 1;
    }
    cli_text_add(text, "\"");
}

void cli_text_short_size(cli_text *text, uint64_t bytes)
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", "EiB"};
    unsigned shift = 10;

    if (bytes < 1024) {
        cli_text_count(text, bytes, "byte");
        return;
    }
    /* Whole numbers only: what is shown is never more than what is there. */
    while (shift < 60 && bytes >> shift >= 1024)
        shift += 10;
    const uint64_t rest = bytes & ((UINT64_C(1) << shift) - 1);
    cli_text_printf(text, "%llu.%llu %s", (unsigned long long)(bytes >> shift),
            (unsigned long long)(rest * 10 >> shift), units[shift / 10 - 1]);
}

void cli_text_size(cli_text *text, uint64_t bytes)
{
    cli_text_short_size(text, bytes);
    if (bytes >= 1024)
        cli_text_printf(text, " (%llu bytes)", (unsigned long long)bytes);
}

void cli_text_time(cli_text *text, int64_t seconds)
{
    time_t time = (time_t)seconds;
    struct tm parts;
    char digits[32];

    if (gmtime_r(&time, &parts) == NULL ||
            strftime(digits, sizeof(digits), "%Y-%m-%d %H:%M:%S", &parts) == 0)
        cli_text_printf(text, "%lld", (long long)seconds);
    else
        cli_text_add(text, digits);
}

void cli_text_count(cli_text *text, uint64_t count, const char *noun)
{
    cli_text_printf(text, "%llu %s%s", (unsigned long long)count, noun, count == 1 ? "" : "s");
}
