/* SHA-256 compression with the SHA instructions of x86-64: one, two and three messages interleaved.
 * A round instruction waits for the one before it; a second message fills that wait. */
#include "crypto/sha256_priv.h"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

#define TARGET __attribute__((target("sha,sse4.1,ssse3")))
#define INLINE static inline __attribute__((always_inline)) TARGET

/* The instructions keep the eight words as ABEF and CDGH. */
typedef struct state {
    __m128i abef, cdgh;
} state;

INLINE state load_state(const uint32_t words[8])
{
    __m128i low = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)words), 0xb1);
    __m128i high = _mm_shuffle_epi32(_mm_loadu_si128((const __m128i *)(const void *)(words + 4)), 0x1b);
    return (state){.abef = _mm_alignr_epi8(low, high, 8), .cdgh = _mm_blend_epi16(high, low, 0xf0)};
}

INLINE void store_state(uint32_t words[8], state s)
{
    __m128i low = _mm_shuffle_epi32(s.abef, 0x1b), high = _mm_shuffle_epi32(s.cdgh, 0xb1);
    _mm_storeu_si128((__m128i *)(void *)words, _mm_blend_epi16(low, high, 0xf0));
    _mm_storeu_si128((__m128i *)(void *)(words + 4), _mm_alignr_epi8(high, low, 8));
}

INLINE __m128i load_words(const uint8_t *data)
{
    const __m128i swap = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
    return _mm_shuffle_epi8(_mm_loadu_si128((const __m128i *)(const void *)data), swap);
}

/* The message words 4q..4q+3 from the sixteen before them, w[0] being the oldest four. */
INLINE __m128i expand(__m128i w0, __m128i w1, __m128i w2, __m128i w3)
{
    __m128i sum = _mm_add_epi32(_mm_sha256msg1_epu32(w0, w1), _mm_alignr_epi8(w3, w2, 4));
    return _mm_sha256msg2_epu32(sum, w3);
}

/* Four rounds: words is the next four message words, q says which. */
INLINE void four_rounds(state *s, __m128i words, size_t q)
{
    const void *constants = ms_sha256_constants + 4 * q;
    __m128i x = _mm_add_epi32(words, _mm_load_si128((const __m128i *)constants));
    s->cdgh = _mm_sha256rnds2_epu32(s->cdgh, s->abef, x);
    s->abef = _mm_sha256rnds2_epu32(s->abef, s->cdgh, _mm_shuffle_epi32(x, 0x0e));
}

/* n, 1 to LANES_MAX, is a constant where this is expanded: the statement stands there n times, so
 * that all of s and w live in registers and the instructions of the messages alternate. */
#define LANES_MAX 3
#define EACH_LANE(statement)                                                                       \
    do {                                                                                           \
        WITH_LANE(0, statement)                                                                    \
        WITH_LANE(1, statement)                                                                    \
        WITH_LANE(2, statement)                                                                    \
    } while (0)
#define WITH_LANE(number, statement)                                                               \
    if ((number) < n) {                                                                            \
        enum { i = (number) };                                                                     \
        statement;                                                                                 \
    }

INLINE void compress(ms_sha256_lane *const *lanes, const size_t n, size_t count)
{
    state s[LANES_MAX];

    EACH_LANE(s[i] = load_state(lanes[i]->state));
    for (size_t block = 0; block < count; block++) {
        const size_t offset = MS_SHA256_BLOCK_SIZE * block;
        state before[LANES_MAX];
        __m128i w[LANES_MAX][4];
        EACH_LANE(before[i] = s[i]);
#pragma GCC unroll 4
        for (size_t q = 0; q < 4; q++) {
            EACH_LANE(w[i][q] = load_words(lanes[i]->data + offset + 16 * q));
            EACH_LANE(four_rounds(&s[i], w[i][q], q));
        }
#pragma GCC unroll 12
        for (size_t q = 4; q < 16; q++) {
            EACH_LANE(w[i][q & 3] = expand(
                              w[i][q & 3], w[i][(q + 1) & 3], w[i][(q + 2) & 3], w[i][(q + 3) & 3]));
            EACH_LANE(four_rounds(&s[i], w[i][q & 3], q));
        }
        EACH_LANE(s[i].abef = _mm_add_epi32(s[i].abef, before[i].abef));
        EACH_LANE(s[i].cdgh = _mm_add_epi32(s[i].cdgh, before[i].cdgh));
    }
    EACH_LANE(store_state(lanes[i]->state, s[i]));
}

TARGET void ms_sha256_compress_shani(ms_sha256_lane *const *lanes, size_t count)
{
    compress(lanes, 1, count);
}

TARGET void ms_sha256_compress_shani_2(ms_sha256_lane *const *lanes, size_t count)
{
    compress(lanes, 2, count);
}

TARGET void ms_sha256_compress_shani_3(ms_sha256_lane *const *lanes, size_t count)
{
    compress(lanes, 3, count);
}

/* CPUID leaf 7: EBX bit 29 says SHA. */
bool ms_sha256_has_shani(void)
{
    unsigned a, b, c, d;
    return __builtin_cpu_supports("sse4.1") && __builtin_cpu_supports("ssse3") &&
            __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & 1U << 29) != 0;
}

const ms_sha256_implementation ms_sha256_shani = {
    .name = "shani",
    .available = ms_sha256_has_shani,
    .kernels = {{.lanes = 3, .lanes_worth = 3, .compress = ms_sha256_compress_shani_3},
            {.lanes = 2, .lanes_worth = 2, .compress = ms_sha256_compress_shani_2},
            {.lanes = 1, .lanes_worth = 1, .compress = ms_sha256_compress_shani}},
};

#else
typedef int ms_sha256_shani_is_not_for_this_processor;
#endif
