/* dag-pb and the UnixFS message inside: what is accepted can be written again, is then accepted with
 * the same meaning, and written a second time gives the same bytes. */
#include <assert.h>
#include <string.h>

#include "memory_limit.h"
#include "unixfs/dag_pb.h"
#include "unixfs/unixfs_node.h"

static void write_again(const ms_dag_pb *node, ms_buffer *out, bool *is_ours)
{
    ms_dag_pb_links links = ms_dag_pb_links_of(node);
    ms_dag_pb_link link;
    uint32_t count = 0;

    *is_ours = true;
    for (; ms_dag_pb_next(&links, &link); count++) {
        size_t before = out->size;
        size_t size = ms_dag_pb_link_size(&link.cid, link.name.size, link.tsize);

        *is_ours = *is_ours && link.has_name && link.has_tsize;
        assert(ms_dag_pb_write_link(out, &link.cid, link.name, link.tsize, NULL) == MS_OK);
        assert(out->size - before == size);
    }
    assert(count == node->link_count);
    if (node->has_data)
        assert(ms_dag_pb_write_data(out, node->data, NULL) == MS_OK);
}

static void check_message(const ms_dag_pb *node)
{
    ms_unixfs_sizes sizes;
    ms_unixfs_node unixfs;
    uint64_t sum = 0;
    uint64_t size;

    if (ms_unixfs_node_decode(&unixfs, node->data, node->link_count, NULL) != MS_OK)
        return;
    sizes = ms_unixfs_sizes_of(&unixfs);
    while (ms_unixfs_sizes_next(&sizes, &size))
        sum += size;
    if (unixfs.type == MS_UNIXFS_FILE || unixfs.type == MS_UNIXFS_RAW) {
        assert(unixfs.block_size_count == node->link_count);
        assert(sum + unixfs.data.size == unixfs.file_size);
    } else {
        assert(unixfs.block_size_count == 0 && unixfs.file_size == 0);
    }
    if (unixfs.type == MS_UNIXFS_SHARD)
        assert(!ms_unixfs_bit(&unixfs, unixfs.fanout));
}

static void check_input(const uint8_t *data, size_t size)
{
    ms_buffer first;
    ms_buffer second;
    ms_dag_pb node;
    ms_dag_pb again;
    bool is_ours;

    if (ms_dag_pb_decode(&node, ms_span_of(data, size), NULL) != MS_OK)
        return;
    ms_buffer_init(&first, MS_DAG_BLOCK_SIZE_MAX * 2);
    ms_buffer_init(&second, MS_DAG_BLOCK_SIZE_MAX * 2);
    write_again(&node, &first, &is_ours);
    /* Fields that others leave out make our block larger, perhaps too large. */
    if (first.size <= MS_DAG_BLOCK_SIZE_MAX) {
        assert(ms_dag_pb_decode(&again, ms_buffer_span(&first), NULL) == MS_OK);
        assert(again.link_count == node.link_count && again.has_data == node.has_data);
        assert(ms_span_equal(again.data, node.data));
        if (is_ours)
            assert(first.size == size);
        write_again(&again, &second, &is_ours);
        assert(is_ours && ms_span_equal(ms_buffer_span(&first), ms_buffer_span(&second)));
    }
    check_message(&node);
    ms_buffer_release(&first);
    ms_buffer_release(&second);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, 0);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
