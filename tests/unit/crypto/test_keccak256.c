/* Keccak-256 against published values and against what ethers computes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>
#include "base/checked.h"
#include "codec/text.h"
#include "crypto/keccak256.h"

static void test_published_messages_have_their_published_digests(void **state)
{
    /* The empty message: Ethereum yellow paper, section 4; the sentence: the Keccak team's examples. */
    static const struct {
        const char *message, *digest;
    } rows[] = {
        {"", "c5d2460186f7233c927e7db2dcc703c0e500b653ca82273b7bfad8045d85a470"},
        {"abc", "4e03657aea45a94fc7d47ba826c8d667c0d1e6e33a64a036ec44f58fa12d6c45"},
        {"The quick brown fox jumps over the lazy dog",
                "4d741b6f1eb29cb2a9b9911c82f56fa8d73b04959d3d9d222895df6c0b28aa15"},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        uint8_t digest[32], expected[32];
        assert_int_equal(ms_hex_decode(expected, 32, rows[i].digest, 64, NULL), MS_OK);
        ms_keccak256(digest, rows[i].message, strlen(rows[i].message));
        assert_memory_equal(digest, expected, 32);
    }
}

/* The digests of the first n bytes of 0, 1, 2, ... were made with ethers.keccak256 of ethers 6. */
static void test_sizes_around_the_rate(void **state)
{
    static const struct {
        size_t size;
        const char *digest;
    } rows[] = {
        {1, "bc36789e7a1e281436464229828f817d6612f7b477d66591ff96a9e064bcc98a"},
        {8, "59e7c99f6be4fd053d7c99f54e371304a33213473dc41f1825b7f3ceb33841a6"},
        {31, "3e50547cf72e8583ee91462f9d99fe624f53282f78e1a5ec2347b1d0123d0d9b"},
        {32, "8ae1aa597fa146ebd3aa2ceddf360668dea5e526567e92b0321816a4e895bd2d"},
        {64, "002030bde3d4cf89919649775cd71875c4d0ab1708a380e03fefc3a28aa24831"},
        {134, "861e165162f806cd361c4421a48f205820ddf4deb02db9f041f48e179ddada97"},
        {135, "cbdfd9dee5faad3818d6b06f95a219fd290b0e1706f6a82e5a595b9ce9faca62"},
        {136, "7ce759f1ab7f9ce437719970c26b0a66ff11fe3e38e17df89cf5d29c7d7f807e"},
        {137, "ac73d4fae68b8453f764007c1a20ce95994187861f0c3227a3a8e99a73a3b1db"},
        {271, "7c974895b2a88303ff2dc6b58f438ceb0b298cac91099ac0539cc0f477506191"},
        {272, "fdf2ec49e749960d3c8521a0219af8d03e30e2b3bf19bd16150ee0eaf133d66e"},
        {273, "4f707289a9c3ccd0c4a51f2f17339f5dd171d371c04ff7783b735b5b22682eaf"},
        {512, "f55ba327291604f0e5be6651752398b7be2331aad65f5763ce067df95cc13be1"},
    };
    uint8_t data[512];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)i;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        uint8_t digest[32], expected[32];
        assert_int_equal(ms_hex_decode(expected, 32, rows[i].digest, 64, NULL), MS_OK);
        ms_keccak256(digest, data, rows[i].size);
        assert_memory_equal(digest, expected, 32);
    }
}

static void test_a_stream_is_the_same_however_it_is_cut(void **state)
{
    uint8_t data[300], digest[32], expected[32];

    (void)state;
    for (size_t i = 0; i < sizeof(data); i++)
        data[i] = (uint8_t)(i * 31);
    ms_keccak256(expected, data, sizeof(data));
    for (size_t piece = 1; piece <= sizeof(data); piece++) {
        ms_keccak256_stream stream;
        ms_keccak256_init(&stream);
        for (size_t i = 0; i < sizeof(data); i += piece) {
            ms_keccak256_update(&stream, NULL, 0);
            ms_keccak256_update(&stream, data + i, MS_MIN(piece, sizeof(data) - i));
        }
        ms_keccak256_final(&stream, digest);
        assert_memory_equal(digest, expected, 32);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_published_messages_have_their_published_digests),
        cmocka_unit_test(test_sizes_around_the_rate),
        cmocka_unit_test(test_a_stream_is_the_same_however_it_is_cut),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
