/* Whether two folders on disk hold the same names and bytes. */
#ifndef MS_MODEL_SAME_TREE_PRIV_H
#define MS_MODEL_SAME_TREE_PRIV_H

#include "task/task.h"

/** Compare the folder name below dirfd with the open folder tree. Links and devices are never the same as anything.
 *  MS_INTERRUPTED once task, which may be NULL, is cancelled. */
MS_MUST_CHECK ms_status ms_same_tree(
        int dirfd, const char *name, int tree, const ms_task *task, bool *is_same, ms_error *err);

#endif
