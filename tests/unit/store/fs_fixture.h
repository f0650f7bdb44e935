/* An embedded store in a temporary folder, for the tests of src/store/fs_*. Header only; cmocka is
 * included before. The home is "home" below the folder. */
#ifndef UNIT_STORE_FS_FIXTURE_H
#define UNIT_STORE_FS_FIXTURE_H

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "crypto/sha256.h"
#include "doubles/faulty_sys.h"
#include "doubles/temporary_folder.h"
#include "platform/folder.h"
#include "store/fs_layout_priv.h"
#include "store/fs_store.h"

#define EMPTY_FOLDER_FILE "home/blocks/X3/CIQFTFEEHEDF6KLBT32BFAGLXEZL4UWFNWM4LFTLMXQBCERZ6CMLX3Y.data"

/* Sizes of the blocks that fixture_block makes: small, with a tail, and large enough for direct I/O. */
#define FIXTURE_BLOCKS 6
static const size_t fixture_sizes[FIXTURE_BLOCKS] = {0, 11, 4096, 5000, 70000, 131072};

typedef struct fixture_bytes {
    _Alignas(4096) uint8_t data[131072];
    size_t size;
    ms_cid cid;
} fixture_bytes;

/* The same bytes for the same number; the array lives until the next call of the same slot. */
static inline const fixture_bytes *fixture_block(unsigned number)
{
    static fixture_bytes blocks[FIXTURE_BLOCKS];
    fixture_bytes *block = &blocks[number % FIXTURE_BLOCKS];
    uint8_t digest[32];

    block->size = fixture_sizes[number % FIXTURE_BLOCKS];
    for (size_t i = 0; i < block->size; i++)
        block->data[i] = (uint8_t)(i * 31 + number + (i >> 8));
    ms_sha256(digest, block->data, block->size);
    block->cid = ms_cid_sha256(MS_CODEC_RAW, digest);
    return block;
}

typedef struct opened_store {
    ms_state *state;
    ms_store *store;
} opened_store;

static inline opened_store fixture_open(const temporary_folder *folder, uint64_t batch_bytes)
{
    const char *home = temporary_path(folder, "home");
    opened_store opened = {0};
    ms_fs_store_options options = {.home = home, .batch_bytes = batch_bytes};

    if (ms_state_open(&opened.state, home, NULL) != MS_OK)
        abort();
    options.state = opened.state;
    if (ms_fs_store_open(&opened.store, &options, NULL) != MS_OK)
        abort();
    return opened;
}

static inline void fixture_close(opened_store *opened)
{
    ms_store_close(opened->store);
    ms_state_close(opened->state);
}

static inline ms_status fixture_put(ms_store_session *session, unsigned number, bool *was_present, ms_error *err)
{
    const fixture_bytes *block = fixture_block(number);
    ms_block_put put = {.cid = block->cid,
            .block = ms_span_of(block->data, block->size),
            .buffer_size = sizeof(block->data)};
    ms_status status = ms_store_put_many(session, &put, 1, err);

    if (was_present != NULL)
        *was_present = put.was_present;
    return status;
}

/* Put count blocks from first on in one session, and commit. */
static inline ms_status fixture_store(ms_store *store, unsigned first, unsigned count, ms_error *err)
{
    ms_store_session *session = NULL;
    ms_status status = ms_store_begin(store, &session, NULL, err);

    if (status != MS_OK)
        return status;
    for (unsigned i = first; status == MS_OK && i < first + count; i++)
        status = fixture_put(session, i, NULL, err);
    if (status == MS_OK)
        return ms_store_commit(&session, err);
    ms_store_abort(&session);
    return status;
}

/* MS_OK: the block is there with its bytes. */
static inline ms_status fixture_get(ms_store *store, unsigned number, ms_error *err)
{
    ms_buffer bytes;
    ms_cid cid = fixture_block(number)->cid;
    ms_status status;

    ms_buffer_init(&bytes, MS_BLOCK_SIZE_IN_MAX);
    status = ms_store_get(store, &cid, &bytes, err);
    ms_buffer_release(&bytes);
    return status;
}

static inline const char *fixture_path(const temporary_folder *folder, const ms_cid *cid)
{
    static char paths[4][128];
    static unsigned next;
    char *path = paths[next++ % 4];
    char name[MS_FS_NAME_SIZE];

    (void)folder;
    ms_fs_block_name(name, cid->digest);
    snprintf(path, sizeof(paths[0]), "home/blocks/%s", name);
    return path;
}

static inline bool fixture_exists(const temporary_folder *folder, const char *name)
{
    return faccessat(folder->fd, name, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* Names in a folder, 0 when there is none. */
static inline unsigned fixture_count(const temporary_folder *folder, const char *name)
{
    return fixture_exists(folder, name) ? temporary_count(folder, name) : 0;
}

/* Replace a block's file by other bytes. */
static inline void fixture_replace(const temporary_folder *folder, const ms_cid *cid, const void *data, size_t size)
{
    const char *path = fixture_path(folder, cid);

    assert_int_equal(unlinkat(folder->fd, path, 0), 0);
    temporary_write(folder, path, data, size);
}

static inline ms_status fixture_count_cid(void *payload, const ms_cid *cid, uint64_t size, ms_error *err)
{
    (void)cid;
    (void)size;
    (void)err;
    ++*(unsigned *)payload;
    return MS_OK;
}

static inline unsigned fixture_unclaimed(ms_store *store)
{
    unsigned count = 0;
    assert_int_equal(ms_store_each_unclaimed(store, fixture_count_cid, &count, NULL), MS_OK);
    return count;
}

static inline unsigned fixture_listed(ms_store *store)
{
    unsigned count = 0;
    assert_int_equal(ms_store_each(store, fixture_count_cid, &count, NULL), MS_OK);
    return count;
}

/* Remove the home. */
static inline void fixture_clear(const temporary_folder *folder)
{
    assert_int_equal(ms_folder_remove_all(folder->fd, "home", NULL), MS_OK);
}

static inline int fixture_setup(void **state)
{
    faulty_reset();
    return temporary_folder_setup(state);
}

#endif
