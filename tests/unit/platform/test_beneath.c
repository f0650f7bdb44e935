/* Opening below a folder: nothing in the path may be a link or lead out, whichever way is taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "platform/beneath.h"
#include "platform/file.h"

typedef struct row {
    const char *path;
    int flags;
    int os_errno; /* 0 = opens */
} row;

static const row rows[] = {
        {"file", O_RDONLY, 0},
        {"a/b/file", O_RDONLY, 0},
        {"./a/./b//file", O_RDONLY, 0},
        {"a/b", O_RDONLY | O_DIRECTORY, 0},
        {"a/b/", O_RDONLY | O_DIRECTORY, 0},
        {"a/b/new", O_WRONLY | O_CREAT | O_EXCL, 0},
        {"a/..name/file", O_RDONLY, 0},
        {"", O_RDONLY, ENOENT},
        {"missing", O_RDONLY, ENOENT},
        {"a/missing/file", O_RDONLY, ENOENT},
        {"file/", O_RDONLY, ENOTDIR},
        {"file/x", O_RDONLY, ENOTDIR},
        {"..", O_RDONLY, EXDEV},
        {"../file", O_RDONLY, EXDEV},
        {"a/..", O_RDONLY, EXDEV},
        {"a/../file", O_RDONLY, EXDEV},
        {"a/b/../../../x", O_RDONLY, EXDEV},
        {"/", O_RDONLY, EXDEV},
        {"/etc/passwd", O_RDONLY, EXDEV},
        {"//etc/passwd", O_RDONLY, EXDEV},
        {"link_to_file", O_RDONLY, ELOOP},
        {"link_to_file", O_WRONLY | O_CREAT, ELOOP},
        {"link_to_nothing", O_WRONLY | O_CREAT, ELOOP},
        {"link_to_a", O_RDONLY, ELOOP},
        {"link_to_a", O_RDONLY | O_DIRECTORY, ELOOP},
        {"link_to_a/b/file", O_RDONLY, ELOOP},
        {"a/link_up/file", O_RDONLY, ELOOP},
        {"a/link_out/passwd", O_RDONLY, ELOOP},
        {"a/link_out/evil", O_WRONLY | O_CREAT, ELOOP},
};

static int setup(void **state)
{
    temporary_folder *folder;
    if (temporary_folder_setup(state) != 0)
        return -1;
    folder = *state;
    faulty_reset();
    if (mkdirat(folder->fd, "a", 0755) != 0 || mkdirat(folder->fd, "a/b", 0755) != 0 ||
            mkdirat(folder->fd, "a/..name", 0755) != 0)
        return -1;
    temporary_write(folder, "file", "1", 1);
    temporary_write(folder, "a/b/file", "2", 1);
    temporary_write(folder, "a/..name/file", "3", 1);
    return symlinkat("file", folder->fd, "link_to_file") +
           symlinkat("nothing", folder->fd, "link_to_nothing") +
           symlinkat("a", folder->fd, "link_to_a") + symlinkat("..", folder->fd, "a/link_up") +
           symlinkat("/etc", folder->fd, "a/link_out");
}

static void check_rows(temporary_folder *folder, int (*open_row)(int, const char *, int, mode_t))
{
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        int fd;
        errno = 0;
        fd = open_row(folder->fd, rows[i].path, rows[i].flags | O_CLOEXEC, 0600);
        if ((fd < 0 ? errno : 0) != rows[i].os_errno)
            fail_msg("'%s': errno %d instead of %d", rows[i].path, errno, rows[i].os_errno);
        if (fd >= 0)
            assert_int_equal(close(fd), 0);
    }
    assert_int_equal(faccessat(folder->fd, "nothing", F_OK, 0), -1);
    assert_int_equal(access("/etc/evil", F_OK), -1);
}

static void test_openat2_refuses_links_and_ways_out(void **state)
{
    check_rows(*state, ms_beneath_open);
    if (faulty_count(FAULTY_openat) != 0)
        print_message("# SKIP this kernel has no openat2, the walk was tested twice\n");
}

static void test_walk_refuses_the_same(void **state)
{
    check_rows(*state, ms_beneath_walk);
    assert_int_equal(faulty_count(FAULTY_openat_beneath), 0);
}

static void test_kernel_without_openat2_is_walked(void **state)
{
    static const int answers[] = {ENOSYS, EPERM, EAGAIN};
    for (size_t i = 0; i < MS_ARRAY_COUNT(answers); i++) {
        temporary_folder *folder = *state;
        faulty_reset();
        faulty_fail_always(FAULTY_openat_beneath, answers[i]);
        check_rows(folder, ms_beneath_open);
        assert_true(faulty_count(FAULTY_openat) > 0);
        unlinkat(folder->fd, "a/b/new", 0);
    }
}

static void test_walk_stops_at_a_name_that_is_too_long(void **state)
{
    temporary_folder *folder = *state;
    char path[2 * MS_FILE_PATH_SIZE_MAX];
    memset(path, 'x', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    assert_int_equal(ms_beneath_walk(folder->fd, path, O_RDONLY, 0), -1);
    assert_int_equal(errno, ENAMETOOLONG);
}

static void test_walk_closes_every_folder_when_it_fails(void **state)
{
    temporary_folder *folder = *state;
    unsigned failed = 0;
    /* The teardown counts the descriptors. */
    for (unsigned nth = 1;; nth++) {
        int fd;
        faulty_reset();
        faulty_fail(FAULTY_openat, nth, EIO);
        fd = ms_beneath_walk(folder->fd, "a/b/file", O_RDONLY | O_CLOEXEC, 0);
        if (!faulty_fired()) {
            close(fd);
            break;
        }
        assert_int_equal(fd, -1);
        failed++;
    }
    assert_int_equal(failed, 3);
}

static void test_interrupted_walk_goes_on(void **state)
{
    temporary_folder *folder = *state;
    int fd;
    faulty_fail(FAULTY_openat, 2, EINTR);
    fd = ms_beneath_walk(folder->fd, "a/b/file", O_RDONLY | O_CLOEXEC, 0);
    assert_true(fd >= 0 && faulty_fired());
    close(fd);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(
                    test_openat2_refuses_links_and_ways_out, setup, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(
                    test_walk_refuses_the_same, setup, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(
                    test_kernel_without_openat2_is_walked, setup, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(
                    test_walk_stops_at_a_name_that_is_too_long, setup, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(
                    test_walk_closes_every_folder_when_it_fails, setup, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(
                    test_interrupted_walk_goes_on, setup, temporary_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
