#include "unit/model/home.h"

#include <setjmp.h>
#include <stdarg.h>
#include <cmocka.h>

ms_storage *open_home(const temporary_folder *folder)
{
    ms_storage_options options = MS_STORAGE_OPTIONS_INIT;
    ms_storage *storage = NULL;
    options.home = temporary_path(folder, "home");
    options.ignore_environment = true;
    assert_int_equal(ms_storage_open(&storage, &options, NULL), MS_OK);
    return storage;
}
