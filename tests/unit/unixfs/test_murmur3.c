/* Hashes of names that Kubo and the JavaScript implementation agree on. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "unixfs/murmur3.h"

static uint64_t hash(const char *name)
{
    return ms_murmur3_x64_64(ms_span_of(name, strlen(name)));
}

static void test_published_hashes_of_names(void **state)
{
    (void)state;
    assert_int_equal(hash("a"), UINT64_C(0x85555565f6597889));
    assert_int_equal(hash("file-0253"), UINT64_C(0x0124778d92536ff7));
    assert_int_equal(hash("470.txt"), UINT64_C(0x006e88df5847e67c));
}

/* Of every length around the block of 16 bytes, from an independent implementation (tests/kubo). */
static void test_every_length_of_tail(void **state)
{
    static const uint64_t expected[] = {
            UINT64_C(0x0000000000000000),
            UINT64_C(0xa46bd16248e551c3),
            UINT64_C(0xe3304859fea69b98),
            UINT64_C(0x1992c2c31158994d),
            UINT64_C(0x41bff0560ab0f92c),
            UINT64_C(0x183680d3a1474632),
            UINT64_C(0x27a4dff7f4cce6a9),
            UINT64_C(0xcf7b85bf8584968d),
            UINT64_C(0x8c77ad3171d401d8),
            UINT64_C(0xefc048af822f9d54),
            UINT64_C(0xed12443dc33f2dc6),
            UINT64_C(0x1b496dd0a682698a),
            UINT64_C(0x1136832c61247ef8),
            UINT64_C(0xe630146d9dc7d022),
            UINT64_C(0x208aae7e1f6f34e7),
            UINT64_C(0x1237ca845d4c1800),
            UINT64_C(0x015deb6369b72afb),
            UINT64_C(0x067f69ffe052646e),
            UINT64_C(0xb52a5242afb4d50b),
            UINT64_C(0x5593143fd05b4de2),
            UINT64_C(0xabd939555a067bf2),
            UINT64_C(0xf53f451fda48c62b),
            UINT64_C(0xd2db9b951d9c3a55),
            UINT64_C(0x6243d84e98142aa4),
            UINT64_C(0x8073d71cf8f630ee),
            UINT64_C(0xcb68d2f26fddbbf9),
            UINT64_C(0xd9e854609b5fd691),
            UINT64_C(0x9dd3449798ce90dd),
            UINT64_C(0x4769b5791d1003b0),
            UINT64_C(0x0621fa9baf2ff8c6),
            UINT64_C(0xe770e91419644dbd),
            UINT64_C(0xb01845ebc1e4df7c),
            UINT64_C(0x5fcf6f12a39e0ca6),
            UINT64_C(0xed93e0c56ea3a764),
            UINT64_C(0xc1d9b06bb950e488),
            UINT64_C(0x36f5982e5443d057),
    };
    char text[40];

    (void)state;
    for (size_t size = 0; size < sizeof expected / sizeof expected[0]; size++) {
        for (size_t i = 0; i < size; i++)
            text[i] = (char)(i * 37 + 200);
        assert_int_equal(ms_murmur3_x64_64(ms_span_of(text, size)), expected[size]);
    }
}

/* Two names made to have one hash, one of 32 bytes, one of 30: both reach the whole-block loop. */
static void test_names_of_equal_hash(void **state)
{
    (void)state;
    assert_int_equal(
            hash("model-00001-of-00002.safetensors"), hash("model-d6ZvmzN2NvVW0VA.Z1jq5NfUcB"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_published_hashes_of_names),
            cmocka_unit_test(test_every_length_of_tail),
            cmocka_unit_test(test_names_of_equal_hash),
    };

    return cmocka_run_group_tests_name("unixfs/murmur3", tests, NULL, NULL);
}
