/* The walk is a stack of frames, one for each open node of a file and one for each open folder, and
 * a phase that says what the next call does. State changes only after a read has succeeded, so that
 * a read that failed can be tried again. */
#include "unixfs/walk.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "codec/path.h"
#include "unixfs/dag_pb.h"
#include "unixfs/folder_reader.h"
#include "unixfs/unixfs_node.h"

#define MODEL_SIZE_MAX (UINT64_MAX >> 1)

typedef enum phase {
    PHASE_START,    /* the root is not read yet */
    PHASE_STEP,     /* take the next child of the highest frame */
    PHASE_ANNOUNCE, /* a node of a folder was read: say what it is */
    PHASE_ENTER,    /* push the node that was read */
    PHASE_LEAF,     /* the file is one raw block, which comes next */
    PHASE_FILE_END,
    PHASE_END,
    PHASE_FAILED
} phase;

typedef struct walk_frame {
    bool is_folder;
    /* a file node */
    ms_buffer block; /* what links and sizes point into */
    ms_dag_pb_links links;
    ms_unixfs_sizes sizes;
    ms_dag_pb_links links_ahead;
    /* a folder */
    ms_folder folder;
    bool is_sorted;
    size_t path_size; /* bytes of the folder's own path */
    /* both */
    size_t next;  /* index of the next child */
    size_t ahead; /* index of the first child that no hint has named */
} walk_frame;

struct ms_walk {
    ms_block_source source;
    ms_cid root;
    phase phase;
    bool can_skip;
    bool is_expecting;
    bool has_skipped;
    bool has_source_failed; /* in the present call */
    uint64_t expected_size;
    uint64_t expected_count;
    uint64_t first_chunk; /* the first to announce */
    uint64_t chunk_size;  /* 0: cuts are not looked at, and first_chunk is 0 */
    /* of the model so far */
    uint64_t size;
    uint64_t files;
    uint64_t folders;
    uint64_t chunks;
    size_t entries;
    /* of the present file or folder */
    ms_cid cid;
    uint64_t file_size;
    uint64_t offset;
    ms_buffer path;
    /* the block that was read last */
    ms_buffer block;
    ms_dag_pb node;
    ms_unixfs_node unixfs;
    size_t open_bytes;
    size_t frame_count;
    walk_frame frames[MS_WALK_DEPTH_MAX];
};

static ms_status malformed(ms_error *err, const char *reason, const char *sentence)
{
    return ms_fail(err, MS_MALFORMED, reason, "%s", sentence);
}

ms_status ms_walk_open(
        ms_walk **walk, const ms_cid *root, const ms_block_source *source, ms_error *err)
{
    *walk = ms_calloc(1, sizeof **walk);
    if (*walk == NULL)
        return ms_fail_memory(err, sizeof **walk);
    (*walk)->source = *source;
    (*walk)->root = *root;
    ms_buffer_init(&(*walk)->path, MS_PATH_SIZE_MAX + MS_PATH_NAME_SIZE_MAX + 2);
    ms_buffer_init(&(*walk)->block, MS_DAG_BLOCK_SIZE_MAX);
    return MS_OK;
}

static void pop_frame(ms_walk *walk)
{
    walk_frame *top = &walk->frames[--walk->frame_count];

    walk->open_bytes -= top->block.size;
    ms_buffer_release(&top->block);
    ms_folder_release(&top->folder);
    *top = (walk_frame){0};
}

void ms_walk_close(ms_walk *walk)
{
    if (walk == NULL)
        return;
    while (walk->frame_count > 0)
        pop_frame(walk);
    ms_buffer_release(&walk->path);
    ms_buffer_release(&walk->block);
    ms_free(walk);
}

void ms_walk_expect(ms_walk *walk, uint64_t size, uint64_t count)
{
    assert(walk->phase == PHASE_START);
    walk->is_expecting = true;
    walk->expected_size = size;
    walk->expected_count = count;
}

void ms_walk_begin_at(ms_walk *walk, uint64_t first, uint64_t chunk_size)
{
    assert(walk->phase == PHASE_START && chunk_size > 0);
    walk->first_chunk = first;
    walk->chunk_size = chunk_size;
}

void ms_walk_skip(ms_walk *walk)
{
    if (!walk->can_skip)
        return;
    walk->can_skip = false;
    walk->has_skipped = true;
    walk->phase = walk->frame_count == 0 ? PHASE_END : PHASE_STEP;
}

/* Reading */

static ms_status check_codec(const ms_cid *cid, ms_error *err)
{
    if (cid->hash == MS_HASH_SHA2_256 &&
            (cid->codec == MS_CODEC_RAW || cid->codec == MS_CODEC_DAG_PB))
        return MS_OK;
    return malformed(err, "unixfs_codec",
            "The DAG leads to a block that is neither raw nor dag-pb, or not named by SHA-256");
}

/* A failure is about this node of this file: say so once, here. */
static ms_status blame(ms_walk *walk, const ms_cid *cid, ms_status status, ms_error *err)
{
    char text[MS_CID_TEXT_SIZE];

    if (status == MS_OK)
        return MS_OK;
    ms_cid_format(cid, text);
    ms_error_set_cid(err, text);
    if (walk->path.size > 0 && ms_buffer_text(&walk->path) != NULL)
        ms_error_set_path(err, ms_buffer_text(&walk->path));
    return status;
}

/* Get and decode a dag-pb block into walk->block, node and unixfs. */
static ms_status read_node(ms_walk *walk, const ms_cid *cid, ms_error *err)
{
    ms_status status = check_codec(cid, err);

    if (status == MS_OK) {
        ms_buffer_clear(&walk->block);
        status = walk->source.get(walk->source.payload, cid, &walk->block, err);
        walk->has_source_failed = status != MS_OK;
        if (status != MS_OK)
            return status;
    }
    if (status == MS_OK)
        status = ms_dag_pb_decode(&walk->node, ms_buffer_span(&walk->block), err);
    if (status == MS_OK)
        status = ms_unixfs_node_decode(&walk->unixfs, walk->node.data, walk->node.link_count, err);
    return blame(walk, cid, status, err);
}

/* The node just read as the whole file, or a part of it, in the one form that is read. */
static ms_status check_file_form(const ms_walk *walk, ms_error *err)
{
    if (walk->unixfs.type == MS_UNIXFS_FILE && walk->unixfs.data.size == 0 &&
            walk->node.link_count > 0)
        return MS_OK;
    return malformed(err, "unixfs_form",
            "A file holds bytes inside a dag-pb node, or is a symbolic link; this form is not "
            "supported");
}

/* Hints */

static void hint_file(ms_walk *walk, walk_frame *frame)
{
    ms_cid cids[MS_WALK_PREFETCH_MAX];
    ms_dag_pb_link link;
    size_t count = 0;

    if (walk->source.prefetch == NULL || frame->next < frame->ahead)
        return;
    for (size_t i = 0; i < MS_WALK_PREFETCH_MAX && ms_dag_pb_next(&frame->links_ahead, &link);
            i++) {
        if (link.cid.codec == MS_CODEC_DAG_PB)
            cids[count++] = link.cid;
        frame->ahead++;
    }
    if (count > 0)
        walk->source.prefetch(walk->source.payload, cids, count);
}

static void hint_folder(ms_walk *walk, walk_frame *frame)
{
    ms_cid cids[MS_WALK_PREFETCH_MAX];
    size_t count = 0;

    if (walk->source.prefetch == NULL || frame->next < frame->ahead)
        return;
    for (size_t i = 0; i < MS_WALK_PREFETCH_MAX && frame->ahead < frame->folder.count; i++) {
        const ms_cid *cid = &frame->folder.entries[frame->ahead++].cid;

        if (cid->codec == MS_CODEC_DAG_PB)
            cids[count++] = *cid;
    }
    if (count > 0)
        walk->source.prefetch(walk->source.payload, cids, count);
}

static void hint_shards(ms_walk *walk, ms_folder *folder)
{
    ms_cid cids[MS_WALK_PREFETCH_MAX];
    size_t count;

    if (walk->source.prefetch == NULL)
        return;
    count = ms_folder_hint_shards(folder, cids, MS_WALK_PREFETCH_MAX);
    if (count > 0)
        walk->source.prefetch(walk->source.payload, cids, count);
}

/* Frames */

static ms_status push_frame(ms_walk *walk, walk_frame **pushed, ms_error *err)
{
    if (walk->frame_count == MS_WALK_DEPTH_MAX)
        return ms_fail(
                err, MS_LIMIT, "dag_depth", "The DAG is deeper than %d nodes", MS_WALK_DEPTH_MAX);
    *pushed = &walk->frames[walk->frame_count++];
    **pushed = (walk_frame){0};
    return MS_OK;
}

/* The frame takes the block that was read: its links point into it. */
static ms_status push_file_node(ms_walk *walk, ms_error *err)
{
    walk_frame *pushed;
    ms_status status;

    if (walk->block.size > MS_WALK_OPEN_BYTES_MAX - walk->open_bytes)
        return ms_fail(err, MS_LIMIT, "dag_open_bytes",
                "The nodes on the way to one chunk have more than %zu bytes",
                MS_WALK_OPEN_BYTES_MAX);
    status = push_frame(walk, &pushed, err);
    if (status != MS_OK)
        return status;
    pushed->block = walk->block;
    pushed->links = ms_dag_pb_links_of(&walk->node);
    pushed->links_ahead = pushed->links;
    pushed->sizes = ms_unixfs_sizes_of(&walk->unixfs);
    walk->open_bytes += pushed->block.size;
    ms_buffer_init(&walk->block, MS_DAG_BLOCK_SIZE_MAX);
    return MS_OK;
}

static ms_status push_folder(ms_walk *walk, ms_error *err)
{
    size_t entries_max = MS_MODEL_FILES_MAX + MS_MODEL_FOLDERS_MAX - walk->entries;
    walk_frame *pushed;
    ms_status status = push_frame(walk, &pushed, err);

    if (status != MS_OK)
        return status;
    pushed->is_folder = true;
    pushed->path_size = walk->path.size;
    ms_folder_init(&pushed->folder, entries_max);
    status = ms_folder_start(&pushed->folder, &walk->node, &walk->unixfs, err);
    return blame(walk, &walk->cid, status, err);
}

/* Events */

static void set_event(const ms_walk *walk, ms_walk_event *event, ms_walk_event_kind kind)
{
    /* An empty path is a pointer all the same, for callers that hand it to memcpy. */
    *event = (ms_walk_event){.kind = kind,
            .path = walk->path.size == 0 ? ms_span_of("", 0) : ms_buffer_span(&walk->path),
            .cid = walk->cid,
            .file_index = walk->files};
}

static void set_node_event(const ms_walk *walk, ms_walk_event *event, const ms_cid *cid)
{
    set_event(walk, event, MS_WALK_NODE);
    event->cid = *cid;
    event->size = walk->block.size;
}

static ms_status announce_file(ms_walk *walk, ms_walk_event *event, const ms_cid *cid,
        uint64_t size, phase next, ms_error *err)
{
    if (walk->files == MS_MODEL_FILES_MAX)
        return ms_fail(err, MS_LIMIT, "model_files", "The model has more than %d files",
                MS_MODEL_FILES_MAX);
    if (!ms_add_u64(&walk->size, walk->size, size) || walk->size > MODEL_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "model_size", "The model has more than 2^63-1 bytes");
    if (walk->is_expecting && walk->size > walk->expected_size)
        return ms_fail(err, MS_INTEGRITY, "dag_size",
                "The files of the model have more than the %llu bytes of its manifest",
                (unsigned long long)walk->expected_size);
    walk->cid = *cid;
    walk->file_size = size;
    walk->offset = 0;
    set_event(walk, event, MS_WALK_FILE);
    event->size = size;
    walk->files++;
    walk->can_skip = true;
    walk->phase = next;
    return MS_OK;
}

static ms_status announce_folder(ms_walk *walk, ms_walk_event *event, ms_error *err)
{
    if (walk->folders == MS_MODEL_FOLDERS_MAX)
        return ms_fail(err, MS_LIMIT, "model_folders", "The model has more than %d folders",
                MS_MODEL_FOLDERS_MAX);
    walk->folders++;
    set_event(walk, event, MS_WALK_DIRECTORY);
    walk->can_skip = true;
    walk->phase = PHASE_ENTER;
    return MS_OK;
}

/* The node of an entry, or of the root, was read into walk->block; walk->cid is its CID. */
static ms_status announce_node(ms_walk *walk, ms_walk_event *event, ms_error *err)
{
    ms_status status;

    if (walk->unixfs.type == MS_UNIXFS_DIRECTORY || walk->unixfs.type == MS_UNIXFS_SHARD)
        return announce_folder(walk, event, err);
    status = blame(walk, &walk->cid, check_file_form(walk, err), err);
    if (status != MS_OK)
        return status;
    return announce_file(walk, event, &walk->cid, walk->unixfs.file_size, PHASE_ENTER, err);
}

/* The next count chunks of the present file, size bytes in all. */
static ms_status count_chunks(ms_walk *walk, uint64_t count, uint64_t size, ms_error *err)
{
    if (count > MS_WALK_CHUNKS_MAX - walk->chunks)
        return ms_fail(err, MS_LIMIT, "dag_chunks", "The model has more than %llu chunks",
                (unsigned long long)MS_WALK_CHUNKS_MAX);
    if (walk->is_expecting && walk->chunks + count > walk->expected_count)
        return ms_fail(err, MS_INTEGRITY, "dag_count",
                "The model has more than the %llu chunks of its manifest",
                (unsigned long long)walk->expected_count);
    walk->chunks += count;
    walk->offset += size;
    return MS_OK;
}

/* The next part of the present file, a leaf or a node, begins and ends where a chunk does; a leaf is one chunk. */
static ms_status check_cut(const ms_walk *walk, uint64_t size, bool is_leaf, ms_error *err)
{
    const bool is_end = walk->offset + size == walk->file_size;

    if (walk->chunk_size == 0 ||
            (walk->offset % walk->chunk_size == 0 && (size % walk->chunk_size == 0 || is_end) &&
                    (!is_leaf || size <= walk->chunk_size)))
        return MS_OK;
    return ms_fail(err, MS_INTEGRITY, "dag_cut",
            "A file is not cut into chunks of %llu bytes, as the manifest says",
            (unsigned long long)walk->chunk_size);
}

/* Whether all chunks of the next part of the present file, size bytes, stand before the first to announce. */
static bool is_passed_over(const ms_walk *walk, uint64_t size, uint64_t *count)
{
    if (walk->chunks >= walk->first_chunk)
        return false;
    *count = size == 0 ? 1 : (size - 1) / walk->chunk_size + 1;
    return *count <= walk->first_chunk - walk->chunks;
}

/* The next leaf of the present file: *is_done false when it is passed over. */
static ms_status take_leaf(ms_walk *walk, ms_walk_event *event, const ms_cid *cid, uint64_t size,
        bool *is_done, ms_error *err)
{
    uint64_t count = 1;
    ms_status status = check_cut(walk, size, true, err);

    if (status != MS_OK)
        return status;
    if (size > MS_DAG_BLOCK_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "dag_chunk_size", "A chunk of %llu bytes is larger than %zu",
                (unsigned long long)size, MS_DAG_BLOCK_SIZE_MAX);
    *is_done = !is_passed_over(walk, size, &count);
    if (*is_done) {
        set_event(walk, event, MS_WALK_LEAF);
        event->file_index = walk->files - 1;
        event->cid = *cid;
        event->chunk_index = walk->chunks;
        event->offset = walk->offset;
        event->size = size;
    }
    return count_chunks(walk, 1, size, err);
}

/* Steps: each either sets event or leaves *is_done false to be called again. Those with a source that failed
 * leave the walk as it was. */

static ms_status start(ms_walk *walk, ms_walk_event *event, ms_error *err)
{
    uint64_t size = walk->expected_size;
    ms_status status;

    walk->cid = walk->root;
    if (walk->root.codec != MS_CODEC_RAW) {
        status = read_node(walk, &walk->root, err);
        if (status != MS_OK)
            return status;
        set_node_event(walk, event, &walk->root);
        /* The root folder has no name, so nothing announces it. */
        walk->phase =
                walk->unixfs.type == MS_UNIXFS_DIRECTORY || walk->unixfs.type == MS_UNIXFS_SHARD
                        ? PHASE_ENTER
                        : PHASE_ANNOUNCE;
        return MS_OK;
    }
    status = check_codec(&walk->root, err);
    if (status == MS_OK && !walk->is_expecting) {
        ms_buffer_clear(&walk->block);
        status = walk->source.get(walk->source.payload, &walk->root, &walk->block, err);
        walk->has_source_failed = status != MS_OK;
        size = walk->block.size;
    }
    if (status != MS_OK)
        return status;
    return announce_file(walk, event, &walk->root, size, PHASE_LEAF, err);
}

static ms_status finish(ms_walk *walk, ms_walk_event *event, ms_error *err)
{
    bool is_whole = !walk->has_skipped && walk->is_expecting;

    if (is_whole && walk->size != walk->expected_size)
        return ms_fail(err, MS_INTEGRITY, "dag_size",
                "The files of the model have %llu bytes, its manifest says %llu",
                (unsigned long long)walk->size, (unsigned long long)walk->expected_size);
    if (is_whole && walk->chunks != walk->expected_count)
        return ms_fail(err, MS_INTEGRITY, "dag_count",
                "The model has %llu chunks, its manifest says %llu",
                (unsigned long long)walk->chunks, (unsigned long long)walk->expected_count);
    ms_buffer_clear(&walk->path);
    set_event(walk, event, MS_WALK_END);
    walk->phase = PHASE_END;
    return MS_OK;
}

/* A part of a file that is a node of its own. */
static ms_status read_part(
        ms_walk *walk, ms_walk_event *event, const ms_cid *cid, uint64_t size, ms_error *err)
{
    ms_status status = read_node(walk, cid, err);

    if (status != MS_OK)
        return status;
    set_node_event(walk, event, cid);
    if (walk->unixfs.type == MS_UNIXFS_DIRECTORY || walk->unixfs.type == MS_UNIXFS_SHARD)
        status = malformed(err, "unixfs_child_type", "A file has a folder for a part");
    else
        status = check_file_form(walk, err);
    if (status == MS_OK && walk->unixfs.file_size != size)
        status = malformed(err, "unixfs_child_size",
                "A part of a file has not the size that its parent says");
    walk->phase = PHASE_ENTER;
    return blame(walk, cid, status, err);
}

/* The next part of a file, a leaf or a node, unless it is passed over. */
static ms_status take_part(ms_walk *walk, walk_frame *frame, const ms_dag_pb_link *link,
        uint64_t size, ms_walk_event *event, bool *is_done, ms_error *err)
{
    const bool is_leaf = link->cid.codec == MS_CODEC_RAW;
    uint64_t count;
    ms_status status;

    if (link->name.size > 0)
        return malformed(err, "unixfs_link_name", "A file has a node whose links have names");
    /* A part of no bytes could be repeated without end inside any declared size. */
    if (size == 0)
        return malformed(err, "unixfs_child_size", "A file has a part of 0 bytes");
    if (is_leaf) {
        status = check_codec(&link->cid, err);
        return status == MS_OK ? take_leaf(walk, event, &link->cid, size, is_done, err) : status;
    }
    status = check_cut(walk, size, false, err);
    if (status != MS_OK)
        return status;
    if (is_passed_over(walk, size, &count))
        return count_chunks(walk, count, size, err);
    hint_file(walk, frame);
    *is_done = true;
    return read_part(walk, event, &link->cid, size, err);
}

static ms_status step_file(
        ms_walk *walk, walk_frame *frame, ms_walk_event *event, bool *is_done, ms_error *err)
{
    ms_dag_pb_links links = frame->links;
    ms_unixfs_sizes sizes = frame->sizes;
    ms_dag_pb_link link;
    uint64_t size = 0;
    ms_status status;

    if (!ms_dag_pb_next(&links, &link) || !ms_unixfs_sizes_next(&sizes, &size)) {
        pop_frame(walk);
        if (walk->frame_count == 0 || walk->frames[walk->frame_count - 1].is_folder)
            walk->phase = PHASE_FILE_END;
        return MS_OK;
    }
    status = take_part(walk, frame, &link, size, event, is_done, err);
    if (walk->has_source_failed)
        return status;
    frame->links = links;
    frame->sizes = sizes;
    frame->next++;
    if (frame->ahead < frame->next) { /* no hint for what was passed over */
        frame->links_ahead = links;
        frame->ahead = frame->next;
    }
    return status;
}

static ms_status take_shard(ms_walk *walk, walk_frame *frame, ms_walk_event *event, ms_error *err)
{
    ms_cid cid = *ms_folder_next_shard(&frame->folder);
    ms_status status;

    hint_shards(walk, &frame->folder);
    status = read_node(walk, &cid, err);
    if (status != MS_OK)
        return status;
    set_node_event(walk, event, &cid);
    status = ms_folder_take_shard(&frame->folder, &walk->node, &walk->unixfs, err);
    return blame(walk, &cid, status, err);
}

static ms_status sort_folder(ms_walk *walk, walk_frame *frame, ms_error *err)
{
    ms_status status = ms_folder_sort(&frame->folder, err);

    frame->is_sorted = true;
    walk->entries += frame->folder.count;
    return status;
}

/* The path of the next entry. */
static ms_status set_path(ms_walk *walk, const walk_frame *frame, ms_span name, ms_error *err)
{
    ms_status status = MS_OK;

    walk->path.size = frame->path_size;
    if (frame->path_size > 0)
        status = ms_buffer_append_byte(&walk->path, '/', err);
    if (status == MS_OK)
        status = ms_buffer_append(&walk->path, name.data, name.size, err);
    if (status == MS_OK)
        status = ms_path_check(ms_buffer_span(&walk->path), err);
    return status;
}

static ms_status step_entry(ms_walk *walk, walk_frame *frame, ms_walk_event *event, ms_error *err)
{
    const ms_folder_entry *entry = &frame->folder.entries[frame->next];
    ms_status status = set_path(walk, frame, entry->name, err);

    if (status != MS_OK)
        return status;
    hint_folder(walk, frame);
    if (entry->cid.codec == MS_CODEC_RAW) {
        status = check_codec(&entry->cid, err);
        if (status == MS_OK)
            status = announce_file(walk, event, &entry->cid, entry->tsize, PHASE_LEAF, err);
    } else {
        status = read_node(walk, &entry->cid, err);
        if (status == MS_OK) {
            walk->cid = entry->cid;
            set_node_event(walk, event, &entry->cid);
            walk->phase = PHASE_ANNOUNCE;
        }
    }
    if (status == MS_OK)
        frame->next++;
    return status;
}

static ms_status step_folder(
        ms_walk *walk, walk_frame *frame, ms_walk_event *event, bool *is_done, ms_error *err)
{
    if (frame->folder.shard_count > 0) {
        walk->path.size = frame->path_size;
        *is_done = true;
        return take_shard(walk, frame, event, err);
    }
    if (!frame->is_sorted)
        return sort_folder(walk, frame, err);
    if (frame->next == frame->folder.count) {
        pop_frame(walk);
        return MS_OK;
    }
    *is_done = true;
    return step_entry(walk, frame, event, err);
}

static ms_status step(ms_walk *walk, ms_walk_event *event, bool *is_done, ms_error *err)
{
    walk_frame *top;

    if (walk->frame_count == 0) {
        *is_done = true;
        return finish(walk, event, err);
    }
    top = &walk->frames[walk->frame_count - 1];
    return top->is_folder ? step_folder(walk, top, event, is_done, err)
                          : step_file(walk, top, event, is_done, err);
}

static ms_status enter(ms_walk *walk, ms_error *err)
{
    bool is_folder =
            walk->unixfs.type == MS_UNIXFS_DIRECTORY || walk->unixfs.type == MS_UNIXFS_SHARD;

    walk->phase = PHASE_STEP;
    return is_folder ? push_folder(walk, err) : push_file_node(walk, err);
}

static ms_status advance(ms_walk *walk, ms_walk_event *event, bool *is_done, ms_error *err)
{
    *is_done = true;
    switch (walk->phase) {
    case PHASE_START:
        return start(walk, event, err);
    case PHASE_ANNOUNCE:
        return announce_node(walk, event, err);
    case PHASE_LEAF:
        walk->phase = PHASE_FILE_END;
        return take_leaf(walk, event, &walk->cid, walk->file_size, is_done, err);
    case PHASE_FILE_END:
        walk->phase = PHASE_STEP;
        set_event(walk, event, MS_WALK_FILE_END);
        event->file_index = walk->files - 1;
        return MS_OK;
    case PHASE_END:
        return finish(walk, event, err);
    case PHASE_FAILED:
        return ms_fail(err, MS_USAGE, "walk_failed", "The walk has failed before and cannot go on");
    case PHASE_ENTER:
        *is_done = false;
        return enter(walk, err);
    case PHASE_STEP:
        break;
    }
    *is_done = false;
    return step(walk, event, is_done, err);
}

ms_status ms_walk_next(ms_walk *walk, ms_walk_event *event, ms_error *err)
{
    bool is_done = false;
    ms_status status = MS_OK;

    *event = (ms_walk_event){.kind = MS_WALK_END};
    walk->can_skip = false;
    walk->has_source_failed = false;
    while (status == MS_OK && !is_done)
        status = advance(walk, event, &is_done, err);
    if (status != MS_OK && !walk->has_source_failed)
        walk->phase = PHASE_FAILED;
    return status;
}
