/* What is to be stored: the files and folders below a path, in the order of the DAG walk (the entries of each folder by the bytes
 * of their names), checked against the path rules before anything is read. */
#ifndef MS_MODEL_SOURCE_TREE_PRIV_H
#define MS_MODEL_SOURCE_TREE_PRIV_H

#include "base/arena.h"
#include "platform/file.h"
#include "task/task.h"

typedef enum ms_source_kind { MS_SOURCE_FOLDER, MS_SOURCE_FILE, MS_SOURCE_FOLDER_END } ms_source_kind;

/** About 100 bytes and the path; 100,000 files take some 15 MB. */
typedef struct ms_source_entry {
    const char *path; /* relative; "" for a model of one file. FOLDER_END: that of its folder */
    ms_source_kind kind;
    uint64_t size;
    uint64_t device;
    uint64_t inode;
    int64_t modified_ns;
    int64_t changed_ns;
} ms_source_entry;

typedef struct ms_source_tree {
    int fd;              /* of the folder, or of the one file */
    bool is_folder;
    char *stored_name;   /* base name of the path; passes ms_path_check_name */
    ms_source_entry *entries;
    size_t count;
    size_t capacity;
    uint64_t file_count;
    uint64_t total_size; /* bytes */
    uint64_t links;      /* symbolic links that were taken as the files they lead to */
    ms_arena names;
} ms_source_tree;

typedef struct ms_source_rules {
    const char *const *include;
    size_t include_count;
    const char *const *exclude;
    size_t exclude_count;
    bool no_default_excludes;
    bool is_copy; /* of a model, read for its bytes: what no model can hold, or may, is passed over without a word */
    /* Regular files that must never be stored: the effective configuration, keystore files, the home. */
    const char *home;        /* absolute path; NULL = none */
    const char *config_path; /* NULL = none */
} ms_source_rules;

/** List path. Warnings go to the task: links taken, default excludes applied. A name against the rules, a link to a folder, a dangling
 *  link, a device: an error that names it and offers --exclude. No file at all: MS_USAGE "model_empty". Release in any case. */
MS_MUST_CHECK ms_status ms_source_tree_open(ms_source_tree *tree, const char *path, const ms_source_rules *rules, ms_task *task,
        ms_error *err);
void ms_source_tree_release(ms_source_tree *tree);

/** Open a listed file for reading; MS_INTEGRITY "source_changed" naming it when it is not the file that was listed. */
MS_MUST_CHECK ms_status ms_source_open_file(const ms_source_tree *tree, const ms_source_entry *entry, int *fd, ms_error *err);
void ms_source_close_file(const ms_source_tree *tree, int fd);
/** Compare an open file with what was listed: MS_INTEGRITY "source_changed" when size, times or identity differ. */
MS_MUST_CHECK ms_status ms_source_check_file(const ms_source_entry *entry, int fd, ms_error *err);

#endif
