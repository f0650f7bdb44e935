/* dag-pb: a protobuf of two fields whose every deviation is refused, because a second spelling of
 * one node would be a second CID of it. Source: IPLD dag-pb specification. */
#include "unixfs/dag_pb.h"

#include "codec/text.h"
#include "unixfs/protobuf_field.h"

/* Protobuf tags: field number << 3 | wire type. */
#define TAG_LINK 0x12
#define TAG_DATA 0x0a
#define TAG_HASH 0x0a
#define TAG_NAME 0x12
#define TAG_TSIZE 0x18

static ms_status malformed(ms_error *err, const char *reason, size_t offset, const char *sentence)
{
    (void)ms_fail(err, MS_MALFORMED, reason, "A dag-pb node %s", sentence);
    ms_error_set_offset(err, offset);
    return MS_MALFORMED;
}

static ms_status read_hash(ms_cursor *cursor, ms_dag_pb_link *link, ms_error *err)
{
    ms_cursor field;
    ms_status status = ms_protobuf_read_bytes(cursor, &field, err);

    if (status != MS_OK)
        return status;
    status = ms_cid_decode(&link->cid, ms_protobuf_rest(&field), err);
    if (status != MS_OK && err != NULL && err->offset >= 0)
        ms_error_set_offset(err, (uint64_t)err->offset + field.position);
    return status;
}

static ms_status read_name(ms_cursor *cursor, ms_dag_pb_link *link, ms_error *err)
{
    size_t bad = 0;
    ms_cursor field;
    ms_status status = ms_protobuf_read_bytes(cursor, &field, err);

    if (status != MS_OK)
        return status;
    link->name = ms_protobuf_rest(&field);
    link->has_name = true;
    if (!ms_utf8_is_valid((const char *)link->name.data, link->name.size, &bad))
        return malformed(
                err, "dag_pb_name", field.position + bad, "has a link whose name is not UTF-8");
    return MS_OK;
}

static ms_status read_link_field(
        ms_cursor *cursor, uint8_t tag, ms_dag_pb_link *link, ms_error *err)
{
    switch (tag) {
    case TAG_HASH:
        return read_hash(cursor, link, err);
    case TAG_NAME:
        return read_name(cursor, link, err);
    case TAG_TSIZE:
        link->has_tsize = true;
        return ms_cursor_varint(cursor, &link->tsize, err);
    default:
        return malformed(
                err, "dag_pb_field", cursor->position - 1, "has a link with an unknown field");
    }
}

/* The tags of a link's fields ascend, so order and repetition are one comparison. */
static ms_status read_link(ms_cursor *field, ms_dag_pb_link *link, ms_error *err)
{
    size_t start = field->position;
    uint8_t previous = 0;

    *link = (ms_dag_pb_link){0};
    while (ms_cursor_left(field) > 0) {
        size_t offset = field->position;
        uint8_t tag = 0;
        ms_status status = ms_cursor_byte(field, &tag, err);

        if (status != MS_OK)
            return status;
        if (tag == previous)
            return malformed(err, "dag_pb_repeated", offset, "has a link with a repeated field");
        if (tag < previous)
            return malformed(err, "dag_pb_order", offset, "has a link with fields out of order");
        if (previous == 0 && tag != TAG_HASH)
            return malformed(err, "dag_pb_link", offset, "has a link without a hash");
        status = read_link_field(field, tag, link, err);
        if (status != MS_OK)
            return status;
        previous = tag;
    }
    if (previous == 0)
        return malformed(err, "dag_pb_link", start, "has a link without a hash");
    return MS_OK;
}

/* start is where the link's tag stands. */
static ms_status add_link(ms_dag_pb *node, ms_cursor *cursor, size_t start, ms_error *err)
{
    ms_dag_pb_link link;
    ms_cursor field;
    ms_status status;

    if (node->link_count > 0 && node->links.data + node->links.size != cursor->data + start)
        return malformed(err, "dag_pb_order", start, "has data between its links");
    if (node->link_count >= MS_DAG_PB_LINKS_MAX)
        return ms_fail(err, MS_LIMIT, "dag_pb_links", "A dag-pb node has more than %d links",
                MS_DAG_PB_LINKS_MAX);
    status = ms_protobuf_read_bytes(cursor, &field, err);
    if (status == MS_OK)
        status = read_link(&field, &link, err);
    if (status != MS_OK)
        return status;
    if (node->link_count == 0)
        node->links.data = cursor->data + start;
    node->link_count++;
    node->links.size = (size_t)(cursor->data + cursor->position - node->links.data);
    return MS_OK;
}

static ms_status decode_field(ms_dag_pb *node, ms_cursor *cursor, ms_error *err)
{
    size_t start = cursor->position;
    uint8_t tag = 0;
    ms_cursor field;
    ms_status status = ms_cursor_byte(cursor, &tag, err);

    if (status != MS_OK)
        return status;
    if (tag == TAG_LINK)
        return add_link(node, cursor, start, err);
    if (tag != TAG_DATA)
        return malformed(err, "dag_pb_field", start, "has an unknown field");
    if (node->has_data)
        return malformed(err, "dag_pb_repeated", start, "has two data fields");
    status = ms_protobuf_read_bytes(cursor, &field, err);
    if (status != MS_OK)
        return status;
    node->has_data = true;
    node->data = ms_protobuf_rest(&field);
    return MS_OK;
}

ms_status ms_dag_pb_decode(ms_dag_pb *node, ms_span block, ms_error *err)
{
    ms_cursor cursor = ms_cursor_of(block);
    ms_status status = MS_OK;

    *node = (ms_dag_pb){0};
    if (block.size > MS_DAG_BLOCK_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "dag_pb_size",
                "A dag-pb node of %zu bytes is larger than %zu", block.size, MS_DAG_BLOCK_SIZE_MAX);
    while (status == MS_OK && ms_cursor_left(&cursor) > 0)
        status = decode_field(node, &cursor, err);
    if (status != MS_OK)
        *node = (ms_dag_pb){0};
    return status;
}

ms_dag_pb_links ms_dag_pb_links_of(const ms_dag_pb *node)
{
    return (ms_dag_pb_links){.cursor = ms_cursor_of(node->links)};
}

bool ms_dag_pb_next(ms_dag_pb_links *links, ms_dag_pb_link *link)
{
    ms_cursor field;

    if (ms_cursor_left(&links->cursor) == 0)
        return false;
    links->cursor.position++;
    return ms_protobuf_read_bytes(&links->cursor, &field, NULL) == MS_OK &&
           read_link(&field, link, NULL) == MS_OK;
}

static size_t delimited_size(size_t size)
{
    return 1 + ms_varint_size(size) + size;
}

static size_t link_content_size(size_t cid_size, size_t name_size, uint64_t tsize)
{
    return delimited_size(cid_size) + delimited_size(name_size) + 1 + ms_varint_size(tsize);
}

size_t ms_dag_pb_link_size(const ms_cid *cid, size_t name_size, uint64_t tsize)
{
    return delimited_size(link_content_size(ms_cid_encoded_size(cid), name_size, tsize));
}

ms_status ms_dag_pb_write_link(
        ms_buffer *out, const ms_cid *cid, ms_span name, uint64_t tsize, ms_error *err)
{
    uint8_t binary[MS_CID_BINARY_SIZE_MAX];
    size_t cid_size = ms_cid_encode(cid, binary);
    size_t size = ms_dag_pb_link_size(cid, name.size, tsize);
    size_t before = out->size;
    ms_status status = ms_buffer_reserve(out, size, err);

    if (status == MS_OK)
        status = ms_protobuf_append_number(
                out, TAG_LINK, link_content_size(cid_size, name.size, tsize), err);
    if (status == MS_OK)
        status = ms_protobuf_append_bytes(out, TAG_HASH, ms_span_of(binary, cid_size), err);
    if (status == MS_OK)
        status = ms_protobuf_append_bytes(out, TAG_NAME, name, err);
    if (status == MS_OK)
        status = ms_protobuf_append_number(out, TAG_TSIZE, tsize, err);
    if (status != MS_OK)
        out->size = before;
    return status;
}

ms_status ms_dag_pb_write_data(ms_buffer *out, ms_span data, ms_error *err)
{
    return ms_protobuf_append_bytes(out, TAG_DATA, data, err);
}
