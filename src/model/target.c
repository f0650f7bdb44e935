#include "model/target_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "platform/folder.h"

static bool ends_with(const char *text, const char *tail)
{
    const size_t size = strlen(text);
    const size_t tail_size = strlen(tail);
    return size >= tail_size && strcmp(text + size - tail_size, tail) == 0;
}

static bool names_a_folder(const char *output)
{
    return ends_with(output, "/") || strcmp(output, ".") == 0 || strcmp(output, "..") == 0 || ends_with(output, "/.") ||
           ends_with(output, "/..");
}

/* path = folder/name, without doubled slashes. */
static char *join(const char *folder, const char *name)
{
    ms_buffer path;
    ms_buffer_init(&path, MS_FILE_PATH_SIZE_MAX);
    size_t size = strlen(folder);
    while (size > 1 && folder[size - 1] == '/')
        size--;
    char *joined = NULL;
    if (ms_buffer_append(&path, folder, size, NULL) == MS_OK &&
            (folder[size - 1] == '/' || ms_buffer_append(&path, "/", 1, NULL) == MS_OK) &&
            ms_buffer_append(&path, name, strlen(name) + 1, NULL) == MS_OK)
        joined = (char *)ms_buffer_detach(&path, &size);
    ms_buffer_release(&path);
    return joined;
}

static ms_status resolve(ms_target *target, const char *output, const char *stored_name, bool is_folder_model, ms_error *err)
{
    ms_file_status found;
    bool inside = names_a_folder(output);
    if (!inside && !is_folder_model) {
        ms_error ignored = MS_ERROR_INIT;
        inside = ms_file_status_at(MS_DIR_CURRENT, output, true, &found, &ignored) == MS_OK && found.kind == MS_FILE_DIRECTORY;
    }
    target->path = inside ? join(output, stored_name) : ms_strdup(output);
    return target->path == NULL ? ms_fail_memory(err, strlen(output)) : MS_OK;
}

/* Neither the home is replaced, nor what holds it, nor a part of it. */
static ms_status refuse_home(const ms_target *target, const char *home, ms_error *err)
{
    ms_file_status of_home;
    ms_file_status of_target;
    if (ms_file_status_at(MS_DIR_CURRENT, home, true, &of_home, NULL) != MS_OK)
        return MS_OK;
    const bool holds_home = ms_file_status_at(MS_DIR_CURRENT, target->path, true, &of_target, NULL) == MS_OK &&
                            of_target.kind == MS_FILE_DIRECTORY && ms_folder_holds(&of_target, home);
    if (!holds_home && !ms_folder_holds(&of_home, target->path))
        return MS_OK;
    (void)ms_fail(err, MS_USAGE, "output_home", "%s %s the home of model-storage, %s", target->path,
            holds_home ? "is or holds" : "lies in", home);
    ms_error_set_path(err, target->path);
    ms_error_set_hint(err, "name another output");
    return MS_USAGE;
}

static ms_status open_parent(ms_target *target, bool dry_run, ms_error *err)
{
    const char *slash = strrchr(target->path, '/');
    const char *name = slash == NULL ? target->path : slash + 1;
    target->name = ms_strdup(name);
    if (target->name == NULL)
        return ms_fail_memory(err, strlen(name));
    if (slash == NULL)
        return ms_file_open(&target->parent_fd, MS_DIR_CURRENT, ".", MS_OPEN_READ | MS_OPEN_DIRECTORY, 0, err);
    char *parent = slash == target->path ? ms_strdup("/") : ms_strndup(target->path, (size_t)(slash - target->path));
    if (parent == NULL)
        return ms_fail_memory(err, strlen(target->path));
    ms_status status = dry_run ? MS_OK : ms_folder_make_all(MS_DIR_CURRENT, parent, 0755, err);
    if (status == MS_OK)
        status = ms_file_open(&target->parent_fd, MS_DIR_CURRENT, parent, MS_OPEN_READ | MS_OPEN_DIRECTORY, 0, err);
    if (dry_run && status == MS_NOT_FOUND)
        status = MS_OK;
    ms_free(parent);
    return status;
}

ms_status ms_target_look(ms_target *target, ms_error *err)
{
    target->exists = false;
    if (target->parent_fd == -1)
        return MS_OK;
    ms_status status = ms_file_status_at(target->parent_fd, target->name, false, &target->status, err);
    if (status == MS_NOT_FOUND)
        return MS_OK;
    if (status != MS_OK)
        return status;
    target->exists = true;
    if (target->status.kind == MS_FILE_REGULAR || target->status.kind == MS_FILE_DIRECTORY)
        return MS_OK;
    (void)ms_fail(err, MS_USAGE, "output_kind", "%s is a %s and is not replaced", target->path,
            target->status.kind == MS_FILE_LINK ? "symbolic link" : "device, socket or pipe");
    ms_error_set_path(err, target->path);
    ms_error_set_hint(err, "remove it, or name another output");
    return MS_USAGE;
}

static void choose_format(ms_target *target, const char *stored_name, bool is_folder_model, ms_task *task)
{
    ms_archive_format asked = MS_ARCHIVE_NONE;
    ms_archive_format stored = MS_ARCHIVE_NONE;
    (void)ms_archive_readable_of_name(target->name, &asked, NULL);
    target->format = ms_archive_format_is_writable(asked) ? asked : MS_ARCHIVE_NONE;
    if (is_folder_model && asked != target->format)
        ms_task_notice(task, true, "%s is made as a folder: the archives that can be written are .tar, .tar.gz, .tgz and .tar.zst",
                target->name);
    if (is_folder_model || target->format == MS_ARCHIVE_NONE)
        return;
    (void)ms_archive_readable_of_name(stored_name, &stored, NULL);
    if (stored != target->format)
        ms_task_notice(task, true, "%s is a single file and is written as it is, whatever the suffix of %s says", stored_name,
                target->name);
    target->format = MS_ARCHIVE_NONE;
}

ms_status ms_target_open(ms_target *target, const char *output, const char *stored_name, bool is_folder_model, bool dry_run,
        const char *home, ms_task *task, ms_error *err)
{
    *target = (ms_target){.parent_fd = -1};
    if (output[0] == '\0')
        return ms_fail(err, MS_USAGE, "output_empty", "the output path is empty");
    ms_status status = resolve(target, output, stored_name, is_folder_model, err);
    if (status == MS_OK)
        status = refuse_home(target, home, err);
    if (status == MS_OK)
        status = open_parent(target, dry_run, err);
    if (status == MS_OK)
        status = ms_target_look(target, err);
    if (status == MS_OK)
        choose_format(target, stored_name, is_folder_model, task);
    return status;
}

ms_status ms_target_open_sibling(
        ms_target *target, const ms_target *of, const char *name, const char *home, ms_error *err)
{
    *target = (ms_target){.parent_fd = -1};
    const char *slash = strrchr(of->path, '/');
    const size_t folder_size = slash == NULL ? 0 : (size_t)(slash - of->path) + 1;
    ms_buffer path;
    ms_buffer_init(&path, MS_FILE_PATH_SIZE_MAX);
    ms_status status = ms_buffer_append(&path, of->path, folder_size, err);
    if (status == MS_OK)
        status = ms_buffer_append(&path, name, strlen(name) + 1, err);
    size_t size = 0;
    if (status == MS_OK)
        target->path = (char *)ms_buffer_detach(&path, &size);
    ms_buffer_release(&path);
    if (status == MS_OK)
        status = refuse_home(target, home, err);
    if (status == MS_OK)
        status = open_parent(target, of->parent_fd == -1, err);
    return status == MS_OK ? ms_target_look(target, err) : status;
}

void ms_target_release(ms_target *target)
{
    ms_file_close(target->parent_fd);
    ms_free(target->path);
    ms_free(target->name);
    *target = (ms_target){.parent_fd = -1};
}
