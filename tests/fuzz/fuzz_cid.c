/* CIDs: one binary spelling each, and every accepted text leads to the one that we write. */
#include <assert.h>
#include <string.h>

#include "cid/cid.h"
#include "memory_limit.h"

static void check_binary(const uint8_t *data, size_t size)
{
    ms_cursor cursor = ms_cursor_of(ms_span_of(data, size));
    uint8_t again[MS_CID_BINARY_SIZE_MAX];
    ms_cid cid;
    ms_cid exact;

    if (ms_cid_read(&cursor, &cid, NULL) != MS_OK) {
        assert(!ms_cid_is_defined(&cid) && cursor.position == 0);
        assert(ms_cid_decode(&exact, ms_span_of(data, size), NULL) != MS_OK);
        return;
    }
    assert(ms_cid_encoded_size(&cid) == cursor.position);
    assert(ms_cid_encode(&cid, again) == cursor.position);
    assert(memcmp(again, data, cursor.position) == 0);
    assert((ms_cid_decode(&exact, ms_span_of(data, size), NULL) == MS_OK) ==
            (cursor.position == size));
    assert(!ms_cid_is_defined(&exact) || ms_cid_equal(&exact, &cid));
}

static void check_text(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    char again[MS_CID_TEXT_SIZE];
    ms_cid cid;
    ms_cid second;

    if (ms_cid_parse(&cid, text, size, NULL) != MS_OK) {
        assert(!ms_cid_is_defined(&cid));
        return;
    }
    ms_cid_format(&cid, again);
    assert(ms_cid_parse(&second, again, strlen(again), NULL) == MS_OK);
    assert(ms_cid_equal(&cid, &second));
    /* In the base that we write there is one spelling. */
    if (text[0] == 'b' || text[0] == 'Q')
        assert(strlen(again) == size && memcmp(again, text, size) == 0);
}

static void check_input(const uint8_t *data, size_t size)
{
    check_binary(data, size);
    check_text(data, size);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    memory_limit_begin(size, 0);
    check_input(data, size);
    memory_limit_end();
    return 0;
}
