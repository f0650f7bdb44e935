/* Reading version numbers: one spelling a number, so that texts that name a version can be
 * compared. */
#include "registry/version_number.h"

static ms_status refuse(ms_error *err, size_t offset, const char *why)
{
    (void)ms_fail(err, MS_USAGE, "version_text",
            "A version is a number from 1 to 4294967295, and this one %s", why);
    ms_error_set_offset(err, offset);
    return MS_USAGE;
}

ms_status ms_version_parse(uint32_t *version, const char *text, size_t size, ms_error *err)
{
    uint64_t value = 0;

    *version = 0;
    if (size == 0)
        return refuse(err, 0, "is empty");
    for (size_t i = 0; i < size; i++) {
        if (text[i] < '0' || text[i] > '9')
            return refuse(err, i, "has another character than a digit");
        value = value * 10 + (uint64_t)(text[i] - '0');
        if (value > UINT32_MAX)
            return refuse(err, i, "is too large");
    }
    if (text[0] == '0')
        return refuse(err, 0, size == 1 ? "is 0" : "begins with a 0");
    *version = (uint32_t)value;
    return MS_OK;
}
