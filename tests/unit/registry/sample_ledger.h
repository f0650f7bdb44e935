/* A ledger with history for the tests of the ledger, and everything it answers, as text to compare. */
#ifndef TESTS_UNIT_REGISTRY_SAMPLE_LEDGER_H
#define TESTS_UNIT_REGISTRY_SAMPLE_LEDGER_H

#include "doubles/temporary_folder.h"
#include "registry/ledger.h"

#define SAMPLE_ROWS 50
#define SAMPLE_MODELS 6
#define SAMPLE_QUESTIONS 24

/** Publish and set statuses until the ledger has rows rows, at most SAMPLE_ROWS; starting at row first. */
void sample_ledger_fill(ms_registry *registry, unsigned first, unsigned rows);
/** The one of the ledger in folder, filled with SAMPLE_ROWS rows and closed again. */
void sample_ledger_make(const temporary_folder *folder);

typedef struct sample_answer {
    ms_status status;
    char *text; /* freed by sample_answers_release */
} sample_answer;

/** Ask everything. */
void sample_answers_take(sample_answer answers[SAMPLE_QUESTIONS], ms_registry *registry);
void sample_answers_release(sample_answer answers[SAMPLE_QUESTIONS]);

typedef struct sample_faults {
    unsigned count;
    uint64_t last_sequence;
    char first[512];
} sample_faults;

/** Run the check; returns its status. */
ms_status sample_check(ms_registry *registry, uint64_t *entries, sample_faults *faults, ms_error *err);

#endif
