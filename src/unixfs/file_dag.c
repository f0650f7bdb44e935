/* Balanced layout: each level collects up to width entries, a full one becomes a node in the level
 * above. All leaves stand at one depth, so the last group gets its node even when it is one entry.
 * */
#include "unixfs/file_dag.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "crypto/sha256.h"
#include "unixfs/dag_pb.h"
#include "unixfs/unixfs_node.h"

#define FILE_SIZE_MAX (UINT64_MAX >> 1)
/* A node of MS_FILE_DAG_WIDTH_MAX links of at most 64-byte digests. */
#define NODE_SIZE_MAX ((size_t)1 << 20)

/* The open node of one level. */
struct ms_file_dag_level {
    uint32_t count;
    ms_dag_entry first;       /* becomes the root when it stays alone in the highest level */
    uint64_t content_size;    /* sum over the entries */
    uint64_t cumulative_size; /* sum over the entries */
    ms_buffer links;          /* encoded */
    ms_buffer sizes;          /* encoded block sizes */
};

void ms_file_dag_init(ms_file_dag *dag, uint32_t width, ms_block_sink sink)
{
    assert(width >= 2 && width <= MS_FILE_DAG_WIDTH_MAX);
    *dag = (ms_file_dag){.sink = sink, .width = width};
    ms_buffer_init(&dag->block, NODE_SIZE_MAX);
}

void ms_file_dag_release(ms_file_dag *dag)
{
    for (unsigned i = 0; i < dag->level_count; i++) {
        ms_buffer_release(&dag->levels[i]->links);
        ms_buffer_release(&dag->levels[i]->sizes);
        ms_free(dag->levels[i]);
    }
    ms_buffer_release(&dag->block);
    dag->level_count = 0;
}

static ms_status open_level(ms_file_dag *dag, ms_error *err)
{
    ms_file_dag_level *level;

    if (dag->level_count == MS_FILE_DAG_LEVELS_MAX)
        return ms_fail(err, MS_LIMIT, "file_size", "The file needs more than %d levels of nodes",
                MS_FILE_DAG_LEVELS_MAX);
    level = ms_calloc(1, sizeof *level);
    if (level == NULL)
        return ms_fail_memory(err, sizeof *level);
    ms_buffer_init(&level->links, NODE_SIZE_MAX);
    ms_buffer_init(&level->sizes, NODE_SIZE_MAX);
    dag->levels[dag->level_count++] = level;
    return MS_OK;
}

static void clear_level(ms_file_dag_level *level)
{
    level->count = 0;
    level->content_size = 0;
    level->cumulative_size = 0;
    ms_buffer_clear(&level->links);
    ms_buffer_clear(&level->sizes);
}

static ms_status append(ms_file_dag_level *level, const ms_dag_entry *entry, ms_error *err)
{
    ms_status status;

    if (!ms_add_u64(&level->content_size, level->content_size, entry->content_size) ||
            !ms_add_u64(&level->cumulative_size, level->cumulative_size, entry->cumulative_size) ||
            level->content_size > FILE_SIZE_MAX || level->cumulative_size > FILE_SIZE_MAX)
        return ms_fail(
                err, MS_LIMIT, "file_size", "The file and its nodes have more than 2^63-1 bytes");
    if (level->count == 0)
        level->first = *entry;
    status = ms_dag_pb_write_link(
            &level->links, &entry->cid, ms_span_of(NULL, 0), entry->cumulative_size, err);
    if (status == MS_OK)
        status = ms_unixfs_write_block_size(&level->sizes, entry->content_size, err);
    if (status == MS_OK)
        level->count++;
    return status;
}

/* The block of an open node, into dag->block: links, then the message that the sizes are part of.
 * */
static ms_status encode_node(ms_file_dag *dag, const ms_file_dag_level *level, ms_error *err)
{
    ms_buffer message;
    ms_status status;

    ms_buffer_init(&message, NODE_SIZE_MAX);
    ms_buffer_clear(&dag->block);
    status = ms_unixfs_write_file(&message, level->content_size, err);
    if (status == MS_OK)
        status = ms_buffer_append(&message, level->sizes.data, level->sizes.size, err);
    if (status == MS_OK)
        status = ms_buffer_append(&dag->block, level->links.data, level->links.size, err);
    if (status == MS_OK)
        status = ms_dag_pb_write_data(&dag->block, ms_buffer_span(&message), err);
    ms_buffer_release(&message);
    return status;
}

/* Put the open node of a level and forget its entries. */
static ms_status close_node(
        ms_file_dag *dag, ms_file_dag_level *level, ms_dag_entry *node, ms_error *err)
{
    uint8_t digest[MS_SHA256_SIZE];
    ms_status status = encode_node(dag, level, err);

    if (status != MS_OK)
        return status;
    if (!ms_add_u64(&node->cumulative_size, level->cumulative_size, dag->block.size))
        return ms_fail(
                err, MS_LIMIT, "file_size", "The file and its nodes have more than 2^63-1 bytes");
    node->content_size = level->content_size;
    ms_sha256(digest, dag->block.data, dag->block.size);
    node->cid = ms_cid_sha256(MS_CODEC_DAG_PB, digest);
    clear_level(level);
    return dag->sink.put(dag->sink.payload, &node->cid, ms_buffer_span(&dag->block), err);
}

/* Add entry to the level at index; full nodes are closed and rise as entries themselves. */
static ms_status add_entry(ms_file_dag *dag, unsigned index, ms_dag_entry entry, ms_error *err)
{
    for (;; index++) {
        ms_dag_entry node;
        ms_status status = index < dag->level_count ? MS_OK : open_level(dag, err);

        if (status == MS_OK)
            status = append(dag->levels[index], &entry, err);
        if (status != MS_OK || dag->levels[index]->count < dag->width)
            return status;
        status = close_node(dag, dag->levels[index], &node, err);
        if (status != MS_OK)
            return status;
        entry = node;
    }
}

ms_status ms_file_dag_add(ms_file_dag *dag, const ms_cid *leaf, uint64_t size, ms_error *err)
{
    return add_entry(dag, 0,
            (ms_dag_entry){.cid = *leaf, .content_size = size, .cumulative_size = size}, err);
}

static bool is_highest(const ms_file_dag *dag, unsigned index)
{
    for (unsigned above = index + 1; above < dag->level_count; above++) {
        if (dag->levels[above]->count > 0)
            return false;
    }
    return true;
}

ms_status ms_file_dag_finish(ms_file_dag *dag, ms_dag_entry *root, ms_error *err)
{
    *root = (ms_dag_entry){0};
    /* A closed node may fill the level above and open another, so level_count is read anew. */
    for (unsigned index = 0; index < dag->level_count; index++) {
        ms_file_dag_level *level = dag->levels[index];
        ms_dag_entry node;
        ms_status status;

        if (level->count == 0)
            continue;
        if (level->count == 1 && is_highest(dag, index)) {
            *root = level->first;
            clear_level(level);
            return MS_OK;
        }
        status = close_node(dag, level, &node, err);
        if (status == MS_OK)
            status = add_entry(dag, index + 1, node, err);
        if (status != MS_OK)
            return status;
    }
    return ms_fail(err, MS_USAGE, "file_dag_empty",
            "A file has at least one leaf; an empty file has one of 0 bytes");
}
