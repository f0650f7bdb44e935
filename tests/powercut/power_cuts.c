/* Power cuts within whole operations: each is recorded once, then the disk is taken back to what a
 * cut may have left of it, and the next process has to find what was acknowledged, whole.
 *
 *   power_cuts [SCENARIO [AT LOSS UNIT SEED]]    one scenario, one cut
 *   power_cuts SCENARIO syncs                    only its syncs, each of which fails
 *   power_cuts PART/PARTS                        every PARTSth scenario, from PART (0 = the first)
 *
 * A sample, or with MODEL_STORAGE_LONG=1 every point, every kind of loss and every single change
 * that was not synced. MODEL_STORAGE_SEED chooses the sample. With MODEL_STORAGE_SHARED=1 chunks are large enough to
 * share extents, which TMPDIR must be able to: a scenario that moves content and shares nothing fails. Prints TAP. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "doubles/recording_sys.h"
#include "powercut/disk.h"
#include "powercut/scenario_leftovers.h"
#include "sweep/scenario.h"
#include "sweep/tree.h"

#define SAMPLE_CUTS 14
#define SAMPLE_TRIES 40 /* times that, before a sample is left smaller: states repeat */
#define SAMPLE_FIRST_ENDS 4
#define SAMPLE_FAILED_SYNCS 2
#define LONG_RANDOM_CUTS 3 /* at each point */
#define LONG_UNITS_MAX 12  /* single changes tried at each point */
#define PROCESS_SECONDS_MAX 120
#define STOPPED_WAIT_MS 250
#define FAILURES_TOLD_MAX 10
#define ACKNOWLEDGED "acknowledged"

typedef struct shared_outcomes {
    scenario_outcome first; /* of a run that is stopped or killed on its way */
    scenario_outcome run;   /* of the run whose acknowledgement counts */
} shared_outcomes;

static struct {
    char folder[TREE_PATH_SIZE / 2];
    uint64_t seed;
    uint64_t random;
    bool is_long;
    bool is_shared;
    shared_outcomes *outcomes;
    unsigned cases;
    unsigned failed;
    unsigned long cuts;
    unsigned long cuts_acknowledged;
} all;

/* One scenario and the folders it needs. */
typedef struct stage {
    const scenario *scenario;
    char before[TREE_PATH_SIZE]; /* as prepared */
    char after[TREE_PATH_SIZE];  /* as a run leaves it that nothing happens to */
    char now[TREE_PATH_SIZE];
    char cut[TREE_PATH_SIZE];
    char log[TREE_PATH_SIZE];
    char log_second[TREE_PATH_SIZE]; /* of a run after the first one */
    char lost[TREE_PATH_SIZE];       /* what the system gives once it has forgotten what a sync lost */
    struct disk *disk;
    scenario_outcome told; /* of the recorded run */
    size_t acknowledged;   /* the cut from which on it counts; SIZE_MAX: it never does */
    uint64_t *seen;        /* hashes of states that were proven */
    size_t seen_count;
    size_t seen_max;
    unsigned cuts;
    unsigned cuts_acknowledged;
    unsigned failures;
} stage;

/* How a step of a run is interfered with. */
typedef struct recorded_run {
    unsigned signal_at; /* a signal before the nth recorded call; 0 = none */
    int signal_number;
    unsigned sync_fails; /* the nth sync does, and signal_number is sent then; 0 = none */
    bool is_second;      /* after a run whose sync failed */
    bool marks;          /* its acknowledgement counts */
    scenario_outcome *outcome;
} recorded_run;

static uint64_t next_random(void)
{
    all.random ^= all.random >> 12;
    all.random ^= all.random << 25;
    all.random ^= all.random >> 27;
    return all.random * UINT64_C(2685821657736338717);
}

/* ---- processes ---- */

static pid_t start_child(
        void (*step)(stage *on, const void *payload), stage *on, const void *payload)
{
    pid_t child = fork();
    if (child == 0) {
        (void)alarm(PROCESS_SECONDS_MAX);
        step(on, payload);
        _exit(0);
    }
    if (child < 0) {
        printf("Bail out! no process: %s\n", strerror(errno));
        exit(2);
    }
    return child;
}

/* 0: it returned; 256 + signal; else its exit code. */
static int wait_for(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int in_child(void (*step)(stage *on, const void *payload), stage *on, const void *payload)
{
    return wait_for(start_child(step, on, payload));
}

static void step_prepare(stage *on, const void *payload)
{
    scenario_outcome outcome = {0};
    const scenario_run run = {.folder = on->before, .jobs = 1, .outcome = &outcome};
    (void)payload;
    on->scenario->prepare(&run);
}

static void step_run(stage *on, const void *payload)
{
    const recorded_run *how = payload;
    const scenario_run run = {.folder = on->now, .jobs = 1, .outcome = how->outcome};
    recording_start(how->is_second ? on->log_second : on->log, on->now);
    if (how->signal_at > 0)
        recording_signal(how->signal_at, how->signal_number);
    if (how->sync_fails > 0)
        recording_fail_sync(how->sync_fails, how->signal_number);
    if (how->is_second)
        recording_read_disk(on->now, on->lost);
    scenario_execute(on->scenario, &run);
    if (how->marks && how->outcome->acknowledged)
        recording_mark(ACKNOWLEDGED);
}

static void step_prove(stage *on, const void *payload)
{
    scenario_outcome own = {0};
    const scenario_proof proof = {.run = {.folder = on->cut, .jobs = 1, .outcome = &own},
            .before = on->before,
            .after = on->after,
            .outcome = payload};
    scenario_prove(on->scenario, &proof);
}

/* ---- cuts ---- */

static bool is_new_state(stage *on, uint64_t hash)
{
    for (size_t i = 0; i < on->seen_count; i++)
        if (on->seen[i] == hash)
            return false;
    if (on->seen_count == on->seen_max) {
        on->seen_max = on->seen_max == 0 ? 1024 : 2 * on->seen_max;
        on->seen = realloc(on->seen, on->seen_max * sizeof(*on->seen));
        if (on->seen == NULL)
            abort();
    }
    on->seen[on->seen_count++] = hash;
    return true;
}

static void tell_failure(stage *on, const struct disk_cut *cut, int code)
{
    if (on->failures++ >= FAILURES_TOLD_MAX)
        return;
    printf("#   %s: %s%s: the proof ended with %s %d\n", on->scenario->name,
            disk_describe(on->disk, cut), cut->at >= on->acknowledged ? ", acknowledged" : "",
            code > 256 ? "signal" : "code", code > 256 ? code - 256 : code);
    printf("#   again: power_cuts %s %zu %d %zu %llu, with MODEL_STORAGE_SEED=%llu\n",
            on->scenario->name, cut->at, (int)cut->loss, cut->unit, (unsigned long long)cut->seed,
            (unsigned long long)all.seed);
}

/* False when a cut before it left the very same. */
static bool prove_cut(stage *on, const struct disk_cut *cut)
{
    bool acknowledged = cut->at >= on->acknowledged;
    struct disk_state *state = disk_state_new(on->disk, cut);
    bool is_new = is_new_state(on, disk_state_hash(state) * 2 + acknowledged);
    scenario_outcome outcome = {0};

    if (is_new)
        disk_state_write(state, on->cut);
    disk_state_free(state);
    if (!is_new)
        return false;
    if (acknowledged)
        outcome = on->told;
    int code = in_child(step_prove, on, &outcome);
    on->cuts++;
    on->cuts_acknowledged += acknowledged;
    if (code != 0)
        tell_failure(on, cut, code);
    return true;
}

static void prove_every_cut(stage *on)
{
    struct disk_cut cut = {0};
    for (cut.at = 0; cut.at <= disk_event_count(on->disk); cut.at++) {
        size_t units = disk_unit_count(on->disk, cut.at);
        for (int loss = 0; loss < DISK_LOSSES; loss++) {
            size_t count = 1;
            cut.loss = (disk_loss)loss;
            if (cut.loss == DISK_LOSES_ONE || cut.loss == DISK_KEEPS_ONE ||
                    cut.loss == DISK_TEARS_ONE)
                count = units < LONG_UNITS_MAX ? units : LONG_UNITS_MAX;
            if (cut.loss == DISK_KEEPS_ANY)
                count = LONG_RANDOM_CUTS;
            for (size_t i = 0; i < count; i++) {
                cut.seed = next_random();
                cut.unit = units <= count ? i : (size_t)(cut.seed % units);
                (void)prove_cut(on, &cut);
            }
        }
    }
}

static void prove_some_cuts(stage *on, unsigned wanted)
{
    size_t points = disk_event_count(on->disk) + 1;
    unsigned done = 0;
    for (unsigned tries = 0; done < wanted && tries < wanted * SAMPLE_TRIES; tries++) {
        struct disk_cut cut = {.seed = next_random()};
        size_t units;
        /* The first ones right after the acknowledgement. */
        cut.at = tries < 4 && on->acknowledged != SIZE_MAX ? on->acknowledged
                                                           : (size_t)(next_random() % points);
        cut.loss =
                (disk_loss)(tries < 4 ? tries % 2 * DISK_KEEPS_ANY : next_random() % DISK_LOSSES);
        units = disk_unit_count(on->disk, cut.at);
        cut.unit = units == 0 ? 0 : (size_t)(next_random() % units);
        done += prove_cut(on, &cut);
    }
}

/* ---- stages ---- */

static bool refuse(stage *on, const char *what)
{
    printf("#   %s: %s\n", on->scenario->name, what);
    on->failures++;
    return false;
}

static void renew(stage *on)
{
    disk_free(on->disk);
    tree_remove(on->now);
    tree_copy(on->before, on->now);
    tree_remove(on->log);
    tree_remove(on->log_second);
    memset(all.outcomes, 0, sizeof(*all.outcomes));
    on->disk = disk_new(on->now);
    on->seen_count = 0;
}

/* Read a log, and see that it tells all that happened to the folder. */
static bool take_log_of(stage *on, const char *log)
{
    struct disk_state *state;
    bool same;
    if (!disk_add_log(on->disk, log))
        return refuse(on, "the log does not fit the folder");
    struct disk_cut cut = {.at = disk_event_count(on->disk), .loss = DISK_KEEPS_ALL};
    state = disk_state_new(on->disk, &cut);
    same = disk_state_matches(state, on->now);
    disk_state_free(state);
    on->acknowledged = disk_mark(on->disk, ACKNOWLEDGED, 0);
    on->told = all.outcomes->run;
    return same ? true : refuse(on, "something changed the folder and was not recorded");
}

static bool take_log(stage *on)
{
    return take_log_of(on, on->log);
}

static bool stage_open(stage *on, const scenario *what)
{
    const recorded_run how = {.marks = true, .outcome = &all.outcomes->run};
    *on = (stage){.scenario = what};
    (void)snprintf(on->before, sizeof(on->before), "%s/before", all.folder);
    (void)snprintf(on->after, sizeof(on->after), "%s/after", all.folder);
    (void)snprintf(on->now, sizeof(on->now), "%s/now", all.folder);
    (void)snprintf(on->cut, sizeof(on->cut), "%s/cut", all.folder);
    (void)snprintf(on->log, sizeof(on->log), "%s/log", all.folder);
    (void)snprintf(on->log_second, sizeof(on->log_second), "%s/log-second", all.folder);
    (void)snprintf(on->lost, sizeof(on->lost), "%s/lost", all.folder);
    tree_write(on->before, "neighbour", 1, 1);
    if (in_child(step_prepare, on, NULL) != 0)
        return refuse(on, "prepare failed");
    renew(on);
    if (in_child(step_run, on, &how) != 0 || !all.outcomes->run.acknowledged) {
        (void)printf("#   %s (%s)\n", all.outcomes->run.message, all.outcomes->run.reason);
        return refuse(on, "a run failed that nothing happened to");
    }
    tree_copy(on->now, on->after);
    return take_log(on);
}

static void stage_close(stage *on)
{
    disk_free(on->disk);
    free(on->seen);
    tree_remove(on->before);
    tree_remove(on->after);
    tree_remove(on->now);
    tree_remove(on->cut);
    tree_remove(on->log);
    tree_remove(on->log_second);
    tree_remove(on->lost);
}

/* One case of TAP. */
static void tell_case(stage *on, const char *how)
{
    bool good = on->failures == 0 && on->cuts > 0;
    all.cases++;
    all.failed += !good;
    all.cuts += on->cuts;
    all.cuts_acknowledged += on->cuts_acknowledged;
    printf("%s %u - power cut %s%s: %zu events, %u cuts, %u of them after the acknowledgement, %u "
           "failures\n",
            good ? "ok" : "not ok", all.cases, on->scenario->name, how,
            on->disk == NULL ? 0 : disk_event_count(on->disk), on->cuts, on->cuts_acknowledged,
            on->failures);
    on->cuts = 0;
    on->cuts_acknowledged = 0;
    on->failures = 0;
}

/* ---- a first run that ends on its way, and a second one ---- */

static bool ends_within(pid_t child, unsigned wait_ms, int *code)
{
    const struct timespec pause = {.tv_nsec = 1000000};
    int status;
    for (unsigned i = 0; i < wait_ms; i++) {
        if (waitpid(child, &status, WNOHANG) == child) {
            *code = WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
            return true;
        }
        (void)nanosleep(&pause, NULL);
    }
    return false;
}

/* Beside a run that stands it may have no turn; a file that must be new is there already. */
static bool may_fail_second(int number)
{
    ms_status status = all.outcomes->run.status;
    return status == MS_USAGE || (number == SIGSTOP && status == MS_LOCKED);
}

/* The second run takes over what the first one left unsynced, killed or standing still; its
 * acknowledgement must not rest on it. A second run that waits for the first is let through. */
static void run_second(stage *on, unsigned signal_at, int number)
{
    const recorded_run first = {
            .signal_at = signal_at, .signal_number = number, .outcome = &all.outcomes->first};
    const recorded_run second = {.marks = true, .outcome = &all.outcomes->run};
    pid_t stopped = start_child(step_run, on, &first);
    bool is_gone = false;
    int status = 0;
    int code = 0;

    is_gone = waitpid(stopped, &status, WUNTRACED) == stopped && !WIFSTOPPED(status);
    pid_t child = start_child(step_run, on, &second);
    if (!is_gone && !ends_within(child, STOPPED_WAIT_MS, &code)) {
        (void)kill(stopped, SIGCONT);
        code = wait_for(child);
    } else if (is_gone) {
        code = wait_for(child);
    }
    if (!is_gone) {
        (void)kill(stopped, SIGKILL);
        (void)wait_for(stopped);
    }
    if (code != 0 || !all.outcomes->run.ended)
        (void)refuse(on, "the second run broke");
    else if (!all.outcomes->run.acknowledged && !may_fail_second(number))
        (void)refuse(on, all.outcomes->run.message);
}

static void prove_second(stage *on, unsigned signal_at, int number)
{
    unsigned failures = on->failures;
    renew(on);
    run_second(on, signal_at, number);
    if (on->failures > failures || !take_log(on)) {
        printf("#   %s: first run %s before its recorded call %u\n", on->scenario->name,
                number == SIGKILL ? "killed" : "stopped", signal_at);
        return;
    }
    size_t at = on->acknowledged == SIZE_MAX ? disk_event_count(on->disk) : on->acknowledged;
    (void)prove_cut(on, &(struct disk_cut){.at = at, .loss = DISK_KEEPS_NOTHING});
    (void)prove_cut(
            on, &(struct disk_cut){.at = at, .loss = DISK_KEEPS_ANY, .seed = next_random()});
    if (all.is_long)
        prove_some_cuts(on, 4);
    if (on->failures > failures)
        printf("#   %s: first run %s before its recorded call %u\n", on->scenario->name,
                number == SIGKILL ? "killed" : "stopped", signal_at);
}

/* Operations that may simply be run twice. */
static bool may_follow_itself(const scenario *what)
{
    static const char *const names[] = {"store_file", "store_folder", "store_second_version",
            "store_damaged_state", "retrieve_folder", "retrieve_force", "retrieve_archive", "retrieve_extracted",
            "repair", "prune", "prune_many", "deactivate", "activate", "key_default", "key_import", "config_init"};
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        if (strcmp(names[i], what->name) == 0)
            return true;
    return false;
}

static void prove_seconds(stage *on, size_t calls, int number)
{
    unsigned count = all.is_long ? (unsigned)calls : SAMPLE_FIRST_ENDS;
    for (unsigned part = 0; part < count; part++) {
        unsigned from = (unsigned)(calls * part / count);
        unsigned to = (unsigned)(calls * (part + 1) / count);
        if (to > from)
            prove_second(on, from + 1 + (unsigned)(next_random() % (to - from)), number);
    }
    tell_case(on, number == SIGKILL ? " after a run that was killed" : " beside a run that stands");
}

/* ---- a sync that fails and loses what it should have written ---- */

/* The power goes, or the system has forgotten the lost pages when the next run comes. */
static void prove_loss(stage *on, size_t at)
{
    (void)prove_cut(on, &(struct disk_cut){.at = at, .loss = DISK_KEEPS_NOTHING});
    (void)prove_cut(on, &(struct disk_cut){.at = at, .loss = DISK_FORGETS});
    (void)prove_cut(
            on, &(struct disk_cut){.at = at, .loss = DISK_KEEPS_ANY, .seed = next_random()});
}

static bool run_after_loss(stage *on)
{
    const recorded_run second = {.is_second = true, .marks = true, .outcome = &all.outcomes->run};
    const struct disk_cut now = {.at = disk_event_count(on->disk), .loss = DISK_FORGETS};
    struct disk_state *state = disk_state_new(on->disk, &now);
    disk_state_write(state, on->lost);
    disk_state_free(state);
    memset(all.outcomes, 0, sizeof(*all.outcomes));
    if (in_child(step_run, on, &second) != 0 || !all.outcomes->run.ended)
        return refuse(on, "the run after it broke");
    if (!all.outcomes->run.acknowledged && !may_fail_second(SIGKILL))
        return refuse(on, all.outcomes->run.message);
    return take_log_of(on, on->log_second);
}

/* The run whose sync failed is told so, or killed before it hears of it; the next one finds bytes in
 * the page cache that are on no disk. */
static void prove_failed_sync(stage *on, unsigned nth, int number)
{
    const unsigned failures = on->failures;
    const recorded_run first = {.sync_fails = nth,
            .signal_number = number,
            .marks = true,
            .outcome = &all.outcomes->run};
    renew(on);
    const int code = in_child(step_run, on, &first);
    if (code != (number == 0 ? 0 : 256 + SIGKILL))
        (void)refuse(on, "the run with the failed sync broke");
    else if (take_log(on))
        prove_loss(on, disk_event_count(on->disk));
    if (on->failures == failures && on->acknowledged == SIZE_MAX && run_after_loss(on) &&
            on->acknowledged != SIZE_MAX)
        prove_loss(on, on->acknowledged);
    if (on->failures > failures)
        printf("#   %s: sync %u fails%s\n", on->scenario->name, nth,
                number == 0 ? "" : ", and its run is killed");
}

static void prove_failed_syncs(stage *on, unsigned syncs, bool each)
{
    const unsigned count = each || syncs < SAMPLE_FAILED_SYNCS ? syncs : SAMPLE_FAILED_SYNCS;
    for (unsigned part = 0; part < count; part++) {
        const unsigned from = syncs * part / count;
        const unsigned to = syncs * (part + 1) / count;
        const unsigned nth = from + 1 + (unsigned)(next_random() % (to - from));
        prove_failed_sync(on, nth, 0);
        prove_failed_sync(on, nth, SIGKILL);
    }
    tell_case(on, " after a sync that failed");
}

/* ---- all of it ---- */

static void prove_scenario(const scenario *what, char **cut_text, bool only_syncs)
{
    stage on;
    if (!stage_open(&on, what)) {
        tell_case(&on, "");
        stage_close(&on);
        return;
    }
    size_t calls = disk_event_count(on.disk);
    size_t syncs = disk_kind_count(on.disk, RECORD_SYNC_FILE, calls) +
                   disk_kind_count(on.disk, RECORD_SYNC_FOLDER, calls) +
                   disk_kind_count(on.disk, RECORD_SYNC_ALL, calls);
    if (only_syncs) {
        prove_failed_syncs(&on, (unsigned)syncs, true);
        stage_close(&on);
        return;
    }
    if (all.is_shared && scenario_shares(what) && disk_kind_count(on.disk, RECORD_CLONE_RANGE, calls) == 0) {
        printf("#   %s: nothing is shared\n", what->name);
        on.failures++;
    }
    if (cut_text != NULL)
        (void)prove_cut(&on, &(struct disk_cut){.at = strtoull(cut_text[0], NULL, 10),
                                     .loss = (disk_loss)strtol(cut_text[1], NULL, 10),
                                     .unit = strtoull(cut_text[2], NULL, 10),
                                     .seed = strtoull(cut_text[3], NULL, 10)});
    else if (all.is_long)
        prove_every_cut(&on);
    else
        prove_some_cuts(&on, SAMPLE_CUTS);
    tell_case(&on, "");
    if (cut_text == NULL && may_follow_itself(what)) {
        prove_seconds(&on, calls, SIGKILL);
        prove_seconds(&on, calls, SIGSTOP);
        prove_failed_syncs(&on, (unsigned)syncs, all.is_long);
    }
    stage_close(&on);
}

static void begin(void)
{
    const char *seed = getenv("MODEL_STORAGE_SEED");
    const char *is_long = getenv("MODEL_STORAGE_LONG");
    const char *chosen = getenv("TMPDIR");
    const char *place = chosen != NULL && chosen[0] == '/' ? chosen
                        : access("/dev/shm", W_OK) == 0    ? "/dev/shm"
                                                           : "/tmp";
    all.is_shared = getenv("MODEL_STORAGE_SHARED") != NULL;
    if (all.is_shared)
        scenario_chunk_size = SCENARIO_SHARED_CHUNK_SIZE;
    all.is_long = is_long != NULL && *is_long != '\0';
    all.seed = seed != NULL ? strtoull(seed, NULL, 10) : (uint64_t)time(NULL);
    all.random = all.seed == 0 ? 1 : all.seed * UINT64_C(0x9e3779b97f4a7c15);
    all.outcomes = mmap(
            NULL, sizeof(*all.outcomes), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    (void)snprintf(all.folder, sizeof(all.folder), "%.400s/model-storage-cuts-XXXXXX", place);
    if (all.outcomes == MAP_FAILED || mkdtemp(all.folder) == NULL) {
        printf("Bail out! no folder for power cuts: %s\n", strerror(errno));
        exit(2);
    }
    (void)setvbuf(stdout, NULL, _IONBF, 0);
    printf("TAP version 13\n# power cuts, MODEL_STORAGE_SEED=%llu, %s, in %s\n",
            (unsigned long long)all.seed, all.is_long ? "everything" : "a sample", all.folder);
}

static const scenario *scenario_number(size_t index)
{
    size_t shared = 0;
    while (scenario_at(shared) != NULL)
        shared++;
    if (index < shared)
        return scenario_at(index);
    for (const scenario *what = scenarios_leftovers; what->name != NULL; what++)
        if (index-- == shared)
            return what;
    return NULL;
}

int main(int argc, char **argv)
{
    const scenario *what;
    begin();
    for (size_t i = 0; (what = scenario_number(i)) != NULL; i++)
        if (scenario_is_meant(argc > 1 ? argv[1] : NULL, i, what->name))
            prove_scenario(what, argc == 6 ? argv + 2 : NULL,
                    argc == 3 && strcmp(argv[2], "syncs") == 0);
    tree_remove(all.folder);
    printf("# %lu power cuts, %lu of them after the acknowledgement, seed %llu\n1..%u\n", all.cuts,
            all.cuts_acknowledged, (unsigned long long)all.seed, all.cases);
    return all.failed == 0 && all.cases > 0 ? 0 : 1;
}
