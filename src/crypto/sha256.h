/* SHA-256 of one input, of a stream, and of many inputs at once in the lanes of the processor.
 * Nothing here allocates or fails. Source: FIPS 180-4. */
#ifndef MS_CRYPTO_SHA256_H
#define MS_CRYPTO_SHA256_H

#include "base/buffer.h"

#define MS_SHA256_SIZE 32
#define MS_SHA256_BLOCK_SIZE 64

/** Digest of size bytes; data may be NULL only if size is 0. Threads: any. */
void ms_sha256(uint8_t digest[MS_SHA256_SIZE], const void *data, size_t size);

/** A digest that grows piece by piece; a plain struct that may be copied and dropped at any time. */
typedef struct ms_sha256_stream {
    uint32_t state[8];
    uint8_t block[MS_SHA256_BLOCK_SIZE]; /* the last size % 64 bytes */
    uint64_t size;                       /* bytes so far */
} ms_sha256_stream;

void ms_sha256_init(ms_sha256_stream *stream);
void ms_sha256_update(ms_sha256_stream *stream, const void *data, size_t size);
/** The digest of everything so far. The stream has to be initialised again before its next use. */
void ms_sha256_final(ms_sha256_stream *stream, uint8_t digest[MS_SHA256_SIZE]);

/** digests[i] = SHA-256 of inputs[i] for count inputs of any sizes. Inputs are hashed side by side,
 *  so that 16 inputs of about the same size cost far less than 16 calls of ms_sha256; the order of
 *  the work is not the order of the inputs. digests may not overlap the inputs. Threads: any. */
void ms_sha256_many(uint8_t (*digests)[MS_SHA256_SIZE], const ms_span *inputs, size_t count);

/** Name of the implementation in use: portable, shani, avx2, avx512, avx512+shani or armv8. It is
 *  chosen once by what the processor has; MODEL_STORAGE_SHA256 in the environment asks for another
 *  one, and is ignored when it names none that this machine can run. */
const char *ms_sha256_path(void);

/** Inputs that ms_sha256_many hashes side by side at its best: 1 to 16. */
size_t ms_sha256_lanes(void);

#endif
