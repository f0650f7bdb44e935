/* Extraction: what passes, what is refused by which name, limits, cuts, and that nothing outside the
 * target is ever touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/archive_reader.h"
#include "base/checked.h"
#include "doubles/short_memory.h"
#include "foreign.h"
#include "temporary.h"

/* Extract bytes as a file into a fresh target; everything beside the target must stay as it was. */
static ms_status extract(temporary *folder, ms_span bytes,
        const ms_archive_extract_options *options, ms_archive_summary *summary, ms_error *err)
{
    close(folder->target);
    temporary_empty(folder->fd);
    assert_int_equal(mkdirat(folder->fd, "stranger", 0755), 0);
    temporary_write(folder, "stranger/file", "untouched", 9);
    temporary_make_target(folder);
    temporary_write(folder, "archive", bytes.data, bytes.size);
    char *before = temporary_listing(folder->fd, "target");
    int fd = openat(folder->fd, "archive", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ms_status status = ms_archive_extract(fd, folder->target, options, NULL, summary, err);
    close(fd);
    char *after = temporary_listing(folder->fd, "target");
    assert_string_equal(before, after);
    free(before);
    free(after);
    return status;
}

static void test_plain_files_and_folders_come_out(void **state)
{
    static const char expected[] = "a 40755 0 \n"
                                   "a/b 40755 0 \n"
                                   "a/b/implied 100644 5 2cf24dba\n"
                                   "a/first 100644 3 ba7816bf\n"
                                   "root 100644 0 e3b0c442\n";
    temporary folder;
    ms_buffer tar;
    ms_archive_summary summary;
    (void)state;
    temporary_make(&folder);
    ms_buffer_init(&tar, FOREIGN_SIZE_MAX);
    foreign_tar(&tar, "./", '5', "", 0);
    foreign_tar(&tar, "./a/", '5', "", 0);
    foreign_tar(&tar, "./a/first", '0', "abc", 3);
    foreign_tar(&tar, "a/b/implied", '\0', "hello", 5);
    foreign_tar(&tar, "a/b/", '5', "", 0);
    foreign_tar(&tar, "root", '7', "", 0);
    foreign_tar_end(&tar);
    for (int sync = 0; sync < 2; sync++) {
        ms_archive_extract_options options = {.sync = sync != 0};
        assert_int_equal(
                extract(&folder, ms_buffer_span(&tar), &options, &summary, NULL), MS_OK);
        char *listing = temporary_listing(folder.target, NULL);
        assert_string_equal(listing, expected);
        free(listing);
        assert_int_equal(summary.format, MS_ARCHIVE_TAR);
        assert_int_equal(summary.files, 3);
        assert_int_equal(summary.folders, 2);
        assert_int_equal(summary.bytes, 8);
    }
    ms_buffer_release(&tar);
    temporary_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_plain_files_and_folders_come_out),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
