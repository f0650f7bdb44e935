/* Hashes of typed structured data. Every member is one word of 32 bytes. Source: EIP-712. */
#include "eth/eip712.h"

#include <string.h>

#define WORD_SIZE 32

void ms_eip712_begin(ms_eip712_struct *data, const char *type)
{
    uint8_t type_hash[MS_KECCAK256_SIZE];

    ms_keccak256(type_hash, type, strlen(type));
    ms_keccak256_init(&data->stream);
    ms_eip712_bytes32(data, type_hash);
}

void ms_eip712_bytes32(ms_eip712_struct *data, const uint8_t value[32])
{
    ms_keccak256_update(&data->stream, value, WORD_SIZE);
}

void ms_eip712_address(ms_eip712_struct *data, const ms_address *value)
{
    uint8_t word[WORD_SIZE] = {0};

    memcpy(word + WORD_SIZE - MS_ADDRESS_SIZE, value->bytes, MS_ADDRESS_SIZE);
    ms_eip712_bytes32(data, word);
}

void ms_eip712_unsigned(ms_eip712_struct *data, uint64_t value)
{
    uint8_t word[WORD_SIZE] = {0};

    for (size_t i = 0; i < sizeof(value); i++)
        word[WORD_SIZE - 1 - i] = (uint8_t)(value >> (8 * i));
    ms_eip712_bytes32(data, word);
}

void ms_eip712_bytes(ms_eip712_struct *data, ms_span value)
{
    uint8_t hash[MS_KECCAK256_SIZE];

    ms_keccak256(hash, value.data, value.size);
    ms_eip712_bytes32(data, hash);
}

void ms_eip712_end(ms_eip712_struct *data, uint8_t hash[MS_KECCAK256_SIZE])
{
    ms_keccak256_final(&data->stream, hash);
}

void ms_eip712_digest(uint8_t digest[MS_KECCAK256_SIZE], const uint8_t domain[MS_KECCAK256_SIZE],
        const uint8_t message[MS_KECCAK256_SIZE])
{
    static const uint8_t prefix[2] = {0x19, 0x01};
    ms_keccak256_stream stream;

    ms_keccak256_init(&stream);
    ms_keccak256_update(&stream, prefix, sizeof(prefix));
    ms_keccak256_update(&stream, domain, MS_KECCAK256_SIZE);
    ms_keccak256_update(&stream, message, MS_KECCAK256_SIZE);
    ms_keccak256_final(&stream, digest);
}
