/* The rules of path.h, one function a family of rules, and the folding of names.
 * Reserved names follow Microsoft's "Naming Files, Paths, and Namespaces". */
#include "codec/path.h"

#include <string.h>
#include <utf8proc.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "codec/text.h"
#include "codec/utf8.h"

#define QUOTE_SIZE_MAX 300
/* NFD gives at most four code points for one, case folding at most three; both together stay below.
 * */
#define FOLD_POINTS_PER_BYTE 4

/* A rule that was broken; reason is NULL when none was. */
typedef struct finding {
    const char *reason;
    const char *sentence; /* what is wrong, to stand after the quoted name */
    size_t offset;
} finding;

static const finding harmless = {0};

static finding broken(const char *reason, const char *sentence, size_t offset)
{
    return (finding){.reason = reason, .sentence = sentence, .offset = offset};
}

static uint8_t lower(uint8_t byte)
{
    return byte >= 'A' && byte <= 'Z' ? (uint8_t)(byte + ('a' - 'A')) : byte;
}

/* Whether the size bytes at data are text (in lower case) but for ASCII case. */
static bool is_text(const uint8_t *data, size_t size, const char *text)
{
    if (size != strlen(text))
        return false;
    for (size_t i = 0; i < size; i++) {
        if (lower(data[i]) != (uint8_t)text[i])
            return false;
    }
    return true;
}

static bool is_letter(uint8_t byte)
{
    return lower(byte) >= 'a' && lower(byte) <= 'z';
}

static finding check_characters(ms_span name)
{
    for (size_t at = 0; at < name.size;) {
        uint32_t point = 0;
        size_t size = ms_utf8_read(&point, (const char *)name.data + at, name.size - at);

        if (size == 0)
            return broken("path_utf8", "is not UTF-8", at);
        if (point == 0)
            return broken("path_nul", "holds a NUL byte", at);
        if (point == '/')
            return broken("path_slash", "holds a slash", at);
        if (point < 0x20 || (point >= 0x7f && point <= 0x9f))
            return broken("path_control", "holds a control character", at);
        if ((point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069))
            return broken("path_bidi", "holds a character that turns the direction of text", at);
        if (point == '\\')
            return broken("path_backslash", "holds a backslash", at);
        if (point == ':' && at == 1 && is_letter(name.data[0]))
            return broken("path_drive", "starts with a drive letter", at);
        if (point == ':')
            return broken("path_stream", "holds a colon", at);
        at += size;
    }
    return harmless;
}

/* COM1 to COM9, LPT1 to LPT9 and COM0, LPT0; the digit may be a superscript 1, 2 or 3 (two bytes).
 * */
static bool is_numbered_device(const uint8_t *stem, size_t size)
{
    if (size < 4 || (!is_text(stem, 3, "com") && !is_text(stem, 3, "lpt")))
        return false;
    if (size == 4)
        return stem[3] >= '0' && stem[3] <= '9';
    return size == 5 && stem[3] == 0xc2 && (stem[4] == 0xb9 || stem[4] == 0xb2 || stem[4] == 0xb3);
}

/* Windows takes the part before the first dot, without spaces at its end, for the device. */
static bool is_device(ms_span name)
{
    static const char *const devices[] = {
            "con", "prn", "aux", "nul", "conin$", "conout$", "clock$"};
    const uint8_t *dot = memchr(name.data, '.', name.size);
    size_t size = dot == NULL ? name.size : (size_t)(dot - name.data);

    while (size > 0 && name.data[size - 1] == ' ')
        size--;
    for (size_t i = 0; i < MS_ARRAY_COUNT(devices); i++) {
        if (is_text(name.data, size, devices[i]))
            return true;
    }
    return is_numbered_device(name.data, size);
}

static bool is_own(ms_span name)
{
    static const size_t suffix_size = sizeof(MS_PATH_PARTIAL_SUFFIX) - 1;

    return name.size >= suffix_size && name.data[0] == '.' &&
           is_text(name.data + name.size - suffix_size, suffix_size, MS_PATH_PARTIAL_SUFFIX);
}

static finding judge_name(ms_span name)
{
    finding verdict;

    if (name.size == 0)
        return broken("path_empty_part", "holds an empty name", 0);
    if (name.size > MS_PATH_NAME_SIZE_MAX)
        return broken("path_name_long", "holds a name of more than 255 bytes", 0);
    if (is_text(name.data, name.size, "."))
        return broken("path_dot", "holds the name \".\"", 0);
    if (is_text(name.data, name.size, ".."))
        return broken("path_dotdot", "leads out of the folder by \"..\"", 0);
    verdict = check_characters(name);
    if (verdict.reason != NULL)
        return verdict;
    if (name.data[name.size - 1] == '.' || name.data[name.size - 1] == ' ')
        return broken("path_trailing", "ends in a dot or space", name.size - 1);
    if (is_device(name))
        return broken("path_reserved", "is a device on Windows", 0);
    if (is_text(name.data, name.size, ".git"))
        return broken("path_git", "is the folder of a Git repository", 0);
    if (is_own(name))
        return broken("path_own", "is a name of our own unfinished files", 0);
    return harmless;
}

static bool is_limit(const char *reason)
{
    return strcmp(reason, "path_name_long") == 0 || strcmp(reason, "path_long") == 0 ||
           strcmp(reason, "path_deep") == 0;
}

static ms_status refuse(ms_span text, finding verdict, ms_error *err)
{
    ms_status status = is_limit(verdict.reason) ? MS_LIMIT : MS_MALFORMED;
    size_t quoted = MS_MIN(text.size, (size_t)QUOTE_SIZE_MAX);
    const char *more = quoted < text.size ? "..." : "";
    ms_buffer quote;

    /* Every byte becomes at most six; an error without its quote is better than another error. */
    ms_buffer_init(&quote, (size_t)QUOTE_SIZE_MAX * 8);
    if (ms_text_append_escaped(&quote, (const char *)text.data, quoted, NULL) != MS_OK)
        ms_buffer_clear(&quote);
    ms_fail(err, status, verdict.reason, "The path \"%.*s%s\" %s", (int)quote.size,
            quote.data == NULL ? "" : (const char *)quote.data, more, verdict.sentence);
    ms_error_set_offset(err, verdict.offset);
    ms_buffer_release(&quote);
    return status;
}

ms_status ms_path_check_name(ms_span name, ms_error *err)
{
    finding verdict = judge_name(name);

    return verdict.reason == NULL ? MS_OK : refuse(name, verdict, err);
}

/* Rules about the path as a whole, but for those about its parts. */
static finding judge_whole(ms_span path)
{
    if (path.size == 0)
        return broken("path_empty_part", "holds an empty name", 0);
    if (path.size > MS_PATH_SIZE_MAX)
        return broken("path_long", "has more than 1024 bytes", MS_PATH_SIZE_MAX);
    if (path.data[0] == '/')
        return broken("path_absolute", "is absolute", 0);
    if (path.data[0] == '-')
        return broken("path_dash", "starts with a dash, as options do", 0);
    if (path.data[0] == '~' && (path.size == 1 || path.data[1] == '/'))
        return broken("path_tilde", "starts with \"~\", which shells replace", 0);
    return harmless;
}

ms_status ms_path_check(ms_span path, ms_error *err)
{
    finding verdict = judge_whole(path);
    unsigned depth = 0;
    size_t start = 0;

    if (verdict.reason != NULL)
        return refuse(path, verdict, err);
    /* A slash at the end leaves an empty part, which is why the loop runs to size inclusive. */
    for (size_t end = 0; end <= path.size; end++) {
        if (end < path.size && path.data[end] != '/')
            continue;
        if (++depth > MS_PATH_DEPTH_MAX)
            return refuse(path, broken("path_deep", "has more than 32 levels", start), err);
        verdict = judge_name(ms_span_of(path.data + start, end - start));
        if (verdict.reason != NULL) {
            verdict.offset += start;
            return refuse(path, verdict, err);
        }
        start = end + 1;
    }
    return MS_OK;
}

static bool is_ascii(ms_span text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] >= 0x80)
            return false;
    }
    return true;
}

static ms_status fold_ascii(ms_span text, ms_buffer *out, ms_error *err)
{
    ms_status status = ms_buffer_reserve(out, text.size, err);

    if (status != MS_OK)
        return status;
    for (size_t i = 0; i < text.size; i++)
        out->data[out->size + i] = lower(text.data[i]);
    out->size += text.size;
    return MS_OK;
}

/* Normalise text in points (room for capacity, one of them kept free for the final NUL); on success
 * *size bytes of UTF-8 stand in points. */
static bool normalise(int32_t *points, size_t capacity, const void *text, size_t text_size,
        utf8proc_option_t options, size_t *size)
{
    utf8proc_ssize_t count = utf8proc_decompose(
            text, (utf8proc_ssize_t)text_size, points, (utf8proc_ssize_t)(capacity - 1), options);

    if (count < 0 || (size_t)count > capacity - 1)
        return false;
    count = utf8proc_reencode(points, count, options);
    if (count < 0)
        return false;
    *size = (size_t)count;
    return true;
}

ms_status ms_path_fold(ms_span text, ms_buffer *out, ms_error *err)
{
    size_t capacity = text.size * FOLD_POINTS_PER_BYTE + 1;
    int32_t *decomposed = NULL;
    int32_t *folded = NULL;
    size_t size = 0;
    ms_status status;

    if (text.size > MS_PATH_SIZE_MAX)
        return refuse(text, broken("path_long", "has more than 1024 bytes", MS_PATH_SIZE_MAX), err);
    if (is_ascii(text))
        return fold_ascii(text, out, err);
    /* The second pass reads what the first wrote, which is longer than the text. */
    decomposed = ms_realloc_array(NULL, capacity, sizeof *decomposed);
    folded = ms_realloc_array(NULL, capacity * FOLD_POINTS_PER_BYTE, sizeof *folded);
    if (decomposed == NULL || folded == NULL) {
        status = ms_fail_memory(err, capacity * FOLD_POINTS_PER_BYTE * sizeof *folded);
        goto done;
    }
    if (!normalise(decomposed, capacity, text.data, text.size, UTF8PROC_STABLE | UTF8PROC_DECOMPOSE,
                &size) ||
            !normalise(folded, capacity * FOLD_POINTS_PER_BYTE, decomposed, size,
                    UTF8PROC_STABLE | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD, &size)) {
        status = refuse(text, broken("path_utf8", "is not UTF-8", 0), err);
        goto done;
    }
    status = ms_buffer_append(out, folded, size, err);
done:
    ms_free(decomposed);
    ms_free(folded);
    return status;
}
