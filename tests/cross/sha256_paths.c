/* Each path of SHA-256 that the processor has, against the portable one and published digests. A program of its own without
 * libraries, so that it can be built for another processor and run by an emulator: tests/cross/check. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "crypto/sha256_priv.h"
#include "platform/process.h"

#define COUNT ((size_t)40)
#define SIZE_MAX_TESTED ((size_t)700)

static unsigned passed, failed;

const char *ms_environment_get(const char *name)
{
    return getenv(name);
}

static void expect(bool right, const char *path, const char *what)
{
    right ? passed++ : failed++;
    if (!right)
        printf("%s: %s is wrong\n", path, what);
}

static void check_published(const ms_sha256_implementation *path)
{
    static const uint8_t of_abc[MS_SHA256_SIZE] = {0xba, 0x78, 0x16, 0xbf, 0x8f, 0x01, 0xcf, 0xea, 0x41, 0x41, 0x40, 0xde, 0x5d, 0xae,
            0x22, 0x23, 0xb0, 0x03, 0x61, 0xa3, 0x96, 0x17, 0x7a, 0x9c, 0xb4, 0x10, 0xff, 0x61, 0xf2, 0x00, 0x15, 0xad};
    const ms_span inputs[4] = {ms_span_of("abc", 3), ms_span_of("abc", 3), ms_span_of("abc", 3), ms_span_of("abc", 3)};
    uint8_t digests[4][MS_SHA256_SIZE];

    for (size_t count = 1; count <= 4; count++) {
        ms_sha256_many_by(path, digests, inputs, count);
        for (size_t i = 0; i < count; i++)
            expect(memcmp(digests[i], of_abc, sizeof(of_abc)) == 0, path->name, "the digest of abc");
    }
}

/* Every number of inputs, every size, every alignment. */
static void check_against_portable(const ms_sha256_implementation *path)
{
    static uint8_t data[SIZE_MAX_TESTED + 64];
    uint8_t ours[COUNT][MS_SHA256_SIZE], theirs[COUNT][MS_SHA256_SIZE];
    ms_span inputs[COUNT];

    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 131 + (i >> 8) * 17);
    for (size_t size = 0; size <= SIZE_MAX_TESTED; size++) {
        const size_t count = 1 + size % COUNT;
        for (size_t i = 0; i < count; i++)
            inputs[i] = ms_span_of(data + (size + i) % 64, (size + i * 61) % (SIZE_MAX_TESTED + 1));
        ms_sha256_many_by(path, ours, inputs, count);
        ms_sha256_many_by(&ms_sha256_portable, theirs, inputs, count);
        expect(memcmp(ours, theirs, count * MS_SHA256_SIZE) == 0, path->name, "a digest of several inputs");
    }
}

int main(int argc, char **argv)
{
    const ms_sha256_implementation *const *all = ms_sha256_implementations();
    bool found = argc < 2;

    for (size_t i = 0; all[i] != NULL; i++) {
        if (!all[i]->available())
            continue;
        found = found || strcmp(all[i]->name, argv[1]) == 0;
        check_published(all[i]);
        check_against_portable(all[i]);
    }
    expect(found, argc < 2 ? "any path" : argv[1], "that it is there");
    expect(argc < 2 || strcmp(ms_sha256_path(), argv[1]) == 0, argc < 2 ? "any path" : argv[1], "the choice");
    printf("%u passed, %u failed\n", passed, failed);
    return failed != 0;
}
