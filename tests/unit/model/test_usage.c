/* Options of a caller that make no sense: each is refused by name before anything is made. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "doubles/temporary_folder.h"
#include "model_storage.h"
#include "unit/model/home.h"

#define PATH_NOWHERE "/nowhere"

static ms_status read_nothing(void *payload, void *data, size_t size_max, size_t *size)
{
    (void)payload;
    (void)data;
    (void)size_max;
    *size = 0;
    return MS_OK;
}

static ms_status write_nowhere(void *payload, const void *data, size_t size)
{
    (void)payload;
    (void)data;
    (void)size;
    return MS_OK;
}

/* Nothing came to be, not even a home. */
#define REFUSED(command, given, expected_status, expected_reason)                                  \
    do {                                                                                           \
        ms_operation *made = NULL;                                                            \
        ms_error told = MS_ERROR_INIT;                                                              \
        ms_status outcome = ms_model_##command(&made, storage, (given), NULL, &told);           \
        if (outcome != (expected_status) || strcmp(told.reason, (expected_reason)) != 0)             \
            fail_msg(#command ": %d %s: %s", (int)outcome, told.reason, told.message);                \
        assert_int_equal(told.status, outcome);                                                      \
        ms_operation_free(made);                                                              \
        assert_int_equal(temporary_count(folder, "."), 0);                                         \
    } while (0)

static void test_a_store_needs_an_id_and_one_source(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage *storage = open_home(folder);
    const char *const globs[] = {"*.bin"};
    ms_store_options options = MS_STORE_OPTIONS_INIT;

    REFUSED(store, NULL, MS_USAGE, "store_what");
    REFUSED(store, &options, MS_USAGE, "store_what");
    options.model_id = "m";
    REFUSED(store, &options, MS_USAGE, "store_what");
    options.path = PATH_NOWHERE;
    options.read = read_nothing;
    REFUSED(store, &options, MS_USAGE, "store_what");
    options.path = NULL;
    options.include = globs;
    options.include_count = 1;
    REFUSED(store, &options, MS_USAGE, "store_stream_globs");
    options.model_id = "a//b";
    REFUSED(store, &options, MS_USAGE, "model_id_part");
    ms_storage_close(storage);
}

static void test_a_retrieval_needs_a_name_and_one_end(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage *storage = open_home(folder);
    const char *seeds[256] = {0};
    ms_retrieve_options options = MS_RETRIEVE_OPTIONS_INIT;

    REFUSED(retrieve, NULL, MS_USAGE, "retrieve_what");
    options.ref = "m";
    REFUSED(retrieve, &options, MS_USAGE, "retrieve_what");
    options.output = PATH_NOWHERE;
    options.write = write_nowhere;
    REFUSED(retrieve, &options, MS_USAGE, "retrieve_what");
    options.write = NULL;
    options.format_tar = true;
    REFUSED(retrieve, &options, MS_USAGE, "retrieve_format");
    options.format_tar = false;
    options.seeds = seeds;
    options.seed_count = sizeof(seeds) / sizeof(seeds[0]);
    REFUSED(retrieve, &options, MS_LIMIT, "retrieve_seeds");
    options.seed_count = 0;
    options.output = NULL;
    options.write = write_nowhere;
    for (unsigned i = 0; i < 3; i++) {
        options.extract = i == 0;
        options.force = i == 1;
        options.dry_run = i == 2;
        REFUSED(retrieve, &options, MS_USAGE, "retrieve_stream");
    }
    ms_storage_close(storage);
}

static void test_a_name_that_is_missing_is_an_empty_one(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage *storage = open_home(folder);

    REFUSED(info, NULL, MS_USAGE, "ref_empty");
    REFUSED(verify, NULL, MS_USAGE, "ref_empty");
    REFUSED(repair, NULL, MS_USAGE, "ref_empty");
    REFUSED(activate, NULL, MS_USAGE, "ref_empty");
    REFUSED(deactivate, NULL, MS_USAGE, "ref_empty");
    REFUSED(remove, NULL, MS_USAGE, "ref_empty");
    ms_storage_close(storage);
}

static void test_a_page_has_its_limits(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage *storage = open_home(folder);
    ms_operation *operation = NULL;
    ms_list_options options = MS_LIST_OPTIONS_INIT;

    options.limit = 1001;
    REFUSED(list, &options, MS_USAGE, "list_limit");
    options.limit = 1000;
    assert_int_equal(ms_model_list(&operation, storage, &options, NULL, NULL), MS_OK);
    ms_operation_free(operation);
    options.publisher = "0x12";
    REFUSED(list, &options, MS_USAGE, "list_publisher");
    options.publisher = NULL;
    options.after = "nobody gave this";
    REFUSED(list, &options, MS_USAGE, "cursor_malformed");
    ms_storage_close(storage);
}

static void test_to_activate_and_to_revoke_are_opposites(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage *storage = open_home(folder);
    ms_lifecycle_options options = MS_LIFECYCLE_OPTIONS_INIT;

    options.ref = "m";
    options.revoke = true;
    REFUSED(activate, &options, MS_USAGE, "activate_revoke");
    ms_storage_close(storage);
}

static void test_an_options_struct_has_its_size(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage *storage = open_home(folder);
    ms_storage *other = NULL;
    const ms_list_options unsized = {0};
    const ms_operation_options how = {0};
    const ms_storage_options storage_options = {0};
    ms_operation *operation = NULL;
    ms_error err = MS_ERROR_INIT;

    REFUSED(list, &unsized, MS_USAGE, "options_size");
    assert_int_equal(ms_model_list(&operation, storage, NULL, &how, &err), MS_USAGE);
    assert_string_equal(err.reason, "options_size");
    ms_operation_free(operation);
    assert_int_equal(ms_storage_open(&other, &storage_options, &err), MS_USAGE);
    assert_string_equal(err.reason, "options_size");
    assert_null(other);
    ms_storage_close(storage);
}

/* Actions on keys make the home, for their lock; what is asked for is refused all the same. */
static void test_actions_on_keys_need_what_they_are_about(void **state)
{
    const temporary_folder *folder = *state;
    ms_storage *storage = open_home(folder);
    static const struct {
        ms_key_action action;
        const char *address, *file;
        const char *reason;
    } rows[] = {
            {MS_KEY_IMPORT, NULL, NULL, "key_file"},
            {MS_KEY_DEFAULT, NULL, NULL, "key_address"},
            {MS_KEY_DEFAULT, "0x12", NULL, "key_address"},
            {MS_KEY_EXPORT, NULL, NULL, "key_file"},
            {MS_KEY_EXPORT, "0x12", PATH_NOWHERE, "key_address"},
            {MS_KEY_PASSWORD, "0x12", NULL, "key_address"},
            {(ms_key_action)99, NULL, NULL, "key_action"},
    };

    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
        ms_operation *operation = NULL;
        ms_error err = MS_ERROR_INIT;
        ms_key_options options = MS_KEY_OPTIONS_INIT;

        options.action = rows[i].action;
        options.address = rows[i].address;
        options.file = rows[i].file;
        if (ms_model_key(&operation, storage, &options, NULL, &err) != MS_USAGE || strcmp(err.reason, rows[i].reason) != 0)
            fail_msg("row %zu: %s: %s", i, err.reason, err.message);
        ms_operation_free(operation);
    }
    ms_storage_close(storage);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, temporary_folder_setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            IN_FOLDER(test_a_store_needs_an_id_and_one_source),
            IN_FOLDER(test_a_retrieval_needs_a_name_and_one_end),
            IN_FOLDER(test_a_name_that_is_missing_is_an_empty_one),
            IN_FOLDER(test_a_page_has_its_limits),
            IN_FOLDER(test_to_activate_and_to_revoke_are_opposites),
            IN_FOLDER(test_an_options_struct_has_its_size),
            IN_FOLDER(test_actions_on_keys_need_what_they_are_about),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
