/* Small files as a whole: reading one into a bounded buffer, replacing one durably. */
#include "platform/file.h"

#include <errno.h>
#include <string.h>

#include "base/checked.h"
#include "platform/folder.h"
#include "platform/random.h"
#include "platform/sys.h"

#define READ_STEP_SIZE ((size_t)64 * 1024)
#define RANDOM_SIZE 16
#define TEMPORARY_NAME_SIZE (sizeof(MS_FILE_TEMPORARY_PREFIX) + 2 * (size_t)RANDOM_SIZE)

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

/* A name beside path that nobody else has: "folder/" of path, prefix, random hex digits. */
static ms_status name_temporary(char *temporary, size_t size, const char *path, ms_error *err)
{
    static const char digits[] = "0123456789abcdef";
    const char *slash = strrchr(path, '/');
    size_t folder_size = slash == NULL ? 0 : (size_t)(slash - path) + 1;
    uint8_t random[RANDOM_SIZE];
    ms_status status;
    char *end;

    if (folder_size + TEMPORARY_NAME_SIZE > size) {
        status = ms_fail_errno(err, ENAMETOOLONG, "open_failed", "Cannot open '%s'", path);
        ms_error_set_path(err, path);
        return status;
    }
    status = ms_random_bytes(random, sizeof(random), err);
    if (status != MS_OK)
        return status;
    memcpy(temporary, path, folder_size);
    end = temporary + folder_size;
    memcpy(end, MS_FILE_TEMPORARY_PREFIX, sizeof(MS_FILE_TEMPORARY_PREFIX) - 1);
    end += sizeof(MS_FILE_TEMPORARY_PREFIX) - 1;
    for (size_t i = 0; i < sizeof(random); i++) {
        *end++ = digits[random[i] >> 4];
        *end++ = digits[random[i] & 15];
    }
    *end = '\0';
    return MS_OK;
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

ms_status ms_file_replace(
        int dirfd, const char *path, ms_span content, uint32_t mode, ms_error *err)
{
    char temporary[MS_FILE_PATH_SIZE_MAX];
    ms_status status = name_temporary(temporary, sizeof(temporary), path, err);

    if (status != MS_OK)
        return status;
    status = write_new(dirfd, temporary, content, mode, err);
    if (status != MS_OK) {
        ms_error_set_path(err, path);
        return status;
    }
    status = ms_file_rename(dirfd, temporary, dirfd, path, true, NULL, err);
    if (status != MS_OK) {
        (void)ms_sys_unlinkat(dirfd, temporary, 0);
        return status;
    }
    return ms_folder_sync_parent(dirfd, path, err);
}
