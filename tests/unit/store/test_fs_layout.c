/* Names on disk are those of go-ds-flatfs, and only those are taken for blocks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/sha256.h"
#include "store/fs_layout_priv.h"

#define EMPTY_FOLDER_KEY "CIQFTFEEHEDF6KLBT32BFAGLXEZL4UWFNWM4LFTLMXQBCERZ6CMLX3Y"

/* Key and folder as a Kubo 0.43 made them. */
static void test_the_empty_folder_lies_where_kubo_looks_for_it(void **state)
{
    uint8_t digest[32];
    char key[MS_FS_KEY_SIZE];
    char name[MS_FS_NAME_SIZE];
    ms_cid cid = ms_fs_empty_folder_cid();

    (void)state;
    ms_sha256(digest, ms_fs_empty_folder, sizeof(ms_fs_empty_folder));
    assert_true(ms_fs_is_empty_folder(digest));
    assert_memory_equal(cid.digest, digest, 32);
    ms_fs_key(key, digest);
    assert_string_equal(key, EMPTY_FOLDER_KEY);
    ms_fs_block_name(name, digest);
    assert_string_equal(name, "X3/" EMPTY_FOLDER_KEY ".data");
    digest[31] ^= 1;
    assert_false(ms_fs_is_empty_folder(digest));
}

static void test_names_lead_back_to_digests_and_shards(void **state)
{
    (void)state;
    for (uint32_t i = 0; i < 5000; i++) {
        uint8_t digest[32];
        uint8_t back[32];
        char name[MS_FS_NAME_SIZE];
        char shard[MS_FS_SHARD_NAME_SIZE];

        ms_sha256(digest, &i, sizeof(i));
        ms_fs_block_name(name, digest);
        ms_fs_shard_name(shard, ms_fs_shard_index(digest));
        assert_memory_equal(name, shard, 2);
        assert_true(ms_fs_is_shard_name(shard));
        assert_true(ms_fs_file_digest(back, shard, name + 3));
        assert_memory_equal(back, digest, 32);
    }
}

static void test_foreign_names_are_no_blocks(void **state)
{
    static const char *const names[] = {
            "",
            ".data",
            EMPTY_FOLDER_KEY,
            EMPTY_FOLDER_KEY ".dat",
            EMPTY_FOLDER_KEY ".data.tmp",
            EMPTY_FOLDER_KEY ".DATA",
            "x" EMPTY_FOLDER_KEY ".data",
            "ciqftfeehedf6klbt32bfaglxezl4uwfnwm4lftlmxqbcerz6cmlx3y.data",
            /* leftover bits that are not zero: a second spelling */
            "CIQFTFEEHEDF6KLBT32BFAGLXEZL4UWFNWM4LFTLMXQBCERZ6CMLX3Z.data",
            /* another multihash of the same length */
            "DIQFTFEEHEDF6KLBT32BFAGLXEZL4UWFNWM4LFTLMXQBCERZ6CMLX3Y.data",
            "CIQFTFEEHEDF6KLBT32BFAGLXEZL4UWFNWM4LFTLMXQBCERZ6CML1.data",
            "CIQFTFEEHEDF6KLBT32BFAGLXEZL4UWFNWM4LFTLMXQBCERZ6CM1X3Y.data",
    };
    uint8_t digest[32];

    (void)state;
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        assert_false(ms_fs_file_digest(digest, "X3", names[i]));
    assert_true(ms_fs_file_digest(digest, "X3", EMPTY_FOLDER_KEY ".data"));
    assert_false(ms_fs_file_digest(digest, "X4", EMPTY_FOLDER_KEY ".data"));
    for (size_t size = 0; size < sizeof(EMPTY_FOLDER_KEY) - 1; size++)
        assert_false(ms_fs_key_digest(digest, EMPTY_FOLDER_KEY, size));
    assert_false(ms_fs_is_shard_name("x3"));
    assert_false(ms_fs_is_shard_name("X"));
    assert_false(ms_fs_is_shard_name(""));
    assert_false(ms_fs_is_shard_name("X31"));
    assert_false(ms_fs_is_shard_name("X1"));
    assert_false(ms_fs_is_shard_name(".."));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_the_empty_folder_lies_where_kubo_looks_for_it),
            cmocka_unit_test(test_names_lead_back_to_digests_and_shards),
            cmocka_unit_test(test_foreign_names_are_no_blocks),
    };
    return cmocka_run_group_tests_name("store: fs_layout", tests, NULL, NULL);
}
