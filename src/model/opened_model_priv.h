/* A model found by its name: its record, its manifest head and info, and how it was verified. */
#ifndef MS_MODEL_OPENED_MODEL_PRIV_H
#define MS_MODEL_OPENED_MODEL_PRIV_H

#include "manifest/manifest_head.h"
#include "manifest/manifest_info.h"
#include "model/run_priv.h"

typedef enum ms_model_purpose {
    MS_MODEL_FOR_USE,  /* retrieve: refuses revoked models; notice for skipped inactive versions,
                          warning for inactive ones */
    MS_MODEL_FOR_CARE, /* info, verify, repair, remove: revoked ones work and it is said */
    MS_MODEL_FOR_WRITE /* activate, deactivate: own publishers only */
} ms_model_purpose;

typedef struct ms_opened_model {
    bool has_record;  /* false: a CID that no record here speaks of */
    bool has_version; /* the name had @N */
    ms_record record;
    ms_cid manifest; /* undefined for a plain UnixFS CID */
    ms_manifest_head head;
    ms_manifest_info info; /* spans into arena memory */
    ms_span head_block;
    ms_span info_block;
    const char *verified_by; /* "ledger", "cid" */
} ms_opened_model;

/** Resolve REF and read its manifest, from the record where it holds the blocks, else from the
 * store. Head and info are checked against their hashes. Text and spans live in the run's arena.
 * MS_NOT_FOUND, MS_INTEGRITY ("revoked", damaged manifest), MS_USAGE (bad name). */
MS_MUST_CHECK ms_status ms_model_open(ms_run *run, const char *ref, ms_model_purpose purpose,
        ms_opened_model *model, ms_error *err);
/** Only resolve: MS_OK with has_record, or a CID with has_record false; head and info are left
 * empty. */
MS_MUST_CHECK ms_status ms_model_resolve(ms_run *run, const char *ref, ms_model_purpose purpose,
        ms_opened_model *model, ms_error *err);
/** Whether the model was removed here. One that was not is expected to be here, whole. */
MS_MUST_CHECK ms_status ms_model_is_removed(
        ms_run *run, const ms_cid *manifest, bool *is_removed, ms_error *err);
/** Whether the model is kept here: its head block is in the store and it was not removed. */
MS_MUST_CHECK ms_status ms_model_is_local(
        ms_run *run, const ms_cid *manifest, bool *is_local, ms_error *err);
/** MS_NOT_FOUND "not_here" when the block first, where reading of the model begins, is missing and nobody expects it: the
 *  model was removed here, or no record here knows it. With a model that is kept it is damage, and passes. */
MS_MUST_CHECK ms_status ms_model_require_kept(
        ms_run *run, const ms_opened_model *model, const ms_cid *first, ms_error *err);
/** Say what a failure of reading blocks of the model means: where err tells of a missing block
 * ("block_missing"), it is MS_INTEGRITY with a way to repair when the model is kept here,
 * MS_NOT_FOUND "not_here" when it is not. Else status and err stay. Returns the status. */
MS_MUST_CHECK ms_status ms_model_explain_missing(
        ms_run *run, const ms_opened_model *model, ms_status status, ms_error *err);
ms_cid ms_manifest_cid(const uint8_t digest[32]);

#endif
