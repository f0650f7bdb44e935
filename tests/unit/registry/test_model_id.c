/* Every rule of a MODEL_ID, and the place that the refusal names. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <string.h>

#include "base/checked.h"
#include "registry/registry.h"

#define ADDRESS "0x7E5F4552091A69125d5DfCb7b8C2659029395Bdf"
#define CID_V1 "bafybeigdyrzt5sfp7udm7hu76uh7y26nf3efuylqabf3oclgtqy55fbzdi"
#define CID_V0 "QmdfTbBqBPQ7VNxZEYEj14VmRuZBkqFbiwReogJgS1zR1n"

static void test_good_ids_pass(void **state)
{
    static const char *const ids[] = {"a", "my-model", "org/model", "a/b/c", "...", "a..b",
            ".hidden", "-", "_", "0x12/model", "0x", "model/" ADDRESS, ADDRESS "0/m", "v1.0_rc-2/x",
            "bafy-model", "Qm", "ipfs", "ipfs/x", "UPPER", "x/...", "b", "f01"};

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(ids); i++) {
        ms_error error = MS_ERROR_INIT;

        if (ms_model_id_check(ids[i], strlen(ids[i]), &error) != MS_OK)
            fail_msg("%s: %s", ids[i], error.message);
    }
}

typedef struct refusal {
    const char *id;
    const char *reason;
    int64_t offset;
    const char *says;
} refusal;

static void test_bad_ids_are_refused_by_rule_and_place(void **state)
{
    static const refusal refusals[] = {
            {"", "model_id_empty", -1, "empty"},
            {"a b", "model_id_character", 1, "the byte 0x20 (position 2)"},
            {"a:b", "model_id_character", 1, "':' (position 2)"},
            {"a@1", "model_id_character", 1, "'@'"},
            {"a\\b", "model_id_character", 1, "'\\'"},
            {"a\nb", "model_id_character", 1, "0x0a"},
            {"m\xc3\xbc", "model_id_character", 1, "0xc3"},
            {"abc\x7f", "model_id_character", 3, "0x7f"},
            {"/a", "model_id_slash", 0, "at its start"},
            {"/", "model_id_slash", 0, "at its start"},
            {"a/", "model_id_slash", 1, "at its end"},
            {"a//b", "model_id_part", 2, "empty part"},
            {".", "model_id_part", 0, "'.'"},
            {"..", "model_id_part", 0, "'..'"},
            {"a/./b", "model_id_part", 2, "'.'"},
            {"a/..", "model_id_part", 2, "'..'"},
            {"../a", "model_id_part", 0, "'..'"},
            {ADDRESS, "model_id_address", 0, "address"},
            {ADDRESS "/m", "model_id_address", 0, "address"},
            {"0X7e5f4552091a69125d5dfcb7b8c2659029395bdf/m", "model_id_address", 0, "address"},
            {CID_V1, "model_id_cid", -1, "CID"},
            {CID_V0, "model_id_cid", -1, "CID"},
            {"ipfs://" CID_V1, "model_id_cid", -1, "IPFS"},
            {"ipfs://", "model_id_cid", -1, "IPFS"},
    };

    (void)state;
    for (size_t i = 0; i < MS_ARRAY_COUNT(refusals); i++) {
        ms_error error = MS_ERROR_INIT;
        const refusal *r = &refusals[i];

        if (ms_model_id_check(r->id, strlen(r->id), &error) != MS_USAGE)
            fail_msg("%s passes", r->id);
        assert_string_equal(error.reason, r->reason);
        assert_int_equal(error.offset, r->offset);
        if (strstr(error.message, r->says) == NULL)
            fail_msg("%s: %s", r->id, error.message);
    }
}

static void test_an_id_has_at_most_128_bytes(void **state)
{
    char id[MS_MODEL_ID_SIZE_MAX + 1];
    ms_error error = MS_ERROR_INIT;

    (void)state;
    memset(id, 'x', sizeof(id));
    assert_int_equal(ms_model_id_check(id, MS_MODEL_ID_SIZE_MAX, &error), MS_OK);
    assert_int_equal(ms_model_id_check(id, MS_MODEL_ID_SIZE_MAX + 1, &error), MS_USAGE);
    assert_string_equal(error.reason, "model_id_long");
    assert_int_equal(ms_model_id_check(NULL, 0, &error), MS_USAGE);
    assert_string_equal(error.reason, "model_id_empty");
}

/* All 256 bytes, first, in the middle and last: what passes is in the alphabet. */
static void test_only_the_alphabet_passes(void **state)
{
    static const char alphabet[] =
            "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-/";

    (void)state;
    for (unsigned byte = 0; byte < 256; byte++) {
        char id[3] = {'m', (char)byte, 'm'};
        bool expected = byte != 0 && strchr(alphabet, (int)byte) != NULL;

        assert_int_equal(ms_model_id_check(id, sizeof(id), NULL) == MS_OK, expected);
        id[0] = (char)byte;
        if (!expected)
            assert_int_equal(ms_model_id_check(id, sizeof(id), NULL), MS_USAGE);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
            cmocka_unit_test(test_good_ids_pass),
            cmocka_unit_test(test_bad_ids_are_refused_by_rule_and_place),
            cmocka_unit_test(test_an_id_has_at_most_128_bytes),
            cmocka_unit_test(test_only_the_alphabet_passes),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
