/* Where results go: failed writes are remembered. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "doubles/temporary_folder.h"
#include "stream.h"

static cli_stream *new_stream(int fd)
{
    cli_stream *stream = malloc(sizeof(*stream));

    assert_non_null(stream);
    cli_stream_init(stream, fd);
    return stream;
}

static void test_a_stream_writes_when_full_or_flushed(void **state)
{
    const temporary_folder *folder = *state;
    static char data[CLI_STREAM_SIZE + 100];
    static char found[3 * sizeof(data)];
    int fd = open(temporary_path(folder, "out"), O_RDWR | O_CREAT, 0600);
    cli_stream *stream = new_stream(fd);

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (char)(i % 251);
    assert_true(cli_stream_write(stream, data, 10));
    assert_int_equal(temporary_read(folder, "out", found, sizeof(found)), 0); /* waits */
    assert_true(cli_stream_write(stream, data, sizeof(data)));
    assert_int_equal(temporary_read(folder, "out", found, sizeof(found)), CLI_STREAM_SIZE);
    assert_true(cli_stream_flush(stream));
    assert_true(cli_stream_flush(stream)); /* nothing is written twice */
    assert_int_equal(temporary_read(folder, "out", found, sizeof(found)), 10 + sizeof(data));
    assert_memory_equal(found, data, 10);
    assert_memory_equal(found + 10, data, sizeof(data));
    assert_true(cli_stream_write(stream, NULL, 0));
    free(stream);
    close(fd);
}

static void test_the_first_failed_write_is_remembered(void **state)
{
    int fd = open("/dev/full", O_WRONLY);
    cli_stream *stream = new_stream(fd);

    (void)state;
    assert_true(cli_stream_write(stream, "abc", 3));
    assert_int_equal(stream->os_errno, 0);
    assert_false(cli_stream_flush(stream));
    assert_int_equal(stream->os_errno, ENOSPC);
    close(fd);
    stream->fd = -1; /* another write would be EBADF */
    assert_false(cli_stream_write(stream, "abc", 3));
    assert_false(cli_stream_flush(stream));
    assert_int_equal(stream->os_errno, ENOSPC);
    free(stream);
}

#define PIPE_BYTES (1 << 20)

static void *drain(void *payload)
{
    int fd = *(int *)payload;
    static char data[4096];
    size_t total = 0;
    ssize_t got;

    while ((got = read(fd, data, sizeof(data))) > 0)
        total += (size_t)got;
    return (void *)(uintptr_t)total;
}

static void test_a_descriptor_that_would_block_is_waited_for(void **state)
{
    int ends[2];
    pthread_t reader;
    void *total;
    char *data = calloc(1, PIPE_BYTES);

    (void)state;
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(fcntl(ends[1], F_SETFL, O_NONBLOCK), 0);
    assert_int_equal(pthread_create(&reader, NULL, drain, &ends[0]), 0);
    assert_int_equal(cli_write_all(ends[1], data, PIPE_BYTES), 0);
    close(ends[1]);
    assert_int_equal(pthread_join(reader, &total), 0);
    assert_int_equal((uintptr_t)total, PIPE_BYTES);
    close(ends[0]);
    free(data);
}

static void test_a_reader_that_is_gone_is_a_failure(void **state)
{
    int ends[2];

    (void)state;
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(pipe(ends), 0);
    close(ends[0]);
    assert_int_equal(cli_write_all(ends[1], "x", 1), EPIPE);
    close(ends[1]);
}

int main(void)
{
#define IN_FOLDER(test) cmocka_unit_test_setup_teardown(test, temporary_folder_setup, temporary_folder_teardown)
    const struct CMUnitTest tests[] = {
            IN_FOLDER(test_a_stream_writes_when_full_or_flushed),
            IN_FOLDER(test_the_first_failed_write_is_remembered),
            IN_FOLDER(test_a_descriptor_that_would_block_is_waited_for),
            IN_FOLDER(test_a_reader_that_is_gone_is_a_failure),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
