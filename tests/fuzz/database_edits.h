/* A database that somebody changed: the input is a list of edits of a good file, because mutations of a whole
 * one hardly get past its first page. First byte: 1 = sums of the pages are put right afterwards, 2 = the file is
 * cut where the first edit begins. Then edits: offset in 3 bytes (big-endian, modulo the size), length in one, bytes. */
#ifndef TESTS_FUZZ_DATABASE_EDITS_H
#define TESTS_FUZZ_DATABASE_EDITS_H

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "platform/sqlite_sum.h"

#define DATABASE_SEALED 1
#define DATABASE_CUT 2

/** Change the size bytes of file; returns the new size. */
static inline size_t database_edit(uint8_t *file, size_t size, const uint8_t *data, size_t data_size)
{
    uint8_t flags = data_size > 0 ? data[0] : 0;
    size_t end = size;

    for (size_t at = 1; data_size >= 4 && at <= data_size - 4;) {
        size_t offset = ((size_t)data[at] << 16 | (size_t)data[at + 1] << 8 | data[at + 2]) % size;
        size_t length = data[at + 3];

        if (at == 1 && (flags & DATABASE_CUT) != 0)
            end = offset;
        at += 4;
        for (size_t i = 0; i < length && at < data_size; i++, at++)
            file[(offset + i) % size] = data[at];
    }
    for (size_t page = 0; (flags & DATABASE_SEALED) != 0 && (page + 1) * MS_SQLITE_PAGE_SIZE <= end; page++)
        ms_sqlite_sum_set(file + page * MS_SQLITE_PAGE_SIZE, page);
    return end;
}

#endif
