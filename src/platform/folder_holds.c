#include "base/bounded.h"
#include "platform/folder.h"

#include <string.h>

static bool is_same(const ms_file_status *a, const ms_file_status *b)
{
    return a->device == b->device && a->inode == b->inode;
}

/* path becomes what holds its last name. */
static void strip_name(char path[MS_FILE_PATH_SIZE_MAX])
{
    size_t size = strlen(path);

    while (size > 1 && path[size - 1] == '/')
        size--;
    while (size > 0 && path[size - 1] != '/')
        size--;
    path[size] = '\0';
    if (size == 0)
        ms_bounded_printf(path, MS_FILE_PATH_SIZE_MAX, ".");
}

/* Up from the folder at path, as the system goes, until nothing is above. path is used up. */
static bool climbs_to(char path[MS_FILE_PATH_SIZE_MAX], ms_file_status here, const ms_file_status *folder)
{
    ms_file_status below;

    do {
        size_t size = strlen(path);

        if (is_same(&here, folder))
            return true;
        below = here;
        if (!ms_bounded_printf(path + size, MS_FILE_PATH_SIZE_MAX - size, "/.."))
            return false;
    } while (ms_file_status_at(MS_DIR_CURRENT, path, true, &here, NULL) == MS_OK && !is_same(&here, &below));
    return false;
}

bool ms_folder_holds(const ms_file_status *folder, const char *path)
{
    char existing[MS_FILE_PATH_SIZE_MAX];
    ms_file_status found;

    if (!ms_bounded_printf(existing, sizeof(existing), "%s", path))
        return false;
    for (;;) {
        bool exists = ms_file_status_at(MS_DIR_CURRENT, existing, true, &found, NULL) == MS_OK;

        if (exists && found.kind == MS_FILE_DIRECTORY)
            return climbs_to(existing, found, folder);
        /* A link to a file lies where that does. */
        if (exists && ms_file_real_path(existing, sizeof(existing), path, NULL) != MS_OK)
            return false;
        if (strcmp(existing, ".") == 0 || strcmp(existing, "/") == 0)
            return false;
        strip_name(existing);
    }
}
