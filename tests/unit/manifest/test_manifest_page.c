/* The worked example of docs/formats/manifest.md, made by the code and compared with the page; and
 * the check that the page offers, run on it. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/text.h"
#include "doubles/memory_blocks.h"
#include "manifest/chunk_tree.h"
#include "manifest/manifest_ext.h"
#include "manifest/manifest_head.h"
#include "manifest/manifest_info.h"
#include "unixfs/directory_dag.h"

#define PAGE MS_TEST_VECTORS "/../../docs/formats/manifest.md"
#define CHECK MS_TEST_VECTORS "/../../docs/formats/check_chunk_root.py"

/* A folder of two files: a.txt is "hello", b.txt is "world". */
typedef struct worked_example {
    memory_blocks blocks;
    uint8_t digests[2][32];
    ms_dag_entry files[2];
    ms_dag_entry root;
    ms_manifest_head head;
    ms_cid info;
    ms_cid digest_block;
    ms_cid manifest;
} worked_example;

static ms_span text(const char *value)
{
    return ms_span_of(value, strlen(value));
}

static void make_content(worked_example *example)
{
    static const char *const contents[2] = {"hello", "world"};
    static const char *const names[2] = {"a.txt", "b.txt"};
    ms_block_sink sink = memory_blocks_sink(&example->blocks);
    ms_manifest_ext_writer ext;
    ms_directory_dag folder;
    ms_chunk_tree tree;

    ms_chunk_tree_init(&tree);
    ms_directory_dag_init(&folder);
    ms_manifest_ext_writer_init(&ext, sink);
    for (size_t i = 0; i < 2; i++) {
        ms_sha256(example->digests[i], contents[i], 5);
        example->files[i] = (ms_dag_entry){
                .cid = memory_blocks_add(&example->blocks, MS_CODEC_RAW, contents[i], 5),
                .content_size = 5,
                .cumulative_size = 5};
        ms_chunk_tree_add(&tree, example->digests[i]);
        assert_int_equal(
                ms_directory_dag_add(&folder, text(names[i]), &example->files[i], NULL), MS_OK);
        assert_int_equal(ms_manifest_ext_writer_add(&ext, example->digests[i], NULL), MS_OK);
    }
    assert_int_equal(ms_directory_dag_finish(&folder, sink, &example->root, NULL), MS_OK);
    assert_int_equal(ms_manifest_ext_writer_finish(&ext, &example->head.ext, NULL), MS_OK);
    assert_int_equal(ms_chunk_tree_root(&tree, example->head.chunk_root, NULL), MS_OK);
    example->digest_block = ext.blocks[0];
    ms_manifest_ext_writer_release(&ext);
    ms_directory_dag_release(&folder);
}

static void make_info(worked_example *example)
{
    ms_manifest_info info = {.name = text("Example"),
            .chunker = text("size-1048576"),
            .stored_name = text("example")};
    ms_manifest_metadata metadata;
    ms_buffer pairs;
    ms_buffer block;

    ms_buffer_init(&pairs, 1024);
    ms_buffer_init(&block, 1024);
    ms_manifest_metadata_init(&metadata);
    assert_int_equal(
            ms_manifest_metadata_add(&metadata, text("license"), text("mit"), NULL), MS_OK);
    assert_int_equal(ms_manifest_metadata_write(&metadata, &pairs, NULL), MS_OK);
    info.metadata = ms_buffer_span(&pairs);
    assert_int_equal(ms_manifest_info_encode(&info, &block, NULL), MS_OK);
    example->info = memory_blocks_add(&example->blocks, MS_CODEC_DAG_CBOR, block.data, block.size);
    ms_manifest_metadata_release(&metadata);
    ms_buffer_release(&block);
    ms_buffer_release(&pairs);
}

static int make_example(void **state)
{
    worked_example *example = calloc(1, sizeof *example);
    ms_buffer block;

    assert_non_null(example);
    memory_blocks_init(&example->blocks);
    make_content(example);
    make_info(example);
    example->head.info = example->info;
    example->head.root = example->root.cid;
    example->head.size = example->root.content_size;
    example->head.count = 2;
    example->head.has_ext = true;
    ms_buffer_init(&block, MS_MANIFEST_HEAD_SIZE_MAX);
    assert_int_equal(ms_manifest_head_encode(&example->head, &block, NULL), MS_OK);
    example->manifest =
            memory_blocks_add(&example->blocks, MS_CODEC_DAG_CBOR, block.data, block.size);
    ms_buffer_release(&block);
    *state = example;
    return 0;
}

static int drop_example(void **state)
{
    worked_example *example = *state;

    memory_blocks_release(&example->blocks);
    free(example);
    return 0;
}

static char *read_page(void)
{
    FILE *file = fopen(PAGE, "rb");
    char *page = calloc(1, 1 << 16);

    assert_non_null(file);
    assert_non_null(page);
    assert_true(fread(page, 1, (1 << 16) - 1, file) > 0);
    (void)fclose(file);
    return page;
}

/* The hex digits of the fence that follows the heading line; "#" begins a remark in each line. */
static void hex_after(const char *page, const char *heading, char *out, size_t out_size)
{
    const char *at = strstr(page, heading);
    size_t size = 0;

    if (at == NULL || (at = strstr(at, "```\n")) == NULL)
        fail_msg("the page lacks the bytes under %s", heading);
    for (at += 4; strncmp(at, "```", 3) != 0; at = strchr(at, '\n') + 1) {
        for (const char *c = at; *c != '\n' && *c != '#'; c++) {
            if (*c != ' ')
                out[size++] = *c;
            assert_true(size < out_size);
        }
    }
    out[size] = '\0';
}

static void expect_block(
        const worked_example *example, const char *page, const char *heading, const ms_cid *cid)
{
    const memory_block *block = memory_blocks_find(&example->blocks, cid);
    char expected[2048];
    char actual[2048];
    char name[MS_CID_TEXT_SIZE];

    assert_non_null(block);
    assert_true(block->size * 2 < sizeof expected);
    ms_hex_encode(expected, block->data, block->size);
    ms_cid_format(cid, name);
    hex_after(page, heading, actual, sizeof actual);
    if (strcmp(actual, expected) != 0)
        fail_msg("%s %s is\n%s", heading, name, expected);
    if (strstr(page, name) == NULL)
        fail_msg("%s is %s", heading, name);
}

static void test_the_page_shows_what_the_code_writes(void **state)
{
    const worked_example *example = *state;
    char *page = read_page();
    char root[65];

    expect_block(example, page, "### Head", &example->manifest);
    expect_block(example, page, "### Info", &example->info);
    expect_block(example, page, "### Ext", &example->head.ext);
    expect_block(example, page, "### Digests", &example->digest_block);
    expect_block(example, page, "### Root", &example->root.cid);
    ms_hex_encode(root, example->head.chunk_root, 32);
    if (strstr(page, root) == NULL)
        fail_msg("the chunk root is %s", root);
    free(page);
}

/* Runs the check with text as input; returns its exit code. */
static int run_check(const char *input)
{
    FILE *pipe = popen("python3 '" CHECK "' >/dev/null", "w");
    int status;

    assert_non_null(pipe);
    assert_true(fputs(input, pipe) >= 0);
    status = pclose(pipe);
    return status / 256;
}

static void describe(const worked_example *example, unsigned swapped, char *out, size_t out_size)
{
    char hex[3][65];
    char cids[2][MS_CID_TEXT_SIZE];

    ms_hex_encode(hex[0], example->digests[swapped], 32);
    ms_hex_encode(hex[1], example->digests[!swapped], 32);
    ms_hex_encode(hex[2], example->head.chunk_root, 32);
    ms_cid_format(&example->files[swapped].cid, cids[0]);
    ms_cid_format(&example->files[!swapped].cid, cids[1]);
    (void)snprintf(out, out_size,
            "{\"chunkRoot\":\"0x%s\",\"chunks\":[{\"cid\":\"%s\",\"sha256\":\"0x%s\"},"
            "{\"cid\":\"%s\",\"sha256\":\"0x%s\"}]}",
            hex[2], cids[0], hex[0], cids[1], hex[1]);
}

static void test_the_check_of_the_page_tells_right_from_wrong(void **state)
{
    char input[1024];

    describe(*state, 0, input, sizeof input);
    assert_int_equal(run_check(input), 0);
    describe(*state, 1, input, sizeof input);
    assert_int_equal(run_check(input), 4);
}

/* The check pairs neighbours level by level; the code splits at powers of two. Both are the tree. */
static void test_the_check_agrees_on_uneven_trees(void **state)
{
    (void)state;
    for (unsigned count = 1; count <= 11; count += 2) {
        ms_chunk_tree tree;
        ms_buffer input;
        char hex[65];
        uint8_t root[32];

        ms_chunk_tree_init(&tree);
        ms_buffer_init(&input, 1 << 14);
        assert_int_equal(ms_buffer_append_text(&input, "{\"chunks\":[", NULL), MS_OK);
        for (unsigned i = 0; i < count; i++) {
            char name[MS_CID_TEXT_SIZE];
            uint8_t digest[32];
            ms_cid cid;

            ms_sha256(digest, &i, 1);
            ms_chunk_tree_add(&tree, digest);
            cid = ms_cid_sha256(MS_CODEC_RAW, digest);
            ms_cid_format(&cid, name);
            ms_hex_encode(hex, digest, 32);
            assert_int_equal(
                    ms_buffer_printf(&input, NULL, "%s{\"cid\":\"%s\",\"sha256\":\"0x%s\"}",
                            i == 0 ? "" : ",", name, hex),
                    MS_OK);
        }
        assert_int_equal(ms_chunk_tree_root(&tree, root, NULL), MS_OK);
        ms_hex_encode(hex, root, 32);
        assert_int_equal(ms_buffer_printf(&input, NULL, "],\"chunkRoot\":\"0x%s\"}", hex), MS_OK);
        assert_int_equal(run_check(ms_buffer_text(&input)), 0);
        ms_buffer_release(&input);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(
                    test_the_page_shows_what_the_code_writes, make_example, drop_example),
            cmocka_unit_test_setup_teardown(
                    test_the_check_of_the_page_tells_right_from_wrong, make_example, drop_example),
            cmocka_unit_test(test_the_check_agrees_on_uneven_trees),
    };

    return cmocka_run_group_tests_name("manifest/page", tests, NULL, NULL);
}
