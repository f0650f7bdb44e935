/* The bytes inside a file that may be compressed: reading the file, the ceiling of what comes out, and
 * the kind without compression. */
#include "archive/unpacker.h"

#include <inttypes.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "platform/file.h"

static ms_status plain_read(
        ms_unpacker *unpacker, void *data, size_t size, size_t *got, ms_error *err)
{
    const uint8_t *input;
    size_t input_size;
    ms_status status = ms_unpacker__input(unpacker, &input, &input_size, err);
    *got = 0;
    if (status != MS_OK)
        return status;
    *got = MS_MIN(size, input_size);
    if (*got > 0)
        memcpy(data, input, *got);
    unpacker->input_position += *got;
    return MS_OK;
}

static void plain_free(ms_unpacker *unpacker)
{
    ms_free(unpacker);
}

static const ms_unpacker_operations plain_operations = {.read = plain_read, .free = plain_free};

static ms_status plain_new(ms_unpacker **unpacker, ms_error *err)
{
    *unpacker = ms_calloc(1, sizeof(**unpacker));
    if (*unpacker == NULL)
        return ms_fail_memory(err, sizeof(**unpacker));
    (*unpacker)->operations = &plain_operations;
    return MS_OK;
}

static ms_status new_of_format(ms_unpacker **unpacker, ms_archive_format format, ms_error *err)
{
    *unpacker = NULL;
    if (format == MS_ARCHIVE_TAR)
        return plain_new(unpacker, err);
    if (format == MS_ARCHIVE_TAR_GZIP)
        return ms_unpacker_new_gzip(unpacker, err);
    if (format == MS_ARCHIVE_TAR_ZSTD)
        return ms_unpacker_new_zstd(unpacker, err);
    if (format == MS_ARCHIVE_TAR_XZ || format == MS_ARCHIVE_TAR_BZIP2)
        return ms_unpacker_new_filter(unpacker, format, err);
    return ms_fail(err, MS_USAGE, "archive_format", "this is no compressed stream");
}

ms_status ms_unpacker_new(ms_unpacker **unpacker, int fd, ms_archive_format format,
        uint64_t output_max, const ms_task *task, ms_error *err)
{
    ms_unpacker *made = NULL;
    *unpacker = NULL;
    ms_status status = new_of_format(&made, format, err);
    if (status != MS_OK)
        return status;
    made->fd = fd;
    made->output_max = output_max;
    made->task = task;
    made->input = ms_alloc(MS_UNPACKER_INPUT_SIZE);
    if (made->input == NULL) {
        ms_unpacker_free(made);
        return ms_fail_memory(err, MS_UNPACKER_INPUT_SIZE);
    }
    *unpacker = made;
    return MS_OK;
}

ms_status ms_unpacker_read(
        ms_unpacker *unpacker, void *data, size_t size, size_t *got, ms_error *err)
{
    *got = 0;
    while (*got < size && !unpacker->ended) {
        size_t part;
        ms_status status = ms_task_check(unpacker->task, err);
        if (status == MS_OK)
            status = unpacker->operations->read(
                    unpacker, (uint8_t *)data + *got, size - *got, &part, err);
        if (status != MS_OK)
            return status;
        if (part == 0)
            unpacker->ended = true;
        *got += part;
        unpacker->output_size += part;
        if (unpacker->output_size > unpacker->output_max)
            return ms_fail(err, MS_LIMIT, "archive_ratio",
                    "the archive unpacks to more than %" PRIu64
                    " bytes, too much for its own size",
                    unpacker->output_max);
    }
    return MS_OK;
}

uint64_t ms_unpacker_consumed(const ms_unpacker *unpacker)
{
    return unpacker->offset;
}

void ms_unpacker_free(ms_unpacker *unpacker)
{
    if (unpacker == NULL)
        return;
    ms_free(unpacker->input);
    unpacker->operations->free(unpacker);
}

ms_status ms_unpacker__input(
        ms_unpacker *unpacker, const uint8_t **data, size_t *size, ms_error *err)
{
    *data = NULL;
    *size = 0;
    if (unpacker->input_position == unpacker->input_size && !unpacker->input_ended) {
        size_t got;
        /* A whole file of padding, or of parts that hold nothing, may go by in one read. */
        ms_status status = ms_task_check(unpacker->task, err);
        if (status == MS_OK)
            status = ms_file_read_at(unpacker->fd, unpacker->input, MS_UNPACKER_INPUT_SIZE,
                    unpacker->offset, &got, err);
        if (status != MS_OK)
            return status;
        unpacker->input_position = 0;
        unpacker->input_size = got;
        unpacker->offset += got;
        unpacker->input_ended = got < MS_UNPACKER_INPUT_SIZE;
    }
    *data = unpacker->input + unpacker->input_position;
    *size = unpacker->input_size - unpacker->input_position;
    return MS_OK;
}

ms_status ms_unpacker__padding(ms_unpacker *unpacker, ms_error *err)
{
    for (;;) {
        const uint8_t *data;
        size_t size;
        ms_status status = ms_unpacker__input(unpacker, &data, &size, err);
        if (status != MS_OK || size == 0)
            return status;
        for (size_t i = 0; i < size; i++) {
            if (data[i] != 0)
                return ms_fail(err, MS_MALFORMED, "archive_trailing",
                        "other bytes follow the compressed data");
        }
        unpacker->input_position += size;
    }
}

ms_status ms_unpacker__fail_truncated(const ms_unpacker *unpacker, ms_error *err)
{
    ms_status status = ms_fail(err, MS_MALFORMED, "archive_truncated",
            "the compressed data ends early, after %" PRIu64 " bytes", unpacker->offset);
    ms_error_set_offset(err, unpacker->offset);
    return status;
}
