/* SHA-256: padding, streams, the choice of an implementation, and the lanes that keep its kernels
 * busy while inputs of different sizes come to their ends. */
#include "crypto/sha256.h"

#include <stdatomic.h>
#include <string.h>
#include "base/checked.h"
#include "crypto/sha256_priv.h"
#include "platform/process.h"

#define BLOCK_SIZE MS_SHA256_BLOCK_SIZE
#define TURN_BLOCKS 256 /* so many a message advances before another one has its turn */
#define LENGTH_SIZE 8   /* the message length in bits that ends the padding */

static const uint32_t initial_state[8] = {0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f,
        0x9b05688c, 0x1f83d9ab, 0x5be0cd19};

const ms_sha256_implementation *const *ms_sha256_implementations(void)
{
    /* Best first, by measurement: bench/sha256.c. */
    static const ms_sha256_implementation *const all[] = {
#if defined(__x86_64__)
        &ms_sha256_avx512_shani,
        &ms_sha256_shani,
        &ms_sha256_avx512,
        &ms_sha256_avx2,
#endif
#if defined(__aarch64__)
        &ms_sha256_armv8,
#endif
        &ms_sha256_portable,
        NULL,
    };
    return all;
}

static const ms_sha256_implementation *choose_implementation(void)
{
    const ms_sha256_implementation *const *all = ms_sha256_implementations();
    const char *asked = ms_environment_get("MODEL_STORAGE_SHA256");

    for (size_t i = 0; asked != NULL && all[i] != NULL; i++)
        if (strcmp(all[i]->name, asked) == 0 && all[i]->available())
            return all[i];
    while (!(*all)->available())
        all++;
    return *all;
}

/* A constant of the process that is computed on first use. Threads that come at the same time
 * compute the same, so that it does not matter who stores it. */
static const ms_sha256_implementation *implementation_in_use(void)
{
    static _Atomic(const ms_sha256_implementation *) chosen;
    const ms_sha256_implementation *implementation =
            atomic_load_explicit(&chosen, memory_order_acquire);

    if (implementation == NULL) {
        implementation = choose_implementation();
        atomic_store_explicit(&chosen, implementation, memory_order_release);
    }
    return implementation;
}

const char *ms_sha256_path(void)
{
    return implementation_in_use()->name;
}

size_t ms_sha256_lanes(void)
{
    return implementation_in_use()->kernels[0].lanes;
}

static void write_state(uint8_t digest[MS_SHA256_SIZE], const uint32_t state[8])
{
    for (size_t i = 0; i < 8; i++) {
        digest[4 * i] = (uint8_t)(state[i] >> 24);
        digest[4 * i + 1] = (uint8_t)(state[i] >> 16);
        digest[4 * i + 2] = (uint8_t)(state[i] >> 8);
        digest[4 * i + 3] = (uint8_t)state[i];
    }
}

/* The end of a message of size bytes: its last rest bytes (less than a block, at tail already or at
 * data), one bit, zeros and the length. Returns the number of blocks, 1 or 2. */
static size_t pad(uint8_t tail[2 * BLOCK_SIZE], const uint8_t *data, size_t rest, uint64_t size)
{
    size_t blocks = rest + 1 + LENGTH_SIZE <= BLOCK_SIZE ? 1 : 2;
    uint64_t bits = size << 3;

    if (rest > 0)
        memcpy(tail, data, rest);
    memset(tail + rest, 0, blocks * BLOCK_SIZE - rest);
    tail[rest] = 0x80;
    for (size_t i = 1; i <= LENGTH_SIZE; i++) {
        tail[blocks * BLOCK_SIZE - i] = (uint8_t)bits;
        bits >>= 8;
    }
    return blocks;
}

static const ms_sha256_kernel *single_kernel(const ms_sha256_implementation *implementation)
{
    const ms_sha256_kernel *kernel = implementation->kernels;
    while (kernel->lanes > 1)
        kernel++;
    return kernel;
}

/* Advance one state by count blocks, which may be 0. */
static void compress_single(uint32_t state[8], const uint8_t *data, size_t count)
{
    ms_sha256_lane lane = {.data = data};
    ms_sha256_lane *lanes[1] = {&lane};

    if (count == 0)
        return;
    memcpy(lane.state, state, sizeof(lane.state));
    single_kernel(implementation_in_use())->compress(lanes, count);
    memcpy(state, lane.state, sizeof(lane.state));
}

void ms_sha256_init(ms_sha256_stream *stream)
{
    memcpy(stream->state, initial_state, sizeof(stream->state));
    stream->size = 0;
}

void ms_sha256_update(ms_sha256_stream *stream, const void *data, size_t size)
{
    const uint8_t *bytes = data;
    size_t held = stream->size % BLOCK_SIZE;

    if (size == 0)
        return;
    stream->size += size;
    if (held > 0) {
        size_t part = MS_MIN(size, BLOCK_SIZE - held);
        memcpy(stream->block + held, bytes, part);
        if (held + part < BLOCK_SIZE)
            return;
        compress_single(stream->state, stream->block, 1);
        bytes += part;
        size -= part;
    }
    compress_single(stream->state, bytes, size / BLOCK_SIZE);
    memcpy(stream->block, bytes + (size - size % BLOCK_SIZE), size % BLOCK_SIZE);
}

void ms_sha256_final(ms_sha256_stream *stream, uint8_t digest[MS_SHA256_SIZE])
{
    uint8_t tail[2 * BLOCK_SIZE];
    size_t blocks = pad(tail, stream->block, stream->size % BLOCK_SIZE, stream->size);

    compress_single(stream->state, tail, blocks);
    write_state(digest, stream->state);
}

void ms_sha256(uint8_t digest[MS_SHA256_SIZE], const void *data, size_t size)
{
    ms_sha256_stream stream;

    ms_sha256_init(&stream);
    ms_sha256_update(&stream, data, size);
    ms_sha256_final(&stream, digest);
}

/* One input in a lane: first its whole blocks where they lie, then its padded tail. */
typedef struct slot {
    ms_sha256_lane lane;
    size_t blocks; /* left at lane.data */
    size_t input;
    bool in_tail;
    uint8_t tail[2 * BLOCK_SIZE];
} slot;

static void enter_tail(slot *s, ms_span input)
{
    size_t rest = input.size % BLOCK_SIZE;
    const uint8_t *data = rest > 0 ? input.data + (input.size - rest) : NULL;

    s->blocks = pad(s->tail, data, rest, input.size);
    s->lane.data = s->tail;
    s->in_tail = true;
}

static void enter(slot *s, const ms_span *inputs, size_t input)
{
    memcpy(s->lane.state, initial_state, sizeof(s->lane.state));
    s->input = input;
    s->in_tail = false;
    s->lane.data = inputs[input].data;
    s->blocks = inputs[input].size / BLOCK_SIZE;
    if (s->blocks == 0)
        enter_tail(s, inputs[input]);
}

/* Move the count messages that have the most blocks left to the front. */
static void longest_first(slot **active, size_t active_count, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        size_t longest = i;
        for (size_t j = i + 1; j < active_count; j++)
            if (active[j]->blocks > active[longest]->blocks)
                longest = j;
        slot *moved = active[i];
        active[i] = active[longest];
        active[longest] = moved;
    }
}

/* Run kernel on the first messages for at most blocks_max blocks, or until the first of them comes
 * to an end. With fewer messages than lanes the other lanes repeat the first message and their
 * results are dropped. Returns the number of messages that moved. */
static size_t run_kernel(const ms_sha256_kernel *kernel, slot *const *active, size_t active_count,
        size_t blocks_max)
{
    ms_sha256_lane spare[MS_SHA256_LANES_MAX];
    ms_sha256_lane *lanes[MS_SHA256_LANES_MAX];
    size_t used = MS_MIN(kernel->lanes, active_count);
    size_t blocks = blocks_max;

    for (size_t i = 0; i < used; i++) {
        lanes[i] = &active[i]->lane;
        blocks = MS_MIN(blocks, active[i]->blocks);
    }
    for (size_t i = used; i < kernel->lanes; i++) {
        spare[i] = active[0]->lane;
        lanes[i] = &spare[i];
    }
    kernel->compress(lanes, blocks);
    for (size_t i = 0; i < used; i++) {
        active[i]->blocks -= blocks;
        active[i]->lane.data += blocks * BLOCK_SIZE;
    }
    return used;
}

/* While inputs are waiting, the first kernel->lanes of the active messages move, and each that ends
 * gives its place to the next input. After that the kernel serves the longest ones in turns, so that
 * all end at about the same time and no lane idles for long. */
void ms_sha256_many_by(const ms_sha256_implementation *implementation,
        uint8_t (*digests)[MS_SHA256_SIZE], const ms_span *inputs, size_t count)
{
    slot slots[MS_SHA256_LANES_MAX];
    slot *active[MS_SHA256_LANES_MAX];
    size_t active_count = 0, next = 0;

    for (; active_count < MS_SHA256_LANES_MAX && next < count; active_count++, next++) {
        active[active_count] = &slots[active_count];
        enter(active[active_count], inputs, next);
    }
    while (active_count > 0) {
        const ms_sha256_kernel *kernel = implementation->kernels;
        size_t blocks_max = SIZE_MAX;
        while (active_count < kernel->lanes_worth)
            kernel++;
        if (next == count && active_count > kernel->lanes) {
            longest_first(active, active_count, kernel->lanes);
            blocks_max = TURN_BLOCKS;
        }
        /* Backwards, because a message that ends without a successor is replaced by the last one. */
        for (size_t i = run_kernel(kernel, active, active_count, blocks_max); i-- > 0;) {
            slot *s = active[i];
            if (s->blocks > 0)
                continue;
            if (!s->in_tail) {
                enter_tail(s, inputs[s->input]);
                continue;
            }
            write_state(digests[s->input], s->lane.state);
            if (next < count)
                enter(s, inputs, next++);
            else
                active[i] = active[--active_count];
        }
    }
}

void ms_sha256_many(uint8_t (*digests)[MS_SHA256_SIZE], const ms_span *inputs, size_t count)
{
    ms_sha256_many_by(implementation_in_use(), digests, inputs, count);
}
