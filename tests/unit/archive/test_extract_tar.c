/* What a tar may hold and what is refused by which name (reliability catalogue B12), and cuts. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/checked.h"
#include "extract.h"
#include "foreign.h"

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

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_hostile_tars_are_refused_by_name),
            cmocka_unit_test(test_tars_of_real_programs_pass),
            cmocka_unit_test(test_tar_cut_anywhere_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
