/* Large pages for memory that data streams through: fewer page faults, and direct I/O pins one page where it pinned 512. */
#ifndef MS_PLATFORM_LARGE_PAGES_H
#define MS_PLATFORM_LARGE_PAGES_H

#include <stddef.h>

/** Memory aligned to this can be made of large pages. */
#define MS_LARGE_PAGE_SIZE ((size_t)2 << 20)

/** Ask for them, before the memory is used for the first time. A hint: nothing changes where the system has none. */
void ms_large_pages_use(void *memory, size_t size);

#endif
