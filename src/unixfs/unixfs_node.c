/* The UnixFS message, another small protobuf read strictly. What a type cannot have is refused at
 * once, so that readers above see only nodes that mean something. */
#include "unixfs/unixfs_node.h"

#include "base/checked.h"
#include "unixfs/protobuf_field.h"

/* Protobuf tags: field number << 3 | wire type. */
#define TAG_TYPE 0x08
#define TAG_DATA 0x12
#define TAG_FILE_SIZE 0x18
#define TAG_BLOCK_SIZE 0x20
#define TAG_HASH_TYPE 0x28
#define TAG_FANOUT 0x30
#define TAG_MODE 0x38
#define TAG_TIME 0x42

/* What was found beside the fields of ms_unixfs_node. */
typedef struct message {
    bool has_type;
    bool has_data;
    uint64_t type;
    uint64_t file_size;
    uint64_t hash_type;
    uint64_t fanout;
    uint64_t block_sizes_sum;
} message;

static ms_status malformed(ms_error *err, const char *reason, size_t offset, const char *sentence)
{
    (void)ms_fail(err, MS_MALFORMED, reason, "A UnixFS node %s", sentence);
    ms_error_set_offset(err, offset);
    return MS_MALFORMED;
}

static ms_status read_bytes(ms_cursor *cursor, ms_span *bytes, ms_error *err)
{
    ms_cursor field;
    ms_status status = ms_protobuf_read_bytes(cursor, &field, err);

    *bytes = status == MS_OK ? ms_protobuf_rest(&field) : (ms_span){0};
    return status;
}

static ms_status read_block_size(
        ms_cursor *cursor, ms_unixfs_node *node, message *found, ms_error *err)
{
    size_t start = cursor->position;
    uint64_t size = 0;
    ms_status status = ms_cursor_varint(cursor, &size, err);

    if (status != MS_OK)
        return status;
    if (!ms_add_u64(&found->block_sizes_sum, found->block_sizes_sum, size))
        return malformed(err, "unixfs_size", start, "has block sizes whose sum overflows");
    if (node->block_size_count == 0)
        node->block_sizes.data = cursor->data + start - 1;
    node->block_size_count++;
    node->block_sizes.size = (size_t)(cursor->data + cursor->position - node->block_sizes.data);
    return MS_OK;
}

static ms_status read_field(
        ms_cursor *cursor, uint8_t tag, ms_unixfs_node *node, message *found, ms_error *err)
{
    uint64_t ignored_number = 0;
    ms_span ignored_bytes;

    switch (tag) {
    case TAG_TYPE:
        found->has_type = true;
        return ms_cursor_varint(cursor, &found->type, err);
    case TAG_DATA:
        found->has_data = true;
        return read_bytes(cursor, &node->data, err);
    case TAG_FILE_SIZE:
        return ms_cursor_varint(cursor, &found->file_size, err);
    case TAG_BLOCK_SIZE:
        return read_block_size(cursor, node, found, err);
    case TAG_HASH_TYPE:
        return ms_cursor_varint(cursor, &found->hash_type, err);
    case TAG_FANOUT:
        return ms_cursor_varint(cursor, &found->fanout, err);
    /* Modes and times of strangers are never applied, so their values do not matter. */
    case TAG_MODE:
        return ms_cursor_varint(cursor, &ignored_number, err);
    case TAG_TIME:
        return read_bytes(cursor, &ignored_bytes, err);
    default:
        return malformed(err, "unixfs_field", cursor->position - 1, "has an unknown field");
    }
}

static ms_status read_fields(ms_cursor *cursor, ms_unixfs_node *node, message *found, ms_error *err)
{
    uint8_t previous = 0;

    while (ms_cursor_left(cursor) > 0) {
        size_t offset = cursor->position;
        uint8_t tag = 0;
        ms_status status = ms_cursor_byte(cursor, &tag, err);

        if (status != MS_OK)
            return status;
        if (tag < previous || (tag == previous && tag != TAG_BLOCK_SIZE))
            return malformed(err, "unixfs_order", offset, "has fields repeated or out of order");
        status = read_field(cursor, tag, node, found, err);
        if (status != MS_OK)
            return status;
        previous = tag;
    }
    return MS_OK;
}

static ms_status check_file(
        ms_unixfs_node *node, const message *found, uint32_t link_count, ms_error *err)
{
    uint64_t size = 0;

    if (node->block_size_count != link_count)
        return malformed(
                err, "unixfs_block_count", 0, "has block sizes that do not match its links");
    if (!ms_add_u64(&size, found->block_sizes_sum, node->data.size) || size != found->file_size)
        return malformed(err, "unixfs_size", 0, "has a file size that is not the sum of its parts");
    node->file_size = size;
    return MS_OK;
}

static ms_status check_shard(ms_unixfs_node *node, const message *found, ms_error *err)
{
    if (found->hash_type != MS_UNIXFS_HASH_MURMUR3)
        return malformed(err, "unixfs_hash", 0, "is a shard with an unknown hash");
    if (found->fanout < 8 || found->fanout > MS_UNIXFS_FANOUT_MAX ||
            (found->fanout & (found->fanout - 1)) != 0)
        return malformed(err, "unixfs_fanout", 0,
                "is a shard with a fanout that is no power of two from 8 to 1024");
    if (!found->has_data || node->data.size > found->fanout / 8)
        return malformed(
                err, "unixfs_bitfield", 0, "is a shard whose bitfield does not fit its fanout");
    node->fanout = (uint32_t)found->fanout;
    return MS_OK;
}

static ms_status check_message(
        ms_unixfs_node *node, const message *found, uint32_t link_count, ms_error *err)
{
    bool is_file = found->type == MS_UNIXFS_FILE || found->type == MS_UNIXFS_RAW;

    if (!found->has_type)
        return malformed(err, "unixfs_type", 0, "has no type");
    if (found->type > MS_UNIXFS_SHARD || found->type == 3)
        return malformed(err, "unixfs_type", 0, "has a type that is not known");
    node->type = (ms_unixfs_type)found->type;
    if (!is_file && node->block_size_count > 0)
        return malformed(err, "unixfs_block_count", 0, "has block sizes but is no file");
    if (node->type != MS_UNIXFS_SHARD && (found->hash_type != 0 || found->fanout != 0))
        return malformed(err, "unixfs_fanout", 0, "has a fanout or hash but is no shard");
    if (node->type == MS_UNIXFS_SYMLINK && link_count > 0)
        return malformed(err, "unixfs_symlink", 0, "is a symbolic link with links of its own");
    if (is_file)
        return check_file(node, found, link_count, err);
    if (node->type == MS_UNIXFS_SHARD)
        return check_shard(node, found, err);
    return MS_OK;
}

ms_status ms_unixfs_node_decode(
        ms_unixfs_node *node, ms_span message_bytes, uint32_t link_count, ms_error *err)
{
    ms_cursor cursor = ms_cursor_of(message_bytes);
    message found = {0};
    ms_status status;

    *node = (ms_unixfs_node){0};
    status = read_fields(&cursor, node, &found, err);
    if (status == MS_OK)
        status = check_message(node, &found, link_count, err);
    if (status != MS_OK)
        *node = (ms_unixfs_node){0};
    return status;
}

ms_unixfs_sizes ms_unixfs_sizes_of(const ms_unixfs_node *node)
{
    return (ms_unixfs_sizes){.cursor = ms_cursor_of(node->block_sizes)};
}

bool ms_unixfs_sizes_next(ms_unixfs_sizes *sizes, uint64_t *size)
{
    if (ms_cursor_left(&sizes->cursor) == 0)
        return false;
    sizes->cursor.position++;
    return ms_cursor_varint(&sizes->cursor, size, NULL) == MS_OK;
}

/* The bitfield is a big-endian number without its leading zero bytes. */
bool ms_unixfs_bit(const ms_unixfs_node *node, uint32_t bucket)
{
    size_t from_end = bucket / 8;

    if (from_end >= node->data.size)
        return false;
    return (node->data.data[node->data.size - 1 - from_end] >> (bucket % 8)) & 1;
}

ms_status ms_unixfs_write_file(ms_buffer *out, uint64_t file_size, ms_error *err)
{
    ms_status status = ms_protobuf_append_number(out, TAG_TYPE, MS_UNIXFS_FILE, err);

    return status == MS_OK ? ms_protobuf_append_number(out, TAG_FILE_SIZE, file_size, err) : status;
}

ms_status ms_unixfs_write_block_size(ms_buffer *out, uint64_t size, ms_error *err)
{
    return ms_protobuf_append_number(out, TAG_BLOCK_SIZE, size, err);
}

ms_status ms_unixfs_write_directory(ms_buffer *out, ms_error *err)
{
    return ms_protobuf_append_number(out, TAG_TYPE, MS_UNIXFS_DIRECTORY, err);
}

ms_status ms_unixfs_write_shard(ms_buffer *out, const bool used[MS_UNIXFS_FANOUT], ms_error *err)
{
    uint8_t bits[MS_UNIXFS_FANOUT / 8] = {0};
    size_t zeros = 0;
    ms_status status;

    for (size_t bucket = 0; bucket < MS_UNIXFS_FANOUT; bucket++) {
        if (used[bucket])
            bits[sizeof bits - 1 - bucket / 8] |= (uint8_t)(1u << (bucket % 8));
    }
    while (zeros < sizeof bits && bits[zeros] == 0)
        zeros++;
    status = ms_protobuf_append_number(out, TAG_TYPE, MS_UNIXFS_SHARD, err);
    if (status == MS_OK)
        status = ms_protobuf_append_bytes(
                out, TAG_DATA, ms_span_of(bits + zeros, sizeof bits - zeros), err);
    if (status == MS_OK)
        status = ms_protobuf_append_number(out, TAG_HASH_TYPE, MS_UNIXFS_HASH_MURMUR3, err);
    if (status == MS_OK)
        status = ms_protobuf_append_number(out, TAG_FANOUT, MS_UNIXFS_FANOUT, err);
    return status;
}
