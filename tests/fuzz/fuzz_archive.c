/* Archives, extracted into a temporary folder: whatever the bytes, nothing appears outside the target,
 * only plain files and folders inside it, memory is bounded, and a tree that came out goes through our
 * writer and back unchanged. Input that starts with "S" is a tar whose checksums are put right first. */
#include <assert.h>
#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "archive/archive_reader.h"
#include "archive/archive_writer.h"
#include "codec/path.h"
#include "memory_limit.h"
#include "scratch_folder.h"
#include "sealed_tar.h"

#define FILE_SIZE_MAX ((uint64_t)1 << 20) /* of all files of one input */
#define FILES_MAX 64
/* The copy buffer and the ends of a stream in and out: fixed sizes, whatever the archive. */
#define STREAMS_SIZE_MAX ((size_t)16 << 20)
#define LIST_SIZE_MAX ((size_t)1 << 20)

static int base = -1;

static void remove_folder(const char *name, int fd)
{
    scratch_folder_empty(fd);
    (void)close(fd);
    assert(unlinkat(base, name, AT_REMOVEDIR) == 0);
}

typedef struct tree {
    ms_buffer list; /* a line for each thing: path, size, content as a sum */
    ms_archive_writer *writer;
    uint64_t files;
    uint64_t folders;
    uint64_t bytes;
} tree;

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void take_file(tree *self, int fd, const char *name, const char *path, uint64_t size)
{
    static uint8_t data[FILE_SIZE_MAX];
    int file = openat(fd, name, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    uint64_t sum = 14695981039346656037u;

    assert(file >= 0 && size <= FILE_SIZE_MAX);
    assert(read(file, data, sizeof(data)) == (ssize_t)size);
    (void)close(file);
    for (uint64_t i = 0; i < size; i++)
        sum = (sum ^ data[i]) * 1099511628211u;
    assert(ms_buffer_printf(&self->list, NULL, " %llu %llu", (unsigned long long)size,
                   (unsigned long long)sum)
            == MS_OK);
    self->files++;
    self->bytes += size;
    if (self->writer == NULL)
        return;
    assert(ms_archive_writer_begin_file(self->writer, path, size, NULL) == MS_OK);
    assert(ms_archive_writer_write(self->writer, data, size, NULL) == MS_OK);
    assert(ms_archive_writer_end_file(self->writer, NULL) == MS_OK);
}

/* Everything below fd: checked, listed and, when there is a writer, packed. */
static void take_tree(tree *self, int fd, const char *prefix)
{
    struct dirent **names;
    int count = scandirat(fd, ".", &names, NULL, by_name);

    assert(count >= 0);
    for (int i = 0; i < count; free(names[i++])) {
        const char *name = names[i]->d_name;
        struct stat status;
        char path[1100];
        if (strcmp(name, ".") == 0 || strcmp(name, "..") == 0)
            continue;
        assert(snprintf(path, sizeof(path), "%s%s", prefix, name) < (int)sizeof(path) - 1);
        assert(fstatat(fd, name, &status, AT_SYMLINK_NOFOLLOW) == 0);
        assert(ms_path_check(ms_span_of(path, strlen(path)), NULL) == MS_OK);
        assert(S_ISREG(status.st_mode) || S_ISDIR(status.st_mode));
        assert((status.st_mode & (S_ISREG(status.st_mode) ? 07111 : 07000)) == 0);
        assert(status.st_nlink == 1 || S_ISDIR(status.st_mode));
        assert(ms_buffer_append_text(&self->list, path, NULL) == MS_OK);
        if (S_ISREG(status.st_mode)) {
            take_file(self, fd, name, path, (uint64_t)status.st_size);
        } else {
            int child = openat(fd, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
            self->folders++;
            if (self->writer != NULL)
                assert(ms_archive_writer_add_folder(self->writer, path, NULL) == MS_OK);
            strcat(path, "/");
            take_tree(self, child, path);
            (void)close(child);
        }
        assert(ms_buffer_append_byte(&self->list, '\n', NULL) == MS_OK);
    }
    free(names);
}

static ms_status write_to(void *payload, const void *data, size_t size, ms_error *err)
{
    (void)err;
    assert(write(*(int *)payload, data, size) == (ssize_t)size);
    return MS_OK;
}

static ms_status extract(int fd, int target, ms_archive_summary *summary, ms_error *err)
{
    const ms_archive_extract_options options = {
            .size_max = FILE_SIZE_MAX, .files_max = FILES_MAX};

    return ms_archive_extract(fd, target, &options, NULL, summary, err);
}

/* first was extracted into a target and packed into fd: extracted again it must be the same. */
static void check_second(const tree *first, int fd)
{
    ms_archive_summary summary;
    ms_error err = MS_ERROR_INIT;
    int target = scratch_folder_make(base, "second");
    tree again = {0};

    ms_buffer_init(&again.list, LIST_SIZE_MAX);
    if (extract(fd, target, &summary, &err) != MS_OK) {
        (void)fprintf(stderr, "our own archive is refused: %s: %s\n", err.reason, err.message);
        abort();
    }
    take_tree(&again, target, "");
    assert(ms_span_equal(ms_buffer_span(&again.list), ms_buffer_span(&first->list)));
    ms_buffer_release(&again.list);
    remove_folder("second", target);
}

static void check_tree(int target, bool whole, const ms_archive_summary *summary)
{
    static const ms_archive_format formats[] = {
            MS_ARCHIVE_TAR, MS_ARCHIVE_TAR_GZIP, MS_ARCHIVE_TAR_ZSTD};
    int fd = memfd_create("packed", MFD_CLOEXEC);
    const ms_archive_output output = {.write = write_to, .payload = &fd};
    tree first = {0};

    ms_buffer_init(&first.list, LIST_SIZE_MAX);
    if (whole)
        assert(ms_archive_writer_new(
                       &first.writer, formats[summary->bytes % 3], &output, 1, NULL)
                == MS_OK);
    take_tree(&first, target, "");
    if (whole) {
        assert(first.files == summary->files && first.folders == summary->folders);
        assert(first.bytes == summary->bytes);
        assert(ms_archive_writer_finish(first.writer, NULL) == MS_OK);
        ms_archive_writer_free(first.writer);
        /* A tar without entries has no header to be known by. */
        if (first.files + first.folders > 0)
            check_second(&first, fd);
    }
    ms_buffer_release(&first.list);
    (void)close(fd);
}

static void check_base(void)
{
    struct dirent **names;
    int count = scandirat(base, ".", &names, NULL, by_name);

    assert(count == 3 && strcmp(names[2]->d_name, "target") == 0);
    for (int i = 0; i < count; i++)
        free(names[i]);
    free(names);
}

static void check_input(const uint8_t *data, size_t size)
{
    ms_archive_summary summary;
    ms_archive_format format;
    ms_error err = MS_ERROR_INIT;
    int target;
    int fd;

    base = scratch_folder_open();
    fd = sealed_tar_file(data, size);
    target = scratch_folder_make(base, "target");
    assert(ms_archive_format_of_file(&format, fd, NULL) == MS_OK);
    ms_status status = extract(fd, target, &summary, &err);
    if (status != MS_OK) {
        assert(status == MS_MALFORMED || status == MS_LIMIT || status == MS_NO_MEMORY);
        assert(err.status == status && err.reason[0] != '\0' && err.message[0] != '\0');
    } else {
        /* An empty tar inside of compression cannot be told from zeros that were compressed. */
        assert(format == summary.format || (format == MS_ARCHIVE_NONE && summary.files + summary.folders == 0));
    }
    assert(summary.files <= FILES_MAX && summary.folders <= FILES_MAX);
    assert(summary.bytes <= FILE_SIZE_MAX);
    check_base();
    check_tree(target, status == MS_OK, &summary);
    remove_folder("target", target);
    (void)close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, STREAMS_SIZE_MAX);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
