/* Where a retrieved model goes: the rules of OUTPUT, and what already stands there. */
#ifndef MS_MODEL_TARGET_PRIV_H
#define MS_MODEL_TARGET_PRIV_H

#include "archive/archive_format.h"
#include "base/buffer.h"
#include "platform/file.h"
#include "task/task.h"

/** The final place: name in the folder parent_fd. Owned by whoever opened it. */
typedef struct ms_target {
    int parent_fd; /* -1 while the folder is not there and must not be made (dry run) */
    char *path;    /* as the user will find it */
    char *name;    /* last part of path */
    ms_archive_format format; /* of an archive that is to be made; NONE = file or folder */
    bool exists;
    ms_file_status status; /* of what stands there, not following a link */
} ms_target;

/** Apply the rules: an output ending in '/', or '.' or '..', receives the model under stored_name, and so does an existing folder when
 *  the model is a single file; else output is the model itself. Missing folders above are made unless dry_run. A suffix of an archive
 *  on a single file that is none of that kind is a warning. MS_USAGE "output_empty", "output_kind" (a link or device stands there),
 *  "output_home" (it is the home, holds it or lies in it); MS_IO. */
MS_MUST_CHECK ms_status ms_target_open(ms_target *target, const char *output, const char *stored_name, bool is_folder_model,
        bool dry_run, const char *home, ms_task *task, ms_error *err);
/** Look again at what stands there; as ms_target_open. */
MS_MUST_CHECK ms_status ms_target_look(ms_target *target, ms_error *err);
/** The same place for something beside the model, such as an extracted tree. */
MS_MUST_CHECK ms_status ms_target_open_sibling(ms_target *target, const ms_target *of, const char *name, const char *home, ms_error *err);
void ms_target_release(ms_target *target);

#endif
