/* The digests that publishers sign, in the domain that names no chain. */
#include "eth/statement.h"

#include <string.h>
#include "eth/eip712.h"

#define DOMAIN_TYPE "EIP712Domain(string name,string version)"
#define DOMAIN_NAME "model-storage"
#define DOMAIN_VERSION "1"
#define STATEMENT_TYPE "Statement(address publisher,string modelId,uint32 version,bytes32 manifest)"
#define STATUS_TYPE                                                                                \
    "Status(address publisher,string modelId,uint32 version,uint8 status,string reason,uint64 sequence)"

static void digest_in_domain(uint8_t digest[32], ms_eip712_struct *message)
{
    ms_eip712_struct domain;
    uint8_t domain_hash[32], message_hash[32];

    ms_eip712_begin(&domain, DOMAIN_TYPE);
    ms_eip712_bytes(&domain, ms_span_of(DOMAIN_NAME, strlen(DOMAIN_NAME)));
    ms_eip712_bytes(&domain, ms_span_of(DOMAIN_VERSION, strlen(DOMAIN_VERSION)));
    ms_eip712_end(&domain, domain_hash);
    ms_eip712_end(message, message_hash);
    ms_eip712_digest(digest, domain_hash, message_hash);
}

void ms_statement_digest(uint8_t digest[32], const ms_statement *statement)
{
    ms_eip712_struct message;

    ms_eip712_begin(&message, STATEMENT_TYPE);
    ms_eip712_address(&message, &statement->publisher);
    ms_eip712_bytes(&message, statement->model_id);
    ms_eip712_unsigned(&message, statement->version);
    ms_eip712_bytes32(&message, statement->manifest);
    digest_in_domain(digest, &message);
}

void ms_status_statement_digest(uint8_t digest[32], const ms_status_statement *statement)
{
    ms_eip712_struct message;

    ms_eip712_begin(&message, STATUS_TYPE);
    ms_eip712_address(&message, &statement->publisher);
    ms_eip712_bytes(&message, statement->model_id);
    ms_eip712_unsigned(&message, statement->version);
    ms_eip712_unsigned(&message, statement->status);
    ms_eip712_bytes(&message, statement->reason);
    ms_eip712_unsigned(&message, statement->sequence);
    digest_in_domain(digest, &message);
}
