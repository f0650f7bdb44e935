/* SHA-256 compression of sixteen messages at once with AVX-512: word i of every message stands in
 * one register, so that each instruction does a step of all sixteen. */
#include "crypto/sha256_priv.h"

#if defined(__x86_64__)

#include <immintrin.h>

#define LANES 16
#define TARGET __attribute__((target("avx512f,avx512bw")))
#define INLINE static inline __attribute__((always_inline)) TARGET

typedef __m512i vector;

INLINE vector add(vector a, vector b)
{
    return _mm512_add_epi32(a, b);
}
#define XOR3(a, b, c) _mm512_ternarylogic_epi32(a, b, c, 0x96)
#define CHOOSE(e, f, g) _mm512_ternarylogic_epi32(e, f, g, 0xca)
#define MAJORITY(a, b, c) _mm512_ternarylogic_epi32(a, b, c, 0xe8)
#define ROTATE(x, n) _mm512_ror_epi32(x, n)
#define SHIFT(x, n) _mm512_srli_epi32(x, n)

/* rows[i] holds 16 words of message i; afterwards rows[i] holds word i of 16 messages. */
INLINE void transpose(vector rows[LANES])
{
    vector t[LANES], u[LANES];

#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i += 2) {
        t[i] = _mm512_unpacklo_epi32(rows[i], rows[i + 1]);
        t[i + 1] = _mm512_unpackhi_epi32(rows[i], rows[i + 1]);
    }
#pragma GCC unroll 16
    for (size_t i = 0; i < 16; i += 4) {
        u[i] = _mm512_unpacklo_epi64(t[i], t[i + 2]);
        u[i + 1] = _mm512_unpackhi_epi64(t[i], t[i + 2]);
        u[i + 2] = _mm512_unpacklo_epi64(t[i + 1], t[i + 3]);
        u[i + 3] = _mm512_unpackhi_epi64(t[i + 1], t[i + 3]);
    }
#pragma GCC unroll 16
    for (size_t i = 0; i < 4; i++) {
        t[i] = _mm512_shuffle_i32x4(u[i], u[i + 4], 0x88);
        t[i + 4] = _mm512_shuffle_i32x4(u[i], u[i + 4], 0xdd);
        t[i + 8] = _mm512_shuffle_i32x4(u[i + 8], u[i + 12], 0x88);
        t[i + 12] = _mm512_shuffle_i32x4(u[i + 8], u[i + 12], 0xdd);
    }
#pragma GCC unroll 16
    for (size_t i = 0; i < 4; i++) {
        rows[i] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0x88);
        rows[i + 8] = _mm512_shuffle_i32x4(t[i], t[i + 8], 0xdd);
        rows[i + 4] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0x88);
        rows[i + 12] = _mm512_shuffle_i32x4(t[i + 4], t[i + 12], 0xdd);
    }
}

INLINE void load_words(vector w[LANES], ms_sha256_lane *const *lanes, size_t offset)
{
    const vector swap = _mm512_broadcast_i32x4(
            _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203));

#pragma GCC unroll 16
    for (size_t i = 0; i < LANES; i++)
        w[i] = _mm512_loadu_si512(lanes[i]->data + offset);
    transpose(w);
#pragma GCC unroll 16
    for (size_t i = 0; i < LANES; i++)
        w[i] = _mm512_shuffle_epi8(w[i], swap);
}

/* Round i: s[] is not moved along, instead the names of its words turn with i. */
#define WORD(s, name, i) s[((name)-(i)) & 7]
INLINE void round_step(vector s[8], vector word, size_t i, size_t constant)
{
    vector a = WORD(s, 0, i), b = WORD(s, 1, i), c = WORD(s, 2, i);
    vector e = WORD(s, 4, i), f = WORD(s, 5, i), g = WORD(s, 6, i), h = WORD(s, 7, i);
    vector k = _mm512_set1_epi32((int)ms_sha256_constants[constant]);
    vector s1 = XOR3(ROTATE(e, 6), ROTATE(e, 11), ROTATE(e, 25));
    vector t1 = add(add(add(h, k), word), add(CHOOSE(e, f, g), s1));
    vector s0 = XOR3(ROTATE(a, 2), ROTATE(a, 13), ROTATE(a, 22));
    WORD(s, 3, i) = add(WORD(s, 3, i), t1);
    WORD(s, 7, i) = add(t1, add(s0, MAJORITY(a, b, c)));
}

INLINE void expand(vector w[LANES], size_t i)
{
    vector x = w[(i + 1) & 15], y = w[(i + 14) & 15];
    vector s0 = XOR3(ROTATE(x, 7), ROTATE(x, 18), SHIFT(x, 3));
    vector s1 = XOR3(ROTATE(y, 17), ROTATE(y, 19), SHIFT(y, 10));
    w[i] = add(add(w[i], s0), add(w[(i + 9) & 15], s1));
}

INLINE void compress_block(vector s[8], vector w[LANES])
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
    vector s[8], w[LANES];

    for (size_t i = 0; i < 8; i++)
        for (size_t lane = 0; lane < LANES; lane++)
            words[i][lane] = lanes[lane]->state[i];
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        s[i] = _mm512_load_si512(words[i]);
    for (size_t block = 0; block < count; block++) {
        load_words(w, lanes, MS_SHA256_BLOCK_SIZE * block);
        compress_block(s, w);
    }
#pragma GCC unroll 8
    for (size_t i = 0; i < 8; i++)
        _mm512_store_si512(words[i], s[i]);
    for (size_t lane = 0; lane < LANES; lane++)
        for (size_t i = 0; i < 8; i++)
            lanes[lane]->state[i] = words[i][lane];
}

static bool available(void)
{
    return __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw");
}

const ms_sha256_implementation ms_sha256_avx512 = {
    .name = "avx512",
    .available = available,
    .kernels = {{.lanes = LANES, .lanes_worth = 3, .compress = compress},
            {.lanes = 1, .lanes_worth = 1, .compress = ms_sha256_compress_portable}},
};

/* By bench/sha256.c the lanes are 1.6 times as fast as the SHA instructions on Intel's cores (Emerald Rapids), and slower on
 * AMD's. Decided by the maker, not by measuring: how a run goes must not depend on what else the machine does. */
static bool beats_shani(void)
{
    return __builtin_cpu_is("intel") && available() && ms_sha256_has_shani();
}

/* From eleven messages on the lanes that are empty cost less than the SHA instructions. */
const ms_sha256_implementation ms_sha256_avx512_shani = {
    .name = "avx512+shani",
    .available = beats_shani,
    .kernels = {{.lanes = LANES, .lanes_worth = 11, .compress = compress},
            {.lanes = 3, .lanes_worth = 3, .compress = ms_sha256_compress_shani_3},
            {.lanes = 2, .lanes_worth = 2, .compress = ms_sha256_compress_shani_2},
            {.lanes = 1, .lanes_worth = 1, .compress = ms_sha256_compress_shani}},
};

#else
typedef int ms_sha256_avx512_is_not_for_this_processor;
#endif
