/* Entries of tar and zip archives, read without touching a file system: whatever way the content is
 * read, in large pieces, in small ones or not at all, the same entries come and the same end. Input
 * that starts with "S" is a tar whose checksums are put right first. */
#include <assert.h>
#include <string.h>
#include <unistd.h>

#include "archive/archive_reader.h"
#include "archive/tar_reader.h"
#include "archive/zip_reader.h"
#include "memory_limit.h"
#include "sealed_tar.h"

#define OUTPUT_SIZE_MAX ((uint64_t)1 << 20)
#define ENTRIES_MAX 4096
/* What the stream of a compressed archive is read through. */
#define STREAM_SIZE ((size_t)2 * MS_UNPACKER_INPUT_SIZE)

/* One of the two readers behind the functions that both have. */
typedef struct entry_reader {
    ms_unpacker *unpacker;
    ms_tar_reader *tar;
    ms_zip_reader *zip;
} entry_reader;

/* What a pass over all entries came to. */
typedef struct entry_pass {
    ms_status status;
    char reason[MS_ERROR_REASON_SIZE];
    unsigned entries;
    uint64_t bytes;
    uint64_t digest; /* of names, kinds and known sizes */
} entry_pass;

static ms_status open_reader(entry_reader *reader, int fd, ms_archive_format format, uint64_t size, ms_error *err)
{
    ms_status status;

    if (format == MS_ARCHIVE_ZIP)
        return ms_zip_reader_new(&reader->zip, fd, size, UINT64_MAX, NULL, err);
    status = ms_unpacker_new(&reader->unpacker, fd, format, OUTPUT_SIZE_MAX, NULL, err);
    return status == MS_OK ? ms_tar_reader_new(&reader->tar, reader->unpacker, err) : status;
}

static void close_reader(entry_reader *reader)
{
    ms_zip_reader_free(reader->zip);
    ms_tar_reader_free(reader->tar);
    ms_unpacker_free(reader->unpacker);
}

static ms_status next_entry(entry_reader *reader, const ms_archive_entry **entry, ms_error *err)
{
    if (reader->zip != NULL)
        return ms_zip_reader_next(reader->zip, entry, err);
    return ms_tar_reader_next(reader->tar, entry, err);
}

/* All bytes of the present entry; those of a bomb end the pass. */
static ms_status read_content(entry_reader *reader, size_t step, entry_pass *pass, uint64_t *size, ms_error *err)
{
    static uint8_t data[65536];
    size_t got = 1;
    ms_status status = MS_OK;

    *size = 0;
    while (status == MS_OK && got > 0 && pass->bytes <= OUTPUT_SIZE_MAX) {
        if (reader->zip != NULL)
            status = ms_zip_reader_read(reader->zip, data, step, &got, err);
        else
            status = ms_tar_reader_read(reader->tar, data, step, &got, err);
        assert(got <= step);
        if (status == MS_OK) {
            *size += got;
            pass->bytes += got;
        }
    }
    return status;
}

static void note(entry_pass *pass, const ms_archive_entry *entry)
{
    const ms_span path = entry->path;

    for (size_t i = 0; i < path.size; i++)
        pass->digest = (pass->digest ^ path.data[i]) * UINT64_C(0x100000001b3);
    pass->digest = (pass->digest ^ entry->is_folder) * UINT64_C(0x100000001b3);
    pass->digest = (pass->digest ^ (entry->size_known ? entry->size : 1)) * UINT64_C(0x100000001b3);
    pass->entries++;
}

/* step 0: the content is passed over. */
static entry_pass read_all(int fd, ms_archive_format format, uint64_t size, size_t step)
{
    entry_reader reader = {0};
    entry_pass pass = {0};
    ms_error err = MS_ERROR_INIT;
    const ms_archive_entry *entry = NULL;

    pass.status = open_reader(&reader, fd, format, size, &err);
    while (pass.status == MS_OK && pass.entries < ENTRIES_MAX && pass.bytes <= OUTPUT_SIZE_MAX) {
        pass.status = next_entry(&reader, &entry, &err);
        if (pass.status != MS_OK || entry == NULL)
            break;
        bool known = entry->size_known;
        uint64_t promised = entry->size;
        uint64_t got;
        note(&pass, entry);
        if (step == 0)
            continue;
        pass.status = read_content(&reader, step, &pass, &got, &err);
        assert(pass.status != MS_OK || !known || got == promised || pass.bytes > OUTPUT_SIZE_MAX);
    }
    close_reader(&reader);
    if (pass.status != MS_OK)
        assert(err.status == pass.status && err.reason[0] != '\0');
    (void)strcpy(pass.reason, err.reason);
    return pass;
}

static void check_same(const entry_pass *a, const entry_pass *b)
{
    assert(a->status == b->status && strcmp(a->reason, b->reason) == 0);
    assert(a->entries == b->entries && a->digest == b->digest);
}

static void check_input(const uint8_t *data, size_t size)
{
    int fd = sealed_tar_file(data, size);
    uint64_t file_size = (uint64_t)lseek(fd, 0, SEEK_END);
    ms_archive_format format;

    assert(ms_archive_format_of_file(&format, fd, NULL) == MS_OK);
    if (format == MS_ARCHIVE_NONE && size > 0 && data[0] == 'S')
        format = MS_ARCHIVE_TAR;
    if (format != MS_ARCHIVE_NONE) {
        entry_pass large = read_all(fd, format, file_size, 65536);
        entry_pass small = read_all(fd, format, file_size, 7);
        entry_pass passed = read_all(fd, format, file_size, 0);

        if (large.bytes <= OUTPUT_SIZE_MAX && small.bytes <= OUTPUT_SIZE_MAX) {
            check_same(&large, &small);
            assert(large.status != MS_OK || large.bytes == small.bytes);
            /* In a zip, content that nobody reads is not checked. */
            if (format != MS_ARCHIVE_ZIP)
                check_same(&large, &passed);
        }
    }
    (void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, STREAM_SIZE);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
