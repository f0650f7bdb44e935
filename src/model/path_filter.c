#include "model/path_filter_priv.h"

#include <string.h>

#include "base/alloc.h"

static ms_status compile(ms_glob ***globs, size_t *compiled, const char *const *patterns, size_t count, ms_error *err)
{
    const size_t size = sizeof(ms_glob *); /* NOLINT(bugprone-sizeof-expression): a list of pointers */
    *globs = count == 0 ? NULL : ms_calloc(count, size);
    if (count > 0 && *globs == NULL)
        return ms_fail_memory(err, count * size);
    for (*compiled = 0; *compiled < count; (*compiled)++) {
        ms_status status = ms_glob_new(&(*globs)[*compiled], patterns[*compiled], err);
        if (status != MS_OK)
            return status;
    }
    return MS_OK;
}

/* Each pattern ends in its NUL, each list in one more. */
static void hash_patterns(ms_sha256_stream *stream, const char *const *patterns, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ms_sha256_update(stream, patterns[i], strlen(patterns[i]) + 1);
    ms_sha256_update(stream, "", 1);
}

ms_status ms_path_filter_compile(ms_path_filter *filter, const char *const *include, size_t include_count,
        const char *const *exclude, size_t exclude_count, ms_error *err)
{
    *filter = (ms_path_filter){0};
    ms_status status = compile(&filter->include, &filter->include_count, include, include_count, err);
    if (status == MS_OK)
        status = compile(&filter->exclude, &filter->exclude_count, exclude, exclude_count, err);
    ms_sha256_stream stream;
    ms_sha256_init(&stream);
    hash_patterns(&stream, include, include_count);
    hash_patterns(&stream, exclude, exclude_count);
    ms_sha256_final(&stream, filter->digest);
    return status;
}

void ms_path_filter_hash(const ms_path_filter *filter, ms_sha256_stream *stream)
{
    ms_sha256_update(stream, filter->digest, sizeof(filter->digest));
}

static void free_globs(ms_glob **globs, size_t count)
{
    for (size_t i = 0; i < count; i++)
        ms_glob_free(globs[i]);
    ms_free(globs);
}

void ms_path_filter_release(ms_path_filter *filter)
{
    free_globs(filter->include, filter->include_count);
    free_globs(filter->exclude, filter->exclude_count);
    *filter = (ms_path_filter){0};
}

static bool any_matches(ms_glob *const *globs, size_t count, const char *path, bool is_folder)
{
    for (size_t i = 0; i < count; i++)
        if (ms_glob_match(globs[i], path, is_folder))
            return true;
    return false;
}

bool ms_path_filter_wants(const ms_path_filter *filter, const char *path, bool is_folder)
{
    if (any_matches(filter->exclude, filter->exclude_count, path, is_folder))
        return false;
    return is_folder || filter->include_count == 0 ||
           any_matches(filter->include, filter->include_count, path, false);
}
