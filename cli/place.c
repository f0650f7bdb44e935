/* Whether paths lead to the same place. */
#include "place.h"

#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "text.h"

/* tail, which begins with a slash, behind folder, which is freed. */
static char *join(char *folder, const char *tail)
{
    cli_text path = {0};

    cli_text_add(&path, strcmp(folder, "/") == 0 ? "" : folder);
    while (*tail != '\0') {
        size_t size;

        tail += strspn(tail, "/");
        size = strcspn(tail, "/");
        if (size > 0)
            cli_text_printf(&path, "/%.*s", (int)size, tail);
        tail += size;
    }
    free(folder);
    if (path.data == NULL)
        errno = ENOMEM;
    return path.data;
}

char *cli_place_resolve(const char *path)
{
    char copy[PATH_MAX]; /* with a slash before every name */
    const char *root = *path == '/' ? "" : "./";
    const size_t size = strlen(root) + strlen(path);
    char *place = realpath(path, NULL);

    if (place != NULL || errno != ENOENT || *path == '\0')
        return place;
    if (size >= sizeof(copy)) {
        errno = ENAMETOOLONG;
        return NULL;
    }
    memcpy(copy, root, strlen(root));
    memcpy(copy + strlen(root), path, strlen(path) + 1);
    for (size_t end = size; place == NULL && errno == ENOENT && end-- > 0;) {
        if (copy[end] != '/')
            continue;
        copy[end] = '\0';
        place = realpath(*copy != '\0' ? copy : "/", NULL);
        copy[end] = '/';
        if (place != NULL)
            return join(place, copy + end);
    }
    return NULL;
}

bool cli_place_holds(const char *place, const char *path)
{
    size_t size = strlen(place);
    char prefix[PATH_MAX];
    struct stat one;
    struct stat other;

    if (size == 1 || (strncmp(place, path, size) == 0 && (path[size] == '/' || path[size] == '\0')))
        return true;
    if (strlen(path) >= sizeof(prefix) || stat(place, &one) != 0)
        return false;
    /* Folders on the way are compared as the system knows them: one that is mounted in two places,
     * or found by a name of another case, has two names. */
    memcpy(prefix, path, strlen(path) + 1);
    for (char *end = prefix + strlen(prefix); end != NULL; end = strrchr(prefix, '/')) {
        *end = '\0';
        if (*prefix == '\0')
            return false;
        if (stat(prefix, &other) == 0 && one.st_dev == other.st_dev && one.st_ino == other.st_ino)
            return true;
    }
    return false;
}
