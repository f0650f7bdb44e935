/* Extraction: what passes, what is refused by which name, limits, cuts, and that nothing outside the
 * target is ever touched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/archive_reader.h"
#include "base/checked.h"
#include "codec/text.h"
#include "doubles/hostile_names.h"
#include "doubles/short_memory.h"
#include "foreign.h"
#include "temporary.h"

/* Extract bytes as a file into a fresh target; everything beside the target must stay as it was. */
static ms_status extract(temporary *folder, ms_span bytes,
        const ms_archive_extract_options *options, ms_archive_summary *summary, ms_error *err)
{
    close(folder->target);
    temporary_empty(folder->fd);
    assert_int_equal(mkdirat(folder->fd, "stranger", 0755), 0);
    temporary_write(folder, "stranger/file", "untouched", 9);
    temporary_make_target(folder);
    temporary_write(folder, "archive", bytes.data, bytes.size);
    char *before = temporary_listing(folder->fd, "target");
    int fd = openat(folder->fd, "archive", O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0);
    ms_status status = ms_archive_extract(fd, folder->target, options, NULL, summary, err);
    close(fd);
    char *after = temporary_listing(folder->fd, "target");
    assert_string_equal(before, after);
    free(before);
    free(after);
    return status;
}

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

/* ---- what a tar may hold (reliability catalogue B12) ---- */

static void tar_plain_first(ms_buffer *tar)
{
    foreign_tar(tar, "first", '0', "abc", 3);
}

static void build_symlink(ms_buffer *tar)
{
    uint8_t block[MS_TAR_BLOCK_SIZE];
    foreign_header(block, "link", '2', 0);
    memcpy(block + 157, "../stranger", 11);
    foreign_seal(block);
    foreign_bytes(tar, block, sizeof(block));
    foreign_tar(tar, "link/file", '0', "evil", 4);
}

static void build_hard_link(ms_buffer *tar)
{
    uint8_t block[MS_TAR_BLOCK_SIZE];
    foreign_header(block, "link", '1', 0);
    memcpy(block + 157, "../stranger/file", 16);
    foreign_seal(block);
    foreign_bytes(tar, block, sizeof(block));
}

static void build_long_link(ms_buffer *tar)
{
    foreign_tar(tar, "././@LongLink", 'K', "../../etc/passwd", 17);
    foreign_tar(tar, "link", '2', "", 0);
}

static void build_character_device(ms_buffer *tar)
{
    foreign_tar(tar, "null", '3', "", 0);
}

static void build_block_device(ms_buffer *tar)
{
    foreign_tar(tar, "sda", '4', "", 0);
}

static void build_fifo(ms_buffer *tar)
{
    foreign_tar(tar, "fifo", '6', "", 0);
}

static void build_volume(ms_buffer *tar)
{
    foreign_tar(tar, "volume", 'V', "", 0);
}

static void build_multi_volume(ms_buffer *tar)
{
    foreign_tar(tar, "rest", 'M', "abc", 3);
}

static void build_mode(ms_buffer *tar, const char *mode)
{
    uint8_t block[MS_TAR_BLOCK_SIZE];
    foreign_header(block, "program", '0', 0);
    memcpy(block + MS_TAR_MODE, mode, 7);
    foreign_seal(block);
    foreign_bytes(tar, block, sizeof(block));
    foreign_tar_end(tar);
}

static void build_setuid(ms_buffer *tar)
{
    build_mode(tar, "0004755");
}

static void build_setgid(ms_buffer *tar)
{
    build_mode(tar, "0002755");
}

static void build_odd_mode(ms_buffer *tar)
{
    build_mode(tar, "rwxr-xr");
}

static void build_old_sparse(ms_buffer *tar)
{
    foreign_tar(tar, "holes", 'S', "abc", 3);
    foreign_tar_end(tar);
}

static void build_pax(ms_buffer *tar, char type, const char *records)
{
    foreign_tar(tar, "PaxHeaders/x", type, records, strlen(records));
    foreign_tar(tar, "name", '0', "abc", 3);
    foreign_tar_end(tar);
}

static void build_pax_sparse(ms_buffer *tar)
{
    build_pax(tar, 'x', "22 GNU.sparse.major=1\n22 GNU.sparse.minor=0\n");
}

static void build_star_sparse(ms_buffer *tar)
{
    build_pax(tar, 'x', "22 SCHILY.realsize=99\n");
}

static void build_pax_escape(ms_buffer *tar)
{
    build_pax(tar, 'x', "25 path=../stranger/file\n");
}

static void build_pax_absolute(ms_buffer *tar)
{
    build_pax(tar, 'x', "18 path=/etc/cron\n");
}

static void build_pax_empty_path(ms_buffer *tar)
{
    build_pax(tar, 'x', "8 path=\n");
}

static void build_pax_two_paths(ms_buffer *tar)
{
    build_pax(tar, 'x', "10 path=a\n10 path=b\n");
}

static void build_pax_two_sizes(ms_buffer *tar)
{
    build_pax(tar, 'x', "10 size=3\n10 size=0\n");
}

static void build_pax_negative_size(ms_buffer *tar)
{
    build_pax(tar, 'x', "11 size=-3\n");
}

static void build_pax_great_size(ms_buffer *tar)
{
    build_pax(tar, 'x', "28 size=9223372036854775808\n");
}

static void build_pax_overflowing_size(ms_buffer *tar)
{
    build_pax(tar, 'x', "29 size=18446744073709551616\n");
}

static void build_pax_size_beyond_the_end(ms_buffer *tar)
{
    build_pax(tar, 'x', "13 size=9999\n");
}

static void build_pax_charset(ms_buffer *tar)
{
    build_pax(tar, 'x', "28 hdrcharset=ISO-IR 8859 1\n");
}

static void build_pax_record_too_long(ms_buffer *tar)
{
    build_pax(tar, 'x', "99 path=a\n");
}

static void build_pax_record_too_short(ms_buffer *tar)
{
    build_pax(tar, 'x', "9 path=a\n\n");
}

static void build_pax_record_of_no_length(ms_buffer *tar)
{
    build_pax(tar, 'x', "0 path=a\n");
}

static void build_pax_record_without_key(ms_buffer *tar)
{
    build_pax(tar, 'x', "5 =a\n");
}

static void build_pax_record_without_equals(ms_buffer *tar)
{
    build_pax(tar, 'x', "8 patha\n");
}

static void build_pax_length_overflow(ms_buffer *tar)
{
    build_pax(tar, 'x', "99999999999999999999 path=a\n");
}

static void build_global_path(ms_buffer *tar)
{
    build_pax(tar, 'g', "10 path=a\n");
}

static void build_global_size(ms_buffer *tar)
{
    build_pax(tar, 'g', "10 size=0\n");
}

static void build_two_pax_headers(ms_buffer *tar)
{
    foreign_tar(tar, "PaxHeaders/x", 'x', "10 path=a\n", 10);
    foreign_tar(tar, "PaxHeaders/x", 'x', "10 size=3\n", 10);
    foreign_tar(tar, "name", '0', "abc", 3);
    foreign_tar_end(tar);
}

static void build_pax_and_long_name(ms_buffer *tar)
{
    foreign_tar(tar, "PaxHeaders/x", 'x', "10 path=a\n", 10);
    foreign_tar(tar, "././@LongLink", 'L', "b", 2);
    foreign_tar(tar, "name", '0', "abc", 3);
    foreign_tar_end(tar);
}

static void build_long_name_with_tail(ms_buffer *tar)
{
    foreign_tar(tar, "././@LongLink", 'L', "good\0evil", 10);
    foreign_tar(tar, "name", '0', "abc", 3);
    foreign_tar_end(tar);
}

static void build_long_name_escape(ms_buffer *tar)
{
    foreign_tar(tar, "././@LongLink", 'L', "../stranger/file", 17);
    foreign_tar(tar, "name", '0', "abc", 3);
    foreign_tar_end(tar);
}

static void build_long_name_of_1_gib(ms_buffer *tar)
{
    uint8_t block[MS_TAR_BLOCK_SIZE];
    foreign_header(block, "././@LongLink", 'L', UINT64_C(1) << 30);
    foreign_bytes(tar, block, sizeof(block));
    foreign_tar_end(tar);
}

static void build_pax_of_1_gib(ms_buffer *tar)
{
    uint8_t block[MS_TAR_BLOCK_SIZE];
    foreign_header(block, "PaxHeaders/x", 'x', UINT64_C(1) << 30);
    foreign_bytes(tar, block, sizeof(block));
    foreign_tar_end(tar);
}

static void build_headers_before_the_end(ms_buffer *tar)
{
    foreign_tar(tar, "././@LongLink", 'L', "b", 2);
    foreign_tar_end(tar);
}

static void build_size_field(ms_buffer *tar, const char field[MS_TAR_SIZE_SIZE])
{
    uint8_t block[MS_TAR_BLOCK_SIZE];
    foreign_header(block, "name", '0', 0);
    memcpy(block + MS_TAR_SIZE, field, MS_TAR_SIZE_SIZE);
    foreign_seal(block);
    foreign_bytes(tar, block, sizeof(block));
    foreign_tar_end(tar);
}

static void build_base256_negative(ms_buffer *tar)
{
    build_size_field(tar, "\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfd");
}

static void build_base256_huge(ms_buffer *tar)
{
    build_size_field(tar, "\x80\x01\0\0\0\0\0\0\0\0\0");
}

static void build_base256_of_64_bits(ms_buffer *tar)
{
    build_size_field(tar, "\x80\0\0\0\x80\0\0\0\0\0\0");
}

static void build_decimal_size(ms_buffer *tar)
{
    build_size_field(tar, "00000000009");
}

static void build_minus_size(ms_buffer *tar)
{
    build_size_field(tar, "-0000000001");
}

static void build_bad_checksum(ms_buffer *tar)
{
    tar_plain_first(tar);
    tar->data[MS_TAR_MTIME + 3] ^= 1;
    /* The first block decides what the file is, so the damage is in the second entry. */
    ms_buffer second;
    ms_buffer_init(&second, FOREIGN_SIZE_MAX);
    foreign_bytes(&second, tar->data, tar->size);
    tar->data[MS_TAR_MTIME + 3] ^= 1;
    foreign_bytes(tar, second.data, second.size);
    ms_buffer_release(&second);
    foreign_tar_end(tar);
}

static void build_missing_end(ms_buffer *tar)
{
    tar_plain_first(tar);
}

static void build_half_an_end(ms_buffer *tar)
{
    tar_plain_first(tar);
    foreign_zeros(tar, MS_TAR_BLOCK_SIZE);
}

static void build_lone_zero_block(ms_buffer *tar)
{
    tar_plain_first(tar);
    foreign_zeros(tar, MS_TAR_BLOCK_SIZE);
    foreign_tar(tar, "second", '0', "abc", 3);
    foreign_tar_end(tar);
}

static void build_second_archive(ms_buffer *tar)
{
    tar_plain_first(tar);
    foreign_tar_end(tar);
    foreign_tar(tar, "second", '0', "abc", 3);
    foreign_tar_end(tar);
}

static void build_garbage_behind(ms_buffer *tar)
{
    tar_plain_first(tar);
    foreign_tar_end(tar);
    foreign_zeros(tar, 9000);
    foreign_bytes(tar, "x", 1);
}

static void build_folder_with_content(ms_buffer *tar)
{
    foreign_tar(tar, "folder/", '5', "abc", 3);
    foreign_tar_end(tar);
}

static void build_two(ms_buffer *tar, const char *a, char a_type, const char *b, char b_type)
{
    foreign_tar(tar, a, a_type, "", 0);
    foreign_tar(tar, b, b_type, "", 0);
    foreign_tar_end(tar);
}

static void build_duplicate(ms_buffer *tar)
{
    build_two(tar, "a/name", '0', "a/name", '0');
}

static void build_duplicate_with_dot(ms_buffer *tar)
{
    build_two(tar, "a/name", '0', "./a/name", '0');
}

static void build_case_twins(ms_buffer *tar)
{
    build_two(tar, "a/name", '0', "a/Name", '0');
}

static void build_folder_twins(ms_buffer *tar)
{
    build_two(tar, "folder/a", '0', "FOLDER/b", '0');
}

static void build_spelling_twins(ms_buffer *tar)
{
    build_two(tar, "caf\xc3\xa9", '0', "cafe\xcc\x81", '0');
}

static void build_sharp_s_twins(ms_buffer *tar)
{
    build_two(tar, "stra\xc3\x9f" "e", '0', "STRASSE", '0');
}

static void build_file_then_folder(ms_buffer *tar)
{
    build_two(tar, "a", '0', "a/", '5');
}

static void build_folder_then_file(ms_buffer *tar)
{
    build_two(tar, "a/", '5', "a", '0');
}

static void build_file_inside_a_file(ms_buffer *tar)
{
    build_two(tar, "a", '0', "a/b", '0');
}

static void build_file_on_implied_folder(ms_buffer *tar)
{
    build_two(tar, "a/b", '0', "a", '0');
}

static const struct {
    const char *reason;
    ms_status status;
    void (*build)(ms_buffer *tar);
} tar_rows[] = {
        {"archive_link", MS_MALFORMED, build_symlink},
        {"archive_hard_link", MS_MALFORMED, build_hard_link},
        {"archive_link", MS_MALFORMED, build_long_link},
        {"archive_device", MS_MALFORMED, build_character_device},
        {"archive_device", MS_MALFORMED, build_block_device},
        {"archive_fifo", MS_MALFORMED, build_fifo},
        {"archive_type", MS_MALFORMED, build_volume},
        {"archive_type", MS_MALFORMED, build_multi_volume},
        {"archive_setuid", MS_MALFORMED, build_setuid},
        {"archive_setuid", MS_MALFORMED, build_setgid},
        {"archive_number", MS_MALFORMED, build_odd_mode},
        {"archive_sparse", MS_MALFORMED, build_old_sparse},
        {"archive_sparse", MS_MALFORMED, build_pax_sparse},
        {"archive_sparse", MS_MALFORMED, build_star_sparse},
        {"path_dotdot", MS_MALFORMED, build_pax_escape},
        {"path_absolute", MS_MALFORMED, build_pax_absolute},
        {"path_empty_part", MS_MALFORMED, build_pax_empty_path},
        {"archive_pax", MS_MALFORMED, build_pax_two_paths},
        {"archive_pax", MS_MALFORMED, build_pax_two_sizes},
        {"archive_pax", MS_MALFORMED, build_pax_negative_size},
        {"archive_pax", MS_MALFORMED, build_pax_great_size},
        {"archive_pax", MS_MALFORMED, build_pax_overflowing_size},
        {"archive_truncated", MS_MALFORMED, build_pax_size_beyond_the_end},
        {"archive_pax", MS_MALFORMED, build_pax_charset},
        {"archive_pax", MS_MALFORMED, build_pax_record_too_long},
        {"archive_pax", MS_MALFORMED, build_pax_record_too_short},
        {"archive_pax", MS_MALFORMED, build_pax_record_of_no_length},
        {"archive_pax", MS_MALFORMED, build_pax_record_without_key},
        {"archive_pax", MS_MALFORMED, build_pax_record_without_equals},
        {"archive_pax", MS_MALFORMED, build_pax_length_overflow},
        {"archive_pax", MS_MALFORMED, build_global_path},
        {"archive_pax", MS_MALFORMED, build_global_size},
        {"archive_pax", MS_MALFORMED, build_two_pax_headers},
        {"archive_name_twice", MS_MALFORMED, build_pax_and_long_name},
        {"archive_name_twice", MS_MALFORMED, build_long_name_with_tail},
        {"path_dotdot", MS_MALFORMED, build_long_name_escape},
        {"archive_name_size", MS_LIMIT, build_long_name_of_1_gib},
        {"archive_pax_size", MS_LIMIT, build_pax_of_1_gib},
        {"archive_pax", MS_MALFORMED, build_headers_before_the_end},
        {"archive_number", MS_MALFORMED, build_base256_negative},
        {"archive_number", MS_MALFORMED, build_base256_huge},
        {"archive_number", MS_MALFORMED, build_base256_of_64_bits},
        {"archive_number", MS_MALFORMED, build_decimal_size},
        {"archive_number", MS_MALFORMED, build_minus_size},
        {"archive_checksum", MS_MALFORMED, build_bad_checksum},
        {"archive_end", MS_MALFORMED, build_missing_end},
        {"archive_end", MS_MALFORMED, build_half_an_end},
        {"archive_end", MS_MALFORMED, build_lone_zero_block},
        {"archive_trailing", MS_MALFORMED, build_second_archive},
        {"archive_trailing", MS_MALFORMED, build_garbage_behind},
        {"archive_folder_size", MS_MALFORMED, build_folder_with_content},
        {"archive_repeated", MS_MALFORMED, build_duplicate},
        {"archive_repeated", MS_MALFORMED, build_duplicate_with_dot},
        {"path_twins", MS_MALFORMED, build_case_twins},
        {"path_twins", MS_MALFORMED, build_folder_twins},
        {"path_twins", MS_MALFORMED, build_spelling_twins},
        {"path_twins", MS_MALFORMED, build_sharp_s_twins},
        {"archive_kinds", MS_MALFORMED, build_file_then_folder},
        {"archive_kinds", MS_MALFORMED, build_folder_then_file},
        {"archive_kinds", MS_MALFORMED, build_file_inside_a_file},
        {"archive_kinds", MS_MALFORMED, build_file_on_implied_folder},
};

static void test_hostile_tars_are_refused_by_name(void **state)
{
    temporary folder;
    (void)state;
    temporary_make(&folder);
    for (size_t i = 0; i < MS_ARRAY_COUNT(tar_rows); i++) {
        ms_buffer tar;
        ms_archive_summary summary;
        ms_error err = MS_ERROR_INIT;
        ms_buffer_init(&tar, FOREIGN_SIZE_MAX);
        tar_rows[i].build(&tar);
        ms_status status = extract(&folder, ms_buffer_span(&tar), NULL, &summary, &err);
        ms_buffer_release(&tar);
        if (status != tar_rows[i].status || strcmp(err.reason, tar_rows[i].reason) != 0)
            fail_msg("row %zu: %d %s instead of %s: %s", i, status, err.reason,
                    tar_rows[i].reason, err.message);
    }
    temporary_remove(&folder);
}

/* What must not be refused: all that real programs write. */
static void build_attributes(ms_buffer *tar)
{
    foreign_tar(tar, "pax_global_header", 'g', "52 comment=0123456789abcdef0123456789abcdef01234567\n",
            52);
    build_pax(tar, 'x',
            "30 mtime=1700000000.123456789\n18 uname=somebody\n29 SCHILY.xattr.user.k=a=b\nc\n"
            "17 LIBARCHIVE.x=\n21 hdrcharset=BINARY\n19 comment=gr\xc3\xbc\xc3\x9f" "e\n");
}

static void build_pax_size_override(ms_buffer *tar)
{
    uint8_t block[MS_TAR_BLOCK_SIZE];
    foreign_tar(tar, "PaxHeaders/x", 'x', "10 size=3\n", 10);
    foreign_header(block, "name", '0', 0);
    foreign_bytes(tar, block, sizeof(block));
    foreign_bytes(tar, "abc", 3);
    foreign_zeros(tar, 509);
    foreign_tar_end(tar);
}

static void build_base256_size(ms_buffer *tar)
{
    uint8_t block[MS_TAR_BLOCK_SIZE];
    foreign_header(block, "name", '0', 0);
    memcpy(block + MS_TAR_SIZE, "\x80\0\0\0\0\0\0\0\0\0\0\x03", 12);
    foreign_seal(block);
    foreign_bytes(tar, block, sizeof(block));
    foreign_bytes(tar, "abc", 3);
    foreign_zeros(tar, 509);
    foreign_tar_end(tar);
}

static void build_gnu_with_times_in_the_prefix(ms_buffer *tar)
{
    uint8_t block[MS_TAR_BLOCK_SIZE];
    foreign_header(block, "name", '0', 3);
    memcpy(block + MS_TAR_MAGIC, "ustar  \0", 8);
    memcpy(block + MS_TAR_PREFIX, "14000000000 14000000000", 23);
    foreign_seal(block);
    foreign_bytes(tar, block, sizeof(block));
    foreign_bytes(tar, "abc", 3);
    foreign_zeros(tar, 509 + 10240);
}

static void build_v7(ms_buffer *tar)
{
    uint8_t block[MS_TAR_BLOCK_SIZE];
    foreign_header(block, "name", '\0', 3);
    memset(block + MS_TAR_MAGIC, 0, MS_TAR_BLOCK_SIZE - MS_TAR_MAGIC);
    memcpy(block + MS_TAR_SIZE, "          3 ", 12);
    foreign_seal(block);
    foreign_bytes(tar, block, sizeof(block));
    foreign_bytes(tar, "abc", 3);
    foreign_zeros(tar, 509);
    foreign_tar_end(tar);
}

static void build_signed_checksum(ms_buffer *tar)
{
    uint8_t block[MS_TAR_BLOCK_SIZE];
    char text[8];
    foreign_header(block, "name", '0', 3);
    memcpy(block + 265, "\xc3\xbc", 2); /* owner */
    snprintf(text, sizeof(text), "%06o", ms_tar_checksum(block) - 512);
    memcpy(block + MS_TAR_CHECKSUM, text, 7);
    foreign_bytes(tar, block, sizeof(block));
    foreign_bytes(tar, "abc", 3);
    foreign_zeros(tar, 509);
    foreign_tar_end(tar);
}

static void test_tars_of_real_programs_pass(void **state)
{
    static void (*const builds[])(ms_buffer *tar) = {build_attributes, build_pax_size_override,
            build_base256_size, build_gnu_with_times_in_the_prefix, build_v7,
            build_signed_checksum};
    temporary folder;
    (void)state;
    temporary_make(&folder);
    for (size_t i = 0; i < MS_ARRAY_COUNT(builds); i++) {
        ms_buffer tar;
        ms_archive_summary summary;
        ms_error err = MS_ERROR_INIT;
        ms_buffer_init(&tar, FOREIGN_SIZE_MAX);
        builds[i](&tar);
        if (extract(&folder, ms_buffer_span(&tar), NULL, &summary, &err) != MS_OK)
            fail_msg("row %zu: %s: %s", i, err.reason, err.message);
        char *listing = temporary_listing(folder.target, NULL);
        assert_string_equal(listing, "name 100644 3 ba7816bf\n");
        free(listing);
        ms_buffer_release(&tar);
    }
    temporary_remove(&folder);
}

/* ---- names (reliability catalogue B7) ---- */

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
            exact = exact && (zipped == 0 || (memchr(name->text, 0, name->size) == NULL
                                         && strchr(name->text, '\\') == NULL
                                         && ms_utf8_is_valid(name->text, name->size, NULL)));
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
                           || strcmp(err.reason, "archive_folder_size") == 0;
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
            /* libarchive ends names at a NUL, turns backslashes of DOS and repairs or refuses bytes
             * that are no UTF-8: what then comes out is harmless, or nothing does. */
            bool changed = memchr(row->name, 0, row->size) != NULL
                           || strchr(row->name, '\\') != NULL || row->name[row->size - 1] == '/'
                           || (row->reason != NULL && strcmp(row->reason, "path_utf8") == 0);
            if (!changed)
                expect_refused_name("zip", i, status, &err, row->reason);
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

/* ---- damage ---- */

static void build_small(ms_buffer *tar)
{
    foreign_tar(tar, "folder/", '5', "", 0);
    foreign_tar_pax_name(tar, "folder/long name", 16, '0', "first content");
    foreign_tar(tar, "././@LongLink", 'L', "folder/gnu name", 16);
    foreign_tar(tar, "short", '0', "second content", 14);
    foreign_tar_end(tar);
}

static void test_tar_cut_anywhere_is_refused(void **state)
{
    temporary folder;
    ms_buffer tar;
    ms_archive_summary summary;
    (void)state;
    temporary_make(&folder);
    ms_buffer_init(&tar, FOREIGN_SIZE_MAX);
    build_small(&tar);
    for (size_t size = 0; size < tar.size; size += size % 512 < 3 || size % 512 > 508 ? 1 : 11) {
        ms_error err = MS_ERROR_INIT;
        ms_status status =
                extract(&folder, ms_span_of(tar.data, size), NULL, &summary, &err);
        if (status != MS_MALFORMED)
            fail_msg("cut after %zu bytes: %d %s", size, status, err.reason);
    }
    assert_int_equal(extract(&folder, ms_buffer_span(&tar), NULL, &summary, NULL), MS_OK);
    ms_buffer_release(&tar);
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
    static const struct {
        const char *bytes;
        size_t size;
    } rows[] = {{NAME("")}, {NAME("GGUF")}, {NAME("{}")}, {NAME("\x1f\x8b\x08\0\0\0\0\0\0\xff")}};
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
    tar_plain_first(&tar);
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
            cmocka_unit_test(test_hostile_tars_are_refused_by_name),
            cmocka_unit_test(test_tars_of_real_programs_pass),
            cmocka_unit_test(test_every_hostile_name_is_refused_or_lands_inside),
            cmocka_unit_test(test_no_name_escapes_from_a_tar),
            cmocka_unit_test(test_no_name_escapes_from_a_zip),
            cmocka_unit_test(test_harmless_names_come_out_unchanged),
            cmocka_unit_test(test_hostile_zips_are_refused_by_name),
            cmocka_unit_test(test_cut_or_changed_zip_never_passes_as_another),
            cmocka_unit_test(test_a_zip_with_less_content_than_it_says_is_refused),
            cmocka_unit_test(test_bombs_are_stopped),
            cmocka_unit_test(test_files_and_folders_are_counted),
            cmocka_unit_test(test_tar_cut_anywhere_is_refused),
            cmocka_unit_test(test_every_compression_gives_the_same_tree),
            cmocka_unit_test(test_archives_of_installed_programs_pass),
            cmocka_unit_test(test_damaged_compression_never_gives_another_tree),
            cmocka_unit_test(test_what_is_no_archive_is_refused),
            cmocka_unit_test(test_planted_links_are_not_followed),
            cmocka_unit_test(test_cancel_stops_extraction),
            cmocka_unit_test(test_short_memory_leaks_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
