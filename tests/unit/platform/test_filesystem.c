/* File systems as a whole: sync and free space. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <sys/statvfs.h>

#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "platform/file.h"

static int setup(void **state)
{
    faulty_reset();
    return temporary_folder_setup(state);
}

static void test_free_space_is_what_users_may_still_write(void **state)
{
    temporary_folder *folder = *state;
    struct statvfs native;
    uint64_t bytes;
    double expected;
    assert_int_equal(ms_filesystem_free(folder->fd, &bytes, NULL), MS_OK);
    assert_int_equal(statvfs(folder->path, &native), 0);
    expected = (double)native.f_bavail * (double)native.f_frsize;
    assert_true((double)bytes > expected * 0.9 && (double)bytes < expected * 1.1);
}

static void test_unknown_free_space_is_an_error(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    uint64_t bytes = 1;
    faulty_fail(FAULTY_fstatvfs, 1, EIO);
    assert_int_equal(ms_filesystem_free(folder->fd, &bytes, &error), MS_IO);
    assert_int_equal(bytes, 0);
    assert_int_equal(error.os_errno, EIO);
}

static void test_failed_sync_of_a_file_system_is_reported_and_not_repeated(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    faulty_fail(FAULTY_syncfs, 1, EIO);
    assert_int_equal(ms_filesystem_sync(folder->fd, &error), MS_IO);
    assert_string_equal(error.reason, "sync_failed");
    assert_string_equal(faulty_record(), "syncfs");
}

static void test_system_without_syncfs_syncs_the_descriptor(void **state)
{
    temporary_folder *folder = *state;
    faulty_fail_always(FAULTY_syncfs, ENOSYS);
    assert_int_equal(ms_filesystem_sync(folder->fd, NULL), MS_OK);
    assert_string_equal(faulty_record(), "syncfs fsync");
    faulty_fail(FAULTY_fsync, 1, EIO);
    assert_int_equal(ms_filesystem_sync(folder->fd, NULL), MS_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(test_free_space_is_what_users_may_still_write, setup,
                    temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(
                    test_unknown_free_space_is_an_error, setup, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(
                    test_failed_sync_of_a_file_system_is_reported_and_not_repeated, setup,
                    temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(test_system_without_syncfs_syncs_the_descriptor, setup,
                    temporary_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
