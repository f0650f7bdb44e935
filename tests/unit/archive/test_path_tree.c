/* The tree of paths: what is new, what repeats, what is a twin, whatever the order of addition. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "archive/path_tree.h"
#include "codec/path.h"
#include "doubles/short_memory.h"

static ms_status add(ms_path_tree *tree, const ms_path_node **node, bool *added,
        const ms_path_node *parent, const char *name, bool is_folder, ms_error *err)
{
    return ms_path_tree_add(
            tree, node, added, parent, ms_span_of(name, strlen(name)), is_folder, err);
}

static void test_names_are_told_apart_by_folder(void **state)
{
    ms_path_tree *tree;
    const ms_path_node *a;
    const ms_path_node *b;
    const ms_path_node *x;
    const ms_path_node *again;
    bool added;
    char path[MS_PATH_SIZE_MAX + 1];
    ms_error err = MS_ERROR_INIT;
    (void)state;
    assert_int_equal(ms_path_tree_new(&tree, NULL), MS_OK);
    const ms_path_node *root = ms_path_tree_root(tree);
    ms_path_tree_path(root, path, sizeof(path));
    assert_string_equal(path, ".");
    assert_int_equal(add(tree, &a, &added, root, "a", true, NULL), MS_OK);
    assert_true(added);
    assert_int_equal(add(tree, &b, &added, root, "ab", true, NULL), MS_OK);
    assert_true(added);
    assert_int_equal(add(tree, &x, &added, a, "x", false, NULL), MS_OK);
    assert_true(added);
    ms_path_tree_path(x, path, sizeof(path));
    assert_string_equal(path, "a/x");
    /* The same name elsewhere, in another case, is no twin. */
    assert_int_equal(add(tree, &again, &added, b, "X", true, NULL), MS_OK);
    assert_true(added);
    assert_int_equal(add(tree, &again, &added, a, "x", false, NULL), MS_OK);
    assert_false(added);
    assert_ptr_equal(again, x);
    assert_int_equal(add(tree, &again, &added, a, "X", false, &err), MS_MALFORMED);
    assert_string_equal(err.reason, "path_twins");
    assert_int_equal(add(tree, &again, &added, a, "x", true, &err), MS_MALFORMED);
    assert_string_equal(err.reason, "archive_kinds");
    assert_null(again);
    ms_path_tree_free(tree);
}

static void test_many_names_in_any_order_are_all_found(void **state)
{
    enum { COUNT = 20011 }; /* prime: every stride visits all */
    static const unsigned strides[] = {1, 7919, COUNT - 1};
    (void)state;
    for (size_t s = 0; s < 3; s++) {
        ms_path_tree *tree;
        const ms_path_node *node;
        bool added;
        char name[32];
        assert_int_equal(ms_path_tree_new(&tree, NULL), MS_OK);
        for (unsigned round = 0; round < 2; round++) {
            for (unsigned i = 0; i < COUNT; i++) {
                snprintf(name, sizeof(name), "model-%u", (i + 1) * strides[s] % COUNT);
                assert_int_equal(
                        add(tree, &node, &added, ms_path_tree_root(tree), name, false, NULL), MS_OK);
                assert_int_equal(added, round == 0);
                assert_memory_equal(node->name.data, name, strlen(name));
            }
        }
        ms_path_tree_free(tree);
    }
}

static void test_nodes_are_listed_in_order_of_addition(void **state)
{
    static const char *const names[] = {"m", "z", "a", "q"};
    ms_path_tree *tree;
    const ms_path_node *node;
    bool added;
    (void)state;
    assert_int_equal(ms_path_tree_new(&tree, NULL), MS_OK);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(
                add(tree, &node, &added, ms_path_tree_root(tree), names[i], true, NULL), MS_OK);
    node = ms_path_tree_root(tree)->next;
    for (size_t i = 0; i < 4; i++, node = node->next)
        assert_memory_equal(node->name.data, names[i], 1);
    assert_null(node);
    ms_path_tree_free(tree);
}

static void test_longest_path_is_written(void **state)
{
    ms_path_tree *tree;
    bool added;
    char name[256];
    char path[MS_PATH_SIZE_MAX + 1];
    (void)state;
    memset(name, 'n', 255);
    name[255] = '\0';
    assert_int_equal(ms_path_tree_new(&tree, NULL), MS_OK);
    const ms_path_node *node = ms_path_tree_root(tree);
    for (int i = 0; i < 4; i++)
        assert_int_equal(add(tree, &node, &added, node, name, true, NULL), MS_OK);
    ms_path_tree_path(node, path, sizeof(path));
    assert_int_equal(strlen(path), 4 * 255 + 3);
    assert_int_equal(path[255], '/');
    ms_path_tree_free(tree);
}

static void test_short_memory_is_reported(void **state)
{
    ms_status status = MS_NO_MEMORY;
    (void)state;
    for (size_t fail_at = 1; status != MS_OK; fail_at++) {
        ms_path_tree *tree;
        const ms_path_node *node;
        bool added;
        short_memory_begin(fail_at);
        status = ms_path_tree_new(&tree, NULL);
        for (int i = 0; i < 100 && status == MS_OK; i++) {
            char name[16];
            snprintf(name, sizeof(name), "n%d", i);
            status = add(tree, &node, &added, ms_path_tree_root(tree), name, false, NULL);
        }
        ms_path_tree_free(tree);
        assert_int_equal(short_memory_end(), 0);
        assert_true(status == MS_OK || status == MS_NO_MEMORY);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_names_are_told_apart_by_folder),
            cmocka_unit_test(test_many_names_in_any_order_are_all_found),
            cmocka_unit_test(test_nodes_are_listed_in_order_of_addition),
            cmocka_unit_test(test_longest_path_is_written),
            cmocka_unit_test(test_short_memory_is_reported),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
