/* Where leaves of a batch come from: the store, or a copy of the model on disk. */
#include "model/leaves_priv.h"

#include <errno.h>
#include <string.h>

#include "base/alloc.h"
#include "crypto/sha256.h"
#include "platform/file.h"

typedef struct store_gets {
    ms_leaf_batch *batch;
    ms_block_get gets[MS_LEAVES_PER_BATCH_MAX];
    size_t leaves[MS_LEAVES_PER_BATCH_MAX]; /* leaf of each get */
} store_gets;

static void take_get(ms_leaf *leaf, const ms_block_get *get)
{
    /* More bytes than the chunk has room for cannot be the chunk. */
    leaf->status = get->status == MS_LIMIT ? MS_INTEGRITY : get->status;
    if (get->status == MS_INTEGRITY) {
        memcpy(leaf->actual, get->actual, sizeof(leaf->actual));
        leaf->has_actual = true;
    } else if (get->status == MS_OK && get->size != leaf->size) {
        /* The DAG, not the chunk, is wrong: the bytes are those of the CID and do not fit their place. */
        leaf->status = MS_INTEGRITY;
        ms_sha256(leaf->actual, leaf->data, get->size);
        leaf->has_actual = true;
    }
}

static ms_status get_done(void *payload, ms_block_get *const *done, size_t count, ms_error *err)
{
    (void)err;
    store_gets *gets = (store_gets *)payload;
    for (size_t i = 0; i < count; i++) {
        const size_t which = (size_t)(done[i] - gets->gets);
        take_get(&gets->batch->leaves[gets->leaves[which]], done[i]);
    }
    return MS_OK;
}

ms_status ms_leaves_from_store(ms_store *store, ms_leaf_batch *batch, ms_error *err)
{
    store_gets *gets = ms_calloc(1, sizeof(*gets));
    if (gets == NULL)
        return ms_fail_memory(err, sizeof(*gets));
    gets->batch = batch;
    size_t count = 0;
    for (size_t i = 0; i < batch->leaf_count; i++) {
        ms_leaf *leaf = &batch->leaves[i];
        if (leaf->status == MS_OK)
            continue;
        gets->leaves[count] = i;
        gets->gets[count++] = (ms_block_get){.cid = leaf->cid, .buffer = leaf->data, .buffer_size = leaf->data_size};
    }
    ms_status status = count == 0 ? MS_OK : ms_store_get_many(store, gets->gets, count, get_done, gets, err);
    ms_free(gets);
    return status;
}

ms_status ms_copy_open(ms_copy *copy, const char *path, ms_error *err)
{
    *copy = (ms_copy){.fd = -1};
    ms_file_status found;
    ms_status status = ms_file_status_at(MS_DIR_CURRENT, path, true, &found, err);
    if (status != MS_OK)
        return status;
    if (found.kind != MS_FILE_REGULAR && found.kind != MS_FILE_DIRECTORY)
        return ms_fail(err, MS_USAGE, "not_a_file", "%s is neither a file nor a folder", path);
    copy->is_folder = found.kind == MS_FILE_DIRECTORY;
    return ms_file_open(&copy->fd, MS_DIR_CURRENT, path,
            MS_OPEN_READ | (copy->is_folder ? MS_OPEN_DIRECTORY : MS_OPEN_PATH_ONLY_REGULAR), 0, err);
}

void ms_copy_close(ms_copy *copy)
{
    ms_file_close(copy->fd);
    copy->fd = -1;
}

/* The file of a copy that is open at the moment: leaves of one file follow each other. */
typedef struct copy_file {
    const char *path; /* NULL = none yet */
    int fd;
    ms_status status;
} copy_file;

/* Whether a failure speaks of the file, whose bytes are then looked for elsewhere, and not of what this process may have. */
static bool is_of_file(ms_status status, const ms_error *found)
{
    if (status != MS_IO)
        return status != MS_NO_MEMORY && status != MS_INTERRUPTED;
    switch (found->os_errno) {
    case EMFILE:
    case ENFILE:
    case ENOMEM:
    case ENOSPC:
    case EDQUOT:
        return false;
    default:
        return true;
    }
}

static ms_status open_copy_file(copy_file *file, const ms_copy *copy, const char *path, ms_error *err)
{
    file->path = path;
    file->status = MS_OK;
    if (!copy->is_folder) {
        file->fd = copy->fd;
        if (path[0] != '\0')
            file->status = MS_NOT_FOUND;
        return MS_OK;
    }
    if (path[0] == '\0') {
        file->status = MS_NOT_FOUND;
        return MS_OK;
    }
    ms_error found = MS_ERROR_INIT;
    file->status = ms_file_open(&file->fd, copy->fd, path,
            MS_OPEN_READ | MS_OPEN_BENEATH | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR, 0, &found);
    if (is_of_file(file->status, &found))
        return MS_OK;
    ms_error_copy(err, &found);
    return file->status;
}

static void close_copy_file(copy_file *file, const ms_copy *copy)
{
    if (file->fd != copy->fd)
        ms_file_close(file->fd);
    file->fd = -1;
    file->path = NULL;
}

/* MS_OK: data holds size bytes, not yet compared. */
static void read_leaf(ms_leaf *leaf, const copy_file *file)
{
    size_t got = 0;
    leaf->status = file->status;
    if (leaf->status != MS_OK)
        return;
    ms_error ignored = MS_ERROR_INIT;
    leaf->status = ms_file_read_at(file->fd, leaf->data, (size_t)leaf->size, leaf->offset, &got, &ignored);
    if (leaf->status == MS_OK && got < leaf->size) {
        leaf->status = MS_INTEGRITY;
        leaf->has_actual = got > 0;
        ms_sha256(leaf->actual, leaf->data, got);
    }
}

void ms_leaves_judge(ms_leaf *const *leaves, size_t count)
{
    if (count == 0)
        return;
    ms_span inputs[MS_LEAVES_PER_BATCH_MAX] = {{0}};
    uint8_t digests[MS_LEAVES_PER_BATCH_MAX][MS_SHA256_SIZE];
    for (size_t i = 0; i < count; i++)
        inputs[i] = ms_span_of(leaves[i]->data, (size_t)leaves[i]->size);
    ms_sha256_many(digests, inputs, count);
    for (size_t i = 0; i < count; i++) {
        leaves[i]->status = MS_OK;
        if (memcmp(digests[i], leaves[i]->cid.digest, MS_SHA256_SIZE) == 0)
            continue;
        leaves[i]->status = MS_INTEGRITY;
        leaves[i]->has_actual = true;
        memcpy(leaves[i]->actual, digests[i], MS_SHA256_SIZE);
    }
}

ms_status ms_leaves_from_copy(const ms_copy *copy, ms_leaf_batch *batch, ms_error *err)
{
    ms_leaf *read[MS_LEAVES_PER_BATCH_MAX];
    size_t count = 0;
    copy_file file = {.fd = -1};
    ms_status status = MS_OK;
    for (size_t i = 0; i < batch->leaf_count; i++) {
        ms_leaf *leaf = &batch->leaves[i];
        if (leaf->status == MS_OK)
            continue;
        if (file.path == NULL || strcmp(file.path, leaf->path) != 0) {
            if (file.path != NULL)
                close_copy_file(&file, copy);
            status = open_copy_file(&file, copy, leaf->path, err);
            if (status != MS_OK)
                break;
        }
        read_leaf(leaf, &file);
        if (leaf->status == MS_OK)
            read[count++] = leaf;
    }
    if (file.path != NULL)
        close_copy_file(&file, copy);
    ms_leaves_judge(read, count);
    for (size_t i = 0; i < count; i++)
        read[i]->is_reused = read[i]->status == MS_OK;
    return status;
}
