/* Roots of files: the published vectors, and what a real Kubo said (tests/kubo/shapes.json). */
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
#include "unixfs/file_dag.h"

#define MIB (UINT64_C(1) << 20)

typedef enum filling { ZEROS, COUNTED, LETTERS } filling;

/* Fill buffer with the file's bytes from offset. */
static void fill(filling content, uint64_t offset, uint8_t *buffer, size_t size)
{
    for (size_t i = 0; i < size && content != ZEROS; i++)
        buffer[i] = (uint8_t)(content == COUNTED ? (offset + i) % 251 : 'a' + (offset + i) % 26);
    if (content == ZEROS)
        memset(buffer, 0, size);
}

static ms_cid leaf_of(memory_blocks *blocks, const uint8_t *data, size_t size)
{
    return memory_blocks_add(blocks, MS_CODEC_RAW, data, size);
}

static void add(ms_file_dag *dag, const ms_cid *leaf, uint64_t size)
{
    ms_error err = MS_ERROR_INIT;

    if (ms_file_dag_add(dag, leaf, size, &err) != MS_OK)
        fail_msg("%s", err.message);
}

static void finish(ms_file_dag *dag, ms_dag_entry *root)
{
    ms_error err = MS_ERROR_INIT;

    if (ms_file_dag_finish(dag, root, &err) != MS_OK)
        fail_msg("%s", err.message);
}

/* Whole chunks of zeros are hashed once and added as often as the size says. */
static void build(ms_file_dag *dag, memory_blocks *blocks, filling content, uint64_t size,
        uint64_t chunk_size, ms_dag_entry *root)
{
    uint8_t *buffer = malloc(chunk_size + 1);
    ms_cid whole = {0};

    assert_non_null(buffer);
    for (uint64_t offset = 0; offset < size || offset == 0; offset += chunk_size) {
        size_t part = (size_t)MS_MIN(chunk_size, size - offset);

        if (content != ZEROS || part < chunk_size || !ms_cid_is_defined(&whole)) {
            fill(content, offset, buffer, part);
            whole = leaf_of(blocks, buffer, part);
        } else {
            blocks->puts++;
        }
        add(dag, &whole, part);
    }
    free(buffer);
    finish(dag, root);
    assert_int_equal(root->content_size, size);
}

static void expect_root(const char *name, const ms_dag_entry *root, const char *cid)
{
    char text[MS_CID_TEXT_SIZE];

    ms_cid_format(&root->cid, text);
    if (strcmp(text, cid) != 0)
        fail_msg("%s: %s instead of %s", name, text, cid);
}

typedef struct known_file {
    const char *name;
    filling content;
    uint64_t size;
    uint64_t chunk_size;
    uint32_t width;
    const char *root;
    size_t blocks; /* 0: not known */
    size_t unique;
    uint64_t tsize;
} known_file;

/* Made with ipfs-unixfs-importer 17.1.1 and a second implementation; those of width 1,024 and whole
 * MiB chunks again with Kubo 0.43.0. Blocks are counted with repeats, and unique. */
static const known_file vectors[] = {
        {"empty", ZEROS, 0, MIB, 1024,
                "bafkreihdwdcefgh4dqkjv67uzcmw7ojee6xedzdetojuzjevtenxquvyku", 1, 1, 0},
        {"one zero", ZEROS, 1, MIB, 1024,
                "bafkreidogqfzz75tpkmjzjke425xqcrmpcib2p5tg44hnbirumdbpl5adu", 1, 1, 1},
        {"1 MiB zeros", ZEROS, MIB, MIB, 1024,
                "bafkreibq4fevl27rgurgnxbp7adh42aqiyd6ouflxhj3gzmcxcxzbh6lla", 1, 1, 1048576},
        {"1 MiB + 1 zeros", ZEROS, MIB + 1, MIB, 1024,
                "bafybeihd4yzq7n5umhjngdum4r6k2to7egxfkf2jz6thvwzf6djus22cmq", 3, 3, 1048681},
        {"5 MiB counted", COUNTED, 5 * MIB, MIB, 1024,
                "bafybeif3cqzr34eco3pr3jiypjq5j5ine35czekpyoa6q5uvwecywczeem", 6, 6, 5243139},
        {"3 MiB + 777 counted", COUNTED, 3 * MIB + 777, MIB, 1024,
                "bafybeic4fbb7iexauctjq4ju35ilniegvcyczvuetnu3kbc2qkmcmphega", 5, 5, 3146712},
        {"1024 MiB zeros", ZEROS, 1024 * MIB, MIB, 1024,
                "bafybeibqawkaltgjfdebq4no6nmfcvkcw7k52xqzclkwfmrkn6oxw7srmy", 1025, 2, 1073793035},
        {"1024 MiB + 1 zeros", ZEROS, 1024 * MIB + 1, MIB, 1024,
                "bafybeigx4uyebjbq65346xh6cjrt6yshbdudzudhnqecwbzvymslxj7gje", 1028, 5, 1073793198},
        {"1025 MiB zeros", ZEROS, 1025 * MIB, MIB, 1024,
                "bafybeigt7wofv4vnxbg3titijasuw4ptg5kfztec4smsk7opdt7z6djoxq", 1028, 4, 1074841783},
        {"1 TiB + 1 MiB zeros", ZEROS, (MIB + 1) * MIB, MIB, 1024,
                "bafybeihridvrm2nvexia4tedgnkw5k4bb3k56ee5v4g62s32fec2j3jodi", 0, 0, 1099565171957},
        {"full node of 256", COUNTED, 1024 * 256, 256, 1024,
                "bafybeiet6vc5casfsecgehbzbr7utzqdcbs7qrxyqtujjxv3wvygfggusm", 1025, 252, 311305},
        {"full node of 256, one more", COUNTED, 1025 * 256, 256, 1024,
                "bafybeicc6esraxpva2ny3qhezpsaynckkshicq5w5lwsem27aaa3jpp4w4", 1028, 254, 311722},
        {"64 bytes by 4", COUNTED, 64, 4, 4,
                "bafybeiaazcdp2dv2nnr4ijden7dpsgq6p2ixc7wqjjh6zrczcpk7k3p6vu", 21, 21, 1018},
        {"65 bytes by 4", COUNTED, 65, 4, 4,
                "bafybeifhhpz6zkrb52okmekhfzyc4ymwsaw53ujwyfm6ym23wdzmfaszzi", 25, 25, 1222},
        {"257 bytes by 4", COUNTED, 257, 4, 4,
                "bafybeievcxjandawd342t4blxm7pgyztbi3wdkijo7gypdodnfsnvee3am", 90, 90, 4526},
};

static void test_published_files_have_their_roots(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(vectors); i++) {
        const known_file *vector = &vectors[i];
        memory_blocks blocks;
        ms_file_dag dag;
        ms_dag_entry root;

        memory_blocks_init(&blocks);
        ms_file_dag_init(&dag, vector->width, memory_blocks_sink(&blocks));
        build(&dag, &blocks, vector->content, vector->size, vector->chunk_size, &root);
        expect_root(vector->name, &root, vector->root);
        assert_int_equal(root.cumulative_size, vector->tsize);
        if (vector->blocks != 0) {
            assert_int_equal(blocks.puts, vector->blocks);
            assert_int_equal(blocks.unique, vector->unique);
        }
        ms_file_dag_release(&dag);
        memory_blocks_release(&blocks);
    }
}

/* Cuts of any size; the roots were read back whole and by range by ipfs-unixfs-exporter. */
static void test_variable_cuts_have_their_roots(void **state)
{
    static const struct {
        filling content;
        size_t cuts[6];
        const char *root;
        uint64_t tsize;
    } rows[] = {
            {LETTERS, {3, 5, 2}, "bafybeiaox3eaecjb5s5nx2p7ekfop3kwi77syo5pwu32hm4gow3x7pj44a",
                    154},
            {COUNTED, {700000, 1048576, 1, 751423, 500000},
                    "bafybeifxpp5mync3gu2fqfwpr34z3xjm2mabis6bhxpgvyfwojqd44mvba", 3000255},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        uint8_t *buffer = malloc(MIB);
        memory_blocks blocks;
        ms_file_dag dag;
        ms_dag_entry root;
        uint64_t offset = 0;

        assert_non_null(buffer);
        memory_blocks_init(&blocks);
        ms_file_dag_init(&dag, MS_FILE_DAG_WIDTH, memory_blocks_sink(&blocks));
        for (const size_t *cut = rows[i].cuts; *cut != 0; offset += *cut++) {
            ms_cid leaf;

            fill(rows[i].content, offset, buffer, *cut);
            leaf = leaf_of(&blocks, buffer, *cut);
            add(&dag, &leaf, *cut);
        }
        finish(&dag, &root);
        expect_root("cuts", &root, rows[i].root);
        assert_int_equal(root.cumulative_size, rows[i].tsize);
        ms_file_dag_release(&dag);
        memory_blocks_release(&blocks);
        free(buffer);
    }
}

/* ChaCha20 key stream of IPIP-0499: key = SHA-256 of the seed, nonce and counter 0. */
static void key_stream(const char *seed, uint8_t *out, size_t size)
{
    uint8_t key[MS_SHA256_SIZE];
    uint8_t nonce[16] = {0};
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    int written = 0;

    ms_sha256(key, seed, strlen(seed));
    memset(out, 0, size);
    assert_int_equal(EVP_EncryptInit_ex(context, EVP_chacha20(), NULL, key, nonce), 1);
    assert_int_equal(EVP_EncryptUpdate(context, out, &written, out, (int)size), 1);
    EVP_CIPHER_CTX_free(context);
}

static void test_official_fixtures_have_their_roots(void **state)
{
    static const struct {
        size_t size;
        const char *root;
    } rows[] = {
            {MIB, "bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta"},
            {MIB + 1, "bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64"},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        uint8_t *buffer = malloc(rows[i].size);
        memory_blocks blocks;
        ms_file_dag dag;
        ms_dag_entry root;

        assert_non_null(buffer);
        key_stream("chunk-v1-seed", buffer, rows[i].size);
        memory_blocks_init(&blocks);
        ms_file_dag_init(&dag, MS_FILE_DAG_WIDTH, memory_blocks_sink(&blocks));
        for (size_t offset = 0; offset < rows[i].size; offset += MIB) {
            size_t part = MS_MIN((size_t)MIB, rows[i].size - offset);
            ms_cid leaf = leaf_of(&blocks, buffer + offset, part);

            add(&dag, &leaf, part);
        }
        finish(&dag, &root);
        expect_root("fixture", &root, rows[i].root);
        ms_file_dag_release(&dag);
        memory_blocks_release(&blocks);
        free(buffer);
    }
}

/* Every shape of tests/kubo that is one file, but for those of a GiB that is not zeros. */
static void test_files_have_the_roots_that_kubo_gave_them(void **state)
{
    static const struct {
        const char *prefix;
        filling content;
    } contents[] = {
            {"zeros-", ZEROS},
            {"counted-", COUNTED},
            {"chunk-4KiB-three", ZEROS},
            {"chunk-64KiB", ZEROS},
            {"chunk-128KiB", ZEROS},
            {"chunk-256KiB-two", ZEROS},
            {"chunk-", COUNTED},
    };
    json_t *file = json_load_file(MS_TEST_VECTORS "/../kubo/shapes.json", 0, NULL);
    size_t compared = 0;
    const char *name;
    json_t *shape;

    (void)state;
    assert_non_null(file);
    json_object_foreach(json_object_get(file, "shapes"), name, shape)
    {
        for (size_t i = 0; i < MS_ARRAY_COUNT(contents); i++) {
            memory_blocks blocks;
            ms_file_dag dag;
            ms_dag_entry root;

            if (strncmp(name, contents[i].prefix, strlen(contents[i].prefix)) != 0)
                continue;
            memory_blocks_init(&blocks);
            ms_file_dag_init(&dag, MS_FILE_DAG_WIDTH, memory_blocks_sink(&blocks));
            build(&dag, &blocks, contents[i].content,
                    (uint64_t)json_integer_value(json_object_get(shape, "bytes")),
                    (uint64_t)json_integer_value(json_object_get(shape, "chunkSize")), &root);
            expect_root(name, &root, json_string_value(json_object_get(shape, "root")));
            ms_file_dag_release(&dag);
            memory_blocks_release(&blocks);
            compared++;
            break;
        }
    }
    json_decref(file);
    assert_true(compared >= 35);
}

/* A dag is used for file after file; nothing of one reaches the next. */
static void test_a_dag_builds_one_file_after_the_other(void **state)
{
    memory_blocks blocks;
    ms_file_dag dag;
    ms_dag_entry root;

    (void)state;
    memory_blocks_init(&blocks);
    ms_file_dag_init(&dag, 4, memory_blocks_sink(&blocks));
    for (unsigned turn = 0; turn < 2; turn++) {
        for (size_t i = MS_ARRAY_COUNT(vectors) - 3; i < MS_ARRAY_COUNT(vectors); i++) {
            build(&dag, &blocks, vectors[i].content, vectors[i].size, vectors[i].chunk_size, &root);
            expect_root(vectors[i].name, &root, vectors[i].root);
        }
    }
    ms_file_dag_release(&dag);
    memory_blocks_release(&blocks);
}

static void test_a_file_without_leaves_is_refused(void **state)
{
    ms_error err = MS_ERROR_INIT;
    memory_blocks blocks;
    ms_file_dag dag;
    ms_dag_entry root;

    (void)state;
    memory_blocks_init(&blocks);
    ms_file_dag_init(&dag, 4, memory_blocks_sink(&blocks));
    assert_int_equal(ms_file_dag_finish(&dag, &root, &err), MS_USAGE);
    assert_string_equal(err.reason, "file_dag_empty");
    ms_file_dag_release(&dag);
    memory_blocks_release(&blocks);
}

static void test_sizes_beyond_63_bits_are_refused(void **state)
{
    ms_error err = MS_ERROR_INIT;
    memory_blocks blocks;
    ms_file_dag dag;
    ms_cid leaf;

    (void)state;
    memory_blocks_init(&blocks);
    leaf = leaf_of(&blocks, (const uint8_t *)"x", 1);
    ms_file_dag_init(&dag, 4, memory_blocks_sink(&blocks));
    add(&dag, &leaf, UINT64_MAX >> 1);
    assert_int_equal(ms_file_dag_add(&dag, &leaf, 1, &err), MS_LIMIT);
    assert_string_equal(err.reason, "file_size");
    ms_file_dag_release(&dag);
    memory_blocks_release(&blocks);
}

static ms_status refuse_block(void *payload, const ms_cid *cid, ms_span block, ms_error *err)
{
    (void)payload;
    (void)cid;
    (void)block;
    return ms_fail(err, MS_IO, "test_disk", "The test's disk is full");
}

static void test_a_failure_of_the_sink_is_returned(void **state)
{
    ms_error err = MS_ERROR_INIT;
    memory_blocks blocks;
    ms_file_dag dag;
    ms_dag_entry root;
    ms_cid leaf;

    (void)state;
    memory_blocks_init(&blocks);
    leaf = leaf_of(&blocks, (const uint8_t *)"x", 1);
    ms_file_dag_init(&dag, 2, (ms_block_sink){.put = refuse_block});
    add(&dag, &leaf, 1);
    assert_int_equal(ms_file_dag_add(&dag, &leaf, 1, &err), MS_IO);
    ms_file_dag_release(&dag);
    ms_file_dag_init(&dag, 4, (ms_block_sink){.put = refuse_block});
    add(&dag, &leaf, 1);
    add(&dag, &leaf, 1);
    assert_int_equal(ms_file_dag_finish(&dag, &root, &err), MS_IO);
    assert_string_equal(err.reason, "test_disk");
    ms_file_dag_release(&dag);
    memory_blocks_release(&blocks);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_published_files_have_their_roots),
            cmocka_unit_test(test_variable_cuts_have_their_roots),
            cmocka_unit_test(test_official_fixtures_have_their_roots),
            cmocka_unit_test(test_files_have_the_roots_that_kubo_gave_them),
            cmocka_unit_test(test_a_dag_builds_one_file_after_the_other),
            cmocka_unit_test(test_a_file_without_leaves_is_refused),
            cmocka_unit_test(test_sizes_beyond_63_bits_are_refused),
            cmocka_unit_test(test_a_failure_of_the_sink_is_returned),
    };

    return cmocka_run_group_tests_name("unixfs/file_dag", tests, NULL, NULL);
}
