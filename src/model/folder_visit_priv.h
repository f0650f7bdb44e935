/* Going through everything below a folder on disk, without following links. */
#ifndef MS_MODEL_FOLDER_VISIT_PRIV_H
#define MS_MODEL_FOLDER_VISIT_PRIV_H

#include "platform/file.h"
#include "task/task.h"

typedef enum ms_visit_next { MS_VISIT_GO_ON, MS_VISIT_PASS_OVER /* what is below this folder */, MS_VISIT_STOP } ms_visit_next;

/** path is relative to the folder and valid during the call. */
typedef ms_status (*ms_visit_fn)(void *payload, const char *path, ms_file_kind kind, ms_visit_next *next, ms_error *err);

/** Visit every name below dirfd, folders before what is in them, in no order. Folders deeper than a model can have are passed over.
 *  MS_INTERRUPTED once task, which may be NULL, is cancelled. */
MS_MUST_CHECK ms_status ms_folder_visit(int dirfd, const ms_task *task, ms_visit_fn visit, void *payload, ms_error *err);

#endif
