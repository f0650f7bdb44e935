/* A folder as one node, or as a HAMT: a tree of shards in which byte k of a name's hash chooses the
 * bucket at depth k, and a bucket with several names is a shard one level deeper. */
#include "unixfs/directory_dag.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "codec/path.h"
#include "crypto/sha256.h"
#include "unixfs/dag_pb.h"
#include "unixfs/murmur3.h"
#include "unixfs/unixfs_node.h"

#define NAMES_SIZE_MAX ((size_t)128 << 20)
#define NODE_SIZE_MAX ((size_t)1 << 20)
#define HASH_BYTES 8
#define EMPTY_BLOCK_SIZE 4 /* 0a 02 08 01 */

struct ms_directory_dag_entry {
    ms_span name;
    uint64_t hash; /* only while a HAMT is built */
    ms_dag_entry node;
};

void ms_directory_dag_init(ms_directory_dag *dag)
{
    *dag = (ms_directory_dag){
            .block_size = EMPTY_BLOCK_SIZE, .block_size_max = MS_DIRECTORY_DAG_BLOCK_SIZE_MAX};
    ms_arena_init(&dag->names, NAMES_SIZE_MAX);
}

void ms_directory_dag_release(ms_directory_dag *dag)
{
    ms_free(dag->entries);
    ms_arena_release(&dag->names);
    dag->entries = NULL;
    dag->count = 0;
    dag->capacity = 0;
    dag->block_size = EMPTY_BLOCK_SIZE;
}

static ms_status reserve_entry(ms_directory_dag *dag, ms_error *err)
{
    size_t capacity = dag->capacity == 0 ? 16 : dag->capacity * 2;
    ms_directory_dag_entry *entries;

    if (dag->count >= MS_DIRECTORY_DAG_ENTRIES_MAX)
        return ms_fail(err, MS_LIMIT, "folder_names", "The folder holds more than %d names",
                MS_DIRECTORY_DAG_ENTRIES_MAX);
    if (dag->count < dag->capacity)
        return MS_OK;
    entries = ms_realloc_array(dag->entries, capacity, sizeof *entries);
    if (entries == NULL)
        return ms_fail_memory(err, capacity * sizeof *entries);
    dag->entries = entries;
    dag->capacity = capacity;
    return MS_OK;
}

ms_status ms_directory_dag_add(
        ms_directory_dag *dag, ms_span name, const ms_dag_entry *entry, ms_error *err)
{
    ms_status status = ms_path_check_name(name, err);
    uint8_t *copy;

    if (status == MS_OK)
        status = reserve_entry(dag, err);
    if (status != MS_OK)
        return status;
    copy = ms_arena_alloc(&dag->names, name.size);
    if (copy == NULL)
        return ms_fail_memory(err, name.size);
    memcpy(copy, name.data, name.size);
    dag->entries[dag->count++] =
            (ms_directory_dag_entry){.name = ms_span_of(copy, name.size), .node = *entry};
    dag->block_size += ms_dag_pb_link_size(&entry->cid, name.size, entry->cumulative_size);
    return MS_OK;
}

static int compare_names(const void *left, const void *right)
{
    const ms_span a = ((const ms_directory_dag_entry *)left)->name;
    const ms_span b = ((const ms_directory_dag_entry *)right)->name;
    int order = memcmp(a.data, b.data, MS_MIN(a.size, b.size));

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

static int compare_hashes(const void *left, const void *right)
{
    uint64_t a = ((const ms_directory_dag_entry *)left)->hash;
    uint64_t b = ((const ms_directory_dag_entry *)right)->hash;

    return (a > b) - (a < b);
}

/* Names passed ms_path_check_name, so they may be printed as they are. */
static ms_status refuse_repeated(ms_span name, ms_error *err)
{
    return ms_fail(err, MS_MALFORMED, "path_repeated",
            "The name \"%.*s\" stands twice in one folder", (int)name.size,
            (const char *)name.data);
}

static ms_status refuse_twins(ms_span a, ms_span b, ms_error *err)
{
    ms_fail(err, MS_MALFORMED, "hamt_twins",
            "The names \"%.*s\" and \"%.*s\" have the same hash, so a large folder cannot hold "
            "both",
            (int)a.size, (const char *)a.data, (int)b.size, (const char *)b.data);
    ms_error_set_hint(err, "Rename one of the two, or move it into a folder of its own.");
    return MS_MALFORMED;
}

static ms_status sort_and_sum(ms_directory_dag *dag, ms_dag_entry *root, ms_error *err)
{
    if (dag->count > 1)
        qsort(dag->entries, dag->count, sizeof *dag->entries, compare_names);
    for (size_t i = 0; i < dag->count; i++) {
        if (i > 0 && ms_span_equal(dag->entries[i - 1].name, dag->entries[i].name))
            return refuse_repeated(dag->entries[i].name, err);
        if (!ms_add_u64(&root->content_size, root->content_size, dag->entries[i].node.content_size))
            return ms_fail(err, MS_LIMIT, "model_size", "The folder holds more than 2^64-1 bytes");
    }
    return MS_OK;
}

/* Put a finished block; links_size is the sum of the cumulative sizes below it. */
static ms_status put_node(ms_block_sink sink, const ms_buffer *block, uint64_t links_size,
        ms_dag_entry *node, ms_error *err)
{
    uint8_t digest[MS_SHA256_SIZE];

    if (!ms_add_u64(&node->cumulative_size, links_size, block->size) ||
            node->cumulative_size > UINT64_MAX >> 1)
        return ms_fail(err, MS_LIMIT, "model_size",
                "The folder and its nodes have more than 2^63-1 bytes");
    ms_sha256(digest, block->data, block->size);
    node->cid = ms_cid_sha256(MS_CODEC_DAG_PB, digest);
    return sink.put(sink.payload, &node->cid, ms_buffer_span(block), err);
}

static ms_status append_link(ms_buffer *block, uint64_t *links_size, ms_span name,
        const ms_dag_entry *node, ms_error *err)
{
    if (!ms_add_u64(links_size, *links_size, node->cumulative_size))
        return ms_fail(err, MS_LIMIT, "model_size",
                "The folder and its nodes have more than 2^63-1 bytes");
    return ms_dag_pb_write_link(block, &node->cid, name, node->cumulative_size, err);
}

static ms_status put_plain(
        const ms_directory_dag *dag, ms_block_sink sink, ms_dag_entry *root, ms_error *err)
{
    uint64_t links_size = 0;
    ms_buffer block;
    ms_buffer message;
    ms_status status = MS_OK;

    ms_buffer_init(&block, NODE_SIZE_MAX);
    ms_buffer_init(&message, 16);
    for (size_t i = 0; i < dag->count && status == MS_OK; i++)
        status = append_link(&block, &links_size, dag->entries[i].name, &dag->entries[i].node, err);
    if (status == MS_OK)
        status = ms_unixfs_write_directory(&message, err);
    if (status == MS_OK)
        status = ms_dag_pb_write_data(&block, ms_buffer_span(&message), err);
    if (status == MS_OK)
        status = put_node(sink, &block, links_size, root, err);
    ms_buffer_release(&message);
    ms_buffer_release(&block);
    return status;
}

/* A link of a shard: two digits of the bucket, and the entry's name where it is one entry. */
static ms_status append_bucket(ms_buffer *block, uint64_t *links_size, unsigned bucket,
        ms_span name, const ms_dag_entry *node, ms_error *err)
{
    static const char digits[] = "0123456789ABCDEF";
    uint8_t text[2 + MS_PATH_NAME_SIZE_MAX];

    text[0] = (uint8_t)digits[bucket >> 4];
    text[1] = (uint8_t)digits[bucket & 15];
    if (name.size > 0)
        memcpy(text + 2, name.data, name.size);
    return append_link(block, links_size, ms_span_of(text, 2 + name.size), node, err);
}

static uint8_t bucket_of(const ms_directory_dag_entry *entry, unsigned depth)
{
    return (uint8_t)(entry->hash >> (8 * (HASH_BYTES - 1 - depth)));
}

static ms_status put_shard(const ms_directory_dag_entry *entries, size_t count, unsigned depth,
        ms_block_sink sink, ms_dag_entry *node, ms_error *err);

/* The links of a shard: entries are sorted by hash, so each bucket is a run of them. */
static ms_status append_buckets(ms_buffer *block, uint64_t *links_size, bool used[MS_UNIXFS_FANOUT],
        const ms_directory_dag_entry *entries, size_t count, unsigned depth, ms_block_sink sink,
        ms_error *err)
{
    for (size_t start = 0, end; start < count; start = end) {
        uint8_t bucket = bucket_of(&entries[start], depth);
        ms_dag_entry below = {0};
        ms_status status;

        for (end = start + 1; end < count && bucket_of(&entries[end], depth) == bucket;)
            end++;
        used[bucket] = true;
        if (end == start + 1) {
            status = append_bucket(
                    block, links_size, bucket, entries[start].name, &entries[start].node, err);
        } else {
            status = put_shard(entries + start, end - start, depth + 1, sink, &below, err);
            if (status == MS_OK)
                status = append_bucket(block, links_size, bucket, ms_span_of(NULL, 0), &below, err);
        }
        if (status != MS_OK)
            return status;
    }
    return MS_OK;
}

/* Depth ends at HASH_BYTES: hashes are all different, so no bucket of the last level holds two. */
static ms_status put_shard(const ms_directory_dag_entry *entries, size_t count, unsigned depth,
        ms_block_sink sink, ms_dag_entry *node, ms_error *err)
{
    bool used[MS_UNIXFS_FANOUT] = {false};
    uint64_t links_size = 0;
    ms_buffer block;
    ms_buffer message;
    ms_status status;

    ms_buffer_init(&block, NODE_SIZE_MAX);
    ms_buffer_init(&message, 64);
    status = append_buckets(&block, &links_size, used, entries, count, depth, sink, err);
    if (status == MS_OK)
        status = ms_unixfs_write_shard(&message, used, err);
    if (status == MS_OK)
        status = ms_dag_pb_write_data(&block, ms_buffer_span(&message), err);
    if (status == MS_OK)
        status = put_node(sink, &block, links_size, node, err);
    ms_buffer_release(&message);
    ms_buffer_release(&block);
    return status;
}

static ms_status put_hamt(
        ms_directory_dag *dag, ms_block_sink sink, ms_dag_entry *root, ms_error *err)
{
    for (size_t i = 0; i < dag->count; i++)
        dag->entries[i].hash = ms_murmur3_x64_64(dag->entries[i].name);
    if (dag->count > 1)
        qsort(dag->entries, dag->count, sizeof *dag->entries, compare_hashes);
    for (size_t i = 1; i < dag->count; i++) {
        if (dag->entries[i - 1].hash == dag->entries[i].hash)
            return refuse_twins(dag->entries[i - 1].name, dag->entries[i].name, err);
    }
    return put_shard(dag->entries, dag->count, 0, sink, root, err);
}

ms_status ms_directory_dag_finish(
        ms_directory_dag *dag, ms_block_sink sink, ms_dag_entry *root, ms_error *err)
{
    ms_status status;

    *root = (ms_dag_entry){0};
    status = sort_and_sum(dag, root, err);
    if (status == MS_OK)
        status = dag->block_size > dag->block_size_max ? put_hamt(dag, sink, root, err)
                                                       : put_plain(dag, sink, root, err);
    if (status != MS_OK) {
        *root = (ms_dag_entry){0};
        return status;
    }
    dag->count = 0;
    dag->block_size = EMPTY_BLOCK_SIZE;
    ms_arena_release(&dag->names);
    return MS_OK;
}
