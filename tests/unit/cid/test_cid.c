/* Binary CIDs: one spelling each, refusals by name, cuts at every length. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "cid/cid.h"
#include "codec/text.h"

/* SHA-256 and SHA-512 of "hello". */
#define SHA256_HEX "2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define SHA512_HEX                                                                                 \
    "9b71d224bd62f3785d96d46ad3ea3d73319bfbc2890caadae2dff72519673ca7"                             \
    "2323c3d99ba5c11d7c7acc6e14b8c5da0c4663475c2e5c3adef46f73bcdec043"
#define ZEROS_20 "0000000000000000000000000000000000000000"

static const struct accepted {
    const char *hex;
    ms_cid cid; /* without its digest */
} accepted[] = {
        {"1220" SHA256_HEX, {.codec = 0x70, .hash = 0x12, .digest_size = 32}},
        {"01551220" SHA256_HEX, {.version = 1, .codec = 0x55, .hash = 0x12, .digest_size = 32}},
        {"01701220" SHA256_HEX, {.version = 1, .codec = 0x70, .hash = 0x12, .digest_size = 32}},
        {"01711220" SHA256_HEX, {.version = 1, .codec = 0x71, .hash = 0x12, .digest_size = 32}},
        {"01551340" SHA512_HEX, {.version = 1, .codec = 0x55, .hash = 0x13, .digest_size = 64}},
        {"01a9021220" SHA256_HEX, {.version = 1, .codec = 0x129, .hash = 0x12, .digest_size = 32}},
        /* Codecs that nobody knows: they parse, walking them is refused elsewhere. */
        {"01001220" SHA256_HEX, {.version = 1, .codec = 0, .hash = 0x12, .digest_size = 32}},
        {"01ffffffff0f1220" SHA256_HEX,
                {.version = 1, .codec = UINT32_MAX, .hash = 0x12, .digest_size = 32}},
};

static const struct refused {
    const char *hex;
    const char *reason;
    int64_t offset;
} refused[] = {
        {"", "truncated", 0}, {"12", "truncated", 1},
        /* Another size than the hash has. */
        {"1220" SHA256_HEX "00", "trailing_bytes", 34}, {"1214" ZEROS_20, "cid_digest_size", 1},
        {"1200", "cid_digest_size", 1}, {"1221" SHA256_HEX "00", "cid_digest_size", 1},
        {"01551214" ZEROS_20, "cid_digest_size", 3}, {"01551200", "cid_digest_size", 3},
        {"01551320" SHA256_HEX, "cid_digest_size", 3},
        {"01551240" SHA512_HEX, "cid_digest_size", 3},
        {"015512ffffffffffffffff7f", "cid_digest_size", 3},
        {"12ffffffffffffffff7f", "cid_digest_size", 1},
        {"01551220" SHA256_HEX "ff", "trailing_bytes", 36},
        /* Versions. */
        {"00", "cid_version", 0}, {"00551220" SHA256_HEX, "cid_version", 0},
        {"02551220" SHA256_HEX, "cid_version", 0}, {"03551220" SHA256_HEX, "cid_version", 0},
        {"808080808020551220" SHA256_HEX, "cid_version", 0}, /* 2^40 */
        {"011220" SHA256_HEX, "cid_hash", 2}, /* CIDv0 behind a version: codec 0x12 */
        /* Hashes that are not on the list. */
        {"01550000", "cid_hash", 2}, {"0155000568656c6c6f", "cid_hash", 2},
        {"0155008101" ZEROS_20, "cid_hash", 2}, /* identity of 129 bytes */
        {"01551114" ZEROS_20, "cid_hash", 2},   /* sha1 */
        {"0155d50110" ZEROS_20, "cid_hash", 2}, /* md5 */
        {"01552208" ZEROS_20, "cid_hash", 2},   /* murmur3 */
        {"01551620" SHA256_HEX, "cid_hash", 2}, /* sha3-256 */
        {"01551e20" SHA256_HEX, "cid_hash", 2}, /* blake3 */
        {"01551b20" SHA256_HEX, "cid_hash", 2}, /* keccak-256 */
        {"0155ffff0320" SHA256_HEX, "cid_hash", 2},
        {"015592800420" SHA256_HEX, "cid_hash", 2}, /* 0x10012: not sha2-256 when cut to 16 bits */
        /* Varints. */
        {"8100551220" SHA256_HEX, "varint_not_minimal", 0},
        {"01d5001220" SHA256_HEX, "varint_not_minimal", 1},
        {"0155920020" SHA256_HEX, "varint_not_minimal", 2},
        {"015512a000" SHA256_HEX, "varint_not_minimal", 3},
        {"12a000" SHA256_HEX, "varint_not_minimal", 1},
        {"01ffffffffffffffffff01", "varint_too_long", 1},
        {"0180808080101220" SHA256_HEX, "cid_codec", 1}, /* 2^32 */
        {"01d5808080101220" SHA256_HEX, "cid_codec", 1}, /* raw when cut to 32 bits */
};

static size_t decode_hex(uint8_t *out, const char *hex)
{
    size_t size = strlen(hex) / 2;

    assert_int_equal(ms_hex_decode(out, size, hex, 2 * size, NULL), MS_OK);
    return size;
}

static void assert_undefined(const ms_cid *cid)
{
    static const ms_cid undefined;

    assert_false(ms_cid_is_defined(cid));
    assert_memory_equal(cid, &undefined, sizeof(undefined));
}

static void test_accepted_cids_are_written_as_they_were(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(accepted); i++) {
        const ms_cid *expected = &accepted[i].cid;
        uint8_t bytes[128];
        uint8_t again[MS_CID_BINARY_SIZE_MAX];
        size_t size = decode_hex(bytes, accepted[i].hex);
        ms_cid cid;

        assert_int_equal(ms_cid_decode(&cid, ms_span_of(bytes, size), NULL), MS_OK);
        assert_int_equal(cid.version, expected->version);
        assert_int_equal(cid.codec, expected->codec);
        assert_int_equal(cid.hash, expected->hash);
        assert_int_equal(cid.digest_size, expected->digest_size);
        assert_memory_equal(cid.digest, bytes + size - cid.digest_size, cid.digest_size);
        assert_int_equal(ms_cid_encoded_size(&cid), size);
        assert_int_equal(ms_cid_encode(&cid, again), size);
        assert_memory_equal(again, bytes, size);
    }
}

static void test_refused_cids_say_why_and_where(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(refused); i++) {
        uint8_t bytes[128];
        size_t size = decode_hex(bytes, refused[i].hex);
        ms_error err = MS_ERROR_INIT;
        ms_cid cid;

        memset(&cid, 0xee, sizeof(cid));
        if (ms_cid_decode(&cid, ms_span_of(bytes, size), &err) != MS_MALFORMED ||
                strcmp(err.reason, refused[i].reason) != 0 || err.offset != refused[i].offset)
            fail_msg("%s: %s at %d", refused[i].hex, err.reason, (int)err.offset);
        assert_undefined(&cid);
    }
}

static void test_refused_hashes_are_named(void **state)
{
    static const struct {
        const char *hex;
        const char *name;
    } hashes[] = {{"01550000", "identity"}, {"01551114", "sha1"}, {"0155d50110", "md5"},
            {"01552208", "murmur3"}, {"0155ffff0320", "unknown (0xffff)"}};

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(hashes); i++) {
        uint8_t bytes[16];
        size_t size = decode_hex(bytes, hashes[i].hex);
        ms_error err = MS_ERROR_INIT;
        ms_cid cid;

        assert_int_equal(ms_cid_decode(&cid, ms_span_of(bytes, size), &err), MS_MALFORMED);
        assert_non_null(strstr(err.message, hashes[i].name));
    }
}

static void test_cids_cut_at_every_length_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(accepted); i++) {
        uint8_t bytes[128];
        size_t whole = decode_hex(bytes, accepted[i].hex);

        for (size_t size = 0; size < whole; size++) {
            ms_cursor cursor = ms_cursor_of(ms_span_of(bytes, size));
            ms_error err = MS_ERROR_INIT;
            ms_cid cid;

            assert_int_equal(ms_cid_read(&cursor, &cid, &err), MS_MALFORMED);
            assert_string_equal(err.reason, "truncated");
            assert_int_equal(cursor.position, 0);
            assert_undefined(&cid);
        }
    }
}

static void test_cids_are_read_out_of_larger_bytes(void **state)
{
    uint8_t bytes[512];
    size_t size = 0;
    ms_cursor cursor;

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(accepted); i++)
        size += decode_hex(bytes + size, accepted[i].hex);
    cursor = ms_cursor_of(ms_span_of(bytes, size));
    for (size_t i = 0; i < MS_ARRAY_COUNT(accepted); i++) {
        size_t start = cursor.position;
        ms_cid cid;

        assert_int_equal(ms_cid_read(&cursor, &cid, NULL), MS_OK);
        assert_int_equal(cursor.position - start, strlen(accepted[i].hex) / 2);
        assert_int_equal(cid.codec, accepted[i].cid.codec);
    }
    assert_int_equal(ms_cursor_left(&cursor), 0);
}

static void test_more_bytes_than_any_cid_has_are_refused(void **state)
{
    uint8_t bytes[MS_CID_BINARY_SIZE_MAX + 1] = {0x01, 0x55};
    ms_error err = MS_ERROR_INIT;
    ms_cid cid;

    (void)state;
    assert_int_equal(ms_cid_decode(&cid, ms_span_of(bytes, sizeof(bytes)), &err), MS_LIMIT);
    assert_string_equal(err.reason, "cid_too_long");
    assert_undefined(&cid);
}

static void test_equality_is_that_of_bytes(void **state)
{
    ms_cid cids[MS_ARRAY_COUNT(accepted)];
    uint8_t digest[MS_SHA2_256_SIZE];
    ms_cid made;

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(accepted); i++) {
        uint8_t bytes[128];
        size_t size = decode_hex(bytes, accepted[i].hex);

        assert_int_equal(ms_cid_decode(&cids[i], ms_span_of(bytes, size), NULL), MS_OK);
        for (size_t j = 0; j <= i; j++) {
            assert_int_equal(ms_cid_equal(&cids[i], &cids[j]), i == j);
            assert_int_equal(ms_cid_same_bytes(&cids[i], &cids[j]), cids[i].hash == cids[j].hash);
        }
    }
    (void)decode_hex(digest, SHA256_HEX);
    made = ms_cid_sha256(MS_CODEC_RAW, digest);
    assert_true(ms_cid_equal(&made, &cids[1]));
    made.digest[31] ^= 1;
    assert_false(ms_cid_equal(&made, &cids[1]));
    assert_false(ms_cid_same_bytes(&made, &cids[1]));
}

static void test_the_undefined_cid_has_no_bytes(void **state)
{
    uint8_t out[MS_CID_BINARY_SIZE_MAX];
    ms_cid cid = {0};

    (void)state;
    assert_int_equal(ms_cid_encode(&cid, out), 0);
    assert_int_equal(ms_cid_encoded_size(&cid), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_accepted_cids_are_written_as_they_were),
            cmocka_unit_test(test_refused_cids_say_why_and_where),
            cmocka_unit_test(test_refused_hashes_are_named),
            cmocka_unit_test(test_cids_cut_at_every_length_are_refused),
            cmocka_unit_test(test_cids_are_read_out_of_larger_bytes),
            cmocka_unit_test(test_more_bytes_than_any_cid_has_are_refused),
            cmocka_unit_test(test_equality_is_that_of_bytes),
            cmocka_unit_test(test_the_undefined_cid_has_no_bytes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
