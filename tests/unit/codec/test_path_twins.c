/* One folder's names: which pairs are refused, and that thousands of others are not. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/path_twins.h"

static ms_status add(ms_path_twins *twins, const char *name, ms_error *err)
{
    return ms_path_twins_add(twins, ms_span_of(name, strlen(name)), err);
}

static void test_twins_are_refused_and_both_are_named(void **state)
{
    ms_error err = MS_ERROR_INIT;
    ms_path_twins twins;

    (void)state;
    ms_path_twins_init(&twins);
    assert_int_equal(add(&twins, "config.json", NULL), MS_OK);
    assert_int_equal(add(&twins, "README.md", NULL), MS_OK);
    assert_int_equal(add(&twins, "\xc3\xa9t\xc3\xa9", NULL), MS_OK);
    assert_int_equal(add(&twins, "Readme.md", &err), MS_MALFORMED);
    assert_string_equal(err.reason, "path_twins");
    assert_non_null(strstr(err.message, "\"README.md\""));
    assert_non_null(strstr(err.message, "\"Readme.md\""));
    assert_int_equal(add(&twins, "e\xcc\x81te\xcc\x81", &err), MS_MALFORMED);
    assert_string_equal(err.reason, "path_twins");
    assert_int_equal(add(&twins, "config.json", &err), MS_MALFORMED);
    assert_string_equal(err.reason, "path_repeated");
    assert_int_equal(twins.count, 3);
    assert_int_equal(add(&twins, "config.jso", NULL), MS_OK);
    assert_int_equal(add(&twins, "config.json5", NULL), MS_OK);
    ms_path_twins_release(&twins);
}

/* Every name is found again, whatever the order in which the tree grew. */
static void test_each_of_many_names_is_found_again(void **state)
{
    enum { COUNT = 5000 };
    ms_path_twins twins;
    char name[32];

    (void)state;
    ms_path_twins_init(&twins);
    for (unsigned i = 0; i < COUNT; i++) {
        unsigned mixed = i * 2654435761u;

        (void)snprintf(name, sizeof name, "%x%s", mixed, i % 3 == 0 ? ".bin" : "");
        assert_int_equal(add(&twins, name, NULL), MS_OK);
    }
    for (unsigned i = 0; i < COUNT; i++) {
        unsigned mixed = i * 2654435761u;

        (void)snprintf(name, sizeof name, "%X%s", mixed, i % 3 == 0 ? ".BIN" : "");
        assert_int_equal(add(&twins, name, NULL), MS_MALFORMED);
    }
    assert_int_equal(twins.count, COUNT);
    ms_path_twins_release(&twins);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_twins_are_refused_and_both_are_named),
            cmocka_unit_test(test_each_of_many_names_is_found_again),
    };

    return cmocka_run_group_tests_name("codec/path_twins", tests, NULL, NULL);
}
