/* A folder for what a target writes: in memory where the system has such a place, removed at the end
 * of the program. For targets that need files; header only, one folder a program. */
#ifndef TESTS_FUZZ_SCRATCH_FOLDER_H
#define TESTS_FUZZ_SCRATCH_FOLDER_H

#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char scratch_path[64]; /* "" before scratch_folder_open */
static int scratch_fd = -1;

static inline void scratch_remove(void)
{
    (void)rmdir(scratch_path);
}

/** Its descriptor; made by the first call. */
static inline int scratch_folder_open(void)
{
    if (scratch_fd >= 0)
        return scratch_fd;
    (void)snprintf(scratch_path, sizeof(scratch_path), "%s/ms-fuzz-XXXXXX",
            access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp");
    if (mkdtemp(scratch_path) == NULL)
        abort();
    scratch_fd = open(scratch_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert(scratch_fd >= 0);
    (void)atexit(scratch_remove);
    return scratch_fd;
}

/** A new folder below fd, open. */
static inline int scratch_folder_make(int fd, const char *name)
{
    int made;

    assert(mkdirat(fd, name, 0755) == 0);
    made = openat(fd, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert(made >= 0);
    return made;
}

/** Remove everything below fd. */
static inline void scratch_folder_empty(int fd)
{
    DIR *dir = fdopendir(openat(fd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC));

    assert(dir != NULL);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        int child;
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0
                || unlinkat(fd, entry->d_name, 0) == 0)
            continue;
        child = openat(fd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        assert(child >= 0);
        scratch_folder_empty(child);
        (void)close(child);
        assert(unlinkat(fd, entry->d_name, AT_REMOVEDIR) == 0);
    }
    (void)closedir(dir);
}

static inline void scratch_file_write(int fd, const char *name, const void *data, size_t size)
{
    int file = openat(fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0644);

    assert(file >= 0 && write(file, data, size) == (ssize_t)size);
    (void)close(file);
}

/** The whole file, in memory for the caller to free. */
static inline uint8_t *scratch_file_read(int fd, const char *name, size_t *size)
{
    int file = openat(fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    struct stat status;
    uint8_t *data;

    assert(file >= 0 && fstat(file, &status) == 0);
    *size = (size_t)status.st_size;
    data = malloc(*size + 1);
    assert(data != NULL && read(file, data, *size) == (ssize_t)*size);
    (void)close(file);
    return data;
}

#endif
