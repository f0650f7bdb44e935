/* The central directory of a zip archive. It must stand exactly where the end of the archive says:
 * then there is one reading of it, here, in libarchive and elsewhere.
 * Source: APPNOTE.TXT 6.3.10 of PKWARE, sections 4.3.7, 4.3.12 to 4.3.16, 4.5.3 and 4.6.9. */
#include "archive/zip_directory.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/buffer.h"
#include "base/checked.h"
#include "platform/file.h"

#define LOCAL_SIZE 30
#define CENTRAL_SIZE 46
#define END_SIZE 22
#define LOCATOR_SIZE 20
#define END64_SIZE 56
/* libarchive looks for the end of the archive in so many bytes, and takes the last one there. */
#define TAIL_SIZE 16384
/* More than the longest entry: its header, name, extra fields and comment. */
#define WINDOW_SIZE ((size_t)256 << 10)
#define LOCAL_NAMES_SIZE ((size_t)2 * UINT16_MAX)

#define ID_ZIP64 0x0001
#define ID_UNICODE_PATH 0x7075

static const char local_mark[] = "PK\x03\x04";
static const char central_mark[] = "PK\x01\x02";
static const char end_mark[] = "PK\x05\x06";
static const char end64_mark[] = "PK\x06\x06";
static const char locator_mark[] = "PK\x06\x07";

typedef struct zip_directory {
    int fd;
    uint64_t size; /* of the file */
    uint64_t entries_max;
    const ms_task *task;
    uint64_t start;
    uint64_t end; /* of the directory: a record of the end stands there */
    uint64_t count;
    bool count_is_short; /* count has 16 bits; programs that know no zip64 let it overflow */
    uint8_t *window;     /* WINDOW_SIZE bytes of the directory */
    uint64_t window_start;
    size_t window_size;
    uint8_t *local;    /* LOCAL_NAMES_SIZE bytes: name and extra fields of a local header */
    uint64_t *offsets; /* of the local headers */
    size_t offset_count;
    size_t offset_capacity;
} zip_directory;

/* What the extra fields of a header say of name and place. */
typedef struct extra_fields {
    ms_span unicode; /* data of the Unicode path; data is NULL when there is none */
    uint64_t offset;
    bool has_zip64;
} extra_fields;

static uint64_t number(const uint8_t *bytes, size_t size)
{
    uint64_t value = 0;
    while (size-- > 0)
        value = value << 8 | bytes[size];
    return value;
}

static bool has_mark(const uint8_t *bytes, const char *mark)
{
    return memcmp(bytes, mark, 4) == 0;
}

static ms_status fail_damaged(ms_error *err)
{
    return ms_fail(err, MS_MALFORMED, "archive_damaged", "the zip archive is damaged or cut short");
}

static ms_status read_whole(
        const zip_directory *self, void *data, size_t size, uint64_t offset, ms_error *err)
{
    size_t got;
    if (offset > self->size || size > self->size - offset)
        return fail_damaged(err);
    ms_status status = ms_file_read_at(self->fd, data, size, offset, &got, err);
    if (status == MS_OK && got < size)
        return fail_damaged(err);
    return status;
}

/* Whether a number of the end record, of size bytes, gives way to that of the zip64 record, or is
 * the same. */
static bool agrees(const uint8_t *bytes, size_t size, uint64_t value)
{
    uint64_t ones = (UINT64_C(1) << (8 * size)) - 1;
    return number(bytes, size) == ones || number(bytes, size) == value;
}

/* The place of the directory by the zip64 record, which ends at the locator, at offset, in front
 * of the end record. */
static ms_status locate64(
        zip_directory *self, const uint8_t *locator, uint64_t offset, ms_error *err)
{
    const uint8_t *end = locator + LOCATOR_SIZE;
    uint8_t record[END64_SIZE];
    self->end = number(locator + 8, 8);
    if (number(locator + 4, 4) != 0 || number(locator + 16, 4) != 1)
        return fail_damaged(err);
    ms_status status = read_whole(self, record, sizeof(record), self->end, err);
    if (status != MS_OK)
        return status;
    self->start = number(record + 48, 8);
    self->count = number(record + 32, 8);
    uint64_t size = number(record + 40, 8);
    uint64_t record_size = number(record + 4, 8);
    if (!has_mark(record, end64_mark) || self->end > offset || offset - self->end > TAIL_SIZE
            || record_size != offset - self->end - 12 || record_size < END64_SIZE - 12
            || number(record + 16, 4) != 0 || number(record + 20, 4) != 0
            || number(record + 24, 8) != self->count || self->start > self->end
            || size != self->end - self->start)
        return fail_damaged(err);
    if (!agrees(end + 10, 2, self->count) || !agrees(end + 12, 4, size)
            || !agrees(end + 16, 4, self->start))
        return fail_damaged(err);
    return MS_OK;
}

static ms_status locate_at(
        zip_directory *self, const uint8_t *tail, size_t position, uint64_t offset, ms_error *err)
{
    const uint8_t *end = tail + position;
    if (position >= LOCATOR_SIZE && has_mark(end - LOCATOR_SIZE, locator_mark))
        return locate64(self, end - LOCATOR_SIZE, offset - LOCATOR_SIZE, err);
    self->start = number(end + 16, 4);
    self->count = number(end + 10, 2);
    self->count_is_short = true;
    self->end = offset;
    if (number(end + 4, 2) != 0 || number(end + 6, 2) != 0 || number(end + 8, 2) != self->count
            || self->start > offset || number(end + 12, 4) != offset - self->start)
        return fail_damaged(err);
    return MS_OK;
}

static ms_status locate(zip_directory *self, ms_error *err)
{
    size_t tail = (size_t)MS_MIN(self->size, (uint64_t)TAIL_SIZE);
    ms_status status = read_whole(self, self->window, tail, self->size - tail, err);
    if (status != MS_OK)
        return status;
    for (size_t position = tail < END_SIZE ? 0 : tail - END_SIZE + 1; position-- > 0;) {
        if (has_mark(self->window + position, end_mark))
            return locate_at(
                    self, self->window, position, self->size - tail + position, err);
    }
    return fail_damaged(err);
}

/* size bytes of the directory at offset; they stay until the next call. */
static ms_status look(zip_directory *self, const uint8_t **bytes, uint64_t offset, size_t size,
        ms_error *err)
{
    if (offset > self->end || size > self->end - offset)
        return fail_damaged(err);
    if (offset < self->window_start || offset + size > self->window_start + self->window_size) {
        size_t more = (size_t)MS_MIN((uint64_t)WINDOW_SIZE, self->end - offset);
        ms_status status = read_whole(self, self->window, more, offset, err);
        if (status != MS_OK)
            return status;
        self->window_start = offset;
        self->window_size = more;
    }
    *bytes = self->window + (offset - self->window_start);
    return MS_OK;
}

/* The parts of a zip64 field are there for the numbers of the header that are all ones. header is
 * that of a central entry. */
static ms_status take_zip64(
        extra_fields *fields, const uint8_t *header, ms_span data, ms_error *err)
{
    size_t before = 0;
    if (fields->has_zip64)
        return fail_damaged(err);
    fields->has_zip64 = true;
    if (fields->offset != UINT32_MAX)
        return MS_OK;
    before += number(header + 24, 4) == UINT32_MAX ? 8 : 0;
    before += number(header + 20, 4) == UINT32_MAX ? 8 : 0;
    if (data.size < before + 8)
        return fail_damaged(err);
    fields->offset = number(data.data + before, 8);
    return MS_OK;
}

/* central is NULL for the fields of a local header. Bytes at the end that are too few for a field
 * are padding. */
static ms_status take_extra(
        extra_fields *fields, const uint8_t *central, ms_span extra, ms_error *err)
{
    ms_status status = MS_OK;
    size_t position = 0;
    while (status == MS_OK && extra.size - position >= 4) {
        uint64_t id = number(extra.data + position, 2);
        ms_span data = ms_span_of(
                extra.data + position + 4, (size_t)number(extra.data + position + 2, 2));
        position += 4;
        if (data.size > extra.size - position)
            return fail_damaged(err);
        position += data.size;
        if (id == ID_ZIP64 && central != NULL)
            status = take_zip64(fields, central, data, err);
        if (id != ID_UNICODE_PATH)
            continue;
        if (fields->unicode.data != NULL)
            return ms_fail(err, MS_MALFORMED, "archive_name_twice",
                    "a header of the zip archive has two Unicode names");
        fields->unicode = data;
    }
    return status;
}

static bool holds_nul(ms_span text, size_t from)
{
    return text.size > from && memchr(text.data + from, 0, text.size - from) != NULL;
}

static ms_status check_local(
        const zip_directory *self, ms_span name, const extra_fields *fields, ms_error *err)
{
    uint8_t header[LOCAL_SIZE];
    extra_fields local = {0};
    ms_status status = read_whole(self, header, sizeof(header), fields->offset, err);
    if (status != MS_OK)
        return status;
    if (!has_mark(header, local_mark))
        return fail_damaged(err);
    size_t name_size = (size_t)number(header + 26, 2);
    size_t extra_size = (size_t)number(header + 28, 2);
    status = read_whole(
            self, self->local, name_size + extra_size, fields->offset + LOCAL_SIZE, err);
    if (status == MS_OK)
        status = take_extra(&local, NULL, ms_span_of(self->local + name_size, extra_size), err);
    if (status != MS_OK)
        return status;
    /* The data of a Unicode path begins with its version and a checksum. */
    if (holds_nul(name, 0) || holds_nul(fields->unicode, 5))
        return ms_fail(err, MS_MALFORMED, "archive_name", "the name of an entry holds a NUL");
    if (!ms_span_equal(name, ms_span_of(self->local, name_size))
            || !ms_span_equal(fields->unicode, local.unicode))
        return ms_fail(err, MS_MALFORMED, "archive_name",
                "an entry has one name in the directory of the zip archive and another at its content");
    return MS_OK;
}

static ms_status keep_offset(zip_directory *self, uint64_t offset, ms_error *err)
{
    if (self->offset_count >= self->entries_max)
        return ms_fail(err, MS_LIMIT, "archive_files",
                "the archive holds more than %" PRIu64 " entries", self->entries_max);
    if (self->offset_count == self->offset_capacity) {
        size_t capacity = self->offset_capacity == 0 ? 64 : 2 * self->offset_capacity;
        uint64_t *offsets = ms_realloc_array(self->offsets, capacity, sizeof(*offsets));
        if (offsets == NULL)
            return ms_fail_memory(err, capacity * sizeof(*offsets));
        self->offsets = offsets;
        self->offset_capacity = capacity;
    }
    self->offsets[self->offset_count++] = offset;
    return MS_OK;
}

/* The entry at *offset, which is that of the next one afterwards. */
static ms_status check_entry(zip_directory *self, uint64_t *offset, ms_error *err)
{
    const uint8_t *header;
    ms_status status = ms_task_check(self->task, err);
    if (status == MS_OK)
        status = look(self, &header, *offset, CENTRAL_SIZE, err);
    if (status != MS_OK)
        return status;
    if (!has_mark(header, central_mark))
        return fail_damaged(err);
    size_t name_size = (size_t)number(header + 28, 2);
    size_t extra_size = (size_t)number(header + 30, 2);
    size_t size = CENTRAL_SIZE + name_size + extra_size + (size_t)number(header + 32, 2);
    status = look(self, &header, *offset, size, err);
    if (status != MS_OK)
        return status;
    extra_fields fields = {.offset = number(header + 42, 4)};
    status = take_extra(
            &fields, header, ms_span_of(header + CENTRAL_SIZE + name_size, extra_size), err);
    if (status == MS_OK)
        status = check_local(self, ms_span_of(header + CENTRAL_SIZE, name_size), &fields, err);
    if (status == MS_OK)
        status = keep_offset(self, fields.offset, err);
    *offset += size;
    return status;
}

static int compare_offsets(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left;
    uint64_t b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static ms_status check_offsets(zip_directory *self, ms_error *err)
{
    if (self->offset_count > 1)
        qsort(self->offsets, self->offset_count, sizeof(*self->offsets), compare_offsets);
    for (size_t i = 1; i < self->offset_count; i++) {
        if (self->offsets[i] == self->offsets[i - 1])
            return ms_fail(err, MS_MALFORMED, "archive_name_twice",
                    "two entries of the directory of the zip archive are one file");
    }
    return MS_OK;
}

static ms_status check(zip_directory *self, ms_error *err)
{
    ms_status status = locate(self, err);
    uint64_t offset = self->start;
    self->window_size = 0;
    while (status == MS_OK && offset < self->end)
        status = check_entry(self, &offset, err);
    if (status != MS_OK)
        return status;
    uint64_t found = self->count_is_short ? self->offset_count & UINT16_MAX : self->offset_count;
    if (found != self->count)
        return fail_damaged(err);
    return check_offsets(self, err);
}

ms_status ms_zip_directory_check(
        int fd, uint64_t size, uint64_t entries_max, const ms_task *task, ms_error *err)
{
    zip_directory self = {.fd = fd, .size = size, .entries_max = entries_max, .task = task};
    self.window = ms_alloc(WINDOW_SIZE);
    self.local = ms_alloc(LOCAL_NAMES_SIZE);
    ms_status status = self.window != NULL && self.local != NULL
                               ? check(&self, err)
                               : ms_fail_memory(err, WINDOW_SIZE);
    ms_free(self.window);
    ms_free(self.local);
    ms_free(self.offsets);
    return status;
}
