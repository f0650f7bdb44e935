/* An archive out of an input. A checksum is what mutations rarely get right, so input that begins with
 * "S" is a tar whose checksums are put right first. For the targets of archives; header only. */
#ifndef TESTS_FUZZ_SEALED_TAR_H
#define TESTS_FUZZ_SEALED_TAR_H

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "archive/tar_layout.h"

/* Write the checksum that fits into every block that looks like a header. */
static inline void sealed_tar_seal(uint8_t *data, size_t size)
{
    for (size_t at = 0; at + MS_TAR_BLOCK_SIZE <= size; at += MS_TAR_BLOCK_SIZE) {
        char text[16];
        if (memcmp(data + at + MS_TAR_MAGIC, "ustar", 5) != 0)
            continue;
        (void)snprintf(text, sizeof(text), "%06o", ms_tar_checksum(data + at) & 0777777);
        memcpy(data + at + MS_TAR_CHECKSUM, text, 7);
        data[at + MS_TAR_CHECKSUM + 7] = ' ';
    }
}

/* A file in memory, closed by the caller. */
static inline int sealed_tar_file(const uint8_t *data, size_t size)
{
    int fd = memfd_create("archive", MFD_CLOEXEC);
    bool sealed = size > 0 && data[0] == 'S';
    uint8_t *copy = malloc(size + 1);

    assert(fd >= 0 && copy != NULL);
    if (sealed) {
        data++;
        size--;
    }
    if (size > 0)
        memcpy(copy, data, size);
    if (sealed)
        sealed_tar_seal(copy, size);
    assert(write(fd, copy, size) == (ssize_t)size);
    free(copy);
    return fd;
}

#endif
