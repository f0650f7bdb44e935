/* What scenarios are written with. */
#ifndef SWEEP_SCENARIO_PRIV_H
#define SWEEP_SCENARIO_PRIV_H

#include "scenario.h"
#include "tree.h"

/** Ends the process with 1 after saying what was expected. */
#define EXPECT(condition, ...)                                                                     \
    do {                                                                                           \
        if (!(condition))                                                                          \
            scenario_refuse(__FILE__, __LINE__, __VA_ARGS__);                                      \
    } while (0)
__attribute__((noreturn, format(printf, 3, 4))) void scenario_refuse(
        const char *file, int line, const char *format, ...);

/** "FOLDER/NAME" in memory that the next sixteen calls leave alone. */
const char *scenario_path(const char *folder, const char *name);
/** Open the home of the run with small chunks and batches. */
ms_status scenario_open(ms_storage **storage, const scenario_run *run, ms_error *err);

/** One command on a storage that is opened and closed for it; an acknowledgement is noted. */
ms_status scenario_store(const scenario_run *run, const ms_store_options *options, ms_error *err);
ms_status scenario_retrieve(
        const scenario_run *run, const ms_retrieve_options *options, ms_error *err);
ms_status scenario_verify(const scenario_run *run, const ms_verify_options *options, ms_error *err);
ms_status scenario_repair(const scenario_run *run, const ms_repair_options *options, ms_error *err);
ms_status scenario_activate(
        const scenario_run *run, const ms_lifecycle_options *options, ms_error *err);
ms_status scenario_deactivate(
        const scenario_run *run, const ms_lifecycle_options *options, ms_error *err);
ms_status scenario_remove(const scenario_run *run, const ms_remove_options *options, ms_error *err);
ms_status scenario_prune(const scenario_run *run, const ms_prune_options *options, ms_error *err);
ms_status scenario_check(const scenario_run *run, const ms_check_options *options, ms_error *err);
ms_status scenario_key(const scenario_run *run, const ms_key_options *options, ms_error *err);
ms_status scenario_config(const scenario_run *run, const ms_config_options *options, ms_error *err);

/** For options of prune: yes, whatever goes. */
bool scenario_confirm(
        void *payload, uint64_t free_blocks, uint64_t free_bytes, uint64_t all_blocks);

/** For prepare: the command must succeed. */
void scenario_must_store(const scenario_run *run, const char *name, const char *model_id);

/** What can be learned of a model. */
typedef struct scenario_model {
    bool is_known;
    uint32_t version; /* the newest, or the one asked for */
    char manifest[MS_ERROR_CID_SIZE];
    char status[16];
    bool is_whole; /* verify found every chunk in the store */
} scenario_model;
void scenario_model_of(const scenario_run *run, const char *ref, scenario_model *model);
/** The model is known and every chunk of it is there. */
void scenario_expect_whole(const scenario_run *run, const char *ref);
/** "VERSION MANIFEST" of what a store acknowledged is what the model is. */
void scenario_expect_told(const scenario_proof *proof, const char *ref);
/** The two folders have the same thing under the name. */
bool scenario_same(const char *folder_a, const char *folder_b, const char *name);

/** The tables of the source files. */
extern const scenario scenarios_store[], scenarios_retrieve[], scenarios_care[], scenarios_key[];

#endif
