/* Which paths of a model are wanted: include and exclude globs. */
#ifndef MS_MODEL_PATH_FILTER_PRIV_H
#define MS_MODEL_PATH_FILTER_PRIV_H

#include "codec/glob.h"
#include "crypto/sha256.h"

/** Owned by whoever compiled it. Zeroed wants everything. */
typedef struct ms_path_filter {
    ms_glob **include;
    size_t include_count;
    ms_glob **exclude;
    size_t exclude_count;
    uint8_t digest[MS_SHA256_SIZE]; /* of the patterns */
} ms_path_filter;

/** MS_USAGE and the reasons of codec/glob.h. Release in any case. */
MS_MUST_CHECK ms_status ms_path_filter_compile(ms_path_filter *filter, const char *const *include, size_t include_count,
        const char *const *exclude, size_t exclude_count, ms_error *err);
void ms_path_filter_release(ms_path_filter *filter);
static inline bool ms_path_filter_is_open(const ms_path_filter *filter)
{
    return filter->include_count == 0 && filter->exclude_count == 0;
}
/** Make the patterns part of a hash: two filters that differ give different ones. */
void ms_path_filter_hash(const ms_path_filter *filter, ms_sha256_stream *stream);
/** Whether a file is wanted, or a folder may hold something that is. */
bool ms_path_filter_wants(const ms_path_filter *filter, const char *path, bool is_folder);

#endif
