/* Storing: a file into a home that does not exist yet, a folder beside another model, a second
 * version, a folder into a home that is damaged. */
#include "scenario_priv.h"

#include <string.h>

/* Eleven chunks and a piece: four batches. */
#define FILE_SIZE (11 * scenario_chunk_size + 100)

static ms_status store(
        const scenario_run *run, const char *name, const char *model_id, ms_error *err)
{
    ms_store_options options = MS_STORE_OPTIONS_INIT;
    options.path = scenario_path(run->folder, name);
    options.model_id = model_id;
    return scenario_store(run, &options, err);
}

/* A file. */

static void prepare_file(const scenario_run *run)
{
    tree_write(run->folder, "weights.bin", 1, FILE_SIZE);
}

static ms_status run_file(const scenario_run *run, ms_error *err)
{
    return store(run, "weights.bin", "file", err);
}

static void look_at_file(const scenario_proof *proof)
{
    scenario_model model;
    if (proof->outcome->acknowledged)
        scenario_expect_told(proof, "file");
    scenario_model_of(&proof->run, "file", &model);
    EXPECT(!model.is_known || (model.version == 1 && model.is_whole),
            "a model is on record and not whole");
}

static void settled_file(const scenario_proof *proof)
{
    scenario_model model;
    scenario_model_of(&proof->run, "file", &model);
    EXPECT(model.is_known && model.version == 1 && model.is_whole,
            "the stored file is not whole at version 1, but at %u", model.version);
}

/* A folder. */

static void write_folder(const scenario_run *run)
{
    tree_write(run->folder, "model/config.json", 2, 700);
    tree_write(run->folder, "model/empty", 3, 0);
    tree_write(run->folder, "model/weights/part-1.bin", 4, 5 * scenario_chunk_size);
    tree_write(run->folder, "model/weights/part-2.bin", 5, 6 * scenario_chunk_size + 1);
}

static void prepare_folder(const scenario_run *run)
{
    tree_write(run->folder, "other.bin", 6, 2 * scenario_chunk_size);
    scenario_must_store(run, "other.bin", "other");
    write_folder(run);
}

static ms_status run_folder(const scenario_run *run, ms_error *err)
{
    return store(run, "model", "folder", err);
}

static void look_at_folder(const scenario_proof *proof)
{
    scenario_model model;
    if (proof->outcome->acknowledged)
        scenario_expect_told(proof, "folder");
    scenario_model_of(&proof->run, "folder", &model);
    EXPECT(!model.is_known || (model.version == 1 && model.is_whole),
            "a model is on record and not whole");
    scenario_expect_whole(&proof->run, "other");
}

static void settled_folder(const scenario_proof *proof)
{
    scenario_model model;
    scenario_model_of(&proof->run, "folder", &model);
    EXPECT(model.is_known && model.version == 1 && model.is_whole,
            "the stored folder is not whole at version 1, but at %u", model.version);
    scenario_expect_whole(&proof->run, "other");
}

/* A second version: one file changed, one gone, one new. */

static void prepare_second(const scenario_run *run)
{
    write_folder(run);
    scenario_must_store(run, "model", "folder");
    tree_write(run->folder, "model/config.json", 12, 900);
    tree_write(run->folder, "model/weights/part-2.bin", 15, 9 * scenario_chunk_size + 1);
    tree_write(run->folder, "model/weights/part-3.bin", 16, 3 * scenario_chunk_size);
    tree_remove(scenario_path(run->folder, "model/empty"));
}

static void look_at_second(const scenario_proof *proof)
{
    scenario_model model;
    if (proof->outcome->acknowledged)
        scenario_expect_told(proof, "folder");
    scenario_model_of(&proof->run, "folder", &model);
    EXPECT(model.is_known && (model.version == 1 || model.version == 2) && model.is_whole,
            "the newest version is not whole");
    scenario_expect_whole(&proof->run, "folder@1");
}

static void settled_second(const scenario_proof *proof)
{
    scenario_model model;
    scenario_model_of(&proof->run, "folder", &model);
    EXPECT(model.is_known && model.version == 2 && model.is_whole,
            "the second version is not whole, or not the newest: %u is", model.version);
    scenario_expect_whole(&proof->run, "folder@1");
}

/* A home whose state.db is damaged, which sets it aside. */

static void prepare_damaged(const scenario_run *run)
{
    tree_write(run->folder, "other.bin", 6, 2 * scenario_chunk_size);
    scenario_must_store(run, "other.bin", "other");
    write_folder(run);
    tree_damage(scenario_path(run->folder, "home/state.db"), 0);
}

/* Kept for whoever wants to know; where a name is moved by two calls, perhaps twice the same. */
static void settled_damaged(const scenario_proof *proof)
{
    const char *folder = proof->run.folder;
    const char *second = scenario_path(folder, "home/state.db.damaged-2");
    char where[TREE_PATH_SIZE];
    settled_folder(proof);
    EXPECT(tree_exists(scenario_path(folder, "home/state.db.damaged-1")), "the damaged state is gone");
    EXPECT(!tree_exists(second) || !tree_differs(scenario_path(folder, "home/state.db.damaged-1"), second, where),
            "the state was damaged again");
}

const scenario scenarios_store[] = {
        {.name = "store_file",
                .prepare = prepare_file,
                .run = run_file,
                .look = look_at_file,
                .settled = settled_file,
                .writes_blocks = true,
                .spreads = true},
        {.name = "store_folder",
                .prepare = prepare_folder,
                .run = run_folder,
                .look = look_at_folder,
                .settled = settled_folder,
                .writes_blocks = true,
                .spreads = true},
        {.name = "store_second_version",
                .prepare = prepare_second,
                .run = run_folder,
                .look = look_at_second,
                .settled = settled_second,
                .writes_blocks = true},
        {.name = "store_damaged_state",
                .prepare = prepare_damaged,
                .run = run_folder,
                .look = look_at_folder,
                .settled = settled_damaged,
                .writes_blocks = true},
        {0},
};
