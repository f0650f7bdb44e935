/* What a session knows about the blocks that were put into it: a bounded table of digests. Open
 * addressing with a secret hash. */
#include "store/fs_seen_priv.h"

#include <assert.h>
#include <string.h>

#include "base/alloc.h"
#include "platform/random.h"

#define SLOT_BITS 16
#define SLOT_COUNT ((size_t)1 << SLOT_BITS)

static_assert(MS_FS_SEEN_MAX <= SLOT_COUNT / 2, "searches stay short");

struct ms_fs_seen_slot {
    uint8_t digest[MS_SHA2_256_SIZE];
    uint8_t state;
};

ms_status ms_fs_seen_init(ms_fs_seen *seen, ms_error *err)
{
    ms_status status;

    *seen = (ms_fs_seen){0};
    status = ms_random_bytes(&seen->seed, sizeof(seen->seed), err);
    if (status != MS_OK)
        return status;
    seen->slots = ms_calloc(SLOT_COUNT, sizeof(*seen->slots));
    return seen->slots != NULL ? MS_OK : ms_fail_memory(err, SLOT_COUNT * sizeof(*seen->slots));
}

void ms_fs_seen_release(ms_fs_seen *seen)
{
    ms_free(seen->slots);
    seen->slots = NULL;
}

/* Multiply-shift by a secret odd number, which is universal: whoever chooses blocks cannot tell which
 * of them will meet. */
static size_t home_slot(const ms_fs_seen *seen, const uint8_t *digest)
{
    uint64_t word;

    memcpy(&word, digest, sizeof(word));
    return (size_t)(word * (seen->seed | 1) >> (64 - SLOT_BITS));
}

/* The slot of digest, or the free one that ends the search. */
static ms_fs_seen_slot *find(const ms_fs_seen *seen, const uint8_t *digest)
{
    size_t index = home_slot(seen, digest);

    for (;; index = (index + 1) % SLOT_COUNT) {
        ms_fs_seen_slot *slot = &seen->slots[index];
        if (slot->state == MS_FS_SEEN_NOT)
            return slot;
        if (slot->state != MS_FS_SEEN_GONE && memcmp(slot->digest, digest, MS_SHA2_256_SIZE) == 0)
            return slot;
    }
}

ms_fs_seen_state ms_fs_seen_get(const ms_fs_seen *seen, const uint8_t digest[MS_SHA2_256_SIZE])
{
    return (ms_fs_seen_state)find(seen, digest)->state;
}

void ms_fs_seen_set(ms_fs_seen *seen, const uint8_t digest[MS_SHA2_256_SIZE], ms_fs_seen_state state)
{
    ms_fs_seen_slot *slot = find(seen, digest);

    if (slot->state == MS_FS_SEEN_NOT) {
        if (state == MS_FS_SEEN_NOT)
            return;
        assert(seen->used < MS_FS_SEEN_MAX);
        seen->used++;
        memcpy(slot->digest, digest, MS_SHA2_256_SIZE);
    }
    slot->state = (uint8_t)(state == MS_FS_SEEN_NOT ? MS_FS_SEEN_GONE : state);
}

bool ms_fs_seen_is_full(const ms_fs_seen *seen)
{
    return seen->used >= MS_FS_SEEN_MAX;
}

void ms_fs_seen_clear(ms_fs_seen *seen)
{
    memset(seen->slots, 0, SLOT_COUNT * sizeof(*seen->slots));
    seen->used = 0;
}
