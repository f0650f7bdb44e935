/* Faults let loose on scenarios, each run in a process of its own, and what came of them told as
 * TAP.
 *
 * A stage is one scenario made ready: `before` as it was prepared, `after` as a run without a fault
 * left it, and the calls of that run. For each fault a fresh copy is hit in one process and proven
 * in another. */
#ifndef SWEEP_HARNESS_H
#define SWEEP_HARNESS_H

#include "scenario.h"
#include "tree.h"

#include <sys/types.h>

#include "doubles/faulty_sys.h"

#define HARNESS_CALLS_MAX 20000

/** Shared by the processes of a stage. */
typedef struct harness_shared {
    scenario_outcome outcome;         /* of the process that was hit */
    unsigned calls;                   /* counted calls of it, once it ended */
    unsigned allocations;             /* likewise, where the fault counts them */
    bool fired;                       /* the fault was met */
    size_t leaked;                    /* pieces of memory that were not freed */
    uint8_t trace[HARNESS_CALLS_MAX]; /* a faulty_call each */
} harness_shared;

typedef struct stage {
    const scenario *scenario;
    char before[TREE_PATH_SIZE];
    char after[TREE_PATH_SIZE];
    char now[TREE_PATH_SIZE];
    unsigned calls;                   /* of a run without a fault */
    uint8_t trace[HARNESS_CALLS_MAX]; /* of it */
    unsigned jobs;
} stage;

/** A kind of fault: armed in the process that runs the operation, before any thread is there. */
typedef struct fault {
    void (*arm)(const struct fault *hit);
    /** May be NULL; in the same process after the operation, when that lives. */
    void (*disarm)(const struct fault *hit, harness_shared *shared);
    unsigned nth;
    int os_errno;
    bool lasting;
    const char *label; /* "EIO" */
} fault;

typedef enum hit_end {
    HIT_ENDED,  /* the operation returned, see the outcome */
    HIT_KILLED, /* SIGKILL */
    HIT_BROKEN  /* it crashed, hung, or said so itself: a failed test, already told */
} hit_end;

/** Told on standard output; the numbers of TAP go on from case to case. */
typedef struct tally {
    const char *kind;      /* "kill" */
    unsigned faults_found; /* calls, allocations: what could be hit */
    unsigned injected;
    unsigned recovered;
    unsigned succeeded; /* of them, operations that said OK all the same */
    unsigned failures;
} tally;

/** Whether everything is to be swept (MODEL_STORAGE_LONG) and not a sample. */
bool harness_is_long(void);
/** The seed of this run: MODEL_STORAGE_SEED, else the clock's. Printed by harness_begin. */
uint64_t harness_random(void);
/** Print what begins every program and make its folder (TMPDIR, else memory where there is some,
 * else /tmp). */
void harness_begin(const char *kind);
/** Remove the folder, print the plan. Returns the exit code. */
int harness_end(void);
const harness_shared *harness_shared_memory(void);
/** The folder that harness_begin made. */
const char *harness_folder(void);
/** Let the next stages stand in a folder of another file system. */
void harness_use(const char *folder);
/** The next case of TAP, where it is no tally. */
void harness_tell(bool good, const char *name);
/** Run step in a process of its own, with an alarm. No process is the end of the program. */
pid_t harness_start(void (*step)(void *on, const void *payload), void *on, const void *payload);
/** 0: the step returned; 256 + signal; else its exit code. */
int harness_wait(pid_t child);
/** For fault.arm: SIGKILL before the nth call. */
void harness_arm_kill(const fault *hit);

/** From the next step of a stage on, prepare and proof too, calls of that kind always fail: a file system that lacks them. 0 ends it. */
void harness_refuse(faulty_call call, int os_errno);

/** Prepare, run without a fault, prove that. False (told) when even that fails. */
bool stage_open(stage *on, const scenario *what, unsigned jobs);
void stage_close(stage *on);
/** A fresh copy for the next fault. */
void stage_renew(stage *on);
/** Run the operation once on the copy as it is. fault may be NULL. */
hit_end stage_hit(stage *on, const fault *hit);
/** Prove the copy; outcome may have been gathered over several hits. */
bool stage_prove(stage *on, const scenario_outcome *outcome);

/** The count numbers of 1..total that are to be hit: all of them, or one from each of count equal
 * parts. Calls visit with each. */
void harness_choose(
        unsigned total, unsigned count, void (*visit)(void *payload, unsigned nth), void *payload);
/** One case is over: "ok 3 - kill store_file: ...". Fails also when nothing was injected. */
void tally_tell(const tally *sum, const char *name);
/** A failure of one fault, with what it was; after ten of a case no more are told. */
void tally_fail(tally *sum, const stage *on, const char *format, ...)
        __attribute__((format(printf, 3, 4)));

/** Kill the operation of a stage before count of its calls, each by chance, and prove what it left. */
void harness_kill_some(stage *on, unsigned count, tally *sum);

#endif
