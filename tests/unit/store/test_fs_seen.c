/* The table of digests that a session has seen: found again, removed, full, cleared. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "crypto/sha256.h"
#include "store/fs_seen_priv.h"

static void digest_of(uint8_t digest[32], uint32_t number)
{
    ms_sha256(digest, &number, sizeof(number));
}

static void test_digests_are_found_until_removed(void **state)
{
    ms_fs_seen seen;
    uint8_t digest[32];

    (void)state;
    assert_int_equal(ms_fs_seen_init(&seen, NULL), MS_OK);
    for (uint32_t i = 0; !ms_fs_seen_is_full(&seen); i++) {
        digest_of(digest, i);
        assert_int_equal(ms_fs_seen_get(&seen, digest), MS_FS_SEEN_NOT);
        ms_fs_seen_set(&seen, digest, MS_FS_SEEN_BUSY);
        ms_fs_seen_set(&seen, digest, i % 2 == 0 ? MS_FS_SEEN_PRESENT : MS_FS_SEEN_WRITTEN);
        if (i % 3 == 0)
            ms_fs_seen_set(&seen, digest, MS_FS_SEEN_NOT);
    }
    assert_int_equal(seen.used, MS_FS_SEEN_MAX);
    for (uint32_t i = 0; i < MS_FS_SEEN_MAX; i++) {
        ms_fs_seen_state expected = i % 2 == 0 ? MS_FS_SEEN_PRESENT : MS_FS_SEEN_WRITTEN;
        digest_of(digest, i);
        assert_int_equal(ms_fs_seen_get(&seen, digest), i % 3 == 0 ? MS_FS_SEEN_NOT : expected);
    }
    ms_fs_seen_clear(&seen);
    digest_of(digest, 1);
    assert_int_equal(ms_fs_seen_get(&seen, digest), MS_FS_SEEN_NOT);
    assert_false(ms_fs_seen_is_full(&seen));
    ms_fs_seen_set(&seen, digest, MS_FS_SEEN_NOT);
    assert_int_equal(seen.used, 0);
    ms_fs_seen_release(&seen);
}

static void test_digests_that_share_words_stay_apart(void **state)
{
    ms_fs_seen seen;
    uint8_t digest[32] = {0};

    (void)state;
    assert_int_equal(ms_fs_seen_init(&seen, NULL), MS_OK);
    for (unsigned i = 0; i < 256; i++) {
        digest[31] = (uint8_t)i;
        assert_int_equal(ms_fs_seen_get(&seen, digest), MS_FS_SEEN_NOT);
        ms_fs_seen_set(&seen, digest, MS_FS_SEEN_WRITTEN);
    }
    ms_fs_seen_release(&seen);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_digests_are_found_until_removed),
            cmocka_unit_test(test_digests_that_share_words_stay_apart),
    };
    return cmocka_run_group_tests_name("store: fs_seen", tests, NULL, NULL);
}
