/* On which line each member of a JSON object stands. */
#include "config/json_lines.h"

#include <string.h>

static bool is_space(uint8_t byte)
{
    return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static bool at_end(const ms_json_lines *lines)
{
    return lines->position >= lines->text.size;
}

static uint8_t peek(const ms_json_lines *lines)
{
    return at_end(lines) ? 0 : lines->text.data[lines->position];
}

static void step(ms_json_lines *lines)
{
    if (at_end(lines))
        return;
    if (lines->text.data[lines->position] == '\n')
        lines->line++;
    lines->position++;
}

/* To the next byte that is neither space nor a separator of members. */
static void skip_space(ms_json_lines *lines)
{
    while (!at_end(lines) && (is_space(peek(lines)) || peek(lines) == ',' || peek(lines) == ':'))
        step(lines);
}

static void skip_string(ms_json_lines *lines)
{
    step(lines);
    while (!at_end(lines) && peek(lines) != '"') {
        if (peek(lines) == '\\')
            step(lines);
        step(lines);
    }
    step(lines);
}

/* A byte 0 is a part of the word: everything that is skipped moves the cursor. */
static void skip_word(ms_json_lines *lines)
{
    static const char ends[] = {',', ':', '[', ']', '{', '}', '"'};

    while (!at_end(lines) && !is_space(peek(lines)) && memchr(ends, peek(lines), sizeof(ends)) == NULL)
        step(lines);
}

void ms_json_lines_init(ms_json_lines *lines, ms_span text)
{
    *lines = (ms_json_lines){.text = text, .line = 1};
}

void ms_json_lines_enter(ms_json_lines *lines)
{
    skip_space(lines);
    step(lines);
}

void ms_json_lines_leave(ms_json_lines *lines)
{
    skip_space(lines);
    step(lines);
}

unsigned ms_json_lines_key(ms_json_lines *lines)
{
    unsigned line;

    skip_space(lines);
    line = lines->line;
    skip_string(lines);
    skip_space(lines);
    return line;
}

void ms_json_lines_skip(ms_json_lines *lines)
{
    size_t depth = 0;

    do {
        skip_space(lines);
        switch (peek(lines)) {
        case '"':
            skip_string(lines);
            break;
        case '{':
        case '[':
            depth++;
            step(lines);
            break;
        case '}':
        case ']':
            depth -= depth > 0 ? 1 : 0;
            step(lines);
            break;
        default:
            skip_word(lines);
            break;
        }
    } while (depth > 0 && !at_end(lines));
}

size_t ms_json_depth(ms_span text)
{
    ms_json_lines lines;
    size_t depth = 0;
    size_t deepest = 0;

    ms_json_lines_init(&lines, text);
    while (!at_end(&lines)) {
        uint8_t byte = peek(&lines);

        if (byte == '"') {
            skip_string(&lines);
            continue;
        }
        if (byte == '{' || byte == '[')
            depth++;
        else if ((byte == '}' || byte == ']') && depth > 0)
            depth--;
        if (depth > deepest)
            deepest = depth;
        step(&lines);
    }
    return deepest;
}
