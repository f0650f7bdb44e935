/* Small files as a whole: reading one into a bounded buffer, replacing one durably. */
#include "platform/file.h"

#include <errno.h>
#include <string.h>

#include "base/checked.h"
#include "platform/folder.h"
#include "platform/random.h"
#include "platform/sys.h"

#define READ_STEP_SIZE ((size_t)64 * 1024)
#define RANDOM_SIZE 8
#define MARK_SIZE (sizeof(MS_FILE_TEMPORARY_PREFIX) - 1 + 16) /* without NUL */
#define TEMPORARY_NAME_SIZE (MARK_SIZE + 1 + 2 * (size_t)RANDOM_SIZE + 1)
#define TRIES_MAX 20

/* Where a file is written before it has its name: beside it, so that the rename is one step. The
 * mark stands for the name that it will have, so that the next writer of that name finds what a
 * killed one left. */
typedef struct temporary {
    char mark[MARK_SIZE + 1];
    char path[MS_FILE_PATH_SIZE_MAX];
    char folder[MS_FILE_PATH_SIZE_MAX]; /* "." when path has none */
} temporary;

static ms_status fail_too_large(ms_error *err, size_t size_max)
{
    return ms_fail(err, MS_LIMIT, "file_too_large", "A file is larger than %zu bytes", size_max);
}

/* The buffer is full: whether the file ends here decides. */
static ms_status expect_end(int fd, size_t size_max, ms_error *err)
{
    uint8_t byte;
    size_t got;
    ms_status status = ms_file_read(fd, &byte, sizeof(byte), &got, err);

    if (status == MS_OK && got > 0)
        return fail_too_large(err, size_max);
    return status;
}

ms_status ms_file_read_all(int fd, ms_buffer *content, ms_error *err)
{
    size_t got;
    ms_status status;

    ms_buffer_clear(content);
    for (;;) {
        size_t room = content->size_max - content->size;
        size_t step = MS_MIN(room, READ_STEP_SIZE);
        if (step == 0)
            return expect_end(fd, content->size_max, err);
        status = ms_buffer_reserve(content, step, err);
        if (status != MS_OK)
            return status;
        status = ms_file_read(fd, content->data + content->size, step, &got, err);
        content->size += got;
        if (status != MS_OK || got < step)
            return status;
    }
}

ms_status ms_file_read_whole(int dirfd, const char *path, ms_buffer *content, ms_error *err)
{
    int flags = MS_OPEN_READ | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR;
    ms_status status;
    int fd;

    ms_buffer_clear(content);
    status = ms_file_open(&fd, dirfd, path, flags, 0, err);
    if (status != MS_OK)
        return status;
    status = ms_file_read_all(fd, content, err);
    if (status != MS_OK)
        ms_error_set_path(err, path);
    ms_file_close(fd);
    return status;
}

static void put_hex(char *text, uint64_t value)
{
    static const char digits[] = "0123456789abcdef";

    for (int i = 15; i >= 0; i--, value >>= 4)
        text[i] = digits[value & 15];
    text[16] = '\0';
}

/* FNV-1a: two names with one mark would only tidy up after each other. */
static uint64_t hash_of(const char *name)
{
    uint64_t hash = UINT64_C(14695981039346656037);

    for (; *name != '\0'; name++)
        hash = (hash ^ (uint8_t)*name) * UINT64_C(1099511628211);
    return hash;
}

/* A name beside path that nobody else has: its folder, prefix, mark, random hex digits. */
static ms_status name_temporary(temporary *made, const char *path, ms_error *err)
{
    const char *slash = strrchr(path, '/');
    size_t folder_size = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    char *end = made->path + folder_size + MARK_SIZE;
    uint8_t random[RANDOM_SIZE];
    uint64_t number = 0;
    ms_status status;

    if (folder_size + TEMPORARY_NAME_SIZE > sizeof(made->path)) {
        status = ms_fail_errno(err, ENAMETOOLONG, "open_failed", "Cannot open '%s'", path);
        ms_error_set_path(err, path);
        return status;
    }
    status = ms_random_bytes(random, sizeof(random), err);
    if (status != MS_OK)
        return status;
    memcpy(&number, random, sizeof(number));
    memcpy(made->mark, MS_FILE_TEMPORARY_PREFIX, sizeof(MS_FILE_TEMPORARY_PREFIX) - 1);
    put_hex(made->mark + sizeof(MS_FILE_TEMPORARY_PREFIX) - 1, hash_of(path + folder_size));
    memcpy(made->folder, slash == NULL ? "." : path, slash == NULL ? 1 : folder_size);
    made->folder[slash == NULL ? 1 : folder_size] = '\0';
    memcpy(made->path, path, folder_size);
    memcpy(made->path + folder_size, made->mark, MARK_SIZE);
    *end = '-';
    put_hex(end + 1, number);
    return MS_OK;
}

void ms_file_remove_temporaries(int dirfd, const char *folder, const char *mark)
{
    ms_folder *opened = NULL;
    const char *name = NULL;

    if (ms_folder_open(&opened, dirfd, folder, NULL) != MS_OK)
        return;
    while (ms_folder_next(opened, &name, NULL, NULL) == MS_OK && name != NULL) {
        if (strncmp(name, mark, strlen(mark)) == 0)
            (void)ms_sys_unlinkat(ms_folder_fd(opened), name, 0);
    }
    ms_folder_close(opened);
}

/* Write and sync a new file; nothing is left at path on failure. */
static ms_status write_new(
        int dirfd, const char *path, ms_span content, uint32_t mode, ms_error *err)
{
    int flags = MS_OPEN_WRITE | MS_OPEN_CREATE | MS_OPEN_EXCLUSIVE | MS_OPEN_NOFOLLOW;
    ms_status status;
    ms_status closed;
    int fd;

    status = ms_file_open(&fd, dirfd, path, flags, mode, err);
    if (status != MS_OK)
        return status;
    status = ms_file_write(fd, content.data, content.size, err);
    if (status == MS_OK)
        status = ms_file_sync(fd, err);
    closed = ms_file_close_checked(fd, status == MS_OK ? err : NULL);
    status = status == MS_OK ? closed : status;
    if (status != MS_OK)
        (void)ms_sys_unlinkat(dirfd, path, 0);
    return status;
}

static ms_status write_beside(int dirfd, const char *path, ms_span content, uint32_t mode,
        bool replace, bool *existed, ms_error *err)
{
    temporary made;
    ms_status status = name_temporary(&made, path, err);

    if (status != MS_OK)
        return status;
    ms_file_remove_temporaries(dirfd, made.folder, made.mark);
    status = write_new(dirfd, made.path, content, mode, err);
    if (status != MS_OK) {
        ms_error_set_path(err, path);
        return status;
    }
    status = ms_file_rename(dirfd, made.path, dirfd, path, replace, existed, err);
    if (status != MS_OK || *existed)
        (void)ms_sys_unlinkat(dirfd, made.path, 0);
    return status;
}

/* Somebody who writes the same name at the same time takes our file for one that was left behind:
 * then it is written again. */
static ms_status write_whole(int dirfd, const char *path, ms_span content, uint32_t mode,
        bool replace, bool *existed, ms_error *err)
{
    ms_error found = MS_ERROR_INIT;
    ms_status status = MS_NOT_FOUND;

    for (unsigned tries = 0; status == MS_NOT_FOUND && tries < TRIES_MAX; tries++) {
        *existed = false;
        status = write_beside(dirfd, path, content, mode, replace, existed, &found);
        if (status == MS_NOT_FOUND && strcmp(found.reason, "rename_failed") != 0)
            break;
    }
    if (status != MS_OK)
        ms_error_copy(err, &found);
    else if (!*existed)
        status = ms_folder_sync_parent(dirfd, path, err);
    return status;
}

ms_status ms_file_replace(
        int dirfd, const char *path, ms_span content, uint32_t mode, ms_error *err)
{
    bool existed;

    return write_whole(dirfd, path, content, mode, true, &existed, err);
}

ms_status ms_file_place_new(int dirfd, const char *path, ms_span content, uint32_t mode,
        bool *existed, ms_error *err)
{
    return write_whole(dirfd, path, content, mode, false, existed, err);
}
