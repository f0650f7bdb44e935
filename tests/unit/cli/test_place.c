/* Whether two paths lead to the same place, whatever they are called on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "doubles/temporary_folder.h"
#include "place.h"

/* "a", "a/b" folders, "a/file", "link" to a/b, "loose" to nothing, "hard" the same file as a/file. */
static void make_tree(const temporary_folder *folder)
{
    assert_int_equal(mkdir(temporary_path(folder, "a"), 0700), 0);
    assert_int_equal(mkdir(temporary_path(folder, "a/b"), 0700), 0);
    temporary_write(folder, "a/file", "x", 1);
    assert_int_equal(symlink("a/b", temporary_path(folder, "link")), 0);
    assert_int_equal(symlink("nothing", temporary_path(folder, "loose")), 0);
    assert_int_equal(link(temporary_path(folder, "a/file"), temporary_path(folder, "hard")), 0);
}

static void test_links_and_dots_are_resolved_and_what_is_not_there_stays(void **state)
{
    const temporary_folder *folder = *state;
    static const struct {
        const char *path, *place;
    } rows[] = {
            {"a", "/a"},
            {"a/", "/a"},
            {"./a/../a//b", "/a/b"},
            {"link", "/a/b"},
            {"link/x", "/a/b/x"},
            {"link/../x", "/a/x"},
            {"x", "/x"},
            {"x/", "/x"},
            {"a//x//y/", "/a/x/y"},
            {"loose", "/loose"},
    };
    char before[PATH_MAX];

    make_tree(folder);
    assert_non_null(getcwd(before, sizeof(before)));
    assert_int_equal(chdir(folder->path), 0);
    char *root = cli_place_resolve(".");
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char expected[PATH_MAX];
        char *place = cli_place_resolve(rows[i].path);

        (void)snprintf(expected, sizeof(expected), "%s%s", root, rows[i].place);
        if (place == NULL || strcmp(place, expected) != 0)
            fail_msg("%s is %s", rows[i].path, place != NULL ? place : "nowhere");
        free(place);
        place = cli_place_resolve(temporary_path(folder, rows[i].path));
        assert_string_equal(place, expected);
        free(place);
    }
    free(root);
    assert_int_equal(chdir(before), 0);
}

static void test_what_leads_nowhere_is_said(void **state)
{
    static char longest[PATH_MAX + 10];

    memset(longest, 'x', sizeof(longest) - 1);
    assert_null(cli_place_resolve(""));
    assert_int_equal(errno, ENOENT);
    assert_null(cli_place_resolve(longest));
    assert_int_equal(errno, ENAMETOOLONG);
    make_tree(*state);
    assert_null(cli_place_resolve(temporary_path(*state, "a/file/x")));
    assert_int_equal(errno, ENOTDIR);
}

static void test_a_place_holds_itself_and_what_lies_in_it(void **state)
{
    const temporary_folder *folder = *state;
    static const struct {
        const char *place, *path;
        bool holds;
    } rows[] = {
            {"a", "a", true},
            {"a", "a/b", true},
            {"a", "a/new", true},
            {"a", "link/deep/new", true},
            {"a", "ab", false},
            {"a/b", "a", false},
            {"new", "new/x", true},
            {"new", "newer", false},
            {"a/file", "hard", true},
            {"hard", "a/file", true},
            {"hard", "a/other", false},
    };

    make_tree(folder);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        char *place = cli_place_resolve(temporary_path(folder, rows[i].place));
        char *path = cli_place_resolve(temporary_path(folder, rows[i].path));

        if (cli_place_holds(place, path) != rows[i].holds)
            fail_msg("%s and %s", rows[i].place, rows[i].path);
        free(place);
        free(path);
    }
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, temporary_folder_setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            IN_FOLDER(test_links_and_dots_are_resolved_and_what_is_not_there_stays),
            IN_FOLDER(test_what_leads_nowhere_is_said),
            IN_FOLDER(test_a_place_holds_itself_and_what_lies_in_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
