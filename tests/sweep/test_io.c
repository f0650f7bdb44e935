/* Every call to the operating system fails once, or moves fewer bytes than asked for: the operation
 * succeeds and that is true, or it fails as what it is, nothing is half there, and the same command
 * again goes on. Operations that spread over threads are swept with two of them too.
 *
 *   test_io PART/PARTS
 *   test_io [SCENARIO [ERROR [N]]]     every call with MODEL_STORAGE_LONG=1, else a sample */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define SAMPLE 4
#define SAMPLE_THREADS 2

/* Which calls give an error of that kind at all. */
typedef struct io_error {
    const char *label;
    int os_errno;             /* 0: a short count */
    const faulty_call *calls; /* NULL: any; else up to FAULTY_ANY */
    bool all_but;             /* all but those */
} io_error;

static const faulty_call that_need_space[] = {FAULTY_openat, FAULTY_openat_beneath, FAULTY_write,
        FAULTY_pwrite, FAULTY_fsync, FAULTY_fdatasync, FAULTY_syncfs, FAULTY_ftruncate,
        FAULTY_fallocate, FAULTY_clone, FAULTY_clone_range, FAULTY_mkdirat, FAULTY_linkat, FAULTY_renameat,
        FAULTY_renameat2, FAULTY_close, FAULTY_ANY};
static const faulty_call that_open[] = {
        FAULTY_openat, FAULTY_openat_beneath, FAULTY_fcntl_dupfd, FAULTY_event_open, FAULTY_ANY};
/* Memory, and what only makes a descriptor, are never interrupted. */
static const faulty_call never_interrupted[] = {FAULTY_mmap, FAULTY_munmap, FAULTY_mprotect,
        FAULTY_mlock, FAULTY_madvise, FAULTY_fdopendir, FAULTY_event_open, FAULTY_ANY};
static const faulty_call that_move[] = {
        FAULTY_read, FAULTY_write, FAULTY_pread, FAULTY_pwrite, FAULTY_getrandom, FAULTY_ANY};

static const io_error io_errors[] = {
        {"EIO", EIO, NULL, false},
        {"EINTR", EINTR, never_interrupted, true},
        {"ENOSPC", ENOSPC, that_need_space, false},
        {"EDQUOT", EDQUOT, that_need_space, false},
        {"EMFILE", EMFILE, that_open, false},
        {"short", 0, that_move, false},
};

typedef struct failing {
    stage *stage;
    tally tally;
    const io_error *error;
    unsigned *numbers; /* of the calls that can fail so */
} failing;

/* The nth call of its kind: with several threads the nth call of all is another one each time, and
 * may be one that cannot fail so. */
typedef struct io_fault {
    fault hit; /* what arm is given */
    faulty_call call;
} io_fault;

static bool can_fail_so(const io_error *error, faulty_call call)
{
    if (error->calls == NULL)
        return true;
    for (const faulty_call *one = error->calls; *one != FAULTY_ANY; one++)
        if (*one == call)
            return !error->all_but;
    return error->all_but;
}

static void arm(const fault *hit)
{
    const io_fault *one = (const io_fault *)hit;
    if (hit->os_errno == 0)
        faulty_shorten_once(one->call, hit->nth);
    else
        faulty_fail(one->call, hit->nth, hit->os_errno);
}

static io_fault fault_at(const stage *on, unsigned number, const io_error *error)
{
    io_fault made = {.hit = {.arm = arm, .os_errno = error->os_errno},
            .call = (faulty_call)on->trace[number - 1]};
    for (unsigned i = 0; i < number; i++)
        made.hit.nth += on->trace[i] == on->trace[number - 1];
    return made;
}

/* A signal is nobody's failure. Memory that cannot be mapped or locked is short memory. A block that the disk does not give is
 * one that is bad; all else is the disk's. */
static bool is_right(const io_error *error, faulty_call call, const scenario_outcome *outcome)
{
    if (error->os_errno == EINTR)
        return outcome->status == MS_OK;
    if (outcome->status == MS_NO_MEMORY)
        return call == FAULTY_mmap || call == FAULTY_mprotect || call == FAULTY_mlock;
    if (outcome->status == MS_INTEGRITY)
        return error->os_errno == EIO && (strcmp(outcome->reason, "check_failed") == 0 ||
                                                 strcmp(outcome->reason, "block_damaged") == 0 ||
                                                 strcmp(outcome->reason, "chunk_damaged") == 0 ||
                                                 strcmp(outcome->reason, "kept_unreadable") == 0);
    return outcome->status == MS_OK || outcome->status == MS_IO;
}

static void fail_at(void *payload, unsigned number)
{
    failing *fails = payload;
    const unsigned nth = fails->numbers[number - 1];
    const io_fault what = fault_at(fails->stage, nth, fails->error);
    stage_renew(fails->stage);
    hit_end end = stage_hit(fails->stage, &what.hit);
    const harness_shared *shared = harness_shared_memory();
    const scenario_outcome outcome = shared->outcome;
    if (end == HIT_ENDED && !shared->fired)
        return;
    fails->tally.injected++;
    if (end != HIT_ENDED || !is_right(fails->error, what.call, &outcome) ||
            (outcome.status == MS_OK) != outcome.acknowledged) {
        tally_fail(&fails->tally, fails->stage, "%s at call %u, %s: status %d, %s: %s",
                fails->error->label, nth, faulty_name(what.call), (int)outcome.status, outcome.reason,
                outcome.message);
        return;
    }
    fails->tally.succeeded += outcome.acknowledged;
    if (stage_prove(fails->stage, &outcome))
        fails->tally.recovered++;
    else
        tally_fail(&fails->tally, fails->stage, "%s at call %u, %s, which ended with %d, %s",
                fails->error->label, nth, faulty_name(what.call), (int)outcome.status, outcome.reason);
}

static void sweep(stage *on, const io_error *error, unsigned only)
{
    static unsigned numbers[HARNESS_CALLS_MAX];
    char name[100];
    failing fails = {
            .stage = on, .tally = {.kind = error->label}, .error = error, .numbers = numbers};
    for (unsigned nth = 1; nth <= on->calls; nth++)
        if (can_fail_so(error, on->trace[nth - 1]) && (only == 0 || only == nth))
            numbers[fails.tally.faults_found++] = nth;
    harness_choose(fails.tally.faults_found, on->jobs == 1 ? SAMPLE : SAMPLE_THREADS, fail_at,
            &fails);
    /* A call that moves a byte or none, as at the end of a file, cannot be cut short: a sample of such calls alone is none. */
    for (unsigned i = 1; fails.tally.injected == 0 && i <= fails.tally.faults_found; i++)
        fail_at(&fails, i);
    snprintf(name, sizeof(name), "%s%s", on->scenario->name, on->jobs == 1 ? "" : " with 2 threads");
    tally_tell(&fails.tally, name);
}

static void sweep_scenario(const scenario *what, unsigned jobs, const char *label, unsigned only)
{
    stage on;
    if (!stage_open(&on, what, jobs)) {
        tally sum = {.kind = "errors", .failures = 1};
        tally_tell(&sum, what->name);
    } else {
        for (size_t k = 0; k < sizeof(io_errors) / sizeof(io_errors[0]); k++)
            if (label == NULL || strcmp(label, io_errors[k].label) == 0)
                sweep(&on, &io_errors[k], only);
    }
    stage_close(&on);
}

int main(int argc, char **argv)
{
    const scenario *what;
    harness_begin("errors");
    for (size_t i = 0; (what = scenario_at(i)) != NULL; i++)
        for (unsigned jobs = 1; jobs <= (what->spreads ? 2 : 1); jobs++)
            if (scenario_is_meant(argc > 1 ? argv[1] : NULL, i, what->name))
                sweep_scenario(what, jobs, argc > 2 ? argv[2] : NULL,
                        argc > 3 ? (unsigned)atoi(argv[3]) : 0);
    return harness_end();
}
