/* The embedded registry: home/ledger.db, append-only rows of canonical signed bytes, each chained to the one before by
 * its hash. What SQL knows besides the rows is an index that can be built again from them. */
#ifndef MS_REGISTRY_LEDGER_H
#define MS_REGISTRY_LEDGER_H

#include "registry/registry.h"
#include "state/state.h"

/** A ledger below home (absolute path); the file is made on the first write, a missing one reads as empty.
 *  state (may be NULL) remembers the last row seen. */
MS_MUST_CHECK ms_status ms_ledger_open(ms_registry **registry, const char *home, ms_state *state, ms_error *err);

#endif
