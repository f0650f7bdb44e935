/* Fixed cuts: they cover every file exactly, whatever its size. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "chunker/chunker.h"

static void test_only_powers_of_two_within_the_limits(void **state)
{
    (void)state;
    for (unsigned bit = 0; bit < 64; bit++) {
        uint64_t size = (uint64_t)1 << bit;
        ms_error err = MS_ERROR_INIT;
        ms_chunker chunker;

        if (bit >= 12 && bit <= 20) {
            assert_int_equal(ms_chunker_init(&chunker, size, &err), MS_OK);
            assert_int_equal(chunker.chunk_size, size);
        } else {
            assert_int_equal(ms_chunker_init(&chunker, size, &err), MS_USAGE);
            assert_string_equal(err.reason, "chunk_size");
            assert_int_equal(chunker.chunk_size, MS_CHUNK_SIZE_DEFAULT);
        }
        if (bit > 1)
            assert_int_equal(ms_chunker_init(&chunker, size + 1, &err), MS_USAGE);
    }
}

static void test_no_chunk_size_is_refused(void **state)
{
    ms_chunker chunker;

    (void)state;
    assert_int_equal(ms_chunker_init(&chunker, 0, NULL), MS_USAGE);
    assert_int_equal(ms_chunker_init(&chunker, UINT64_MAX, NULL), MS_USAGE);
}

static void test_an_empty_file_is_one_empty_chunk(void **state)
{
    ms_chunker chunker;
    uint64_t offset = 1;
    size_t size = 1;

    (void)state;
    assert_int_equal(ms_chunker_init(&chunker, 4096, NULL), MS_OK);
    assert_true(ms_chunker_count(&chunker, 0) == 1);
    ms_chunker_cut(&chunker, &offset, &size, 0, 0);
    assert_true(offset == 0);
    assert_int_equal(size, 0);
}

static void test_cuts_cover_a_file_without_gap_or_overlap(void **state)
{
    static const uint64_t sizes[] = {
            1, 4095, 4096, 4097, 8191, 8192, 8193, 1000000, 1048576, 1048577};

    (void)state;
    for (uint64_t chunk_size = MS_CHUNK_SIZE_MIN; chunk_size <= MS_CHUNK_SIZE_MAX;
            chunk_size *= 2) {
        ms_chunker chunker;

        assert_int_equal(ms_chunker_init(&chunker, chunk_size, NULL), MS_OK);
        for (size_t i = 0; i < MS_ARRAY_COUNT(sizes); i++) {
            uint64_t count = ms_chunker_count(&chunker, sizes[i]);
            uint64_t covered = 0;

            for (uint64_t index = 0; index < count; index++) {
                uint64_t offset;
                size_t size;

                ms_chunker_cut(&chunker, &offset, &size, sizes[i], index);
                assert_true(offset == covered);
                assert_true(size > 0 && (size == chunk_size || index == count - 1));
                covered += size;
            }
            assert_true(covered == sizes[i]);
        }
    }
}

static void test_the_greatest_file_does_not_overflow(void **state)
{
    ms_chunker chunker;
    uint64_t count;
    uint64_t offset;
    size_t size;

    (void)state;
    assert_int_equal(ms_chunker_init(&chunker, 4096, NULL), MS_OK);
    count = ms_chunker_count(&chunker, UINT64_MAX);
    assert_true(count == (uint64_t)1 << 52);
    ms_chunker_cut(&chunker, &offset, &size, UINT64_MAX, count - 1);
    assert_true(offset == UINT64_MAX - 4095);
    assert_int_equal(size, 4095);
}

static void test_the_text_of_a_manifest_is_read_to_the_letter(void **state)
{
    static const struct {
        const char *text;
        uint32_t chunk_size; /* 0: no such text */
    } rows[] = {
            {"size-1048576", 1048576},
            {"size-4096", 4096},
            {"size-2048", 0},
            {"size-2097152", 0},
            {"size-4097", 0},
            {"size-04096", 0},
            {"size-4096 ", 0},
            {"size-4096x", 0},
            {"size-+4096", 0},
            {"size-", 0},
            {"size", 0},
            {"", 0},
            {"Size-4096", 0},
            {"rabin-4096", 0},
            {"size-18446744073709555712", 0}, /* 2^64 + 4096 */
            {"size-99999999999999999999999999999999", 0},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_chunker chunker = {0};
        bool good = ms_chunker_parse(&chunker, ms_span_of(rows[i].text, strlen(rows[i].text)));

        if (good != (rows[i].chunk_size != 0) ||
                chunker.chunk_size != (good ? rows[i].chunk_size : MS_CHUNK_SIZE_DEFAULT))
            fail_msg("\"%s\": %u", rows[i].text, chunker.chunk_size);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_only_powers_of_two_within_the_limits),
            cmocka_unit_test(test_no_chunk_size_is_refused),
            cmocka_unit_test(test_an_empty_file_is_one_empty_chunk),
            cmocka_unit_test(test_cuts_cover_a_file_without_gap_or_overlap),
            cmocka_unit_test(test_the_greatest_file_does_not_overflow),
            cmocka_unit_test(test_the_text_of_a_manifest_is_read_to_the_letter),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
