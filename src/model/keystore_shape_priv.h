/* Whether bytes look like a keystore V3 file: such a file must not go into a model by accident. */
#ifndef MS_MODEL_KEYSTORE_SHAPE_PRIV_H
#define MS_MODEL_KEYSTORE_SHAPE_PRIV_H

#include "base/buffer.h"

/** start is the beginning of a file of file_size bytes. A JSON object of at most 64 KiB that speaks of ciphertext, kdf and mac. */
bool ms_keystore_shape(ms_span start, uint64_t file_size);

#endif
