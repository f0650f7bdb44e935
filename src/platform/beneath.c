/* Opening a path so that no part of it is a link and none leads above its start.
 * Both ways refuse the same paths with the same errno, so callers never see which one was taken. */
#include "platform/beneath.h"

#include <errno.h>
#include <string.h>

#include "platform/file.h"
#include "platform/sys.h"

static int refuse(int os_errno)
{
    errno = os_errno;
    return -1;
}

static bool is_part(const char *part, size_t size, const char *text)
{
    return size == strlen(text) && memcmp(part, text, size) == 0;
}

/* Whether the text of the path alone shows that it may lead out: openat2 would follow "a/..". */
static bool leads_out(const char *path)
{
    if (path[0] == '/')
        return true;
    while (*path != '\0') {
        size_t size = strcspn(path, "/");
        if (is_part(path, size, ".."))
            return true;
        path += size;
        path += strspn(path, "/");
    }
    return false;
}

int ms_open_nofollow(int dirfd, const char *path, int flags, mode_t mode)
{
    struct stat status;
    int fd = ms_sys_openat(dirfd, path, flags | O_NOFOLLOW, mode);
    if (fd >= 0 || errno != ENOTDIR)
        return fd;
    if (ms_sys_fstatat(dirfd, path, &status, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(status.st_mode))
        return refuse(ELOOP);
    return refuse(ENOTDIR);
}

int ms_beneath_walk(int dirfd, const char *path, int flags, mode_t mode)
{
    char part[MS_FILE_PATH_SIZE_MAX];
    int folder = dirfd;
    int fd = -1;

    if (path[0] == '\0')
        return refuse(ENOENT);
    if (leads_out(path))
        return refuse(EXDEV);
    for (;;) {
        size_t size = strcspn(path, "/");
        bool slash_follows = path[size] == '/';
        const char *next = path + size + strspn(path + size, "/");
        bool last = *next == '\0';
        int part_flags = last ? flags : MS_SYS_O_SEARCH | O_DIRECTORY | O_CLOEXEC;

        if (size >= sizeof(part)) {
            fd = refuse(ENAMETOOLONG);
        } else {
            memcpy(part, path, size);
            part[size] = '\0';
            if (last && slash_follows)
                part_flags |= O_DIRECTORY;
            fd = ms_open_nofollow(folder, part, part_flags, last ? mode : 0);
        }
        if (folder != dirfd) {
            int os_errno = errno;
            ms_sys_close(folder);
            errno = os_errno;
        }
        if (fd < 0 || last)
            return fd;
        folder = fd;
        path = next;
    }
}

int ms_beneath_open(int dirfd, const char *path, int flags, mode_t mode)
{
    int fd;
    if (leads_out(path))
        return refuse(EXDEV);
    /* Without O_NOFOLLOW, which would make a link at the end ENOTDIR when a folder is wanted. */
    fd = ms_sys_openat_beneath(dirfd, path, flags & ~O_NOFOLLOW, mode);
    /* EPERM is what container filters say of calls they do not know; EAGAIN means that the kernel
     * could not exclude a concurrent rename. The walk is as strict, so it may always be tried. */
    if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == EAGAIN))
        return ms_beneath_walk(dirfd, path, flags, mode);
    return fd;
}
