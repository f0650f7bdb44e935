/* scryptROMix, the part of scrypt that takes memory and time. */
#ifndef MS_CRYPTO_SCRYPT_MIX_PRIV_H
#define MS_CRYPTO_SCRYPT_MIX_PRIV_H

#include <stddef.h>
#include <stdint.h>

#define MS_SCRYPT_BLOCK_SIZE ((size_t)128) /* bytes, times r */
#define MS_SCRYPT_SCRATCH_BLOCKS 2         /* that the table has beyond its n blocks */

/** Mix one block of 128 * r bytes in place. table has room for n + MS_SCRYPT_SCRATCH_BLOCKS blocks,
 *  aligned to 64 bytes; what is left in it is secret. n is a power of two. */
void ms_scrypt_mix(uint8_t *block, uint32_t r, uint64_t n, uint32_t *table);

#endif
