/* Parts of results for people that several commands show. */
#include "fields.h"

#define LABEL_WIDTH "  %-13s"

void cli_field(cli_session *session, const char *label, const char *value)
{
    if (value == NULL || *value == '\0')
        return;
    cli_text_printf(&session->line, LABEL_WIDTH, label);
    cli_text_escaped(&session->line, value);
    (void)cli_session_print(session);
}

void cli_field_size(cli_session *session, const char *label, uint64_t bytes)
{
    cli_text_printf(&session->line, LABEL_WIDTH, label);
    cli_text_size(&session->line, bytes);
    (void)cli_session_print(session);
}

void cli_field_counts(
        cli_session *session, const char *label, uint64_t files, bool has_files, uint64_t chunks)
{
    cli_text_printf(&session->line, LABEL_WIDTH, label);
    if (has_files) {
        cli_text_count(&session->line, files, "file");
        cli_text_add(&session->line, ", ");
    }
    cli_text_count(&session->line, chunks, "chunk");
    (void)cli_session_print(session);
}

void cli_field_time(cli_session *session, const char *label, int64_t seconds)
{
    cli_text_printf(&session->line, LABEL_WIDTH, label);
    cli_text_time(&session->line, seconds);
    cli_text_add(&session->line, " UTC");
    (void)cli_session_print(session);
}

void cli_add_name(cli_text *text, const char *model_id, uint32_t version, const char *manifest_cid)
{
    if (model_id == NULL) {
        cli_text_escaped(text, manifest_cid);
        return;
    }
    cli_text_escaped(text, model_id);
    if (version != 0)
        cli_text_printf(text, "@%u", (unsigned)version);
}

void cli_paste_line(cli_session *session, const char *publisher, const char *model_id,
        uint32_t version, const char *manifest_cid)
{
    if (model_id != NULL && publisher != NULL) {
        cli_text_escaped(&session->line, publisher);
        cli_text_add(&session->line, "/");
    }
    cli_add_name(&session->line, model_id, version, manifest_cid);
    if (model_id != NULL && manifest_cid != NULL) {
        cli_text_add(&session->line, " ");
        cli_text_escaped(&session->line, manifest_cid);
    }
    (void)cli_session_print(session);
}
