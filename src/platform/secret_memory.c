/* Pages for secrets: mapping, protecting, locking and wiping them. */
#include "platform/secret_memory.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>
#include "base/checked.h"
#include "platform/sys.h"

/* The mapping of size bytes: whole pages for them and one guard page at each side. */
static bool mapping_size(size_t *total, size_t *page, size_t size)
{
    size_t rounded;

    *page = ms_sys_page_size();
    if (!ms_add_size(&rounded, size, *page - 1))
        return false;
    rounded -= rounded % *page;
    return ms_add_size(total, rounded, 2 * *page);
}

/* What a kernel does not know it refuses, which takes nothing away from the other protections. */
static void keep_private(void *memory, size_t size)
{
#ifdef MADV_DONTDUMP
    (void)ms_sys_madvise(memory, size, MADV_DONTDUMP);
#endif
#ifdef MADV_WIPEONFORK
    (void)ms_sys_madvise(memory, size, MADV_WIPEONFORK);
#endif
    (void)memory, (void)size;
}

ms_status ms_secret_memory_map(void **memory, size_t size, bool *locked, ms_error *err)
{
    size_t total, page;

    *memory = NULL;
    *locked = false;
    if (!mapping_size(&total, &page, size))
        return ms_fail_memory(err, size);
    uint8_t *mapping = ms_sys_mmap(NULL, total, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (mapping == MAP_FAILED)
        return ms_fail_errno(err, errno, "secret_memory", "Cannot map memory for a secret");
    uint8_t *inner = mapping + page;
    if (ms_sys_mprotect(inner, total - 2 * page, PROT_READ | PROT_WRITE) != 0) {
        int os_errno = errno;
        (void)ms_sys_munmap(mapping, total);
        return ms_fail_errno(err, os_errno, "secret_memory", "Cannot open memory for a secret");
    }
    keep_private(inner, total - 2 * page);
    *locked = ms_sys_mlock(inner, total - 2 * page) == 0;
    *memory = inner;
    return MS_OK;
}

void ms_secret_memory_unmap(void *memory, size_t size)
{
    size_t total, page;

    if (memory == NULL || !mapping_size(&total, &page, size))
        return;
    memset(memory, 0, total - 2 * page);
    /* The compiler has to take the zeros for something that is read. */
    __asm__ volatile("" : : "r"(memory) : "memory");
    (void)ms_sys_munmap((uint8_t *)memory - page, total);
}
