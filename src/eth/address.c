/* Ethereum addresses as text with the checksum of EIP-55. */
#include "eth/address.h"

#include <string.h>
#include "codec/text.h"
#include "crypto/keccak256.h"

#define DIGITS ((size_t)2 * MS_ADDRESS_SIZE)

bool ms_address_equal(const ms_address *a, const ms_address *b)
{
    return memcmp(a->bytes, b->bytes, MS_ADDRESS_SIZE) == 0;
}

bool ms_address_is_zero(const ms_address *address)
{
    static const ms_address zero;
    return ms_address_equal(address, &zero);
}

void ms_address_format(char text[MS_ADDRESS_TEXT_SIZE], const ms_address *address)
{
    uint8_t hash[MS_KECCAK256_SIZE];
    char *digits = text + 2;

    text[0] = '0';
    text[1] = 'x';
    ms_hex_encode(digits, address->bytes, MS_ADDRESS_SIZE);
    ms_keccak256(hash, digits, DIGITS);
    for (size_t i = 0; i < DIGITS; i++) {
        uint8_t nibble = i % 2 == 0 ? hash[i / 2] >> 4 : hash[i / 2] & 0xf;
        if (digits[i] >= 'a' && nibble >= 8)
            digits[i] = (char)(digits[i] - 'a' + 'A');
    }
}

ms_status ms_address_parse(ms_address *address, const char *text, size_t text_size, ms_error *err)
{
    ms_address parsed;
    char right[MS_ADDRESS_TEXT_SIZE];
    bool upper = false, lower = false;
    ms_error inner = MS_ERROR_INIT;

    *address = (ms_address){{0}};
    if (text_size != MS_ADDRESS_TEXT_SIZE - 1 || text[0] != '0' || text[1] != 'x') {
        ms_fail(err, MS_MALFORMED, "address_malformed", "An address is 0x and %zu hex digits", DIGITS);
        ms_error_set_offset(err, 0);
        return MS_MALFORMED;
    }
    if (ms_hex_decode(parsed.bytes, MS_ADDRESS_SIZE, text + 2, DIGITS, &inner) != MS_OK) {
        ms_fail(err, MS_MALFORMED, "address_malformed",
                "An address has a character that is no hex digit");
        ms_error_set_offset(err, 2 + (uint64_t)(inner.offset < 0 ? 0 : inner.offset));
        return MS_MALFORMED;
    }
    for (size_t i = 2; i < text_size; i++) {
        upper = upper || (text[i] >= 'A' && text[i] <= 'F');
        lower = lower || (text[i] >= 'a' && text[i] <= 'f');
    }
    ms_address_format(right, &parsed);
    if (upper && lower && memcmp(right, text, text_size) != 0)
        return ms_fail(err, MS_MALFORMED, "address_checksum",
                "The upper and lower case letters of an address do not fit its digits: it has a "
                "typing error");
    *address = parsed;
    return MS_OK;
}
