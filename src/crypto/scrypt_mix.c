/* scryptROMix with scryptBlockMix and Salsa20/8. Source: RFC 7914, sections 3 to 5. */
#include "crypto/scrypt_mix_priv.h"

#include <string.h>

#define WORDS 16 /* of a Salsa20 block */

static inline uint32_t rotate_left(uint32_t x, unsigned n)
{
    return x << n | x >> (32 - n);
}

static inline void quarter_round(uint32_t *a, uint32_t *b, uint32_t *c, uint32_t *d)
{
    *b ^= rotate_left(*a + *d, 7);
    *c ^= rotate_left(*b + *a, 9);
    *d ^= rotate_left(*c + *b, 13);
    *a ^= rotate_left(*d + *c, 18);
}

/* block ^= in, then the Salsa20/8 core in place. */
static void mix_salsa(uint32_t block[WORDS], const uint32_t in[WORDS])
{
    uint32_t x[WORDS];

    for (size_t i = 0; i < WORDS; i++)
        x[i] = block[i] ^= in[i];
    for (size_t i = 0; i < 8; i += 2) {
        quarter_round(&x[0], &x[4], &x[8], &x[12]);
        quarter_round(&x[5], &x[9], &x[13], &x[1]);
        quarter_round(&x[10], &x[14], &x[2], &x[6]);
        quarter_round(&x[15], &x[3], &x[7], &x[11]);
        quarter_round(&x[0], &x[1], &x[2], &x[3]);
        quarter_round(&x[5], &x[6], &x[7], &x[4]);
        quarter_round(&x[10], &x[11], &x[8], &x[9]);
        quarter_round(&x[15], &x[12], &x[13], &x[14]);
    }
    for (size_t i = 0; i < WORDS; i++)
        block[i] += x[i];
}

/* scryptBlockMix: 2 * r blocks of in, after which the even ones stand in the first half of out. */
static void mix_block(uint32_t *out, const uint32_t *in, uint32_t r)
{
    const size_t count = 2 * (size_t)r;
    uint32_t x[WORDS];

    memcpy(x, in + (count - 1) * WORDS, sizeof(x));
    for (size_t i = 0; i < count; i++) {
        mix_salsa(x, in + i * WORDS);
        memcpy(out + (i / 2 + (i % 2) * r) * WORDS, x, sizeof(x));
    }
}

void ms_scrypt_mix(uint8_t *block, uint32_t r, uint64_t n, uint32_t *table)
{
    const size_t words = 2 * (size_t)r * WORDS;
    uint32_t *x = table + n * words, *y = x + words;

    for (size_t i = 0; i < words; i++)
        table[i] = (uint32_t)block[4 * i] | (uint32_t)block[4 * i + 1] << 8 |
                (uint32_t)block[4 * i + 2] << 16 | (uint32_t)block[4 * i + 3] << 24;
    /* Each block of the table is the mix of the one before; the last mix is x, right behind it. */
    for (size_t i = 0; i < n; i++)
        mix_block(table + (i + 1) * words, table + i * words, r);
    for (uint64_t i = 0; i < n; i++) {
        const uint32_t *last = x + words - WORDS;
        uint64_t j = ((uint64_t)last[1] << 32 | last[0]) & (n - 1);
        const uint32_t *chosen = table + j * words;
        for (size_t k = 0; k < words; k++)
            y[k] = x[k] ^ chosen[k];
        mix_block(x, y, r);
    }
    for (size_t i = 0; i < words; i++)
        for (size_t k = 0; k < 4; k++)
            block[4 * i + k] = (uint8_t)(x[i] >> (8 * k));
}
