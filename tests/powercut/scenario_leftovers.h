/* Scenarios of power cuts alone: what somebody else left behind, and what is left. */
#ifndef POWERCUT_SCENARIO_LEFTOVERS_H
#define POWERCUT_SCENARIO_LEFTOVERS_H

#include "sweep/scenario.h"

/** Ends with one without a name. */
extern const scenario scenarios_leftovers[];

#endif
