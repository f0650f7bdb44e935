/* Textual CIDs: every base that is read, the one that is written, and what is no CID. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <stdio.h>

#include "base/checked.h"
#include "cid/cid.h"
#include "codec/text.h"

#define RAW_BASE32 "bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq"
#define RAW_BASE16 "f015512202cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824"
#define V0_BASE58 "QmdgGr3sX9CpRfjgSSGFWFbCCg2X6ERxmugcxucY4TYyJK"
#define V0_DIGITS "dgGr3sX9CpRfjgSSGFWFbCCg2X6ERxmugcxucY4TYyJK"

static const struct accepted {
    const char *text;
    const char *written;
} accepted[] = {
        {RAW_BASE32, RAW_BASE32},
        {"BAFKREIBM6JG3UX5QUMHCN2B3FLC3TYU6DMLB4XA7U5BF44YEGNRJHC4YEQ", RAW_BASE32},
        {"zb2rhZfjRh2FHHB2RkHVEvL2vJnCTcu7kwRqgVsf9gpkLgteo", RAW_BASE32},
        {RAW_BASE16, RAW_BASE32},
        {V0_BASE58, V0_BASE58},
        {"bafybeihd4yzq7n5umhjngdum4r6k2to7egxfkf2jz6thvwzf6djus22cmq",
                "bafybeihd4yzq7n5umhjngdum4r6k2to7egxfkf2jz6thvwzf6djus22cmq"},
        {"bafyreihcych6bnu37vvi5qprbflkt3qozyika2qu74osk4ufmhzcaouibm",
                "bafyreihcych6bnu37vvi5qprbflkt3qozyika2qu74osk4ufmhzcaouibm"},
};

#define ROW(text, reason)                                                                          \
    {                                                                                              \
        text, sizeof(text) - 1, reason                                                             \
    }
static const struct refused {
    const char *text;
    size_t size;
    const char *reason;
} refused[] = {
        ROW("", "cid_empty"),
        /* CIDv0 */
        ROW("Q", "cid_v0_length"),
        ROW("Qm", "cid_v0_length"),
        ROW("QmdgGr3sX9CpRfjgSSGFWFbCCg2X6ERxmugcxucY4TYyJ", "cid_v0_length"),
        ROW(V0_BASE58 "K", "cid_v0_length"),
        ROW("Qn" V0_DIGITS, "cid_v0_length"),
        ROW("Qm0gGr3sX9CpRfjgSSGFWFbCCg2X6ERxmugcxucY4TYyJK", "base58_digit"),
        ROW("QmOgGr3sX9CpRfjgSSGFWFbCCg2X6ERxmugcxucY4TYyJK", "base58_digit"),
        ROW("QmIgGr3sX9CpRfjgSSGFWFbCCg2X6ERxmugcxucY4TYyJK", "base58_digit"),
        ROW("QmlgGr3sX9CpRfjgSSGFWFbCCg2X6ERxmugcxucY4TYyJK", "base58_digit"),
        ROW("z" V0_BASE58, "cid_v0_multibase"),
        ROW("bciqohzrtb633iyos2mhizzd4vvg56inokulutt5gplnsl4gtjfvueza", "cid_v0_multibase"),
        ROW("f12202cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
                "cid_v0_multibase"),
        /* Bases */
        ROW("!" RAW_BASE32, "cid_multibase"),
        ROW("afkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq", "cid_multibase"),
        ROW("mAVUSICzyTbpfsKMOJug7KsW54p4bFh5cH6dCXnMEM2KTi5gk", "cid_multibase"),
        ROW("F01551220", "cid_multibase"),
        ROW("b", "truncated"),
        ROW("B", "truncated"),
        ROW("z", "truncated"),
        ROW("f", "truncated"),
        ROW("bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yer", "base32_leftover"),
        ROW(RAW_BASE32 "=", "base32_digit"),
        ROW("bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeQ", "base32_digit"),
        ROW("BaFKREIBM6JG3UX5QUMHCN2B3FLC3TYU6DMLB4XA7U5BF44YEGNRJHC4YEQ", "base32_digit"),
        ROW("bAFKREIBM6JG3UX5QUMHCN2B3FLC3TYU6DMLB4XA7U5BF44YEGNRJHC4YEQ", "base32_digit"),
        ROW("Bafkreibm6jg3ux5qumhcn2b3flc3tyu6dmlb4xa7u5bf44yegnrjhc4yeq", "base32_digit"),
        ROW("f015512202Cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824",
                "hex_digit"),
        ROW("f0155122", "hex_length"),
        ROW("zb2rhZfjRh2FHHB2RkHVEvL2vJnCTcu7kwRqgVsf9gpkLgte0", "base58_digit"),
        /* Around a CID */
        ROW(" " RAW_BASE32, "cid_character"),
        ROW(RAW_BASE32 " ", "cid_character"),
        ROW(RAW_BASE32 "\n", "cid_character"),
        ROW("\n" RAW_BASE32, "cid_character"),
        ROW(RAW_BASE32 "\0", "cid_character"),
        ROW("\0" RAW_BASE32, "cid_character"),
        ROW("b\xc3\xa9", "cid_character"),
        ROW("b\x7f", "cid_character"),
        ROW("/ipfs/" RAW_BASE32, "cid_path"),
        ROW(RAW_BASE32 "/config.json", "cid_path"),
        ROW(RAW_BASE32 "/", "cid_path"),
        ROW("ipfs://" RAW_BASE32, "cid_path"),
        ROW(V0_BASE58 "/x", "cid_path"),
        /* Inside */
        ROW("bafkqaaa", "cid_hash"),         /* identity of nothing */
        ROW("bafkqablimvwgy3y", "cid_hash"), /* identity of "hello" */
        ROW("f0055", "cid_version"),
        ROW("f0255", "cid_version"),
        ROW("f0155121f", "cid_digest_size"),
        ROW(RAW_BASE16 "00", "trailing_bytes"),
};

static ms_status parse(ms_cid *cid, const char *text, size_t size, ms_error *err)
{
    memset(cid, 0xee, sizeof(*cid));
    return ms_cid_parse(cid, text, size, err);
}

static void test_every_base_leads_to_one_text(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(accepted); i++) {
        char text[MS_CID_TEXT_SIZE];
        ms_cid cid;

        assert_int_equal(parse(&cid, accepted[i].text, strlen(accepted[i].text), NULL), MS_OK);
        ms_cid_format(&cid, text);
        assert_string_equal(text, accepted[i].written);
    }
}

static void test_v0_and_v1_of_one_node_hold_the_same_bytes(void **state)
{
    static const char v1_text[] = "bafybeihd4yzq7n5umhjngdum4r6k2to7egxfkf2jz6thvwzf6djus22cmq";
    ms_cid v0;
    ms_cid v1;

    (void)state;
    assert_int_equal(parse(&v0, V0_BASE58, strlen(V0_BASE58), NULL), MS_OK);
    assert_int_equal(parse(&v1, v1_text, strlen(v1_text), NULL), MS_OK);
    assert_int_equal(v0.codec, MS_CODEC_DAG_PB);
    assert_true(ms_cid_same_bytes(&v0, &v1));
    assert_false(ms_cid_equal(&v0, &v1));
}

static void test_refused_texts_say_why(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(refused); i++) {
        ms_error err = MS_ERROR_INIT;
        ms_cid cid;

        if (parse(&cid, refused[i].text, refused[i].size, &err) != MS_MALFORMED ||
                strcmp(err.reason, refused[i].reason) != 0)
            fail_msg("%s: %s", refused[i].text, err.reason);
        assert_false(ms_cid_is_defined(&cid));
        assert_true(err.offset >= 0);
        assert_int_equal(strlen(err.cid),
                strlen(refused[i].text) < MS_ERROR_CID_SIZE ? strlen(refused[i].text) : 0);
    }
}

static void test_texts_cut_at_every_length_are_refused(void **state)
{
    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(accepted); i++) {
        for (size_t size = 0; size < strlen(accepted[i].text); size++) {
            ms_cid cid;

            assert_int_equal(parse(&cid, accepted[i].text, size, NULL), MS_MALFORMED);
            assert_false(ms_cid_is_defined(&cid));
        }
    }
}

static void test_long_texts_are_refused(void **state)
{
    static const char bases[] = "bBzf";
    char text[MS_CID_TEXT_SIZE_MAX + 1];

    (void)state;
    for (const char *base = bases; *base != '\0'; base++) {
        ms_error err = MS_ERROR_INIT;
        ms_cid cid;

        memset(text, *base == 'B' ? 'A' : *base == 'f' ? '0' : 'a', sizeof(text));
        text[0] = *base;
        assert_int_equal(parse(&cid, text, sizeof(text), &err), MS_LIMIT);
        assert_string_equal(err.reason, "cid_too_long");
        assert_true(parse(&cid, text, sizeof(text) - 1, &err) != MS_OK);
    }
}

static void test_the_longest_cid_fits(void **state)
{
    ms_cid cid = {.version = 1, .codec = UINT32_MAX, .hash = MS_HASH_SHA2_512, .digest_size = 64};
    char text[MS_CID_TEXT_SIZE];
    ms_cid again;

    (void)state;
    memset(cid.digest, 0xff, sizeof(cid.digest));
    ms_cid_format(&cid, text);
    assert_int_equal(parse(&again, text, strlen(text), NULL), MS_OK);
    assert_true(ms_cid_equal(&cid, &again));
}

static void test_the_undefined_cid_is_no_text(void **state)
{
    ms_cid cid = {0};
    char text[MS_CID_TEXT_SIZE] = "something";

    (void)state;
    ms_cid_format(&cid, text);
    assert_string_equal(text, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_every_base_leads_to_one_text),
            cmocka_unit_test(test_v0_and_v1_of_one_node_hold_the_same_bytes),
            cmocka_unit_test(test_refused_texts_say_why),
            cmocka_unit_test(test_texts_cut_at_every_length_are_refused),
            cmocka_unit_test(test_long_texts_are_refused),
            cmocka_unit_test(test_the_longest_cid_fits),
            cmocka_unit_test(test_the_undefined_cid_is_no_text),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
