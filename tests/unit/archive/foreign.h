/* Foreign archives made byte by byte, also those that no program would make. Header only. */
#ifndef MS_TESTS_ARCHIVE_FOREIGN_H
#define MS_TESTS_ARCHIVE_FOREIGN_H

#include <stdio.h>
#include <string.h>
#include <zlib.h>

#include "archive/tar_layout.h"
#include "base/buffer.h"

#define FOREIGN_SIZE_MAX ((size_t)256 << 20)

static inline void foreign_bytes(ms_buffer *out, const void *data, size_t size)
{
    assert_int_equal(ms_buffer_append(out, data, size, NULL), MS_OK);
}

static inline void foreign_zeros(ms_buffer *out, size_t size)
{
    static const uint8_t zeros[4096];
    for (; size > sizeof(zeros); size -= sizeof(zeros))
        foreign_bytes(out, zeros, sizeof(zeros));
    foreign_bytes(out, zeros, size);
}

/* Write the checksum that fits the block. */
static inline void foreign_seal(uint8_t block[MS_TAR_BLOCK_SIZE])
{
    char text[8];
    snprintf(text, sizeof(text), "%06o", ms_tar_checksum(block) & 0777777);
    memcpy(block + MS_TAR_CHECKSUM, text, 7);
    block[MS_TAR_CHECKSUM + 7] = ' ';
}

/* A ustar header; a name of more than 100 bytes is cut. */
static inline void foreign_header(uint8_t block[MS_TAR_BLOCK_SIZE], const char *name, char type,
        uint64_t size)
{
    char text[16];
    memset(block, 0, MS_TAR_BLOCK_SIZE);
    memcpy(block + MS_TAR_NAME, name, strnlen(name, MS_TAR_NAME_SIZE));
    memcpy(block + MS_TAR_MODE, "0000755", 7);
    memcpy(block + MS_TAR_UID, "0001750", 7);
    memcpy(block + MS_TAR_GID, "0001750", 7);
    snprintf(text, sizeof(text), "%011llo", (unsigned long long)size);
    memcpy(block + MS_TAR_SIZE, text, 11);
    memcpy(block + MS_TAR_MTIME, "14000000000", 11);
    block[MS_TAR_TYPE] = (uint8_t)type;
    memcpy(block + MS_TAR_MAGIC, "ustar\0" "00", 8);
    foreign_seal(block);
}

static inline void foreign_tar(
        ms_buffer *out, const char *name, char type, const void *content, size_t size)
{
    uint8_t block[MS_TAR_BLOCK_SIZE];
    foreign_header(block, name, type, size);
    foreign_bytes(out, block, sizeof(block));
    foreign_bytes(out, content, size);
    foreign_zeros(out, ms_tar_padding(size));
}

static inline void foreign_tar_end(ms_buffer *out)
{
    foreign_zeros(out, 2 * MS_TAR_BLOCK_SIZE);
}

/* An entry whose name stands in a pax header, as bytes: anything can be said that way. */
static inline void foreign_tar_pax_name(
        ms_buffer *out, const char *name, size_t name_size, char type, const char *content)
{
    ms_buffer records;
    ms_buffer_init(&records, FOREIGN_SIZE_MAX);
    size_t rest = sizeof(" path=\n") - 1 + name_size;
    size_t size = rest;
    char length[16];
    for (size_t digits = 1; digits < 8; digits++) {
        if (snprintf(length, sizeof(length), "%zu", rest + digits) == (int)digits)
            size = rest + digits;
    }
    assert_int_equal(ms_buffer_printf(&records, NULL, "%zu path=", size), MS_OK);
    foreign_bytes(&records, name, name_size);
    foreign_bytes(&records, "\n", 1);
    foreign_tar(out, "PaxHeaders/x", 'x', records.data, records.size);
    foreign_tar(out, "short", type, content, strlen(content));
    ms_buffer_release(&records);
}

static inline void foreign_le(ms_buffer *out, uint64_t value, size_t size)
{
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = (uint8_t)(value >> (8 * i));
        foreign_bytes(out, &byte, 1);
    }
}

/* A zip of stored entries. */
typedef struct foreign_zip {
    ms_buffer bytes;
    ms_buffer directory;
    unsigned count;
} foreign_zip;

static inline void foreign_zip_init(foreign_zip *zip)
{
    ms_buffer_init(&zip->bytes, FOREIGN_SIZE_MAX);
    ms_buffer_init(&zip->directory, FOREIGN_SIZE_MAX);
    zip->count = 0;
}

static inline void foreign_zip_release(foreign_zip *zip)
{
    ms_buffer_release(&zip->bytes);
    ms_buffer_release(&zip->directory);
}

/* mode: type and permission bits of Unix. flags: 0x800 says that the name is UTF-8, 1 encrypted. */
static inline void foreign_zip_add(foreign_zip *zip, const char *name, size_t name_size,
        unsigned mode, unsigned flags, const char *content)
{
    uint64_t offset = zip->bytes.size;
    size_t size = strlen(content);
    uint32_t crc = (uint32_t)crc32(0, (const uint8_t *)content, (uInt)size);
    foreign_le(&zip->bytes, 0x04034b50, 4);
    foreign_le(&zip->directory, 0x02014b50, 4);
    foreign_le(&zip->directory, 3 << 8 | 20, 2);
    for (int i = 0; i < 2; i++) {
        ms_buffer *out = i == 0 ? &zip->bytes : &zip->directory;
        foreign_le(out, 20, 2);
        foreign_le(out, flags, 2);
        foreign_le(out, 0, 2); /* stored */
        foreign_le(out, 0x58210000, 4);
        foreign_le(out, crc, 4);
        foreign_le(out, size, 4);
        foreign_le(out, size, 4);
        foreign_le(out, name_size, 2);
        foreign_le(out, 0, 2);
    }
    foreign_bytes(&zip->bytes, name, name_size);
    foreign_bytes(&zip->bytes, content, size);
    foreign_le(&zip->directory, 0, 2 + 2 + 2);
    foreign_le(&zip->directory, (uint64_t)mode << 16, 4);
    foreign_le(&zip->directory, offset, 4);
    foreign_bytes(&zip->directory, name, name_size);
    zip->count++;
}

/* Afterwards zip->bytes is the whole file. */
static inline void foreign_zip_end(foreign_zip *zip)
{
    uint64_t offset = zip->bytes.size;
    foreign_bytes(&zip->bytes, zip->directory.data, zip->directory.size);
    foreign_le(&zip->bytes, 0x06054b50, 4);
    foreign_le(&zip->bytes, 0, 4);
    foreign_le(&zip->bytes, zip->count, 2);
    foreign_le(&zip->bytes, zip->count, 2);
    foreign_le(&zip->bytes, zip->directory.size, 4);
    foreign_le(&zip->bytes, offset, 4);
    foreign_le(&zip->bytes, 0, 2);
}

#endif
