/* Version numbers as text: decimal, without sign and leading zeros, 1 to 4294967295. */
#ifndef MS_REGISTRY_VERSION_NUMBER_H
#define MS_REGISTRY_VERSION_NUMBER_H

#include "base/error.h"

/** MS_USAGE "version_text" with the offset in text of the first byte that is wrong; *version is 0 then. */
MS_MUST_CHECK ms_status ms_version_parse(uint32_t *version, const char *text, size_t size, ms_error *err);

#endif
