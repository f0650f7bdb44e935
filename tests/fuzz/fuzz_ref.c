/* REF: what is read is written in one spelling, which reads as the same name. */
#include <stdlib.h>
#include <string.h>
#include "base/alloc.h"
#include "memory_limit.h"
#include "names/ref.h"

static void check_input(const uint8_t *data, size_t size)
{
    ms_ref ref, again;
    char written[MS_REF_SIZE_MAX];
    char *text = ms_strndup((const char *)data, size);

    if (text == NULL)
        return;
    if (ms_ref_parse(&ref, text, NULL) == MS_OK) {
        ms_ref_format(&ref, written);
        if (ms_ref_parse(&again, written, NULL) != MS_OK || memcmp(&ref, &again, sizeof(ref)) != 0)
            abort();
    }
    ms_free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, 0);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
