/* Ethereum addresses and their text with a checksum in the case of its letters (EIP-55). */
#ifndef MS_ETH_ADDRESS_H
#define MS_ETH_ADDRESS_H

#include "base/error.h"

#define MS_ADDRESS_SIZE 20
#define MS_ADDRESS_TEXT_SIZE 43 /* "0x", 40 digits, NUL */

typedef struct ms_address {
    uint8_t bytes[MS_ADDRESS_SIZE];
} ms_address;

bool ms_address_equal(const ms_address *a, const ms_address *b);
bool ms_address_is_zero(const ms_address *address);

/** "0x" and 40 digits in the case that EIP-55 prescribes. */
void ms_address_format(char text[MS_ADDRESS_TEXT_SIZE], const ms_address *address);

/** text is "0x" and 40 digits, text_size bytes in all: letters all lower, all upper, or mixed just as
 *  ms_address_format mixes them. Zeroed on failure. MS_MALFORMED "address_malformed" with the offset,
 *  "address_checksum" when the case is mixed otherwise (the text has a typing error). */
MS_MUST_CHECK ms_status ms_address_parse(ms_address *address, const char *text, size_t text_size, ms_error *err);

#endif
