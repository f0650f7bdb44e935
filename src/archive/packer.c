/* A stream of bytes on its way into an archive file: choice of the kind, and the kind that leaves
 * bytes as they are. */
#include "archive/packer.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "platform/thread.h"

/* Small pieces (headers, padding) are gathered, so that the output sees few and large writes. */
#define PLAIN_BUFFER_SIZE ((size_t)256 << 10)

typedef struct plain_packer {
    ms_packer base;
    uint8_t *data; /* PLAIN_BUFFER_SIZE bytes */
    size_t size;   /* bytes in use */
} plain_packer;

static ms_status plain_flush(plain_packer *self, ms_error *err)
{
    size_t size = self->size;
    self->size = 0;
    if (size == 0)
        return MS_OK;
    return self->base.output.write(self->base.output.payload, self->data, size, err);
}

static ms_status plain_write(ms_packer *packer, const void *data, size_t size, ms_error *err)
{
    plain_packer *self = (plain_packer *)packer;
    if (size > PLAIN_BUFFER_SIZE - self->size) {
        ms_status status = plain_flush(self, err);
        if (status != MS_OK)
            return status;
    }
    if (size > PLAIN_BUFFER_SIZE)
        return packer->output.write(packer->output.payload, data, size, err);
    memcpy(self->data + self->size, data, size);
    self->size += size;
    return MS_OK;
}

static ms_status plain_finish(ms_packer *packer, ms_error *err)
{
    return plain_flush((plain_packer *)packer, err);
}

static void plain_free(ms_packer *packer)
{
    plain_packer *self = (plain_packer *)packer;
    ms_free(self->data);
    ms_free(self);
}

static const ms_packer_operations plain_operations = {
        .write = plain_write, .finish = plain_finish, .free = plain_free};

static ms_status plain_new(ms_packer **packer, ms_error *err)
{
    plain_packer *self = ms_calloc(1, sizeof(*self));
    uint8_t *data = ms_alloc(PLAIN_BUFFER_SIZE);
    *packer = NULL;
    if (self == NULL || data == NULL) {
        ms_free(self);
        ms_free(data);
        return ms_fail_memory(err, PLAIN_BUFFER_SIZE);
    }
    self->base.operations = &plain_operations;
    self->data = data;
    *packer = &self->base;
    return MS_OK;
}

ms_status ms_packer_new(ms_packer **packer, ms_archive_format format,
        const ms_archive_output *output, unsigned workers, ms_error *err)
{
    ms_status status;
    *packer = NULL;
    if (workers == 0)
        workers = ms_processor_count();
    workers = MS_MIN(workers, MS_PACKER_WORKERS_MAX);
    if (format == MS_ARCHIVE_TAR)
        status = plain_new(packer, err);
    else if (format == MS_ARCHIVE_TAR_GZIP)
        status = ms_packer_new_gzip(packer, workers, err);
    else if (format == MS_ARCHIVE_TAR_ZSTD)
        status = ms_packer_new_zstd(packer, workers, err);
    else
        return ms_fail(err, MS_USAGE, "archive_format",
                "archives are written as .tar, .tar.gz, .tgz or .tar.zst only");
    if (status == MS_OK)
        (*packer)->output = *output;
    return status;
}

ms_status ms_packer_write(ms_packer *packer, const void *data, size_t size, ms_error *err)
{
    if (size == 0)
        return MS_OK;
    return packer->operations->write(packer, data, size, err);
}

ms_status ms_packer_finish(ms_packer *packer, ms_error *err)
{
    return packer->operations->finish(packer, err);
}

void ms_packer_free(ms_packer *packer)
{
    if (packer != NULL)
        packer->operations->free(packer);
}
