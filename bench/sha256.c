/* Rates of SHA-256 over chunks of 1 MiB on one core: each implementation that this machine can run, in turns with OpenSSL's
 * one-shot call on the same chunks. Time is that of the thread on its core, so that a busy machine does not count. One line
 * of JSON per turn.
 *
 *   sha256 TURNS [NAME]...       NAME = portable, shani, avx2, avx512, armv8; without any, all of them */
#define _GNU_SOURCE
#include <openssl/evp.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "crypto/sha256_priv.h"

#define CHUNK_SIZE ((size_t)1 << 20)
#define CHUNK_COUNT ((size_t)96) /* more than the last cache holds; a multiple of every number of lanes */

static uint8_t digests[CHUNK_COUNT][MS_SHA256_SIZE];
static uint8_t expected[CHUNK_COUNT][MS_SHA256_SIZE];

static double seconds(void)
{
    struct timespec now;
    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return (double)now.tv_sec + (double)now.tv_nsec * 1e-9;
}

/* Bytes a second. */
static double rate_since(double started)
{
    return (double)(CHUNK_COUNT * CHUNK_SIZE) / (seconds() - started);
}

static double openssl_rate(const ms_span *chunks)
{
    const double started = seconds();
    for (size_t i = 0; i < CHUNK_COUNT; i++)
        if (EVP_Digest(chunks[i].data, chunks[i].size, expected[i], NULL, EVP_sha256(), NULL) != 1)
            exit(1);
    return rate_since(started);
}

static double our_rate(const ms_sha256_implementation *implementation, const ms_span *chunks)
{
    const double started = seconds();
    ms_sha256_many_by(implementation, digests, chunks, CHUNK_COUNT);
    return rate_since(started);
}

static bool is_wanted(const char *name, char **names, int count)
{
    for (int i = 0; i < count; i++)
        if (strcmp(names[i], name) == 0)
            return true;
    return count == 0;
}

static int compare(const ms_sha256_implementation *implementation, const ms_span *chunks, long turns)
{
    (void)our_rate(implementation, chunks); /* the first touches of pages and of the clock are not counted */
    for (long turn = 0; turn < turns; turn++) {
        const double ours = our_rate(implementation, chunks);
        const double theirs = openssl_rate(chunks);
        if (memcmp(digests, expected, sizeof(digests)) != 0) {
            fprintf(stderr, "%s: wrong digest\n", implementation->name);
            return 1;
        }
        printf("{\"name\": \"%s\", \"lanes\": %zu, \"ours\": %.0f, \"openssl\": %.0f}\n", implementation->name,
                implementation->kernels[0].lanes, ours, theirs);
        (void)fflush(stdout);
    }
    return 0;
}

/* The core it runs on now, for all that follows. */
static void stay_on_this_core(void)
{
    const int core = sched_getcpu();
    cpu_set_t set;
    CPU_ZERO(&set);
    if (core >= 0) {
        CPU_SET((size_t)core, &set);
        (void)sched_setaffinity(0, sizeof(set), &set);
    }
}

int main(int argc, char **argv)
{
    static ms_span chunks[CHUNK_COUNT];
    const ms_sha256_implementation *const *all = ms_sha256_implementations();
    const long turns = argc > 1 ? strtol(argv[1], NULL, 10) : 0;
    uint64_t word = 88172645463325252U;
    uint64_t *words = malloc(CHUNK_COUNT * CHUNK_SIZE);
    int failed = 0;

    if (turns < 1 || words == NULL) {
        fprintf(stderr, "usage: sha256 TURNS [NAME]...\n");
        return 2;
    }
    stay_on_this_core();
    for (size_t i = 0; i < CHUNK_COUNT * CHUNK_SIZE / sizeof(*words); i++) {
        word ^= word << 13;
        word ^= word >> 7;
        word ^= word << 17;
        words[i] = word;
    }
    for (size_t i = 0; i < CHUNK_COUNT; i++)
        chunks[i] = ms_span_of((const uint8_t *)words + i * CHUNK_SIZE, CHUNK_SIZE);
    for (size_t i = 0; failed == 0 && all[i] != NULL; i++)
        if (all[i]->available() && is_wanted(all[i]->name, argv + 2, argc - 2))
            failed = compare(all[i], chunks, turns);
    free(words);
    return failed;
}
