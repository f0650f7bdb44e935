/* dag-cbor: whatever is accepted is the one encoding of its value, so writing it again gives the
 * same bytes; and reading item by item accepts exactly what skipping accepts. */
#include <assert.h>
#include <string.h>

#include "doubles/cbor_copy.h"
#include "memory_limit.h"

static void check_input(const uint8_t *data, size_t size)
{
    ms_cursor skipping = ms_cursor_of(ms_span_of(data, size));
    ms_cursor reading = skipping;
    ms_error err = MS_ERROR_INIT;
    ms_status skipped = ms_cbor_skip(&skipping, &err);
    ms_buffer out;

    ms_buffer_init(&out, size);
    assert(cbor_copy(&reading, &out, 0) == skipped);
    if (skipped == MS_OK) {
        assert(reading.position == skipping.position && out.size == skipping.position);
        assert(out.size > 0 && memcmp(out.data, data, out.size) == 0);
    } else {
        assert(skipping.position == 0);
        assert(err.reason[0] != '\0' && err.offset >= 0 && (size_t)err.offset <= size);
    }
    ms_buffer_release(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, 0);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
