/* What the process was given: environment, ids, an event descriptor to wait on. */
#ifndef MS_PLATFORM_PROCESS_H
#define MS_PLATFORM_PROCESS_H

#include "base/error.h"

/** Value of an environment variable or NULL; valid while nobody changes the environment. */
const char *ms_environment_get(const char *name);
uint32_t ms_process_id(void);
uint32_t ms_process_user(void);
/** Descriptors that this process may have open at a time. */
unsigned ms_process_descriptor_max(void);
/** Absolute path of the working folder, NUL terminated. MS_IO, also when it needs more than size bytes
 *  or the folder is gone. */
MS_MUST_CHECK ms_status ms_process_working_folder(char *path, size_t size, ms_error *err);

/** A descriptor that becomes readable once ms_event_set was called. */
MS_MUST_CHECK ms_status ms_event_open(int *fd, ms_error *err);
void ms_event_set(int fd);
/** Wait until readable; false when timeout_ms (negative = for ever) passed. */
bool ms_event_wait(int fd, int64_t timeout_ms);
void ms_event_close(int fd);

#endif
