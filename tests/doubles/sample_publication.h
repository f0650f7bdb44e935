/* Publications for tests: small manifest heads with their info blocks, all different, and keys that sign them. */
#ifndef TESTS_DOUBLES_SAMPLE_PUBLICATION_H
#define TESTS_DOUBLES_SAMPLE_PUBLICATION_H

#include "registry/registry.h"

typedef struct sample_publication {
    ms_buffer head;
    ms_buffer info;
    uint8_t manifest[32]; /* SHA-256 of head */
    ms_publication publication; /* of the two buffers; model_id is the caller's */
} sample_publication;

/** content chooses the model: equal numbers give equal bytes. Aborts when memory is short. */
void sample_publication_init(sample_publication *sample, const char *model_id, uint32_t version, uint32_t content);
/** The same with an info block of about info_size bytes. */
void sample_publication_init_sized(sample_publication *sample, const char *model_id, uint32_t version,
        uint32_t content, size_t info_size);
void sample_publication_release(sample_publication *sample);

/** A key made of number (1 and up), always the same; ended with ms_key_free. */
ms_key *sample_key(uint8_t number);

#endif
