/* Whole operations of the library as things that faults are let loose on: what stands before, the
 * one operation, and what must hold afterwards. Which faults there are is no business of this file:
 * kills, errors, short memory and power cuts share it.
 *
 * A scenario lives below one folder, so that it can be copied anywhere between its steps, and every
 * step is meant for a process of its own (the library keeps what it opened):
 *
 *   prepare   makes what stands before; no fault is armed
 *   run       the operation; a fault may meet it anywhere. It tells what it was told: an
 * acknowledgement is made the moment that the library said OK, before anything is closed, so that
 * it is known also of a process that was then killed prove     without faults, in another process:
 * what is visible, then the same operation again, then what must hold */
#ifndef SWEEP_SCENARIO_H
#define SWEEP_SCENARIO_H

#include "model_storage.h"

#include <stdbool.h>

/** Bytes of a chunk: 4,096, the least there is, or what a test sets before its first scenario. */
extern unsigned scenario_chunk_size;
/** Chunks of a batch: every scenario that moves content has at least three of them. */
#define SCENARIO_BATCH_CHUNKS 3
/** Chunks that are large enough to share extents. */
#define SCENARIO_SHARED_CHUNK_SIZE 65536
#define SCENARIO_TEXT_SIZE 160

/** What is known of a run from outside; may lie in memory that the processes share. Zeroed before
 * the run. */
typedef struct scenario_outcome {
    bool ended;        /* the operation returned; else its process was killed or the power went */
    ms_status status;  /* with ended */
    bool acknowledged; /* the library said OK, whatever came then */
    char notice[SCENARIO_TEXT_SIZE];     /* the last one the library gave */
    char told[SCENARIO_TEXT_SIZE];       /* with acknowledged: what it said, such as "1 bafy..." */
    char reason[MS_ERROR_REASON_SIZE];   /* with ended and a failure */
    char message[MS_ERROR_MESSAGE_SIZE]; /* likewise */
} scenario_outcome;

/** One run. */
typedef struct scenario_run {
    const char *folder; /* absolute */
    unsigned jobs; /* threads of the operation; with 1 the calls of two runs come in the same order
                    */
    scenario_outcome *outcome;
} scenario_run;

/** What a proof may look at. */
typedef struct scenario_proof {
    scenario_run run;   /* its folder is the one that was hit; its outcome is of the proof itself */
    const char *before; /* the folder as prepare left it */
    const char *after;  /* the folder after a run without a fault */
    const scenario_outcome *outcome; /* of the run that was hit; of more than one, their
                                        acknowledgements together */
} scenario_proof;

typedef struct scenario {
    const char *name;
    void (*prepare)(const scenario_run *run);
    ms_status (*run)(const scenario_run *run, ms_error *err);
    /** What can be seen right after the fault: outputs absent, old or new; what was acknowledged is
     * there. */
    void (*look)(const scenario_proof *proof);
    /** The same operation again; NULL: run, which must succeed. */
    void (*again)(const scenario_proof *proof);
    /** What must hold then. */
    void (*settled)(const scenario_proof *proof);
    /** Outputs below the folder, NULL at the end, that are absent, as before or as after;
     * afterwards as after. */
    const char *outputs[3];
    bool writes_blocks; /* the store's blocks are in the end what they are after a run without a
                           fault */
    bool keeps_blocks;  /* the operation and its proof but for prune leave the store's blocks alone
                         */
    bool spreads;       /* over threads: it is swept with two of them too */
} scenario;

/** The scenario with that number, counted from 0 over all files; NULL after the last. */
const scenario *scenario_at(size_t index);
/** Whether a run without a fault shares extents, on a file system where that is possible and with chunks that are large enough. */
bool scenario_shares(const scenario *what);
/** The one of that name, or NULL. */
const scenario *scenario_find(const char *name);
/** Whether an argument of a sweep means the scenario: its name, NULL for all, or "PART/PARTS" for every one whose index
 * leaves PART when divided by PARTS. */
bool scenario_is_meant(const char *argument, size_t index, const char *name);

/** Run the operation and fill run->outcome. */
void scenario_execute(const scenario *what, const scenario_run *run);
/** look, again, settled, and what holds for every scenario: outputs are whole, nothing unfinished
 * lies about after the next run, a check that reads all data is clean, a prune takes nothing that
 * is kept. Says what is wrong on standard output and ends the process with 1. */
void scenario_prove(const scenario *what, const scenario_proof *proof);

#endif
