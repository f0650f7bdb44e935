/* The template: what config init writes loads again and changes nothing. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/stat.h>

#include <cmocka.h>

#include "config/config.h"
#include "doubles/temporary_folder.h"

static void test_a_written_template_loads_without_warnings_and_asks_for_no_network(void **state)
{
    const temporary_folder *folder = *state;
    const char *path = temporary_path(folder, "new/folder/config.json");
    ms_storage_options options = MS_STORAGE_OPTIONS_INIT;
    ms_config *config;
    struct stat about;

    assert_int_equal(ms_config_write_template(path, NULL), MS_OK);
    assert_int_equal(stat(path, &about), 0);
    assert_int_equal(about.st_mode & 0777, 0600);
    assert_int_equal(stat(temporary_path(folder, "new"), &about), 0);
    assert_int_equal(about.st_mode & 0777, 0700);

    options.home = folder->path;
    options.config_file = path;
    options.ignore_environment = true;
    assert_int_equal(ms_config_load(&config, &options, NULL), MS_OK);
    assert_int_equal(ms_config_warning_count(config), 0);
    assert_int_equal(ms_config_check(config, NULL), MS_OK);
    assert_int_equal(ms_config_u64(config, "storage.chunkSize"), 1048576);
    ms_config_free(config);
}

static void test_an_existing_file_is_never_replaced(void **state)
{
    const temporary_folder *folder = *state;
    char content[8] = "";
    ms_error err = MS_ERROR_INIT;

    temporary_write(folder, "config.json", "mine", 4);
    assert_int_equal(
            ms_config_write_template(temporary_path(folder, "config.json"), &err), MS_USAGE);
    assert_string_equal(err.reason, "config_exists");
    assert_int_equal(temporary_read(folder, "config.json", content, sizeof(content)), 4);
    assert_memory_equal(content, "mine", 4);
}

static void test_a_folder_that_cannot_be_made_is_an_error(void **state)
{
    const temporary_folder *folder = *state;
    ms_error err = MS_ERROR_INIT;

    temporary_write(folder, "file", "x", 1);
    assert_int_equal(
            ms_config_write_template(temporary_path(folder, "file/config.json"), &err), MS_IO);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test_setup_teardown(
                    test_a_written_template_loads_without_warnings_and_asks_for_no_network,
                    temporary_folder_setup, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(test_an_existing_file_is_never_replaced,
                    temporary_folder_setup, temporary_folder_teardown),
            cmocka_unit_test_setup_teardown(test_a_folder_that_cannot_be_made_is_an_error,
                    temporary_folder_setup, temporary_folder_teardown),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
