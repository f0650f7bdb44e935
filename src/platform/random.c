/* Random bytes of the operating system; there is no other source in the library. */
#include "platform/random.h"

#include <errno.h>

#include "platform/sys.h"

ms_status ms_random_bytes(void *data, size_t size, ms_error *err)
{
    uint8_t *bytes = data;
    size_t done = 0;

    while (done < size) {
        ssize_t count = ms_sys_getrandom(bytes + done, size - done);
        if (count > 0)
            done += (size_t)count;
        else
            return ms_fail_errno(err, count == 0 ? EIO : errno, "random_failed",
                    "The system gives no random bytes");
    }
    return MS_OK;
}
