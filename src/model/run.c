/* Text of results, and the words of states. */
#include "model/run_priv.h"

#include "codec/text.h"

ms_status ms_run_text(ms_run *run, const char **copy, const char *text, ms_error *err)
{
    *copy = text == NULL ? NULL : ms_arena_strdup(&run->arena, text);
    if (text != NULL && *copy == NULL)
        return ms_fail_memory(err, sizeof(ms_error));
    return MS_OK;
}

ms_status ms_run_cid(ms_run *run, const char **text, const ms_cid *cid, ms_error *err)
{
    char formatted[MS_CID_TEXT_SIZE];
    ms_cid_format(cid, formatted);
    return ms_run_text(run, text, formatted, err);
}

ms_status ms_run_digest(ms_run *run, const char **text, const uint8_t digest[32], ms_error *err)
{
    char formatted[MS_DIGEST_TEXT_SIZE];
    ms_digest_format(formatted, digest);
    return ms_run_text(run, text, formatted, err);
}

ms_status ms_run_address(ms_run *run, const char **text, const ms_address *address, ms_error *err)
{
    char formatted[MS_ADDRESS_TEXT_SIZE];
    ms_address_format(formatted, address);
    return ms_run_text(run, text, formatted, err);
}

const char *ms_record_status_word(ms_record_status status)
{
    switch (status) {
    case MS_RECORD_INACTIVE:
        return "inactive";
    case MS_RECORD_REVOKED:
        return "revoked";
    case MS_RECORD_ACTIVE:
    default:
        return "active";
    }
}

const char *ms_record_state_word(ms_record_state state)
{
    switch (state) {
    case MS_RECORD_QUEUED:
        return "queued";
    case MS_RECORD_PENDING:
        return "pending";
    case MS_RECORD_MINED:
        return "mined";
    case MS_RECORD_CONFIRMED:
        return "confirmed";
    case MS_RECORD_NONE:
    default:
        return "none";
    }
}
