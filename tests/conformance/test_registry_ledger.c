/* The registry suite on the ledger, each test in a home of its own. */
#include "conformance/registry_suite.h"

#include <stdio.h>
#include <stdlib.h>

#include "platform/folder.h"
#include "registry/ledger.h"

typedef struct ledger_place {
    char home[64];
} ledger_place;

static ms_registry *open_again(void *payload)
{
    ledger_place *place = payload;
    ms_registry *registry;

    if (ms_ledger_open(&registry, place->home, NULL, NULL) != MS_OK)
        abort();
    return registry;
}

static ms_registry *open_ledger(void **payload)
{
    ledger_place *place = calloc(1, sizeof(*place));

    snprintf(place->home, sizeof(place->home), "/tmp/ms-ledger-XXXXXX");
    if (mkdtemp(place->home) == NULL)
        abort();
    *payload = place;
    return open_again(place);
}

static void remove_ledger(void *payload)
{
    ledger_place *place = payload;

    if (ms_folder_remove_all(MS_DIR_CURRENT, place->home, NULL) != MS_OK)
        abort();
    free(place);
}

int main(void)
{
    const registry_suite_backend ledger = {.kind = "ledger",
            .open = open_ledger,
            .open_again = open_again,
            .remove = remove_ledger,
            .keeps_blocks = true};

    return registry_suite_run(&ledger);
}
