/* What a run leaves to the next one, or to nobody: blocks that another program wrote and never
 * synced, blocks that are empty or rotten as a power cut leaves those of others, and a store that
 * is never made again. */
#include "powercut/scenario_leftovers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "platform/sys.h"
#include "sweep/scenario_priv.h"

/* With few blocks each is synced alone, with many the file system is. */
#define FEW_CHUNKS 11
#define MANY_CHUNKS 90
#define BLOCK_SIZE_MAX 65536

static ms_status store(const scenario_run *run, const char *model_id, ms_error *err)
{
    ms_store_options options = MS_STORE_OPTIONS_INIT;
    options.path = scenario_path(run->folder, "weights.bin");
    options.model_id = model_id;
    return scenario_store(run, &options, err);
}

static ms_status run_second(const scenario_run *run, ms_error *err)
{
    return store(run, "second", err);
}

static void look(const scenario_proof *proof)
{
    scenario_model model;
    if (proof->outcome->acknowledged)
        scenario_expect_told(proof, "second");
    scenario_model_of(&proof->run, "second", &model);
    EXPECT(!model.is_known || model.is_whole, "a model is on record and not whole");
}

static void settled(const scenario_proof *proof)
{
    scenario_expect_whole(&proof->run, "first");
    scenario_expect_whole(&proof->run, "second");
}

/* ---- never synced ---- */

static void prepare_foreign(const scenario_run *run, size_t chunks)
{
    scenario_run elsewhere = *run;
    tree_write(run->folder, "other.bin", 7, scenario_chunk_size);
    scenario_must_store(run, "other.bin", "first");
    tree_write(run->folder, "weights.bin", 1, chunks * scenario_chunk_size);
    tree_write(run->folder, "elsewhere/weights.bin", 1, chunks * scenario_chunk_size);
    elsewhere.folder = scenario_path(run->folder, "elsewhere");
    scenario_must_store(&elsewhere, "weights.bin", "second");
}

static void prepare_few(const scenario_run *run)
{
    prepare_foreign(run, FEW_CHUNKS);
}

static void prepare_many(const scenario_run *run)
{
    prepare_foreign(run, MANY_CHUNKS);
}

/* As Kubo does it: the folder, the file, the bytes, and no sync at all. */
static void plant(void *payload, const char *path)
{
    static char block[BLOCK_SIZE_MAX];
    const char *blocks = payload;
    const char *name = strrchr(path, '/') + 1;
    const char *dot = strrchr(name, '.');
    char shard[TREE_PATH_SIZE];
    char target[2 * TREE_PATH_SIZE];
    if (dot == NULL || strcmp(dot, ".data") != 0)
        return;
    int in = open(path, O_RDONLY | O_CLOEXEC);
    ssize_t size = read(in, block, sizeof(block));
    (void)close(in);
    EXPECT(size > 0 && size < (ssize_t)sizeof(block), "%s cannot be copied", path);
    (void)snprintf(shard, sizeof(shard), "%.900s/%.2s", blocks, dot - 3);
    (void)snprintf(target, sizeof(target), "%s/%s", shard, name);
    EXPECT(ms_sys_mkdirat(AT_FDCWD, shard, 0700) == 0 || errno == EEXIST, "no folder %s", shard);
    int out = ms_sys_openat(AT_FDCWD, target, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (out < 0)
        return;
    EXPECT(ms_sys_write(out, block, (size_t)size) == size && ms_sys_close(out) == 0,
            "%s cannot be written", target);
}

static ms_status run_foreign(const scenario_run *run, ms_error *err)
{
    char blocks[TREE_PATH_SIZE];
    (void)snprintf(blocks, sizeof(blocks), "%s", scenario_path(run->folder, "home/blocks"));
    tree_each_file(scenario_path(run->folder, "elsewhere/home/blocks"), plant, blocks);
    return store(run, "second", err);
}

/* What a cut has emptied or torn goes to quarantine; only then are the blocks ours. */
static void again_foreign(const scenario_proof *proof)
{
    ms_error err = MS_ERROR_INIT;
    ms_status status = store(&proof->run, "second", &err);
    EXPECT(status == MS_OK, "the next store: %s", err.message);
}

/* ---- empty or rotten ---- */

typedef struct spoiling {
    unsigned seen;
    unsigned emptied;
    unsigned flipped;
} spoiling;

static void spoil(void *payload, const char *path)
{
    spoiling *doing = payload;
    if (strstr(path, ".data") == NULL || doing->seen++ % 3 == 0)
        return;
    if (doing->seen % 3 == 0) {
        EXPECT(truncate(path, 0) == 0, "%s cannot be cut", path);
        doing->emptied++;
    } else {
        tree_damage(path, 1);
        doing->flipped++;
    }
}

static void prepare_spoilt(const scenario_run *run)
{
    spoiling doing = {0};
    tree_write(run->folder, "weights.bin", 1, FEW_CHUNKS * scenario_chunk_size);
    scenario_must_store(run, "weights.bin", "first");
    tree_each_file(scenario_path(run->folder, "home/blocks"), spoil, &doing);
    EXPECT(doing.emptied > 2 && doing.flipped > 2, "too little was spoilt");
}

/* What both models share comes back with the second, the head of the first with a repair. */
static void settled_spoilt(const scenario_proof *proof)
{
    ms_repair_options options = MS_REPAIR_OPTIONS_INIT;
    ms_error err = MS_ERROR_INIT;
    options.ref = "first";
    options.from = scenario_path(proof->run.folder, "weights.bin");
    EXPECT(scenario_repair(&proof->run, &options, &err) == MS_OK, "repair: %s", err.message);
    settled(proof);
}

/* ---- given up ---- */

static void prepare_given_up(const scenario_run *run)
{
    tree_write(run->folder, "other.bin", 7, scenario_chunk_size);
    scenario_must_store(run, "other.bin", "first");
    tree_write(run->folder, "weights.bin", 1, FEW_CHUNKS * scenario_chunk_size);
}

static void again_given_up(const scenario_proof *proof)
{
    ms_prune_options options = MS_PRUNE_OPTIONS_INIT;
    ms_error err = MS_ERROR_INIT;
    options.confirm = scenario_confirm;
    ms_status status = scenario_prune(&proof->run, &options, &err);
    EXPECT(status == MS_OK, "prune: %s", err.message);
}

static void count_file(void *payload, const char *path)
{
    *(unsigned *)payload += strstr(path, ".data") != NULL;
}

static unsigned count_blocks(const char *folder)
{
    unsigned count = 0;
    tree_each_file(scenario_path(folder, "home/blocks"), count_file, &count);
    return count;
}

/* Nobody waits for the rest of it, so prune frees it, without --orphans. */
static void settled_given_up(const scenario_proof *proof)
{
    scenario_model model;
    scenario_expect_whole(&proof->run, "first");
    scenario_model_of(&proof->run, "second", &model);
    const unsigned wanted = count_blocks(model.is_known ? proof->after : proof->before);
    const unsigned found = count_blocks(proof->run.folder);
    EXPECT(found == wanted, "%u blocks are there, %u are needed", found, wanted);
}

const scenario scenarios_leftovers[] = {
        {.name = "store_over_few_unsynced_blocks",
                .prepare = prepare_few,
                .run = run_foreign,
                .look = look,
                .again = again_foreign,
                .settled = settled},
        {.name = "store_over_many_unsynced_blocks",
                .prepare = prepare_many,
                .run = run_foreign,
                .look = look,
                .again = again_foreign,
                .settled = settled},
        {.name = "store_over_spoilt_blocks",
                .prepare = prepare_spoilt,
                .run = run_second,
                .look = look,
                .settled = settled_spoilt},
        {.name = "store_that_is_given_up",
                .prepare = prepare_given_up,
                .run = run_second,
                .look = look,
                .again = again_given_up,
                .settled = settled_given_up},
        {0},
};
