/* Retrieving: to a folder, over an older copy, to an archive, out of one; verifying a copy. */
#include "scenario_priv.h"

static void write_model(const scenario_run *run)
{
    tree_write(run->folder, "model/config.json", 2, 700);
    tree_write(run->folder, "model/empty", 3, 0);
    tree_write(run->folder, "model/weights/part-1.bin", 4, 5 * scenario_chunk_size);
    tree_write(run->folder, "model/weights/part-2.bin", 5, 6 * scenario_chunk_size + 1);
}

static void prepare_fresh(const scenario_run *run)
{
    write_model(run);
    scenario_must_store(run, "model", "folder");
    tree_write(run->folder, "out/neighbour", 9, 100);
}

static ms_status retrieve(const scenario_run *run, const char *output, bool force, ms_error *err)
{
    ms_retrieve_options options = MS_RETRIEVE_OPTIONS_INIT;
    options.ref = "folder";
    options.output = scenario_path(run->folder, output);
    options.force = force;
    return scenario_retrieve(run, &options, err);
}

static void settled(const scenario_proof *proof)
{
    char where[TREE_PATH_SIZE];
    EXPECT(!tree_differs(scenario_path(proof->run.folder, "out/neighbour"),
                   scenario_path(proof->before, "out/neighbour"), where),
            "%s", where);
    scenario_expect_whole(&proof->run, "folder");
}

static ms_status run_folder(const scenario_run *run, ms_error *err)
{
    return retrieve(run, "out/model", false, err);
}

static void settled_folder(const scenario_proof *proof)
{
    char where[TREE_PATH_SIZE];
    EXPECT(!tree_differs(scenario_path(proof->run.folder, "out/model"),
                   scenario_path(proof->before, "model"), where),
            "%s", where);
    settled(proof);
}

/* The older copy is what an earlier retrieve made, with a file that somebody changed. */
static void prepare_force(const scenario_run *run)
{
    ms_error err = MS_ERROR_INIT;
    prepare_fresh(run);
    EXPECT(run_folder(run, &err) == MS_OK, "the older copy cannot be made: %s", err.message);
    tree_damage(scenario_path(run->folder, "out/model/weights/part-1.bin"), 5000);
    tree_write(run->folder, "model/weights/part-2.bin", 15, 9 * scenario_chunk_size + 1);
    scenario_must_store(run, "model", "folder");
}

static ms_status run_force(const scenario_run *run, ms_error *err)
{
    return retrieve(run, "out/model", true, err);
}

/* At no time neither of the two is there. */
static void look_at_force(const scenario_proof *proof)
{
    char found[TREE_PATH_SIZE];
    const char *folder = proof->run.folder;
    EXPECT(tree_exists(scenario_path(folder, "out/model")) ||
                    tree_find(scenario_path(folder, "out"), "replaced", found),
            "neither the old copy nor the new one is there");
}

static ms_status run_archive(const scenario_run *run, ms_error *err)
{
    return retrieve(run, "out/model.tar.zst", false, err);
}

/* A model that is an archive, and the tree beside it. */
static void prepare_extracted(const scenario_run *run)
{
    ms_error err = MS_ERROR_INIT;
    prepare_fresh(run);
    EXPECT(retrieve(run, "packed.tar", false, &err) == MS_OK, "no archive: %s", err.message);
    scenario_must_store(run, "packed.tar", "packed");
}

static ms_status run_extracted(const scenario_run *run, ms_error *err)
{
    ms_retrieve_options options = MS_RETRIEVE_OPTIONS_INIT;
    options.ref = "packed";
    options.output = scenario_path(run->folder, "out/packed.tar");
    options.extract = true;
    return scenario_retrieve(run, &options, err);
}

/* A copy is compared with the model; nothing is fetched. */
static ms_status run_verify_copy(const scenario_run *run, ms_error *err)
{
    ms_verify_options options = MS_VERIFY_OPTIONS_INIT;
    options.ref = "folder";
    options.path = scenario_path(run->folder, "model");
    return scenario_verify(run, &options, err);
}

const scenario scenarios_retrieve[] = {
        {.name = "retrieve_folder",
                .prepare = prepare_fresh,
                .run = run_folder,
                .settled = settled_folder,
                .outputs = {"out/model"},
                .keeps_blocks = true,
                .spreads = true},
        {.name = "retrieve_force",
                .prepare = prepare_force,
                .run = run_force,
                .look = look_at_force,
                .settled = settled_folder,
                .outputs = {"out/model"},
                .keeps_blocks = true},
        {.name = "retrieve_archive",
                .prepare = prepare_fresh,
                .run = run_archive,
                .settled = settled,
                .outputs = {"out/model.tar.zst"},
                .keeps_blocks = true},
        {.name = "retrieve_extracted",
                .prepare = prepare_extracted,
                .run = run_extracted,
                .settled = settled,
                .outputs = {"out/packed.tar", "out/packed"},
                .keeps_blocks = true},
        {.name = "verify_copy",
                .prepare = prepare_fresh,
                .run = run_verify_copy,
                .settled = settled,
                .keeps_blocks = true},
        {0},
};
