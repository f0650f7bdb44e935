/* The embedded store keeps the promises of every store: with defaults, with batches of a few blocks,
 * with direct I/O everywhere and nowhere. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "conformance/store_suite.h"
#include "doubles/temporary_folder.h"
#include "store/fs_store.h"

typedef struct fs_fixture {
    store_fixture table;
    void *folder;
    char home[128];
    ms_state *state;
} fs_fixture;

/* How the stores of the present run are opened. */
static uint64_t batch_bytes;
static ms_direct_io direct_io;

static ms_status open_fs(void *payload, ms_store **store, ms_error *err)
{
    fs_fixture *fixture = payload;
    ms_fs_store_options options = {.home = fixture->home,
            .state = fixture->state,
            .batch_bytes = batch_bytes,
            .direct_io = direct_io};

    return ms_fs_store_open(store, &options, err);
}

static void damage(void *payload, const ms_cid *cid)
{
    fs_fixture *fixture = payload;
    ms_store *store = NULL;
    struct stat status;
    char path[512];
    uint8_t byte = 0;
    int fd;

    if (open_fs(fixture, &store, NULL) != MS_OK ||
            ms_store_block_path(store, cid, path, sizeof(path), NULL) != MS_OK)
        abort();
    ms_store_close(store);
    if (chmod(path, 0600) != 0 || (fd = open(path, O_RDWR | O_CLOEXEC)) < 0 || fstat(fd, &status) != 0)
        abort();
    if (status.st_size > 0 && pread(fd, &byte, 1, status.st_size / 2) != 1)
        abort();
    byte ^= 1;
    if (pwrite(fd, &byte, 1, status.st_size / 2) != 1 || close(fd) != 0)
        abort();
}

static size_t quarantined(void *payload)
{
    fs_fixture *fixture = payload;
    return temporary_count(fixture->folder, "home/quarantine");
}

static int setup(void **state)
{
    fs_fixture *fixture = calloc(1, sizeof(*fixture));

    if (fixture == NULL || temporary_folder_setup(&fixture->folder) != 0)
        return -1;
    snprintf(fixture->home, sizeof(fixture->home), "%s", temporary_path(fixture->folder, "home"));
    if (ms_state_open(&fixture->state, fixture->home, NULL) != MS_OK)
        return -1;
    fixture->table = (store_fixture){
            .open = open_fs, .damage = damage, .quarantined = quarantined, .payload = fixture};
    *state = fixture;
    return 0;
}

static int teardown(void **state)
{
    fs_fixture *fixture = *state;
    int result = 0;

    ms_state_close(fixture->state);
    /* No test leaves a session behind. */
    if (access(temporary_path(fixture->folder, "home/tmp"), F_OK) == 0 &&
            temporary_count(fixture->folder, "home/tmp") != 0)
        result = -1;
    if (temporary_folder_teardown(&fixture->folder) != 0)
        result = -1;
    free(fixture);
    return result;
}

int main(void)
{
    static const struct {
        const char *name;
        uint64_t batch_bytes;
        ms_direct_io direct_io;
    } runs[] = {
            {"store: fs", 0, MS_DIRECT_IO_AUTO},
            {"store: fs, small batches", 20000, MS_DIRECT_IO_AUTO},
            {"store: fs, direct I/O", 0, MS_DIRECT_IO_ON},
            {"store: fs, buffered I/O", 0, MS_DIRECT_IO_OFF},
    };
    int failed = 0;

    for (size_t i = 0; i < sizeof(runs) / sizeof(runs[0]); i++) {
        batch_bytes = runs[i].batch_bytes;
        direct_io = runs[i].direct_io;
        failed += store_suite_run(runs[i].name, setup, teardown);
    }
    return failed;
}
