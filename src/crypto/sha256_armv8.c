/* SHA-256 compression with the SHA-2 instructions of ARMv8: one, two and three messages interleaved.
 * A round instruction waits for the one before it; a second message fills that wait. */
#include "crypto/sha256_priv.h"

#if defined(__aarch64__)

#include <arm_neon.h>
#if defined(__linux__)
#include <sys/auxv.h>
#endif

#if defined(__clang__)
#define TARGET __attribute__((target("sha2")))
#else
#define TARGET __attribute__((target("+crypto")))
#endif
#define INLINE static inline __attribute__((always_inline)) TARGET
#define HWCAP_BIT_SHA2 (1UL << 6) /* of the kernel's AT_HWCAP for this architecture */

typedef struct state {
    uint32x4_t abcd, efgh;
} state;

INLINE uint32x4_t load_words(const uint8_t *data)
{
    return vreinterpretq_u32_u8(vrev32q_u8(vld1q_u8(data)));
}

/* The message words 4q..4q+3 from the sixteen before them, w0 being the oldest four. */
INLINE uint32x4_t expand(uint32x4_t w0, uint32x4_t w1, uint32x4_t w2, uint32x4_t w3)
{
    return vsha256su1q_u32(vsha256su0q_u32(w0, w1), w2, w3);
}

/* Four rounds: words is the next four message words, q says which. */
INLINE void four_rounds(state *s, uint32x4_t words, size_t q)
{
    uint32x4_t x = vaddq_u32(words, vld1q_u32(ms_sha256_constants + 4 * q));
    uint32x4_t abcd = s->abcd;
    s->abcd = vsha256hq_u32(s->abcd, s->efgh, x);
    s->efgh = vsha256h2q_u32(s->efgh, abcd, x);
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
    if (number < n) {                                                                              \
        enum { i = number };                                                                       \
        statement;                                                                                 \
    }

INLINE void compress(ms_sha256_lane *const *lanes, const size_t n, size_t count)
{
    state s[LANES_MAX];

    EACH_LANE(s[i].abcd = vld1q_u32(lanes[i]->state));
    EACH_LANE(s[i].efgh = vld1q_u32(lanes[i]->state + 4));
    for (size_t block = 0; block < count; block++) {
        const size_t offset = MS_SHA256_BLOCK_SIZE * block;
        state before[LANES_MAX];
        uint32x4_t w[LANES_MAX][4];
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
        EACH_LANE(s[i].abcd = vaddq_u32(s[i].abcd, before[i].abcd));
        EACH_LANE(s[i].efgh = vaddq_u32(s[i].efgh, before[i].efgh));
    }
    EACH_LANE(vst1q_u32(lanes[i]->state, s[i].abcd));
    EACH_LANE(vst1q_u32(lanes[i]->state + 4, s[i].efgh));
}

TARGET static void compress_1(ms_sha256_lane *const *lanes, size_t count)
{
    compress(lanes, 1, count);
}

TARGET static void compress_2(ms_sha256_lane *const *lanes, size_t count)
{
    compress(lanes, 2, count);
}

TARGET static void compress_3(ms_sha256_lane *const *lanes, size_t count)
{
    compress(lanes, 3, count);
}

static bool available(void)
{
#if defined(__linux__)
    return (getauxval(AT_HWCAP) & HWCAP_BIT_SHA2) != 0;
#elif defined(__APPLE__)
    return true; /* every 64-bit processor of theirs has them */
#else
    return false;
#endif
}

const ms_sha256_implementation ms_sha256_armv8 = {
    .name = "armv8",
    .available = available,
    .kernels = {{.lanes = 3, .lanes_worth = 3, .compress = compress_3},
            {.lanes = 2, .lanes_worth = 2, .compress = compress_2},
            {.lanes = 1, .lanes_worth = 1, .compress = compress_1}},
};

#else
typedef int ms_sha256_armv8_is_not_for_this_processor;
#endif
