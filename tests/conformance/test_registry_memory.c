/* The registry suite on the double: it keeps suite and double honest. */
#include "conformance/registry_suite.h"

#include <stdlib.h>

#include "doubles/memory_registry.h"

static ms_registry *open_memory(void **place)
{
    ms_registry *registry;

    *place = NULL;
    if (memory_registry_open(&registry, NULL) != MS_OK)
        abort();
    return registry;
}

static void remove_memory(void *place)
{
    (void)place;
}

int main(void)
{
    const registry_suite_backend memory = {
            .kind = "memory", .open = open_memory, .remove = remove_memory, .keeps_blocks = true};

    return registry_suite_run(&memory);
}
