/* Keys and passwords: memory for them, comparing and wiping. */
#include "crypto/secret.h"

#include <string.h>
#include "base/checked.h"
#include "base/log.h"
#include "platform/secret_memory.h"

/* The mapped size stands before the bytes, so that a caller who lowers size loses nothing: the whole
 * mapping is wiped and given back. */
typedef struct secret_header {
    size_t mapped;
} secret_header;

#define HEADER_SIZE ((size_t)64) /* keeps what follows aligned for every type and a cache line */
_Static_assert(sizeof(secret_header) <= HEADER_SIZE, "the header has room before the bytes");

ms_status ms_secret_init(ms_secret *secret, size_t size, ms_error *err)
{
    void *memory;
    bool locked;
    size_t mapped = HEADER_SIZE + size;

    *secret = (ms_secret){.bytes = NULL};
    if (size > MS_SECRET_SIZE_MAX)
        return ms_fail(err, MS_LIMIT, "secret_too_large",
                "A key or password has %zu bytes, more than the %d that are allowed", size,
                MS_SECRET_SIZE_MAX);
    ms_status status = ms_secret_memory_map(&memory, mapped, &locked, err);
    if (status != MS_OK)
        return status;
    if (!locked)
        ms_log(MS_LOG_WARNING, "Memory of a key or password could not be locked and may reach swap "
                               "space; raise the limit of locked memory (ulimit -l)");
    ((secret_header *)memory)->mapped = mapped;
    secret->bytes = (uint8_t *)memory + HEADER_SIZE;
    secret->size = size;
    return MS_OK;
}

ms_status ms_secret_init_copy(ms_secret *secret, const void *data, size_t size, ms_error *err)
{
    ms_status status = ms_secret_init(secret, size, err);

    if (status == MS_OK && size > 0)
        memcpy(secret->bytes, data, size);
    return status;
}

void ms_secret_release(ms_secret *secret)
{
    if (secret == NULL || secret->bytes == NULL)
        return;
    secret_header *header = (secret_header *)(void *)(secret->bytes - HEADER_SIZE);
    ms_secret_memory_unmap(header, header->mapped);
    *secret = (ms_secret){.bytes = NULL};
}

bool ms_secret_equal(const void *a, const void *b, size_t size)
{
    const uint8_t *left = a, *right = b;
    uint8_t difference = 0;

    for (size_t i = 0; i < size; i++) {
        difference |= left[i] ^ right[i];
        /* Without this the compiler may leave the loop at the first difference. */
        __asm__ volatile("" : "+r"(difference));
    }
    return difference == 0;
}

void ms_wipe(void *data, size_t size)
{
    if (size == 0)
        return;
    memset(data, 0, size);
    /* The compiler has to take the zeros for something that is read. */
    __asm__ volatile("" : : "r"(data) : "memory");
}
