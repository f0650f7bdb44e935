#include "model/delivery_priv.h"

#include <errno.h>
#include <string.h>

#include "archive/archive_reader.h"
#include "base/checked.h"
#include "crypto/sha256.h"
#include "model/existing_priv.h"
#include "model/outflow_priv.h"
#include "model/same_tree_priv.h"
#include "model/staging_priv.h"
#include "platform/folder.h"

/* What an unpacked archive may take, unless the disk holds less: more than any model published so far. */
#define EXTRACT_SIZE_MAX ((uint64_t)16 << 40)
#define SPACE_MARGIN ((uint64_t)1 << 20)

static ms_status fail_exists(const ms_target *target, const char *difference, ms_error *err)
{
    (void)ms_fail(err, MS_USAGE, "output_exists", "%s exists and is not this version: %s", target->path, difference);
    ms_error_set_path(err, target->path);
    ms_error_set_hint(err, "--force replaces it, reusing what it can");
    return MS_USAGE;
}

/* What the content will be: leftovers of another root, filter or form are no beginning of it. */
static void identify(const ms_delivery *delivery, const ms_target *target, char form, uint8_t identity[32])
{
    ms_sha256_stream stream;
    const ms_cid *root = &delivery->model->head.root;
    ms_sha256_init(&stream);
    ms_sha256_update(&stream, &form, 1);
    ms_sha256_update(&stream, root->digest, root->digest_size);
    ms_sha256_update(&stream, &target->format, sizeof(target->format));
    ms_path_filter_hash(delivery->filter, &stream);
    ms_sha256_final(&stream, identity);
}

static ms_status check_space(const ms_target *target, uint64_t needed, ms_error *err)
{
    uint64_t available = 0;
    ms_status status = ms_filesystem_free(target->parent_fd, &available, err);
    if (status != MS_OK || available >= needed + SPACE_MARGIN)
        return status;
    (void)ms_fail_errno(err, ENOSPC, "no_space", "%s needs %llu bytes and the file system has %llu", target->path,
            (unsigned long long)needed, (unsigned long long)available);
    ms_error_set_path(err, target->path);
    ms_error_set_hint(err, "free some space, or name an output on another disk");
    return MS_IO;
}

static ms_status open_old(const ms_target *target, ms_copy *copy, ms_error *err)
{
    copy->is_folder = target->status.kind == MS_FILE_DIRECTORY;
    return ms_file_open(&copy->fd, target->parent_fd, target->name,
            MS_OPEN_READ | MS_OPEN_NOFOLLOW | (copy->is_folder ? MS_OPEN_DIRECTORY : MS_OPEN_PATH_ONLY_REGULAR), 0, err);
}

/* What an earlier run left is kept even when nobody looked at it: a run that is stopped at once is no reason to begin again. */
static void end_staging(ms_staging *staging, uint64_t placed_chunks)
{
    if (placed_chunks == 0 && !staging->resumed)
        ms_staging_discard(staging);
    else
        ms_staging_close(staging);
}

static void start_placing(const ms_delivery *delivery, ms_placing *placing, ms_copy *copies, const ms_copy *old)
{
    size_t count = 0;
    if (old->fd != -1 && old->is_folder == delivery->is_folder_model)
        copies[count++] = *old;
    for (size_t i = 0; i < delivery->seed_count; i++)
        copies[count++] = delivery->seeds[i];
    *placing = (ms_placing){.run = delivery->run,
            .store = delivery->store,
            .model = delivery->model,
            .filter = delivery->filter,
            .is_folder_model = delivery->is_folder_model,
            .dirfd = -1,
            .copies = copies,
            .copy_count = count};
}

/* Chunks that are too small are copied all the same. Nobody knows before the walk how many: by their mean size, all or none. */
static bool is_mostly_shared(const ms_placing *placing)
{
    const ms_manifest_head *head = &placing->model->head;
    return placing->shares && (head->count == 0 || head->size / head->count >= MS_BLOCK_SHARED_SIZE_MIN);
}

/* The staged folder as the place to write to. Unless they are shared, so many bytes must be free there; NULL = nobody knows. */
static ms_status prepare_placing(
        const ms_staging *staging, const ms_target *target, const uint64_t *needed, ms_placing *placing, ms_error *err)
{
    placing->dirfd = staging->fd;
    placing->content = staging->content;
    placing->resumed = staging->resumed;
    placing->shares = ms_placing_can_share(placing);
    return is_mostly_shared(placing) || needed == NULL ? MS_OK : check_space(target, *needed, err);
}

static ms_status place_all(const ms_delivery *delivery, ms_placing *placing, ms_error *err)
{
    ms_task_progress_begin(delivery->run->task, "fetch", delivery->model->head.size);
    ms_status status = ms_placing_run(placing, err);
    ms_task_progress_end(delivery->run->task);
    if (status == MS_OK && placing->placed_chunks == 0 && placing->whole_file_count == 0)
        status = ms_selection_fail_none(err);
    return status;
}

static ms_status stage_tree(
        ms_delivery *delivery, const ms_target *target, const uint64_t *needed, ms_placing *placing, ms_error *err)
{
    ms_staging staging;
    uint8_t identity[32];
    const ms_staging_look look = {.look = ms_placing_look_again, .payload = placing};
    identify(delivery, target, 'p', identity);
    ms_status status = ms_staging_open(&staging, target, identity, delivery->run->task, err);
    if (status != MS_OK)
        return status;
    status = prepare_placing(&staging, target, needed, placing, err);
    if (status == MS_OK)
        status = place_all(delivery, placing, err);
    if (status == MS_OK)
        status = ms_staging_publish(&staging, target, delivery->force, &look, err);
    if (status != MS_OK)
        end_staging(&staging, placing->placed_chunks);
    placing->content = NULL; /* it was part of the staging */
    delivery->fetched_bytes += placing->fetched_bytes;
    delivery->reused_bytes += placing->reused_bytes;
    delivery->chunks += placing->placed_chunks;
    delivery->bad_blocks += placing->bad_blocks;
    return status;
}

/* What a dry run tells: which bytes older copies would give, and the room the new ones take. */
static void plan_tree(ms_delivery *delivery, const ms_existing *existing)
{
    const uint64_t size = delivery->selected.size;
    const uint64_t needed = size - MS_MIN(size, existing->matching_bytes);
    delivery->reused_bytes += existing->matching_bytes;
    delivery->fetched_bytes += needed;
    delivery->needed_bytes += needed;
    delivery->chunks += delivery->selected.chunks;
}

static ms_status look_at_existing(ms_delivery *delivery, const ms_target *target, const ms_placing *placing, const ms_copy *old,
        ms_existing *existing, ms_error *err)
{
    if (!target->exists)
        return MS_OK;
    ms_task_progress_begin(delivery->run->task, "verify", delivery->model->head.size);
    ms_status status = ms_existing_compare(existing, placing, old, err);
    ms_task_progress_end(delivery->run->task);
    if (status == MS_OK && !existing->is_same && !delivery->force)
        status = fail_exists(target, existing->difference == NULL ? "it differs" : existing->difference, err);
    return status;
}

ms_status ms_deliver_tree(ms_delivery *delivery, const ms_target *target, ms_error *err)
{
    ms_copy old = {.fd = -1};
    ms_copy copies[MS_PLACING_COPIES_MAX];
    ms_existing existing = {0};
    ms_placing placing;
    ms_status status = target->exists ? open_old(target, &old, err) : MS_OK;
    start_placing(delivery, &placing, copies, &old);
    if (status == MS_OK)
        status = look_at_existing(delivery, target, &placing, &old, &existing, err);
    if (status == MS_OK && target->exists && existing.is_same) {
        delivery->reused_bytes += existing.wanted_bytes;
        delivery->chunks += existing.wanted_chunks;
        if (!delivery->dry_run)
            status = ms_staging_conclude(target, delivery->run->task, err);
    } else if (status == MS_OK && delivery->dry_run) {
        plan_tree(delivery, &existing);
    } else if (status == MS_OK) {
        placing.whole = target->exists && old.is_folder ? &existing.whole : NULL;
        const uint64_t size = delivery->model->head.size;
        const uint64_t needed = size - MS_MIN(size, existing.matching_bytes);
        status = stage_tree(delivery, target, ms_path_filter_is_open(delivery->filter) ? &needed : NULL, &placing, err);
    }
    ms_existing_release(&existing);
    ms_copy_close(&old);
    return status;
}

/* Archives. */

typedef struct archive_sink {
    int fd; /* written to, or read and compared with */
    bool compares;
    bool differs;
    uint64_t offset;
} archive_sink;

static ms_status compare_piece(archive_sink *sink, const uint8_t *data, size_t size, ms_error *err)
{
    uint8_t found[65536];
    while (size > 0 && !sink->differs) {
        const size_t piece = MS_MIN(size, sizeof(found));
        size_t got = 0;
        ms_status status = ms_file_read_at(sink->fd, found, piece, sink->offset, &got, err);
        if (status != MS_OK)
            return status;
        sink->differs = got < piece || memcmp(found, data, piece) != 0;
        sink->offset += piece;
        data += piece;
        size -= piece;
    }
    return MS_OK;
}

static ms_status take_piece(void *payload, const void *data, size_t size, ms_error *err)
{
    archive_sink *sink = (archive_sink *)payload;
    return sink->compares ? compare_piece(sink, (const uint8_t *)data, size, err) : ms_file_write(sink->fd, data, size, err);
}

static ms_status pour(ms_delivery *delivery, const ms_target *target, archive_sink *sink, bool counts, ms_error *err)
{
    ms_outflow outflow = {.run = delivery->run,
            .store = delivery->store,
            .model = delivery->model,
            .filter = delivery->filter,
            .is_folder_model = delivery->is_folder_model,
            .format = target->format,
            .output = {.write = take_piece, .payload = sink},
            .copies = delivery->seeds,
            .copy_count = delivery->seed_count};
    ms_task_progress_begin(delivery->run->task, counts ? "fetch" : "verify", delivery->model->head.size);
    ms_status status = ms_outflow_run(&outflow, err);
    ms_task_progress_end(delivery->run->task);
    if (counts) {
        delivery->fetched_bytes += outflow.fetched_bytes;
        delivery->reused_bytes += outflow.reused_bytes;
    } else {
        delivery->reused_bytes += outflow.fetched_bytes + outflow.reused_bytes;
    }
    delivery->chunks += outflow.chunks;
    return status;
}

/* The archive is made again and compared as it goes by: the same bytes come out every time. */
static ms_status archive_is_same(ms_delivery *delivery, const ms_target *target, bool *is_same, ms_error *err)
{
    ms_delivery compared = *delivery;
    archive_sink sink = {.fd = -1, .compares = true};
    *is_same = false;
    if (target->status.kind != MS_FILE_REGULAR)
        return MS_OK;
    ms_status status = ms_file_open(&sink.fd, target->parent_fd, target->name,
            MS_OPEN_READ | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR, 0, err);
    if (status == MS_OK)
        status = pour(&compared, target, &sink, false, err);
    ms_file_close(sink.fd);
    *is_same = status == MS_OK && !sink.differs && sink.offset == target->status.size;
    if (*is_same) {
        delivery->reused_bytes = compared.reused_bytes;
        delivery->chunks = compared.chunks;
    }
    return status;
}

static ms_status stage_archive(ms_delivery *delivery, const ms_target *target, ms_error *err)
{
    ms_staging staging;
    uint8_t identity[32];
    archive_sink sink = {.fd = -1};
    identify(delivery, target, 'a', identity);
    ms_status status = ms_staging_open(&staging, target, identity, delivery->run->task, err);
    if (status != MS_OK)
        return status;
    status = ms_file_open(&sink.fd, staging.fd, staging.content,
            MS_OPEN_WRITE | MS_OPEN_CREATE | MS_OPEN_TRUNCATE | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR, 0644, err);
    if (status == MS_OK)
        status = pour(delivery, target, &sink, true, err);
    if (status == MS_OK)
        status = ms_file_sync(sink.fd, err);
    if (status == MS_OK) {
        status = ms_file_close_checked(sink.fd, err);
        sink.fd = -1;
    }
    ms_file_close(sink.fd);
    if (status == MS_OK)
        status = ms_staging_publish(&staging, target, delivery->force, NULL, err);
    /* Half an archive is no beginning of the next one. */
    if (status != MS_OK)
        ms_staging_discard(&staging);
    return status;
}

ms_status ms_deliver_archive(ms_delivery *delivery, const ms_target *target, ms_error *err)
{
    bool is_same = false;
    ms_status status = target->exists ? archive_is_same(delivery, target, &is_same, err) : MS_OK;
    if (status != MS_OK)
        return status;
    if (is_same)
        return delivery->dry_run ? MS_OK : ms_staging_conclude(target, delivery->run->task, err);
    if (target->exists && !delivery->force)
        return fail_exists(target, "its bytes are not those of the archive", err);
    if (!delivery->dry_run)
        return stage_archive(delivery, target, err);
    delivery->fetched_bytes += delivery->selected.size;
    delivery->needed_bytes += delivery->selected.size;
    delivery->chunks += delivery->selected.chunks;
    return MS_OK;
}

/* Extraction. */

static ms_status unpack(ms_delivery *delivery, const ms_target *archive, const ms_target *target, int dirfd, ms_error *err)
{
    int fd = -1;
    uint64_t available = 0;
    ms_archive_summary summary;
    ms_status status = ms_file_open(&fd, archive->parent_fd, archive->name,
            MS_OPEN_READ | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR, 0, err);
    if (status == MS_OK)
        status = ms_filesystem_free(target->parent_fd, &available, err);
    const ms_archive_extract_options options = {.size_max = MS_MIN(EXTRACT_SIZE_MAX, MS_MAX(available, UINT64_C(1)))};
    if (status == MS_OK)
        status = ms_archive_extract(fd, dirfd, &options, delivery->run->task, &summary, err);
    ms_file_close(fd);
    return status;
}

static ms_status publish_extraction(ms_delivery *delivery, const ms_target *target, ms_staging *staging, int tree, ms_error *err)
{
    bool is_same = false;
    ms_status status = target->exists ? ms_same_tree(staging->parent_fd, target->name, tree, delivery->run->task, &is_same, err)
                                      : MS_OK;
    if (status != MS_OK)
        return status;
    if (is_same) {
        /* Perhaps its name was given by a run that was stopped before the name was on disk. */
        status = ms_folder_sync(staging->parent_fd, ".", err);
        ms_staging_discard(staging);
        return status;
    }
    if (target->exists && !delivery->force)
        return fail_exists(target, "it is not what the archive holds", err);
    return ms_staging_publish(staging, target, delivery->force, NULL, err);
}

ms_status ms_deliver_extraction(ms_delivery *delivery, const ms_target *archive, const ms_target *target, ms_error *err)
{
    ms_staging staging;
    uint8_t identity[32];
    int tree = -1;
    if (delivery->dry_run)
        return MS_OK;
    identify(delivery, target, 'x', identity);
    ms_status status = ms_staging_open(&staging, target, identity, delivery->run->task, err);
    if (status != MS_OK)
        return status;
    if (staging.resumed)
        status = ms_folder_remove_all(staging.fd, staging.content, err);
    if (status == MS_OK)
        status = ms_folder_make(staging.fd, staging.content, 0755, NULL, err);
    if (status == MS_OK)
        status = ms_file_open(&tree, staging.fd, staging.content, MS_OPEN_READ | MS_OPEN_DIRECTORY | MS_OPEN_NOFOLLOW, 0, err);
    if (status == MS_OK)
        status = unpack(delivery, archive, target, tree, err);
    if (status == MS_OK)
        status = publish_extraction(delivery, target, &staging, tree, err);
    ms_file_close(tree);
    if (status != MS_OK)
        ms_staging_discard(&staging);
    return status;
}
