/* Selection sampling. Source: Knuth, The Art of Computer Programming, volume 2, 3.4.2, algorithm S. */
#include "model/sample_priv.h"

#include <string.h>

#include "base/checked.h"

void ms_sample_init(ms_sample *sample, uint64_t total, uint64_t wanted, const uint8_t seed[MS_SAMPLE_SEED_SIZE])
{
    *sample = (ms_sample){.left = total, .wanted = MS_MIN(wanted, total)};
    memcpy(sample->seed, seed, sizeof(sample->seed));
}

static uint64_t draw(ms_sample *sample)
{
    uint64_t number;
    const uint64_t per_digest = sizeof(sample->numbers) / sizeof(number);
    const uint64_t at = sample->drawn % per_digest;
    if (at == 0) {
        uint8_t text[MS_SAMPLE_SEED_SIZE + sizeof(sample->drawn)];
        memcpy(text, sample->seed, sizeof(sample->seed));
        memcpy(text + sizeof(sample->seed), &sample->drawn, sizeof(sample->drawn));
        ms_sha256(sample->numbers, text, sizeof(text));
    }
    sample->drawn++;
    memcpy(&number, sample->numbers + at * sizeof(number), sizeof(number));
    return number;
}

bool ms_sample_takes_next(ms_sample *sample)
{
    if (sample->wanted == 0)
        return false;
    if (draw(sample) % sample->left-- >= sample->wanted)
        return false;
    sample->wanted--;
    return true;
}
