/* Processes, folders and the telling of sweeps. */
#include "harness.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/statfs.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define SECONDS_MAX 120
#define TMPFS_MAGIC_NUMBER 0x01021994
#define FAILURES_TOLD_MAX 10

static struct {
    char folder[TREE_PATH_SIZE];
    char stages[TREE_PATH_SIZE]; /* where stages stand */
    harness_shared *shared;
    uint64_t first_seed; /* the one to tell */
    uint64_t seed;
    unsigned cases;
    unsigned failed;
    unsigned injected; /* over all tallies, as recovered */
    unsigned recovered;
    int refused[FAULTY_ANY]; /* errno of calls that always fail */
} harness;

bool harness_is_long(void)
{
    const char *value = getenv("MODEL_STORAGE_LONG");
    return value != NULL && *value != '\0';
}

uint64_t harness_random(void)
{
    /* xorshift64*: short, and the same everywhere. */
    harness.seed ^= harness.seed >> 12;
    harness.seed ^= harness.seed << 25;
    harness.seed ^= harness.seed >> 27;
    return harness.seed * UINT64_C(2685821657736338717);
}

static const char *place_for_folders(void)
{
    struct statfs status;
    const char *chosen = getenv("TMPDIR");
    if (chosen != NULL && chosen[0] == '/')
        return chosen;
    if (statfs("/dev/shm", &status) == 0 && (unsigned long)status.f_type == TMPFS_MAGIC_NUMBER &&
            access("/dev/shm", W_OK) == 0)
        return "/dev/shm";
    return "/tmp";
}

void harness_begin(const char *kind)
{
    const char *seed = getenv("MODEL_STORAGE_SEED");
    struct timespec now;
    setvbuf(stdout, NULL, _IONBF, 0);
    clock_gettime(CLOCK_REALTIME, &now);
    harness.seed = seed != NULL ? strtoull(seed, NULL, 10)
                                : (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
    if (harness.seed == 0)
        harness.seed = 1;
    harness.first_seed = harness.seed;
    snprintf(harness.folder, sizeof(harness.folder), "%s/model-storage-sweep-XXXXXX",
            place_for_folders());
    harness.shared = mmap(NULL, sizeof(*harness.shared), PROT_READ | PROT_WRITE,
            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (mkdtemp(harness.folder) == NULL || harness.shared == MAP_FAILED) {
        printf("Bail out! no folder or memory for the sweep: %s\n", strerror(errno));
        exit(2);
    }
    harness_use(harness.folder);
    printf("TAP version 13\n# %s, MODEL_STORAGE_SEED=%llu, %s, in %s\n", kind,
            (unsigned long long)harness.seed, harness_is_long() ? "everything" : "a sample",
            harness.folder);
}

int harness_end(void)
{
    if (getenv("MODEL_STORAGE_KEEP") == NULL)
        tree_remove(harness.folder);
    printf("# %u faults, %u runs recovered, seed %llu\n1..%u\n", harness.injected, harness.recovered,
            (unsigned long long)harness.first_seed, harness.cases);
    return harness.failed == 0 && harness.cases > 0 ? 0 : 1;
}

const harness_shared *harness_shared_memory(void)
{
    return harness.shared;
}

const char *harness_folder(void)
{
    return harness.folder;
}

void harness_use(const char *folder)
{
    snprintf(harness.stages, sizeof(harness.stages), "%s", folder);
}

void harness_tell(bool good, const char *name)
{
    harness.cases++;
    harness.failed += !good;
    printf("%s %u - %s\n", good ? "ok" : "not ok", harness.cases, name);
}

void harness_arm_kill(const fault *hit)
{
    faulty_kill(hit->nth);
}

void harness_refuse(faulty_call call, int os_errno)
{
    harness.refused[call] = os_errno;
}

static void reset_faults(void)
{
    faulty_reset();
    for (int call = 0; call < FAULTY_ANY; call++)
        faulty_fail_always((faulty_call)call, harness.refused[call]);
}

pid_t harness_start(void (*step)(void *on, const void *payload), void *on, const void *payload)
{
    pid_t child = fork();
    if (child == 0) {
        alarm(SECONDS_MAX);
        step(on, payload);
        _exit(0);
    }
    if (child < 0) {
        printf("Bail out! no process: %s\n", strerror(errno));
        exit(2);
    }
    return child;
}

int harness_wait(pid_t child)
{
    int status = 0;
    while (waitpid(child, &status, 0) < 0 && errno == EINTR)
        ;
    return WIFSIGNALED(status) ? 256 + WTERMSIG(status) : WEXITSTATUS(status);
}

static int in_child(void (*step)(void *on, const void *payload), stage *on, const void *payload)
{
    return harness_wait(harness_start(step, on, payload));
}

static void step_prepare(void *self, const void *payload)
{
    stage *on = self;
    scenario_outcome outcome = {0};
    const scenario_run run = {.folder = on->before, .jobs = 1, .outcome = &outcome};
    (void)payload;
    reset_faults();
    on->scenario->prepare(&run);
}

static void step_run(void *self, const void *payload)
{
    stage *on = self;
    const fault *hit = payload;
    const scenario_run run = {
            .folder = on->now, .jobs = on->jobs, .outcome = &harness.shared->outcome};
    reset_faults();
    faulty_trace(harness.shared->trace, sizeof(harness.shared->trace));
    if (hit != NULL)
        hit->arm(hit);
    scenario_execute(on->scenario, &run);
    harness.shared->calls = faulty_count(FAULTY_ANY);
    harness.shared->fired = faulty_fired();
    if (hit != NULL && hit->disarm != NULL)
        hit->disarm(hit, harness.shared);
}

static void step_prove(void *self, const void *payload)
{
    stage *on = self;
    scenario_outcome own = {0};
    const scenario_proof proof = {.run = {.folder = on->now, .jobs = on->jobs, .outcome = &own},
            .before = on->before,
            .after = on->after,
            .outcome = payload};
    reset_faults();
    scenario_prove(on->scenario, &proof);
}

static bool say_broken(const stage *on, const char *step, int code)
{
    printf("#   %s: %s ended with %s %d\n", on->scenario->name, step,
            code > 256 ? "signal" : "code", code > 256 ? code - 256 : code);
    return false;
}

static void fill_now(const stage *on, const char *from)
{
    tree_remove(on->now);
    tree_copy(from, on->now);
}

bool stage_open(stage *on, const scenario *what, unsigned jobs)
{
    *on = (struct stage){.scenario = what, .jobs = jobs};
    snprintf(on->before, sizeof(on->before), "%.900s/before", harness.stages);
    snprintf(on->after, sizeof(on->after), "%.900s/after", harness.stages);
    snprintf(on->now, sizeof(on->now), "%.900s/now", harness.stages);
    tree_write(on->before, "neighbour", 1, 1);
    int code = in_child(step_prepare, on, NULL);
    if (code != 0)
        return say_broken(on, "prepare", code);
    stage_renew(on);
    if (stage_hit(on, NULL) != HIT_ENDED)
        return say_broken(on, "a run without a fault", 0);
    if (harness.shared->outcome.status != MS_OK) {
        printf("#   %s: without a fault: %s (%s)\n", what->name, harness.shared->outcome.message,
                harness.shared->outcome.reason);
        return false;
    }
    on->calls = harness.shared->calls;
    if (on->calls > HARNESS_CALLS_MAX)
        return say_broken(on, "tracing, which found too many calls,", (int)on->calls);
    memcpy(on->trace, harness.shared->trace, on->calls);
    tree_copy(on->now, on->after);
    const scenario_outcome outcome = harness.shared->outcome;
    return stage_prove(on, &outcome);
}

void stage_close(stage *on)
{
    tree_remove(on->before);
    tree_remove(on->after);
    tree_remove(on->now);
}

void stage_renew(stage *on)
{
    fill_now(on, on->before);
}

hit_end stage_hit(stage *on, const fault *hit)
{
    memset(harness.shared, 0, sizeof(*harness.shared));
    int code = in_child(step_run, on, hit);
    if (code == 256 + SIGKILL)
        return HIT_KILLED;
    if (code == 0 && harness.shared->outcome.ended)
        return HIT_ENDED;
    say_broken(on, "the operation", code);
    return HIT_BROKEN;
}

bool stage_prove(stage *on, const scenario_outcome *outcome)
{
    int code = in_child(step_prove, on, outcome);
    return code == 0 ? true : say_broken(on, "the proof", code);
}

void harness_choose(
        unsigned total, unsigned count, void (*visit)(void *payload, unsigned nth), void *payload)
{
    if (harness_is_long() || count >= total) {
        for (unsigned nth = 1; nth <= total; nth++)
            visit(payload, nth);
        return;
    }
    for (unsigned part = 0; part < count; part++) {
        unsigned first = (unsigned)((uint64_t)total * part / count);
        unsigned end = (unsigned)((uint64_t)total * (part + 1) / count);
        visit(payload, first + 1 + (unsigned)(harness_random() % (end - first)));
    }
}

void harness_kill_some(stage *on, unsigned count, tally *sum)
{
    sum->faults_found += on->calls;
    for (unsigned i = 0; i < count; i++) {
        const fault hit = {.arm = harness_arm_kill, .nth = 1 + (unsigned)(harness_random() % on->calls)};
        stage_renew(on);
        if (stage_hit(on, &hit) != HIT_KILLED)
            continue;
        const scenario_outcome outcome = harness.shared->outcome;
        sum->injected++;
        sum->succeeded += outcome.acknowledged;
        if (stage_prove(on, &outcome))
            sum->recovered++;
        else
            tally_fail(sum, on, "killed before call %u", hit.nth);
    }
}

void tally_tell(const tally *sum, const char *name)
{
    const bool good = sum->failures == 0 && sum->injected > 0;
    harness.cases++;
    harness.failed += !good;
    harness.injected += sum->injected;
    harness.recovered += sum->recovered;
    printf("%s %u - %s %s: %u found, %u injected, %u recovered, %u succeeded all the same, %u "
           "failures\n",
            good ? "ok" : "not ok", harness.cases, sum->kind, name, sum->faults_found,
            sum->injected, sum->recovered, sum->succeeded, sum->failures);
}

void tally_fail(tally *sum, const stage *on, const char *format, ...)
{
    char text[512];
    va_list arguments;
    if (sum->failures++ >= FAILURES_TOLD_MAX)
        return;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    printf("# %s %s: %s\n", sum->kind, on->scenario->name, text);
}
