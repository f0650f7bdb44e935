/* The journal of a session: appending to it, and recording what it names as unclaimed. */
#include "store/fs_journal_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "store/fs_layout_priv.h"

/* Digests that are moved at once. */
#define JOURNAL_STEP 128u
#define READ_STEP 4096u

static ms_status open_journal(ms_fs_batch *batch, ms_error *err)
{
    int flags = MS_OPEN_WRITE | MS_OPEN_CREATE | MS_OPEN_EXCLUSIVE | MS_OPEN_NOFOLLOW;

    if (batch->journal_fd >= 0)
        return MS_OK;
    return ms_file_open(&batch->journal_fd, batch->folder_fd, MS_FS_JOURNAL, flags, 0600, err);
}

ms_status ms_fs_journal_append(
        ms_fs_batch *batch, const ms_fs_batch_file *files, size_t count, ms_error *err)
{
    uint8_t digests[JOURNAL_STEP][MS_SHA2_256_SIZE];
    ms_status status = open_journal(batch, err);
    size_t filled = 0;

    for (size_t i = 0; status == MS_OK && i < count; i++) {
        if (!ms_fs_is_empty_folder(files[i].digest))
            memcpy(digests[filled++], files[i].digest, MS_SHA2_256_SIZE);
        if (filled < JOURNAL_STEP && i + 1 < count)
            continue;
        status = ms_file_write(batch->journal_fd, digests, filled * MS_SHA2_256_SIZE, err);
        filled = 0;
    }
    return status;
}

ms_status ms_fs_journal_each(int folder_fd, ms_fs_journal_fn take, void *payload, ms_error *err)
{
    int flags = MS_OPEN_READ | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR;
    uint8_t(*digests)[MS_SHA2_256_SIZE] = NULL;
    ms_error failure = MS_ERROR_INIT;
    size_t got = 0;
    ms_status status;
    int fd = -1;

    status = ms_file_open(&fd, folder_fd, MS_FS_JOURNAL, flags, 0, &failure);
    if (status == MS_NOT_FOUND)
        return MS_OK;
    if (status != MS_OK) {
        ms_error_copy(err, &failure);
        return status;
    }
    digests = ms_alloc(READ_STEP * sizeof(*digests));
    if (digests == NULL) {
        status = ms_fail_memory(err, READ_STEP * sizeof(*digests));
        goto done;
    }
    do {
        status = ms_file_read(fd, digests, READ_STEP * sizeof(*digests), &got, err);
        if (status == MS_OK && got >= sizeof(*digests))
            status = take(payload, (const uint8_t(*)[MS_SHA2_256_SIZE])digests, got / sizeof(*digests), err);
    } while (status == MS_OK && got == READ_STEP * sizeof(*digests));
done:
    ms_free(digests);
    ms_file_close(fd);
    return status;
}

static ms_status disclaim(void *payload, const uint8_t (*digests)[MS_SHA2_256_SIZE], size_t count, ms_error *err)
{
    return ms_state_add_unclaimed(payload, digests, count, err);
}

ms_status ms_fs_journal_disclaim(ms_state *state, int folder_fd, ms_error *err)
{
    return ms_fs_journal_each(folder_fd, disclaim, state, err);
}
