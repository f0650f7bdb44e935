/* MurmurHash3 x64 128, seed 0, first half. Input is read byte by byte, so that the result does not
 * depend on the machine. Source: Austin Appleby's MurmurHash3, public domain. */
#include "unixfs/murmur3.h"

#define FACTOR_1 UINT64_C(0x87c37b91114253d5)
#define FACTOR_2 UINT64_C(0x4cf5ad432745937f)

static uint64_t rotate(uint64_t value, unsigned bits)
{
    return (value << bits) | (value >> (64 - bits));
}

/* The little-endian number in the first size (at most 8) bytes; missing ones are zero. */
static uint64_t read_le(const uint8_t *data, size_t size)
{
    uint64_t value = 0;

    for (size_t i = 0; i < size; i++)
        value |= (uint64_t)data[i] << (8 * i);
    return value;
}

static uint64_t scramble_low(uint64_t word)
{
    return rotate(word * FACTOR_1, 31) * FACTOR_2;
}

static uint64_t scramble_high(uint64_t word)
{
    return rotate(word * FACTOR_2, 33) * FACTOR_1;
}

static uint64_t finish(uint64_t value)
{
    value = (value ^ (value >> 33)) * UINT64_C(0xff51afd7ed558ccd);
    value = (value ^ (value >> 33)) * UINT64_C(0xc4ceb9fe1a85ec53);
    return value ^ (value >> 33);
}

uint64_t ms_murmur3_x64_64(ms_span data)
{
    uint64_t low = 0;
    uint64_t high = 0;
    size_t whole = data.size - data.size % 16;
    size_t tail = data.size - whole;

    for (size_t at = 0; at < whole; at += 16) {
        low ^= scramble_low(read_le(data.data + at, 8));
        low = (rotate(low, 27) + high) * 5 + UINT64_C(0x52dce729);
        high ^= scramble_high(read_le(data.data + at + 8, 8));
        high = (rotate(high, 31) + low) * 5 + UINT64_C(0x38495ab5);
    }
    if (tail > 8)
        high ^= scramble_high(read_le(data.data + whole + 8, tail - 8));
    if (tail > 0)
        low ^= scramble_low(read_le(data.data + whole, tail < 8 ? tail : 8));
    low ^= data.size;
    high ^= data.size;
    low += high;
    high += low;
    low = finish(low);
    high = finish(high);
    return low + high;
}
