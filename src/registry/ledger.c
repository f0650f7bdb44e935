/* The ledger as a registry backend: the table of its functions, and its life. */
#include "registry/ledger.h"

#include "base/alloc.h"
#include "registry/ledger_priv.h"

static void close_ledger(void *self)
{
    ms_ledger_release(self);
    ms_free(self);
}

static const ms_registry_backend ledger_backend = {
        .kind = "ledger",
        .publish = ms_ledger_publish,
        .resolve = ms_ledger_resolve,
        .find = ms_ledger_find,
        .find_id = ms_ledger_find_id,
        .list = ms_ledger_list,
        .history = ms_ledger_history,
        .set_status = ms_ledger_set_status,
        .check = ms_ledger_check,
        .close = close_ledger,
};

ms_status ms_ledger_open(ms_registry **registry, const char *home, ms_state *state, ms_error *err)
{
    ms_ledger *ledger = ms_calloc(1, sizeof(*ledger));
    ms_status status;

    *registry = NULL;
    if (ledger == NULL)
        return ms_fail_memory(err, sizeof(*ledger));
    status = ms_ledger_init(ledger, home, state, err);
    if (status == MS_OK)
        status = ms_registry_new(registry, &ledger_backend, ledger, err);
    if (status != MS_OK)
        close_ledger(ledger);
    return status;
}
