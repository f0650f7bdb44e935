/* From a REF to a record: whose model a bare name means, and which of its versions.
 * Source: docs/interface.md, section "Names". */
#ifndef MS_NAMES_RESOLVE_H
#define MS_NAMES_RESOLVE_H

#include "names/ref.h"

#define MS_NAMES_LISTED_MAX 10      /* full names in a message */
#define MS_NAMES_SUGGESTED_FROM_MAX 1000 /* model ids that are looked at for the nearest one */

typedef enum ms_name_purpose {
    MS_NAME_FOR_USE,  /* a version that may be used; without @N the newest active one */
    MS_NAME_FOR_CARE, /* the same, but when none is active the newest of all */
    MS_NAME_FOR_WRITE /* own publishers only; the newest of all */
} ms_name_purpose;

/** Whose models a bare name may mean, in this order. */
typedef struct ms_name_scope {
    const ms_address *own;
    size_t own_count;
    const ms_address *trusted;
    size_t trusted_count;
} ms_name_scope;

typedef struct ms_resolved_name {
    ms_record record;
    uint32_t passed_over; /* a newer version that is inactive or revoked; 0 = none */
    ms_record_status passed_over_status;
} ms_resolved_name;

/** ref is of kind MS_REF_MODEL. The record may be inactive (named with @N, or for care) or revoked: whoever uses it decides. Text
 *  lives in arena. MS_NOT_FOUND: "model_unknown" (with the nearest known id as hint), "version_unknown", "publisher_unknown" (somebody
 *  else's: the full names are listed), "inactive" (with reason and date). MS_KEY "publisher_foreign": to be written, and not ours. */
MS_MUST_CHECK ms_status ms_name_resolve(ms_registry *registry, const ms_name_scope *scope, const ms_ref *ref, ms_name_purpose purpose,
        ms_arena *arena, ms_resolved_name *resolved, ms_error *err);

#endif
