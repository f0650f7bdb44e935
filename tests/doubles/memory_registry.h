/* A registry in arrays: the second backend of the conformance suite, and a stand-in where a test needs a registry but no
 * file. It shares no code with the ledger. */
#ifndef TESTS_DOUBLES_MEMORY_REGISTRY_H
#define TESTS_DOUBLES_MEMORY_REGISTRY_H

#include "registry/registry.h"

/** Close with ms_registry_close. Threads: many. */
MS_MUST_CHECK ms_status memory_registry_open(ms_registry **registry, ms_error *err);

#endif
