/* Scenarios where files can share extents, XFS and btrfs, and where they cannot: every clone is refused once; the files that
 * are shared change at every moment; and who cannot share is asked once. Kills too, as everywhere.
 *
 *   test_sharing [xfs|btrfs|ext4|tmpfs]    one of them, else all */
#include "mounting.h"
#include "scenario_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>

#define KILLS 2
#define CHUNKS 7
#define MODEL_SIZE (CHUNKS * (size_t)SCENARIO_SHARED_CHUNK_SIZE + 100)

static unsigned clones_of(const stage *on)
{
    unsigned clones = 0;
    for (unsigned call = 0; call < on->calls; call++)
        clones += on->trace[call] == FAULTY_clone_range;
    return clones;
}

static void arm_refusal(const fault *hit)
{
    faulty_fail(FAULTY_clone_range, hit->nth, hit->os_errno);
}

static void refuse_clone(tally *sum, stage *on, unsigned nth)
{
    static const int errnos[] = {EOPNOTSUPP, EXDEV, EINVAL, ENOSPC, EIO};
    const fault hit = {.arm = arm_refusal, .nth = nth, .os_errno = errnos[nth % (sizeof(errnos) / sizeof(errnos[0]))]};
    stage_renew(on);
    const hit_end end = stage_hit(on, &hit);
    const scenario_outcome outcome = harness_shared_memory()->outcome;
    sum->injected++;
    sum->succeeded += outcome.acknowledged;
    if (end == HIT_ENDED && outcome.acknowledged && stage_prove(on, &outcome))
        sum->recovered++;
    else
        tally_fail(sum, on, "errno %d of clone %u: %s", hit.os_errno, nth, outcome.message);
}

/* Extents are shared, and each time that is refused the bytes come another way. */
static void sweep_refusals(const char *kind)
{
    const scenario *what;
    tally sum = {.kind = "refused_clones"};
    for (size_t i = 0; (what = scenario_at(i)) != NULL; i++) {
        stage on;
        unsigned clones;
        if (!scenario_shares(what))
            continue;
        if (!stage_open(&on, what, 1))
            tally_fail(&sum, &on, "fails without a fault");
        clones = clones_of(&on);
        for (unsigned nth = 1; nth <= clones; nth++)
            refuse_clone(&sum, &on, nth);
        if (clones == 0)
            tally_fail(&sum, &on, "shares nothing");
        sum.faults_found += clones;
        stage_close(&on);
    }
    tally_tell(&sum, kind);
}

/* Some kills in each operation that shares. */
static void sweep_kills(const char *kind)
{
    const scenario *what;
    tally sum = {.kind = "kill"};
    for (size_t i = 0; (what = scenario_at(i)) != NULL; i++) {
        stage on;
        if (!scenario_shares(what))
            continue;
        if (!stage_open(&on, what, 2))
            tally_fail(&sum, &on, "fails without a fault");
        else
            harness_kill_some(&on, KILLS, &sum);
        stage_close(&on);
    }
    tally_tell(&sum, kind);
}

/* Where nothing can be shared that is found out by one call, or by those of two batches that were on their way together. */
static void sweep_asking(const char *kind)
{
    const scenario *what;
    tally sum = {.kind = "asking_once"};
    for (size_t i = 0; (what = scenario_at(i)) != NULL; i++) {
        stage on;
        if (!scenario_shares(what))
            continue;
        if (!stage_open(&on, what, 1))
            tally_fail(&sum, &on, "fails without a fault");
        sum.faults_found += on.calls;
        sum.injected++;
        if (clones_of(&on) == 1 || clones_of(&on) == 2)
            sum.recovered++;
        else
            tally_fail(&sum, &on, "asked %u times", clones_of(&on));
        stage_close(&on);
    }
    tally_tell(&sum, kind);
}

/* What changes while it is shared. Each run has a folder of its own below the mount. */

static char mounted[TREE_PATH_SIZE];
static unsigned run_number;
static scenario_outcome outcome;
static scenario_run now;
static char now_folder[TREE_PATH_SIZE];

/* A home and weights.bin, stored when is_stored. */
static void begin_run(bool is_stored)
{
    snprintf(now_folder, sizeof(now_folder), "%.900s/run-%u", mounted, run_number++);
    outcome = (scenario_outcome){0};
    now = (scenario_run){.folder = now_folder, .jobs = 1, .outcome = &outcome};
    tree_write(now_folder, "original.bin", 1, MODEL_SIZE);
    tree_write(now_folder, "weights.bin", 1, MODEL_SIZE);
    if (is_stored)
        scenario_must_store(&now, "weights.bin", "file");
    faulty_reset();
}

static void damage_every_chunk(void *payload, const char *path)
{
    (void)payload;
    for (size_t chunk = 0; chunk < CHUNKS; chunk++)
        tree_damage(path, chunk * SCENARIO_SHARED_CHUNK_SIZE + 1000);
}

static void change_source(void *payload)
{
    damage_every_chunk(payload, scenario_path(now_folder, "weights.bin"));
}

static ms_status store_weights(ms_error *err)
{
    ms_store_options options = MS_STORE_OPTIONS_INIT;
    options.path = scenario_path(now_folder, "weights.bin");
    options.model_id = "file";
    return scenario_store(&now, &options, err);
}

static ms_status retrieve_weights(ms_error *err)
{
    ms_retrieve_options options = MS_RETRIEVE_OPTIONS_INIT;
    options.ref = "file";
    options.output = scenario_path(now_folder, "out.bin");
    return scenario_retrieve(&now, &options, err);
}

static void expect_original(void)
{
    char where[TREE_PATH_SIZE];
    EXPECT(!tree_differs(scenario_path(now_folder, "original.bin"), scenario_path(now_folder, "out.bin"), where), "%s", where);
}

static void expect_sound_store(void)
{
    ms_check_options options = MS_CHECK_OPTIONS_INIT;
    ms_error err = MS_ERROR_INIT;
    options.read_data = true;
    EXPECT(scenario_check(&now, &options, &err) == MS_OK, "check: %s (%s)", err.message, err.reason);
}

/* The source is written to before each clone, the last of which makes a block of what was hashed before: no block
 * is wrong, and a model that was stored is the one before the change. */
static void test_source_that_changes(void)
{
    ms_error err = MS_ERROR_INIT;
    unsigned stored = 0;
    begin_run(false);
    EXPECT(store_weights(&err) == MS_OK, "%s", err.message);
    const unsigned clones = faulty_count(FAULTY_clone_range);
    EXPECT(clones > CHUNKS, "only %u clones", clones);
    for (unsigned nth = 1; nth <= clones; nth++) {
        begin_run(false);
        faulty_interfere(FAULTY_clone_range, nth, change_source, NULL);
        const ms_status status = store_weights(&err);
        faulty_reset();
        EXPECT(status == MS_OK || (status == MS_INTEGRITY && strcmp(err.reason, "source_changed") == 0),
                "changed before clone %u: %s (%s)", nth, err.message, err.reason);
        EXPECT(nth > 1 || status != MS_OK, "a change before the first clone is not seen");
        EXPECT(nth < clones || status == MS_OK, "changed after all was read: %s", err.message);
        expect_sound_store();
        if (status == MS_OK) {
            EXPECT(retrieve_weights(&err) == MS_OK, "%s", err.message);
            expect_original();
            stored++;
        }
    }
    EXPECT(stored < clones, "no change was seen");
}

static void damage_block(void *payload, const char *path)
{
    if (strstr(path, ".data") != NULL && tree_size(path) == SCENARIO_SHARED_CHUNK_SIZE)
        tree_damage(path, 1000);
    (void)payload;
}

static void damage_blocks(void *payload)
{
    tree_each_file(scenario_path(now_folder, "home/blocks"), damage_block, payload);
}

/* Blocks are damaged in place before each clone: an output is the model or is not there. */
static void test_blocks_that_change(void)
{
    ms_error err = MS_ERROR_INIT;
    unsigned refused = 0;
    begin_run(true);
    EXPECT(retrieve_weights(&err) == MS_OK, "%s", err.message);
    const unsigned clones = faulty_count(FAULTY_clone_range);
    EXPECT(clones >= CHUNKS, "only %u clones", clones);
    for (unsigned nth = 1; nth <= clones; nth++) {
        begin_run(true);
        faulty_interfere(FAULTY_clone_range, nth, damage_blocks, NULL);
        const ms_status status = retrieve_weights(&err);
        faulty_reset();
        if (status == MS_OK) {
            expect_original();
            continue;
        }
        refused++;
        EXPECT(status == MS_INTEGRITY && !tree_exists(scenario_path(now_folder, "out.bin")),
                "damaged before clone %u: %d, %s", nth, (int)status, err.message);
        EXPECT(tree_count(scenario_path(now_folder, "home/quarantine")) > 0, "a bad block was left where it was");
    }
    EXPECT(refused > 0, "no damage was seen");
}

/* Source, block and output are three files: a write to one does not show in the others. */
static void test_copies_are_apart(void)
{
    ms_error err = MS_ERROR_INIT;
    begin_run(true);
    EXPECT(retrieve_weights(&err) == MS_OK, "%s", err.message);
    change_source(NULL);
    expect_original();
    expect_sound_store();
    damage_every_chunk(NULL, scenario_path(now_folder, "out.bin"));
    expect_sound_store();
    tree_remove(scenario_path(now_folder, "out.bin"));
    EXPECT(retrieve_weights(&err) == MS_OK, "%s", err.message);
    expect_original();
    damage_blocks(NULL);
    expect_original();
}

static ms_status retrieve_folder(ms_error *err)
{
    ms_retrieve_options options = MS_RETRIEVE_OPTIONS_INIT;
    options.ref = "folder";
    options.output = scenario_path(now_folder, "out");
    options.force = true;
    return scenario_retrieve(&now, &options, err);
}

/* A model of two files, and an older copy of it whose first file differs, so that the second is taken as it is. */
static void begin_replacement(void)
{
    ms_error err = MS_ERROR_INIT;
    begin_run(false);
    tree_write(now_folder, "model/changed.bin", 2, MODEL_SIZE);
    tree_write(now_folder, "model/whole.bin", 3, MODEL_SIZE);
    scenario_must_store(&now, "model", "folder");
    EXPECT(retrieve_folder(&err) == MS_OK, "%s", err.message);
    tree_damage(scenario_path(now_folder, "out/changed.bin"), 1000);
    faulty_reset();
}

static void damage_whole_file(void *payload)
{
    (void)payload;
    tree_damage(scenario_path(now_folder, "out/whole.bin"), 1000);
}

static void lengthen_whole_file(void *payload)
{
    FILE *stream = fopen(scenario_path(now_folder, "out/whole.bin"), "ab");
    (void)payload;
    EXPECT(stream != NULL && fputs("more", stream) >= 0 && fclose(stream) == 0, "nothing is appended");
}

/* What was compared and found whole changes before it is taken: the output is the model all the same. */
static void test_old_copy_that_changes(void)
{
    static void (*const changes[])(void *payload) = {NULL, damage_whole_file, lengthen_whole_file};
    for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
        char where[TREE_PATH_SIZE];
        ms_error err = MS_ERROR_INIT;
        begin_replacement();
        if (changes[i] != NULL)
            faulty_interfere(FAULTY_clone, 1, changes[i], NULL);
        const ms_status status = retrieve_folder(&err);
        EXPECT(status == MS_OK, "change %zu: %s", i, err.message);
        EXPECT(faulty_count(FAULTY_clone) == 1, "%u clones", faulty_count(FAULTY_clone));
        faulty_reset();
        EXPECT(!tree_differs(scenario_path(now_folder, "model"), scenario_path(now_folder, "out"), where), "change %zu: %s", i, where);
    }
}

/* Where nothing is shared it would get a second name, and is copied when it changed. */
static void test_old_copy_that_changes_unshared(const char *folder)
{
    char where[TREE_PATH_SIZE];
    ms_error err = MS_ERROR_INIT;
    (void)folder;
    for (int changes = 0; changes < 2; changes++) {
        begin_replacement();
        if (changes)
            faulty_interfere(FAULTY_clone, 1, damage_whole_file, NULL);
        const ms_status status = retrieve_folder(&err);
        EXPECT(status == MS_OK, "%s", err.message);
        EXPECT(faulty_count(FAULTY_linkat) == (changes ? 0 : 1), "%u second names", faulty_count(FAULTY_linkat));
        faulty_reset();
        EXPECT(!tree_differs(scenario_path(now_folder, "model"), scenario_path(now_folder, "out"), where), "%d changes: %s", changes, where);
    }
}

/* Blocks below the least size are written, and then nothing is frozen for them. */
static void test_small_chunks_are_not_frozen(void)
{
    ms_error err = MS_ERROR_INIT;
    scenario_chunk_size = SCENARIO_SHARED_CHUNK_SIZE / 2;
    begin_run(false);
    const ms_status status = store_weights(&err);
    EXPECT(status == MS_OK && faulty_count(FAULTY_clone_range) == 0, "%u clones: %s", faulty_count(FAULTY_clone_range), err.message);
    scenario_chunk_size = SCENARIO_SHARED_CHUNK_SIZE;
}

static void test_changes(const char *folder)
{
    (void)folder;
    test_small_chunks_are_not_frozen();
    test_source_that_changes();
    test_blocks_that_change();
    test_copies_are_apart();
    test_old_copy_that_changes();
}

static void on_file_system(const char *only, const char *kind, bool (*make)(const char *folder), bool shares)
{
    char name[64];
    const char *folder = mounting_folder(kind);
    if (only != NULL && strcmp(only, kind) != 0)
        return;
    if (!make(folder)) {
        printf("# %s cannot be mounted although this is root: %s\n", kind, strerror(errno));
        harness_tell(false, kind);
        return;
    }
    harness_use(folder);
    snprintf(mounted, sizeof(mounted), "%s", folder);
    if (shares) {
        sweep_kills(kind);
        sweep_refusals(kind);
        snprintf(name, sizeof(name), "shared_files_that_change %s", kind);
        mounting_run_case(name, test_changes);
    } else {
        sweep_asking(kind);
        snprintf(name, sizeof(name), "older_copies_that_change %s", kind);
        mounting_run_case(name, test_old_copy_that_changes_unshared);
    }
    umount2(mounted, MNT_DETACH);
}

static bool make_tmpfs(const char *folder)
{
    return mount_tmpfs(folder, "size=256m");
}

int main(int argc, char **argv)
{
    const char *only = argc > 1 ? argv[1] : NULL;
    scenario_chunk_size = SCENARIO_SHARED_CHUNK_SIZE;
    if (!mounting_begin("sharing"))
        return harness_end();
    on_file_system(only, "xfs", mount_xfs, true);
    on_file_system(only, "btrfs", mount_btrfs, true);
    on_file_system(only, "ext4", mount_ext4, false);
    on_file_system(only, "tmpfs", make_tmpfs, false);
    return mounting_end();
}
