#include "model/placing_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "base/checked.h"
#include "chunker/chunker.h"
#include "codec/path.h"
#include "platform/folder.h"
#include "task/pipeline.h"

/* Larger files are written around the page cache: their bytes would push everything else out of it, and copies cost more than
 * the hashing. */
#define DIRECT_FILE_SIZE_MIN ((uint64_t)8 << 20)
/* What stands there may be of an earlier run, or a pipe that somebody planted and that would wait for a reader. */
#define WRITE_FLAGS                                                                                \
    (MS_OPEN_WRITE | MS_OPEN_CREATE | MS_OPEN_BENEATH | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR)
#define SHARED_FLAGS                                                                               \
    (MS_OPEN_READ | MS_OPEN_WRITE | MS_OPEN_BENEATH | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR | MS_OPEN_DIRECT)
#define SHARING_PROBE "sharing"
#define MODE_FILE 0644
#define MODE_FOLDER 0755

void ms_whole_files_release(ms_whole_files *files)
{
    ms_free(files->bits);
    ms_free(files->seen);
    *files = (ms_whole_files){0};
}

uint64_t ms_whole_files_mark(const ms_file_status *status)
{
    /* Odd factors: none of the three can make up for another. */
    const uint64_t mark = (uint64_t)status->changed_ns + (uint64_t)status->modified_ns * UINT64_C(0xbf58476d1ce4e5b9) +
                          status->inode * UINT64_C(0x9e3779b97f4a7c15);
    return MS_MAX(mark, UINT64_C(1));
}

static ms_status grow(ms_whole_files *files, uint64_t file_index, ms_error *err)
{
    if (file_index < files->capacity)
        return MS_OK;
    const uint64_t capacity = MS_MAX(files->capacity * 2, (file_index + 1024) & ~(uint64_t)7);
    const size_t seen_size = (size_t)capacity * sizeof(*files->seen);
    uint64_t *seen = ms_realloc(files->seen, seen_size);
    if (seen == NULL)
        return ms_fail_memory(err, seen_size);
    memset(seen + files->capacity, 0, (size_t)(capacity - files->capacity) * sizeof(*seen));
    files->seen = seen;
    uint8_t *bits = ms_realloc(files->bits, (size_t)(capacity / 8));
    if (bits == NULL)
        return ms_fail_memory(err, (size_t)(capacity / 8));
    memset(bits + files->capacity / 8, 0, (size_t)((capacity - files->capacity) / 8));
    files->bits = bits;
    files->capacity = capacity;
    return MS_OK;
}

ms_status ms_whole_files_see(ms_whole_files *files, uint64_t file_index, const ms_file_status *status, ms_error *err)
{
    const ms_status grown = grow(files, file_index, err);
    if (grown == MS_OK)
        files->seen[file_index] = ms_whole_files_mark(status);
    return grown;
}

ms_status ms_whole_files_set(ms_whole_files *files, uint64_t file_index, bool is_whole, ms_error *err)
{
    const ms_status status = grow(files, file_index, err);
    if (status != MS_OK)
        return status;
    const uint8_t bit = (uint8_t)(1u << (file_index % 8));
    if (is_whole)
        files->bits[file_index / 8] |= bit;
    else
        files->bits[file_index / 8] &= (uint8_t)~bit;
    files->count = MS_MAX(files->count, file_index + 1);
    return MS_OK;
}

static bool is_whole_file(const ms_whole_files *files, uint64_t file_index)
{
    return files != NULL && file_index < files->count && ((files->bits[file_index / 8] >> (file_index % 8)) & 1) != 0;
}

const char *ms_walk_path(const ms_walk_event *event, char *text)
{
    memcpy(text, event->path.data == NULL ? (const uint8_t *)"" : event->path.data, event->path.size);
    text[event->path.size] = '\0';
    return text;
}

ms_status ms_leaf_fail(const ms_leaf *leaf, ms_error *err)
{
    char cid[MS_CID_TEXT_SIZE];
    ms_cid_format(&leaf->cid, cid);
    const bool missing = leaf->status == MS_NOT_FOUND;
    const ms_status status = missing ? MS_INTEGRITY : leaf->status;
    (void)ms_fail(err, status, missing ? "chunk_missing" : leaf->status == MS_INTEGRITY ? "chunk_damaged" : "chunk_unreadable",
            "chunk %llu (%s%sbyte %llu) is %s in the store", (unsigned long long)leaf->chunk_index,
            leaf->path, leaf->path[0] == '\0' ? "" : ", ", (unsigned long long)leaf->offset,
            missing ? "missing" : leaf->status == MS_INTEGRITY ? "damaged" : "not readable");
    ms_error_set_chunk(err, leaf->chunk_index);
    ms_error_set_cid(err, cid);
    ms_error_set_path(err, leaf->path);
    ms_error_set_offset(err, leaf->offset);
    ms_error_set_hint(err, "put it back from a copy: model-storage repair REF --from PATH");
    return status;
}

/* A leaf is bad too when a stranger's DAG gives a good block another length: other models need that block. */
static bool is_block_damaged(ms_store *store, const ms_cid *cid)
{
    ms_buffer block;
    ms_buffer_init(&block, MS_BLOCK_SIZE_IN_MAX);
    const ms_status status = ms_store_get(store, cid, &block, NULL);
    ms_buffer_release(&block);
    return status == MS_INTEGRITY || status == MS_LIMIT;
}

ms_status ms_leaves_fetch(ms_store *store, ms_leaf_batch *batch, uint64_t *bad, ms_error *err)
{
    *bad = 0;
    ms_status status = ms_leaves_from_store(store, batch, err);
    for (size_t i = 0; status == MS_OK && i < batch->leaf_count; i++) {
        ms_leaf *leaf = &batch->leaves[i];
        if (leaf->status != MS_INTEGRITY || !is_block_damaged(store, &leaf->cid))
            continue;
        /* A store that cannot be written to keeps its bad block; the chunk is refused all the same. */
        if (ms_store_quarantine(store, &leaf->cid, NULL) == MS_OK)
            (*bad)++;
    }
    return status;
}

/* Names below content. */

static ms_status content_path(const ms_placing *placing, const char *path, char *full, ms_error *err)
{
    const size_t content_size = strlen(placing->content);
    const size_t path_size = strlen(path);
    if (content_size + path_size + 2 > MS_FILE_PATH_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "path_long", "%s is too long a path", path);
    memcpy(full, placing->content, content_size + 1);
    if (path_size > 0) {
        full[content_size] = '/';
        memcpy(full + content_size + 1, path, path_size + 1);
    }
    return MS_OK;
}

/* Open the folder below dirfd that the last name of full stands in, no link followed on the way; *name points into full. */
static ms_status open_parent(int dirfd, const char *full, int *fd, const char **name, ms_error *err)
{
    char parent[MS_FILE_PATH_SIZE_MAX];
    const char *slash = strrchr(full, '/');
    const size_t size = slash == NULL ? 0 : (size_t)(slash - full);
    memcpy(parent, full, size);
    memcpy(parent + size, size == 0 ? "." : "", size == 0 ? 2 : 1);
    *name = slash == NULL ? full : slash + 1;
    return ms_file_open(
            fd, dirfd, parent, MS_OPEN_READ | MS_OPEN_DIRECTORY | MS_OPEN_BENEATH | MS_OPEN_NOFOLLOW, 0, err);
}

static ms_status make_folder(const ms_placing *placing, const char *full, ms_error *err)
{
    const char *name;
    int fd = -1;
    ms_status status = open_parent(placing->dirfd, full, &fd, &name, err);
    if (status == MS_OK)
        status = ms_folder_make(fd, name, MODE_FOLDER, NULL, err);
    ms_file_close(fd);
    return status;
}

/* A small file is made, cut to its length and written in one go. */
static bool has_no_size_yet(uint64_t file_size)
{
    return file_size <= MS_CHUNK_SIZE_MIN;
}

/* Files of several chunks get their size before any worker writes to them: space that is not there is noticed first. What is
 * shared needs none. */
static ms_status begin_file(ms_placing *placing, const ms_walk_event *event, const char *full, ms_error *err)
{
    int fd = -1;
    if (has_no_size_yet(event->size))
        return MS_OK;
    ms_status status = ms_file_open(&fd, placing->dirfd, full,
            WRITE_FLAGS, MODE_FILE, err);
    if (status == MS_OK && placing->resumed)
        /* The run before may have ended in a sync that failed: its pages look clean and are on no disk. What is taken over is
         * what the disk gives. */
        ms_file_drop_cache(fd, 0, 0);
    if (status == MS_OK && (placing->resumed || placing->shares))
        status = ms_file_truncate(fd, event->size, err);
    if (status == MS_OK && !placing->shares)
        status = ms_file_allocate(fd, event->size, err);
    ms_file_close(fd);
    return status;
}

/* What got a second name in an earlier run, or now and should not have, is a file of the old copy: it is not written to. */
static ms_status drop_second_name(const ms_placing *placing, const char *full, ms_error *err)
{
    ms_file_status found;
    const char *name;
    int parent = -1;
    ms_status status = open_parent(placing->dirfd, full, &parent, &name, err);
    if (status != MS_OK)
        return status;
    ms_error looked = MS_ERROR_INIT;
    status = ms_file_status_at(parent, name, false, &found, &looked);
    if (status == MS_OK && (placing->is_left_over || (found.kind == MS_FILE_REGULAR && found.links > 1)))
        status = ms_file_remove(parent, name, err);
    else if (status == MS_NOT_FOUND)
        status = MS_OK;
    else if (status != MS_OK)
        ms_error_copy(err, &looked);
    ms_file_close(parent);
    return status;
}

static ms_status begin(void *payload, const ms_walk_event *event, ms_error *err)
{
    ms_placing *placing = (ms_placing *)payload;
    char path[MS_PATH_SIZE_MAX + 1];
    char full[MS_FILE_PATH_SIZE_MAX];
    ms_status status = content_path(placing, ms_walk_path(event, path), full, err);
    if (status == MS_OK && event->kind == MS_WALK_DIRECTORY)
        return make_folder(placing, full, err);
    if (placing->is_cloned)
        return status;
    if (status == MS_OK && (placing->resumed || placing->is_left_over) && placing->is_folder_model)
        status = drop_second_name(placing, full, err);
    return status == MS_OK ? begin_file(placing, event, full, err) : status;
}

typedef enum whole_taken { WHOLE_NOT_TAKEN, WHOLE_CLONED, WHOLE_LINKED } whole_taken;

/* The file of the old copy, if nobody has changed it since it had the mark. */
static bool is_as_marked(uint64_t mark, int from, ms_file_status *found)
{
    return ms_file_status_of(from, found, NULL) == MS_OK && ms_whole_files_mark(found) == mark;
}

/* Remove what stands there. Where that is a second name that an earlier run gave, the file changes by it, and so does its mark. */
static bool make_way(int from, int parent, const char *name, uint64_t *mark)
{
    ms_file_status before;
    ms_file_status standing;
    ms_file_status after;
    const bool is_second_name = is_as_marked(*mark, from, &before) && ms_file_status_at(parent, name, false, &standing, NULL) == MS_OK &&
                                standing.device == before.device && standing.inode == before.inode;
    if (ms_file_remove(parent, name, NULL) != MS_OK)
        return false;
    if (is_second_name && ms_file_status_of(from, &after, NULL) == MS_OK && after.modified_ns == before.modified_ns)
        *mark = ms_whole_files_mark(&after);
    return true;
}

/* The file that was linked is the one that was proven: another may have taken its name before. Times go in ticks, and a write in that
 * of the link shows in the time of the last write alone; where that is the same tick it would not show. */
static bool is_linked_as_it_was(const ms_file_status *old, const ms_file_status *linked)
{
    return linked->device == old->device && linked->inode == old->inode && linked->links == 2 && linked->size == old->size &&
           linked->mode == old->mode && linked->owner == old->owner && linked->modified_ns == old->modified_ns &&
           linked->changed_ns != linked->modified_ns;
}

/* Only to a file that has no other name, and that nobody can execute or write to but us as for new files, such as made. The link
 * changes the file, and so its mark. */
static bool give_second_name(
        const ms_copy *copy, const char *path, uint64_t *mark, int from, int made, int parent, const char *name)
{
    ms_file_status old;
    ms_file_status new;
    ms_file_status linked;
    const char *old_name;
    int old_parent = -1;
    if (!is_as_marked(*mark, from, &old) || ms_file_status_of(made, &new, NULL) != MS_OK || old.links != 1 || old.mode != new.mode ||
            old.owner != new.owner || open_parent(copy->fd, path, &old_parent, &old_name, NULL) != MS_OK)
        return false;
    const bool is_given = ms_file_remove(parent, name, NULL) == MS_OK && ms_file_link(old_parent, old_name, parent, name) &&
                          ms_file_status_at(parent, name, false, &linked, NULL) == MS_OK && is_linked_as_it_was(&old, &linked);
    ms_file_close(old_parent);
    if (is_given)
        *mark = ms_whole_files_mark(&linked);
    return is_given;
}

/* A clone that goes on behind the last chunk, or ends before it, is none. */
static bool is_cloned(const ms_walk_event *event, int from, int made)
{
    ms_file_status clone;
    return ms_file_clone(made, from) && ms_file_status_of(made, &clone, NULL) == MS_OK && clone.size == event->size;
}

/* A whole file of the old copy: shared extents, else a second name for it, else its chunks are copied like others. What then stands in
 * its place is left there. */
static whole_taken take_whole_file(ms_placing *placing, const char *path, const ms_walk_event *event, const char *full)
{
    int from = -1;
    int made = -1;
    int parent = -1;
    const char *name;
    const ms_copy *copy = &placing->copies[0];
    uint64_t mark = placing->whole->seen[event->file_index];
    whole_taken taken = WHOLE_NOT_TAKEN;
    placing->whole->seen[event->file_index] = 0;
    if (!copy->is_folder ||
            ms_file_open(&from, copy->fd, path, MS_OPEN_READ | MS_OPEN_BENEATH | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR, 0,
                    NULL) != MS_OK)
        return taken;
    if (open_parent(placing->dirfd, full, &parent, &name, NULL) != MS_OK) {
        ms_file_close(from);
        return taken;
    }
    if (make_way(from, parent, name, &mark) &&
            ms_file_open(&made, parent, name, MS_OPEN_WRITE | MS_OPEN_CREATE | MS_OPEN_EXCLUSIVE | MS_OPEN_BENEATH, MODE_FILE, NULL) ==
                    MS_OK) {
        if (is_cloned(event, from, made))
            taken = WHOLE_CLONED;
        else if (give_second_name(copy, path, &mark, from, made, parent, name))
            taken = WHOLE_LINKED;
    }
    if (taken == WHOLE_LINKED)
        placing->whole->seen[event->file_index] = mark;
    ms_file_close(made);
    ms_file_close(parent);
    ms_file_close(from);
    return taken;
}

/* path becomes the event's. */
static bool is_selected(const ms_placing *placing, const ms_walk_event *event, char *path)
{
    (void)ms_walk_path(event, path);
    return !placing->is_folder_model || ms_path_filter_wants(placing->filter, path, event->kind == MS_WALK_DIRECTORY);
}

static bool wants(void *payload, const ms_walk_event *event)
{
    ms_placing *placing = (ms_placing *)payload;
    char path[MS_PATH_SIZE_MAX + 1];
    char full[MS_FILE_PATH_SIZE_MAX];
    if (!is_selected(placing, event, path))
        return false;
    placing->is_cloned = false;
    placing->is_left_over = false;
    if (event->kind != MS_WALK_FILE || !is_whole_file(placing->whole, event->file_index) ||
            content_path(placing, path, full, NULL) != MS_OK)
        return true;
    const whole_taken taken = take_whole_file(placing, path, event, full);
    /* The old copy may have changed since it was compared: a clone is proven where it stands, where nobody else writes. */
    placing->is_cloned = taken == WHOLE_CLONED;
    placing->is_left_over = taken == WHOLE_NOT_TAKEN;
    if (taken != WHOLE_LINKED)
        return true;
    placing->whole_file_count++;
    placing->reused_bytes += event->size;
    ms_task_progress_add(placing->run->task, event->size, event->size);
    return false;
}

/* The last look. */

static ms_status look_at_file(const ms_placing *placing, int fd, const ms_walk_event *event, const char *path, ms_error *err)
{
    ms_file_status found;
    const uint64_t mark = is_whole_file(placing->whole, event->file_index) ? placing->whole->seen[event->file_index] : 0;
    if (mark == 0)
        return MS_OK;
    const ms_status status = ms_file_status_at(fd, path, false, &found, err);
    if ((status == MS_OK && ms_whole_files_mark(&found) == mark) || (status != MS_OK && status != MS_NOT_FOUND))
        return status;
    (void)ms_fail(err, MS_INTEGRITY, "output_changed", "somebody has changed %s, which was taken over from what stood there", path);
    ms_error_set_path(err, path);
    ms_error_set_hint(err, "look at who else writes there, and retrieve again");
    return MS_INTEGRITY;
}

ms_status ms_placing_look_again(void *payload, int dirfd, const char *content, ms_error *err)
{
    const ms_placing *placing = (const ms_placing *)payload;
    const ms_block_source source = ms_store_source(placing->store);
    ms_walk_event event = {.kind = MS_WALK_NODE};
    ms_walk *walk = NULL;
    int fd = -1;
    if (placing->whole_file_count == 0)
        return MS_OK;
    ms_status status = ms_file_open(&fd, dirfd, content, MS_OPEN_READ | MS_OPEN_DIRECTORY | MS_OPEN_NOFOLLOW, 0, err);
    if (status == MS_OK)
        status = ms_walk_open(&walk, &placing->model->head.root, &source, err);
    while (status == MS_OK && event.kind != MS_WALK_END) {
        char path[MS_PATH_SIZE_MAX + 1];
        status = ms_task_check(placing->run->task, err);
        if (status == MS_OK)
            status = ms_walk_next(walk, &event, err);
        if (status != MS_OK || (event.kind != MS_WALK_DIRECTORY && event.kind != MS_WALK_FILE))
            continue;
        const bool selected = is_selected(placing, &event, path);
        if (selected && event.kind == MS_WALK_FILE)
            status = look_at_file(placing, fd, &event, path, err);
        if (!selected || event.kind == MS_WALK_FILE)
            ms_walk_skip(walk);
    }
    ms_walk_close(walk);
    ms_file_close(fd);
    return status;
}

/* Workers. */

static ms_status take_from_staged(const ms_placing *placing, ms_leaf *leaves, size_t count, ms_error *err)
{
    ms_leaf_batch batch = {.leaves = leaves, .leaf_count = count};
    ms_copy staged = {.fd = -1, .is_folder = placing->is_folder_model};
    const int flags = MS_OPEN_READ | MS_OPEN_BENEATH | MS_OPEN_NOFOLLOW |
                      (staged.is_folder ? MS_OPEN_DIRECTORY : MS_OPEN_PATH_ONLY_REGULAR);
    ms_status status = ms_file_open(&staged.fd, placing->dirfd, placing->content, flags, 0, err);
    if (status == MS_NOT_FOUND)
        return MS_OK;
    if (status == MS_OK)
        status = ms_leaves_from_copy(&staged, &batch, err);
    for (size_t i = 0; status == MS_OK && i < count; i++)
        leaves[i].is_in_place = leaves[i].status == MS_OK;
    ms_copy_close(&staged);
    return status;
}

/* What stands in its place before anything is written there: chunks of an earlier run, and clones of whole files. */
static ms_status take_standing(const ms_placing *placing, ms_leaf_batch *batch, ms_error *err)
{
    ms_status status = MS_OK;
    size_t count = 1;
    if (placing->resumed)
        return take_from_staged(placing, batch->leaves, batch->leaf_count, err);
    for (size_t i = 0; status == MS_OK && i < batch->leaf_count; i += MS_MAX(count, (size_t)1)) {
        for (count = 0; i + count < batch->leaf_count && is_whole_file(placing->whole, batch->leaves[i + count].file_index); count++)
            continue;
        if (count > 0)
            status = take_from_staged(placing, &batch->leaves[i], count, err);
    }
    return status;
}

bool ms_placing_can_share(const ms_placing *placing)
{
    const ms_cid *root = &placing->model->head.root;
    ms_buffer block;
    int fd = -1;
    bool can = false;
    if (placing->model->head.size < MS_BLOCK_SHARED_SIZE_MIN)
        return false;
    /* Of all blocks the root is surely there: the walk begins with it. */
    ms_buffer_init(&block, MS_BLOCK_SIZE_IN_MAX);
    if (ms_store_get(placing->store, root, &block, NULL) == MS_OK &&
            ms_file_open(&fd, placing->dirfd, SHARING_PROBE, MS_OPEN_WRITE | MS_OPEN_CREATE | MS_OPEN_EXCLUSIVE | MS_OPEN_NOFOLLOW,
                    MODE_FILE, NULL) == MS_OK)
        can = ms_store_clone(placing->store, root, block.size, fd, 0) == MS_FILE_CLONED &&
              ms_file_remove(placing->dirfd, SHARING_PROBE, NULL) == MS_OK;
    ms_file_close(fd);
    ms_buffer_release(&block);
    return can;
}

/* What the block was when it was shared is what stands in its place, whatever becomes of the block's file: so that is read and hashed,
 * not the block. Its place is nobody else's. */
static bool share_leaf(const ms_placing *placing, const ms_leaf *leaf, int fd, uint8_t *data)
{
    size_t got = 0;
    return ms_store_clone(placing->store, &leaf->cid, leaf->size, fd, leaf->offset) == MS_FILE_CLONED &&
           ms_file_read_at(fd, data, leaf->data_size, leaf->offset, &got, NULL) == MS_OK && got >= leaf->size;
}

/* A leaf that an older copy gave: compared with that, which is written when the store has it not, or has something else. */
static bool share_known_leaf(const ms_placing *placing, const ms_leaf *leaf, int fd, uint8_t **scratch)
{
    if (*scratch == NULL)
        *scratch = ms_alloc_aligned(MS_BLOCK_ALIGNMENT, MS_BLOCK_SIZE_OUT_MAX);
    return *scratch != NULL && share_leaf(placing, leaf, fd, *scratch) && memcmp(*scratch, leaf->data, (size_t)leaf->size) == 0;
}

/* Leaves that do not stand in their place; those that cannot be shared, or are not what they should be, come there another way. */
static void share_from_store(const ms_placing *placing, ms_leaf_batch *batch)
{
    ms_leaf *shared[MS_LEAVES_PER_BATCH_MAX];
    uint8_t *scratch = NULL;
    char full[MS_FILE_PATH_SIZE_MAX];
    const char *path = NULL;
    size_t count = 0;
    int fd = -1;
    for (size_t i = 0; i < batch->leaf_count; i++) {
        ms_leaf *leaf = &batch->leaves[i];
        if (leaf->is_in_place || leaf->size < MS_BLOCK_SHARED_SIZE_MIN)
            continue;
        if (path == NULL || strcmp(path, leaf->path) != 0) {
            ms_file_close(fd);
            fd = -1;
            path = leaf->path;
            if (content_path(placing, path, full, NULL) == MS_OK)
                (void)!ms_file_open(&fd, placing->dirfd, full, SHARED_FLAGS, 0, NULL);
        }
        if (fd != -1 && leaf->status == MS_OK)
            leaf->is_in_place = share_known_leaf(placing, leaf, fd, &scratch);
        else if (fd != -1 && share_leaf(placing, leaf, fd, leaf->data))
            shared[count++] = leaf;
    }
    ms_file_close(fd);
    ms_free_aligned(scratch);
    ms_leaves_judge(shared, count);
    for (size_t i = 0; i < count; i++)
        shared[i]->is_in_place = shared[i]->status == MS_OK;
}

/* Write the first leaf, and those after it that lie behind it in the file as in memory and are to be written too: one large write
 * keeps a disk busy where several small ones wait for each other. count becomes their number. */
static ms_status write_run(int fd, const ms_leaf *leaves, size_t leaf_count, bool also_in_place, size_t *count, ms_error *err)
{
    uint64_t size = leaves[0].size;
    size_t i = 1;
    for (; i < leaf_count && leaves[0].data + size == leaves[i].data && leaves[0].offset + size == leaves[i].offset; i++) {
        if (leaves[i].is_in_place && !also_in_place)
            break;
        size += leaves[i].size;
    }
    *count = i;
    /* Only the last chunk of a file has a length that direct I/O refuses. */
    const uint64_t tail = size % MS_BLOCK_ALIGNMENT;
    ms_status status = size == tail ? MS_OK : ms_file_write_at(fd, leaves[0].data, (size_t)(size - tail), leaves[0].offset, err);
    if (status != MS_OK || tail == 0)
        return status;
    ms_file_set_buffered(fd);
    return ms_file_write_at(fd, leaves[0].data + (size - tail), (size_t)tail, leaves[0].offset + (size - tail), err);
}

/* The leaves of one file in a batch follow each other: first..first+count-1. */
static ms_status write_file(const ms_placing *placing, const ms_leaf *leaves, size_t count, ms_error *err)
{
    char full[MS_FILE_PATH_SIZE_MAX];
    int fd = -1;
    bool all_in_place = true;
    for (size_t i = 0; i < count; i++)
        all_in_place = all_in_place && leaves[i].is_in_place;
    const bool is_whole = leaves[0].offset == 0 && leaves[0].size == leaves[0].file_size && has_no_size_yet(leaves[0].file_size);
    /* What an earlier run left may be longer than the chunk. */
    if (all_in_place && !(is_whole && placing->resumed))
        return MS_OK;
    int flags = WRITE_FLAGS;
    if (leaves[0].file_size >= DIRECT_FILE_SIZE_MIN)
        flags |= MS_OPEN_DIRECT;
    if (is_whole)
        flags |= MS_OPEN_TRUNCATE;
    ms_status status = content_path(placing, leaves[0].path, full, err);
    if (status == MS_OK)
        status = ms_file_open(&fd, placing->dirfd, full, flags, MODE_FILE, err);
    size_t written = 1;
    for (size_t i = 0; status == MS_OK && i < count; i += written) {
        written = 1;
        if (!leaves[i].is_in_place || is_whole)
            status = write_run(fd, &leaves[i], count - i, is_whole, &written, err);
    }
    if (status == MS_OK)
        status = ms_file_close_checked(fd, err);
    else
        ms_file_close(fd);
    if (status != MS_OK)
        ms_error_set_path(err, leaves[0].path);
    return status;
}

static bool all_are_verified(const ms_leaf *leaves, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (leaves[i].status != MS_OK)
            return false;
    return true;
}

static ms_status work(void *payload, unsigned worker, ms_leaf_batch *batch, ms_error *err)
{
    (void)worker;
    ms_placing *placing = (ms_placing *)payload;
    uint64_t bad = 0;
    ms_status status = take_standing(placing, batch, err);
    for (size_t i = 0; status == MS_OK && i < placing->copy_count; i++)
        status = ms_leaves_from_copy(&placing->copies[i], batch, err);
    if (status == MS_OK && placing->shares)
        share_from_store(placing, batch);
    if (status == MS_OK)
        status = ms_leaves_fetch(placing->store, batch, &bad, err);
    size_t count = 0;
    for (size_t i = 0; status == MS_OK && i < batch->leaf_count; i += count) {
        const ms_leaf *first = &batch->leaves[i];
        for (count = 1; i + count < batch->leaf_count && first[count].file_index == first->file_index; count++)
            continue;
        /* What cannot be had is told in order by the consumer; its neighbours are kept for the next run. */
        if (all_are_verified(first, count))
            status = write_file(placing, first, count, err);
    }
    return status;
}

static ms_status consume(void *payload, ms_leaf_batch *batch, ms_error *err)
{
    ms_placing *placing = (ms_placing *)payload;
    for (size_t i = 0; i < batch->leaf_count; i++) {
        const ms_leaf *leaf = &batch->leaves[i];
        if (leaf->status != MS_OK)
            return ms_leaf_fail(leaf, err);
        if (leaf->is_reused)
            placing->reused_bytes += leaf->size;
        else
            placing->fetched_bytes += leaf->size;
        placing->placed_chunks++;
        ms_task_progress_add(placing->run->task, leaf->size, leaf->is_reused ? leaf->size : 0);
    }
    return MS_OK;
}

ms_status ms_placing_run(ms_placing *placing, ms_error *err)
{
    ms_status status = MS_OK;
    if (placing->is_folder_model)
        status = ms_folder_make(placing->dirfd, placing->content, MODE_FOLDER, NULL, err);
    const ms_leaf_stages stages = {
            .wants = wants, .begin = begin, .work = work, .consume = consume, .payload = placing, .checks_chunk_root = true};
    const ms_block_source source = ms_store_source(placing->store);
    const ms_manifest_head *head = placing->model->head.count == 0 ? NULL : &placing->model->head;
    if (status == MS_OK)
        status = ms_leaves_run(placing->run, &placing->model->head.root, head, &source, &stages, err);
    return status;
}
