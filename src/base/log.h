/* The one log function; lines go to the sink of ms_set_log. Secrets never come here. */
#ifndef MS_BASE_LOG_H
#define MS_BASE_LOG_H

#include "model_storage/hooks.h"
#include "base/error.h"

void ms_log(ms_log_level level, const char *format, ...) MS_PRINTF(2, 3);

#endif
