#include "model/same_tree_priv.h"

#include <string.h>

#include "base/alloc.h"
#include "model/folder_visit_priv.h"
#include "model/path_set_priv.h"

#define PIECE_SIZE ((size_t)1 << 20)

typedef struct trees {
    int a;
    int b;
    const ms_task *task;
    ms_path_set paths; /* of b */
    uint8_t *pieces;   /* two of them */
    bool differ;
} trees;

static ms_status same_bytes(trees *both, const char *path, ms_error *err)
{
    int a = -1;
    int b = -1;
    const int flags = MS_OPEN_READ | MS_OPEN_BENEATH | MS_OPEN_NOFOLLOW | MS_OPEN_PATH_ONLY_REGULAR;
    ms_status status = ms_file_open(&a, both->a, path, flags, 0, err);
    if (status == MS_OK)
        status = ms_file_open(&b, both->b, path, flags, 0, err);
    size_t got_a = PIECE_SIZE;
    size_t got_b = 0;
    for (uint64_t offset = 0; status == MS_OK && !both->differ && got_a == PIECE_SIZE; offset += PIECE_SIZE) {
        status = ms_task_check(both->task, err);
        if (status == MS_OK)
            status = ms_file_read_at(a, both->pieces, PIECE_SIZE, offset, &got_a, err);
        if (status == MS_OK)
            status = ms_file_read_at(b, both->pieces + PIECE_SIZE, PIECE_SIZE, offset, &got_b, err);
        if (status == MS_OK)
            both->differ = got_a != got_b || memcmp(both->pieces, both->pieces + PIECE_SIZE, got_a) != 0;
    }
    ms_file_close(a);
    ms_file_close(b);
    return status;
}

/* Called for every path of b. */
static ms_status visit(void *payload, const char *path, ms_file_kind kind, ms_visit_next *next, ms_error *err)
{
    trees *both = (trees *)payload;
    (void)kind;
    ms_file_status a;
    ms_file_status b;
    ms_status status = ms_path_set_add(&both->paths, ms_span_of(path, strlen(path)), err);
    if (status == MS_OK)
        status = ms_file_status_at(both->b, path, false, &b, err);
    if (status != MS_OK)
        return status;
    status = ms_file_status_at(both->a, path, false, &a, err);
    if (status != MS_OK && status != MS_NOT_FOUND)
        return status;
    both->differ = status == MS_NOT_FOUND || a.kind != b.kind || (a.kind != MS_FILE_REGULAR && a.kind != MS_FILE_DIRECTORY) ||
                   (a.kind == MS_FILE_REGULAR && a.size != b.size);
    status = MS_OK;
    if (!both->differ && a.kind == MS_FILE_REGULAR)
        status = same_bytes(both, path, err);
    if (both->differ)
        *next = MS_VISIT_STOP;
    return status;
}

static ms_status on_extra(void *payload, const char *path, bool *stop, ms_error *err)
{
    (void)path;
    (void)err;
    ((trees *)payload)->differ = true;
    *stop = true;
    return MS_OK;
}

ms_status ms_same_tree(
        int dirfd, const char *name, int tree, const ms_task *task, bool *is_same, ms_error *err)
{
    trees both = {.a = -1, .b = tree, .task = task};
    *is_same = false;
    ms_path_set_init(&both.paths);
    both.pieces = ms_alloc(2 * PIECE_SIZE);
    ms_status status = both.pieces == NULL ? ms_fail_memory(err, 2 * PIECE_SIZE) : MS_OK;
    ms_error opened = MS_ERROR_INIT;
    if (status == MS_OK && ms_file_open(&both.a, dirfd, name, MS_OPEN_READ | MS_OPEN_DIRECTORY | MS_OPEN_NOFOLLOW, 0, &opened) != MS_OK)
        both.differ = true;
    if (status == MS_OK && !both.differ)
        status = ms_folder_visit(tree, task, visit, &both, err);
    if (status == MS_OK && !both.differ)
        status = ms_path_set_find_extra(&both.paths, both.a, task, on_extra, &both, err);
    *is_same = status == MS_OK && !both.differ;
    ms_file_close(both.a);
    ms_free(both.pieces);
    ms_path_set_release(&both.paths);
    return status;
}
