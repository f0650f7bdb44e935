/* What a publisher signs: that a version has a manifest, and what status it has. The domain names no
 * chain and no contract, so that one signature stands in ledgers, files and on every chain. */
#ifndef MS_ETH_STATEMENT_H
#define MS_ETH_STATEMENT_H

#include "base/buffer.h"
#include "eth/address.h"

/** Statement(address publisher,string modelId,uint32 version,bytes32 manifest) */
typedef struct ms_statement {
    ms_address publisher;
    ms_span model_id;  /* UTF-8 */
    uint32_t version;
    uint8_t manifest[32]; /* SHA-256 of the manifest block */
} ms_statement;

/** Status(address publisher,string modelId,uint32 version,uint8 status,string reason,uint64 sequence) */
typedef struct ms_status_statement {
    ms_address publisher;
    ms_span model_id;
    uint32_t version; /* 0 = the whole model */
    uint8_t status;   /* 0 active, 1 inactive, 2 revoked */
    ms_span reason;   /* UTF-8 */
    uint64_t sequence;
} ms_status_statement;

/** The EIP-712 digests to sign, in the domain EIP712Domain(string name,string version) with
 *  "model-storage" and "1". Equal to statementDigest and statusDigest of the contract. */
void ms_statement_digest(uint8_t digest[32], const ms_statement *statement);
void ms_status_statement_digest(uint8_t digest[32], const ms_status_statement *statement);

#endif
