/* Where descriptors stand in the table of the process. */
#include "platform/descriptor.h"

#include <errno.h>

#include "platform/sys.h"

#define DESCRIPTOR_LOWEST 3

int ms_descriptor_raise(int fd)
{
    int raised;
    int os_errno;

    if (fd < 0 || fd >= DESCRIPTOR_LOWEST)
        return fd;
    raised = ms_sys_fcntl_dupfd(fd, DESCRIPTOR_LOWEST);
    os_errno = errno;
    (void)ms_sys_close(fd);
    errno = os_errno;
    return raised;
}
