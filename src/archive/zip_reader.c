/* Entries of a foreign zip archive. libarchive gets the seekable zip format alone, no filter, and
 * never touches the disk: it sees our read and seek callbacks and gives bytes back. */
#include "archive/zip_reader.h"

#include <archive.h>
#include <archive_entry.h>
#include <errno.h>
#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "archive/zip_directory.h"
#include "base/alloc.h"
#include "base/checked.h"
#include "platform/file.h"

#define INPUT_SIZE ((size_t)256 << 10)
#define MODE_SETUID_SETGID 06000

struct ms_zip_reader {
    struct archive *archive;
    int fd;
    const ms_task *task;
    uint64_t size;
    uint64_t position;
    uint64_t consumed;
    uint8_t *input; /* INPUT_SIZE bytes */
    /* libarchive turns names into the charset of the calling thread's locale. Ours is UTF-8 while its
     * functions run, so that names do not depend on the environment; 0 when the system has none. */
    locale_t utf8;
    ms_archive_entry entry;
    uint64_t content; /* bytes of the entry given out so far */
    ms_error input_error; /* why our own read callback failed */
};

static locale_t enter_utf8(const ms_zip_reader *reader)
{
    return reader->utf8 != (locale_t)0 ? uselocale(reader->utf8) : (locale_t)0;
}

static void leave_utf8(locale_t before)
{
    if (before != (locale_t)0)
        (void)uselocale(before);
}

static la_ssize_t read_input(struct archive *archive, void *payload, const void **data)
{
    ms_zip_reader *self = payload;
    size_t got = 0;
    ms_status status = ms_task_check(self->task, &self->input_error);
    if (status == MS_OK)
        status = ms_file_read_at(
                self->fd, self->input, INPUT_SIZE, self->position, &got, &self->input_error);
    *data = self->input;
    if (status != MS_OK) {
        archive_set_error(archive, EIO, "the archive cannot be read");
        return -1;
    }
    self->position += got;
    self->consumed += got;
    return (la_ssize_t)got;
}

static la_int64_t seek_input(
        struct archive *archive, void *payload, la_int64_t offset, int whence)
{
    ms_zip_reader *self = payload;
    int64_t base = whence == SEEK_SET   ? 0
                   : whence == SEEK_CUR ? (int64_t)self->position
                                        : (int64_t)self->size;
    int64_t position;
    if (__builtin_add_overflow(base, offset, &position) || position < 0
            || (uint64_t)position > self->size) {
        archive_set_error(archive, EINVAL, "a position lies outside the archive");
        return ARCHIVE_FATAL;
    }
    self->position = (uint64_t)position;
    return position;
}

/* libarchive has no number for inflate that cannot begin, which zlib only lacks memory for. */
static bool is_starved(struct archive *archive)
{
    const char *text = archive_error_string(archive);
    return archive_errno(archive) == ENOMEM
           || (text != NULL && strcmp(text, "Can't initialize ZIP decompression.") == 0);
}

static ms_status fail_zip(const ms_zip_reader *reader, ms_error *err)
{
    if (reader->input_error.status != MS_OK) {
        ms_error_copy(err, &reader->input_error);
        return reader->input_error.status;
    }
    if (is_starved(reader->archive))
        return ms_fail_memory(err, INPUT_SIZE);
    return ms_fail(err, MS_MALFORMED, "archive_damaged", "the zip archive is damaged or cut short");
}

ms_status ms_zip_reader_new(
        ms_zip_reader **reader, int fd, uint64_t size, uint64_t entries_max, const ms_task *task, ms_error *err)
{
    *reader = NULL;
    ms_status status = ms_zip_directory_check(fd, size, entries_max, task, err);
    if (status != MS_OK)
        return status;
    ms_zip_reader *self = ms_calloc(1, sizeof(*self));
    if (self == NULL)
        return ms_fail_memory(err, sizeof(*self));
    self->fd = fd;
    self->task = task;
    self->size = size;
    self->input_error = (ms_error)MS_ERROR_INIT;
    self->utf8 = newlocale(LC_CTYPE_MASK, "C.UTF-8", (locale_t)0);
    if (self->utf8 == (locale_t)0)
        self->utf8 = newlocale(LC_CTYPE_MASK, "en_US.UTF-8", (locale_t)0);
    self->archive = archive_read_new();
    self->input = ms_alloc(INPUT_SIZE);
    locale_t before = enter_utf8(self);
    if (self->archive == NULL || self->input == NULL)
        status = ms_fail_memory(err, INPUT_SIZE);
    else if (archive_read_support_format_zip_seekable(self->archive) != ARCHIVE_OK
             || archive_read_set_seek_callback(self->archive, seek_input) != ARCHIVE_OK
             || archive_read_open2(self->archive, self, NULL, read_input, NULL, NULL)
                        != ARCHIVE_OK)
        status = fail_zip(self, err);
    leave_utf8(before);
    if (status == MS_OK)
        *reader = self;
    else
        ms_zip_reader_free(self);
    return status;
}

static ms_status refuse(ms_error *err, const char *reason, const char *sentence)
{
    return ms_fail(err, MS_MALFORMED, reason, "%s", sentence);
}

static ms_status check_kind(struct archive_entry *found, ms_error *err)
{
    /* The functions that tell a link by its target also see what a file type does not say. */
    if (archive_entry_hardlink(found) != NULL)
        return refuse(err, "archive_hard_link", "an entry is a hard link");
    if (archive_entry_symlink(found) != NULL)
        return refuse(err, "archive_link", "an entry is a symbolic link");
    if (archive_entry_is_encrypted(found))
        return refuse(err, "archive_encrypted", "an entry is encrypted");
    switch (archive_entry_filetype(found)) {
    case AE_IFDIR: return MS_OK;
    case AE_IFREG: break;
    case AE_IFLNK: return refuse(err, "archive_link", "an entry is a symbolic link");
    case AE_IFCHR:
    case AE_IFBLK: return refuse(err, "archive_device", "an entry is a device");
    default:
        return refuse(err, "archive_type", "an entry is neither a plain file nor a folder");
    }
    if ((archive_entry_perm(found) & MODE_SETUID_SETGID) != 0)
        return refuse(err, "archive_setuid", "a file has the setuid or setgid bit");
    return MS_OK;
}

static ms_status take_entry(ms_zip_reader *reader, struct archive_entry *found, ms_error *err)
{
    ms_status status = check_kind(found, err);
    if (status != MS_OK)
        return status;
    const char *path = archive_entry_pathname(found);
    if (path == NULL)
        return refuse(err, "archive_name", "the name of an entry is no text");
    int64_t size = archive_entry_size_is_set(found) ? archive_entry_size(found) : 0;
    if (size < 0)
        return refuse(err, "archive_number", "the size of an entry is negative");
    reader->entry.path = ms_span_of(path, strlen(path));
    reader->entry.is_folder = archive_entry_filetype(found) == AE_IFDIR;
    reader->entry.size_known = archive_entry_size_is_set(found) != 0;
    reader->entry.size = (uint64_t)size;
    reader->content = 0;
    if (reader->entry.is_folder && size != 0)
        return refuse(err, "archive_folder_size", "a folder has content");
    return MS_OK;
}

ms_status ms_zip_reader_next(ms_zip_reader *reader, const ms_archive_entry **entry, ms_error *err)
{
    struct archive_entry *found = NULL;
    ms_status status = MS_OK;
    *entry = NULL;
    locale_t before = enter_utf8(reader);
    int code = archive_read_next_header(reader->archive, &found);
    /* A warning means that something was understood only in part: a name, a flag, a method. */
    if (code != ARCHIVE_OK && code != ARCHIVE_EOF)
        status = fail_zip(reader, err);
    else if (code == ARCHIVE_OK)
        status = take_entry(reader, found, err);
    leave_utf8(before);
    if (status == MS_OK && code == ARCHIVE_OK)
        *entry = &reader->entry;
    return status;
}

ms_status ms_zip_reader_read(
        ms_zip_reader *reader, void *data, size_t size, size_t *got, ms_error *err)
{
    locale_t before = enter_utf8(reader);
    la_ssize_t count = archive_read_data(reader->archive, data, MS_MIN(size, INPUT_SIZE));
    leave_utf8(before);
    *got = 0;
    if (count < 0)
        return fail_zip(reader, err);
    *got = (size_t)count;
    reader->content += *got;
    /* libarchive takes the end of what was packed for the end, when only its checksum fits. */
    if (count == 0 && size > 0 && reader->entry.size_known && reader->content != reader->entry.size)
        return refuse(err, "archive_damaged", "an entry has not as many bytes as its header says");
    return MS_OK;
}

uint64_t ms_zip_reader_consumed(const ms_zip_reader *reader)
{
    return reader->consumed;
}

void ms_zip_reader_free(ms_zip_reader *reader)
{
    if (reader == NULL)
        return;
    if (reader->archive != NULL)
        (void)archive_read_free(reader->archive);
    if (reader->utf8 != (locale_t)0)
        freelocale(reader->utf8);
    ms_free(reader->input);
    ms_free(reader);
}
