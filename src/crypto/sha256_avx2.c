/* SHA-256 compression of eight messages at once with AVX2: word i of every message stands in
 * one register, so that each instruction does a step of all eight. */
#include "crypto/sha256_priv.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define LANES 8
#define TARGET __attribute__((target("avx2")))
#define INLINE static inline __attribute__((always_inline)) TARGET

typedef __m256i vector;

INLINE vector add(vector a, vector b)
{
    return _mm256_add_epi32(a, b);
}
INLINE vector xor3(vector a, vector b, vector c)
{
    return _mm256_xor_si256(_mm256_xor_si256(a, b), c);
}
#define SHIFT(x, n) _mm256_srli_epi32(x, n)
#define ROTATE(x, n) _mm256_or_si256(_mm256_srli_epi32(x, n), _mm256_slli_epi32(x, 32 - (n)))

/* rows[i] holds 8 words of message i; afterwards rows[i] holds word i of 8 messages. */
INLINE void transpose(vector rows[LANES])
{
    vector t[LANES], u[LANES];

#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i += 2) {
        t[i] = _mm256_unpacklo_epi32(rows[i], rows[i + 1]);
        t[i + 1] = _mm256_unpackhi_epi32(rows[i], rows[i + 1]);
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i += 4) {
        u[i] = _mm256_unpacklo_epi64(t[i], t[i + 2]);
        u[i + 1] = _mm256_unpackhi_epi64(t[i], t[i + 2]);
        u[i + 2] = _mm256_unpacklo_epi64(t[i + 1], t[i + 3]);
        u[i + 3] = _mm256_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < 4; i++) {
        rows[i] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x20);
        rows[i + 4] = _mm256_permute2x128_si256(u[i], u[i + 4], 0x31);
    }
}

/* Half a block: words 0..7 or 8..15 of each message. */
INLINE void load_words(vector w[LANES], ms_sha256_lane *const *lanes, size_t offset)
{
    const vector swap = _mm256_broadcastsi128_si256(
            _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));

#pragma GCC unroll 8
    for (size_t i = 0; i < LANES; i++)
        w[i] = _mm256_loadu_si256((const vector *)(const void *)(lanes[i]->data + offset));
    transpose(w);
#pragma GCC unroll 8
    for (size_t i = 0; i < LANES; i++)
        w[i] = _mm256_shuffle_epi8(w[i], swap);
}

/* Round i: s[] is not moved along, instead the names of its words turn with i. */
#define WORD(s, name, i) s[((name)-(i)) & 7]
INLINE void round_step(vector s[8], vector word, size_t i, size_t constant)
{
    vector a = WORD(s, 0, i), b = WORD(s, 1, i), c = WORD(s, 2, i);
    vector e = WORD(s, 4, i), f = WORD(s, 5, i), g = WORD(s, 6, i), h = WORD(s, 7, i);
    vector k = _mm256_set1_epi32((int)ms_sha256_constants[constant]);
    vector choose = _mm256_xor_si256(g, _mm256_and_si256(e, _mm256_xor_si256(f, g)));
    vector majority = _mm256_or_si256(_mm256_and_si256(a, b), _mm256_and_si256(c, _mm256_or_si256(a, b)));
    vector s1 = xor3(ROTATE(e, 6), ROTATE(e, 11), ROTATE(e, 25));
    vector t1 = add(add(add(h, s1), add(choose, k)), word);
    vector s0 = xor3(ROTATE(a, 2), ROTATE(a, 13), ROTATE(a, 22));
    WORD(s, 3, i) = add(WORD(s, 3, i), t1);
    WORD(s, 7, i) = add(t1, add(s0, majority));
}

INLINE void expand(vector w[16], size_t i)
{
    vector x = w[(i + 1) & 15], y = w[(i + 14) & 15];
    vector s0 = xor3(ROTATE(x, 7), ROTATE(x, 18), SHIFT(x, 3));
    vector s1 = xor3(ROTATE(y, 17), ROTATE(y, 19), SHIFT(y, 10));
    w[i] = add(add(w[i], s0), add(w[(i + 9) & 15], s1));
}

INLINE void compress_block(vector s[8], vector w[16])
{
    vector before[8];

#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        before[i] = s[i];
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i++)
        round_step(s, w[i], i, i);
    for (size_t turn = 16; turn < 64; turn += 16) {
#pragma GCC unroll 16
        for (size_t i = 0; i < 16; i++) {
            expand(w, i);
            round_step(s, w[i], i, turn + i);
        }
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        s[i] = add(s[i], before[i]);
}

TARGET static void compress(ms_sha256_lane *const *lanes, size_t count)
{
    uint32_t words[8][LANES] __attribute__((aligned(64)));
    vector s[8], w[16];

    for (size_t i = 0; i < 8; i++)
        for (size_t lane = 0; lane < LANES; lane++)
            words[i][lane] = lanes[lane]->state[i];
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        s[i] = _mm256_load_si256((const vector *)(const void *)words[i]);
    for (size_t block = 0; block < count; block++) {
        load_words(w, lanes, MS_SHA256_BLOCK_SIZE * block);
        load_words(w + 8, lanes, MS_SHA256_BLOCK_SIZE * block + 32);
        compress_block(s, w);
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        _mm256_store_si256((vector *)(void *)words[i], s[i]);
    for (size_t lane = 0; lane < LANES; lane++)
        for (size_t i = 0; i < 8; i++)
            lanes[lane]->state[i] = words[i][lane];
}

static bool available(void)
{
    return __builtin_cpu_supports("avx2");
}

const ms_sha256_implementation ms_sha256_avx2 = {
    .name = "avx2",
    .available = available,
    .kernels = {{.lanes = LANES, .lanes_worth = 3, .compress = compress},
            {.lanes = 1, .lanes_worth = 1, .compress = ms_sha256_compress_portable}},
};

#else
typedef int ms_sha256_avx2_is_not_for_this_processor;
#endif
