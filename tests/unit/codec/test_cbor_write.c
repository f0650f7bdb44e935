/* dag-cbor out: the shortest spelling of each number, whole items or none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/cbor.h"
#include "codec/text.h"

/* RFC 8949 appendix A. */
static const struct number {
    uint64_t value;
    const char *unsigned_hex;
    const char *negative_hex;
} numbers[] = {
        {0, "00", "20"},
        {23, "17", "37"},
        {24, "1818", "3818"},
        {255, "18ff", "38ff"},
        {256, "190100", "390100"},
        {65535, "19ffff", "39ffff"},
        {65536, "1a00010000", "3a00010000"},
        {0xffffffff, "1affffffff", "3affffffff"},
        {0x100000000, "1b0000000100000000", "3b0000000100000000"},
        {UINT64_MAX, "1bffffffffffffffff", "3bffffffffffffffff"},
};

static void assert_hex(ms_buffer *out, const char *expected)
{
    char hex[256];

    ms_hex_encode(hex, out->data, out->size);
    assert_string_equal(hex, expected);
    ms_buffer_clear(out);
}

static void test_numbers_are_written_shortest(void **state)
{
    ms_buffer out;

    (void)state;
    ms_buffer_init(&out, 100);
    for (size_t i = 0; i < MS_ARRAY_COUNT(numbers); i++) {
        assert_int_equal(ms_cbor_write_unsigned(&out, numbers[i].value, NULL), MS_OK);
        assert_hex(&out, numbers[i].unsigned_hex);
        assert_int_equal(ms_cbor_write_negative(&out, numbers[i].value, NULL), MS_OK);
        assert_hex(&out, numbers[i].negative_hex);
    }
    ms_buffer_release(&out);
}

static void test_other_kinds(void **state)
{
    static const uint8_t cid[] = {0x01, 0x55, 0x00, 0x00};
    ms_buffer out;

    (void)state;
    ms_buffer_init(&out, 100);
    assert_int_equal(ms_cbor_write_bytes(&out, ms_span_of("\x01\x02", 2), NULL), MS_OK);
    assert_hex(&out, "420102");
    assert_int_equal(ms_cbor_write_bytes(&out, (ms_span){0}, NULL), MS_OK);
    assert_hex(&out, "40");
    assert_int_equal(ms_cbor_write_text(&out, ms_span_of("\xe2\x82\xac", 3), NULL), MS_OK);
    assert_hex(&out, "63e282ac");
    assert_int_equal(ms_cbor_write_array(&out, 3, NULL), MS_OK);
    assert_hex(&out, "83");
    assert_int_equal(ms_cbor_write_map(&out, 25, NULL), MS_OK);
    assert_hex(&out, "b819");
    assert_int_equal(ms_cbor_write_link(&out, ms_span_of(cid, sizeof(cid)), NULL), MS_OK);
    assert_hex(&out, "d82a450001550000");
    assert_int_equal(ms_cbor_write_bool(&out, true, NULL), MS_OK);
    assert_int_equal(ms_cbor_write_bool(&out, false, NULL), MS_OK);
    assert_int_equal(ms_cbor_write_null(&out, NULL), MS_OK);
    assert_hex(&out, "f5f4f6");
    assert_int_equal(ms_cbor_write_float(&out, 0x3ff8000000000000, NULL), MS_OK);
    assert_hex(&out, "fb3ff8000000000000");
    ms_buffer_release(&out);
}

static void test_what_the_reader_would_refuse_is_not_written(void **state)
{
    ms_error err = MS_ERROR_INIT;
    ms_buffer out;

    (void)state;
    ms_buffer_init(&out, 100);
    assert_int_equal(ms_cbor_write_text(&out, ms_span_of("a\xff", 2), &err), MS_USAGE);
    assert_string_equal(err.reason, "text_not_utf8");
    assert_int_equal(ms_cbor_write_link(&out, (ms_span){0}, &err), MS_USAGE);
    assert_string_equal(err.reason, "cid_undefined");
    assert_int_equal(ms_cbor_write_float(&out, 0x7ff8000000000000, &err), MS_USAGE);
    assert_string_equal(err.reason, "cbor_float");
    assert_int_equal(out.size, 0);
    ms_buffer_release(&out);
}

static void test_a_full_buffer_keeps_no_half_item(void **state)
{
    (void)state;
    for (size_t room = 0; room <= 9; room++) {
        ms_buffer out;

        ms_buffer_init(&out, room);
        assert_int_equal(ms_cbor_write_link(&out, ms_span_of("12345", 5), NULL),
                room == 9 ? MS_OK : MS_LIMIT);
        assert_int_equal(out.size, room == 9 ? 9 : 0);
        ms_buffer_clear(&out);
        assert_int_equal(ms_cbor_write_text(&out, ms_span_of("12345", 5), NULL),
                room >= 6 ? MS_OK : MS_LIMIT);
        assert_int_equal(out.size, room >= 6 ? 6 : 0);
        ms_buffer_clear(&out);
        assert_int_equal(
                ms_cbor_write_unsigned(&out, UINT64_MAX, NULL), room >= 9 ? MS_OK : MS_LIMIT);
        assert_int_equal(out.size, room >= 9 ? 9 : 0);
        ms_buffer_release(&out);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_numbers_are_written_shortest),
            cmocka_unit_test(test_other_kinds),
            cmocka_unit_test(test_what_the_reader_would_refuse_is_not_written),
            cmocka_unit_test(test_a_full_buffer_keeps_no_half_item),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
