#include "model/content_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "crypto/sha256.h"
#include "manifest/chunk_tree.h"
#include "manifest/manifest_ext.h"
#include "model/batch_priv.h"
#include "model/content_dag_priv.h"
#include "model/keystore_shape_priv.h"
#include "platform/process.h"
#include "task/pipeline.h"

#define CHUNKS_PER_ITEM_MAX 1024
/* Pieces of files that are frozen at a time, each an open file: by one worker, enough for the lanes of SHA-256; by all, a part of
 * the descriptors that there are. */
#define FROZEN_PER_WORKER_MAX 16u
#define FROZEN_PER_DESCRIPTORS 4u

typedef struct content_chunk {
    size_t entry;    /* of the tree */
    uint64_t offset; /* in the file */
    size_t size;
    uint8_t *data;
    int frozen_fd; /* where its bytes were read, shared by the chunks of one piece; 0 = in the file itself */
    uint64_t frozen_offset;
    bool ends_file;
} content_chunk;

/* A batch of chunks on its way through the pipeline. */
typedef struct content_item {
    uint8_t *buffer;
    size_t used;
    size_t count;
    bool is_filled; /* bytes are in the buffer already: from a stream */
    content_chunk *chunks;
    ms_block_put *puts;
    ms_span *spans;
    uint8_t (*digests)[MS_SHA256_SIZE];
} content_item;

typedef struct putting {
    ms_run *run;
    const ms_content_source *source;
    ms_store_session *session;
    ms_content *content;
    ms_chunker chunker;
    size_t buffer_size;
    unsigned frozen_max; /* by each worker at a time; 0 = nothing is frozen */
    /* producer */
    size_t next_entry;
    uint64_t next_chunk; /* in the file */
    uint64_t next_offset;
    bool stream_ended;
    /* consumer */
    ms_content_dag dag;
    ms_chunk_tree tree;
    bool with_digests;
    ms_sha256_stream whole_file;
    ms_manifest_ext_writer ext;
} putting;

static bool has_room(const putting *put, const content_item *item, size_t size)
{
    return item->count < CHUNKS_PER_ITEM_MAX && item->used + ms_batch_room(size) <= put->buffer_size;
}

static content_chunk *add_chunk(content_item *item, size_t entry, uint64_t offset, size_t size)
{
    content_chunk *chunk = &item->chunks[item->count++];
    *chunk = (content_chunk){.entry = entry, .offset = offset, .size = size, .data = item->buffer + item->used};
    item->used += ms_batch_room(size);
    return chunk;
}

/* Producer: cut listed files. */

static void produce_from_tree(putting *put, content_item *item)
{
    const ms_source_tree *tree = put->source->tree;
    while (put->next_entry < tree->count) {
        const ms_source_entry *entry = &tree->entries[put->next_entry];
        if (entry->kind != MS_SOURCE_FILE) {
            put->next_entry++;
            continue;
        }
        uint64_t offset = 0;
        size_t size = 0;
        ms_chunker_cut(&put->chunker, &offset, &size, entry->size, put->next_chunk);
        if (!has_room(put, item, size))
            return;
        content_chunk *chunk = add_chunk(item, put->next_entry, offset, size);
        put->next_chunk++;
        chunk->ends_file = offset + size == entry->size;
        if (chunk->ends_file) {
            put->next_entry++;
            put->next_chunk = 0;
        }
    }
}

static ms_status read_full(const ms_content_source *source, uint8_t *data, size_t size, size_t *got, ms_error *err)
{
    *got = 0;
    while (*got < size) {
        size_t more = 0;
        ms_status status = source->read(source->read_payload, data + *got, size - *got, &more);
        if (status != MS_OK)
            return ms_fail(err, status, "source_read", "the stream to be stored could not be read");
        if (more == 0)
            break;
        *got += more;
    }
    return MS_OK;
}

static ms_status fail_keystore(const char *name, bool is_in_folder, ms_error *err)
{
    (void)ms_fail(err, MS_USAGE, "source_keystore", "%s is a keystore file with a private key and is not stored", name);
    if (is_in_folder)
        ms_error_set_hint(err, "leave it out with --exclude");
    return MS_USAGE;
}

/* A stream is one file; its last chunk is known only when the next read finds nothing. */
static ms_status produce_from_stream(putting *put, content_item *item, ms_error *err)
{
    item->is_filled = true;
    while (!put->stream_ended && has_room(put, item, put->chunker.chunk_size)) {
        size_t got = 0;
        ms_status status = read_full(put->source, item->buffer + item->used, put->chunker.chunk_size, &got, err);
        if (status != MS_OK)
            return status;
        put->stream_ended = got < put->chunker.chunk_size;
        if (put->stream_ended && put->next_offset == 0 &&
                ms_keystore_shape(ms_span_of(item->buffer + item->used, got), got))
            return fail_keystore("the stream", false, err);
        if (got > 0 || put->next_offset == 0)
            add_chunk(item, 0, put->next_offset, got);
        put->next_offset += got;
    }
    return MS_OK;
}

static ms_status produce(void *payload, void *slot, bool *end, ms_error *err)
{
    putting *put = (putting *)payload;
    content_item *item = (content_item *)slot;
    item->used = 0;
    item->count = 0;
    ms_status status = MS_OK;
    if (put->source->tree != NULL)
        produce_from_tree(put, item);
    else
        status = produce_from_stream(put, item, err);
    *end = item->count == 0;
    return status;
}

/* Worker: read, hash, put. */

/* Chunks of one file that follow each other lie in one piece, in the file and in the buffer. */
static size_t run_length(const content_item *item, size_t first, size_t *bytes)
{
    size_t count = 1;
    *bytes = item->chunks[first].size;
    while (first + count < item->count && item->chunks[first + count].entry == item->chunks[first].entry) {
        *bytes += item->chunks[first + count].size;
        count++;
    }
    return count;
}

/* Freeze what is read where the store can share it: then it is read there, and no writer to the file can come between the hash and
 * the block. What somebody only looks for is not stored, and small chunks are not shared. */
static int freeze_run(putting *put, int fd, content_chunk *chunks, size_t count, size_t bytes)
{
    const bool may_freeze = put->source->only == NULL && put->frozen_max > 0 && chunks[0].size >= MS_BLOCK_SHARED_SIZE_MIN;
    const int frozen = may_freeze ? ms_store_freeze(put->session, fd, chunks[0].offset, bytes) : -1;
    for (size_t i = 0; frozen >= 0 && i < count; i++) {
        chunks[i].frozen_fd = frozen;
        chunks[i].frozen_offset = chunks[i].offset - chunks[0].offset;
    }
    return frozen;
}

static bool begins_frozen(const content_chunk *chunk)
{
    return chunk->frozen_fd != 0 && chunk->frozen_offset == 0;
}

/* Pages around the cache are read whole, the last one of a file too. */
static ms_status read_bytes(
        putting *put, int fd, content_chunk *chunks, size_t count, size_t bytes, size_t *got, ms_error *err)
{
    const int frozen = freeze_run(put, fd, chunks, count, bytes);
    return frozen < 0 ? ms_file_read_at(fd, chunks[0].data, bytes, chunks[0].offset, got, err)
                      : ms_file_read_at(frozen, chunks[0].data, ms_batch_room(bytes), 0, got, err);
}

/* Also after a full read: what was read must be the file that was listed. Files of the kernel say that they have no bytes, and give
 * some. */
static ms_status check_read(const ms_content_source *source, const ms_source_entry *entry, int fd, ms_error *err)
{
    const ms_source_tree *tree = source->tree;
    uint8_t byte;
    size_t got = 0;
    ms_status status = entry->size == 0 && source->only == NULL ? ms_file_read_at(fd, &byte, sizeof(byte), 0, &got, err) : MS_OK;
    if (status == MS_OK)
        status = ms_source_check_file(entry, fd, err);
    if (status != MS_OK || got == 0)
        return status;
    (void)ms_fail(err, MS_USAGE, "source_size", "%s has bytes and says that its size is 0, as files of the kernel do",
            tree->is_folder ? entry->path : tree->stored_name);
    ms_error_set_hint(err, "store a copy of it; '-' stores a stream");
    return MS_USAGE;
}

static ms_status read_run(putting *put, content_chunk *first, size_t count, size_t bytes, ms_error *err)
{
    const ms_source_tree *tree = put->source->tree;
    const ms_source_entry *entry = &tree->entries[first->entry];
    int fd = -1;
    size_t got = 0;
    ms_status status = ms_source_open_file(tree, entry, &fd, err);
    if (status != MS_OK)
        return status;
    status = read_bytes(put, fd, first, count, bytes, &got, err);
    if (status == MS_OK)
        status = check_read(put->source, entry, fd, err);
    if (status == MS_OK && got < bytes)
        status = ms_fail(err, MS_INTEGRITY, "source_changed", "%s became shorter while it was read", entry->path);
    /* Of what is only searched nothing gets in that was not stored before. */
    if (status == MS_OK && first->offset == 0 && put->source->only == NULL &&
            ms_keystore_shape(ms_span_of(first->data, bytes), entry->size))
        status = tree->is_folder ? fail_keystore(entry->path, true, err) : fail_keystore(tree->stored_name, false, err);
    if (status != MS_OK)
        ms_error_set_path(err, entry->path);
    ms_source_close_file(tree, fd);
    return status;
}

/* Read the chunks from first on, to the end of the item or as far as files may be frozen at a time: *end. */
static ms_status read_part(putting *put, content_item *item, size_t first, size_t *end, ms_error *err)
{
    ms_status status = MS_OK;
    unsigned frozen = 0;
    *end = first;
    while (status == MS_OK && *end < item->count && (frozen == 0 || frozen < put->frozen_max)) {
        content_chunk *chunk = &item->chunks[*end];
        size_t bytes = 0;
        const size_t count = run_length(item, *end, &bytes);
        status = read_run(put, chunk, count, bytes, err);
        frozen += begins_frozen(chunk);
        *end += count;
    }
    return status;
}

/* Only the chunks that somebody asked for, one by one: they are few. */
static ms_status put_wanted(putting *put, content_item *item, size_t first, size_t end, ms_error *err)
{
    ms_status status = MS_OK;
    for (size_t i = first; status == MS_OK && i < end; i++) {
        item->puts[i].was_present = true;
        if (ms_digest_set_find(put->source->only, item->digests[i]) != NULL)
            status = ms_store_put_many(put->session, &item->puts[i], 1, err);
    }
    return status;
}

static ms_status hash_and_put(putting *put, content_item *item, size_t first, size_t end, ms_error *err)
{
    for (size_t i = first; i < end; i++)
        item->spans[i] = ms_span_of(item->chunks[i].data, item->chunks[i].size);
    ms_sha256_many(&item->digests[first], &item->spans[first], end - first);
    for (size_t i = first; i < end; i++)
        item->puts[i] = (ms_block_put){.cid = ms_cid_sha256(MS_CODEC_RAW, item->digests[i]),
                .block = item->spans[i],
                .buffer_size = ms_batch_room(item->spans[i].size),
                .frozen_fd = item->chunks[i].frozen_fd,
                .frozen_offset = item->chunks[i].frozen_offset};
    return put->source->only == NULL ? ms_store_put_many(put->session, &item->puts[first], end - first, err)
                                     : put_wanted(put, item, first, end, err);
}

static ms_status work(void *payload, unsigned worker, void *slot, ms_error *err)
{
    (void)worker;
    putting *put = (putting *)payload;
    content_item *item = (content_item *)slot;
    ms_status status = MS_OK;
    for (size_t first = 0, end = item->count; status == MS_OK && first < item->count; first = end) {
        if (!item->is_filled)
            status = read_part(put, item, first, &end, err);
        if (status == MS_OK)
            status = hash_and_put(put, item, first, end, err);
        for (size_t i = first; i < end; i++)
            if (begins_frozen(&item->chunks[i]))
                ms_file_close(item->chunks[i].frozen_fd);
    }
    return status;
}

/* Consumer: DAG, chunk tree, counts, in order. */

static ms_status end_file(putting *put, size_t entry, ms_error *err)
{
    put->content->file_count++;
    ms_status status = ms_content_dag_end_file(&put->dag, entry, err);
    if (status != MS_OK || !put->with_digests)
        return status;
    uint8_t digest[MS_SHA256_SIZE];
    ms_sha256_final(&put->whole_file, digest);
    ms_sha256_init(&put->whole_file);
    return ms_manifest_ext_writer_add(&put->ext, digest, err);
}

static ms_status consume_chunk(putting *put, const content_item *item, size_t i, ms_error *err)
{
    const content_chunk *chunk = &item->chunks[i];
    ms_content *content = put->content;
    ms_chunk_tree_add(&put->tree, item->digests[i]);
    content->chunk_count++;
    content->total_size += chunk->size;
    if (!item->puts[i].was_present) {
        content->new_chunks++;
        content->new_bytes += chunk->size;
    }
    if (put->with_digests)
        ms_sha256_update(&put->whole_file, chunk->data, chunk->size);
    ms_task_progress_add(put->run->task, chunk->size, item->puts[i].was_present ? chunk->size : 0);
    ms_status status = ms_content_dag_add_chunk(&put->dag, &item->puts[i].cid, chunk->size, err);
    return status == MS_OK && chunk->ends_file ? end_file(put, chunk->entry, err) : status;
}

static ms_status consume(void *payload, void *slot, ms_error *err)
{
    putting *put = (putting *)payload;
    const content_item *item = (const content_item *)slot;
    for (size_t i = 0; i < item->count; i++) {
        ms_status status = consume_chunk(put, item, i, err);
        if (status != MS_OK)
            return status;
    }
    return MS_OK;
}

static void free_items(content_item *items, size_t count)
{
    for (size_t i = 0; items != NULL && i < count; i++) {
        ms_free_aligned(items[i].buffer);
        ms_free(items[i].chunks);
        ms_free(items[i].puts);
        ms_free(items[i].spans);
        ms_free(items[i].digests);
    }
    ms_free(items);
}

static ms_status new_items(content_item **items, size_t count, size_t buffer_size, ms_error *err)
{
    *items = ms_calloc(count, sizeof(**items));
    if (*items == NULL)
        return ms_fail_memory(err, count * sizeof(**items));
    for (size_t i = 0; i < count; i++) {
        content_item *item = &(*items)[i];
        item->buffer = ms_batch_buffer_new(buffer_size);
        item->chunks = ms_calloc(CHUNKS_PER_ITEM_MAX, sizeof(*item->chunks));
        item->puts = ms_calloc(CHUNKS_PER_ITEM_MAX, sizeof(*item->puts));
        item->spans = ms_calloc(CHUNKS_PER_ITEM_MAX, sizeof(*item->spans));
        item->digests = ms_calloc(CHUNKS_PER_ITEM_MAX, sizeof(*item->digests));
        if (item->buffer == NULL || item->chunks == NULL || item->puts == NULL || item->spans == NULL ||
                item->digests == NULL)
            return ms_fail_memory(err, buffer_size);
    }
    return MS_OK;
}

static ms_status finish(putting *put, ms_error *err)
{
    ms_content *content = put->content;
    ms_status status = MS_OK;
    if (put->source->tree == NULL)
        status = end_file(put, 0, err);
    if (status == MS_OK)
        status = ms_content_dag_finish(&put->dag, &content->root, err);
    if (status == MS_OK)
        status = ms_chunk_tree_root(&put->tree, content->chunk_root, err);
    if (status == MS_OK && put->with_digests) {
        status = ms_manifest_ext_writer_finish(&put->ext, &content->ext, err);
        content->has_ext = status == MS_OK;
    }
    return status;
}

/* The sink of a run that puts only what somebody asked for. */
static ms_status put_wanted_node(void *payload, const ms_cid *cid, ms_span block, ms_error *err)
{
    const putting *put = (const putting *)payload;
    if (ms_digest_set_find(put->source->only, cid->digest) == NULL)
        return MS_OK;
    const ms_block_sink sink = ms_store_session_sink(put->session);
    return sink.put(sink.payload, cid, block, err);
}

ms_status ms_content_put(ms_run *run, const ms_content_source *source, ms_store_session *session, const ms_chunker *chunker,
        bool with_digests, ms_content *content, ms_error *err)
{
    *content = (ms_content){0};
    putting put = {.run = run,
            .source = source,
            .session = session,
            .content = content,
            .chunker = *chunker,
            .buffer_size = ms_batch_buffer_size(run->storage),
            .with_digests = with_digests};
    ms_block_sink sink = ms_store_session_sink(session);
    if (source->only != NULL)
        sink = (ms_block_sink){.put = put_wanted_node, .payload = &put};
    const unsigned workers = ms_batch_workers(run->task);
    put.frozen_max = MS_MIN(FROZEN_PER_WORKER_MAX, ms_process_descriptor_max() / FROZEN_PER_DESCRIPTORS / workers);
    const size_t count = ms_batch_count(workers);
    const ms_pipeline_stages stages = {.produce = produce, .work = work, .consume = consume, .payload = &put};
    content_item *items = NULL;
    ms_content_dag_init(&put.dag, source->tree, sink);
    ms_chunk_tree_init(&put.tree);
    ms_sha256_init(&put.whole_file);
    ms_manifest_ext_writer_init(&put.ext, sink);
    ms_task_progress_begin(run->task, "store", source->tree == NULL ? 0 : source->tree->total_size);
    ms_status status = new_items(&items, count, put.buffer_size, err);
    if (status == MS_OK)
        status = ms_pipeline_run(run->task, &stages, items, sizeof(*items), count, workers, err);
    if (status == MS_OK)
        status = finish(&put, err);
    ms_task_progress_end(run->task);
    free_items(items, count);
    ms_manifest_ext_writer_release(&put.ext);
    ms_content_dag_release(&put.dag);
    return status;
}
