/* MurmurHash3 x64 with 128 bits, seed 0: its first half places names in a HAMT. No security in it.
 * Source: Austin Appleby's MurmurHash3, public domain; multicodec murmur3-x64-64 (0x22). */
#ifndef MS_UNIXFS_MURMUR3_H
#define MS_UNIXFS_MURMUR3_H

#include "base/buffer.h"

/** The first 64-bit half of the hash; a HAMT takes its bits from the most significant end. */
uint64_t ms_murmur3_x64_64(ms_span data);

#endif
