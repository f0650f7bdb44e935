/* Leaves of a copy on disk: what a failure to open a file of it means. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

#include "base/checked.h"
#include "crypto/sha256.h"
#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "model/leaves_priv.h"

/* Take the one chunk of "copy/weights", whose file answers with an error of the system; 0: with its bytes. */
static ms_status take(const temporary_folder *folder, int os_errno, ms_leaf *leaf, ms_error *err)
{
    static _Alignas(MS_BLOCK_ALIGNMENT) uint8_t data[MS_BLOCK_ALIGNMENT];
    static const char weights[] = "weights";
    uint8_t digest[MS_SHA256_SIZE];
    ms_copy copy;

    ms_sha256(digest, weights, 7);
    *leaf = (ms_leaf){.cid = ms_cid_sha256(MS_CODEC_RAW, digest),
            .path = "weights",
            .size = 7,
            .file_size = 7,
            .data = data,
            .data_size = sizeof(data),
            .status = MS_NOT_FOUND};
    ms_leaf_batch batch = {.leaves = leaf, .leaf_count = 1};
    assert_int_equal(ms_copy_open(&copy, temporary_path(folder, "copy"), NULL), MS_OK);
    faulty_reset();
    if (os_errno != 0)
        faulty_fail(FAULTY_openat_beneath, 1, os_errno);
    ms_status status = ms_leaves_from_copy(&copy, &batch, err);
    assert_int_equal(faulty_fired(), os_errno != 0);
    faulty_reset();
    ms_copy_close(&copy);
    return status;
}

static void test_a_file_that_cannot_be_opened_is_passed_over(void **state)
{
    static const int of_file[] = {ENOENT, EACCES, EIO, ELOOP, ESTALE, EUCLEAN, ENOTCONN, ETIMEDOUT};
    const temporary_folder *folder = *state;
    ms_error err = MS_ERROR_INIT;
    ms_leaf leaf;

    assert_int_equal(mkdirat(folder->fd, "copy", 0755), 0);
    temporary_write(folder, "copy/weights", "weights", 7);
    assert_int_equal(take(folder, 0, &leaf, &err), MS_OK);
    assert_int_equal(leaf.status, MS_OK);
    assert_true(leaf.is_reused);
    for (size_t i = 0; i < MS_ARRAY_COUNT(of_file); i++) {
        if (take(folder, of_file[i], &leaf, &err) != MS_OK)
            fail_msg("%s: %s", strerror(of_file[i]), err.message);
        assert_int_not_equal(leaf.status, MS_OK);
    }
}

static void test_our_own_trouble_is_none_of_the_file(void **state)
{
    static const int of_process[] = {EMFILE, ENFILE, ENOMEM, ENOSPC, EDQUOT};
    const temporary_folder *folder = *state;
    ms_leaf leaf;

    assert_int_equal(mkdirat(folder->fd, "copy", 0755), 0);
    temporary_write(folder, "copy/weights", "weights", 7);
    for (size_t i = 0; i < MS_ARRAY_COUNT(of_process); i++) {
        ms_error err = MS_ERROR_INIT;
        ms_status status = take(folder, of_process[i], &leaf, &err);
        if (status != MS_IO && status != MS_NO_MEMORY)
            fail_msg("%s: %d", strerror(of_process[i]), status);
        assert_int_equal(err.os_errno, of_process[i]);
    }
}

int main(void)
{
#define TEST(function) cmocka_unit_test_setup_teardown(function, temporary_folder_setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_a_file_that_cannot_be_opened_is_passed_over),
            TEST(test_our_own_trouble_is_none_of_the_file),
    };
    return cmocka_run_group_tests_name("model: leaf_sources", tests, NULL, NULL);
}
