/* The paths of a model, to find what stands beside them in a copy. */
#ifndef MS_MODEL_PATH_SET_PRIV_H
#define MS_MODEL_PATH_SET_PRIV_H

#include "base/arena.h"
#include "base/buffer.h"
#include "task/task.h"

/** Owned by whoever initialised it. Memory: the paths and 8 bytes each. */
typedef struct ms_path_set {
    const char **paths;
    size_t count;
    size_t capacity;
    bool is_sorted;
    ms_arena text;
} ms_path_set;

void ms_path_set_init(ms_path_set *set);
void ms_path_set_release(ms_path_set *set);
MS_MUST_CHECK ms_status ms_path_set_add(ms_path_set *set, ms_span path, ms_error *err);

/** Tell every path below the folder dirfd that is not in set, a folder that is not in it without what is below. Links are not
 *  followed. *stop of the callback ends it; MS_INTERRUPTED once task, which may be NULL, is cancelled. */
typedef ms_status (*ms_extra_path_fn)(void *payload, const char *path, bool *stop, ms_error *err);
MS_MUST_CHECK ms_status ms_path_set_find_extra(
        ms_path_set *set, int dirfd, const ms_task *task, ms_extra_path_fn extra, void *payload, ms_error *err);

#endif
