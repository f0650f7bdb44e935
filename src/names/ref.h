/* REF: how people name a version of a model. Source: docs/interface.md, section "Names". */
#ifndef MS_NAMES_REF_H
#define MS_NAMES_REF_H

#include "cid/cid.h"
#include "eth/address.h"
#include "registry/registry.h"

#define MS_REF_SIZE_MAX 256 /* bytes of text */

typedef enum ms_ref_kind { MS_REF_MODEL, MS_REF_CID } ms_ref_kind;

/** A parsed name; plain value. */
typedef struct ms_ref {
    ms_ref_kind kind;
    bool has_publisher;
    ms_address publisher;
    char model_id[MS_MODEL_ID_SIZE_MAX + 1];
    uint32_t version; /* 0 = none named */
    ms_cid cid;       /* MS_REF_CID */
} ms_ref;

/** Parse "my-model", "my-model@3", "0xPUBLISHER/my-model@3", "bafy...", "ipfs://bafy...". Zeroed on failure. MS_USAGE with a
 *  reason: ref_empty, ref_long, ref_colon (reserved), ref_version, ref_cid, address_malformed, address_checksum, or those of
 *  ms_model_id_check. */
MS_MUST_CHECK ms_status ms_ref_parse(ms_ref *ref, const char *text, ms_error *err);

/** The one spelling of a name; text has MS_REF_SIZE_MAX bytes. */
void ms_ref_format(const ms_ref *ref, char text[MS_REF_SIZE_MAX]);

#endif
