/* The kinds of unpacker that libarchive brings: xz and bzip2, as filters below its raw format. Only
 * the one filter is registered, and a second layer of it is refused. */
#include "archive/unpacker.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>

#include "base/alloc.h"
#include "base/checked.h"

/* The filter itself and the plain file below it. */
#define FILTER_COUNT 2

typedef struct filter_unpacker {
    ms_unpacker base;
    struct archive *archive;
    bool opened;
    ms_error input_error; /* why our own read callback failed */
} filter_unpacker;

static la_ssize_t read_input(struct archive *archive, void *payload, const void **data)
{
    filter_unpacker *self = payload;
    const uint8_t *input;
    size_t size;
    ms_status status = ms_unpacker__input(&self->base, &input, &size, &self->input_error);
    *data = input;
    if (status != MS_OK) {
        archive_set_error(archive, EIO, "the archive cannot be read");
        return -1;
    }
    self->base.input_position += size;
    return (la_ssize_t)size;
}

static ms_status fail_filter(const filter_unpacker *self, ms_error *err)
{
    if (self->input_error.status != MS_OK) {
        ms_error_copy(err, &self->input_error);
        return self->input_error.status;
    }
    if (archive_errno(self->archive) == ENOMEM)
        return ms_fail_memory(err, MS_UNPACKER_INPUT_SIZE);
    const char *text = archive_error_string(self->archive);
    ms_status status = ms_fail(err, MS_MALFORMED, "archive_damaged",
            "the compressed data is damaged: %s", text != NULL ? text : "no reason is known");
    ms_error_set_offset(err, self->base.offset);
    return status;
}

static ms_status open_filter(filter_unpacker *self, ms_error *err)
{
    struct archive_entry *entry;
    self->opened = true;
    if (archive_read_open2(self->archive, self, NULL, read_input, NULL, NULL) != ARCHIVE_OK
            || archive_read_next_header(self->archive, &entry) != ARCHIVE_OK)
        return fail_filter(self, err);
    if (archive_filter_count(self->archive) != FILTER_COUNT)
        return ms_fail(err, MS_MALFORMED, "archive_filters",
                "the archive is not compressed exactly once");
    return MS_OK;
}

/* libarchive ignores what follows the end of bzip2 data; how far its filter got tells where to look. */
static ms_status check_rest(filter_unpacker *self, ms_error *err)
{
    int64_t used = archive_filter_bytes(self->archive, FILTER_COUNT - 1);
    if (used < 0 || (uint64_t)used > self->base.offset)
        return ms_fail(err, MS_INTERNAL, "archive_filters",
                "libarchive does not tell where the compressed data ends");
    self->base.offset = (uint64_t)used;
    self->base.input_ended = false;
    self->base.input_position = self->base.input_size;
    return ms_unpacker__padding(&self->base, err);
}

static ms_status filter_read(
        ms_unpacker *unpacker, void *data, size_t size, size_t *got, ms_error *err)
{
    filter_unpacker *self = (filter_unpacker *)unpacker;
    *got = 0;
    if (!self->opened) {
        ms_status status = open_filter(self, err);
        if (status != MS_OK)
            return status;
    }
    la_ssize_t count =
            archive_read_data(self->archive, data, MS_MIN(size, MS_UNPACKER_INPUT_SIZE));
    if (count < 0)
        return fail_filter(self, err);
    *got = (size_t)count;
    return count == 0 ? check_rest(self, err) : MS_OK;
}

static void filter_free(ms_unpacker *unpacker)
{
    filter_unpacker *self = (filter_unpacker *)unpacker;
    if (self->archive != NULL)
        (void)archive_read_free(self->archive);
    ms_free(self);
}

static const ms_unpacker_operations filter_operations = {.read = filter_read, .free = filter_free};

ms_status ms_unpacker_new_filter(ms_unpacker **unpacker, ms_archive_format format, ms_error *err)
{
    filter_unpacker *self = ms_calloc(1, sizeof(*self));
    *unpacker = NULL;
    if (self == NULL)
        return ms_fail_memory(err, sizeof(*self));
    self->base.operations = &filter_operations;
    self->input_error = (ms_error)MS_ERROR_INIT;
    self->archive = archive_read_new();
    if (self->archive == NULL) {
        filter_free(&self->base);
        return ms_fail_memory(err, sizeof(*self));
    }
    int code = format == MS_ARCHIVE_TAR_XZ ? archive_read_support_filter_xz(self->archive)
                                           : archive_read_support_filter_bzip2(self->archive);
    /* ARCHIVE_WARN would mean that libarchive starts an external program for it. */
    if (code != ARCHIVE_OK || archive_read_support_format_raw(self->archive) != ARCHIVE_OK) {
        bool is_starved = archive_errno(self->archive) == ENOMEM;
        filter_free(&self->base);
        if (is_starved)
            return ms_fail_memory(err, sizeof(*self));
        return ms_fail(err, MS_USAGE, "archive_format",
                "libarchive was built without this compression");
    }
    *unpacker = &self->base;
    return MS_OK;
}
