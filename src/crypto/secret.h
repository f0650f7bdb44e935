/* Keys and passwords: memory that is locked, stays out of core dumps and forks, lies between guard
 * pages and is wiped before it goes. Secrets have no other home in the library. */
#ifndef MS_CRYPTO_SECRET_H
#define MS_CRYPTO_SECRET_H

#include "base/buffer.h"

#define MS_SECRET_SIZE_MAX 4096 /* bytes, room for passwords from files */

/** Owned by whoever initialised it. There is no function that turns it into text, and its bytes are
 *  never copied through stdio, JSON trees or reallocation. Threads: one at a time. */
typedef struct ms_secret {
    uint8_t *bytes; /* NULL when released */
    size_t size;    /* bytes in use; may be lowered, never raised above the size at the start */
} ms_secret;

/** size (at most MS_SECRET_SIZE_MAX, 0 is allowed) zeroed bytes. Where the limit on locked memory
 *  is used up, a warning is logged and the bytes may reach swap. On failure bytes is NULL.
 *  Returns MS_OK, MS_LIMIT "secret_too_large", MS_NO_MEMORY, MS_IO. */
MS_MUST_CHECK ms_status ms_secret_init(ms_secret *secret, size_t size, ms_error *err);
/** The same with a copy of size bytes of data, which stay the caller's to wipe. */
MS_MUST_CHECK ms_status ms_secret_init_copy(ms_secret *secret, const void *data, size_t size, ms_error *err);
/** Wipe and give back; a zeroed or released secret is ignored. */
void ms_secret_release(ms_secret *secret);
static inline ms_span ms_secret_span(const ms_secret *secret)
{
    return ms_span_of(secret->bytes, secret->size);
}

/** Whether size bytes are equal, in a time that depends on size alone. */
bool ms_secret_equal(const void *a, const void *b, size_t size);

/** Overwrite with zeros in a way the compiler may not leave out. */
void ms_wipe(void *data, size_t size);

#endif
