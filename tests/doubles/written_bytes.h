/* Bytes as tables of hostile input write them: pieces divided by spaces, each hex digits or "text",
 * with *N behind it for N times; @NAME stands for pieces that a line "= NAME PIECES" gave before,
 * a lone - for no bytes, and # begins a remark. Inside "text" only \xNN, \" and \\ are special. */
#ifndef MS_DOUBLES_WRITTEN_BYTES_H
#define MS_DOUBLES_WRITTEN_BYTES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct written_bytes {
    unsigned char *data;
    size_t size;
    size_t capacity;
} written_bytes;

/* A file of such lines. Every line starts with words; read_words takes some of them. */
typedef struct written_table {
    FILE *stream;
    char *line;
    size_t line_capacity;
    char *at; /* what is left of the line */
    unsigned number;
    struct {
        char name[32];
        written_bytes bytes;
    } names[64];
    size_t name_count;
} written_table;

static inline void written_append(written_bytes *bytes, const void *data, size_t size)
{
    if (bytes->size + size > bytes->capacity || bytes->data == NULL) {
        bytes->capacity = (bytes->size + size) * 2 + 64;
        bytes->data = realloc(bytes->data, bytes->capacity);
        assert_non_null(bytes->data);
    }
    if (size > 0)
        memcpy(bytes->data + bytes->size, data, size);
    bytes->size += size;
}

static inline unsigned char written_hex(const char *digits)
{
    char text[3] = {digits[0], digits[0] == '\0' ? '\0' : digits[1], '\0'};
    char *end;
    unsigned long value = strtoul(text, &end, 16);

    if (end != text + 2)
        fail_msg("'%s' are no hex digits", text);
    return (unsigned char)value;
}

/* "text" from behind its first quote; returns what stands behind the last. */
static inline char *written_text(written_bytes *bytes, char *at)
{
    while (*at != '"') {
        unsigned char byte = (unsigned char)*at;

        assert_true(byte >= ' ' && byte < 0x7f);
        if (byte != '\\') {
            at++;
        } else if (at[1] == 'x') {
            byte = written_hex(at + 2);
            at += 4;
        } else {
            byte = (unsigned char)at[1];
            assert_true(byte == '"' || byte == '\\');
            at += 2;
        }
        written_append(bytes, &byte, 1);
    }
    return at + 1;
}

static inline char *written_name(const written_table *table, written_bytes *bytes, char *at)
{
    size_t size = strcspn(at, " *\n");

    for (size_t i = 0; i < table->name_count; i++) {
        if (strlen(table->names[i].name) == size && memcmp(table->names[i].name, at, size) == 0) {
            written_append(bytes, table->names[i].bytes.data, table->names[i].bytes.size);
            return at + size;
        }
    }
    fail_msg("line %u: nothing is called %.*s", table->number, (int)size, at);
    return at;
}

/* What stands behind start, times over. */
static inline void written_repeat(written_bytes *bytes, size_t start, unsigned long times)
{
    size_t size = bytes->size - start;
    unsigned char *piece = malloc(size + 1);

    assert_non_null(piece);
    memcpy(piece, bytes->data + start, size);
    for (; times > 1; times--)
        written_append(bytes, piece, size);
    free(piece);
}

/* All pieces up to the end of the line. */
static inline void written_read(written_table *table, written_bytes *bytes)
{
    char *at = table->at;

    *bytes = (written_bytes){0};
    written_append(bytes, NULL, 0);
    for (at += strspn(at, " "); *at != '\0' && *at != '\n' && *at != '#'; at += strspn(at, " ")) {
        size_t start = bytes->size;
        unsigned long times = 1;

        if (*at == '-')
            at++;
        else if (*at == '"')
            at = written_text(bytes, at + 1);
        else if (*at == '@')
            at = written_name(table, bytes, at + 1);
        else
            for (; *at != ' ' && *at != '*' && *at != '\n' && *at != '\0'; at += 2) {
                unsigned char byte = written_hex(at);
                written_append(bytes, &byte, 1);
            }
        if (*at == '*')
            times = strtoul(at + 1, &at, 10);
        written_repeat(bytes, start, times);
    }
}

static inline void written_open(written_table *table, const char *path)
{
    *table = (written_table){.stream = fopen(path, "r")};
    if (table->stream == NULL)
        fail_msg("%s cannot be opened", path);
}

/* The next word of the line, NUL terminated. */
static inline char *written_word(written_table *table)
{
    char *word = table->at + strspn(table->at, " ");
    size_t size = strcspn(word, " \n");

    if (size == 0)
        fail_msg("line %u is too short", table->number);
    table->at = word + size + (word[size] == ' ');
    word[size] = '\0';
    return word;
}

/* Move to the next line that is a row; false at the end. */
static inline bool written_next(written_table *table)
{
    while (getline(&table->line, &table->line_capacity, table->stream) > 0) {
        table->number++;
        table->at = table->line;
        if (table->line[0] == '\n' || table->line[0] == '#')
            continue;
        if (table->line[0] != '=')
            return true;
        (void)written_word(table);
        assert_true(table->name_count < 64);
        (void)snprintf(table->names[table->name_count].name, sizeof table->names[0].name, "%s",
                written_word(table));
        written_read(table, &table->names[table->name_count].bytes);
        table->name_count++;
    }
    return false;
}

static inline void written_close(written_table *table)
{
    for (size_t i = 0; i < table->name_count; i++)
        free(table->names[i].bytes.data);
    free(table->line);
    fclose(table->stream);
}

#endif
