/* Header blocks of the tar archives we write. We write them ourselves because libarchive converts
 * names through the locale of the process, and the bytes may depend on nothing but the tree. */
#include "archive/tar_header.h"

#include <inttypes.h>
#include <string.h>

#include "archive/tar_layout.h"
#include "base/bounded.h"

#define MODE_FILE 0644
#define MODE_FOLDER 0755
#define TYPE_FILE '0'
#define TYPE_FOLDER '5'
#define TYPE_PAX 'x'

/* What stands in the name field of a pax header; programs that know pax never look at it. */
static const char pax_name[] = "././@PaxHeader";

/* digits octal digits, then the NUL that the zeroed block already holds. */
static void write_octal(uint8_t *field, size_t digits, uint64_t value)
{
    for (size_t i = digits; i > 0; i--) {
        field[i - 1] = (uint8_t)('0' + (value & 7));
        value >>= 3;
    }
}

static ms_status append_block(ms_buffer *out, ms_span prefix, ms_span name, char type,
        uint64_t mode, uint64_t size, ms_error *err)
{
    uint8_t block[MS_TAR_BLOCK_SIZE] = {0};
    memcpy(block + MS_TAR_NAME, name.data, name.size);
    if (prefix.size > 0)
        memcpy(block + MS_TAR_PREFIX, prefix.data, prefix.size);
    write_octal(block + MS_TAR_MODE, MS_TAR_MODE_SIZE - 1, mode);
    write_octal(block + MS_TAR_UID, MS_TAR_ID_SIZE - 1, 0);
    write_octal(block + MS_TAR_GID, MS_TAR_ID_SIZE - 1, 0);
    write_octal(block + MS_TAR_SIZE, MS_TAR_SIZE_SIZE - 1, size);
    write_octal(block + MS_TAR_MTIME, MS_TAR_MTIME_SIZE - 1, 0);
    block[MS_TAR_TYPE] = (uint8_t)type;
    memcpy(block + MS_TAR_MAGIC, "ustar\0" "00", MS_TAR_MAGIC_SIZE);
    write_octal(block + MS_TAR_DEVMAJOR, MS_TAR_DEVICE_SIZE - 1, 0);
    write_octal(block + MS_TAR_DEVMINOR, MS_TAR_DEVICE_SIZE - 1, 0);
    /* The checksum is six digits, a NUL and a space. */
    uint32_t checksum = ms_tar_checksum(block);
    write_octal(block + MS_TAR_CHECKSUM, MS_TAR_CHECKSUM_SIZE - 2, checksum);
    block[MS_TAR_CHECKSUM + MS_TAR_CHECKSUM_SIZE - 1] = ' ';
    return ms_buffer_append(out, block, sizeof(block), err);
}

static bool is_ascii(ms_span text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] >= 128)
            return false;
    }
    return true;
}

/* Split path, which may end in a slash, into the two fields of ustar; false when it does not fit. */
static bool split_path(ms_span path, ms_span *prefix, ms_span *name)
{
    *prefix = ms_span_of(path.data, 0);
    *name = path;
    if (!is_ascii(path))
        return false;
    if (path.size <= MS_TAR_NAME_SIZE)
        return true;
    /* The first slash that leaves a name short enough; the last byte may be the slash of a folder. */
    for (size_t i = path.size - MS_TAR_NAME_SIZE - 1; i + 1 < path.size && i <= MS_TAR_PREFIX_SIZE;
            i++) {
        if (path.data[i] != '/' || i == 0)
            continue;
        *prefix = ms_span_of(path.data, i);
        *name = ms_span_of(path.data + i + 1, path.size - i - 1);
        return true;
    }
    return false;
}

/* "LENGTH key=value\n", where LENGTH counts the whole record with its own digits. */
static ms_status append_record(ms_buffer *records, const char *key, ms_span value, ms_error *err)
{
    size_t rest = 1 + strlen(key) + 1 + value.size + 1;
    size_t digits = 1;
    size_t power = 10;
    while (rest + digits >= power) {
        digits++;
        power *= 10;
    }
    ms_status status = ms_buffer_printf(records, err, "%zu %s=", rest + digits, key);
    if (status == MS_OK)
        status = ms_buffer_append(records, value.data, value.size, err);
    if (status == MS_OK)
        status = ms_buffer_append_byte(records, '\n', err);
    return status;
}

static ms_status append_pax(ms_buffer *out, ms_span records, ms_error *err)
{
    static const uint8_t zeros[MS_TAR_BLOCK_SIZE] = {0};
    ms_status status = append_block(out, ms_span_of(NULL, 0), ms_span_of(pax_name, strlen(pax_name)),
            TYPE_PAX, MODE_FILE, records.size, err);
    if (status == MS_OK)
        status = ms_buffer_append(out, records.data, records.size, err);
    if (status == MS_OK)
        status = ms_buffer_append(out, zeros, ms_tar_padding(records.size), err);
    return status;
}

/* The name of an entry whose true path stands in its pax header: the end of that, in ASCII. */
static ms_span shortened(ms_span path, uint8_t storage[MS_TAR_NAME_SIZE])
{
    size_t size = path.size < MS_TAR_NAME_SIZE ? path.size : MS_TAR_NAME_SIZE;
    for (size_t i = 0; i < size; i++) {
        uint8_t byte = path.data[path.size - size + i];
        storage[i] = byte < 128 ? byte : '_';
    }
    return ms_span_of(storage, size);
}

ms_status ms_tar_header_append(
        ms_buffer *out, ms_span path, bool is_folder, uint64_t size, ms_error *err)
{
    ms_status status;
    ms_buffer full;
    ms_buffer records;
    ms_span prefix;
    ms_span name;
    uint8_t short_name[MS_TAR_NAME_SIZE];

    ms_buffer_init(&full, MS_TAR_HEADER_SIZE_MAX);
    ms_buffer_init(&records, MS_TAR_HEADER_SIZE_MAX);
    status = ms_buffer_append(&full, path.data, path.size, err);
    if (status == MS_OK && is_folder)
        status = ms_buffer_append_byte(&full, '/', err);
    if (status != MS_OK)
        goto done;

    if (!split_path(ms_buffer_span(&full), &prefix, &name)) {
        name = shortened(ms_buffer_span(&full), short_name);
        status = append_record(&records, "path", ms_buffer_span(&full), err);
    }
    uint64_t size_field = size;
    if (status == MS_OK && size > MS_TAR_USTAR_SIZE_MAX) {
        char digits[24];
        (void)ms_bounded_printf(digits, sizeof(digits), "%" PRIu64, size);
        status = append_record(&records, "size", ms_span_of(digits, strlen(digits)), err);
        size_field = 0;
    }
    if (status == MS_OK && records.size > 0)
        status = append_pax(out, ms_buffer_span(&records), err);
    if (status == MS_OK)
        status = append_block(out, prefix, name, is_folder ? TYPE_FOLDER : TYPE_FILE,
                is_folder ? MODE_FOLDER : MODE_FILE, size_field, err);
done:
    ms_buffer_release(&full);
    ms_buffer_release(&records);
    return status;
}
