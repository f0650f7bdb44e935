/* UnixFS messages: every form that is refused, with its reason, and the forms we write. */
#include <stdarg.h>
#include <setjmp.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "codec/text.h"
#include "unixfs/unixfs_node.h"

static ms_span message_of(const char *hex, uint8_t *out, size_t out_max)
{
    size_t size = strlen(hex) / 2;

    assert_true(size <= out_max);
    assert_int_equal(ms_hex_decode(out, size, hex, size * 2, NULL), MS_OK);
    return ms_span_of(out, size);
}

static void test_every_bad_message_is_refused_with_its_reason(void **state)
{
    static const struct {
        const char *hex;
        uint32_t links;
        const char *reason;
    } rows[] = {
            {"", 0, "unixfs_type"},     /* the Data of an empty block */
            {"1800", 0, "unixfs_type"}, /* no type */
            {"0803", 0, "unixfs_type"}, /* metadata */
            {"0806", 0, "unixfs_type"},
            {"088080808008", 0, "unixfs_type"}, /* 2^31 */
            {"0802"
             "1804"
             "2004",
                    0, "unixfs_block_count"},
            {"0802"
             "1804"
             "2004",
                    2, "unixfs_block_count"},
            {"0802"
             "1800",
                    1, "unixfs_block_count"},
            {"0802"
             "1805"
             "2004",
                    1, "unixfs_size"},
            {"0802"
             "1803"
             "2004",
                    1, "unixfs_size"},
            {"0802"
             "2004",
                    1, "unixfs_size"}, /* filesize absent is 0 */
            {"0802"
             "120161"
             "1800",
                    0, "unixfs_size"},
            {"0802"
             "120161"
             "1805"
             "2005",
                    1, "unixfs_size"},
            {"0800"
             "120161"
             "1802",
                    0, "unixfs_size"},
            {"0802"
             "18ffffffffffffffffff01",
                    0, "varint_too_long"}, /* 2^64-1 */
            {"0802"
             "1800"
             "20ffffffffffffffff7f"
             "20ffffffffffffffff7f"
             "2002",
                    3, "unixfs_size"}, /* wraps to 0 */
            {"0804"
             "120161",
                    1, "unixfs_symlink"},
            {"0801"
             "2001",
                    1, "unixfs_block_count"},
            {"0805"
             "1201ff"
             "2822"
             "308002",
                    0, NULL},
            {"0805"
             "1201ff"
             "308002",
                    0, "unixfs_hash"},
            {"0805"
             "1201ff"
             "2812"
             "308002",
                    0, "unixfs_hash"},
            {"0805"
             "1201ff"
             "2822",
                    0, "unixfs_fanout"}, /* fanout 0 */
            {"0805"
             "1201ff"
             "2822"
             "3000",
                    0, "unixfs_fanout"},
            {"0805"
             "1201ff"
             "2822"
             "3003",
                    0, "unixfs_fanout"},
            {"0805"
             "1201ff"
             "2822"
             "3004",
                    0, "unixfs_fanout"},
            {"0805"
             "1201ff"
             "2822"
             "3007",
                    0, "unixfs_fanout"},
            {"0805"
             "1201ff"
             "2822"
             "308010",
                    0, "unixfs_fanout"}, /* 2048 */
            {"0805"
             "1201ff"
             "2822"
             "308080808010",
                    0, "unixfs_fanout"}, /* 2^32 */
            {"0805"
             "1202ffff"
             "2822"
             "3008",
                    0, "unixfs_bitfield"},
            {"0805"
             "2822"
             "308002",
                    0, "unixfs_bitfield"},
            {"0801"
             "2822",
                    0, "unixfs_fanout"},
            {"0802"
             "1800"
             "308002",
                    0, "unixfs_fanout"},
            {"1800"
             "0802",
                    0, "unixfs_order"},
            {"0802"
             "0802"
             "1800",
                    0, "unixfs_order"},
            {"0802"
             "1800"
             "1800",
                    0, "unixfs_order"},
            {"0802"
             "1804"
             "220104",
                    1, "unixfs_field"}, /* packed block sizes */
            {"0802"
             "1801"
             "2001"
             "1800",
                    1, "unixfs_order"},
            {"0802"
             "4800",
                    0, "unixfs_field"},
            {"0802"
             "1000",
                    0, "unixfs_field"},    /* Data as a number */
            {"880002", 0, "unixfs_field"}, /* tag in two bytes */
            {"08", 0, "truncated"},
            {"0802"
             "18",
                    0, "truncated"},
            {"0802"
             "1205",
                    0, "truncated"},
            {"0802"
             "12ffffffffffffffff7f",
                    0, "truncated"},
            {"088200", 0, "varint_not_minimal"},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error err = MS_ERROR_INIT;
        uint8_t bytes[128];
        ms_unixfs_node node;
        ms_status status = ms_unixfs_node_decode(
                &node, message_of(rows[i].hex, bytes, sizeof bytes), rows[i].links, &err);

        if (rows[i].reason == NULL) {
            assert_int_equal(status, MS_OK);
            continue;
        }
        if (status != MS_MALFORMED || strcmp(err.reason, rows[i].reason) != 0)
            fail_msg("%s: %d %s instead of %s", rows[i].hex, status, err.reason, rows[i].reason);
        assert_int_equal(node.block_size_count, 0);
    }
}

static void test_forms_that_others_write_are_accepted(void **state)
{
    static const struct {
        const char *hex;
        uint32_t links;
        ms_unixfs_type type;
        uint64_t file_size;
    } rows[] = {
            {"0801", 0, MS_UNIXFS_DIRECTORY, 0},
            {"0801", 3, MS_UNIXFS_DIRECTORY, 0},
            {"0801"
             "1805",
                    0, MS_UNIXFS_DIRECTORY, 0},
            {"0802", 0, MS_UNIXFS_FILE, 0},
            {"0802"
             "1800",
                    0, MS_UNIXFS_FILE, 0},
            {"0802"
             "120568656c6c6f"
             "1805",
                    0, MS_UNIXFS_FILE, 5},
            {"0800"
             "120568656c6c6f"
             "1805",
                    0, MS_UNIXFS_RAW, 5},
            {"0802"
             "120161"
             "1806"
             "2003"
             "2002",
                    2, MS_UNIXFS_FILE, 6},
            {"0804"
             "120161",
                    0, MS_UNIXFS_SYMLINK, 0},
            /* Modes and times mean nothing here: setuid, a time with too many nanoseconds. */
            {"0802"
             "1800"
             "38ff13"
             "4205"
             "0801"
             "15ffff",
                    0, MS_UNIXFS_FILE, 0},
            {"0801"
             "38ed03",
                    0, MS_UNIXFS_DIRECTORY, 0},
            {"0801"
             "420b"
             "08ffffffffffffffffff01",
                    0, MS_UNIXFS_DIRECTORY, 0},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(rows); i++) {
        ms_error err = MS_ERROR_INIT;
        uint8_t bytes[128];
        ms_unixfs_node node;

        if (ms_unixfs_node_decode(&node, message_of(rows[i].hex, bytes, sizeof bytes),
                    rows[i].links, &err) != MS_OK)
            fail_msg("%s: %s", rows[i].hex, err.message);
        assert_int_equal(node.type, rows[i].type);
        assert_int_equal(node.file_size, rows[i].file_size);
    }
}

static void test_a_file_is_written_and_read(void **state)
{
    ms_unixfs_sizes sizes;
    ms_unixfs_node node;
    uint64_t size = 0;
    ms_buffer out;

    (void)state;
    ms_buffer_init(&out, 64);
    assert_int_equal(ms_unixfs_write_file(&out, 1048577, NULL), MS_OK);
    assert_int_equal(ms_unixfs_write_block_size(&out, 1048576, NULL), MS_OK);
    assert_int_equal(ms_unixfs_write_block_size(&out, 1, NULL), MS_OK);
    assert_int_equal(out.size, 12);
    assert_memory_equal(out.data, "\x08\x02\x18\x81\x80\x40\x20\x80\x80\x40\x20\x01", 12);
    assert_int_equal(ms_unixfs_node_decode(&node, ms_buffer_span(&out), 2, NULL), MS_OK);
    assert_int_equal(node.file_size, 1048577);
    sizes = ms_unixfs_sizes_of(&node);
    assert_true(ms_unixfs_sizes_next(&sizes, &size));
    assert_int_equal(size, 1048576);
    assert_true(ms_unixfs_sizes_next(&sizes, &size));
    assert_int_equal(size, 1);
    assert_false(ms_unixfs_sizes_next(&sizes, &size));
    ms_buffer_release(&out);
}

static void test_a_shard_says_which_buckets_it_uses(void **state)
{
    bool used[MS_UNIXFS_FANOUT] = {false};
    ms_unixfs_node node;
    ms_buffer out;

    (void)state;
    used[0] = used[7] = used[0x86] = true;
    ms_buffer_init(&out, 64);
    assert_int_equal(ms_unixfs_write_shard(&out, used, NULL), MS_OK);
    assert_int_equal(ms_unixfs_node_decode(&node, ms_buffer_span(&out), 3, NULL), MS_OK);
    assert_int_equal(node.data.size, 17);
    assert_int_equal(node.fanout, 256);
    for (uint32_t bucket = 0; bucket < MS_UNIXFS_FANOUT; bucket++)
        assert_int_equal(ms_unixfs_bit(&node, bucket), used[bucket]);
    ms_buffer_release(&out);
}

static void test_a_message_cut_anywhere_is_refused_or_shorter(void **state)
{
    uint8_t whole[64];
    ms_span message = message_of("0802"
                                 "120161"
                                 "188780c001"
                                 "2003"
                                 "208380c001"
                                 "38ed03"
                                 "42020801",
            whole, sizeof whole);

    (void)state;
    for (size_t cut = 0; cut < message.size; cut++) {
        uint8_t *bytes = malloc(cut > 0 ? cut : 1);
        ms_unixfs_node node;
        ms_status status;

        assert_non_null(bytes);
        memcpy(bytes, whole, cut);
        status = ms_unixfs_node_decode(&node, ms_span_of(bytes, cut), 2, NULL);
        /* Only where a whole optional field is missing at the end. */
        assert_int_equal(status == MS_OK, cut == 17 || cut == 20);
        free(bytes);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_every_bad_message_is_refused_with_its_reason),
            cmocka_unit_test(test_forms_that_others_write_are_accepted),
            cmocka_unit_test(test_a_file_is_written_and_read),
            cmocka_unit_test(test_a_shard_says_which_buckets_it_uses),
            cmocka_unit_test(test_a_message_cut_anywhere_is_refused_or_shorter),
    };

    return cmocka_run_group_tests_name("unixfs/unixfs_node", tests, NULL, NULL);
}
