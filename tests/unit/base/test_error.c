/* ms_error: what is written, what is forgotten, and never beyond the declared size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>

#include "base/error.h"

static void test_failure_fills_and_forgets(void **state)
{
    ms_error err = MS_ERROR_INIT;

    (void)state;
    assert_int_equal(ms_fail(&err, MS_LIMIT, "first", "The %s", "first"), MS_LIMIT);
    ms_error_set_hint(&err, "Do %d things", 3);
    ms_error_set_path(&err, "a/b");
    ms_error_set_cid(&err, "bafy");
    ms_error_set_url(&err, "https://node.example/");
    ms_error_set_http_status(&err, 404);
    ms_error_set_rpc_code(&err, -32000);
    ms_error_set_offset(&err, 12);
    ms_error_set_chunk(&err, 34);
    assert_int_equal(err.status, MS_LIMIT);
    assert_string_equal(err.reason, "first");
    assert_string_equal(err.message, "The first");
    assert_string_equal(err.hint, "Do 3 things");
    assert_string_equal(err.path, "a/b");
    assert_string_equal(err.cid, "bafy");
    assert_string_equal(err.url, "https://node.example/");
    assert_int_equal(err.http_status, 404);
    assert_int_equal(err.rpc_code, -32000);
    assert_int_equal(err.offset, 12);
    assert_int_equal(err.chunk_index, 34);

    assert_int_equal(ms_fail(&err, MS_IO, "second", "The second"), MS_IO);
    assert_string_equal(err.reason, "second");
    assert_string_equal(err.hint, "");
    assert_string_equal(err.path, "");
    assert_string_equal(err.cid, "");
    assert_string_equal(err.url, "");
    assert_int_equal(err.http_status, 0);
    assert_int_equal(err.rpc_code, 0);
    assert_int_equal(err.offset, -1);
    assert_int_equal(err.chunk_index, -1);
    assert_int_equal(err.size, sizeof(err));
}

static void test_null_is_taken_everywhere(void **state)
{
    ms_error err = MS_ERROR_INIT;

    (void)state;
    assert_int_equal(ms_fail(NULL, MS_KEY, "r", "m"), MS_KEY);
    assert_int_equal(ms_fail_errno(NULL, ENOMEM, "r", "m"), MS_NO_MEMORY);
    assert_int_equal(ms_fail_errno(NULL, EACCES, "r", "m"), MS_IO);
    assert_int_equal(ms_fail_memory(NULL, 1), MS_NO_MEMORY);
    ms_error_set_hint(NULL, "h");
    ms_error_set_path(NULL, "p");
    ms_error_set_cid(NULL, "c");
    ms_error_set_url(NULL, "u");
    ms_error_set_http_status(NULL, 1);
    ms_error_set_rpc_code(NULL, 1);
    ms_error_set_offset(NULL, 1);
    ms_error_set_chunk(NULL, 1);
    ms_error_copy(NULL, &err);
    ms_error_copy(&err, NULL);
    assert_int_equal(err.status, MS_OK);
}

/* A caller compiled against an older struct: every size down to nothing, with a guard after it. */
static void test_no_byte_beyond_the_declared_size_is_written(void **state)
{
    (void)state;
    for (size_t size = 0; size <= sizeof(ms_error); size++) {
        ms_error err;
        ms_error from = MS_ERROR_INIT;
        unsigned char *bytes = (unsigned char *)&err;

        memset(&err, 0xee, sizeof(err));
        err.size = (uint32_t)size;
        (void)ms_fail_errno(&err, ENOSPC, "reason", "message");
        ms_error_set_hint(&err, "hint");
        ms_error_set_path(&err, "path");
        ms_error_set_cid(&err, "cid");
        ms_error_set_url(&err, "url");
        ms_error_set_http_status(&err, 7);
        ms_error_set_rpc_code(&err, 7);
        ms_error_set_offset(&err, 7);
        ms_error_set_chunk(&err, 7);
        (void)ms_fail(&from, MS_KEY, "reason", "message");
        ms_error_set_url(&from, "url");
        ms_error_copy(&err, &from);
        assert_int_equal(err.size, size);
        for (size_t i = size < sizeof(err.size) ? sizeof(err.size) : size; i < sizeof(err); i++)
            assert_int_equal(bytes[i], 0xee);
        if (size >= offsetof(ms_error, reason) + sizeof(err.reason))
            assert_string_equal(err.reason, "reason");
    }
}

static void test_copy_into_a_larger_struct_fills_the_rest(void **state)
{
    ms_error to = MS_ERROR_INIT;
    ms_error from = MS_ERROR_INIT;

    (void)state;
    (void)ms_fail(&to, MS_KEY, "old", "old");
    ms_error_set_url(&to, "old");
    (void)ms_fail(&from, MS_IO, "new", "new");
    ms_error_set_path(&from, "path");
    from.size = offsetof(ms_error, url); /* it knows no url */
    ms_error_copy(&to, &from);
    assert_int_equal(to.status, MS_IO);
    assert_string_equal(to.reason, "new");
    assert_string_equal(to.path, "path");
    assert_string_equal(to.url, "");
    assert_int_equal(to.size, sizeof(to));
    ms_error_copy(&to, &to);
    assert_string_equal(to.reason, "new");
}

static void test_messages_are_cut_between_characters(void **state)
{
    ms_error err = MS_ERROR_INIT;
    char name[1200];

    (void)state;
    memset(name, 'x', sizeof(name));
    memcpy(name + MS_ERROR_MESSAGE_SIZE - 3, "\xe2\x82\xac", 3);
    name[sizeof(name) - 1] = '\0';
    (void)ms_fail(&err, MS_USAGE, "r", "%s", name);
    assert_int_equal(strlen(err.message), MS_ERROR_MESSAGE_SIZE - 3);
    ms_error_set_path(&err, name);
    assert_int_equal(strlen(err.path), MS_ERROR_PATH_SIZE - 1);
    (void)ms_fail(&err, MS_USAGE, name, "m");
    assert_int_equal(strlen(err.reason), MS_ERROR_REASON_SIZE - 1);
}

static void test_own_message_can_be_wrapped(void **state)
{
    ms_error err = MS_ERROR_INIT;

    (void)state;
    (void)ms_fail(&err, MS_IO, "inner", "inner text");
    (void)ms_fail(&err, MS_PARTIAL, err.reason, "Outer: %s", err.message);
    assert_string_equal(err.message, "Outer: inner text");
    assert_string_equal(err.reason, "inner");
    ms_error_set_hint(&err, "%s", err.message);
    ms_error_set_hint(&err, "See %s", err.hint);
    assert_string_equal(err.hint, "See Outer: inner text");
}

static void test_errno_chooses_status_text_and_hint(void **state)
{
    ms_error err = MS_ERROR_INIT;
    char path[1000];

    (void)state;
    assert_int_equal(ms_fail_errno(&err, ENOSPC, "write", "Cannot write %s", "x"), MS_IO);
    assert_string_equal(err.message, "Cannot write x: No space left on device");
    assert_int_equal(err.os_errno, ENOSPC);
    assert_true(strlen(err.hint) > 0);
    assert_int_equal(ms_fail_errno(&err, ENOMEM, "write", "Cannot map"), MS_NO_MEMORY);
    assert_int_equal(ms_fail_errno(&err, EINTR, "write", "Cannot wait"), MS_IO);
    assert_string_equal(err.hint, "");
    assert_int_equal(ms_fail_errno(&err, 99999, "write", "Strange"), MS_IO);
    assert_non_null(strstr(err.message, "99999"));
    memset(path, 'p', sizeof(path));
    path[sizeof(path) - 1] = '\0';
    (void)ms_fail_errno(&err, EACCES, "open", "Cannot open %s", path);
    assert_non_null(strstr(err.message, ": Permission denied")); /* whatever the path's length */
}

static void test_huge_positions_are_cut_to_the_greatest(void **state)
{
    ms_error err = MS_ERROR_INIT;

    (void)state;
    ms_error_set_offset(&err, UINT64_MAX);
    assert_true(err.offset == INT64_MAX);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_failure_fills_and_forgets),
            cmocka_unit_test(test_null_is_taken_everywhere),
            cmocka_unit_test(test_no_byte_beyond_the_declared_size_is_written),
            cmocka_unit_test(test_copy_into_a_larger_struct_fills_the_rest),
            cmocka_unit_test(test_messages_are_cut_between_characters),
            cmocka_unit_test(test_own_message_can_be_wrapped),
            cmocka_unit_test(test_errno_chooses_status_text_and_hint),
            cmocka_unit_test(test_huge_positions_are_cut_to_the_greatest),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
