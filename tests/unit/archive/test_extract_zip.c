/* The two headers of a zip's entries: the directory at its end and the local ones name the same,
 * and nothing comes out under a name that another program would not show. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/checked.h"
#include "extract.h"
#include "foreign.h"

#define LOCAL_SIZE 30
#define CENTRAL_SIZE 46
#define END_SIZE 22

/* A span of a literal, without its NUL. */
#define TEXT(text) {(const uint8_t *)(text), sizeof(text) - 1}

/* A stored file of three bytes, with whatever its headers say. */
typedef struct pair {
    ms_span local;
    ms_span central;
    ms_span local_extra;
    ms_span central_extra;
} pair;

typedef struct plan {
    const pair *pairs;
    size_t count;
    bool zip64;            /* offsets stand in extra fields, the directory in a record of its own */
    const char *between;   /* after the files */
    int64_t size_more;     /* than the directory has, in its record */
    int64_t offset_more;
} plan;

static void add_header(ms_buffer *out, bool is_local, ms_span name, size_t extra_size)
{
    foreign_le(out, is_local ? 0x04034b50 : 0x02014b50, 4);
    if (!is_local)
        foreign_le(out, 3 << 8 | 45, 2);
    foreign_le(out, 45, 2);
    foreign_le(out, 0x800, 2);
    foreign_le(out, 0, 2);
    foreign_le(out, 0x58210000, 4);
    foreign_le(out, crc32(0, (const uint8_t *)"abc", 3), 4);
    foreign_le(out, 3, 4);
    foreign_le(out, 3, 4);
    foreign_le(out, name.size, 2);
    foreign_le(out, extra_size, 2);
}

static void add_end(ms_buffer *out, const plan *how, uint64_t offset)
{
    uint64_t end = out->size;
    uint64_t size = end - offset + (uint64_t)how->size_more;

    offset += (uint64_t)how->offset_more;
    if (how->zip64) {
        foreign_le(out, 0x06064b50, 4);
        foreign_le(out, 44, 8);
        foreign_le(out, 45 | 45 << 16, 4);
        foreign_le(out, 0, 8);
        foreign_le(out, how->count, 8);
        foreign_le(out, how->count, 8);
        foreign_le(out, size, 8);
        foreign_le(out, offset, 8);
        foreign_le(out, 0x07064b50, 4);
        foreign_le(out, 0, 4);
        foreign_le(out, end, 8);
        foreign_le(out, 1, 4);
    }
    foreign_le(out, 0x06054b50, 4);
    foreign_le(out, 0, 4);
    foreign_le(out, how->count, 2);
    foreign_le(out, how->count, 2);
    foreign_le(out, how->zip64 ? UINT32_MAX : size, 4);
    foreign_le(out, how->zip64 ? UINT32_MAX : offset, 4);
    foreign_le(out, 0, 2);
}

static void build(ms_buffer *out, const plan *how)
{
    ms_buffer directory;

    ms_buffer_init(out, FOREIGN_SIZE_MAX);
    ms_buffer_init(&directory, FOREIGN_SIZE_MAX);
    for (size_t i = 0; i < how->count; i++) {
        const pair *names = &how->pairs[i];
        uint64_t offset = out->size;

        add_header(out, true, names->local, names->local_extra.size);
        foreign_bytes(out, names->local.data, names->local.size);
        foreign_bytes(out, names->local_extra.data, names->local_extra.size);
        foreign_bytes(out, "abc", 3);
        add_header(&directory, false, names->central,
                names->central_extra.size + (how->zip64 ? 12 : 0));
        foreign_le(&directory, 0, 2 + 2 + 2);
        foreign_le(&directory, (uint64_t)0100644 << 16, 4);
        foreign_le(&directory, how->zip64 ? UINT32_MAX : offset, 4);
        foreign_bytes(&directory, names->central.data, names->central.size);
        foreign_bytes(&directory, names->central_extra.data, names->central_extra.size);
        if (how->zip64) {
            foreign_le(&directory, 1 | 8 << 16, 4);
            foreign_le(&directory, offset, 8);
        }
    }
    if (how->between != NULL)
        foreign_bytes(out, how->between, strlen(how->between));
    uint64_t offset = out->size;
    foreign_bytes(out, directory.data, directory.size);
    add_end(out, how, offset);
    ms_buffer_release(&directory);
}

static void expect(temporary *folder, ms_span bytes, const char *reason, const char *what, size_t row)
{
    ms_archive_summary summary;
    ms_error err = MS_ERROR_INIT;
    ms_status status = extract(folder, bytes, NULL, &summary, &err);

    if (reason == NULL && status != MS_OK)
        fail_msg("%s %zu is refused: %s: %s", what, row, err.reason, err.message);
    if (reason == NULL)
        return;
    if (status != MS_MALFORMED || strcmp(err.reason, reason) != 0)
        fail_msg("%s %zu: %d %s instead of %s", what, row, status, err.reason, reason);
    /* It is told before anything is made. */
    char *listing = temporary_listing(folder->target, NULL);
    assert_string_equal(listing, "");
    free(listing);
}

static void expect_plan(
        temporary *folder, const plan *how, const char *reason, const char *what, size_t row)
{
    ms_buffer bytes;

    build(&bytes, how);
    expect(folder, ms_buffer_span(&bytes), reason, what, row);
    ms_buffer_release(&bytes);
}

static void test_no_byte_of_a_name_differs_between_the_headers(void **state)
{
    static const pair pairs[] = {{TEXT("first"), TEXT("first"), {0}, {0}},
            {TEXT("second"), TEXT("second"), {0}, {0}}};
    temporary folder;

    (void)state;
    temporary_make(&folder);
    for (int zip64 = 0; zip64 < 2; zip64++) {
        const plan how = {.pairs = pairs, .count = 2, .zip64 = zip64 != 0};
        const size_t starts[] = {LOCAL_SIZE, LOCAL_SIZE + 5 + 3 + LOCAL_SIZE,
                2 * (LOCAL_SIZE + 3) + 5 + 6 + CENTRAL_SIZE,
                2 * (LOCAL_SIZE + 3) + 5 + 6 + CENTRAL_SIZE + 5 + (zip64 != 0 ? 12 : 0) +
                        CENTRAL_SIZE};
        ms_buffer bytes;

        build(&bytes, &how);
        expect(&folder, ms_buffer_span(&bytes), NULL, "zip64", (size_t)zip64);
        for (size_t i = 0; i < MS_ARRAY_COUNT(starts); i++) {
            const char *name = i % 2 == 0 ? "first" : "second";

            assert_memory_equal(bytes.data + starts[i], name, strlen(name));
            for (size_t at = starts[i]; at < starts[i] + strlen(name); at++) {
                bytes.data[at] ^= 1;
                expect(&folder, ms_buffer_span(&bytes), "archive_name", "byte", at);
                bytes.data[at] ^= 1;
            }
        }
        ms_buffer_release(&bytes);
    }
    temporary_remove(&folder);
}

/* Unicode path, of "a": version 1, the checksum of "a", a name in UTF-8. */
#define UNICODE(size, name) TEXT("\x75\x70" size "\0\1\x43\xbe\xb7\xe8" name)

static void test_names_of_either_header_are_the_same_text(void **state)
{
    static const struct {
        pair names;
        const char *reason;
    } rows[] = {
            {{TEXT("local1"), TEXT("centr1"), {0}, {0}}, "archive_name"},
            {{TEXT("a"), TEXT("ab"), {0}, {0}}, "archive_name"},
            {{TEXT("ab"), TEXT("a"), {0}, {0}}, "archive_name"},
            {{TEXT("a"), TEXT("A"), {0}, {0}}, "archive_name"},
            {{TEXT("a\0evil"), TEXT("a\0evil"), {0}, {0}}, "archive_name"},
            {{TEXT("a\0evil"), TEXT("a"), {0}, {0}}, "archive_name"},
            {{TEXT("a"), TEXT("a\0evil"), {0}, {0}}, "archive_name"},
            {{TEXT("a"), TEXT("a"), {0}, {0}}, NULL},
            {{TEXT("a"), TEXT("a"), UNICODE("\x06", "b"), UNICODE("\x06", "b")}, NULL},
            {{TEXT("a"), TEXT("a"), UNICODE("\x06", "b"), UNICODE("\x06", "c")}, "archive_name"},
            {{TEXT("a"), TEXT("a"), UNICODE("\x06", "b"), {0}}, "archive_name"},
            {{TEXT("a"), TEXT("a"), {0}, UNICODE("\x06", "b")}, "archive_name"},
            {{TEXT("a"), TEXT("a"), UNICODE("\x08", "b\0c"), UNICODE("\x08", "b\0c")},
                    "archive_name"},
            /* Other fields may differ: times usually do. */
            {{TEXT("a"), TEXT("a"), TEXT("UT\x05\0\1\0\0\0\0"), TEXT("UT\x01\0\0")}, NULL},
            {{TEXT("a"), TEXT("a"), TEXT("UT\x01\0\0" "up\x06\0\1\x43\xbe\xb7\xe8" "b"),
                     UNICODE("\x06", "b")},
                    NULL},
            {{TEXT("a"), TEXT("a"), TEXT("up\x06\0\1\x43\xbe\xb7\xe8" "b" "up\x06\0\1\x43\xbe\xb7\xe8" "c"),
                     UNICODE("\x06", "b")},
                    "archive_name_twice"},
    };
    temporary folder;

    (void)state;
    temporary_make(&folder);
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        for (int zip64 = 0; zip64 < 2; zip64++) {
            const plan how = {.pairs = &rows[i].names, .count = 1, .zip64 = zip64 != 0};

            expect_plan(&folder, &how, rows[i].reason, "row", i);
        }
    }
    temporary_remove(&folder);
}

static void test_no_two_entries_of_the_directory_are_one_file(void **state)
{
    static const pair pairs[] = {{TEXT("first"), TEXT("first"), {0}, {0}},
            {TEXT("other"), TEXT("other"), {0}, {0}}, {TEXT("third"), TEXT("third"), {0}, {0}}};
    temporary folder;

    (void)state;
    temporary_make(&folder);
    for (int zip64 = 0; zip64 < 2; zip64++) {
        const plan how = {.pairs = pairs, .count = 3, .zip64 = zip64 != 0};
        size_t entry = CENTRAL_SIZE + 5 + (zip64 != 0 ? 12 : 0);
        ms_buffer bytes;

        build(&bytes, &how);
        uint8_t *directory = bytes.data + 3 * (LOCAL_SIZE + 5 + 3);
        memcpy(directory + 2 * entry, directory, entry);
        expect(&folder, ms_buffer_span(&bytes), "archive_name_twice", "zip64", (size_t)zip64);
        ms_buffer_release(&bytes);
    }
    temporary_remove(&folder);
}

static void test_a_directory_that_is_not_where_the_end_says_is_refused(void **state)
{
    static const pair pairs[] = {{TEXT("first"), TEXT("first"), {0}, {0}},
            {TEXT("other"), TEXT("other"), {0}, {0}}};
    static const struct {
        const char *between;
        int64_t size_more;
        int64_t offset_more;
        const char *reason;
    } rows[] = {
            {NULL, 0, 0, NULL},
            {"a gap is no harm", 0, 0, NULL},
            {NULL, 1, 0, "archive_damaged"},
            {NULL, -1, 0, "archive_damaged"},
            {NULL, 0, 1, "archive_damaged"},
            {NULL, 0, -1, "archive_damaged"},
            {NULL, -(CENTRAL_SIZE + 5), 0, "archive_damaged"},
            {NULL, -(CENTRAL_SIZE + 5), CENTRAL_SIZE + 5, "archive_damaged"},
            {NULL, INT32_MAX, 0, "archive_damaged"},
            {NULL, 0, INT32_MAX, "archive_damaged"},
    };
    temporary folder;

    (void)state;
    temporary_make(&folder);
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        const plan how = {.pairs = pairs,
                .count = 2,
                .between = rows[i].between,
                .size_more = rows[i].size_more,
                .offset_more = rows[i].offset_more};

        expect_plan(&folder, &how, rows[i].reason, "row", i);
    }
    temporary_remove(&folder);
}

/* Whatever byte of the fields that tell where headers are is changed, nothing else comes out. */
static void test_changed_fields_of_a_zip64_never_give_another_file(void **state)
{
    static const pair pairs[] = {{TEXT("first"), TEXT("first"), {0}, {0}},
            {TEXT("other"), TEXT("other"), {0}, {0}}};
    const plan how = {.pairs = pairs, .count = 2, .zip64 = true};
    temporary folder;
    ms_buffer bytes;
    size_t refused = 0;

    (void)state;
    temporary_make(&folder);
    build(&bytes, &how);
    expect(&folder, ms_buffer_span(&bytes), NULL, "zip64", 0);
    char *whole = temporary_listing(folder.target, NULL);
    for (size_t i = 2 * (LOCAL_SIZE + 5 + 3); i < bytes.size; i++) {
        ms_archive_summary summary;

        bytes.data[i] ^= 0x55;
        if (extract(&folder, ms_buffer_span(&bytes), NULL, &summary, NULL) == MS_OK) {
            char *listing = temporary_listing(folder.target, NULL);

            assert_string_equal(listing, whole);
            free(listing);
        } else {
            refused++;
        }
        bytes.data[i] ^= 0x55;
    }
    assert_true(refused > 100);
    free(whole);
    ms_buffer_release(&bytes);
    temporary_remove(&folder);
}

static void test_a_directory_of_too_many_entries_is_refused_before_anything_is_made(void **state)
{
    temporary folder;
    foreign_zip zip;
    ms_archive_summary summary;
    ms_archive_extract_options options = {.files_max = 2};
    ms_error err = MS_ERROR_INIT;

    (void)state;
    temporary_make(&folder);
    foreign_zip_init(&zip);
    for (int i = 0; i < 6; i++) {
        char name[8];

        (void)snprintf(name, sizeof(name), "f%d", i);
        foreign_zip_add(&zip, name, strlen(name), 0100644, 0, "");
    }
    foreign_zip_end(&zip);
    assert_int_equal(
            extract(&folder, ms_buffer_span(&zip.bytes), &options, &summary, &err), MS_LIMIT);
    assert_string_equal(err.reason, "archive_files");
    assert_int_equal(summary.files, 0);
    options.files_max = 6;
    assert_int_equal(
            extract(&folder, ms_buffer_span(&zip.bytes), &options, &summary, &err), MS_OK);
    assert_int_equal(summary.files, 6);
    foreign_zip_release(&zip);
    temporary_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_no_byte_of_a_name_differs_between_the_headers),
            cmocka_unit_test(test_names_of_either_header_are_the_same_text),
            cmocka_unit_test(test_no_two_entries_of_the_directory_are_one_file),
            cmocka_unit_test(test_a_directory_that_is_not_where_the_end_says_is_refused),
            cmocka_unit_test(test_changed_fields_of_a_zip64_never_give_another_file),
            cmocka_unit_test(
                    test_a_directory_of_too_many_entries_is_refused_before_anything_is_made),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
