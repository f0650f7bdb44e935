/* Extraction: what passes, zip, limits, damage, and that nothing outside the target is ever touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <zstd.h>

#include "base/checked.h"
#include "codec/text.h"
#include "doubles/faulty_sys.h"
#include "doubles/short_memory.h"
#include "extract.h"
#include "foreign.h"

static void test_plain_files_and_folders_come_out(void **state)
{
    static const char expected[] = "a 40755 0 \n"
                                   "a/b 40755 0 \n"
                                   "a/b/implied 100644 5 2cf24dba\n"
                                   "a/first 100644 3 ba7816bf\n"
                                   "root 100644 0 e3b0c442\n";
    temporary folder;
    ms_buffer tar;
    ms_archive_summary summary;
    (void)state;
    temporary_make(&folder);
    ms_buffer_init(&tar, FOREIGN_SIZE_MAX);
    foreign_tar(&tar, "./", '5', "", 0);
    foreign_tar(&tar, "./a/", '5', "", 0);
    foreign_tar(&tar, "./a/first", '0', "abc", 3);
    foreign_tar(&tar, "a/b/implied", '\0', "hello", 5);
    foreign_tar(&tar, "a/b/", '5', "", 0);
    foreign_tar(&tar, "root", '7', "", 0);
    foreign_tar_end(&tar);
    for (int sync = 0; sync < 2; sync++) {
        ms_archive_extract_options options = {.sync = sync != 0};
        assert_int_equal(
                extract(&folder, ms_buffer_span(&tar), &options, &summary, NULL), MS_OK);
        char *listing = temporary_listing(folder.target, NULL);
        assert_string_equal(listing, expected);
        free(listing);
        assert_int_equal(summary.format, MS_ARCHIVE_TAR);
        assert_int_equal(summary.files, 3);
        assert_int_equal(summary.folders, 2);
        assert_int_equal(summary.bytes, 8);
    }
    ms_buffer_release(&tar);
    temporary_remove(&folder);
}

/* ---- zip ---- */

static void test_hostile_zips_are_refused_by_name(void **state)
{
    static const struct {
        const char *reason;
        const char *name;
        unsigned mode;
        unsigned flags;
    } rows[] = {
            {"archive_link", "link", 0120777, 0},
            {"archive_device", "device", 0020644, 0},
            {"archive_device", "device", 0060644, 0},
            {"archive_setuid", "program", 0104755, 0},
            {"archive_setuid", "program", 0102755, 0},
            {"archive_encrypted", "secret", 0100644, 1},
            {"archive_repeated", "first", 0100644, 0},
            {"path_twins", "FIRST", 0100644, 0},
            {"archive_kinds", "first/second", 0100644, 0},
    };
    temporary folder;
    (void)state;
    temporary_make(&folder);
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        foreign_zip zip;
        ms_archive_summary summary;
        ms_error err = MS_ERROR_INIT;
        foreign_zip_init(&zip);
        foreign_zip_add(&zip, "first", 5, 0100644, 0, "abc");
        foreign_zip_add(
                &zip, rows[i].name, strlen(rows[i].name), rows[i].mode, rows[i].flags, "../x");
        foreign_zip_end(&zip);
        ms_status status = extract(&folder, ms_buffer_span(&zip.bytes), NULL, &summary, &err);
        foreign_zip_release(&zip);
        if (status != MS_MALFORMED || strcmp(err.reason, rows[i].reason) != 0)
            fail_msg("row %zu: %d %s: %s", i, status, err.reason, err.message);
        /* Once an entry is on its way to disk its name is known. */
        assert_string_equal(err.path, i >= 6 ? rows[i].name : "");
    }
    temporary_remove(&folder);
}

static void test_cut_or_changed_zip_never_passes_as_another(void **state)
{
    temporary folder;
    foreign_zip zip;
    ms_archive_summary summary;
    (void)state;
    temporary_make(&folder);
    foreign_zip_init(&zip);
    foreign_zip_add(&zip, "a/first", 7, 0100644, 0, "abc");
    foreign_zip_add(&zip, "second", 6, 0100644, 0, "hello");
    foreign_zip_end(&zip);
    for (size_t size = 0; size < zip.bytes.size; size++)
        assert_int_not_equal(
                extract(&folder, ms_span_of(zip.bytes.data, size), NULL, &summary, NULL), MS_OK);
    assert_int_equal(extract(&folder, ms_buffer_span(&zip.bytes), NULL, &summary, NULL), MS_OK);
    assert_int_equal(summary.format, MS_ARCHIVE_ZIP);
    assert_int_equal(summary.bytes, 8);
    /* The content of "second": its CRC no longer fits. */
    size_t content = 30 + 7 + 3 + 30 + 6;
    assert_memory_equal(zip.bytes.data + content, "hello", 5);
    zip.bytes.data[content] ^= 1;
    assert_int_equal(
            extract(&folder, ms_buffer_span(&zip.bytes), NULL, &summary, NULL), MS_MALFORMED);
    foreign_zip_release(&zip);
    temporary_remove(&folder);
}

/* The checksum fits what is there, and what is there is not what the directory speaks of. */
static void test_a_zip_with_less_content_than_it_says_is_refused(void **state)
{
    static const size_t local_size = 22; /* of the uncompressed size in either header */
    static const size_t directory_size = 24;
    temporary folder;
    foreign_zip zip;
    ms_archive_summary summary;
    ms_error err = MS_ERROR_INIT;

    (void)state;
    temporary_make(&folder);
    foreign_zip_init(&zip);
    foreign_zip_add(&zip, "first", 5, 0100644, 0, "");
    foreign_zip_end(&zip);
    assert_int_equal(extract(&folder, ms_buffer_span(&zip.bytes), NULL, &summary, NULL), MS_OK);
    zip.bytes.data[local_size] = 122;
    zip.bytes.data[30 + 5 + directory_size] = 122;
    assert_int_equal(
            extract(&folder, ms_buffer_span(&zip.bytes), NULL, &summary, &err), MS_MALFORMED);
    assert_string_equal(err.reason, "archive_damaged");
    foreign_zip_release(&zip);
    temporary_remove(&folder);
}

/* ---- limits ---- */

/* size zeros as the content of one file in a gzip of a tar. */
static void build_bomb(ms_buffer *out, uint64_t size)
{
    static uint8_t packed[1 << 16];
    uint8_t block[MS_TAR_BLOCK_SIZE];
    static const uint8_t zeros[1 << 16];
    z_stream stream = {0};
    foreign_header(block, "zeros", '0', size);
    assert_int_equal(deflateInit2(&stream, 9, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    uint64_t left = sizeof(block) + size + ms_tar_padding(size) + 1024;
    stream.next_in = block;
    stream.avail_in = sizeof(block);
    left -= sizeof(block);
    int code = Z_OK;
    while (code != Z_STREAM_END) {
        if (stream.avail_in == 0 && left > 0) {
            stream.avail_in = (uInt)MS_MIN(left, sizeof(zeros));
            stream.next_in = (uint8_t *)(uintptr_t)zeros;
            left -= stream.avail_in;
        }
        stream.next_out = packed;
        stream.avail_out = sizeof(packed);
        code = deflate(&stream, left == 0 ? Z_FINISH : Z_NO_FLUSH);
        assert_true(code == Z_OK || code == Z_STREAM_END || code == Z_BUF_ERROR);
        foreign_bytes(out, packed, sizeof(packed) - stream.avail_out);
    }
    deflateEnd(&stream);
}

static uint64_t bytes_in_target(const temporary *folder)
{
    struct stat status;
    return fstatat(folder->target, "zeros", &status, 0) == 0 ? (uint64_t)status.st_size : 0;
}

static void test_bombs_are_stopped(void **state)
{
    temporary folder;
    ms_buffer bomb;
    ms_archive_summary summary;
    ms_error err = MS_ERROR_INIT;
    (void)state;
    temporary_make(&folder);
    ms_buffer_init(&bomb, FOREIGN_SIZE_MAX);
    build_bomb(&bomb, UINT64_C(200) << 20);
    /* The ratio alone: about 1000 to 1. The header tells, so not a byte is written. */
    assert_int_equal(extract(&folder, ms_buffer_span(&bomb), NULL, &summary, &err), MS_LIMIT);
    assert_string_equal(err.reason, "archive_ratio");
    assert_int_equal(bytes_in_target(&folder), 0);
    /* A ratio that allows it, and a size that does not. */
    ms_archive_extract_options options = {.ratio_max = 5000, .size_max = (UINT64_C(200) << 20) - 1};
    assert_int_equal(extract(&folder, ms_buffer_span(&bomb), &options, &summary, &err), MS_LIMIT);
    assert_string_equal(err.reason, "archive_size");
    assert_int_equal(bytes_in_target(&folder), 0);
    options.size_max++;
    assert_int_equal(extract(&folder, ms_buffer_span(&bomb), &options, &summary, &err), MS_OK);
    assert_int_equal(summary.bytes, UINT64_C(200) << 20);
    ms_buffer_clear(&bomb);
    /* What is free of the ratio: 16 MiB with headers and end. */
    build_bomb(&bomb, (UINT64_C(16) << 20) - 1536);
    options = (ms_archive_extract_options){.ratio_max = 1};
    assert_int_equal(extract(&folder, ms_buffer_span(&bomb), &options, &summary, &err), MS_OK);
    ms_buffer_clear(&bomb);
    /* One block more: the file fits, the stream does not. */
    build_bomb(&bomb, (UINT64_C(16) << 20) - 1024);
    assert_int_equal(extract(&folder, ms_buffer_span(&bomb), &options, &summary, &err), MS_LIMIT);
    assert_string_equal(err.reason, "archive_ratio");
    ms_buffer_release(&bomb);
    temporary_remove(&folder);
}

static void test_files_and_folders_are_counted(void **state)
{
    temporary folder;
    ms_buffer tar;
    ms_archive_summary summary;
    ms_error err = MS_ERROR_INIT;
    (void)state;
    temporary_make(&folder);
    for (int kind = 0; kind < 3; kind++) {
        ms_buffer_init(&tar, FOREIGN_SIZE_MAX);
        for (int i = 0; i < 10; i++) {
            char name[32];
            /* Files, folders, and folders that only paths imply. */
            snprintf(name, sizeof(name), kind == 2 ? "f%d/x" : "f%d", i);
            foreign_tar(&tar, name, kind == 1 ? '5' : '0', "", 0);
        }
        foreign_tar_end(&tar);
        ms_archive_extract_options options = {.files_max = 10};
        assert_int_equal(extract(&folder, ms_buffer_span(&tar), &options, &summary, &err), MS_OK);
        options.files_max = 9;
        assert_int_equal(
                extract(&folder, ms_buffer_span(&tar), &options, &summary, &err), MS_LIMIT);
        assert_string_equal(err.reason, "archive_files");
        ms_buffer_release(&tar);
    }
    temporary_remove(&folder);
}

/* Vectors of all compressions hold one tree; tests/vectors/archive/make.py made them. */
static const struct {
    const char *file;
    ms_archive_format format;
    size_t padding; /* bytes at the end that may be missing */
} vector_rows[] = {
        {"small.tar", MS_ARCHIVE_TAR, 0},
        {"small.tar.gz", MS_ARCHIVE_TAR_GZIP, 0},
        {"members.tar.gz", MS_ARCHIVE_TAR_GZIP, 100},
        {"small.tar.zst", MS_ARCHIVE_TAR_ZSTD, 0},
        {"frames.tar.zst", MS_ARCHIVE_TAR_ZSTD, 0},
        {"small.tar.xz", MS_ARCHIVE_TAR_XZ, 0},
        {"small.tar.bz2", MS_ARCHIVE_TAR_BZIP2, 0},
        {"small.zip", MS_ARCHIVE_ZIP, 0},
        {"gnu.tar", MS_ARCHIVE_TAR, 0},
};

static void read_vector(ms_buffer *bytes, const char *file)
{
    char path[512];
    uint8_t data[4096];
    snprintf(path, sizeof(path), "%s/archive/%s", MS_TEST_VECTORS, file);
    FILE *stream = fopen(path, "rb");
    assert_non_null(stream);
    ms_buffer_init(bytes, FOREIGN_SIZE_MAX);
    for (size_t size; (size = fread(data, 1, sizeof(data), stream)) > 0;)
        foreign_bytes(bytes, data, size);
    fclose(stream);
}

static void test_every_compression_gives_the_same_tree(void **state)
{
    temporary folder;
    char *first = NULL;
    (void)state;
    temporary_make(&folder);
    for (size_t i = 0; i < MS_ARRAY_COUNT(vector_rows); i++) {
        ms_buffer bytes;
        ms_archive_summary summary;
        ms_archive_format format;
        ms_error err = MS_ERROR_INIT;
        read_vector(&bytes, vector_rows[i].file);
        if (extract(&folder, ms_buffer_span(&bytes), NULL, &summary, &err) != MS_OK)
            fail_msg("%s: %s: %s", vector_rows[i].file, err.reason, err.message);
        assert_int_equal(summary.format, vector_rows[i].format);
        int fd = openat(folder.fd, "archive", O_RDONLY | O_CLOEXEC);
        assert_int_equal(ms_archive_format_of_file(&format, fd, NULL), MS_OK);
        assert_int_equal(format, vector_rows[i].format);
        close(fd);
        char *listing = temporary_listing(folder.target, NULL);
        if (first != NULL)
            assert_string_equal(listing, first);
        else
            first = strdup(listing);
        free(listing);
        ms_buffer_release(&bytes);
    }
    assert_non_null(strstr(first, "model/gr\xc3\xbc\xc3\x9f" "e.txt"));
    free(first);
    temporary_remove(&folder);
}

static int run_in(const temporary *folder, const char *command)
{
    char *line = NULL;
    assert_true(asprintf(&line, "cd %s && { %s; } >/dev/null 2>&1", folder->path, command) > 0);
    int status = system(line);
    free(line);
    return status;
}

static void test_archives_of_installed_programs_pass(void **state)
{
    static const struct {
        const char *tool;
        const char *command;
    } rows[] = {
            {"tar", "tar -C tree --format=gnu -cf made ."},
            {"tar", "tar -C tree --format=posix -cf made ."},
            {"tar", "tar -C tree --format=ustar -cf made model"},
            {"tar", "tar -C tree --format=oldgnu -czf made model"},
            {"tar", "tar -C tree --format=v7 -cf made model/a model/empty model/sub"},
            {"xz", "tar -C tree -cJf made ."},
            {"bzip2", "tar -C tree -cjf made ."},
            {"zstd", "tar -C tree -cf - . | zstd -q -19 --long=27 > made"},
            {"pigz", "tar -C tree -cf - . | pigz > made"},
            {"zip", "cd tree && zip -qr ../made.zip . && mv ../made.zip ../made"},
            {"zip", "cd tree && zip -q0r ../made.zip . && mv ../made.zip ../made"},
            {"python3", "python3 -c 'import shutil; shutil.make_archive(\"x\", \"zip\", \"tree\")' "
                        "&& mv x.zip made"},
    };
    temporary folder;
    size_t ran = 0;
    (void)state;
    temporary_make(&folder);
    assert_int_equal(run_in(&folder, "mkdir -p tree/model/sub/deep tree/model/empty; cd tree/model; "
                                     "echo a > a; chmod 755 a; seq 50000 > sub/numbers; : > sub/deep/none"),
            0);
    int tree = openat(folder.fd, "tree", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    assert_int_equal(run_in(&folder, "chmod 644 tree/model/a"), 0);
    char *expected = temporary_listing(tree, NULL);
    assert_int_equal(run_in(&folder, "chmod 755 tree/model/a"), 0);
    close(tree);
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        char have[64];
        ms_archive_summary summary;
        ms_error err = MS_ERROR_INIT;
        snprintf(have, sizeof(have), "command -v %s", rows[i].tool);
        if (run_in(&folder, have) != 0) {
            print_message("# %s is not installed\n", rows[i].tool);
            continue;
        }
        ran++;
        assert_int_equal(run_in(&folder, rows[i].command), 0);
        temporary_empty(folder.target);
        int fd = openat(folder.fd, "made", O_RDONLY | O_CLOEXEC);
        assert_true(fd >= 0);
        if (ms_archive_extract(fd, folder.target, NULL, NULL, &summary, &err) != MS_OK)
            fail_msg("%s: %s: %s", rows[i].command, err.reason, err.message);
        close(fd);
        char *listing = temporary_listing(folder.target, NULL);
        assert_string_equal(listing, expected);
        free(listing);
    }
    assert_true(ran > 0);
    free(expected);
    temporary_remove(&folder);
}

/* Cut at every length, and with one bit of each sampled byte changed: an error, or exactly the tree. */
static void test_damaged_compression_never_gives_another_tree(void **state)
{
    temporary folder;
    (void)state;
    temporary_make(&folder);
    for (size_t i = 0; i < MS_ARRAY_COUNT(vector_rows); i++) {
        ms_buffer bytes;
        ms_archive_summary summary;
        if (vector_rows[i].format == MS_ARCHIVE_TAR || vector_rows[i].format == MS_ARCHIVE_ZIP)
            continue;
        read_vector(&bytes, vector_rows[i].file);
        assert_int_equal(extract(&folder, ms_buffer_span(&bytes), NULL, &summary, NULL), MS_OK);
        char *whole = temporary_listing(folder.target, NULL);
        for (size_t size = 0; size < bytes.size - vector_rows[i].padding; size++) {
            if (extract(&folder, ms_span_of(bytes.data, size), NULL, &summary, NULL) == MS_OK)
                fail_msg("%s cut after %zu bytes passes", vector_rows[i].file, size);
        }
        for (size_t at = 0; at < bytes.size; at += 3) {
            bytes.data[at] ^= (uint8_t)(1 << at % 8);
            if (extract(&folder, ms_buffer_span(&bytes), NULL, &summary, NULL) == MS_OK) {
                char *listing = temporary_listing(folder.target, NULL);
                if (strcmp(listing, whole) != 0)
                    fail_msg("%s changed at %zu gives another tree", vector_rows[i].file, at);
                free(listing);
            }
            bytes.data[at] ^= (uint8_t)(1 << at % 8);
        }
        foreign_bytes(&bytes, "x", 1);
        if (extract(&folder, ms_buffer_span(&bytes), NULL, &summary, NULL) == MS_OK)
            fail_msg("%s with a byte behind it passes", vector_rows[i].file);
        free(whole);
        ms_buffer_release(&bytes);
    }
    temporary_remove(&folder);
}

static void test_what_is_no_archive_is_refused(void **state)
{
#define ROW(text) {text, sizeof(text) - 1}
    static const struct {
        const char *bytes;
        size_t size;
    } rows[] = {ROW(""), ROW("GGUF"), ROW("{}"), ROW("\x1f\x8b\x08\0\0\0\0\0\0\xff")};
#undef ROW
    temporary folder;
    (void)state;
    temporary_make(&folder);
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_archive_summary summary;
        ms_archive_format format = MS_ARCHIVE_TAR;
        assert_int_equal(extract(&folder, ms_span_of(rows[i].bytes, rows[i].size), NULL, &summary,
                                 NULL),
                MS_MALFORMED);
        int fd = openat(folder.fd, "archive", O_RDONLY | O_CLOEXEC);
        assert_int_equal(ms_archive_format_of_file(&format, fd, NULL), MS_OK);
        assert_int_equal(format, MS_ARCHIVE_NONE);
        close(fd);
    }
    temporary_remove(&folder);
}

static void test_a_tar_without_entries_is_an_empty_folder(void **state)
{
    static const uint8_t zeros[10240];
    static const struct {
        size_t size;
        ms_status status;
        const char *reason;
    } rows[] = {{511, MS_MALFORMED, "archive_format"}, {512, MS_MALFORMED, "archive_end"},
            {1024, MS_OK, ""}, {sizeof(zeros), MS_OK, ""}};
    temporary folder;
    (void)state;
    temporary_make(&folder);
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_archive_summary summary;
        ms_error err = MS_ERROR_INIT;
        assert_int_equal(
                extract(&folder, ms_span_of(zeros, rows[i].size), NULL, &summary, &err),
                rows[i].status);
        assert_string_equal(err.reason, rows[i].reason);
        assert_int_equal(summary.files + summary.folders, 0);
    }
    temporary_remove(&folder);
}

/* ---- a target that is not what it should be ---- */

static void test_planted_links_are_not_followed(void **state)
{
    temporary folder;
    ms_buffer tar;
    (void)state;
    temporary_make(&folder);
    ms_buffer_init(&tar, FOREIGN_SIZE_MAX);
    foreign_tar(&tar, "model/file", '0', "evil", 4);
    foreign_tar_end(&tar);
    temporary_write(&folder, "archive", tar.data, tar.size);
    for (int plant = 0; plant < 4; plant++) {
        ms_archive_summary summary;
        temporary_empty(folder.target);
        if (plant == 0)
            assert_int_equal(symlinkat("../stranger", folder.target, "model"), 0);
        else if (plant == 1)
            assert_int_equal(symlinkat("nowhere", folder.target, "model"), 0);
        else
            assert_int_equal(mkdirat(folder.target, "model", 0755), 0);
        if (plant == 2)
            assert_int_equal(symlinkat("../../stranger/file", folder.target, "model/file"), 0);
        char *before = temporary_listing(folder.fd, NULL);
        int fd = openat(folder.fd, "archive", O_RDONLY | O_CLOEXEC);
        assert_int_equal(ms_archive_extract(fd, folder.target, NULL, NULL, &summary, NULL), MS_IO);
        close(fd);
        char *after = temporary_listing(folder.fd, NULL);
        assert_string_equal(before, after);
        free(before);
        free(after);
    }
    ms_buffer_release(&tar);
    temporary_remove(&folder);
}

static void test_cancel_stops_extraction(void **state)
{
    temporary folder;
    ms_buffer tar;
    ms_task *task;
    ms_archive_summary summary;
    (void)state;
    temporary_make(&folder);
    ms_buffer_init(&tar, FOREIGN_SIZE_MAX);
    foreign_tar(&tar, "first", '0', "abc", 3);
    foreign_tar_end(&tar);
    temporary_write(&folder, "archive", tar.data, tar.size);
    const ms_task_options options = {.workers = 1};
    assert_int_equal(ms_task_new(&task, &options, NULL), MS_OK);
    int fd = openat(folder.fd, "archive", O_RDONLY | O_CLOEXEC);
    assert_int_equal(ms_archive_extract(fd, folder.target, NULL, task, &summary, NULL), MS_OK);
    temporary_empty(folder.target);
    ms_task_cancel(task);
    assert_int_equal(
            ms_archive_extract(fd, folder.target, NULL, task, &summary, NULL), MS_INTERRUPTED);
    assert_int_equal(summary.files, 0);
    close(fd);
    ms_task_free(task);
    ms_buffer_release(&tar);
    temporary_remove(&folder);
}

/* ---- cancel in the midst of what gives no entry ---- */

#define LONG_SIZE ((size_t)4 << 20) /* many pieces of a file */

/* Bytes as a member of a gzip file, or several. */
static void gzip(ms_buffer *out, ms_span bytes, int level)
{
    static uint8_t packed[1 << 16];
    z_stream stream = {.next_in = (uint8_t *)(uintptr_t)bytes.data, .avail_in = (uInt)bytes.size};
    assert_int_equal(deflateInit2(&stream, level, Z_DEFLATED, 31, 8, Z_DEFAULT_STRATEGY), Z_OK);
    for (int code = Z_OK; code != Z_STREAM_END;) {
        stream.next_out = packed;
        stream.avail_out = sizeof(packed);
        code = deflate(&stream, Z_FINISH);
        foreign_bytes(out, packed, sizeof(packed) - stream.avail_out);
    }
    deflateEnd(&stream);
}

static void gzip_tar_of_end_alone(ms_buffer *out)
{
    ms_buffer tar;
    ms_buffer_init(&tar, FOREIGN_SIZE_MAX);
    foreign_tar_end(&tar);
    gzip(out, ms_buffer_span(&tar), 9);
    ms_buffer_release(&tar);
}

static void build_long_tail(ms_buffer *out, int level)
{
    ms_buffer tar;
    ms_buffer_init(&tar, FOREIGN_SIZE_MAX);
    foreign_tar_end(&tar);
    foreign_zeros(&tar, LONG_SIZE);
    gzip(out, ms_buffer_span(&tar), level);
    ms_buffer_release(&tar);
}

static void build_packed_tail(ms_buffer *out)
{
    build_long_tail(out, 9);
}

static void build_unpacked_tail(ms_buffer *out)
{
    build_long_tail(out, 0);
}

static void build_global_headers(ms_buffer *out)
{
    ms_buffer tar;
    ms_buffer_init(&tar, FOREIGN_SIZE_MAX);
    while (tar.size < LONG_SIZE)
        foreign_tar(&tar, "global", 'g', "13 comment=x\n", 13);
    foreign_tar_end(&tar);
    gzip(out, ms_buffer_span(&tar), 9);
    ms_buffer_release(&tar);
}

static void build_padding(ms_buffer *out)
{
    gzip_tar_of_end_alone(out);
    foreign_zeros(out, LONG_SIZE);
}

static void build_empty_members(ms_buffer *out)
{
    gzip_tar_of_end_alone(out);
    while (out->size < LONG_SIZE)
        gzip(out, ms_span_of("", 0), 1);
}

static void build_empty_frames(ms_buffer *out)
{
    static const uint8_t skippable[] = {0x50, 0x2a, 0x4d, 0x18, 0, 16, 0, 0}; /* 4096 bytes follow */
    static const uint8_t end[2 * MS_TAR_BLOCK_SIZE];
    uint8_t frame[256];
    foreign_bytes(out, frame, ZSTD_compress(frame, sizeof(frame), end, sizeof(end), 1));
    while (out->size < LONG_SIZE) {
        foreign_bytes(out, skippable, sizeof(skippable));
        foreign_zeros(out, 4096);
    }
}

static void build_zip_directory(ms_buffer *out)
{
    char name[512];
    foreign_zip zip;
    foreign_zip_init(&zip);
    memset(name, 'x', sizeof(name));
    for (unsigned i = 0; zip.directory.size < LONG_SIZE; i++) {
        snprintf(name, sizeof(name), "%08u", i);
        name[8] = 'x';
        foreign_zip_add(&zip, name, 200, 0100644, 0, "");
    }
    foreign_zip_end(&zip);
    foreign_bytes(out, zip.bytes.data, zip.bytes.size);
    foreign_zip_release(&zip);
}

static void build_folders(ms_buffer *out)
{
    char name[16];
    for (unsigned i = 0; i < 100; i++) {
        snprintf(name, sizeof(name), "f%u/", i);
        foreign_tar(out, name, '5', "", 0);
    }
    foreign_tar_end(out);
}

static void cancel(void *payload)
{
    ms_task_cancel(payload);
}

/* Whatever is read or written when the task is cancelled, little follows. */
static void test_cancel_stops_where_no_entry_comes(void **state)
{
    static const struct {
        const char *what;
        void (*build)(ms_buffer *out);
        faulty_call call;
        unsigned nth; /* cancelled at the nth of them: the first of reads tells the format */
    } rows[] = {
            {"zeros behind the end, in one piece of the file", build_packed_tail, FAULTY_pread, 2},
            {"zeros behind the end, in many", build_unpacked_tail, FAULTY_pread, 2},
            {"global headers", build_global_headers, FAULTY_pread, 2},
            {"padding", build_padding, FAULTY_pread, 4},
            {"empty members", build_empty_members, FAULTY_pread, 4},
            {"empty frames", build_empty_frames, FAULTY_pread, 4},
            {"the directory of a zip", build_zip_directory, FAULTY_pread, 8},
            {"syncs of folders", build_folders, FAULTY_fsync, 2},
    };
    temporary folder;
    (void)state;
    temporary_make(&folder);
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_buffer bytes;
        ms_task *task;
        ms_archive_summary summary;
        ms_error err = MS_ERROR_INIT;
        const ms_archive_extract_options options = {.sync = rows[i].call == FAULTY_fsync};
        ms_buffer_init(&bytes, FOREIGN_SIZE_MAX);
        rows[i].build(&bytes);
        temporary_write(&folder, "archive", bytes.data, bytes.size);
        temporary_empty(folder.target);
        assert_int_equal(ms_task_new(&task, NULL, NULL), MS_OK);
        int fd = openat(folder.fd, "archive", O_RDONLY | O_CLOEXEC);
        faulty_reset();
        faulty_interfere(rows[i].call, rows[i].nth, cancel, task);
        ms_status status = ms_archive_extract(fd, folder.target, &options, task, &summary, &err);
        if (status != MS_INTERRUPTED || faulty_count(rows[i].call) > rows[i].nth + 1 || summary.files > 0)
            fail_msg("%s: %d %s after %u calls, %d files", rows[i].what, (int)status, err.reason,
                    faulty_count(rows[i].call), (int)summary.files);
        faulty_reset();
        close(fd);
        ms_task_free(task);
        ms_buffer_release(&bytes);
    }
    temporary_remove(&folder);
}

static void test_short_memory_leaks_nothing(void **state)
{
    temporary folder;
    (void)state;
    temporary_make(&folder);
    for (size_t i = 0; i < MS_ARRAY_COUNT(vector_rows); i++) {
        ms_buffer bytes;
        ms_status status = MS_NO_MEMORY;
        read_vector(&bytes, vector_rows[i].file);
        temporary_write(&folder, "archive", bytes.data, bytes.size);
        ms_buffer_release(&bytes);
        int fd = openat(folder.fd, "archive", O_RDONLY | O_CLOEXEC);
        for (size_t fail_at = 1; status != MS_OK; fail_at++) {
            ms_archive_summary summary;
            temporary_empty(folder.target);
            short_memory_begin(fail_at);
            status = ms_archive_extract(fd, folder.target, NULL, NULL, &summary, NULL);
            assert_int_equal(short_memory_end(), 0);
            assert_true(status == MS_OK || status == MS_NO_MEMORY || status == MS_LIMIT);
        }
        close(fd);
    }
    temporary_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_plain_files_and_folders_come_out),
            cmocka_unit_test(test_hostile_zips_are_refused_by_name),
            cmocka_unit_test(test_cut_or_changed_zip_never_passes_as_another),
            cmocka_unit_test(test_a_zip_with_less_content_than_it_says_is_refused),
            cmocka_unit_test(test_bombs_are_stopped),
            cmocka_unit_test(test_files_and_folders_are_counted),
            cmocka_unit_test(test_every_compression_gives_the_same_tree),
            cmocka_unit_test(test_archives_of_installed_programs_pass),
            cmocka_unit_test(test_damaged_compression_never_gives_another_tree),
            cmocka_unit_test(test_what_is_no_archive_is_refused),
            cmocka_unit_test(test_a_tar_without_entries_is_an_empty_folder),
            cmocka_unit_test(test_planted_links_are_not_followed),
            cmocka_unit_test(test_cancel_stops_extraction),
            cmocka_unit_test(test_cancel_stops_where_no_entry_comes),
            cmocka_unit_test(test_short_memory_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
