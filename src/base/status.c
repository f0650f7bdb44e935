/* What the status codes mean outside the library: words, exit codes, retry; and the version. */
#include "model_storage/status.h"

const char *ms_status_code(ms_status status)
{
    switch (status) {
    case MS_OK:
        return "ok";
    case MS_INTERNAL:
        return "internal";
    case MS_USAGE:
        return "usage";
    case MS_PARTIAL:
        return "partial";
    case MS_INTEGRITY:
        return "integrity";
    case MS_NOT_FOUND:
        return "not_found";
    case MS_NETWORK:
        return "network";
    case MS_CHAIN_MISMATCH:
        return "chain_mismatch";
    case MS_LOCKED:
        return "locked";
    case MS_IO:
        return "io";
    case MS_KEY:
        return "key";
    case MS_MALFORMED:
        return "malformed";
    case MS_LIMIT:
    case MS_NO_MEMORY:
        return "limit";
    case MS_INTERRUPTED:
        return "interrupted";
    }
    return "internal";
}

int ms_status_exit_code(ms_status status)
{
    if (status == MS_NO_MEMORY)
        return MS_LIMIT;
    if (status == MS_INTERRUPTED || ((int)status >= MS_OK && status <= MS_LIMIT))
        return (int)status;
    return MS_INTERNAL;
}

bool ms_status_retryable(ms_status status)
{
    switch (status) {
    case MS_PARTIAL: /* what is done is kept, the same call goes on with the rest */
    case MS_NETWORK:
    case MS_LOCKED:
    case MS_NO_MEMORY:
    case MS_INTERRUPTED:
        return true;
    case MS_OK:
    case MS_INTERNAL:
    case MS_USAGE:
    case MS_INTEGRITY:
    case MS_NOT_FOUND:
    case MS_CHAIN_MISMATCH:
    case MS_IO:
    case MS_KEY:
    case MS_MALFORMED:
    case MS_LIMIT:
        return false;
    }
    return false;
}

const char *ms_version(void)
{
    return MS_VERSION;
}
