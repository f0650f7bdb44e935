/* Keccak-256 as Ethereum uses it: padding byte 0x01, so it is not SHA3-256.
 * Source: the Keccak reference, version 3.0 (r = 1088, c = 512). */
#ifndef MS_CRYPTO_KECCAK256_H
#define MS_CRYPTO_KECCAK256_H

#include "base/buffer.h"

#define MS_KECCAK256_SIZE 32
#define MS_KECCAK256_RATE 136 /* bytes absorbed by each permutation */

/** Digest of size bytes; data may be NULL only if size is 0. Threads: any. */
void ms_keccak256(uint8_t digest[MS_KECCAK256_SIZE], const void *data, size_t size);

/** A digest that grows piece by piece; a plain struct that may be copied and dropped at any time. */
typedef struct ms_keccak256_stream {
    uint64_t lanes[25]; /* lane x + 5 * y of the state */
    size_t position;    /* bytes absorbed since the last permutation, below the rate */
} ms_keccak256_stream;

void ms_keccak256_init(ms_keccak256_stream *stream);
void ms_keccak256_update(ms_keccak256_stream *stream, const void *data, size_t size);
/** The digest of everything so far. The stream has to be initialised again before its next use. */
void ms_keccak256_final(ms_keccak256_stream *stream, uint8_t digest[MS_KECCAK256_SIZE]);

#endif
