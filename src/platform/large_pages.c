/* Large pages where the system makes them on request (transparent huge pages of Linux). */
#include "platform/large_pages.h"

#include <stdint.h>
#include <sys/mman.h>

#include "platform/sys.h"

void ms_large_pages_use(void *memory, size_t size)
{
#ifdef MADV_HUGEPAGE
    if ((uintptr_t)memory % MS_LARGE_PAGE_SIZE == 0 && size >= MS_LARGE_PAGE_SIZE)
        (void)ms_sys_madvise(memory, size - size % MS_LARGE_PAGE_SIZE, MADV_HUGEPAGE);
#else
    (void)memory;
    (void)size;
#endif
}
