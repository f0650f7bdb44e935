/* The store in memory keeps the promises of every store, so that tests above it may rely on it. */
#include <stdlib.h>

#include "conformance/store_suite.h"
#include "doubles/memory_store.h"

static ms_status open_memory(void *payload, ms_store **store, ms_error *err)
{
    return memory_store_open(store, payload, err);
}

static void damage(void *payload, const ms_cid *cid)
{
    if (!memory_disk_damage(payload, cid))
        abort();
}

static size_t quarantined(void *payload)
{
    return memory_disk_quarantined(payload);
}

static int setup(void **state)
{
    store_fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL)
        return -1;
    *fixture = (store_fixture){.open = open_memory,
            .damage = damage,
            .quarantined = quarantined,
            .payload = memory_disk_new()};
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    store_fixture *fixture = *state;

    memory_disk_free(fixture->payload);
    free(fixture);
    return 0;
}

int main(void)
{
    return store_suite_run("store: memory", setup, teardown);
}
