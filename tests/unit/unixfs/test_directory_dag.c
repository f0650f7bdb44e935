/* Roots of folders: the published vectors, and what a real Kubo said (tests/kubo/shapes.json). */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <jansson.h>
#include <openssl/evp.h>

#include "base/checked.h"
#include "doubles/memory_blocks.h"
#include "unixfs/dag_pb.h"
#include "unixfs/directory_dag.h"
#include "unixfs/file_dag.h"

#define MIB (UINT64_C(1) << 20)

static ms_dag_entry text_file(memory_blocks *blocks, const char *text)
{
    size_t size = strlen(text);

    return (ms_dag_entry){.cid = memory_blocks_add(blocks, MS_CODEC_RAW, text, size),
            .content_size = size,
            .cumulative_size = size};
}

/* One MiB of zeros and one byte more: the smallest file with a node. */
static ms_dag_entry two_chunk_file(memory_blocks *blocks)
{
    uint8_t *zeros = calloc(1, MIB);
    ms_dag_entry root;
    ms_file_dag dag;
    ms_cid leaf;

    assert_non_null(zeros);
    ms_file_dag_init(&dag, MS_FILE_DAG_WIDTH, memory_blocks_sink(blocks));
    leaf = memory_blocks_add(blocks, MS_CODEC_RAW, zeros, MIB);
    assert_int_equal(ms_file_dag_add(&dag, &leaf, MIB, NULL), MS_OK);
    leaf = memory_blocks_add(blocks, MS_CODEC_RAW, zeros, 1);
    assert_int_equal(ms_file_dag_add(&dag, &leaf, 1, NULL), MS_OK);
    assert_int_equal(ms_file_dag_finish(&dag, &root, NULL), MS_OK);
    ms_file_dag_release(&dag);
    free(zeros);
    return root;
}

static void add(ms_directory_dag *dag, const char *name, ms_dag_entry entry)
{
    ms_error err = MS_ERROR_INIT;

    if (ms_directory_dag_add(dag, ms_span_of(name, strlen(name)), &entry, &err) != MS_OK)
        fail_msg("%s: %s", name, err.message);
}

static ms_dag_entry finish(ms_directory_dag *dag, memory_blocks *blocks)
{
    ms_error err = MS_ERROR_INIT;
    ms_dag_entry root;

    if (ms_directory_dag_finish(dag, memory_blocks_sink(blocks), &root, &err) != MS_OK)
        fail_msg("%s", err.message);
    return root;
}

static void expect_root(const ms_dag_entry *root, const char *cid, uint64_t tsize)
{
    char text[MS_CID_TEXT_SIZE];

    ms_cid_format(&root->cid, text);
    assert_string_equal(text, cid);
    if (tsize != 0)
        assert_int_equal(root->cumulative_size, tsize);
}

/* The vectors below were made with ipfs-unixfs-importer 17.1.1 and a second implementation, and
 * again with Kubo 0.43.0 but for the forced HAMT. */

static void test_an_empty_folder_has_the_root_everybody_knows(void **state)
{
    memory_blocks blocks;
    ms_directory_dag dag;
    ms_dag_entry root;

    (void)state;
    memory_blocks_init(&blocks);
    ms_directory_dag_init(&dag);
    root = finish(&dag, &blocks);
    expect_root(&root, "bafybeiczsscdsbs7ffqz55asqdf3smv6klcw3gofszvwlyarci47bgf354", 4);
    assert_int_equal(root.content_size, 0);
    ms_directory_dag_release(&dag);
    memory_blocks_release(&blocks);
}

static void test_folders_have_their_published_roots(void **state)
{
    memory_blocks blocks;
    ms_directory_dag dag;
    ms_dag_entry root;

    (void)state;
    memory_blocks_init(&blocks);
    ms_directory_dag_init(&dag);
    add(&dag, "b.txt", text_file(&blocks, "world"));
    add(&dag, "a.txt", text_file(&blocks, "hello"));
    root = finish(&dag, &blocks);
    expect_root(&root, "bafybeiajr22qljxfb6zjpnhbv35ph5lxtojsz4iwnybcpg5afseggblp5m", 112);
    assert_int_equal(memory_blocks_find(&blocks, &root.cid)->size, 102);
    assert_int_equal(root.content_size, 10);

    add(&dag, "w1.bin", text_file(&blocks, "world"));
    add(&dag, "w0.bin", text_file(&blocks, "hello"));
    root = finish(&dag, &blocks);
    expect_root(&root, "bafybeibkj5ug3mwnmowmofhzzc7cdga2p3zubfpsk7y6qej73wxwgfkppa", 114);
    add(&dag, "weights", root);
    add(&dag, "config.json", text_file(&blocks, "{}\n"));
    root = finish(&dag, &blocks);
    expect_root(&root, "bafybeifimdelenk6c64bnivcetc7tzyuipyzpounohw2nn6wq3d6baqltm", 227);
    assert_int_equal(root.content_size, 13);

    add(&dag, "zeros.bin", two_chunk_file(&blocks));
    add(&dag, "hello.txt", text_file(&blocks, "hello"));
    root = finish(&dag, &blocks);
    expect_root(&root, "bafybeifelfldahruqe33pgwpquiaws5ylzipqjleuvw2upcbrvancdlm7m", 1048798);
    ms_directory_dag_release(&dag);
    memory_blocks_release(&blocks);
}

static void test_entries_are_sorted_by_the_bytes_of_their_names(void **state)
{
    memory_blocks blocks;
    ms_directory_dag dag;
    ms_dag_entry root;

    (void)state;
    memory_blocks_init(&blocks);
    ms_directory_dag_init(&dag);
    add(&dag, "b", text_file(&blocks, "1"));
    add(&dag, "a", text_file(&blocks, "2"));
    add(&dag, "B", text_file(&blocks, "3"));
    add(&dag, "a.b", text_file(&blocks, "4"));
    add(&dag, "\xc3\xa9", text_file(&blocks, "5"));
    root = finish(&dag, &blocks);
    expect_root(&root, "bafybeihhgiijlio522ttyrel7mv4ivui43puacxczvrbc34ex7kk5eonmy", 237);
    ms_directory_dag_release(&dag);
    memory_blocks_release(&blocks);
}

static void test_a_forced_hamt_has_its_published_root(void **state)
{
    static const char *const names[] = {"7Ab", "85a", "8Ec"};
    memory_blocks blocks;
    const memory_block *block;
    ms_directory_dag dag;
    ms_dag_pb_links links;
    ms_dag_pb_link link;
    ms_dag_entry root;
    ms_dag_pb node;

    (void)state;
    memory_blocks_init(&blocks);
    ms_directory_dag_init(&dag);
    dag.block_size_max = 0;
    add(&dag, "a", text_file(&blocks, "1"));
    add(&dag, "b", text_file(&blocks, "2"));
    add(&dag, "c", text_file(&blocks, "3"));
    root = finish(&dag, &blocks);
    expect_root(&root, "bafybeihjg2abb7mip5vtmvyabfkaxihtzu43y2qk6ymw2dftqjnvssctue", 0);
    block = memory_blocks_find(&blocks, &root.cid);
    assert_int_equal(ms_dag_pb_decode(&node, ms_span_of(block->data, block->size), NULL), MS_OK);
    assert_int_equal(node.data.size, 27);
    assert_memory_equal(node.data.data,
            "\x08\x05\x12\x12\x40\x20\x04\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x28\x22\x30\x80\x02", 27);
    links = ms_dag_pb_links_of(&node);
    for (size_t i = 0; i < MS_ARRAY_COUNT(names); i++) {
        assert_true(ms_dag_pb_next(&links, &link));
        assert_memory_equal(link.name.data, names[i], 3);
    }
    assert_false(ms_dag_pb_next(&links, &link));
    ms_directory_dag_release(&dag);
    memory_blocks_release(&blocks);
}

/* Names of the fixtures of IPIP-0499: 4,765 of 11 characters cut from a ChaCha20 key stream, and a
 * last one that brings the plain block to the threshold or one byte above. */
static ms_dag_entry fixture_folder(memory_blocks *blocks, size_t last_size)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz01234567890-_";
    enum { COUNT = 4765, SIZE = 11 };
    static uint8_t stream[COUNT * SIZE + 32];
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    ms_dag_entry file = text_file(blocks, "x");
    uint8_t key[MS_SHA256_SIZE];
    uint8_t nonce[16] = {0};
    ms_directory_dag dag;
    ms_dag_entry root;
    int written = 0;

    ms_sha256(key, "hamt-unixfs-v1-2025", strlen("hamt-unixfs-v1-2025"));
    memset(stream, 0, sizeof stream);
    assert_int_equal(EVP_EncryptInit_ex(context, EVP_chacha20(), NULL, key, nonce), 1);
    assert_int_equal(EVP_EncryptUpdate(context, stream, &written, stream, sizeof stream), 1);
    EVP_CIPHER_CTX_free(context);
    for (size_t i = 0; i < sizeof stream; i++)
        stream[i] = (uint8_t)letters[stream[i] % (sizeof letters - 1)];
    ms_directory_dag_init(&dag);
    for (size_t i = 0; i < COUNT; i++)
        assert_int_equal(
                ms_directory_dag_add(&dag, ms_span_of(stream + i * SIZE, SIZE), &file, NULL),
                MS_OK);
    assert_int_equal(
            ms_directory_dag_add(&dag, ms_span_of(stream + COUNT * SIZE, last_size), &file, NULL),
            MS_OK);
    root = finish(&dag, blocks);
    ms_directory_dag_release(&dag);
    return root;
}

static void test_a_hamt_begins_one_byte_above_the_threshold(void **state)
{
    memory_blocks blocks;
    ms_dag_entry root;

    (void)state;
    memory_blocks_init(&blocks);
    root = fixture_folder(&blocks, 21);
    expect_root(&root, "bafybeic3h7rwruealwxkacabdy45jivq2crwz6bufb5ljwupn36gicplx4", 0);
    assert_int_equal(memory_blocks_find(&blocks, &root.cid)->size, MS_DIRECTORY_DAG_BLOCK_SIZE_MAX);
    blocks.puts = 0;
    root = fixture_folder(&blocks, 22);
    expect_root(&root, "bafybeiegvuterwurhdtkikfhbxcldohmxp566vpjdofhzmnhv6o4freidu", 0);
    assert_int_equal(blocks.puts, 439 + 1);
    memory_blocks_release(&blocks);
}

/* The names and the content of many(shards(count)) in tests/kubo/shapes.py. */
static void add_shards(ms_directory_dag *dag, memory_blocks *blocks, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        char name[64];

        (void)snprintf(name, sizeof name, "model-%05u-of-%05u.part.safetensors", i, count);
        add(dag, name, text_file(blocks, name));
    }
}

static void expect_shape(const char *shape, const ms_dag_entry *root)
{
    json_t *file = json_load_file(MS_TEST_VECTORS "/../kubo/shapes.json", 0, NULL);
    json_t *found = json_object_get(json_object_get(file, "shapes"), shape);

    assert_non_null(found);
    expect_root(root, json_string_value(json_object_get(found, "root")), 0);
    json_decref(file);
}

static void test_large_folders_have_the_roots_that_kubo_gave_them(void **state)
{
    static const struct {
        const char *shape;
        unsigned count;
    } rows[] = {{"folder-3000-files", 3000}, {"folder-5000-files", 5000},
            {"folder-20000-files", 20000}};

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        memory_blocks blocks;
        ms_directory_dag dag;
        ms_dag_entry root;

        memory_blocks_init(&blocks);
        ms_directory_dag_init(&dag);
        add_shards(&dag, &blocks, rows[i].count);
        root = finish(&dag, &blocks);
        expect_shape(rows[i].shape, &root);
        ms_directory_dag_release(&dag);
        memory_blocks_release(&blocks);
    }
}

/* Two names whose hashes agree in seven bytes make the deepest tree there can be. */
static void test_the_deepest_hamt_has_the_root_that_kubo_gave_it(void **state)
{
    memory_blocks blocks;
    ms_directory_dag dag;
    ms_dag_entry root;

    (void)state;
    memory_blocks_init(&blocks);
    ms_directory_dag_init(&dag);
    add_shards(&dag, &blocks, 4000);
    add(&dag, "dwtpwufaaa", text_file(&blocks, "dwtpwufaaa"));
    add(&dag, "dfj51uiaaa", text_file(&blocks, "dfj51uiaaa"));
    root = finish(&dag, &blocks);
    expect_shape("folder-hamt-deepest", &root);
    ms_directory_dag_release(&dag);
    memory_blocks_release(&blocks);
}

static void test_folders_in_a_hamt_have_the_root_that_kubo_gave_them(void **state)
{
    memory_blocks blocks;
    ms_directory_dag outer;
    ms_directory_dag inner;
    ms_dag_entry root;

    (void)state;
    memory_blocks_init(&blocks);
    ms_directory_dag_init(&outer);
    ms_directory_dag_init(&inner);
    add_shards(&inner, &blocks, 5000);
    root = finish(&inner, &blocks);
    add(&inner, "shards", root);
    root = finish(&inner, &blocks);
    add(&outer, "data", root);
    add(&outer, "config.json", text_file(&blocks, "{}\n"));
    root = finish(&outer, &blocks);
    expect_shape("folder-hamt-below", &root);
    for (unsigned i = 0; i < 4000; i++) {
        char text[64];

        (void)snprintf(text, sizeof text, "%u", i);
        add(&inner, "file", text_file(&blocks, text));
        (void)snprintf(text, sizeof text, "part-%040u", i);
        add(&outer, text, finish(&inner, &blocks));
    }
    add(&outer, "config.json", text_file(&blocks, "{}\n"));
    root = finish(&outer, &blocks);
    expect_shape("folder-hamt-of-folders", &root);
    ms_directory_dag_release(&inner);
    ms_directory_dag_release(&outer);
    memory_blocks_release(&blocks);
}

static const char *const twins[] = {
        "model-00001-of-00002.safetensors", "model-d6ZvmzN2NvVW0VA.Z1jq5NfUcB"};

static void test_names_of_equal_hash_are_refused_only_in_a_hamt(void **state)
{
    ms_error err = MS_ERROR_INIT;
    memory_blocks blocks;
    ms_directory_dag dag;
    ms_dag_entry root;

    (void)state;
    memory_blocks_init(&blocks);
    ms_directory_dag_init(&dag);
    add(&dag, twins[0], text_file(&blocks, twins[0]));
    add(&dag, twins[1], text_file(&blocks, twins[1]));
    root = finish(&dag, &blocks);
    expect_shape("folder-equal-hashes", &root);
    dag.block_size_max = 0;
    add(&dag, twins[0], text_file(&blocks, twins[0]));
    add(&dag, twins[1], text_file(&blocks, twins[1]));
    assert_int_equal(
            ms_directory_dag_finish(&dag, memory_blocks_sink(&blocks), &root, &err), MS_MALFORMED);
    assert_string_equal(err.reason, "hamt_twins");
    assert_non_null(strstr(err.message, twins[0]));
    assert_non_null(strstr(err.message, twins[1]));
    ms_directory_dag_release(&dag);
    memory_blocks_release(&blocks);
}

static void test_a_repeated_name_is_refused(void **state)
{
    ms_error err = MS_ERROR_INIT;
    memory_blocks blocks;
    ms_directory_dag dag;
    ms_dag_entry root;

    (void)state;
    memory_blocks_init(&blocks);
    ms_directory_dag_init(&dag);
    add(&dag, "a", text_file(&blocks, "1"));
    add(&dag, "b", text_file(&blocks, "2"));
    add(&dag, "a", text_file(&blocks, "3"));
    assert_int_equal(
            ms_directory_dag_finish(&dag, memory_blocks_sink(&blocks), &root, &err), MS_MALFORMED);
    assert_string_equal(err.reason, "path_repeated");
    ms_directory_dag_release(&dag);
    memory_blocks_release(&blocks);
}

static void test_a_name_that_readers_refuse_is_not_written(void **state)
{
    ms_error err = MS_ERROR_INIT;
    memory_blocks blocks;
    ms_directory_dag dag;
    ms_dag_entry file;

    (void)state;
    memory_blocks_init(&blocks);
    file = text_file(&blocks, "1");
    ms_directory_dag_init(&dag);
    assert_int_equal(ms_directory_dag_add(&dag, ms_span_of("..", 2), &file, &err), MS_MALFORMED);
    assert_string_equal(err.reason, "path_dotdot");
    assert_int_equal(dag.count, 0);
    ms_directory_dag_release(&dag);
    memory_blocks_release(&blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_an_empty_folder_has_the_root_everybody_knows),
            cmocka_unit_test(test_folders_have_their_published_roots),
            cmocka_unit_test(test_entries_are_sorted_by_the_bytes_of_their_names),
            cmocka_unit_test(test_a_forced_hamt_has_its_published_root),
            cmocka_unit_test(test_a_hamt_begins_one_byte_above_the_threshold),
            cmocka_unit_test(test_large_folders_have_the_roots_that_kubo_gave_them),
            cmocka_unit_test(test_the_deepest_hamt_has_the_root_that_kubo_gave_it),
            cmocka_unit_test(test_folders_in_a_hamt_have_the_root_that_kubo_gave_them),
            cmocka_unit_test(test_names_of_equal_hash_are_refused_only_in_a_hamt),
            cmocka_unit_test(test_a_repeated_name_is_refused),
            cmocka_unit_test(test_a_name_that_readers_refuse_is_not_written),
    };

    return cmocka_run_group_tests_name("unixfs/directory_dag", tests, NULL, NULL);
}
