/* What every registry backend has to do, as tests: a backend joins with a small program that says how to open it. */
#ifndef TESTS_CONFORMANCE_REGISTRY_SUITE_H
#define TESTS_CONFORMANCE_REGISTRY_SUITE_H

#include "registry/registry.h"

typedef struct registry_suite_backend {
    const char *kind; /* what ms_registry_kind answers */
    /** An empty registry at a new place. */
    ms_registry *(*open)(void **place);
    /** One more handle to the same place; NULL where there can be only one. */
    ms_registry *(*open_again)(void *place);
    /** After every handle was closed. */
    void (*remove)(void *place);
    bool keeps_blocks; /* records come with head and info */
} registry_suite_backend;

/** Run every test; returns how many failed. */
int registry_suite_run(const registry_suite_backend *backend);

#endif
