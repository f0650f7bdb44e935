/* Packing a tree of files into one archive: order of calls, headers, content and padding. */
#include "archive/archive_writer.h"

#include <inttypes.h>
#include <string.h>

#include "archive/tar_header.h"
#include "archive/tar_layout.h"
#include "base/alloc.h"
#include "codec/path.h"

typedef enum writer_state {
    STATE_BETWEEN, /* entries */
    STATE_FILE,
    STATE_FINISHED,
    STATE_FAILED
} writer_state;

struct ms_archive_writer {
    ms_packer *packer;
    ms_buffer header;
    writer_state state;
    uint64_t size; /* of the file that is open */
    uint64_t left; /* bytes of it that are still to come */
};

static const uint8_t zeros[2 * MS_TAR_BLOCK_SIZE];

/* Whether a call fits the state; one that does not is the caller's mistake and changes nothing. */
static ms_status expect(const ms_archive_writer *writer, writer_state state, ms_error *err)
{
    if (writer->state == state)
        return MS_OK;
    if (writer->state == STATE_FAILED)
        return ms_fail(err, MS_USAGE, "archive_writer_failed", "writing the archive failed before");
    return ms_fail(err, MS_USAGE, "archive_writer_order", "%s",
            writer->state == STATE_FINISHED ? "the archive is finished already"
            : state == STATE_FILE           ? "no file of the archive is open"
                                            : "a file of the archive is still open");
}

/* The state after a step that either worked or broke the archive. */
static ms_status settle(ms_archive_writer *writer, ms_status status, writer_state next)
{
    writer->state = status == MS_OK ? next : STATE_FAILED;
    return status;
}

ms_status ms_archive_writer_new(ms_archive_writer **writer, ms_archive_format format,
        const ms_archive_output *output, unsigned workers, ms_error *err)
{
    ms_archive_writer *made = ms_calloc(1, sizeof(*made));
    *writer = NULL;
    if (made == NULL)
        return ms_fail_memory(err, sizeof(*made));
    ms_buffer_init(&made->header, MS_TAR_HEADER_SIZE_MAX);
    ms_status status = ms_packer_new(&made->packer, format, output, workers, err);
    if (status == MS_OK)
        *writer = made;
    else
        ms_archive_writer_free(made);
    return status;
}

static ms_status write_header(ms_archive_writer *writer, const char *path, bool is_folder,
        uint64_t size, ms_error *err)
{
    ms_span span = ms_span_of(path, strlen(path));
    ms_status status = expect(writer, STATE_BETWEEN, err);
    if (status == MS_OK)
        status = ms_path_check(span, err);
    if (status != MS_OK)
        return status;
    ms_buffer_clear(&writer->header);
    status = ms_tar_header_append(&writer->header, span, is_folder, size, err);
    if (status == MS_OK)
        status = ms_packer_write(writer->packer, writer->header.data, writer->header.size, err);
    return settle(writer, status, is_folder ? STATE_BETWEEN : STATE_FILE);
}

ms_status ms_archive_writer_add_folder(ms_archive_writer *writer, const char *path, ms_error *err)
{
    return write_header(writer, path, true, 0, err);
}

ms_status ms_archive_writer_begin_file(
        ms_archive_writer *writer, const char *path, uint64_t size, ms_error *err)
{
    ms_status status = write_header(writer, path, false, size, err);
    if (status == MS_OK) {
        writer->size = size;
        writer->left = size;
    }
    return status;
}

ms_status ms_archive_writer_write(
        ms_archive_writer *writer, const void *data, size_t size, ms_error *err)
{
    ms_status status = expect(writer, STATE_FILE, err);
    if (status != MS_OK)
        return status;
    if (size > writer->left)
        return settle(writer,
                ms_fail(err, MS_USAGE, "archive_file_size",
                        "a file of %" PRIu64 " bytes got more than that", writer->size),
                STATE_FILE);
    writer->left -= size;
    return settle(writer, ms_packer_write(writer->packer, data, size, err), STATE_FILE);
}

ms_status ms_archive_writer_end_file(ms_archive_writer *writer, ms_error *err)
{
    ms_status status = expect(writer, STATE_FILE, err);
    if (status != MS_OK)
        return status;
    if (writer->left != 0)
        status = ms_fail(err, MS_USAGE, "archive_file_size",
                "a file of %" PRIu64 " bytes ended %" PRIu64 " bytes early", writer->size,
                writer->left);
    else
        status = ms_packer_write(writer->packer, zeros, ms_tar_padding(writer->size), err);
    return settle(writer, status, STATE_BETWEEN);
}

ms_status ms_archive_writer_finish(ms_archive_writer *writer, ms_error *err)
{
    ms_status status = expect(writer, STATE_BETWEEN, err);
    if (status != MS_OK)
        return status;
    status = ms_packer_write(writer->packer, zeros, sizeof(zeros), err);
    if (status == MS_OK)
        status = ms_packer_finish(writer->packer, err);
    return settle(writer, status, STATE_FINISHED);
}

void ms_archive_writer_free(ms_archive_writer *writer)
{
    if (writer == NULL)
        return;
    ms_packer_free(writer->packer);
    ms_buffer_release(&writer->header);
    ms_free(writer);
}
