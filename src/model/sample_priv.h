/* A number of things out of many, each choice as likely as any other, told one by one as they go by: nothing is kept of either. */
#ifndef MS_MODEL_SAMPLE_PRIV_H
#define MS_MODEL_SAMPLE_PRIV_H

#include "crypto/sha256.h"

#define MS_SAMPLE_SEED_SIZE 32

/** A plain struct. */
typedef struct ms_sample {
    uint64_t left;   /* things to come */
    uint64_t wanted; /* of them */
    uint64_t drawn;  /* random numbers so far */
    uint8_t seed[MS_SAMPLE_SEED_SIZE];
    uint8_t numbers[MS_SHA256_SIZE]; /* the last that were made of the seed */
} ms_sample;

/** wanted of total, at most all. The seed says which. */
void ms_sample_init(ms_sample *sample, uint64_t total, uint64_t wanted, const uint8_t seed[MS_SAMPLE_SEED_SIZE]);
/** Whether the next thing is one of them; after the last none is. */
bool ms_sample_takes_next(ms_sample *sample);

#endif
