/* The zstd kind of packer: one frame, compressed by the threads of libzstd. Its job size is fixed here
 * and at least one worker is used, which makes the output the same for every number of workers. */
#include "archive/packer.h"

#include <zstd.h>
#include <zstd_errors.h>

#include "base/alloc.h"

/* Weights gain nothing from level 3 and lose a tenth of the speed: mantissas are noise. */
#define ZSTD_LEVEL 1
#define ZSTD_JOB_SIZE (4 * 1024 * 1024)
#define OUT_SIZE ((size_t)256 << 10)

typedef struct zstd_packer {
    ms_packer base;
    ZSTD_CCtx *context;
    uint8_t *out; /* OUT_SIZE bytes */
} zstd_packer;

static ms_status fail_zstd(ms_error *err, size_t code)
{
    if (ZSTD_getErrorCode(code) == ZSTD_error_memory_allocation)
        return ms_fail_memory(err, (size_t)ZSTD_JOB_SIZE);
    return ms_fail(err, MS_INTERNAL, "archive_zstd", "zstd cannot compress: %s",
            ZSTD_getErrorName(code));
}

/* One step: whatever libzstd has ready is written out; *left is 0 when it holds nothing back. */
static ms_status compress_step(zstd_packer *self, ZSTD_inBuffer *in, ZSTD_EndDirective directive,
        size_t *left, ms_error *err)
{
    ZSTD_outBuffer out = {.dst = self->out, .size = OUT_SIZE, .pos = 0};
    *left = ZSTD_compressStream2(self->context, &out, in, directive);
    if (ZSTD_isError(*left))
        return fail_zstd(err, *left);
    if (out.pos == 0)
        return MS_OK;
    return self->base.output.write(self->base.output.payload, self->out, out.pos, err);
}

static ms_status zstd_write(ms_packer *packer, const void *data, size_t size, ms_error *err)
{
    ZSTD_inBuffer in = {.src = data, .size = size, .pos = 0};
    ms_status status = MS_OK;
    size_t left;
    while (status == MS_OK && in.pos < in.size)
        status = compress_step((zstd_packer *)packer, &in, ZSTD_e_continue, &left, err);
    return status;
}

static ms_status zstd_finish(ms_packer *packer, ms_error *err)
{
    ZSTD_inBuffer in = {.src = NULL, .size = 0, .pos = 0};
    ms_status status = MS_OK;
    size_t left = 1;
    while (status == MS_OK && left != 0)
        status = compress_step((zstd_packer *)packer, &in, ZSTD_e_end, &left, err);
    return status;
}

static void zstd_free(ms_packer *packer)
{
    zstd_packer *self = (zstd_packer *)packer;
    ZSTD_freeCCtx(self->context);
    ms_free(self->out);
    ms_free(self);
}

static const ms_packer_operations zstd_operations = {
        .write = zstd_write, .finish = zstd_finish, .free = zstd_free};

static ms_status set_parameter(
        zstd_packer *self, ZSTD_cParameter parameter, int value, ms_error *err)
{
    size_t code = ZSTD_CCtx_setParameter(self->context, parameter, value);
    return ZSTD_isError(code) ? fail_zstd(err, code) : MS_OK;
}

static ms_status configure(zstd_packer *self, unsigned workers, ms_error *err)
{
    ms_status status = set_parameter(self, ZSTD_c_compressionLevel, ZSTD_LEVEL, err);
    if (status == MS_OK)
        status = set_parameter(self, ZSTD_c_checksumFlag, 1, err);
    /* A libzstd that was built without threads refuses; its frames are then cut differently. */
    if (status == MS_OK && ZSTD_cParam_getBounds(ZSTD_c_nbWorkers).upperBound > 0) {
        status = set_parameter(self, ZSTD_c_nbWorkers, (int)workers, err);
        if (status == MS_OK)
            status = set_parameter(self, ZSTD_c_jobSize, ZSTD_JOB_SIZE, err);
    }
    return status;
}

ms_status ms_packer_new_zstd(ms_packer **packer, unsigned workers, ms_error *err)
{
    ms_status status;
    zstd_packer *self = ms_calloc(1, sizeof(*self));
    *packer = NULL;
    if (self == NULL)
        return ms_fail_memory(err, sizeof(*self));
    self->base.operations = &zstd_operations;
    self->context = ZSTD_createCCtx();
    self->out = ms_alloc(OUT_SIZE);
    if (self->context == NULL || self->out == NULL)
        status = ms_fail_memory(err, OUT_SIZE);
    else
        status = configure(self, workers, err);
    if (status == MS_OK)
        *packer = &self->base;
    else
        zstd_free(&self->base);
    return status;
}
