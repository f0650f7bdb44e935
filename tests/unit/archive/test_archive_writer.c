/* Packing: the bytes of an archive, the same for every number of workers, readable by other programs
 * and by our own reader; misuse, failing outputs and short memory. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/archive_reader.h"
#include "archive/archive_writer.h"
#include "archive/tar_layout.h"
#include "base/alloc.h"
#include "base/checked.h"
#include "codec/text.h"
#include "doubles/short_memory.h"
#include "temporary.h"

/* Computed from the pax specification by a program that shares no code with ours. */
#define GOLDEN_SMALL_TAR "9205e32a1038de49fc30c99ad7218b171351c374d3ef83ca4da6f1ab961b3766"
#define OUTPUT_SIZE_MAX ((size_t)64 << 20)

/* Collects the archive; call number fail_at (counted from 1) fails. */
typedef struct sink {
    ms_buffer bytes;
    size_t calls;
    size_t fail_at;
} sink;

static ms_status sink_write(void *payload, const void *data, size_t size, ms_error *err)
{
    sink *self = payload;
    self->calls++;
    if (self->calls == self->fail_at)
        return ms_fail(err, MS_IO, "test_output", "the output is full");
    return ms_buffer_append(&self->bytes, data, size, err);
}

static void sink_init(sink *self, size_t fail_at)
{
    ms_buffer_init(&self->bytes, OUTPUT_SIZE_MAX);
    self->calls = 0;
    self->fail_at = fail_at;
}

static ms_status add_file(
        ms_archive_writer *writer, const char *path, const void *data, size_t size, ms_error *err)
{
    ms_status status = ms_archive_writer_begin_file(writer, path, size, err);
    /* In two pieces: pieces must not show in the output. */
    if (status == MS_OK)
        status = ms_archive_writer_write(writer, data, size / 3, err);
    if (status == MS_OK)
        status = ms_archive_writer_write(
                writer, (const uint8_t *)data + size / 3, size - size / 3, err);
    if (status == MS_OK)
        status = ms_archive_writer_end_file(writer, err);
    return status;
}

static const char unicode_path[] = "folder/gr\xc3\xbc\xc3\x9f"
                                   "e \xe6\xa8\xa1\xe5\x9e\x8b.bin";

static ms_status pack_small(
        sink *out, ms_archive_format format, unsigned workers, ms_error *err)
{
    ms_archive_output output = {.write = sink_write, .payload = out};
    ms_archive_writer *writer;
    ms_status status = ms_archive_writer_new(&writer, format, &output, workers, err);
    if (status == MS_OK)
        status = add_file(writer, "config.json", "{}\n", 3, err);
    if (status == MS_OK)
        status = add_file(writer, "empty", "", 0, err);
    if (status == MS_OK)
        status = ms_archive_writer_add_folder(writer, "empty-folder", err);
    if (status == MS_OK)
        status = ms_archive_writer_add_folder(writer, "folder", err);
    if (status == MS_OK)
        status = add_file(writer, unicode_path, "weights", 7, err);
    if (status == MS_OK)
        status = ms_archive_writer_finish(writer, err);
    ms_archive_writer_free(writer);
    return status;
}

static void hex_digest(const ms_buffer *bytes, char text[2 * MS_SHA256_SIZE + 1])
{
    uint8_t digest[MS_SHA256_SIZE];
    ms_sha256(digest, bytes->data, bytes->size);
    ms_hex_encode(text, digest, sizeof(digest));
}

static void test_small_tree_has_its_golden_bytes(void **state)
{
    sink out;
    char text[2 * MS_SHA256_SIZE + 1];
    (void)state;
    sink_init(&out, 0);
    assert_int_equal(pack_small(&out, MS_ARCHIVE_TAR, 1, NULL), MS_OK);
    hex_digest(&out.bytes, text);
    assert_string_equal(text, GOLDEN_SMALL_TAR);
    ms_buffer_release(&out.bytes);
}

/* Bytes that compress a little, as weights do: xorshift with a quiet high nibble. */
static uint8_t *make_weights(size_t size)
{
    uint8_t *data = malloc(size);
    uint64_t word = 88172645463325252u;
    assert_non_null(data);
    for (size_t i = 0; i < size; i++) {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        data[i] = (uint8_t)(i % 2 == 0 ? word : 0x30 | (word & 3));
    }
    return data;
}

static void pack_large(sink *out, ms_archive_format format, unsigned workers, size_t size)
{
    ms_archive_output output = {.write = sink_write, .payload = out};
    ms_archive_writer *writer;
    const size_t second_size = 12345;
    uint8_t *weights = make_weights(MS_MAX(size, second_size));
    assert_int_equal(ms_archive_writer_new(&writer, format, &output, workers, NULL), MS_OK);
    assert_int_equal(add_file(writer, "a.bin", weights, size, NULL), MS_OK);
    assert_int_equal(add_file(writer, "b.bin", weights, second_size, NULL), MS_OK);
    assert_int_equal(ms_archive_writer_finish(writer, NULL), MS_OK);
    ms_archive_writer_free(writer);
    free(weights);
}

static void test_number_of_workers_never_shows(void **state)
{
    static const ms_archive_format formats[] = {MS_ARCHIVE_TAR_GZIP, MS_ARCHIVE_TAR_ZSTD};
    static const unsigned workers[] = {2, 3, 4, 7, 0};
    /* Around one block of gzip, and several jobs of zstd with a rest. */
    static const size_t sizes[] = {1, 1024 * 1024 - 512, 1024 * 1024, 9 * 1024 * 1024 + 77};
    (void)state;
    for (size_t f = 0; f < MS_ARRAY_COUNT(formats); f++) {
        for (size_t s = 0; s < MS_ARRAY_COUNT(sizes); s++) {
            sink first;
            sink_init(&first, 0);
            pack_large(&first, formats[f], 1, sizes[s]);
            for (size_t w = 0; w < MS_ARRAY_COUNT(workers); w++) {
                sink other;
                sink_init(&other, 0);
                pack_large(&other, formats[f], workers[w], sizes[s]);
                assert_true(ms_span_equal(
                        ms_buffer_span(&first.bytes), ms_buffer_span(&other.bytes)));
                ms_buffer_release(&other.bytes);
            }
            ms_buffer_release(&first.bytes);
        }
    }
}

static const ms_archive_format all_formats[] = {
        MS_ARCHIVE_TAR, MS_ARCHIVE_TAR_GZIP, MS_ARCHIVE_TAR_ZSTD};
static const char *const all_names[] = {"x.tar", "x.tar.gz", "x.tar.zst"};

static ms_status extract(temporary *folder, const char *name, ms_archive_summary *summary)
{
    int fd = openat(folder->fd, name, O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ms_status status = ms_archive_extract(fd, folder->target, NULL, NULL, summary, NULL);
    close(fd);
    return status;
}

static void test_own_reader_gives_the_tree_back(void **state)
{
    (void)state;
    for (size_t f = 0; f < MS_ARRAY_COUNT(all_formats); f++) {
        temporary folder;
        sink out;
        ms_archive_summary summary;
        char expected[1024];
        temporary_make(&folder);
        sink_init(&out, 0);
        assert_int_equal(pack_small(&out, all_formats[f], 2, NULL), MS_OK);
        temporary_write(&folder, all_names[f], out.bytes.data, out.bytes.size);
        assert_int_equal(extract(&folder, all_names[f], &summary), MS_OK);
        assert_int_equal(summary.format, all_formats[f]);
        char *listing = temporary_listing(folder.target, NULL);
        snprintf(expected, sizeof(expected),
                "config.json 100644 3 ca3d163b\nempty 100644 0 e3b0c442\n"
                "empty-folder 40755 0 \nfolder 40755 0 \n%s 100644 7 9a129038\n",
                unicode_path);
        assert_string_equal(listing, expected);
        free(listing);
        ms_buffer_release(&out.bytes);
        temporary_remove(&folder);
    }
}

/* Run a shell command in the folder; its status. */
static int run_in(const temporary *folder, const char *command)
{
    char *line = NULL;
    assert_true(asprintf(&line, "cd %s && { %s; } >/dev/null 2>&1", folder->path, command) > 0);
    int status = system(line);
    free(line);
    return status;
}

static void test_other_programs_read_what_we_write(void **state)
{
    static const struct {
        const char *tool;
        const char *command;
    } rows[] = {
            {"gzip", "gzip -t x.tar.gz"},
            {"gzip", "test $(gzip -dc x.tar.gz | sha256sum | cut -c1-64) = "
                     "$(sha256sum x.tar | cut -c1-64)"},
            {"zstd", "zstd -qt x.tar.zst"},
            {"zstd", "test $(zstd -qdc x.tar.zst | sha256sum | cut -c1-64) = "
                     "$(sha256sum x.tar | cut -c1-64)"},
            {"tar", "rm -rf out && mkdir out && LC_ALL=C.UTF-8 tar -C out -xf x.tar && "
                    "cmp out/a.bin weights && test $(find out | wc -l) = 3"},
            {"tar", "LC_ALL=C tar -tvf x.tar --utc --numeric-owner --full-time > list && "
                    "grep -q '^-rw-r--r-- 0/0 .* 1970-01-01 00:00:00 a.bin$' list"},
            {"python3", "python3 -c 'import tarfile; t = tarfile.open(\"x.tar.gz\"); "
                        "n = t.getnames(); assert n == [\"a.bin\", \"b.bin\"], n; "
                        "assert t.extractfile(\"a.bin\").read() == open(\"weights\", \"rb\").read()'"},
    };
    const size_t size = 5 * 1024 * 1024 + 3;
    temporary folder;
    size_t ran = 0;
    (void)state;
    temporary_make(&folder);
    for (size_t f = 0; f < MS_ARRAY_COUNT(all_formats); f++) {
        sink out;
        sink_init(&out, 0);
        pack_large(&out, all_formats[f], 3, size);
        temporary_write(&folder, all_names[f], out.bytes.data, out.bytes.size);
        ms_buffer_release(&out.bytes);
    }
    uint8_t *weights = make_weights(size);
    temporary_write(&folder, "weights", weights, size);
    free(weights);
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        char have[64];
        snprintf(have, sizeof(have), "command -v %s", rows[i].tool);
        if (run_in(&folder, have) != 0) {
            print_message("# %s is not installed\n", rows[i].tool);
            continue;
        }
        ran++;
        if (run_in(&folder, rows[i].command) != 0)
            fail_msg("failed: %s", rows[i].command);
    }
    assert_true(ran > 0);
    temporary_remove(&folder);
}

/* Names of 255 bytes, paths up to 1,024 bytes, and every length around the edges of ustar. */
static void test_long_paths_come_back(void **state)
{
    temporary folder;
    sink out;
    ms_archive_output output = {.write = sink_write, .payload = &out};
    ms_archive_writer *writer;
    ms_archive_summary summary;
    char path[1025];
    uint64_t count = 0;
    (void)state;
    temporary_make(&folder);
    sink_init(&out, 0);
    assert_int_equal(
            ms_archive_writer_new(&writer, MS_ARCHIVE_TAR, &output, 1, NULL), MS_OK);
    for (size_t size = 95; size <= 1024; size = size < 265 ? size + 1 : size + 23) {
        for (size_t i = 0; i < size; i++)
            path[i] = i % 120 == 119 && i + 1 < size ? '/' : (char)('a' + i % 23);
        /* A first name that no other path shares. */
        char start[8];
        snprintf(start, sizeof(start), "%06zu", size);
        memcpy(path, start, 6);
        path[size] = '\0';
        assert_int_equal(add_file(writer, path, path, size, NULL), MS_OK);
        count++;
    }
    memset(path, 'n', 255);
    path[255] = '\0';
    assert_int_equal(ms_archive_writer_add_folder(writer, path, NULL), MS_OK);
    assert_int_equal(ms_archive_writer_finish(writer, NULL), MS_OK);
    ms_archive_writer_free(writer);
    temporary_write(&folder, "x.tar", out.bytes.data, out.bytes.size);
    ms_buffer_release(&out.bytes);
    assert_int_equal(extract(&folder, "x.tar", &summary), MS_OK);
    assert_int_equal(summary.files, count);
    char *ours = temporary_listing(folder.target, NULL);
    assert_non_null(strstr(ours, path));
    if (run_in(&folder, "command -v tar") == 0) {
        assert_int_equal(run_in(&folder, "rm -rf target && mkdir target && tar -C target -xf x.tar"),
                0);
        close(folder.target);
        folder.target = openat(folder.fd, "target", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
        char *theirs = temporary_listing(folder.target, NULL);
        assert_string_equal(ours, theirs);
        free(theirs);
    }
    free(ours);
    temporary_remove(&folder);
}

static void test_sizes_of_8_gib_and_more_are_declared(void **state)
{
    static const struct {
        uint64_t size;
        size_t header_size; /* bytes before the content */
        const char *record;
        const char *field;
    } rows[] = {
            {UINT64_C(077777777777), 512, NULL, "77777777777"},
            {UINT64_C(0100000000000), 1536, "19 size=8589934592\n", "00000000000"},
            {INT64_MAX, 1536, "28 size=9223372036854775807\n", "00000000000"},
    };
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        sink out;
        ms_archive_output output = {.write = sink_write, .payload = &out};
        ms_archive_writer *writer;
        uint8_t *filler = calloc(1, 1 << 20);
        sink_init(&out, 0);
        assert_int_equal(
                ms_archive_writer_new(&writer, MS_ARCHIVE_TAR, &output, 1, NULL), MS_OK);
        assert_int_equal(
                ms_archive_writer_begin_file(writer, "big", rows[i].size, NULL), MS_OK);
        /* Enough content that the headers before it are written out. */
        assert_int_equal(ms_archive_writer_write(writer, filler, 1 << 20, NULL), MS_OK);
        assert_int_equal(out.bytes.size, rows[i].header_size + (1 << 20));
        const uint8_t *header = out.bytes.data + rows[i].header_size - MS_TAR_BLOCK_SIZE;
        assert_memory_equal(header + MS_TAR_SIZE, rows[i].field, 12);
        if (rows[i].record != NULL)
            assert_string_equal((const char *)out.bytes.data + 512, rows[i].record);
        /* The file is not whole: its end and the archive's are refused. */
        assert_int_equal(ms_archive_writer_finish(writer, NULL), MS_USAGE);
        assert_int_equal(ms_archive_writer_end_file(writer, NULL), MS_USAGE);
        ms_archive_writer_free(writer);
        ms_buffer_release(&out.bytes);
        free(filler);
    }
}

static void test_calls_out_of_order_are_refused(void **state)
{
    sink out;
    ms_archive_output output = {.write = sink_write, .payload = &out};
    ms_archive_writer *writer;
    ms_error err = MS_ERROR_INIT;
    (void)state;
    sink_init(&out, 0);
    assert_int_equal(ms_archive_writer_new(&writer, MS_ARCHIVE_ZIP, &output, 1, &err), MS_USAGE);
    assert_null(writer);
    assert_int_equal(ms_archive_writer_new(&writer, MS_ARCHIVE_TAR, &output, 1, NULL), MS_OK);
    assert_int_equal(ms_archive_writer_write(writer, "x", 1, &err), MS_USAGE);
    assert_int_equal(ms_archive_writer_end_file(writer, &err), MS_USAGE);
    assert_int_equal(ms_archive_writer_add_folder(writer, "../x", &err), MS_MALFORMED);
    assert_string_equal(err.reason, "path_dotdot");
    assert_int_equal(ms_archive_writer_begin_file(writer, "a", 2, NULL), MS_OK);
    assert_int_equal(ms_archive_writer_begin_file(writer, "b", 2, &err), MS_USAGE);
    assert_string_equal(err.reason, "archive_writer_order");
    assert_int_equal(ms_archive_writer_add_folder(writer, "b", &err), MS_USAGE);
    assert_int_equal(ms_archive_writer_finish(writer, &err), MS_USAGE);
    assert_int_equal(ms_archive_writer_write(writer, "abc", 3, &err), MS_USAGE);
    assert_string_equal(err.reason, "archive_file_size");
    assert_int_equal(ms_archive_writer_write(writer, "a", 1, &err), MS_USAGE);
    assert_string_equal(err.reason, "archive_writer_failed");
    ms_archive_writer_free(writer);
    ms_archive_writer_free(NULL);
    ms_buffer_release(&out.bytes);
}

static void test_failing_output_is_reported_at_every_write(void **state)
{
    (void)state;
    for (size_t f = 0; f < MS_ARRAY_COUNT(all_formats); f++) {
        for (unsigned workers = 1; workers <= 2; workers++) {
            ms_status status = MS_IO;
            for (size_t fail_at = 1; status != MS_OK; fail_at++) {
                sink out;
                ms_error err = MS_ERROR_INIT;
                sink_init(&out, fail_at);
                status = pack_small(&out, all_formats[f], workers, &err);
                assert_true(status == MS_OK || status == MS_IO);
                if (status == MS_IO)
                    assert_string_equal(err.reason, "test_output");
                ms_buffer_release(&out.bytes);
            }
        }
    }
}

static ms_status drop(void *payload, const void *data, size_t size, ms_error *err)
{
    (void)payload;
    (void)data;
    (void)size;
    (void)err;
    return MS_OK;
}

static void test_short_memory_leaks_nothing(void **state)
{
    const ms_archive_output output = {.write = drop};
    (void)state;
    for (size_t f = 0; f < MS_ARRAY_COUNT(all_formats); f++) {
        ms_status status = MS_NO_MEMORY;
        for (size_t fail_at = 1; status != MS_OK; fail_at++) {
            ms_archive_writer *writer;
            short_memory_begin(fail_at);
            status = ms_archive_writer_new(&writer, all_formats[f], &output, 1, NULL);
            if (status == MS_OK)
                status = add_file(writer, unicode_path, "abc", 3, NULL);
            if (status == MS_OK)
                status = ms_archive_writer_finish(writer, NULL);
            ms_archive_writer_free(writer);
            assert_int_equal(short_memory_end(), 0);
            assert_true(status == MS_OK || status == MS_NO_MEMORY);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_small_tree_has_its_golden_bytes),
            cmocka_unit_test(test_number_of_workers_never_shows),
            cmocka_unit_test(test_own_reader_gives_the_tree_back),
            cmocka_unit_test(test_other_programs_read_what_we_write),
            cmocka_unit_test(test_long_paths_come_back),
            cmocka_unit_test(test_sizes_of_8_gib_and_more_are_declared),
            cmocka_unit_test(test_calls_out_of_order_are_refused),
            cmocka_unit_test(test_failing_output_is_reported_at_every_write),
            cmocka_unit_test(test_short_memory_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
