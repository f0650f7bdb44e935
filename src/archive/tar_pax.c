/* Records of a pax extended header. Source: POSIX.1-2017, pax, "pax Extended Header". */
#include "archive/tar_pax.h"

#include <string.h>

#include "base/checked.h"
#include "codec/cursor.h"

/* Digits of a record's length: headers of 1 MiB have at most seven. */
#define LENGTH_DIGITS_MAX 8

static ms_status refuse(ms_error *err, const char *sentence)
{
    return ms_fail(err, MS_MALFORMED, "archive_pax", "%s", sentence);
}

static bool is_digit(uint8_t byte)
{
    return byte >= '0' && byte <= '9';
}

/* "LENGTH key=value\n": LENGTH counts the whole record with its own digits. */
static ms_status next_record(ms_cursor *cursor, ms_span *key, ms_span *value, ms_error *err)
{
    static const char malformed[] = "a record of a pax header does not follow its form";
    ms_span record;
    size_t length = 0;
    size_t digits = 0;
    const uint8_t *start = cursor->data + cursor->position;
    size_t left = ms_cursor_left(cursor);
    for (; digits < left && digits < LENGTH_DIGITS_MAX && is_digit(start[digits]); digits++)
        length = length * 10 + (size_t)(start[digits] - '0');
    /* The shortest record has a key of one byte and no value. */
    if (digits == 0 || start[0] == '0' || length < digits + sizeof(" k=\n") - 1)
        return refuse(err, malformed);
    if (ms_cursor_take(cursor, &record, length, err) != MS_OK)
        return refuse(err, malformed);
    const uint8_t *last = record.data + record.size - 1;
    const uint8_t *key_start = record.data + digits + 1;
    if (record.data[digits] != ' ' || *last != '\n')
        return refuse(err, malformed);
    const uint8_t *equals = memchr(key_start, '=', (size_t)(last - key_start));
    if (equals == NULL || equals == key_start)
        return refuse(err, malformed);
    *key = ms_span_of(key_start, (size_t)(equals - key_start));
    *value = ms_span_of(equals + 1, (size_t)(last - equals - 1));
    return MS_OK;
}

static bool key_is(ms_span key, const char *text)
{
    return ms_span_equal(key, ms_span_of(text, strlen(text)));
}

static bool key_starts(ms_span key, const char *text)
{
    return key.size >= strlen(text) && memcmp(key.data, text, strlen(text)) == 0;
}

static ms_status set_size(ms_tar_pax *pax, ms_span value, ms_error *err)
{
    uint64_t size = 0;
    bool fits = value.size > 0;
    for (size_t i = 0; fits && i < value.size; i++) {
        fits = is_digit(value.data[i]) && ms_mul_u64(&size, size, 10)
               && ms_add_u64(&size, size, (uint64_t)(value.data[i] - '0'));
    }
    if (pax->size_set)
        return refuse(err, "a pax header gives two sizes");
    if (!fits || size > INT64_MAX)
        return refuse(err, "a size in a pax header is no number below 2^63");
    pax->size_set = true;
    pax->size = size;
    return MS_OK;
}

static ms_status set_path(ms_tar_pax *pax, ms_span value, ms_error *err)
{
    if (pax->path_set)
        return refuse(err, "a pax header gives two paths");
    pax->path_set = true;
    pax->path = value;
    return MS_OK;
}

static ms_status set_charset(ms_tar_pax *pax, ms_span value, ms_error *err)
{
    if (pax->charset_set)
        return refuse(err, "a pax header gives two charsets");
    pax->charset_set = true;
    /* BINARY says "bytes as they were"; the path rules then want them to be UTF-8. */
    if (!key_is(value, "ISO-IR 10646 2000 UTF-8") && !key_is(value, "BINARY"))
        return refuse(err, "a pax header gives names in a charset that is not UTF-8");
    return MS_OK;
}

ms_status ms_tar_pax_read(ms_tar_pax *pax, ms_span content, ms_error *err)
{
    ms_cursor cursor = ms_cursor_of(content);
    ms_status status = MS_OK;
    pax->present = true;
    while (status == MS_OK && ms_cursor_left(&cursor) > 0) {
        ms_span key = {0};
        ms_span value = {0};
        status = next_record(&cursor, &key, &value, err);
        if (status != MS_OK)
            break;
        if (key_is(key, "path"))
            status = set_path(pax, value, err);
        else if (key_is(key, "size"))
            status = set_size(pax, value, err);
        else if (key_is(key, "hdrcharset"))
            status = set_charset(pax, value, err);
        else if (key_starts(key, "GNU.sparse.") || key_is(key, "SCHILY.realsize"))
            pax->sparse = true;
    }
    return status;
}

ms_status ms_tar_pax_check_global(ms_span content, ms_error *err)
{
    ms_tar_pax pax = {0};
    ms_status status = ms_tar_pax_read(&pax, content, err);
    if (status == MS_OK && (pax.path_set || pax.size_set || pax.sparse || pax.charset_set))
        return refuse(err, "a global pax header changes path, size or charset of every entry");
    return status;
}
