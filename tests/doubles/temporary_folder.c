/* A folder of its own for each test, and children that run part of a test. */
#include "doubles/temporary_folder.h"

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static unsigned count_names(DIR *dir)
{
    unsigned count = 0;
    struct dirent *entry;
    while ((entry = readdir(dir)) != NULL)
        count += strcmp(entry->d_name, ".") != 0 && strcmp(entry->d_name, "..") != 0;
    closedir(dir);
    return count;
}

static unsigned count_descriptors(void)
{
    DIR *dir = opendir("/proc/self/fd");
    return dir == NULL ? 0 : count_names(dir);
}

int temporary_folder_setup(void **state)
{
    temporary_folder *folder = calloc(1, sizeof(*folder));
    if (folder == NULL)
        return -1;
    const char *parent = getenv("TMPDIR");
    int size = snprintf(folder->path, sizeof(folder->path), "%s/model-storage-test-XXXXXX",
                        parent == NULL || parent[0] == '\0' ? "/tmp" : parent);
    if (size < 0 || (size_t)size >= sizeof(folder->path) || mkdtemp(folder->path) == NULL || chmod(folder->path, 0755) != 0)
        return -1;
    folder->descriptors_before = count_descriptors();
    folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *state = folder;
    return folder->fd < 0 ? -1 : 0;
}

static int remove_entry(const char *path, const struct stat *status, int type, struct FTW *walk)
{
    (void)status;
    (void)type;
    (void)walk;
    return remove(path);
}

int temporary_folder_teardown(void **state)
{
    temporary_folder *folder = *state;
    unsigned descriptors;
    int result = 0;

    close(folder->fd);
    descriptors = count_descriptors();
    if (descriptors != folder->descriptors_before) {
        printf("# %u descriptors before the test, %u after it\n", folder->descriptors_before,
                descriptors);
        result = -1;
    }
    if (nftw(folder->path, remove_entry, 16, FTW_DEPTH | FTW_PHYS) != 0)
        result = -1;
    free(folder);
    return result;
}

const char *temporary_path(const temporary_folder *folder, const char *name)
{
    static char paths[8][512];
    static unsigned next;
    char *path = paths[next++ % 8];
    snprintf(path, sizeof(paths[0]), "%s/%s", folder->path, name);
    return path;
}

void temporary_write(
        const temporary_folder *folder, const char *name, const void *data, size_t size)
{
    int fd = openat(folder->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (fd < 0 || write(fd, data, size) != (ssize_t)size || close(fd) != 0)
        abort();
}

long temporary_read(const temporary_folder *folder, const char *name, void *data, size_t size)
{
    int fd = openat(folder->fd, name, O_RDONLY | O_CLOEXEC);
    long got;
    if (fd < 0)
        return -1;
    got = (long)read(fd, data, size);
    close(fd);
    return got;
}

unsigned temporary_count(const temporary_folder *folder, const char *sub)
{
    int fd = openat(folder->fd, sub, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fd < 0 ? NULL : fdopendir(fd);
    if (dir == NULL)
        abort();
    return count_names(dir);
}

static int wait_for(pid_t child)
{
    int status;
    if (child < 0 || waitpid(child, &status, 0) != child)
        abort();
    return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

int child_run(int (*run)(void *payload), void *payload)
{
    pid_t child;
    fflush(NULL);
    child = fork();
    if (child == 0)
        _exit(run(payload));
    return wait_for(child);
}

int child_run_unprivileged(int (*run)(void *payload), void *payload)
{
    pid_t child;
    fflush(NULL);
    child = fork();
    if (child == 0) {
        if (geteuid() == 0 && setuid(NOBODY) != 0)
            _exit(200);
        _exit(run(payload));
    }
    return wait_for(child);
}
