#include "model/source_tree_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "base/alloc.h"
#include "base/bounded.h"
#include "base/checked.h"
#include "cid/block.h"
#include "codec/path.h"
#include "codec/path_twins.h"
#include "model/path_filter_priv.h"
#include "platform/folder.h"

#define NAMES_SIZE_MAX ((size_t)256 << 20)
#define HUB_CACHE ".cache/huggingface"

typedef struct listing {
    ms_source_tree *tree;
    const ms_source_rules *rules;
    ms_task *task;
    ms_path_filter filter;
    const char *root; /* as it was given */
    ms_file_status home;
    ms_file_status config;
    bool has_home;
    bool has_config;
    bool told_git;
    bool told_hub_cache;
    bool told_partial;
    uint64_t left_out; /* entries that a rule left out */
    uint64_t folders;
} listing;

/* One folder's names, sorted. */
typedef struct folder_names {
    ms_arena arena;
    const char **names;
    size_t count;
    size_t capacity;
} folder_names;

static ms_status fail_entry(ms_status status, const char *reason, const char *path, const char *what, ms_error *err)
{
    (void)ms_fail(err, status, reason, "%s %s", path[0] == '\0' ? "the path" : path, what);
    ms_error_set_path(err, path);
    ms_error_set_hint(err, "leave it out with --exclude '%s', or rename it", path);
    return status;
}

static int compare_names(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static ms_status add_name(folder_names *names, const char *name, ms_error *err)
{
    if (names->count == names->capacity) {
        const size_t capacity = names->capacity == 0 ? 64 : names->capacity * 2;
        const char **grown = ms_realloc_array(names->names, capacity, sizeof(*grown));
        if (grown == NULL)
            return ms_fail_memory(err, capacity * sizeof(*grown));
        names->names = grown;
        names->capacity = capacity;
    }
    const char *copy = ms_arena_strdup(&names->arena, name);
    if (copy == NULL && names->arena.is_starved)
        return ms_fail_memory(err, strlen(name));
    if (copy == NULL)
        return ms_fail(err, MS_LIMIT, "folder_names", "a folder has too many names");
    names->names[names->count++] = copy;
    return MS_OK;
}

static void release_names(folder_names *names)
{
    ms_arena_release(&names->arena);
    ms_free(names->names);
}

static ms_status read_names(folder_names *names, int dirfd, const char *path, ms_error *err)
{
    ms_folder *folder = NULL;
    ms_arena_init(&names->arena, NAMES_SIZE_MAX);
    ms_status status = ms_folder_open(&folder, dirfd, path, err);
    while (status == MS_OK) {
        const char *name = NULL;
        status = ms_folder_next(folder, &name, NULL, err);
        if (status != MS_OK || name == NULL)
            break;
        status = add_name(names, name, err);
    }
    ms_folder_close(folder);
    if (status == MS_OK && names->count > 1)
        qsort(names->names, names->count, sizeof(*names->names), compare_names);
    return status;
}

static ms_status add_entry(listing *list, const char *path, ms_source_kind kind, const ms_file_status *found, ms_error *err)
{
    ms_source_tree *tree = list->tree;
    if (kind == MS_SOURCE_FILE && tree->file_count == MS_MODEL_FILES_MAX)
        return ms_fail(err, MS_LIMIT, "model_files", "the model has more than %d files", MS_MODEL_FILES_MAX);
    if (kind == MS_SOURCE_FOLDER && list->folders++ == MS_MODEL_FOLDERS_MAX)
        return ms_fail(err, MS_LIMIT, "model_folders", "the model has more than %d folders", MS_MODEL_FOLDERS_MAX);
    if (tree->count == tree->capacity) {
        const size_t capacity = tree->capacity == 0 ? 64 : tree->capacity * 2;
        ms_source_entry *grown = ms_realloc_array(tree->entries, capacity, sizeof(*grown));
        if (grown == NULL)
            return ms_fail_memory(err, capacity * sizeof(*grown));
        tree->entries = grown;
        tree->capacity = capacity;
    }
    ms_source_entry *entry = &tree->entries[tree->count++];
    *entry = (ms_source_entry){.path = path, .kind = kind};
    if (kind != MS_SOURCE_FILE)
        return MS_OK;
    entry->size = found->size;
    entry->device = found->device;
    entry->inode = found->inode;
    entry->modified_ns = found->modified_ns;
    entry->changed_ns = found->changed_ns;
    tree->file_count++;
    if (!ms_add_u64(&tree->total_size, tree->total_size, found->size) || tree->total_size > INT64_MAX)
        return ms_fail(err, MS_LIMIT, "model_size", "the model is larger than 2^63 - 1 bytes");
    return MS_OK;
}

static bool same_file(const ms_file_status *a, const ms_file_status *b)
{
    return a->device == b->device && a->inode == b->inode;
}

static bool ends_in_hub_cache(const char *path)
{
    const size_t size = strlen(path);
    const size_t tail = strlen(HUB_CACHE);
    return size >= tail && strcmp(path + size - tail, HUB_CACHE) == 0 && (size == tail || path[size - tail - 1] == '/');
}

static bool is_own_partial(const char *name)
{
    const size_t size = strlen(name);
    const size_t tail = strlen(MS_PATH_PARTIAL_SUFFIX);
    return name[0] == '.' && size > tail && strcmp(name + size - tail, MS_PATH_PARTIAL_SUFFIX) == 0;
}

/* Says each kind once: a checkout with submodules would otherwise fill the screen. Only the cache may be stored when it is wanted: the
 * rules of paths refuse the other names in any model. */
static bool left_out_by_default(listing *list, const char *path, const char *name)
{
    if (list->rules->no_default_excludes || list->rules->is_copy)
        return false;
    bool *told = NULL;
    const char *what = NULL;
    if (strcmp(name, ".git") == 0) {
        told = &list->told_git;
        what = "the version control folder .git is";
    } else if (ends_in_hub_cache(path)) {
        told = &list->told_hub_cache;
        what = "the download cache " HUB_CACHE " is";
    } else if (is_own_partial(name)) {
        told = &list->told_partial;
        what = "unfinished files of model-storage are";
    } else {
        return false;
    }
    if (!*told && told == &list->told_hub_cache)
        ms_task_notice(list->task, true, "%s left out; --no-default-excludes stores it too", what);
    else if (!*told)
        ms_task_notice(list->task, true, "%s left out: no model can hold that", what);
    *told = true;
    return true;
}

static bool is_left_out(listing *list, const char *path, const char *name, bool is_folder)
{
    return left_out_by_default(list, path, name) || !ms_path_filter_wants(&list->filter, path, is_folder);
}

static ms_status list_folder(listing *list, const char *path, ms_error *err);

static ms_status list_subfolder(listing *list, const char *path, const ms_file_status *found, ms_error *err)
{
    if (list->has_home && same_file(found, &list->home))
        return fail_entry(MS_USAGE, "source_home", path, "is the home of model-storage and is not stored", err);
    const size_t before = list->tree->count;
    const uint64_t left_out_before = list->left_out;
    ms_status status = add_entry(list, path, MS_SOURCE_FOLDER, found, err);
    if (status == MS_OK)
        status = list_folder(list, path, err);
    if (status != MS_OK)
        return status;
    const bool is_empty = list->tree->count == before + 1;
    const bool was_filtered = list->left_out != left_out_before || list->rules->include_count > 0;
    if (is_empty && was_filtered) {
        list->tree->count = before;
        list->folders--;
        return MS_OK;
    }
    return add_entry(list, path, MS_SOURCE_FOLDER_END, found, err);
}

static ms_status list_link(listing *list, const char *path, ms_file_status *found, ms_error *err)
{
    ms_error why = MS_ERROR_INIT;
    ms_status status = ms_file_status_at(list->tree->fd, path, true, found, &why);
    if (status == MS_NOT_FOUND || why.os_errno == ELOOP)
        return fail_entry(MS_USAGE, "source_link_dangling", path, "is a symbolic link that leads nowhere", err);
    if (status != MS_OK) {
        ms_error_copy(err, &why);
        return status;
    }
    if (found->kind == MS_FILE_DIRECTORY)
        return fail_entry(MS_USAGE, "source_link_folder", path, "is a symbolic link to a folder, which a model cannot hold", err);
    if (found->kind != MS_FILE_REGULAR)
        return MS_OK;
    list->tree->links++;
    char whole[MS_FILE_PATH_SIZE_MAX];
    if (!ms_bounded_printf(whole, sizeof(whole), "%s/%s", list->root, path))
        return ms_fail(err, MS_LIMIT, "path_too_long", "'%s/%s' is too long", list->root, path);
    return list->has_home && ms_folder_holds(&list->home, whole)
                   ? fail_entry(MS_USAGE, "source_home", path, "is a symbolic link into the home of model-storage and is not stored", err)
                   : MS_OK;
}

static ms_status list_wanted(listing *list, const char *path, const char *name, ms_error *err)
{
    ms_file_status found;
    ms_status status = ms_file_status_at(list->tree->fd, path, false, &found, err);
    if (status == MS_NOT_FOUND)
        return fail_entry(MS_INTEGRITY, "source_changed", path, "vanished while the folder was listed", err);
    if (status != MS_OK)
        return status;
    if (is_left_out(list, path, name, found.kind == MS_FILE_DIRECTORY)) {
        list->left_out++;
        return MS_OK;
    }
    status = ms_path_check(ms_span_of(path, strlen(path)), err);
    if (status != MS_OK) {
        ms_error_set_path(err, path);
        ms_error_set_hint(err, "rename it, or leave it out with --exclude");
        return status;
    }
    if (found.kind == MS_FILE_LINK)
        status = list_link(list, path, &found, err);
    if (status != MS_OK)
        return status;
    if (found.kind == MS_FILE_DIRECTORY)
        return list_subfolder(list, path, &found, err);
    if (found.kind != MS_FILE_REGULAR)
        return fail_entry(MS_USAGE, "source_not_a_file", path, "is a device, a socket or a pipe and cannot be stored", err);
    if (list->has_config && same_file(&found, &list->config))
        return fail_entry(MS_USAGE, "source_config", path, "is the configuration of model-storage and is not stored", err);
    return add_entry(list, path, MS_SOURCE_FILE, &found, err);
}

/* Of a copy that is read for its bytes, what no model can hold is no part: a name, a kind of file. */
static ms_status list_name(listing *list, const char *path, const char *name, ms_error *err)
{
    ms_error why = MS_ERROR_INIT;
    const size_t before = list->tree->count;
    const ms_status status = list_wanted(list, path, name, &why);
    const bool is_of_the_name = list->tree->count == before; /* and not of a folder that was begun */
    if (list->rules->is_copy && is_of_the_name && (status == MS_USAGE || status == MS_MALFORMED)) {
        list->left_out++;
        return MS_OK;
    }
    if (status != MS_OK)
        ms_error_copy(err, &why);
    return status;
}

static const char *joined(ms_source_tree *tree, const char *folder, const char *name)
{
    return folder[0] == '\0' ? ms_arena_strdup(&tree->names, name) : ms_arena_printf(&tree->names, "%s/%s", folder, name);
}

static ms_status list_folder(listing *list, const char *path, ms_error *err)
{
    folder_names names = {0};
    ms_path_twins twins;
    ms_path_twins_init(&twins);
    ms_status status = read_names(&names, list->tree->fd, path[0] == '\0' ? "." : path, err);
    for (size_t i = 0; status == MS_OK && i < names.count; i++) {
        const size_t before = list->tree->count;
        const char *entry = joined(list->tree, path, names.names[i]);
        if (entry == NULL && list->tree->names.is_starved)
            status = ms_fail_memory(err, strlen(names.names[i]));
        else if (entry == NULL)
            status = ms_fail(err, MS_LIMIT, "model_names", "the names in the model take more than %zu bytes", NAMES_SIZE_MAX);
        else
            status = list_name(list, entry, names.names[i], err);
        if (status == MS_OK && list->tree->count > before && !list->rules->is_copy) {
            status = ms_path_twins_add(&twins, ms_span_of(names.names[i], strlen(names.names[i])), err);
            if (status != MS_OK)
                ms_error_set_path(err, entry);
        }
        if (status == MS_OK)
            status = ms_task_check(list->task, err);
    }
    ms_path_twins_release(&twins);
    release_names(&names);
    return status;
}

static ms_status take_stored_name(ms_source_tree *tree, const char *path, bool is_copy, ms_error *err)
{
    char real[MS_FILE_PATH_SIZE_MAX];
    size_t size = strlen(path);
    while (size > 1 && path[size - 1] == '/')
        size--;
    const char *end = path + size;
    const char *name = end;
    while (name > path && name[-1] != '/')
        name--;
    if (name == end || strcmp(name, ".") == 0 || strcmp(name, "..") == 0 || (size_t)(end - name) == 0) {
        ms_status status = ms_file_real_path(real, sizeof(real), path, err);
        if (status != MS_OK)
            return status;
        end = real + strlen(real);
        name = strrchr(real, '/') + 1;
    }
    if (name == end) {
        (void)ms_fail(err, MS_USAGE, "source_no_name", "%s is the root of all folders and has no name to be stored under", path);
        ms_error_set_path(err, path);
        ms_error_set_hint(err, "store a folder in it");
        return MS_USAGE;
    }
    ms_status status = is_copy ? MS_OK : ms_path_check_name(ms_span_of(name, (size_t)(end - name)), err);
    if (status != MS_OK) {
        ms_error_set_path(err, path);
        ms_error_set_hint(err, "rename it before storing it");
        return status;
    }
    tree->stored_name = ms_strndup(name, (size_t)(end - name));
    return tree->stored_name == NULL ? ms_fail_memory(err, size) : MS_OK;
}

static ms_status open_root(ms_source_tree *tree, const char *path, ms_file_status *found, ms_error *err)
{
    ms_status status = ms_file_status_at(MS_DIR_CURRENT, path, true, found, err);
    if (status == MS_NOT_FOUND) {
        (void)ms_fail(err, MS_NOT_FOUND, "source_unknown", "%s does not exist", path);
        ms_error_set_path(err, path);
    }
    if (status != MS_OK)
        return status;
    tree->is_folder = found->kind == MS_FILE_DIRECTORY;
    if (!tree->is_folder && found->kind != MS_FILE_REGULAR)
        return ms_fail(err, MS_USAGE, "source_not_a_file", "%s is neither a file nor a folder; '-' stores a stream", path);
    return ms_file_open(&tree->fd, MS_DIR_CURRENT, path,
            MS_OPEN_READ | (tree->is_folder ? MS_OPEN_DIRECTORY : MS_OPEN_PATH_ONLY_REGULAR), 0, err);
}

static bool look_up(const char *path, ms_file_status *found)
{
    ms_error ignored = MS_ERROR_INIT;
    return path != NULL && ms_file_status_at(MS_DIR_CURRENT, path, true, found, &ignored) == MS_OK;
}

static ms_status list_root(listing *list, const ms_file_status *found, ms_error *err)
{
    if (list->has_home && ms_folder_holds(&list->home, list->root)) {
        (void)ms_fail(err, MS_USAGE, "source_home", "%s: the home of model-storage, and what lies in it, is not stored", list->root);
        ms_error_set_path(err, list->root);
        return MS_USAGE;
    }
    if (list->tree->is_folder)
        return list_folder(list, "", err);
    if (list->rules->include_count > 0 || list->rules->exclude_count > 0)
        return ms_fail(err, MS_USAGE, "store_file_globs", "include and exclude choose files of a folder, this is one file");
    if (list->has_config && same_file(found, &list->config))
        return ms_fail(err, MS_USAGE, "source_config", "the configuration of model-storage is not stored");
    return add_entry(list, "", MS_SOURCE_FILE, found, err);
}

ms_status ms_source_tree_open(ms_source_tree *tree, const char *path, const ms_source_rules *rules, ms_task *task,
        ms_error *err)
{
    *tree = (ms_source_tree){.fd = -1};
    ms_arena_init(&tree->names, NAMES_SIZE_MAX);
    listing list = {.tree = tree, .rules = rules, .task = task, .root = path};
    list.has_home = look_up(rules->home, &list.home);
    list.has_config = look_up(rules->config_path, &list.config);
    ms_file_status found;
    ms_status status = open_root(tree, path, &found, err);
    if (status == MS_OK)
        status = take_stored_name(tree, path, rules->is_copy, err);
    if (status == MS_OK)
        status = ms_path_filter_compile(
                &list.filter, rules->include, rules->include_count, rules->exclude, rules->exclude_count, err);
    if (status == MS_OK)
        status = list_root(&list, &found, err);
    if (status == MS_OK && tree->file_count == 0)
        status = ms_fail(err, MS_USAGE, "model_empty", "%s holds no file to store", path);
    if (status == MS_OK && tree->links > 0 && !rules->is_copy)
        ms_task_notice(task, true, "%llu symbolic link%s stored as the file%s behind", (unsigned long long)tree->links,
                tree->links == 1 ? " was" : "s were", tree->links == 1 ? "" : "s");
    ms_path_filter_release(&list.filter);
    return status;
}

void ms_source_tree_release(ms_source_tree *tree)
{
    ms_file_close(tree->fd);
    ms_free(tree->stored_name);
    ms_free(tree->entries);
    ms_arena_release(&tree->names);
    *tree = (ms_source_tree){.fd = -1};
}

ms_status ms_source_check_file(const ms_source_entry *entry, int fd, ms_error *err)
{
    ms_file_status now;
    ms_status status = ms_file_status_of(fd, &now, err);
    if (status != MS_OK)
        return status;
    if (now.size == entry->size && now.device == entry->device && now.inode == entry->inode &&
            now.modified_ns == entry->modified_ns && now.changed_ns == entry->changed_ns)
        return MS_OK;
    (void)ms_fail(err, MS_INTEGRITY, "source_changed", "%s changed while it was read; nothing was stored",
            entry->path[0] == '\0' ? "the file" : entry->path);
    ms_error_set_path(err, entry->path);
    ms_error_set_hint(err, "store it again when nothing writes to it");
    return MS_INTEGRITY;
}

void ms_source_close_file(const ms_source_tree *tree, int fd)
{
    if (fd != tree->fd)
        ms_file_close(fd);
}

ms_status ms_source_open_file(const ms_source_tree *tree, const ms_source_entry *entry, int *fd, ms_error *err)
{
    *fd = tree->fd;
    if (!tree->is_folder)
        return ms_source_check_file(entry, *fd, err);
    ms_status status = ms_file_open(fd, tree->fd, entry->path, MS_OPEN_READ | MS_OPEN_PATH_ONLY_REGULAR, 0, err);
    if (status == MS_OK)
        status = ms_source_check_file(entry, *fd, err);
    if (status == MS_NOT_FOUND)
        status = ms_fail(err, MS_INTEGRITY, "source_changed", "%s vanished while the model was stored", entry->path);
    if (status != MS_OK) {
        ms_error_set_path(err, entry->path);
        ms_file_close(*fd);
        *fd = -1;
    }
    return status;
}
