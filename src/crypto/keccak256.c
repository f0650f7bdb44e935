/* Keccak-256: the sponge over the Keccak-f[1600] permutation.
 * Source: the Keccak reference, version 3.0, sections 1.2 (permutation) and 1.1.2 (padding). */
#include "crypto/keccak256.h"

#include <string.h>
#include "base/checked.h"

#define ROUNDS 24

static const uint64_t round_constants[ROUNDS] = {
    0x0000000000000001, 0x0000000000008082, 0x800000000000808a, 0x8000000080008000,
    0x000000000000808b, 0x0000000080000001, 0x8000000080008081, 0x8000000000008009,
    0x000000000000008a, 0x0000000000000088, 0x0000000080008009, 0x000000008000000a,
    0x000000008000808b, 0x800000000000008b, 0x8000000000008089, 0x8000000000008003,
    0x8000000000008002, 0x8000000000000080, 0x000000000000800a, 0x800000008000000a,
    0x8000000080008081, 0x8000000000008080, 0x0000000080000001, 0x8000000080008008,
};

/* Rho and pi walk the lanes in one cycle that starts at lane 1: where the next lane goes, and by
 * how much it turns on the way. */
static const uint8_t pi_lanes[24] = {
    10, 7, 11, 17, 18, 3, 5, 16, 8, 21, 24, 4, 15, 23, 19, 13, 12, 2, 20, 14, 22, 9, 6, 1};
static const uint8_t rho_bits[24] = {
    1, 3, 6, 10, 15, 21, 28, 36, 45, 55, 2, 14, 27, 41, 56, 8, 25, 43, 62, 18, 39, 61, 20, 44};

static inline uint64_t rotate_left(uint64_t x, unsigned n)
{
    return x << n | x >> (64 - n);
}

static void permute(uint64_t a[25])
{
    for (size_t round = 0; round < ROUNDS; round++) {
        uint64_t column[5], moving;

        for (size_t x = 0; x < 5; x++)
            column[x] = a[x] ^ a[x + 5] ^ a[x + 10] ^ a[x + 15] ^ a[x + 20];
        for (size_t x = 0; x < 5; x++) {
            uint64_t parity = column[(x + 4) % 5] ^ rotate_left(column[(x + 1) % 5], 1);
            for (size_t y = 0; y < 25; y += 5)
                a[x + y] ^= parity;
        }
        moving = a[1];
        for (size_t i = 0; i < 24; i++) {
            uint64_t displaced = a[pi_lanes[i]];
            a[pi_lanes[i]] = rotate_left(moving, rho_bits[i]);
            moving = displaced;
        }
        for (size_t y = 0; y < 25; y += 5) {
            uint64_t row[5];
            memcpy(row, a + y, sizeof(row));
            for (size_t x = 0; x < 5; x++)
                a[x + y] = row[x] ^ (~row[(x + 1) % 5] & row[(x + 2) % 5]);
        }
        a[0] ^= round_constants[round];
    }
}

static void absorb_byte(ms_keccak256_stream *stream, size_t position, uint8_t byte)
{
    stream->lanes[position / 8] ^= (uint64_t)byte << (8 * (position % 8));
}

void ms_keccak256_init(ms_keccak256_stream *stream)
{
    *stream = (ms_keccak256_stream){.position = 0};
}

void ms_keccak256_update(ms_keccak256_stream *stream, const void *data, size_t size)
{
    const uint8_t *bytes = data;

    for (size_t i = 0; i < size; i++) {
        absorb_byte(stream, stream->position++, bytes[i]);
        if (stream->position == MS_KECCAK256_RATE) {
            permute(stream->lanes);
            stream->position = 0;
        }
    }
}

void ms_keccak256_final(ms_keccak256_stream *stream, uint8_t digest[MS_KECCAK256_SIZE])
{
    absorb_byte(stream, stream->position, 0x01);
    absorb_byte(stream, MS_KECCAK256_RATE - 1, 0x80);
    permute(stream->lanes);
    for (size_t i = 0; i < MS_KECCAK256_SIZE; i++)
        digest[i] = (uint8_t)(stream->lanes[i / 8] >> (8 * (i % 8)));
}

void ms_keccak256(uint8_t digest[MS_KECCAK256_SIZE], const void *data, size_t size)
{
    ms_keccak256_stream stream;

    ms_keccak256_init(&stream);
    ms_keccak256_update(&stream, data, size);
    ms_keccak256_final(&stream, digest);
}
