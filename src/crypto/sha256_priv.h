/* What an implementation of SHA-256 offers: kernels that advance one or several states by whole
 * blocks. sha256.c pads, fills lanes and chooses; the sha256_<path>.c files only compress. */
#ifndef MS_CRYPTO_SHA256_PRIV_H
#define MS_CRYPTO_SHA256_PRIV_H

#include "crypto/sha256.h"

#define MS_SHA256_LANES_MAX 16
#define MS_SHA256_KERNELS_MAX 4

/** One message on its way. */
typedef struct ms_sha256_lane {
    uint32_t state[8];
    const uint8_t *data; /* the next block; any alignment */
} ms_sha256_lane;

/** Advance each of the kernel's lanes by count (at least 1) blocks of its own data. The data
 *  pointers are left as they are. */
typedef void (*ms_sha256_compress_fn)(ms_sha256_lane *const *lanes, size_t count);

typedef struct ms_sha256_kernel {
    size_t lanes;      /* that compress reads, at most MS_SHA256_LANES_MAX */
    size_t lanes_worth; /* with at least so many in use it beats the kernels that follow */
    ms_sha256_compress_fn compress;
} ms_sha256_kernel;

/** An implementation: kernels from the widest to the one with a single lane, which ends the list. */
typedef struct ms_sha256_implementation {
    const char *name;
    bool (*available)(void); /* on this processor, and worth it there */
    ms_sha256_kernel kernels[MS_SHA256_KERNELS_MAX];
} ms_sha256_implementation;

extern const uint32_t ms_sha256_constants[64];

/** Every implementation that was compiled in, best first; ends with portable, then NULL. */
const ms_sha256_implementation *const *ms_sha256_implementations(void);
/** ms_sha256_many by a chosen implementation, which must be available. */
void ms_sha256_many_by(const ms_sha256_implementation *implementation,
        uint8_t (*digests)[MS_SHA256_SIZE], const ms_span *inputs, size_t count);

void ms_sha256_compress_portable(ms_sha256_lane *const *lanes, size_t count);
extern const ms_sha256_implementation ms_sha256_portable;
#if defined(__x86_64__)
void ms_sha256_compress_shani(ms_sha256_lane *const *lanes, size_t count);
void ms_sha256_compress_shani_2(ms_sha256_lane *const *lanes, size_t count);
void ms_sha256_compress_shani_3(ms_sha256_lane *const *lanes, size_t count);
bool ms_sha256_has_shani(void);
extern const ms_sha256_implementation ms_sha256_shani;
extern const ms_sha256_implementation ms_sha256_avx2;
extern const ms_sha256_implementation ms_sha256_avx512;
extern const ms_sha256_implementation ms_sha256_avx512_shani;
#endif
#if defined(__aarch64__)
extern const ms_sha256_implementation ms_sha256_armv8;
#endif

#endif
