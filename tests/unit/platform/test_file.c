/* Open files: every kind of trouble between a call and its result. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "platform/file.h"
#include "platform/process.h"
#include "platform/thread.h"

#define READ_ONLY_REGULAR (MS_OPEN_READ | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR)
#define NEW_FILE (MS_OPEN_READ | MS_OPEN_WRITE | MS_OPEN_CREATE | MS_OPEN_EXCLUSIVE)

static int setup(void **state)
{
    faulty_reset();
    return temporary_folder_setup(state);
}

static int open_new(temporary_folder *folder, const char *name)
{
    int fd;
    assert_int_equal(ms_file_open(&fd, folder->fd, name, NEW_FILE, 0600, NULL), MS_OK);
    return fd;
}

static void test_open_says_what_is_wrong(void **state)
{
    static const struct {
        const char *name;
        int flags;
        ms_status status;
        int os_errno;
        const char *reason;
    } rows[] = {
            {"missing", MS_OPEN_READ, MS_NOT_FOUND, ENOENT, "open_failed"},
            {"missing/x", MS_OPEN_READ, MS_NOT_FOUND, ENOENT, "open_failed"},
            {"file", NEW_FILE, MS_IO, EEXIST, "open_failed"},
            {"file/x", MS_OPEN_READ, MS_IO, ENOTDIR, "open_failed"},
            {"file", MS_OPEN_READ | MS_OPEN_DIRECTORY, MS_IO, ENOTDIR, "open_failed"},
            {"folder", MS_OPEN_WRITE, MS_IO, EISDIR, "open_failed"},
            {"link", MS_OPEN_READ | MS_OPEN_NOFOLLOW, MS_IO, ELOOP, "path_is_link"},
            {"link_to_folder", MS_OPEN_READ | MS_OPEN_NOFOLLOW | MS_OPEN_DIRECTORY, MS_IO, ELOOP,
                    "path_is_link"},
            {"link_to_folder",
                    MS_OPEN_READ | MS_OPEN_BENEATH | MS_OPEN_NOFOLLOW | MS_OPEN_DIRECTORY, MS_IO,
                    ELOOP, "path_is_link"},
            {"link", MS_OPEN_READ | MS_OPEN_BENEATH, MS_IO, ELOOP, "path_is_link"},
            {"dangling", MS_OPEN_WRITE | MS_OPEN_CREATE | MS_OPEN_NOFOLLOW, MS_IO, ELOOP,
                    "path_is_link"},
            {"../x", MS_OPEN_READ | MS_OPEN_BENEATH, MS_IO, EXDEV, "path_escapes"},
            {"folder", READ_ONLY_REGULAR, MS_MALFORMED, 0, "not_a_file"},
            {"folder", READ_ONLY_REGULAR | MS_OPEN_WRITE, MS_MALFORMED, 0, "not_a_file"},
            {"fifo", READ_ONLY_REGULAR, MS_MALFORMED, 0, "not_a_file"},
            {"fifo", MS_OPEN_WRITE | MS_OPEN_PATH_ONLY_REGULAR, MS_MALFORMED, 0, "not_a_file"},
            {"socket", READ_ONLY_REGULAR, MS_MALFORMED, 0, "not_a_file"},
            {"link", READ_ONLY_REGULAR, MS_IO, ELOOP, "path_is_link"},
    };
    temporary_folder *folder = *state;
    struct sockaddr_un address = {.sun_family = AF_UNIX};
    int listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

    temporary_write(folder, "file", "x", 1);
    strcpy(address.sun_path, temporary_path(folder, "socket"));
    assert_int_equal(bind(listener, (struct sockaddr *)&address, sizeof(address)), 0);
    close(listener);
    assert_int_equal(mkdirat(folder->fd, "folder", 0700), 0);
    assert_int_equal(mkfifoat(folder->fd, "fifo", 0600), 0);
    assert_int_equal(symlinkat("file", folder->fd, "link"), 0);
    assert_int_equal(symlinkat("folder", folder->fd, "link_to_folder"), 0);
    assert_int_equal(symlinkat("nothing", folder->fd, "dangling"), 0);
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error error = MS_ERROR_INIT;
        int fd = 99;
        ms_status status = ms_file_open(&fd, folder->fd, rows[i].name, rows[i].flags, 0600, &error);
        if (status != rows[i].status || error.os_errno != rows[i].os_errno ||
                strcmp(error.reason, rows[i].reason) != 0)
            fail_msg("%s %d: %d %d %s", rows[i].name, rows[i].flags, status, error.os_errno,
                    error.reason);
        assert_int_equal(fd, -1);
        assert_string_equal(error.path, rows[i].name);
        assert_non_null(strstr(error.message, rows[i].name));
    }
    assert_int_equal(faccessat(folder->fd, "nothing", F_OK, 0), -1);
}

static void test_open_file_has_the_flags_it_was_asked_for(void **state)
{
    temporary_folder *folder = *state;
    int fd = open_new(folder, "file");
    struct stat status;
    assert_int_equal(fcntl(fd, F_GETFD), FD_CLOEXEC);
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_mode & 07777, 0600);
    ms_file_close(fd);

    assert_int_equal(ms_file_open(&fd, folder->fd, "file", READ_ONLY_REGULAR, 0, NULL), MS_OK);
    assert_int_equal(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
    ms_file_close(fd);

    assert_int_equal(ms_file_open(&fd, folder->fd, "file",
                             MS_OPEN_WRITE | MS_OPEN_APPEND | MS_OPEN_PATH_ONLY_REGULAR, 0, NULL),
            MS_OK);
    assert_int_equal(ms_file_write(fd, "one", 3, NULL), MS_OK);
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    assert_int_equal(ms_file_write(fd, "two", 3, NULL), MS_OK);
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_size, 6);
    ms_file_close(fd);

    assert_int_equal(
            ms_file_open(&fd, folder->fd, "file", MS_OPEN_WRITE | MS_OPEN_TRUNCATE, 0, NULL),
            MS_OK);
    assert_int_equal(fstat(fd, &status), 0);
    assert_int_equal(status.st_size, 0);
    ms_file_close(fd);
    ms_file_close(-1);
}

static int open_with_standard_descriptors_closed(void *payload)
{
    temporary_folder *folder = payload;
    int fd;
    close(0);
    close(1);
    close(2);
    if (ms_file_open(&fd, folder->fd, "file", NEW_FILE, 0600, NULL) != MS_OK || fd < 3)
        return 1;
    if (ms_file_write(fd, "x", 1, NULL) != MS_OK || (fcntl(fd, F_GETFD) & FD_CLOEXEC) == 0)
        return 2;
    return fcntl(0, F_GETFD) == -1 && fcntl(2, F_GETFD) == -1 ? 0 : 3;
}

static void test_file_never_stands_where_people_print(void **state)
{
    assert_int_equal(child_run(open_with_standard_descriptors_closed, *state), 0);
}

static int open_until_none_is_left(void *payload)
{
    temporary_folder *folder = payload;
    const struct rlimit few = {.rlim_cur = 16, .rlim_max = 16};
    ms_error error = MS_ERROR_INIT;
    int fd;
    if (setrlimit(RLIMIT_NOFILE, &few) != 0)
        return 1;
    for (int i = 0; i < 17; i++) {
        ms_status status =
                ms_file_open(&fd, folder->fd, ".", MS_OPEN_READ | MS_OPEN_DIRECTORY, 0, &error);
        if (status != MS_OK)
            return status == MS_IO && error.os_errno == EMFILE && error.hint[0] != '\0' ? 0 : 2;
    }
    return 3;
}

static void test_full_descriptor_table_is_an_error_with_a_hint(void **state)
{
    assert_int_equal(child_run(open_until_none_is_left, *state), 0);
}

static void test_short_and_interrupted_calls_are_finished(void **state)
{
    temporary_folder *folder = *state;
    int fd = open_new(folder, "file");
    char back[64] = {0};
    size_t got;

    faulty_shorten(7);
    faulty_fail(FAULTY_pwrite, 2, EINTR);
    assert_int_equal(ms_file_write_at(fd, "the quick brown fox", 19, 3, NULL), MS_OK);
    assert_true(faulty_fired());
    faulty_fail(FAULTY_pread, 2, EINTR);
    assert_int_equal(ms_file_read_at(fd, back, sizeof(back), 3, &got, NULL), MS_OK);
    assert_true(faulty_fired());
    assert_int_equal(got, 19);
    assert_string_equal(back, "the quick brown fox");

    faulty_fail(FAULTY_write, 2, EINTR);
    assert_int_equal(ms_file_write(fd, "jumps over the lazy dog", 23, NULL), MS_OK);
    assert_true(faulty_fired());
    assert_int_equal(lseek(fd, 0, SEEK_SET), 0);
    memset(back, 0, sizeof(back));
    faulty_fail(FAULTY_read, 3, EINTR);
    assert_int_equal(ms_file_read(fd, back, 23, &got, NULL), MS_OK);
    assert_true(faulty_fired());
    assert_int_equal(got, 23);
    assert_string_equal(back, "jumps over the lazy dog");
    ms_file_close(fd);
}

typedef struct pipe_writer {
    int fd;
    uint8_t *data;
    size_t size;
} pipe_writer;

static void write_all(void *payload)
{
    pipe_writer *writer = payload;
    assert_int_equal(ms_file_write(writer->fd, writer->data, writer->size, NULL), MS_OK);
    ms_file_close(writer->fd);
}

static void test_non_blocking_pipe_is_waited_for(void **state)
{
    size_t size = 1 << 20; /* more than a pipe holds */
    uint8_t *sent = ms_alloc(size);
    uint8_t *received = ms_calloc(1, size + 1);
    pipe_writer writer = {.data = sent, .size = size};
    ms_thread thread;
    size_t got;
    int fds[2];

    (void)state;
    for (size_t i = 0; i < size; i++)
        sent[i] = (uint8_t)(i * 7 + i / 256);
    assert_int_equal(pipe2(fds, O_NONBLOCK | O_CLOEXEC), 0);
    writer.fd = fds[1];
    assert_int_equal(ms_thread_start(&thread, write_all, &writer, NULL), MS_OK);
    assert_int_equal(ms_file_read(fds[0], received, size + 1, &got, NULL), MS_OK);
    ms_thread_join(&thread);
    assert_int_equal(got, size);
    assert_memory_equal(sent, received, size);
    ms_file_close(fds[0]);
    ms_free(sent);
    ms_free(received);
}

static void test_reading_and_writing_errors_are_reported_with_their_place(void **state)
{
    temporary_folder *folder = *state;
    int fd = open_new(folder, "file");
    ms_error error = MS_ERROR_INIT;
    char back[32];
    size_t got = 99;

    faulty_shorten(4);
    faulty_fail(FAULTY_pwrite, 2, ENOSPC);
    assert_int_equal(ms_file_write_at(fd, "12345678", 8, 100, &error), MS_IO);
    assert_int_equal(error.os_errno, ENOSPC);
    assert_int_equal(error.offset, 104);
    assert_string_not_equal(error.hint, "");
    faulty_fail(FAULTY_pwrite, 1, EDQUOT);
    assert_int_equal(ms_file_write_at(fd, "12345678", 8, 100, &error), MS_IO);
    assert_string_not_equal(error.hint, "");
    faulty_fail(FAULTY_write, 1, EIO);
    assert_int_equal(ms_file_write(fd, "12345678", 8, &error), MS_IO);
    faulty_fail(FAULTY_pread, 2, EIO);
    assert_int_equal(ms_file_read_at(fd, back, 8, 100, &got, &error), MS_IO);
    assert_int_equal(got, 4);
    assert_int_equal(error.offset, 104);
    faulty_fail(FAULTY_read, 1, EIO);
    assert_int_equal(ms_file_read(fd, back, 8, &got, &error), MS_IO);
    assert_int_equal(ms_file_read_at(fd, back, 8, UINT64_MAX - 3, &got, &error), MS_IO);
    assert_int_equal(ms_file_read_at(fd, back, 8, INT64_MAX - 3, &got, &error), MS_IO);
    assert_int_equal(ms_file_write_at(fd, back, 8, INT64_MAX - 3, &error), MS_IO);
    assert_int_equal(error.os_errno, EFBIG);
    ms_file_close(fd);
}

static int fill_up(void *payload)
{
    temporary_folder *folder = payload;
    const struct rlimit small = {.rlim_cur = 1000, .rlim_max = 1000};
    uint8_t data[1500] = {0};
    ms_error error = MS_ERROR_INIT;
    int fd;
    signal(SIGXFSZ, SIG_IGN);
    if (setrlimit(RLIMIT_FSIZE, &small) != 0 ||
            ms_file_open(&fd, folder->fd, "file", NEW_FILE, 0600, NULL) != MS_OK)
        return 1;
    /* The system writes 1000 bytes first and fails only when asked for the rest. */
    if (ms_file_write_at(fd, data, sizeof(data), 0, &error) != MS_IO || error.os_errno != EFBIG ||
            error.offset != 1000)
        return 2;
    return ms_file_allocate(fd, 5000, &error) == MS_IO ? 0 : 3;
}

static void test_disk_that_takes_a_part_is_a_failure(void **state)
{
    assert_int_equal(child_run(fill_up, *state), 0);
}

static void test_failed_sync_is_not_repeated(void **state)
{
    static const int errors[] = {EIO, ENOSPC, EDQUOT};
    temporary_folder *folder = *state;
    int fd = open_new(folder, "file");
    for (size_t i = 0; i < MS_ARRAY_COUNT(errors); i++) {
        ms_error error = MS_ERROR_INIT;
        faulty_reset();
        faulty_fail(FAULTY_fsync, 1, errors[i]);
        assert_int_equal(ms_file_sync(fd, &error), MS_IO);
        assert_string_equal(error.reason, "sync_failed");
        assert_int_equal(error.os_errno, errors[i]);
        assert_string_equal(faulty_record(), "fsync");
    }
    assert_int_equal(ms_file_sync(fd, NULL), MS_OK);
    ms_file_close(fd);
}

static void test_failed_close_is_reported_and_not_repeated(void **state)
{
    static const int errors[] = {EIO, ENOSPC, EDQUOT};
    temporary_folder *folder = *state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(errors); i++) {
        ms_error error = MS_ERROR_INIT;
        int fd;
        assert_int_equal(
                ms_file_open(&fd, folder->fd, ".", MS_OPEN_READ | MS_OPEN_DIRECTORY, 0, NULL),
                MS_OK);
        faulty_reset();
        faulty_fail(FAULTY_close, 1, errors[i]);
        assert_int_equal(ms_file_close_checked(fd, &error), MS_IO);
        assert_string_equal(error.reason, "close_failed");
        assert_int_equal(faulty_count(FAULTY_close), 1);
    }
    assert_int_equal(ms_file_close_checked(-1, NULL), MS_OK);
}

static void test_direct_io_that_is_refused_becomes_buffered(void **state)
{
    temporary_folder *folder = *state;
    void *page = ms_alloc_aligned(4096, 8192);
    size_t got;
    int fd;

    memset(page, 'x', 8192);
    /* Refused when it is turned on: the new file must not be left half open. */
    faulty_fail(FAULTY_fcntl_setfl, 1, EINVAL);
    assert_int_equal(
            ms_file_open(&fd, folder->fd, "a", NEW_FILE | MS_OPEN_DIRECT, 0600, NULL), MS_OK);
    assert_true(faulty_fired());
    assert_int_equal(fcntl(fd, F_GETFL) & O_DIRECT, 0);
    assert_int_equal(ms_file_write_at(fd, "odd", 3, 1, NULL), MS_OK);
    ms_file_close(fd);

    /* Accepted, then refused by a write. */
    assert_int_equal(
            ms_file_open(&fd, folder->fd, "b", NEW_FILE | MS_OPEN_DIRECT, 0600, NULL), MS_OK);
    if ((fcntl(fd, F_GETFL) & O_DIRECT) == 0)
        print_message("# SKIP no direct I/O on this file system\n");
    faulty_fail(FAULTY_pwrite, 1, EINVAL);
    assert_int_equal(ms_file_write_at(fd, page, 8192, 0, NULL), MS_OK);
    assert_int_equal(fcntl(fd, F_GETFL) & O_DIRECT, 0);
    ms_file_close(fd);

    /* Refused by a read. */
    assert_int_equal(
            ms_file_open(&fd, folder->fd, "b", MS_OPEN_READ | MS_OPEN_DIRECT, 0, NULL), MS_OK);
    faulty_fail(FAULTY_pread, 1, EINVAL);
    assert_int_equal(ms_file_read_at(fd, page, 8192, 0, &got, NULL), MS_OK);
    assert_int_equal(got, 8192);
    ms_file_close(fd);

    /* EINVAL of a buffered descriptor is an error after one more try. */
    assert_int_equal(ms_file_open(&fd, folder->fd, "b", MS_OPEN_READ, 0, NULL), MS_OK);
    faulty_reset();
    faulty_fail_always(FAULTY_pread, EINVAL);
    assert_int_equal(ms_file_read_at(fd, page, 8192, 0, &got, NULL), MS_IO);
    assert_int_equal(faulty_count(FAULTY_pread), 2);
    ms_file_close(fd);
    ms_free_aligned(page);
}

static void test_direct_file_is_written_and_read_to_its_odd_end(void **state)
{
    temporary_folder *folder = *state;
    uint8_t *page = ms_alloc_aligned(4096, 8192);
    size_t got;
    int fd;

    memset(page, 'x', 8192);
    assert_int_equal(
            ms_file_open(&fd, folder->fd, "b", NEW_FILE | MS_OPEN_DIRECT, 0600, NULL), MS_OK);
    assert_int_equal(ms_file_write_at(fd, page, 4096, 0, NULL), MS_OK);
    ms_file_set_buffered(fd);
    assert_int_equal(fcntl(fd, F_GETFL) & O_DIRECT, 0);
    assert_int_equal(ms_file_write_at(fd, page, 100, 4096, NULL), MS_OK);
    ms_file_close(fd);
    memset(page, 0, 8192);
    assert_int_equal(
            ms_file_open(&fd, folder->fd, "b", MS_OPEN_READ | MS_OPEN_DIRECT, 0, NULL), MS_OK);
    assert_int_equal(ms_file_read_at(fd, page, 8192, 0, &got, NULL), MS_OK);
    assert_int_equal(got, 4196);
    assert_int_equal(page[4195], 'x');
    ms_file_close(fd);
    ms_free_aligned(page);
}

#define ODD_SIZE (3 * (size_t)MS_FILE_ALIGNMENT + 5)

static int open_odd_file(temporary_folder *folder, uint8_t *content)
{
    int fd;
    for (size_t i = 0; i < ODD_SIZE; i++)
        content[i] = (uint8_t)(i * 7 + i / 251);
    fd = open_new(folder, "odd");
    assert_int_equal(ms_file_write_at(fd, content, ODD_SIZE, 0, NULL), MS_OK);
    assert_int_equal(ms_file_sync(fd, NULL), MS_OK);
    return fd;
}

static void test_reading_around_the_cache_gives_the_same_bytes_as_through_it(void **state)
{
    static const struct {
        size_t shift; /* of the buffer, from its alignment */
        size_t room;
        size_t size;
        uint64_t offset;
        size_t got;
    } rows[] = {
            {0, ODD_SIZE + MS_FILE_ALIGNMENT, ODD_SIZE, 0, ODD_SIZE},
            {0, ODD_SIZE + MS_FILE_ALIGNMENT, MS_FILE_ALIGNMENT, MS_FILE_ALIGNMENT, MS_FILE_ALIGNMENT},
            {0, ODD_SIZE + MS_FILE_ALIGNMENT, 100, MS_FILE_ALIGNMENT, 100},
            {0, ODD_SIZE + MS_FILE_ALIGNMENT, ODD_SIZE, MS_FILE_ALIGNMENT, ODD_SIZE - MS_FILE_ALIGNMENT},
            {0, ODD_SIZE + MS_FILE_ALIGNMENT, 100, 3 * MS_FILE_ALIGNMENT, 5},
            {0, ODD_SIZE + MS_FILE_ALIGNMENT, 100, 9 * MS_FILE_ALIGNMENT, 0},
            {0, ODD_SIZE + MS_FILE_ALIGNMENT, 0, 0, 0},
            {0, ODD_SIZE, ODD_SIZE, 0, ODD_SIZE},
            {8, ODD_SIZE + MS_FILE_ALIGNMENT, ODD_SIZE, 0, ODD_SIZE},
            {0, ODD_SIZE + MS_FILE_ALIGNMENT, 1000, 3, 1000},
    };
    uint8_t content[ODD_SIZE];
    uint8_t *buffer = ms_alloc_aligned(MS_FILE_ALIGNMENT, ODD_SIZE + 2 * (size_t)MS_FILE_ALIGNMENT);
    int fd = open_odd_file(*state, content);
    assert_non_null(buffer);
    for (size_t i = 0; i < 3 * MS_ARRAY_COUNT(rows); i++) {
        const size_t row = i % MS_ARRAY_COUNT(rows), way = i / MS_ARRAY_COUNT(rows);
        uint8_t *data = buffer + rows[row].shift;
        size_t got = 0;
        faulty_reset();
        ms_file_drop_cache(fd, 0, ODD_SIZE);
        if (way == 1)
            faulty_fail(FAULTY_cached_pages, 1, ENOSYS);
        if (way == 2)
            faulty_fail(FAULTY_fcntl_setfl, 1, EINVAL);
        memset(buffer, 0xee, ODD_SIZE + 2 * (size_t)MS_FILE_ALIGNMENT);
        assert_int_equal(ms_file_read_around_cache(fd, data, rows[row].room, rows[row].size, rows[row].offset, &got, NULL), MS_OK);
        assert_int_equal(got, rows[row].got);
        assert_memory_equal(data, content + (got == 0 ? 0 : rows[row].offset), got);
        assert_int_equal(data[rows[row].room], 0xee); /* nothing behind the room */
        ms_file_set_buffered(fd);
    }
    ms_file_close(fd);
    ms_free_aligned(buffer);
}

static void test_what_the_cache_holds_is_not_fetched_again(void **state)
{
    uint8_t content[ODD_SIZE];
    uint8_t *data = ms_alloc_aligned(MS_FILE_ALIGNMENT, ODD_SIZE + MS_FILE_ALIGNMENT);
    int fd = open_odd_file(*state, content);
    size_t got;

    assert_non_null(data);
    assert_int_equal(ms_file_read_at(fd, data, ODD_SIZE, 0, &got, NULL), MS_OK);
    faulty_reset();
    assert_int_equal(ms_file_read_around_cache(fd, data, ODD_SIZE + MS_FILE_ALIGNMENT, ODD_SIZE, 0, &got, NULL), MS_OK);
    assert_int_equal(got, ODD_SIZE);
    assert_int_equal(faulty_count(FAULTY_fcntl_setfl), 0);
    faulty_fail(FAULTY_pread, 1, EIO);
    assert_int_equal(ms_file_read_around_cache(fd, data, ODD_SIZE + MS_FILE_ALIGNMENT, ODD_SIZE, 0, &got, NULL), MS_IO);
    ms_file_close(fd);
    ms_free_aligned(data);
}

static void test_reserved_space_is_there_or_refused_at_once(void **state)
{
    temporary_folder *folder = *state;
    ms_error error = MS_ERROR_INIT;
    ms_file_status status;
    int fd = open_new(folder, "file");

    assert_int_equal(ms_file_allocate(fd, 0, NULL), MS_OK);
    assert_int_equal(ms_file_allocate(fd, 100000, NULL), MS_OK);
    assert_int_equal(ms_file_status_of(fd, &status, NULL), MS_OK);
    assert_int_equal(status.size, 100000);
    faulty_fail(FAULTY_fallocate, 1, ENOSPC);
    assert_int_equal(ms_file_allocate(fd, 200000, &error), MS_IO);
    assert_int_equal(error.os_errno, ENOSPC);
    faulty_fail_always(FAULTY_fallocate, EOPNOTSUPP);
    assert_int_equal(ms_file_allocate(fd, 50, NULL), MS_OK);
    assert_int_equal(ms_file_allocate(fd, 200000, NULL), MS_OK);
    assert_int_equal(ms_file_status_of(fd, &status, NULL), MS_OK);
    assert_int_equal(status.size, 200000);
    assert_int_equal(ms_file_allocate(fd, UINT64_MAX, NULL), MS_IO);
    faulty_fail(FAULTY_ftruncate, 1, EINTR);
    assert_int_equal(ms_file_truncate(fd, 10, NULL), MS_OK);
    assert_int_equal(ms_file_status_of(fd, &status, NULL), MS_OK);
    assert_int_equal(status.size, 10);
    faulty_fail(FAULTY_ftruncate, 1, EIO);
    assert_int_equal(ms_file_truncate(fd, 10, NULL), MS_IO);
    assert_int_equal(ms_file_truncate(fd, UINT64_MAX, NULL), MS_IO);
    ms_file_close(fd);
}

static void test_hints_and_clones_do_no_harm_where_unsupported(void **state)
{
    temporary_folder *folder = *state;
    int from = open_new(folder, "from");
    int to = open_new(folder, "to");
    ms_file_status status;
    char back[3];
    bool cloned;

    assert_int_equal(ms_file_write_at(from, "abc", 3, 0, NULL), MS_OK);
    ms_file_start_writeback(from, 0, 3);
    ms_file_start_writeback(from, UINT64_MAX, UINT64_MAX);
    ms_file_drop_cache(from, 0, 3);
    cloned = ms_file_clone(to, from);
    assert_int_equal(ms_file_status_of(to, &status, NULL), MS_OK);
    assert_int_equal(status.size, cloned ? 3 : 0);
    if (cloned)
        assert_int_equal(temporary_read(folder, "to", back, 3), 3);
    faulty_fail(FAULTY_clone, 1, EXDEV);
    assert_false(ms_file_clone(to, from));
    ms_file_close(from);
    ms_file_close(to);
}

static void test_clone_of_a_range_says_whether_to_ask_again(void **state)
{
    static const struct {
        int os_errno;
        ms_file_cloned cloned;
    } rows[] = {
            {EOPNOTSUPP, MS_FILE_CANNOT_CLONE},
            {ENOTTY, MS_FILE_CANNOT_CLONE},
            {ENOSYS, MS_FILE_CANNOT_CLONE},
            {EXDEV, MS_FILE_CANNOT_CLONE},
            {EINVAL, MS_FILE_NOT_CLONED},
            {EPERM, MS_FILE_NOT_CLONED},
            {ETXTBSY, MS_FILE_NOT_CLONED},
            {ENOSPC, MS_FILE_NOT_CLONED},
            {EIO, MS_FILE_NOT_CLONED},
    };
    temporary_folder *folder = *state;
    int from = open_new(folder, "from");
    int to = open_new(folder, "to");

    assert_int_equal(ms_file_write_at(from, "abc", 3, 0, NULL), MS_OK);
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        faulty_fail(FAULTY_clone_range, 1, rows[i].os_errno);
        assert_int_equal(ms_file_clone_range(to, 0, from, 0, 3), rows[i].cloned);
        assert_true(faulty_fired());
    }
    faulty_reset();
    assert_int_equal(ms_file_clone_range(to, 0, from, 0, 0), MS_FILE_NOT_CLONED);
    assert_int_equal(ms_file_clone_range(to, UINT64_MAX, from, 0, 3), MS_FILE_NOT_CLONED);
    assert_int_equal(ms_file_clone_range(to, 0, from, INT64_MAX, 3), MS_FILE_NOT_CLONED);
    assert_int_equal(faulty_count(FAULTY_clone_range), 0);
    faulty_fail(FAULTY_clone_range, 1, EINTR);
    (void)ms_file_clone_range(to, 0, from, 0, 3);
    assert_int_equal(faulty_count(FAULTY_clone_range), 2);
    ms_file_close(from);
    ms_file_close(to);
}

static void test_permissions_are_set_and_terminals_known(void **state)
{
    temporary_folder *folder = *state;
    int fd = open_new(folder, "file");
    ms_file_status status;
    assert_int_equal(ms_file_set_mode(fd, 0444, NULL), MS_OK);
    assert_int_equal(ms_file_status_of(fd, &status, NULL), MS_OK);
    assert_int_equal(status.mode, 0444);
    assert_int_equal(status.kind, MS_FILE_REGULAR);
    faulty_fail(FAULTY_fchmod, 1, EPERM);
    assert_int_equal(ms_file_set_mode(fd, 0600, NULL), MS_IO);
    assert_false(ms_file_is_terminal(fd));
    ms_file_close(fd);
}

static int open_without_permission(void *payload)
{
    temporary_folder *folder = payload;
    ms_error error = MS_ERROR_INIT;
    int fd;
    if (ms_file_open(&fd, folder->fd, "new", NEW_FILE, 0600, &error) != MS_IO)
        return 1;
    return error.os_errno == EACCES && error.hint[0] != '\0' ? 0 : 2;
}

static void test_folder_without_permission_is_an_error_with_a_hint(void **state)
{
    assert_int_equal(child_run_unprivileged(open_without_permission, *state), 0);
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            TEST(test_open_says_what_is_wrong),
            TEST(test_open_file_has_the_flags_it_was_asked_for),
            TEST(test_file_never_stands_where_people_print),
            TEST(test_full_descriptor_table_is_an_error_with_a_hint),
            TEST(test_short_and_interrupted_calls_are_finished),
            TEST(test_non_blocking_pipe_is_waited_for),
            TEST(test_reading_and_writing_errors_are_reported_with_their_place),
            TEST(test_disk_that_takes_a_part_is_a_failure),
            TEST(test_failed_sync_is_not_repeated),
            TEST(test_failed_close_is_reported_and_not_repeated),
            TEST(test_direct_io_that_is_refused_becomes_buffered),
            TEST(test_direct_file_is_written_and_read_to_its_odd_end),
            TEST(test_reading_around_the_cache_gives_the_same_bytes_as_through_it),
            TEST(test_what_the_cache_holds_is_not_fetched_again),
            TEST(test_reserved_space_is_there_or_refused_at_once),
            TEST(test_hints_and_clones_do_no_harm_where_unsupported),
            TEST(test_clone_of_a_range_says_whether_to_ask_again),
            TEST(test_permissions_are_set_and_terminals_known),
            TEST(test_folder_without_permission_is_an_error_with_a_hint),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
