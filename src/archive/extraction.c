/* Files and folders of a foreign archive on their way to disk. Every name is made relative to a
 * descriptor of its own folder, which was opened without following any link. */
#include "archive/extraction.h"

#include <inttypes.h>
#include <string.h>

#include "archive/path_tree.h"
#include "base/alloc.h"
#include "codec/path.h"
#include "platform/file.h"
#include "platform/folder.h"

/* Never an execute bit on a file; the umask of the process takes more away. */
#define MODE_FILE 0644
#define MODE_FOLDER 0755
#define FOLDER_FLAGS (MS_OPEN_READ | MS_OPEN_DIRECTORY | MS_OPEN_NOFOLLOW | MS_OPEN_BENEATH)
#define FILE_FLAGS                                                                                 \
    (MS_OPEN_WRITE | MS_OPEN_CREATE | MS_OPEN_EXCLUSIVE | MS_OPEN_NOFOLLOW | MS_OPEN_BENEATH)
#define NAME_SIZE (MS_PATH_NAME_SIZE_MAX + 1)

struct ms_extraction {
    int to_dirfd;
    uint64_t files_max;
    bool sync;
    ms_path_tree *tree;
    /* Archives keep the files of a folder together, so the last folder stays open. */
    const ms_path_node *open_folder; /* NULL when none is open */
    int folder_fd;
    int file_fd;
    uint64_t file_size;
    ms_extraction_counts counts;
};

ms_status ms_extraction_new(ms_extraction **extraction, int to_dirfd, uint64_t files_max, bool sync,
        ms_error *err)
{
    *extraction = NULL;
    ms_extraction *made = ms_calloc(1, sizeof(*made));
    if (made == NULL)
        return ms_fail_memory(err, sizeof(*made));
    made->to_dirfd = to_dirfd;
    made->files_max = files_max;
    made->sync = sync;
    made->folder_fd = -1;
    made->file_fd = -1;
    ms_status status = ms_path_tree_new(&made->tree, err);
    if (status == MS_OK)
        *extraction = made;
    else
        ms_extraction_free(made);
    return status;
}

static ms_status enter_folder(ms_extraction *self, const ms_path_node *folder, ms_error *err)
{
    char path[MS_PATH_SIZE_MAX + 1];
    if (self->open_folder == folder)
        return MS_OK;
    ms_file_close(self->folder_fd);
    self->folder_fd = -1;
    self->open_folder = NULL;
    ms_path_tree_path(folder, path, sizeof(path));
    ms_status status =
            ms_file_open(&self->folder_fd, self->to_dirfd, path, FOLDER_FLAGS, 0, err);
    if (status == MS_OK)
        self->open_folder = folder;
    return status;
}

static ms_status count(
        const ms_extraction *self, uint64_t *counter, const char *things, ms_error *err)
{
    if (*counter >= self->files_max)
        return ms_fail(err, MS_LIMIT, "archive_files",
                "the archive holds more than %" PRIu64 " %s", self->files_max, things);
    ++*counter;
    return MS_OK;
}

/* The name of a node as text; it passed the path rules, so it fits and holds no NUL. */
static void name_text(const ms_path_node *node, char text[NAME_SIZE])
{
    memcpy(text, node->name.data, node->name.size);
    text[node->name.size] = '\0';
}

static ms_status make_folder(ms_extraction *self, const ms_path_node *node, ms_error *err)
{
    char name[NAME_SIZE];
    bool made;
    ms_status status = count(self, &self->counts.folders, "folders", err);
    if (status == MS_OK)
        status = enter_folder(self, node->parent, err);
    if (status != MS_OK)
        return status;
    name_text(node, name);
    status = ms_folder_make(self->folder_fd, name, MODE_FOLDER, &made, err);
    /* A name that is there without leading anywhere is a link that somebody planted. */
    if (status == MS_NOT_FOUND || (status == MS_OK && !made))
        return ms_fail(err, MS_IO, "archive_target",
                "the folder that is extracted into was not empty, or another process writes there");
    return status;
}

/* Walk to the folder that holds the last name of path, making those that no entry named. */
static ms_status resolve_parent(ms_extraction *self, const ms_path_node **parent, ms_span *name,
        ms_span path, ms_error *err)
{
    *parent = ms_path_tree_root(self->tree);
    const uint8_t *slash;
    while ((slash = memchr(path.data, '/', path.size)) != NULL) {
        bool added;
        size_t size = (size_t)(slash - path.data);
        ms_status status = ms_path_tree_add(
                self->tree, parent, &added, *parent, ms_span_of(path.data, size), true, err);
        if (status == MS_OK && added)
            status = make_folder(self, *parent, err);
        if (status != MS_OK)
            return status;
        path = ms_span_of(slash + 1, path.size - size - 1);
    }
    *name = path;
    return MS_OK;
}

ms_status ms_extraction_folder(ms_extraction *self, ms_span path, ms_error *err)
{
    const ms_path_node *node;
    ms_span name;
    bool added;
    ms_status status = ms_path_check(path, err);
    if (status == MS_OK)
        status = resolve_parent(self, &node, &name, path, err);
    if (status == MS_OK)
        status = ms_path_tree_add(self->tree, &node, &added, node, name, true, err);
    if (status == MS_OK && added)
        status = make_folder(self, node, err);
    return status;
}

ms_status ms_extraction_begin_file(ms_extraction *self, ms_span path, ms_error *err)
{
    const ms_path_node *node;
    ms_span name;
    bool added = false;
    char text[NAME_SIZE];
    ms_status status = ms_path_check(path, err);
    if (status == MS_OK)
        status = resolve_parent(self, &node, &name, path, err);
    if (status == MS_OK)
        status = ms_path_tree_add(self->tree, &node, &added, node, name, false, err);
    if (status == MS_OK && !added)
        status = ms_fail(err, MS_MALFORMED, "archive_repeated",
                "two entries of the archive have the same path");
    if (status == MS_OK)
        status = count(self, &self->counts.files, "files", err);
    if (status == MS_OK)
        status = enter_folder(self, node->parent, err);
    if (status != MS_OK)
        return status;
    name_text(node, text);
    self->file_size = 0;
    return ms_file_open(&self->file_fd, self->folder_fd, text, FILE_FLAGS, MODE_FILE, err);
}

ms_status ms_extraction_write(
        ms_extraction *self, const void *data, size_t size, ms_error *err)
{
    ms_status status = ms_file_write_at(self->file_fd, data, size, self->file_size, err);
    if (status != MS_OK)
        return status;
    /* The disk starts while the next bytes are unpacked, so that the sync at the end is short. */
    if (self->sync)
        ms_file_start_writeback(self->file_fd, self->file_size, size);
    self->file_size += size;
    self->counts.bytes += size;
    return MS_OK;
}

ms_status ms_extraction_end_file(ms_extraction *self, ms_error *err)
{
    int fd = self->file_fd;
    ms_status status = MS_OK;
    self->file_fd = -1;
    if (self->sync)
        status = ms_file_sync(fd, err);
    if (status == MS_OK)
        return ms_file_close_checked(fd, err);
    ms_file_close(fd);
    return status;
}

ms_status ms_extraction_finish(ms_extraction *self, const ms_task *task, ms_error *err)
{
    ms_status status = MS_OK;
    if (!self->sync)
        return MS_OK;
    for (const ms_path_node *node = ms_path_tree_root(self->tree); node != NULL && status == MS_OK;
            node = node->next) {
        if (!node->is_folder)
            continue;
        status = ms_task_check(task, err);
        if (status == MS_OK)
            status = enter_folder(self, node, err);
        if (status == MS_OK)
            status = ms_folder_sync(self->folder_fd, ".", err);
    }
    return status;
}

const ms_extraction_counts *ms_extraction_counts_of(const ms_extraction *self)
{
    return &self->counts;
}

void ms_extraction_free(ms_extraction *self)
{
    if (self == NULL)
        return;
    ms_file_close(self->file_fd);
    ms_file_close(self->folder_fd);
    ms_path_tree_free(self->tree);
    ms_free(self);
}
