/* The gzip kind of unpacker: one or more members, each with checksum and size verified by zlib.
 * libarchive's own gzip filter does not compare the checksum. Source: RFC 1952. */
#include "archive/unpacker.h"

#include <zlib.h>

#include "archive/zlib_memory.h"
#include "base/alloc.h"
#include "base/checked.h"

#define GZIP_MAGIC 0x1f

typedef struct gzip_unpacker {
    ms_unpacker base;
    z_stream stream;
    bool stream_ready;
    bool member_ended;
} gzip_unpacker;

/* After the end of a member: another one, padding, or the end of the file. */
static ms_status next_member(gzip_unpacker *self, bool *end, ms_error *err)
{
    const uint8_t *input;
    size_t input_size;
    ms_status status = ms_unpacker__input(&self->base, &input, &input_size, err);
    *end = false;
    if (status != MS_OK)
        return status;
    if (input_size == 0 || input[0] != GZIP_MAGIC) {
        *end = true;
        return ms_unpacker__padding(&self->base, err);
    }
    self->member_ended = false;
    if (inflateReset(&self->stream) != Z_OK)
        return ms_fail(err, MS_INTERNAL, "archive_gzip", "zlib cannot start another member");
    return MS_OK;
}

/* One call of inflate on the input at hand. */
static ms_status inflate_step(gzip_unpacker *self, ms_error *err)
{
    const uint8_t *input;
    size_t input_size;
    ms_status status = ms_unpacker__input(&self->base, &input, &input_size, err);
    if (status != MS_OK)
        return status;
    if (input_size == 0)
        return ms_unpacker__fail_truncated(&self->base, err);
    /* zlib's next_in is const only with ZLIB_CONST; the input is our own buffer. */
    self->stream.next_in = self->base.input + self->base.input_position;
    self->stream.avail_in = (uInt)input_size;
    int code = inflate(&self->stream, Z_NO_FLUSH);
    self->base.input_position = self->base.input_size - self->stream.avail_in;
    self->member_ended = code == Z_STREAM_END;
    if (code == Z_MEM_ERROR)
        return ms_fail_memory(err, 1 << MAX_WBITS);
    if (code != Z_OK && code != Z_STREAM_END && code != Z_BUF_ERROR)
        return ms_fail(err, MS_MALFORMED, "archive_damaged", "the gzip data is damaged: %s",
                self->stream.msg != NULL ? self->stream.msg : "it asks for a dictionary");
    return MS_OK;
}

static ms_status gzip_read(
        ms_unpacker *unpacker, void *data, size_t size, size_t *got, ms_error *err)
{
    gzip_unpacker *self = (gzip_unpacker *)unpacker;
    ms_status status = MS_OK;
    uInt part = (uInt)MS_MIN(size, MS_UNPACKER_INPUT_SIZE);
    self->stream.next_out = data;
    self->stream.avail_out = part;
    while (status == MS_OK && self->stream.avail_out == part) {
        bool end = false;
        if (self->member_ended)
            status = next_member(self, &end, err);
        if (status != MS_OK || end)
            break;
        status = inflate_step(self, err);
    }
    *got = part - self->stream.avail_out;
    return status;
}

static void gzip_free(ms_unpacker *unpacker)
{
    gzip_unpacker *self = (gzip_unpacker *)unpacker;
    if (self->stream_ready)
        (void)inflateEnd(&self->stream);
    ms_free(self);
}

static const ms_unpacker_operations gzip_operations = {.read = gzip_read, .free = gzip_free};

ms_status ms_unpacker_new_gzip(ms_unpacker **unpacker, ms_error *err)
{
    gzip_unpacker *self = ms_calloc(1, sizeof(*self));
    *unpacker = NULL;
    if (self == NULL)
        return ms_fail_memory(err, sizeof(*self));
    self->base.operations = &gzip_operations;
    ms_zlib_set_memory(&self->stream);
    /* 16 more window bits: gzip header and trailer, nothing else. */
    if (inflateInit2(&self->stream, 16 + MAX_WBITS) != Z_OK) {
        gzip_free(&self->base);
        return ms_fail_memory(err, 1 << MAX_WBITS);
    }
    self->stream_ready = true;
    *unpacker = &self->base;
    return MS_OK;
}
