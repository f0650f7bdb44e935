/* The walk over blocks that come from the input: one byte for their number, then each as two bytes
 * of size (big-endian) and its bytes. A CID leads to the block that the first byte of its digest
 * names, so input can be a DAG without a single right hash; cycles end at the walk's limits. */
#include <assert.h>
#include <string.h>

#include "codec/path.h"
#include "memory_limit.h"
#include "unixfs/walk.h"

#define BLOCKS_MAX 255
#define STEPS_MAX 4000
/* Names of an open folder stand in an arena, whose blocks have 4 KiB at least. */
#define LEVEL_SIZE ((size_t)4096)

typedef struct served_blocks {
    size_t count;
    ms_span blocks[BLOCKS_MAX];
    unsigned fail_every; /* each so many reads one fails, to be asked again */
    unsigned gets;
} served_blocks;

/* What the walk has promised so far. */
typedef struct walk_promise {
    bool in_file;
    uint64_t files;
    uint64_t chunks;
    uint64_t size;
    uint64_t offset;
    char previous[MS_PATH_SIZE_MAX + 1]; /* path of the last file or folder, "/" as byte 1 */
    uint64_t digest;                     /* of all events, to compare two walks */
} walk_promise;

static ms_status get(void *payload, const ms_cid *cid, ms_buffer *block, ms_error *err)
{
    served_blocks *served = payload;

    if (served->fail_every > 0 && ++served->gets % served->fail_every == 0)
        return ms_fail(err, MS_NETWORK, "fuzz_network", "A read fails");
    if (served->count == 0)
        return ms_fail(err, MS_NOT_FOUND, "fuzz_missing", "There is no block");
    ms_span found = served->blocks[cid->digest[0] % served->count];
    ms_buffer_clear(block);
    return ms_buffer_append(block, found.data, found.size, err);
}

static void cut(served_blocks *served, const uint8_t *data, size_t size)
{
    size_t position = 1;
    size_t count = size > 0 ? data[0] : 0;

    while (served->count < count && served->count < BLOCKS_MAX && size - position >= 2) {
        size_t wanted = (size_t)data[position] << 8 | data[position + 1];
        size_t left = size - position - 2;

        position += 2;
        served->blocks[served->count++] =
                ms_span_of(data + position, wanted < left ? wanted : left);
        position += wanted < left ? wanted : left;
    }
}

/* Entries come by the bytes of their names, and a folder's own before its next sibling: that is the
 * order of paths in which "/" is less than every other byte. */
static void check_order(walk_promise *promise, const ms_walk_event *event)
{
    char path[MS_PATH_SIZE_MAX + 1];

    assert(event->path.size <= MS_PATH_SIZE_MAX);
    memcpy(path, event->path.data, event->path.size);
    path[event->path.size] = '\0';
    for (char *at = path; *at != '\0'; at++) {
        if (*at == '/')
            *at = '\x01';
    }
    assert(strcmp(promise->previous, path) < 0 || path[0] == '\0');
    memcpy(promise->previous, path, event->path.size + 1);
}

static void check_event(walk_promise *promise, const ms_walk_event *event)
{
    switch (event->kind) {
    case MS_WALK_NODE:
        break;
    case MS_WALK_DIRECTORY:
        assert(!promise->in_file && ms_path_check(event->path, NULL) == MS_OK);
        check_order(promise, event);
        break;
    case MS_WALK_FILE:
        assert(!promise->in_file && event->file_index == promise->files);
        assert(event->path.size == 0 || ms_path_check(event->path, NULL) == MS_OK);
        check_order(promise, event);
        promise->in_file = true;
        promise->size = event->size;
        promise->offset = 0;
        break;
    case MS_WALK_LEAF:
        assert(promise->in_file && event->chunk_index == promise->chunks++);
        assert(event->offset == promise->offset && event->cid.codec == MS_CODEC_RAW);
        promise->offset += event->size;
        assert(promise->offset <= promise->size);
        break;
    case MS_WALK_FILE_END:
        assert(promise->in_file && promise->offset == promise->size);
        promise->in_file = false;
        promise->files++;
        break;
    case MS_WALK_END:
        assert(!promise->in_file);
        break;
    }
}

static void add_digest(walk_promise *promise, uint64_t value)
{
    promise->digest = (promise->digest ^ value) * UINT64_C(0x100000001b3);
}

/* Returns a digest of all that was announced and of how it ended. */
static uint64_t walk(served_blocks *served, const ms_cid *root)
{
    const ms_block_source source = {.get = get, .payload = served};
    walk_promise promise = {0};
    ms_walk_event event;
    ms_walk *walk;

    if (ms_walk_open(&walk, root, &source, NULL) != MS_OK)
        return 0;
    for (unsigned steps = 0; steps < STEPS_MAX; steps++) {
        ms_status status = ms_walk_next(walk, &event, NULL);

        if (status == MS_NETWORK) {
            steps--;
            continue;
        }
        add_digest(&promise, (uint64_t)status);
        if (status != MS_OK)
            break;
        add_digest(&promise, event.kind);
        add_digest(&promise, event.size);
        add_digest(&promise, event.path.size);
        check_event(&promise, &event);
        if (event.kind == MS_WALK_END)
            break;
    }
    ms_walk_close(walk);
    return promise.digest;
}

static void check_input(const uint8_t *data, size_t size)
{
    static const uint8_t first[32] = {0};
    ms_cid root = ms_cid_sha256(MS_CODEC_DAG_PB, first);
    served_blocks served = {0};
    uint64_t smooth;

    cut(&served, data, size);
    smooth = walk(&served, &root);
    /* Reads that fail in between change nothing. */
    served.fail_every = 2;
    assert(walk(&served, &root) == smooth);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    /* A block that is served on several levels is there several times: each level may cost what an
     * input may. */
    memory_limit_begin(size * MS_WALK_DEPTH_MAX, LEVEL_SIZE * MS_PATH_DEPTH_MAX);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
