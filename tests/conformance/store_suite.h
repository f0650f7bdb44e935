/* What every store promises, as one suite: a backend joins it with a fixture of four functions. */
#ifndef CONFORMANCE_STORE_SUITE_H
#define CONFORMANCE_STORE_SUITE_H

#include "store/store.h"

/** Made for each test; the suite opens and closes stores on it. */
typedef struct store_fixture {
    /** Open a store on what earlier ones committed; several may be open at once. */
    ms_status (*open)(void *payload, ms_store **store, ms_error *err);
    /** Flip a bit of a block at rest, or add a byte to an empty one. */
    void (*damage)(void *payload, const ms_cid *cid);
    /** Blocks that were moved aside so far. */
    size_t (*quarantined)(void *payload);
    void *payload;
} store_fixture;

/** Run all tests; setup makes *state a store_fixture, teardown releases it. Returns what main returns. */
int store_suite_run(const char *name, int (*setup)(void **state), int (*teardown)(void **state));

#endif
