#include "model/reserve_priv.h"

#include <errno.h>

#include "base/bounded.h"
#include "platform/file.h"

/* The journal of a database, some of its pages, an inode. */
#define RESERVE_SIZE 65536
#define OPEN_FLAGS (MS_OPEN_READ | MS_OPEN_WRITE | MS_OPEN_CREATE | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR)

static bool name_file(char path[MS_FILE_PATH_SIZE_MAX], const ms_storage *storage)
{
    return ms_bounded_printf(path, MS_FILE_PATH_SIZE_MAX, "%s/reserve", ms_storage_home(storage));
}

void ms_reserve_keep(const ms_storage *storage)
{
    char path[MS_FILE_PATH_SIZE_MAX];
    ms_file_status file;
    int fd = -1;
    if (!name_file(path, storage) || ms_file_open(&fd, MS_DIR_CURRENT, path, OPEN_FLAGS, 0600, NULL) != MS_OK)
        return;
    ms_status status = ms_file_status_of(fd, &file, NULL);
    if (status == MS_OK && file.size < RESERVE_SIZE)
        status = ms_file_allocate(fd, RESERVE_SIZE, NULL);
    ms_file_close(fd);
    /* An empty one would look as if there was one. */
    if (status != MS_OK)
        (void)!ms_file_remove(MS_DIR_CURRENT, path, NULL);
}

bool ms_reserve_helps(const ms_storage *storage, ms_status status, const ms_error *why)
{
    char path[MS_FILE_PATH_SIZE_MAX];
    ms_file_status file;
    return status == MS_IO && (why->os_errno == ENOSPC || why->os_errno == EDQUOT) && name_file(path, storage) &&
           ms_file_status_at(MS_DIR_CURRENT, path, false, &file, NULL) == MS_OK && file.kind == MS_FILE_REGULAR &&
           ms_file_remove(MS_DIR_CURRENT, path, NULL) == MS_OK;
}
