/* One run of one command: what every use case gets, and the table entry by which operations know it. */
#ifndef MS_MODEL_RUN_PRIV_H
#define MS_MODEL_RUN_PRIV_H

#include "base/arena.h"
#include "model/storage_priv.h"
#include "result/result.h"
#include "task/task.h"

typedef struct ms_run {
    ms_storage *storage;
    ms_task *task;      /* workers, cancel, progress, notices */
    ms_arena arena;     /* text of results; lives as long as the operation */
    ms_result *json;    /* NULL when nobody wants JSON; ms_result_* accept that */
} ms_run;

/** A command: options and result are the public structs; result is zeroed before run. A use case fills the result as it learns
 *  things, gives items to the callbacks of its options and to run->json, and returns. Fields of the result are written by
 *  write_result after run returned, whatever the status. */
typedef struct ms_command {
    const char *name;
    size_t options_size;
    size_t result_size;
    ms_status (*run)(ms_run *run, const void *options, void *result, ms_error *err);
    void (*write_result)(ms_result *json, const void *result);
} ms_command;

/* One use case a source file of the same name. */
extern const ms_command ms_command_store;
extern const ms_command ms_command_retrieve;
extern const ms_command ms_command_list;
extern const ms_command ms_command_info;
extern const ms_command ms_command_verify;
extern const ms_command ms_command_repair;
extern const ms_command ms_command_activate;
extern const ms_command ms_command_deactivate;
extern const ms_command ms_command_remove;
extern const ms_command ms_command_prune;
extern const ms_command ms_command_check;
extern const ms_command ms_command_key;
extern const ms_command ms_command_config;

/** Text for results, in the run's arena; NULL text gives NULL. MS_NO_MEMORY. */
MS_MUST_CHECK ms_status ms_run_text(ms_run *run, const char **copy, const char *text, ms_error *err);
MS_MUST_CHECK ms_status ms_run_cid(ms_run *run, const char **text, const ms_cid *cid, ms_error *err);
MS_MUST_CHECK ms_status ms_run_digest(ms_run *run, const char **text, const uint8_t digest[32], ms_error *err);
MS_MUST_CHECK ms_status ms_run_address(ms_run *run, const char **text, const ms_address *address, ms_error *err);
const char *ms_record_status_word(ms_record_status status);
const char *ms_record_state_word(ms_record_state state);

#endif
