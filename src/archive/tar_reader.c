/* Entries of a foreign tar archive: header blocks, pax and GNU extensions, the end.
 * Source: POSIX.1-2017 pax; GNU tar manual, "Basic Tar Format". */
#include "archive/tar_reader.h"

#include <inttypes.h>
#include <string.h>

#include "archive/tar_layout.h"
#include "archive/tar_pax.h"
#include "base/alloc.h"
#include "base/checked.h"

#define MODE_SETUID_SETGID 06000
#define CONTENT_STEP 65536

struct ms_tar_reader {
    ms_unpacker *unpacker;
    uint64_t position; /* in the unpacked stream */
    uint64_t header;   /* position of the header that is being looked at, for errors */
    uint64_t left;     /* content bytes of the present entry still to come */
    size_t padding;    /* bytes behind them */
    ms_archive_entry entry;
    ms_tar_pax pax;   /* what pax headers said about the entry to come */
    ms_buffer name;   /* of the entry: from its header, a GNU long name or a pax record */
    ms_buffer header_data;
    bool name_given;  /* name was set before the entry's own header */
};

static ms_status refuse(
        const ms_tar_reader *reader, const char *reason, const char *sentence, ms_error *err)
{
    ms_status status = ms_fail(err, MS_MALFORMED, reason, "%s (header at byte %" PRIu64 ")",
            sentence, reader->header);
    ms_error_set_offset(err, reader->header);
    return status;
}

/* Exactly size bytes of the stream, or a refusal. */
static ms_status take(ms_tar_reader *reader, void *data, size_t size, ms_error *err)
{
    size_t got;
    ms_status status = ms_unpacker_read(reader->unpacker, data, size, &got, err);
    reader->position += got;
    if (status == MS_OK && got < size)
        return refuse(reader, "archive_truncated", "the archive ends inside an entry", err);
    return status;
}

static ms_status skip(ms_tar_reader *reader, uint64_t size, ms_error *err)
{
    uint8_t block[8 * MS_TAR_BLOCK_SIZE];
    ms_status status = MS_OK;
    while (status == MS_OK && size > 0) {
        size_t part = (size_t)MS_MIN(size, sizeof(block));
        status = take(reader, block, part, err);
        size -= part;
    }
    return status;
}

static bool all_zeros(const uint8_t *data, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        if (data[i] != 0)
            return false;
    }
    return true;
}

/* The content of an extension entry, whole; in steps, so that memory follows the bytes that are there
 * and not the number that a header claims. */
static ms_status take_content(
        ms_tar_reader *reader, ms_buffer *content, uint64_t size, ms_error *err)
{
    ms_buffer_clear(content);
    while (content->size < size) {
        size_t step = (size_t)MS_MIN(size - content->size, (uint64_t)CONTENT_STEP);
        ms_status status = ms_buffer_reserve(content, step, err);
        if (status == MS_OK)
            status = take(reader, content->data + content->size, step, err);
        if (status != MS_OK)
            return status;
        content->size += step;
    }
    return skip(reader, ms_tar_padding(size), err);
}

static ms_status read_pax(ms_tar_reader *reader, uint64_t size, bool global, ms_error *err)
{
    if (size > MS_TAR_PAX_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "archive_pax_size",
                "a pax header has %" PRIu64 " bytes, more than %zu", size, MS_TAR_PAX_SIZE_MAX);
    if (!global && reader->pax.present)
        return refuse(reader, "archive_pax", "two pax headers stand before one entry", err);
    ms_status status = take_content(reader, &reader->header_data, size, err);
    if (status != MS_OK)
        return status;
    ms_span content = ms_buffer_span(&reader->header_data);
    if (global)
        status = ms_tar_pax_check_global(content, err);
    else
        status = ms_tar_pax_read(&reader->pax, content, err);
    if (status != MS_OK) {
        ms_error_set_offset(err, reader->header);
        return status;
    }
    if (!reader->pax.path_set || global)
        return MS_OK;
    if (reader->name_given)
        return refuse(reader, "archive_name_twice", "two headers name the same entry", err);
    reader->name_given = true;
    ms_buffer_clear(&reader->name);
    return ms_buffer_append(&reader->name, reader->pax.path.data, reader->pax.path.size, err);
}

static ms_status read_long_name(ms_tar_reader *reader, uint64_t size, ms_error *err)
{
    if (size > MS_TAR_LONG_NAME_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "archive_name_size",
                "a GNU long name has %" PRIu64 " bytes, more than %d", size,
                MS_TAR_LONG_NAME_SIZE_MAX);
    if (reader->name_given)
        return refuse(reader, "archive_name_twice", "two headers name the same entry", err);
    ms_status status = take_content(reader, &reader->name, size, err);
    if (status != MS_OK)
        return status;
    reader->name_given = true;
    /* The name ends with its NUL; anything behind that could be read as a second name. */
    const uint8_t *end = size > 0 ? memchr(reader->name.data, 0, reader->name.size) : NULL;
    if (end == NULL)
        return MS_OK;
    size_t name_size = (size_t)(end - reader->name.data);
    if (!all_zeros(end, reader->name.size - name_size))
        return refuse(reader, "archive_name_twice", "a GNU long name goes on behind its end", err);
    reader->name.size = name_size;
    return MS_OK;
}

static ms_span field_text(const uint8_t *field, size_t size)
{
    const uint8_t *end = memchr(field, 0, size);
    return ms_span_of(field, end == NULL ? size : (size_t)(end - field));
}

/* The name in the header itself, with the prefix that only ustar has there. */
static ms_status take_header_name(ms_tar_reader *reader, const uint8_t *block, ms_error *err)
{
    ms_status status = MS_OK;
    ms_span name = field_text(block + MS_TAR_NAME, MS_TAR_NAME_SIZE);
    ms_span prefix = field_text(block + MS_TAR_PREFIX, MS_TAR_PREFIX_SIZE);
    bool ustar = memcmp(block + MS_TAR_MAGIC, "ustar\0", 6) == 0;
    ms_buffer_clear(&reader->name);
    if (ustar && prefix.size > 0) {
        status = ms_buffer_append(&reader->name, prefix.data, prefix.size, err);
        if (status == MS_OK)
            status = ms_buffer_append_byte(&reader->name, '/', err);
    }
    if (status == MS_OK)
        status = ms_buffer_append(&reader->name, name.data, name.size, err);
    return status;
}

static ms_status refuse_type(const ms_tar_reader *reader, char type, ms_error *err)
{
    switch (type) {
    case '1': return refuse(reader, "archive_hard_link", "an entry is a hard link", err);
    case '2': return refuse(reader, "archive_link", "an entry is a symbolic link", err);
    case 'K': return refuse(reader, "archive_link", "an entry is a link with a long target", err);
    case '3':
    case '4': return refuse(reader, "archive_device", "an entry is a device", err);
    case '6': return refuse(reader, "archive_fifo", "an entry is a fifo", err);
    case 'S': return refuse(reader, "archive_sparse", "an entry is a sparse file", err);
    default:
        return refuse(reader, "archive_type", "an entry is neither a plain file nor a folder", err);
    }
}

/* Fill the entry from its own header and from what stood before it. */
static ms_status take_entry(
        ms_tar_reader *reader, const uint8_t *block, uint64_t size, ms_error *err)
{
    char type = (char)block[MS_TAR_TYPE];
    uint64_t mode;
    ms_status status = MS_OK;
    if (type != '0' && type != '\0' && type != '7' && type != '5')
        return refuse_type(reader, type, err);
    if (reader->pax.sparse)
        return refuse(reader, "archive_sparse", "an entry is a sparse file", err);
    if (!reader->name_given)
        status = take_header_name(reader, block, err);
    if (status != MS_OK)
        return status;
    if (reader->pax.size_set)
        size = reader->pax.size;
    ms_archive_entry *entry = &reader->entry;
    entry->path = ms_buffer_span(&reader->name);
    /* Before ustar there was no type for folders: they were files whose name ends in a slash. */
    entry->is_folder = type == '5'
                       || (type != '7' && size == 0 && entry->path.size > 0
                               && entry->path.data[entry->path.size - 1] == '/');
    entry->size_known = true;
    entry->size = size;
    if (entry->is_folder && size != 0)
        return refuse(reader, "archive_folder_size", "a folder has content", err);
    if (!ms_tar_number(block + MS_TAR_MODE, MS_TAR_MODE_SIZE, &mode))
        return refuse(reader, "archive_number", "a mode is no number", err);
    /* Folders of shared disks carry setgid; modes are not restored, so there it means nothing. */
    if (!entry->is_folder && (mode & MODE_SETUID_SETGID) != 0)
        return refuse(reader, "archive_setuid", "a file has the setuid or setgid bit", err);
    reader->left = size;
    reader->padding = ms_tar_padding(size);
    reader->name_given = false;
    ms_tar_pax_clear(&reader->pax);
    return MS_OK;
}

/* The first block of zeros was read: a second one must follow, then only zeros. */
static ms_status take_end(ms_tar_reader *reader, ms_error *err)
{
    uint8_t data[8 * MS_TAR_BLOCK_SIZE];
    uint64_t size = 0;
    size_t got;
    if (reader->name_given || reader->pax.present)
        return refuse(reader, "archive_pax", "a header stands before no entry", err);
    do {
        ms_status status =
                ms_unpacker_read(reader->unpacker, data, sizeof(data), &got, err);
        if (status != MS_OK)
            return status;
        if (!all_zeros(data, got)) {
            /* A lone block of zeros followed by a header is no end. */
            return refuse(reader, size == 0 && !all_zeros(data, MS_MIN(got, MS_TAR_BLOCK_SIZE))
                            ? "archive_end" : "archive_trailing",
                    "other bytes follow the end of the archive", err);
        }
        size += got;
    } while (got > 0);
    if (size < MS_TAR_BLOCK_SIZE)
        return refuse(reader, "archive_end", "the end of the archive is missing", err);
    return MS_OK;
}

/* One header block and, when it is an extension, its content. *done: an entry or the end was met. */
static ms_status take_header(ms_tar_reader *reader, bool *done, bool *end, ms_error *err)
{
    uint8_t block[MS_TAR_BLOCK_SIZE];
    uint64_t size;
    size_t got;
    reader->header = reader->position;
    ms_status status = ms_unpacker_read(reader->unpacker, block, sizeof(block), &got, err);
    if (status != MS_OK)
        return status;
    reader->position += got;
    if (got == 0)
        return refuse(reader, "archive_end", "the end of the archive is missing", err);
    if (got < sizeof(block))
        return refuse(reader, "archive_truncated", "the archive ends inside a header", err);
    if (all_zeros(block, sizeof(block))) {
        *done = true;
        *end = true;
        return take_end(reader, err);
    }
    if (!ms_tar_checksum_fits(block))
        return refuse(reader, "archive_checksum", "the checksum of a header does not fit", err);
    if (!ms_tar_number(block + MS_TAR_SIZE, MS_TAR_SIZE_SIZE, &size))
        return refuse(reader, "archive_number", "a size is negative or no number", err);
    switch ((char)block[MS_TAR_TYPE]) {
    case 'x':
    case 'X': return read_pax(reader, size, false, err);
    case 'g': return read_pax(reader, size, true, err);
    case 'L': return read_long_name(reader, size, err);
    default: *done = true; return take_entry(reader, block, size, err);
    }
}

ms_status ms_tar_reader_new(ms_tar_reader **reader, ms_unpacker *unpacker, ms_error *err)
{
    *reader = ms_calloc(1, sizeof(**reader));
    if (*reader == NULL)
        return ms_fail_memory(err, sizeof(**reader));
    (*reader)->unpacker = unpacker;
    ms_buffer_init(&(*reader)->name, MS_TAR_PAX_SIZE_MAX);
    ms_buffer_init(&(*reader)->header_data, MS_TAR_PAX_SIZE_MAX);
    return MS_OK;
}

ms_status ms_tar_reader_next(ms_tar_reader *reader, const ms_archive_entry **entry, ms_error *err)
{
    bool done = false;
    bool end = false;
    *entry = NULL;
    ms_status status = skip(reader, reader->left, err);
    if (status == MS_OK)
        status = skip(reader, reader->padding, err);
    reader->left = 0;
    reader->padding = 0;
    while (status == MS_OK && !done)
        status = take_header(reader, &done, &end, err);
    if (status == MS_OK && !end)
        *entry = &reader->entry;
    return status;
}

ms_status ms_tar_reader_read(
        ms_tar_reader *reader, void *data, size_t size, size_t *got, ms_error *err)
{
    size_t part = (size_t)MS_MIN((uint64_t)size, reader->left);
    ms_status status = take(reader, data, part, err);
    *got = status == MS_OK ? part : 0;
    reader->left -= *got;
    return status;
}

void ms_tar_reader_free(ms_tar_reader *reader)
{
    if (reader == NULL)
        return;
    ms_buffer_release(&reader->name);
    ms_buffer_release(&reader->header_data);
    ms_free(reader);
}
