/* The paths met so far in one archive, as a tree of names: whether a path is new, a repetition, a twin
 * of another one, or makes a folder of a file. A crit-bit tree over (folder, folded name): no hash that
 * a stranger could aim at, and memory as the names. */
#ifndef MS_ARCHIVE_PATH_TREE_H
#define MS_ARCHIVE_PATH_TREE_H

#include "base/arena.h"
#include "base/buffer.h"

/** Memory of all names of one tree. */
#define MS_PATH_TREE_SIZE_MAX ((size_t)256 << 20)

typedef struct ms_path_tree ms_path_tree;

/** A name of the tree; lives as long as it. The root has parent NULL and no name. */
typedef struct ms_path_node {
    const struct ms_path_node *parent;
    struct ms_path_node *next; /* in order of addition, the root first */
    ms_span name;
    uint32_t number;
    bool is_folder;
} ms_path_node;

/** For one thread. */
MS_MUST_CHECK ms_status ms_path_tree_new(ms_path_tree **tree, ms_error *err);
void ms_path_tree_free(ms_path_tree *tree);
const ms_path_node *ms_path_tree_root(const ms_path_tree *tree);

/** Find name in parent (a folder of this tree), or add it.
 *  out  node   NULL on failure
 *  out  added  whether it was not there before
 *  in   name   passed ms_path_check_name; copied when it is added
 *  MS_MALFORMED "path_twins" when a name that differs in case or spelling only is there,
 *  "archive_kinds" when the same name is there as the other kind; MS_LIMIT "archive_names". */
MS_MUST_CHECK ms_status ms_path_tree_add(ms_path_tree *tree, const ms_path_node **node, bool *added,
        const ms_path_node *parent, ms_span name, bool is_folder, ms_error *err);

/** Write the path of node, NUL terminated, "." for the root. size is at least MS_PATH_SIZE_MAX + 1. */
void ms_path_tree_path(const ms_path_node *node, char *path, size_t size);

#endif
