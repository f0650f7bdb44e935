/* Where a page of a list ended, as text: ID@VERSION@0xPUBLISHER. */
#ifndef MS_REGISTRY_LIST_CURSOR_H
#define MS_REGISTRY_LIST_CURSOR_H

#include "registry/registry.h"

/** The last record of a page; pages go on with the first one that is greater by (id, publisher, version). */
typedef struct ms_list_cursor {
    char model_id[MS_MODEL_ID_SIZE_MAX + 1]; /* "" = before the first */
    ms_address publisher;
    uint32_t version;
} ms_list_cursor;

/** text NULL is the start. MS_USAGE "cursor_malformed". */
MS_MUST_CHECK ms_status ms_list_cursor_parse(ms_list_cursor *cursor, const char *text, ms_error *err);
/** In the arena; NULL when it is full. */
const char *ms_list_cursor_format(const ms_list_cursor *cursor, ms_arena *arena);
void ms_list_cursor_set(ms_list_cursor *cursor, const ms_record *record);

#endif
