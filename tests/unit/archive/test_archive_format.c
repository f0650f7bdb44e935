/* Archive formats: suffixes of names and first bytes of files. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "archive/archive_format.h"
#include "base/checked.h"
#include "foreign.h"

static void test_names_ask_for_formats(void **state)
{
    static const struct {
        const char *name;
        ms_archive_format readable;
        bool writable;
        size_t suffix_size;
    } rows[] = {
            {"model.tar", MS_ARCHIVE_TAR, true, 4},
            {"model.tar.gz", MS_ARCHIVE_TAR_GZIP, true, 7},
            {"model.tgz", MS_ARCHIVE_TAR_GZIP, true, 4},
            {"model.tar.zst", MS_ARCHIVE_TAR_ZSTD, true, 8},
            {"out/v1.0/model.tar.zst", MS_ARCHIVE_TAR_ZSTD, true, 8},
            {"a.tar.tar.gz", MS_ARCHIVE_TAR_GZIP, true, 7},
            {"x.tar", MS_ARCHIVE_TAR, true, 4},
            {"model.tar.xz", MS_ARCHIVE_TAR_XZ, false, 7},
            {"model.txz", MS_ARCHIVE_TAR_XZ, false, 4},
            {"model.tar.bz2", MS_ARCHIVE_TAR_BZIP2, false, 8},
            {"model.tbz2", MS_ARCHIVE_TAR_BZIP2, false, 5},
            {"model.zip", MS_ARCHIVE_ZIP, false, 4},
            {"", MS_ARCHIVE_NONE, false, 0},
            {"tar", MS_ARCHIVE_NONE, false, 0},
            {".tar", MS_ARCHIVE_NONE, false, 0},
            {"out/.tar", MS_ARCHIVE_NONE, false, 0},
            {"out/.tar.gz", MS_ARCHIVE_NONE, false, 0},
            {"model.tar/", MS_ARCHIVE_NONE, false, 0},
            {"model.TAR", MS_ARCHIVE_NONE, false, 0},
            {"model.gz", MS_ARCHIVE_NONE, false, 0},
            {"model.zst", MS_ARCHIVE_NONE, false, 0},
            {"modeltar", MS_ARCHIVE_NONE, false, 0},
            {"model.tar.safetensors", MS_ARCHIVE_NONE, false, 0},
    };
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_archive_format format = MS_ARCHIVE_ZIP;
        size_t size = 99;
        bool is_archive = rows[i].readable != MS_ARCHIVE_NONE;
        if (ms_archive_readable_of_name(rows[i].name, &format, &size) != is_archive
                || format != rows[i].readable || size != rows[i].suffix_size)
            fail_msg("readable: %s", rows[i].name);
        assert_int_equal(ms_archive_format_is_writable(rows[i].readable), rows[i].writable);
    }
}

static void test_first_bytes_tell_formats(void **state)
{
    static const struct {
        const char *bytes;
        size_t size; /* the least that tells */
        ms_archive_format format;
    } rows[] = {
            {"\x1f\x8b\x08", 3, MS_ARCHIVE_TAR_GZIP},
            {"\x28\xb5\x2f\xfd", 4, MS_ARCHIVE_TAR_ZSTD},
            {"\xfd" "7zXZ\0", 6, MS_ARCHIVE_TAR_XZ},
            {"BZh91AY&SY", 10, MS_ARCHIVE_TAR_BZIP2},
            {"PK\x03\x04", 4, MS_ARCHIVE_ZIP},
            {"PK\x05\x06", 4, MS_ARCHIVE_ZIP},
    };
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        for (size_t size = 0; size <= rows[i].size; size++)
            assert_int_equal(ms_archive_format_of_bytes(ms_span_of(rows[i].bytes, size)),
                    size == rows[i].size ? rows[i].format : MS_ARCHIVE_NONE);
    }
    assert_int_equal(
            ms_archive_format_of_bytes(ms_span_of("BZh0 is text", 12)), MS_ARCHIVE_NONE);
    assert_int_equal(ms_archive_format_of_bytes(ms_span_of(NULL, 0)), MS_ARCHIVE_NONE);
}

static void test_tar_is_known_by_its_checksum(void **state)
{
    uint8_t block[MS_TAR_BLOCK_SIZE];
    (void)state;
    foreign_header(block, "name", '0', 0);
    for (size_t size = 0; size <= sizeof(block); size++)
        assert_int_equal(ms_archive_format_of_bytes(ms_span_of(block, size)),
                size == sizeof(block) ? MS_ARCHIVE_TAR : MS_ARCHIVE_NONE);
    for (size_t i = 0; i < sizeof(block); i++) {
        block[i] ^= 0x04;
        if (i < MS_TAR_CHECKSUM || i >= MS_TAR_CHECKSUM + MS_TAR_CHECKSUM_SIZE)
            assert_int_equal(ms_archive_format_of_bytes(ms_span_of(block, sizeof(block))),
                    MS_ARCHIVE_NONE);
        block[i] ^= 0x04;
    }
    memset(block, 0, sizeof(block));
    assert_int_equal(ms_archive_format_of_bytes(ms_span_of(block, sizeof(block))), MS_ARCHIVE_NONE);
}

static void test_numbers_of_headers(void **state)
{
    static const struct {
        const char *field;
        bool fits;
        uint64_t value;
    } rows[] = {
            {"00000000017\0", true, 15},
            {"        17 \0", true, 15},
            {"17\0\0\0\0\0\0\0\0\0\0", true, 15},
            {"777777777777", true, UINT64_C(0777777777777)},
            {"\0\0\0\0\0\0\0\0\0\0\0\0", true, 0},
            {"            ", true, 0},
            {"00000000018\0", false, 0},
            {"1 1\0\0\0\0\0\0\0\0\0", false, 0},
            {"1\0" "1\0\0\0\0\0\0\0\0\0", false, 0},
            {"-1\0\0\0\0\0\0\0\0\0\0", false, 0},
            {"0x17\0\0\0\0\0\0\0\0", false, 0},
            {"\x80\0\0\0\0\0\0\0\0\0\x01\x02", true, 258},
            {"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", true, INT64_MAX},
            {"\x80\0\0\0\x80\0\0\0\0\0\0\0", false, 0},
            {"\x80\x01\0\0\0\0\0\0\0\0\0\0", false, 0},
            {"\x81\0\0\0\0\0\0\0\0\0\0\0", false, 0},
            {"\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", false, 0},
    };
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        uint64_t value = 99;
        bool fits = ms_tar_number((const uint8_t *)rows[i].field, 12, &value);
        if (fits != rows[i].fits || (fits && value != rows[i].value))
            fail_msg("row %zu: %d %llu", i, fits, (unsigned long long)value);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_names_ask_for_formats),
            cmocka_unit_test(test_first_bytes_tell_formats),
            cmocka_unit_test(test_tar_is_known_by_its_checksum),
            cmocka_unit_test(test_numbers_of_headers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
