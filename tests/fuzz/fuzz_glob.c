/* Globs: pattern, NUL, path. Short ones are compared with a matcher that tries every way. */
#include <assert.h>
#include <stdlib.h>
#include <string.h>

#include "codec/glob.h"
#include "memory_limit.h"

#define SLOW_PATTERN_MAX 12
#define SLOW_PATH_MAX 20

/* Whether pattern matches all of path, up to end. A double star with slash stands for nothing or
 * for anything that ends in a slash. */
static bool matches(const char *pattern, const char *first, const char *path, const char *end)
{
    bool begins = pattern == first || pattern[-1] == '/';

    if (*pattern == '\0')
        return path == end;
    if (*pattern != '*') {
        if (path == end || (*pattern == '?' ? *path == '/' : *path != *pattern))
            return false;
        return matches(pattern + 1, first, path + 1, end);
    }
    if (pattern[1] != '*') {
        for (const char *rest = path;; rest++) {
            if (matches(pattern + 1, first, rest, end))
                return true;
            if (rest == end || *rest == '/')
                return false;
        }
    }
    while (*pattern == '*')
        pattern++;
    if (begins && *pattern == '/') {
        if (matches(pattern + 1, first, path, end))
            return true;
        for (const char *rest = path; rest < end; rest++) {
            if (*rest == '/' && matches(pattern + 1, first, rest + 1, end))
                return true;
        }
        return false;
    }
    for (const char *rest = path; rest <= end; rest++) {
        if (matches(pattern, first, rest, end))
            return true;
    }
    return false;
}

/* The rules of the header on top: base names, anchors, folders and what is below them. */
static bool matches_somewhere(const char *text, const char *path, bool is_folder)
{
    char pattern[SLOW_PATTERN_MAX + 1];
    size_t size = strlen(text);
    bool folders_only = size > 1 && text[size - 1] == '/';
    bool anchored = text[0] == '/';

    memcpy(pattern, text + anchored, size + 1 - anchored);
    if (folders_only)
        pattern[strlen(pattern) - 1] = '\0';
    anchored = anchored || strchr(pattern, '/') != NULL;
    for (const char *end = path + 1; *path != '\0'; end++) {
        const char *begin = end;

        if (*end != '/' && *end != '\0')
            continue;
        while (!anchored && begin > path && begin[-1] != '/')
            begin--;
        if ((*end == '/' || is_folder || !folders_only) &&
                matches(pattern, pattern, anchored ? path : begin, end))
            return true;
        if (*end == '\0')
            return false;
    }
    return false;
}

static bool is_plain(const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '[' || *text == '\\' || (unsigned char)*text >= 0x80)
            return false;
    }
    return true;
}

static void check_input(const uint8_t *data, size_t size)
{
    char *text = calloc(1, size + 2); /* two NULs end both parts whatever the input */
    ms_error err = MS_ERROR_INIT;
    const char *path;
    ms_glob *glob;

    assert(text != NULL);
    if (size > 0)
        memcpy(text, data, size);
    path = text + strlen(text) + 1;
    if (path > text + size + 1)
        path = text + size;
    if (ms_glob_new(&glob, text, &err) == MS_OK) {
        bool as_file = ms_glob_match(glob, path, false);
        bool as_folder = ms_glob_match(glob, path, true);

        assert(as_folder || !as_file);
        if (strlen(text) <= SLOW_PATTERN_MAX && strlen(path) <= SLOW_PATH_MAX && is_plain(text) &&
                is_plain(path) && path[0] != '/') {
            assert(as_file == matches_somewhere(text, path, false));
            assert(as_folder == matches_somewhere(text, path, true));
        }
    } else {
        assert(glob == NULL && err.reason[0] != '\0');
    }
    ms_glob_free(glob);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, 0);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
