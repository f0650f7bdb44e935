/* Reading of folders. Of a HAMT everything is checked that a lookup relies on: bitfield, digits of
 * the links, the place of every name by its hash. So no name can hide in a place where nobody
 * looks. */
#include "unixfs/folder_reader.h"

#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "codec/path.h"
#include "codec/path_twins.h"
#include "unixfs/murmur3.h"

#define HASH_BITS 64

/* A shard that a link leads to: its path in the tree is a prefix of the hash of all names in it. */
struct ms_folder_shard {
    ms_cid cid;
    uint64_t prefix; /* the leading prefix_bits of those hashes, in the lowest bits */
    unsigned prefix_bits;
    bool is_hinted;
};

void ms_folder_init(ms_folder *folder, size_t entries_max)
{
    *folder = (ms_folder){.entries_max = entries_max};
    ms_arena_init(&folder->names, (entries_max + 1) * (MS_PATH_NAME_SIZE_MAX + 1 + 16));
}

void ms_folder_release(ms_folder *folder)
{
    ms_free(folder->entries);
    ms_free(folder->shards);
    ms_arena_release(&folder->names);
    *folder = (ms_folder){0};
}

/* Room for one more element in an array that doubles. */
static ms_status grow(
        void **array, size_t count, size_t *capacity, size_t element_size, ms_error *err)
{
    size_t wanted = *capacity == 0 ? 8 : *capacity * 2;
    void *memory;

    if (count < *capacity)
        return MS_OK;
    memory = ms_realloc_array(*array, wanted, element_size);
    if (memory == NULL)
        return ms_fail_memory(err, wanted * element_size);
    *array = memory;
    *capacity = wanted;
    return MS_OK;
}

/* Every shard holds at least one entry, so both together are bounded by the entries allowed. */
static ms_status check_room(const ms_folder *folder, ms_error *err)
{
    if (folder->count + folder->shard_count < folder->entries_max)
        return MS_OK;
    return ms_fail(err, MS_LIMIT, "folder_names",
            "The folders of the model hold more than %d files and folders",
            MS_MODEL_FILES_MAX + MS_MODEL_FOLDERS_MAX);
}

static ms_status add_entry(
        ms_folder *folder, ms_span name, const ms_dag_pb_link *link, ms_error *err)
{
    void *entries = folder->entries;
    ms_status status = check_room(folder, err);
    uint8_t *copy;

    if (status == MS_OK)
        status = ms_path_check_name(name, err);
    if (status == MS_OK)
        status = grow(&entries, folder->count, &folder->capacity, sizeof *folder->entries, err);
    folder->entries = entries;
    if (status != MS_OK)
        return status;
    copy = ms_arena_alloc(&folder->names, name.size);
    if (copy == NULL)
        return ms_fail_memory(err, name.size);
    memcpy(copy, name.data, name.size);
    folder->entries[folder->count++] = (ms_folder_entry){
            .name = ms_span_of(copy, name.size), .cid = link->cid, .tsize = link->tsize};
    return MS_OK;
}

static ms_status add_shard(
        ms_folder *folder, const ms_cid *cid, uint64_t prefix, unsigned prefix_bits, ms_error *err)
{
    void *shards = folder->shards;
    ms_status status = check_room(folder, err);

    if (status == MS_OK)
        status = grow(
                &shards, folder->shard_count, &folder->shard_capacity, sizeof *folder->shards, err);
    folder->shards = shards;
    if (status != MS_OK)
        return status;
    folder->shards[folder->shard_count++] =
            (ms_folder_shard){.cid = *cid, .prefix = prefix, .prefix_bits = prefix_bits};
    return MS_OK;
}

static unsigned bits_of(uint32_t fanout)
{
    return (unsigned)__builtin_ctz(fanout);
}

/* Digits in the names of links: as many as the greatest bucket needs in hexadecimal. */
static size_t digits_of(uint32_t fanout)
{
    return (bits_of(fanout) + 3) / 4;
}

/* The bucket that the leading upper-case digits of a link's name say; UINT32_MAX when they say
 * none. */
static uint32_t read_bucket(ms_span name, size_t digits)
{
    uint32_t bucket = 0;

    if (name.size < digits)
        return UINT32_MAX;
    for (size_t i = 0; i < digits; i++) {
        uint8_t digit = name.data[i];

        if (digit >= '0' && digit <= '9')
            bucket = bucket * 16 + (uint32_t)(digit - '0');
        else if (digit >= 'A' && digit <= 'F')
            bucket = bucket * 16 + (uint32_t)(digit - 'A' + 10);
        else
            return UINT32_MAX;
    }
    return bucket;
}

static ms_status wrong_shard(ms_error *err, const char *reason, const char *sentence)
{
    return ms_fail(err, MS_MALFORMED, reason, "A shard of a large folder %s", sentence);
}

/* One link of a shard, which stands in bucket; above is the shard's own place. */
static ms_status take_link(ms_folder *folder, const ms_folder_shard *above, uint32_t bucket,
        const ms_dag_pb_link *link, ms_error *err)
{
    size_t digits = digits_of(folder->fanout);
    unsigned bits = above->prefix_bits + bits_of(folder->fanout);
    uint64_t prefix = above->prefix << bits_of(folder->fanout) | bucket;
    ms_span name = ms_span_of(link->name.data + digits, link->name.size - digits);

    if (bits > HASH_BITS)
        return wrong_shard(err, "hamt_depth", "lies deeper than a hash has bits");
    if (name.size == 0)
        return add_shard(folder, &link->cid, prefix, bits, err);
    if (ms_murmur3_x64_64(name) >> (HASH_BITS - bits) != prefix)
        return wrong_shard(err, "hamt_bucket", "holds a name that belongs into another one");
    return add_entry(folder, name, link, err);
}

/* Buckets ascend, and exactly those with a link have their bit. */
static ms_status take_links(ms_folder *folder, const ms_folder_shard *above, const ms_dag_pb *node,
        const ms_unixfs_node *unixfs, ms_error *err)
{
    ms_dag_pb_links links = ms_dag_pb_links_of(node);
    uint32_t next = 0; /* buckets below it are done */
    ms_dag_pb_link link;

    while (ms_dag_pb_next(&links, &link)) {
        uint32_t bucket = read_bucket(link.name, digits_of(folder->fanout));
        ms_status status;

        if (bucket >= folder->fanout || bucket < next)
            return wrong_shard(
                    err, "hamt_link", "has a link whose digits are wrong or out of order");
        while (next < bucket && !ms_unixfs_bit(unixfs, next))
            next++;
        if (next < bucket || !ms_unixfs_bit(unixfs, bucket))
            return wrong_shard(err, "hamt_link", "has links that its bitfield does not say");
        next = bucket + 1;
        status = take_link(folder, above, bucket, &link, err);
        if (status != MS_OK)
            return status;
    }
    while (next < folder->fanout && !ms_unixfs_bit(unixfs, next))
        next++;
    if (next < folder->fanout)
        return wrong_shard(err, "hamt_link", "lacks links that its bitfield says");
    return MS_OK;
}

static ms_status take_plain(ms_folder *folder, const ms_dag_pb *node, ms_error *err)
{
    ms_dag_pb_links links = ms_dag_pb_links_of(node);
    ms_dag_pb_link link;

    while (ms_dag_pb_next(&links, &link)) {
        ms_status status = add_entry(folder, link.name, &link, err);

        if (status != MS_OK)
            return status;
    }
    return MS_OK;
}

ms_status ms_folder_start(
        ms_folder *folder, const ms_dag_pb *node, const ms_unixfs_node *unixfs, ms_error *err)
{
    static const ms_folder_shard root = {0};

    if (unixfs->type == MS_UNIXFS_DIRECTORY)
        return take_plain(folder, node, err);
    folder->fanout = unixfs->fanout;
    return take_links(folder, &root, node, unixfs, err);
}

const ms_cid *ms_folder_next_shard(const ms_folder *folder)
{
    return &folder->shards[folder->shard_count - 1].cid;
}

size_t ms_folder_hint_shards(ms_folder *folder, ms_cid *cids, size_t count)
{
    size_t given = 0;

    if (folder->shards[folder->shard_count - 1].is_hinted)
        return 0;
    for (size_t i = folder->shard_count; i > 0 && given < count; i--) {
        ms_folder_shard *shard = &folder->shards[i - 1];

        if (!shard->is_hinted)
            cids[given++] = shard->cid;
        shard->is_hinted = true;
    }
    return given;
}

ms_status ms_folder_take_shard(
        ms_folder *folder, const ms_dag_pb *node, const ms_unixfs_node *unixfs, ms_error *err)
{
    ms_folder_shard shard = folder->shards[--folder->shard_count];

    if (unixfs->type != MS_UNIXFS_SHARD || unixfs->fanout != folder->fanout)
        return wrong_shard(
                err, "hamt_fanout", "leads to a node that is no shard of the same fanout");
    if (node->link_count == 0)
        return wrong_shard(err, "hamt_empty", "leads to a shard without links");
    return take_links(folder, &shard, node, unixfs, err);
}

static int compare_names(const void *left, const void *right)
{
    const ms_span a = ((const ms_folder_entry *)left)->name;
    const ms_span b = ((const ms_folder_entry *)right)->name;
    int order = memcmp(a.data, b.data, MS_MIN(a.size, b.size));

    return order != 0 ? order : (a.size > b.size) - (a.size < b.size);
}

ms_status ms_folder_sort(ms_folder *folder, ms_error *err)
{
    ms_path_twins twins;
    ms_status status = MS_OK;

    if (folder->count > 1)
        qsort(folder->entries, folder->count, sizeof *folder->entries, compare_names);
    ms_path_twins_init(&twins);
    for (size_t i = 0; i < folder->count && status == MS_OK; i++)
        status = ms_path_twins_add(&twins, folder->entries[i].name, err);
    ms_path_twins_release(&twins);
    return status;
}
