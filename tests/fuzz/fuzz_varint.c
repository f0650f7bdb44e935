/* Varints: what is read is written back as the same bytes. */
#include <assert.h>
#include <string.h>

#include "codec/cursor.h"
#include "memory_limit.h"

static void check_input(const uint8_t *data, size_t size)
{
    ms_cursor cursor = ms_cursor_of(ms_span_of(data, size));

    while (ms_cursor_left(&cursor) > 0) {
        ms_error err = MS_ERROR_INIT;
        size_t start = cursor.position;
        uint8_t again[MS_VARINT_SIZE_MAX];
        uint64_t value;

        if (ms_cursor_varint(&cursor, &value, &err) != MS_OK) {
            assert(value == 0 && cursor.position == start && err.offset == (int64_t)start);
            cursor.position++;
            continue;
        }
        assert(value <= INT64_MAX);
        assert(ms_varint_size(value) == cursor.position - start);
        assert(ms_varint_write(again, value) == cursor.position - start);
        assert(memcmp(again, data + start, cursor.position - start) == 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, 0);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
