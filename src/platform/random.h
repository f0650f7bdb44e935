/* Random bytes of the operating system (getrandom); there is no other source in the library. */
#ifndef MS_PLATFORM_RANDOM_H
#define MS_PLATFORM_RANDOM_H

#include "base/error.h"

MS_MUST_CHECK ms_status ms_random_bytes(void *data, size_t size, ms_error *err);

#endif
