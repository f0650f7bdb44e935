/* Layout of a tar header block, as writer and reader both need it.
 * Source: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar manual. */
#ifndef MS_ARCHIVE_TAR_LAYOUT_H
#define MS_ARCHIVE_TAR_LAYOUT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MS_TAR_BLOCK_SIZE 512

/** Offsets and sizes of the fields, in bytes. */
enum ms_tar_field {
    MS_TAR_NAME = 0,
    MS_TAR_NAME_SIZE = 100,
    MS_TAR_MODE = 100,
    MS_TAR_MODE_SIZE = 8,
    MS_TAR_UID = 108,
    MS_TAR_GID = 116,
    MS_TAR_ID_SIZE = 8,
    MS_TAR_SIZE = 124,
    MS_TAR_SIZE_SIZE = 12,
    MS_TAR_MTIME = 136,
    MS_TAR_MTIME_SIZE = 12,
    MS_TAR_CHECKSUM = 148,
    MS_TAR_CHECKSUM_SIZE = 8,
    MS_TAR_TYPE = 156,
    MS_TAR_MAGIC = 257, /* "ustar\0" "00", or "ustar  \0" of GNU */
    MS_TAR_MAGIC_SIZE = 8,
    MS_TAR_DEVMAJOR = 329,
    MS_TAR_DEVMINOR = 337,
    MS_TAR_DEVICE_SIZE = 8,
    MS_TAR_PREFIX = 345,
    MS_TAR_PREFIX_SIZE = 155
};

/** The sum of all bytes of the block, the checksum field counted as spaces. */
uint32_t ms_tar_checksum(const uint8_t block[MS_TAR_BLOCK_SIZE]);
/** Whether the block's checksum field holds the sum of its bytes, taken unsigned or, as some old
 *  programs did, signed. A block of zeros does not fit. */
bool ms_tar_checksum_fits(const uint8_t block[MS_TAR_BLOCK_SIZE]);

/** A number field: octal digits between optional spaces and an optional NUL, or base 256 with a first
 *  byte of 0x80. Empty is 0. False: another byte, negative, or 2^63 and more. */
bool ms_tar_number(const uint8_t *field, size_t size, uint64_t *value);

/** Bytes that follow size bytes of content up to the next block. */
static inline size_t ms_tar_padding(uint64_t size)
{
    return (size_t)(-size % MS_TAR_BLOCK_SIZE);
}

#endif
