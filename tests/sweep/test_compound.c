/* A fault while recovering from a fault: the run after a kill is itself killed, or a call of it
 * fails. What either acknowledged stays, nothing is half there, and the third run goes on.
 *
 *   test_compound PART/PARTS
 *   test_compound [SCENARIO]     more of them with MODEL_STORAGE_LONG=1 */
#include "harness.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SAMPLE 4
#define SAMPLE_LONG 100

typedef struct compounding {
    stage *stage;
    tally tally;
    bool kills; /* the second fault is a kill, else EIO */
} compounding;

static void arm(const fault *hit)
{
    if (hit->os_errno == 0)
        faulty_kill(hit->nth);
    else
        faulty_fail(FAULTY_ANY, hit->nth, hit->os_errno);
}

/* A later acknowledgement is of the same thing. */
static void gather(scenario_outcome *all, const scenario_outcome *one)
{
    const bool acknowledged = all->acknowledged;
    char told[SCENARIO_TEXT_SIZE];
    memcpy(told, all->told, sizeof(told));
    *all = *one;
    if (acknowledged && !one->acknowledged) {
        all->acknowledged = true;
        memcpy(all->told, told, sizeof(told));
    }
}

static void hit_twice(compounding *hits)
{
    stage *on = hits->stage;
    scenario_outcome outcome = {0};
    fault first = {.arm = arm, .nth = 1 + (unsigned)(harness_random() % on->calls)};
    fault second = {.arm = arm,
            .nth = 1 + (unsigned)(harness_random() % on->calls),
            .os_errno = hits->kills ? 0 : EIO};
    stage_renew(on);
    if (stage_hit(on, &first) != HIT_KILLED)
        return;
    gather(&outcome, &harness_shared_memory()->outcome);
    hit_end end = stage_hit(on, &second);
    gather(&outcome, &harness_shared_memory()->outcome);
    /* The second run may be shorter than the first would have been. */
    if (end == HIT_ENDED && !harness_shared_memory()->fired)
        return;
    hits->tally.injected++;
    hits->tally.succeeded += outcome.acknowledged;
    if (end != HIT_BROKEN && stage_prove(on, &outcome))
        hits->tally.recovered++;
    else
        tally_fail(&hits->tally, on, "killed before call %u, then %s at call %u", first.nth,
                hits->kills ? "killed" : "EIO", second.nth);
}

static void sweep(stage *on, bool kills)
{
    compounding hits = {.stage = on,
            .tally = {.kind = kills ? "kill, then kill" : "kill, then EIO"},
            .kills = kills};
    const unsigned wanted = harness_is_long() ? SAMPLE_LONG : SAMPLE;
    hits.tally.faults_found = on->calls;
    for (unsigned tries = 0; hits.tally.injected < wanted && tries < 20 * wanted; tries++)
        hit_twice(&hits);
    tally_tell(&hits.tally, on->scenario->name);
}

int main(int argc, char **argv)
{
    const scenario *what;
    stage on;
    harness_begin("compound");
    for (size_t i = 0; (what = scenario_at(i)) != NULL; i++) {
        if (!scenario_is_meant(argc > 1 ? argv[1] : NULL, i, what->name))
            continue;
        if (!stage_open(&on, what, 1)) {
            tally sum = {.kind = "kill, then kill", .failures = 1};
            tally_tell(&sum, what->name);
        } else {
            sweep(&on, true);
            sweep(&on, false);
        }
        stage_close(&on);
    }
    return harness_end();
}
