/* Parts of results for people that several commands show. All text from models is escaped. */
#ifndef CLI_FIELDS_H
#define CLI_FIELDS_H

#include "session.h"

/** "  label      value"; nothing when value is NULL or empty. */
void cli_field(cli_session *session, const char *label, const char *value);
void cli_field_size(cli_session *session, const char *label, uint64_t bytes);
/** "12 files, 1230 chunks" */
void cli_field_counts(
        cli_session *session, const char *label, uint64_t files, bool has_files, uint64_t chunks);
void cli_field_time(cli_session *session, const char *label, int64_t seconds);

/** Append "id@version", or the CID where no record speaks of it. */
void cli_add_name(cli_text *text, const char *model_id, uint32_t version, const char *manifest_cid);
/** The line for a colleague: publisher/id@version and the manifest's CID, either of which is a REF. */
void cli_paste_line(cli_session *session, const char *publisher, const char *model_id,
        uint32_t version, const char *manifest_cid);

#endif
