/* Caring for a home: repair, remove, prune, verify, check, activate and deactivate. */
#include "scenario_priv.h"

#include <string.h>

#include "store/fs_shards_priv.h"

#define FILE_SIZE (11 * scenario_chunk_size + 100)

static void prepare_two(const scenario_run *run)
{
    tree_write(run->folder, "first.bin", 1, FILE_SIZE);
    tree_write(run->folder, "second.bin", 2, FILE_SIZE);
    scenario_must_store(run, "first.bin", "first");
    scenario_must_store(run, "second.bin", "second");
}

/* Repair: of eight blocks one is gone and one is damaged; which ones depends on the order in which the file system
 * lists them. */

typedef struct damage {
    unsigned seen;
    unsigned done;
} damage;

static bool is_block(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot != NULL && strcmp(dot, ".data") == 0;
}

static void damage_some(void *payload, const char *path)
{
    damage *doing = payload;
    if (!is_block(path))
        return;
    doing->seen++;
    if (doing->seen % 8 == 1)
        tree_remove(path);
    else if (doing->seen % 4 == 1)
        tree_damage(path, 0);
    else
        return;
    doing->done++;
}

static void prepare_repair(const scenario_run *run)
{
    damage doing = {0};
    tree_write(run->folder, "first.bin", 1, 3 * FILE_SIZE);
    scenario_must_store(run, "first.bin", "first");
    tree_each_file(scenario_path(run->folder, "home/blocks"), damage_some, &doing);
    EXPECT(doing.done >= 6, "only %u blocks were damaged", doing.done);
}

static ms_status run_repair(const scenario_run *run, ms_error *err)
{
    ms_repair_options options = MS_REPAIR_OPTIONS_INIT;
    options.ref = "first";
    options.from = scenario_path(run->folder, "first.bin");
    return scenario_repair(run, &options, err);
}

static void look_at_repair(const scenario_proof *proof)
{
    if (proof->outcome->acknowledged)
        scenario_expect_whole(&proof->run, "first");
}

/* Repair never destroys: a damaged block lies in quarantine, or was never touched. */
static void settled_repair(const scenario_proof *proof)
{
    scenario_expect_whole(&proof->run, "first");
    const unsigned wanted = tree_count(scenario_path(proof->after, "home/quarantine"));
    const unsigned found = tree_count(scenario_path(proof->run.folder, "home/quarantine"));
    EXPECT(wanted > 0 && found >= wanted, "%u damaged blocks are in quarantine, not %u", found,
            wanted);
}

/* Remove. */

static ms_status run_remove(const scenario_run *run, ms_error *err)
{
    ms_remove_options options = MS_REMOVE_OPTIONS_INIT;
    options.ref = "first";
    return scenario_remove(run, &options, err);
}

static void again_remove(const scenario_proof *proof)
{
    ms_error err = MS_ERROR_INIT;
    ms_status status = run_remove(&proof->run, &err);
    EXPECT(status == MS_OK || status == MS_NOT_FOUND, "the next remove: %s", err.message);
    EXPECT(status == MS_NOT_FOUND || !proof->outcome->acknowledged, "the model was removed twice");
}

static void look_at_remove(const scenario_proof *proof)
{
    scenario_expect_whole(&proof->run, "second");
}

static void settled_remove(const scenario_proof *proof)
{
    ms_error err = MS_ERROR_INIT;
    scenario_expect_whole(&proof->run, "second");
    EXPECT(run_remove(&proof->run, &err) == MS_NOT_FOUND, "the removed model is still here");
}

/* Prune. */

static void prepare_prune(const scenario_run *run)
{
    ms_error err = MS_ERROR_INIT;
    prepare_two(run);
    EXPECT(run_remove(run, &err) == MS_OK, "the model cannot be removed: %s", err.message);
}

/* Blocks of so many folders that not each of those is synced. */
static void prepare_prune_many(const scenario_run *run)
{
    ms_error err = MS_ERROR_INIT;
    tree_write(run->folder, "first.bin", 1, 2 * FILE_SIZE);
    tree_write(run->folder, "second.bin", 2, FILE_SIZE);
    scenario_must_store(run, "second.bin", "second");
    const unsigned kept = tree_count(scenario_path(run->folder, "home/blocks"));
    scenario_must_store(run, "first.bin", "first");
    const unsigned all = tree_count(scenario_path(run->folder, "home/blocks"));
    EXPECT(all - kept > MS_FS_SYNC_EACH_MAX, "the model lies in %u folders", all - kept);
    EXPECT(run_remove(run, &err) == MS_OK, "the model cannot be removed: %s", err.message);
}

static ms_status run_prune(const scenario_run *run, ms_error *err)
{
    ms_prune_options options = MS_PRUNE_OPTIONS_INIT;
    options.confirm = scenario_confirm;
    return scenario_prune(run, &options, err);
}

/* A block of the removed model that the disk does not give hides what it leads to: that stays, and
 * prune says so. */
static void expect_pruned(const scenario_proof *proof)
{
    EXPECT(strstr(proof->outcome->notice, "cannot be read") != NULL ||
                    scenario_same(proof->run.folder, proof->after, "home/blocks"),
            "prune has not taken what it should");
}

static void look_at_prune(const scenario_proof *proof)
{
    scenario_expect_whole(&proof->run, "second");
    if (proof->outcome->acknowledged)
        expect_pruned(proof);
}

static void settled_prune(const scenario_proof *proof)
{
    scenario_expect_whole(&proof->run, "second");
    expect_pruned(proof);
}

/* Verify and check. */

static ms_status run_verify(const scenario_run *run, ms_error *err)
{
    ms_verify_options options = MS_VERIFY_OPTIONS_INIT;
    options.ref = "first";
    return scenario_verify(run, &options, err);
}

static ms_status run_check(const scenario_run *run, ms_error *err)
{
    ms_check_options options = MS_CHECK_OPTIONS_INIT;
    options.read_data = true;
    return scenario_check(run, &options, err);
}

static void settled_two(const scenario_proof *proof)
{
    scenario_expect_whole(&proof->run, "first");
    scenario_expect_whole(&proof->run, "second");
}

/* Deactivate and activate. */

static ms_status run_deactivate(const scenario_run *run, ms_error *err)
{
    ms_lifecycle_options options = MS_LIFECYCLE_OPTIONS_INIT;
    options.ref = "first";
    options.reason = "a better one is there";
    return scenario_deactivate(run, &options, err);
}

static ms_status run_activate(const scenario_run *run, ms_error *err)
{
    ms_lifecycle_options options = MS_LIFECYCLE_OPTIONS_INIT;
    options.ref = "first";
    return scenario_activate(run, &options, err);
}

static void prepare_activate(const scenario_run *run)
{
    ms_error err = MS_ERROR_INIT;
    prepare_two(run);
    EXPECT(run_deactivate(run, &err) == MS_OK, "the model cannot be deactivated: %s", err.message);
}

static void expect_status(const scenario_proof *proof, const char *old_word, const char *new_word)
{
    scenario_model model;
    scenario_model_of(&proof->run, "first", &model);
    EXPECT(strcmp(model.status, new_word) == 0 ||
                    (old_word != NULL && strcmp(model.status, old_word) == 0),
            "the status is %s", model.status);
    scenario_expect_whole(&proof->run, "second");
}

static void look_at_deactivate(const scenario_proof *proof)
{
    expect_status(proof, proof->outcome->acknowledged ? NULL : "active", "inactive");
}

static void settled_deactivate(const scenario_proof *proof)
{
    expect_status(proof, NULL, "inactive");
}

static void look_at_activate(const scenario_proof *proof)
{
    expect_status(proof, proof->outcome->acknowledged ? NULL : "inactive", "active");
}

static void settled_activate(const scenario_proof *proof)
{
    expect_status(proof, NULL, "active");
}

const scenario scenarios_care[] = {
        {.name = "repair",
                .prepare = prepare_repair,
                .run = run_repair,
                .look = look_at_repair,
                .settled = settled_repair,
                .writes_blocks = true,
                .spreads = true},
        {.name = "remove",
                .prepare = prepare_two,
                .run = run_remove,
                .look = look_at_remove,
                .again = again_remove,
                .settled = settled_remove,
                .keeps_blocks = true},
        {.name = "prune",
                .prepare = prepare_prune,
                .run = run_prune,
                .look = look_at_prune,
                .settled = settled_prune},
        {.name = "prune_many",
                .prepare = prepare_prune_many,
                .run = run_prune,
                .look = look_at_prune,
                .settled = settled_prune},
        {.name = "check",
                .prepare = prepare_two,
                .run = run_check,
                .settled = settled_two,
                .keeps_blocks = true},
        {.name = "verify",
                .prepare = prepare_two,
                .run = run_verify,
                .settled = settled_two,
                .keeps_blocks = true,
                .spreads = true},
        {.name = "deactivate",
                .prepare = prepare_two,
                .run = run_deactivate,
                .look = look_at_deactivate,
                .settled = settled_deactivate,
                .keeps_blocks = true},
        {.name = "activate",
                .prepare = prepare_activate,
                .run = run_activate,
                .look = look_at_activate,
                .settled = settled_activate,
                .keeps_blocks = true},
        {0},
};
