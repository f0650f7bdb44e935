/* DAGs of strangers: each is refused with its reason, in bounded time and memory. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/path.h"
#include "codec/text.h"
#include "doubles/hostile_names.h"
#include "doubles/memory_blocks.h"
#include "unixfs/dag_pb.h"
#include "unixfs/murmur3.h"
#include "unixfs/unixfs_node.h"
#include "unixfs/walk.h"

/* A node under construction, with every freedom that our builders do not have. */
typedef struct node_draft {
    memory_blocks *blocks;
    ms_buffer block;
    ms_buffer message;
} node_draft;

static node_draft draft_of(memory_blocks *blocks)
{
    node_draft draft = {.blocks = blocks};

    ms_buffer_init(&draft.block, MS_DAG_BLOCK_SIZE_MAX);
    ms_buffer_init(&draft.message, MS_DAG_BLOCK_SIZE_MAX);
    return draft;
}

static void add_link(node_draft *draft, const char *name, ms_cid cid, uint64_t tsize)
{
    assert_int_equal(
            ms_dag_pb_write_link(&draft->block, &cid, ms_span_of(name, strlen(name)), tsize, NULL),
            MS_OK);
}

static ms_cid put(node_draft *draft)
{
    ms_cid cid;

    assert_int_equal(
            ms_dag_pb_write_data(&draft->block, ms_buffer_span(&draft->message), NULL), MS_OK);
    cid = memory_blocks_add(draft->blocks, MS_CODEC_DAG_PB, draft->block.data, draft->block.size);
    ms_buffer_release(&draft->block);
    ms_buffer_release(&draft->message);
    return cid;
}

static ms_cid leaf(memory_blocks *blocks, const char *text)
{
    return memory_blocks_add(blocks, MS_CODEC_RAW, text, strlen(text));
}

static ms_cid put_folder(node_draft *draft)
{
    assert_int_equal(ms_unixfs_write_directory(&draft->message, NULL), MS_OK);
    return put(draft);
}

/* A folder with one entry. */
static ms_cid folder_with(memory_blocks *blocks, const char *name, ms_cid cid, uint64_t tsize)
{
    node_draft draft = draft_of(blocks);

    add_link(&draft, name, cid, tsize);
    return put_folder(&draft);
}

/* A file node of count times the same child of size bytes. */
static ms_cid file_with(memory_blocks *blocks, ms_cid child, uint64_t size, unsigned count)
{
    node_draft draft = draft_of(blocks);

    assert_int_equal(ms_unixfs_write_file(&draft.message, size * count, NULL), MS_OK);
    for (unsigned i = 0; i < count; i++) {
        add_link(&draft, "", child, size);
        assert_int_equal(ms_unixfs_write_block_size(&draft.message, size, NULL), MS_OK);
    }
    return put(&draft);
}

/* A node with the given message bytes and no links. */
static ms_cid node_with(memory_blocks *blocks, const void *message, size_t size)
{
    node_draft draft = draft_of(blocks);

    assert_int_equal(ms_buffer_append(&draft.message, message, size, NULL), MS_OK);
    return put(&draft);
}

/* Walk to the first failure; the reason, or "" at the end. Stops after steps_max. */
static const char *outcome(
        memory_blocks *blocks, ms_cid root, uint64_t size, uint64_t count, ms_error *err)
{
    ms_block_source source = memory_blocks_source(blocks);
    ms_walk_event event;
    ms_walk *walk;
    ms_status status;
    unsigned steps = 0;

    *err = (ms_error)MS_ERROR_INIT;
    assert_int_equal(ms_walk_open(&walk, &root, &source, NULL), MS_OK);
    if (count > 0)
        ms_walk_expect(walk, size, count);
    do {
        status = ms_walk_next(walk, &event, err);
        assert_true(++steps < 1000000);
    } while (status == MS_OK && event.kind != MS_WALK_END);
    ms_walk_close(walk);
    return status == MS_OK ? "" : err->reason;
}

static void expect(memory_blocks *blocks, ms_cid root, const char *reason)
{
    ms_error err;

    assert_string_equal(outcome(blocks, root, 0, 0, &err), reason);
}

static void test_forms_that_are_not_read_are_refused(void **state)
{
    memory_blocks blocks;
    node_draft draft;
    ms_cid cid;

    (void)state;
    memory_blocks_init(&blocks);
    expect(&blocks, node_with(&blocks, "\x08\x02\x12\x01x\x18\x01", 7),
            "unixfs_form"); /* inline bytes */
    expect(&blocks, node_with(&blocks, "\x08\x02\x18\x00", 4),
            "unixfs_form"); /* empty file as a node */
    expect(&blocks, node_with(&blocks, "\x08\x00\x12\x01x\x18\x01", 7),
            "unixfs_form");                                                     /* legacy leaf */
    expect(&blocks, node_with(&blocks, "\x08\x04\x12\x01x", 5), "unixfs_form"); /* symbolic link */
    cid = node_with(&blocks, "\x08\x04\x12\x01x", 5);
    expect(&blocks, folder_with(&blocks, "link", cid, 9), "unixfs_form");
    cid = node_with(&blocks, "\x08\x02\x12\x01x\x18\x01", 7);
    expect(&blocks, file_with(&blocks, cid, 1, 2), "unixfs_form"); /* dag-pb leaf */
    draft = draft_of(&blocks);
    add_link(&draft, "", leaf(&blocks, "ab"), 2);
    assert_int_equal(
            ms_buffer_append(&draft.message, "\x08\x02\x12\x01x\x18\x03\x20\x02", 9, NULL), MS_OK);
    expect(&blocks, put(&draft), "unixfs_form"); /* bytes of its own beside links */
    expect(&blocks, memory_blocks_add(&blocks, MS_CODEC_DAG_PB, NULL, 0),
            "unixfs_type"); /* the empty block */
    memory_blocks_release(&blocks);
}

static void test_blocks_of_other_codecs_and_hashes_are_refused(void **state)
{
    memory_blocks blocks;
    ms_cid cid;

    (void)state;
    memory_blocks_init(&blocks);
    cid = memory_blocks_add(&blocks, MS_CODEC_DAG_CBOR, "\xa0", 1);
    expect(&blocks, cid, "unixfs_codec");
    expect(&blocks, folder_with(&blocks, "a", cid, 1), "unixfs_codec");
    expect(&blocks, file_with(&blocks, cid, 1, 2), "unixfs_codec");
    cid = leaf(&blocks, "a");
    cid.hash = MS_HASH_SHA2_512;
    cid.digest_size = 64;
    expect(&blocks, cid, "unixfs_codec");
    expect(&blocks, folder_with(&blocks, "a", cid, 1), "unixfs_codec");
    expect(&blocks, file_with(&blocks, cid, 1, 2), "unixfs_codec");
    memory_blocks_release(&blocks);
}

static void test_files_unlike_their_parts_are_refused(void **state)
{
    memory_blocks blocks;
    node_draft draft;
    ms_cid part;

    (void)state;
    memory_blocks_init(&blocks);
    part = file_with(&blocks, leaf(&blocks, "ab"), 2, 3);
    expect(&blocks, file_with(&blocks, part, 6, 2), "");
    expect(&blocks, file_with(&blocks, part, 5, 2), "unixfs_child_size");
    expect(&blocks, file_with(&blocks, part, 7, 2), "unixfs_child_size");
    expect(&blocks, file_with(&blocks, leaf(&blocks, ""), 0, 2), "unixfs_child_size");
    expect(&blocks, file_with(&blocks, leaf(&blocks, "a"), (2 << 20) + 1, 2), "dag_chunk_size");
    expect(&blocks, folder_with(&blocks, "a", leaf(&blocks, "a"), (2 << 20) + 1), "dag_chunk_size");
    part = folder_with(&blocks, "a", leaf(&blocks, "a"), 1);
    expect(&blocks, file_with(&blocks, part, 1, 2), "unixfs_child_type");
    draft = draft_of(&blocks);
    add_link(&draft, "name", leaf(&blocks, "ab"), 2);
    assert_int_equal(ms_buffer_append(&draft.message, "\x08\x02\x18\x02\x20\x02", 6, NULL), MS_OK);
    expect(&blocks, put(&draft), "unixfs_link_name");
    memory_blocks_release(&blocks);
}

/* What the walk must say of an entry of that name at the top of the model: the name rules, and those
 * for the start of a path. */
static const char *reason_of_entry(const hostile_name *name)
{
    static char reason[MS_ERROR_REASON_SIZE];
    ms_error err = MS_ERROR_INIT;

    if (ms_path_check_name(ms_span_of(name->text, name->size), &err) == MS_OK &&
            ms_path_check(ms_span_of(name->text, name->size), &err) == MS_OK)
        return "";
    (void)snprintf(reason, sizeof reason, "%s", err.reason);
    return reason;
}

static void test_names_that_do_harm_are_refused(void **state)
{
    static hostile_names names;
    size_t refused = 0;

    (void)state;
    hostile_names_load(&names);
    for (size_t i = 0; i < names.count; i++) {
        const hostile_name *name = &names.rows[i];
        const char *reason = reason_of_entry(name);
        memory_blocks blocks;
        node_draft draft;
        ms_cid file;
        bool is_text = ms_utf8_is_valid(name->text, name->size, NULL);
        ms_status written;

        memory_blocks_init(&blocks);
        file = leaf(&blocks, "a");
        draft = draft_of(&blocks);
        written = ms_dag_pb_write_link(
                &draft.block, &file, ms_span_of(name->text, name->size), 1, NULL);
        /* dag-pb itself refuses a name that is no text. */
        assert_int_equal(written == MS_OK, true);
        expect(&blocks, put_folder(&draft), is_text ? reason : "dag_pb_name");
        memory_blocks_release(&blocks);
        refused += !is_text || reason[0] != '\0';
    }
    assert_true(refused >= 250);
    hostile_names_release(&names);
}

static void test_a_dash_or_tilde_in_front_does_no_harm_inside_a_folder(void **state)
{
    memory_blocks blocks;
    ms_cid file;

    (void)state;
    memory_blocks_init(&blocks);
    file = leaf(&blocks, "a");
    expect(&blocks, folder_with(&blocks, "a", folder_with(&blocks, "-rf", file, 1), 9), "");
    expect(&blocks, folder_with(&blocks, "a", folder_with(&blocks, "~", file, 1), 9), "");
    memory_blocks_release(&blocks);
}

static void test_repeated_names_and_twins_are_refused(void **state)
{
    static const char *const pairs[][3] = {
            {"a", "a", "path_repeated"},
            {"Model.bin", "model.bin", "path_twins"},
            {"\xc3\xa9", "e\xcc\x81", "path_twins"},
            {"a", "b", ""},
    };
    memory_blocks blocks;

    (void)state;
    memory_blocks_init(&blocks);
    for (size_t i = 0; i < MS_ARRAY_COUNT(pairs); i++) {
        node_draft draft = draft_of(&blocks);

        add_link(&draft, pairs[i][0], leaf(&blocks, "1"), 1);
        add_link(&draft, pairs[i][1], leaf(&blocks, "2"), 1);
        expect(&blocks, put_folder(&draft), pairs[i][2]);
    }
    memory_blocks_release(&blocks);
}

static void test_paths_end_at_32_levels(void **state)
{
    memory_blocks blocks;
    ms_cid cid;

    (void)state;
    memory_blocks_init(&blocks);
    cid = leaf(&blocks, "a");
    for (unsigned level = 0; level < 32; level++)
        cid = folder_with(&blocks, "d", cid, 1);
    expect(&blocks, cid, "");
    expect(&blocks, folder_with(&blocks, "d", cid, 1), "path_deep");
    memory_blocks_release(&blocks);
}

static void test_files_end_at_64_levels(void **state)
{
    memory_blocks blocks;
    ms_cid cid;

    (void)state;
    memory_blocks_init(&blocks);
    cid = leaf(&blocks, "a");
    for (unsigned level = 0; level < MS_WALK_DEPTH_MAX; level++)
        cid = file_with(&blocks, cid, 1, 1);
    expect(&blocks, cid, "");
    expect(&blocks, file_with(&blocks, cid, 1, 1), "dag_depth");
    memory_blocks_release(&blocks);
}

/* 2^40 bytes from 3 KB: what the manifest says ends it, as soon as it is passed. */
static void test_a_file_that_doubles_forty_times_ends_where_its_manifest_does(void **state)
{
    memory_blocks blocks;
    uint64_t size = 1;
    ms_error err;
    ms_cid cid;

    (void)state;
    memory_blocks_init(&blocks);
    cid = leaf(&blocks, "a");
    for (unsigned level = 0; level < 40; level++, size *= 2)
        cid = file_with(&blocks, cid, size, 2);
    assert_string_equal(outcome(&blocks, cid, 1000, 1000, &err), "dag_size");
    assert_true(blocks.gets <= 2);
    assert_string_equal(outcome(&blocks, cid, size, 1000, &err), "dag_count");
    assert_true(blocks.gets < 3000);
    memory_blocks_release(&blocks);
}

/* Folders cost no bytes, so their number has its own end. */
static void test_folders_that_multiply_end_at_their_limit(void **state)
{
    memory_blocks blocks;
    ms_error err;
    ms_cid cid;

    (void)state;
    memory_blocks_init(&blocks);
    cid = leaf(&blocks, "a");
    for (unsigned level = 0; level < 20; level++) {
        node_draft draft = draft_of(&blocks);

        for (char name[2] = "a"; name[0] < 'k'; name[0]++)
            add_link(&draft, name, cid, 1);
        cid = put_folder(&draft);
    }
    (void)outcome(&blocks, cid, 0, 0, &err);
    assert_int_equal(err.status, MS_LIMIT);
    memory_blocks_release(&blocks);
}

/* Files that share nothing but their one block: bounded by number, not by bytes. */
static void test_empty_files_end_at_their_limit(void **state)
{
    memory_blocks blocks;
    node_draft draft;
    ms_error err;
    ms_cid cid;

    (void)state;
    memory_blocks_init(&blocks);
    draft = draft_of(&blocks);
    cid = leaf(&blocks, "");
    for (unsigned i = 0; i < 20000; i++) {
        char name[16];

        (void)snprintf(name, sizeof name, "%u", i);
        add_link(&draft, name, cid, 0);
    }
    cid = put_folder(&draft);
    draft = draft_of(&blocks);
    for (char name[2] = "a"; name[0] < 'g'; name[0]++)
        add_link(&draft, name, cid, 0);
    assert_string_equal(outcome(&blocks, put_folder(&draft), 0, 0, &err), "model_files");
    assert_int_equal(err.status, MS_LIMIT);
    memory_blocks_release(&blocks);
}

static void test_sizes_that_wrap_are_refused(void **state)
{
    memory_blocks blocks;
    node_draft draft;
    ms_cid file;

    (void)state;
    memory_blocks_init(&blocks);
    /* Two files that say 2^62 each: their sum is 2^63. */
    file = file_with(&blocks, leaf(&blocks, "a"), UINT64_C(1) << 62, 1);
    draft = draft_of(&blocks);
    add_link(&draft, "a", file, 0);
    add_link(&draft, "b", file, 0);
    /* The first chunk is too large long before that. */
    expect(&blocks, put_folder(&draft), "dag_chunk_size");
    memory_blocks_release(&blocks);
}

/* HAMT */

static void write_shard(
        ms_buffer *message, const char *bits, size_t bits_size, const char *rest, size_t rest_size)
{
    assert_int_equal(ms_buffer_append(message, "\x08\x05\x12", 3, NULL), MS_OK);
    assert_int_equal(ms_buffer_append_byte(message, (uint8_t)bits_size, NULL), MS_OK);
    assert_int_equal(ms_buffer_append(message, bits, bits_size, NULL), MS_OK);
    assert_int_equal(ms_buffer_append(message, rest, rest_size, NULL), MS_OK);
}

/* "a" hashes to 85..., "b" to 7A..., "c" to 8E... (test_murmur3). Bits 7A, 85 and 8E of 256: */
#define BITS_ABC "\x40\x20\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define BITS_A "\x20\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
#define FANOUT_256 "\x28\x22\x30\x80\x02"

static ms_cid shard_with(memory_blocks *blocks, const char *bits, size_t bits_size,
        const char *const *names, size_t count)
{
    node_draft draft = draft_of(blocks);

    for (size_t i = 0; i < count; i++)
        add_link(&draft, names[i], leaf(blocks, "x"), 1);
    write_shard(&draft.message, bits, bits_size, FANOUT_256, 5);
    return put(&draft);
}

#define SHARD(bits, ...)                                                                           \
    shard_with(&blocks, bits, sizeof(bits) - 1, (const char *const[]){__VA_ARGS__},                \
            sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static void test_shards_unlike_their_names_are_refused(void **state)
{
    memory_blocks blocks;

    (void)state;
    memory_blocks_init(&blocks);
    expect(&blocks, SHARD(BITS_ABC, "7Ab", "85a", "8Ec"), "");
    expect(&blocks, SHARD(BITS_ABC, "7Ab", "85a"), "hamt_link");        /* a bit too many */
    expect(&blocks, SHARD(BITS_A, "7Ab", "85a"), "hamt_link");          /* a link too many */
    expect(&blocks, SHARD(BITS_ABC, "85a", "7Ab", "8Ec"), "hamt_link"); /* order */
    expect(&blocks, SHARD(BITS_A, "85a", "85a"), "hamt_link");          /* twice */
    expect(&blocks, SHARD(BITS_ABC, "7ab", "85a", "8Ec"), "hamt_link"); /* lower case */
    expect(&blocks, SHARD(BITS_A, "8"), "hamt_link");                   /* one digit */
    expect(&blocks, SHARD(BITS_A, "085a"), "hamt_link");                /* three digits */
    expect(&blocks, SHARD(BITS_A, "8Ga"), "hamt_link");
    expect(&blocks, SHARD(BITS_A, "85b"), "hamt_bucket"); /* belongs to 7A */
    expect(&blocks, SHARD(BITS_A, "85.."), "hamt_bucket");
    memory_blocks_release(&blocks);
}

static ms_cid shard_above(memory_blocks *blocks, ms_cid below)
{
    node_draft draft = draft_of(blocks);

    add_link(&draft, "85", below, 1);
    write_shard(&draft.message, BITS_A, sizeof BITS_A - 1, FANOUT_256, 5);
    return put(&draft);
}

static void test_shards_below_must_fit_their_parent(void **state)
{
    /* Byte 1 of the hash of "a" is 55: bit 0x55 is bit 5 of the eleventh byte from the end. */
    static const char bits_55[] = "\x20\0\0\0\0\0\0\0\0\0\0";
    memory_blocks blocks;
    node_draft draft;

    (void)state;
    memory_blocks_init(&blocks);
    expect(&blocks, shard_above(&blocks, SHARD(bits_55, "55a")), "");
    expect(&blocks, shard_above(&blocks, SHARD(bits_55, "55b")), "hamt_bucket");
    expect(&blocks, shard_above(&blocks, SHARD(BITS_A, "85a")), "hamt_bucket");
    expect(&blocks, shard_above(&blocks, folder_with(&blocks, "a", leaf(&blocks, "x"), 1)),
            "hamt_fanout");
    expect(&blocks, shard_above(&blocks, file_with(&blocks, leaf(&blocks, "x"), 1, 1)),
            "hamt_fanout");
    draft = draft_of(&blocks);
    write_shard(&draft.message, "", 0, FANOUT_256, 5);
    expect(&blocks, shard_above(&blocks, put(&draft)), "hamt_empty");
    draft = draft_of(&blocks);
    add_link(&draft, "5a", leaf(&blocks, "x"), 1);
    write_shard(&draft.message, "\x20", 1, "\x28\x22\x30\x10", 4);
    expect(&blocks, shard_above(&blocks, put(&draft)), "hamt_fanout");
    memory_blocks_release(&blocks);
}

static void test_a_chain_of_shards_ends_with_the_hash(void **state)
{
    memory_blocks blocks;
    ms_cid cid;

    (void)state;
    memory_blocks_init(&blocks);
    cid = SHARD(BITS_A, "85a");
    for (unsigned level = 0; level < 9; level++)
        cid = shard_above(&blocks, cid);
    expect(&blocks, cid, "hamt_depth");
    memory_blocks_release(&blocks);
}

/* Other fanouts are read, with as many digits as their greatest bucket needs. */
static void test_folders_of_every_fanout_are_read(void **state)
{
    (void)state;
    for (unsigned bits = 3; bits <= 10; bits++) {
        uint32_t bucket = (uint32_t)(ms_murmur3_x64_64(ms_span_of("a", 1)) >> (64 - bits));
        int digits = bits <= 4 ? 1 : bits <= 8 ? 2 : 3;
        char field[128] = {0};
        uint8_t rest[16] = {0x28, 0x22, 0x30};
        size_t rest_size = 3 + ms_varint_write(rest + 3, UINT64_C(1) << bits);
        memory_blocks blocks;
        node_draft draft;
        char name[8];
        ms_cid file;
        ms_cid root;

        memory_blocks_init(&blocks);
        draft = draft_of(&blocks);
        file = leaf(&blocks, "x");
        (void)snprintf(name, sizeof name, "%0*Xa", digits, bucket);
        add_link(&draft, name, file, 1);
        field[0] = (char)(1u << (bucket % 8));
        /* Without leading zero bytes, the bit's byte comes first. */
        write_shard(&draft.message, field, bucket / 8 + 1, (const char *)rest, rest_size);
        root = put(&draft);
        expect(&blocks, root, "");
        memory_blocks_release(&blocks);
    }
}

static void test_a_large_block_in_every_level_is_bounded(void **state)
{
    enum { LEVELS = 40 };
    memory_blocks blocks;
    uint64_t size = 1;
    ms_cid one;
    ms_cid cid;

    (void)state;
    memory_blocks_init(&blocks);
    one = leaf(&blocks, "a");
    cid = one;
    /* Each node is padded to more than 1 MiB by 26,000 leaves after its first child. */
    for (unsigned level = 0; level < LEVELS; level++) {
        node_draft draft = draft_of(&blocks);
        enum { PADDING = 26000 };

        assert_int_equal(ms_unixfs_write_file(&draft.message, size + PADDING, NULL), MS_OK);
        add_link(&draft, "", cid, 1);
        assert_int_equal(ms_unixfs_write_block_size(&draft.message, size, NULL), MS_OK);
        for (unsigned i = 0; i < PADDING; i++) {
            add_link(&draft, "", one, 1);
            assert_int_equal(ms_unixfs_write_block_size(&draft.message, 1, NULL), MS_OK);
        }
        cid = put(&draft);
        size += PADDING;
    }
    expect(&blocks, cid, "dag_open_bytes");
    memory_blocks_release(&blocks);
}

/* The bound is on what is open at one time: a long file passes far more than it allows. */
static void test_large_nodes_one_after_the_other_are_no_burden(void **state)
{
    memory_blocks blocks;
    ms_cid part;

    (void)state;
    memory_blocks_init(&blocks);
    part = file_with(&blocks, leaf(&blocks, "a"), 1, 26000);
    expect(&blocks, file_with(&blocks, part, 26000, 30), "");
    assert_true(memory_blocks_find(&blocks, &part)->size * 30 > MS_WALK_OPEN_BYTES_MAX);
    memory_blocks_release(&blocks);
}

static void test_failures_name_the_node_and_the_path(void **state)
{
    char text[MS_CID_TEXT_SIZE];
    memory_blocks blocks;
    ms_error err;
    ms_cid cid;

    (void)state;
    memory_blocks_init(&blocks);
    cid = node_with(&blocks, "\x08\x06", 2);
    ms_cid_format(&cid, text);
    assert_string_equal(
            outcome(&blocks, folder_with(&blocks, "odd", cid, 1), 0, 0, &err), "unixfs_type");
    assert_string_equal(err.cid, text);
    assert_string_equal(err.path, "odd");
    memory_blocks_release(&blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_forms_that_are_not_read_are_refused),
            cmocka_unit_test(test_blocks_of_other_codecs_and_hashes_are_refused),
            cmocka_unit_test(test_files_unlike_their_parts_are_refused),
            cmocka_unit_test(test_names_that_do_harm_are_refused),
            cmocka_unit_test(test_a_dash_or_tilde_in_front_does_no_harm_inside_a_folder),
            cmocka_unit_test(test_repeated_names_and_twins_are_refused),
            cmocka_unit_test(test_paths_end_at_32_levels),
            cmocka_unit_test(test_files_end_at_64_levels),
            cmocka_unit_test(test_a_file_that_doubles_forty_times_ends_where_its_manifest_does),
            cmocka_unit_test(test_folders_that_multiply_end_at_their_limit),
            cmocka_unit_test(test_empty_files_end_at_their_limit),
            cmocka_unit_test(test_sizes_that_wrap_are_refused),
            cmocka_unit_test(test_shards_unlike_their_names_are_refused),
            cmocka_unit_test(test_shards_below_must_fit_their_parent),
            cmocka_unit_test(test_a_chain_of_shards_ends_with_the_hash),
            cmocka_unit_test(test_folders_of_every_fanout_are_read),
            cmocka_unit_test(test_a_large_block_in_every_level_is_bounded),
            cmocka_unit_test(test_large_nodes_one_after_the_other_are_no_burden),
            cmocka_unit_test(test_failures_name_the_node_and_the_path),
    };

    return cmocka_run_group_tests_name("unixfs/walk, hostile", tests, NULL, NULL);
}
