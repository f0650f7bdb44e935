/* Hashes of typed structured data, built member by member.
 * Source: EIP-712, sections "Definition of hashStruct" and "Definition of domainSeparator". */
#ifndef MS_ETH_EIP712_H
#define MS_ETH_EIP712_H

#include "crypto/keccak256.h"
#include "eth/address.h"

/** hashStruct of one struct on its way: begin, its members in the order of the type, end. */
typedef struct ms_eip712_struct {
    ms_keccak256_stream stream;
} ms_eip712_struct;

/** type is encodeType, such as "Mail(Person from,Person to,string contents)Person(...)". */
void ms_eip712_begin(ms_eip712_struct *data, const char *type);
void ms_eip712_bytes32(ms_eip712_struct *data, const uint8_t value[32]); /* and nested structs */
void ms_eip712_address(ms_eip712_struct *data, const ms_address *value);
void ms_eip712_unsigned(ms_eip712_struct *data, uint64_t value); /* uint8 to uint64, bool */
void ms_eip712_bytes(ms_eip712_struct *data, ms_span value);     /* string and bytes */
void ms_eip712_end(ms_eip712_struct *data, uint8_t hash[MS_KECCAK256_SIZE]);

/** The digest that is signed: keccak256(0x1901, domain separator, hash of the message). */
void ms_eip712_digest(uint8_t digest[MS_KECCAK256_SIZE], const uint8_t domain[MS_KECCAK256_SIZE],
        const uint8_t message[MS_KECCAK256_SIZE]);

#endif
