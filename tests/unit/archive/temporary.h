/* A temporary folder of a test, with a target folder inside and a stranger's file beside it, and a text
 * that lists everything below a folder. Header only. */
#ifndef MS_TESTS_ARCHIVE_TEMPORARY_H
#define MS_TESTS_ARCHIVE_TEMPORARY_H

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "crypto/sha256.h"

#define TEMPORARY_TEXT_MAX ((size_t)64 << 20)

typedef struct temporary {
    char path[64];
    int fd;     /* of the folder */
    int target; /* of "target" in it, empty */
} temporary;

static inline void temporary_make_target(temporary *folder)
{
    assert_int_equal(mkdirat(folder->fd, "target", 0755), 0);
    folder->target = openat(folder->fd, "target", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder->target >= 0);
}

static inline void temporary_write(temporary *folder, const char *name, const void *data, size_t size)
{
    int fd = openat(folder->fd, name, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    assert_true(fd >= 0);
    for (size_t done = 0; done < size;) {
        ssize_t count = write(fd, (const uint8_t *)data + done, size - done);
        assert_true(count > 0);
        done += (size_t)count;
    }
    assert_int_equal(close(fd), 0);
}

static inline void temporary_make(temporary *folder)
{
    (void)umask(022);
    strcpy(folder->path, "/tmp/ms-archive-XXXXXX");
    assert_non_null(mkdtemp(folder->path));
    folder->fd = open(folder->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_true(folder->fd >= 0);
    assert_int_equal(mkdirat(folder->fd, "stranger", 0755), 0);
    temporary_write(folder, "stranger/file", "untouched", 9);
    temporary_make_target(folder);
}

static inline void temporary_empty(int dirfd)
{
    int copy = openat(dirfd, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *dir = fdopendir(copy);
    assert_non_null(dir);
    for (struct dirent *entry; (entry = readdir(dir)) != NULL;) {
        if (strcmp(entry->d_name, ".") == 0 || strcmp(entry->d_name, "..") == 0)
            continue;
        if (unlinkat(dirfd, entry->d_name, 0) == 0)
            continue;
        int child = openat(dirfd, entry->d_name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
        assert_true(child >= 0);
        temporary_empty(child);
        close(child);
        assert_int_equal(unlinkat(dirfd, entry->d_name, AT_REMOVEDIR), 0);
    }
    closedir(dir);
}

static inline void temporary_remove(temporary *folder)
{
    close(folder->target);
    temporary_empty(folder->fd);
    close(folder->fd);
    assert_int_equal(rmdir(folder->path), 0);
}

static inline int temporary_by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static inline void temporary_list_file(int dirfd, const char *name, ms_buffer *text)
{
    static uint8_t data[1 << 16];
    ms_sha256_stream stream;
    uint8_t digest[MS_SHA256_SIZE];
    int fd = openat(dirfd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    assert_true(fd >= 0);
    ms_sha256_init(&stream);
    for (ssize_t count; (count = read(fd, data, sizeof(data))) > 0;)
        ms_sha256_update(&stream, data, (size_t)count);
    close(fd);
    ms_sha256_final(&stream, digest);
    for (size_t i = 0; i < 4; i++)
        assert_int_equal(ms_buffer_printf(text, NULL, "%02x", digest[i]), MS_OK);
}

/* One line for each thing below dirfd except name skip at the top: path, type and mode in octal, size
 * of files, start of their SHA-256. */
static inline void temporary_list(int dirfd, const char *prefix, const char *skip, ms_buffer *text)
{
    struct dirent **names;
    int count = scandirat(dirfd, ".", &names, NULL, temporary_by_name);
    assert_true(count >= 0);
    for (int i = 0; i < count; i++) {
        const char *name = names[i]->d_name;
        struct stat status;
        if (strcmp(name, ".") != 0 && strcmp(name, "..") != 0
                && (skip == NULL || strcmp(name, skip) != 0)) {
            assert_int_equal(fstatat(dirfd, name, &status, AT_SYMLINK_NOFOLLOW), 0);
            bool is_folder = S_ISDIR(status.st_mode);
            assert_int_equal(ms_buffer_printf(text, NULL, "%s%s %o %lld ", prefix, name,
                                     status.st_mode, is_folder ? 0 : (long long)status.st_size),
                    MS_OK);
            if (S_ISREG(status.st_mode))
                temporary_list_file(dirfd, name, text);
            assert_int_equal(ms_buffer_append_byte(text, '\n', NULL), MS_OK);
            if (is_folder) {
                char *below = NULL;
                int child = openat(dirfd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
                assert_true(child >= 0);
                assert_true(asprintf(&below, "%s%s/", prefix, name) > 0);
                temporary_list(child, below, NULL, text);
                free(below);
                close(child);
            }
        }
        free(names[i]);
    }
    free(names);
}

/* The listing as text to be freed. */
static inline char *temporary_listing(int dirfd, const char *skip)
{
    ms_buffer text;
    ms_buffer_init(&text, TEMPORARY_TEXT_MAX);
    temporary_list(dirfd, "", skip, &text);
    assert_non_null(ms_buffer_text(&text));
    char *copy = strdup(ms_buffer_text(&text));
    ms_buffer_release(&text);
    return copy;
}

#endif
