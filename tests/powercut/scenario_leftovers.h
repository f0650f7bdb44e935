/* Scenarios of power cuts alone: storing over blocks that somebody else left behind. */
#ifndef POWERCUT_SCENARIO_DEDUP_H
#define POWERCUT_SCENARIO_DEDUP_H

#include "sweep/scenario.h"

/** Ends with one without a name. */
extern const scenario scenarios_dedup[];

#endif
