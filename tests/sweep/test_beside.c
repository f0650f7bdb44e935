/* One operation stands still before its Nth call to the operating system while another one, of
 * another process, runs beside it: for every N. What either of them acknowledged is there when both
 * have ended, after a prune too.
 *
 *   test_beside PART/PARTS
 *   test_beside [PAIR [N]]     all N with MODEL_STORAGE_LONG=1, else a sample
 *
 * The second one may have to wait for the first, which then goes on. */
#include "harness.h"
#include "scenario_priv.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SAMPLE 6
#define STANDING_MS_MAX 100
#define FILE_SIZE (7 * scenario_chunk_size + 100)

typedef struct pair pair;

/* Of both runs, in memory that all processes share. */
typedef struct outcomes {
    scenario_outcome first;
    scenario_outcome second;
    unsigned calls; /* of the first, once it ended */
} outcomes;

struct pair {
    const char *name;
    void (*prepare)(const scenario_run *run);
    ms_status (*first)(const scenario_run *run, ms_error *err);
    ms_status (*second)(const scenario_run *run, ms_error *err);
    /* What must hold of what was acknowledged. */
    void (*look)(const scenario_run *run, const outcomes *told);
    bool may_miss;      /* one of them may find nothing to do */
    bool may_be_locked; /* one of them waits for nobody */
};

typedef struct beside {
    const pair *pair;
    char before[TREE_PATH_SIZE];
    char now[TREE_PATH_SIZE];
    outcomes *told;
    tally tally;
    stage named; /* what a tally tells its failures of */
} beside;

/* ---- operations ---- */

static ms_status store_as(const scenario_run *run, const char *id, bool new_version, ms_error *err)
{
    ms_store_options options = MS_STORE_OPTIONS_INIT;
    options.path = scenario_path(run->folder, "first.bin");
    options.model_id = id;
    options.new_version = new_version;
    return scenario_store(run, &options, err);
}

static ms_status store_first(const scenario_run *run, ms_error *err)
{
    return store_as(run, "first", false, err);
}

static ms_status store_other(const scenario_run *run, ms_error *err)
{
    return store_as(run, "other", false, err);
}

static ms_status store_next(const scenario_run *run, ms_error *err)
{
    return store_as(run, "first", true, err);
}

static ms_status remove_ref(const scenario_run *run, const char *ref, ms_error *err)
{
    ms_remove_options options = MS_REMOVE_OPTIONS_INIT;
    options.ref = ref;
    return scenario_remove(run, &options, err);
}

static ms_status remove_first(const scenario_run *run, ms_error *err)
{
    return remove_ref(run, "first@1", err);
}

static ms_status remove_second(const scenario_run *run, ms_error *err)
{
    return remove_ref(run, "second", err);
}

static ms_status prune(const scenario_run *run, ms_error *err)
{
    ms_prune_options options = MS_PRUNE_OPTIONS_INIT;
    options.confirm = scenario_confirm;
    return scenario_prune(run, &options, err);
}

static ms_status remove_and_prune(const scenario_run *run, ms_error *err)
{
    ms_status status = remove_second(run, err);
    return status == MS_OK ? prune(run, err) : status;
}

static ms_status repair(const scenario_run *run, ms_error *err)
{
    ms_repair_options options = MS_REPAIR_OPTIONS_INIT;
    options.ref = "first";
    options.from = scenario_path(run->folder, "first.bin");
    return scenario_repair(run, &options, err);
}

static ms_status check(const scenario_run *run, ms_error *err)
{
    ms_check_options options = MS_CHECK_OPTIONS_INIT;
    options.read_data = true;
    return scenario_check(run, &options, err);
}

static ms_status retrieve(const scenario_run *run, ms_error *err)
{
    ms_retrieve_options options = MS_RETRIEVE_OPTIONS_INIT;
    options.ref = "second";
    options.output = scenario_path(run->folder, "out.bin");
    options.force = true;
    return scenario_retrieve(run, &options, err);
}

static ms_status verify(const scenario_run *run, ms_error *err)
{
    ms_verify_options options = MS_VERIFY_OPTIONS_INIT;
    options.ref = "second";
    return scenario_verify(run, &options, err);
}

static ms_status deactivate(const scenario_run *run, ms_error *err)
{
    ms_lifecycle_options options = MS_LIFECYCLE_OPTIONS_INIT;
    options.ref = "first";
    options.reason = "a better one is there";
    return scenario_deactivate(run, &options, err);
}

/* ---- what stands before ---- */

static void prepare_nothing(const scenario_run *run)
{
    tree_write(run->folder, "first.bin", 1, FILE_SIZE);
}

static void prepare_two(const scenario_run *run)
{
    prepare_nothing(run);
    tree_write(run->folder, "second.bin", 2, FILE_SIZE);
    tree_write(run->folder, "out.bin", 3, FILE_SIZE);
    scenario_must_store(run, "first.bin", "first");
    scenario_must_store(run, "second.bin", "second");
}

static void prepare_removed(const scenario_run *run)
{
    ms_error err = MS_ERROR_INIT;
    prepare_two(run);
    EXPECT(remove_first(run, &err) == MS_OK, "the model cannot be removed: %s", err.message);
}

static void prepare_pruned(const scenario_run *run)
{
    ms_error err = MS_ERROR_INIT;
    prepare_removed(run);
    EXPECT(prune(run, &err) == MS_OK, "the model cannot be pruned: %s", err.message);
}

/* ---- what must hold ---- */

static void expect_version(const scenario_run *run, const char *id, const scenario_outcome *told)
{
    char ref[SCENARIO_TEXT_SIZE];
    if (!told->acknowledged)
        return;
    snprintf(ref, sizeof(ref), "%s@%lu", id, strtoul(told->told, NULL, 10));
    scenario_expect_whole(run, ref);
}

static void look_at_store_first(const scenario_run *run, const outcomes *told)
{
    expect_version(run, "first", &told->first);
}

static void look_at_store_second(const scenario_run *run, const outcomes *told)
{
    expect_version(run, "first", &told->second);
}

static void look_at_store_other(const scenario_run *run, const outcomes *told)
{
    expect_version(run, "other", &told->second);
}

static void look_at_both(const scenario_run *run, const outcomes *told)
{
    expect_version(run, "first", &told->first);
    expect_version(run, "first", &told->second);
    EXPECT(told->first.acknowledged && strcmp(told->first.told, told->second.told) == 0,
            "two versions of one file: %s and %s", told->first.told, told->second.told);
}

static void look_at_repair_first(const scenario_run *run, const outcomes *told)
{
    if (told->first.acknowledged)
        scenario_expect_whole(run, "first");
}

static void look_at_repair_second(const scenario_run *run, const outcomes *told)
{
    if (told->second.acknowledged)
        scenario_expect_whole(run, "first");
}

static void look_at_output(const scenario_run *run, const outcomes *told)
{
    const bool is_old =
            scenario_same(run->folder, scenario_path(run->folder, "../before"), "out.bin");
    char where[TREE_PATH_SIZE];
    const bool is_new = !tree_differs(
            scenario_path(run->folder, "out.bin"), scenario_path(run->folder, "second.bin"), where);
    EXPECT(is_new || (is_old && !told->first.acknowledged), "the output is %s",
            is_old ? "old" : where);
}

static void look_at_status(const scenario_run *run, const outcomes *told)
{
    scenario_model model;
    scenario_model_of(run, "first@1", &model);
    EXPECT(!told->first.acknowledged || strcmp(model.status, "inactive") == 0, "the status is %s",
            model.status);
    expect_version(run, "first", &told->second);
}

static const pair pairs[] = {
        {.name = "remove_beside_store_of_the_same",
                .prepare = prepare_two,
                .first = remove_first,
                .second = store_other,
                .look = look_at_store_other},
        {.name = "remove_beside_store_of_a_version",
                .prepare = prepare_two,
                .first = remove_first,
                .second = store_next,
                .look = look_at_store_second},
        {.name = "store_beside_remove",
                .prepare = prepare_two,
                .first = store_next,
                .second = remove_first,
                .look = look_at_store_first,
                .may_miss = true},
        {.name = "store_beside_store",
                .prepare = prepare_nothing,
                .first = store_first,
                .second = store_first,
                .look = look_at_both},
        {.name = "store_beside_prune",
                .prepare = prepare_removed,
                .first = store_first,
                .second = prune,
                .look = look_at_store_first},
        {.name = "prune_beside_store",
                .prepare = prepare_removed,
                .first = prune,
                .second = store_first,
                .look = look_at_store_second},
        {.name = "repair_beside_prune",
                .prepare = prepare_removed,
                .first = repair,
                .second = prune,
                .look = look_at_repair_first},
        {.name = "repair_of_pruned_beside_prune",
                .prepare = prepare_pruned,
                .first = repair,
                .second = prune,
                .look = look_at_repair_first},
        {.name = "prune_beside_repair",
                .prepare = prepare_removed,
                .first = prune,
                .second = repair,
                .look = look_at_repair_second},
        {.name = "retrieve_beside_prune",
                .prepare = prepare_two,
                .first = retrieve,
                .second = remove_and_prune,
                .look = look_at_output,
                .may_miss = true},
        {.name = "retrieve_beside_retrieve",
                .prepare = prepare_two,
                .first = retrieve,
                .second = retrieve,
                .look = look_at_output,
                .may_be_locked = true},
        {.name = "verify_beside_prune",
                .prepare = prepare_two,
                .first = verify,
                .second = remove_and_prune,
                .may_miss = true},
        {.name = "check_beside_prune",
                .prepare = prepare_two,
                .first = check,
                .second = remove_and_prune},
        {.name = "check_beside_store",
                .prepare = prepare_pruned,
                .first = check,
                .second = store_first,
                .look = look_at_store_second},
        {.name = "remove_beside_remove",
                .prepare = prepare_two,
                .first = remove_second,
                .second = remove_second,
                .may_miss = true},
        {.name = "prune_beside_prune", .prepare = prepare_removed, .first = prune, .second = prune},
        {.name = "deactivate_beside_store",
                .prepare = prepare_two,
                .first = deactivate,
                .second = store_next,
                .look = look_at_status},
};

/* ---- the two runs ---- */

static void execute(
        const scenario_run *run, ms_status (*operation)(const scenario_run *run, ms_error *err))
{
    const scenario what = {.run = operation};
    scenario_execute(&what, run);
}

static void stand_still(void *payload)
{
    (void)payload;
    raise(SIGSTOP);
}

static void step_prepare(void *self, const void *payload)
{
    const beside *on = self;
    scenario_outcome outcome = {0};
    const scenario_run run = {.folder = on->before, .jobs = 1, .outcome = &outcome};
    (void)payload;
    on->pair->prepare(&run);
}

static void step_first(void *self, const void *payload)
{
    const beside *on = self;
    const unsigned *nth = payload;
    const scenario_run run = {.folder = on->now, .jobs = 1, .outcome = &on->told->first};
    faulty_reset();
    if (nth != NULL)
        faulty_interfere(FAULTY_ANY, *nth, stand_still, NULL);
    execute(&run, on->pair->first);
    on->told->calls = faulty_count(FAULTY_ANY);
}

static void step_second(void *self, const void *payload)
{
    const beside *on = self;
    const scenario_run run = {.folder = on->now, .jobs = 1, .outcome = &on->told->second};
    (void)payload;
    faulty_reset();
    execute(&run, on->pair->second);
}

static void expect_success(const beside *on, const scenario_outcome *outcome, const char *which)
{
    const bool may_fail =
            outcome->status == MS_LOCKED || (on->pair->may_miss && outcome->status == MS_NOT_FOUND);
    EXPECT(outcome->ended && (outcome->status == MS_OK || may_fail), "the %s one: %s (%s)", which,
            outcome->message, outcome->reason);
}

static void step_prove(void *self, const void *payload)
{
    const beside *on = self;
    ms_error err = MS_ERROR_INIT;
    scenario_outcome own = {0};
    const scenario_run run = {.folder = on->now, .jobs = 1, .outcome = &own};
    (void)payload;
    faulty_reset();
    expect_success(on, &on->told->first, "first");
    expect_success(on, &on->told->second, "second");
    for (unsigned i = 0; i < 2; i++) {
        if (on->pair->look != NULL)
            on->pair->look(&run, on->told);
        EXPECT(check(&run, &err) == MS_OK, "check: %s (%s)", err.message, err.reason);
        EXPECT(prune(&run, &err) == MS_OK, "prune: %s (%s)", err.message, err.reason);
    }
}

static bool has_ended(pid_t child, int *code)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    int status;
    for (unsigned i = 0; i < STANDING_MS_MAX; i++) {
        if (waitpid(child, &status, WNOHANG) == child) {
            *code = WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
            return true;
        }
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

static void renew(beside *on)
{
    memset(on->told, 0, sizeof(*on->told));
    tree_remove(on->now);
    tree_copy(on->before, on->now);
}

static void run_beside(void *payload, unsigned nth)
{
    beside *on = payload;
    int status = 0;
    int code = 0;
    renew(on);
    pid_t first = harness_start(step_first, on, &nth);
    const bool is_gone = waitpid(first, &status, WUNTRACED) == first && !WIFSTOPPED(status);
    /* A run may make a call less than another: then it never stood. */
    if (is_gone)
        return;
    pid_t second = harness_start(step_second, on, NULL);
    const bool has_waited = !has_ended(second, &code);
    (void)kill(first, SIGCONT);
    if (harness_wait(first) != 0 || (has_waited ? harness_wait(second) : code) != 0) {
        tally_fail(&on->tally, &on->named, "one broke; the first stood before call %u", nth);
        return;
    }
    on->tally.injected++;
    on->tally.succeeded += on->told->first.acknowledged && on->told->second.acknowledged;
    if (harness_wait(harness_start(step_prove, on, NULL)) == 0)
        on->tally.recovered++;
    else
        tally_fail(&on->tally, &on->named, "the first stood before call %u", nth);
}

static void sweep(const pair *what, outcomes *told, unsigned only)
{
    const scenario name = {.name = what->name};
    beside on = {
            .pair = what, .told = told, .tally = {.kind = "beside"}, .named = {.scenario = &name}};
    snprintf(on.before, sizeof(on.before), "%.900s/before", harness_folder());
    snprintf(on.now, sizeof(on.now), "%.900s/now", harness_folder());
    tree_write(on.before, "neighbour", 1, 1);
    bool is_ready = harness_wait(harness_start(step_prepare, &on, NULL)) == 0;
    if (is_ready) {
        renew(&on);
        is_ready = harness_wait(harness_start(step_first, &on, NULL)) == 0 &&
                   told->first.status == MS_OK;
    }
    on.tally.faults_found = told->calls;
    if (!is_ready)
        tally_fail(&on.tally, &on.named, "fails alone: %s", told->first.message);
    else if (only != 0)
        run_beside(&on, only);
    else
        harness_choose(told->calls, SAMPLE, run_beside, &on);
    tally_tell(&on.tally, what->name);
    tree_remove(on.before);
    tree_remove(on.now);
}

int main(int argc, char **argv)
{
    outcomes *told =
            mmap(NULL, sizeof(*told), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (told == MAP_FAILED)
        return 2;
    harness_begin("beside");
    for (size_t i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++)
        if (scenario_is_meant(argc > 1 ? argv[1] : NULL, i, pairs[i].name))
            sweep(&pairs[i], told, argc > 2 ? (unsigned)atoi(argv[2]) : 0);
    return harness_end();
}
