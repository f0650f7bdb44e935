/* The paths met so far in one archive. An inner node of the crit-bit tree names the first bit in which
 * its two sides differ, a leaf is a name. Folded names hold no NUL, so a byte past the end of a key
 * counts as 0. */
#include "archive/path_tree.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "codec/cursor.h"
#include "codec/path.h"

#define PARENT_SIZE 4 /* bytes of the folder's number at the start of a key */
/* Folding a name makes it longer, but not this many times. */
#define KEY_SIZE_MAX (PARENT_SIZE + 16 * MS_PATH_NAME_SIZE_MAX)

typedef struct branch branch;

struct branch {
    branch *sides[2];   /* of an inner node */
    uint32_t byte;      /* of an inner node: where the sides differ first */
    uint32_t key_size;  /* of a leaf */
    const uint8_t *key; /* of a leaf; NULL in an inner node */
    ms_path_node *node; /* of a leaf */
    uint8_t mask;       /* of an inner node: the one bit */
};

struct ms_path_tree {
    ms_arena arena;
    branch *top;
    ms_path_node root;
    ms_path_node *last;
    ms_buffer key; /* of the name that is being looked for */
};

ms_status ms_path_tree_new(ms_path_tree **tree, ms_error *err)
{
    *tree = ms_calloc(1, sizeof(**tree));
    if (*tree == NULL)
        return ms_fail_memory(err, sizeof(**tree));
    ms_arena_init(&(*tree)->arena, MS_PATH_TREE_SIZE_MAX);
    ms_buffer_init(&(*tree)->key, KEY_SIZE_MAX);
    (*tree)->root.is_folder = true;
    (*tree)->last = &(*tree)->root;
    return MS_OK;
}

void ms_path_tree_free(ms_path_tree *tree)
{
    if (tree == NULL)
        return;
    ms_arena_release(&tree->arena);
    ms_buffer_release(&tree->key);
    ms_free(tree);
}

const ms_path_node *ms_path_tree_root(const ms_path_tree *tree)
{
    return &tree->root;
}

static uint8_t byte_at(const uint8_t *key, size_t size, size_t index)
{
    return index < size ? key[index] : 0;
}

static unsigned side_of(const branch *inner, const ms_buffer *key)
{
    return (byte_at(key->data, key->size, inner->byte) & inner->mask) != 0;
}

static branch *nearest_leaf(const ms_path_tree *tree)
{
    branch *at = tree->top;
    while (at != NULL && at->key == NULL)
        at = at->sides[side_of(at, &tree->key)];
    return at;
}

/* Where the key and a leaf's differ first; false when they are equal. */
static bool first_difference(
        const ms_buffer *key, const branch *leaf, uint32_t *byte, uint8_t *mask)
{
    size_t size = MS_MAX(key->size, leaf->key_size);
    for (size_t i = 0; i < size; i++) {
        unsigned difference = (unsigned)byte_at(key->data, key->size, i)
                              ^ byte_at(leaf->key, leaf->key_size, i);
        if (difference == 0)
            continue;
        *byte = (uint32_t)i;
        *mask = 0x80;
        while ((difference & *mask) == 0)
            *mask = (uint8_t)(*mask >> 1);
        return true;
    }
    return false;
}

/* The link that an inner node for (byte, mask) belongs into: bits that come earlier stand above. */
static branch **place_of(ms_path_tree *tree, uint32_t byte, uint8_t mask)
{
    branch **link = &tree->top;
    while ((*link)->key == NULL
            && ((*link)->byte < byte || ((*link)->byte == byte && (*link)->mask > mask)))
        link = &(*link)->sides[side_of(*link, &tree->key)];
    return link;
}

static branch *make_leaf(ms_path_tree *tree, const ms_path_node *parent, ms_span name,
        bool is_folder)
{
    branch *leaf = ms_arena_calloc(&tree->arena, 1, sizeof(*leaf));
    ms_path_node *node = ms_arena_calloc(&tree->arena, 1, sizeof(*node));
    uint8_t *key = ms_arena_alloc(&tree->arena, tree->key.size);
    uint8_t *copy = ms_arena_alloc(&tree->arena, name.size);
    if (leaf == NULL || node == NULL || key == NULL || copy == NULL)
        return NULL;
    memcpy(key, tree->key.data, tree->key.size);
    memcpy(copy, name.data, name.size);
    *node = (ms_path_node){.parent = parent,
            .name = ms_span_of(copy, name.size),
            .number = tree->last->number + 1,
            .is_folder = is_folder};
    *leaf = (branch){.key = key, .key_size = (uint32_t)tree->key.size, .node = node};
    return leaf;
}

static ms_status insert(ms_path_tree *tree, const ms_path_node **node, const branch *nearest,
        const ms_path_node *parent, ms_span name, bool is_folder, ms_error *err)
{
    uint32_t byte = 0;
    uint8_t mask = 0;
    branch *leaf = make_leaf(tree, parent, name, is_folder);
    branch *inner = NULL;
    if (nearest != NULL) {
        bool differs = first_difference(&tree->key, nearest, &byte, &mask);
        assert(differs);
        (void)differs;
        inner = ms_arena_calloc(&tree->arena, 1, sizeof(*inner));
    }
    if (leaf == NULL || (nearest != NULL && inner == NULL))
        return tree->arena.is_starved
                       ? ms_fail_memory(err, name.size)
                       : ms_fail(err, MS_LIMIT, "archive_names",
                                 "the names in the archive need more memory than %zu MiB",
                                 MS_PATH_TREE_SIZE_MAX >> 20);
    if (inner == NULL) {
        tree->top = leaf;
    } else {
        branch **link = place_of(tree, byte, mask);
        inner->byte = byte;
        inner->mask = mask;
        unsigned side = side_of(inner, &tree->key);
        inner->sides[side] = leaf;
        inner->sides[1 - side] = *link;
        *link = inner;
    }
    tree->last->next = leaf->node;
    tree->last = leaf->node;
    *node = leaf->node;
    return MS_OK;
}

static ms_status make_key(
        ms_path_tree *tree, const ms_path_node *parent, ms_span name, ms_error *err)
{
    uint8_t number[PARENT_SIZE];
    ms_write_u32_be(number, parent->number);
    ms_buffer_clear(&tree->key);
    ms_status status = ms_buffer_append(&tree->key, number, sizeof(number), err);
    if (status == MS_OK)
        status = ms_path_fold(name, &tree->key, err);
    return status;
}

ms_status ms_path_tree_add(ms_path_tree *tree, const ms_path_node **node, bool *added,
        const ms_path_node *parent, ms_span name, bool is_folder, ms_error *err)
{
    uint32_t byte;
    uint8_t mask;
    *node = NULL;
    *added = false;
    ms_status status = make_key(tree, parent, name, err);
    if (status != MS_OK)
        return status;
    const branch *nearest = nearest_leaf(tree);
    if (nearest == NULL || first_difference(&tree->key, nearest, &byte, &mask)) {
        *added = true;
        return insert(tree, node, nearest, parent, name, is_folder, err);
    }
    if (!ms_span_equal(nearest->node->name, name))
        return ms_fail(err, MS_MALFORMED, "path_twins",
                "two paths of the archive differ only in case or spelling");
    if (nearest->node->is_folder != is_folder)
        return ms_fail(err, MS_MALFORMED, "archive_kinds",
                "a path of the archive is a file in one place and a folder in another");
    *node = nearest->node;
    return MS_OK;
}

void ms_path_tree_path(const ms_path_node *node, char *path, size_t size)
{
    size_t end = 0;
    if (node->parent == NULL) {
        memcpy(path, ".", 2);
        return;
    }
    for (const ms_path_node *at = node; at->parent != NULL; at = at->parent)
        end += at->name.size + 1;
    /* Each name and the slash before it; the first has the NUL of the end in its place. */
    assert(end <= size);
    path[--end] = '\0';
    for (const ms_path_node *at = node; at->parent != NULL; at = at->parent) {
        end -= at->name.size;
        memcpy(path + end, at->name.data, at->name.size);
        if (at->parent->parent != NULL)
            path[--end] = '/';
    }
}
