/* Folders: making, listing, removing, syncing. */
#include "platform/folder.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "platform/path_error.h"
#include "platform/sys.h"

struct ms_folder {
    DIR *native;
    int fd; /* belongs to native */
};

ms_status ms_folder_make(int dirfd, const char *path, uint32_t mode, bool *made, ms_error *err)
{
    struct stat status;

    if (made != NULL)
        *made = false;
    if (ms_sys_mkdirat(dirfd, path, (mode_t)mode) == 0) {
        if (made != NULL)
            *made = true;
        return MS_OK;
    }
    if (errno != EEXIST)
        return ms_path_fail(err, errno, "folder_failed", "make the folder", path);
    if (ms_sys_fstatat(dirfd, path, &status, AT_SYMLINK_NOFOLLOW) != 0)
        return ms_path_fail(err, errno, "folder_failed", "make the folder", path);
    if (!S_ISDIR(status.st_mode))
        return ms_path_fail(err, ENOTDIR, "folder_failed", "make the folder", path);
    return MS_OK;
}

static bool is_folder(int dirfd, const char *path)
{
    struct stat status;
    return ms_sys_fstatat(dirfd, path, &status, 0) == 0 && S_ISDIR(status.st_mode);
}

/* The size of the longest beginning of path that is a folder already; 0 when there is none. */
static size_t find_deepest(int dirfd, char *path)
{
    size_t end = strspn(path, "/");
    size_t found = 0;

    while (path[end] != '\0') {
        size_t next = end + strcspn(path + end, "/");
        char cut = path[next];
        bool is_there;

        path[next] = '\0';
        is_there = is_folder(dirfd, path);
        path[next] = cut;
        if (!is_there)
            break;
        found = next;
        end = next + strspn(path + next, "/");
    }
    return found;
}

/* Whoever made a folder that is there may have been killed before its name was synced, or be about
 * to sync it. Where we may not read the parent we have not made it. */
static ms_status sync_found(int dirfd, const char *path, ms_error *err)
{
    ms_error failure = MS_ERROR_INIT;
    ms_status status = ms_folder_sync_parent(dirfd, path, &failure);

    if (status == MS_OK || failure.os_errno == EACCES || failure.os_errno == EPERM)
        return MS_OK;
    ms_error_copy(err, &failure);
    return status;
}

ms_status ms_folder_make_all(int dirfd, const char *path, uint32_t mode, ms_error *err)
{
    char prefix[MS_FILE_PATH_SIZE_MAX];
    size_t size = strlen(path);
    ms_status status = MS_OK;
    size_t end;

    if (size >= sizeof(prefix))
        return ms_path_fail(err, ENAMETOOLONG, "folder_failed", "make the folder", path);
    if (size == 0)
        return ms_path_fail(err, ENOENT, "folder_failed", "make the folder", path);
    memcpy(prefix, path, size + 1);
    end = find_deepest(dirfd, prefix);
    if (end > 0) {
        prefix[end] = '\0';
        status = sync_found(dirfd, prefix, err);
        prefix[end] = path[end];
    }
    end += strspn(path + end, "/");
    while (status == MS_OK && end < size) {
        end += strcspn(path + end, "/");
        prefix[end] = '\0';
        status = ms_folder_make(dirfd, prefix, mode, NULL, err);
        if (status == MS_OK)
            status = ms_folder_sync_parent(dirfd, prefix, err);
        prefix[end] = path[end];
        end += strspn(path + end, "/");
    }
    return status;
}

ms_status ms_folder_sync(int dirfd, const char *path, ms_error *err)
{
    ms_status status;
    int fd;

    status = ms_file_open(&fd, dirfd, path, MS_OPEN_READ | MS_OPEN_DIRECTORY, 0, err);
    if (status != MS_OK)
        return status;
    /* EINVAL is the answer of file systems that know no sync of folders: there is nothing to do. */
    if (ms_sys_fsync(fd) != 0 && errno != EINVAL)
        status = ms_path_fail(err, errno, "sync_failed", "sync the folder", path);
    ms_file_close(fd);
    return status;
}

ms_status ms_folder_sync_parent(int dirfd, const char *path, ms_error *err)
{
    char parent[MS_FILE_PATH_SIZE_MAX];
    size_t size = strlen(path);

    while (size > 1 && path[size - 1] == '/')
        size--;
    while (size > 0 && path[size - 1] != '/')
        size--;
    if (size == 0)
        return ms_folder_sync(dirfd, ".", err);
    if (size >= sizeof(parent))
        return ms_path_fail(err, ENAMETOOLONG, "sync_failed", "sync the folder of", path);
    memcpy(parent, path, size);
    parent[size] = '\0';
    return ms_folder_sync(dirfd, parent, err);
}

ms_status ms_folder_remove(int dirfd, const char *path, ms_error *err)
{
    if (ms_sys_unlinkat(dirfd, path, AT_REMOVEDIR) != 0 && errno != ENOENT)
        return ms_path_fail(err, errno, "remove_failed", "remove the folder", path);
    return MS_OK;
}

ms_status ms_folder_take(ms_folder **folder, int fd, ms_error *err)
{
    ms_folder *opened = ms_calloc(1, sizeof(*opened));

    *folder = NULL;
    if (opened == NULL) {
        ms_file_close(fd);
        return ms_fail_memory(err, sizeof(*opened));
    }
    opened->fd = fd;
    opened->native = ms_sys_fdopendir(fd);
    if (opened->native == NULL) {
        ms_status status = ms_fail_errno(err, errno, "folder_failed", "Cannot list a folder");
        ms_file_close(fd);
        ms_free(opened);
        return status;
    }
    *folder = opened;
    return MS_OK;
}

ms_status ms_folder_open(ms_folder **folder, int dirfd, const char *path, ms_error *err)
{
    ms_status status;
    int fd;

    *folder = NULL;
    status = ms_file_open(&fd, dirfd, path, MS_OPEN_READ | MS_OPEN_DIRECTORY, 0, err);
    if (status != MS_OK)
        return status;
    status = ms_folder_take(folder, fd, err);
    if (status != MS_OK)
        ms_error_set_path(err, path);
    return status;
}

/* MS_NOT_FOUND when the name vanished since it was listed. */
static ms_status kind_of_entry(
        int fd, const struct dirent *entry, ms_file_kind *kind, ms_error *err)
{
    ms_file_status status;
    ms_status asked;

    switch (entry->d_type) {
    case DT_REG:
        *kind = MS_FILE_REGULAR;
        return MS_OK;
    case DT_DIR:
        *kind = MS_FILE_DIRECTORY;
        return MS_OK;
    case DT_LNK:
        *kind = MS_FILE_LINK;
        return MS_OK;
    case DT_UNKNOWN:
        asked = ms_file_status_at(fd, entry->d_name, false, &status, err);
        *kind = status.kind;
        return asked;
    default:
        *kind = MS_FILE_OTHER;
        return MS_OK;
    }
}

ms_status ms_folder_next(ms_folder *folder, const char **name, ms_file_kind *kind, ms_error *err)
{
    ms_error entry_error = MS_ERROR_INIT;

    *name = NULL;
    for (;;) {
        struct dirent *entry;
        ms_status status;

        do {
            errno = 0;
            entry = ms_sys_readdir(folder->native);
        } while (entry == NULL && errno == EINTR);
        if (entry == NULL && errno != 0)
            return ms_fail_errno(err, errno, "folder_failed", "Cannot list a folder");
        if (entry == NULL)
            return MS_OK;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        status = MS_OK;
        if (kind != NULL)
            status = kind_of_entry(folder->fd, entry, kind, &entry_error);
        if (status == MS_NOT_FOUND)
            continue;
        if (status != MS_OK) {
            ms_error_copy(err, &entry_error);
            return status;
        }
        *name = entry->d_name;
        return MS_OK;
    }
}

int ms_folder_fd(const ms_folder *folder)
{
    return folder->fd;
}

void ms_folder_close(ms_folder *folder)
{
    if (folder == NULL)
        return;
    (void)ms_sys_closedir(folder->native);
    ms_free(folder);
}

static ms_status remove_tree(int dirfd, const char *path, unsigned depth, ms_error *err);

/* Remove what is listed in the folder now; *removed says whether there was anything. */
static ms_status remove_content(
        int dirfd, const char *path, unsigned depth, bool *removed, ms_error *err)
{
    ms_folder *folder = NULL;
    const char *name;
    ms_status status;
    int fd;

    *removed = false;
    status = ms_file_open(
            &fd, dirfd, path, MS_OPEN_READ | MS_OPEN_DIRECTORY | MS_OPEN_NOFOLLOW, 0, err);
    if (status != MS_OK)
        return status;
    status = ms_folder_take(&folder, fd, err);
    while (status == MS_OK) {
        status = ms_folder_next(folder, &name, NULL, err);
        if (status != MS_OK || name == NULL)
            break;
        status = remove_tree(ms_folder_fd(folder), name, depth + 1, err);
        *removed = true;
    }
    ms_folder_close(folder);
    return status;
}

static ms_status remove_tree(int dirfd, const char *path, unsigned depth, ms_error *err)
{
    bool removed = true;
    struct stat found;
    ms_status status;

    if (depth > MS_FOLDER_DEPTH_MAX) {
        status = ms_fail(err, MS_LIMIT, "folder_too_deep", "Folders are nested deeper than %d",
                MS_FOLDER_DEPTH_MAX);
        ms_error_set_path(err, path);
        return status;
    }
    if (ms_sys_fstatat(dirfd, path, &found, AT_SYMLINK_NOFOLLOW) != 0)
        return errno == ENOENT ? MS_OK : ms_path_fail(err, errno, "remove_failed", "remove", path);
    if (!S_ISDIR(found.st_mode))
        return ms_file_remove(dirfd, path, err);
    /* A listing during removals may pass names over, so it is repeated while it still finds some.
     */
    while (ms_sys_unlinkat(dirfd, path, AT_REMOVEDIR) != 0) {
        if (errno == ENOENT)
            return MS_OK;
        if ((errno != ENOTEMPTY && errno != EEXIST) || !removed)
            return ms_path_fail(err, errno, "remove_failed", "remove the folder", path);
        status = remove_content(dirfd, path, depth, &removed, err);
        if (status != MS_OK)
            return status;
    }
    return MS_OK;
}

ms_status ms_folder_remove_all(int dirfd, const char *path, ms_error *err)
{
    return remove_tree(dirfd, path, 0, err);
}
