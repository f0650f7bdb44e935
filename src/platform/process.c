/* What the process was given: environment, ids, an event descriptor to wait on. */
#include "platform/process.h"

#include <errno.h>
#include <limits.h>

#include "platform/clock.h"
#include "platform/descriptor.h"
#include "platform/sys.h"

const char *ms_environment_get(const char *name)
{
    return ms_sys_getenv(name);
}

uint32_t ms_process_id(void)
{
    return (uint32_t)ms_sys_getpid();
}

uint32_t ms_process_user(void)
{
    return (uint32_t)ms_sys_geteuid();
}

unsigned ms_process_descriptor_max(void)
{
    const long count = ms_sys_descriptor_max();
    return count < 0 || count > INT_MAX ? (unsigned)INT_MAX : (unsigned)count;
}

ms_status ms_process_working_folder(char *path, size_t size, ms_error *err)
{
    if (ms_sys_getcwd(path, size) == NULL)
        return ms_fail_errno(err, errno, "working_folder", "Cannot tell the working folder");
    return MS_OK;
}

ms_status ms_event_open(int *fd, ms_error *err)
{
    *fd = ms_descriptor_raise(ms_sys_event_open());
    if (*fd < 0)
        return ms_fail_errno(err, errno, "event_failed", "Cannot make an event to wait on");
    return MS_OK;
}

void ms_event_set(int fd)
{
    int os_errno = errno; /* the caller may be in the middle of reporting a failure */
    /* EAGAIN means that the event was set so often that no more fits: it is set. */
    (void)ms_sys_event_set(fd);
    errno = os_errno;
}

bool ms_event_wait(int fd, int64_t timeout_ms)
{
    uint64_t start_ms = ms_clock_monotonic_ms();

    for (;;) {
        uint64_t passed_ms = ms_clock_monotonic_ms() - start_ms;
        int step_ms = -1;
        int ready;
        if (timeout_ms >= 0) {
            uint64_t limit_ms = (uint64_t)timeout_ms;
            uint64_t left_ms = passed_ms < limit_ms ? limit_ms - passed_ms : 0;
            step_ms = left_ms < INT_MAX ? (int)left_ms : INT_MAX;
        }
        ready = ms_sys_poll(fd, false, step_ms);
        if (ready > 0)
            return true;
        if (ready < 0 && errno != EINTR)
            return false;
        if (ready == 0 && step_ms != INT_MAX)
            return false;
    }
}

void ms_event_close(int fd)
{
    if (fd >= 0)
        (void)ms_sys_close(fd);
}
