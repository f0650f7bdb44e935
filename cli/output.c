#include "output.h"

#include <string.h>

#define COLUMN 10

void cli_field(cli_text *text, const char *name, const char *value)
{
    if (value == NULL || value[0] == '\0')
        return;
    cli_text_add(text, "  ");
    cli_text_add(text, name);
    cli_text_pad(text, strlen(name) < COLUMN ? COLUMN - strlen(name) : 1);
    cli_text_escaped(text, value);
    cli_text_add(text, "\n");
}

void cli_reference_line(cli_text *text, const char *publisher, const char *model_id, uint32_t version, const char *manifest_cid)
{
    if (publisher == NULL || model_id == NULL)
        return;
    cli_text_printf(text, "%s/%s@%lu %s\n", publisher, model_id, (unsigned long)version, manifest_cid);
}

void cli_verdict_line(cli_text *text, const ms_chunk_verdict *verdict)
{
    if (verdict->is_valid)
        cli_text_add(text, "ok   ");
    else
        cli_text_add(text, "BAD  ");
    if (verdict->chunk_index != UINT64_MAX)
        cli_text_printf(text, "chunk %llu", (unsigned long long)verdict->chunk_index);
    else
        cli_text_add(text, "block");
    if (verdict->path != NULL && verdict->path[0] != '\0') {
        cli_text_add(text, " of ");
        cli_text_escaped(text, verdict->path);
    }
    if (verdict->chunk_index != UINT64_MAX)
        cli_text_printf(text, " at byte %llu", (unsigned long long)verdict->offset);
    if (verdict->error != NULL)
        cli_text_printf(text, ": %s", verdict->error);
    cli_text_printf(text, " (%s)\n", verdict->cid);
}
