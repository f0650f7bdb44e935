/* A set of shard folders whose names have to be made durable. */
#include "store/fs_shards_priv.h"

#include "platform/folder.h"

void ms_fs_shards_add(ms_fs_shards *shards, const uint8_t digest[MS_SHA2_256_SIZE])
{
    unsigned index = ms_fs_shard_index(digest);
    shards->bits[index / 64] |= UINT64_C(1) << index % 64;
}

size_t ms_fs_shards_count(const ms_fs_shards *shards)
{
    size_t count = 0;

    for (size_t i = 0; i < MS_FS_SHARD_COUNT / 64; i++)
        count += (size_t)__builtin_popcountll(shards->bits[i]);
    return count;
}

ms_status ms_fs_shards_sync_each(const ms_fs_shards *shards, int blocks_fd, ms_error *err)
{
    char name[MS_FS_SHARD_NAME_SIZE];
    ms_status status = MS_OK;

    for (unsigned i = 0; status == MS_OK && i < MS_FS_SHARD_COUNT; i++) {
        if ((shards->bits[i / 64] >> i % 64 & 1) == 0)
            continue;
        ms_fs_shard_name(name, i);
        status = ms_folder_sync(blocks_fd, name, err);
    }
    return status == MS_OK ? ms_folder_sync(blocks_fd, ".", err) : status;
}
