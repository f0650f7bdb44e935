/* A home in a temporary folder. */
#ifndef TESTS_UNIT_MODEL_HOME_H
#define TESTS_UNIT_MODEL_HOME_H

#include "doubles/temporary_folder.h"
#include "model_storage.h"

/** Open FOLDER/home, whatever the environment says; an assertion of cmocka fails when that cannot be. */
ms_storage *open_home(const temporary_folder *folder);

#endif
