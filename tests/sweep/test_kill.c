/* SIGKILL before the Nth call to the operating system, for every N: what was acknowledged stays,
 * nothing is half there, and the same command again goes on.
 *
 * Operations that spread over threads are swept with two of them too: the Nth call is then another
 * one each time, what must hold is the same. Operations that rename without replacing, or exchange names, are killed too where
 * the file system can do neither, and where it has no hard links either, as over a network.
 *
 *   test_kill PART/PARTS
 *   test_kill [SCENARIO [N]]     all N with MODEL_STORAGE_LONG=1, else a sample */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#define SAMPLE 14
#define SAMPLE_THREADS 6
#define SAMPLE_NAMES 6

typedef struct killing {
    stage *on;
    tally tally;
} killing;

static void kill_at(void *payload, unsigned nth)
{
    killing *kills = payload;
    const fault hit = {.arm = harness_arm_kill, .nth = nth};
    stage_renew(kills->on);
    hit_end end = stage_hit(kills->on, &hit);
    const faulty_call call = harness_shared_memory()->trace[nth - 1];
    const scenario_outcome outcome = harness_shared_memory()->outcome;
    /* A run may make a call less than another: then it was not met. */
    if (end == HIT_ENDED)
        return;
    kills->tally.injected++;
    kills->tally.succeeded += outcome.acknowledged;
    if (end == HIT_KILLED && stage_prove(kills->on, &outcome))
        kills->tally.recovered++;
    else
        tally_fail(&kills->tally, kills->on, "killed before call %u, %s", nth, faulty_name(call));
}

static void sweep(const scenario *what, unsigned only, unsigned jobs)
{
    stage on;
    char name[100];
    killing kills = {.on = &on, .tally = {.kind = "kill"}};
    snprintf(name, sizeof(name), "%s with %u thread%s", what->name, jobs, jobs == 1 ? "" : "s");
    if (!stage_open(&on, what, jobs)) {
        tally_fail(&kills.tally, &on, "fails without a fault");
    } else {
        kills.tally.faults_found = on.calls;
        if (only != 0)
            kill_at(&kills, only);
        else
            harness_choose(on.calls, jobs == 1 ? SAMPLE : SAMPLE_THREADS, kill_at, &kills);
    }
    tally_tell(&kills.tally, name);
    stage_close(&on);
}

static bool renames_so(const stage *on)
{
    for (unsigned call = 0; call < on->calls; call++)
        if (on->trace[call] == FAULTY_renameat2)
            return true;
    return false;
}

static void sweep_lacking(const scenario *what, unsigned only, const char *lacking)
{
    stage on;
    char name[100];
    killing kills = {.on = &on, .tally = {.kind = "kill"}};
    snprintf(name, sizeof(name), "%s without %s", what->name, lacking);
    if (!stage_open(&on, what, 1)) {
        tally_fail(&kills.tally, &on, "fails without a fault");
        tally_tell(&kills.tally, name);
    } else if (renames_so(&on)) {
        kills.tally.faults_found = on.calls;
        if (only != 0)
            kill_at(&kills, only);
        else
            harness_choose(on.calls, SAMPLE_NAMES, kill_at, &kills);
        tally_tell(&kills.tally, name);
    }
    stage_close(&on);
}

static void sweep_names(const scenario *what, unsigned only)
{
    harness_refuse(FAULTY_renameat2, EINVAL);
    sweep_lacking(what, only, "exchange");
    harness_refuse(FAULTY_linkat, EPERM);
    sweep_lacking(what, only, "exchange and links");
    harness_refuse(FAULTY_linkat, 0);
    harness_refuse(FAULTY_renameat2, 0);
}

int main(int argc, char **argv)
{
    const scenario *what;
    const unsigned only = argc > 2 ? (unsigned)atoi(argv[2]) : 0;
    harness_begin("kill");
    for (size_t i = 0; (what = scenario_at(i)) != NULL; i++) {
        if (!scenario_is_meant(argc > 1 ? argv[1] : NULL, i, what->name))
            continue;
        for (unsigned jobs = 1; jobs <= (what->spreads ? 2 : 1); jobs++)
            sweep(what, only, jobs);
        sweep_names(what, only);
    }
    return harness_end();
}
