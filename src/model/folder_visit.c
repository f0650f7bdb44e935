#include "model/folder_visit_priv.h"

#include "codec/path.h"
#include "platform/folder.h"

typedef struct visiting {
    int dirfd;
    const ms_task *task;
    ms_visit_fn visit;
    void *payload;
    bool stop;
} visiting;

static ms_status visit_folder(visiting *all, const char *path, unsigned depth, ms_error *err);

static ms_status visit_name(visiting *all, const char *path, ms_file_kind kind, unsigned depth, ms_error *err)
{
    ms_visit_next next = MS_VISIT_GO_ON;
    ms_status status = all->visit(all->payload, path, kind, &next, err);
    all->stop = next == MS_VISIT_STOP;
    if (status != MS_OK || next != MS_VISIT_GO_ON || kind != MS_FILE_DIRECTORY || depth >= MS_PATH_DEPTH_MAX)
        return status;
    return visit_folder(all, path, depth + 1, err);
}

static ms_status visit_folder(visiting *all, const char *path, unsigned depth, ms_error *err)
{
    ms_folder *folder = NULL;
    ms_buffer entry;
    ms_buffer_init(&entry, MS_FILE_PATH_SIZE_MAX);
    ms_status status = ms_folder_open(&folder, all->dirfd, path[0] == '\0' ? "." : path, err);
    while (status == MS_OK && !all->stop) {
        const char *name = NULL;
        ms_file_kind kind;
        status = ms_task_check(all->task, err);
        if (status == MS_OK)
            status = ms_folder_next(folder, &name, &kind, err);
        if (status != MS_OK || name == NULL)
            break;
        ms_buffer_clear(&entry);
        status = ms_buffer_printf(&entry, err, path[0] == '\0' ? "%s%s" : "%s/%s", path, name);
        const char *text = status == MS_OK ? ms_buffer_text(&entry) : NULL;
        if (status == MS_OK)
            status = text == NULL ? ms_fail_memory(err, entry.size) : visit_name(all, text, kind, depth, err);
    }
    ms_folder_close(folder);
    ms_buffer_release(&entry);
    return status;
}

ms_status ms_folder_visit(int dirfd, const ms_task *task, ms_visit_fn visit, void *payload, ms_error *err)
{
    visiting all = {.dirfd = dirfd, .task = task, .visit = visit, .payload = payload};
    return visit_folder(&all, "", 0, err);
}
