/* Result objects as JSON, written while they come to be: the one place that knows the field names of
 * docs/interface.md. An object is: items of long arrays and fields in any order, then warnings, success and error. */
#ifndef MS_RESULT_RESULT_H
#define MS_RESULT_RESULT_H

#include "codec/json_writer.h"
#include "model_storage/key.h"

/** One object being written; for one thread. */
typedef struct ms_result ms_result;

/** sink receives the text; it is the write_json of ms_operation_options. The object is begun. */
MS_MUST_CHECK ms_status ms_result_new(ms_result **result, ms_status (*sink)(void *payload, const char *text, size_t size),
        void *payload, ms_error *err);
/** Write warnings, success and, for a status other than MS_OK, error; close the object and hand all of it to the sink. An array
 *  that is still open is closed first. The first failure of the sink, if any. */
MS_MUST_CHECK ms_status ms_result_finish(ms_result *result, ms_status status, const ms_error *failure,
        const char *const *warnings, size_t warning_count, ms_error *err);
void ms_result_free(ms_result *result);
/** MS_OK so far, or the first failure of the sink: what loops that write much look at. */
MS_MUST_CHECK ms_status ms_result_status(const ms_result *result, ms_error *err);

/* Every function below accepts a NULL result and then does nothing. */

/** An array field of the object: "models", "chunks", "files", "chunkResults"; one at a time. */
void ms_result_array_begin(ms_result *result, const char *key);
void ms_result_array_end(ms_result *result);
void ms_result_model(ms_result *result, const ms_model_entry *entry);
void ms_result_file(ms_result *result, const ms_file_entry *file);
void ms_result_chunk(ms_result *result, const ms_chunk_entry *chunk);
void ms_result_verdict(ms_result *result, const ms_chunk_verdict *verdict);

/* The fields of each result that are not items. */
void ms_result_store(ms_result *result, const ms_store_result *store);
void ms_result_retrieve(ms_result *result, const ms_retrieve_result *retrieve);
void ms_result_list(ms_result *result, const ms_list_result *list);
void ms_result_info(ms_result *result, const ms_info_result *info);
void ms_result_verify(ms_result *result, const ms_verify_result *verify);
void ms_result_repair(ms_result *result, const ms_repair_result *repair);
void ms_result_lifecycle(ms_result *result, const ms_lifecycle_result *lifecycle);
void ms_result_prune(ms_result *result, const ms_prune_result *prune);
void ms_result_check(ms_result *result, const ms_check_result *check);
void ms_result_key(ms_result *result, const ms_key_result *key);
void ms_result_config(ms_result *result, const ms_config_result *config);

#endif
