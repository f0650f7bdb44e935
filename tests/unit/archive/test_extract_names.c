/* Names in foreign archives (reliability catalogue B7): refused by name, or a file inside the target. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/text.h"
#include "doubles/hostile_names.h"
#include "extract.h"
#include "foreign.h"

typedef struct name_row {
    const char *name;
    size_t size;
    const char *reason; /* NULL: any of the path reasons */
} name_row;

#define NAME(text) text, sizeof(text) - 1
#define TEN "1234567890"
#define FIFTY TEN TEN TEN TEN TEN
#define NAME_250 FIFTY FIFTY FIFTY FIFTY FIFTY

static const name_row escape_rows[] = {
        {NAME("/x"), "path_absolute"}, {NAME("/etc/passwd"), "path_absolute"},
        {NAME("//x"), "path_absolute"}, {NAME("/"), NULL}, {NAME(".."), "path_dotdot"},
        {NAME("../x"), "path_dotdot"}, {NAME("../stranger/file"), "path_dotdot"},
        {NAME("../../x"), "path_dotdot"}, {NAME("a/../b"), "path_dotdot"},
        {NAME("a/../../b"), "path_dotdot"}, {NAME("a/.."), "path_dotdot"},
        {NAME("./../x"), "path_dotdot"}, {NAME("a/./b"), "path_dot"}, {NAME("././x"), "path_dot"},
        {NAME("a/."), "path_dot"}, {NAME(".//x"), NULL}, {NAME("a//b"), "path_empty_part"},
        {NAME("a/"), NULL}, {NAME("a\0b"), "path_nul"}, {NAME("\0"), "path_nul"},
        {NAME("good\0/../../x"), "path_nul"}, {NAME("\\"), "path_backslash"},
        {NAME("..\\x"), "path_backslash"}, {NAME("..\\..\\stranger"), "path_backslash"},
        {NAME("a\\..\\..\\x"), "path_backslash"}, {NAME("\\\\host\\share"), "path_backslash"},
        {NAME("C:x"), "path_drive"}, {NAME("C:\\x"), NULL}, {NAME("c:/x"), NULL},
        {NAME("a:stream"), NULL}, {NAME("file:stream"), "path_stream"}, {NAME("con"), "path_reserved"},
        {NAME("CON"), "path_reserved"}, {NAME("nul.txt"), "path_reserved"},
        {NAME("folder/aux"), "path_reserved"}, {NAME("COM1"), "path_reserved"},
        {NAME("lpt9.bin"), "path_reserved"}, {NAME("prn/x"), "path_reserved"},
        {NAME("dot."), "path_trailing"}, {NAME("space "), "path_trailing"},
        {NAME("..."), "path_trailing"}, {NAME(".. "), "path_trailing"},
        {NAME("a /b"), "path_trailing"}, {NAME("~/x"), "path_tilde"}, {NAME("~"), "path_tilde"},
        {NAME("-rf"), "path_dash"}, {NAME("--checkpoint-action=exec=sh"), "path_dash"},
        {NAME("a\nb"), "path_control"}, {NAME("a\rb"), "path_control"},
        {NAME("\x1b[2Jx"), "path_control"}, {NAME("a\x07"), "path_control"},
        {NAME("a\x7f"), "path_control"}, {NAME("a\xc2\x9b"), "path_control"},
        {NAME("a\xe2\x80\xae" "fdp.exe"), "path_bidi"}, {NAME("\xe2\x81\xa6x"), "path_bidi"},
        {NAME("\xff"), "path_utf8"}, {NAME("a\x80"), "path_utf8"},
        {NAME("\xc0\xae\xc0\xae/x"), "path_utf8"}, {NAME("\xc0\xaf" "etc"), "path_utf8"},
        {NAME("\xe0\x80\xaf" "x"), "path_utf8"}, {NAME("\xed\xa0\x80"), "path_utf8"},
        {NAME("\xf4\x90\x80\x80"), "path_utf8"}, {NAME("gr\xfc\xdf" "e"), "path_utf8"},
        {NAME(NAME_250 "123456"), "path_name_long"}, {NAME(".git/config"), "path_git"},
        {NAME("a/.GIT/hooks/x"), "path_git"}, {NAME(".git"), "path_git"},
        {NAME(".x.model-storage-partial"), "path_own"},
        {NAME(NAME_250 "/" NAME_250 "/" NAME_250 "/" NAME_250 "/" TEN TEN TEN), "path_long"},
        {NAME("1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3"), "path_deep"},
};

static void expect_refused_name(const char *kind, size_t row, ms_status status, const ms_error *err,
        const char *reason)
{
    bool fits = reason != NULL ? strcmp(err->reason, reason) == 0
                               : strncmp(err->reason, "path_", 5) == 0;
    if ((status != MS_MALFORMED && status != MS_LIMIT) || !fits)
        fail_msg("%s row %zu: %d %s instead of %s", kind, row, status, err->reason,
                reason != NULL ? reason : "path_...");
}

/* The names that every entrance is tried with, in a tar as pax path and in a zip: refused by name, or
 * a file of that very name inside the target. */
static void test_every_hostile_name_is_refused_or_lands_inside(void **state)
{
    static hostile_names names;
    temporary folder;
    (void)state;
    temporary_make(&folder);
    hostile_names_load(&names);
    for (size_t i = 0; i < names.count; i++) {
        const hostile_name *name = &names.rows[i];
        for (int zipped = 0; zipped < 2; zipped++) {
            foreign_zip zip;
            ms_buffer tar;
            ms_archive_summary summary;
            ms_error err = MS_ERROR_INIT;
            struct stat status;
            /* "./" in front is passed over, as all programs do; what libarchive itself ends or turns
             * into another name is judged as that one. */
            bool exact = strncmp(name->text, "./", 2) != 0;
            exact = exact && (zipped == 0 || (strchr(name->text, '\\') == NULL
                                         && ms_utf8_is_valid(name->text, name->size, NULL)));
            bool has_nul = zipped != 0 && memchr(name->text, 0, name->size) != NULL;
            ms_buffer_init(&tar, FOREIGN_SIZE_MAX);
            foreign_zip_init(&zip);
            if (zipped == 0) {
                foreign_tar_pax_name(&tar, name->text, name->size, '0', "evil");
                foreign_tar_end(&tar);
            } else {
                foreign_zip_add(&zip, name->text, name->size, 0100644, 0x800, "evil");
                foreign_zip_end(&zip);
            }
            ms_status ended = extract(&folder, ms_buffer_span(zipped == 0 ? &tar : &zip.bytes), NULL,
                    &summary, &err);
            if (exact && name->reason != NULL && ended == MS_OK)
                fail_msg("row %zu \"%s\" comes out of archive %d", i, name->text, zipped);
            if (exact && name->reason == NULL
                    && (ended != MS_OK || summary.files != 1))
                fail_msg("row %zu \"%s\" is refused: %s", i, name->text, err.message);
            /* A slash at the end makes a folder of the entry, which has no content. */
            bool by_name = strncmp(err.reason, "path_", 5) == 0
                           || strcmp(err.reason, "archive_folder_size") == 0
                           || (has_nul && strcmp(err.reason, "archive_name") == 0);
            if (exact && name->reason != NULL && !by_name)
                fail_msg("row %zu \"%s\": %s", i, name->text, err.reason);
            if (zipped == 0 && name->reason == NULL)
                assert_int_equal(fstatat(folder.target, name->text, &status, 0), 0);
            ms_buffer_release(&tar);
            foreign_zip_release(&zip);
        }
    }
    hostile_names_release(&names);
    temporary_remove(&folder);
}

static void test_no_name_escapes_from_a_tar(void **state)
{
    temporary folder;
    (void)state;
    temporary_make(&folder);
    assert_true(MS_ARRAY_COUNT(escape_rows) >= 60);
    for (size_t i = 0; i < MS_ARRAY_COUNT(escape_rows); i++) {
        const name_row *row = &escape_rows[i];
        /* In the header, in a GNU long name and in a pax record. */
        for (int way = 0; way < 3; way++) {
            ms_buffer tar;
            ms_archive_summary summary;
            ms_error err = MS_ERROR_INIT;
            bool has_nul = memchr(row->name, 0, row->size) != NULL;
            /* Those two end at a NUL, and "x/" of no bytes is the old spelling of a folder. */
            if (way < 2 && (has_nul || (way == 0 && row->size > MS_TAR_NAME_SIZE)))
                continue;
            ms_buffer_init(&tar, FOREIGN_SIZE_MAX);
            if (way == 0) {
                foreign_tar(&tar, row->name, '0', "evil", 4);
            } else if (way == 1) {
                foreign_tar(&tar, "././@LongLink", 'L', row->name, row->size + 1);
                foreign_tar(&tar, "short", '0', "evil", 4);
            } else {
                foreign_tar_pax_name(&tar, row->name, row->size, '0', "evil");
            }
            foreign_tar_end(&tar);
            ms_status status = extract(&folder, ms_buffer_span(&tar), NULL, &summary, &err);
            expect_refused_name("tar", i, status, &err, row->reason);
            char *listing = temporary_listing(folder.target, NULL);
            assert_null(strstr(listing, "100644 4"));
            free(listing);
            ms_buffer_release(&tar);
        }
    }
    temporary_remove(&folder);
}

static void test_no_name_escapes_from_a_zip(void **state)
{
    temporary folder;
    (void)state;
    temporary_make(&folder);
    for (size_t i = 0; i < MS_ARRAY_COUNT(escape_rows); i++) {
        const name_row *row = &escape_rows[i];
        /* With and without the flag that says UTF-8. */
        for (unsigned flags = 0; flags <= 0x800; flags += 0x800) {
            foreign_zip zip;
            ms_archive_summary summary;
            ms_error err = MS_ERROR_INIT;
            foreign_zip_init(&zip);
            foreign_zip_add(&zip, row->name, row->size, 0100644, flags, "evil");
            foreign_zip_end(&zip);
            ms_status status =
                    extract(&folder, ms_buffer_span(&zip.bytes), NULL, &summary, &err);
            char *listing = temporary_listing(folder.target, NULL);
            /* libarchive turns backslashes of DOS and repairs or refuses bytes that are no UTF-8: what
             * then comes out is harmless, or nothing does. */
            bool has_nul = memchr(row->name, 0, row->size) != NULL;
            bool changed = strchr(row->name, '\\') != NULL || row->name[row->size - 1] == '/'
                           || (row->reason != NULL && strcmp(row->reason, "path_utf8") == 0);
            if (has_nul || !changed)
                expect_refused_name("zip", i, status, &err, has_nul ? "archive_name" : row->reason);
            if (status == MS_OK)
                print_message("# zip row %zu came out as %s", i, listing);
            free(listing);
            foreign_zip_release(&zip);
        }
    }
    temporary_remove(&folder);
}

static const name_row good_rows[] = {
        {NAME("a"), NULL}, {NAME("org/model/weights-00001-of-00002.safetensors"), NULL},
        {NAME(".gitattributes"), NULL}, {NAME("gr\xc3\xbc\xc3\x9f" "e.txt"), NULL},
        {NAME("\xe6\xa8\xa1\xe5\x9e\x8b/\xf0\x9f\xa4\x97.json"), NULL},
        {NAME("cafe\xcc\x81"), NULL}, {NAME("a b (1)"), NULL}, {NAME("console"), NULL},
        {NAME(NAME_250 "12345"), NULL}, {NAME("..a"), NULL}, {NAME("a..b"), NULL},
        {NAME("1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2/3/4/5/6/7/8/9/0/1/2"), NULL},
};

static void test_harmless_names_come_out_unchanged(void **state)
{
    temporary folder;
    (void)state;
    temporary_make(&folder);
    for (size_t i = 0; i < MS_ARRAY_COUNT(good_rows); i++) {
        const name_row *row = &good_rows[i];
        for (int way = 0; way < 2; way++) {
            ms_buffer tar;
            foreign_zip zip;
            ms_archive_summary summary;
            ms_error err = MS_ERROR_INIT;
            ms_buffer_init(&tar, FOREIGN_SIZE_MAX);
            foreign_tar_pax_name(&tar, row->name, row->size, '0', "good");
            foreign_tar_end(&tar);
            foreign_zip_init(&zip);
            foreign_zip_add(&zip, row->name, row->size, 0100755, 0x800, "good");
            foreign_zip_end(&zip);
            ms_span bytes = ms_buffer_span(way == 0 ? &tar : &zip.bytes);
            if (extract(&folder, bytes, NULL, &summary, &err) != MS_OK)
                fail_msg("way %d row %zu: %s: %s", way, i, err.reason, err.message);
            struct stat status;
            /* NFD comes out of libarchive as NFC: the same name for people. */
            const char *name = way == 1 && i == 5 ? "caf\xc3\xa9" : row->name;
            if (fstatat(folder.target, name, &status, 0) != 0)
                fail_msg("way %d row %zu is not there", way, i);
            assert_int_equal(status.st_size, 4);
            assert_int_equal(status.st_mode & 07777, 0644);
            ms_buffer_release(&tar);
            foreign_zip_release(&zip);
        }
    }
    temporary_remove(&folder);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_every_hostile_name_is_refused_or_lands_inside),
            cmocka_unit_test(test_no_name_escapes_from_a_tar),
            cmocka_unit_test(test_no_name_escapes_from_a_zip),
            cmocka_unit_test(test_harmless_names_come_out_unchanged),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
