/* A crit-bit tree: an inner node names the first bit in which its two sides differ, a leaf holds a
 * folded key and the name it came from. Keys hold no NUL, so a byte past the end counts as 0. */
#include "codec/path_twins.h"

#include <string.h>

#include "base/checked.h"
#include "codec/text.h"

/* Folded names are longer than names, but not ten times; the arena also holds the nodes. */
#define ARENA_SIZE_MAX ((size_t)512 << 20)
#define KEY_SIZE_MAX ((size_t)MS_PATH_SIZE_MAX * 16)

struct ms_path_twins_node {
    ms_path_twins_node *sides[2]; /* of an inner node; NULL in a leaf */
    size_t byte;                  /* of an inner node: where the sides differ first */
    uint8_t mask;                 /* the one bit in which they do; 0 in a leaf */
    uint32_t key_size;
    uint32_t name_size;
    const uint8_t *key; /* of a leaf */
    const uint8_t *name;
};

void ms_path_twins_init(ms_path_twins *twins)
{
    *twins = (ms_path_twins){0};
    ms_arena_init(&twins->arena, ARENA_SIZE_MAX);
    ms_buffer_init(&twins->key, KEY_SIZE_MAX);
}

void ms_path_twins_release(ms_path_twins *twins)
{
    ms_arena_release(&twins->arena);
    ms_buffer_release(&twins->key);
    twins->root = NULL;
    twins->count = 0;
}

static uint8_t byte_at(ms_span key, size_t position)
{
    return position < key.size ? key.data[position] : 0;
}

static unsigned side_of(const ms_path_twins_node *node, ms_span key)
{
    return (byte_at(key, node->byte) & node->mask) != 0;
}

static ms_span key_of(const ms_path_twins_node *leaf)
{
    return ms_span_of(leaf->key, leaf->key_size);
}

/* The leaf that shares the most leading bits with key. */
static const ms_path_twins_node *nearest(const ms_path_twins *twins, ms_span key)
{
    const ms_path_twins_node *node = twins->root;

    while (node->mask != 0)
        node = node->sides[side_of(node, key)];
    return node;
}

static ms_status refuse(const ms_path_twins_node *first, ms_span second, ms_error *err)
{
    ms_span name = ms_span_of(first->name, first->name_size);
    ms_buffer quote;
    size_t middle = 0;
    ms_status status = MS_MALFORMED;

    ms_buffer_init(&quote, (size_t)MS_PATH_NAME_SIZE_MAX * 2 * 8);
    if (ms_text_append_escaped(&quote, (const char *)name.data, name.size, NULL) != MS_OK)
        ms_buffer_clear(&quote);
    middle = quote.size;
    if (ms_text_append_escaped(&quote, (const char *)second.data, second.size, NULL) != MS_OK)
        quote.size = middle;
    const char *text = quote.data == NULL ? "" : (const char *)quote.data;
    if (ms_span_equal(name, second))
        ms_fail(err, status, "path_repeated", "The name \"%.*s\" stands twice in one folder",
                (int)middle, text);
    else
        ms_fail(err, status, "path_twins",
                "The names \"%.*s\" and \"%.*s\" differ only in case or spelling of accents, so "
                "some systems cannot hold both",
                (int)middle, text, (int)(quote.size - middle), text + middle);
    ms_buffer_release(&quote);
    return status;
}

static ms_path_twins_node *new_leaf(ms_path_twins *twins, ms_span key, ms_span name)
{
    ms_path_twins_node *leaf = ms_arena_alloc(&twins->arena, sizeof *leaf);
    uint8_t *bytes = ms_arena_alloc(&twins->arena, key.size + name.size);

    if (leaf == NULL || bytes == NULL)
        return NULL;
    memcpy(bytes, key.data, key.size);
    memcpy(bytes + key.size, name.data, name.size);
    *leaf = (ms_path_twins_node){.key = bytes,
            .key_size = (uint32_t)key.size,
            .name = bytes + key.size,
            .name_size = (uint32_t)name.size};
    return leaf;
}

/* Put leaf where its key first differs from other's: at byte, in the bits of difference. */
static void insert(ms_path_twins *twins, ms_path_twins_node *inner, ms_path_twins_node *leaf,
        size_t byte, uint8_t difference)
{
    ms_path_twins_node **link = &twins->root;

    while ((difference & (difference - 1)) != 0)
        difference = (uint8_t)(difference & (difference - 1));
    *inner = (ms_path_twins_node){.byte = byte, .mask = difference};
    /* Bits are ordered by byte, then from the highest down; the new node stands above greater ones.
     * */
    while ((*link)->mask != 0 &&
            ((*link)->byte < byte || ((*link)->byte == byte && (*link)->mask > difference)))
        link = &(*link)->sides[side_of(*link, key_of(leaf))];
    inner->sides[side_of(inner, key_of(leaf))] = leaf;
    inner->sides[!side_of(inner, key_of(leaf))] = *link;
    *link = inner;
}

ms_status ms_path_twins_add(ms_path_twins *twins, ms_span name, ms_error *err)
{
    const ms_path_twins_node *other = NULL;
    ms_path_twins_node *inner = NULL;
    ms_path_twins_node *leaf = NULL;
    size_t byte = 0;
    ms_span key;
    ms_status status;

    if (twins->count >= MS_PATH_TWINS_NAMES_MAX)
        return ms_fail(err, MS_LIMIT, "folder_names", "The folder holds more than %d names",
                MS_PATH_TWINS_NAMES_MAX);
    ms_buffer_clear(&twins->key);
    status = ms_path_fold(name, &twins->key, err);
    if (status != MS_OK)
        return status;
    key = ms_buffer_span(&twins->key);
    if (twins->root != NULL) {
        size_t end;

        other = nearest(twins, key);
        end = MS_MAX(key.size, (size_t)other->key_size);
        while (byte < end && byte_at(key, byte) == byte_at(key_of(other), byte))
            byte++;
        if (byte == end)
            return refuse(other, name, err);
    }
    leaf = new_leaf(twins, key, name);
    inner = ms_arena_alloc(&twins->arena, sizeof *inner);
    if (leaf == NULL || inner == NULL)
        return ms_fail_memory(err, sizeof *inner + sizeof *leaf + key.size + name.size);
    if (other == NULL)
        twins->root = leaf;
    else
        insert(twins, inner, leaf, byte,
                (uint8_t)(byte_at(key, byte) ^ byte_at(key_of(other), byte)));
    twins->count++;
    return MS_OK;
}
