/* The zstd kind of unpacker: frames one after another, with a bounded window, checksums verified by
 * libzstd. Source: RFC 8878. */
#include "archive/unpacker.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "base/alloc.h"

typedef struct zstd_unpacker {
    ms_unpacker base;
    ZSTD_DCtx *context;
    bool frame_open; /* the last call left a frame unfinished */
} zstd_unpacker;

static ms_status fail_zstd(ms_error *err, size_t code)
{
    if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
        return ms_fail_memory(err, (size_t)1 << MS_UNPACKER_ZSTD_WINDOW_LOG_MAX);
    if (ZSTD_getErrorCode(code) == ZSTD_error_frameParameter_windowTooLarge)
        return ms_fail(err, MS_LIMIT, "archive_zstd_window",
                "the zstd data needs a window of more than %d MiB",
                1 << (MS_UNPACKER_ZSTD_WINDOW_LOG_MAX - 20));
    return ms_fail(err, MS_MALFORMED, "archive_damaged", "the zstd data is damaged: %s",
            ZSTD_getErrorName(code));
}

static ms_status zstd_read(
        ms_unpacker *unpacker, void *data, size_t size, size_t *got, ms_error *err)
{
    zstd_unpacker *self = (zstd_unpacker *)unpacker;
    ZSTD_outBuffer out = {.dst = data, .size = size, .pos = 0};
    *got = 0;
    while (out.pos == 0) {
        const uint8_t *input;
        size_t input_size;
        ms_status status = ms_unpacker__input(unpacker, &input, &input_size, err);
        if (status != MS_OK)
            return status;
        if (input_size == 0 && !self->frame_open)
            return MS_OK;
        ZSTD_inBuffer in = {.src = input, .size = input_size, .pos = 0};
        size_t code = ZSTD_decompressStream(self->context, &out, &in);
        if (ZSTD_isError(code))
            return fail_zstd(err, code);
        unpacker->input_position += in.pos;
        /* An unfinished frame may still hold output back, so the end of the file alone is no proof. */
        if (input_size == 0 && out.pos == 0 && code != 0)
            return ms_unpacker__fail_truncated(unpacker, err);
        self->frame_open = code != 0;
    }
    *got = out.pos;
    return MS_OK;
}

static void zstd_free(ms_unpacker *unpacker)
{
    zstd_unpacker *self = (zstd_unpacker *)unpacker;
    ZSTD_freeDCtx(self->context);
    ms_free(self);
}

static const ms_unpacker_operations zstd_operations = {.read = zstd_read, .free = zstd_free};

ms_status ms_unpacker_new_zstd(ms_unpacker **unpacker, ms_error *err)
{
    zstd_unpacker *self = ms_calloc(1, sizeof(*self));
    *unpacker = NULL;
    if (self == NULL)
        return ms_fail_memory(err, sizeof(*self));
    self->base.operations = &zstd_operations;
    self->context = ZSTD_createDCtx();
    if (self->context == NULL) {
        zstd_free(&self->base);
        return ms_fail_memory(err, sizeof(*self));
    }
    size_t code = ZSTD_DCtx_setParameter(
            self->context, ZSTD_d_windowLogMax, MS_UNPACKER_ZSTD_WINDOW_LOG_MAX);
    if (ZSTD_isError(code)) {
        zstd_free(&self->base);
        return ms_fail(err, MS_INTERNAL, "archive_zstd", "zstd refuses a limit for its window: %s",
                ZSTD_getErrorName(code));
    }
    *unpacker = &self->base;
    return MS_OK;
}
