/* Two folders on disk, compared name by name and byte by byte, until somebody cancels. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/checked.h"
#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "model/same_tree_priv.h"

#define LARGE_SIZE ((size_t)8 << 20)
#define NAMES 100

static void make_large(const temporary_folder *folder, const char *root)
{
    char name[64];
    uint8_t *bytes = calloc(1, LARGE_SIZE);
    assert_non_null(bytes);
    snprintf(name, sizeof(name), "%s/large", root);
    temporary_write(folder, name, bytes, LARGE_SIZE);
    free(bytes);
}

static void make_folders(const temporary_folder *folder, const char *root)
{
    char name[64];
    for (unsigned i = 0; i < NAMES; i++) {
        snprintf(name, sizeof(name), "%s/f%u", root, i);
        assert_int_equal(mkdirat(folder->fd, name, 0755), 0);
    }
}

static void cancel(void *payload)
{
    ms_task_cancel(payload);
}

/* Cancelled at a call that comes once for each name or piece: few of them follow. */
static void test_cancel_stops_the_comparison(void **state)
{
    static const struct {
        const char *a;
        const char *b;
        void (*make)(const temporary_folder *folder, const char *root);
        faulty_call call;
        unsigned nth;
    } rows[] = {
            {"a", "b", make_large, FAULTY_pread, 1},
            {"names-a", "names-b", make_folders, FAULTY_readdir, 3},
            {"other-a", "other-b", make_folders, FAULTY_readdir, 5 * NAMES}, /* looking for what is extra */
    };
    const temporary_folder *folder = *state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_task *task = NULL;
        bool is_same = false;
        assert_int_equal(mkdirat(folder->fd, rows[i].a, 0755), 0);
        assert_int_equal(mkdirat(folder->fd, rows[i].b, 0755), 0);
        rows[i].make(folder, rows[i].a);
        rows[i].make(folder, rows[i].b);
        const int tree = openat(folder->fd, rows[i].b, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        assert_int_equal(ms_task_new(&task, NULL, NULL), MS_OK);
        assert_int_equal(ms_same_tree(folder->fd, rows[i].a, tree, task, &is_same, NULL), MS_OK);
        assert_true(is_same);
        faulty_reset();
        faulty_interfere(rows[i].call, rows[i].nth, cancel, task);
        assert_int_equal(ms_same_tree(folder->fd, rows[i].a, tree, task, &is_same, NULL), MS_INTERRUPTED);
        assert_false(is_same);
        assert_in_range(faulty_count(rows[i].call), rows[i].nth, rows[i].nth + 2);
        faulty_reset();
        ms_task_free(task);
        close(tree);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(
                    test_cancel_stops_the_comparison, temporary_folder_setup, temporary_folder_teardown),
    };
    return cmocka_run_group_tests_name("model: same tree", tests, NULL, NULL);
}
