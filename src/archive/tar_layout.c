/* Layout of a tar header block: checksum and numbers. */
#include "archive/tar_layout.h"

uint32_t ms_tar_checksum(const uint8_t block[MS_TAR_BLOCK_SIZE])
{
    uint32_t sum = 0;
    for (size_t i = 0; i < MS_TAR_BLOCK_SIZE; i++) {
        bool own = i >= MS_TAR_CHECKSUM && i < MS_TAR_CHECKSUM + MS_TAR_CHECKSUM_SIZE;
        sum += own ? ' ' : block[i];
    }
    return sum;
}

bool ms_tar_checksum_fits(const uint8_t block[MS_TAR_BLOCK_SIZE])
{
    uint64_t stored;
    if (!ms_tar_number(block + MS_TAR_CHECKSUM, MS_TAR_CHECKSUM_SIZE, &stored))
        return false;
    uint32_t sum = ms_tar_checksum(block);
    if (stored == sum)
        return true;
    /* Each byte of 128 and more counts 256 less when bytes are signed. */
    int64_t signed_sum = sum;
    for (size_t i = 0; i < MS_TAR_BLOCK_SIZE; i++) {
        bool own = i >= MS_TAR_CHECKSUM && i < MS_TAR_CHECKSUM + MS_TAR_CHECKSUM_SIZE;
        if (!own && block[i] >= 128)
            signed_sum -= 256;
    }
    return signed_sum > 0 && stored == (uint64_t)signed_sum;
}

static bool base256_number(const uint8_t *field, size_t size, uint64_t *value)
{
    /* 0x80 alone in the first byte: positive. Further bits there, or 0xff, would be a number of more
     * than 63 bits or a negative one. */
    if (field[0] != 0x80)
        return false;
    *value = 0;
    for (size_t i = 1; i < size; i++) {
        if (*value >> 55 != 0)
            return false;
        *value = *value << 8 | field[i];
    }
    return true;
}

bool ms_tar_number(const uint8_t *field, size_t size, uint64_t *value)
{
    if ((field[0] & 0x80) != 0)
        return base256_number(field, size, value);
    size_t i = 0;
    *value = 0;
    while (i < size && field[i] == ' ')
        i++;
    /* At most 12 digits of 3 bits: no overflow. */
    for (; i < size && field[i] >= '0' && field[i] <= '7'; i++)
        *value = *value << 3 | (uint64_t)(field[i] - '0');
    for (; i < size; i++) {
        if (field[i] != ' ' && field[i] != 0)
            return false;
    }
    return true;
}
