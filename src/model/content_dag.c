#include "model/content_dag_priv.h"

#include <assert.h>
#include <string.h>

void ms_content_dag_init(ms_content_dag *dag, const ms_source_tree *tree, ms_block_sink sink)
{
    *dag = (ms_content_dag){.tree = tree, .sink = sink};
    ms_file_dag_init(&dag->file, MS_FILE_DAG_WIDTH, sink);
    if (tree != NULL && tree->is_folder) {
        ms_directory_dag_init(&dag->folders[0]);
        dag->folder_paths[0] = "";
        dag->depth = 1;
    }
}

void ms_content_dag_release(ms_content_dag *dag)
{
    while (dag->depth > 0)
        ms_directory_dag_release(&dag->folders[--dag->depth]);
    ms_file_dag_release(&dag->file);
}

ms_status ms_content_dag_add_chunk(ms_content_dag *dag, const ms_cid *cid, uint64_t size, ms_error *err)
{
    return ms_file_dag_add(&dag->file, cid, size, err);
}

static ms_span base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash == NULL ? path : slash + 1;
    return ms_span_of(name, strlen(name));
}

static ms_status end_folder(ms_content_dag *dag, ms_dag_entry *entry, ms_error *err)
{
    ms_directory_dag *folder = &dag->folders[dag->depth - 1];
    ms_status status = ms_directory_dag_finish(folder, dag->sink, entry, err);
    if (status != MS_OK && err != NULL && err->path[0] == '\0')
        ms_error_set_path(err, dag->folder_paths[dag->depth - 1]);
    return status;
}

/* Open and close folders up to entry. */
static ms_status move_to(ms_content_dag *dag, size_t entry, ms_error *err)
{
    for (; dag->next_entry < entry; dag->next_entry++) {
        const ms_source_entry *passed = &dag->tree->entries[dag->next_entry];
        if (passed->kind == MS_SOURCE_FOLDER) {
            assert(dag->depth <= MS_PATH_DEPTH_MAX);
            ms_directory_dag_init(&dag->folders[dag->depth]);
            dag->folder_paths[dag->depth++] = passed->path;
        } else if (passed->kind == MS_SOURCE_FOLDER_END) {
            ms_dag_entry ended;
            ms_status status = end_folder(dag, &ended, err);
            if (status != MS_OK)
                return status;
            ms_directory_dag_release(&dag->folders[--dag->depth]);
            status = ms_directory_dag_add(&dag->folders[dag->depth - 1], base_name(passed->path), &ended, err);
            if (status != MS_OK)
                return status;
        }
    }
    return MS_OK;
}

ms_status ms_content_dag_end_file(ms_content_dag *dag, size_t entry, ms_error *err)
{
    ms_dag_entry ended;
    ms_status status = ms_file_dag_finish(&dag->file, &ended, err);
    if (status != MS_OK)
        return status;
    if (dag->depth == 0) {
        dag->file_root = ended;
        return MS_OK;
    }
    status = move_to(dag, entry, err);
    if (status != MS_OK)
        return status;
    return ms_directory_dag_add(&dag->folders[dag->depth - 1], base_name(dag->tree->entries[entry].path), &ended, err);
}

ms_status ms_content_dag_finish(ms_content_dag *dag, ms_dag_entry *root, ms_error *err)
{
    *root = dag->file_root;
    if (dag->depth == 0)
        return MS_OK;
    ms_status status = move_to(dag, dag->tree->count, err);
    return status == MS_OK ? end_folder(dag, root, err) : status;
}
