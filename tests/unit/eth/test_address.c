/* Addresses as text: the checksum of EIP-55 and what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>
#include "base/checked.h"
#include "eth/address.h"

/* EIP-55, section "Test Cases". */
static const char *const published[] = {
    "0x52908400098527886E0F7030069857D2E4169EE7",
    "0x8617E340B3D01FA5F11F306F4090FD50E238070D",
    "0xde709f2102306220921060314715629080e2fb77",
    "0x27b1fdb04752bbc536007a920d24acb045561c26",
    "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed",
    "0xfB6916095ca1df60bB79Ce92cE3Ea74c37c5d359",
    "0xdbF03B407c01E7cD3CBea99509d93f8DDDC8C6FB",
    "0xD1220A0cf47c7B9Be7A2E6BA89F429762e7b9aDb",
};

static void change_case(char *text, char first, char last, int by)
{
    for (char *c = text + 2; *c != '\0'; c++)
        if (*c >= first && *c <= last)
            *c = (char)(*c + by);
}

static void test_published_addresses_come_back_in_any_allowed_case(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(published); i++) {
        ms_address address, other;
        char text[MS_ADDRESS_TEXT_SIZE];
        assert_int_equal(ms_address_parse(&address, published[i], 42, NULL), MS_OK);
        ms_address_format(text, &address);
        assert_string_equal(text, published[i]);
        change_case(text, 'A', 'F', 'a' - 'A');
        assert_int_equal(ms_address_parse(&other, text, 42, NULL), MS_OK);
        assert_true(ms_address_equal(&address, &other));
        change_case(text, 'a', 'f', 'A' - 'a');
        assert_int_equal(ms_address_parse(&other, text, 42, NULL), MS_OK);
        assert_true(ms_address_equal(&address, &other));
    }
}

static void test_every_letter_in_the_wrong_case_is_refused(void **state)
{
    static const char right[] = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed";

    (void)state;
    for (size_t i = 2; i < sizeof(right) - 1; i++) {
        ms_address address;
        char text[MS_ADDRESS_TEXT_SIZE];
        ms_error error = MS_ERROR_INIT;
        memcpy(text, right, sizeof(text));
        if (text[i] < 'A')
            continue;
        text[i] = (char)(text[i] ^ 0x20);
        assert_int_equal(ms_address_parse(&address, text, 42, &error), MS_MALFORMED);
        assert_string_equal(error.reason, "address_checksum");
        assert_true(ms_address_is_zero(&address));
    }
}

static void test_every_other_length_is_refused(void **state)
{
    static const char text[] = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAedaed";

    (void)state;
    for (size_t size = 0; size < sizeof(text); size++) {
        ms_address address;
        char *copy = malloc(size + 1); /* so that a read beyond the end is noticed */
        assert_non_null(copy);
        memcpy(copy, text, size);
        assert_int_equal(ms_address_parse(&address, copy, size, NULL), size == 42 ? MS_OK : MS_MALFORMED);
        free(copy);
    }
}

static void test_malformed_addresses_are_refused_with_their_place(void **state)
{
    static const struct {
        const char *text;
        int64_t offset;
    } rows[] = {
        {"0X52908400098527886E0F7030069857D2E4169EE7", 0},
        {"1x52908400098527886E0F7030069857D2E4169EE7", 0},
        {"  52908400098527886E0F7030069857D2E4169EE7", 0},
        {"0xg2908400098527886E0F7030069857D2E4169EE7", 2},
        {"0x52908400098527886E0F7030069857D2E4169EE ", 41},
        {"0x5290840009852788-E0F7030069857D2E4169EE7", 18},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_address address;
        ms_error error = MS_ERROR_INIT;
        assert_int_equal(ms_address_parse(&address, rows[i].text, 42, &error), MS_MALFORMED);
        assert_string_equal(error.reason, "address_malformed");
        assert_int_equal(error.offset, rows[i].offset);
    }
}

static void test_zero_is_only_zero(void **state)
{
    ms_address address = {{0}};

    (void)state;
    assert_true(ms_address_is_zero(&address));
    address.bytes[19] = 1;
    assert_false(ms_address_is_zero(&address));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_addresses_come_back_in_any_allowed_case),
        cmocka_unit_test(test_every_letter_in_the_wrong_case_is_refused),
        cmocka_unit_test(test_every_other_length_is_refused),
        cmocka_unit_test(test_malformed_addresses_are_refused_with_their_place),
        cmocka_unit_test(test_zero_is_only_zero),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
