/* One version as list and info show it: what its record says, and what its manifest adds. */
#ifndef MS_MODEL_MANIFEST_ENTRY_PRIV_H
#define MS_MODEL_MANIFEST_ENTRY_PRIV_H

#include "model/opened_model_priv.h"

/** No entry has more text: metadata as JSON has at most 19 bytes for a byte of its info block (an
 *  empty byte string, 40, is {"/":{"bytes":""}} and a comma); 1 MiB is room enough for the other
 *  texts. */
#define MS_MANIFEST_ENTRY_TEXT_SIZE_MAX (19 * MS_MANIFEST_INFO_SIZE_MAX + ((size_t)1 << 20))

/** Fill entry; text lives in arena. model->head and info count only when model->head.count is not 0. */
MS_MUST_CHECK ms_status ms_manifest_entry_fill(ms_model_entry *entry, ms_arena *arena, const ms_opened_model *model, bool is_local,
        ms_error *err);

#endif
