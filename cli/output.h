/* Pieces of what people read on stdout. */
#ifndef CLI_OUTPUT_H
#define CLI_OUTPUT_H

#include "model_storage.h"
#include "text.h"

/** "  name      value\n", nothing for NULL. */
void cli_field(cli_text *text, const char *name, const char *value);
/** The one line that a colleague can paste: publisher, id@version, manifest CID. */
void cli_reference_line(cli_text *text, const char *publisher, const char *model_id, uint32_t version, const char *manifest_cid);
/** A bad chunk or block of verify. */
void cli_verdict_line(cli_text *text, const ms_chunk_verdict *verdict);

#endif
