/* The known model id that looks most like a mistyped one. */
#ifndef MS_NAMES_SUGGESTION_H
#define MS_NAMES_SUGGESTION_H

#include "registry/registry.h"

/** *nearest (in arena) is NULL when none is near. Looks at no more than MS_NAMES_SUGGESTED_FROM_MAX ids of the given publishers. */
MS_MUST_CHECK ms_status ms_names_suggest(ms_registry *registry, const ms_address *publishers, size_t count, const char *model_id,
        ms_arena *arena, const char **nearest, ms_error *err);

#endif
