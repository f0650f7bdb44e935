/* Every allocation of ours fails, alone and with all after it: the operation succeeds and that is
 * true, or it says that memory is short, frees what it took, leaves nothing half there, and the
 * same command again goes on.
 *
 *   test_memory PART/PARTS
 *   test_memory [SCENARIO [once|lasting [N]]]     every allocation with MODEL_STORAGE_LONG=1, else
 * a sample */
#include "harness.h"

#include "doubles/short_memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#if defined(__SANITIZE_ADDRESS__)
#include <sanitizer/lsan_interface.h>
#endif

#define SAMPLE 8

typedef struct starving {
    stage *stage;
    tally tally;
    bool lasting;
} starving;

static void arm(const fault *hit)
{
    if (hit->lasting)
        short_memory_begin(hit->nth);
    else
        short_memory_begin_once(hit->nth);
}

static void disarm(const fault *hit, harness_shared *shared)
{
    (void)hit;
    shared->allocations = (unsigned)short_memory.calls;
    shared->fired = hit->nth != 0 && short_memory.calls >= hit->nth;
    shared->leaked = short_memory_end();
#if defined(__SANITIZE_ADDRESS__)
    /* Also what libraries took for us. */
    if (shared->leaked == 0)
        shared->leaked = (size_t)__lsan_do_recoverable_leak_check();
#endif
}

static void starve_at(void *payload, unsigned nth)
{
    starving *starves = payload;
    const fault hit = {.arm = arm, .disarm = disarm, .nth = nth, .lasting = starves->lasting};
    stage_renew(starves->stage);
    hit_end end = stage_hit(starves->stage, &hit);
    const harness_shared *shared = harness_shared_memory();
    const scenario_outcome outcome = shared->outcome;
    if (end == HIT_ENDED && !shared->fired)
        return;
    starves->tally.injected++;
    if (end != HIT_ENDED || (outcome.status != MS_OK && outcome.status != MS_NO_MEMORY) ||
            shared->leaked != 0 || (outcome.status == MS_OK) != outcome.acknowledged) {
        tally_fail(&starves->tally, starves->stage,
                "allocation %u: status %d, %s: %s, %zu pieces leaked", nth, (int)outcome.status,
                outcome.reason, outcome.message, shared->leaked);
        return;
    }
    starves->tally.succeeded += outcome.acknowledged;
    if (stage_prove(starves->stage, &outcome))
        starves->tally.recovered++;
    else
        tally_fail(&starves->tally, starves->stage, "allocation %u, which ended with %d, %s", nth,
                (int)outcome.status, outcome.reason);
}

static void sweep(stage *on, bool lasting, unsigned only)
{
    static const char *const kinds[] = {"allocation fails", "allocations fail from then on,"};
    starving starves = {.stage = on, .tally = {.kind = kinds[lasting]}, .lasting = lasting};
    const fault none = {.arm = arm, .disarm = disarm};
    stage_renew(on);
    if (stage_hit(on, &none) != HIT_ENDED || harness_shared_memory()->leaked != 0)
        tally_fail(&starves.tally, on, "%zu pieces leak without a fault",
                harness_shared_memory()->leaked);
    starves.tally.faults_found = harness_shared_memory()->allocations;
    if (only != 0)
        starve_at(&starves, only);
    else
        harness_choose(starves.tally.faults_found, SAMPLE, starve_at, &starves);
    tally_tell(&starves.tally, on->scenario->name);
}

int main(int argc, char **argv)
{
    const scenario *what;
    stage on;
    harness_begin("memory");
    for (size_t i = 0; (what = scenario_at(i)) != NULL; i++) {
        if (!scenario_is_meant(argc > 1 ? argv[1] : NULL, i, what->name))
            continue;
        if (!stage_open(&on, what, 1)) {
            tally sum = {.kind = "allocation fails", .failures = 1};
            tally_tell(&sum, what->name);
        } else {
            for (int lasting = 0; lasting < 2; lasting++)
                if (argc < 3 || (strcmp(argv[2], "lasting") == 0) == lasting)
                    sweep(&on, lasting != 0, argc > 3 ? (unsigned)atoi(argv[3]) : 0);
        }
        stage_close(&on);
    }
    return harness_end();
}
