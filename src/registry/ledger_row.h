/* One row of the ledger: a canonical dag-cbor map that speaks for itself. It names its place, the hash of the row before
 * it, what was published or which status was set, and carries the publisher's signature over that.
 *
 *   publish  v id seq sig head info kind prev time version manifest publisher
 *   status   v id seq sig kind prev time reason status version publisher
 *
 * (keys in canonical order; kind is the text "publish" or "status"). Rows are read as hostile bytes. */
#ifndef MS_REGISTRY_LEDGER_ROW_H
#define MS_REGISTRY_LEDGER_ROW_H

#include "registry/registry.h"

#define MS_LEDGER_ROW_VERSION 1
/** The parts with limits of their own, and the rest of the map, which stays far below 1 KiB. */
#define MS_LEDGER_ROW_SIZE_MAX                                                                     \
    (MS_INFO_SIZE_MAX + MS_HEAD_SIZE_MAX + MS_MODEL_ID_SIZE_MAX + MS_REASON_SIZE_MAX + (size_t)1024)
/** SQLite numbers rows with signed 64-bit integers. */
#define MS_LEDGER_SEQUENCE_MAX ((uint64_t)INT64_MAX)
/** 9999-12-31T23:59:59Z: the last second that RFC 3339 can write. */
#define MS_LEDGER_TIME_MAX INT64_C(253402300799)

typedef enum ms_ledger_row_kind { MS_LEDGER_PUBLISH, MS_LEDGER_STATUS } ms_ledger_row_kind;

/** Spans belong to whoever filled the struct; after decoding they point into the row's bytes. */
typedef struct ms_ledger_row {
    ms_ledger_row_kind kind;
    uint64_t sequence;     /* 1 for the first row, then without gaps */
    uint8_t previous[32];  /* SHA-256 of the row before it; zeros for the first */
    int64_t time;          /* seconds since 1970, by the clock of the writer: never used for order */
    ms_address publisher;
    ms_span model_id;
    uint32_t version;      /* MS_LEDGER_STATUS: 0 = the whole model */
    uint8_t manifest[32];  /* MS_LEDGER_PUBLISH */
    ms_span head;          /* MS_LEDGER_PUBLISH */
    ms_span info;          /* MS_LEDGER_PUBLISH */
    ms_record_status status; /* MS_LEDGER_STATUS */
    ms_span reason;          /* MS_LEDGER_STATUS: UTF-8 */
    uint8_t signature[MS_SIGNATURE_SIZE]; /* over ms_ledger_row_statement */
} ms_ledger_row;

/** Append the one spelling of row. Values that decode would refuse are MS_USAGE with the same reasons. */
MS_MUST_CHECK ms_status ms_ledger_row_encode(const ms_ledger_row *row, ms_buffer *out, ms_error *err);

/** Read a whole row; what it says is not yet proven. *row is zeroed on failure. MS_LIMIT "row_size_max",
 *  "row_head_size", "row_info_size", "row_reason_size"; MS_MALFORMED with offset and a reason of
 *  codec/cbor.h or
 *    row_version   v is not 1 (a row of a later program)
 *    row_kind      neither publish nor status
 *    row_key       not the keys of this kind, each in its place
 *    row_number    seq, time, version or status is out of range
 *    row_bytes     a digest, address or signature has not its size
 *    row_model_id  the id breaks the rules of ms_model_id_check */
MS_MUST_CHECK ms_status ms_ledger_row_decode(ms_ledger_row *row, ms_span bytes, ms_error *err);

/** The EIP-712 digest that the publisher signs: Statement, or Status with the row's own sequence
 *  number, which makes each status statement unique and ordered. */
void ms_ledger_row_statement(const ms_ledger_row *row, uint8_t digest[32]);

/** Prove what a row says by itself: the head hashes to the manifest, the info block to the head's link,
 *  and the signature is the publisher's. MS_INTEGRITY "row_manifest", "row_info", "row_signature"; what
 *  ms_manifest_head_decode says of the head. */
MS_MUST_CHECK ms_status ms_ledger_row_verify(const ms_ledger_row *row, ms_error *err);

#endif
