/* Archive formats: suffixes and magic bytes. */
#include "archive/archive_format.h"

#include <string.h>

#include "archive/tar_layout.h"
#include "base/checked.h"

typedef struct suffix_row {
    const char *suffix;
    ms_archive_format format;
} suffix_row;

/* A longer suffix stands before one that it ends with. */
static const suffix_row suffixes[] = {
        {".tar.gz", MS_ARCHIVE_TAR_GZIP},   {".tgz", MS_ARCHIVE_TAR_GZIP},
        {".tar.zst", MS_ARCHIVE_TAR_ZSTD},  {".tar", MS_ARCHIVE_TAR},
        {".tar.xz", MS_ARCHIVE_TAR_XZ},     {".txz", MS_ARCHIVE_TAR_XZ},
        {".tar.bz2", MS_ARCHIVE_TAR_BZIP2}, {".tbz2", MS_ARCHIVE_TAR_BZIP2},
        {".zip", MS_ARCHIVE_ZIP},
};

bool ms_archive_readable_of_name(const char *name, ms_archive_format *format, size_t *suffix_size)
{
    size_t name_size = strlen(name);
    *format = MS_ARCHIVE_NONE;
    if (suffix_size != NULL)
        *suffix_size = 0;
    for (size_t i = 0; i < MS_ARRAY_COUNT(suffixes); i++) {
        size_t size = strlen(suffixes[i].suffix);
        if (name_size <= size || strcmp(name + name_size - size, suffixes[i].suffix) != 0)
            continue;
        /* "folder/.tar" is a hidden file: without its suffix it would have no name. */
        if (name[name_size - size - 1] == '/')
            return false;
        *format = suffixes[i].format;
        if (suffix_size != NULL)
            *suffix_size = size;
        return true;
    }
    return false;
}

bool ms_archive_format_is_writable(ms_archive_format format)
{
    return format == MS_ARCHIVE_TAR || format == MS_ARCHIVE_TAR_GZIP
           || format == MS_ARCHIVE_TAR_ZSTD;
}

static bool starts_with(ms_span bytes, const char *magic, size_t magic_size)
{
    return bytes.size >= magic_size && memcmp(bytes.data, magic, magic_size) == 0;
}

ms_archive_format ms_archive_format_of_bytes(ms_span bytes)
{
    /* RFC 1952: deflate is the only method. */
    if (starts_with(bytes, "\x1f\x8b\x08", 3))
        return MS_ARCHIVE_TAR_GZIP;
    if (starts_with(bytes, "\x28\xb5\x2f\xfd", 4))
        return MS_ARCHIVE_TAR_ZSTD;
    if (starts_with(bytes, "\xfd\x37\x7a\x58\x5a\x00", 6))
        return MS_ARCHIVE_TAR_XZ;
    if (starts_with(bytes, "BZh", 3) && bytes.size >= 10 && bytes.data[3] >= '1'
            && bytes.data[3] <= '9')
        return MS_ARCHIVE_TAR_BZIP2;
    /* A local file header, or the end record of a zip without entries. */
    if (starts_with(bytes, "PK\x03\x04", 4) || starts_with(bytes, "PK\x05\x06", 4))
        return MS_ARCHIVE_ZIP;
    if (bytes.size >= MS_TAR_BLOCK_SIZE && ms_tar_checksum_fits(bytes.data))
        return MS_ARCHIVE_TAR;
    return MS_ARCHIVE_NONE;
}
